//! What can go wrong with a database, mapped once from both.

use diesel::result::{DatabaseErrorKind, Error as Diesel};

/// A failure of the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("there is no such record")]
    NotFound,
    /// A uniqueness or reference rule of the database refused the write. `what` names the
    /// constraint or columns.
    #[error("the record is in conflict with another ({what})")]
    Conflict { what: String },
    /// Another transaction was in the way; the same transaction may succeed if tried again.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The database cannot be reached, or cannot write (disk full, read-only).
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A stored value cannot be understood.
    #[error("the database holds a value that cannot be read: {0}")]
    Corrupt(String),
    /// The database was written by a newer version of the program.
    #[error(
        "the database is newer than this program: it has migration {found}, this program knows \
         {known}. Start the version that wrote it, or a later one"
    )]
    Newer { found: String, known: String },
    #[error("the database refused the statement: {0}")]
    Refused(String),
    #[error("the store has been shut down")]
    Closed,
}

/// Errors that may carry a store failure, so that transactions know when trying again may help.
pub trait MaybeBusy {
    fn is_busy(&self) -> bool;
}

impl MaybeBusy for Error {
    fn is_busy(&self) -> bool {
        matches!(self, Error::Busy(_))
    }
}

impl Error {
    pub(crate) fn corrupt(what: &str, error: impl std::fmt::Display) -> Error {
        Error::Corrupt(format!("{what}: {error}"))
    }
}

/// Phrases by which SQLite and PostgreSQL (libpq) say that they cannot serve at all.
const UNAVAILABLE: &[&str] = &[
    "database or disk is full",
    "disk i/o error",
    "unable to open database",
    "readonly database",
    "no space left",
    "could not extend file",
    "server closed the connection",
    "terminating connection",
    "connection refused",
    "connection to server",
    "no connection to the server",
    "connection not open",
    "could not receive data",
    "could not send data",
    "the database system is",
    "ssl connection has been closed",
    "read-only transaction",
];

const BUSY: &[&str] = &[
    "database is locked",
    "database table is locked",
    "deadlock detected",
    "lock timeout",
];

impl From<Diesel> for Error {
    fn from(error: Diesel) -> Error {
        let (kind, message, constraint) = match error {
            Diesel::NotFound => return Error::NotFound,
            Diesel::DatabaseError(kind, info) => (
                kind,
                info.message().to_owned(),
                info.constraint_name().map(str::to_owned),
            ),
            Diesel::DeserializationError(e) => return Error::Corrupt(e.to_string()),
            Diesel::BrokenTransactionManager => {
                return Error::Unavailable("the connection was lost in a transaction".into());
            }
            other => return classify(&other.to_string()),
        };
        match kind {
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::ExclusionViolation => {
                // SQLite names no constraint, but the columns, in its message.
                Error::Conflict {
                    what: constraint.unwrap_or(message),
                }
            }
            DatabaseErrorKind::SerializationFailure => Error::Busy(message),
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ReadOnlyTransaction => Error::Unavailable(message),
            _ => classify(&message),
        }
    }
}

fn classify(message: &str) -> Error {
    let lower = message.to_lowercase();
    if BUSY.iter().any(|phrase| lower.contains(phrase)) {
        Error::Busy(message.to_owned())
    } else if UNAVAILABLE.iter().any(|phrase| lower.contains(phrase)) {
        Error::Unavailable(message.to_owned())
    } else {
        Error::Refused(message.to_owned())
    }
}

/// Parses a JSON column.
pub(crate) fn json<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|e| Error::corrupt(what, e))
}

/// Writes a JSON column. Our own types always serialise; a failure would be a bug of theirs.
pub(crate) fn to_json<T: serde::Serialize>(what: &str, value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|e| Error::corrupt(what, e))
}
