//! `/integrations/{key}` and `/integrations/{key}/{format}`: monitors with a shape of their own. The
//! integration's kind chooses the format, or the address does; methods and encodings are whatever
//! the sender likes (WIRE-FORMATS.md §1, §2).

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use engine::ingest::{Origin, Submission};
use engine::sns;
use formats::format::{self, Format, Reply};
use formats::request::Request;
use formats::settings::Settings;
use formats::sns::Confirmation;
use formats::{FormatError, Parsed};
use serde_json::json;

use super::{intake, key};
use crate::body;
use crate::error::WebError;
use crate::state::State;

/// Largest mail of a provider's webhook, in bytes; SendGrid's limit with all that it adds, 30 MiB,
/// would be a way to fill the memory.
const MAIL_LIMIT: usize = 10 * 1024 * 1024;

/// The format of the integration's kind.
pub(super) async fn by_kind(
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> Result<HttpResponse, WebError> {
    take(req, payload, state, None).await
}

/// The format that the address names.
pub(super) async fn by_address(
    req: HttpRequest,
    path: Path<(String, String)>,
    payload: Payload,
    state: State,
) -> Result<HttpResponse, WebError> {
    let format = format::by_slug(&path.1).ok_or_else(unknown)?;
    take(req, payload, state, Some(format)).await
}

pub(super) async fn take(
    req: HttpRequest,
    payload: Payload,
    state: State,
    named: Option<Format>,
) -> Result<HttpResponse, WebError> {
    let key_hash = key::hash(key::in_path(&req).unwrap_or_default());
    // Strangers are told nothing but that there is nothing (P6).
    let directory = state.directory();
    let integration = directory
        .integration_by_key(&key_hash)
        .ok_or_else(unknown)?;
    let format = named.unwrap_or_else(|| format::of(integration.kind));
    let settings = Settings::of(&integration.settings)
        .map_err(|error| WebError::Internal(error.to_string()))?;
    // Mails carry attachments.
    let limit = match format.takes_mail() {
        true => state.config.body_limit.max(MAIL_LIMIT),
        false => state.config.body_limit,
    };
    let bytes = body::read(&req, payload.into_inner(), limit).await?;
    let origin = intake::origin(&req, format.slug());
    let (handshake, parsed) = {
        let request = request_of(&req, &bytes);
        match format.handshake(&request, settings) {
            Some(reply) => (Some(reply), Ok(Parsed::default())),
            None => (None, format.parse(&request, settings, state.now())),
        }
    };
    if let Some(reply) = handshake {
        intake::admit_key(&state, &key_hash)?;
        return Ok(respond(&reply));
    }
    let parsed = match parsed {
        Ok(Parsed {
            confirm: Some(asked),
            ..
        }) => {
            intake::admit_key(&state, &key_hash)?;
            confirmed(&state, &asked).await
        }
        other => other,
    };
    match parsed {
        Ok(parsed) => accept(&state, key_hash, format, parsed, bytes, origin).await,
        Err(error) => {
            refuse(&state, key_hash, &error, bytes, origin).await;
            Err(WebError::Format(error))
        }
    }
}

async fn accept(
    state: &State,
    key_hash: [u8; 32],
    format: Format,
    parsed: Parsed,
    bytes: Bytes,
    origin: Origin,
) -> Result<HttpResponse, WebError> {
    let answer = json!({
        "status": "accepted",
        "signals": parsed.signals.len(),
        "changes": parsed.changes.len(),
        "rejected": parsed
            .rejected
            .iter()
            .map(|rejected| json!({ "item": rejected.item, "reason": rejected.reason }))
            .collect::<Vec<_>>(),
    });
    intake::admit_key(state, &key_hash)?;
    if !parsed.changes.is_empty() {
        intake::tell(state, key_hash, parsed.changes).await?;
    }
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
    intake::store(state, submission).await?;
    let status = StatusCode::from_u16(format.success).unwrap_or(StatusCode::ACCEPTED);
    Ok(HttpResponse::build(status).json(answer))
}

/// Confirms the subscription of a topic of SNS.
async fn confirmed(state: &State, asked: &Confirmation) -> Result<Parsed, FormatError> {
    match sns::confirm(state.engine.calendars(), asked).await {
        Ok(()) => Ok(Parsed {
            warnings: vec![format!("the topic {} now sends here", asked.topic)],
            ..Parsed::default()
        }),
        Err(error) => Err(FormatError::InvalidEvent {
            reason: error.to_string(),
        }),
    }
}

/// Shows a refused request on its integration; an empty one, such as a browser's, is nothing to
/// show.
async fn refuse(
    state: &State,
    key_hash: [u8; 32],
    error: &FormatError,
    bytes: Bytes,
    origin: Origin,
) {
    if !bytes.is_empty() {
        intake::remember_refusal(state, key_hash, error.to_string(), bytes, origin).await;
    }
}

pub(super) fn request_of<'a>(req: &'a HttpRequest, bytes: &'a [u8]) -> Request<'a> {
    Request {
        method: req.method().as_str(),
        headers: req
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect(),
        query: req.query_string(),
        body: bytes,
    }
}

fn respond(reply: &Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    for (name, value) in &reply.headers {
        response.insert_header((*name, value.as_str()));
    }
    match &reply.body {
        Some(body) => response.json(body),
        None => response.finish(),
    }
}

fn unknown() -> WebError {
    WebError::not_found("page")
}
