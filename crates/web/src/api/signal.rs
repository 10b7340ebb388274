//! Requests of monitors: what came, what was understood, what was decided.

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use domain::dedup::SignalDecision;
use domain::directory::Directory;
use domain::word::{Action, AlertSeverity};
use domain::{RequestId, Timestamp};
use engine::access::Right;
use serde::{Deserialize, Serialize};
use store::request::Request;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{List, Params, decode_cursor, encode_cursor, limit, service, word};
use super::types::Problem;
use super::words;
use crate::error::WebError;
use crate::hooks::replay;
use crate::page::signal::{Whole, narrow};
use crate::state::State;
use crate::view::signal::SignalFilter;

pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/signals", web::get().to(list))
        .route("/signals/{id}", web::get().to(get))
        .route("/signals/{id}/replay", web::post().to(again));
}

/// Filters of the list; all of them must hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Slug of a service.
    service: Option<String>,
    /// Id of an integration.
    integration: Option<i64>,
    /// What was decided of one of its signals, e.g. `opened` or `rejected`.
    decision: Option<String>,
    /// Only those with warnings.
    warned: Option<bool>,
    /// Words of the request or its signals; looked for in the newest 20,000 requests.
    text: Option<String>,
    /// 1–200, 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A request of a monitor. Of requests that hold nothing but repeats of open alerts one of each second
/// is kept, a thousand of each integration.
#[derive(Serialize, ToSchema)]
pub struct SignalRequest {
    id: i64,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// Slug of the service.
    service: Option<String>,
    /// Id of the integration.
    integration: i64,
    /// Who read it: a format's word, or the name of an API.
    format: String,
    /// In bytes.
    size: i64,
    /// Signals that changed something.
    changed: i64,
    /// Signals that only raised the count of an alert.
    repeated: i64,
    /// Signals about alerts that are not open.
    ignored: i64,
    /// Items that were not understood.
    rejected: i64,
    /// Why they were not.
    problems: Vec<String>,
    /// What was assumed to make sense of it.
    warnings: Vec<String>,
    /// The request that this one is a replay of.
    replay_of: Option<i64>,
    /// It held nothing but repeats, and stands for all such of its second.
    sample: bool,
}

/// A request with all that is known of it.
#[derive(Serialize, ToSchema)]
pub struct SignalRequestDetail {
    #[serde(flatten)]
    request: SignalRequest,
    method: String,
    /// With the query; keys are masked.
    path: String,
    headers: Vec<SignalHeader>,
    /// As text, at most 64 KiB; keys, passwords and signatures are masked.
    body: String,
    /// Whether `body` is all of it, but for the masks.
    complete: bool,
    /// At most 100 signals that were not repeats, and 20 that were.
    signals: Vec<UnderstoodSignal>,
    /// Ids of its newest replays.
    replays: Vec<i64>,
    /// Why it cannot be replayed; `null` when it can.
    obstacle: Option<String>,
}

/// A header of a request.
#[derive(Serialize, ToSchema)]
pub struct SignalHeader {
    name: String,
    value: String,
}

/// A signal that was understood.
#[derive(Serialize, ToSchema)]
pub struct UnderstoodSignal {
    #[schema(value_type = String)]
    action: Action,
    #[schema(schema_with = words::alert_severity)]
    severity: AlertSeverity,
    dedup_key: String,
    summary: String,
    #[schema(value_type = String)]
    decision: SignalDecision,
    /// Why, in a sentence.
    reason: String,
    /// Number of its incident.
    incident: Option<i64>,
}

/// What a replay came to.
#[derive(Serialize, ToSchema)]
pub struct Replayed {
    /// What was decided of each signal, in order.
    #[schema(value_type = Vec<String>)]
    decisions: Vec<SignalDecision>,
    /// Items that were not understood.
    rejected: usize,
}

fn brief(request: &Request, directory: &Directory) -> SignalRequest {
    let service = directory
        .integration(request.integration_id)
        .and_then(|door| directory.service(door.service_id));
    SignalRequest {
        id: request.id.0,
        received_at: request.received_at,
        service: service.map(|service| service.slug.clone()),
        integration: request.integration_id.0,
        format: request.format.clone(),
        size: request.size,
        changed: request.changed,
        repeated: request.repeated,
        ignored: request.ignored,
        rejected: request.rejected,
        problems: request.problems.clone(),
        warnings: request.warnings.clone(),
        replay_of: request.replay_of.map(|id| id.0),
        sample: request.is_sample,
    }
}

/// List signals
///
/// The requests of monitors, newest first, as they were kept for 30 days.
#[utoipa::path(get, path = "/api/v1/signals", operation_id = "list_signals",
    tag = "signals", params(Query),
    responses(
        (status = 200, description = "A page of the list", body = List<SignalRequest>),
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
    service(&directory, query.service.as_deref())?;
    let filter = SignalFilter {
        service: query.service.unwrap_or_default(),
        integration: query
            .integration
            .map(|id| id.to_string())
            .unwrap_or_default(),
        decision: word("decision", query.decision.as_deref())?,
        warned: query.warned.unwrap_or(false),
        q: query.text.unwrap_or_default(),
        before: None,
    };
    let mut wanted = narrow(&filter, &directory);
    if let Some(text) = query.cursor.as_deref() {
        let [at, id] = decode_cursor::<2>(text)?;
        wanted.before = Some((Timestamp(at), RequestId(id)));
    }
    let limit = limit(query.limit)?;
    let rows = state
        .store()
        .read(move |c| store::request::list(c, &wanted, limit + 1))
        .await?;
    let page = List::cut(
        rows,
        limit,
        |last| encode_cursor(&[last.received_at.0, last.id.0]),
        |row| brief(&row, &directory),
    );
    Ok(HttpResponse::Ok().json(page))
}

/// Get a signal
///
/// One request: what came, what was understood, what was decided and why.
#[utoipa::path(get, path = "/api/v1/signals/{id}", operation_id = "get_signal",
    tag = "signals",
    params(("id" = i64, Path, description = "Id of the request")),
    responses(
        (status = 200, description = "The request", body = SignalRequestDetail),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such request, or no longer", body = Problem),
    ))]
pub async fn get(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let id = RequestId(id.into_inner());
    let whole = state.store().read(move |c| Whole::read(c, id)).await?;
    let signals = whole.understood(&state.directory());
    let request = whole.request;
    Ok(HttpResponse::Ok().json(SignalRequestDetail {
        signals: signals
            .into_iter()
            .map(|one| UnderstoodSignal {
                action: one.action,
                severity: one.severity,
                dedup_key: one.dedup_key,
                summary: one.summary,
                decision: one.decision,
                reason: one.reason,
                incident: one.incident,
            })
            .collect(),
        replays: whole.replays.iter().map(|id| id.0).collect(),
        obstacle: replay::obstacle(&request).map(str::to_owned),
        request: brief(&request, &state.directory()),
        method: request.method,
        path: request.path,
        headers: request
            .headers
            .into_iter()
            .map(|(name, value)| SignalHeader { name, value })
            .collect(),
        body: request.body,
        complete: request.complete,
    }))
}

/// Replay a signal
///
/// The request is read by the same format and taken in as if it had just come; it may page people.
#[utoipa::path(post, path = "/api/v1/signals/{id}/replay", operation_id = "replay_signal",
    tag = "signals",
    params(("id" = i64, Path, description = "Id of the request")),
    responses(
        (status = 200, description = "What it came to", body = Replayed),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token may not configure", body = Problem),
        (status = 404, description = "There is no such request, or no longer", body = Problem),
        (status = 422, description = "It cannot be replayed", body = Problem),
    ))]
pub async fn again(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let id = RequestId(id.into_inner());
    let kept = state
        .store()
        .read(move |c| Whole::read(c, id))
        .await?
        .request;
    let accepted = replay::replay(&state, &caller.ctx, &kept).await?;
    Ok(HttpResponse::Ok().json(Replayed {
        decisions: accepted
            .applied
            .iter()
            .map(|applied| applied.decision)
            .collect(),
        rejected: accepted.rejected,
    }))
}
