//! What a scenario comes to.

use super::{Act, End};
use crate::channel::Post;
use crate::directory::Directory;
use crate::escalation::{Execution, Reason};
use crate::incident::Incident;
use crate::word::{
    ContactKind, EntryKind, NotificationKind, NotificationState, PageCause, Urgency,
};
use crate::{
    ChannelId, ContactMethodId, NotificationId, NotificationRuleId, PageId, Span, Timestamp,
    UserId, words,
};

/// Everything that happened, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    pub events: Vec<Event>,
    /// Steps that were executed or skipped, the last resort among them.
    pub executions: Vec<Execution>,
    pub pages: Vec<Page>,
    pub messages: Vec<Message>,
    /// What channels are told, in order.
    pub posts: Vec<ToldPost>,
    /// As it stands at the end; `None` when the alert was held back all the time.
    pub incident: Option<Incident>,
    pub end: End,
    pub ended_at: Timestamp,
}

impl Course {
    /// When the first message about the incident left, and to whom.
    pub fn first_message(&self) -> Option<&Message> {
        self.messages
            .iter()
            .filter(|one| one.kind == NotificationKind::Page)
            .filter(|one| one.accepted_at.is_some())
            .min_by_key(|one| (one.accepted_at, one.id))
    }

    pub fn page(&self, id: PageId) -> Option<&Page> {
        self.pages.iter().find(|page| page.id == id)
    }

    pub fn message(&self, id: NotificationId) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub at: Timestamp,
    pub kind: EventKind,
    /// A sentence.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// An entry as the timeline of the incident would hold it.
    Timeline(EntryKind),
    /// Somebody is paged; the page knows why.
    Page(PageId),
    Message(NotificationId, Fate),
    /// A channel is told.
    Post(ChannelId),
    Answer(UserId, Act),
    /// The rules of a global integration say where the alert goes, and as what.
    Routed,
    /// The alert is held back, until that instant if one is known.
    Held(Option<Timestamp>),
    /// The alert belongs to an incident that is open.
    Joined,
    /// A contact method is not used any more.
    MethodBroken(UserId),
}

words! {
    /// What became of a message at an instant.
    Fate {
        /// The provider took it.
        Sent = "sent",
        /// It failed and is tried again.
        Failed = "failed",
        /// It failed for good, or long enough.
        GivenUp = "given_up",
        /// Not wanted any more.
        Cancelled = "cancelled",
        /// Sent as part of another message.
        Bundled = "bundled",
        /// Waits for the end of the bundling window.
        PutOff = "put_off",
    }
}

/// Incident × person × step execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub id: PageId,
    pub at: Timestamp,
    pub user: UserId,
    /// Number of the execution; `None` for people asked for by name.
    pub execution: Option<i64>,
    pub cause: PageCause,
    pub urgency: Urgency,
    pub reason: Reason,
}

/// What a channel is told; sending takes no time, and nothing is in its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldPost {
    pub channel: ChannelId,
    pub post: Post,
}

/// One message to one contact method, as it stands at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: NotificationId,
    pub kind: NotificationKind,
    pub state: NotificationState,
    pub user: UserId,
    pub method_id: ContactMethodId,
    pub channel: ContactKind,
    pub address: String,
    pub urgency: Urgency,
    /// `None` for notices.
    pub page: Option<PageId>,
    /// The message that carried this one.
    pub bundle: Option<NotificationId>,
    pub why: MessageWhy,
    /// Of a notice: what it says.
    pub text: String,
    pub due_at: Timestamp,
    pub attempts: i64,
    /// Since when it has waited for others, or travelled as part of one.
    pub waits_since: Option<Timestamp>,
    pub first_attempt_at: Option<Timestamp>,
    pub accepted_at: Option<Timestamp>,
    pub last_error: Option<String>,
}

/// Why a message is sent by this method at this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageWhy {
    /// The person's own rule.
    Rule { id: NotificationRuleId, delay: Span },
    /// What holds while a person has no rules that can be used (PAGING.md §6.2).
    Default,
    /// Another message of the page failed, so that this one did not wait for its time.
    Hastened,
    /// No other method of the person was left.
    Instead,
    /// The person was paged and hears what came of it (PAGING.md §6.9).
    Told,
    /// The person follows a shift that is paged (PAGING.md §5.9).
    Follows,
}

impl Message {
    /// Why this message is sent, as a clause: `rule 2 of Ana: SMS after 2 m`.
    pub fn why_in_words(&self, directory: &Directory) -> String {
        let name = directory.user_name(self.user);
        let channel = self.channel.in_words();
        match self.why {
            MessageWhy::Rule { id, delay } => {
                let place = directory.user(self.user).and_then(|user| {
                    user.rules
                        .iter()
                        .filter(|rule| rule.urgency == self.urgency)
                        .position(|rule| rule.id == id)
                });
                let rule = match place {
                    Some(place) => format!("rule {} of {name}", place.saturating_add(1)),
                    None => format!("a rule of {name}"),
                };
                if delay == Span::ZERO {
                    format!("{rule}: {channel} at once")
                } else {
                    format!("{rule}: {channel} after {delay}")
                }
            }
            MessageWhy::Default => format!("{name} has no rule of their own for this urgency"),
            MessageWhy::Hastened => "another message failed, so this one goes at once".to_owned(),
            MessageWhy::Instead => format!("no other method of {name} is left"),
            MessageWhy::Told => format!("{name} was paged and hears what came of it"),
            MessageWhy::Follows => {
                format!("a notice: {name} follows the shift, and nobody waits for an answer")
            }
        }
    }
}
