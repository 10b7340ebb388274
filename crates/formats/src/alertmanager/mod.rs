//! The webhook of Prometheus' Alertmanager, version 4 (WIRE-FORMATS.md §1.4): one alert per
//! fingerprint, or per values of the labels that its owner has chosen, grouped into one incident per
//! group key. A `payload` template of the receiver may make anything else of it, which is no reason
//! to lose an alert. What Prometheus pushes straight to us is in [`push`], what its tools ask in
//! [`api`] and [`silence`].

pub mod api;
mod matcher;
pub mod push;
pub mod silence;

use std::borrow::Cow;
use std::collections::BTreeSet;

use domain::Timestamp;
use domain::signal::{Link, SUMMARY_MAX, Signal};
use domain::word::{Action, AlertSeverity};
use serde_json::{Map, Value, json};

use crate::request::{Encoding, Request};
use crate::settings::Settings;
use crate::severity::Scale;
use crate::text::{self, FIELD_MAX};
use crate::time::{self, Reading};
use crate::vendor::{self, Said};
use crate::warning::{Warnings, quoted};
use crate::{FormatError, ITEMS_MAX, Parsed, Rejected, generic, json, key, link};

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

/// What all alerts of a message share.
struct Group<'a> {
    key: Option<String>,
    is_resolved: bool,
    external_url: &'a str,
    label_values: Vec<String>,
    /// Names of the labels that tell its alerts apart; none: all of them.
    identity: &'a [String],
    scale: Scale<'a>,
    received_at: Timestamp,
}

/// What is read of an alert.
struct Alert<'a> {
    labels: Cow<'a, Map<String, Value>>,
    annotations: Cow<'a, Map<String, Value>>,
    /// Empty where it is not sent, as the texts after it.
    status: &'a str,
    fingerprint: &'a str,
    generator_url: &'a str,
    starts_at: Option<&'a Value>,
    ends: Reading,
}

impl<'a> Alert<'a> {
    /// Of one in a group.
    fn of(alert: &'a Value) -> Result<Self, String> {
        let Some(alert) = alert.as_object() else {
            return Err(format!(
                "The alert is {}. Each of `alerts` must be an object with `labels`.",
                json::kind(alert)
            ));
        };
        let map = |name: &str| {
            json::object(alert, name).map_or_else(|| Cow::Owned(Map::new()), Cow::Borrowed)
        };
        let of_alert = |name: &str| alert.get(name).map(text_of).unwrap_or_default();
        let alert = Alert {
            labels: map("labels"),
            annotations: map("annotations"),
            status: of_alert("status"),
            fingerprint: of_alert("fingerprint"),
            generator_url: of_alert("generatorURL"),
            starts_at: alert.get("startsAt"),
            ends: time::read(alert.get("endsAt")),
        };
        if alert.labels.is_empty() && alert.annotations.is_empty() && alert.fingerprint.is_empty() {
            return Err(
                "The alert has neither `labels`, `annotations` nor `fingerprint`: nothing tells it \
                 from others. Send the labels."
                    .to_owned(),
            );
        }
        Ok(alert)
    }
}

/// A text without what surrounds it; empty of what is none.
fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default().trim()
}

impl Group<'_> {
    fn signal(&self, alert: Alert<'_>, warnings: &mut Warnings) -> Signal {
        let (labels, annotations) = (&*alert.labels, &*alert.annotations);
        warnings.place = match labels.get("alertname").and_then(Value::as_str) {
            Some(name) => format!("alert {}: ", quoted(name)),
            None => String::new(),
        };

        let dedup_key = self.dedup_key(labels, annotations, alert.fingerprint);
        let mut signal = Signal::new(
            self.action(alert.status, alert.ends),
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
        signal.group_key = self.key.clone().or_else(|| push::group_of(labels));
        signal.severity = severity_of(labels, self.scale, warnings);
        signal.monitor_time = time::or_receipt(
            alert.starts_at,
            "startsAt",
            Some(self.received_at),
            warnings,
        );
        // Without a status, whoever sends it says how long it counts unless it is told again.
        if signal.action == Action::Trigger
            && alert.status.is_empty()
            && let Reading::At(end) = alert.ends
        {
            signal.ends_at = Some(end);
        }
        signal.links = self.links(annotations, alert.generator_url, warnings);
        let mut details = Map::with_capacity(2);
        for (name, map) in [("labels", alert.labels), ("annotations", alert.annotations)] {
            details.insert(name.to_owned(), Value::Object(map.into_owned()));
        }
        signal.details = json::shallow(Value::Object(details));
        signal
    }

    /// By the chosen labels, as far as it has them; without any by all of them, as the monitor
    /// itself counts. What has no labels is known by its annotations.
    fn dedup_key(
        &self,
        labels: &Map<String, Value>,
        annotations: &Map<String, Value>,
        fingerprint: &str,
    ) -> String {
        let chosen: Map<String, Value> = (self.identity.iter())
            .filter_map(|name| Some((name.clone(), labels.get(name)?.clone())))
            .filter(|(_, value)| !matches!(value, Value::Null) && value.as_str() != Some(""))
            .collect();
        if !chosen.is_empty() {
            key::fingerprint(&chosen)
        } else if !fingerprint.is_empty() {
            key::bounded(fingerprint)
        } else if labels.is_empty() {
            format!("annotations:{}", key::fingerprint(annotations))
        } else {
            key::fingerprint(labels)
        }
    }

    /// Whether what could not be read speaks of an end; where it says nothing, its group does.
    fn is_over(&self, alert: &Value) -> bool {
        match alert.as_object() {
            Some(fields) if fields.contains_key("status") || fields.contains_key("endsAt") => {
                let status = fields.get("status").map(text_of).unwrap_or_default();
                self.action(status, time::read(fields.get("endsAt"))) == Action::Resolve
            }
            _ => self.is_resolved,
        }
    }

    /// The alert's own status; without one, its end decides, as for alerts pushed by Prometheus
    /// (WIRE-FORMATS.md §1.5).
    fn action(&self, status: &str, ends: Reading) -> Action {
        if status.eq_ignore_ascii_case("resolved") {
            return Action::Resolve;
        }
        if status.eq_ignore_ascii_case("firing") {
            return Action::Trigger;
        }
        match ends {
            Reading::At(end) if end <= self.received_at => Action::Resolve,
            _ => Action::Trigger,
        }
    }

    /// Annotation `summary`, then `title`, then the alert's name with the group's label values;
    /// whatever an annotation says where there is no name.
    fn title(
        &self,
        labels: &Map<String, Value>,
        annotations: &Map<String, Value>,
        warnings: &mut Warnings,
    ) -> String {
        let names: &[&str] = match labels.contains_key("alertname") {
            true => &["summary", "title"],
            false => &["summary", "title", "description", "message"],
        };
        for name in names.iter().copied() {
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
        generator_url: &str,
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
            (generator_url, "Graph"),
            (self.external_url, "Alertmanager"),
        ]
        .into_iter()
        .filter_map(|(address, label)| link::labelled(address, label, warnings))
        .collect()
    }
}

fn severity_of(
    labels: &Map<String, Value>,
    scale: Scale<'_>,
    warnings: &mut Warnings,
) -> AlertSeverity {
    let Some(word) = text::lenient(labels.get("severity"), "label severity", warnings) else {
        let used = scale.fallback_or(AlertSeverity::Warning);
        warnings.note(format!("no label severity: used \"{used}\""));
        return used;
    };
    scale.read(&word).unwrap_or_else(|| {
        // A word of the owner's own: better one page too many than one too few.
        let used = scale.fallback();
        warnings.note(format!(
            "label severity {} is not a known word: used \"{used}\"",
            quoted(&word)
        ));
        used
    })
}
