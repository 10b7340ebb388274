//! The clockwork: takes signals in, fires timers, empties the outbox, and runs commands and
//! queries for whoever serves people. It contains no rules: those are in `domain`.

pub mod access;
pub mod account;
pub mod alert;
pub mod chance;
pub mod change_event;
pub mod clock;
pub mod configuration;
pub mod context;
pub mod coverage;
pub mod dispatch;
pub mod effect;
pub mod error;
pub mod explain;
pub mod feed;
pub mod heartbeat;
pub mod import;
pub mod incident;
pub mod ingest;
pub mod link;
pub mod manifest;
pub mod message;
pub mod moment;
mod notice;
pub mod postmortem;
pub mod record;
pub mod reminder;
pub mod reply;
pub mod retention;
pub mod role;
pub mod schedule;
pub mod signal;
pub mod sns;
pub mod suppression;
pub mod timer;
pub mod update;
pub mod what_if;

mod digest;
mod due;
mod run;

/// What the SMS provider's webhooks hold and how they are signed, for whoever receives them.
pub mod provider {
    pub use channels::Failure;
    pub use channels::sms::{NOTIFICATION_PARAMETER, signature, webhook};
}

pub use context::OpContext;
pub use error::{Error, Problem};
pub use run::{Engine, EngineConfig};
