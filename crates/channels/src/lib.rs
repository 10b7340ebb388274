//! The world outside: every way in which a message reaches a person, or a place that is told.
//!
//! A [`Channel`] carries one rendered [`Message`] to one address, once, and reports what it saw:
//! an [`Outcome`] or a classified [`Failure`]. It never retries by itself beyond one attempt, never
//! chooses another address and never looks at incidents: what evidence means is decided in
//! `domain`, when the next attempt is made is decided by the outbox.

pub mod calendar;
mod channel;
pub mod email;
mod guard;
pub mod http;
mod outbox;
pub mod post;
mod reason;
mod registry;
mod secret;
pub mod sms;

pub use channel::{Channel, Failure, MailingList, Message, Outcome};
pub use outbox::LogChannel;
pub use registry::Channels;
pub use secret::Secret;
