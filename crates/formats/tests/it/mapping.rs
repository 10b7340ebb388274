//! Mapping rules over whole requests.

use formats::mapping::{self, MappingRules};
use formats::request::Request;
use formats::{FormatError, Parsed};
use serde_json::{Value, json};

use crate::vendor::now;

fn rules(rules: Value) -> MappingRules {
    serde_json::from_value(rules).unwrap()
}

fn apply(body: &Value, with: Value) -> Result<Parsed, FormatError> {
    let text = body.to_string();
    mapping::apply(&Request::of_body(text.as_bytes()), &rules(with), now())
}

#[test]
fn one_signal_out_of_any_shape() {
    let body = json!({"alarm": {"no": 17, "head": "Pump stopped", "prio": "A", "on": true, "at": "2026-11-21T03:00:00Z"}, "plant": "north"});
    let with = json!({
        "summary": {"path": "$.body.alarm.head"},
        "dedup_key": {"expression": "'pump-' + string(body.alarm.no)"},
        "severity": {"path": "$.body.alarm.prio", "words": [{"word": "a", "severity": "critical"}, {"word": "b", "severity": "warning"}], "default": "error"},
        "source": {"path": "$.body.plant", "default": "somewhere"},
        "component": {"path": "$.headers['x-line']"},
        "group": {"path": "$.query.site", "default": "main"},
        "timestamp": {"path": "$.body.alarm.at"},
        "link": {"expression": "'https://plant.example/' + body.plant"},
        "resolve_if": "!body.alarm.on",
        "details": "$.body.alarm",
    });
    let parsed = apply(&body, with.clone()).unwrap();
    assert_eq!(parsed.warnings, [""; 0]);
    let signal = &parsed.signals[0];
    assert_eq!(
        format!(
            "{} {} {} {} {}",
            signal.action, signal.dedup_key, signal.severity, signal.source, signal.summary
        ),
        "trigger pump-17 critical north Pump stopped"
    );
    assert_eq!(
        (signal.component.as_deref(), signal.group.as_deref()),
        (None, Some("main"))
    );
    assert_eq!(signal.links[0].href, "https://plant.example/north");
    assert_eq!(
        signal.monitor_time,
        domain::Timestamp::parse("2026-11-21T03:00:00Z")
    );
    assert_eq!(signal.details["no"], 17);

    let text = body
        .to_string()
        .replace("true", "false")
        .replace("\"A\"", "\"Z\"");
    let request = Request {
        headers: vec![("X-Line", "4")],
        query: "site=b",
        ..Request::of_body(text.as_bytes())
    };
    let parsed = mapping::apply(&request, &rules(with), now()).unwrap();
    let signal = &parsed.signals[0];
    assert_eq!(
        (signal.action.as_str(), signal.severity.as_str()),
        ("resolve", "error")
    );
    assert_eq!(
        (signal.component.as_deref(), signal.group.as_deref()),
        (Some("4"), Some("b"))
    );
    assert_eq!(
        parsed.warnings,
        ["severity \"Z\" is not a known word: used \"error\""]
    );
}

#[test]
fn many_signals_by_a_path_of_items() {
    let body = json!({"site": "north", "list": [
        {"id": 1, "text": "a", "state": "bad"},
        {"id": 2, "text": "b", "state": "good"},
        {"id": 3, "state": "ignore"},
        {"nothing": true},
    ]});
    let with = json!({
        "items": "$.body.list",
        "only_if": "!has(item.state) || item.state != 'ignore'",
        "resolve_if": "item.state == 'good'",
        "dedup_key": {"path": "$.item.id"},
        "source": {"path": "$.body.site"},
    });
    let parsed = apply(&body, with).unwrap();
    let seen: Vec<String> = parsed
        .signals
        .iter()
        .map(|signal| format!("{} {} {}", signal.action, signal.dedup_key, signal.summary))
        .collect();
    assert_eq!(seen, ["trigger 1 a", "resolve 2 b"]);
    assert_eq!(parsed.rejected.len(), 1);
    assert_eq!(parsed.rejected[0].item, 3);
    assert_eq!(
        parsed.warnings,
        [
            "item 2: left out by the condition of the mapping",
            "item 3: resolve_if could not be evaluated: there is no `state`: guard it with has(…)",
        ]
    );
    let same =
        json!({"items": "$.body.list[*]", "dedup_key": {"path": "$.item.id", "default": "x"}});
    assert_eq!(apply(&body, same).unwrap().signals.len(), 4);
}

#[test]
fn without_a_key_the_identity_tells_conditions_apart() {
    let with = json!({"summary": {"path": "$.body.text"}, "identity": [{"path": "$.body.host"}, {"path": "$.body.check"}]});
    let key = |body: Value| {
        apply(&body, with.clone()).unwrap().signals[0]
            .dedup_key
            .clone()
    };
    let first = key(json!({"host": "a", "check": "disk", "text": "91 %"}));
    assert_eq!(
        key(json!({"host": "a", "check": "disk", "text": "92 %"})),
        first
    );
    assert_ne!(
        key(json!({"host": "b", "check": "disk", "text": "91 %"})),
        first
    );
}

#[test]
fn faults_are_told_when_rules_are_saved() {
    let faults = rules(json!({
        "only_if": "item.x == 1",
        "resolve_if": "body.state = 'ok'",
        "summary": {"path": "body.title"},
        "identity": [{"path": "$.body.a"}, {"path": "$.body..a..b"}],
        "severity": {"expression": "now()"},
    }))
    .check()
    .unwrap_err();
    let told: Vec<String> = faults
        .iter()
        .map(|fault| format!("{}: {}", fault.field, fault.reason))
        .collect();
    assert_eq!(told.len(), 5, "{told:#?}");
    assert_eq!(
        told[0],
        "identity[1].path: the path may hold `..` once, and one filter"
    );
    assert_eq!(
        told[1],
        "only_if: `item` is not known here; there are body, query, headers, at character 1"
    );
    assert_eq!(
        told[2],
        "resolve_if: `=` has no meaning here: equality is `==`, at character 12"
    );
    assert!(
        told[3].starts_with("summary.path: the path cannot be read"),
        "{}",
        told[3]
    );
    assert!(serde_json::from_value::<MappingRules>(json!({"sumary": {}})).is_err());
    // What would be done over the whole request for each of its items.
    for (field, path) in [
        ("source", "$.body..site"),
        ("source", "$.body.list[*].id"),
        ("source", "$.body.list[0:9]"),
    ] {
        let bad = json!({"items": "$.body.list", field: {"path": path}});
        assert!(rules(bad).check().is_err(), "{path}");
    }
    assert!(
        rules(json!({"items": "$.body.list", "details": "$.body"}))
            .check()
            .is_err()
    );
    assert!(rules(json!({"items": "$.body..a"})).check().is_err());
    assert!(rules(json!({"items": "$.body.list", "details": "$.item.x", "source": {"path": "$.item.tags[*]"}})).check().is_ok());
    let error = apply(&json!({"a": 1}), json!({"resolve_if": "1 +"})).unwrap_err();
    assert!(error.to_string().contains("`resolve_if`"), "{error}");
}

#[test]
fn secrets_and_work_are_kept_small() {
    let body = b"{\"a\": 1}";
    let request = Request {
        headers: vec![("Authorization", "Bearer hush"), ("X-A", "b")],
        ..Request::of_body(body)
    };
    let with = rules(json!({"summary": {"expression": "string(size(headers))", "default": "d"}}));
    assert_eq!(
        mapping::apply(&request, &with, now()).unwrap().signals[0].summary,
        "1"
    );

    let many: Vec<Value> = (0..5_000).map(|n| json!({"id": n})).collect();
    let parsed = apply(
        &json!({ "list": many }),
        json!({"items": "$.body.list", "dedup_key": {"path": "$.item.id"}, "summary": {"expression": "string(body.list.exists(x, x.id < 0))", "default": "default"}}),
    )
    .unwrap();
    assert_eq!(parsed.signals.len(), 5_000, "nothing is lost");
    assert!(
        parsed
            .warnings
            .iter()
            .any(|text| text.contains("the work would be too much"))
    );
}
