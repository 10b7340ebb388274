//! The API v2 of an Alertmanager, as Prometheus pushes to it and `amtool` asks it
//! (WIRE-FORMATS.md §1.5). Errors are JSON strings there.

use actix_web::http::{StatusCode, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use domain::IntegrationId;
use domain::word::AlertStatus;
use engine::alert::Found;
use engine::ingest::Submission;
use formats::alertmanager::{api, push};
use serde_json::Value;
use store::alert::Filter;

use super::intake::{self, NotTaken};
use super::key;
use crate::body;
use crate::error::{RETRY_AFTER, WebError};
use crate::state::State;

/// Most open alerts that are listed.
const LIST_MAX: i64 = 5_000;

/// `POST /api/v2/alerts`
pub(super) async fn push(req: HttpRequest, payload: Payload, state: State) -> HttpResponse {
    let Some(key) = key::outside(&req, &state) else {
        return not_taken(&NotTaken::UnknownKey);
    };
    let key_hash = key::hash(&key);
    if let Err(why) = intake::admit_key(&state, &key_hash) {
        return not_taken(&why);
    }
    let bytes = match body::read(&req, payload.into_inner(), state.config.body_limit).await {
        Ok(bytes) => bytes,
        Err(error) => return failed(error.kind().0, &error.detail()),
    };
    let origin = intake::origin(&req, "prometheus");
    let parsed = match push::parse(&bytes, state.now()) {
        Ok(parsed) => parsed,
        Err(error) => {
            let reason = error.to_string();
            intake::remember_refusal(&state, key_hash, reason.clone(), bytes, origin).await;
            return failed(StatusCode::BAD_REQUEST, &reason);
        }
    };
    let rejected: Vec<String> = parsed
        .rejected
        .into_iter()
        .map(|rejected| rejected.reason)
        .collect();
    let mut told = rejected.clone();
    told.dedup();
    let submission = Submission {
        signals: parsed.signals,
        warnings: parsed.warnings,
        rejected,
        ..intake::remark(key_hash, bytes, origin)
    };
    match intake::store(&state, submission).await {
        // The good ones are stored, and the sender hears of the bad ones all the same.
        Ok(_) if !told.is_empty() => failed(StatusCode::BAD_REQUEST, &told.join("; ")),
        Ok(_) => HttpResponse::Ok().finish(),
        Err(why) => not_taken(&why),
    }
}

/// `GET /api/v2/alerts`
pub(super) async fn list(req: HttpRequest, state: State) -> HttpResponse {
    show(&req, &state, api::alerts).await
}

/// `GET /api/v2/alerts/groups`
pub(super) async fn groups(req: HttpRequest, state: State) -> HttpResponse {
    show(&req, &state, api::groups).await
}

type Shown = fn(&[domain::alert::Alert], &api::Query, &str, domain::Timestamp) -> Value;

async fn show(req: &HttpRequest, state: &State, shown: Shown) -> HttpResponse {
    let (integration, name) = match asked(req, state) {
        Ok(found) => found,
        Err(why) => return not_taken(&why),
    };
    let parameters: Vec<_> = url::form_urlencoded::parse(req.query_string().as_bytes()).collect();
    let parameters = parameters
        .iter()
        .map(|(name, value)| (name.as_ref(), value.as_ref()));
    let query = match api::Query::parse(parameters) {
        Ok(query) => query,
        Err(why) => return failed(StatusCode::BAD_REQUEST, &why),
    };
    let filter = Filter {
        status: Some(AlertStatus::Open),
        integrations: Some(vec![integration]),
        ..Filter::default()
    };
    match engine::alert::list(state.store(), filter, LIST_MAX).await {
        Ok(found) => {
            let alerts: Vec<_> = found.into_iter().map(|Found { alert, .. }| alert).collect();
            HttpResponse::Ok().json(shown(&alerts, &query, &name, state.now()))
        }
        Err(error) => {
            let error = WebError::from(error);
            failed(error.kind().0, &error.detail())
        }
    }
}

/// `GET /api/v2/status`, which tools ask before anything else.
pub(super) async fn status(req: HttpRequest, state: State) -> HttpResponse {
    match asked(&req, &state) {
        Ok(_) => HttpResponse::Ok().json(api::status(env!("CARGO_PKG_VERSION"), state.started)),
        Err(why) => not_taken(&why),
    }
}

/// `GET /api/v2/receivers`
pub(super) async fn receivers(req: HttpRequest, state: State) -> HttpResponse {
    match asked(&req, &state) {
        Ok((_, name)) => HttpResponse::Ok().json(api::receivers(&name)),
        Err(why) => not_taken(&why),
    }
}

/// `GET /-/healthy` and `/-/ready`
pub(super) async fn healthy() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("OK")
}

/// The integration that is asked about, and what we call it.
fn asked(req: &HttpRequest, state: &State) -> Result<(IntegrationId, String), NotTaken> {
    let key = key::outside(req, state).ok_or(NotTaken::UnknownKey)?;
    let key_hash = key::hash(&key);
    intake::admit_key(state, &key_hash)?;
    state
        .directory()
        .integration_by_key(&key_hash)
        .map(|found| (found.id, found.name.clone()))
        .ok_or(NotTaken::UnknownKey)
}

fn not_taken(why: &NotTaken) -> HttpResponse {
    let (status, seconds, text) = match why {
        NotTaken::UnknownKey => {
            return failed(
                StatusCode::UNAUTHORIZED,
                "send the key of an integration: in the path, /integrations/KEY, or as bearer token",
            );
        }
        NotTaken::TooMany(seconds) => (
            StatusCode::TOO_MANY_REQUESTS,
            *seconds,
            "too many requests with this key",
        ),
        NotTaken::Later(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            RETRY_AFTER,
            "the alerts were not stored: send them again",
        ),
    };
    HttpResponseBuilder::new(status)
        .insert_header((header::RETRY_AFTER, seconds))
        .json(text)
}

fn failed(status: StatusCode, text: &str) -> HttpResponse {
    let mut response = HttpResponseBuilder::new(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
    }
    response.json(text)
}
