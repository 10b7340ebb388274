//! The rules of Quarterdeck and its words.
//!
//! Everything here is a pure function of its arguments: no I/O, no async, no clock, no randomness
//! but what is passed in. The live engine, the what-if, "explain" and the tests run the same code.

pub mod alert;
pub mod change_event;
pub mod channel;
pub mod command;
pub mod coverage;
pub mod dedup;
pub mod digest;
pub mod directory;
pub mod duty;
pub mod escalation;
pub mod explain;
pub mod expression;
pub mod feed;
pub mod heartbeat;
pub mod id;
pub mod incident;
pub mod integration;
pub mod lifecycle;
pub mod moment;
pub mod notification;
pub mod policy;
pub mod postmortem;
pub mod quota;
pub mod reminder;
pub mod reply;
pub mod routing;
pub mod schedule;
pub mod service;
pub mod signal;
pub mod suppression;
pub mod time;
pub mod update;
pub mod what_if;
pub mod word;

pub use id::*;
pub use time::{Span, Timestamp};
