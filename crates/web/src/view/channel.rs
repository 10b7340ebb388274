//! Channels: places that are told.

use askama::Template;
use domain::channel::ChannelKind;
use domain::notification::Medium;
use domain::word::NotificationState;
use domain::{NotificationId, Timestamp};

use super::form::Form;
use super::frame::{Choice, Frame, Link, Markup};

/// `GET /channels`.
#[derive(Clone, Debug, Template)]
#[template(path = "channel/list.html")]
pub struct ChannelListPage {
    pub frame: Frame,
    /// By name.
    pub rows: Vec<ChannelRow>,
}

#[derive(Clone, Debug)]
pub struct ChannelRow {
    pub name: String,
    pub slug: String,
    pub kind: ChannelKind,
    pub team: Option<Link>,
    /// As much of the address as anybody may see.
    pub address: String,
    pub enabled: bool,
    /// Why the last post was given up.
    pub trouble: Option<String>,
    /// Policies and schedules that tell it.
    pub used: usize,
}

/// `GET /channels/{slug}`, and what follows a new secret or a test.
#[derive(Clone, Debug, Template)]
#[template(path = "channel/page.html")]
pub struct ChannelPage {
    pub frame: Frame,
    pub row: ChannelRow,
    pub description: String,
    /// Whether posts are signed.
    pub signs: bool,
    /// Until when posts are signed with the former secret, too.
    pub old_secret_until: Option<Timestamp>,
    /// Shown once.
    pub new_secret: Option<String>,
    pub used_by: Vec<Link>,
    /// Newest first.
    pub posts: Vec<PostRow>,
    /// What was wrong when it was to be deleted.
    pub form: Form,
}

/// What it was told.
#[derive(Clone, Debug)]
pub struct PostRow {
    pub id: NotificationId,
    pub state: NotificationState,
    pub subject: String,
    /// As a mail would say it.
    pub text: String,
    pub incident: Option<i64>,
    pub created_at: Timestamp,
    pub next_at: Option<Timestamp>,
    pub accepted_at: Option<Timestamp>,
    pub attempts: u32,
    pub last_error: Option<String>,
}

impl ChannelPage {
    fn base(&self) -> String {
        format!("/channels/{}", self.row.slug)
    }

    fn test(&self) -> Markup {
        let action = format!("{}/test", self.base());
        self.frame
            .confirmed_button(&action, "Send a test", "send", "", "")
    }

    fn rotate(&self) -> Markup {
        let action = format!("{}/rotate", self.base());
        let asks = "Posts are signed with the old secret as well for a day. Make a new one?";
        self.frame
            .confirmed_button(&action, "Make a new secret", "refresh", "", asks)
    }
}

/// `GET /channels/new`, `GET /channels/{slug}/edit`, and their posts when something is wrong:
/// `kind` (of a new one), `name`, `slug`, `address`, `team` (id or empty), `description`, `enabled`
/// (`yes`).
#[derive(Clone, Debug, Template)]
#[template(path = "channel/form.html")]
pub struct ChannelFormPage {
    pub frame: Frame,
    pub form: Form,
    /// Of one that is edited.
    pub slug: Option<String>,
    /// Of one that is edited: it stays.
    pub kind: Option<ChannelKind>,
    /// By id.
    pub teams: Vec<Choice>,
}

impl ChannelFormPage {
    fn action(&self) -> String {
        match &self.slug {
            Some(slug) => format!("/channels/{slug}"),
            None => "/channels".to_owned(),
        }
    }

    /// What can be chosen, with what it is for.
    fn kinds(&self) -> Vec<(Choice, &'static str)> {
        ChannelKind::ALL
            .iter()
            .map(|kind| (Choice::new(kind, kind_word(*kind)), kind_hint(*kind)))
            .collect()
    }

    fn address_hint(&self) -> &'static str {
        match self.kind {
            Some(kind) if kind.address_is_secret() => {
                "Whoever knows it can post, so that it is not shown. Empty: it stays."
            }
            Some(ChannelKind::Email) => "The address of the list.",
            _ => "The URL that posts go to, or the address of the mailing list.",
        }
    }

    fn address_needed(&self) -> &'static str {
        match self.kind {
            Some(kind) if kind.address_is_secret() => "autocomplete=\"off\"",
            _ => "required autocomplete=\"off\"",
        }
    }
}

pub fn kind_word(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Webhook => "Webhook",
        ChannelKind::Slack => "Chat: Slack, Mattermost, Rocket.Chat, Discord",
        ChannelKind::Teams => "Microsoft Teams",
        ChannelKind::Email => "Mailing list",
    }
}

fn kind_hint(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Webhook => "A program gets JSON, signed by Standard Webhooks.",
        ChannelKind::Slack => "The URL of an incoming webhook. Of Discord, with /slack at its end.",
        ChannelKind::Teams => "The URL of a workflow that posts to a room when a request comes.",
        ChannelKind::Email => "Mails by the installation's own mail server.",
    }
}

impl Frame {
    /// What kind of place a channel is, with its picture.
    pub fn channel_kind(&self, kind: &ChannelKind) -> Markup {
        self.medium(&Medium::from(*kind))
    }

    /// Whether a channel is told anything.
    pub fn channel_state(&self, row: &ChannelRow) -> Markup {
        let (tone, picture, word) = match (row.enabled, &row.trouble) {
            (false, _) => ("quiet", "bell-off", "switched off"),
            (true, Some(_)) => ("tone-text-alarm", "alert-triangle", "last post failed"),
            (true, None) => ("tone-text-fine", "circle-check", "on"),
        };
        Markup(format!(
            "<span class=\"{tone}\">{} {word}</span>",
            super::badge::icon(picture)
        ))
    }
}
