//! People, teams, schedules, policies, services and accounts in the store, on both databases.

mod account;
mod house;
mod on_call;
mod people;
mod service;
