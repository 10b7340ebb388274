//! What people change about a span of a schedule by hand: overrides and temporary schedules.

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::directory::Directory;
use domain::schedule::{
    Override as OverrideRow, OverrideKind, Schedule, Temporary as TemporaryRow, TemporaryShift,
};
use domain::{OverrideId, TemporaryId, Timestamp};
use engine::access::Right;
use engine::configuration::schedule::OverrideInput;
use engine::configuration::temporary::TemporaryInput;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{Body, List, Params};
use super::schedule::named;
use super::schedule_types::people;
use super::types::{Person, Problem};
use super::words;
use crate::error::WebError;
use crate::state::State;

/// Which of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HandQuery {
    /// Only those that end after this instant (RFC 3339); now when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    ends_after: Option<Timestamp>,
}

/// Those of a schedule that end after the instant that is asked for, by their start. `span` is start,
/// end and id of one.
fn listed<R, T: Serialize>(
    (caller, slug, query): (&Caller, &str, &HandQuery),
    state: &State,
    rows: fn(&Schedule) -> &[R],
    span: fn(&R) -> (Timestamp, Timestamp, i64),
    shown: fn(&R, &Directory) -> T,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let after = query.ends_after.unwrap_or(caller.ctx.now);
    let schedule = named(&directory, slug)?;
    let mut live: Vec<&R> = rows(&schedule)
        .iter()
        .filter(|row| span(row).1 > after)
        .collect();
    live.sort_by_key(|row| {
        let (start, _, id) = span(row);
        (start, id)
    });
    let items = live.into_iter().map(|row| shown(row, &directory));
    Ok(List::whole(items))
}

/// A change to a span of a schedule.
#[derive(Serialize, ToSchema)]
pub struct Override {
    id: i64,
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    #[schema(schema_with = words::override_kind)]
    kind: OverrideKind,
    users: Vec<Person>,
    /// Of a swap: whose place is taken.
    instead_of: Option<Person>,
    /// Of a swap: the request it came of.
    swap: Option<i64>,
    created_by: Option<Person>,
    /// It has no effect before.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl Override {
    fn of(row: &OverrideRow, directory: &Directory) -> Override {
        Override {
            id: row.id.0,
            start: row.start,
            end: row.end,
            kind: row.kind,
            users: row
                .users
                .iter()
                .map(|user| Person::of(*user, directory))
                .collect(),
            instead_of: Person::maybe(row.swap.map(|swap| swap.instead_of), directory),
            swap: row.swap.map(|swap| swap.id.0),
            created_by: Person::maybe(row.created_by, directory),
            created_at: row.created_at,
        }
    }
}

/// List overrides
///
/// By their start. Withdrawn ones end when they were withdrawn.
#[utoipa::path(get, path = "/api/v1/schedules/{slug}/overrides", operation_id = "list_overrides",
    tag = "on-call",
    params(("slug" = String, Path, description = "Slug of the schedule"), HandQuery),
    responses(
        (status = 200, description = "The overrides", body = List<Override>),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
    ))]
pub async fn overrides(
    caller: Caller,
    slug: Path<String>,
    query: Params<HandQuery>,
    state: State,
) -> Result<HttpResponse, WebError> {
    let asked = (&caller, slug.as_str(), &query.0);
    listed(
        asked,
        &state,
        |schedule| &schedule.overrides,
        |row| (row.start, row.end, row.id.0),
        Override::of,
    )
}

/// An override as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideBody {
    /// `replace`, `add` or `remove`; `replace` when absent.
    #[serde(default = "replace")]
    #[schema(schema_with = words::override_kind)]
    kind: OverrideKind,
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    /// E-mail addresses; none with `replace` puts nobody on call.
    users: Vec<String>,
}

fn replace() -> OverrideKind {
    OverrideKind::Replace
}

/// Override a schedule
#[utoipa::path(post, path = "/api/v1/schedules/{slug}/overrides", operation_id = "create_override",
    tag = "on-call", request_body = OverrideBody,
    params(("slug" = String, Path, description = "Slug of the schedule")),
    responses(
        (status = 201, description = "The override", body = Override),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn add_override(
    caller: Caller,
    slug: Path<String>,
    body: Body<OverrideBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let directory = state.directory();
    let schedule = named(&directory, &slug)?.id;
    let mut problems = Vec::new();
    let input = OverrideInput {
        kind: body.0.kind,
        start: body.0.start,
        end: body.0.end,
        users: people(&body.0.users, "users", &directory, &mut problems),
    };
    if !problems.is_empty() {
        return Err(engine::Error::Invalid(problems).into());
    }
    let id =
        engine::configuration::schedule::add_override(state.store(), &caller.ctx, schedule, input)
            .await?;
    let directory = state.directory();
    let row = directory
        .schedule(schedule)
        .and_then(|schedule| schedule.overrides.iter().find(|row| row.id == id))
        .ok_or(engine::Error::NotFound("override"))?;
    Ok(HttpResponse::Created().json(Override::of(row, &directory)))
}

/// Withdraw an override
///
/// The part of it that has been stays.
#[utoipa::path(delete, path = "/api/v1/schedules/{slug}/overrides/{id}", operation_id = "withdraw_override",
    tag = "on-call",
    params(
        ("slug" = String, Path, description = "Slug of the schedule"),
        ("id" = i64, Path, description = "Id of the override"),
    ),
    responses(
        (status = 204, description = "It ends now"),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such schedule or override", body = Problem),
    ))]
pub async fn withdraw_override(
    caller: Caller,
    path: Path<(String, i64)>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let (slug, id) = path.into_inner();
    let schedule = named(&state.directory(), &slug)?.id;
    let id = OverrideId(id);
    engine::configuration::schedule::withdraw_override(state.store(), &caller.ctx, schedule, id)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A span filled by hand: only its shifts count in it.
#[derive(Serialize, ToSchema)]
pub struct Temporary {
    id: i64,
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    shifts: Vec<HandShift>,
    created_by: Option<Person>,
    /// It has no effect before.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A shift made by hand.
#[derive(Serialize, ToSchema)]
pub struct HandShift {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    users: Vec<Person>,
}

impl Temporary {
    fn of(row: &TemporaryRow, directory: &Directory) -> Temporary {
        Temporary {
            id: row.id.0,
            start: row.start,
            end: row.end,
            shifts: row
                .shifts
                .iter()
                .map(|shift| HandShift {
                    start: shift.start,
                    end: shift.end,
                    users: shift
                        .users
                        .iter()
                        .map(|user| Person::of(*user, directory))
                        .collect(),
                })
                .collect(),
            created_by: Person::maybe(row.created_by, directory),
            created_at: row.created_at,
        }
    }
}

/// List temporary schedules
///
/// By their start. Withdrawn ones end when they were withdrawn.
#[utoipa::path(get, path = "/api/v1/schedules/{slug}/temporaries", operation_id = "list_temporary_schedules",
    tag = "on-call",
    params(("slug" = String, Path, description = "Slug of the schedule"), HandQuery),
    responses(
        (status = 200, description = "The temporary schedules", body = List<Temporary>),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
    ))]
pub async fn temporaries(
    caller: Caller,
    slug: Path<String>,
    query: Params<HandQuery>,
    state: State,
) -> Result<HttpResponse, WebError> {
    let asked = (&caller, slug.as_str(), &query.0);
    listed(
        asked,
        &state,
        |schedule| &schedule.temporaries,
        |row| (row.start, row.end, row.id.0),
        Temporary::of,
    )
}

/// A span to be filled by hand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemporaryBody {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Exclusive; at most 366 days after `start`.
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    /// Within the span and without overlap; where there is none, nobody is on call.
    shifts: Vec<HandShiftBody>,
}

/// A shift made by hand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandShiftBody {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    /// E-mail addresses.
    users: Vec<String>,
}

/// Fill a span by hand
///
/// Within the span only these shifts count; the layers resume after it, and overrides apply above.
#[utoipa::path(post, path = "/api/v1/schedules/{slug}/temporaries", operation_id = "create_temporary_schedule",
    tag = "on-call", request_body = TemporaryBody,
    params(("slug" = String, Path, description = "Slug of the schedule")),
    responses(
        (status = 201, description = "The temporary schedule", body = Temporary),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn add_temporary(
    caller: Caller,
    slug: Path<String>,
    body: Body<TemporaryBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let directory = state.directory();
    let schedule = named(&directory, &slug)?.id;
    let mut problems = Vec::new();
    let mut shifts = Vec::new();
    for (index, shift) in body.0.shifts.iter().enumerate() {
        let field = format!("shifts[{index}].users");
        shifts.push(TemporaryShift {
            start: shift.start,
            end: shift.end,
            users: people(&shift.users, &field, &directory, &mut problems),
        });
    }
    if !problems.is_empty() {
        return Err(engine::Error::Invalid(problems).into());
    }
    let input = TemporaryInput {
        start: body.0.start,
        end: body.0.end,
        shifts,
    };
    let store = state.store();
    let id = engine::configuration::temporary::add_temporary(store, &caller.ctx, schedule, input)
        .await?;
    let directory = state.directory();
    let row = directory
        .schedule(schedule)
        .and_then(|schedule| schedule.temporaries.iter().find(|row| row.id == id))
        .ok_or(engine::Error::NotFound("temporary schedule"))?;
    Ok(HttpResponse::Created().json(Temporary::of(row, &directory)))
}

/// Withdraw a temporary schedule
///
/// The part of it that has been stays; the layers resume at once.
#[utoipa::path(delete, path = "/api/v1/schedules/{slug}/temporaries/{id}", operation_id = "withdraw_temporary_schedule",
    tag = "on-call",
    params(
        ("slug" = String, Path, description = "Slug of the schedule"),
        ("id" = i64, Path, description = "Id of the temporary schedule"),
    ),
    responses(
        (status = 204, description = "It ends now"),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such schedule or temporary schedule", body = Problem),
    ))]
pub async fn withdraw_temporary(
    caller: Caller,
    path: Path<(String, i64)>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let schedule = named(&state.directory(), &slug)?.id;
    let (store, id) = (state.store(), TemporaryId(id));
    engine::configuration::temporary::withdraw_temporary(store, &caller.ctx, schedule, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
