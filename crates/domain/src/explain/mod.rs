//! Why somebody was paged for an incident, and why somebody was not (PAGING.md §6.10).
//!
//! An answer is made from what was recorded (runs, steps, pages, messages, who acknowledged when)
//! and from the configuration of the time: runs keep their policy's version, and schedules answer
//! for any instant of the past. Nothing is guessed: what the record does not hold is not said.

mod message;
mod step;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;

use crate::directory::Directory;
use crate::escalation::{Execution, Reason};
use crate::incident::Incident;
use crate::policy::PolicyVersion;
use crate::schedule::ShiftSource;
use crate::word::{ContactKind, EntryKind, NotificationState, PagingState, Urgency};
use crate::{
    ContactMethodId, OverrideId, PageId, PolicyId, RunId, ScheduleId, Timestamp, UserId, words,
};

/// What was recorded of one incident, as far as it bears on one person.
#[derive(Clone, Debug)]
pub struct Record {
    pub incident: Incident,
    /// Oldest first.
    pub runs: Vec<RunRecord>,
    /// The person's, oldest first.
    pub pages: Vec<PageRecord>,
    /// The person's messages of these pages, oldest first.
    pub messages: Vec<MessageRecord>,
    /// When paging was stopped or begun anew, and by whom, oldest first.
    pub turns: Vec<Turn>,
}

/// One run of a policy.
#[derive(Clone, Debug)]
pub struct RunRecord {
    pub id: RunId,
    pub policy_id: Option<PolicyId>,
    pub policy_name: String,
    /// The version it kept; `None` without a policy.
    pub version: Option<PolicyVersion>,
    pub started_at: Timestamp,
    /// Whether it still goes on.
    pub live: bool,
    /// When the next step is due, while it goes on.
    pub due_at: Option<Timestamp>,
    /// Oldest first.
    pub executions: Vec<ExecutionRecord>,
}

/// One step, and whom its timeline entry says it did not reach.
#[derive(Clone, Debug)]
pub struct ExecutionRecord {
    pub execution: Execution,
    /// E.g. `Bo has no verified contact method`.
    pub unreached: Vec<String>,
}

/// One page to the person.
#[derive(Clone, Debug)]
pub struct PageRecord {
    pub id: PageId,
    /// `None` for pages asked for by name.
    pub execution: Option<(RunId, i64)>,
    pub urgency: Urgency,
    pub created_at: Timestamp,
    /// `None` when it cannot be read.
    pub reason: Option<Reason>,
}

/// One message of a page.
#[derive(Clone, Debug)]
pub struct MessageRecord {
    pub page: PageId,
    pub method_id: Option<ContactMethodId>,
    pub channel: ContactKind,
    pub state: NotificationState,
    pub due_at: Timestamp,
    pub attempts: i64,
    pub accepted_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub error: Option<String>,
}

/// The paging of the incident took a turn.
#[derive(Clone, Debug)]
pub struct Turn {
    pub at: Timestamp,
    pub kind: EntryKind,
    /// As the timeline says it.
    pub text: String,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub user: UserId,
    pub paged: bool,
    /// The answer in one sentence.
    pub verdict: String,
    /// How it came about, in order.
    pub points: Vec<Point>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    pub kind: PointKind,
    pub at: Option<Timestamp>,
    pub text: String,
    /// Where one can look it up.
    pub sources: Vec<Source>,
}

words! {
    PointKind {
        /// The person was paged, and why.
        Paged = "paged",
        /// What became of a message.
        Message = "message",
        /// A step was executed and paged others.
        Others = "others",
        /// A step was skipped.
        Skipped = "skipped",
        /// A step was never come to.
        NotReached = "not_reached",
        /// The step led to the person, but no page could reach them.
        Unreachable = "unreachable",
        /// Something about the person or the incident as a whole.
        Fact = "fact",
    }
}

/// The piece of configuration that a point rests on, in the version that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Policy {
        id: PolicyId,
        version: i64,
        /// From 1; `None` for the policy as a whole.
        step: Option<i64>,
    },
    Layer {
        schedule: ScheduleId,
        version: i64,
        name: String,
        /// When it was asked.
        at: Timestamp,
    },
    Override {
        schedule: ScheduleId,
        id: OverrideId,
        at: Timestamp,
    },
    Schedule {
        schedule: ScheduleId,
        at: Timestamp,
    },
    /// The person's contact methods and rules.
    Person(UserId),
    /// The last resort.
    Settings,
}

impl Source {
    fn is_on_call(&self) -> bool {
        matches!(
            self,
            Source::Layer { .. } | Source::Override { .. } | Source::Schedule { .. }
        )
    }
}

/// Why the person was paged, or not. `zone` is the reader's.
pub fn why(record: &Record, user: UserId, directory: &Directory, zone: &TimeZone) -> Account {
    let asked = Asked {
        record,
        user,
        name: directory.user_name(user).to_owned(),
        directory,
        zone,
    };
    let mut points = Vec::new();
    for page in record.pages.iter().filter(|page| page.execution.is_none()) {
        points.extend(asked.paged(page));
    }
    for run in &record.runs {
        for execution in &run.executions {
            points.extend(asked.step(run, execution));
        }
        points.extend(asked.not_reached(run));
    }
    if record.runs.is_empty() {
        points.push(asked.never_escalated());
    }
    points.extend(asked.about_the_person());
    let paged = !record.pages.is_empty();
    Account {
        user,
        paged,
        verdict: asked.verdict(&points),
        points,
    }
}

/// A question, with what every part of the answer needs.
struct Asked<'a> {
    record: &'a Record,
    user: UserId,
    name: String,
    directory: &'a Directory,
    zone: &'a TimeZone,
}

impl Asked<'_> {
    /// `Mon 2 Mar 10:05`.
    fn time(&self, at: Timestamp) -> String {
        at.in_zone(self.zone)
            .strftime("%a %-d %b %H:%M")
            .to_string()
    }

    fn point(kind: PointKind, at: Timestamp, text: String, sources: Vec<Source>) -> Point {
        Point {
            kind,
            at: Some(at),
            text,
            sources,
        }
    }

    /// What made somebody on call for a schedule at an instant.
    fn on_call_source(&self, schedule: ScheduleId, at: Timestamp) -> Source {
        let asked = self.directory.schedule(schedule);
        let source = asked
            .and_then(|one| one.on_call(at))
            .map(|shift| shift.source);
        let version = asked
            .and_then(|one| one.version_at(at))
            .map(|one| one.version);
        match (source, version) {
            (Some(ShiftSource::Layer { name, .. }), Some(version)) => Source::Layer {
                schedule,
                version,
                name,
                at,
            },
            (Some(ShiftSource::Override { id }), _) => Source::Override { schedule, id, at },
            _ => Source::Schedule { schedule, at },
        }
    }

    fn never_escalated(&self) -> Point {
        let incident = &self.record.incident;
        let text = match incident.service_id {
            None => "A person opened the incident without a service, and had it: nobody was paged \
                     by a policy."
                .to_owned(),
            Some(_) => "No policy was run for the incident.".to_owned(),
        };
        Self::point(PointKind::Fact, incident.created_at, text, Vec::new())
    }

    /// What keeps any page from the person, now.
    fn about_the_person(&self) -> Option<Point> {
        let source = vec![Source::Person(self.user)];
        let text = match self.directory.user(self.user) {
            None => "This person has no account any more.".to_owned(),
            Some(user) if !user.reachable() => {
                format!(
                    "As things stand now, {}.",
                    crate::escalation::why_unreachable(user)
                )
            }
            Some(_) => return None,
        };
        Some(Point {
            kind: PointKind::Fact,
            at: None,
            text,
            sources: source,
        })
    }

    /// The first turn after an instant that stopped the paging.
    fn stopped_after(&self, at: Timestamp) -> Option<&Turn> {
        self.record.turns.iter().find(|turn| {
            turn.at >= at
                && matches!(
                    turn.kind,
                    EntryKind::Acknowledged
                        | EntryKind::Snoozed
                        | EntryKind::Resolved
                        | EntryKind::Reassigned
                )
        })
    }

    fn verdict(&self, points: &[Point]) -> String {
        let name = &self.name;
        let pages = &self.record.pages;
        if let Some(first) = pages.first() {
            let sent = self
                .record
                .messages
                .iter()
                .any(|one| one.accepted_at.is_some());
            let times = match pages.len() {
                1 => "once".to_owned(),
                count => format!("{count} times"),
            };
            let but = if sent {
                ""
            } else {
                ", but no message has left"
            };
            return format!(
                "{name} was paged {times}, first at {}{but}.",
                self.time(first.created_at)
            );
        }
        let first = |kind: PointKind| points.iter().find(|point| point.kind == kind);
        let why = first(PointKind::Unreachable)
            .or_else(|| first(PointKind::NotReached))
            .or_else(|| {
                // Who was on call instead says more than that a step is for others.
                points.iter().find(|point| {
                    point.kind == PointKind::Others && point.sources.iter().any(Source::is_on_call)
                })
            })
            .or_else(|| first(PointKind::Others))
            .or_else(|| first(PointKind::Skipped))
            .or_else(|| first(PointKind::Fact));
        match why {
            Some(point) => format!("{name} was not paged. {}", point.text),
            None if self.record.incident.paging == PagingState::Triggered => {
                format!("{name} was not paged so far.")
            }
            None => format!("{name} was not paged."),
        }
    }
}
