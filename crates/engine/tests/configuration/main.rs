//! Accounts, commands on the configuration and the configuration file, on both databases.

mod account;
mod contact;
mod house;
mod manifest;
mod on_call;
mod people;
mod service;
mod verification;
