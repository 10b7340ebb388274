//! The fixtures tried by themselves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing step must fail the test"
)]

mod browser;
mod caretaker;
mod listener;
mod monitors;
mod postgres;
mod postmortem;
mod process;
