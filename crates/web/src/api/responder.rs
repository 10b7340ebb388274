//! Asking people to help with an incident, and what they say.

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::Timestamp;
use domain::directory::Directory;
use domain::incident::Command;
use domain::incident::responder::Responder as Row;
use domain::policy::Target;
use domain::word::ResponderState;
use engine::access::Right;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::incident::IncidentDetail;
use super::input::Body;
use super::types::{Person, Problem};
use super::words;
use super::work::give;
use crate::error::WebError;
use crate::state::State;

/// Whom to page: one of the three.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageTarget {
    /// E-mail address of a person.
    User(String),
    /// Slug of a schedule: whoever is on call.
    Schedule(String),
    /// Slug of a team: all its members.
    Team(String),
}

impl PageTarget {
    fn find(&self, directory: &Directory) -> Option<Target> {
        Some(match self {
            PageTarget::User(email) => Target::User(directory.user_by_email(email.trim())?.id),
            PageTarget::Schedule(slug) => Target::Schedule(directory.schedule_by_slug(slug)?.id),
            PageTarget::Team(slug) => Target::Team(directory.team_by_slug(slug)?.id),
        })
    }
}

/// The targets of a body; each unknown one is named.
pub(super) fn targets(
    field: &str,
    given: &[PageTarget],
    directory: &Directory,
) -> Result<Vec<Target>, WebError> {
    let mut found = Vec::with_capacity(given.len());
    let mut problems = Vec::new();
    for (n, target) in given.iter().enumerate() {
        match target.find(directory) {
            Some(target) => found.push(target),
            None => problems.push(engine::Problem::new(
                format!("{field}[{n}]"),
                "there is no such person, schedule or team",
            )),
        }
    }
    match problems.is_empty() {
        true => Ok(found),
        false => Err(engine::Error::Invalid(problems).into()),
    }
}

/// Somebody who was asked to help.
#[derive(Serialize, ToSchema)]
pub struct Responder {
    person: Option<Person>,
    /// `null`: an API token asked.
    asked_by: Option<Person>,
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    message: String,
    /// `asked` until the person says something; `ended` when the incident was over before.
    #[schema(schema_with = words::responder_state)]
    state: ResponderState,
    /// Why it was declined.
    reason: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
}

impl Responder {
    pub(super) fn of(row: Row, directory: &Directory) -> Responder {
        Responder {
            person: Person::maybe(Some(row.user), directory),
            asked_by: Person::maybe(row.asked_by, directory),
            asked_at: row.asked_at,
            message: row.message,
            state: row.state,
            reason: row.reason,
            answered_at: row.answered_at,
        }
    }
}

/// Who is asked, and what they are told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskBody {
    /// 1 to 20 people, schedules and teams.
    targets: Vec<PageTarget>,
    /// At most 500 characters.
    #[serde(default)]
    message: String,
}

/// Ask people to help
///
/// Each is paged by their rules for high urgency, whoever has acknowledged, until they accept or
/// decline or the incident is resolved.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/responders", operation_id = "ask_responders",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident")),
    request_body = AskBody,
    responses(
        (status = 200, description = "The incident afterwards", body = IncidentDetail),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
        (status = 409, description = "Nobody of them can be asked; `detail` says why", body = Problem),
        (status = 422, description = "There is no such person, schedule or team", body = Problem),
    ))]
pub async fn ask(
    caller: Caller,
    number: Path<i64>,
    body: Body<AskBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let command = Command::Page {
        targets: targets("targets", &body.0.targets, &state.directory())?,
        message: body.0.message,
    };
    give(&caller, *number, &state, command).await
}

/// Yes or no.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerBody {
    accept: bool,
    /// Told to whoever asked.
    #[serde(default)]
    reason: String,
}

/// Answer a request for help
///
/// The request to the person who calls; a token that belongs to nobody was asked nothing.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/responders/answer", operation_id = "answer_request",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident")),
    request_body = AnswerBody,
    responses(
        (status = 200, description = "The incident afterwards", body = IncidentDetail),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
        (status = 409, description = "No request is open", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn answer(
    caller: Caller,
    number: Path<i64>,
    body: Body<AnswerBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    let command = Command::Answer {
        accept: body.0.accept,
        reason: body.0.reason,
    };
    give(&caller, *number, &state, command).await
}
