//! Maintenance windows and silences: what is not to page, and until when.

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use domain::directory::Directory;
use domain::suppression::{MatchOp, Matcher as Rule, Suppression as Row, SuppressionKind};
use domain::{IntegrationId, SuppressionId, Timestamp};
use engine::access::Right;
use engine::configuration::suppression::{
    SuppressionInput, create_suppression, edit_suppression, end_suppression,
};
use engine::{Error, Problem as FieldProblem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::{Body, List};
use super::types::{Person, Problem};
use super::words;
use crate::error::WebError;
use crate::state::State;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/maintenance-windows")
                .route(web::get().to(list_windows))
                .route(web::post().to(create_window)),
        )
        .service(
            web::resource("/maintenance-windows/{id}")
                .route(web::get().to(get_window))
                .route(web::put().to(edit_window))
                .route(web::delete().to(end_window)),
        )
        .service(
            web::resource("/silences")
                .route(web::get().to(list))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/silences/{id}")
                .route(web::get().to(get))
                .route(web::put().to(edit))
                .route(web::delete().to(end)),
        );
}

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
}

impl Suppression {
    fn of(row: &Row, directory: &Directory, now: Timestamp) -> Suppression {
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
    fn input(
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
        })
    }
}

fn found(directory: &Directory, kind: SuppressionKind, id: i64) -> Result<&Row, Error> {
    directory
        .suppressions
        .get(&SuppressionId(id))
        .map(AsRef::as_ref)
        .filter(|row| row.kind == kind)
        .ok_or(Error::NotFound(match kind {
            SuppressionKind::Maintenance => "maintenance window",
            _ => "silence",
        }))
}

fn all(kind: SuppressionKind, caller: &Caller, state: &State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let (directory, now) = (state.directory(), caller.ctx.now);
    let mut rows: Vec<&Row> = directory
        .suppressions
        .values()
        .map(AsRef::as_ref)
        .filter(|row| row.kind == kind && !row.is_over(now))
        .collect();
    rows.sort_by_key(|row| {
        let next = row.active_until(now).map_or(row.next_start(now), |_| None);
        (next, row.ends_at, row.id)
    });
    let items = rows.into_iter();
    let items = items
        .map(|row| Suppression::of(row, &directory, now))
        .collect();
    Ok(HttpResponse::Ok().json(List::<Suppression>::whole(items)))
}

fn one(
    kind: SuppressionKind,
    id: i64,
    caller: &Caller,
    state: &State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let row = found(&directory, kind, id)?;
    Ok(HttpResponse::Ok().json(Suppression::of(row, &directory, caller.ctx.now)))
}

async fn make(
    kind: SuppressionKind,
    body: SuppressionBody,
    caller: &Caller,
    state: &State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let input = body.input(kind, &state.directory(), caller.ctx.now)?;
    let id = create_suppression(state.store(), &caller.ctx, input).await?;
    let directory = state.directory();
    let row = found(&directory, kind, id.0)?;
    Ok(HttpResponse::Created().json(Suppression::of(row, &directory, caller.ctx.now)))
}

async fn change(
    kind: SuppressionKind,
    id: i64,
    body: SuppressionBody,
    caller: &Caller,
    state: &State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let directory = state.directory();
    found(&directory, kind, id)?;
    let input = body.input(kind, &directory, caller.ctx.now)?;
    edit_suppression(state.store(), &caller.ctx, SuppressionId(id), input).await?;
    one(kind, id, caller, state)
}

async fn stop(
    kind: SuppressionKind,
    id: i64,
    caller: &Caller,
    state: &State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    found(&state.directory(), kind, id)?;
    end_suppression(state.store(), &caller.ctx, SuppressionId(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Declares the five operations of one kind; utoipa wants a function for each.
macro_rules! operations {
    ($kind:ident, $tag:literal, $all:literal, $each:literal, $name:literal,
     $list:ident = $list_id:literal, $create:ident = $create_id:literal,
     $get:ident = $get_id:literal, $edit:ident = $edit_id:literal, $end:ident = $end_id:literal) => {
        #[doc = concat!("List ", $name, "s")]
        ///
        /// Those that are not over: first what holds now, then what begins next.
        #[utoipa::path(get, path = $all, operation_id = $list_id, tag = $tag,
            summary = concat!("List ", $name, "s"),
            responses(
                (status = 200, description = "All of them", body = List<Suppression>),
                (status = 401, description = "No valid token", body = Problem),
            ))]
        pub async fn $list(caller: Caller, state: State) -> Result<HttpResponse, WebError> {
            all(SuppressionKind::$kind, &caller, &state)
        }

        #[doc = concat!("Make a ", $name)]
        #[utoipa::path(post, path = $all, operation_id = $create_id, tag = $tag,
            summary = concat!("Make a ", $name),
            request_body = SuppressionBody,
            responses(
                (status = 201, description = "It holds from its start on", body = Suppression),
                (status = 400, description = "The body is not JSON", body = Problem),
                (status = 401, description = "No valid token", body = Problem),
                (status = 403, description = "The token's role may only read", body = Problem),
                (status = 422, description = "A field is not right", body = Problem),
            ))]
        pub async fn $create(
            caller: Caller,
            body: Body<SuppressionBody>,
            state: State,
        ) -> Result<HttpResponse, WebError> {
            make(SuppressionKind::$kind, body.0, &caller, &state).await
        }

        #[doc = concat!("Get a ", $name)]
        #[utoipa::path(get, path = $each, operation_id = $get_id, tag = $tag,
            summary = concat!("Get a ", $name),
            params(("id" = i64, Path, description = "Its id")),
            responses(
                (status = 200, description = "It", body = Suppression),
                (status = 401, description = "No valid token", body = Problem),
                (status = 404, description = "There is none", body = Problem),
            ))]
        pub async fn $get(
            caller: Caller,
            id: Path<i64>,
            state: State,
        ) -> Result<HttpResponse, WebError> {
            one(SuppressionKind::$kind, *id, &caller, &state)
        }

        #[doc = concat!("Change a ", $name)]
        ///
        /// What still fires and is not held any more pages at once.
        #[utoipa::path(put, path = $each, operation_id = $edit_id, tag = $tag,
            summary = concat!("Change a ", $name),
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
        pub async fn $edit(
            caller: Caller,
            id: Path<i64>,
            body: Body<SuppressionBody>,
            state: State,
        ) -> Result<HttpResponse, WebError> {
            change(SuppressionKind::$kind, *id, body.0, &caller, &state).await
        }

        #[doc = concat!("End a ", $name)]
        ///
        /// At once: what still fires pages now.
        #[utoipa::path(delete, path = $each, operation_id = $end_id, tag = $tag,
            summary = concat!("End a ", $name),
            params(("id" = i64, Path, description = "Its id")),
            responses(
                (status = 204, description = "It is over"),
                (status = 401, description = "No valid token", body = Problem),
                (status = 403, description = "The token's role may only read", body = Problem),
                (status = 404, description = "There is none", body = Problem),
            ))]
        pub async fn $end(
            caller: Caller,
            id: Path<i64>,
            state: State,
        ) -> Result<HttpResponse, WebError> {
            stop(SuppressionKind::$kind, *id, &caller, &state).await
        }
    };
}

operations!(
    Maintenance,
    "alerts",
    "/api/v1/maintenance-windows",
    "/api/v1/maintenance-windows/{id}",
    "maintenance window",
    list_windows = "list_maintenance_windows",
    create_window = "create_maintenance_window",
    get_window = "get_maintenance_window",
    edit_window = "edit_maintenance_window",
    end_window = "end_maintenance_window"
);
operations!(
    Silence,
    "alerts",
    "/api/v1/silences",
    "/api/v1/silences/{id}",
    "silence",
    list = "list_silences",
    create = "create_silence",
    get = "get_silence",
    edit = "edit_silence",
    end = "end_silence"
);
