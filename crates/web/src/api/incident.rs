//! Incidents: list, one, open one by hand.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Path;
use domain::word::{CommandRole, IncidentSeverity, KeyMoment, PagingState, Urgency};
use domain::{IncidentId, Timestamp};
use engine::access::Right;
use engine::incident::NewIncident;
use serde::{Deserialize, Serialize};
use store::incident::{Cursor, Filter};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{
    Body, List, Params, decode_cursor, encode_cursor, limit, service, word, words as list_of,
};
use super::responder::{PageTarget, Responder, targets};
use super::types::{Incident, Person, Problem};
use super::words;
use crate::error::WebError;
use crate::state::{AppState, State};

/// Filters of the list; all of them must hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// States of paging, with commas between them: `triggered`, `acknowledged`, `resolved`.
    paging: Option<String>,
    /// `open` is short for `triggered,acknowledged`; `resolved` for itself.
    status: Option<String>,
    /// Slug of a service.
    service: Option<String>,
    /// `high` or `low`.
    urgency: Option<String>,
    /// `SEV1` to `SEV5`.
    severity: Option<String>,
    /// Whether it was declared.
    declared: Option<bool>,
    /// Words of the title.
    q: Option<String>,
    /// Opened at this time or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    created_after: Option<Timestamp>,
    /// Opened before this time (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    created_before: Option<Timestamp>,
    /// 1–200, 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List incidents
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/incidents", operation_id = "list_incidents",
    tag = "incidents", params(Query),
    responses(
        (status = 200, description = "A page of the list", body = List<Incident>),
        (status = 401, description = "No valid token", body = Problem),
        (status = 422, description = "A filter makes no sense", body = Problem),
    ))]
pub async fn list(
    caller: Caller,
    query: Params<Query>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let query = query.0;
    let directory = state.directory();
    let mut paging: Vec<PagingState> = list_of("paging", query.paging.as_deref())?;
    match query.status.as_deref() {
        None | Some("") => {}
        Some("open") => paging.extend([PagingState::Triggered, PagingState::Acknowledged]),
        Some("resolved") => paging.push(PagingState::Resolved),
        Some(_) => {
            return Err(engine::Error::invalid("status", "choose `open` or `resolved`").into());
        }
    }
    let service = service(&directory, query.service.as_deref())?;
    let filter = Filter {
        paging,
        service,
        urgency: word("urgency", query.urgency.as_deref())?,
        severity: word("severity", query.severity.as_deref())?,
        declared: query.declared,
        text: query.q.filter(|text| !text.trim().is_empty()),
        created_after: query.created_after,
        created_before: query.created_before,
        ..Filter::default()
    };
    let cursor = match query.cursor.as_deref() {
        None => None,
        Some(text) => {
            let [at, id] = decode_cursor(text)?;
            Some(Cursor {
                created_at: Timestamp(at),
                id: IncidentId(id),
            })
        }
    };
    let limit = limit(query.limit)?;
    let rows = state
        .store()
        .read(move |c| store::incident::list(c, &filter, cursor, limit + 1))
        .await?;
    let url = &state.config.public_url;
    let page = List::cut(
        rows,
        limit,
        |last| encode_cursor(&[last.created_at.0, last.id.0]),
        |row| Incident::of(row, &directory, url),
    );
    Ok(HttpResponse::Ok().json(page))
}

/// An incident with its command and its key moments.
#[derive(Serialize, ToSchema)]
pub struct IncidentDetail {
    #[serde(flatten)]
    incident: Incident,
    roles: Vec<Role>,
    /// Who was asked to help, oldest first.
    responders: Vec<Responder>,
    moments: Vec<Moment>,
}

/// A role of command.
#[derive(Serialize, ToSchema)]
pub struct Role {
    #[schema(schema_with = words::command_role)]
    role: CommandRole,
    /// `null` while nobody holds it.
    holder: Option<Person>,
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

/// When something decisive happened.
#[derive(Serialize, ToSchema)]
pub struct Moment {
    #[schema(schema_with = words::key_moment)]
    moment: KeyMoment,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// False once a person has set it.
    automatic: bool,
}

/// Get an incident
#[utoipa::path(get, path = "/api/v1/incidents/{number}", operation_id = "get_incident",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident")),
    responses(
        (status = 200, description = "The incident", body = IncidentDetail),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
    ))]
pub async fn get(
    caller: Caller,
    number: Path<i64>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    Ok(HttpResponse::Ok().json(detail(&state, number.into_inner()).await?))
}

/// Reads everything about an incident.
pub(super) async fn detail(state: &AppState, number: i64) -> Result<IncidentDetail, WebError> {
    let directory = state.directory();
    let (row, roles, responders, moments) = state
        .store()
        .read(move |c| {
            let row = store::incident::by_number(c, number).map_err(|error| match error {
                store::Error::NotFound => engine::Error::NotFound("incident"),
                other => other.into(),
            })?;
            let roles = engine::role::roles(c, row.id)?;
            let responders = store::responder::of_incident(c, row.id)?;
            let moments = store::incident::moments(c, row.id)?;
            Ok::<_, engine::Error>((row, roles, responders, moments))
        })
        .await?;
    Ok(IncidentDetail {
        incident: Incident::of(row, &directory, &state.config.public_url),
        roles: roles
            .into_iter()
            .map(|view| Role {
                role: view.role,
                holder: Person::maybe(view.holder, &directory),
                since: view.since,
            })
            .collect(),
        responders: responders
            .into_iter()
            .map(|row| Responder::of(row, &directory))
            .collect(),
        moments: moments
            .into_iter()
            .map(|row| Moment {
                moment: row.moment,
                at: row.at,
                automatic: row.automatic,
            })
            .collect(),
    })
}

/// What to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIncidentBody {
    /// In a few words, at most 255 characters.
    title: String,
    /// Slug of the service whose policy is to be paged; without one nobody is.
    #[serde(default)]
    service: Option<String>,
    /// `high` when absent.
    #[serde(default)]
    #[schema(schema_with = words::urgency)]
    urgency: Option<Urgency>,
    /// With a severity the incident is declared at once.
    #[serde(default)]
    #[schema(schema_with = words::incident_severity)]
    severity: Option<IncidentSeverity>,
    /// Only an exercise.
    #[serde(default)]
    drill: bool,
    /// First note on the timeline, Markdown.
    #[serde(default)]
    note: String,
    /// Who is paged at once, besides the service's policy: at most 20 people, schedules and teams.
    /// They accept or decline.
    #[serde(default)]
    page: Vec<PageTarget>,
    /// What they are told, at most 500 characters.
    #[serde(default)]
    message: String,
}

/// Open an incident
///
/// Without any alert, as people do who see something wrong. With a service its policy is paged. To
/// page a person, a team or whoever is on call without a service, name them in `page`.
#[utoipa::path(post, path = "/api/v1/incidents", operation_id = "create_incident",
    tag = "incidents", request_body = NewIncidentBody,
    responses(
        (status = 201, description = "The incident; its address is in `Location`", body = IncidentDetail),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn create(
    caller: Caller,
    body: Body<NewIncidentBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let body = body.0;
    let service = service(&state.directory(), body.service.as_deref())?;
    let new = NewIncident {
        title: body.title,
        service,
        urgency: body.urgency.unwrap_or(Urgency::High),
        severity: body.severity,
        drill: body.drill,
        note: body.note,
        page: targets("page", &body.page, &state.directory())?,
        message: body.message,
    };
    let incident = engine::incident::create(state.store(), &caller.ctx, new).await?;
    let detail = detail(&state, incident.number).await?;
    Ok(HttpResponse::Created()
        .insert_header((
            header::LOCATION,
            format!("/api/v1/incidents/{}", incident.number),
        ))
        .json(detail))
}
