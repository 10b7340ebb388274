//! Sources of changes: forges, pipelines, clusters, and experiments that break things on purpose.
//! What they say never pages (WIRE-FORMATS.md §2).

pub(crate) mod cluster;
pub(crate) mod forge;
pub(crate) mod pipeline;
pub(crate) mod plain;

use domain::change_event::{ChangeEvent, ChangeKind, ChangeStatus, FIELD_MAX, SUMMARY_MAX};
use domain::{Timestamp, signal::Link};
use serde_json::Value;

use crate::request::{Encoding, Request};
use crate::text::{cut, one_line};
use crate::warning::Warnings;
use crate::{FormatError, ITEMS_MAX, Parsed, json, key, link, time};

/// A change event in the making.
#[derive(Default)]
pub(crate) struct Change {
    pub(crate) kind: Option<ChangeKind>,
    pub(crate) status: Option<ChangeStatus>,
    pub(crate) summary: Option<String>,
    pub(crate) source: Option<String>,
    /// The source's name of this statement; absent: summary, source, time and status tell.
    pub(crate) key: Option<String>,
    pub(crate) change_key: Option<String>,
    pub(crate) service: Option<String>,
    /// Label and address.
    pub(crate) links: Vec<(&'static str, Option<String>)>,
    /// Links that are ready.
    pub(crate) more_links: Vec<Link>,
    pub(crate) at: Option<Value>,
    pub(crate) starts_at: Option<Value>,
    pub(crate) ends_at: Option<Value>,
    pub(crate) details: Value,
}

impl Change {
    pub(crate) fn finish(self, who: &str, now: Timestamp, warnings: &mut Warnings) -> ChangeEvent {
        let line = |text: Option<String>, max: usize| {
            text.map(|text| cut(&one_line(&text), max))
                .filter(|text| !text.is_empty())
        };
        let summary = line(self.summary, SUMMARY_MAX).unwrap_or_else(|| {
            warnings.note("a change without a summary");
            format!("{who} told of a change")
        });
        let source = line(self.source, FIELD_MAX).unwrap_or_else(|| who.to_owned());
        let mut instant = |value: &Option<Value>, name: &str| {
            time::or_receipt(value.as_ref(), name, None, warnings)
        };
        let at = instant(&self.at, "the time");
        let starts_at = instant(&self.starts_at, "the start");
        let ends_at = instant(&self.ends_at, "the end");
        let status = self.status.map(ChangeStatus::as_str).unwrap_or_default();
        let idempotency_key = match self.key {
            Some(key) => key::bounded(&key),
            None => {
                // Without a time of its own, equal statements of one minute are one.
                let at = at.unwrap_or(Timestamp(now.0 - now.0.rem_euclid(60_000_000)));
                key::of_identity(&[&summary, &source, status, &at.0.to_string()])
            }
        };
        let kind = self.kind.unwrap_or(ChangeKind::Other);
        let mut event = ChangeEvent::new(kind, idempotency_key, summary, source);
        event.status = self.status;
        event.links = self
            .links
            .into_iter()
            .filter_map(|(label, address)| link::labelled(&address?, label, warnings))
            .chain(self.more_links)
            .collect();
        event.at = at;
        event.starts_at = starts_at;
        // An end before its start is none.
        event.ends_at = ends_at.filter(|end| starts_at.is_none_or(|start| start <= *end));
        event.details = json::shallow(self.details);
        event.change_key = self.change_key.map(|key| key::bounded(&key));
        event.service = line(self.service, FIELD_MAX);
        event
    }
}

/// What a module makes of one item.
pub(crate) enum Told {
    Change(Box<Change>),
    /// Not a change anybody looks for beside an incident, for this reason.
    Nothing(&'static str),
    Unknown,
}

impl From<Change> for Told {
    fn from(change: Change) -> Self {
        Told::Change(Box::new(change))
    }
}

/// Reads each item of a request by `read`; what it does not know is kept as a change of kind
/// `other`.
///
/// # Errors
/// When there is nothing in the request, nothing that can be read, or too many items.
pub(crate) fn each(
    who: &'static str,
    request: &Request<'_>,
    now: Timestamp,
    read: impl Fn(&Value) -> Told,
) -> Result<Parsed, FormatError> {
    let (value, encoding) = fields(request);
    let mut warnings = Warnings::default();
    crate::vendor::told(encoding, &mut warnings);
    let items = match value {
        Value::Array(items) if items.len() > ITEMS_MAX => {
            return Err(FormatError::TooMany { found: items.len() });
        }
        Value::Array(items) if items.is_empty() => return Err(FormatError::Empty),
        Value::Array(items) => items,
        Value::Object(fields) if fields.is_empty() => return Err(FormatError::Empty),
        object @ Value::Object(_) => vec![object],
        Value::String(_) => {
            return Err(FormatError::NotJson {
                reason: "it is a text".to_owned(),
            });
        }
        other => {
            return Err(FormatError::NotAnObject {
                found: json::kind(&other),
            });
        }
    };
    let mut parsed = Parsed::default();
    for item in &items {
        match read(item) {
            Told::Change(change) => parsed.changes.push(change.finish(who, now, &mut warnings)),
            Told::Nothing(reason) => warnings.note(reason),
            Told::Unknown => {
                warnings.note(format!("not a shape {who} sends: read as a plain change"));
                let change = plain::change(item);
                parsed.changes.push(change.finish(who, now, &mut warnings));
            }
        }
    }
    parsed.warnings = warnings.finish();
    Ok(parsed)
}

/// The fields of a request; a form's field `payload` holds the JSON of a forge.
fn fields(request: &Request<'_>) -> (Value, Encoding) {
    let (value, encoding) = request.fields();
    if encoding == Encoding::Form
        && let Some(inner) = value.get("payload").and_then(Value::as_str)
        && let Some(inner) = json::inside(inner)
    {
        return (inner, Encoding::Json);
    }
    (value, encoding)
}

/// The state of a change in the words of the many.
pub(crate) fn status_of(word: &str) -> Option<ChangeStatus> {
    Some(match word.trim().to_lowercase().as_str() {
        "pending"
        | "queued"
        | "created"
        | "waiting"
        | "scheduled"
        | "requested"
        | "waiting_for_resource"
        | "preparing"
        | "manual"
        | "not_started" => ChangeStatus::Pending,
        "running" | "in_progress" | "in-progress" | "started" | "start" | "starting"
        | "progressing" | "active" | "begin" | "applying" | "planning" => ChangeStatus::Running,
        "success" | "succeeded" | "successful" | "completed" | "complete" | "finished" | "done"
        | "ok" | "passed" | "applied" | "deployed" | "stop" | "stopped" | "end" | "ended"
        | "healthy" | "published" | "fixed" => ChangeStatus::Succeeded,
        "failed"
        | "failure"
        | "error"
        | "errored"
        | "unstable"
        | "timed_out"
        | "timedout"
        | "degraded"
        | "terminal"
        | "infrastructure_fail"
        | "startup_failure"
        | "unauthorized" => ChangeStatus::Failed,
        "cancelled" | "canceled" | "aborted" | "skipped" | "discarded" | "not_built"
        | "stopped_by_user" | "inactive" | "rejected" => ChangeStatus::Cancelled,
        _ => return None,
    })
}

/// The first characters of a commit's name.
pub(crate) fn short(commit: &str) -> String {
    commit.chars().take(8).collect()
}
