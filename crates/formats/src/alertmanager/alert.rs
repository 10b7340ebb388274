//! An alert of Prometheus or an Alertmanager, as the webhook and pushes have it in common.

use std::borrow::Cow;

use domain::Timestamp;
use domain::signal::{Link, SUMMARY_MAX, Signal};
use domain::word::{Action, AlertSeverity};
use serde_json::{Map, Value};

use super::push;
use crate::severity::Scale;
use crate::text::{self, FIELD_MAX};
use crate::time::{self, Reading};
use crate::warning::{Warnings, quoted};
use crate::{json, key, link};

/// What all alerts of a message share.
pub(super) struct Group<'a> {
    pub(super) key: Option<String>,
    pub(super) is_resolved: bool,
    pub(super) external_url: &'a str,
    pub(super) label_values: Vec<String>,
    /// Names of the labels that tell its alerts apart; none: all of them.
    pub(super) identity: &'a [String],
    pub(super) scale: Scale<'a>,
    pub(super) received_at: Timestamp,
}

/// What is read of an alert.
pub(super) struct Alert<'a> {
    pub(super) labels: Cow<'a, Map<String, Value>>,
    pub(super) annotations: Cow<'a, Map<String, Value>>,
    /// Empty where it is not sent, as the texts after it.
    pub(super) status: &'a str,
    pub(super) fingerprint: &'a str,
    pub(super) generator_url: &'a str,
    pub(super) starts_at: Option<&'a Value>,
    pub(super) ends: Reading,
}

impl<'a> Alert<'a> {
    /// Of one in a group.
    pub(super) fn of(alert: &'a Value) -> Result<Self, String> {
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
pub(super) fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default().trim()
}

impl Group<'_> {
    pub(super) fn signal(&self, alert: Alert<'_>, warnings: &mut Warnings) -> Signal {
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
    pub(super) fn is_over(&self, alert: &Value) -> bool {
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
