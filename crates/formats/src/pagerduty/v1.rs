//! The first version of the Events API (WIRE-FORMATS.md §1.2), which Healthchecks, Spinnaker and
//! older agents still speak. It knows no severity: `critical` is assumed, unless the integration's
//! owner has chosen another.

use domain::signal::{DEDUP_KEY_MAX, SUMMARY_MAX, Signal};
use domain::word::Action;
use serde_json::{Map, Value};

use super::reply::Invalid;
use super::{KEY_LENGTH, Request};
use crate::severity::Scale;
use crate::text::{self, FIELD_MAX};
use crate::warning::{Warnings, quoted};
use crate::{Parsed, json, key, link};

const BAD_TYPE: &str = "event_type is invalid (must be one of: trigger acknowledge resolve)";

/// Reads one event; see [`super::parse`] for `outside`, `random_key` and `scale`.
///
/// # Errors
/// [`Invalid`], with every reason found.
pub fn parse<'s>(
    body: &[u8],
    outside: Option<&str>,
    random_key: impl FnOnce() -> String,
    scale: impl FnOnce(&str) -> Scale<'s>,
) -> Result<Request, Invalid> {
    let (mut event, mended) =
        json::read_as_sent(body).map_err(|_| Invalid::unrecognized("JSON parse error"))?;
    // Numbers are sent, too, by LibreNMS.
    let key_as_sent = match event.get("incident_key") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    json::make_storable(&mut event, body, mended);
    let Value::Object(event) = event else {
        return Err(Invalid::unrecognized("Event object must be a JSON object"));
    };
    let mut warnings = Warnings::of_body(mended);
    let mut errors = Vec::new();

    let service_key = service_key(&event, outside).unwrap_or_else(|reason| {
        errors.push(reason);
        String::new()
    });
    let action = action(&event, &mut warnings);
    if let Err(reason) = action {
        errors.push(reason.to_owned());
    }
    let sent_key = match event.get("incident_key") {
        Some(Value::Number(number)) => Some(number.to_string()),
        other => text::lenient(other, "incident_key", &mut warnings),
    };
    let description = text::line(
        event.get("description"),
        "description",
        SUMMARY_MAX,
        &mut warnings,
    );
    match action {
        Ok(Action::Trigger) if description.is_none() => {
            errors.push("Description is missing or blank".to_owned());
        }
        Ok(ending @ (Action::Acknowledge | Action::Resolve)) if sent_key.is_none() => {
            errors.push(format!("incident_key is required for {ending} events"));
        }
        _ => {}
    }
    let (Ok(action), true) = (action, errors.is_empty()) else {
        return Err(Invalid {
            routing_key: Some(service_key).filter(|key| !key.is_empty()),
            ..Invalid::event(errors)
        });
    };

    let (stored_key, dedup_key) = match sent_key {
        Some(key) => (key::bounded(&key), key_as_sent.unwrap_or(key)),
        None => {
            let fresh = random_key();
            (key::bounded(&fresh), fresh)
        }
    };
    if dedup_key.chars().nth(DEDUP_KEY_MAX).is_some() {
        warnings.note(key::CUT_WARNING);
    }
    let mut signal = Signal::new(action, stored_key, description.unwrap_or_default());
    let of_event = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    signal.severity = scale(&service_key).fallback();
    signal.source = text::cut(&text::one_line(of_event("client")), FIELD_MAX);
    signal.details = match event.get("details") {
        // Some clients write "no details" so.
        None | Some(Value::Bool(false)) => Value::Null,
        Some(details) => json::shallow(details.clone()),
    };
    let (links, images) = contexts(event.get("contexts"), &mut warnings);
    signal.links = link::links(links.as_ref(), &mut warnings);
    signal.images = link::images(images.as_ref(), &mut warnings);
    signal.links.extend(link::labelled(
        of_event("client_url"),
        of_event("client"),
        &mut warnings,
    ));
    Ok(Request {
        routing_key: service_key,
        parsed: Parsed {
            signals: vec![signal],
            warnings: warnings.finish(),
            ..Parsed::default()
        },
        dedup_key,
    })
}

/// The first well-formed key of the body, else the one from outside.
fn service_key(event: &Map<String, Value>, outside: Option<&str>) -> Result<String, String> {
    let sent: Vec<&str> = ["service_key", "routing_key"]
        .iter()
        .filter_map(|name| event.get(*name).and_then(Value::as_str))
        .map(str::trim)
        .filter(|key| !key.is_empty())
        .collect();
    let well_formed = |key: &&&str| {
        key.len() == KEY_LENGTH && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if let Some(key) = sent.iter().find(well_formed) {
        return Ok((*key).to_owned());
    }
    if let Some(key) = outside.map(str::trim).filter(|key| !key.is_empty()) {
        return Ok(key.to_owned());
    }
    Err(if sent.is_empty() {
        "Service key is missing or blank".to_owned()
    } else if sent.iter().all(|key| key.chars().count() == KEY_LENGTH) {
        "Service key cannot contain non-alphanumeric characters".to_owned()
    } else {
        "Service key is the wrong length (should be 32 characters)".to_owned()
    })
}

fn action(event: &Map<String, Value>, warnings: &mut Warnings) -> Result<Action, &'static str> {
    let sent = match event.get("event_type") {
        Some(Value::String(text)) if !text.trim().is_empty() => text,
        None | Some(Value::Null | Value::String(_)) => {
            return Err("event_type is missing or blank");
        }
        Some(_) => return Err(BAD_TYPE),
    };
    let word = sent.trim().to_lowercase();
    let action = super::action_of(&word).ok_or(BAD_TYPE)?;
    if word != *sent {
        warnings.note(format!("event_type {}: read as \"{action}\"", quoted(sent)));
    }
    Ok(action)
}

/// Sorts contexts into links and images; those of unknown type are told.
fn contexts(value: Option<&Value>, warnings: &mut Warnings) -> (Option<Value>, Option<Value>) {
    let items = match value {
        None | Some(Value::Null) => return (None, None),
        Some(Value::Array(items)) => items,
        Some(_) => {
            warnings.note("contexts was not an array: skipped");
            return (None, None);
        }
    };
    let (mut links, mut images) = (Vec::new(), Vec::new());
    for item in items {
        match item.get("type").and_then(Value::as_str) {
            Some("link") => links.push(item.clone()),
            Some("image") => images.push(item.clone()),
            _ => warnings.note("a context that is neither link nor image was skipped"),
        }
    }
    (Some(Value::Array(links)), Some(Value::Array(images)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::word::AlertSeverity;
    use serde_json::json;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn event(change: Value) -> Result<Request, Invalid> {
        let mut event = json!({
            "service_key": KEY, "event_type": "trigger", "incident_key": "disk/1",
            "description": "Disk full", "client": "Nagios", "client_url": "https://nagios.example",
        });
        for (name, value) in change.as_object().unwrap() {
            event[name] = value.clone();
        }
        parse(
            event.to_string().as_bytes(),
            None,
            || "fresh".to_owned(),
            |_| Scale::default(),
        )
    }

    #[test]
    fn a_trigger_with_everything() {
        let request = event(json!({
            "details": {"load": 0.9},
            "contexts": [
                {"type": "link", "href": "https://a.example", "text": "Graph"},
                {"type": "image", "src": "https://a.example/x.png", "alt": "x"},
                {"type": "video"},
            ],
        }))
        .unwrap();
        assert_eq!(
            (request.routing_key.as_str(), request.dedup_key.as_str()),
            (KEY, "disk/1")
        );
        let signal = &request.parsed.signals[0];
        assert_eq!(signal.summary, "Disk full");
        assert_eq!(signal.source, "Nagios");
        assert_eq!(signal.severity, AlertSeverity::Critical);
        assert_eq!(signal.details, json!({"load": 0.9}));
        let texts: Vec<&str> = signal.links.iter().map(|link| link.text.as_str()).collect();
        assert_eq!(texts, ["Graph", "Nagios"]);
        assert_eq!(signal.images.len(), 1);
        assert_eq!(
            request.parsed.warnings,
            ["a context that is neither link nor image was skipped"]
        );
    }

    #[test]
    fn keys_may_be_numbers_and_details_false() {
        let request = event(json!({"incident_key": 4711, "details": false})).unwrap();
        assert_eq!(request.dedup_key, "4711");
        assert_eq!(request.parsed.signals[0].dedup_key, "4711");
        assert_eq!(request.parsed.signals[0].details, Value::Null);
        assert_eq!(request.parsed.warnings, [""; 0]);
        // Alertmanager in this mode sends fields of the other version, too.
        let request = event(json!({"event_action": "", "payload": null})).unwrap();
        assert_eq!(request.parsed.signals[0].action, Action::Trigger);
        let fresh = event(json!({"incident_key": null})).unwrap();
        assert_eq!(fresh.dedup_key, "fresh");
    }

    #[test]
    fn refusals_are_the_vendors() {
        for (change, error) in [
            (
                json!({"service_key": "short"}),
                "Service key is the wrong length (should be 32 characters)",
            ),
            (
                json!({"service_key": ""}),
                "Service key is missing or blank",
            ),
            (
                json!({"description": " "}),
                "Description is missing or blank",
            ),
            (
                json!({"event_type": "resolve", "incident_key": ""}),
                "incident_key is required for resolve events",
            ),
            (json!({"event_type": "close"}), BAD_TYPE),
            (json!({"event_type": 7}), BAD_TYPE),
        ] {
            let invalid = event(change).unwrap_err();
            assert_eq!(invalid.errors(), [error]);
            assert_eq!(invalid.body()["status"], "invalid event");
        }
        let broken = parse(b"{", None, String::new, |_| Scale::default()).unwrap_err();
        assert_eq!(broken.errors(), ["JSON parse error"]);
    }

    #[test]
    fn a_long_description_is_cut_and_told() {
        let request = event(json!({"description": "x".repeat(2_000)})).unwrap();
        assert_eq!(
            request.parsed.signals[0].summary.chars().count(),
            SUMMARY_MAX
        );
        assert_eq!(request.parsed.warnings.len(), 1);
    }
}
