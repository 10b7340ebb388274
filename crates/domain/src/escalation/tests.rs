//! The rules of PAGING.md §4 by their numbers, and the properties that hold for every policy.

mod channels;
mod hours;
mod ladder;
mod properties;
mod resting;
mod rules;
mod shadows;
pub(crate) mod world;
