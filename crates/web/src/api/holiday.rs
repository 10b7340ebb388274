//! Holiday calendars.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Path;
use domain::HolidayCalendarId;
use domain::directory::Directory;
use domain::schedule::{Holiday, HolidayCalendar as Row};
use engine::access::Right;
use engine::configuration::holiday::{
    CalendarInput, create_calendar, edit_calendar, remove_calendar,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::{Body, List};
use super::types::Problem;
use crate::error::WebError;
use crate::state::State;

/// A named list of days off. Layers of schedules name it by its slug.
#[derive(Serialize, ToSchema)]
pub struct HolidayCalendar {
    slug: String,
    name: String,
    description: String,
    /// Rising.
    #[schema(value_type = Vec<Day>)]
    days: Vec<Holiday>,
    /// Slugs of the schedules whose layers use it now or will.
    schedules: Vec<String>,
}

/// One day off: a wall-clock day of the zone of whichever schedule uses the calendar.
#[derive(Serialize, ToSchema)]
pub struct Day {
    #[schema(example = "2026-12-25")]
    date: String,
    /// Empty when absent.
    #[schema(example = "Christmas Day")]
    name: String,
}

fn calendar(row: &Row, directory: &Directory, now: domain::Timestamp) -> HolidayCalendar {
    let schedules = directory.schedules.values();
    HolidayCalendar {
        slug: row.slug.clone(),
        name: row.name.clone(),
        description: row.description.clone(),
        days: row.days.clone(),
        schedules: schedules
            .filter(|one| one.uses_calendar(&row.slug, now))
            .map(|one| one.slug.clone())
            .collect(),
    }
}

pub(super) fn named<'a>(directory: &'a Directory, slug: &str) -> Result<&'a Row, WebError> {
    directory
        .calendar_by_slug(slug)
        .ok_or_else(|| engine::Error::NotFound("holiday calendar").into())
}

/// List holiday calendars
#[utoipa::path(get, path = "/api/v1/holiday-calendars", operation_id = "list_holiday_calendars",
    tag = "on-call",
    responses(
        (status = 200, description = "All calendars", body = List<HolidayCalendar>),
        (status = 401, description = "No valid token", body = Problem),
    ))]
pub async fn list(caller: Caller, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let all = directory.calendars.values();
    let items = all.map(|row| calendar(row, &directory, caller.ctx.now));
    Ok(List::whole(items))
}

/// Get a holiday calendar
#[utoipa::path(get, path = "/api/v1/holiday-calendars/{slug}", operation_id = "get_holiday_calendar",
    tag = "on-call", params(("slug" = String, Path, description = "Slug of the calendar")),
    responses(
        (status = 200, description = "The calendar", body = HolidayCalendar),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such calendar", body = Problem),
    ))]
pub async fn get(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let row = named(&directory, &slug)?;
    Ok(HttpResponse::Ok().json(calendar(row, &directory, caller.ctx.now)))
}

/// A calendar as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarBody {
    name: String,
    /// Made from the name when absent; it cannot be changed later.
    #[serde(default)]
    slug: Option<String>,
    #[serde(default)]
    description: String,
    /// In any order. Of a calendar that exists, days that have passed stay whatever is sent.
    #[schema(value_type = Vec<Day>)]
    days: Vec<Holiday>,
    /// Text of an iCalendar file: its all-day events from today on are added, five years ahead where
    /// they repeat. A day that is listed keeps its name.
    #[serde(default)]
    file: Option<String>,
}

impl From<CalendarBody> for CalendarInput {
    fn from(body: CalendarBody) -> CalendarInput {
        CalendarInput {
            name: body.name,
            slug: body.slug,
            description: body.description,
            days: body.days,
            file: body.file,
        }
    }
}

fn by_id(
    state: &State,
    id: HolidayCalendarId,
    now: domain::Timestamp,
) -> Result<HolidayCalendar, WebError> {
    let directory = state.directory();
    let row = directory
        .calendars
        .get(&id)
        .ok_or(engine::Error::NotFound("holiday calendar"))?;
    Ok(calendar(row, &directory, now))
}

/// Create a holiday calendar
#[utoipa::path(post, path = "/api/v1/holiday-calendars", operation_id = "create_holiday_calendar",
    tag = "on-call", request_body = CalendarBody,
    responses(
        (status = 201, description = "The calendar; its address is in `Location`", body = HolidayCalendar),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn create(
    caller: Caller,
    body: Body<CalendarBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let id = create_calendar(state.store(), &caller.ctx, body.0.into()).await?;
    let made = by_id(&state, id, caller.ctx.now)?;
    let address = format!("/api/v1/holiday-calendars/{}", made.slug);
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, address))
        .json(made))
}

/// Edit a holiday calendar
///
/// Schedules that use it follow from now on, as new versions.
#[utoipa::path(put, path = "/api/v1/holiday-calendars/{slug}", operation_id = "edit_holiday_calendar",
    tag = "on-call", request_body = CalendarBody,
    params(("slug" = String, Path, description = "Slug of the calendar")),
    responses(
        (status = 200, description = "The calendar afterwards", body = HolidayCalendar),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such calendar", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn edit(
    caller: Caller,
    slug: Path<String>,
    body: Body<CalendarBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let id = named(&state.directory(), &slug)?.id;
    edit_calendar(state.store(), &caller.ctx, id, body.0.into()).await?;
    Ok(HttpResponse::Ok().json(by_id(&state, id, caller.ctx.now)?))
}

/// Remove a holiday calendar
///
/// Only one that no schedule uses now or will use.
#[utoipa::path(delete, path = "/api/v1/holiday-calendars/{slug}", operation_id = "remove_holiday_calendar",
    tag = "on-call", params(("slug" = String, Path, description = "Slug of the calendar")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such calendar", body = Problem),
        (status = 409, description = "A schedule uses it; `detail` says which", body = Problem),
    ))]
pub async fn remove(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let id = named(&state.directory(), &slug)?.id;
    remove_calendar(state.store(), &caller.ctx, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
