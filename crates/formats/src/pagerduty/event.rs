//! The fields of an event of the second version. They are found without making maps of it: this is
//! the busiest door of all, and two maps cost more than the rest of reading.

use serde::Deserialize;
use serde_json::Value;

use super::Invalid;
use crate::json;

/// Each field as it was sent, null where it was not. Those that nobody reads are skipped.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    pub routing_key: Value,
    pub service_key: Value,
    pub event_action: Value,
    pub dedup_key: Value,
    #[serde(deserialize_with = "json::from_object")]
    pub payload: Payload,
    pub links: Value,
    pub images: Value,
    pub client: Value,
    pub client_url: Value,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Payload {
    pub summary: Value,
    pub source: Value,
    pub severity: Value,
    pub timestamp: Value,
    pub component: Value,
    pub group: Value,
    pub class: Value,
    pub custom_details: Value,
}

/// An event with what is told of its body.
#[derive(Debug, PartialEq)]
pub(super) struct Sent {
    pub event: Event,
    /// The dedup key with what cannot be stored in it, where it had that.
    pub key_as_sent: Option<String>,
    /// The body had to be mended before it could be read.
    pub mended: bool,
    /// The payload was no object.
    pub bad_payload: bool,
}

/// Finds the fields of a body.
///
/// # Errors
/// [`Invalid`] of what is no JSON object.
pub(super) fn read(body: &[u8]) -> Result<Sent, Invalid> {
    if let Some(event) = json::plain_object(body) {
        return Ok(Sent {
            event,
            key_as_sent: None,
            mended: false,
            bad_payload: false,
        });
    }
    read_odd(body)
}

/// As [`read`], of anything: of a field that is there twice the last counts.
fn read_odd(body: &[u8]) -> Result<Sent, Invalid> {
    let (mut event, mended) =
        json::read_as_sent(body).map_err(|_| Invalid::unrecognized("JSON parse error"))?;
    let key_as_sent = event
        .get("dedup_key")
        .and_then(Value::as_str)
        .map(str::to_owned);
    json::make_storable(&mut event, body, mended);
    let Value::Object(mut fields) = event else {
        return Err(Invalid::unrecognized("Event object must be a JSON object"));
    };
    let payload = fields.get("payload").unwrap_or(&Value::Null);
    let bad_payload = !payload.is_null() && !payload.is_object();
    if !payload.is_object() {
        fields.remove("payload");
    }
    let event = Event::deserialize(Value::Object(fields))
        .map_err(|_| Invalid::unrecognized("Event object must be a JSON object"))?;
    Ok(Sent {
        event,
        key_as_sent,
        mended,
        bad_payload,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What the short way does not take goes the long one.
    #[test]
    fn odd_bodies_are_read_whole() {
        for (body, payload, key, bad_payload) in [
            (
                r#"{"payload": null, "dedup_key": "a"}"#,
                Value::Null,
                "a",
                false,
            ),
            (
                r#"{"payload": ["x"], "dedup_key": "a"}"#,
                Value::Null,
                "a",
                true,
            ),
            (
                r#"{"payload": {"summary": "x"}, "payload": 7, "dedup_key": "a"}"#,
                Value::Null,
                "a",
                true,
            ),
            (
                r#"{"dedup_key": "a", "payload": {"summary": "x", "summary": "y"}}"#,
                json!("y"),
                "a",
                false,
            ),
            (
                "{\"payload\": {\"summary\": \"x\"}, \"dedup_key\": \"a\\u0000\"}",
                json!("x"),
                "a\u{fffd}",
                false,
            ),
            (
                "\u{feff}{\"payload\": {\"summary\": \"x\"}, \"dedup_key\": \"a\"}",
                json!("x"),
                "a",
                false,
            ),
        ] {
            let read = read(body.as_bytes()).unwrap();
            assert_eq!(read.event.payload.summary, payload, "{body}");
            assert_eq!(read.event.dedup_key, key, "{body}");
            assert_eq!(read.bad_payload, bad_payload, "{body}");
        }
        for body in ["[]", "[{\"payload\": {}}]", "7", "{", ""] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
        let mended = read(b"{\"client\": \"a\nb\"}").unwrap();
        assert!(mended.mended);
        assert_eq!(mended.event.client, "a\nb");
    }

    proptest! {
        /// Both ways find the same.
        #[test]
        fn the_short_way_finds_what_the_long_one_does(
            names in proptest::collection::vec(
                prop::sample::select(vec![
                    "routing_key", "service_key", "event_action", "dedup_key", "payload", "links",
                    "images", "client", "client_url", "summary", "custom_details", "other",
                ]), 0..10),
            values in proptest::collection::vec(
                prop::sample::select(vec![
                    "null", "7", "\"a\"", "\"\\u0000\"", "\"\\n\"", "[1, \"x\"]", "{}", "1.5e3",
                    "{\"summary\": \"x\", \"source\": 7}", "{\"summary\": null, \"custom_details\": {\"a\": [{}]}}",
                    "{\"other\": {\"x\": [1]}, \"summary\": \"a\"}", "true",
                ]), 10),
        ) {
            let fields: Vec<String> = names
                .iter()
                .zip(&values)
                .map(|(name, value)| format!("\"{name}\": {value}"))
                .collect();
            let body = format!("{{{}}}", fields.join(", "));
            let (short, long) = (read(body.as_bytes()).unwrap(), read_odd(body.as_bytes()).unwrap());
            prop_assert_eq!(&short.event, &long.event);
            prop_assert_eq!((short.mended, short.bad_payload), (long.mended, long.bad_payload));
            if let Some(key) = short.key_as_sent {
                prop_assert_eq!(Some(key), long.key_as_sent);
            }
        }
    }
}
