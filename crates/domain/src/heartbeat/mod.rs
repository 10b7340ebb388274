//! Heartbeats (PAGING.md §7): a job or machine that is to be heard of at least this often. A ping
//! that does not come is a trigger, the next one the resolve.

mod beat;
mod history;
mod outage;
mod signal;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use beat::{Outcome, Ping, PingKind};
pub use history::{Event, EventKind, History, NOTE_MAX, OUTPUT_MAX};
pub use outage::{MARK_EVERY, OUTAGE_LONG, Outage};
pub use signal::dedup_key;

use crate::word::AlertSeverity;
use crate::{HeartbeatId, IntegrationId, Span, Timestamp, words};

/// Shortest and longest interval (PAGING.md §7.1).
pub const INTERVAL_MIN: Span = Span::from_seconds(30);
pub const INTERVAL_MAX: Span = Span::from_days(30);
/// A grace may be as long as the interval; of short intervals, as long as this.
pub const GRACE_SHORT: Span = Span::from_hours(1);
/// What is taken when nothing is said: jobs that a clock starts are rarely on the second.
pub const GRACE_DEFAULT: Span = Span::from_minutes(1);
/// Shortest and longest bound of a run.
pub const RUN_MIN: Span = Span::from_seconds(1);
pub const RUN_MAX: Span = INTERVAL_MAX;
/// Longest texts, in characters; the name's is Opsgenie's.
pub const NAME_MAX: usize = 200;
pub const DESCRIPTION_MAX: usize = 2_000;
pub const MESSAGE_MAX: usize = 300;
/// Tags of the alert: how many, and how long each.
pub const TAGS_MAX: usize = 20;
pub const TAG_MAX: usize = 50;

words! {
    /// What is known of a heartbeat.
    HeartbeatState {
        /// Not heard of yet, or not since it was resumed.
        Waiting = "waiting",
        /// The last ping came in time.
        Healthy = "healthy",
        /// The ping that was due has not come.
        Expired = "expired",
        /// The last ping said that the job has failed.
        Failed = "failed",
        /// Nobody is told whether pings come or not.
        Paused = "paused",
    }
}

impl HeartbeatState {
    /// Whether its alert is open, unless somebody has resolved that by hand.
    pub const fn is_down(self) -> bool {
        matches!(self, HeartbeatState::Expired | HeartbeatState::Failed)
    }
}

/// What people choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatSettings {
    pub name: String,
    pub description: String,
    /// A ping is to come at least this often.
    pub interval: Span,
    /// How late it may be.
    pub grace: Span,
    /// How long a run may take that said when it began; `None`: until the next ping is due.
    pub longest_run: Option<Span>,
    /// Of its alert.
    pub severity: AlertSeverity,
    /// Summary of its alert; `None`: the name, and what has happened.
    pub message: Option<String>,
    /// Tags of its alert.
    pub tags: Vec<String>,
}

impl HeartbeatSettings {
    /// One with everything else as it is when nothing is said.
    pub fn new(name: impl Into<String>, interval: Span) -> HeartbeatSettings {
        HeartbeatSettings {
            name: name.into(),
            description: String::new(),
            interval,
            grace: GRACE_DEFAULT,
            longest_run: None,
            severity: AlertSeverity::Error,
            message: None,
            tags: Vec::new(),
        }
    }

    /// The longest grace that goes with an interval.
    pub fn grace_max(interval: Span) -> Span {
        interval.max(GRACE_SHORT).min(INTERVAL_MAX)
    }

    /// How long after a ping the next one is due at the latest.
    pub fn patience(&self) -> Span {
        self.interval + self.grace
    }

    /// What is wrong: field and sentence.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let mut add = |field, message: String| problems.push((field, message));
        let one_line = |text: &str| !text.chars().any(char::is_control);
        if self.name.trim().is_empty() {
            add("name", "a name is needed".into());
        } else if self.name.chars().count() > NAME_MAX {
            add("name", format!("a name has at most {NAME_MAX} characters"));
        } else if !one_line(&self.name) {
            add("name", "a name is one line of text".into());
        }
        if self.description.chars().count() > DESCRIPTION_MAX || self.description.contains('\0') {
            add(
                "description",
                format!("a description has at most {DESCRIPTION_MAX} characters"),
            );
        }
        if self.interval < INTERVAL_MIN || self.interval > INTERVAL_MAX {
            add("interval", "must be from 30 s to 30 days".into());
        } else if self.grace < Span::ZERO || self.grace > Self::grace_max(self.interval) {
            let most = Self::grace_max(self.interval);
            add("grace", format!("must be from 0 s to {most}"));
        }
        if self
            .longest_run
            .is_some_and(|longest| longest < RUN_MIN || longest > RUN_MAX)
        {
            add("longest_run", "must be from 1 s to 30 days".into());
        }
        if let Some(message) = &self.message
            && (message.trim().is_empty()
                || message.chars().count() > MESSAGE_MAX
                || !one_line(message))
        {
            add(
                "message",
                format!("a message is one line of 1 to {MESSAGE_MAX} characters"),
            );
        }
        let odd =
            |tag: &String| tag.trim().is_empty() || tag.chars().count() > TAG_MAX || !one_line(tag);
        if self.tags.len() > TAGS_MAX || self.tags.iter().any(odd) {
            add(
                "tags",
                format!("at most {TAGS_MAX} tags of 1 to {TAG_MAX} characters"),
            );
        }
        problems
    }
}

/// A heartbeat and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    pub id: HeartbeatId,
    /// Whose alert it opens.
    pub integration_id: IntegrationId,
    pub settings: HeartbeatSettings,
    pub state: HeartbeatState,
    /// When the newest ping happened that said all is well.
    pub last_ping: Option<Timestamp>,
    /// When the newest statement of any kind happened; older ones that come late change nothing.
    pub heard_at: Option<Timestamp>,
    /// When the run began that has not ended.
    pub running_since: Option<Timestamp>,
    /// When it expires unless it is heard of.
    pub due_at: Option<Timestamp>,
    /// From when it was given an interval of grace after an outage of our own.
    pub grace_since: Option<Timestamp>,
    /// How long we were there to hear a ping since the first such grace.
    pub grace_used: Span,
    /// Raised when its address is to be another.
    pub key_version: i64,
    pub history: History,
    pub created_at: Timestamp,
}

impl Heartbeat {
    /// A new one, that waits for its first ping.
    pub fn new(
        id: HeartbeatId,
        integration_id: IntegrationId,
        settings: HeartbeatSettings,
        now: Timestamp,
    ) -> Heartbeat {
        Heartbeat {
            id,
            integration_id,
            settings,
            state: HeartbeatState::Waiting,
            last_ping: None,
            heard_at: None,
            running_since: None,
            due_at: None,
            grace_since: None,
            grace_used: Span::ZERO,
            key_version: 1,
            history: History::default(),
            created_at: now,
        }
    }
}
