//! The engine on both databases.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail their test like the tests themselves"
)]

mod change_event;
mod crash_points;
mod digest;
mod dispatch;
mod escalation;
mod explain;
mod heartbeat;
mod house;
mod ingest;
mod moment;
mod post;
mod postmortem;
mod reply;
mod responder;
mod role;
mod scripted;
mod shadow;
mod shifts;
mod suppression;
mod update;
mod what_if;
mod world;
