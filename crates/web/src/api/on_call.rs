//! Who is on call, and the shifts of schedules.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::directory::Directory;
use domain::schedule::{SPAN_MAX, Schedule as Configured, Shift as Row, ShiftSource};
use domain::{Span, Timestamp};
use engine::access::Right;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{List, Params};
use super::schedule_version::under;
use super::types::{Person, Problem};
use crate::error::WebError;
use crate::state::State;

/// When and where.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NowQuery {
    /// Any instant, past or future (RFC 3339); now when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// Slug of a schedule; all of them when absent.
    schedule: Option<String>,
    /// Number of a version of that schedule: who would be on call if it had always held.
    version: Option<i64>,
}

/// Who is on call for the schedules.
#[derive(Serialize, ToSchema)]
pub struct OnCall {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    schedules: Vec<OnCallSchedule>,
}

/// Who is on call for one schedule.
#[derive(Serialize, ToSchema)]
pub struct OnCallSchedule {
    /// Slug.
    schedule: String,
    name: String,
    /// `null` when nobody is on call.
    shift: Option<Shift>,
}

/// A stretch during which the same people are on call for the same reason.
#[derive(Serialize, ToSchema)]
pub struct Shift {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Exclusive; `null` when it does not end.
    #[schema(value_type = Option<String>, format = DateTime)]
    end: Option<Timestamp>,
    users: Vec<Person>,
    /// Who follows the shift to learn: never paged, no coverage.
    shadows: Vec<Person>,
    /// `layer`, `override`, `swap` or `temporary`.
    source: &'static str,
    /// Name of the layer.
    layer: Option<String>,
}

pub(super) fn shift(row: Row, directory: &Directory) -> Shift {
    let (source, layer) = match row.source {
        ShiftSource::Layer { name, .. } => ("layer", Some(name)),
        ShiftSource::Import { name, .. } => ("import", Some(name)),
        ShiftSource::Override { .. } => ("override", None),
        ShiftSource::Temporary { .. } => ("temporary", None),
        ShiftSource::Swap { .. } => ("swap", None),
    };
    Shift {
        start: row.start,
        end: (!row.open_end).then_some(row.end),
        users: row
            .users
            .into_iter()
            .map(|user| Person::of(user, directory))
            .collect(),
        shadows: row
            .shadows
            .into_iter()
            .map(|user| Person::of(user, directory))
            .collect(),
        source,
        layer,
    }
}

fn no_schedule() -> engine::Error {
    engine::Error::NotFound("schedule")
}

/// Who is on call
///
/// At any instant: answers come from the same rules that page.
#[utoipa::path(get, path = "/api/v1/oncall", operation_id = "get_on_call",
    tag = "on-call", params(NowQuery),
    responses(
        (status = 200, description = "Who is on call", body = OnCall),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such schedule or version", body = Problem),
        (status = 422, description = "The time makes no sense", body = Problem),
    ))]
pub async fn now(
    caller: Caller,
    query: Params<NowQuery>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let at = query
        .0
        .at
        .unwrap_or(caller.ctx.now)
        .clamp(Timestamp::MIN, Timestamp::MAX);
    let directory = state.directory();
    let one_only = query.0.schedule.is_some();
    let wanted: Vec<Arc<Configured>> = match query.0.schedule {
        Some(slug) => {
            let id = directory
                .schedule_by_slug(&slug)
                .ok_or_else(no_schedule)?
                .id;
            directory.schedules.get(&id).cloned().into_iter().collect()
        }
        None => directory.schedules.values().cloned().collect(),
    };
    let wanted = match (query.0.version, wanted.first()) {
        (Some(_), None) => Vec::new(),
        (Some(_), Some(_)) if !one_only => {
            return Err(engine::Error::invalid("version", "name a schedule, too").into());
        }
        (Some(version), Some(one)) => vec![Arc::new(under(one, version)?)],
        (None, _) => wanted,
    };
    let answer = calculate(move || OnCall {
        at,
        schedules: wanted
            .iter()
            .map(|one| OnCallSchedule {
                schedule: one.slug.clone(),
                name: one.name.clone(),
                shift: one.on_call(at).map(|row| shift(row, &directory)),
            })
            .collect(),
    })
    .await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// Long schedules take their time, which must not hold up other requests.
pub(super) async fn calculate<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, WebError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| engine::Error::Overloaded.into())
}

/// A schedule.
#[derive(Serialize, ToSchema)]
pub struct Schedule {
    slug: String,
    name: String,
    description: String,
    /// Slug of the team.
    team: Option<String>,
    /// IANA zone of its hand-offs.
    zone: Option<String>,
}

/// List schedules
#[utoipa::path(get, path = "/api/v1/schedules", operation_id = "list_schedules",
    tag = "on-call",
    responses(
        (status = 200, description = "All schedules", body = List<Schedule>),
        (status = 401, description = "No valid token", body = Problem),
    ))]
pub async fn schedules(caller: Caller, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let all = directory.schedules.values().map(|one| Schedule {
        slug: one.slug.clone(),
        name: one.name.clone(),
        description: one.description.clone(),
        team: one
            .team_id
            .and_then(|id| directory.team(id))
            .map(|team| team.slug.clone()),
        zone: one
            .version_at(caller.ctx.now)
            .map(|version| version.config.zone.clone()),
    });
    Ok(List::whole(all))
}

/// Which part of a schedule.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShiftsQuery {
    /// RFC 3339; now when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// RFC 3339; 14 days after `from` when absent, at most 366 days after it.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Number of a version: who would be on call if it had always held.
    version: Option<i64>,
}

/// Part of a schedule.
#[derive(Serialize, ToSchema)]
pub struct Shifts {
    /// Slug.
    schedule: String,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// The final schedule, overrides included, in order.
    shifts: Vec<Shift>,
    /// When nobody is on call.
    gaps: Vec<Gap>,
}

/// When nobody is on call.
#[derive(Serialize, ToSchema)]
pub struct Gap {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
}

impl Gap {
    pub(super) fn all(gaps: &[(Timestamp, Timestamp)]) -> Vec<Gap> {
        let gap = |&(start, end): &(Timestamp, Timestamp)| Gap { start, end };
        gaps.iter().map(gap).collect()
    }
}

/// When nobody is on call within `from..until`.
pub(super) fn gaps(schedule: &Configured, from: Timestamp, until: Timestamp) -> Vec<Gap> {
    Gap::all(&schedule.gaps(from, until))
}

const SHIFTS_DEFAULT: Span = Span::from_days(14);
const SHIFTS_MAX: Span = Span::from_days(366);

/// Shifts of a schedule
#[utoipa::path(get, path = "/api/v1/schedules/{slug}/shifts", operation_id = "list_shifts",
    tag = "on-call",
    params(("slug" = String, Path, description = "Slug of the schedule"), ShiftsQuery),
    responses(
        (status = 200, description = "The shifts", body = Shifts),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
        (status = 422, description = "The times make no sense", body = Problem),
    ))]
pub async fn shifts(
    caller: Caller,
    slug: Path<String>,
    query: Params<ShiftsQuery>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let id = directory
        .schedule_by_slug(&slug)
        .ok_or_else(no_schedule)?
        .id;
    let schedule = directory
        .schedules
        .get(&id)
        .cloned()
        .ok_or_else(no_schedule)?;
    let schedule = match query.0.version {
        Some(version) => Arc::new(under(&schedule, version)?),
        None => schedule,
    };
    let from = query.0.from.unwrap_or(caller.ctx.now);
    let until = query.0.until.unwrap_or(from + SHIFTS_DEFAULT);
    if until <= from {
        return Err(engine::Error::invalid("until", "must be later than `from`").into());
    }
    if until.since(from) > SHIFTS_MAX.min(SPAN_MAX) {
        return Err(engine::Error::invalid("until", "at most 366 days after `from`").into());
    }
    let answer = calculate(move || Shifts {
        schedule: schedule.slug.clone(),
        from,
        until,
        shifts: schedule
            .final_shifts(from, until)
            .into_iter()
            .map(|row| shift(row, &directory))
            .collect(),
        gaps: gaps(&schedule, from, until),
    })
    .await?;
    Ok(HttpResponse::Ok().json(answer))
}
