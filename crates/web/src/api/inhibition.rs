//! Rules by which an open alert keeps others from paging.

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use domain::directory::Directory;
use domain::suppression::Inhibition as Row;
use domain::{InhibitionId, Timestamp};
use engine::access::Right;
use engine::configuration::inhibition::{
    InhibitionInput, create_inhibition, edit_inhibition, remove_inhibition,
};
use engine::{Error, Problem as FieldProblem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::{Body, List};
use super::suppression::{Matcher, matchers};
use super::types::{Person, Problem};
use crate::error::WebError;
use crate::state::State;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/inhibitions")
                .route(web::get().to(list))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/inhibitions/{id}")
                .route(web::get().to(get))
                .route(web::put().to(edit))
                .route(web::delete().to(remove)),
        );
}

/// While an alert that matches `source` is open, those that match `target` with equal values of the
/// labels `equal` do not page.
#[derive(Serialize, ToSchema)]
pub struct Inhibition {
    id: i64,
    name: String,
    /// Slug: only between alerts of this team's services; `null`: of all.
    team: Option<String>,
    source: Vec<Matcher>,
    target: Vec<Matcher>,
    equal: Vec<String>,
    created_by: Option<Person>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl Inhibition {
    fn of(row: &Row, directory: &Directory) -> Inhibition {
        let team = row.team_id.and_then(|id| directory.team(id));
        Inhibition {
            id: row.id.0,
            name: row.name.clone(),
            team: team.map(|team| team.slug.clone()),
            source: row.source.iter().map(Matcher::of).collect(),
            target: row.target.iter().map(Matcher::of).collect(),
            equal: row.equal.clone(),
            created_by: Person::maybe(row.created_by, directory),
            created_at: row.created_at,
        }
    }
}

/// A rule as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InhibitionBody {
    name: String,
    /// Slug of a team.
    #[serde(default)]
    team: Option<String>,
    source: Vec<Matcher>,
    target: Vec<Matcher>,
    #[serde(default)]
    equal: Vec<String>,
}

impl InhibitionBody {
    fn input(self, directory: &Directory) -> Result<InhibitionInput, WebError> {
        let mut problems = Vec::new();
        let team = self
            .team
            .as_deref()
            .map(|slug| directory.team_by_slug(slug));
        if team == Some(None) {
            problems.push(FieldProblem::new("team", "there is no such team"));
        }
        let source = matchers("source", self.source, &mut problems);
        let target = matchers("target", self.target, &mut problems);
        if !problems.is_empty() {
            return Err(Error::Invalid(problems).into());
        }
        Ok(InhibitionInput {
            name: self.name,
            team_id: team.flatten().map(|team| team.id),
            source,
            target,
            equal: self.equal,
        })
    }
}

fn found(directory: &Directory, id: i64) -> Result<&Row, Error> {
    directory
        .inhibitions
        .get(&InhibitionId(id))
        .map(AsRef::as_ref)
        .ok_or(Error::NotFound("rule of inhibition"))
}

/// List inhibitions
#[utoipa::path(get, path = "/api/v1/inhibitions", operation_id = "list_inhibitions", tag = "alerts",
    responses(
        (status = 200, description = "All rules", body = List<Inhibition>),
        (status = 401, description = "No valid token", body = Problem),
    ))]
pub async fn list(caller: Caller, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let rules = directory.inhibitions.values();
    Ok(List::whole(
        rules.map(|row| Inhibition::of(row, &directory)),
    ))
}

/// Make an inhibition
///
/// It holds for alerts that open from now on.
#[utoipa::path(post, path = "/api/v1/inhibitions", operation_id = "create_inhibition",
    tag = "alerts", request_body = InhibitionBody,
    responses(
        (status = 201, description = "The rule", body = Inhibition),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn create(
    caller: Caller,
    body: Body<InhibitionBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let input = body.0.input(&state.directory())?;
    let id = create_inhibition(state.store(), &caller.ctx, input).await?;
    let directory = state.directory();
    let row = found(&directory, id.0)?;
    Ok(HttpResponse::Created().json(Inhibition::of(row, &directory)))
}

/// Get an inhibition
#[utoipa::path(get, path = "/api/v1/inhibitions/{id}", operation_id = "get_inhibition",
    tag = "alerts", params(("id" = i64, Path, description = "Id of the rule")),
    responses(
        (status = 200, description = "The rule", body = Inhibition),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such rule", body = Problem),
    ))]
pub async fn get(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let row = found(&directory, *id)?;
    Ok(HttpResponse::Ok().json(Inhibition::of(row, &directory)))
}

/// Change an inhibition
///
/// What is held back by it as it was stays so until the alert that explains it is resolved.
#[utoipa::path(put, path = "/api/v1/inhibitions/{id}", operation_id = "edit_inhibition",
    tag = "alerts", request_body = InhibitionBody,
    params(("id" = i64, Path, description = "Id of the rule")),
    responses(
        (status = 200, description = "The rule as it is now", body = Inhibition),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such rule", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn edit(
    caller: Caller,
    id: Path<i64>,
    body: Body<InhibitionBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let input = body.0.input(&state.directory())?;
    edit_inhibition(state.store(), &caller.ctx, InhibitionId(*id), input).await?;
    let directory = state.directory();
    let row = found(&directory, *id)?;
    Ok(HttpResponse::Ok().json(Inhibition::of(row, &directory)))
}

/// Remove an inhibition
///
/// What it holds back pages, if it still fires.
#[utoipa::path(delete, path = "/api/v1/inhibitions/{id}", operation_id = "remove_inhibition",
    tag = "alerts", params(("id" = i64, Path, description = "Id of the rule")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such rule", body = Problem),
    ))]
pub async fn remove(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    remove_inhibition(state.store(), &caller.ctx, InhibitionId(*id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
