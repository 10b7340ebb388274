//! Channels: places that are told of incidents.

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use domain::channel::{Channel as Row, ChannelKind};
use domain::directory::Directory;
use domain::notification::Medium;
use domain::word::NotificationState;
use domain::{ChannelId, IncidentId, ScheduleId, Timestamp};
use engine::access::{self, Right};
use engine::configuration::channel::{
    ChannelInput, create_channel, edit_channel, remove_channel, rotate_secret, set_hand_offs,
    test_channel, used_by,
};
use engine::{Error, OpContext};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::{Body, List};
use super::types::Problem;
use super::words;
use crate::error::WebError;
use crate::state::State;

/// Posts that a channel's page and the API show.
pub(crate) const POSTS: i64 = 20;

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
        .service(
            web::resource("/schedules/{slug}/hand-offs")
                .route(web::get().to(hand_offs))
                .route(web::put().to(edit_hand_offs)),
        )
        .route("/channels/{slug}/test", web::post().to(test))
        .route("/channels/{slug}/rotate-secret", web::post().to(rotate))
        .route("/channels/{slug}/posts", web::get().to(posts));
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

/// What a channel was told, and how far it got.
#[derive(Serialize, ToSchema)]
pub struct ChannelPost {
    /// `webhook-id` is `post_` and this number.
    id: i64,
    #[schema(schema_with = words::notification_state)]
    state: NotificationState,
    #[schema(schema_with = words::medium)]
    by: Medium,
    /// What it is about.
    subject: String,
    /// What it says, as a mail would.
    text: String,
    /// Number of the incident.
    incident: Option<i64>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    attempts: i64,
    last_error: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    accepted_at: Option<Timestamp>,
}

fn found<'d>(directory: &'d Directory, slug: &str) -> Result<&'d Row, Error> {
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
    let items = rows
        .map(|row| Channel::of(row, &directory, &caller.ctx))
        .collect();
    Ok(HttpResponse::Ok().json(List::<Channel>::whole(items)))
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

/// List a channel's posts
///
/// The last 20, newest first.
#[utoipa::path(get, path = "/api/v1/channels/{slug}/posts", operation_id = "list_channel_posts",
    tag = "channels", params(("slug" = String, Path, description = "Slug of the channel")),
    responses(
        (status = 200, description = "What it was told", body = List<ChannelPost>),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such channel", body = Problem),
    ))]
pub async fn posts(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let id = found(&state.directory(), &slug)?.id;
    let (rows, numbers) = state
        .store()
        .read(move |c| {
            let rows = store::channel::posts(c, id, POSTS)?;
            let mut numbers: BTreeMap<IncidentId, i64> = BTreeMap::new();
            for id in rows.iter().filter_map(|row| row.incident_id) {
                if let std::collections::btree_map::Entry::Vacant(slot) = numbers.entry(id) {
                    slot.insert(store::incident::fetch(c, id)?.number);
                }
            }
            Ok::<_, store::Error>((rows, numbers))
        })
        .await?;
    let url = &state.engine.sender().public_url;
    let items = rows
        .into_iter()
        .map(|row| {
            let said = engine::dispatch::text_of_post(&row, url);
            ChannelPost {
                id: row.id.0,
                state: row.state,
                by: row.channel,
                text: said.map(|said| said.text).unwrap_or_default(),
                subject: row.subject,
                incident: row.incident_id.and_then(|id| numbers.get(&id).copied()),
                created_at: row.created_at,
                attempts: row.attempts,
                last_error: row.last_error,
                accepted_at: row.accepted_at,
            }
        })
        .collect();
    Ok(HttpResponse::Ok().json(List::<ChannelPost>::whole(items)))
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
