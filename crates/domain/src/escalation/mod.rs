//! How a policy is run for an incident (PAGING.md §4): whom to page, when, and what comes next.
//!
//! [`start`] begins a run and [`decide`] advances it; both are pure. They return the run as it
//! stands afterwards together with everything that must be written in the same transaction:
//! executions, pages and timeline entries, and the instant at which to ask again.
//!
//! A run is a position on an endless ladder: cycle 0 with steps 0..n, cycle 1 with steps 0..n, …
//! `repeats`, and then the last resort, each of whose executions is a cycle of its own. A position
//! is executed at most once: positions only rise.

mod decide;
mod preview;
mod reason;
mod resolve;
mod rung;
mod shadow;
#[cfg(test)]
pub(crate) mod tests;
mod walk;
mod warning;

use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::incident::Incident;
use crate::policy::{Policy, PolicyVersion, Target};
use crate::suppression::Pause;
use crate::word::{AlertSeverity, EntryKind, PageCause, PagingState, RunState, Urgency};
use crate::{ChannelId, IncidentId, PolicyId, RunId, Span, Timestamp, UserId};

pub use decide::{decide, start};
pub use preview::{Ladder, Rung, RungPerson, RungTarget, preview};
pub use reason::{OnCallSource, Reason, Request, Via};
pub(crate) use resolve::why_unreachable;
pub use resolve::{
    Reached, Resolution, Unreached, first_reached, first_step_people, next_change, resolve_target,
};
pub(crate) use rung::does_not_apply;
pub use shadow::{Followed, shadows};
pub(crate) use warning::late_rules;
pub use warning::{Warning, WarningKind, warnings};

/// The last resort is paged again after this time until somebody acknowledges (PAGING.md §4.2).
pub const LAST_RESORT_EVERY: Span = Span::from_minutes(30);

/// At most so many executions are decided in one call; a run that is further behind keeps its due
/// time in the past, so that its timer fires again at once.
pub const EXECUTIONS_MAX: usize = 64;

/// One run of a policy for an incident. The store keeps it as a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    pub incident_id: IncidentId,
    /// `None`: the service has no policy, so the last resort is paged (PAGING.md §4.5).
    pub policy_id: Option<PolicyId>,
    /// The version the run keeps (PAGING.md §4.3); 0 without a policy.
    pub policy_version: i64,
    pub state: RunState,
    /// 0 the first time through the steps.
    pub cycle: i64,
    /// Index (from 0) of the step that is executed next.
    pub next_step: i64,
    /// Executions so far; the next execution has this number. The fence of PAGING.md §4.11.
    pub executions: i64,
    /// When the next execution is due; `None` when stopped.
    pub due_at: Option<Timestamp>,
    /// Drawn at the start from the policy's counter: where round robin begins.
    pub round_robin: i64,
    pub started_at: Timestamp,
    /// Schedules through which the last execution paged, or would have if somebody had been on
    /// call; when their people change, the new ones are paged too (PAGING.md §4.9).
    pub watching: Vec<Target>,
    /// Who has been paged since the last execution began.
    pub paged_now: Vec<UserId>,
    /// Index (from 0) of the step that paged last; `None` for the last resort.
    pub last_step: Option<i64>,
    /// When the people of a watched schedule change next, if that is before `due_at`.
    pub recheck_at: Option<Timestamp>,
    /// Paging rests, and `due_at` is when it goes on: when the held step was due (PAGING.md §3.3).
    pub held_due: Option<Timestamp>,
}

impl Run {
    /// When a timer must call [`decide`] with [`Input::Due`]: the next execution or the next
    /// change of who is on call. `None` when stopped.
    pub fn next_wake(&self) -> Option<Timestamp> {
        match self.state {
            RunState::Stopped => None,
            RunState::Running | RunState::LastResort => match (self.due_at, self.recheck_at) {
                (Some(due), Some(recheck)) => Some(due.min(recheck)),
                (due, recheck) => due.or(recheck),
            },
        }
    }
}

/// What a run needs to know about its incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub incident_id: IncidentId,
    pub urgency: Urgency,
    /// The worst of the open alerts.
    pub severity: AlertSeverity,
    pub paging: PagingState,
    pub acknowledged_by: Option<UserId>,
    /// Paging rests because every open alert is suppressed (PAGING.md §3.3).
    pub pause: Option<Pause>,
}

impl Facts {
    pub fn of(incident: &Incident) -> Facts {
        Facts {
            incident_id: incident.id,
            urgency: incident.urgency,
            severity: incident.alert_severity,
            paging: incident.paging,
            acknowledged_by: incident.acknowledged_by,
            pause: None,
        }
    }
}

/// The policy an incident is escalated by: its own if it was reassigned, else its service's.
pub fn policy_of<'d>(incident: &Incident, directory: &'d Directory) -> Option<&'d Policy> {
    let id: Option<PolicyId> = incident.policy_id.or_else(|| {
        directory
            .service(incident.service_id?)
            .and_then(|service| service.policy_id)
    });
    directory.policy(id?)
}

/// Everything else a decision depends on.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    pub directory: &'a Directory,
    /// The run's version; `None` when the service has no policy.
    pub policy: Option<&'a PolicyVersion>,
    /// Empty without a policy.
    pub policy_name: &'a str,
    pub facts: Facts,
    pub now: Timestamp,
}

/// What happened to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Its timer fired. Before the due time nothing is executed, so that a clock set back repeats
    /// nothing (PAGING.md §8.1).
    Due,
    /// Somebody escalates (PAGING.md §4.8), which also sets a stopped run going again: to the
    /// next step, or to the step of this index (from 0). An index behind the last step means the
    /// last resort.
    EscalateNow { to_step: Option<i64> },
    /// The configuration changed: look again at who is on call (PAGING.md §4.9).
    OnCallChanged,
    /// Acknowledged, snoozed, resolved, or replaced by another run.
    Stop,
}

/// What a decision comes to. The caller writes all of it in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub run: Run,
    pub executions: Vec<Execution>,
    pub pages: Vec<PagePlan>,
    pub told: Vec<Told>,
    pub entries: Vec<Entry>,
    /// No step of the policy reaches anybody: the incident is marked (PAGING.md §4.5).
    pub unreachable: bool,
    /// When to call [`decide`] with [`Input::Due`].
    pub next_wake: Option<Timestamp>,
}

impl Outcome {
    /// Whether the incident stays, or becomes, marked as reaching nobody. The last resort is always
    /// paged in the end; only a step shows that the policy reaches somebody (PAGING.md §4.5).
    pub fn marks_unreachable(&self, before: bool) -> bool {
        let reached = self
            .executions
            .iter()
            .any(|execution| execution.step.is_some() && !execution.paged.is_empty());
        self.unreachable || (before && !reached)
    }
}

/// One rung that was executed or skipped. (run, number) and (run, cycle, step) are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// From 0 without gaps.
    pub number: i64,
    pub cycle: i64,
    /// Index (from 0); `None` is the last resort.
    pub step: Option<i64>,
    pub due_at: Timestamp,
    pub executed_at: Timestamp,
    /// Why nobody was paged.
    pub skipped: Option<String>,
    pub paged: Vec<UserId>,
}

/// A page to make: incident × person × step execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePlan {
    pub user: UserId,
    /// Number of the execution.
    pub execution: i64,
    pub urgency: Urgency,
    pub cause: PageCause,
    /// An earlier page of the same outcome already goes to this person: both become one message
    /// (PAGING.md §4.6, §6.4).
    pub merged: bool,
    pub reason: Reason,
}

/// A channel that is told of an execution: once, whatever becomes of it. It is no person, so that
/// nothing else follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub channel: ChannelId,
    /// Number of the execution.
    pub execution: i64,
    /// From 1; `None` is the last resort.
    pub step: Option<i64>,
    /// 0 the first time through.
    pub cycle: i64,
    pub paged: Vec<UserId>,
}

/// A timeline entry to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub kind: EntryKind,
    pub text: String,
    pub data: serde_json::Value,
}

/// A person as a reason for a page, or a rung of a ladder, names one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named<Id> {
    pub id: Id,
    pub name: String,
}

/// `Ana`, `Ana and Bo`, `Ana, Bo and Cleo`.
pub(crate) fn list_of(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
