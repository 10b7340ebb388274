//! Swap and cover requests.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Path;
use domain::directory::Directory;
use domain::schedule::{Stretch as Row, SwapRequest, SwapState};
use domain::{SwapId, Timestamp, UserId};
use engine::access::Right;
use engine::configuration::swap::{self, SwapInput};
use serde::{Deserialize, Serialize};
use store::schedule::swap::Filter;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{Body, List, Params, decode_cursor, encode_cursor, limit, word};
use super::schedule::named;
use super::schedule_types::person;
use super::types::{Person, Problem};
use super::words;
use crate::error::WebError;
use crate::state::State;

/// A stretch of time.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
}

impl From<Row> for Stretch {
    fn from(row: Row) -> Stretch {
        Stretch {
            start: row.start,
            end: row.end,
        }
    }
}

/// Shifts offered to somebody else; with `exchange` a swap, without it a request for cover.
#[derive(Serialize, ToSchema)]
pub struct Swap {
    id: i64,
    /// Slug of the schedule.
    schedule: Option<String>,
    /// Whose shifts are offered.
    giver: Person,
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    /// When the giver was on call within the span, as it was offered.
    held: Vec<Stretch>,
    /// Only this person may take it; `null`: anybody.
    offered_to: Option<Person>,
    /// The giver takes the taker's shifts in this span.
    exchange: Option<Stretch>,
    note: String,
    #[schema(schema_with = words::swap_state)]
    state: SwapState,
    /// Whether it can still be taken: a request whose span is over cannot.
    open: bool,
    taken_by: Option<Person>,
    created_by: Option<Person>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    closed_by: Option<Person>,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
}

impl Swap {
    fn of(row: SwapRequest, directory: &Directory, now: Timestamp) -> Swap {
        Swap {
            id: row.id.0,
            schedule: directory
                .schedule(row.schedule_id)
                .map(|schedule| schedule.slug.clone()),
            giver: Person::of(row.giver, directory),
            start: row.start,
            end: row.end,
            open: row.is_open(now),
            held: row.held.into_iter().map(Into::into).collect(),
            offered_to: Person::maybe(row.offered_to, directory),
            exchange: row.exchange.map(Into::into),
            note: row.note,
            state: row.state,
            taken_by: Person::maybe(row.taken_by, directory),
            created_by: Person::maybe(row.created_by, directory),
            created_at: row.created_at,
            closed_by: Person::maybe(row.closed_by, directory),
            closed_at: row.closed_at,
        }
    }
}

/// Which requests.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SwapsQuery {
    /// Slug of a schedule.
    schedule: Option<String>,
    /// E-mail address of somebody who offers, is asked, or has taken; what is offered to anybody
    /// concerns everybody.
    person: Option<String>,
    /// `offered`, `taken`, `withdrawn` or `declined`.
    state: Option<String>,
    /// Only those that can still be taken.
    open: Option<bool>,
    /// Items of a page, 1–200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List swap requests
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/swaps", operation_id = "list_swaps", tag = "on-call",
    params(SwapsQuery),
    responses(
        (status = 200, description = "The requests", body = List<Swap>),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
        (status = 422, description = "A filter is not right", body = Problem),
    ))]
pub async fn list(
    caller: Caller,
    query: Params<SwapsQuery>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let (query, now) = (query.0, caller.ctx.now);
    let directory = state.directory();
    let only_open = query.open.unwrap_or(false);
    let filter = Filter {
        schedule: match &query.schedule {
            Some(slug) => Some(named(&directory, slug)?.id),
            None => None,
        },
        person: somebody(query.person.as_deref(), "person", &directory)?,
        state: match word("state", query.state.as_deref())? {
            None if only_open => Some(SwapState::Offered),
            state => state,
        },
        ends_after: only_open.then_some(now),
    };
    let limit = limit(query.limit)?;
    let before = match &query.cursor {
        Some(cursor) => Some(SwapId(decode_cursor::<1>(cursor)?[0])),
        None => None,
    };
    let rows = state
        .store()
        .read(move |conn| store::schedule::swap::list(conn, filter, before, limit + 1))
        .await?;
    let cursor = |row: &SwapRequest| encode_cursor(&[row.id.0]);
    let list = List::cut(rows, limit, cursor, |row| Swap::of(row, &directory, now));
    Ok(HttpResponse::Ok().json(list))
}

/// The person with an address, if one is given.
fn somebody(
    email: Option<&str>,
    field: &str,
    directory: &Directory,
) -> Result<Option<UserId>, WebError> {
    match email {
        None => Ok(None),
        Some(email) => match person(email, field, directory) {
            Ok(id) => Ok(Some(id)),
            Err(problem) => Err(engine::Error::Invalid(vec![problem]).into()),
        },
    }
}

/// Get a swap request
#[utoipa::path(get, path = "/api/v1/swaps/{id}", operation_id = "get_swap", tag = "on-call",
    params(("id" = i64, Path, description = "Id of the request")),
    responses(
        (status = 200, description = "The request", body = Swap),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such request", body = Problem),
    ))]
pub async fn get(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let id = SwapId(*id);
    let row = state
        .store()
        .read(move |conn| store::schedule::swap::get(conn, id))
        .await?
        .ok_or(engine::Error::NotFound("swap request"))?;
    Ok(HttpResponse::Ok().json(Swap::of(row, &state.directory(), caller.ctx.now)))
}

/// What to offer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwapBody {
    /// E-mail address of the person whose shifts are offered. Tokens of administrators may offer
    /// anybody's.
    #[serde(default)]
    giver: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    /// E-mail address of the only person who may take it; absent: anybody.
    #[serde(default)]
    offered_to: Option<String>,
    /// The giver takes the taker's shifts in this span.
    #[serde(default)]
    exchange: Option<Stretch>,
    #[serde(default)]
    note: String,
}

/// Offer shifts
///
/// The giver stays on call until somebody takes them.
#[utoipa::path(post, path = "/api/v1/schedules/{slug}/swaps", operation_id = "offer_swap",
    tag = "on-call", request_body = SwapBody,
    params(("slug" = String, Path, description = "Slug of the schedule")),
    responses(
        (status = 201, description = "The request; its address is in `Location`", body = Swap),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "These are not the caller's shifts", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
        (status = 409, description = "The token is nobody's: name the giver", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn offer(
    caller: Caller,
    slug: Path<String>,
    body: Body<SwapBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let body = body.0;
    let directory = state.directory();
    let schedule = named(&directory, &slug)?.id;
    let input = SwapInput {
        giver: somebody(body.giver.as_deref(), "giver", &directory)?,
        start: body.start,
        end: body.end,
        offered_to: somebody(body.offered_to.as_deref(), "offered_to", &directory)?,
        exchange: body.exchange.map(|one| Row {
            start: one.start,
            end: one.end,
        }),
        note: body.note,
    };
    let made = swap::offer_swap(state.store(), &caller.ctx, schedule, input).await?;
    let address = format!("/api/v1/swaps/{}", made.id);
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, address))
        .json(Swap::of(made, &directory, caller.ctx.now)))
}

/// Who takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeBody {
    /// E-mail address of the person who takes the shifts. Tokens of administrators may name
    /// anybody.
    #[serde(default)]
    taker: Option<String>,
}

/// Take shifts
///
/// Makes the overrides in the same instant. Refused when the schedule has changed since the offer.
#[utoipa::path(post, path = "/api/v1/swaps/{id}/take", operation_id = "take_swap",
    tag = "on-call", request_body = TakeBody,
    params(("id" = i64, Path, description = "Id of the request")),
    responses(
        (status = 200, description = "The request afterwards", body = Swap),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "Somebody else would have to take them", body = Problem),
        (status = 404, description = "There is no such request", body = Problem),
        (status = 409, description = "A rule says no; `detail` says why", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn take(
    caller: Caller,
    id: Path<i64>,
    body: Body<TakeBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let taker = somebody(body.0.taker.as_deref(), "taker", &state.directory())?;
    let row = swap::take_swap(state.store(), &caller.ctx, SwapId(*id), taker).await?;
    Ok(HttpResponse::Ok().json(Swap::of(row, &state.directory(), caller.ctx.now)))
}

/// Decline shifts
///
/// Only what was offered to one person can be declined, by that person.
#[utoipa::path(post, path = "/api/v1/swaps/{id}/decline", operation_id = "decline_swap",
    tag = "on-call", params(("id" = i64, Path, description = "Id of the request")),
    responses(
        (status = 200, description = "The request afterwards", body = Swap),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "It was offered to somebody else", body = Problem),
        (status = 404, description = "There is no such request", body = Problem),
        (status = 409, description = "A rule says no; `detail` says why", body = Problem),
    ))]
pub async fn decline(
    caller: Caller,
    id: Path<i64>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let row = swap::decline_swap(state.store(), &caller.ctx, SwapId(*id)).await?;
    Ok(HttpResponse::Ok().json(Swap::of(row, &state.directory(), caller.ctx.now)))
}

/// Withdraw a swap request
#[utoipa::path(post, path = "/api/v1/swaps/{id}/withdraw", operation_id = "withdraw_swap",
    tag = "on-call", params(("id" = i64, Path, description = "Id of the request")),
    responses(
        (status = 200, description = "The request afterwards", body = Swap),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "These are not the caller's shifts", body = Problem),
        (status = 404, description = "There is no such request", body = Problem),
        (status = 409, description = "A rule says no; `detail` says why", body = Problem),
    ))]
pub async fn withdraw(
    caller: Caller,
    id: Path<i64>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let row = swap::withdraw_swap(state.store(), &caller.ctx, SwapId(*id)).await?;
    Ok(HttpResponse::Ok().json(Swap::of(row, &state.directory(), caller.ctx.now)))
}
