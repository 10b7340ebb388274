//! Whole requests through the public functions.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod any_bytes;
mod change;
mod command;
mod delivery;
mod fuzz;
mod generic;
mod mail;
mod mapping;
mod recorded;
mod recurrence;
mod replies;
mod severity;
mod transport;
mod vendor;
mod webhook;
