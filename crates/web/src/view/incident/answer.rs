//! Acknowledging by the signed link of a mail: GET confirms, POST acts (PAGING.md §6.8). Both work
//! signed out, since the link is the proof.

use askama::Template;
use domain::Timestamp;
use domain::escalation::Request;
use domain::word::{PagingState, Urgency};

use crate::view::Form;
use crate::view::frame::{Frame, Markup};

/// `GET /a/{token}`. Posts to the same address with `do` (`acknowledge`, `resolve`, `accept`,
/// `decline`) and, beside a request for help, `reason`; no CSRF field is needed, for the token
/// itself is the secret.
#[derive(Clone, Debug, Template)]
#[template(path = "incident/answer.html")]
pub struct AnswerPage {
    pub frame: Frame,
    pub token: String,
    /// Who answers by this link.
    pub person: String,
    pub number: i64,
    pub title: String,
    pub service: Option<String>,
    pub paging: PagingState,
    pub urgency: Urgency,
    pub opened_at: Timestamp,
    pub alerts: u64,
    /// Names of those who have acknowledged already.
    pub acknowledged_by: Vec<String>,
    pub expires_at: Timestamp,
    /// Somebody asks for this person's help and awaits a yes or no.
    pub request: Option<Request>,
    /// What was typed, and why it was refused.
    pub form: Form,
}

/// What the answer led to; rendered after `POST /a/{token}` and for links that do not hold.
#[derive(Clone, Debug, Template)]
#[template(path = "incident/answer_done.html")]
pub struct AnswerDonePage {
    pub frame: Frame,
    pub outcome: AnswerOutcome,
    /// Unknown when the link itself does not hold.
    pub incident: Option<(i64, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerOutcome {
    Acknowledged,
    Resolved,
    /// Yes and no to a request for help.
    Accepted,
    Declined,
    /// Somebody was faster; their name.
    AlreadyAcknowledged(String),
    AlreadyResolved(String),
    /// Older than 24 h.
    Expired,
    /// Not one of ours, or cut short by a mail program.
    Invalid,
}

impl AnswerPage {
    fn name(&self) -> String {
        super::incident_name(self.number)
    }

    fn state_badge(&self) -> Markup {
        self.frame.paging(&self.paging, &None)
    }

    fn is_resolved(&self) -> bool {
        self.paging == PagingState::Resolved
    }
}

impl AnswerDonePage {
    fn tone(&self) -> &'static str {
        match self.outcome {
            AnswerOutcome::Acknowledged
            | AnswerOutcome::Accepted
            | AnswerOutcome::AlreadyAcknowledged(_) => "tone-held",
            AnswerOutcome::Resolved | AnswerOutcome::AlreadyResolved(_) => "tone-fine",
            AnswerOutcome::Declined | AnswerOutcome::Expired | AnswerOutcome::Invalid => "tone-off",
        }
    }

    fn icon_name(&self) -> &'static str {
        match self.outcome {
            AnswerOutcome::Acknowledged
            | AnswerOutcome::Accepted
            | AnswerOutcome::AlreadyAcknowledged(_) => "user-check",
            AnswerOutcome::Declined => "circle-x",
            AnswerOutcome::Resolved | AnswerOutcome::AlreadyResolved(_) => "circle-check",
            AnswerOutcome::Expired => "clock",
            AnswerOutcome::Invalid => "link",
        }
    }

    fn head(&self) -> String {
        match &self.outcome {
            AnswerOutcome::Acknowledged => "Acknowledged".to_owned(),
            AnswerOutcome::Resolved => "Resolved".to_owned(),
            AnswerOutcome::Accepted => "You help".to_owned(),
            AnswerOutcome::Declined => "Declined".to_owned(),
            AnswerOutcome::AlreadyAcknowledged(name) => format!("{name} has acknowledged already"),
            AnswerOutcome::AlreadyResolved(name) => format!("Resolved already by {name}"),
            AnswerOutcome::Expired => "This link has expired".to_owned(),
            AnswerOutcome::Invalid => "This link does not hold".to_owned(),
        }
    }

    fn text(&self) -> &'static str {
        match self.outcome {
            AnswerOutcome::Acknowledged => "Paging has stopped. It is yours.",
            AnswerOutcome::Resolved => "The incident is closed for paging.",
            AnswerOutcome::Accepted => "The incident shows that you are in.",
            AnswerOutcome::Declined => "Whoever asked has been told.",
            AnswerOutcome::AlreadyAcknowledged(_) => "Paging had stopped; you need do nothing.",
            AnswerOutcome::AlreadyResolved(_) => "There is nothing left to do.",
            AnswerOutcome::Expired => "Links of mails work for 24 hours. Sign in to act.",
            AnswerOutcome::Invalid => {
                "It may have been cut by the mail program. Copy the whole address, or sign in to act."
            }
        }
    }
}
