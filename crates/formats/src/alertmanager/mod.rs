//! The webhook of Prometheus' Alertmanager, version 4 (WIRE-FORMATS.md §1.4): one alert per
//! fingerprint, or per values of the labels that its owner has chosen, grouped into one incident per
//! group key. A `payload` template of the receiver may make anything else of it, which is no reason
//! to lose an alert. What Prometheus pushes straight to us is in [`push`], what its tools ask in
//! [`api`] and [`silence`].

mod alert;
pub mod api;
mod matcher;
pub mod push;
pub mod silence;

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::word::Action;
use serde_json::{Map, Value, json};

use alert::{Alert, Group};

use crate::request::{Encoding, Request};
use crate::settings::Settings;
use crate::vendor::{self, Said};
use crate::warning::{Warnings, quoted};
use crate::{FormatError, ITEMS_MAX, Parsed, Rejected, generic, key};

const WHO: &str = "Alertmanager";

/// Reads a body; see [`receive`].
///
/// # Errors
/// As [`receive`].
pub fn parse(
    body: &[u8],
    settings: &Settings,
    received_at: Timestamp,
) -> Result<Parsed, FormatError> {
    receive(&Request::of_body(body), settings, received_at)
}

/// Reads a request. What is no group of alerts, nor alerts alone, comes from a `payload` template
/// of the receiver: it is read as generic JSON, or kept as it came.
///
/// # Errors
/// When there is nothing in the body, more than [`ITEMS_MAX`] alerts, or the end of something that
/// has no name.
pub(crate) fn receive(
    request: &Request<'_>,
    settings: &Settings,
    received_at: Timestamp,
) -> Result<Parsed, FormatError> {
    let (value, encoding) = request.fields();
    // The address is no message.
    if matches!(encoding, Encoding::Query | Encoding::Nothing) {
        return Err(FormatError::NotJson {
            reason: "it is empty".to_owned(),
        });
    }
    match of_value(WHO, &value, encoding, settings, received_at) {
        Some(parsed) => {
            let mut parsed = parsed?;
            firing_wins(&mut parsed, settings);
            Ok(parsed)
        }
        None => of_template(request, (value, encoding), settings, received_at),
    }
}

/// The alerts of a group, or those of a template that leaves the group out, with a signal for each
/// that is not rejected, in their order. None where there are no alerts.
pub(crate) fn of_value(
    who: &'static str,
    value: &Value,
    encoding: Encoding,
    settings: &Settings,
    received_at: Timestamp,
) -> Option<Result<Parsed, FormatError>> {
    let read = |group: &Value, alerts: &[Value]| {
        if alerts.len() > ITEMS_MAX {
            return Err(FormatError::TooMany {
                found: alerts.len(),
            });
        }
        let mut parsed = webhook(who, group, alerts, settings, received_at);
        let mended = Warnings::of_body(encoding == Encoding::MendedJson);
        parsed.warnings.splice(0..0, mended.finish());
        Ok(parsed)
    };
    match (value, value.get("alerts")) {
        (_, Some(Value::Array(alerts))) if !alerts.is_empty() => {
            // An event may have a list of that name.
            let is_event = is_titled(value) && !alerts.iter().any(is_labelled);
            (!is_event).then(|| read(value, alerts))
        }
        (Value::Array(alerts), _) if alerts.iter().any(is_alert) => {
            Some(read(&Value::Null, alerts))
        }
        (alert, None) if is_alert(alert) => Some(read(&Value::Null, std::slice::from_ref(alert))),
        // An empty list of Go is null.
        (_, None | Some(Value::Null | Value::Array(_))) => {
            value.get("groupKey").and_then(Value::as_str)?;
            match of_group(value) {
                Some(alert) => Some(read(value, &[alert])),
                None => is_resolved(value).then(|| read(value, &[])),
            }
        }
        _ => None,
    }
}

/// Whether this is an alert of Alertmanager's, not an event with labels.
pub(crate) fn is_alert(value: &Value) -> bool {
    is_labelled(value) && !is_titled(value)
}

fn is_labelled(value: &Value) -> bool {
    ["labels", "annotations"]
        .iter()
        .any(|name| value.get(name).is_some_and(Value::is_object))
}

fn is_titled(value: &Value) -> bool {
    (generic::TITLES.iter()).any(|name| value.get(name).is_some_and(|title| !title.is_null()))
}

/// A group that fires without its alerts, as one alert.
fn of_group(group: &Value) -> Option<Value> {
    let of = |name: &str| group.get(name).filter(|found| found.is_object());
    let labels = of("commonLabels").or_else(|| of("groupLabels"))?;
    (!is_resolved(group)).then(
        || json!({"status": "firing", "labels": labels, "annotations": of("commonAnnotations")}),
    )
}

fn is_resolved(value: &Value) -> bool {
    let status = value.get("status").and_then(Value::as_str);
    status.is_some_and(|status| status.eq_ignore_ascii_case("resolved"))
}

/// Whatever else a template makes: an event, JSON of its own, or a text.
fn of_template(
    request: &Request<'_>,
    (value, encoding): (Value, Encoding),
    settings: &Settings,
    received_at: Timestamp,
) -> Result<Parsed, FormatError> {
    match generic::of_value(value.clone(), settings.scale(), received_at) {
        Ok(mut parsed) if parsed.rejected.is_empty() => {
            let mended = Warnings::of_body(encoding == Encoding::MendedJson);
            parsed.warnings.splice(0..0, mended.finish());
            Ok(parsed)
        }
        // An alert about the end of another one would be worse than none.
        Err(FormatError::InvalidEvent { reason }) if is_resolved(&value) => {
            Err(FormatError::InvalidEvent {
                reason: format!(
                    "The body is no Alertmanager webhook (it has no `alerts`), nor an event: \
                     {reason}"
                ),
            })
        }
        _ => {
            let fields = (value, encoding);
            vendor::each_of(WHO, request, fields, settings, received_at, |_, _| {
                Said::Unknown
            })
        }
    }
}

fn webhook(
    who: &'static str,
    body: &Value,
    alerts: &[Value],
    settings: &Settings,
    received_at: Timestamp,
) -> Parsed {
    let mut warnings = Warnings::default();
    let scale = settings.scale();
    let of_body = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let group = Group {
        key: Some(of_body("groupKey"))
            .filter(|key| !key.is_empty())
            .map(key::bounded),
        is_resolved: is_resolved(body),
        external_url: of_body("externalURL"),
        label_values: body
            .get("groupLabels")
            .and_then(Value::as_object)
            .map(label_values)
            .unwrap_or_default(),
        identity: &settings.identity_labels,
        scale,
        received_at,
    };
    let mut parsed = Parsed::default();
    for (item, alert) in alerts.iter().enumerate() {
        match Alert::of(alert) {
            Ok(alert) => parsed.signals.push(group.signal(alert, &mut warnings)),
            Err(reason) => {
                let is_over = group.is_over(alert);
                let is_nameless = generic::of_value(alert.clone(), scale, received_at).is_err();
                if is_over && is_nameless {
                    parsed.rejected.push(Rejected { item, reason });
                    continue;
                }
                warnings.place = format!("alert {item}: ");
                let before = parsed.signals.len();
                vendor::fallback(who, alert, scale, received_at, &mut parsed, &mut warnings);
                for signal in parsed.signals.iter_mut().skip(before) {
                    signal.group_key.clone_from(&group.key);
                    if is_over {
                        signal.action = Action::Resolve;
                    }
                    // The end of one group is not that of another one.
                    if let (true, Some(group)) = (is_nameless, &group.key) {
                        signal.dedup_key = key::of_identity(&[&signal.dedup_key, group]);
                    }
                }
            }
        }
    }
    warnings.place.clear();
    let is_resolved = is_resolved(body);
    let left_out = body
        .get("truncatedAlerts")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    if left_out > 0 {
        warnings.note(format!(
            "max_alerts of the receiver {} left out {left_out} alerts: set it to 0, or alerts are \
             missed and stay open when they end",
            quoted(of_body("receiver"))
        ));
    }
    // The status speaks of what is left in the message only: an alert that was left out may still
    // fire, and closing it would silence it.
    if is_resolved && left_out == 0 {
        parsed.resolve_group = group.key;
    }
    parsed.warnings = warnings.finish();
    parsed
}

/// Where its owner has chosen the labels, alerts of several label sets are one: it is over when
/// none of them fires any more, as far as the request tells.
pub(crate) fn firing_wins(parsed: &mut Parsed, settings: &Settings) {
    if settings.identity_labels.is_empty() {
        return;
    }
    let firing: BTreeSet<String> = (parsed.signals.iter())
        .filter(|signal| signal.action == Action::Trigger)
        .map(|signal| signal.dedup_key.clone())
        .collect();
    (parsed.signals)
        .retain(|signal| signal.action == Action::Trigger || !firing.contains(&signal.dedup_key));
}

/// Values of the group's labels but the alert's name, in the order of the message.
fn label_values(labels: &Map<String, Value>) -> Vec<String> {
    labels
        .iter()
        .filter(|(name, _)| name.as_str() != "alertname")
        .map(|(_, value)| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
        .filter(|value| !value.trim().is_empty())
        .collect()
}
