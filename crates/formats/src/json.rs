//! JSON from strangers: parsed once, then made safe to store.

use serde_json::{Map, Value};

/// Details nested deeper than this are kept as text, so that whoever stores them inside other JSON
/// can always read them back (readers stop at 128 levels).
const DEPTH_MAX: usize = 64;

/// Parses a body whatever its Content-Type (WIRE-FORMATS.md §0 rule 3) and makes it storable.
pub(crate) fn parse(body: &[u8]) -> Result<Value, serde_json::Error> {
    let mut value = parse_as_sent(body)?;
    make_storable(&mut value, body);
    Ok(value)
}

/// Parses a body; a byte-order mark is skipped.
pub(crate) fn parse_as_sent(body: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body))
}

/// Turns U+0000 into U+FFFD in every text and key of `value`, which was parsed from `body`:
/// PostgreSQL cannot hold it.
pub(crate) fn make_storable(value: &mut Value, body: &[u8]) {
    // A raw NUL is no JSON, so the escape is the only way in. Most bodies hold no escapes at all,
    // which is seen at once.
    if body.contains(&b'\\') && body.windows(6).any(|six| six == b"\\u0000") {
        replace_nul(value);
    }
}

fn replace_nul(value: &mut Value) {
    match value {
        Value::String(text) => replace_nul_in(text),
        Value::Array(items) => items.iter_mut().for_each(replace_nul),
        Value::Object(fields) => {
            *fields = std::mem::take(fields)
                .into_iter()
                .map(|(mut name, mut value)| {
                    replace_nul_in(&mut name);
                    replace_nul(&mut value);
                    (name, value)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn replace_nul_in(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{FFFD}");
    }
}

/// Writes what is nested too deep as text; see [`DEPTH_MAX`].
pub(crate) fn shallow(mut value: Value) -> Value {
    fn walk(value: &mut Value, level: usize) {
        if level == DEPTH_MAX && (value.is_array() || value.is_object()) {
            *value = Value::String(value.to_string());
            return;
        }
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, level + 1)),
            Value::Object(fields) => fields.values_mut().for_each(|field| walk(field, level + 1)),
            _ => {}
        }
    }
    walk(&mut value, 0);
    value
}

/// What a value is, in a sentence.
pub(crate) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The object at `name`, or none.
pub(crate) fn object<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> Option<&'a Map<String, Value>> {
    fields.get(name).and_then(Value::as_object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nul_is_replaced_in_texts_and_keys_at_every_depth() {
        let value = parse(br#"{"a\u0000":["x\u0000y",{"\u0000":1}],"b":"\\u0000"}"#).unwrap();
        assert_eq!(
            value,
            json!({"a\u{FFFD}": ["x\u{FFFD}y", {"\u{FFFD}": 1}], "b": "\\u0000"})
        );
    }

    #[test]
    fn hostile_json_is_refused_without_a_panic() {
        for bad in [
            &b""[..],
            b"\xff\xfe",
            b"\"\xc3\x28\"",
            b"\"\\ud800\"",
            b"{\"a\":1e999}",
            b"{\"a\":1",
            b"{} {}",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
        assert_eq!(parse(br#"{"a":1,"a":2}"#).unwrap(), json!({"a": 2}));
        assert_eq!(parse(b"\xEF\xBB\xBF{}").unwrap(), json!({}));
    }

    #[test]
    fn deep_details_can_be_stored_inside_other_json() {
        let deep = format!("{}1{}", "[".repeat(120), "]".repeat(120));
        let value = shallow(parse(deep.as_bytes()).unwrap());
        let wrapped = json!([{ "signals": [{ "details": value }] }]).to_string();
        assert!(parse(wrapped.as_bytes()).is_ok());
        assert!(wrapped.contains('1'));
    }
}
