//! Fixtures for the tests of every crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "runs in tests only, where a broken fixture must fail the test"
)]

pub mod smtp;
pub mod twilio;
