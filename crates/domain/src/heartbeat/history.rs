//! What a heartbeat has lately been through: a few lines that stand with it, so that a ping writes
//! one row.

use serde::{Deserialize, Serialize};

use crate::{Span, Timestamp, words};

/// Plain pings that are kept, and everything else.
const PINGS: usize = 12;
const OTHERS: usize = 20;
/// Longest note, in characters.
pub const NOTE_MAX: usize = 200;
/// How much of the end of a job's output goes into its alert, in bytes.
pub const OUTPUT_MAX: usize = 10_000;

words! {
    /// One thing that happened to a heartbeat.
    EventKind {
        /// A ping: all is well.
        Success = "success",
        /// A run began.
        Start = "start",
        /// A ping: the job has failed.
        Fail = "fail",
        /// The ping that was due did not come.
        Missed = "missed",
        /// An interval of grace after an outage of our own.
        Grace = "grace",
        Paused = "paused",
        Resumed = "resumed",
    }
}

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub kind: EventKind,
    pub at: Timestamp,
    /// When it was heard of, if that was later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Timestamp>,
    /// It came too late to change anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<u8>,
    /// How long the run took that it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took: Option<Span>,
    /// The last line of what the job said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Event {
    pub(super) fn new(kind: EventKind, at: Timestamp) -> Event {
        Event {
            kind,
            at,
            received_at: None,
            stale: false,
            exit_status: None,
            took: None,
            note: None,
        }
    }
}

/// The newest events, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(pub Vec<Event>);

impl History {
    /// Adds an event. Plain pings push out only each other: what went wrong stays readable.
    pub(super) fn push(&mut self, event: Event) {
        let plain = |event: &Event| event.kind == EventKind::Success;
        let new = plain(&event);
        self.0.push(event);
        let most = if new { PINGS } else { OTHERS };
        let alike = |event: &Event| plain(event) == new;
        if self.0.iter().filter(|event| alike(event)).count() > most
            && let Some(oldest) = self.0.iter().position(alike)
        {
            self.0.remove(oldest);
        }
    }

    /// Newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Event> {
        self.0.iter().rev()
    }
}

/// The last line of a text that says anything, shortened.
pub(super) fn last_line(text: &str) -> Option<String> {
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    let line: String = line
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if line.chars().count() <= NOTE_MAX {
        return Some(line);
    }
    let mut short: String = line.chars().take(NOTE_MAX - 1).collect();
    short.push('…');
    Some(short)
}
