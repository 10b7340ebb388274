//! Services, users, and the version of the server.

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::directory::{Directory, User as Account};
use domain::service::{Grouping, Service as Configured, UrgencyRule};
use domain::word::{AccountRole, IntegrationKind};
use domain::{Timestamp, UserId};
use engine::access::Right;
use engine::configuration::{self, user::EditUser};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::{Body, List};
use super::types::Problem;
use super::words;
use crate::error::WebError;
use crate::state::State;

/// Something people run and are paged for.
#[derive(Serialize, ToSchema)]
pub struct Service {
    slug: String,
    name: String,
    description: String,
    /// Slug of the team.
    team: Option<String>,
    /// Slug of the escalation policy; without one the last resort is paged.
    policy: Option<String>,
    /// How severity becomes urgency.
    #[schema(schema_with = words::urgency_rule)]
    urgency: UrgencyRule,
    /// How alerts become incidents.
    #[schema(schema_with = words::grouping)]
    grouping: Grouping,
    /// Whether incidents resolve themselves with their last alert.
    auto_resolve: bool,
    integrations: Vec<Integration>,
}

/// A door for signals. Its key is shown once, when it is made.
#[derive(Serialize, ToSchema)]
pub struct Integration {
    id: i64,
    name: String,
    #[schema(schema_with = words::integration_kind)]
    kind: IntegrationKind,
    /// The last four characters of the key.
    key_hint: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

fn make_service(service: &Configured, directory: &Directory) -> Service {
    Service {
        slug: service.slug.clone(),
        name: service.name.clone(),
        description: service.description.clone(),
        team: service
            .team_id
            .and_then(|id| directory.team(id))
            .map(|team| team.slug.clone()),
        policy: service
            .policy_id
            .and_then(|id| directory.policy(id))
            .map(|one| one.slug.clone()),
        urgency: service.settings.urgency,
        grouping: service.settings.grouping,
        auto_resolve: service.settings.auto_resolve,
        integrations: directory
            .integrations
            .values()
            .filter(|one| one.service_id == service.id)
            .map(|one| Integration {
                id: one.id.0,
                name: one.name.clone(),
                kind: one.kind,
                key_hint: one.key_hint.clone(),
                created_at: one.created_at,
            })
            .collect(),
    }
}

/// List services
#[utoipa::path(get, path = "/api/v1/services", operation_id = "list_services",
    tag = "configuration",
    responses(
        (status = 200, description = "All services", body = List<Service>),
        (status = 401, description = "No valid token", body = Problem),
    ))]
pub async fn services(caller: Caller, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let all = directory
        .services
        .values()
        .map(|one| make_service(one, &directory));
    Ok(List::whole(all))
}

/// Get a service
#[utoipa::path(get, path = "/api/v1/services/{slug}", operation_id = "get_service",
    tag = "configuration",
    params(("slug" = String, Path, description = "Slug of the service")),
    responses(
        (status = 200, description = "The service", body = Service),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such service", body = Problem),
    ))]
pub async fn service(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let service = directory
        .service_by_slug(&slug)
        .ok_or(engine::Error::NotFound("service"))?;
    Ok(HttpResponse::Ok().json(make_service(service, &directory)))
}

/// Somebody with an account. Contact methods are not shown: they are for paging only.
#[derive(Serialize, ToSchema)]
pub struct User {
    id: i64,
    name: String,
    email: String,
    #[schema(schema_with = words::account_role)]
    role: AccountRole,
    /// IANA zone.
    zone: String,
    /// Is never paged and cannot sign in.
    disabled: bool,
    /// Whether a page could reach this person at all.
    reachable: bool,
    /// Hears, once paged, that another has acknowledged or resolved.
    hears_answers: bool,
}

/// What to change about a user; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserEdit {
    name: Option<String>,
    email: Option<String>,
    #[schema(schema_with = words::account_role)]
    role: Option<AccountRole>,
    /// IANA zone.
    zone: Option<String>,
    disabled: Option<bool>,
    hears_answers: Option<bool>,
}

fn make_user(user: &Account) -> User {
    User {
        id: user.id.0,
        name: user.name.clone(),
        email: user.email.clone(),
        role: user.role,
        zone: user.zone.clone(),
        disabled: user.disabled,
        reachable: user.reachable(),
        hears_answers: user.hears_answers,
    }
}

/// List users
#[utoipa::path(get, path = "/api/v1/users", operation_id = "list_users",
    tag = "configuration",
    responses(
        (status = 200, description = "All users", body = List<User>),
        (status = 401, description = "No valid token", body = Problem),
    ))]
pub async fn users(caller: Caller, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let all = directory.users.values().map(|user| make_user(user));
    Ok(List::whole(all))
}

/// Get a user
#[utoipa::path(get, path = "/api/v1/users/{id}", operation_id = "get_user",
    tag = "configuration",
    params(("id" = i64, Path, description = "Id of the user")),
    responses(
        (status = 200, description = "The user", body = User),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such user", body = Problem),
    ))]
pub async fn user(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let user = directory
        .user(UserId(*id))
        .ok_or(engine::Error::NotFound("user"))?;
    Ok(HttpResponse::Ok().json(make_user(user)))
}

/// Edit a user
///
/// Name, zone and what one hears are also the person's own to change; the rest is for
/// administrators.
#[utoipa::path(patch, path = "/api/v1/users/{id}", operation_id = "edit_user",
    tag = "configuration", request_body = UserEdit,
    params(("id" = i64, Path, description = "Id of the user")),
    responses(
        (status = 200, description = "The user", body = User),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "This is the administrators'", body = Problem),
        (status = 404, description = "There is no such user", body = Problem),
        (status = 409, description = "No administrator would be left", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn edit_user(
    caller: Caller,
    id: Path<i64>,
    state: State,
    body: Body<UserEdit>,
) -> Result<HttpResponse, WebError> {
    let edit = body.0;
    let edit = EditUser {
        name: edit.name,
        email: edit.email,
        role: edit.role,
        zone: edit.zone,
        disabled: edit.disabled,
        hears_answers: edit.hears_answers,
    };
    configuration::user::edit_user(state.store(), &caller.ctx, UserId(*id), edit).await?;
    user(caller, id, state).await
}

/// The server.
#[derive(Serialize, ToSchema)]
pub struct Version {
    name: &'static str,
    version: &'static str,
    /// `sqlite` or `postgresql`.
    database: &'static str,
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
}

/// Version of the server
#[utoipa::path(get, path = "/api/v1/version", operation_id = "get_version",
    tag = "server",
    responses(
        (status = 200, description = "The version", body = Version),
        (status = 401, description = "No valid token", body = Problem),
    ))]
pub async fn version(caller: Caller, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    Ok(HttpResponse::Ok().json(Version {
        name: "quarterdeck",
        version: env!("CARGO_PKG_VERSION"),
        database: if state.store().is_postgres() {
            "postgresql"
        } else {
            "sqlite"
        },
        now: caller.ctx.now,
    }))
}
