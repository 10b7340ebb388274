//! Shows and accepts: pages, API, webhooks and live updates. Handlers parse, call one command or
//! query of the engine, and render.

#[allow(
    unused_qualifications,
    reason = "the macros of utoipa write paths in full"
)]
mod api;
pub mod assets;
pub mod body;
pub(crate) mod calendar;
mod compress;
pub mod cookie;
pub mod csrf;
pub mod error;
pub mod frame;
mod headers;
mod health;
mod hooks;
pub mod markdown;
mod memory;
mod metrics;
pub mod openapi;
pub mod page;
pub mod picture;
mod pipeline;
mod pulse;
pub mod server;
pub mod session;
pub mod smtp;
pub mod state;
mod static_files;
mod stream;
pub mod view;
pub mod watch;

pub use server::{BoundServer, ServeError, bind, run};
pub use state::{AppState, State, WebConfig};
