//! What would happen: an incident on a virtual clock (DESIGN.md P4).
//!
//! An alert comes for a service: it may be held back by a maintenance window, a silence or another
//! alert (§3.3, §3.4), or join what is open. Once it pages, the clock leaps from one instant at which
//! anything is due to the next. Every decision on the way is made by the functions that the live
//! engine calls: [`crate::dedup`], [`crate::incident::decide`], [`crate::escalation`] and
//! [`crate::notification`]. What the engine keeps in tables is kept in memory here.
//!
//! Flapping (§1.10) is not part of it: it is judged by how often an alert has come and gone within 10
//! minutes, and a question is about one alert that comes once.
//!
//! Three things are chosen where the world is free: sending takes no time, pauses before another
//! attempt are the shortest ones (the live engine stretches them by up to half), and at one instant
//! timers fire first, then messages leave, then people answer.

mod begin;
mod course;
mod draft;
mod outbox;
#[cfg(test)]
mod tests;
mod world;

use std::collections::BTreeMap;

use crate::dedup::WorkingSet;
use crate::directory::Directory;
use crate::word::{AlertSeverity, ContactKind};
use crate::{IntegrationId, ServiceId, Span, Timestamp, UserId, words};

pub use begin::{HELD_MAX, door, labels, routed_to, signal, way};
pub use course::{Course, Event, EventKind, Fate, Message, MessageWhy, Page, ToldPost};
pub use draft::{
    PolicyDraft, ScheduleDraft, ServiceDraft, service_for_policy, service_for_schedule,
    with_policy, with_schedule, with_service, with_window,
};

/// A run is looked at for at most this long.
pub const HORIZON_MAX: Span = Span::from_hours(72);
pub const HORIZON_DEFAULT: Span = Span::from_hours(4);
/// A course holds at most so many events, so that its size is bounded whatever is asked.
pub const EVENTS_MAX: usize = 2_000;
/// Most answers and outages that one scenario may hold.
pub const ANSWERS_MAX: usize = 50;
pub const OUTAGES_MAX: usize = 20;
/// Most labels of the alert.
pub const LABELS_MAX: usize = 50;

/// What is supposed to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    pub service: ServiceId,
    /// Of the alert that opens the incident; the service's settings turn it into an urgency.
    pub severity: AlertSeverity,
    /// The integration it comes by; `None`: one that no window names.
    pub integration: Option<IntegrationId>,
    /// The integration says where the alert goes, by its rules if it is a global one; `service` is
    /// where that is.
    pub routed: bool,
    /// What the alert says besides, for windows and inhibitions to match.
    pub labels: BTreeMap<String, String>,
    /// When the alert comes.
    pub at: Timestamp,
    pub answers: Vec<Answer>,
    pub outages: Vec<Outage>,
    /// The policy's counter: where round robin begins.
    pub turn: i64,
    pub stop: Stop,
    /// Counted from `at`, or from when nothing holds the alert back any more; at most
    /// [`HORIZON_MAX`].
    pub horizon: Span,
}

/// What somebody does about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub user: UserId,
    /// Which of the person's messages about the incident is answered, counted from 1.
    pub message: u32,
    /// How long after that message reached the provider.
    pub after: Span,
    pub act: Act,
}

/// A time in which nothing can be sent by one kind of method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    pub channel: ContactKind,
    pub fault: Fault,
    pub from: Timestamp,
    /// Exclusive; `None` is for ever.
    pub until: Option<Timestamp>,
}

impl Outage {
    fn covers(&self, channel: ContactKind, at: Timestamp) -> bool {
        self.channel == channel && self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

words! {
    /// What a person does.
    Act {
        Acknowledge = "acknowledge",
        Resolve = "resolve",
        Escalate = "escalate",
        /// Reads it and does nothing.
        Ignore = "ignore",
    }

    /// How a provider fails.
    Fault {
        /// Cannot be reached, or has trouble of its own: tried again (PAGING.md §6.5).
        Temporary = "temporary",
        /// Refuses the address for good: the method is marked and not used any more.
        Permanent = "permanent",
        /// None is set up, or it refuses our credentials.
        NotSetUp = "not_set_up",
    }

    /// How far a course is followed.
    Stop {
        /// Until somebody has acknowledged or resolved.
        Answered = "answered",
        /// Until nothing further would happen.
        Quiet = "quiet",
    }

    /// Why a course ends where it does.
    End {
        /// Somebody acknowledged or resolved, and that was asked for.
        Answered = "answered",
        /// Nothing further happens.
        Quiet = "quiet",
        /// The alert is held back for longer than is followed: nobody is paged.
        Held = "held",
        /// The alert joins an incident that is open: nobody is paged anew.
        Joined = "joined",
        /// The horizon was reached; paging goes on.
        Horizon = "horizon",
        /// There were too many events to list; paging goes on.
        Length = "length",
    }
}

/// A scenario that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct ScenarioProblem {
    /// For example `answers[1].user`.
    pub field: String,
    pub message: String,
}

/// Everything wrong with a scenario, so that a form can show it at once.
pub fn problems(scenario: &Scenario, directory: &Directory) -> Vec<ScenarioProblem> {
    let mut found = Vec::new();
    let mut problem = |field: String, message: &str| {
        found.push(ScenarioProblem {
            field,
            message: message.to_owned(),
        });
    };
    if directory.service(scenario.service).is_none() {
        problem("service".into(), "there is no such service: choose one");
    }
    if let Some(id) = scenario.integration
        && directory.integration(id).is_none()
    {
        problem("integration".into(), "there is no such integration");
    }
    if scenario.labels.len() > LABELS_MAX {
        problem("labels".into(), "at most 50 labels");
    }
    if scenario.horizon <= Span::ZERO || scenario.horizon > HORIZON_MAX {
        problem("hours".into(), "a course is followed for 1 to 72 hours");
    }
    if scenario.at < Timestamp::MIN || scenario.at > Timestamp::MAX - HELD_MAX - HORIZON_MAX {
        problem("at".into(), "this time is outside the calendar");
    }
    if scenario.answers.len() > ANSWERS_MAX {
        problem("answers".into(), "at most 50 answers");
    }
    for (index, answer) in scenario.answers.iter().enumerate() {
        if directory.user(answer.user).is_none() {
            problem(
                format!("answers[{index}].user"),
                "there is no such person: choose one",
            );
        }
        if answer.message == 0 {
            problem(
                format!("answers[{index}].message"),
                "messages are counted from 1",
            );
        }
        if answer.after < Span::ZERO || answer.after > HORIZON_MAX {
            problem(
                format!("answers[{index}].after"),
                "an answer comes within 72 hours",
            );
        }
    }
    if scenario.outages.len() > OUTAGES_MAX {
        problem("outages".into(), "at most 20 failing providers");
    }
    for (index, outage) in scenario.outages.iter().enumerate() {
        if outage.until.is_some_and(|until| until <= outage.from) {
            problem(
                format!("outages[{index}].until"),
                "the end comes after the begin",
            );
        }
    }
    found
}

/// Follows a scenario with this configuration, which may be one that is not saved, as if nothing
/// else were open.
///
/// # Errors
/// Everything wrong with the scenario.
pub fn run(scenario: &Scenario, directory: &Directory) -> Result<Course, Vec<ScenarioProblem>> {
    run_beside(scenario, directory, WorkingSet::default())
}

/// The same beside what is open: incidents of the alert's groups and alerts that may inhibit it.
///
/// # Errors
/// Everything wrong with the scenario.
pub fn run_beside(
    scenario: &Scenario,
    directory: &Directory,
    open: WorkingSet,
) -> Result<Course, Vec<ScenarioProblem>> {
    let found = problems(scenario, directory);
    if !found.is_empty() {
        return Err(found);
    }
    match begin::begin(scenario, directory, open) {
        Some(begin::Begun::Pages(mut world)) => {
            let end = world.go();
            Ok(world.into_course(end))
        }
        Some(begin::Begun::Ends(course)) => Ok(*course),
        None => Err(found),
    }
}
