//! Shifts that are published under secret addresses for calendar programs (PAGING.md §5.7).

use crate::directory::Directory;
use crate::duty::{self, Duty, DutyName, FEED_AHEAD, FEED_BACK, duties};
use crate::schedule::{Schedule, ShiftSource};
use crate::{FeedId, ScheduleId, Span, TeamId, Timestamp, UserId};

/// How many feeds one person may have.
pub const FEEDS_MAX: usize = 20;

crate::words! {
    FeedKind {
        Schedule = "schedule",
        Person = "person",
        Team = "team",
    }
}

/// Whose shifts a feed shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeedSubject {
    /// Everybody's of one schedule.
    Schedule(ScheduleId),
    /// One person's on all schedules.
    Person(UserId),
    /// Everybody's on the schedules of one team.
    Team(TeamId),
}

impl FeedSubject {
    pub fn new(kind: FeedKind, id: i64) -> FeedSubject {
        match kind {
            FeedKind::Schedule => FeedSubject::Schedule(ScheduleId(id)),
            FeedKind::Person => FeedSubject::Person(UserId(id)),
            FeedKind::Team => FeedSubject::Team(TeamId(id)),
        }
    }

    pub fn kind(self) -> FeedKind {
        match self {
            FeedSubject::Schedule(_) => FeedKind::Schedule,
            FeedSubject::Person(_) => FeedKind::Person,
            FeedSubject::Team(_) => FeedKind::Team,
        }
    }

    pub fn id(self) -> i64 {
        match self {
            FeedSubject::Schedule(id) => id.0,
            FeedSubject::Person(id) => id.0,
            FeedSubject::Team(id) => id.0,
        }
    }

    /// The name of what it shows; `None` when there is no such thing any more.
    pub fn name(self, directory: &Directory) -> Option<&str> {
        match self {
            FeedSubject::Schedule(id) => directory.schedule(id).map(|one| one.name.as_str()),
            FeedSubject::Person(id) => directory.user(id).map(|one| one.name.as_str()),
            FeedSubject::Team(id) => directory.team(id).map(|one| one.name.as_str()),
        }
    }
}

/// A feed, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    pub id: FeedId,
    /// The end of the secret, to tell feeds apart.
    pub hint: String,
    pub subject: FeedSubject,
    /// `None` when a token made it.
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub fetched_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl Feed {
    /// Whether it is answered: not revoked, and neither its maker nor the person it shows has left.
    pub fn open(&self, directory: &Directory) -> bool {
        let stays = |id| directory.user(id).is_some_and(|user| !user.disabled);
        let person = match self.subject {
            FeedSubject::Person(id) => stays(id),
            subject => subject.name(directory).is_some(),
        };
        self.revoked_at.is_none() && person && self.created_by.is_none_or(stays)
    }
}

/// One entry of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: DutyName,
    pub duty: Duty,
}

/// What a feed shows at `now`, by start. The span begins and ends at midnight UTC, so that it is
/// the same the whole day while nothing changes.
pub fn entries(directory: &Directory, subject: FeedSubject, now: Timestamp) -> Vec<Entry> {
    let day = Span::from_days(1);
    let today = Timestamp(now.0 - now.0.rem_euclid(day.0));
    let (from, until) = (today - FEED_BACK, today + FEED_AHEAD);
    let mut entries = Vec::new();
    for schedule in directory.schedules.values() {
        let wanted = match subject {
            FeedSubject::Schedule(id) => schedule.id == id,
            FeedSubject::Team(id) => schedule.team_id == Some(id),
            FeedSubject::Person(_) => true,
        };
        if wanted {
            of_schedule(schedule, subject, (from, until), &mut entries);
        }
    }
    entries.sort_by_key(|entry| (entry.duty.start, entry.name));
    entries
}

fn of_schedule(
    schedule: &Schedule,
    subject: FeedSubject,
    (from, until): (Timestamp, Timestamp),
    entries: &mut Vec<Entry>,
) {
    let mut duties = duties(schedule, from, until);
    if let FeedSubject::Person(user) = subject {
        duties.retain(|duty| duty.user == user);
    }
    let names = duty::names(schedule, &duties, from);
    for (mut duty, name) in duties.into_iter().zip(names) {
        // What has no beginning or end would have another one each day.
        if duty.open_start {
            duty.start = from;
        }
        if duty.open_end {
            duty.end = until;
        }
        entries.push(Entry { name, duty });
    }
}

/// Why somebody is on call, in a few words.
pub fn because(source: &ShiftSource) -> String {
    match source {
        ShiftSource::Layer { name, .. } => format!("Layer {name}"),
        ShiftSource::Import { name, .. } => format!("Calendar {name}"),
        ShiftSource::Temporary { .. } => "Temporary schedule".to_owned(),
        ShiftSource::Override { .. } => "Override".to_owned(),
        ShiftSource::Swap { .. } => "Swap".to_owned(),
    }
}
