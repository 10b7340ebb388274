//! The edge over real HTTP: a server on a free port, each with a database of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on must fail"
)]

mod alertmanager;
mod answer;
mod api;
mod calendar;
mod channel;
mod doors;
mod doors_limits;
mod edge;
mod fault;
mod heartbeat;
mod house;
mod incident;
mod ingest;
mod mail;
mod on_call;
mod operations;
mod opsgenie;
mod outage;
mod routing;
mod rules;
mod schedule;
mod session;
mod settings;
mod severity;
mod signals;
mod silence;
mod simulate;
mod smtp;
mod stray;
mod stream;
mod twilio;
mod vendor;
