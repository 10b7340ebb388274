//! The morning digest: what is open of low urgency, in one mail a day to everybody who answers for
//! it (PAGING.md §3.2).
//!
//! Low urgency tells people once and goes no further. The digest keeps it from being forgotten, and
//! pages nobody: it goes by mail, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::directory::{ContactMethod, Directory, User};
use crate::escalation::{first_reached, first_step_people, policy_of};
use crate::incident::Incident;
use crate::notification::plan;
use crate::reminder::Reminders;
use crate::schedule::TimeOfDay;
use crate::schedule::wall_clock::WallClock;
use crate::word::{ContactKind, Urgency};
use crate::{Span, Timestamp, UserId};

mod text;

pub use text::settings_url;

/// When it comes unless somebody has said otherwise.
pub const USUAL: TimeOfDay = match TimeOfDay::new(9, 0) {
    Some(nine) => nine,
    None => TimeOfDay::MIDNIGHT,
};
/// A digest that is later than this, e.g. after an outage, is not sent any more: the next one is.
pub const LATE: Span = Span::from_hours(3);
/// Most incidents that are listed; the others are counted.
pub const LISTED: usize = 50;
/// With nobody to tell in sight, the next look is then.
const LOOK_AGAIN: Span = Span::from_days(1);
/// What was said so far in the future was said by a clock that was ahead, and counts for nothing.
const CLOCK_AHEAD: Span = Span::from_days(2);
/// Minutes of a day on the wall.
const DAY: i64 = 24 * 60;

/// When somebody's digest comes, as the API and the configuration file write it: `09:00`, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigestTime(pub Option<TimeOfDay>);

/// A text that is neither.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time of day such as 09:00, and not off")]
pub struct DigestTimeError(pub String);

impl fmt::Display for DigestTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(time) => time.fmt(f),
            None => f.write_str("off"),
        }
    }
}

impl FromStr for DigestTime {
    type Err = DigestTimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim() == "off" {
            return Ok(DigestTime(None));
        }
        let time = text.trim().parse();
        time.map(|time| DigestTime(Some(time)))
            .map_err(|_| DigestTimeError(text.to_owned()))
    }
}

impl Serialize for DigestTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DigestTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Somebody's digest is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DigestDue {
    pub user: UserId,
    /// The instant that it is for: the hour that the person has chosen.
    pub at: Timestamp,
}

/// Whose digest is due at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// By person; those that were seen to are among them.
    pub due: Vec<DigestDue>,
    /// When to look again, unless the configuration changes before.
    pub next: Timestamp,
}

/// Everybody whose hour struck less than [`LATE`] ago.
pub fn look(directory: &Directory, now: Timestamp) -> Look {
    let mut look = Look {
        due: Vec::new(),
        next: now + LOOK_AGAIN,
    };
    // Few zones and hours serve many people.
    let mut struck: BTreeMap<(&str, TimeOfDay), (Timestamp, Timestamp)> = BTreeMap::new();
    let usual = Reminders::default();
    for user in directory.users.values().filter(|user| !user.disabled) {
        let wanted = directory.reminders.get(&user.id).unwrap_or(&usual);
        let Some(time) = wanted.digest else {
            continue;
        };
        let (at, following) = *struck
            .entry((user.zone.as_str(), time))
            .or_insert_with(|| around(&user.zone, time, now));
        look.next = look.next.min(following);
        if now.since(at) < LATE {
            look.due.push(DigestDue { user: user.id, at });
        }
    }
    look
}

/// When the clock of a zone last showed a time of day, and when it does so next. An hour that is
/// skipped strikes at the end of the skip, one that is repeated the first time.
fn around(zone: &str, time: TimeOfDay, now: Timestamp) -> (Timestamp, Timestamp) {
    let clock = WallClock::of(zone);
    let since = (clock.minute_at(now) - time.minutes()).rem_euclid(DAY);
    let minute = clock.minute_at(now) - since;
    (clock.instant_of(minute), clock.instant_of(minute + DAY))
}

impl DigestDue {
    /// Whether it is another day for the person than when the last one was seen to.
    pub fn is_new(&self, last: Option<Timestamp>, directory: &Directory, now: Timestamp) -> bool {
        let Some(last) = last.filter(|last| last.since(now) < CLOCK_AHEAD) else {
            return true;
        };
        let zone = directory.user(self.user).map_or("UTC", |user| &user.zone);
        let clock = WallClock::of(zone);
        let day = |at: Timestamp| clock.minute_at(at).div_euclid(DAY);
        day(last) < day(self.at)
    }
}

/// Who has heard of an incident, as its pages tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Paged by the newest run of the policy.
    pub by_policy: BTreeSet<UserId>,
    /// Asked or assigned by name, but for those who have declined.
    pub by_name: BTreeSet<UserId>,
}

/// An incident that may stand in a digest.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub incident: Incident,
    pub heard: Heard,
    /// Everything that is open of it is suppressed.
    pub paused: bool,
}

/// Whether an incident stands in a digest: open, of low urgency, and not put aside.
pub fn stands(incident: &Incident, now: Timestamp) -> bool {
    incident.is_open()
        && incident.urgency == Urgency::Low
        && incident.snoozed_until.is_none_or(|until| until <= now)
}

/// Who answers for an incident: who was told of it, and who has acknowledged it. Where none of them
/// is left, those whom the first step means now, or the first that reaches anybody. Every account
/// may see every incident.
pub fn answer_for(one: &Candidate, directory: &Directory, now: Timestamp) -> BTreeSet<UserId> {
    let here = |id: &UserId| directory.user(*id).is_some_and(|user| !user.disabled);
    let heard = one.heard.by_policy.iter().chain(&one.heard.by_name);
    let people: BTreeSet<UserId> = heard
        .chain(&one.incident.acknowledged_by)
        .copied()
        .filter(here)
        .collect();
    if !people.is_empty() {
        return people;
    }
    let Some(policy) = policy_of(&one.incident, directory) else {
        return people;
    };
    let config = &policy.current.config;
    let mut meant = first_step_people(config, directory, &[], now);
    if meant.is_empty() {
        meant = first_reached(config, directory, 0, now);
    }
    meant.into_iter().collect()
}

/// What one person's digest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    pub due: DigestDue,
    /// At most [`LISTED`], the most severe first and of those the newest.
    pub listed: Vec<Incident>,
    /// How many further ones there are.
    pub more: usize,
}

/// The digests of those who have something to hear; nothing open, no digest.
pub fn digests(
    due: &[DigestDue],
    mut candidates: Vec<Candidate>,
    directory: &Directory,
    now: Timestamp,
) -> Vec<Digest> {
    candidates.retain(|one| !one.paused && stands(&one.incident, now));
    candidates.sort_by(|one, other| {
        let rank = |one: &Candidate| (one.incident.alert_severity, one.incident.created_at);
        let ((severe, opened), (other_severe, other_opened)) = (rank(one), rank(other));
        severe
            .cmp(&other_severe)
            .then(other_opened.cmp(&opened))
            .then(other.incident.number.cmp(&one.incident.number))
    });
    let mut of: BTreeMap<UserId, Digest> = due
        .iter()
        .map(|one| {
            let empty = Digest {
                due: *one,
                listed: Vec::new(),
                more: 0,
            };
            (one.user, empty)
        })
        .collect();
    for one in &candidates {
        for user in answer_for(one, directory, now) {
            match of.get_mut(&user) {
                // A digest that comes late tells what stood at its hour.
                Some(digest) if one.incident.created_at > digest.due.at => {}
                Some(digest) if digest.listed.len() < LISTED => {
                    digest.listed.push(one.incident.clone());
                }
                Some(digest) => digest.more += 1,
                None => {}
            }
        }
    }
    of.into_values()
        .filter(|digest| !digest.listed.is_empty())
        .collect()
}

/// The address that the digest goes to: the mail that the person's rules of low urgency use, else
/// any other. `None` without one that is usable.
pub fn method_for(user: &User, now: Timestamp) -> Option<&ContactMethod> {
    let planned = plan(user, Urgency::Low, now);
    let chosen = planned.iter().find(|one| one.kind == ContactKind::Email);
    match chosen {
        Some(one) => user.method(one.method_id),
        None => user
            .methods
            .iter()
            .find(|one| one.kind == ContactKind::Email && one.usable()),
    }
}

#[cfg(test)]
mod tests;
