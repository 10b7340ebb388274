//! `POST /integrations/{key}/alertmanager` and `/events`: the Alertmanager webhook
//! (WIRE-FORMATS.md §1.4) and generic JSON.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use domain::Timestamp;
use domain::word::IntegrationKind;
use engine::ingest::Submission;
use formats::settings::Settings;
use formats::{FormatError, Parsed, alertmanager, format, generic};
use serde_json::json;

use super::{intake, key, vendor};
use crate::body;
use crate::error::WebError;
use crate::state::State;

pub(super) async fn alertmanager(
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> Result<HttpResponse, WebError> {
    take(req, payload, state, "alertmanager", alertmanager::parse).await
}

pub(super) async fn generic(
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> Result<HttpResponse, WebError> {
    let key_hash = key::hash(req.match_info().get("key").unwrap_or_default());
    let kind = state
        .directory()
        .integration_by_key(&key_hash)
        .filter(|one| !one.settings.is_empty())
        .map(|one| one.kind);
    // Its owner has chosen how its requests are read.
    if let Some(kind) = kind {
        let of_kind = format::of(kind);
        let format = if of_kind.takes_mapping() {
            of_kind
        } else {
            format::of(IntegrationKind::Generic)
        };
        return vendor::take(req, payload, state, Some(format)).await;
    }
    take(req, payload, state, "generic", |body, _, now| {
        generic::parse(body, now)
    })
    .await
}

async fn take(
    req: HttpRequest,
    payload: Payload,
    state: State,
    word: &'static str,
    parse: fn(&[u8], &Settings, Timestamp) -> Result<Parsed, FormatError>,
) -> Result<HttpResponse, WebError> {
    let key_hash = key::hash(req.match_info().get("key").unwrap_or_default());
    let origin = intake::origin(&req, word);
    let bytes = body::read(&req, payload.into_inner(), state.config.body_limit).await?;
    let directory = state.directory();
    let settings = intake::settings(&directory, &key_hash)?;
    let parsed = match parse(&bytes, &settings, state.now()) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Strangers are told nothing but that there is nothing (P6).
            if !state.directory().integration_keys.contains_key(&key_hash) {
                return Err(unknown());
            }
            intake::remember_refusal(&state, key_hash, error.to_string(), bytes, origin).await;
            return Err(WebError::Format(error));
        }
    };
    let signals = parsed.signals.len();
    let rejected: Vec<_> = parsed
        .rejected
        .iter()
        .map(|rejected| json!({ "item": rejected.item, "reason": rejected.reason }))
        .collect();
    let submission = Submission {
        signals: parsed.signals,
        resolve_group: parsed.resolve_group,
        warnings: parsed.warnings,
        rejected: parsed
            .rejected
            .into_iter()
            .map(|rejected| rejected.reason)
            .collect(),
        ..intake::remark(key_hash, bytes, origin)
    };
    intake::submit(&state, submission).await?;
    Ok(HttpResponse::Accepted().json(json!({
        "status": "accepted",
        "signals": signals,
        "rejected": rejected,
    })))
}

fn unknown() -> WebError {
    WebError::not_found("page")
}
