//! The API v2 of an Alertmanager, as Prometheus pushes to it and `amtool` asks it
//! (WIRE-FORMATS.md §1.5). Errors are JSON strings there.

use std::collections::BTreeMap;

use actix_web::http::{StatusCode, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use domain::alert::Alert;
use domain::directory::Directory;
use domain::suppression::{self, Fields, Suppression, SuppressionKind};
use domain::word::{AccountRole, AlertStatus, IntegrationKind, Origin};
use domain::{IntegrationId, SuppressionId, Timestamp};
use engine::OpContext;
use engine::alert::Found;
use engine::configuration::suppression::{
    SuppressionInput, create_suppression, edit_suppression, end_suppression,
};
use engine::ingest::Submission;
use formats::alertmanager::api::{self, Open};
use formats::alertmanager::{push, silence};
use formats::format;
use serde_json::{Value, json};
use store::alert::Filter;

use super::intake::{self, NotTaken};
use super::key;
use crate::body;
use crate::error::{RETRY_AFTER, WebError};
use crate::state::{AppState, State};

/// Silences that were ended last and are still told of.
const ENDED_MAX: i64 = 100;
/// Longest name of whoever silences, in characters.
const AUTHOR_MAX: usize = 200;
/// Most open alerts that are listed.
const LIST_MAX: i64 = 5_000;

/// `POST /api/v2/alerts`
pub(super) async fn push(req: HttpRequest, payload: Payload, state: State) -> HttpResponse {
    let taken = take(req, payload, &state).await;
    answered(taken.map(|()| HttpResponse::Ok().finish()))
}

/// `POST /api/v1/alerts`, which took the same and answered otherwise.
pub(super) async fn push_v1(req: HttpRequest, payload: Payload, state: State) -> HttpResponse {
    match take(req, payload, &state).await {
        Ok(()) => HttpResponse::Ok().json(json!({"status": "success"})),
        Err(refused) => {
            let kind = match refused.status.is_server_error() {
                true => "server_error",
                false => "bad_data",
            };
            let body = json!({"status": "error", "errorType": kind, "error": refused.text});
            refused.build().json(body)
        }
    }
}

/// Takes in what a Prometheus or a ruler pushes.
async fn take(req: HttpRequest, payload: Payload, state: &AppState) -> Result<(), Refused> {
    let key = key::outside(&req, state).ok_or(NotTaken::UnknownKey)?;
    let key_hash = key::hash(&key);
    intake::admit_key(state, &key_hash)?;
    let format = format::of(IntegrationKind::Prometheus);
    let limit = format.body_limit(state.config.body_limit);
    let whose = (key_hash, format.slug());
    let bytes = intake::read(state, &req, payload, limit, whose).await?;
    let origin = intake::origin(&req, format.slug());
    let directory = state.directory();
    let settings = intake::settings(&directory, &key_hash)?;
    let parsed = match push::parse(&bytes, &settings, state.now()) {
        Ok(parsed) => parsed,
        Err(error) => {
            let reason = error.to_string();
            intake::remember_refusal(state, key_hash, reason.clone(), bytes, origin).await;
            return Err(Refused::bad(reason));
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
    intake::store(state, submission).await?;
    // The good ones are stored, and the sender hears of the bad ones all the same.
    match told.is_empty() {
        true => Ok(()),
        false => Err(Refused::bad(told.join("; "))),
    }
}

/// `GET /api/v2/alerts`
pub(super) async fn list(req: HttpRequest, state: State) -> HttpResponse {
    answered(show(&req, &state, api::alerts).await)
}

/// `GET /api/v2/alerts/groups`
pub(super) async fn groups(req: HttpRequest, state: State) -> HttpResponse {
    answered(show(&req, &state, api::groups).await)
}

type Shown = fn(&[Open], &api::Query, &str, Timestamp) -> Value;

async fn show(req: &HttpRequest, state: &State, shown: Shown) -> Result<HttpResponse, Refused> {
    let (integration, name) = asked(req, state)?;
    let query = parameters(req, |pairs| api::Query::parse(pairs))?;
    let filter = Filter {
        status: Some(AlertStatus::Open),
        integrations: Some(vec![integration]),
        ..Filter::default()
    };
    let found = engine::alert::list(state.store(), filter, LIST_MAX).await?;
    let alerts: Vec<_> = found.into_iter().map(|Found { alert, .. }| alert).collect();
    let open = standing(alerts, &state.directory(), state.now());
    Ok(HttpResponse::Ok().json(shown(&open, &query, &name, state.now())))
}

/// Each alert with what keeps it from paging now.
fn standing(alerts: Vec<Alert>, directory: &Directory, now: Timestamp) -> Vec<Open> {
    let keys: BTreeMap<i64, String> = alerts
        .iter()
        .map(|alert| (alert.id.0, alert.dedup_key.clone()))
        .collect();
    let each = alerts.into_iter().map(|alert| {
        let judged = || {
            let home = directory.home_of(&alert)?;
            let fields = Fields::of_alert(&alert);
            suppression::judge(directory, home.id, alert.integration_id, &fields, now)
        };
        let held = alert.suppressed.clone().or_else(judged);
        let mut open = Open {
            silenced_by: Vec::new(),
            inhibited_by: Vec::new(),
            muted_by: Vec::new(),
            alert,
        };
        if let Some(held) = held {
            match (held.kind, held.by) {
                (SuppressionKind::Maintenance | SuppressionKind::Silence, Some(by)) => {
                    open.silenced_by.push(silence::id_of(SuppressionId(by)));
                }
                (SuppressionKind::Inhibition, Some(by)) => {
                    // That of another integration has no fingerprint here.
                    let key = keys.get(&by).cloned();
                    open.inhibited_by
                        .push(key.unwrap_or_else(|| by.to_string()));
                }
                (kind, _) => open.muted_by.push(kind.to_string()),
            }
        }
        open
    });
    each.collect()
}

/// What stands behind the `?`, read.
fn parameters<T>(
    req: &HttpRequest,
    read: impl FnOnce(Vec<(&str, &str)>) -> Result<T, String>,
) -> Result<T, Refused> {
    let pairs: Vec<_> = url::form_urlencoded::parse(req.query_string().as_bytes()).collect();
    read(
        pairs
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
            .collect(),
    )
    .map_err(Refused::bad)
}

/// `GET /api/v2/silences`: what can hold back alerts of the integration.
pub(super) async fn silences(req: HttpRequest, state: State) -> HttpResponse {
    answered(list_silences(&req, &state).await)
}

async fn list_silences(req: &HttpRequest, state: &State) -> Result<HttpResponse, Refused> {
    let (door, _) = asked(req, state)?;
    let query = parameters(req, |pairs| silence::Query::parse(pairs))?;
    let now = state.now();
    let found = known_silences(state, door).await?;
    let shown: Vec<Value> = found
        .iter()
        .filter(|(one, _)| query.wants(one))
        .map(|(one, ended)| silence::shown(one, *ended, now))
        .collect();
    Ok(HttpResponse::Ok().json(shown))
}

/// What holds or held back alerts of an integration, with when it was ended by hand.
async fn known_silences(
    state: &State,
    door: IntegrationId,
) -> Result<Vec<(Suppression, Option<Timestamp>)>, WebError> {
    let directory = state.directory();
    let ended = state
        .store()
        .read(|c| store::suppression::ended(c, SuppressionKind::Silence, ENDED_MAX))
        .await?;
    let service = directory.integration(door).map(|door| door.service_id);
    let concerns = |one: &Suppression| {
        service.is_some_and(|service| one.concerns(service))
            && (one.integrations.is_empty() || one.integrations.contains(&door))
    };
    let live = directory.suppressions.values();
    let live = live.map(|one| (Suppression::clone(one), None));
    let ended = ended.into_iter().map(|(one, ended)| (one, Some(ended.at)));
    Ok(live.chain(ended).filter(|(one, _)| concerns(one)).collect())
}

/// `POST /api/v2/silences`: makes one, or changes the one it names.
pub(super) async fn silence(req: HttpRequest, payload: Payload, state: State) -> HttpResponse {
    answered(put_silence(&req, payload, &state).await)
}

async fn put_silence(
    req: &HttpRequest,
    payload: Payload,
    state: &State,
) -> Result<HttpResponse, Refused> {
    let (door, _) = asked(req, state)?;
    let bytes = body::read(req, payload.into_inner(), state.config.body_limit)
        .await
        .map_err(intake::for_monitors)?;
    let asked = silence::parse(&bytes, state.now()).map_err(Refused::bad)?;
    let ctx = context(state);
    let author: String = asked.created_by.chars().take(AUTHOR_MAX).collect();
    let input = SuppressionInput {
        kind: SuppressionKind::Silence,
        services: Vec::new(),
        // A key speaks for its own integration only.
        integrations: vec![door],
        matchers: asked.matchers,
        starts_at: asked.starts_at,
        ends_at: asked.ends_at,
        recurrence: None,
        zone: None,
        comment: asked.comment,
        author: Some(author),
    };
    let done = match asked.id {
        None => create_suppression(state.store(), &ctx, input).await,
        Some(id) => {
            let id = own(state, door, &id)?;
            let edited = edit_suppression(state.store(), &ctx, id, input).await;
            edited.map(|()| id)
        }
    };
    match done {
        Ok(id) => Ok(HttpResponse::Ok().json(json!({"silenceID": silence::id_of(id)}))),
        Err(engine::Error::Invalid(problems)) => {
            let told: Vec<String> = problems
                .into_iter()
                .map(|problem| format!("{}: {}", problem.field, problem.message))
                .collect();
            Err(Refused::bad(told.join("; ")))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /api/v2/silence/{id}`
pub(super) async fn one_silence(req: HttpRequest, state: State) -> HttpResponse {
    answered(get_silence(&req, &state).await)
}

async fn get_silence(req: &HttpRequest, state: &State) -> Result<HttpResponse, Refused> {
    let (door, _) = asked(req, state)?;
    let text = req.match_info().get("id").unwrap_or_default();
    let id = silence::id_from(text);
    let found = known_silences(state, door).await?;
    let (one, ended) = found
        .iter()
        .find(|(one, _)| Some(one.id) == id)
        .ok_or_else(|| no_silence(text))?;
    Ok(HttpResponse::Ok().json(silence::shown(one, *ended, state.now())))
}

fn no_silence(id: &str) -> Refused {
    Refused::new(StatusCode::NOT_FOUND, format!("silence {id} not found"))
}

/// `DELETE /api/v2/silence/{id}`: ends it. What people have made for more than the integration is
/// theirs to end.
pub(super) async fn end_silence(req: HttpRequest, state: State) -> HttpResponse {
    answered(delete_silence(&req, &state).await)
}

async fn delete_silence(req: &HttpRequest, state: &State) -> Result<HttpResponse, Refused> {
    let (door, _) = asked(req, state)?;
    let id = own(state, door, req.match_info().get("id").unwrap_or_default())?;
    end_suppression(state.store(), &context(state), id).await?;
    Ok(HttpResponse::Ok().finish())
}

/// The silence of this id, if it is of this integration and nothing else.
fn own(state: &State, door: IntegrationId, id: &str) -> Result<SuppressionId, Refused> {
    let directory = state.directory();
    let found = silence::id_from(id).and_then(|id| directory.suppressions.get(&id));
    match found {
        Some(one) if one.integrations == [door] && one.kind == SuppressionKind::Silence => {
            Ok(one.id)
        }
        Some(one) if one.integrations.is_empty() || one.integrations.contains(&door) => {
            let why = "it holds more than this integration: end it on the page of Quarterdeck";
            Err(Refused::new(StatusCode::FORBIDDEN, why))
        }
        _ => Err(no_silence(id)),
    }
}

/// Whoever has the key may keep quiet what it may say.
fn context(state: &State) -> OpContext {
    OpContext::token(AccountRole::Responder, Origin::Monitor, state.now())
}

/// `GET /api/v2/status`, which tools ask before anything else.
pub(super) async fn status(req: HttpRequest, state: State) -> HttpResponse {
    answered(asked(&req, &state).map(|_| {
        let status = api::status(env!("CARGO_PKG_VERSION"), state.started);
        HttpResponse::Ok().json(status)
    }))
}

/// `GET /api/v2/receivers`
pub(super) async fn receivers(req: HttpRequest, state: State) -> HttpResponse {
    let asked = asked(&req, &state);
    answered(asked.map(|(_, name)| HttpResponse::Ok().json(api::receivers(&name))))
}

/// `GET /-/healthy` and `/-/ready`
pub(super) async fn healthy() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("OK")
}

/// The integration that is asked about, and what we call it.
fn asked(req: &HttpRequest, state: &State) -> Result<(IntegrationId, String), Refused> {
    let key = key::outside(req, state).ok_or(NotTaken::UnknownKey)?;
    let key_hash = key::hash(&key);
    intake::admit_key(state, &key_hash)?;
    let directory = state.directory();
    let found = directory.integration_by_key(&key_hash);
    let found = found.map(|found| (found.id, found.name.clone()));
    Ok(found.ok_or(NotTaken::UnknownKey)?)
}

fn answered(result: Result<HttpResponse, Refused>) -> HttpResponse {
    result.unwrap_or_else(|refused| refused.answer())
}

/// Why a request was not done.
struct Refused {
    status: StatusCode,
    text: String,
    /// After how many seconds to come again.
    wait: Option<i64>,
}

impl Refused {
    fn new(status: StatusCode, text: impl Into<String>) -> Refused {
        let overloaded = status == StatusCode::SERVICE_UNAVAILABLE;
        Refused {
            status,
            text: text.into(),
            wait: overloaded.then_some(RETRY_AFTER),
        }
    }

    fn bad(text: impl Into<String>) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, text)
    }

    fn build(&self) -> HttpResponseBuilder {
        let mut response = HttpResponseBuilder::new(self.status);
        if let Some(seconds) = self.wait {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response
    }

    /// As the second version of the API writes errors.
    fn answer(&self) -> HttpResponse {
        self.build().json(&self.text)
    }
}

impl From<NotTaken> for Refused {
    fn from(why: NotTaken) -> Refused {
        match why {
            NotTaken::UnknownKey => Refused::new(
                StatusCode::UNAUTHORIZED,
                "send the key of an integration: in the path, /integrations/KEY, or as bearer token",
            ),
            NotTaken::TooMany(seconds) => Refused {
                wait: Some(seconds),
                ..Refused::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too many requests with this key",
                )
            },
            NotTaken::Later(_) => Refused::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the alerts were not stored: send them again",
            ),
        }
    }
}

impl From<WebError> for Refused {
    fn from(error: WebError) -> Refused {
        Refused::new(error.kind().0, error.detail())
    }
}

impl From<engine::Error> for Refused {
    fn from(error: engine::Error) -> Refused {
        WebError::from(error).into()
    }
}
