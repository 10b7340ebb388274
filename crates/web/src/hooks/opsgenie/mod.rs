//! What clients of Opsgenie's Alert API expect (WIRE-FORMATS.md §1.3). Every request is done when it
//! is answered; its id tells afterwards what became of it.

mod act;
mod ask;
pub(super) mod heartbeat;
pub(super) mod hook;

use std::time::Instant;

use actix_web::http::header::{HeaderName, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use domain::IntegrationId;
use domain::directory::Directory;
use engine::configuration::integration::check_key;
use engine::ingest::Origin;
use formats::opsgenie::call::Call;
use formats::opsgenie::operations;
use formats::opsgenie::receipt::Receipt;
use formats::opsgenie::reply::{self, Refusal};
use formats::severity::Scale;
use serde_json::Value;

use super::intake::{self, NotTaken};
use super::{key, replay};
use crate::error::{self, WebError};
use crate::state::{AppState, State};

/// Under which addresses, and in which form, the alerts are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Api {
    /// Opsgenie's Alert API, and Jira Service Management's integration API.
    Alerts,
    /// Jira Service Management's operations API.
    Operations,
}

impl Api {
    /// Where its calls begin, at the root and below an integration's address.
    const fn home(self) -> &'static str {
        match self {
            Api::Alerts => "/v2/alerts",
            Api::Operations => "/v1/alerts",
        }
    }

    /// Where the part of an address begins that is told to clients.
    const fn root(self) -> &'static str {
        match self {
            Api::Alerts => self.home(),
            Api::Operations => "/jsm/ops/api/",
        }
    }

    /// How many entries a page has, and where it begins.
    const fn paging(self) -> (&'static str, &'static str) {
        match self {
            Api::Alerts => ("limit", "offset"),
            Api::Operations => ("size", "after"),
        }
    }

    fn found(self, data: Value, took: f64, id: &str) -> Value {
        match self {
            Api::Alerts => reply::found(data, took, id),
            Api::Operations => operations::found(data),
        }
    }

    fn page(self, data: Value, mut paging: Value, took: f64, id: &str) -> Value {
        match self {
            Api::Alerts => {
                let mut body = reply::found(data, took, id);
                body["paging"] = paging;
                body
            }
            Api::Operations => {
                let next = paging.get_mut("next").map(Value::take);
                operations::page(data, next)
            }
        }
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RESPONSE_TIME: HeaderName = HeaderName::from_static("x-response-time");
const RATE_LIMIT_STATE: HeaderName = HeaderName::from_static("x-ratelimit-state");

/// What an answer is made of.
enum Answer {
    /// 202, with an id that tells what became of the request.
    Accepted(Receipt),
    /// 200, with this as `data`.
    Data(Value),
    /// 200, with this beside `took` and `requestId`.
    Page { data: Value, paging: Value },
}

/// Why there is none.
enum Failure {
    Refused(Refusal),
    NotTaken(NotTaken),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal)
    }
}

impl From<NotTaken> for Failure {
    fn from(why: NotTaken) -> Failure {
        match why {
            NotTaken::UnknownKey => Failure::Refused(Refusal::unknown_key()),
            other => Failure::NotTaken(other),
        }
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Failure {
        let error = WebError::from(error);
        match error.kind().0 {
            StatusCode::SERVICE_UNAVAILABLE => Failure::Refused(Refusal::unavailable()),
            status => {
                error.log("opsgenie");
                Failure::Refused(Refusal::plain(status.as_u16(), &error.detail()))
            }
        }
    }
}

/// One request to the API, its integration known.
struct Request<'a> {
    http: &'a HttpRequest,
    state: &'a AppState,
    key_hash: [u8; 32],
    integration: IntegrationId,
    bytes: Bytes,
    api: Api,
}

impl<'a> Request<'a> {
    /// Takes a request in whose key is known and has some of its budget left.
    async fn admit(
        http: &'a HttpRequest,
        payload: Payload,
        state: &'a AppState,
        api: Api,
    ) -> Result<Request<'a>, Failure> {
        let (key_hash, integration) = integration(http, state)?;
        intake::admit_key(state, &key_hash)?;
        let limit = state.config.body_limit;
        let whose = (key_hash, replay::OPSGENIE_CALL);
        let bytes = intake::read(state, http, payload, limit, whose)
            .await
            .map_err(|error| unread(&error))?;
        Ok(Request {
            http,
            state,
            key_hash,
            integration,
            bytes,
            api,
        })
    }

    fn method(&self) -> &'a str {
        match self.http.method() {
            &Method::HEAD => "GET",
            method => method.as_str(),
        }
    }

    /// What follows `home`, split before the escapes are resolved: a name may hold a slash.
    fn segments(&self, home: &str) -> Vec<&'a str> {
        let path = self.http.uri().path();
        path.find(home)
            .map_or("", |at| &path[at + home.len()..])
            .trim_start_matches('/')
            .split('/')
            .collect()
    }

    fn origin(&self, word: &'static str) -> Origin {
        intake::origin(self.http, word)
    }

    /// How the owner of the integration has priorities read.
    fn scale<'d>(&self, directory: &'d Directory) -> Scale<'d> {
        intake::scale(directory.integration(self.integration))
    }

    /// A value of the address.
    fn parameter(&self, name: &str) -> Option<String> {
        parameter(self.http, name)
    }

    /// Makes request ids that only this integration can read.
    fn seal(&self, text: &str) -> u32 {
        let text = format!("{}:{text}", self.integration);
        let mac = self.state.sign("opsgenie-request", &text);
        u32::from_be_bytes([mac[0], mac[1], mac[2], mac[3]])
    }
}

/// What these clients are told of a body that was not read.
fn unread(error: &WebError) -> Refusal {
    match error {
        WebError::TooLarge(limit) => Refusal::too_large(*limit),
        other => Refusal::plain(other.kind().0.as_u16(), &other.detail()),
    }
}

fn parameter(req: &HttpRequest, name: &str) -> Option<String> {
    url::form_urlencoded::parse(req.query_string().as_bytes())
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}

/// Everything at and below `/v2/alerts`.
pub(super) async fn alerts(req: HttpRequest, payload: Payload, state: State) -> HttpResponse {
    serve(Api::Alerts, req, payload, state).await
}

/// Everything at and below `/jsm/ops/api/{cloud}/v1/alerts`; one cloud is as good as another.
pub(super) async fn cloud(req: HttpRequest, payload: Payload, state: State) -> HttpResponse {
    serve(Api::Operations, req, payload, state).await
}

async fn serve(api: Api, req: HttpRequest, payload: Payload, state: State) -> HttpResponse {
    let began = Instant::now();
    let result = answer(api, &req, payload, &state).await;
    let took = (began.elapsed().as_secs_f64() * 1e3).round() / 1e3;
    match result {
        Ok((Answer::Accepted(_), id)) => {
            let body = reply::accepted(took, &id);
            respond(StatusCode::ACCEPTED, took, &id, &body, None)
        }
        Ok((Answer::Data(data), id)) => {
            let body = api.found(data, took, &id);
            respond(StatusCode::OK, took, &id, &body, None)
        }
        Ok((Answer::Page { data, paging }, id)) => {
            let body = api.page(data, paging, took, &id);
            respond(StatusCode::OK, took, &id, &body, None)
        }
        Err(failure) => refused(failure, took),
    }
}

/// The answer where no client of these APIs asks.
pub(super) fn stray(status: StatusCode, why: &str) -> HttpResponse {
    refused(Refusal::plain(status.as_u16(), why).into(), 0.0)
}

/// The answer to a request that was not done.
fn refused(failure: Failure, took: f64) -> HttpResponse {
    let id = random_id();
    let (refusal, wait) = match failure {
        Failure::Refused(refusal) if refusal.status == 503 => (refusal, Some(error::RETRY_AFTER)),
        Failure::Refused(refusal) => (refusal, None),
        Failure::NotTaken(NotTaken::TooMany(seconds)) => (Refusal::throttled(), Some(seconds)),
        Failure::NotTaken(_) => (Refusal::unavailable(), Some(error::RETRY_AFTER)),
    };
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    respond(status, took, &id, &refusal.body(took, &id), wait)
}

async fn answer(
    api: Api,
    req: &HttpRequest,
    payload: Payload,
    state: &AppState,
) -> Result<(Answer, String), Failure> {
    let request = Request::admit(req, payload, state, api).await?;
    let kind = request.parameter("identifierType");
    let segments = request.segments(api.home());
    let (method, kind) = (request.method(), kind.as_deref());
    let call = match api {
        Api::Alerts => Call::read(method, &segments, kind),
        Api::Operations => {
            let alias = request.parameter("alias");
            Call::read_operations(method, &segments, kind, alias.as_deref())
        }
    };
    let outcome = match call {
        Ok(Call::Create) => act::create(&request).await,
        Ok(Call::Act(by, verb)) => act::act(&request, by, &verb).await,
        Ok(Call::Delete(by)) => act::delete(&request, by).await,
        Ok(asked) => ask::ask(&request, asked).await,
        Err(refusal) => Err(refusal.into()),
    };
    match outcome {
        Ok(answer) => {
            let id = match &answer {
                Answer::Accepted(receipt) => receipt.encode(|text| request.seal(text)),
                _ => random_id(),
            };
            Ok((answer, id))
        }
        Err(failure) => {
            if let Failure::Refused(refusal) = &failure
                && refusal.status == 422
            {
                let reason = refusal.to_string();
                let origin = request.origin(replay::OPSGENIE);
                intake::remember_refusal(state, request.key_hash, reason, request.bytes, origin)
                    .await;
            }
            Err(failure)
        }
    }
}

/// Whose key it is.
fn integration(req: &HttpRequest, state: &AppState) -> Result<([u8; 32], IntegrationId), Refusal> {
    let Some(key) = key::outside(req, state) else {
        // Something was sent, and it cannot be a key.
        return Err(match key::candidates(req).is_empty() {
            true => Refusal::unknown_key(),
            false => Refusal::bad_key(),
        });
    };
    if check_key(&key).is_err() {
        return Err(Refusal::bad_key());
    }
    let key_hash = key::hash(&key);
    state
        .directory()
        .integration_keys
        .get(&key_hash)
        .map(|id| (key_hash, *id))
        .ok_or_else(Refusal::unknown_key)
}

fn respond(
    status: StatusCode,
    took: f64,
    id: &str,
    body: &Value,
    retry_after: Option<i64>,
) -> HttpResponse {
    let throttled = status == StatusCode::TOO_MANY_REQUESTS;
    let mut response = HttpResponseBuilder::new(status);
    response
        .insert_header((REQUEST_ID, id))
        .insert_header((RESPONSE_TIME, format!("{took:.3}")))
        .insert_header((RATE_LIMIT_STATE, if throttled { "THROTTLED" } else { "OK" }));
    if let Some(seconds) = retry_after {
        response.insert_header((RETRY_AFTER, seconds));
    }
    response
        .content_type("application/json")
        .body(body.to_string())
}

/// A UUID for a request that nobody will ask about.
fn random_id() -> String {
    let hex = format!("{:032x}", rand::random::<u128>());
    format!(
        "{}-{}-4{}-a{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}
