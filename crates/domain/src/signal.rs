//! A signal: one normalised statement by a monitor (PAGING.md §1.1). Formats make them, routing and
//! dedup consume them.

use serde::{Deserialize, Serialize};

use sha2::{Digest, Sha256};

use crate::word::{Action, AlertSeverity};
use crate::{Span, Timestamp};

/// Longest kept texts, in characters; PagerDuty's limits where it has one (WIRE-FORMATS.md §1.1).
pub const SUMMARY_MAX: usize = 1024;
pub const DEDUP_KEY_MAX: usize = 255;

/// How long the number of a statement is remembered: senders that number theirs try for hours, and
/// by then give up.
pub const DELIVERY_KEPT: Span = Span::from_days(1);

/// One statement of a sender that numbers them, because it may deliver one twice (WIRE-FORMATS.md
/// §1.13, §1.19): the first 16 bytes of a SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivery(pub [u8; 16]);

impl Delivery {
    /// Over the number and what was said: whoever gives the same number to everything says
    /// something new with it all the same.
    pub fn of(number: &[&str], said: &[u8]) -> Delivery {
        let mut hash = Sha256::new();
        for part in number {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.update(said);
        let mut short = [0; 16];
        short.copy_from_slice(&hash.finalize()[..16]);
        Delivery(short)
    }

    /// Of a note, which its sender does not number: the same words of the same time, as its sender
    /// writes that, are the same note.
    pub fn of_note(dedup_key: &str, at: &str, text: &str) -> Delivery {
        Delivery::of(&["note", dedup_key, at], text.as_bytes())
    }
}

/// One normalised statement by a monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    pub action: Action,
    /// Never empty: formats fill in the natural key, or a hash of the identity fields.
    pub dedup_key: String,
    /// Empty only where the signal is no trigger. Of a note, the note.
    pub summary: String,
    pub source: String,
    pub severity: AlertSeverity,
    pub component: Option<String>,
    pub group: Option<String>,
    pub class: Option<String>,
    pub links: Vec<Link>,
    pub images: Vec<Image>,
    /// Free fields of the monitor; any JSON value, `Null` when there are none.
    pub details: serde_json::Value,
    /// When the monitor says it happened; only shown, never used for decisions.
    pub monitor_time: Option<Timestamp>,
    /// Alerts with an equal group key belong to one incident (PAGING.md §2.2).
    pub group_key: Option<String>,
    /// When the condition ends by itself unless it is heard of again.
    pub ends_at: Option<Timestamp>,
    /// A second one with the same is no new statement; `None` where senders do not number them.
    #[serde(skip)]
    pub delivery: Option<Delivery>,
}

impl Signal {
    /// A bare signal, for formats to fill in.
    pub fn new(action: Action, dedup_key: impl Into<String>, summary: impl Into<String>) -> Self {
        Signal {
            action,
            dedup_key: dedup_key.into(),
            summary: summary.into(),
            source: String::new(),
            severity: AlertSeverity::Critical,
            component: None,
            group: None,
            class: None,
            links: Vec::new(),
            images: Vec::new(),
            details: serde_json::Value::Null,
            monitor_time: None,
            group_key: None,
            ends_at: None,
            delivery: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub href: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub src: String,
    pub href: Option<String>,
    pub alt: Option<String>,
}
