//! Channels: places that are told of incidents.

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use domain::ChannelId;
use domain::channel::{Channel as Row, ChannelKind};
use domain::directory::Directory;
use engine::access::{self, Right};
use engine::configuration::channel::{
    ChannelInput, create_channel, edit_channel, remove_channel, rotate_secret, test_channel,
    used_by,
};
use engine::{Error, OpContext};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::{Body, List};
use super::types::Problem;
use super::words;
use crate::error::WebError;
use crate::state::State;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/channels")
                .route(web::get().to(list))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/channels/{slug}")
                .route(web::get().to(get))
                .route(web::put().to(edit))
                .route(web::delete().to(remove)),
        )
        .route("/channels/{slug}/test", web::post().to(test))
        .route("/channels/{slug}/rotate-secret", web::post().to(rotate));
}

/// A place that is told: a program, a room of a chat, a mailing list. It is no person, and never
/// counts as somebody reached.
#[derive(Serialize, ToSchema)]
pub struct Channel {
    #[schema(example = "ops")]
    slug: String,
    name: String,
    description: String,
    /// Slug of the team.
    team: Option<String>,
    #[schema(schema_with = words::channel_kind)]
    kind: ChannelKind,
    /// `null` where whoever knows it can post, and for observers.
    address: Option<String>,
    /// As much of it as anybody may see.
    #[schema(example = "https://hooks.example.com")]
    shown_address: String,
    /// Whether it is told anything.
    enabled: bool,
    /// Why the last post was given up.
    trouble: Option<String>,
    /// What tells it: `the policy Checkout`, `the schedule Platform`.
    used_by: Vec<String>,
}

impl Channel {
    fn of(row: &Row, directory: &Directory, ctx: &OpContext) -> Channel {
        let whole = access::allows(ctx.role, Right::Configure) && !row.kind.address_is_secret();
        let team = row.team_id.and_then(|id| directory.team(id));
        Channel {
            slug: row.slug.clone(),
            name: row.name.clone(),
            description: row.description.clone(),
            team: team.map(|team| team.slug.clone()),
            kind: row.kind,
            address: whole.then(|| row.address.reveal().to_owned()),
            shown_address: row.shown_address(),
            enabled: row.enabled,
            trouble: row.trouble.clone(),
            used_by: used_by(directory, row.id),
        }
    }
}

/// A channel that was just made, or has another secret.
#[derive(Serialize, ToSchema)]
pub struct ChannelWithSecret {
    channel: Channel,
    /// What posts are signed with by Standard Webhooks (`whsec_…`); `null` where they are not
    /// signed. Shown this once.
    secret: Option<String>,
}

/// A channel as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelBody {
    name: String,
    /// Made from the name, or kept, when absent.
    #[serde(default)]
    slug: Option<String>,
    #[serde(default)]
    description: String,
    /// Slug of a team.
    #[serde(default)]
    team: Option<String>,
    /// Stays as it is once the channel is made.
    #[schema(schema_with = words::channel_kind)]
    kind: ChannelKind,
    /// A URL, or the mail address of a list. Kept when absent; needed of a new channel.
    #[serde(default)]
    address: Option<String>,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

impl ChannelBody {
    fn input(self, directory: &Directory) -> Result<ChannelInput, WebError> {
        let team = self
            .team
            .as_deref()
            .map(|slug| directory.team_by_slug(slug));
        if team == Some(None) {
            return Err(Error::invalid("team", "there is no such team").into());
        }
        Ok(ChannelInput {
            name: self.name,
            slug: self.slug,
            description: self.description,
            team_id: team.flatten().map(|team| team.id),
            kind: self.kind,
            address: self.address,
            enabled: self.enabled,
        })
    }
}

/// How a test went.
#[derive(Serialize, ToSchema)]
pub struct ChannelTest {
    /// Id of the post, as the outbox shows it.
    post: i64,
    /// Whether the receiver took it.
    accepted: bool,
    /// Why it did not.
    failure: Option<String>,
}

pub(super) fn found<'d>(directory: &'d Directory, slug: &str) -> Result<&'d Row, Error> {
    directory
        .channel_by_slug(slug)
        .ok_or(Error::NotFound("channel"))
}

fn found_by_id(directory: &Directory, id: ChannelId) -> Result<&Row, Error> {
    directory.channel(id).ok_or(Error::NotFound("channel"))
}

/// List channels
#[utoipa::path(get, path = "/api/v1/channels", operation_id = "list_channels",
    tag = "channels",
    responses(
        (status = 200, description = "All channels", body = List<Channel>),
        (status = 401, description = "No valid token", body = Problem),
    ))]
pub async fn list(caller: Caller, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let rows = directory.channels.values();
    let items = rows.map(|row| Channel::of(row, &directory, &caller.ctx));
    Ok(List::whole(items))
}

/// Make a channel
///
/// The answer holds the secret that posts to a webhook are signed with; it is shown this once.
#[utoipa::path(post, path = "/api/v1/channels", operation_id = "create_channel",
    tag = "channels", request_body = ChannelBody,
    responses(
        (status = 201, description = "The channel", body = ChannelWithSecret),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn create(
    caller: Caller,
    body: Body<ChannelBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let input = body.0.input(&state.directory())?;
    let made = create_channel(state.store(), &caller.ctx, input).await?;
    let directory = state.directory();
    let row = found_by_id(&directory, made.id)?;
    Ok(HttpResponse::Created().json(ChannelWithSecret {
        channel: Channel::of(row, &directory, &caller.ctx),
        secret: made.secret.map(|secret| secret.reveal().to_owned()),
    }))
}

/// Get a channel
#[utoipa::path(get, path = "/api/v1/channels/{slug}", operation_id = "get_channel",
    tag = "channels", params(("slug" = String, Path, description = "Slug of the channel")),
    responses(
        (status = 200, description = "The channel", body = Channel),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such channel", body = Problem),
    ))]
pub async fn get(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let row = found(&directory, &slug)?;
    Ok(HttpResponse::Ok().json(Channel::of(row, &directory, &caller.ctx)))
}

/// Change a channel
///
/// What waits to be told goes to the new address.
#[utoipa::path(put, path = "/api/v1/channels/{slug}", operation_id = "edit_channel",
    tag = "channels", request_body = ChannelBody,
    params(("slug" = String, Path, description = "Slug of the channel")),
    responses(
        (status = 200, description = "The channel as it is now", body = Channel),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such channel", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn edit(
    caller: Caller,
    slug: Path<String>,
    body: Body<ChannelBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let directory = state.directory();
    let id = found(&directory, &slug)?.id;
    let input = body.0.input(&directory)?;
    edit_channel(state.store(), &caller.ctx, id, input).await?;
    let directory = state.directory();
    let row = found_by_id(&directory, id)?;
    Ok(HttpResponse::Ok().json(Channel::of(row, &directory, &caller.ctx)))
}

/// Remove a channel
///
/// Refused while a policy, a schedule or the last resort tells it. What it was told stays in the
/// outbox.
#[utoipa::path(delete, path = "/api/v1/channels/{slug}", operation_id = "remove_channel",
    tag = "channels", params(("slug" = String, Path, description = "Slug of the channel")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such channel", body = Problem),
        (status = 409, description = "Something tells it", body = Problem),
    ))]
pub async fn remove(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let id = found(&state.directory(), &slug)?.id;
    remove_channel(state.store(), &caller.ctx, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Try a channel out
///
/// Sends a test at once, also where the channel is switched off, and answers how it went. It is
/// tried once.
#[utoipa::path(post, path = "/api/v1/channels/{slug}/test", operation_id = "test_channel",
    tag = "channels", params(("slug" = String, Path, description = "Slug of the channel")),
    responses(
        (status = 200, description = "How it went", body = ChannelTest),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such channel", body = Problem),
    ))]
pub async fn test(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let id = found(&state.directory(), &slug)?.id;
    let engine = &state.engine;
    let (outlets, sender) = (engine.channels(), engine.sender());
    let now = || engine.now();
    let tested = test_channel(state.store(), outlets, sender, &caller.ctx, id, now).await?;
    Ok(HttpResponse::Ok().json(ChannelTest {
        post: tested.id.0,
        accepted: tested.failure.is_none(),
        failure: tested.failure,
    }))
}

/// Change a channel's secret
///
/// Posts are signed with the former secret as well for 24 hours, so that the receiver has the time
/// to follow.
#[utoipa::path(post, path = "/api/v1/channels/{slug}/rotate-secret",
    operation_id = "rotate_channel_secret", tag = "channels",
    params(("slug" = String, Path, description = "Slug of the channel")),
    responses(
        (status = 200, description = "The new secret, shown this once", body = ChannelWithSecret),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such channel", body = Problem),
        (status = 409, description = "Posts to it are not signed", body = Problem),
    ))]
pub async fn rotate(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let id = found(&state.directory(), &slug)?.id;
    let made = rotate_secret(state.store(), &caller.ctx, id).await?;
    let directory = state.directory();
    let row = found_by_id(&directory, id)?;
    Ok(HttpResponse::Ok().json(ChannelWithSecret {
        channel: Channel::of(row, &directory, &caller.ctx),
        secret: made.secret.map(|secret| secret.reveal().to_owned()),
    }))
}
