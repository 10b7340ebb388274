//! What clients of Opsgenie's Heartbeat API expect. A key reaches the heartbeats of its own
//! integration. A ping is answered alike whether there is such a heartbeat or not: it may be made
//! later, and clients take anything else for a failure of the job.

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use domain::heartbeat::{Heartbeat, Ping, PingKind};
use domain::word::{AccountRole, Origin};
use domain::{HeartbeatId, IntegrationId};
use engine::configuration::heartbeat::{
    create_heartbeat, edit_heartbeat, pause_heartbeat, remove_heartbeat, resume_heartbeat,
};
use engine::heartbeat::{Carrier, FORMAT, Which};
use engine::{OpContext, heartbeat};
use formats::opsgenie::heartbeat::{Call, Edit, view};
use formats::opsgenie::reply::{self, Refusal};
use serde_json::{Value, json};
use store::heartbeat::Filter;

use super::super::intake;
use super::{Api, Failure, Request, random_id, refused, respond};
use crate::state::{AppState, State};

/// Where the API begins, at the root and below an integration's address.
const HOME: &str = "/v2/heartbeats";
/// Most heartbeats of a list; its clients know no pages.
const LIST_MAX: i64 = 10_000;

enum Done {
    Pong,
    /// A change: its status, the word for it and the heartbeat.
    Changed(StatusCode, &'static str, Value),
    Data(Value),
}

/// Everything at and below `/v2/heartbeats`.
pub(in crate::hooks) async fn heartbeats(
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> HttpResponse {
    let began = Instant::now();
    let result = answer(&req, payload, &state).await;
    let took = (began.elapsed().as_secs_f64() * 1e3).round() / 1e3;
    let id = random_id();
    match result {
        Ok(Done::Pong) => {
            let body = reply::pong(took, &id);
            respond(StatusCode::ACCEPTED, took, &id, &body, None)
        }
        Ok(Done::Changed(status, word, data)) => {
            let mut body = reply::found(data, took, &id);
            body["result"] = word.into();
            respond(status, took, &id, &body, None)
        }
        Ok(Done::Data(data)) => {
            let body = reply::found(data, took, &id);
            respond(StatusCode::OK, took, &id, &body, None)
        }
        Err(failure) => refused(failure, took),
    }
}

async fn answer(req: &HttpRequest, payload: Payload, state: &AppState) -> Result<Done, Failure> {
    let request = Request::admit(req, payload, state, Api::Alerts).await?;
    let ctx = OpContext::token(AccountRole::Responder, Origin::Api, state.now());
    match Call::read(request.method(), &request.segments(HOME))? {
        Call::Ping(name) => ping(&request, name).await,
        Call::Create => create(&request, &ctx).await,
        Call::List => list(&request).await,
        Call::Get(name) => Ok(Done::Data(shown(&request, &find(&request, name).await?)?)),
        Call::Update(name) => update(&request, &ctx, name).await,
        Call::Delete(name) => {
            let beat = find(&request, name).await?;
            remove_heartbeat(state.store(), &ctx, beat.id).await?;
            let data = shown(&request, &beat)?;
            Ok(Done::Changed(StatusCode::OK, "Deleted", data))
        }
        Call::Enable(name) => switch(&request, &ctx, name, true).await,
        Call::Disable(name) => switch(&request, &ctx, name, false).await,
    }
}

async fn ping(request: &Request<'_>, name: String) -> Result<Done, Failure> {
    let unknown =
        format!("There is no heartbeat “{name}” of this integration: nothing waits for it.");
    let which = Which::Named {
        integration: request.integration,
        name,
    };
    let carrier = Carrier {
        head: request.origin(FORMAT).head,
        raw: request.bytes.clone(),
    };
    let now = request.state.now();
    let ping = Ping::new(PingKind::Success);
    match heartbeat::ping(request.state.store(), which, ping, carrier, now).await {
        Ok(_) => Ok(Done::Pong),
        // As there: the client hears nothing of it, but its owner does.
        Err(engine::Error::NotFound(_)) => {
            let (raw, origin) = (request.bytes.clone(), request.origin(FORMAT));
            intake::remember_refusal(request.state, request.key_hash, unknown, raw, origin).await;
            Ok(Done::Pong)
        }
        Err(other) => Err(other.into()),
    }
}

async fn create(request: &Request<'_>, ctx: &OpContext) -> Result<Done, Failure> {
    let edit = Edit::parse(&request.bytes)?;
    let settings = edit.create()?;
    if id_of(request, settings.name.clone()).await?.is_some() {
        let message = format!("Heartbeat with name [{}] already exists.", settings.name);
        return Err(Refusal::plain(409, &message).into());
    }
    let store = request.state.store();
    let made = create_heartbeat(store, ctx, request.integration, settings).await;
    let mut beat = made.map_err(plain)?;
    if edit.enabled == Some(false) {
        beat = pause_heartbeat(store, ctx, beat.id).await?;
    }
    let data = shown(request, &beat)?;
    Ok(Done::Changed(StatusCode::CREATED, "Created", data))
}

async fn update(request: &Request<'_>, ctx: &OpContext, name: String) -> Result<Done, Failure> {
    let edit = Edit::parse(&request.bytes)?;
    let mut beat = find(request, name).await?;
    let mut settings = beat.settings.clone();
    edit.apply(&mut settings)?;
    let store = request.state.store();
    beat = edit_heartbeat(store, ctx, beat.id, settings)
        .await
        .map_err(plain)?;
    match edit.enabled {
        Some(true) => beat = resume_heartbeat(store, ctx, beat.id).await?,
        Some(false) => beat = pause_heartbeat(store, ctx, beat.id).await?,
        None => {}
    }
    let data = shown(request, &beat)?;
    Ok(Done::Changed(StatusCode::OK, "Updated", data))
}

async fn switch(
    request: &Request<'_>,
    ctx: &OpContext,
    name: String,
    on: bool,
) -> Result<Done, Failure> {
    let beat = find(request, name).await?;
    let store = request.state.store();
    let (beat, word) = match on {
        true => (resume_heartbeat(store, ctx, beat.id).await?, "Enabled"),
        false => (pause_heartbeat(store, ctx, beat.id).await?, "Disabled"),
    };
    let data = shown(request, &beat)?;
    Ok(Done::Changed(StatusCode::OK, word, data))
}

async fn list(request: &Request<'_>) -> Result<Done, Failure> {
    let filter = Filter {
        integrations: Some(vec![request.integration]),
        ..Filter::default()
    };
    let beats = request
        .state
        .store()
        .read(move |c| store::heartbeat::list(c, &filter, None, LIST_MAX))
        .await
        .map_err(engine::Error::from)?;
    let beats = beats.iter().map(|beat| shown(request, beat));
    let beats: Result<Vec<Value>, Failure> = beats.collect();
    Ok(Done::Data(json!({ "heartbeats": beats? })))
}

fn shown(request: &Request<'_>, beat: &Heartbeat) -> Result<Value, Failure> {
    let directory = request.state.directory();
    let of: IntegrationId = request.integration;
    let integration = directory.integration(of).ok_or_else(Refusal::unknown_key)?;
    Ok(view(beat, integration, &directory))
}

async fn id_of(request: &Request<'_>, name: String) -> Result<Option<HeartbeatId>, Failure> {
    let integration = request.integration;
    let found = request
        .state
        .store()
        .read(move |c| store::heartbeat::named(c, integration, &name))
        .await;
    Ok(found.map_err(engine::Error::from)?)
}

async fn find(request: &Request<'_>, name: String) -> Result<Heartbeat, Failure> {
    let unknown = || {
        Refusal::plain(
            404,
            &format!("Heartbeat with name [{name}] does not exist."),
        )
    };
    let Some(id) = id_of(request, name.clone()).await? else {
        return Err(unknown().into());
    };
    match heartbeat::get(request.state.store(), id).await {
        Err(engine::Error::NotFound(_)) => Err(unknown().into()),
        other => Ok(other?),
    }
}

/// What is wrong with a field, as these clients expect to be told.
fn plain(error: engine::Error) -> Failure {
    match error {
        engine::Error::Invalid(problems) => match problems.first() {
            Some(first) => Refusal::invalid(&first.field, &first.message).into(),
            None => Refusal::plain(422, "The request is not right").into(),
        },
        other => other.into(),
    }
}
