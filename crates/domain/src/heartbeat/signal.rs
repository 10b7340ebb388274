//! What a heartbeat tells its integration.

use serde_json::{Map, Value};

use super::{Heartbeat, Ping};
use crate::signal::{SUMMARY_MAX, Signal};
use crate::word::Action;
use crate::{HeartbeatId, Timestamp};

/// Under which the alert of a heartbeat is known; a new name does not change it.
pub fn dedup_key(id: HeartbeatId) -> String {
    format!("heartbeat:{id}")
}

impl Heartbeat {
    fn trigger(&self, what: &str, at: Timestamp, mut details: Map<String, Value>) -> Signal {
        let settings = &self.settings;
        let summary = settings
            .message
            .clone()
            .unwrap_or_else(|| format!("{} {what}", settings.name));
        let mut put = |name: &str, value: Value| details.insert(name.to_owned(), value);
        put("heartbeat", settings.name.clone().into());
        put("expected_every", settings.interval.to_string().into());
        if let Some(last) = self.last_ping {
            put("last_ping", last.to_seconds_string().into());
        }
        if !settings.description.is_empty() {
            put("description", settings.description.clone().into());
        }
        if !settings.tags.is_empty() {
            put("tags", settings.tags.clone().into());
        }
        let mut signal = self.signal(Action::Trigger, &summary, at);
        signal.details = Value::Object(details);
        signal
    }

    fn signal(&self, action: Action, summary: &str, at: Timestamp) -> Signal {
        let summary: String = summary.chars().take(SUMMARY_MAX).collect();
        let mut signal = Signal::new(action, dedup_key(self.id), summary);
        signal.severity = self.settings.severity;
        signal.source.clone_from(&self.settings.name);
        signal.class = Some("heartbeat".to_owned());
        signal.monitor_time = Some(at);
        signal
    }

    pub(super) fn missed(&self, due: Timestamp, began: Option<Timestamp>) -> Signal {
        let mut details = Map::new();
        details.insert("expected_by".into(), due.to_seconds_string().into());
        match began {
            Some(began) => {
                details.insert("run_began".into(), began.to_seconds_string().into());
                self.trigger("began a run that did not end in time", due, details)
            }
            None => self.trigger("has missed its heartbeat", due, details),
        }
    }

    pub(super) fn failed(&self, ping: &Ping, at: Timestamp) -> Signal {
        let mut details = Map::new();
        if !ping.output.trim().is_empty() {
            details.insert("output".into(), ping.output.trim_end().into());
        }
        match ping.exit_status {
            Some(status) => {
                details.insert("exit_status".into(), status.into());
                self.trigger(
                    &format!("has failed with exit status {status}"),
                    at,
                    details,
                )
            }
            None => self.trigger("has failed", at, details),
        }
    }

    pub(super) fn resolved(&self, at: Timestamp) -> Signal {
        let summary = format!("{} is heard of again", self.settings.name);
        self.signal(Action::Resolve, &summary, at)
    }
}
