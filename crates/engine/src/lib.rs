//! The clockwork: takes signals in, fires timers, empties the outbox, and runs commands and
//! queries for whoever serves people. It contains no rules: those are in `domain`.

pub mod access;
pub mod clock;
pub mod context;
pub mod error;

pub use context::OpContext;
pub use error::{Error, Problem};
