//! How the requests of an integration are read. Its secret can be set, and never be read again.

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::IntegrationId;
use domain::directory::Directory;
use domain::service::Integration as Configured;
use domain::word::{AlertSeverity, IntegrationKind};
use engine::Error;
use engine::access::Right;
use engine::configuration::integration::{SettingsEdit, edit_settings, settings_of};
use formats::mapping::MappingRules;
use formats::settings::Secret;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Body;
use super::types::Problem;
use super::words;
use crate::error::WebError;
use crate::state::State;

/// How the requests of an integration are read.
#[derive(Serialize, ToSchema)]
pub struct IntegrationSettings {
    id: i64,
    name: String,
    #[schema(schema_with = words::integration_kind)]
    kind: IntegrationKind,
    /// Whether requests must be signed. The secret itself is never shown.
    secret_set: bool,
    /// For what carries none; `null`: critical.
    #[schema(schema_with = words::alert_severity)]
    severity: Option<AlertSeverity>,
    /// Rules that say where the fields of signals stand, as described in docs/monitors.md.
    #[schema(value_type = Option<Object>)]
    mapping: Option<MappingRules>,
}

/// What to change: absent stays, `null` takes away.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IntegrationSettingsEdit {
    /// What the sender signs with.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    secret: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schema(schema_with = words::alert_severity)]
    severity: Option<Option<AlertSeverity>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    mapping: Option<Option<MappingRules>>,
}

/// Tells `null` from what is absent.
fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

fn shown(directory: &Directory, slug: &str, id: i64) -> Result<IntegrationSettings, Error> {
    let integration = named(directory, slug, id)?;
    let settings = settings_of(integration)?;
    Ok(IntegrationSettings {
        id: integration.id.0,
        name: integration.name.clone(),
        kind: integration.kind,
        secret_set: settings.secret.is_some(),
        severity: settings.severity,
        mapping: settings.mapping.clone(),
    })
}

fn named<'d>(directory: &'d Directory, slug: &str, id: i64) -> Result<&'d Configured, Error> {
    let service = directory
        .service_by_slug(slug)
        .ok_or(Error::NotFound("service"))?;
    directory
        .integration(IntegrationId(id))
        .filter(|one| one.service_id == service.id)
        .ok_or(Error::NotFound("integration"))
}

/// Get an integration's settings
#[utoipa::path(get, path = "/api/v1/services/{slug}/integrations/{id}/settings",
    operation_id = "get_integration_settings", tag = "configuration",
    params(
        ("slug" = String, Path, description = "Slug of the service"),
        ("id" = i64, Path, description = "Id of the integration"),
    ),
    responses(
        (status = 200, description = "The settings", body = IntegrationSettings),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such integration", body = Problem),
    ))]
pub async fn settings(
    caller: Caller,
    path: Path<(String, i64)>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let (slug, id) = path.into_inner();
    Ok(HttpResponse::Ok().json(shown(&state.directory(), &slug, id)?))
}

/// Change an integration's settings
#[utoipa::path(patch, path = "/api/v1/services/{slug}/integrations/{id}/settings",
    operation_id = "edit_integration_settings", tag = "configuration",
    request_body = IntegrationSettingsEdit,
    params(
        ("slug" = String, Path, description = "Slug of the service"),
        ("id" = i64, Path, description = "Id of the integration"),
    ),
    responses(
        (status = 200, description = "The settings as they are now", body = IntegrationSettings),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such integration", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn edit(
    caller: Caller,
    path: Path<(String, i64)>,
    body: Body<IntegrationSettingsEdit>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let id_of = named(&state.directory(), &slug, id)?.id;
    let secret = match body.0.secret {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(Secret::new(&text).ok_or_else(|| {
            Error::invalid("secret", "a secret is needed; null takes it away")
        })?)),
    };
    let edit = SettingsEdit {
        secret,
        severity: body.0.severity,
        mapping: body.0.mapping,
    };
    edit_settings(state.store(), &caller.ctx, id_of, edit).await?;
    Ok(HttpResponse::Ok().json(shown(&state.directory(), &slug, id)?))
}
