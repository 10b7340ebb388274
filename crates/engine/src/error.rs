//! What can go wrong with a command or query.

use domain::incident::Refusal;
use store::MaybeBusy;

/// A failure of a command or query, worded for people; the web maps it to a status.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(store::Error),
    /// The thing does not exist, or the actor may not know that it does (P6).
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A rule says no: the state is not right for it.
    #[error("{0}")]
    Refused(String),
    /// Somebody else saved meanwhile: the text that stands now, and the revision to start from.
    #[error("somebody else saved this meanwhile (revision {revision}): compare, then save again")]
    Conflict { revision: i64, current: String },
    /// Input that cannot be accepted, field by field.
    #[error("{}", summary(.0))]
    Invalid(Vec<Problem>),
    /// The role does not allow it.
    #[error("your role does not allow this: ask an administrator")]
    Forbidden,
    /// No valid session, token or password.
    #[error("{0}")]
    Unauthenticated(String),
    /// Too many attempts; try again after this many seconds.
    #[error("too many attempts: try again in {0} s")]
    TooMany(i64),
    /// The part of the engine that would do it is overloaded or gone.
    #[error("the server is too busy: try again in a moment")]
    Overloaded,
}

/// One field that is not right. The field is spelled as the API and the forms spell it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    pub field: String,
    pub message: String,
}

impl Problem {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem {
            field: field.into(),
            message: message.into(),
        }
    }
}

fn summary(problems: &[Problem]) -> String {
    let list: Vec<String> = problems
        .iter()
        .map(|p| format!("{}: {}", p.field, p.message))
        .collect();
    list.join("; ")
}

impl Error {
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Error {
        Error::Invalid(vec![Problem::new(field, message)])
    }

    /// Whether the database is to blame, so that trying otherwise would only take longer.
    pub(crate) fn is_unavailable(&self) -> bool {
        use store::Error::{Busy, Closed, Unavailable};
        matches!(self, Error::Store(Unavailable(_) | Busy(_) | Closed))
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        match error {
            store::Error::NotFound => Error::NotFound("record"),
            other => Error::Store(other),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::Refused(refusal.to_string())
    }
}

impl MaybeBusy for Error {
    fn is_busy(&self) -> bool {
        matches!(self, Error::Store(store::Error::Busy(_)))
    }
}
