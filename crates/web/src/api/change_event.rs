//! Change events: what was changed, beside the incidents that followed.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Path;
use domain::change_event::{Change as Row, ChangeEvent as Told, ChangeKind, ChangeStatus};
use domain::directory::Directory;
use domain::{ChangeEventId, Timestamp};
use engine::access::Right;
use engine::change_event::{NewChange, beside, tell};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::change_event::Filter;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{Body, List, Params, decode_cursor, encode_cursor, limit, service, word};
use super::timeline::no_incident;
use super::types::{Link, Problem};
use super::words;
use crate::error::WebError;
use crate::state::State;

/// Filters of the list; all of them must hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Slug of a service.
    service: Option<String>,
    /// `deployment`, `release`, `push`, `pipeline`, `configuration`, `experiment` or `other`.
    kind: Option<String>,
    /// Not before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// 1–200, 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One statement about a change. Statements about one change in different states have an equal
/// `change_key`.
#[derive(Serialize, ToSchema)]
pub struct ChangeEvent {
    id: i64,
    #[schema(schema_with = words::change_kind)]
    kind: ChangeKind,
    #[schema(value_type = Option<String>)]
    status: Option<ChangeStatus>,
    summary: String,
    source: String,
    /// Slug of the service that was changed.
    service: Option<String>,
    /// Name of the integration; `null` when the API told of it.
    integration: Option<String>,
    links: Vec<Link>,
    #[schema(value_type = Object)]
    details: Value,
    change_key: Option<String>,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
}

fn change(row: Row, directory: &Directory) -> ChangeEvent {
    let service = row.service_id.and_then(|id| directory.service(id));
    let integration = row.integration_id.and_then(|id| directory.integration(id));
    ChangeEvent {
        id: row.id.0,
        kind: row.event.kind,
        status: row.event.status,
        summary: row.event.summary,
        source: row.event.source,
        service: service.map(|one| one.slug.clone()),
        integration: integration.map(|one| one.name.clone()),
        links: Link::all(row.event.links),
        details: row.event.details,
        change_key: row.event.change_key,
        at: row.at,
        starts_at: row.event.starts_at,
        ends_at: row.event.ends_at,
        received_at: row.received_at,
    }
}

/// List change events
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/change-events", operation_id = "list_change_events",
    tag = "changes", params(Query),
    responses(
        (status = 200, description = "A page of the list", body = List<ChangeEvent>),
        (status = 401, description = "No valid token", body = Problem),
        (status = 422, description = "A filter makes no sense", body = Problem),
    ))]
pub async fn list(
    caller: Caller,
    query: Params<Query>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let query = query.0;
    let directory = state.directory();
    let service = service(&directory, query.service.as_deref())?;
    let filter = Filter {
        service,
        kind: word("kind", query.kind.as_deref())?,
        from: query.from,
        until: query.until,
        ..Filter::default()
    };
    let before = match query.cursor.as_deref() {
        Some(text) => {
            let [at, id] = decode_cursor::<2>(text)?;
            Some((Timestamp(at), ChangeEventId(id)))
        }
        None => None,
    };
    let limit = limit(query.limit)?;
    let rows = state
        .store()
        .read(move |c| store::change_event::list(c, &filter, before, limit + 1))
        .await?;
    let page = List::cut(
        rows,
        limit,
        |last| encode_cursor(&[last.at.0, last.id.0]),
        |row| change(row, &directory),
    );
    Ok(HttpResponse::Ok().json(page))
}

/// Get a change event
#[utoipa::path(get, path = "/api/v1/change-events/{id}", operation_id = "get_change_event",
    tag = "changes",
    params(("id" = i64, Path, description = "Id of the change event")),
    responses(
        (status = 200, description = "The change event", body = ChangeEvent),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such change event", body = Problem),
    ))]
pub async fn get(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let row = fetch(&state, ChangeEventId(id.into_inner())).await?;
    Ok(HttpResponse::Ok().json(change(row, &state.directory())))
}

async fn fetch(state: &State, id: ChangeEventId) -> Result<Row, WebError> {
    let row = state
        .store()
        .read(move |c| {
            store::change_event::fetch(c, id).map_err(|error| match error {
                store::Error::NotFound => engine::Error::NotFound("change event"),
                other => other.into(),
            })
        })
        .await?;
    Ok(row)
}

/// A change to be written down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeBody {
    /// One line.
    summary: String,
    /// What changed, or who says so; `API` when absent.
    #[serde(default)]
    source: Option<String>,
    /// Slug of the service that was changed.
    #[serde(default)]
    service: Option<String>,
    /// `other` when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    kind: Option<ChangeKind>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    status: Option<ChangeStatus>,
    #[serde(default)]
    links: Vec<Link>,
    #[serde(default)]
    #[schema(value_type = Object)]
    details: Value,
    /// Equal for statements about one change, such as the start and the end of an experiment.
    #[serde(default)]
    change_key: Option<String>,
    /// A second request with an equal one changes nothing.
    #[serde(default)]
    idempotency_key: String,
    /// When it happened; now when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
}

/// Create a change event
///
/// It pages nobody. It stands beside the incidents that follow it, and on the timeline of those
/// that are open.
#[utoipa::path(post, path = "/api/v1/change-events", operation_id = "create_change_event",
    tag = "changes", request_body = ChangeBody,
    responses(
        (status = 201, description = "The change event", body = ChangeEvent),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 422, description = "The body makes no sense", body = Problem),
    ))]
pub async fn create(
    caller: Caller,
    body: Body<ChangeBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let body = body.0;
    let told = Told {
        status: body.status,
        links: body.links.into_iter().map(Into::into).collect(),
        at: body.at,
        details: body.details,
        change_key: body.change_key,
        starts_at: body.starts_at,
        ends_at: body.ends_at,
        ..Told::new(
            body.kind.unwrap_or(ChangeKind::Other),
            body.idempotency_key,
            body.summary.trim(),
            body.source.unwrap_or_else(|| "API".to_owned()),
        )
    };
    let new = NewChange {
        service: body.service,
        event: told,
    };
    let id = tell(state.store(), caller.ctx, new).await?;
    let row = fetch(&state, id).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/api/v1/change-events/{id}")))
        .json(change(row, &state.directory())))
}

/// What was changed before and during an incident, newest first.
#[derive(Serialize, ToSchema)]
pub struct ChangesBeside {
    /// Of the incident's service.
    own: Vec<ChangeEvent>,
    /// Of other services, or of none.
    elsewhere: Vec<ChangeEvent>,
}

/// List the changes beside an incident
///
/// From a day before it opened until it was resolved.
#[utoipa::path(get, path = "/api/v1/incidents/{number}/change-events",
    operation_id = "list_changes_beside_incident", tag = "changes",
    params(("number" = i64, Path, description = "Number of the incident")),
    responses(
        (status = 200, description = "The changes", body = ChangesBeside),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
    ))]
pub async fn of_incident(
    caller: Caller,
    number: Path<i64>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let number = number.into_inner();
    let found = state
        .store()
        .read(move |c| {
            let incident = store::incident::by_number(c, number).map_err(no_incident)?;
            Ok::<_, engine::Error>(beside(c, &incident)?)
        })
        .await?;
    let directory = state.directory();
    let all = |rows: Vec<Row>| {
        rows.into_iter()
            .map(|row| change(row, &directory))
            .collect()
    };
    Ok(HttpResponse::Ok().json(ChangesBeside {
        own: all(found.own),
        elsewhere: all(found.elsewhere),
    }))
}
