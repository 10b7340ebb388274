use super::*;
use crate::word::{Action, AlertSeverity};
use proptest::prelude::*;
use serde_json::json;

fn scope() -> Value {
    json!({
        "summary": "Disk full on db-1",
        "severity": "critical",
        "count": 7,
        "ratio": 0.25,
        "empty": "",
        "nothing": null,
        "labels": {"team": "db", "region": "eu", "odd-name": 1},
        "tags": ["prod", "db", "eu"],
        "alerts": [{"name": "a", "value": 3}, {"name": "b"}, {"name": "c", "value": 9}],
    })
}

fn evaluate(source: &str) -> Result<Value, String> {
    let expression = Expression::compile(source).map_err(|error| error.to_string())?;
    expression
        .evaluate(&scope(), &mut Budget::default())
        .map_err(|error| error.to_string())
}

const CASES: [(&str, &str); 66] = [
    ("1 + 2 * 3", "7"),
    ("(1 + 2) * 3", "9"),
    ("7 / 2", "3"),
    ("-7 / 2", "-3"),
    ("-7 % 3", "-1"),
    ("7.0 / 2.0", "3.5"),
    ("2 - 3 - 4", "-5"),
    ("0x1F", "31"),
    ("1e3", "1000.0"),
    ("1 == 1.0", "true"),
    ("1 < 1.5", "true"),
    ("'a' + \"b\"", "\"ab\""),
    ("'a' < 'b'", "true"),
    ("1 == '1'", "false"),
    ("null == nothing", "true"),
    ("nothing == 0", "false"),
    ("true || 1 / 0 == 1", "true"),
    ("1 / 0 == 1 || true", "true"),
    ("false && 1 / 0 == 1", "false"),
    ("1 / 0 == 1 && false", "false"),
    ("!true", "false"),
    ("!!true", "true"),
    ("- -3", "3"),
    ("severity == 'critical' ? 'page' : 'mail'", "\"page\""),
    ("false ? 1 : true ? 2 : 3", "2"),
    ("severity in ['critical', 'error']", "true"),
    ("'db' in tags", "true"),
    ("'team' in labels", "true"),
    ("'x' in labels", "false"),
    ("labels.team", "\"db\""),
    ("labels['odd-name']", "1"),
    ("tags[0]", "\"prod\""),
    ("tags[2] == 'eu'", "true"),
    ("has(labels.team)", "true"),
    ("has(labels.nobody)", "false"),
    ("has(labels.nobody) && labels.nobody == 'x'", "false"),
    ("size(tags)", "3"),
    ("tags.size()", "3"),
    ("size('größe')", "5"),
    ("size(labels)", "3"),
    ("summary.contains('full')", "true"),
    ("summary.startsWith('Disk')", "true"),
    ("summary.endsWith('db-2')", "false"),
    ("summary.matches('db-[0-9]+$')", "true"),
    ("matches(summary, r'^Disk\\s')", "true"),
    ("summary.matches('^full')", "false"),
    ("summary.lowerAscii()", "\"disk full on db-1\""),
    ("' x '.trim()", "\"x\""),
    ("summary.replace('db-1', 'db')", "\"Disk full on db\""),
    ("summary.split(' ')[3]", "\"db-1\""),
    ("tags.join('/')", "\"prod/db/eu\""),
    ("tags.exists(t, t == 'db')", "true"),
    ("tags.all(t, size(t) <= 4)", "true"),
    ("tags.exists_one(t, t.startsWith('d'))", "true"),
    ("tags.filter(t, t != 'db')", "[\"prod\",\"eu\"]"),
    ("alerts.map(a, a.name)", "[\"a\",\"b\",\"c\"]"),
    ("alerts.map(a, has(a.value), a.value * 2)", "[6,18]"),
    ("alerts.exists(a, a.value > 5)", "true"),
    ("labels.all(k, k != '')", "true"),
    ("alerts.map(a, tags.filter(t, t == a.name))", "[[],[],[]]"),
    ("[1, 2] + [3]", "[1,2,3]"),
    ("[1, 2,] == [1.0, 2.0]", "true"),
    ("{'a': 1}.a + {'b': 2}['b']", "3"),
    ("string(count) + string(true)", "\"7true\""),
    ("int('5') + int(2.9)", "7"),
    ("double(count) / 2.0", "3.5"),
];

#[test]
fn the_language() {
    for (source, expected) in CASES {
        if expected.is_empty() {
            assert!(evaluate(source).is_err(), "{source}");
            continue;
        }
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(evaluate(source), Ok(expected), "{source}");
    }
}

#[test]
fn what_cannot_be_read_says_where() {
    for (source, message) in [
        ("", "the expression is empty, at character 1"),
        (
            "severity = 'x'",
            "`=` has no meaning here: equality is `==`, at character 10",
        ),
        (
            "a & b",
            "`&` has no meaning here: write it twice, at character 3",
        ),
        ("a b", "the expression should end here, at character 3"),
        ("(a", "`)` is missing, at character 3"),
        ("'abc", "this text has no end, at character 1"),
        ("a.", "a name must follow the dot, at character 3"),
        ("now()", "there is no function `now`, at character 5"),
        ("a.first()", "there is no method `first`, at character 9"),
        (
            "has(a)",
            "has(…) asks for a field: has(details.region), at character 7",
        ),
        (
            "a.matches(b)",
            "matches(…) takes a pattern in quotes, at character 11",
        ),
        (
            "99999999999999999999",
            "this number is too large, at character 1",
        ),
        ("a ? b", "`:` is missing, at character 6"),
        ("a ==", "something is missing at the end, at character 5"),
        (
            "a.map(x, x.map(y, y.map(z, z)))",
            "a macro may stand in one other macro, not deeper, at character 25",
        ),
    ] {
        assert_eq!(
            Expression::compile(source).unwrap_err().to_string(),
            message
        );
    }
    let unknown = Expression::compile_for("severity == 'x' && team == 'y'", &["severity"]);
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "`team` is not known here; there are severity, at character 20"
    );
    assert!(Expression::compile_for("[1].exists(x, x == 1)", &[]).is_ok());
}

#[test]
fn what_has_no_value_says_why() {
    for (source, message) in [
        (
            "labels.nobody == 'x'",
            "there is no `nobody`: guard it with has(…)",
        ),
        ("tags[9]", "there is no `[9]`: guard it with has(…)"),
        ("elsewhere", "there is no `elsewhere`: guard it with has(…)"),
        (
            "count + 'x'",
            "a number and a text cannot be put together: string(…) makes texts",
        ),
        ("count < 'x'", "a number and a text have no order"),
        ("1 / 0", "a number was divided by zero"),
        ("9223372036854775807 + 1", "the number became too large"),
        ("summary.name", "a text has no field `name`"),
        ("int('x')", "\"x\" is not a number"),
        ("{'a': 1, 'a': 2}", "the key `a` stands twice in a map"),
    ] {
        assert_eq!(evaluate(source), Err(message.to_owned()), "{source}");
    }
    let condition = Expression::compile("summary").unwrap();
    assert_eq!(
        condition
            .is_true(&scope(), &mut Budget::default())
            .unwrap_err()
            .to_string(),
        "a condition must be true or false, and this is a text"
    );
    assert_eq!(
        condition
            .text(&scope(), &mut Budget::default())
            .unwrap()
            .as_deref(),
        Some("Disk full on db-1")
    );
}

#[test]
fn work_is_bounded() {
    let long = "x".repeat(100_000);
    let many: Vec<usize> = (0..5_000).collect();
    let scope = json!({"s": long, "l": many, "deep": {"inside": {"s": long}}});
    let run = |source: &str| {
        let mut budget = Budget::default();
        let result = Expression::compile(source)
            .unwrap()
            .evaluate(&scope, &mut budget);
        (result, STEPS_MAX - budget.left())
    };
    for source in [
        "l.map(x, l.map(y, x * y))",
        "l.exists(x, l.exists(y, x + y < 0))",
        "l.all(x, s + s != s)",
        "l.map(x, s + string(x))",
        "s.matches('(a|b|ab)*c')",
        "l == l && l.all(x, l == l)",
        "s.replace('x', s.replace('x', s))",
        "l.map(x, l)",
        "l.map(x, s)",
        "l.map(x, deep)",
        "[deep, deep, deep, deep].map(x, l.map(y, x))",
        "[l, l, l].map(x, x + x + x + x + x + x)",
    ] {
        assert_eq!(run(source).0, Err(EvaluationError::Exhausted), "{source}");
    }
    let (result, spent) = run("l.exists(x, x == 4999)");
    assert_eq!(result, Ok(json!(true)));
    assert!(spent < 50_000, "{spent}");

    // Patterns that would become large, texts that are long, trees that are deep.
    assert!(Expression::compile("'a'.matches('(a{50}){50}')").is_err());
    assert!(Expression::compile(&format!("'{}'", "x".repeat(LENGTH_MAX))).is_err());
    for (open, close, count) in [
        ("(", ")", 200),
        ("[", "]", 900),
        ("!", "", 900),
        ("-", "", 900),
        ("{'a':", "}", 200),
    ] {
        let source = format!("{}1{}", open.repeat(count), close.repeat(count));
        assert!(Expression::compile(&source).is_err(), "{open}");
    }
    for chain in ["1+", "a.", "1==", "1*", "a[0]."] {
        assert!(
            Expression::compile(&format!("{}b", chain.repeat(300))).is_err(),
            "{chain}"
        );
    }
    let choices = format!("{}1", "true?1:".repeat(250));
    assert!(Expression::compile(&choices).is_err());
    let flat = vec!["count == 7"; 140].join(" && ");
    assert_eq!(evaluate(&flat), Ok(json!(true)));
}

#[test]
fn a_condition_over_a_signal() {
    let mut signal = Signal::new(Action::Trigger, "k", "Disk full");
    signal.severity = AlertSeverity::Error;
    signal.details = json!({"labels": {"team": "db"}, "x": 1});
    let scope = signal_scope(&signal);
    let condition = Expression::compile_for(
        "labels.team == 'db' && severity in ['critical', 'error'] && component == '' && details.x == 1 && action == 'trigger'",
        &SIGNAL_NAMES,
    )
    .unwrap();
    assert_eq!(condition.is_true(&scope, &mut Budget::default()), Ok(true));
    let mut names: Vec<&str> = scope
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    let mut known = SIGNAL_NAMES;
    known.sort_unstable();
    assert_eq!(names, known);

    let stored = serde_json::to_string(&condition).unwrap();
    assert_eq!(
        serde_json::from_str::<Expression>(&stored).unwrap(),
        condition
    );
    assert!(serde_json::from_str::<Expression>("\"a ==\"").is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(source in ".{0,80}") {
        if let Ok(expression) = Expression::compile(&source) {
            let _ = expression.evaluate(&scope(), &mut Budget::default());
        }
    }

    #[test]
    fn any_words_are_read_or_refused(words in proptest::collection::vec(
        proptest::sample::select(vec![
            "(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "+", "-", "*", "/", "%", "!", "==",
            "<", "&&", "||", "in", "1", "0", "2.5", "'a'", "summary", "labels", "tags", "alerts",
            "count", "x", "map(", "exists(x,", "filter(x,", "has(", "size(", "string(", "int(",
            "matches('a')", "split('')", "replace('', 'aa')", "team", "null", "true",
            "-9223372036854775808", "9223372036854775807",
        ]), 1..24)) {
        if let Ok(expression) = Expression::compile(&words.join(" ")) {
            let mut budget = Budget::default();
            let _ = expression.evaluate(&scope(), &mut budget);
        }
    }

    #[test]
    fn numbers_are_calculated_as_rust_does(a in any::<i64>(), b in any::<i64>()) {
        let scope = json!({"a": a, "b": b});
        let run = |source: &str| {
            Expression::compile(source).unwrap().evaluate(&scope, &mut Budget::default()).ok()
        };
        prop_assert_eq!(run("a + b"), a.checked_add(b).map(Value::from));
        prop_assert_eq!(run("a * b"), a.checked_mul(b).map(Value::from));
        prop_assert_eq!(run("a / b"), a.checked_div(b).map(Value::from));
        prop_assert_eq!(run("a % b"), a.checked_rem(b).map(Value::from));
        prop_assert_eq!(run("a < b"), Some(json!(a < b)));
    }
}
