//! What monitors send, understood: bytes and headers in, signals out.
//!
//! Every function here is pure. Nothing reads a clock, a socket or a random source, and nothing
//! panics whatever the bytes are. Formats are lenient: a page is never lost for a field that can be
//! defaulted, and the integration's owner is told in [`Parsed::warnings`] what was assumed.

pub mod alertmanager;
pub mod format;
pub mod generic;
pub mod icalendar;
pub mod mail;
pub mod mapping;
pub mod mask;
pub mod note;
pub mod opsgenie;
pub mod pagerduty;
pub mod reply;
pub mod request;
pub mod settings;
pub mod severity;
pub mod signature;
pub mod sns;
pub mod time;

mod change;
mod draft;
mod json;
mod key;
mod link;
mod multipart;
mod read;
mod text;
mod vendor;
mod warning;

use domain::change_event::ChangeEvent;
use domain::signal::{Delivery, Signal};

/// Most events in one request. Prometheus sends at most 256 alerts at once; more than this is a
/// mistake or an attack.
pub const ITEMS_MAX: usize = 10_000;

/// What a request turned out to hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    pub signals: Vec<Signal>,
    /// Statements about changes; they never page.
    pub changes: Vec<ChangeEvent>,
    /// Lenient decisions worth telling the integration's owner
    /// (`payload.source was missing: used "unknown"`).
    pub warnings: Vec<String>,
    /// Items that could not be understood; they never drag the good ones down (PAGING.md §1.7).
    pub rejected: Vec<Rejected>,
    /// Group key whose open alerts all resolve, listed or not (WIRE-FORMATS.md §1.4): Alertmanager
    /// leaves alerts out of its messages when `max_alerts` is set.
    pub resolve_group: Option<String>,
    /// The mail came to an address that looks like one for the answer to a page. Where it is, this
    /// counts and the signals do not.
    pub answer: Option<mail::MailAnswer>,
    /// What SNS asks us to fetch before it sends its messages.
    pub confirm: Option<sns::Confirmation>,
    /// What proves that the message is one of SNS, where it has a signature.
    pub signed: Option<sns::Signed>,
}

impl Parsed {
    /// Notes the number under which the sender delivers all of it, and what it says: the same under
    /// the same number is no new statement.
    pub(crate) fn delivered(&mut self, number: &[&str], said: &[u8]) {
        for (place, signal) in self.signals.iter_mut().enumerate() {
            let place = place.to_string();
            let number: Vec<&str> = number.iter().copied().chain([&*place]).collect();
            signal.delivery = Some(Delivery::of(&number, said));
        }
    }
}

/// One item of a request that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Position in the request, from 0.
    pub item: usize,
    /// A sentence for the person who wrote the sender.
    pub reason: String,
}

/// Why a whole request could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error(
        "The body is not JSON ({reason}). Send one JSON object, or an array of them, in UTF-8."
    )]
    NotJson { reason: String },
    #[error("The body is {found}. Send one JSON object, or an array of them.")]
    NotAnObject { found: &'static str },
    #[error("The body is an empty array. Send at least one event.")]
    Empty,
    #[error("The body holds {found} events. Send at most {ITEMS_MAX} in one request.")]
    TooMany { found: usize },
    #[error("{reason}")]
    InvalidEvent { reason: String },
    #[error(
        "The signature in header `{header}` is missing or wrong. Give the sender the secret of \
         this integration."
    )]
    BadSignature { header: String },
    /// A message that says it is of Amazon SNS.
    #[error("The message is not signed by Amazon SNS: {reason}")]
    Forged { reason: String },
}

impl FormatError {
    /// A stable name of the error for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            FormatError::NotJson { .. } => "not_json",
            FormatError::NotAnObject { .. } => "not_an_object",
            FormatError::Empty => "no_events",
            FormatError::TooMany { .. } => "too_many_events",
            FormatError::InvalidEvent { .. } => "invalid_event",
            FormatError::BadSignature { .. } | FormatError::Forged { .. } => "bad_signature",
        }
    }
}
