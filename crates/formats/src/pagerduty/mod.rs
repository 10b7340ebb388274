//! PagerDuty Events API v2 (WIRE-FORMATS.md §1.1), validated leniently (§5.1): refused are only a
//! missing or malformed key, a bad action, an acknowledge or resolve without a dedup key, and a
//! trigger without a summary. Everything else is defaulted or cut, with a warning. The first
//! version is in [`v1`], change events are in [`change`]; which one it is, the address tells, never
//! the fields: some clients send those of both.

pub mod change;
mod event;
mod reply;
#[cfg(test)]
mod tests;
pub mod v1;

pub use reply::{
    Accepted, Invalid, UNKNOWN_KEY, UNKNOWN_SERVICE_KEY, change_accepted, throttled, too_large,
    unavailable,
};

use domain::signal::{DEDUP_KEY_MAX, SUMMARY_MAX, Signal};
use domain::word::{Action, AlertSeverity};
use serde_json::Value;

use event::{Event, Sent};

use crate::severity::Scale;
use crate::text::{self, FIELD_MAX};
use crate::warning::{Warnings, quoted};
use crate::{FormatError, Parsed, json, key, link, severity, time};

/// Length of a routing key, in characters.
const KEY_LENGTH: usize = 32;

/// One event, understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub routing_key: String,
    /// Holds exactly one signal.
    pub parsed: Parsed,
    /// The key to return: as the client sent it, or the fresh one.
    pub dedup_key: String,
}

/// Reads one event. `outside` is a key that came with the request but not in its body, which some
/// clients send instead of the field. `random_key` makes a fresh dedup key; it is called only for a trigger without one
/// (PAGING.md §1.5). `scale` is asked how the owner of the integration with this key has severities
/// read, once, and only of an event that makes sense.
///
/// # Errors
/// [`Invalid`], with every reason found.
pub fn parse<'s>(
    body: &[u8],
    outside: Option<&str>,
    random_key: impl FnOnce() -> String,
    scale: impl FnOnce(&str) -> Scale<'s>,
) -> Result<Request, Invalid> {
    let Sent {
        event,
        key_as_sent,
        mended,
        bad_payload,
    } = event::read(body)?;
    let mut warnings = Warnings::of_body(mended);
    if bad_payload {
        warnings.note("payload was not an object: ignored");
    }
    let mut errors = Vec::new();

    let keys = [&event.routing_key, &event.service_key];
    let routing_key = routing_key(keys, outside).unwrap_or_else(|reasons| {
        errors.extend(reasons);
        String::new()
    });
    let action = action(&event.event_action, &mut warnings).unwrap_or_else(|reason| {
        errors.push(reason);
        Action::Trigger
    });
    let sent_key = text::lenient(Some(&event.dedup_key), "dedup_key", &mut warnings);
    if action != Action::Trigger && sent_key.is_none() {
        errors.push("'dedup_key' is missing or blank".to_owned());
    }
    let summary = text::line(
        Some(&event.payload.summary),
        "payload.summary",
        SUMMARY_MAX,
        &mut warnings,
    );
    // Some errors decide what the rest means, so "no summary" is only told of real triggers.
    let action_known = !errors
        .iter()
        .any(|error| error.starts_with("'event_action'"));
    if action == Action::Trigger && action_known && summary.is_none() {
        errors.push("'payload.summary' is missing or blank".to_owned());
    }
    if !errors.is_empty() {
        return Err(Invalid {
            routing_key: Some(routing_key).filter(|key| !key.is_empty()),
            ..Invalid::event(errors)
        });
    }

    let (stored_key, dedup_key) = match sent_key {
        Some(key) => (key::bounded(&key), key_as_sent.unwrap_or(key)),
        None => {
            let fresh = random_key();
            (key::bounded(&fresh), fresh)
        }
    };
    if dedup_key.len() > DEDUP_KEY_MAX && dedup_key.chars().nth(DEDUP_KEY_MAX).is_some() {
        warnings.note(key::CUT_WARNING);
    }
    let mut signal = Signal::new(action, stored_key, summary.unwrap_or_default());
    fill(&mut signal, event, scale(&routing_key), &mut warnings);
    if let Some(key) = netdata_key(&signal) {
        signal.dedup_key = key::bounded(&key);
    }
    Ok(Request {
        routing_key,
        parsed: Parsed {
            signals: vec![signal],
            warnings: warnings.finish(),
            ..Parsed::default()
        },
        dedup_key,
    })
}

/// Reads one event by `read` that came by another address than the API's, whose key is known
/// already. There is nobody to tell a fresh dedup key to, so that an event without one is known by
/// what it says.
pub(crate) fn at_any_address(
    read: impl FnOnce(Option<&str>, fn() -> String) -> Result<Request, Invalid>,
) -> Result<Parsed, FormatError> {
    let request =
        read(Some("known"), String::new).map_err(|invalid| FormatError::InvalidEvent {
            reason: invalid.to_string(),
        })?;
    let mut parsed = request.parsed;
    for signal in &mut parsed.signals {
        if signal.dedup_key.is_empty() {
            let of = |field: &Option<String>| field.clone().unwrap_or_default();
            let (component, class) = (of(&signal.component), of(&signal.class));
            let fields = [&*signal.source, &*signal.summary, &*component, &*class];
            signal.dedup_key = key::of_identity(&fields);
        }
    }
    Ok(parsed)
}

/// The first well-formed key of the body, else the one from outside; the reasons against the first
/// that is there. A key from outside need not have PagerDuty's length: the client did not make it.
fn routing_key(sent: [&Value; 2], outside: Option<&str>) -> Result<String, Vec<String>> {
    let mut reasons = Vec::new();
    for key in sent.into_iter().filter_map(Value::as_str) {
        let key = key.trim();
        if key.is_empty() {
            continue;
        }
        let right_length = key.chars().count() == KEY_LENGTH;
        let right_characters = key.chars().all(|c| c.is_ascii_alphanumeric());
        if right_length && right_characters {
            return Ok(key.to_owned());
        }
        if reasons.is_empty() {
            if !right_length {
                reasons.push(
                    "Length of 'routing_key' is incorrect (should be 32 characters)".to_owned(),
                );
            }
            if !right_characters {
                reasons
                    .push("'routing_key' cannot contain non-alphanumeric characters.".to_owned());
            }
        }
    }
    if let Some(key) = outside.map(str::trim).filter(|key| !key.is_empty()) {
        return Ok(key.to_owned());
    }
    if reasons.is_empty() {
        reasons.push("'routing_key' is missing or blank".to_owned());
    }
    Err(reasons)
}

/// One of PagerDuty's three words; notes are ours alone.
fn action_of(word: &str) -> Option<Action> {
    word.parse().ok().filter(|action| *action != Action::Note)
}

fn action(sent: &Value, warnings: &mut Warnings) -> Result<Action, String> {
    let sent = match sent {
        Value::String(text) if !text.trim().is_empty() => text,
        Value::Null | Value::String(_) => {
            return Err("'event_action' is missing or blank".to_owned());
        }
        _ => return Err(BAD_ACTION.to_owned()),
    };
    let word = sent.trim().to_lowercase();
    let action = action_of(&word).ok_or_else(|| BAD_ACTION.to_owned())?;
    if word != *sent {
        warnings.note(format!(
            "event_action {}: read as \"{action}\"",
            quoted(sent)
        ));
    }
    Ok(action)
}

const BAD_ACTION: &str = "'event_action' is invalid (must be one of the following: 'trigger', \
                          'acknowledge' or 'resolve')";

fn fill(signal: &mut Signal, event: Event, scale: Scale<'_>, warnings: &mut Warnings) {
    let is_trigger = signal.action == Action::Trigger;
    let payload = event.payload;
    let line = |value: &Value, name: &str, warnings: &mut Warnings| {
        text::line(Some(value), name, FIELD_MAX, warnings)
    };
    signal.component = line(&payload.component, "payload.component", warnings);
    signal.group = line(&payload.group, "payload.group", warnings);
    signal.class = line(&payload.class, "payload.class", warnings);
    signal.source = match line(&payload.source, "payload.source", warnings) {
        Some(source) => source,
        // Acknowledge and resolve need no payload; nothing is missing there.
        None if !is_trigger => String::new(),
        None => {
            warnings.note("payload.source was missing: used \"unknown\"");
            "unknown".to_owned()
        }
    };
    let word = line(&payload.severity, "payload.severity", warnings);
    signal.severity = severity_of(word.as_deref(), scale, |text| {
        if is_trigger {
            warnings.note(text);
        }
    });
    signal.monitor_time = time::or_receipt(
        Some(&payload.timestamp),
        "payload.timestamp",
        None,
        warnings,
    );
    signal.details = json::shallow(payload.custom_details);
    signal.links = link::links(Some(&event.links), warnings);
    signal.images = link::images(Some(&event.images), warnings);
    signal.links.extend(link::labelled(
        event.client_url.as_str().unwrap_or_default(),
        event.client.as_str().unwrap_or_default(),
        warnings,
    ));
}

fn severity_of(word: Option<&str>, scale: Scale<'_>, tell: impl FnOnce(String)) -> AlertSeverity {
    let Some(word) = word else {
        let used = scale.fallback();
        tell(format!("payload.severity was missing: used \"{used}\""));
        return used;
    };
    if let Some(chosen) = scale.chosen(word) {
        return chosen;
    }
    match severity::read(word) {
        Some(found) => {
            if word != found.as_str() {
                tell(format!(
                    "payload.severity {}: read as \"{found}\"",
                    quoted(word)
                ));
            }
            found
        }
        None => {
            let used = scale.fallback();
            tell(format!(
                "payload.severity {} is not a known word: used \"{used}\"",
                quoted(word)
            ));
            used
        }
    }
}

/// netdata's agent makes a new dedup key for each event, so its CLEAR would resolve nothing; the
/// alarm's id on its host is the same for both (WIRE-FORMATS.md §1.17).
fn netdata_key(signal: &Signal) -> Option<String> {
    let details = signal.details.as_object()?;
    if !details.contains_key("chart") || !details.contains_key("old_status") {
        return None;
    }
    let alarm = match details.get("alarm_id")? {
        Value::String(id) if !id.trim().is_empty() => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    Some(format!("netdata:{}:{alarm}", signal.source))
}
