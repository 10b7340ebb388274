//! The timeline of an incident: read, and write notes.

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::directory::Directory;
use domain::incident::Command;
use domain::word::{EntryKind, Origin};
use domain::{TimelineEntryId, Timestamp};
use engine::access::Right;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{Body, List, Params, decode_cursor, encode_cursor, limit};
use super::types::{Person, Problem};
use super::words;
use crate::error::WebError;
use crate::state::State;

/// Entries read at once to put them in order.
const AT_ONCE: i64 = 20_000;

/// Part of a timeline.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// 1–200, 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One thing that happened.
#[derive(Serialize, ToSchema)]
pub struct Entry {
    id: i64,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    occurred_at: Timestamp,
    /// When it was written down.
    #[schema(value_type = String, format = DateTime)]
    recorded_at: Timestamp,
    #[schema(schema_with = words::entry_kind)]
    kind: EntryKind,
    /// Who did it; `null` for the system, a monitor or a token.
    actor: Option<Person>,
    /// Where it came from.
    #[schema(schema_with = words::origin)]
    origin: Origin,
    /// A sentence; Markdown for notes and updates.
    text: String,
    /// Facts for programs; their form depends on the kind.
    #[schema(value_type = Object)]
    details: Value,
}

fn entry(row: store::timeline::Entry, directory: &Directory) -> Entry {
    Entry {
        id: row.id.0,
        occurred_at: row.occurred_at,
        recorded_at: row.recorded_at,
        kind: row.kind,
        actor: Person::maybe(row.actor_id, directory),
        origin: row.origin,
        text: row.text,
        details: serde_json::from_str(&row.details).unwrap_or(Value::Null),
    }
}

/// Read the timeline
///
/// In the order in which it was written down. To follow it, keep the last `next_cursor`, or ask
/// again from the start.
#[utoipa::path(get, path = "/api/v1/incidents/{number}/timeline", operation_id = "list_timeline",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident"), Query),
    responses(
        (status = 200, description = "A page of the timeline", body = List<Entry>),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
        (status = 422, description = "The cursor is not one", body = Problem),
    ))]
pub async fn list(
    caller: Caller,
    number: Path<i64>,
    query: Params<Query>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let number = number.into_inner();
    let limit = limit(query.0.limit)?;
    let after = match query.0.cursor.as_deref() {
        Some(text) => decode_cursor::<1>(text)?[0],
        None => 0,
    };
    let mut rows = state
        .store()
        .read(move |c| {
            let incident = store::incident::by_number(c, number).map_err(no_incident)?;
            Ok::<_, engine::Error>(store::timeline::after(
                c,
                incident.id,
                TimelineEntryId(after),
                AT_ONCE,
            )?)
        })
        .await?;
    rows.sort_unstable_by_key(|row| row.id);
    let directory = state.directory();
    let page = List::cut(
        rows,
        limit,
        |last| encode_cursor(&[last.id.0]),
        |row| entry(row, &directory),
    );
    Ok(HttpResponse::Ok().json(page))
}

pub(super) fn no_incident(error: store::Error) -> engine::Error {
    match error {
        store::Error::NotFound => engine::Error::NotFound("incident"),
        other => other.into(),
    }
}

/// What to write down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteBody {
    /// Markdown.
    text: String,
}

/// Add a note
#[utoipa::path(post, path = "/api/v1/incidents/{number}/notes", operation_id = "add_note",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident")),
    request_body = NoteBody,
    responses(
        (status = 201, description = "The entry", body = Entry),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
        (status = 409, description = "A rule says no; `detail` says why", body = Problem),
        (status = 422, description = "The note is empty or too long", body = Problem),
    ))]
pub async fn note(
    caller: Caller,
    number: Path<i64>,
    body: Body<NoteBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let text = body.0.text.replace('\0', "");
    if text.trim().is_empty() {
        return Err(engine::Error::invalid("text", "write something").into());
    }
    let command = Command::Note { text };
    let incident = engine::incident::command(state.store(), &caller.ctx, *number, command).await?;
    let written = state
        .store()
        .read(move |c| store::timeline::latest(c, incident.id, 50))
        .await?
        .into_iter()
        .rfind(|row| row.kind == EntryKind::Note && row.origin == caller.ctx.actor.origin)
        .ok_or_else(|| WebError::Internal("a note that was written is not there".into()))?;
    Ok(HttpResponse::Created().json(entry(written, &state.directory())))
}
