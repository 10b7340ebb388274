//! Shows and accepts: pages, API, webhooks and live updates. Handlers parse, call one command or
//! query of the engine, and render.

pub mod assets;
pub mod body;
pub mod cookie;
pub mod csrf;
pub mod error;
pub mod frame;
pub mod markdown;
pub mod page;
pub mod picture;
pub mod session;
pub mod state;
pub mod view;
pub mod watch;
