//! Channels: places that are told of incidents (PAGING.md §4.1) — a program behind a webhook, a room
//! of a chat, a mailing list.
//!
//! A channel is no person. It is told once of each execution of a step that names it, and whatever
//! was told of an incident hears that it was acknowledged and resolved; but it answers nothing, so
//! that it never counts as somebody reached: not for the proof of coverage, not for the warnings of
//! §4.10, and not for the rule that paging never goes silent (§4.5).

mod post;
mod render;
#[cfg(test)]
mod tests;

pub use post::{AboutHandOff, AboutIncident, AboutStep, Post, state_word};
pub use render::{Rendered, mail, slack, teams, webhook};

use crate::{ChannelId, Span, TeamId, Timestamp};

/// For so long posts are signed with the former secret as well, after a new one was made: whoever
/// checks them has the time to change it.
pub const OLD_SECRET_FOR: Span = Span::from_hours(24);
/// Longest address, in bytes.
pub const ADDRESS_MAX: usize = 2_000;

crate::words! {
    /// What kind of place a channel is.
    ChannelKind {
        /// A JSON body for a program, signed by Standard Webhooks.
        Webhook = "webhook",
        /// The incoming webhook of Slack, or of a chat that takes the same: Mattermost,
        /// Rocket.Chat, Discord.
        Slack = "slack",
        /// A workflow of Microsoft Teams that takes Adaptive Cards.
        Teams = "teams",
        /// The address of a mailing list.
        Email = "email",
    }

    /// What a channel is told of.
    ChannelEvent {
        /// A step of an escalation names the channel.
        Triggered = "incident.triggered",
        Acknowledged = "incident.acknowledged",
        Resolved = "incident.resolved",
        /// Other people than before are on call for a schedule.
        HandOff = "schedule.hand_off",
        /// Somebody tries the channel out.
        Test = "channel.test",
    }
}

impl ChannelKind {
    /// As it stands in a sentence.
    pub const fn in_words(self) -> &'static str {
        match self {
            ChannelKind::Webhook => "webhook",
            ChannelKind::Slack => "chat (Slack and alike)",
            ChannelKind::Teams => "Microsoft Teams",
            ChannelKind::Email => "mailing list",
        }
    }

    /// Whether whoever knows the address can post there: then it is shown to nobody again.
    pub const fn address_is_secret(self) -> bool {
        matches!(self, ChannelKind::Slack | ChannelKind::Teams)
    }

    /// Whether posts are signed.
    pub const fn signs(self) -> bool {
        matches!(self, ChannelKind::Webhook)
    }
}

/// A text that does not show up in a log. There is no `Display` and no `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The secret itself, for the store and for whoever sends.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("\"…\"")
    }
}

/// A place that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub id: ChannelId,
    pub slug: String,
    pub name: String,
    pub description: String,
    pub team_id: Option<TeamId>,
    pub kind: ChannelKind,
    /// A URL, or the mail address of a list.
    pub address: Secret,
    /// What posts are signed with, where the kind signs: `whsec_` and base64.
    pub secret: Option<Secret>,
    /// The secret before, and until when posts are signed with it, too.
    pub old_secret: Option<(Secret, Timestamp)>,
    pub enabled: bool,
    /// Why the last post was given up; cleared by the next one that is taken.
    pub trouble: Option<String>,
}

impl Channel {
    /// Why nothing is told here, as a clause.
    pub fn why_silent(&self) -> Option<String> {
        (!self.enabled).then(|| format!("channel {} is switched off", self.name))
    }

    /// What may be shown to everybody: the list's address, or the host of a URL.
    pub fn shown_address(&self) -> String {
        shown_address(self.kind, self.address.reveal())
    }

    /// What a post is signed with at an instant, the newest first.
    pub fn secrets_at(&self, now: Timestamp) -> Vec<&Secret> {
        let old = self.old_secret.as_ref();
        let old = old.filter(|(_, until)| now < *until).map(|(old, _)| old);
        self.secret.iter().chain(old).collect()
    }

    /// With another secret; the one before goes on for [`OLD_SECRET_FOR`].
    pub fn rotated(&self, secret: Secret, now: Timestamp) -> Channel {
        let old = self.secret.clone();
        Channel {
            secret: Some(secret),
            old_secret: old.map(|old| (old, now + OLD_SECRET_FOR)),
            ..self.clone()
        }
    }
}

/// The list's address, or `https://hooks.example.com` of a URL, without names, paths and queries.
pub fn shown_address(kind: ChannelKind, address: &str) -> String {
    if kind == ChannelKind::Email {
        return address.to_owned();
    }
    let (scheme, rest) = address.split_once("://").unwrap_or(("https", address));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}")
}
