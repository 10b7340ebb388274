//! Shows and accepts: pages, API, webhooks and live updates. Handlers parse, call one command or
//! query of the engine, and render.

pub mod assets;
pub mod markdown;
pub mod picture;
pub mod view;
