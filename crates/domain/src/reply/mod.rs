//! What people answer to a page (PAGING.md §4.8, §6.8): the same as they can do on its page.

mod named;

pub use named::{Unclear, helper, holder};

use crate::directory::Directory;
use crate::incident::{Command, Incident};
use crate::word::{Origin, PagingState};
use crate::{Span, UserId};

/// What a person wants by a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    Acknowledge,
    Unacknowledge,
    Resolve,
    Escalate,
    /// To the step of this number, from 1.
    EscalateTo(u8),
    Snooze(Span),
    /// To a person or a policy, as it was written.
    Reassign {
        to: String,
    },
    /// A person, team or schedule is asked to help, with a message if there is one.
    Add {
        whom: String,
        message: String,
    },
    /// Yes to a request for help, with a word if one was given.
    Accept {
        reason: String,
    },
    /// No to it, with the reason if one was given.
    Decline {
        reason: String,
    },
}

impl Verb {
    /// Whoever was paged may answer the page, whatever the role: say that they have it, that it is
    /// over, that it must go on, yes or no. Everything else needs the role that the incident's page
    /// asks for.
    pub fn answers_the_page(&self) -> bool {
        match self {
            Verb::Acknowledge
            | Verb::Resolve
            | Verb::Escalate
            | Verb::EscalateTo(_)
            | Verb::Accept { .. }
            | Verb::Decline { .. } => true,
            Verb::Unacknowledge | Verb::Snooze(_) | Verb::Reassign { .. } | Verb::Add { .. } => {
                false
            }
        }
    }
}

/// A reply that makes sense: what it commands, and how the answer to it says that it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub command: Command,
    /// What became of the incident: `acknowledged`, `reassigned to Bo`.
    pub done: String,
}

/// What a verb commands, now that it is known who there is.
///
/// # Errors
/// [`Unclear`] when a name is nobody's or may be several people's.
pub fn wanted(
    verb: &Verb,
    now: crate::Timestamp,
    directory: &Directory,
) -> Result<Wanted, Unclear> {
    let (command, done) = match verb {
        Verb::Acknowledge => (Command::Acknowledge, "acknowledged".to_owned()),
        Verb::Unacknowledge => (
            Command::Unacknowledge,
            "no longer acknowledged: paging starts again".to_owned(),
        ),
        Verb::Resolve => (Command::Resolve, "resolved".to_owned()),
        Verb::Escalate => (Command::Escalate { to_step: None }, "escalated".to_owned()),
        Verb::EscalateTo(step) => {
            let to_step = Some(i64::from((*step).max(1)) - 1);
            (Command::Escalate { to_step }, "escalated".to_owned())
        }
        Verb::Snooze(span) => {
            let until = now + *span;
            (Command::Snooze { until }, format!("snoozed for {span}"))
        }
        Verb::Reassign { to } => {
            let holder = holder(to, directory)?;
            (holder.command, format!("reassigned to {}", holder.name))
        }
        Verb::Add { whom, message } => {
            let helper = helper(whom, directory)?;
            let command = Command::Page {
                targets: vec![helper.target],
                message: message.clone(),
            };
            (command, format!("{} was asked to help", helper.name))
        }
        Verb::Accept { reason } => (
            Command::Answer {
                accept: true,
                reason: reason.clone(),
            },
            "accepted".to_owned(),
        ),
        Verb::Decline { reason } => (
            Command::Answer {
                accept: false,
                reason: reason.clone(),
            },
            "declined".to_owned(),
        ),
    };
    Ok(Wanted { command, done })
}

/// Why an answer comes too late: nobody takes an acknowledgement from a colleague by a mail, which
/// may be older than it.
pub fn overtaken(
    verb: &Verb,
    origin: Origin,
    user: UserId,
    incident: &Incident,
    directory: &Directory,
) -> Option<String> {
    let late = *verb == Verb::Acknowledge
        && origin == Origin::EmailReply
        && incident.paging == PagingState::Acknowledged
        && incident.acknowledged_by != Some(user);
    let who = || match incident.acknowledged_by {
        Some(holder) => directory.user_name(holder),
        None => "somebody",
    };
    late.then(|| format!("{} has acknowledged it already", who()))
}

#[cfg(test)]
mod tests;
