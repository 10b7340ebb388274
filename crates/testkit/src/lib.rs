//! Fixtures for the tests of every crate: a temporary PostgreSQL, the server itself as a child
//! process, real monitors, a real browser, and stand-ins for the providers outside.
//!
//! Everything listens on the loopback only and leaves nothing behind (see [`scratch`]). A fixture
//! that cannot do its work fails the test that asked for it, so this crate panics where others
//! return errors.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "runs in tests only, where a broken fixture must fail the test"
)]

pub mod alertmanager;
pub mod browser;
pub mod clients;
pub mod postgres;
pub mod postmortem;
pub mod process;
pub mod prometheus;
pub mod receiver;
pub mod scratch;
pub mod server;
pub mod smtp;
pub mod twilio;
pub mod wait;

pub use postgres::{PgCluster, PgDatabase, PgOptions};
pub use process::{Process, free_port, http_client};
pub use scratch::Scratch;
pub use server::Server;
pub use wait::{eventually, eventually_blocking};
