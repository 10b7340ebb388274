//! Why somebody was paged for an incident, or was not.

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::directory::Directory;
use domain::explain::{Point as Found, PointKind};
use domain::{Timestamp, UserId};
use engine::access::Right;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::Params;
use super::types::{Person, Problem};
use super::words;
use crate::error::WebError;
use crate::page::explain::link;
use crate::state::State;

/// About whom.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhyQuery {
    /// Id of the person.
    person: i64,
}

/// Why somebody was paged, or was not.
#[derive(Serialize, ToSchema)]
pub struct Why {
    person: Person,
    paged: bool,
    /// The answer in one sentence. Times are UTC.
    verdict: String,
    /// How it came about, in order.
    points: Vec<Point>,
}

/// One piece of the answer.
#[derive(Serialize, ToSchema)]
pub struct Point {
    #[schema(schema_with = words::point_kind)]
    kind: PointKind,
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    text: String,
    /// Pages where it can be looked up, in the version that was used.
    sources: Vec<Source>,
}

/// A piece of the configuration.
#[derive(Serialize, ToSchema)]
pub struct Source {
    label: String,
    url: String,
}

/// Why was, or was not, somebody paged
///
/// From what was recorded and from the versions of policies and schedules that were used.
#[utoipa::path(get, path = "/api/v1/incidents/{number}/why", operation_id = "explain_incident",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident"), WhyQuery),
    responses(
        (status = 200, description = "The answer", body = Why),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such incident or person", body = Problem),
        (status = 422, description = "Nobody is named", body = Problem),
    ))]
pub async fn why(
    caller: Caller,
    number: Path<i64>,
    query: Params<WhyQuery>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let user = UserId(query.0.person);
    let zone = TimeZone::UTC;
    let explained =
        engine::explain::why(state.store(), &caller.ctx, *number, user, zone.clone()).await?;
    let directory = state.directory();
    let account = explained.account;
    Ok(HttpResponse::Ok().json(Why {
        person: Person::of(account.user, &directory),
        paged: account.paged,
        verdict: account.verdict,
        points: account
            .points
            .into_iter()
            .map(|found| point(found, &directory, &zone))
            .collect(),
    }))
}

fn point(found: Found, directory: &Directory, zone: &TimeZone) -> Point {
    let sources = found.sources.iter();
    Point {
        kind: found.kind,
        at: found.at,
        sources: sources
            .filter_map(|source| link(source, directory, zone))
            .map(|link| Source {
                label: link.label,
                url: link.href,
            })
            .collect(),
        text: found.text,
    }
}
