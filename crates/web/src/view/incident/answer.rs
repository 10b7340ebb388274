//! Acknowledging by the signed link of a mail: GET confirms, POST acts (PAGING.md §6.8). Both work
//! signed out, since the link is the proof.

use domain::Timestamp;
use domain::word::{PagingState, Urgency};

use crate::view::frame::Frame;

/// `GET /a/{token}`. Posts to the same address with `do` (`acknowledge`, `resolve`); no CSRF field
/// is needed, for the token itself is the secret.
#[derive(Clone, Debug)]
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
}

/// What the answer led to; rendered after `POST /a/{token}` and for links that do not hold.
#[derive(Clone, Debug)]
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
    /// Somebody was faster; their name.
    AlreadyAcknowledged(String),
    AlreadyResolved(String),
    /// Older than 24 h.
    Expired,
    /// Not one of ours, or cut short by a mail program.
    Invalid,
}
