//! Reaching into JSON of strangers without tripping.

use serde_json::{Map, Value};

/// The value at a path of names and positions, separated by dots: `data.event.tags.0`.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, step| match value {
        Value::Object(fields) => fields.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The text at a path; numbers and booleans are written out, as templates make texts of both.
/// Blank texts and those that are a template's own placeholder are absent.
pub(crate) fn text(value: &Value, path: &str) -> Option<String> {
    scalar(at(value, path)?)
}

/// The first of several paths with a text.
pub(crate) fn first(value: &Value, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| text(value, path))
}

/// A single value as a text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            (!text.is_empty() && !is_placeholder(text)).then(|| text.to_owned())
        }
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(word) => Some(word.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A word to compare with: lower case, without blanks around it.
pub(crate) fn word(value: &Value, path: &str) -> Option<String> {
    text(value, path).map(|text| text.to_lowercase())
}

pub(crate) fn object<'a>(value: &'a Value, path: &str) -> Option<&'a Map<String, Value>> {
    at(value, path).and_then(Value::as_object)
}

pub(crate) fn array<'a>(value: &'a Value, path: &str) -> Option<&'a Vec<Value>> {
    at(value, path).and_then(Value::as_array)
}

/// The texts of an array, joined; or the text itself.
pub(crate) fn joined(value: &Value, path: &str) -> Option<String> {
    match at(value, path)? {
        Value::Array(items) => {
            let texts: Vec<_> = items.iter().take(20).filter_map(scalar).collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        other => scalar(other),
    }
}

/// What a monitor's template leaves when it does not know a variable: `$ALERT_ID` (Datadog),
/// `{EVENT.ID}` and `*UNKNOWN*` (Zabbix), `*monitorID*` (UptimeRobot), `%sensorid` (PRTG),
/// `{{ .Alert }}`.
fn is_placeholder(text: &str) -> bool {
    let name = |inner: &str| {
        !inner.is_empty()
            && inner.len() <= 60
            && inner
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
    };
    let between = |open: &str, close: &str| {
        text.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
    };
    text.strip_prefix('$').is_some_and(|rest| {
        name(rest)
            && rest.bytes().all(|byte| !byte.is_ascii_lowercase())
            && !rest.as_bytes()[0].is_ascii_digit()
    }) || between("{", "}").is_some_and(|inner| {
        name(inner) && inner.contains('.') && inner.bytes().all(|byte| !byte.is_ascii_lowercase())
    }) || between("*", "*").is_some_and(name)
        || text
            .strip_prefix('%')
            .is_some_and(|rest| name(rest) && rest.bytes().all(|byte| byte.is_ascii_lowercase()))
        || between("{{", "}}").is_some_and(|inner| inner.len() <= 100 && !inner.contains('{'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths() {
        let value = json!({"a": {"b": [{"c": 7}, "x"]}, "t": " y ", "n": null});
        assert_eq!(text(&value, "a.b.0.c").as_deref(), Some("7"));
        assert_eq!(text(&value, "t").as_deref(), Some("y"));
        for absent in ["n", "a", "a.b", "a.b.2", "a.b.x", "t.u", ""] {
            assert_eq!(text(&value, absent), None, "{absent}");
        }
        assert_eq!(first(&value, &["n", "a.b.1"]).as_deref(), Some("x"));
        assert_eq!(
            joined(&json!({"l": ["a", 1, null]}), "l").as_deref(),
            Some("a, 1")
        );
    }

    #[test]
    fn placeholders_are_absent() {
        for left in [
            "$ALERT_ID",
            "{EVENT.ID}",
            "*UNKNOWN*",
            "*monitorID*",
            "%sensorid",
            "{{ .X }}",
        ] {
            assert!(is_placeholder(left), "{left}");
        }
        for real in [
            "$5",
            "$HOME is full",
            "{}",
            "{\"a\":1}",
            "**",
            "5 %",
            "%",
            "* down *",
            "{a}",
            "100%",
        ] {
            assert!(!is_placeholder(real), "{real}");
        }
    }
}
