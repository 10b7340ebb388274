//! The webhook of Prometheus' Alertmanager, version 4 (WIRE-FORMATS.md §1.4): one alert per
//! fingerprint, or per values of the labels that its owner has chosen, grouped into one incident per group key. What Prometheus pushes straight to us is
//! in [`push`], what its tools ask in [`api`] and
//! [`silence`].

pub mod api;
mod matcher;
pub mod push;
pub mod silence;

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::signal::{Link, SUMMARY_MAX, Signal};
use domain::word::{Action, AlertSeverity};
use serde_json::{Map, Value, json};

use crate::settings::Settings;
use crate::text::{self, FIELD_MAX};
use crate::warning::{Warnings, quoted};
use crate::{FormatError, ITEMS_MAX, Parsed, Rejected, generic, json, key, link, severity, time};

/// Reads a request. A body without `alerts` comes from a `payload` template of the receiver and is
/// read as generic JSON.
///
/// # Errors
/// When the body is not JSON, or makes no sense as generic JSON either.
pub fn parse(
    body: &[u8],
    settings: &Settings,
    received_at: Timestamp,
) -> Result<Parsed, FormatError> {
    let mut parsed = parse_each(body, settings, received_at)?;
    firing_wins(&mut parsed, settings);
    Ok(parsed)
}

/// As [`parse`], with a signal for each alert, in their order.
pub(crate) fn parse_each(
    body: &[u8],
    settings: &Settings,
    received_at: Timestamp,
) -> Result<Parsed, FormatError> {
    let (value, mended) = json::read(body).map_err(|error| FormatError::NotJson {
        reason: error.to_string(),
    })?;
    let mut parsed = of_value(value, settings, received_at)?;
    parsed
        .warnings
        .splice(0..0, Warnings::of_body(mended).finish());
    Ok(parsed)
}

/// As [`parse_each`], for JSON already read.
fn of_value(
    value: Value,
    settings: &Settings,
    received_at: Timestamp,
) -> Result<Parsed, FormatError> {
    match value.get("alerts") {
        Some(Value::Array(alerts)) if alerts.len() > ITEMS_MAX => {
            Err(FormatError::TooMany { found: alerts.len() })
        }
        Some(Value::Array(alerts)) => Ok(webhook(&value, alerts, settings, received_at)),
        _ => generic::of_value(value, received_at).map_err(|error| match error {
            FormatError::InvalidEvent { reason } => FormatError::InvalidEvent {
                reason: format!(
                    "The body is no Alertmanager webhook (it has no `alerts`), nor an event: {reason}"
                ),
            },
            other => other,
        }),
    }
}

fn webhook(body: &Value, alerts: &[Value], settings: &Settings, received_at: Timestamp) -> Parsed {
    let mut warnings = Warnings::default();
    let of_body = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let group = Group {
        key: Some(of_body("groupKey"))
            .filter(|key| !key.is_empty())
            .map(key::bounded),
        status: of_body("status"),
        external_url: of_body("externalURL"),
        label_values: body
            .get("groupLabels")
            .and_then(Value::as_object)
            .map(label_values)
            .unwrap_or_default(),
        identity: &settings.identity_labels,
        received_at,
    };
    let mut parsed = Parsed::default();
    for (item, alert) in alerts.iter().enumerate() {
        match group.signal(alert, &mut warnings) {
            Ok(signal) => parsed.signals.push(signal),
            Err(reason) => parsed.rejected.push(Rejected { item, reason }),
        }
    }
    warnings.place.clear();
    let is_resolved = group.status.eq_ignore_ascii_case("resolved");
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

/// What all alerts of a message share.
struct Group<'a> {
    key: Option<String>,
    status: &'a str,
    external_url: &'a str,
    label_values: Vec<String>,
    /// Names of the labels that tell its alerts apart; none: all of them.
    identity: &'a [String],
    received_at: Timestamp,
}

impl Group<'_> {
    fn signal(&self, alert: &Value, warnings: &mut Warnings) -> Result<Signal, String> {
        let Some(alert) = alert.as_object() else {
            return Err(format!(
                "The alert is {}. Each of `alerts` must be an object with `labels`.",
                json::kind(alert)
            ));
        };
        let nothing = Map::new();
        let labels = json::object(alert, "labels").unwrap_or(&nothing);
        let annotations = json::object(alert, "annotations").unwrap_or(&nothing);
        let of_alert = |name: &str| alert.get(name).and_then(Value::as_str).map(str::trim);
        let fingerprint = of_alert("fingerprint").filter(|text| !text.is_empty());
        if labels.is_empty() && fingerprint.is_none() {
            return Err(
                "The alert has neither `labels` nor `fingerprint`: nothing tells it from others. \
                 Send the labels."
                    .to_owned(),
            );
        }
        warnings.place = match labels.get("alertname").and_then(Value::as_str) {
            Some(name) => format!("alert {}: ", quoted(name)),
            None => String::new(),
        };

        let dedup_key = self.dedup_key(labels, fingerprint);
        let mut signal = Signal::new(
            self.action(alert),
            dedup_key,
            self.title(labels, annotations, warnings),
        );
        let mut label = |name: &str| {
            text::line(
                labels.get(name),
                &format!("label {name}"),
                FIELD_MAX,
                warnings,
            )
        };
        signal.component = label("job").or_else(|| label("service"));
        signal.class = label("alertname");
        signal.source = label("instance").unwrap_or_else(|| {
            let source = text::cut(&text::one_line(self.external_url), FIELD_MAX);
            if source.is_empty() {
                "unknown".to_owned()
            } else {
                source
            }
        });
        signal.group_key = self.key.clone();
        signal.severity = severity_of(labels, warnings);
        signal.monitor_time = time::or_receipt(
            alert.get("startsAt"),
            "startsAt",
            Some(self.received_at),
            warnings,
        );
        signal.links = self.links(annotations, of_alert("generatorURL"), warnings);
        signal.details = json::shallow(json!({"labels": labels, "annotations": annotations}));
        Ok(signal)
    }

    /// By the chosen labels, as far as it has them; without any by all of them, as the monitor
    /// itself counts.
    fn dedup_key(&self, labels: &Map<String, Value>, fingerprint: Option<&str>) -> String {
        let chosen: Map<String, Value> = (self.identity.iter())
            .filter_map(|name| Some((name.clone(), labels.get(name)?.clone())))
            .filter(|(_, value)| !matches!(value, Value::Null) && value.as_str() != Some(""))
            .collect();
        if !chosen.is_empty() {
            return key::fingerprint(&chosen);
        }
        fingerprint.map_or_else(|| key::fingerprint(labels), key::bounded)
    }

    /// The alert's own status; without one, its end decides, as for alerts pushed by Prometheus
    /// (WIRE-FORMATS.md §1.5).
    fn action(&self, alert: &Map<String, Value>) -> Action {
        let status = alert
            .get("status")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if status.eq_ignore_ascii_case("resolved") {
            return Action::Resolve;
        }
        if status.eq_ignore_ascii_case("firing") {
            return Action::Trigger;
        }
        match time::read(alert.get("endsAt")) {
            time::Reading::At(end) if end <= self.received_at => Action::Resolve,
            _ => Action::Trigger,
        }
    }

    /// Annotation `summary`, then `title`, then the alert's name with the group's label values.
    fn title(
        &self,
        labels: &Map<String, Value>,
        annotations: &Map<String, Value>,
        warnings: &mut Warnings,
    ) -> String {
        for name in ["summary", "title"] {
            let title = text::line(
                annotations.get(name),
                &format!("annotation {name}"),
                SUMMARY_MAX,
                warnings,
            );
            if let Some(title) = title {
                return title;
            }
        }
        let name = text::line(
            labels.get("alertname"),
            "label alertname",
            FIELD_MAX,
            warnings,
        );
        let values = self.label_values.join(", ");
        let title = match (name, values.is_empty()) {
            (Some(name), true) => name,
            (Some(name), false) => format!("{name} ({values})"),
            (None, false) => values,
            (None, true) => "Alert without a name".to_owned(),
        };
        text::cut(&text::one_line(&title), SUMMARY_MAX)
    }

    fn links(
        &self,
        annotations: &Map<String, Value>,
        generator_url: Option<&str>,
        warnings: &mut Warnings,
    ) -> Vec<Link> {
        let annotation = |name: &str| {
            annotations
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        [
            (annotation("runbook_url"), "Runbook"),
            (annotation("dashboard_url"), "Dashboard"),
            (generator_url.unwrap_or_default(), "Graph"),
            (self.external_url, "Alertmanager"),
        ]
        .into_iter()
        .filter_map(|(address, label)| link::labelled(address, label, warnings))
        .collect()
    }
}

fn severity_of(labels: &Map<String, Value>, warnings: &mut Warnings) -> AlertSeverity {
    let Some(word) = text::lenient(labels.get("severity"), "label severity", warnings) else {
        warnings.note("no label severity: used \"warning\"");
        return AlertSeverity::Warning;
    };
    severity::read(&word).unwrap_or_else(|| {
        // A word of the owner's own: better one page too many than one too few.
        warnings.note(format!(
            "label severity {} is not a known word: used \"critical\"",
            quoted(&word)
        ));
        AlertSeverity::Critical
    })
}
