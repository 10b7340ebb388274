//! What the pages answer: from requests to commands and queries of the engine, and from their
//! answers to the structs of [`crate::view`].

pub mod alert;
pub mod answer;
pub mod auth;
pub mod calendar;
pub mod change;
pub mod channel;
pub mod choice;
pub mod complaint;
pub mod coverage;
pub mod dashboard;
pub mod explain;
pub mod heartbeat;
pub mod holiday;
pub mod incident;
pub mod name;
pub mod on_call;
pub mod outbox;
pub mod person;
pub mod policy;
pub mod postmortem;
pub mod profile;
pub mod query;
mod removal;
pub mod report;
pub mod rule;
#[cfg(test)]
mod sample;
pub mod schedule;
pub mod search;
pub mod service;
pub mod settings;
pub mod signal;
pub mod simulate;
pub mod suppression;
pub mod swap;
pub mod team;
pub mod user;
mod version;

use actix_web::web::ServiceConfig;

/// The addresses of all pages.
pub fn configure(cfg: &mut ServiceConfig) {
    dashboard::configure(cfg);
    incident::configure(cfg);
    alert::configure(cfg);
    suppression::configure(cfg);
    answer::configure(cfg);
    postmortem::configure(cfg);
    outbox::configure(cfg);
    change::configure(cfg);
    simulate::configure(cfg);
    explain::configure(cfg);
    coverage::configure(cfg);
    search::configure(cfg);
    settings::configure(cfg);
    profile::configure(cfg);
    calendar::configure(cfg);
    team::configure(cfg);
    user::configure(cfg);
    policy::configure(cfg);
    channel::configure(cfg);
    on_call::configure(cfg);
    holiday::configure(cfg);
    report::configure(cfg);
    swap::configure(cfg);
    schedule::configure(cfg);
    service::configure(cfg);
    signal::configure(cfg);
    heartbeat::configure(cfg);
    auth::configure(cfg);
}
