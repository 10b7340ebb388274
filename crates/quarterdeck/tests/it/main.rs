//! The binary as its users meet it: a process with a database, a mail server, an SMS provider and
//! monitors around it, all real or speaking like the real ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing step must fail the test"
)]

mod browser;
mod clients;
mod commands;
mod crash;
mod database;
mod disk;
mod house;
mod mail;
mod monitors;
mod nodes;
mod outage;
mod screenshots;
mod send;
mod send_trouble;
mod senders;
mod sms;
