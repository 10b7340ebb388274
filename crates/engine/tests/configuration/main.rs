//! Accounts, commands on the configuration and the configuration file, on both databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail their test like the tests themselves"
)]

mod account;
mod channel;
mod contact;
mod holiday;
mod house;
mod manifest;
mod on_call;
mod people;
mod service;
mod verification;
mod watch;
