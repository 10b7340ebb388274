//! Schedules: making, editing and removing them, and what an edit would change.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{self, Path, ServiceConfig};
use domain::directory::Directory;
use domain::schedule::Schedule as Configured;
use domain::{ScheduleId, Span, TeamId, Timestamp};
use engine::access::Right;
use engine::configuration::schedule::{
    ScheduleInput, create_schedule, edit_schedule, remove_schedule,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Body;
use super::on_call::{Gap, Shift, calculate, gaps, shift};
use super::schedule_types::{self, Layer, Version};
use super::types::{Person, Problem};
use super::{holiday, report, schedule_by_hand, schedule_version, swap};
use crate::error::WebError;
use crate::state::{AppState, State};

/// Longest span of a preview or a difference.
pub(super) const SPAN_MAX: Span = Span::from_days(366);
pub(super) const SPAN_DEFAULT: Span = Span::from_days(28);

/// Routes of schedules and what belongs to them.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/schedules")
                .route(web::get().to(super::on_call::schedules))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/schedules/{slug}")
                .route(web::get().to(get))
                .route(web::put().to(edit))
                .route(web::delete().to(remove)),
        )
        .route("/schedule-preview", web::post().to(preview))
        .route(
            "/schedules/{slug}/shifts",
            web::get().to(super::on_call::shifts),
        )
        .route(
            "/schedules/{slug}/versions",
            web::get().to(schedule_version::list),
        )
        .route(
            "/schedules/{slug}/versions/{number}",
            web::get().to(schedule_version::get),
        )
        .route(
            "/schedules/{slug}/difference",
            web::get().to(schedule_version::difference),
        )
        .service(
            web::resource("/schedules/{slug}/overrides")
                .route(web::get().to(schedule_by_hand::overrides))
                .route(web::post().to(schedule_by_hand::add_override)),
        )
        .route(
            "/schedules/{slug}/overrides/{id}",
            web::delete().to(schedule_by_hand::withdraw_override),
        )
        .service(
            web::resource("/schedules/{slug}/temporaries")
                .route(web::get().to(schedule_by_hand::temporaries))
                .route(web::post().to(schedule_by_hand::add_temporary)),
        )
        .route(
            "/schedules/{slug}/temporaries/{id}",
            web::delete().to(schedule_by_hand::withdraw_temporary),
        )
        .route("/schedules/{slug}/swaps", web::post().to(swap::offer))
        .route("/swaps", web::get().to(swap::list))
        .route("/swaps/{id}", web::get().to(swap::get))
        .route("/swaps/{id}/take", web::post().to(swap::take))
        .route("/swaps/{id}/decline", web::post().to(swap::decline))
        .route("/swaps/{id}/withdraw", web::post().to(swap::withdraw))
        .service(
            web::resource("/holiday-calendars")
                .route(web::get().to(holiday::list))
                .route(web::post().to(holiday::create)),
        )
        .service(
            web::resource("/holiday-calendars/{slug}")
                .route(web::get().to(holiday::get))
                .route(web::put().to(holiday::edit))
                .route(web::delete().to(holiday::remove)),
        )
        .route("/reports/on-call", web::get().to(report::on_call));
}

/// The schedule of an address.
///
/// # Errors
/// 404 without such a schedule.
pub(super) fn named(directory: &Directory, slug: &str) -> Result<Arc<Configured>, WebError> {
    directory
        .schedule_by_slug(slug)
        .and_then(|found| directory.schedules.get(&found.id))
        .cloned()
        .ok_or_else(|| engine::Error::NotFound("schedule").into())
}

/// The team that a body names by its slug.
fn team(directory: &Directory, slug: Option<&str>) -> Result<Option<TeamId>, WebError> {
    match slug {
        None => Ok(None),
        Some(slug) => match directory.team_by_slug(slug) {
            Some(team) => Ok(Some(team.id)),
            None => Err(engine::Error::invalid("team", "there is no such team").into()),
        },
    }
}

/// A schedule with the version that holds and those to come.
#[derive(Serialize, ToSchema)]
pub struct ScheduleDetail {
    slug: String,
    name: String,
    description: String,
    /// Slug of the team.
    team: Option<String>,
    /// `null` until the first version holds.
    current: Option<Version>,
    /// Versions that will hold later, soonest first.
    coming: Vec<Version>,
    /// Who is on call now; `null` when nobody is.
    on_call: Option<Shift>,
    /// Who is next, within 60 days.
    next: Option<Shift>,
}

async fn detail(
    state: &AppState,
    id: ScheduleId,
    now: Timestamp,
) -> Result<ScheduleDetail, WebError> {
    let directory = state.directory();
    let schedule = directory
        .schedules
        .get(&id)
        .cloned()
        .ok_or(engine::Error::NotFound("schedule"))?;
    let infos = state
        .store()
        .read(move |conn| store::schedule::history::versions(conn, id))
        .await?;
    let version = |one: &domain::schedule::ScheduleVersion| {
        let info = infos.iter().find(|info| info.version == one.version);
        Version::of(one, info, &directory)
    };
    let coming = schedule.versions.iter();
    Ok(ScheduleDetail {
        slug: schedule.slug.clone(),
        name: schedule.name.clone(),
        description: schedule.description.clone(),
        team: schedule
            .team_id
            .and_then(|id| directory.team(id))
            .map(|team| team.slug.clone()),
        current: schedule.version_at(now).map(version),
        coming: coming
            .filter(|one| one.effective_from > now)
            .map(version)
            .collect(),
        on_call: schedule.on_call(now).map(|row| shift(row, &directory)),
        next: schedule.next_on_call(now).map(|row| shift(row, &directory)),
    })
}

/// Get a schedule
#[utoipa::path(get, path = "/api/v1/schedules/{slug}", operation_id = "get_schedule",
    tag = "on-call", params(("slug" = String, Path, description = "Slug of the schedule")),
    responses(
        (status = 200, description = "The schedule", body = ScheduleDetail),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
    ))]
pub async fn get(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let id = named(&state.directory(), &slug)?.id;
    Ok(HttpResponse::Ok().json(detail(&state, id, caller.ctx.now).await?))
}

/// A schedule as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleBody {
    name: String,
    /// Made from the name when absent; kept when edited.
    #[serde(default)]
    slug: Option<String>,
    #[serde(default)]
    description: String,
    /// Slug of the team.
    #[serde(default)]
    team: Option<String>,
    /// IANA zone of hand-offs, restrictions and holidays.
    #[schema(example = "Europe/Berlin")]
    zone: String,
    /// From lowest to highest: the last one that has somebody wins.
    layers: Vec<Layer>,
    /// From when changed layers hold; absent: from now on. Never in the past.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_from: Option<Timestamp>,
}

impl ScheduleBody {
    fn input(self, directory: &Directory) -> Result<ScheduleInput, WebError> {
        Ok(ScheduleInput {
            team_id: team(directory, self.team.as_deref())?,
            config: schedule_types::config(self.zone, self.layers, directory)?,
            name: self.name,
            slug: self.slug,
            description: self.description,
            effective_from: self.effective_from,
        })
    }
}

/// Create a schedule
#[utoipa::path(post, path = "/api/v1/schedules", operation_id = "create_schedule",
    tag = "on-call", request_body = ScheduleBody,
    responses(
        (status = 201, description = "The schedule; its address is in `Location`", body = ScheduleDetail),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn create(
    caller: Caller,
    body: Body<ScheduleBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let input = body.0.input(&state.directory())?;
    let id = create_schedule(state.store(), &caller.ctx, input).await?;
    let made = detail(&state, id, caller.ctx.now).await?;
    let address = format!("/api/v1/schedules/{}", made.slug);
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, address))
        .json(made))
}

/// Edit a schedule
///
/// Changed layers become a new version that holds from `effective_from` on; who was on call before
/// stays as it was.
#[utoipa::path(put, path = "/api/v1/schedules/{slug}", operation_id = "edit_schedule",
    tag = "on-call", request_body = ScheduleBody,
    params(("slug" = String, Path, description = "Slug of the schedule")),
    responses(
        (status = 200, description = "The schedule afterwards", body = ScheduleDetail),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn edit(
    caller: Caller,
    slug: Path<String>,
    body: Body<ScheduleBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let directory = state.directory();
    let id = named(&directory, &slug)?.id;
    let input = body.0.input(&directory)?;
    edit_schedule(state.store(), &caller.ctx, id, input).await?;
    Ok(HttpResponse::Ok().json(detail(&state, id, caller.ctx.now).await?))
}

/// Remove a schedule
///
/// Only one that no policy uses or has used: otherwise it belongs to the record.
#[utoipa::path(delete, path = "/api/v1/schedules/{slug}", operation_id = "remove_schedule",
    tag = "on-call", params(("slug" = String, Path, description = "Slug of the schedule")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
        (status = 409, description = "It is or was used; `detail` says where", body = Problem),
    ))]
pub async fn remove(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let id = named(&state.directory(), &slug)?.id;
    remove_schedule(state.store(), &caller.ctx, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Layers that are not saved, and what to look at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewBody {
    /// Slug of the schedule that is being edited; absent: a new one.
    #[serde(default)]
    schedule: Option<String>,
    zone: String,
    layers: Vec<Layer>,
    /// From when they would hold; absent: from now on.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_from: Option<Timestamp>,
    /// Look from here on; absent: from `effective_from` on.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Absent: 28 days after `from`; at most 366 days after it.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// What saving would bring.
#[derive(Serialize, ToSchema)]
pub struct Preview {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// The final schedule as it would be, in order.
    shifts: Vec<Shift>,
    /// When nobody would be on call.
    gaps: Vec<Gap>,
    /// When others would be on call than as it is now.
    differences: Vec<Difference>,
}

/// A stretch with other people on call before and after a change.
#[derive(Serialize, ToSchema)]
pub struct Difference {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    /// Empty when nobody.
    before: Vec<Person>,
    /// Empty when nobody.
    after: Vec<Person>,
}

impl Difference {
    pub fn of(row: domain::schedule::Difference, directory: &Directory) -> Difference {
        let people = |users: Vec<domain::UserId>| {
            let people = users.into_iter().map(|user| Person::of(user, directory));
            people.collect()
        };
        Difference {
            start: row.start,
            end: row.end,
            before: people(row.before),
            after: people(row.after),
        }
    }
}

/// The span that is asked for.
///
/// # Errors
/// 422 when it is backwards or too long.
pub(super) fn span(
    from: Timestamp,
    until: Option<Timestamp>,
) -> Result<(Timestamp, Timestamp), WebError> {
    let until = until.unwrap_or(from + SPAN_DEFAULT);
    if until <= from {
        return Err(engine::Error::invalid("until", "must be later than `from`").into());
    }
    if until.since(from) > SPAN_MAX {
        return Err(engine::Error::invalid("until", "at most 366 days after `from`").into());
    }
    Ok((from, until))
}

/// Preview layers
///
/// Who would be on call if these layers were saved. Nothing is.
#[utoipa::path(post, path = "/api/v1/schedule-preview", operation_id = "preview_schedule",
    tag = "on-call", request_body = PreviewBody,
    responses(
        (status = 200, description = "What saving would bring", body = Preview),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn preview(
    caller: Caller,
    body: Body<PreviewBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let (body, now) = (body.0, caller.ctx.now);
    let directory = state.directory();
    let existing = match &body.schedule {
        Some(slug) => Some(named(&directory, slug)?),
        None => None,
    };
    let config = schedule_types::config(body.zone, body.layers, &directory)?;
    let holds = body.effective_from.unwrap_or(now);
    let edited = engine::schedule::preview(&directory, existing.as_deref(), config, holds, now)?;
    let (from, until) = span(body.from.unwrap_or(holds), body.until)?;
    let answer = calculate(move || Preview {
        from,
        until,
        shifts: edited
            .final_shifts(from, until)
            .into_iter()
            .map(|row| shift(row, &directory))
            .collect(),
        gaps: gaps(&edited, from, until),
        differences: existing
            .map(|before| before.difference(&edited, from, until))
            .unwrap_or_default()
            .into_iter()
            .map(|row| Difference::of(row, &directory))
            .collect(),
    })
    .await?;
    Ok(HttpResponse::Ok().json(answer))
}
