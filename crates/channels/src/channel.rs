//! The one trait between the outbox and the world.

use async_trait::async_trait;
use domain::{NotificationId, Span, word::ContactKind};

/// One rendered message to one address. A repeat after a crash carries the same
/// `notification_id`, so that whoever receives it twice can tell (PAGING.md §6.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub notification_id: NotificationId,
    /// Address in the form of its kind: a mail address, or a phone number in E.164.
    pub to: String,
    /// One line. Ignored by channels without a subject.
    pub subject: String,
    pub text: String,
    /// A richer form of the same text, for channels that can show it.
    pub html: Option<String>,
    /// What the message belongs to, e.g. `incident-42`: mails of one thread are shown together.
    pub thread: Option<String>,
    /// Asks for the reader's attention before other messages.
    pub critical: bool,
    /// Address that answers go to, when it is not the sender's.
    pub reply_to: Option<String>,
    /// What it is one of many of. Pages are not.
    pub list: Option<MailingList>,
}

/// Messages that come again and again, and that their reader may end (WIRE-FORMATS.md §3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailingList {
    /// One word for mail programs to sort by, e.g. `digest`.
    pub id: &'static str,
    /// The page on which the reader ends it.
    pub settings_url: String,
}

/// What a provider said when it took a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The provider is responsible for the message now. Receipts name it by `provider_id`.
    Accepted { provider_id: Option<String> },
}

/// Why one attempt failed, classified for the retry rule (PAGING.md §6.5). Reasons are one line
/// for the timeline and the settings page and never contain a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The same attempt may succeed later: network, timeout, 429, 5xx, SMTP 4xx.
    #[error("{reason}")]
    Temporary {
        reason: String,
        /// The provider's own wish, when it named one.
        retry_after: Option<Span>,
    },
    /// Repeating this message is useless.
    #[error("{reason}")]
    Permanent {
        reason: String,
        /// The address itself is bad: no message to it will arrive until its owner mends it.
        method_broken: bool,
    },
    /// The installation's own settings are wrong: no message by this channel will arrive until an
    /// administrator mends them.
    #[error("{reason}")]
    Misconfigured { reason: String },
}

impl Failure {
    pub(crate) fn temporary(reason: impl Into<String>) -> Self {
        Failure::Temporary {
            reason: reason.into(),
            retry_after: None,
        }
    }

    pub fn reason(&self) -> &str {
        match self {
            Failure::Temporary { reason, .. }
            | Failure::Permanent { reason, .. }
            | Failure::Misconfigured { reason } => reason,
        }
    }
}

/// A way to reach people.
#[async_trait]
pub trait Channel: Send + Sync {
    /// The kind of address this channel serves.
    fn kind(&self) -> ContactKind;

    /// The provider's name for logs and pages, e.g. `smtp` or `twilio`.
    fn name(&self) -> &str;

    /// Makes one attempt, which ends within 10 s (PAGING.md §6.5). Dropping the future abandons
    /// the attempt; the message may or may not have been taken then.
    ///
    /// # Errors
    /// The classified reason why the provider did not take the message.
    async fn send(&self, message: &Message) -> Result<Outcome, Failure>;

    /// Connects and authenticates but sends nothing. Returns one line that describes what was
    /// reached.
    ///
    /// # Errors
    /// One line that tells an administrator what to mend.
    async fn check(&self) -> Result<String, String>;
}
