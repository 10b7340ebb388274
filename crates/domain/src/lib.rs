//! The rules of Quarterdeck and its words.
//!
//! Everything here is a pure function of its arguments: no I/O, no async, no clock, no randomness
//! but what is passed in. The live engine, the what-if, "explain" and the tests run the same code.

pub mod id;
pub mod schedule;
pub mod signal;
pub mod time;
pub mod word;

pub use id::*;
pub use time::{Span, Timestamp};
