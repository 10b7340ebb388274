//! What channels were told.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use domain::notification::Medium;
use domain::word::NotificationState;
use domain::{IncidentId, Timestamp};
use engine::access::Right;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::channel::found;
use super::input::List;
use super::types::Problem;
use super::words;
use crate::error::WebError;
use crate::state::State;

/// Posts that a channel's page and the API show.
pub(crate) const POSTS: i64 = 20;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/channels/{slug}/posts", web::get().to(posts));
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
                if let Entry::Vacant(slot) = numbers.entry(id) {
                    slot.insert(store::incident::fetch(c, id)?.number);
                }
            }
            Ok::<_, store::Error>((rows, numbers))
        })
        .await?;
    let url = &state.engine.sender().public_url;
    let items = rows.into_iter().map(|row| {
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
    });
    Ok(List::whole(items))
}
