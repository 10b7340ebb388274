//! Change events (WIRE-FORMATS.md §2): they never page.

use domain::change_event::{ChangeEvent, ChangeKind, FIELD_MAX, SUMMARY_MAX};
use domain::signal::Link;
use serde_json::{Map, Value};

use super::reply::Invalid;
use crate::warning::Warnings;
use crate::{json, key, link, text, time};

/// One change event, understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub routing_key: String,
    pub event: ChangeEvent,
    pub warnings: Vec<String>,
}

/// Reads one change event; see [`super::parse`] for `outside`.
///
/// # Errors
/// [`Invalid`], with every reason found: the key, and a missing summary.
pub fn parse(body: &[u8], outside: Option<&str>) -> Result<Request, Invalid> {
    let (event, mended) =
        json::read(body).map_err(|_| Invalid::unrecognized("JSON parse error"))?;
    let Value::Object(event) = event else {
        return Err(Invalid::unrecognized("Event object must be a JSON object"));
    };
    let mut warnings = Warnings::of_body(mended);
    let mut errors = Vec::new();
    let keys = ["routing_key", "service_key"].map(|name| event.get(name).unwrap_or(&Value::Null));
    let routing_key = super::routing_key(keys, outside).unwrap_or_else(|reasons| {
        errors.extend(reasons);
        String::new()
    });
    let no_fields = Map::new();
    let payload = json::object(&event, "payload").unwrap_or(&no_fields);
    let summary = text::line(
        payload.get("summary"),
        "payload.summary",
        SUMMARY_MAX,
        &mut warnings,
    );
    if summary.is_none() {
        errors.push("'payload.summary' is missing or blank".to_owned());
    }
    let Some(summary) = summary.filter(|_| errors.is_empty()) else {
        return Err(Invalid {
            routing_key: Some(routing_key).filter(|key| !key.is_empty()),
            ..Invalid::event(errors)
        });
    };
    let source = text::line(
        payload.get("source"),
        "payload.source",
        FIELD_MAX,
        &mut warnings,
    )
    .unwrap_or_else(|| {
        warnings.note("payload.source was missing: used \"unknown\"");
        "unknown".to_owned()
    });
    // There is no key of the client's: what says the same of the same moment is one event.
    // Without a moment a second deployment would look like the first one's repetition.
    let identity = payload
        .get("timestamp")
        .filter(|moment| !moment.is_null())
        .map(|moment| key::of_identity(&[&summary, &moment.to_string(), &source]))
        .unwrap_or_default();
    let mut change = ChangeEvent::new(ChangeKind::Other, identity, summary, source);
    change.at = time::or_receipt(
        payload.get("timestamp"),
        "payload.timestamp",
        None,
        &mut warnings,
    );
    change.details = payload
        .get("custom_details")
        .cloned()
        .map(json::shallow)
        .unwrap_or_default();
    change.links = link::links(event.get("links"), &mut warnings);
    // A change has no pictures here; they are one step away.
    let images = link::images(event.get("images"), &mut warnings);
    change.links.extend(images.into_iter().map(|image| Link {
        text: image.alt.unwrap_or_else(|| "Image".to_owned()),
        href: image.src,
    }));
    Ok(Request {
        routing_key,
        event: change,
        warnings: warnings.finish(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;
    use serde_json::json;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn read(change: &Value) -> Result<Request, Invalid> {
        parse(change.to_string().as_bytes(), None)
    }

    #[test]
    fn a_deployment() {
        let sent = json!({
            "routing_key": KEY,
            "payload": {
                "summary": "Build 42 deployed", "source": "ci", "timestamp": "2026-07-17T08:42:58.315+0000",
                "custom_details": {"build": 42},
            },
            "links": [{"href": "https://ci.example/42", "text": "Build"}],
            "images": [{"src": "https://ci.example/42.png"}, {"src": "javascript:x"}],
        });
        let request = read(&sent).unwrap();
        assert_eq!(request.routing_key, KEY);
        assert_eq!(request.event.summary, "Build 42 deployed");
        assert_eq!(request.event.source, "ci");
        assert_eq!(request.event.details, json!({"build": 42}));
        let texts: Vec<&str> = request.event.links.iter().map(|link| &*link.text).collect();
        assert_eq!(texts, ["Build", "Image"]);
        assert_eq!(
            request.event.at,
            Timestamp::parse("2026-07-17T08:42:58.315Z")
        );
        assert_eq!(request.warnings.len(), 1, "{:?}", request.warnings);
        assert_eq!(
            read(&sent).unwrap().event.idempotency_key,
            request.event.idempotency_key
        );
        let mut other = sent;
        other["payload"]["timestamp"] = json!("2026-07-17T08:43:00Z");
        assert_ne!(
            read(&other).unwrap().event.idempotency_key,
            request.event.idempotency_key
        );
    }

    #[test]
    fn only_key_and_summary_are_needed() {
        let bare = json!({"routing_key": KEY, "payload": {"summary": "Deployed"}});
        assert_eq!(read(&bare).unwrap().event.source, "unknown");
        let none = read(&json!({"routing_key": KEY})).unwrap_err();
        assert_eq!(none.errors(), ["'payload.summary' is missing or blank"]);
        assert_eq!(none.routing_key.as_deref(), Some(KEY));
        let blank = read(&json!({"routing_key": KEY, "payload": {"summary": " "}})).unwrap_err();
        assert_eq!(blank.errors(), ["'payload.summary' is missing or blank"]);
        let keyless = read(&json!({"payload": {"summary": "x"}})).unwrap_err();
        assert_eq!(keyless.errors(), ["'routing_key' is missing or blank"]);
    }
}
