//! Alerts as Opsgenie's clients read them.

use domain::alert::Alert;
use domain::directory::Directory;
use domain::incident::Incident;
use domain::policy::Target;
use domain::service::Integration;
use domain::word::{AlertStatus, PagingState};
use domain::{Timestamp, UserId};
use serde_json::{Map, Value, json};

use super::Party;
use super::call::id;
use super::create::priority_of;
use super::text::texts;

/// What an alert is seen with.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Its incident, where it is known.
    pub incident: Option<&'a Incident>,
    pub integration: &'a Integration,
    pub directory: &'a Directory,
}

/// The fields of an alert, those of lists and those of a single one.
pub fn alert(alert: &Alert, seen: &Seen<'_>) -> Value {
    let kept = &alert.text.details;
    let of = |name: &str| kept.get(name).and_then(Value::as_str);
    let closed = alert.status == AlertStatus::Resolved;
    let incident = seen.incident;
    let acknowledged =
        !closed && incident.is_some_and(|one| one.paging == PagingState::Acknowledged);
    let snoozed_until = incident
        .and_then(|one| one.snoozed_until)
        .filter(|_| !closed);
    let person = |user: Option<UserId>| {
        user.and_then(|user| seen.directory.user(user))
            .map_or("", |user| user.email.as_str())
    };
    let owner = person(incident.and_then(|one| one.acknowledged_by));
    let mut shown = json!({
        "seen": acknowledged || closed,
        "id": id(alert.id),
        "tinyId": alert.id.0.to_string(),
        "alias": of("alias").unwrap_or(&alert.dedup_key),
        "message": alert.text.summary,
        "status": if closed { "closed" } else { "open" },
        "acknowledged": acknowledged,
        "isSeen": acknowledged || closed,
        "tags": texts(kept.get("tags")),
        "snoozed": snoozed_until.is_some(),
        "count": alert.count,
        "lastOccurredAt": alert.last_seen,
        "createdAt": alert.first_seen,
        "updatedAt": alert.resolved_at.unwrap_or(alert.last_seen).max(alert.last_seen),
        "source": alert.text.source,
        "owner": owner,
        "priority": of("priority").unwrap_or(priority_of(alert.text.severity)),
        "teams": [],
        "responders": responders(kept, seen.directory),
        "integration": {
            "id": seen.integration.id.0.to_string(),
            "name": seen.integration.name,
            "type": "API",
        },
        "report": report(alert, incident, person),
        "ownerTeamId": "",
        "actions": texts(kept.get("actions")),
        "entity": alert.text.component.as_deref().unwrap_or_default(),
        "description": of("description").unwrap_or_default(),
        "details": details(kept),
    });
    if let Some(until) = snoozed_until {
        shown["snoozedUntil"] = json!(until);
    }
    shown
}

/// How long answers took, in milliseconds.
fn report<'a>(
    alert: &Alert,
    incident: Option<&Incident>,
    person: impl Fn(Option<UserId>) -> &'a str,
) -> Value {
    let mut report = Map::new();
    let took = |at: Timestamp| json!(at.since(alert.first_seen).as_millis().max(0));
    if let Some(incident) = incident {
        if let Some(at) = incident.acknowledged_at {
            report.insert("ackTime".into(), took(at));
            report.insert(
                "acknowledgedBy".into(),
                person(incident.acknowledged_by).into(),
            );
        }
        if alert.resolved_at.is_some() {
            report.insert("closedBy".into(), person(incident.resolved_by).into());
        }
    }
    if let Some(at) = alert.resolved_at {
        report.insert("closeTime".into(), took(at));
    }
    report.into()
}

/// Those that were sent along; clients accept four kinds, each with an id.
fn responders(kept: &Value, directory: &Directory) -> Vec<Value> {
    let read = |name: &str, kind: &'static str| {
        let list = kept.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(move |one| Party::read(one, kind))
    };
    read("responders", "team")
        .chain(read("teams", "team"))
        .filter(|party| ["team", "user", "escalation", "schedule"].contains(&party.kind.as_str()))
        .map(|party| {
            let number = match party.target(directory) {
                Some(Target::User(id)) => id.0,
                Some(Target::Schedule(id)) => id.0,
                Some(Target::Team(id)) => id.0,
                _ => 0,
            };
            let id = if number > 0 {
                number.to_string()
            } else {
                party.name.clone()
            };
            json!({"type": party.kind, "id": id, "name": party.name})
        })
        .collect()
}

/// As a map of texts, which clients expect.
fn details(kept: &Value) -> Map<String, Value> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match kept.get("details") {
        Some(Value::Object(details)) => details
            .iter()
            .map(|(name, value)| (name.clone(), text(value).into()))
            .collect(),
        None | Some(Value::Null) => Map::new(),
        Some(other) => Map::from_iter([("details".to_owned(), text(other).into())]),
    }
}

/// One entry of an incident's timeline, as a note or a line of the log.
pub struct Line<'a> {
    pub text: &'a str,
    /// Our word for what happened.
    pub kind: &'a str,
    pub owner: String,
    pub at: Timestamp,
    /// Its number, by which lists are paged.
    pub offset: i64,
}

/// A note.
pub fn note(line: &Line<'_>) -> Value {
    json!({
        "note": line.text,
        "owner": line.owner,
        "createdAt": line.at,
        "offset": line.offset.to_string(),
    })
}

/// A line of the log.
pub fn log(line: &Line<'_>) -> Value {
    json!({
        "log": line.text,
        "type": line.kind,
        "owner": line.owner,
        "createdAt": line.at,
        "offset": line.offset.to_string(),
    })
}

/// A person who was told of the alert.
pub fn recipient(
    directory: &Directory,
    user: UserId,
    state: &str,
    method: &str,
    created_at: Timestamp,
    updated_at: Timestamp,
) -> Value {
    json!({
        "user": {
            "id": user.0.to_string(),
            "username": directory.user(user).map_or("", |user| user.email.as_str()),
        },
        "state": state,
        "method": method,
        "createdAt": created_at,
        "updatedAt": updated_at,
    })
}
