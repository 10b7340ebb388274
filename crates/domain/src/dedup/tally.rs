//! Repeats that move nothing but a count: nearly all that a busy monitor sends. What they need of
//! their alert is little, and so they are decided without reading the rest.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Applied, SignalDecision};
use crate::alert::{Alert, AlertText, Identity};
use crate::signal::{Image, Link, Signal};
use crate::word::{Action, AlertSeverity};
use crate::{AlertId, IncidentId, Timestamp};

/// What an alert says, in short: the first 16 bytes of a SHA-256. Equal digests say the same; of
/// the same said with its fields in another order there may be two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextDigest(pub [u8; 16]);

/// Every part of a text, so that a digest leaves none out.
#[derive(Serialize)]
struct Said<'a>(
    AlertSeverity,
    &'a str,
    &'a str,
    &'a Option<String>,
    &'a Option<String>,
    &'a Option<String>,
    &'a serde_json::Value,
    &'a [Link],
    &'a [Image],
);

impl TextDigest {
    pub fn of_text(text: &AlertText) -> Option<TextDigest> {
        let AlertText {
            severity,
            summary,
            source,
            component,
            group,
            class,
            details,
            links,
            images,
        } = text;
        TextDigest::of(&Said(
            *severity, summary, source, component, group, class, details, links, images,
        ))
    }

    pub fn of_signal(signal: &Signal) -> Option<TextDigest> {
        TextDigest::of(&Said(
            signal.severity,
            &signal.summary,
            &signal.source,
            &signal.component,
            &signal.group,
            &signal.class,
            &signal.details,
            &signal.links,
            &signal.images,
        ))
    }

    /// `None` of what cannot be written as JSON, which would be a mistake of ours; whoever has no
    /// digest is looked at whole.
    fn of(said: &Said<'_>) -> Option<TextDigest> {
        let mut bytes = Vec::with_capacity(1_024);
        serde_json::to_writer(&mut bytes, said).ok()?;
        let mut short = [0; 16];
        short.copy_from_slice(&Sha256::digest(&bytes)[..16]);
        Some(TextDigest(short))
    }
}

/// What moves with every repeat of an open alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub id: AlertId,
    pub count: i64,
    pub last_seen: Timestamp,
    pub monitor_time: Option<Timestamp>,
    pub ends_at: Option<Timestamp>,
}

impl Count {
    pub fn of(alert: &Alert) -> Count {
        Count {
            id: alert.id,
            count: alert.count,
            last_seen: alert.last_seen,
            monitor_time: alert.monitor_time,
            ends_at: alert.ends_at,
        }
    }
}

/// Of an open alert what a repeat that says nothing new must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    pub identity: Identity,
    /// `None`: it was opened before there were digests.
    pub text: Option<TextDigest>,
    pub incident_id: Option<IncidentId>,
    pub is_suppressed: bool,
    pub check_at: Option<Timestamp>,
    pub count: Count,
}

impl Tally {
    /// Whether a signal about it, of which `text` is the digest, repeats what it says and moves
    /// nothing but counts and times. When not, all of the alert must be looked at, which comes to
    /// the same for those that do.
    pub fn counts(&self, signal: &Signal, text: Option<TextDigest>) -> bool {
        signal.action == Action::Trigger
            // What has not paged may page now.
            && self.incident_id.is_some()
            && !self.is_suppressed
            // It would have to be looked at earlier than planned.
            && signal
                .ends_at
                .is_none_or(|end| self.check_at.is_some_and(|planned| planned <= end))
            && self.text.is_some()
            && self.text == text
    }

    /// §1.3: the count moves on.
    pub(super) fn count(&mut self, signal: &Signal, now: Timestamp) -> Applied {
        let count = &mut self.count;
        count.count += 1;
        count.last_seen = count.last_seen.max(now);
        if signal.monitor_time.is_some() {
            count.monitor_time = signal.monitor_time;
        }
        count.ends_at = signal.ends_at;
        Applied {
            decision: SignalDecision::Repeated,
            alert_id: Some(count.id),
            incident_id: self.incident_id,
        }
    }
}
