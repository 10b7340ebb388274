//! Heartbeats: who is to be heard of, and how often.

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use domain::directory::Directory;
use domain::heartbeat::{
    EventKind, GRACE_DEFAULT, Heartbeat as Row, HeartbeatSettings, HeartbeatState,
};
use domain::word::AlertSeverity;
use domain::{HeartbeatId, IntegrationId, Span, Timestamp};
use engine::access::{self, Right};
use engine::configuration::heartbeat::{
    create_heartbeat, edit_heartbeat, pause_heartbeat, remove_heartbeat, resume_heartbeat,
    rotate_heartbeat_key,
};
use engine::heartbeat as beats;
use serde::{Deserialize, Serialize};
use store::heartbeat::{After, Filter};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{Body, List, Params, decode_cursor, encode_cursor, limit, service, word};
use super::types::Problem;
use super::words;
use crate::error::WebError;
use crate::hooks::heartbeat::address;
use crate::state::{AppState, State};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/heartbeats")
                .route(web::get().to(list))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/heartbeats/{id}")
                .route(web::get().to(get))
                .route(web::put().to(edit))
                .route(web::delete().to(remove)),
        )
        .route("/heartbeats/{id}/pause", web::post().to(pause))
        .route("/heartbeats/{id}/resume", web::post().to(resume))
        .route("/heartbeats/{id}/rotate", web::post().to(rotate));
}

/// Filters of the list; all of them must hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `waiting`, `healthy`, `expired`, `failed` or `paused`.
    state: Option<String>,
    /// Slug of a service.
    service: Option<String>,
    /// Part of the name.
    q: Option<String>,
    /// 1–200, 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A job or machine that is to be heard of at least once in `interval` and `grace`.
#[derive(Serialize, ToSchema)]
pub struct Heartbeat {
    id: i64,
    name: String,
    description: String,
    integration: HeartbeatIntegration,
    /// Slug of the service that pages.
    service: Option<String>,
    /// Seconds.
    #[schema(value_type = i64)]
    interval: Span,
    /// Seconds.
    #[schema(value_type = i64)]
    grace: Span,
    /// Seconds in which a run must end that said when it began.
    #[schema(value_type = Option<i64>)]
    longest_run: Option<Span>,
    #[schema(schema_with = words::alert_severity)]
    severity: AlertSeverity,
    /// Summary of its alert; `null`: its name, and what has happened.
    message: Option<String>,
    tags: Vec<String>,
    #[schema(schema_with = words::heartbeat_state)]
    state: HeartbeatState,
    /// When the newest ping happened that said all is well.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_ping: Option<Timestamp>,
    /// When it expires unless it is heard of.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// When the run began that has not ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    running_since: Option<Timestamp>,
    /// Where to ping; `null` for those who may not configure.
    ping_url: Option<String>,
    /// Its page.
    url: String,
    /// Key of its alert.
    dedup_key: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Newest first.
    history: Vec<HeartbeatEvent>,
}

/// Whose alert it opens.
#[derive(Serialize, ToSchema)]
pub struct HeartbeatIntegration {
    id: i64,
    name: Option<String>,
}

/// One thing that happened to a heartbeat.
#[derive(Serialize, ToSchema)]
pub struct HeartbeatEvent {
    #[schema(schema_with = words::heartbeat_event)]
    kind: EventKind,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// When it was heard of, if that was later.
    #[schema(value_type = Option<String>, format = DateTime)]
    received_at: Option<Timestamp>,
    /// It came too late to change anything.
    stale: bool,
    exit_status: Option<u8>,
    /// Seconds that the run took.
    #[schema(value_type = Option<i64>)]
    took: Option<Span>,
    /// The last line of what the job said.
    note: Option<String>,
}

impl Heartbeat {
    fn of(row: Row, caller: &Caller, state: &AppState, directory: &Directory) -> Heartbeat {
        let integration = directory.integration(row.integration_id);
        let service = integration.and_then(|one| directory.service(one.service_id));
        let may = access::allows(caller.ctx.role, Right::Configure);
        Heartbeat {
            id: row.id.0,
            integration: HeartbeatIntegration {
                id: row.integration_id.0,
                name: integration.map(|one| one.name.clone()),
            },
            service: service.map(|service| service.slug.clone()),
            ping_url: may.then(|| address(state, &row)),
            url: format!("{}/heartbeats/{}", state.config.public_url, row.id),
            dedup_key: domain::heartbeat::dedup_key(row.id),
            history: row
                .history
                .newest()
                .map(|event| HeartbeatEvent {
                    kind: event.kind,
                    at: event.at,
                    received_at: event.received_at,
                    stale: event.stale,
                    exit_status: event.exit_status,
                    took: event.took,
                    note: event.note.clone(),
                })
                .collect(),
            name: row.settings.name,
            description: row.settings.description,
            interval: row.settings.interval,
            grace: row.settings.grace,
            longest_run: row.settings.longest_run,
            severity: row.settings.severity,
            message: row.settings.message,
            tags: row.settings.tags,
            state: row.state,
            last_ping: row.last_ping,
            due_at: row.due_at,
            running_since: row.running_since,
            created_at: row.created_at,
        }
    }
}

/// A heartbeat as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatBody {
    /// Id of the integration whose alert it opens: needed of a new one, which then stays there.
    #[serde(default)]
    integration: Option<i64>,
    name: String,
    #[serde(default)]
    description: String,
    /// Seconds, from 30 to 30 days.
    #[schema(value_type = i64)]
    interval: Span,
    /// Seconds; 60 when absent. At most the interval, or an hour.
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    grace: Option<Span>,
    /// Seconds in which a run must end that said when it began; absent: until the ping is due.
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    longest_run: Option<Span>,
    /// `error` when absent.
    #[schema(schema_with = words::alert_severity)]
    #[serde(default)]
    severity: Option<AlertSeverity>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
}

impl HeartbeatBody {
    fn settings(self) -> HeartbeatSettings {
        HeartbeatSettings {
            name: self.name,
            description: self.description,
            interval: self.interval,
            grace: self.grace.unwrap_or(GRACE_DEFAULT),
            longest_run: self.longest_run,
            severity: self.severity.unwrap_or(AlertSeverity::Error),
            message: self.message,
            tags: self.tags,
        }
    }
}

/// List heartbeats
///
/// Those that are down first, then by name.
#[utoipa::path(get, path = "/api/v1/heartbeats", operation_id = "list_heartbeats",
    tag = "heartbeats", params(Query),
    responses(
        (status = 200, description = "A page of the list", body = List<Heartbeat>),
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
    let integrations = service.map(|service| {
        let of_service = directory.integrations.values();
        let of_service = of_service.filter(|one| one.service_id == service);
        of_service.map(|one| one.id).collect()
    });
    let filter = Filter {
        integrations,
        state: word("state", query.state.as_deref())?,
        text: query.q,
    };
    let after = match query.cursor.as_deref() {
        Some(text) => Some(HeartbeatId(decode_cursor::<1>(text)?[0])),
        None => None,
    };
    let limit = limit(query.limit)?;
    let rows = state
        .store()
        .read(move |c| {
            let after = match after {
                Some(id) => Some(after_of(c, id)?),
                None => None,
            };
            Ok::<_, engine::Error>(store::heartbeat::list(
                c,
                &filter,
                after.as_ref(),
                limit + 1,
            )?)
        })
        .await?;
    let page = List::cut(
        rows,
        limit,
        |last| encode_cursor(&[last.id.0]),
        |row| Heartbeat::of(row, &caller, &state, &directory),
    );
    Ok(HttpResponse::Ok().json(page))
}

/// Where a list goes on.
pub(crate) fn after_of(conn: &mut store::Conn, id: HeartbeatId) -> Result<After, engine::Error> {
    let last = store::heartbeat::get(conn, id)?.ok_or_else(|| {
        let message = "the heartbeat that ended the page before is gone: begin again";
        engine::Error::invalid("cursor", message)
    })?;
    Ok(After {
        state: last.state,
        name: last.settings.name,
        id,
    })
}

/// Make a heartbeat
///
/// It waits for its first ping.
#[utoipa::path(post, path = "/api/v1/heartbeats", operation_id = "create_heartbeat",
    tag = "heartbeats", request_body = HeartbeatBody,
    responses(
        (status = 201, description = "The heartbeat", body = Heartbeat),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such integration", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn create(
    caller: Caller,
    body: Body<HeartbeatBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let integration = body.0.integration.map(IntegrationId).ok_or_else(|| {
        engine::Error::invalid("integration", "say of which integration its alerts are")
    })?;
    let settings = body.0.settings();
    let row = create_heartbeat(state.store(), &caller.ctx, integration, settings).await?;
    let shown = Heartbeat::of(row, &caller, &state, &state.directory());
    Ok(HttpResponse::Created().json(shown))
}

/// Get a heartbeat
#[utoipa::path(get, path = "/api/v1/heartbeats/{id}", operation_id = "get_heartbeat",
    tag = "heartbeats", params(("id" = i64, Path, description = "Id of the heartbeat")),
    responses(
        (status = 200, description = "The heartbeat", body = Heartbeat),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such heartbeat", body = Problem),
    ))]
pub async fn get(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let row = beats::get(state.store(), HeartbeatId(*id)).await?;
    Ok(shown(row, &caller, &state))
}

fn shown(row: Row, caller: &Caller, state: &AppState) -> HttpResponse {
    HttpResponse::Ok().json(Heartbeat::of(row, caller, state, &state.directory()))
}

/// Change a heartbeat
///
/// It never expires at once by that: what would be overdue then has an interval from now.
#[utoipa::path(put, path = "/api/v1/heartbeats/{id}", operation_id = "edit_heartbeat",
    tag = "heartbeats", request_body = HeartbeatBody,
    params(("id" = i64, Path, description = "Id of the heartbeat")),
    responses(
        (status = 200, description = "The heartbeat as it is now", body = Heartbeat),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such heartbeat", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn edit(
    caller: Caller,
    id: Path<i64>,
    body: Body<HeartbeatBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let id = HeartbeatId(*id);
    let before = beats::get(state.store(), id).await?;
    if body
        .0
        .integration
        .is_some_and(|other| other != before.integration_id.0)
    {
        let message = "a heartbeat stays with its integration: make another one there";
        return Err(engine::Error::invalid("integration", message).into());
    }
    let row = edit_heartbeat(state.store(), &caller.ctx, id, body.0.settings()).await?;
    Ok(shown(row, &caller, &state))
}

/// Remove a heartbeat
///
/// An open alert of it is resolved.
#[utoipa::path(delete, path = "/api/v1/heartbeats/{id}", operation_id = "remove_heartbeat",
    tag = "heartbeats", params(("id" = i64, Path, description = "Id of the heartbeat")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such heartbeat", body = Problem),
    ))]
pub async fn remove(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    remove_heartbeat(state.store(), &caller.ctx, HeartbeatId(*id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Pause a heartbeat
///
/// Nobody is told whether pings come; an open alert of it is resolved.
#[utoipa::path(post, path = "/api/v1/heartbeats/{id}/pause", operation_id = "pause_heartbeat",
    tag = "heartbeats", params(("id" = i64, Path, description = "Id of the heartbeat")),
    responses(
        (status = 200, description = "The heartbeat as it is now", body = Heartbeat),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such heartbeat", body = Problem),
    ))]
pub async fn pause(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let row = pause_heartbeat(state.store(), &caller.ctx, HeartbeatId(*id)).await?;
    Ok(shown(row, &caller, &state))
}

/// Resume a heartbeat
///
/// One that was heard of before has an interval from now.
#[utoipa::path(post, path = "/api/v1/heartbeats/{id}/resume", operation_id = "resume_heartbeat",
    tag = "heartbeats", params(("id" = i64, Path, description = "Id of the heartbeat")),
    responses(
        (status = 200, description = "The heartbeat as it is now", body = Heartbeat),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such heartbeat", body = Problem),
    ))]
pub async fn resume(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let row = resume_heartbeat(state.store(), &caller.ctx, HeartbeatId(*id)).await?;
    Ok(shown(row, &caller, &state))
}

/// Give a heartbeat another address
///
/// Pings to the old one are refused from now on.
#[utoipa::path(post, path = "/api/v1/heartbeats/{id}/rotate",
    operation_id = "rotate_heartbeat", tag = "heartbeats",
    params(("id" = i64, Path, description = "Id of the heartbeat")),
    responses(
        (status = 200, description = "The heartbeat as it is now", body = Heartbeat),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such heartbeat", body = Problem),
    ))]
pub async fn rotate(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let row = rotate_heartbeat_key(state.store(), &caller.ctx, HeartbeatId(*id)).await?;
    Ok(shown(row, &caller, &state))
}
