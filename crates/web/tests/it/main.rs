//! The edge over real HTTP: a server on a free port, each with a database of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on must fail"
)]

mod alertmanager;
mod api;
mod calendar;
mod channel;
mod doors;
mod edge;
mod fault;
mod heartbeat;
mod house;
mod ingest;
mod mail;
mod opsgenie;
mod outage;
mod routing;
mod schedule;
mod session;
mod settings;
mod signals;
mod smtp;
mod stream;
mod twilio;
mod vendor;
