//! An incident, from page to postmortem: what people and clocks may do to it, and what follows.
//!
//! [`decide`] covers paging (triggered, acknowledged, resolved); the phases of the human response
//! are in [`crate::lifecycle`], roles in [`crate::command`].

mod actor;
mod change;
mod gathering;
pub mod responder;
#[cfg(test)]
mod tests;

use serde_json::json;

pub use actor::Actor;
pub(crate) use change::Change;
pub use gathering::Gathering;

use crate::channel::ChannelEvent;
use crate::directory::Directory;
use crate::escalation::policy_of;
use crate::lifecycle::{self, PhaseError, SeverityEffect, SeverityError};
use crate::policy::{Target, WAIT_DEFAULT};
use crate::service::ServiceSettings;
use crate::word::{
    AlertSeverity, EntryKind, IncidentSeverity, KeyMoment, PagingState, Phase, TimerKind, Urgency,
};
use crate::{IncidentId, PolicyId, ServiceId, Span, Timestamp, UserId, words};

/// Shortest and longest snooze (PAGING.md §4.7).
pub const SNOOZE_MIN: Span = Span::from_minutes(1);
pub const SNOOZE_MAX: Span = Span::from_days(7);
/// Longest title and note, in characters.
pub const TITLE_MAX: usize = 1024;
pub const NOTE_MAX: usize = 20_000;

words! {
    /// Whether people are really in trouble.
    IncidentKind {
        Real = "real",
        Drill = "drill",
    }
}

/// What people work on and are paged for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    pub id: IncidentId,
    /// `INC-0042`: what people say and URLs hold.
    pub number: i64,
    pub title: String,
    pub service_id: Option<ServiceId>,
    /// Set when somebody reassigned it to another policy than its service's.
    pub policy_id: Option<PolicyId>,
    pub kind: IncidentKind,
    pub urgency: Urgency,
    /// The worst among its alerts.
    pub alert_severity: AlertSeverity,
    /// Impact, once declared.
    pub severity: Option<IncidentSeverity>,
    pub paging: PagingState,
    pub phase: Phase,
    pub group_key: Option<String>,
    pub alerts: i64,
    pub open_alerts: i64,
    /// The policy reached nobody when it was last run (PAGING.md §4.5).
    pub unreachable: bool,
    pub created_at: Timestamp,
    /// Since when it wants an answer: opening, reopening, end of an acknowledgement.
    pub triggered_at: Timestamp,
    pub acknowledged_at: Option<Timestamp>,
    pub acknowledged_by: Option<UserId>,
    pub snoozed_until: Option<Timestamp>,
    pub declared_at: Option<Timestamp>,
    pub declared_by: Option<UserId>,
    pub resolved_at: Option<Timestamp>,
    pub resolved_by: Option<UserId>,
    pub next_update_due: Option<Timestamp>,
    pub updated_at: Timestamp,
    /// How it collects alerts, where that needs remembering.
    pub gathering: Option<Gathering>,
}

impl Incident {
    /// `INC-0042`.
    pub fn label(&self) -> String {
        label(self.number)
    }

    pub fn is_declared(&self) -> bool {
        self.declared_at.is_some()
    }

    pub fn is_open(&self) -> bool {
        self.paging != PagingState::Resolved
    }
}

/// `INC-0042`.
pub fn label(number: i64) -> String {
    format!("INC-{number:04}")
}

/// What somebody wants of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Acknowledge,
    Unacknowledge,
    Resolve,
    /// To the next step at once, or to the step with this index.
    Escalate {
        to_step: Option<i64>,
    },
    Snooze {
        until: Timestamp,
    },
    ReassignToUser {
        user: UserId,
    },
    ReassignToPolicy {
        policy: PolicyId,
    },
    /// Ask these to help, with a message: each person is paged, and accepts or declines.
    Page {
        targets: Vec<Target>,
        message: String,
    },
    /// Whoever was asked to help says yes or no.
    Answer {
        accept: bool,
        reason: String,
    },
    Note {
        text: String,
    },
    Declare {
        severity: Option<IncidentSeverity>,
    },
    ChangePhase {
        to: Phase,
        reason: Option<String>,
    },
    ChangeSeverity {
        to: IncidentSeverity,
        reason: Option<String>,
    },
    Rename {
        title: String,
    },
    /// A timer says that the acknowledgement has lasted long enough.
    AckTimedOut,
    /// A timer says that the snooze is over.
    SnoozeEnded,
    /// A timer says that the service's support hours begin (PAGING.md §3.1).
    SupportHoursBegan,
}

/// What follows from a decision; the engine carries it out in the same transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Escalation starts at step 1 (a live run is stopped first), paging these people as well.
    StartRun {
        also_page: Vec<UserId>,
    },
    StopRun,
    EscalateNow {
        to_step: Option<i64>,
    },
    PageUsers {
        users: Vec<UserId>,
        message: String,
    },
    /// People are asked to help: see [`responder::ask`].
    Ask {
        targets: Vec<Target>,
        message: String,
    },
    /// The actor answers an open request; without one the command is refused.
    Answer {
        accept: bool,
        reason: String,
    },
    /// The actor is at work: an open request to them is accepted.
    AcceptRequest,
    /// Nobody need answer any more.
    EndRequests,
    /// The severity rose: whoever the policy's first step reaches and was not paged yet is paged
    /// (INCIDENTS.md §1.2).
    PageNotYetEngaged,
    /// What has not been sent yet need not be (PAGING.md §6.3), but for people whose answer to a
    /// request is still awaited.
    CancelNotifications,
    /// The alerts are over, too: the next trigger opens a new one, so that it is not swallowed.
    ResolveAlerts,
    Arm {
        kind: TimerKind,
        at: Timestamp,
    },
    Disarm {
        kind: TimerKind,
    },
    Entry {
        kind: EntryKind,
        text: String,
        details: serde_json::Value,
    },
    Moment {
        moment: KeyMoment,
    },
    /// Roles of command end with the incident.
    EndRoles,
    /// Whoever was paged hears of it, but for the actor (PAGING.md §6.9).
    TellPaged {
        text: String,
    },
    /// The channels that were told of the incident hear what became of it.
    TellChannels {
        event: ChannelEvent,
        text: String,
    },
    /// The person who acknowledged hears of it (PAGING.md §2.3).
    TellAcknowledger {
        text: String,
    },
}

/// The incident afterwards, and what follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub incident: Incident,
    pub effects: Vec<Effect>,
}

/// Why a command is refused; a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the incident is resolved; reopen it first")]
    Resolved,
    #[error("the incident is already resolved")]
    AlreadyResolved,
    #[error("the incident is not acknowledged")]
    NotAcknowledged,
    #[error("a snooze lasts between 1 minute and 7 days")]
    SnoozeLength,
    #[error("the text is empty")]
    EmptyText,
    #[error("the text is longer than {0} characters")]
    TooLong(usize),
    #[error("choose at least one person, schedule or team to page")]
    NobodyToPage,
    #[error(
        "at most {} people, schedules and teams at once",
        responder::TARGETS_MAX
    )]
    TooManyToPage,
    #[error(transparent)]
    Phase(#[from] PhaseError),
    #[error(transparent)]
    Severity(#[from] SeverityError),
}

/// Decides a command. A command that changes nothing (acknowledging twice, a timer that comes late)
/// gives a decision without effects.
///
/// # Errors
/// A [`Refusal`] when the command makes no sense now.
pub fn decide(
    incident: &Incident,
    command: &Command,
    actor: Actor,
    settings: &ServiceSettings,
    directory: &Directory,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let mut step = Change {
        incident: incident.clone(),
        effects: Vec::new(),
        now,
    };
    let who = actor.name(directory);
    match command {
        Command::Acknowledge => step.acknowledge(actor, &who, settings, directory)?,
        Command::Unacknowledge => {
            step.must_be_open()?;
            if incident.paging != PagingState::Acknowledged {
                return Err(Refusal::NotAcknowledged);
            }
            step.entry(
                EntryKind::Unacknowledged,
                format!("{who} took the acknowledgement back"),
            );
            step.trigger_again();
        }
        Command::AckTimedOut => {
            if incident.paging == PagingState::Triggered {
                step.entry(
                    EntryKind::AckTimeout,
                    "Nobody has answered: paging starts again at step 1".into(),
                );
                step.trigger_again();
            } else if incident.paging == PagingState::Acknowledged
                && incident.snoozed_until.is_none()
            {
                step.entry(
                    EntryKind::AckTimeout,
                    "The acknowledgement timed out: paging starts again".into(),
                );
                step.trigger_again();
            }
        }
        Command::SnoozeEnded => {
            if incident.paging == PagingState::Acknowledged
                && incident.snoozed_until.is_some_and(|until| until <= now)
            {
                step.entry(
                    EntryKind::SnoozeEnded,
                    "The snooze is over: paging starts again".into(),
                );
                step.trigger_again();
            }
        }
        Command::SupportHoursBegan => step.support_hours_began(settings),
        Command::Resolve => {
            if !incident.is_open() {
                return Err(Refusal::AlreadyResolved);
            }
            lifecycle::severity_allows(Phase::Resolved, incident.is_declared(), incident.severity)?;
            step.resolve(actor, format!("{who} resolved the incident"));
        }
        Command::Escalate { to_step } => {
            step.must_be_open()?;
            let steps = policy_of(incident, directory)
                .map_or(0, |policy| policy.current.config.steps.len());
            let beyond = |index: i64| usize::try_from(index).is_ok_and(|index| index >= steps);
            let text = match to_step {
                Some(index) if beyond(*index) => format!("{who} escalated to the last resort"),
                Some(index) => format!("{who} escalated to step {}", index + 1),
                None => format!("{who} escalated to the next step"),
            };
            step.entry(EntryKind::Escalated, text);
            step.unacknowledge();
            step.effects.push(Effect::EscalateNow { to_step: *to_step });
        }
        Command::Snooze { until } => {
            step.must_be_open()?;
            let length = until.since(now);
            if length < SNOOZE_MIN || length > SNOOZE_MAX {
                return Err(Refusal::SnoozeLength);
            }
            step.snooze(actor, &who, *until);
        }
        Command::ReassignToUser { user } => {
            step.must_be_open()?;
            let name = directory.user_name(*user);
            step.entry(
                EntryKind::Reassigned,
                format!("{who} reassigned the incident to {name}"),
            );
            step.unacknowledge();
            step.effects.push(Effect::StopRun);
            step.effects.push(Effect::CancelNotifications);
            step.effects.push(Effect::PageUsers {
                users: vec![*user],
                message: String::new(),
            });
            // Nobody else is paged meanwhile, and still paging never goes silent (DESIGN.md P3):
            // who does not answer in the time of a step has had their turn.
            if incident.urgency == Urgency::High {
                let first = policy_of(incident, directory)
                    .and_then(|policy| Some(policy.current.config.steps.first()?.wait));
                step.effects.push(Effect::Arm {
                    kind: TimerKind::AckTimeout,
                    at: now + first.unwrap_or(WAIT_DEFAULT),
                });
            }
        }
        Command::ReassignToPolicy { policy } => {
            step.must_be_open()?;
            let name = directory
                .policy(*policy)
                .map_or("another policy", |p| p.name.as_str());
            step.entry(
                EntryKind::Reassigned,
                format!("{who} reassigned the incident to the policy {name}"),
            );
            step.incident.policy_id = Some(*policy);
            step.unacknowledge();
            step.effects.push(Effect::CancelNotifications);
            step.effects.push(Effect::StartRun { also_page: vec![] });
        }
        Command::Page { targets, message } => {
            step.must_be_open()?;
            if targets.is_empty() {
                return Err(Refusal::NobodyToPage);
            }
            if targets.len() > responder::TARGETS_MAX {
                return Err(Refusal::TooManyToPage);
            }
            step.effects.push(Effect::Ask {
                targets: targets.clone(),
                message: short(message, responder::MESSAGE_MAX)?,
            });
        }
        Command::Answer { accept, reason } => {
            step.must_be_open()?;
            // One line, as in a text message.
            let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
            let reason = short(&reason, responder::MESSAGE_MAX)?;
            step.answer(actor, *accept, reason);
        }
        Command::Note { text } => {
            let text = checked(text, NOTE_MAX)?;
            step.entry(EntryKind::Note, text);
        }
        Command::Declare { severity } => {
            let (severity, phase) =
                lifecycle::declare(incident.phase, incident.is_declared(), *severity)?;
            step.incident.severity = Some(severity);
            step.incident.phase = phase;
            step.incident.declared_at = Some(now);
            step.incident.declared_by = actor.user;
            step.entry(
                EntryKind::Declared,
                format!("{who} declared the incident as {severity}"),
            );
            step.effects.push(Effect::Moment {
                moment: KeyMoment::Declared,
            });
        }
        Command::ChangePhase { to, reason } => {
            step.change_phase(actor, &who, *to, reason.as_deref())?;
        }
        Command::ChangeSeverity { to, reason } => {
            let pages = lifecycle::change_severity(
                incident.phase,
                incident.is_declared(),
                incident.severity,
                Some(*to),
                reason.as_deref(),
            )?;
            let from = incident.severity.map_or("unset", IncidentSeverity::as_str);
            let why = reason.as_deref().unwrap_or_default();
            step.incident.severity = Some(*to);
            step.effects.push(Effect::Entry {
                kind: EntryKind::SeverityChanged,
                text: format!("{who} changed the severity from {from} to {to}: {why}"),
                details: json!({ "from": from, "to": to, "reason": why }),
            });
            if pages == SeverityEffect::PageNotYetEngaged && incident.is_open() {
                step.effects.push(Effect::PageNotYetEngaged);
            }
        }
        Command::Rename { title } => {
            let title = checked(title, TITLE_MAX)?;
            if title != incident.title {
                step.effects.push(Effect::Entry {
                    kind: EntryKind::TitleChanged,
                    text: format!("{who} changed the title to “{title}”"),
                    details: json!({ "from": incident.title, "to": title }),
                });
                step.incident.title = title;
            }
        }
    }
    if !step.effects.is_empty() {
        step.incident.updated_at = now;
    }
    Ok(Decision {
        incident: step.incident,
        effects: step.effects,
    })
}

fn checked(text: &str, max: usize) -> Result<String, Refusal> {
    let text = short(text, max)?;
    if text.is_empty() {
        return Err(Refusal::EmptyText);
    }
    Ok(text)
}

/// As [`checked`], for text that may be missing.
fn short(text: &str, max: usize) -> Result<String, Refusal> {
    // PostgreSQL's text cannot hold NUL.
    let text = text.trim().replace('\0', "");
    if text.chars().count() > max {
        return Err(Refusal::TooLong(max));
    }
    Ok(text)
}
