//! Postmortems, as data and as the Markdown file (INCIDENTS.md §5.4).

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Path;
use domain::Timestamp;
use domain::word::{ActionPriority, ActionStatus, ActionType, PostmortemStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::types::{Person, Problem};
use super::words;
use crate::error::WebError;
use crate::state::State;

/// What was learnt from an incident.
#[derive(Serialize, ToSchema)]
pub struct Postmortem {
    /// Number of the incident.
    number: i64,
    title: String,
    #[schema(schema_with = words::postmortem_status)]
    status: PostmortemStatus,
    revision: i64,
    owner: Option<Person>,
    sections: Vec<Section>,
    actions: Vec<ActionItem>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A section of the text.
#[derive(Serialize, ToSchema)]
pub struct Section {
    slug: String,
    title: String,
    /// Markdown.
    body: String,
}

/// What is to be done about it.
#[derive(Serialize, ToSchema)]
pub struct ActionItem {
    number: i64,
    title: String,
    #[serde(rename = "type")]
    #[schema(schema_with = words::action_type)]
    kind: ActionType,
    #[schema(schema_with = words::action_priority)]
    priority: ActionPriority,
    #[schema(schema_with = words::action_status)]
    status: ActionStatus,
    owner: Option<Person>,
    /// Slug of the team that owns it.
    team: Option<String>,
    /// A date.
    due_on: Option<String>,
    tracker: Option<String>,
}

/// Get a postmortem
#[utoipa::path(get, path = "/api/v1/postmortems/{number}", operation_id = "get_postmortem",
    tag = "postmortems",
    params(("number" = i64, Path, description = "Number of the incident")),
    responses(
        (status = 200, description = "The postmortem", body = Postmortem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such postmortem", body = Problem),
    ))]
pub async fn get(
    caller: Caller,
    number: Path<i64>,
    state: State,
) -> Result<HttpResponse, WebError> {
    let view = engine::postmortem::get(state.store(), &caller.ctx, *number).await?;
    let directory = state.directory();
    let postmortem = view.postmortem;
    Ok(HttpResponse::Ok().json(Postmortem {
        number: postmortem.number,
        title: postmortem.title,
        status: postmortem.status,
        revision: postmortem.revision,
        owner: Person::maybe(postmortem.owner_id, &directory),
        sections: view
            .sections
            .into_iter()
            .map(|one| Section {
                slug: one.slug,
                title: one.title,
                body: one.body,
            })
            .collect(),
        actions: view
            .actions
            .into_iter()
            .map(|one| ActionItem {
                number: one.number,
                title: one.title,
                kind: one.kind,
                priority: one.priority,
                status: one.status,
                owner: Person::maybe(one.owner_user_id, &directory),
                team: one
                    .owner_team_id
                    .and_then(|id| directory.team(id))
                    .map(|team| team.slug.clone()),
                due_on: one.due_on,
                tracker: one.tracker,
            })
            .collect(),
        created_at: postmortem.created_at,
        updated_at: postmortem.updated_at,
    }))
}

/// Download a postmortem as Markdown
#[utoipa::path(get, path = "/api/v1/postmortems/{number}.md", operation_id = "download_postmortem",
    tag = "postmortems",
    params(("number" = i64, Path, description = "Number of the incident")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/markdown"),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such postmortem", body = Problem),
    ))]
pub async fn markdown(
    caller: Caller,
    number: Path<i64>,
    state: State,
) -> Result<HttpResponse, WebError> {
    let export = engine::postmortem::export(state.store(), &caller.ctx, *number).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/markdown; charset=utf-8")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", export.file_name),
        ))
        .body(export.bytes))
}
