//! Versions of a schedule, and how two of them differ.

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::Timestamp;
use domain::schedule::Schedule as Configured;
use engine::access::Right;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{List, Params};
use super::on_call::calculate;
use super::schedule::{Difference, named, span};
use super::schedule_types::Version;
use super::types::Problem;
use crate::error::WebError;
use crate::state::State;

/// The schedule as if one of its versions had always held.
///
/// # Errors
/// 404 without such a version.
pub(super) fn under(schedule: &Configured, version: i64) -> Result<Configured, WebError> {
    schedule
        .under_version(version)
        .ok_or_else(|| engine::Error::NotFound("version").into())
}

/// List versions of a schedule
///
/// Every change of the layers, newest first.
#[utoipa::path(get, path = "/api/v1/schedules/{slug}/versions", operation_id = "list_schedule_versions",
    tag = "on-call", params(("slug" = String, Path, description = "Slug of the schedule")),
    responses(
        (status = 200, description = "All versions", body = List<Version>),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
    ))]
pub async fn list(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let schedule = named(&directory, &slug)?;
    let id = schedule.id;
    let infos = state
        .store()
        .read(move |conn| store::schedule::history::versions(conn, id))
        .await?;
    // In the order of the infos; one saved a moment ago may be missing in the directory.
    let versions = infos.iter().filter_map(|info| {
        let mut all = schedule.versions.iter();
        let version = all.find(|one| one.version == info.version)?;
        Some(Version::of(version, Some(info), &directory))
    });
    Ok(List::whole(versions))
}

/// Get a version of a schedule
#[utoipa::path(get, path = "/api/v1/schedules/{slug}/versions/{number}", operation_id = "get_schedule_version",
    tag = "on-call",
    params(
        ("slug" = String, Path, description = "Slug of the schedule"),
        ("number" = i64, Path, description = "Number of the version"),
    ),
    responses(
        (status = 200, description = "The version", body = Version),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such schedule or version", body = Problem),
    ))]
pub async fn get(
    caller: Caller,
    path: Path<(String, i64)>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let (slug, number) = path.into_inner();
    let directory = state.directory();
    let schedule = named(&directory, &slug)?;
    let mut versions = schedule.versions.iter();
    let version = versions
        .find(|one| one.version == number)
        .ok_or(engine::Error::NotFound("version"))?;
    let id = schedule.id;
    let infos = state
        .store()
        .read(move |conn| store::schedule::history::versions(conn, id))
        .await?;
    let info = infos.iter().find(|info| info.version == number);
    Ok(HttpResponse::Ok().json(Version::of(version, info, &directory)))
}

/// Which versions, and when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DifferenceQuery {
    /// Number of a version, as if it had always held; absent: the schedule as it was and is.
    before: Option<i64>,
    /// The same; absent: the newest version.
    after: Option<i64>,
    /// RFC 3339; now when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// RFC 3339; 28 days after `from` when absent, at most 366 days after it.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// How two versions differ.
#[derive(Serialize, ToSchema)]
pub struct Differences {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// Rising, exact to the second; empty when the same people are on call all the time.
    differences: Vec<Difference>,
}

/// Compare versions of a schedule
///
/// When other people are on call under one version than under another. Overrides and temporary
/// schedules apply to both.
#[utoipa::path(get, path = "/api/v1/schedules/{slug}/difference", operation_id = "compare_schedule_versions",
    tag = "on-call",
    params(("slug" = String, Path, description = "Slug of the schedule"), DifferenceQuery),
    responses(
        (status = 200, description = "The differences", body = Differences),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such schedule or version", body = Problem),
        (status = 422, description = "The times make no sense", body = Problem),
    ))]
pub async fn difference(
    caller: Caller,
    slug: Path<String>,
    query: Params<DifferenceQuery>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let query = query.0;
    let directory = state.directory();
    let schedule = named(&directory, &slug)?;
    let newest = schedule.versions.iter().map(|one| one.version).max();
    let before = match query.before {
        Some(version) => under(&schedule, version)?,
        None => Configured::clone(&schedule),
    };
    let after = match query.after.or(newest) {
        Some(version) => under(&schedule, version)?,
        None => Configured::clone(&schedule),
    };
    let (from, until) = span(query.from.unwrap_or(caller.ctx.now), query.until)?;
    let answer = calculate(move || Differences {
        from,
        until,
        differences: before
            .difference(&after, from, until)
            .into_iter()
            .map(|row| Difference::of(row, &directory))
            .collect(),
    })
    .await?;
    Ok(HttpResponse::Ok().json(answer))
}
