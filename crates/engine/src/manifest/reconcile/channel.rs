//! Channels.

use std::sync::Arc;

use domain::channel::{Channel, Secret};
use domain::{ChannelId, ScheduleId};

use super::{Work, put};
use crate::configuration::check::Checks;
use crate::configuration::{channel, slug};
use crate::manifest::document::ChannelEntry;
use crate::manifest::value::Located;
use crate::manifest::write::Write;

impl Work<'_> {
    pub(super) fn channel(&mut self, entry: &ChannelEntry) {
        let at = entry.slug.at;
        let existing = self.directory.channel_by_slug(&entry.slug).cloned();
        let created = existing.is_none();
        if !self.first("channel", &entry.slug, at) {
            return;
        }
        let mut fields = vec![];
        let mut edited = existing.unwrap_or_else(|| Channel {
            id: self.id(ChannelId),
            slug: entry.slug.value.clone(),
            name: entry.slug.value.clone(),
            description: String::new(),
            team_id: None,
            kind: entry.kind,
            address: Secret::new(""),
            secret: entry.kind.signs().then(channel::new_secret),
            old_secret: None,
            enabled: true,
            trouble: None,
        });
        let mut checks = Checks::default();
        if created && let Err(message) = slug::check(&entry.slug) {
            checks.add("slug", message);
        }
        if edited.kind != entry.kind {
            checks.add("kind", "the kind of a channel stays: make another channel");
        }
        if let Some(name) = &entry.name {
            let name = checks.name("name", name);
            put(&mut edited.name, name, "name", &mut fields);
        }
        if let Some(text) = &entry.description {
            let text = checks.description("description", text);
            put(&mut edited.description, text, "description", &mut fields);
        }
        if let Some(address) = &entry.address {
            let text = address.value.reveal();
            let text = channel::check_address(&mut checks, "address", entry.kind, text);
            put(
                &mut edited.address,
                Secret::new(text),
                "address",
                &mut fields,
            );
        } else if created {
            checks.add("address", "a new channel needs one");
        }
        if let Some(secret) = &entry.secret {
            let text = secret.value.reveal();
            if !entry.kind.signs() {
                checks.add("secret", "posts to this kind are not signed");
            } else if let Err(message) = channel::check_secret(text) {
                checks.add("secret", message);
            }
            let secret = Some(Secret::new(text));
            put(&mut edited.secret, secret, "secret", &mut fields);
        }
        if let Some(enabled) = entry.enabled {
            put(&mut edited.enabled, enabled, "enabled", &mut fields);
        }
        let team = self.team_of(entry.team.as_ref(), edited.team_id);
        put(&mut edited.team_id, team, "team", &mut fields);
        self.problems(at, checks.into_problems());
        if created {
            self.writes.push(Write::InsertChannel(edited.clone()));
        } else if !fields.is_empty() {
            self.writes.push(Write::UpdateChannel(edited.clone()));
        }
        self.directory.channels.insert(edited.id, Arc::new(edited));
        self.change("channel", entry.slug.value.clone(), created, fields);
    }

    /// The channel of a schedule's hand-offs after this entry. What is to be written is written once
    /// the schedule is.
    pub(super) fn hand_offs(
        &mut self,
        schedule: ScheduleId,
        mentioned: Option<&Option<Located<String>>>,
        fields: &mut Vec<&'static str>,
    ) {
        let before = self.directory.hand_offs.get(&schedule).copied();
        let Some(mentioned) = mentioned else { return };
        let channel = mentioned.as_ref().and_then(|slug| {
            let found = self.directory.channel_by_slug(slug).map(|one| one.id);
            if found.is_none() {
                let message = format!("there is no channel `{}`", slug.value);
                self.fault(slug.at, message);
            }
            found
        });
        if channel == before {
            return;
        }
        fields.push("hand_offs");
        self.writes.push(Write::SetHandOffs { schedule, channel });
        match channel {
            Some(channel) => self.directory.hand_offs.insert(schedule, channel),
            None => self.directory.hand_offs.remove(&schedule),
        };
    }
}
