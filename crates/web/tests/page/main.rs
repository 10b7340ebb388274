//! Pages over real HTTP, as browsers without script see them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on must fail"
)]

mod answer;
mod ask;
mod auth;
mod by_hand;
mod calendar;
mod change;
mod channel;
mod coverage;
mod explain;
mod heartbeat;
mod holiday;
mod house;
mod incident;
mod journey;
mod outbox;
mod policy;
mod postmortem;
mod profile;
mod quiet;
mod routing;
mod schedule;
mod service;
mod settings;
mod signal;
mod simulate;
mod user;
