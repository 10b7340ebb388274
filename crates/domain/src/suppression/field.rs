//! What rules may ask of an alert by name: grouping by fields, matchers, inhibition.

use std::borrow::Cow;

use serde_json::Value;

use crate::alert::Alert;
use crate::signal::Signal;
use crate::word::AlertSeverity;

/// An alert, or the signal that is about to open one, as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    pub severity: AlertSeverity,
    pub summary: &'a str,
    pub source: &'a str,
    pub component: Option<&'a str>,
    pub group: Option<&'a str>,
    pub class: Option<&'a str>,
    pub dedup_key: &'a str,
    pub group_key: Option<&'a str>,
    pub details: &'a Value,
}

impl<'a> Fields<'a> {
    pub fn of_signal(signal: &'a Signal) -> Fields<'a> {
        Fields {
            severity: signal.severity,
            summary: &signal.summary,
            source: &signal.source,
            component: signal.component.as_deref(),
            group: signal.group.as_deref(),
            class: signal.class.as_deref(),
            dedup_key: &signal.dedup_key,
            group_key: signal.group_key.as_deref(),
            details: &signal.details,
        }
    }

    pub fn of_alert(alert: &'a Alert) -> Fields<'a> {
        Fields {
            severity: alert.text.severity,
            summary: &alert.text.summary,
            source: &alert.text.source,
            component: alert.text.component.as_deref(),
            group: alert.text.group.as_deref(),
            class: alert.text.class.as_deref(),
            dedup_key: &alert.dedup_key,
            group_key: alert.group(),
            details: &alert.text.details,
        }
    }

    /// The value of a field: one of the alert's own (`severity`, `source`, `component`, …); below
    /// `details.`, with points between the names; else a label of that name, or a plain value
    /// among the details. `None` when it is missing or empty, which are the same everywhere.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let own = match name {
            "severity" => Some(self.severity.as_str()),
            "summary" => Some(self.summary),
            "source" => Some(self.source),
            "component" => self.component,
            "group" => self.group,
            "class" => self.class,
            "dedup_key" => Some(self.dedup_key),
            "group_key" => self.group_key,
            _ => None,
        };
        if let Some(own) = own.filter(|text| !text.is_empty()) {
            return Some(Cow::Borrowed(own));
        }
        if let Some(path) = name.strip_prefix("details.") {
            let mut value = self.details;
            for part in path.split('.') {
                value = value.get(part)?;
            }
            return plain(value);
        }
        let label = name.strip_prefix("labels.").unwrap_or(name);
        let labels = self.details.get("labels");
        labels
            .and_then(|labels| labels.get(label))
            .and_then(plain)
            .or_else(|| self.details.get(label).and_then(plain))
    }
}

fn plain(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) if !text.is_empty() => Some(Cow::Borrowed(text.as_str())),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::word::Action;

    #[test]
    fn own_fields_labels_and_details_are_found_by_name() {
        let mut signal = Signal::new(Action::Trigger, "k", "Disk full");
        signal.source = "db1".into();
        signal.details = json!({
            "labels": {"alertname": "Disk", "source": "hidden", "group": "storage"},
            "host": {"rack": 7}, "region": "eu", "empty": "",
        });
        let fields = Fields::of_signal(&signal);
        let get = |name: &str| fields.get(name).map(Cow::into_owned);
        assert_eq!(get("severity").as_deref(), Some("critical"));
        assert_eq!(get("source").as_deref(), Some("db1"), "its own comes first");
        assert_eq!(get("labels.source").as_deref(), Some("hidden"));
        assert_eq!(get("group").as_deref(), Some("storage"));
        assert_eq!(get("alertname").as_deref(), Some("Disk"));
        assert_eq!(get("details.host.rack").as_deref(), Some("7"));
        assert_eq!(get("region").as_deref(), Some("eu"));
        for missing in [
            "component",
            "empty",
            "host",
            "details.host",
            "details.no.no",
        ] {
            assert_eq!(get(missing), None, "{missing}");
        }
    }
}
