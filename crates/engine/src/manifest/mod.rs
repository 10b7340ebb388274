//! The configuration as a file: teams, people, schedules, policies, services and integrations in
//! YAML, applied as a whole or not at all.
//!
//! - What stands in the file is created or changed; what does not stand there stays as it is.
//!   Nothing is ever removed.
//! - A field left out stays as it is, and has its default in what is created. A list of plain
//!   values (members, layers, steps, rules, targets) is replaced by the one in the file; contact
//!   methods and integrations are things of their own and follow the first rule.
//! - Things are named by slug, people by e-mail address, integrations by service and name, tokens
//!   by themselves.
//! - Applying a file twice changes nothing the second time.
//!
//! [`reconcile`](self::reconcile) compares file and configuration without any I/O, so that a plan
//! and the real thing come from the same code.

mod apply;
mod document;
mod export;
mod fault;
mod naming;
mod parse;
mod plan;
mod reconcile;
mod value;
mod write;

#[cfg(test)]
mod tests;

pub use apply::{apply, current, plan, rehearse};
pub use document::{
    CalendarEntry, ChannelEntry, HeartbeatEntry, IntegrationEntry, LayerEntry, Manifest,
    MethodEntry, PolicyEntry, RoutingEntry, RuleEntry, ScheduleEntry, ServiceEntry, SettingsEntry,
    StepEntry, TeamEntry, TokenEntry, UserEntry,
};
pub use export::{export, to_yaml};
pub use fault::{Fault, ManifestError};
pub use parse::{from_environment, parse};
pub use plan::{Change, Plan, Verb};
pub use reconcile::Current;
pub use value::{Duration, Located, Place, TargetRef, Timeout, Turn};
