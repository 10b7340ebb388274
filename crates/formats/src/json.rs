//! JSON from strangers: parsed once, mended where it can be, and made safe to store.

mod mend;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use mail_parser::decoders::charsets::map::charset_decoder;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Details nested deeper than this are kept as text, so that whoever stores them inside other JSON
/// can always read them back (readers stop at 128 levels).
const DEPTH_MAX: usize = 64;

/// Told of a body that [`read`] had to mend.
pub(crate) const MENDED: &str = "the body was no valid JSON (a line break, half a character or a \
                                 stray backslash inside a text, a number such as NaN or 1e400, \
                                 nesting deeper than 128 levels, or not UTF-8): it was mended";

/// Reads a body whatever its Content-Type (WIRE-FORMATS.md §0 rule 3) and makes it storable; also
/// whether it had to be mended: shells and templates put texts of several lines or of another
/// charset between quotes as they are, programs cut characters in half and write numbers that JSON
/// does not know, and no alert is lost for that. What breaks off, or is no JSON at all, is refused.
pub(crate) fn read(body: &[u8]) -> Result<(Value, bool), serde_json::Error> {
    let (mut value, mended) = read_as_sent(body)?;
    make_storable(&mut value, body, mended);
    Ok((value, mended))
}

/// JSON that travels as a text inside something else.
pub(crate) fn inside(text: &str) -> Option<Value> {
    Some(read(text.as_bytes()).ok()?.0)
}

/// As [`read`], with what cannot be stored still in it.
pub(crate) fn read_as_sent(body: &[u8]) -> Result<(Value, bool), serde_json::Error> {
    let error = match serde_json::from_slice(unmarked(body)) {
        Ok(value) => return Ok((value, false)),
        Err(error) => error,
    };
    let text = decoded(body);
    if !text.trim_start().starts_with(['{', '[']) {
        return Err(error);
    }
    match serde_json::from_str(&mend::mended(&text)) {
        Ok(value) => Ok((value, true)),
        Err(_) => Err(error),
    }
}

/// Without the byte-order mark that some editors and shells put in front.
fn unmarked(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// A body as text: UTF-16 is known by its mark or its zeros. What is neither that nor UTF-8 is most
/// likely of a Western Windows, unless enough of it is UTF-8: then somebody has cut a text inside a
/// character.
pub(crate) fn decoded(body: &[u8]) -> Cow<'_, str> {
    let body = unmarked(body);
    let charset: &[u8] = match body {
        [0xFF, 0xFE, ..] | [b'{' | b'[', 0, ..] => b"utf-16le",
        [0xFE, 0xFF, ..] | [0, b'{' | b'[', ..] => b"utf-16be",
        _ => match String::from_utf8_lossy(body) {
            Cow::Owned(text) if text.chars().all(|c| c.is_ascii() || c == '\u{FFFD}') => {
                b"windows-1252"
            }
            text => return text,
        },
    };
    let body = match body {
        [0xFF, 0xFE, rest @ ..] | [0xFE, 0xFF, rest @ ..] if charset.starts_with(b"utf") => rest,
        _ => body,
    };
    charset_decoder(charset).map_or_else(
        || String::from_utf8_lossy(body),
        |decode| Cow::Owned(decode(body)),
    )
}

/// Turns U+0000 into U+FFFD in every text and key of `value`, which was parsed from `body`:
/// PostgreSQL cannot hold it.
pub(crate) fn make_storable(value: &mut Value, body: &[u8], mended: bool) {
    if mended || may_hold_nul(body) {
        replace_nul(value);
    }
}

/// A raw NUL is no JSON, so the escape is the only way in. Most bodies hold no escapes at all,
/// which is seen at once.
fn may_hold_nul(body: &[u8]) -> bool {
    body.contains(&b'\\') && body.windows(6).any(|six| six == b"\\u0000")
}

/// A body that has this shape and needs no mending, as nearly all do; any other is for [`read`].
pub(crate) fn plain<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Option<T> {
    match may_hold_nul(body) {
        true => None,
        false => serde_json::from_slice(unmarked(body)).ok(),
    }
}

/// As [`plain`], of an object.
pub(crate) fn plain_object<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Option<T> {
    #[derive(Deserialize)]
    #[serde(bound = "T: Deserialize<'de>")]
    struct Object<T>(#[serde(deserialize_with = "from_object")] T);

    plain(body).map(|Object(object)| object)
}

/// Reads a struct from an object only: serde takes the items of an array for its fields, too.
pub(crate) fn from_object<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(fields))
        }
    }

    deserializer.deserialize_map(Object(PhantomData))
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
        let value = inside(r#"{"a\u0000":["x\u0000y",{"\u0000":1}],"b":"\\u0000"}"#).unwrap();
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
            b"NaN",
            b"{\"a\":1",
            b"{\"a\":NaN",
            b"{\"a\":\"\\ud83d",
            b"{} {}",
            b"{\"a\":1e400} {}",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
        let as_it_is = |value: Value| Ok::<_, String>((value, false));
        let read = |body: &[u8]| read(body).map_err(|error| error.to_string());
        assert_eq!(read(br#"{"a":1,"a":2}"#), as_it_is(json!({"a": 2})));
        assert_eq!(read(b"\xEF\xBB\xBF{}"), as_it_is(json!({})));
    }

    #[test]
    fn no_body_is_refused_for_one_odd_character_or_number() {
        let deep = format!("{{\"a\": {}1{}}}", "[".repeat(200), "]".repeat(200));
        for (body, path, wanted) in [
            (r#"{"a": "Disk full \ud83d"}"#, "/a", "Disk full \u{fffd}"),
            (r#"{"a": NaN, "b": [-Infinity]}"#, "/b/0", "-Infinity"),
            (r#"{"a": 1e400}"#, "/a", "1e400"),
            (r#"{"a": "C:\Windows"}"#, "/a", "C:\\Windows"),
            (&deep, &format!("/a{}", "/0".repeat(63)), &{
                format!("{}1{}", "[".repeat(137), "]".repeat(137))
            }),
            ("{\"a\": \"\\ud83d\n\\u0000\"}", "/a", "\u{fffd}\n\u{fffd}"),
        ] {
            let (value, was_mended) = read(body.as_bytes()).unwrap();
            assert_eq!(value.pointer(path), Some(&json!(wanted)), "{body}");
            assert!(was_mended);
        }
    }

    #[test]
    fn bodies_of_shells_and_templates_are_mended() {
        let wanted = json!({"host": "München", "n": [1, "a\nb"]});
        let text = "{\"host\": \"München\", \"n\": [1, \"a\\nb\"]}";
        let utf16 = |swap: bool, mark: bool| -> Vec<u8> {
            let units = mark
                .then_some(0xFEFF)
                .into_iter()
                .chain(text.encode_utf16());
            let bytes = units.flat_map(|unit| match swap {
                true => unit.to_be_bytes(),
                false => unit.to_le_bytes(),
            });
            bytes.collect()
        };
        let latin1: Vec<u8> = text.chars().map(|c| c as u8).collect();
        let broken = text.replace("\\n", "\n");
        for (body, was_mended) in [
            (text.as_bytes().to_vec(), false),
            (format!("\u{feff}{text}").into_bytes(), false),
            (latin1, true),
            (broken.into_bytes(), true),
            (utf16(false, true), true),
            (utf16(true, true), true),
            (utf16(false, false), true),
            (utf16(true, false), true),
        ] {
            assert_eq!(
                read(&body).unwrap(),
                (wanted.clone(), was_mended),
                "{body:?}"
            );
        }
        // Cut inside a character: the rest is UTF-8 all the same.
        let cut = [&b"{\"a\": \""[..], "größ".as_bytes(), b"\xc3\"}"].concat();
        assert_eq!(read(&cut).unwrap(), (json!({"a": "größ\u{FFFD}"}), true));
        let nul: Vec<u8> = "{\"a\": \"x\\u0000\"}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(read(&nul).unwrap().0, json!({"a": "x\u{FFFD}"}));
        for bad in [
            &b"Disk full"[..],
            b"\"a\nb\"",
            b"\xff\xfe",
            b"{\"a\": \xff}",
            b"[1,\n",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn deep_details_can_be_stored_inside_other_json() {
        let deep = format!("{}1{}", "[".repeat(120), "]".repeat(120));
        let value = shallow(inside(&deep).unwrap());
        let wrapped = json!([{ "signals": [{ "details": value }] }]).to_string();
        assert!(inside(&wrapped).is_some());
        assert!(wrapped.contains('1'));
    }
}
