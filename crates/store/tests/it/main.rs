//! The store's rules on both databases.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail their test like the tests themselves"
)]

mod alert;
mod backend;
mod channel;
mod command;
mod delivery;
mod heartbeat;
mod lock;
mod migrate;
mod node;
mod outage;
mod paging;
mod plan;
mod request;
mod run;
mod sample;
mod write;
