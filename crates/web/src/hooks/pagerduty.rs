//! `POST /v2/enqueue`: what clients of PagerDuty's Events API v2 expect (WIRE-FORMATS.md §1.1).

use actix_web::http::header;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use engine::ingest::{IngestError, Submission};
use formats::pagerduty::{self, Invalid};
use serde_json::Value;

use crate::body;
use crate::error::{RETRY_AFTER, WebError, now_and_then};
use crate::state::State;

/// Largest event, in bytes (WIRE-FORMATS.md §0 rule 11).
const EVENT_MAX: usize = 512 * 1024;

pub(super) async fn enqueue(req: HttpRequest, payload: Payload, state: State) -> HttpResponse {
    let bytes = match body::read(&req, payload.into_inner(), EVENT_MAX).await {
        Ok(bytes) => bytes,
        Err(WebError::TooLarge(_)) => {
            return json(HttpResponse::PayloadTooLarge(), &pagerduty::too_large());
        }
        Err(error) => {
            let answer = serde_json::json!({
                "status": "Unrecognized object",
                "message": "Event object format is unrecognized",
                "errors": [error.to_string()],
            });
            return json(HttpResponse::BadRequest(), &answer);
        }
    };
    // A key in the address is the one that counts; clients put nonsense into the body then.
    let in_path = req.match_info().get("key");
    let in_header = req
        .headers()
        .get("x-routing-key")
        .and_then(|value| value.to_str().ok());
    let request = match pagerduty::parse(&bytes, in_path.or(in_header), random_key) {
        Ok(request) => request,
        Err(invalid) => {
            remember(&state, &invalid, in_path, bytes).await;
            return json(HttpResponse::BadRequest(), &invalid.body());
        }
    };
    let submission = Submission {
        key_hash: super::key_hash(in_path.unwrap_or(&request.routing_key)),
        signals: request.parsed.signals,
        resolve_group: None,
        warnings: request.parsed.warnings,
        rejected: Vec::new(),
        raw: bytes,
    };
    match state.engine.submit(submission).await {
        Ok(_) => json(
            HttpResponse::Accepted(),
            &pagerduty::accepted(&request.dedup_key),
        ),
        Err(IngestError::UnknownKey) => HttpResponse::BadRequest()
            .content_type("text/plain; charset=utf-8")
            .body(pagerduty::UNKNOWN_KEY),
        Err(error @ (IngestError::Overloaded | IngestError::Unavailable(_))) => {
            if now_and_then() {
                tracing::warn!(%error, "events are not taken");
            }
            let answer = serde_json::json!({
                "status": "unavailable",
                "message": "The event was not stored: send it again after the time in Retry-After",
                "errors": [],
            });
            let mut response = HttpResponse::ServiceUnavailable();
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
            json(response, &answer)
        }
    }
}

/// Shows the refusal on its integration, if it has one; the answer does not depend on it.
async fn remember(state: &State, invalid: &Invalid, in_path: Option<&str>, bytes: Bytes) {
    let Some(key) = in_path.or(invalid.routing_key.as_deref()) else {
        return;
    };
    super::monitor::remember_refusal(state, super::key_hash(key), invalid.to_string(), bytes).await;
}

/// A dedup key for a trigger that brings none.
fn random_key() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn json(mut response: HttpResponseBuilder, value: &Value) -> HttpResponse {
    response
        .content_type("application/json")
        .body(value.to_string())
}
