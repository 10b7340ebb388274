//! People, teams, schedules, policies, services and accounts in the store, on both databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail their test like the tests themselves"
)]

mod account;
mod house;
mod on_call;
mod people;
mod service;
mod watch;
