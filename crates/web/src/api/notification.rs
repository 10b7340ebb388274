//! The outbox: what was sent to whom, and how far it got.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use domain::notification::Medium;
use domain::word::{NotificationKind, NotificationState, Urgency};
use domain::{IncidentId, NotificationId, Timestamp, UserId};
use engine::access::Right;
use serde::{Deserialize, Serialize};
use store::notification::Filter;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{List, Params, decode_cursor, encode_cursor, limit, word, words as list_of};
use super::timeline::no_incident;
use super::types::{Person, Problem};
use super::words;
use crate::error::WebError;
use crate::state::State;

/// Filters of the list; all of them must hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// States, with commas between them.
    state: Option<String>,
    /// Number of an incident.
    incident: Option<i64>,
    /// Id of a user.
    user: Option<i64>,
    /// `email`, `sms`, `webhook`, `slack` or `teams`.
    channel: Option<String>,
    /// 1–200, 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One message to one contact method, or one post to a channel. Its text is not shown: it may hold a code.
#[derive(Serialize, ToSchema)]
pub struct Notification {
    id: i64,
    #[schema(schema_with = words::notification_kind)]
    kind: NotificationKind,
    #[schema(schema_with = words::notification_state)]
    state: NotificationState,
    user: Option<Person>,
    /// What it travels by.
    #[schema(schema_with = words::medium)]
    channel: Medium,
    /// Slug of the channel that is told, if it is no message to a person.
    told: Option<String>,
    address: String,
    #[schema(schema_with = words::urgency)]
    urgency: Urgency,
    /// Number of the incident.
    incident: Option<i64>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    attempts: i64,
    last_error: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    accepted_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    delivered_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
}

/// List notifications
///
/// Newest first. Not for observers, since it holds people's addresses.
#[utoipa::path(get, path = "/api/v1/notifications", operation_id = "list_notifications",
    tag = "on-call", params(Query),
    responses(
        (status = 200, description = "A page of the outbox", body = List<Notification>),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role does not allow it", body = Problem),
        (status = 422, description = "A filter makes no sense", body = Problem),
    ))]
pub async fn list(
    caller: Caller,
    query: Params<Query>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let query = query.0;
    let states: Vec<NotificationState> = list_of("state", query.state.as_deref())?;
    let channel: Option<Medium> = word("channel", query.channel.as_deref())?;
    let before = match query.cursor.as_deref() {
        Some(text) => Some(NotificationId(decode_cursor::<1>(text)?[0])),
        None => None,
    };
    let limit = limit(query.limit)?;
    let (number, user) = (query.incident, query.user.map(UserId));
    let (rows, numbers) = state
        .store()
        .read(move |c| {
            let incident = match number {
                Some(number) => Some(
                    store::incident::by_number(c, number)
                        .map_err(no_incident)?
                        .id,
                ),
                None => None,
            };
            let filter = Filter {
                states,
                incident,
                user,
                channel,
            };
            let rows = store::notification::list(c, &filter, before, limit + 1)?;
            let mut numbers: BTreeMap<IncidentId, i64> = BTreeMap::new();
            for id in rows.iter().filter_map(|row| row.incident_id) {
                if let std::collections::btree_map::Entry::Vacant(slot) = numbers.entry(id) {
                    slot.insert(store::incident::fetch(c, id)?.number);
                }
            }
            Ok::<_, engine::Error>((rows, numbers))
        })
        .await?;
    let directory = state.directory();
    let page = List::cut(
        rows,
        limit,
        |last| encode_cursor(&[last.id.0]),
        |row| Notification {
            id: row.id.0,
            kind: row.kind,
            state: row.state,
            user: Person::maybe(row.user_id, &directory),
            channel: row.channel,
            told: row
                .channel_id
                .and_then(|id| directory.channel(id))
                .map(|channel| channel.slug.clone()),
            address: row.address,
            urgency: row.urgency,
            incident: row.incident_id.and_then(|id| numbers.get(&id).copied()),
            created_at: row.created_at,
            due_at: row.due_at,
            attempts: row.attempts,
            last_error: row.last_error,
            accepted_at: row.accepted_at,
            delivered_at: row.delivered_at,
            answered_at: row.answered_at,
        },
    );
    Ok(HttpResponse::Ok().json(page))
}
