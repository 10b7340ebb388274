//! `/integrations/{key}`, `/integrations/{key}/events` and `/integrations/{key}/{format}`: monitors with a shape of their own. The
//! integration's kind chooses the format, or the address does; methods and encodings are whatever
//! the sender likes (WIRE-FORMATS.md §1, §2).

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::word::IntegrationKind;
use engine::ingest::{Origin, Submission};
use engine::sns::{self, Verdict};
use formats::format::{self, Format, Reply};
use formats::request::Request;
use formats::settings::Settings;
use formats::sns::Confirmation;
use formats::{FormatError, Parsed};
use serde_json::json;

use super::intake::{self, NotTaken};
use super::{answer, key};
use crate::error::WebError;
use crate::state::{AppState, State};

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
    let Some(format) = format::by_slug(&path.1) else {
        let why = format!(
            "There is no format “{}”: compare the sender's address with that of the integration.",
            path.1.chars().take(100).collect::<String>()
        );
        let key_hash = key::hash(&path.0);
        if state.directory().integration_by_key(&key_hash).is_some() {
            let limit = state.config.body_limit;
            let whose = (key_hash, IntegrationKind::Generic.as_str());
            let bytes = intake::read(&state, &req, payload, limit, whose).await?;
            if !bytes.is_empty() {
                let origin = intake::origin(&req, IntegrationKind::Generic.as_str());
                intake::remember_refusal(&state, key_hash, why, bytes, origin).await;
            }
        }
        return Err(unknown());
    };
    take(req, payload, state, Some(format)).await
}

/// Generic JSON, by the mapping of the integration if it has one.
pub(super) async fn events(
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let format = key::in_path(&req)
        .and_then(|key| directory.integration_by_key(&key::hash(key)))
        .map(|integration| format::of(integration.kind))
        .filter(Format::takes_mapping)
        .unwrap_or_else(|| format::of(IntegrationKind::Generic));
    take(req, payload, state, Some(format)).await
}

async fn take(
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
    let limit = format.body_limit(state.config.body_limit);
    let whose = (key_hash, format.slug());
    let bytes = intake::read(&state, &req, payload, limit, whose).await?;
    let origin = intake::origin(&req, format.slug());
    let (handshake, parsed) = {
        let request = request_of(&req, &bytes, key_hash);
        match format.handshake(&request, settings) {
            Some(reply) => (Some(reply), Ok(Parsed::default())),
            None => (None, format.parse(&request, settings, state.now())),
        }
    };
    match handshake {
        Some(Ok(reply)) => {
            admit(&state, &key_hash, &format)?;
            return Ok(respond(&reply));
        }
        Some(Err(error)) => {
            intake::remember_refusal(&state, key_hash, error.to_string(), bytes, origin).await;
            return Err(WebError::Format(error));
        }
        None => {}
    }
    let parsed = match parsed {
        Ok(Parsed {
            confirm: Some(asked),
            ..
        }) => {
            admit(&state, &key_hash, &format)?;
            confirmed(&state, &asked).await
        }
        Ok(parsed) => proven(&state, parsed).await,
        other => other,
    };
    match parsed {
        Ok(Parsed {
            answer: Some(answer),
            ..
        }) if answer::is_ours(&state, &answer) => {
            admit(&state, &key_hash, &format)?;
            answer::by_webhook(&state, key_hash, answer, origin).await
        }
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
    admit(state, &key_hash, &format)?;
    store(state, key_hash, parsed, bytes, origin).await?;
    let status = StatusCode::from_u16(format.success).unwrap_or(StatusCode::ACCEPTED);
    Ok(HttpResponse::build(status).json(answer))
}

/// Spends one request of a key's budget; without any left, the format says how that is told.
fn admit(state: &AppState, key_hash: &[u8; 32], format: &Format) -> Result<(), WebError> {
    intake::admit_key(state, key_hash).map_err(|why| match why {
        NotTaken::TooMany(seconds) if format.throttled == 503 => WebError::TooManyNow(seconds),
        other => other.into(),
    })
}

/// Stores what was understood of a request that has been admitted.
///
/// # Errors
/// [`NotTaken`].
pub(super) async fn store(
    state: &AppState,
    key_hash: [u8; 32],
    parsed: Parsed,
    bytes: Bytes,
    origin: Origin,
) -> Result<(), NotTaken> {
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
    Ok(())
}

/// Holds a notification of SNS to its signature. One that nobody can check now is taken: an alert
/// is worth more than certainty about who wrote it, and its sender has the key.
async fn proven(state: &AppState, mut parsed: Parsed) -> Result<Parsed, FormatError> {
    let Some(signed) = parsed.signed.take() else {
        return Ok(parsed);
    };
    let certificates = &state.certificates;
    let client = state.engine.calendars();
    match certificates.verify(client, &signed, state.now()).await {
        Verdict::Good => {}
        Verdict::Forged => {
            return Err(FormatError::Forged {
                reason: "its signature is of another message, or of somebody else.".to_owned(),
            });
        }
        Verdict::Unknown(reason) => parsed.warnings.push(format!(
            "the signature of SNS was not checked, since its certificate cannot be had: {reason}"
        )),
    }
    Ok(parsed)
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

/// Shows a refused request on its integration; one that only looks, such as a browser's, is nothing
/// to show.
async fn refuse(
    state: &State,
    key_hash: [u8; 32],
    error: &FormatError,
    bytes: Bytes,
    origin: Origin,
) {
    let looks = ["GET ", "HEAD ", "OPTIONS "];
    if !bytes.is_empty() || !looks.iter().any(|word| origin.head.starts_with(word)) {
        intake::remember_refusal(state, key_hash, error.to_string(), bytes, origin).await;
    }
}

pub(super) fn request_of<'a>(
    req: &'a HttpRequest,
    bytes: &'a [u8],
    key_hash: [u8; 32],
) -> Request<'a> {
    Request {
        method: req.method().as_str(),
        headers: req
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect(),
        query: req.query_string(),
        body: bytes,
        key_hash: Some(key_hash),
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
