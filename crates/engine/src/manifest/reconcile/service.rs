//! Services with their integrations, and the settings of the installation.

use std::sync::Arc;

use domain::directory::Settings;
use domain::integration::IntegrationSettings;
use domain::policy::TARGETS_MAX;
use domain::routing::Routing;
use domain::service::{Integration, Service, ServiceSettings};
use domain::{IntegrationId, ServiceId};
use formats::settings::Secret as Signing;

use super::routing::Given;
use super::{Work, put};
use crate::account::secret;
use crate::configuration::check::Checks;
use crate::configuration::integration::{
    SettingsEdit, check_key, integration_problems, settings_of, stored,
};
use crate::configuration::service::settings_problems;
use crate::configuration::slug;
use crate::manifest::document::{IntegrationEntry, ServiceEntry, SettingsEntry};
use crate::manifest::value::Place;
use crate::manifest::write::Write;

impl Work<'_> {
    pub(super) fn service(&mut self, entry: &ServiceEntry) {
        let at = entry.slug.at;
        let existing = self.directory.service_by_slug(&entry.slug).cloned();
        let created = existing.is_none();
        if !self.first("service", &entry.slug, at) {
            return;
        }
        let mut fields = vec![];
        let mut edited = match existing {
            Some(service) => service,
            None => Service {
                id: self.id(ServiceId),
                slug: entry.slug.value.clone(),
                name: entry.slug.value.clone(),
                description: String::new(),
                team_id: None,
                policy_id: None,
                settings: ServiceSettings::default(),
            },
        };
        let mut checks = Checks::default();
        if created && let Err(message) = slug::check(&entry.slug) {
            checks.add("slug", message);
        }
        if let Some(name) = &entry.name {
            put(
                &mut edited.name,
                checks.name("name", name),
                "name",
                &mut fields,
            );
        }
        if let Some(text) = &entry.description {
            let text = checks.description("description", text);
            put(&mut edited.description, text, "description", &mut fields);
        }
        self.problems(at, checks.into_problems());
        let team = self.team_of(entry.team.as_ref(), edited.team_id);
        put(&mut edited.team_id, team, "team", &mut fields);
        let before = edited.policy_id;
        if let Some(policy) = &entry.policy {
            let policy = policy.as_ref().and_then(|slug| {
                let found = self.directory.policy_by_slug(slug).map(|policy| policy.id);
                if found.is_none() {
                    self.fault(slug.at, format!("there is no policy `{}`", slug.value));
                }
                found
            });
            put(&mut edited.policy_id, policy, "policy", &mut fields);
        }
        self.service_settings(entry, &mut edited.settings, &mut fields);
        if created {
            self.writes.push(Write::InsertService(edited.clone()));
        } else if !fields.is_empty() {
            self.writes.push(Write::UpdateService {
                service: edited.clone(),
                policy_changed: edited.policy_id != before,
            });
        }
        let id = edited.id;
        self.directory.services.insert(id, Arc::new(edited));
        self.change("service", entry.slug.value.clone(), created, fields);
        for integration in &entry.integrations {
            self.integration(&entry.slug, id, integration);
        }
    }

    fn service_settings(
        &mut self,
        entry: &ServiceEntry,
        settings: &mut ServiceSettings,
        fields: &mut Vec<&'static str>,
    ) {
        if let Some(urgency) = entry.urgency {
            put(&mut settings.urgency, urgency, "urgency", fields);
        }
        if let Some(grouping) = entry.grouping {
            put(&mut settings.grouping, grouping, "grouping", fields);
        }
        if let Some(severities) = &entry.high_severities {
            let slot = &mut settings.high_severities;
            put(slot, severities.clone(), "high_severities", fields);
        }
        if let Some(hours) = &entry.support_hours {
            let slot = &mut settings.support_hours;
            put(slot, Some(hours.clone()), "support_hours", fields);
        }
        if let Some(names) = &entry.grouping_fields {
            let slot = &mut settings.grouping_fields;
            put(slot, names.clone(), "grouping_fields", fields);
        }
        if let Some(window) = &entry.grouping_window {
            let slot = &mut settings.grouping_window;
            put(slot, window.value.0, "grouping_window", fields);
        }
        if let Some(limit) = entry.storm_limit {
            let limit = Some(limit).filter(|limit| *limit > 0);
            put(&mut settings.storm_limit, limit, "storm_limit", fields);
        }
        if let Some(auto_resolve) = entry.auto_resolve {
            put(
                &mut settings.auto_resolve,
                auto_resolve,
                "auto_resolve",
                fields,
            );
        }
        if let Some(window) = &entry.reopen_window {
            put(
                &mut settings.reopen_window,
                window.value.0,
                "reopen_window",
                fields,
            );
        }
        if let Some(timeout) = &entry.ack_timeout_high {
            let slot = &mut settings.ack_timeout_high;
            put(slot, timeout.value.0, "ack_timeout_high", fields);
        }
        if let Some(timeout) = &entry.ack_timeout_low {
            let slot = &mut settings.ack_timeout_low;
            put(slot, timeout.value.0, "ack_timeout_low", fields);
        }
        for problem in settings_problems(settings) {
            let at = match problem.field.as_str() {
                "reopen_window" => entry.reopen_window.as_ref().map(|value| value.at),
                "grouping_window" => entry.grouping_window.as_ref().map(|value| value.at),
                "ack_timeout_high" => entry.ack_timeout_high.as_ref().map(|value| value.at),
                "ack_timeout_low" => entry.ack_timeout_low.as_ref().map(|value| value.at),
                _ => None,
            };
            self.problems(at.unwrap_or(entry.slug.at), vec![problem]);
        }
    }

    fn integration(&mut self, service: &str, service_id: ServiceId, entry: &IntegrationEntry) {
        let at = entry.name.at;
        let mut checks = Checks::default();
        let name = checks.name("name", &entry.name);
        self.problems(at, checks.into_problems());
        let label = format!("{service}/{name}");
        if !self.first("integration", &label, at) {
            return;
        }
        let key = self.key(entry);
        let existing = self
            .directory
            .integrations
            .values()
            .find(|one| one.service_id == service_id && one.name == name)
            .map(|one| (**one).clone())
            .or_else(|| self.moved(&name, key.as_ref().map(|(hash, ..)| hash)));
        let created = existing.is_none();
        let mut fields = vec![];
        let mut edited = match (existing, key) {
            (Some(mut integration), key) => {
                put(
                    &mut integration.service_id,
                    service_id,
                    "service",
                    &mut fields,
                );
                put(&mut integration.kind, entry.kind, "kind", &mut fields);
                if let Some((hash, hint, _)) = key {
                    put(&mut integration.key_hash, hash, "key", &mut fields);
                    if fields.contains(&"key") {
                        integration.key_hint = hint;
                    }
                }
                integration
            }
            (None, Some((key_hash, key_hint, _))) => Integration {
                id: self.id(IntegrationId),
                service_id,
                name,
                kind: entry.kind,
                key_hash,
                key_hint,
                settings: IntegrationSettings::default(),
                routing: Routing::default(),
                created_at: self.now,
            },
            (None, None) => {
                self.fault(
                    at,
                    "a new integration needs its key: `key: ${NAME}` takes it from the \
                     environment",
                );
                return;
            }
        };
        self.integration_settings(&mut edited, entry, &mut fields);
        let holder = self.directory.integration_keys.get(&edited.key_hash);
        if holder.is_some_and(|holder| *holder != edited.id) {
            let place = key_place(entry).unwrap_or(at);
            self.fault(place, "another integration has this key");
        }
        self.directory
            .integration_keys
            .retain(|_, id| *id != edited.id);
        self.directory
            .integration_keys
            .insert(edited.key_hash, edited.id);
        if created {
            self.writes.push(Write::InsertIntegration(edited.clone()));
        } else if !fields.is_empty() {
            self.writes.push(Write::UpdateIntegration(edited.clone()));
        }
        let id = edited.id;
        self.directory.integrations.insert(id, Arc::new(edited));
        if let Some(rules) = &entry.routing_rules {
            self.routing.push(Given {
                integration: id,
                label: label.clone(),
                at,
                rules: rules.clone(),
            });
        }
        self.change("integration", label.clone(), created, fields);
        for beat in &entry.heartbeats {
            self.heartbeat(&label, id, beat);
        }
    }

    /// A global integration of this name and key that another service has: what no rule sends
    /// elsewhere goes to this one from now on.
    fn moved(&self, name: &str, key: Option<&[u8; 32]>) -> Option<Integration> {
        let holder = self.directory.integration_by_key(key?)?;
        (holder.name == name && holder.routing.on).then(|| holder.clone())
    }

    /// How the requests of an integration are read.
    fn integration_settings(
        &mut self,
        edited: &mut Integration,
        entry: &IntegrationEntry,
        fields: &mut Vec<&'static str>,
    ) {
        let place = |name: &str| match name {
            "secret" => entry.secret.iter().flatten().map(|one| one.at).next(),
            "severity" => entry.severity.iter().flatten().map(|one| one.at).next(),
            "severity_words" => {
                let words = entry.severity_words.iter().flatten();
                words.map(|one| one.at).next()
            }
            "identity_labels" => {
                let labels = entry.identity_labels.iter().flatten();
                labels.map(|one| one.at).next()
            }
            "rate_limit" => entry.rate_limit.iter().flatten().map(|one| one.at).next(),
            "on_silence" => entry.on_silence.as_ref().map(|one| one.at),
            "resolve_after" => entry
                .resolve_after
                .iter()
                .flatten()
                .map(|one| one.at)
                .next(),
            "insufficient_data" => {
                let chosen = entry.insufficient_data.iter().flatten();
                chosen.map(|one| one.at).next()
            }
            "mail" => entry.mail.iter().flatten().map(|one| one.at).next(),
            _ => entry.mapping.iter().flatten().map(|one| one.at).next(),
        };
        let edit = SettingsEdit {
            secret: (entry.secret.as_ref()).map(|one| {
                one.as_ref()
                    .and_then(|one| Signing::new(one.value.reveal()))
            }),
            severity: (entry.severity.as_ref()).map(|one| one.as_ref().map(|one| one.value)),
            severity_words: (entry.severity_words.as_ref())
                .map(|one| one.as_ref().map_or_else(Vec::new, |one| one.value.clone())),
            mapping: (entry.mapping.as_ref()).map(|one| one.as_ref().map(|one| one.value.clone())),
            mail: (entry.mail.as_ref()).map(|one| one.as_ref().map(|one| one.value.clone())),
            identity_labels: (entry.identity_labels.as_ref())
                .map(|one| one.as_ref().map_or_else(Vec::new, |one| one.value.clone())),
            rate_limit: (entry.rate_limit.as_ref()).map(|one| one.as_ref().map(|one| one.value)),
            on_silence: entry.on_silence.as_ref().map(|one| one.value),
            resolve_after: (entry.resolve_after.as_ref())
                .map(|one| one.as_ref().map(|one| one.value.0)),
            insufficient_data: (entry.insufficient_data.as_ref())
                .map(|one| one.as_ref().map(|one| one.value)),
        };
        let after = settings_of(edited).and_then(|before| {
            let (after, changed) = edit.apply(before);
            Ok((stored(&after)?, after, changed))
        });
        let (text, after, changed) = match after {
            Ok(after) => after,
            Err(error) => return self.fault(entry.name.at, error.to_string()),
        };
        for problem in integration_problems(&after, edited.kind, &changed) {
            let name = problem.field.split('.').next().unwrap_or_default();
            self.problems(place(name).unwrap_or(entry.name.at), vec![problem]);
        }
        edited.settings = text;
        fields.extend(changed);
    }

    /// Digest, hint and place of the key that stands in the file.
    fn key(&mut self, entry: &IntegrationEntry) -> Option<([u8; 32], String, Place)> {
        match (&entry.key, &entry.key_sha256) {
            (Some(_), Some(hash)) => {
                self.fault(hash.at, "`key` and `key_sha256` exclude each other");
                None
            }
            (Some(key), None) => {
                let text = key.value.reveal();
                if let Err(message) = check_key(text) {
                    self.fault(key.at, format!("key: {message}"));
                }
                Some((secret::digest(text), secret::hint(text), key.at))
            }
            (None, Some(hash)) => {
                let Some(digest) = secret::from_hex(hash) else {
                    self.fault(hash.at, "key_sha256: 64 hexadecimal digits are needed");
                    return None;
                };
                let hint = entry.key_hint.clone().unwrap_or_default();
                Some((digest, hint.chars().take(4).collect(), hash.at))
            }
            (None, None) => None,
        }
    }

    pub(super) fn settings(&mut self, entry: &SettingsEntry) {
        let Some(targets) = &entry.last_resort else {
            return;
        };
        let at = targets
            .first()
            .map_or_else(Place::default, |target| target.at);
        if targets.is_empty() || targets.len() > TARGETS_MAX {
            let message = format!("last_resort: 1 to {TARGETS_MAX} targets are possible");
            self.fault(at, message);
        }
        let mut last_resort = vec![];
        for target in targets {
            match self.target(target) {
                Some(found) if last_resort.contains(&found) => {
                    self.fault(target.at, "last_resort: this target stands here twice");
                }
                found => last_resort.extend(found),
            }
        }
        let mut fields = vec![];
        let settings = &mut self.directory.settings;
        put(
            &mut settings.last_resort,
            last_resort,
            "last_resort",
            &mut fields,
        );
        if !fields.is_empty() {
            let settings = Settings::clone(settings);
            self.writes.push(Write::PutSettings(settings));
        }
        self.change("settings", "of the installation", false, fields);
    }
}

fn key_place(entry: &IntegrationEntry) -> Option<Place> {
    let key = entry.key.as_ref().map(|key| key.at);
    key.or(entry.key_sha256.as_ref().map(|hash| hash.at))
}
