//! Maintenance windows, silences and rules of inhibition: what keeps alerts from paging.

mod form;
mod inhibition;

use askama::Template;
use domain::suppression::{MatchOp, SuppressionKind};
use domain::{SuppressionId, Timestamp};

pub use form::{MatcherRow, SuppressionForm, SuppressionFormPage, SuppressionPreview};
pub use inhibition::{InhibitionForm, InhibitionFormPage, InhibitionListPage, InhibitionRow};

use super::alert::AlertRow;
use super::badge::{Tone, badge};
use super::form::Form;
use super::frame::{Frame, Link, Markup};

/// Which of the two a page is about: they differ in words and in what they must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    Silence,
    Maintenance,
}

impl Noun {
    pub const ALL: [Noun; 2] = [Noun::Silence, Noun::Maintenance];

    /// `None` for what nobody makes by hand.
    pub fn of(kind: SuppressionKind) -> Option<Noun> {
        match kind {
            SuppressionKind::Silence => Some(Noun::Silence),
            SuppressionKind::Maintenance => Some(Noun::Maintenance),
            SuppressionKind::Inhibition | SuppressionKind::Flapping | SuppressionKind::Rule => None,
        }
    }

    pub fn kind(self) -> SuppressionKind {
        match self {
            Noun::Silence => SuppressionKind::Silence,
            Noun::Maintenance => SuppressionKind::Maintenance,
        }
    }

    /// Where its pages are.
    pub fn path(self) -> &'static str {
        match self {
            Noun::Silence => "/silences",
            Noun::Maintenance => "/maintenance-windows",
        }
    }

    /// As in "New …".
    pub fn one(self) -> &'static str {
        match self {
            Noun::Silence => "silence",
            Noun::Maintenance => "maintenance window",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Noun::Silence => "Silences",
            Noun::Maintenance => "Maintenance windows",
        }
    }

    pub fn is_silence(self) -> bool {
        self == Noun::Silence
    }
}

/// `GET /silences`, `GET /maintenance-windows`.
#[derive(Clone, Debug, Template)]
#[template(path = "suppression/list.html")]
pub struct SuppressionListPage {
    pub frame: Frame,
    pub noun: Noun,
    /// In force; the first to end stands first.
    pub now: Vec<SuppressionRow>,
    /// The first to begin stands first.
    pub to_come: Vec<SuppressionRow>,
    /// The last to end stands first.
    pub ended: Vec<SuppressionRow>,
}

impl SuppressionListPage {
    fn tab(&self) -> &'static str {
        match self.noun {
            Noun::Silence => "silences",
            Noun::Maintenance => "maintenance",
        }
    }
}

/// One of them as lists show it.
#[derive(Clone, Debug)]
pub struct SuppressionRow {
    pub noun: Noun,
    pub id: SuppressionId,
    /// Why.
    pub comment: String,
    /// Who made it.
    pub author: String,
    pub services: Vec<Link>,
    /// By name.
    pub integrations: Vec<String>,
    /// As they are written: `env="prod"`.
    pub matchers: Vec<String>,
    /// `every week on Sunday`; `None`: once.
    pub repeats: Option<String>,
    pub standing: Standing,
    /// Open alerts that it holds back.
    pub held: u64,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Now {
        until: Timestamp,
    },
    ToCome {
        from: Timestamp,
        until: Timestamp,
    },
    Over {
        at: Timestamp,
    },
    /// Ended by hand before its time.
    Ended {
        at: Timestamp,
    },
}

impl SuppressionRow {
    pub fn href(&self) -> String {
        format!("{}/{}", self.noun.path(), self.id)
    }

    pub fn is_over(&self) -> bool {
        matches!(
            self.standing,
            Standing::Over { .. } | Standing::Ended { .. }
        )
    }

    pub fn badge(&self) -> Markup {
        match self.standing {
            Standing::Now { .. } => badge(Tone::Info, "bell-off", "In force"),
            Standing::ToCome { .. } => badge(Tone::Off, "clock", "To come"),
            Standing::Over { .. } => badge(Tone::Off, "check", "Over"),
            Standing::Ended { .. } => badge(Tone::Off, "x", "Ended early"),
        }
    }

    /// `3 alerts`.
    pub fn held_words(&self) -> String {
        match self.held {
            0 => "no alert so far".to_owned(),
            1 => "1 alert".to_owned(),
            count => format!("{count} alerts"),
        }
    }
}

/// `GET /silences/{id}`, `GET /maintenance-windows/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "suppression/page.html")]
pub struct SuppressionPage {
    pub frame: Frame,
    pub row: SuppressionRow,
    pub created_at: Timestamp,
    pub zone: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    /// Who ended it before its time.
    pub ended_by: Option<String>,
    /// The next five, with what holds now.
    pub occurrences: Vec<(Timestamp, Timestamp)>,
    /// Open alerts that it keeps from paging, the newest.
    pub held: Vec<AlertRow>,
    /// Open alerts that it matches and that have paged before, the newest.
    pub paged: Vec<AlertRow>,
}

impl SuppressionPage {
    fn end_url(&self) -> String {
        format!("{}/end", self.row.href())
    }
}

impl Frame {
    /// What a comparison means.
    pub fn match_word(&self, op: &MatchOp) -> &'static str {
        match op {
            MatchOp::Equal => "is",
            MatchOp::NotEqual => "is not",
            MatchOp::Pattern => "matches",
            MatchOp::NotPattern => "does not match",
        }
    }
}

impl Form {
    /// [`Form::marked`] of the name of a matcher's row.
    pub fn marked_row(&self, side: &str, n: &usize) -> Markup {
        self.marked(&format!("{side}-{n}-name"))
    }

    /// [`Form::complaint`] of the name of a matcher's row.
    pub fn row_complaint(&self, side: &str, n: &usize) -> Markup {
        self.complaint(&format!("{side}-{n}-name"))
    }
}

/// Says on another page that something is held back there.
#[derive(Clone, Debug)]
pub struct Notice {
    /// `Maintenance: no alert of this service pages`.
    pub text: String,
    pub comment: String,
    pub until: Timestamp,
    pub href: String,
}
