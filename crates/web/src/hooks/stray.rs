//! Requests that no client of a vendor makes: unknown addresses and methods below those that we
//! imitate. They are answered in the vendor's own form, and shown to the owner of the integration
//! whose key they carry: whoever mistypes an address must not wonder where the alerts are.

use actix_web::http::{Method, StatusCode, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::{intake, key, opsgenie, pagerduty, replay};
use crate::body::{self, Unread};
use crate::state::{AppState, State};

/// Whose addresses they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vendor {
    PagerDuty,
    Opsgenie,
    Alertmanager,
}

/// Answers a request to an address that is not there, or that knows only the methods `allow`.
pub(super) async fn answer(
    vendor: Vendor,
    allow: Option<&'static str>,
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> HttpResponse {
    let why = match allow {
        Some(allow) => format!("{} is not known here: use {allow}", req.method()),
        None => format!("there is no address {}", known_part(&req)),
    };
    show(vendor, &why, &req, payload, &state).await;
    let status = match allow {
        Some(_) => StatusCode::METHOD_NOT_ALLOWED,
        None => StatusCode::NOT_FOUND,
    };
    let mut response = match vendor {
        Vendor::PagerDuty => pagerduty::stray(status, &why),
        Vendor::Opsgenie => opsgenie::stray(status, &why),
        Vendor::Alertmanager => of_alertmanager(status, &req, allow.unwrap_or_default()),
    };
    if let Some(Ok(allow)) = allow.map(header::HeaderValue::from_str) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// As the framework of its API says it, which is another form than that of its own errors.
fn of_alertmanager(status: StatusCode, req: &HttpRequest, allow: &str) -> HttpResponse {
    let message = match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            let allow = allow.replace(", ", ",");
            format!("method {} is not allowed, but [{allow}] are", req.method())
        }
        _ => format!("path {} was not found", known_part(req)),
    };
    HttpResponse::build(status).json(json!({"code": status.as_u16(), "message": message}))
}

/// The path without the key of an integration.
fn known_part(req: &HttpRequest) -> &str {
    let path = req.path();
    match path.strip_prefix("/integrations/") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => path,
    }
}

/// Shows what was sent on the integration, if somebody meant to send something to one.
async fn show(vendor: Vendor, why: &str, req: &HttpRequest, payload: Payload, state: &AppState) {
    let sends = matches!(*req.method(), Method::POST | Method::PUT | Method::PATCH);
    let Some(key) = key::outside(req, state).filter(|key| sends && key::is_known(state, key))
    else {
        return;
    };
    let limit = state.config.body_limit;
    let bytes = match body::read_or_start(req, payload.into_inner(), limit).await {
        Ok(bytes) => bytes,
        Err(Unread { start, .. }) => start,
    };
    let word = match vendor {
        Vendor::PagerDuty => replay::EVENTS_V2,
        Vendor::Opsgenie => replay::OPSGENIE_CALL,
        Vendor::Alertmanager => "prometheus",
    };
    let reason = format!(
        "This was not taken: {why}. Compare the sender's address with that of the integration."
    );
    let origin = intake::origin(req, word);
    intake::remember_refusal(state, key::hash(&key), reason, bytes, origin).await;
}
