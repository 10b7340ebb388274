//! A request as it came in, and its fields whatever their encoding: a Content-Type is never believed
//! (WIRE-FORMATS.md §0 rule 3).

use std::borrow::Cow;

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{json, multipart};

/// Most fields of a form, a query or a multipart body; the rest is left out.
const FIELDS_MAX: usize = 1_000;

/// What a sender sent, untouched: signatures are computed over the bytes (WIRE-FORMATS.md §0
/// rule 12).
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// In upper case.
    pub method: &'a str,
    /// Names in any case, in the order of the request.
    pub headers: Vec<(&'a str, &'a str)>,
    /// Without the question mark, still percent-encoded.
    pub query: &'a str,
    pub body: &'a [u8],
    /// SHA-256 of the key that the sender has proven itself with, where it is known: the key is
    /// masked in texts that people read.
    pub key_hash: Option<[u8; 32]>,
}

/// How the fields of a request were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    /// JSON that had to be mended: not UTF-8, or line breaks inside texts, as templates make them.
    MendedJson,
    Form,
    Multipart,
    /// Nothing in the body; the fields are those of the address.
    Query,
    /// A text of no known form.
    Text,
    /// Neither body nor query.
    Nothing,
}

impl<'a> Request<'a> {
    /// A POST of bytes, without headers.
    pub fn of_body(body: &'a [u8]) -> Self {
        Request {
            method: "POST",
            body,
            ..Request::default()
        }
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// The first value of a name in the address.
    pub fn query_value(&self, name: &str) -> Option<Cow<'a, str>> {
        form_urlencoded::parse(self.query.as_bytes())
            .take(FIELDS_MAX)
            .find(|(found, _)| found == name)
            .map(|(_, value)| value)
    }

    /// The values of the address as an object of texts.
    pub(crate) fn query_fields(&self) -> Map<String, Value> {
        form(self.query.as_bytes())
    }

    /// The fields of the body, or of the address when there is no body.
    pub(crate) fn fields(&self) -> (Value, Encoding) {
        let body = self.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(self.body);
        if body.trim_ascii().is_empty() {
            let fields = self.query_fields();
            return if fields.is_empty() {
                (Value::Null, Encoding::Nothing)
            } else {
                (Value::Object(fields), Encoding::Query)
            };
        }
        match json::read(body) {
            Ok((value, false)) => return (value, Encoding::Json),
            Ok((value, true)) => return (value, Encoding::MendedJson),
            Err(_) => {}
        }
        if let Some(fields) = fields_of_parts(body) {
            return (Value::Object(fields), Encoding::Multipart);
        }
        if looks_like_a_form(body) {
            return (Value::Object(form(body)), Encoding::Form);
        }
        (Value::String(storable(json::decoded(body))), Encoding::Text)
    }
}

/// `name=value`, without anything that a form would have encoded.
fn looks_like_a_form(body: &[u8]) -> bool {
    let body = body.trim_ascii_end();
    let name = body.iter().take_while(|byte| **byte != b'=').count();
    name > 0
        && name < body.len()
        && body
            .iter()
            .take(name)
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.+%[]&".contains(byte))
        && !body.iter().any(|byte| matches!(byte, b'\n' | b'\r'))
}

fn form(encoded: &[u8]) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(encoded).take(FIELDS_MAX) {
        if !name.is_empty() {
            fields
                .entry(storable(name))
                .or_insert_with(|| Value::String(storable(value)));
        }
    }
    fields
}

/// PostgreSQL cannot hold U+0000.
fn storable(text: Cow<'_, str>) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{FFFD}")
    } else {
        text.into_owned()
    }
}

/// The parts of `multipart/form-data` as texts, by name. `None` when it is none.
fn fields_of_parts(body: &[u8]) -> Option<Map<String, Value>> {
    let mut fields = Map::new();
    for part in multipart::parts(body)? {
        fields
            .entry(storable(Cow::Borrowed(part.name)))
            .or_insert_with(|| Value::String(storable(String::from_utf8_lossy(part.content))));
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(body: &str) -> (Value, Encoding) {
        Request::of_body(body.as_bytes()).fields()
    }

    #[test]
    fn fields_in_every_encoding() {
        assert_eq!(fields(" {\"a\": 1}"), (json!({"a": 1}), Encoding::Json));
        assert_eq!(
            fields("Name=db+1&Status=Down%0A&Name=twice"),
            (json!({"Name": "db 1", "Status": "Down\n"}), Encoding::Form)
        );
        assert_eq!(
            fields("Disk full = yes"),
            (json!("Disk full = yes"), Encoding::Text)
        );
        assert_eq!(fields(" \n"), (Value::Null, Encoding::Nothing));
        let by_address = Request {
            method: "GET",
            query: "a=1&b=%C3%A4&c",
            ..Request::default()
        };
        assert_eq!(
            by_address.fields(),
            (json!({"a": "1", "b": "ä", "c": ""}), Encoding::Query)
        );
        assert_eq!(by_address.query_value("b").as_deref(), Some("ä"));
    }

    #[test]
    fn json_of_templates_is_mended() {
        assert_eq!(
            fields("{\"text\": \"line 1\nline \\\"2\\\"\t\", \"n\": [\n1]}"),
            (
                json!({"text": "line 1\nline \"2\"\t", "n": [1]}),
                Encoding::MendedJson
            )
        );
        let latin1 = Request::of_body(b"{\"host\": \"M\xfcnchen\"}").fields();
        assert_eq!(latin1, (json!({"host": "München"}), Encoding::MendedJson));
    }

    #[test]
    fn parts_by_name() {
        let body = "--xYz\r\nContent-Disposition: form-data; name=\"data\"\r\nContent-Type: application/json\r\n\r\n{\"msg\": \"a\"}\r\n--xYz\r\ncontent-disposition: form-data; name=b\r\n\r\n\r\n--xYz--\r\n";
        let expected = (
            json!({"data": "{\"msg\": \"a\"}", "b": ""}),
            Encoding::Multipart,
        );
        assert_eq!(fields(body), expected);
        let mut request = Request::of_body(body.as_bytes());
        request.headers = vec![("Content-Type", "multipart/form-data; boundary=xYz")];
        assert_eq!(request.fields(), expected);
        assert_eq!(request.header("CONTENT-TYPE").map(str::len), Some(33));
    }

    #[test]
    fn nul_never_comes_through() {
        for body in [
            "a=%00",
            "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\0\r\n--b--",
            "\0 text",
        ] {
            assert!(!fields(body).0.to_string().contains("\\u0000"), "{body:?}");
        }
    }
}
