//! `POST /integrations/{key}/alertmanager` and `/events`: the Alertmanager webhook
//! (WIRE-FORMATS.md §1.4) and generic JSON.

use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::Timestamp;
use engine::ingest::{IngestError, Submission};
use formats::{FormatError, Parsed, alertmanager, generic};
use serde_json::json;

use crate::body;
use crate::error::WebError;
use crate::state::State;

pub(super) async fn alertmanager(
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> Result<HttpResponse, WebError> {
    take(req, payload, state, alertmanager::parse).await
}

pub(super) async fn generic(
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> Result<HttpResponse, WebError> {
    take(req, payload, state, generic::parse).await
}

async fn take(
    req: HttpRequest,
    payload: Payload,
    state: State,
    parse: fn(&[u8], Timestamp) -> Result<Parsed, FormatError>,
) -> Result<HttpResponse, WebError> {
    let key_hash = super::key_hash(req.match_info().get("key").unwrap_or_default());
    let bytes = body::read(&req, payload.into_inner(), state.config.body_limit).await?;
    let parsed = match parse(&bytes, state.now()) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Strangers are told nothing but that there is nothing (P6).
            if !state.directory().integration_keys.contains_key(&key_hash) {
                return Err(unknown());
            }
            remember_refusal(&state, key_hash, error.to_string(), bytes).await;
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
        key_hash,
        signals: parsed.signals,
        resolve_group: parsed.resolve_group,
        warnings: parsed.warnings,
        rejected: parsed
            .rejected
            .into_iter()
            .map(|rejected| rejected.reason)
            .collect(),
        raw: bytes,
    };
    match state.engine.submit(submission).await {
        Ok(_) => Ok(HttpResponse::Accepted().json(json!({
            "status": "accepted",
            "signals": signals,
            "rejected": rejected,
        }))),
        Err(IngestError::UnknownKey) => Err(unknown()),
        Err(IngestError::Overloaded) => Err(engine::Error::Overloaded.into()),
        Err(IngestError::Unavailable(why)) => Err(store::Error::Unavailable(why).into()),
    }
}

fn unknown() -> WebError {
    WebError::not_found("page")
}

/// Shows a refused request on its integration. The refusal stands whether this works or not.
pub(super) async fn remember_refusal(
    state: &State,
    key_hash: [u8; 32],
    reason: String,
    bytes: Bytes,
) {
    if !state.directory().integration_keys.contains_key(&key_hash) {
        return;
    }
    let submission = Submission {
        key_hash,
        signals: Vec::new(),
        resolve_group: None,
        warnings: Vec::new(),
        rejected: vec![reason],
        raw: bytes,
    };
    if let Err(error) = state.engine.submit(submission).await {
        tracing::debug!(%error, "a refused request was not remembered");
    }
}
