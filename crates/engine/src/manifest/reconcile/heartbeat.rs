//! Heartbeats of an integration.

use domain::heartbeat::{Heartbeat, HeartbeatSettings};
use domain::{HeartbeatId, IntegrationId, Span};

use super::{Work, put};
use crate::configuration::heartbeat::heartbeat_problems;
use crate::manifest::document::HeartbeatEntry;
use crate::manifest::write::Write;

impl Work<'_> {
    /// `of` is the integration's label, for people.
    pub(super) fn heartbeat(
        &mut self,
        of: &str,
        integration: IntegrationId,
        entry: &HeartbeatEntry,
    ) {
        let at = entry.name.at;
        let name = entry.name.value.trim().to_owned();
        let label = format!("{of}/{name}");
        if !self.first("heartbeat", &label, at) {
            return;
        }
        let existing = self
            .current
            .heartbeats
            .iter()
            .find(|beat| beat.integration_id == integration && beat.settings.name == name);
        let before = existing.map(|beat| (beat.id, beat.settings.clone()));
        let created = before.is_none();
        if created && entry.interval.is_none() {
            self.fault(at, "a new heartbeat needs its `interval`, such as 24h");
            return;
        }
        let mut settings = match &before {
            Some((_, settings)) => settings.clone(),
            None => HeartbeatSettings::new(name, Span::from_days(1)),
        };
        let mut fields = vec![];
        if let Some(interval) = entry.interval {
            put(&mut settings.interval, interval.0, "interval", &mut fields);
        }
        if let Some(grace) = entry.grace {
            put(&mut settings.grace, grace.0, "grace", &mut fields);
        }
        if let Some(longest) = &entry.longest_run {
            let longest = longest.as_ref().map(|one| one.value.0);
            put(
                &mut settings.longest_run,
                longest,
                "longest_run",
                &mut fields,
            );
        }
        if let Some(severity) = entry.severity {
            put(&mut settings.severity, severity, "severity", &mut fields);
        }
        if let Some(message) = &entry.message {
            let message = message.as_ref().map(|one| one.value.trim().to_owned());
            put(&mut settings.message, message, "message", &mut fields);
        }
        if let Some(tags) = &entry.tags {
            put(&mut settings.tags, tags.clone(), "tags", &mut fields);
        }
        if let Some(text) = &entry.description {
            let text = text.trim().to_owned();
            put(&mut settings.description, text, "description", &mut fields);
        }
        self.problems(at, heartbeat_problems(&settings));
        match before {
            None => {
                let id = self.id(HeartbeatId);
                let new = Heartbeat::new(id, integration, settings, self.now);
                self.writes.push(Write::InsertHeartbeat(new));
            }
            Some((id, _)) if !fields.is_empty() => {
                self.writes.push(Write::UpdateHeartbeat { id, settings });
            }
            Some(_) => {}
        }
        self.change("heartbeat", label, created, fields);
    }
}
