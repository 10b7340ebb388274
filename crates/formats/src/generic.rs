//! Generic JSON: one object, or an array of objects of which each is judged alone.
//!
//! | field | meaning |
//! |---|---|
//! | `action` | `trigger` (default), `acknowledge`, `resolve` or `note`; see [`action_of`] for other words |
//! | `dedup_key` | tells conditions apart; absent: a hash of source, summary, component and class |
//! | `summary` | the title; else `title`, `message`, `name`, `subject` or `text` |
//! | `severity` | absent: `critical`; words as in [`crate::severity`], or as the owner has chosen |
//! | `source`, `component`, `group`, `class` | short texts |
//! | `group_key` | alerts with an equal one belong to one incident |
//! | `link`, `links` | an address, `{"href", "text"}`, or an array of them |
//! | `details` | any JSON; absent: the fields that have no meaning here |
//! | `timestamp` | when it happened, in any common form |

use domain::Timestamp;
use domain::signal::{DEDUP_KEY_MAX, Delivery, Link, SUMMARY_MAX, Signal};
use domain::word::Action;
use serde_json::{Map, Value};

use crate::draft::severity_of;
use crate::severity::Scale;
use crate::text::{self, FIELD_MAX};
use crate::warning::{Warnings, quoted};
use crate::{FormatError, ITEMS_MAX, Parsed, Rejected, json, key, link, time};

/// Where a title may stand, best first (WIRE-FORMATS.md §1.19).
pub(crate) const TITLES: [&str; 6] = ["summary", "title", "message", "name", "subject", "text"];
/// Fields with a meaning besides the titles; the rest becomes details.
const KNOWN: [&str; 13] = [
    "action",
    "dedup_key",
    "severity",
    "source",
    "details",
    "link",
    "links",
    "group",
    "group_key",
    "component",
    "class",
    "timestamp",
    "event_action",
];

/// Reads a request.
///
/// # Errors
/// When the body is not JSON, neither object nor array, empty, too large, or when its only event
/// makes no sense. An array with some bad items is no error: see [`Parsed::rejected`].
pub fn parse(body: &[u8], received_at: Timestamp) -> Result<Parsed, FormatError> {
    let (value, mended) = json::read(body).map_err(|error| FormatError::NotJson {
        reason: error.to_string(),
    })?;
    let mut parsed = of_value(value, Scale::default(), received_at)?;
    parsed
        .warnings
        .splice(0..0, Warnings::of_body(mended).finish());
    Ok(parsed)
}

/// As [`parse`], for JSON already read, and with severities as its owner has them read.
pub(crate) fn of_value(
    value: Value,
    scale: Scale<'_>,
    received_at: Timestamp,
) -> Result<Parsed, FormatError> {
    let mut warnings = Warnings::default();
    let mut parsed = Parsed::default();
    match value {
        Value::Object(fields) => match event(fields, scale, received_at, &mut warnings) {
            Ok(signal) => parsed.signals.push(signal),
            Err(reason) => return Err(FormatError::InvalidEvent { reason }),
        },
        Value::Array(items) if items.is_empty() => return Err(FormatError::Empty),
        Value::Array(items) if items.len() > ITEMS_MAX => {
            return Err(FormatError::TooMany { found: items.len() });
        }
        Value::Array(items) => {
            for (item, value) in items.into_iter().enumerate() {
                warnings.place = format!("item {item}: ");
                let outcome = match value {
                    Value::Object(fields) => event(fields, scale, received_at, &mut warnings),
                    other => Err(format!(
                        "The item is {}. Send an object with at least `summary`.",
                        json::kind(&other)
                    )),
                };
                match outcome {
                    Ok(signal) => parsed.signals.push(signal),
                    Err(reason) => parsed.rejected.push(Rejected { item, reason }),
                }
            }
        }
        other => {
            return Err(FormatError::NotAnObject {
                found: json::kind(&other),
            });
        }
    }
    parsed.warnings = warnings.finish();
    Ok(parsed)
}

fn event(
    fields: Map<String, Value>,
    scale: Scale<'_>,
    received_at: Timestamp,
    warnings: &mut Warnings,
) -> Result<Signal, String> {
    let action = action(&fields, warnings);
    let title_at = TITLES.into_iter().find(|name| {
        fields.get(*name).is_some_and(|value| match value {
            Value::Null => false,
            Value::String(text) => !text::one_line(text).is_empty(),
            _ => true,
        })
    });
    let title = title_at.and_then(|name| text::lenient(fields.get(name), name, warnings));
    let source = text::lenient(fields.get("source"), "source", warnings);
    let component = text::lenient(fields.get("component"), "component", warnings);
    let class = text::lenient(fields.get("class"), "class", warnings);
    let group = text::line(fields.get("group"), "group", FIELD_MAX, warnings);
    let sent_key = text::lenient(fields.get("dedup_key"), "dedup_key", warnings);

    if action == Action::Note && (title.is_none() || sent_key.is_none()) {
        return Err(
            "The note needs a text in `summary`, and the `dedup_key` of an alert.".to_owned(),
        );
    }
    if action == Action::Trigger && title.is_none() {
        return Err(format!(
            "The event has no title. Put one in `summary` (or in `{}`).",
            TITLES[1..].join("`, `")
        ));
    }
    if sent_key.is_none() && title.is_none() {
        return Err(format!(
            "The {action} names no alert. Send the `dedup_key` of its trigger, or the same \
             `summary`, `source`, `component` and `class`."
        ));
    }
    let dedup_key = match &sent_key {
        Some(sent) => {
            if sent.chars().nth(DEDUP_KEY_MAX).is_some() {
                warnings.note(key::CUT_WARNING);
            }
            key::bounded(sent)
        }
        // The fields as sent, so that what is cut for display still tells conditions apart.
        None => key::of_identity(&[
            source.as_deref().unwrap_or_default(),
            title.as_deref().unwrap_or_default(),
            component.as_deref().unwrap_or_default(),
            class.as_deref().unwrap_or_default(),
        ]),
    };

    let mut short = |text: Option<String>, name: &str, max: usize| {
        text.and_then(|text| text::shortened_line(&text, name, max, warnings))
    };
    let summary = short(title, title_at.unwrap_or("summary"), SUMMARY_MAX).unwrap_or_default();
    let mut signal = Signal::new(action, dedup_key, summary);
    signal.source = short(source, "source", FIELD_MAX).unwrap_or_default();
    signal.component = short(component, "component", FIELD_MAX);
    signal.class = short(class, "class", FIELD_MAX);
    signal.group = group;
    signal.group_key = text::lenient(fields.get("group_key"), "group_key", warnings)
        .map(|group_key| key::bounded(&group_key));
    let word = text::lenient(fields.get("severity"), "severity", warnings);
    signal.severity = severity_of(word, scale, warnings);
    signal.monitor_time = time::or_receipt(
        fields.get("timestamp"),
        "timestamp",
        Some(received_at),
        warnings,
    );
    if let (Action::Note, Some(at)) = (action, signal.monitor_time) {
        let delivery = Delivery::of_note(&signal.dedup_key, &at.to_string(), &signal.summary);
        signal.delivery = Some(delivery);
    }
    signal.links = links(fields.get("link"), warnings);
    signal.links.extend(links(fields.get("links"), warnings));
    signal.details = json::shallow(details(fields, title_at));
    Ok(signal)
}

/// `details`, or the fields that have no meaning of their own.
fn details(mut fields: Map<String, Value>, title_at: Option<&str>) -> Value {
    if let Some(details) = fields.remove("details") {
        return details;
    }
    fields.retain(|name, _| !KNOWN.contains(&name.as_str()) && Some(name.as_str()) != title_at);
    if fields.is_empty() {
        Value::Null
    } else {
        Value::Object(fields)
    }
}

fn action(fields: &Map<String, Value>, warnings: &mut Warnings) -> Action {
    for name in ["action", "event_action"] {
        let Some(sent) = text::lenient(fields.get(name), name, warnings) else {
            continue;
        };
        // Of ours alone: other monitors' words of that kind are no reason to page nobody.
        if name == "action" && sent.trim().eq_ignore_ascii_case("note") {
            return Action::Note;
        }
        return action_of(&sent).unwrap_or_else(|| {
            warnings.note(format!(
                "{name} {} is not a known word: used \"trigger\"",
                quoted(&sent)
            ));
            Action::Trigger
        });
    }
    // A `status` is rarely meant for us (a door can be closed, a backup can have failed), so only
    // the words of monitoring count.
    for name in ["status", "state"] {
        match fields
            .get(name)
            .and_then(Value::as_str)
            .map(|word| word.trim().to_lowercase())
        {
            Some(word) if ["resolved", "recovered"].contains(&word.as_str()) => {
                return Action::Resolve;
            }
            Some(word) if word == "acknowledged" => return Action::Acknowledge,
            _ => {}
        }
    }
    Action::Trigger
}

/// The action a monitor's word means, in any case.
pub fn action_of(word: &str) -> Option<Action> {
    Some(match word.trim().to_lowercase().as_str() {
        "trigger" | "triggered" | "fire" | "fired" | "firing" | "alert" | "alerting" | "open"
        | "opened" | "reopened" | "create" | "created" | "new" | "problem" | "active"
        | "activated" | "down" | "fail" | "failed" | "failing" => Action::Trigger,
        "acknowledge" | "acknowledged" | "acknowledgement" | "ack" | "acked" => Action::Acknowledge,
        "resolve" | "resolved" | "ok" | "close" | "closed" | "clear" | "cleared" | "recover"
        | "recovered" | "recovery" | "up" | "normal" | "success" | "fixed" | "inactive"
        | "deactivated" => Action::Resolve,
        _ => return None,
    })
}

/// An address, an object with one, or an array of both.
pub(crate) fn links(value: Option<&Value>, warnings: &mut Warnings) -> Vec<Link> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(address)) => link::labelled(address, "", warnings).into_iter().collect(),
        Some(Value::Array(items)) if items.iter().any(Value::is_string) => {
            let as_objects = items
                .iter()
                .map(|item| match item {
                    Value::String(address) => serde_json::json!({ "href": address }),
                    other => other.clone(),
                })
                .collect();
            link::links(Some(&Value::Array(as_objects)), warnings)
        }
        Some(object @ Value::Object(_)) => link::of_object(object, warnings).into_iter().collect(),
        other => link::links(other, warnings),
    }
}
