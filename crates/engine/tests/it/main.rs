//! The engine on both databases.

mod house;
mod moment;
mod postmortem;
mod role;
mod update;
