//! Opsgenie's Alert API (WIRE-FORMATS.md §1.3). Its product and API end on 5 April 2027, and its
//! users look for a new home: clients work unchanged, whatever host they are pointed at.
//!
//! Jira Service Management, where its users are sent, keeps the alerts and most of the API: what it
//! calls otherwise is read by both names, and its answers are [`operations`].
//!
//! Addresses are read by [`call`], bodies by [`create`] and [`order`]; [`view`] writes what is
//! asked about alerts, [`reply`] every answer.

pub mod call;
pub mod create;
pub mod heartbeat;
pub mod operations;
pub mod order;
pub mod query;
pub mod receipt;
pub mod reply;
pub mod view;

mod text;

use domain::directory::Directory;
use domain::policy::Target;
use domain::{PolicyId, UserId};
use serde_json::{Map, Value};

pub use text::Edit;

use crate::json;

/// Whoever is named in a request, by one of several fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// `team`, `user`, `escalation`, `schedule`, or empty where the place says it.
    pub kind: String,
    /// Id, name or user name.
    pub name: String,
}

impl Party {
    fn read(value: &Value, kind: &str) -> Option<Party> {
        let of = |name: &str| {
            value
                .get(name)
                .and_then(Value::as_str)
                .map(str::trim)
                .filter(|text| !text.is_empty())
        };
        let name = match value {
            Value::String(name) => name.trim(),
            _ => of("name").or_else(|| of("username")).or_else(|| of("id"))?,
        };
        if name.is_empty() {
            return None;
        }
        Some(Party {
            kind: of("type").unwrap_or(kind).to_lowercase(),
            name: name.to_owned(),
        })
    }

    /// Whom that is here: people by address, the rest by name, short name or number.
    pub fn target(&self, directory: &Directory) -> Option<Target> {
        let is = |slug: &str, name: &str| {
            slug.eq_ignore_ascii_case(&self.name) || name.eq_ignore_ascii_case(&self.name)
        };
        match self.kind.as_str() {
            "user" => self.user(directory).map(Target::User),
            "schedule" => directory
                .schedules
                .values()
                .find(|one| is(&one.slug, &one.name) || one.id.0.to_string() == self.name)
                .map(|one| Target::Schedule(one.id)),
            "team" => directory
                .teams
                .values()
                .find(|one| is(&one.slug, &one.name) || one.id.0.to_string() == self.name)
                .map(|one| Target::Team(one.id)),
            _ => None,
        }
    }

    /// The person of this address, number or name.
    pub fn user(&self, directory: &Directory) -> Option<UserId> {
        directory
            .user_by_email(&self.name)
            .map(|user| user.id)
            .or_else(|| {
                directory
                    .users
                    .values()
                    .find(|user| user.id.0.to_string() == self.name || user.name == self.name)
                    .map(|user| user.id)
            })
    }

    /// The policy of this name: what is called an escalation there.
    pub fn policy(&self, directory: &Directory) -> Option<PolicyId> {
        directory
            .policies
            .values()
            .find(|one| {
                one.slug.eq_ignore_ascii_case(&self.name)
                    || one.name.eq_ignore_ascii_case(&self.name)
                    || one.id.0.to_string() == self.name
            })
            .map(|one| one.id)
    }
}

/// The body as an object; an empty one is an object without fields. Also whether it had to be
/// mended.
fn body(bytes: &[u8]) -> Result<(Map<String, Value>, bool), reply::Refusal> {
    if bytes.trim_ascii().is_empty() {
        return Ok((Map::new(), false));
    }
    match json::read(bytes) {
        Ok((Value::Object(fields), mended)) => Ok((fields, mended)),
        Ok((Value::Null, mended)) => Ok((Map::new(), mended)),
        Ok((other, _)) => Err(reply::Refusal::invalid(
            "body",
            &format!("must be a JSON object, not {}", json::kind(&other)),
        )),
        Err(error) => Err(reply::Refusal::invalid(
            "body",
            &format!("is not JSON: {error}"),
        )),
    }
}

#[cfg(test)]
mod tests;
