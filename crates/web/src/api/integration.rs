//! How the requests of an integration are read. Its secret can be set, and never be read again.

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::directory::Directory;
use domain::integration::{NoData, OnSilence};
use domain::service::Integration as Configured;
use domain::signal::Signal;
use domain::word::{AlertSeverity, IntegrationKind};
use domain::{IntegrationId, Span, Timestamp};
use engine::Error;
use engine::access::Right;
use engine::configuration::integration::{SettingsEdit, edit_settings, settings_of};
use formats::Parsed;
use formats::format;
use formats::mail::MailRules;
use formats::mapping::MappingRules;
use formats::settings::Secret;
use formats::severity::SeverityWord;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Body;
use super::types::Problem;
use super::words;
use crate::error::WebError;
use crate::hooks::trial;
use crate::state::State;
use crate::view::mapping::told;

/// How the requests of an integration are read.
#[derive(Serialize, ToSchema)]
pub struct IntegrationSettings {
    id: i64,
    name: String,
    #[schema(schema_with = words::integration_kind)]
    kind: IntegrationKind,
    /// Whether requests must be signed. The secret itself is never shown.
    secret_set: bool,
    /// For what carries none, and for unknown words; `null`: what is usual for the format, mostly
    /// critical.
    #[schema(schema_with = words::alert_severity)]
    severity: Option<AlertSeverity>,
    /// What words of its sender mean, in any case, before what they usually do.
    #[schema(schema_with = words::severity_words)]
    severity_words: Vec<SeverityWord>,
    /// Rules that say where the fields of signals stand, as described in docs/monitors.md.
    #[schema(value_type = Option<Object>)]
    mapping: Option<MappingRules>,
    /// Rules that say which mails are about the same thing and which resolve, as described in
    /// docs/mail.md.
    #[schema(value_type = Option<Object>)]
    mail: Option<MailRules>,
    /// Labels by which alerts of Prometheus, Alertmanager, Grafana and LibreNMS are known; none:
    /// their fingerprint or all their labels.
    identity_labels: Vec<String>,
    /// Requests a minute; 0: as many as come; `null`: as the installation has it.
    rate_limit: Option<u32>,
    /// What happens when the end of a pushed alert passes without word: it resolves, or it stays
    /// open and an alert tells that the source went silent.
    #[schema(schema_with = words::on_silence)]
    on_silence: OnSilence,
    /// Seconds, whole minutes, after which an alert resolves whose sender gives it no end and says
    /// nothing more of it; `null`: never.
    #[schema(value_type = Option<i64>)]
    resolve_after: Option<Span>,
    /// What it means that an alarm of CloudWatch has no data; `null`: an alert of severity warning.
    #[schema(schema_with = words::no_data)]
    insufficient_data: Option<NoData>,
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
    #[schema(schema_with = words::severity_words)]
    severity_words: Option<Option<Vec<SeverityWord>>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    mapping: Option<Option<MappingRules>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    mail: Option<Option<MailRules>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    identity_labels: Option<Option<Vec<String>>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    rate_limit: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    #[schema(schema_with = words::on_silence)]
    on_silence: Option<Option<OnSilence>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    resolve_after: Option<Option<Span>>,
    #[serde(deserialize_with = "given")]
    #[schema(schema_with = words::no_data)]
    insufficient_data: Option<Option<NoData>>,
}

/// Tells `null` from what is absent.
pub(super) fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
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
        severity_words: settings.severity_words.clone(),
        mapping: settings.mapping.clone(),
        mail: settings.mail.clone(),
        identity_labels: settings.identity_labels.clone(),
        rate_limit: settings.conduct.rate_limit,
        on_silence: settings.conduct.on_silence,
        resolve_after: settings.conduct.resolve_after,
        insufficient_data: settings.insufficient_data,
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
        severity_words: body.0.severity_words.map(Option::unwrap_or_default),
        mapping: body.0.mapping,
        mail: body.0.mail,
        identity_labels: body.0.identity_labels.map(Option::unwrap_or_default),
        rate_limit: body.0.rate_limit,
        on_silence: (body.0.on_silence).map(|one| one.unwrap_or(OnSilence::Resolve)),
        resolve_after: body.0.resolve_after,
        insufficient_data: body.0.insufficient_data,
    };
    edit_settings(state.store(), &caller.ctx, id_of, edit).await?;
    Ok(HttpResponse::Ok().json(shown(&state.directory(), &slug, id)?))
}

/// Rules to try, saved or not.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MappingTrial {
    /// Rules as in the settings; absent or empty: the usual names.
    #[schema(value_type = Object)]
    mapping: MappingRules,
    /// A body to try them on, besides the newest requests.
    sample: Option<String>,
}

/// What the rules would make of one request.
#[derive(Serialize, ToSchema)]
pub struct MappingTried {
    /// Id of the request; `null`: the sample.
    request: Option<i64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    received_at: Option<Timestamp>,
    /// Signals with `action`, `dedup_key`, `summary`, `severity` and so on.
    #[schema(value_type = Vec<Object>)]
    signals: Vec<Signal>,
    warnings: Vec<String>,
    /// Why it, or some of its items, would not be understood.
    problems: Vec<String>,
}

impl MappingTried {
    fn of(kept: Option<&store::request::Request>, outcome: Result<Parsed, String>) -> Self {
        let (signals, warnings, problems) = told(outcome);
        MappingTried {
            request: kept.map(|kept| kept.id.0),
            received_at: kept.map(|kept| kept.received_at),
            signals,
            warnings,
            problems,
        }
    }
}

/// Try a mapping
///
/// Reads the newest five requests of the integration, and a sample, by rules that need not be saved.
/// Nothing is taken in.
#[utoipa::path(post, path = "/api/v1/services/{slug}/integrations/{id}/mapping/try",
    operation_id = "try_integration_mapping", tag = "configuration",
    request_body = MappingTrial,
    params(
        ("slug" = String, Path, description = "Slug of the service"),
        ("id" = i64, Path, description = "Id of the integration"),
    ),
    responses(
        (status = 200, description = "What they would make of each", body = [MappingTried]),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such integration", body = Problem),
        (status = 422, description = "A rule has a fault, or the format takes no mapping",
            body = Problem),
    ))]
pub async fn try_mapping(
    caller: Caller,
    path: Path<(String, i64)>,
    body: Body<MappingTrial>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let integration = named(&directory, &slug, id)?;
    if !format::of(integration.kind).takes_mapping() {
        return Err(Error::invalid("mapping", "this kind of integration takes no mapping").into());
    }
    let MappingTrial { mapping, sample } = body.0;
    if let Err(faults) = mapping.check() {
        let problems = faults
            .into_iter()
            .map(|fault| engine::Problem::new(format!("mapping.{}", fault.field), fault.reason))
            .collect();
        return Err(Error::Invalid(problems).into());
    }
    let settings = trial::settings(integration, mapping)?;
    let now = state.now();
    let mut tried = Vec::new();
    if let Some(sample) = &sample {
        let outcome = trial::pasted(integration, sample, &settings, now);
        tried.push(MappingTried::of(None, outcome));
    }
    for kept in trial::newest(&state, integration).await? {
        let outcome = trial::kept(&kept, &settings, now);
        tried.push(MappingTried::of(Some(&kept), outcome));
    }
    Ok(HttpResponse::Ok().json(tried))
}
