//! Maintenance windows and silences: what is not to page, and until when.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use domain::directory::Directory;
use domain::suppression::{MatchOp, Matcher as Rule, Suppression as Row, SuppressionKind};
use domain::{IntegrationId, SuppressionId, Timestamp};
use engine::access::Right;
use engine::configuration::suppression::{
    self, SuppressionInput, create_suppression, edit_suppression, end_suppression,
};
use engine::{Error, Problem as FieldProblem};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::{Body, List};
use super::types::{Person, Problem};
use super::words;
use crate::error::WebError;
use crate::page::suppression::form::SHOWN;
use crate::state::State;
use crate::view::suppression::Noun;

pub(super) fn routes(config: &mut ServiceConfig) {
    for noun in Noun::ALL {
        let scope = web::scope(noun.path())
            .app_data(web::Data::new(noun))
            .service(
                web::resource("")
                    .route(web::get().to(list))
                    .route(web::post().to(create)),
            )
            .route("/preview", web::post().to(preview))
            .service(
                web::resource("/{id}")
                    .route(web::get().to(get))
                    .route(web::put().to(edit))
                    .route(web::delete().to(end)),
            );
        config.service(scope);
    }
}

/// Maintenance windows have the operations of silences, on paths of their own: what the document
/// says of the one it says of the other.
pub fn describe_windows(document: &mut Value) {
    fn renamed(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(text) if name == "operationId" => {
                            *text = text.replace("silence", "maintenance_window");
                        }
                        Value::String(text) if name == "summary" || name == "description" => {
                            *text = text.replace("silence", "maintenance window");
                        }
                        _ => renamed(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(renamed),
            _ => {}
        }
    }
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    let windows: Vec<(String, Value)> = paths
        .iter()
        .filter(|(path, _)| path.starts_with("/api/v1/silences"))
        .map(|(path, item)| {
            let mut item = item.clone();
            renamed(&mut item);
            (path.replace("/silences", Noun::Maintenance.path()), item)
        })
        .collect();
    paths.extend(windows);
}

type Of = web::Data<Noun>;

/// A condition on one field of an alert. A missing field counts as empty.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    /// A field of the alert (`severity`, `source`, `component`, `group`, `class`, `summary`,
    /// `dedup_key`), a label, or `details.` and a path.
    pub(super) name: String,
    /// `=`, `!=`, or for a pattern of the whole value `=~`, `!~`.
    #[schema(schema_with = words::match_op)]
    pub(super) op: MatchOp,
    pub(super) value: String,
}

impl Matcher {
    pub(super) fn of(rule: &Rule) -> Matcher {
        Matcher {
            name: rule.name().to_owned(),
            op: rule.op(),
            value: rule.value().to_owned(),
        }
    }
}

/// As the rules want them; what is wrong with which is added to `problems`.
pub(super) fn matchers(
    field: &str,
    given: Vec<Matcher>,
    problems: &mut Vec<FieldProblem>,
) -> Vec<Rule> {
    let each = given.into_iter().enumerate().filter_map(|(index, one)| {
        Rule::new(one.name, one.op, one.value)
            .map_err(|error| {
                let field = format!("{field}[{index}]");
                problems.push(FieldProblem::new(field, error.to_string()));
            })
            .ok()
    });
    each.collect()
}

/// A maintenance window or a silence.
#[derive(Serialize, ToSchema)]
pub struct Suppression {
    id: i64,
    /// Slugs; empty: every service.
    services: Vec<String>,
    /// Ids; empty: every integration.
    integrations: Vec<i64>,
    matchers: Vec<Matcher>,
    /// Of the first occurrence.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Exclusive; at most 30 days after the start.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// An RRULE (RFC 5545) on the wall clock of `zone`; `null`: once.
    recurrence: Option<String>,
    zone: String,
    comment: String,
    author: String,
    created_by: Option<Person>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the occurrence that holds now ends; `null`: it does not hold now.
    #[schema(value_type = Option<String>, format = DateTime)]
    active_until: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_start: Option<Timestamp>,
    /// The next five, with what holds now.
    occurrences: Vec<Occurrence>,
    /// Open alerts that it keeps from paging.
    held: i64,
}

/// One stretch of time.
#[derive(Serialize, ToSchema)]
pub struct Occurrence {
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

fn occurrences(row: &Row, now: Timestamp) -> Vec<Occurrence> {
    row.upcoming(now, SHOWN)
        .into_iter()
        .map(|(starts_at, ends_at)| Occurrence { starts_at, ends_at })
        .collect()
}

/// What would come of it.
#[derive(Serialize, ToSchema)]
pub struct SuppressionPreview {
    /// The next five.
    occurrences: Vec<Occurrence>,
    /// Open alerts that it matches, whether they have paged or not.
    matches: usize,
}

impl Suppression {
    fn of(
        row: &Row,
        directory: &Directory,
        held: &BTreeMap<i64, i64>,
        now: Timestamp,
    ) -> Suppression {
        let services = row.services.iter().filter_map(|id| directory.service(*id));
        Suppression {
            id: row.id.0,
            services: services.map(|service| service.slug.clone()).collect(),
            integrations: row.integrations.iter().map(|id| id.0).collect(),
            matchers: row.matchers.iter().map(Matcher::of).collect(),
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            recurrence: row.recurrence.clone(),
            zone: row.zone.clone(),
            comment: row.comment.clone(),
            author: row.author.clone(),
            created_by: Person::maybe(row.created_by, directory),
            created_at: row.created_at,
            active_until: row.active_until(now),
            next_start: row.next_start(now),
            occurrences: occurrences(row, now),
            held: held.get(&row.id.0).copied().unwrap_or(0),
        }
    }
}

/// A maintenance window or silence as it is to be. A maintenance window names services; a silence
/// at least one matcher, service or integration. All that is named must hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionBody {
    /// Slugs.
    #[serde(default)]
    services: Vec<String>,
    /// Ids.
    #[serde(default)]
    integrations: Vec<i64>,
    #[serde(default)]
    matchers: Vec<Matcher>,
    /// Now when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    /// Exclusive; at most 30 days after the start.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// An RRULE, such as `FREQ=WEEKLY;BYDAY=SU`; once when absent.
    #[serde(default)]
    recurrence: Option<String>,
    /// IANA zone of the recurrence; UTC when absent.
    #[serde(default)]
    zone: Option<String>,
    /// Why.
    comment: String,
}

impl SuppressionBody {
    pub(super) fn input(
        self,
        kind: SuppressionKind,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<SuppressionInput, WebError> {
        let mut problems = Vec::new();
        let mut services = Vec::new();
        for (index, slug) in self.services.iter().enumerate() {
            match directory.service_by_slug(slug) {
                Some(service) => services.push(service.id),
                None => problems.push(FieldProblem::new(
                    format!("services[{index}]"),
                    "there is no such service",
                )),
            }
        }
        let matchers = matchers("matchers", self.matchers, &mut problems);
        if !problems.is_empty() {
            return Err(Error::Invalid(problems).into());
        }
        Ok(SuppressionInput {
            kind,
            services,
            integrations: self.integrations.into_iter().map(IntegrationId).collect(),
            matchers,
            starts_at: self.starts_at.unwrap_or(now),
            ends_at: self.ends_at,
            recurrence: self.recurrence.filter(|rule| !rule.trim().is_empty()),
            zone: self.zone,
            comment: self.comment,
            author: None,
        })
    }
}

fn found(directory: &Directory, noun: Noun, id: i64) -> Result<&Row, Error> {
    directory
        .suppressions
        .get(&SuppressionId(id))
        .map(AsRef::as_ref)
        .filter(|row| row.kind == noun.kind())
        .ok_or(Error::NotFound(noun.one()))
}

async fn held(state: &State) -> Result<BTreeMap<i64, i64>, WebError> {
    Ok(state.store().read(store::alert::counts_held).await?)
}

/// List silences
///
/// Those that are not over: first what holds now, then what begins next.
#[utoipa::path(get, path = "/api/v1/silences", operation_id = "list_silences", tag = "alerts",
    responses(
        (status = 200, description = "All of them", body = List<Suppression>),
        (status = 401, description = "No valid token", body = Problem),
    ))]
pub async fn list(caller: Caller, noun: Of, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let held = held(&state).await?;
    let (directory, now) = (state.directory(), caller.ctx.now);
    let mut rows: Vec<&Row> = directory
        .suppressions
        .values()
        .map(AsRef::as_ref)
        .filter(|row| row.kind == noun.kind() && !row.is_over(now))
        .collect();
    rows.sort_by_key(|row| {
        let next = row.active_until(now).map_or(row.next_start(now), |_| None);
        (next, row.ends_at, row.id)
    });
    let items = rows.into_iter();
    Ok(List::whole(
        items.map(|row| Suppression::of(row, &directory, &held, now)),
    ))
}

/// Make a silence
#[utoipa::path(post, path = "/api/v1/silences", operation_id = "create_silence", tag = "alerts",
    request_body = SuppressionBody,
    responses(
        (status = 201, description = "It holds from its start on", body = Suppression),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn create(
    caller: Caller,
    noun: Of,
    body: Body<SuppressionBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let mut input = body
        .0
        .input(noun.kind(), &state.directory(), caller.ctx.now)?;
    input.author.clone_from(&caller.token);
    let id = create_suppression(state.store(), &caller.ctx, input).await?;
    let answer = one(**noun, id.0, &caller, &state).await?;
    Ok(HttpResponse::Created().json(answer))
}

/// Preview a silence
///
/// What would come of it, when it is right; nothing is stored.
#[utoipa::path(post, path = "/api/v1/silences/preview", operation_id = "preview_silence",
    tag = "alerts", request_body = SuppressionBody,
    responses(
        (status = 200, description = "What would come of it", body = SuppressionPreview),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn preview(
    caller: Caller,
    noun: Of,
    body: Body<SuppressionBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let (directory, now) = (state.directory(), caller.ctx.now);
    let input = body.0.input(noun.kind(), &directory, now)?;
    let tried = suppression::preview(&caller.ctx, &directory, input);
    if !tried.problems.is_empty() {
        return Err(Error::Invalid(tried.problems).into());
    }
    let would = tried.would;
    let occurrences = occurrences(&would, now);
    let matching = state
        .store()
        .read(move |c| engine::suppression::matching(c, &directory, &would))
        .await?;
    Ok(HttpResponse::Ok().json(SuppressionPreview {
        occurrences,
        matches: matching.len(),
    }))
}

async fn one(noun: Noun, id: i64, caller: &Caller, state: &State) -> Result<Suppression, WebError> {
    let held = held(state).await?;
    let directory = state.directory();
    let row = found(&directory, noun, id)?;
    Ok(Suppression::of(row, &directory, &held, caller.ctx.now))
}

/// Get a silence
#[utoipa::path(get, path = "/api/v1/silences/{id}", operation_id = "get_silence", tag = "alerts",
    params(("id" = i64, Path, description = "Its id")),
    responses(
        (status = 200, description = "It", body = Suppression),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is none", body = Problem),
    ))]
pub async fn get(
    caller: Caller,
    noun: Of,
    id: Path<i64>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    Ok(HttpResponse::Ok().json(one(**noun, *id, &caller, &state).await?))
}

/// Change a silence
///
/// What still fires and is not held any more pages at once.
#[utoipa::path(put, path = "/api/v1/silences/{id}", operation_id = "edit_silence", tag = "alerts",
    request_body = SuppressionBody,
    params(("id" = i64, Path, description = "Its id")),
    responses(
        (status = 200, description = "As it is now", body = Suppression),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is none", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn edit(
    caller: Caller,
    noun: Of,
    id: Path<i64>,
    body: Body<SuppressionBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let directory = state.directory();
    found(&directory, **noun, *id)?;
    let input = body.0.input(noun.kind(), &directory, caller.ctx.now)?;
    edit_suppression(state.store(), &caller.ctx, SuppressionId(*id), input).await?;
    Ok(HttpResponse::Ok().json(one(**noun, *id, &caller, &state).await?))
}

/// End a silence
///
/// At once: what still fires pages now.
#[utoipa::path(delete, path = "/api/v1/silences/{id}", operation_id = "end_silence",
    tag = "alerts", params(("id" = i64, Path, description = "Its id")),
    responses(
        (status = 204, description = "It is over"),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is none", body = Problem),
    ))]
pub async fn end(
    caller: Caller,
    noun: Of,
    id: Path<i64>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    found(&state.directory(), **noun, *id)?;
    end_suppression(state.store(), &caller.ctx, SuppressionId(*id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
