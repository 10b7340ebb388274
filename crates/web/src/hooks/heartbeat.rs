//! Pings of heartbeats (PAGING.md §7): `/heartbeat/{key}`, or below an integration by name, and
//! below that `/start`, `/fail` or an exit status. Any method that a program may know will do.

use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use domain::Span;
use domain::heartbeat::{Heartbeat, OUTPUT_MAX, Ping, PingKind};
use engine::heartbeat::{self, Carrier, Which, key};
use formats::mask::MASK;
use formats::opsgenie::call::unescaped;
use serde_json::json;

use super::{intake, key as keys};
use crate::body;
use crate::error::WebError;
use crate::state::{AppState, State};

/// Whatever is older is as old as this.
const AGE_MAX: f64 = 400.0 * 86_400.0;

/// The address of a heartbeat, which is its secret.
pub(crate) fn address(state: &AppState, beat: &Heartbeat) -> String {
    let key = key::of(beat, &state.engine.sender().secret);
    format!("{}/heartbeat/{key}", state.config.public_url)
}

/// `/heartbeat/{key}` and below.
pub(super) async fn own(
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> Result<HttpResponse, WebError> {
    let text = req.match_info().get("key").unwrap_or_default().to_owned();
    let key = key::read(&text, &state.engine.sender().secret).ok_or_else(unknown)?;
    state
        .heartbeat_budgets
        .spend(key.id, state.now())
        .map_err(engine::Error::TooMany)?;
    let ping = read(&req, payload, &state, tail(&req, "/heartbeat/", 1)).await?;
    take(&req, &state, Which::Key(key), ping, &text).await
}

/// `/integrations/{key}/heartbeats/{name}` and below.
pub(super) async fn named(
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> Result<HttpResponse, WebError> {
    let text = keys::in_path(&req).unwrap_or_default().to_owned();
    let key_hash = keys::hash(&text);
    intake::admit_key(&state, &key_hash)?;
    let integration = *state
        .directory()
        .integration_keys
        .get(&key_hash)
        .ok_or_else(unknown)?;
    let rest = tail(&req, "/heartbeats/", 0);
    let name = unescaped(rest.first().copied().unwrap_or_default());
    let ping = read(&req, payload, &state, rest.into_iter().skip(1).collect()).await?;
    take(
        &req,
        &state,
        Which::Named { integration, name },
        ping,
        &text,
    )
    .await
}

fn unknown() -> WebError {
    WebError::not_found("heartbeat")
}

/// The segments behind a part of the path, still escaped, without empty ones at the end.
fn tail<'r>(req: &'r HttpRequest, part: &str, skip: usize) -> Vec<&'r str> {
    let path = req.uri().path();
    let rest = path.find(part).map_or("", |at| &path[at + part.len()..]);
    rest.trim_end_matches('/').split('/').skip(skip).collect()
}

/// What a ping says.
async fn read(
    req: &HttpRequest,
    payload: Payload,
    state: &AppState,
    what: Vec<&str>,
) -> Result<(Ping, actix_web::web::Bytes), WebError> {
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::HEAD,
        Method::PATCH,
    ];
    if !methods.contains(req.method()) {
        return Err(WebError::MethodNotAllowed);
    }
    let mut ping = Ping::new(PingKind::Success);
    match what[..] {
        [] => {}
        ["start"] => ping.kind = PingKind::Start,
        ["fail"] => ping.kind = PingKind::Fail,
        [status] => {
            let status: u8 = status.parse().map_err(|_| unknown())?;
            ping.exit_status = Some(status);
            if status != 0 {
                ping.kind = PingKind::Fail;
            }
        }
        _ => return Err(unknown()),
    }
    if let Some(age) = age(req)? {
        ping.age = age;
    }
    let limit = state.config.body_limit;
    let raw = match body::read(req, payload.into_inner(), limit).await {
        Ok(bytes) => bytes,
        // Who says more than anybody reads is heard all the same.
        Err(WebError::TooLarge(limit)) => {
            format!("(the output was larger than {limit} bytes)").into()
        }
        Err(other) => return Err(intake::for_monitors(other)),
    };
    ping.output = last(&raw);
    Ok((ping, raw))
}

/// How many seconds ago it happened, if the sender has kept it.
fn age(req: &HttpRequest) -> Result<Option<Span>, WebError> {
    let mut query = url::form_urlencoded::parse(req.query_string().as_bytes());
    let Some((_, text)) = query.find(|(name, _)| name == "age") else {
        return Ok(None);
    };
    let seconds: f64 = text
        .parse()
        .ok()
        .filter(|seconds| *seconds >= 0.0)
        .map(|seconds: f64| seconds.min(AGE_MAX))
        .ok_or_else(|| {
            let message = "how many seconds ago it happened, such as 90";
            engine::Error::invalid("age", message)
        })?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded above, far below 2^53"
    )]
    let millis = (seconds * 1_000.0) as i64;
    Ok(Some(Span::from_millis(millis)))
}

/// The end of what a job said.
fn last(raw: &[u8]) -> String {
    let from = raw.len().saturating_sub(OUTPUT_MAX);
    let text = String::from_utf8_lossy(&raw[from..]);
    text.trim_matches('\u{fffd}').replace('\0', "\u{fffd}")
}

async fn take(
    req: &HttpRequest,
    state: &AppState,
    which: Which,
    (ping, raw): (Ping, actix_web::web::Bytes),
    key: &str,
) -> Result<HttpResponse, WebError> {
    let named = match &which {
        Which::Named { name, .. } => Some((keys::hash(key), name.clone())),
        Which::Key(_) => None,
    };
    let told = raw.clone();
    let carrier = Carrier {
        head: intake::origin(req, heartbeat::FORMAT)
            .head
            .replace(key, MASK),
        raw,
    };
    let taken = heartbeat::ping(state.store(), which, ping, carrier, state.now()).await;
    let beat = match taken {
        Ok(beat) => beat,
        Err(engine::Error::NotFound(_)) => {
            // Its owner hears of it, where it is known whose it would be.
            if let Some((key_hash, name)) = named {
                let reason = format!(
                    "There is no heartbeat “{name}” of this integration: nothing waits for it."
                );
                let origin = intake::origin(req, heartbeat::FORMAT);
                intake::remember_refusal(state, key_hash, reason, told, origin).await;
            }
            return Err(unknown());
        }
        Err(other) => return Err(other.into()),
    };
    Ok(HttpResponse::Ok().json(json!({
        "status": "accepted",
        "heartbeat": beat.settings.name,
        "state": beat.state,
        "due_at": beat.due_at,
    })))
}
