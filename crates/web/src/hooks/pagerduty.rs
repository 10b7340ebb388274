//! What clients of PagerDuty's Events APIs expect (WIRE-FORMATS.md §1.1, §1.2).

use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use engine::configuration::integration::check_key;
use engine::ingest::{Origin, Submission};
use formats::pagerduty::{self, Accepted, Invalid, Request};
use formats::severity::Scale;
use serde::Serialize;
use serde_json::Value;

use super::intake::{self, NotTaken};
use super::{key, replay};
use crate::body::{self, Unread};
use crate::error::{RETRY_AFTER, WebError};
use crate::state::State;

/// Largest event, in bytes (WIRE-FORMATS.md §0 rule 11).
const EVENT_MAX: usize = 512 * 1024;

/// How the owner of a key has severities read: its place may be the event, so that it is known only
/// while that is read.
type Asked<'a, 's> = &'a mut dyn FnMut(&str) -> Scale<'s>;
type Parse = for<'s> fn(&[u8], Option<&str>, Asked<'_, 's>) -> Result<Request, Invalid>;

/// How the versions of the API differ in their answers.
struct Version {
    parse: Parse,
    /// How requests of it are called when they are kept.
    word: &'static str,
    accepted: (StatusCode, for<'k> fn(&'k str) -> Accepted<'k>),
    /// Clients of the first version send again after a 403, those of the second after a 429.
    throttled: StatusCode,
    unknown_key: fn() -> HttpResponse,
}

const V1: Version = Version {
    parse: |body, outside, scale| pagerduty::v1::parse(body, outside, random_key, scale),
    word: replay::EVENTS_V1,
    accepted: (StatusCode::OK, |key| Accepted::v1(key)),
    throttled: StatusCode::FORBIDDEN,
    unknown_key: || {
        let invalid = Invalid::event(vec![pagerduty::UNKNOWN_SERVICE_KEY.to_owned()]);
        json(StatusCode::BAD_REQUEST, &invalid.body())
    },
};

const V2: Version = Version {
    parse: |body, outside, scale| pagerduty::parse(body, outside, random_key, scale),
    word: replay::EVENTS_V2,
    accepted: (StatusCode::ACCEPTED, |key| Accepted::v2(key)),
    throttled: StatusCode::TOO_MANY_REQUESTS,
    unknown_key: || {
        HttpResponse::BadRequest()
            .content_type("text/plain; charset=utf-8")
            .body(pagerduty::UNKNOWN_KEY)
    },
};

/// `POST /generic/2010-04-15/create_event.json`
pub(super) async fn create_event(req: HttpRequest, payload: Payload, state: State) -> HttpResponse {
    take(&V1, &req, payload, &state).await
}

/// `POST /v2/enqueue`
pub(super) async fn enqueue(req: HttpRequest, payload: Payload, state: State) -> HttpResponse {
    take(&V2, &req, payload, &state).await
}

/// `POST /v2/change/enqueue`
pub(super) async fn change(req: HttpRequest, payload: Payload, state: State) -> HttpResponse {
    let bytes = match read(&req, payload, &state, replay::CHANGES).await {
        Ok(bytes) => bytes,
        Err(answer) => return answer,
    };
    let outside = key::outside(&req, &state);
    let origin = intake::origin(&req, replay::CHANGES);
    let request = match pagerduty::change::parse(&bytes, outside.as_deref()) {
        Ok(request) => request,
        Err(invalid) => {
            return refuse(&req, &state, &invalid, outside.as_deref(), bytes, origin).await;
        }
    };
    let key_hash = chosen(&req, &state, &request.routing_key, outside.as_deref());
    let told = match intake::admit_key(&state, &key_hash) {
        Ok(()) => intake::tell(&state, key_hash, vec![request.event]).await,
        Err(why) => Err(why),
    };
    let new = match told {
        Ok(new) => new,
        Err(why) => return not_taken(&V2, &why),
    };
    if !request.warnings.is_empty() {
        let remark = Submission {
            warnings: request.warnings,
            ..intake::remark(key_hash, bytes, origin)
        };
        // The change stands whether this works or not.
        drop(intake::store(&state, remark).await);
    }
    let id = new.first().map(ToString::to_string).unwrap_or_default();
    json(StatusCode::ACCEPTED, &pagerduty::change_accepted(&id))
}

async fn take(
    version: &Version,
    req: &HttpRequest,
    payload: Payload,
    state: &State,
) -> HttpResponse {
    let bytes = match read(req, payload, state, version.word).await {
        Ok(bytes) => bytes,
        Err(answer) => return answer,
    };
    let outside = key::outside(req, state);
    let origin = intake::origin(req, version.word);
    let directory = state.directory();
    let mut door = None;
    let mut scale = |key: &str| {
        let key_hash = chosen(req, state, key, outside.as_deref());
        door = directory.integration_by_key(&key_hash);
        intake::scale(door)
    };
    let request = match (version.parse)(&bytes, outside.as_deref(), &mut scale) {
        Ok(request) => request,
        Err(invalid) => {
            return refuse(req, state, &invalid, outside.as_deref(), bytes, origin).await;
        }
    };
    let Some(integration) = door else {
        return not_taken(version, &NotTaken::UnknownKey);
    };
    if let Err(seconds) = intake::admit(state, integration) {
        return not_taken(version, &NotTaken::TooMany(seconds));
    }
    let submission = Submission {
        signals: request.parsed.signals,
        warnings: request.parsed.warnings,
        ..intake::remark(integration.key_hash, bytes, origin)
    };
    drop(directory);
    match intake::store(state, submission).await {
        Ok(_) => {
            let (status, body) = version.accepted;
            json(status, &body(&request.dedup_key))
        }
        Err(why) => not_taken(version, &why),
    }
}

/// Answers an event that makes no sense, and shows it on its integration, if it has one.
async fn refuse(
    req: &HttpRequest,
    state: &State,
    invalid: &Invalid,
    outside: Option<&str>,
    bytes: Bytes,
    origin: Origin,
) -> HttpResponse {
    let key = key::in_path(req)
        .or(invalid.routing_key.as_deref())
        .or(outside);
    if let Some(key) = key {
        intake::remember_refusal(state, key::hash(key), invalid.to_string(), bytes, origin).await;
    }
    json(StatusCode::BAD_REQUEST, &invalid.body())
}

/// The answer where no client of these APIs asks.
pub(super) fn stray(status: StatusCode, why: &str) -> HttpResponse {
    let word = match status {
        StatusCode::METHOD_NOT_ALLOWED => "method not allowed",
        _ => "not found",
    };
    json(
        status,
        &serde_json::json!({"status": word, "message": why, "errors": [why]}),
    )
}

fn not_taken(version: &Version, why: &NotTaken) -> HttpResponse {
    match why {
        NotTaken::UnknownKey => (version.unknown_key)(),
        NotTaken::TooMany(seconds) => later(version.throttled, *seconds, pagerduty::throttled()),
        NotTaken::Later(_) => later(
            StatusCode::SERVICE_UNAVAILABLE,
            RETRY_AFTER,
            pagerduty::unavailable(),
        ),
    }
}

/// The body, or the answer to one that cannot be read.
async fn read(
    req: &HttpRequest,
    payload: Payload,
    state: &State,
    word: &'static str,
) -> Result<Bytes, HttpResponse> {
    let Unread { error, start } =
        match body::read_or_start(req, payload.into_inner(), EVENT_MAX).await {
            Ok(bytes) => return Ok(bytes),
            Err(unread) => unread,
        };
    if matches!(error, WebError::TooLarge(_)) {
        let key = match key::in_path(req) {
            Some(key) => Some(key.to_owned()),
            None => key_of(&start).or_else(|| key::outside(req, state)),
        };
        if let Some(key_hash) = key.as_deref().map(key::hash) {
            let origin = intake::origin(req, word);
            intake::remember_too_large(state, key_hash, EVENT_MAX, start, origin).await;
        }
        return Err(json(StatusCode::PAYLOAD_TOO_LARGE, &pagerduty::too_large()));
    }
    let error = intake::for_monitors(error);
    Err(match error.kind().0 {
        // Anything else than this would be taken for a last word, and the event be lost.
        StatusCode::SERVICE_UNAVAILABLE => later(
            StatusCode::SERVICE_UNAVAILABLE,
            RETRY_AFTER,
            pagerduty::unavailable(),
        ),
        _ => {
            let answer = serde_json::json!({
                "status": "Unrecognized object",
                "message": "Event object format is unrecognized",
                "errors": [error.to_string()],
            });
            json(StatusCode::BAD_REQUEST, &answer)
        }
    })
}

/// The key in the beginning of an event that is too large to be read.
fn key_of(start: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(start);
    let value = |name: &str| {
        let (_, rest) = text.split_once(name)?;
        let rest = rest.trim_start().strip_prefix(':')?.trim_start();
        let (key, _) = rest.strip_prefix('"')?.split_once('"')?;
        check_key(key).is_ok().then(|| key.to_owned())
    };
    value("\"routing_key\"").or_else(|| value("\"service_key\""))
}

/// A key in the address is the one that counts; clients put nonsense into the body then. Otherwise
/// that of the body, unless nobody has it and somebody has the one beside it.
fn chosen(req: &HttpRequest, state: &State, of_body: &str, outside: Option<&str>) -> [u8; 32] {
    match (key::in_path(req), outside) {
        (Some(key), _) => key::hash(key),
        (None, Some(other)) if other != of_body && !key::is_known(state, of_body) => {
            key::hash(other)
        }
        _ => key::hash(of_body),
    }
}

/// A dedup key for a trigger that brings none.
fn random_key() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn later(status: StatusCode, seconds: i64, body: Value) -> HttpResponse {
    HttpResponseBuilder::new(status)
        .insert_header((header::RETRY_AFTER, seconds))
        .content_type("application/json")
        .body(body.to_string())
}

fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponseBuilder::new(status).json(body)
}
