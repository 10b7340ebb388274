//! Who is told when duty changes hands.

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use domain::ScheduleId;
use domain::directory::Directory;
use engine::Error;
use engine::access::Right;
use engine::configuration::channel::set_hand_offs;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Body;
use super::types::Problem;
use crate::error::WebError;
use crate::state::State;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(
        web::resource("/schedules/{slug}/hand-offs")
            .route(web::get().to(hand_offs))
            .route(web::put().to(edit_hand_offs)),
    );
}

/// The channel that is told of a schedule's hand-offs.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOffs {
    /// Slug; `null`: none is told.
    channel: Option<String>,
}

fn hand_offs_of(directory: &Directory, slug: &str) -> Result<(ScheduleId, HandOffs), Error> {
    let schedule = directory
        .schedule_by_slug(slug)
        .ok_or(Error::NotFound("schedule"))?;
    let channel = directory.hand_offs.get(&schedule.id);
    let channel = channel.and_then(|id| directory.channel(*id));
    let channel = channel.map(|channel| channel.slug.clone());
    Ok((schedule.id, HandOffs { channel }))
}

/// Get who is told of hand-offs
#[utoipa::path(get, path = "/api/v1/schedules/{slug}/hand-offs", operation_id = "get_hand_offs",
    tag = "channels", params(("slug" = String, Path, description = "Slug of the schedule")),
    responses(
        (status = 200, description = "The channel", body = HandOffs),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
    ))]
pub async fn hand_offs(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let (_, told) = hand_offs_of(&state.directory(), &slug)?;
    Ok(HttpResponse::Ok().json(told))
}

/// Change who is told of hand-offs
///
/// The channel hears who is on call now, and who was, each time that changes.
#[utoipa::path(put, path = "/api/v1/schedules/{slug}/hand-offs", operation_id = "edit_hand_offs",
    tag = "channels", request_body = HandOffs,
    params(("slug" = String, Path, description = "Slug of the schedule")),
    responses(
        (status = 200, description = "The channel", body = HandOffs),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
        (status = 422, description = "There is no such channel", body = Problem),
    ))]
pub async fn edit_hand_offs(
    caller: Caller,
    slug: Path<String>,
    body: Body<HandOffs>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let directory = state.directory();
    let (schedule, _) = hand_offs_of(&directory, &slug)?;
    let channel = match body.0.channel.as_deref() {
        None => None,
        Some(slug) => match directory.channel_by_slug(slug) {
            Some(channel) => Some(channel.id),
            None => return Err(Error::invalid("channel", "there is no such channel").into()),
        },
    };
    set_hand_offs(state.store(), &caller.ctx, schedule, channel).await?;
    let (_, told) = hand_offs_of(&state.directory(), &slug)?;
    Ok(HttpResponse::Ok().json(told))
}
