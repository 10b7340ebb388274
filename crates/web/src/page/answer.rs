//! Answering by the signed link of a mail: GET confirms, POST acts (PAGING.md §6.8). Both work
//! signed out, for the link is the proof.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, ServiceConfig};
use domain::directory::Directory;
use domain::escalation::Request;
use domain::incident::Incident;
use domain::word::PagingState;
use engine::Error;
use engine::link::{BadLink, Link};
use engine::reply::{LinkView, Verb, act_on_link, view_link};
use jiff::tz::TimeZone;

use super::complaint::sentence;
use super::name;
use crate::csrf::Plain;
use crate::error::WebError;
use crate::frame::{render, render_with};
use crate::session::Guest;
use crate::state::State;
use crate::view::Form;
use crate::view::incident::{AnswerDonePage, AnswerOutcome, AnswerPage};

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/a/{token}")
            .route(web::get().to(ask))
            .route(web::post().to(act)),
    );
}

/// What a link is about, or why it does not hold.
async fn opened(
    state: &State,
    token: &str,
) -> Result<Result<(Link, LinkView), AnswerOutcome>, WebError> {
    let link = match Link::verify(token, &state.engine.sender().secret, state.now()) {
        Ok(link) => link,
        Err(BadLink::Expired) => return Ok(Err(AnswerOutcome::Expired)),
        Err(BadLink::Invalid) => return Ok(Err(AnswerOutcome::Invalid)),
    };
    match view_link(state.store(), link).await {
        Ok(view) => Ok(Ok((link, view))),
        Err(Error::NotFound(_)) => Ok(Err(AnswerOutcome::Invalid)),
        Err(other) => Err(other.into()),
    }
}

/// `GET /a/{token}`: changes nothing, since mail scanners follow links.
async fn ask(state: State, guest: Guest, token: Path<String>) -> Result<HttpResponse, WebError> {
    match opened(&state, &token).await? {
        Ok((link, view)) => question(&state, &guest, &token, (link, view), Form::new()),
        Err(outcome) => gone(&state, &guest, outcome),
    }
}

/// The page that asks; again with what was typed when that was refused.
fn question(
    state: &State,
    guest: &Guest,
    token: &str,
    (link, view): (Link, LinkView),
    form: Form,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let incident = &view.incident;
    let acknowledged = incident
        .acknowledged_by
        .map(|user| directory.user_name(user).to_owned());
    let mut frame = guest.frame(state, &format!("Answer {}", incident.label()));
    let zone = directory.user(link.user).map(|user| user.zone.as_str());
    if let Some(zone) = zone.and_then(|name| TimeZone::get(name).ok()) {
        frame.zone = zone;
    }
    let status = match form.has_errors() {
        true => StatusCode::UNPROCESSABLE_ENTITY,
        false => StatusCode::OK,
    };
    render_with(
        status,
        &AnswerPage {
            frame,
            token: token.to_owned(),
            person: view.user_name.clone(),
            number: incident.number,
            title: incident.title.clone(),
            service: name::service_of(&directory, incident).map(|service| service.label),
            paging: incident.paging,
            urgency: incident.urgency,
            opened_at: incident.created_at,
            alerts: u64::try_from(incident.alerts).unwrap_or(0),
            acknowledged_by: acknowledged.into_iter().collect(),
            expires_at: link.expires_at,
            request: view.request.map(|one| Request {
                by: one
                    .asked_by
                    .map_or("The API", |user| directory.user_name(user))
                    .to_owned(),
                message: one.message,
            }),
            form,
        },
    )
}

/// `POST /a/{token}`.
async fn act(
    state: State,
    guest: Guest,
    token: Path<String>,
    form: Plain,
) -> Result<HttpResponse, WebError> {
    let (link, before) = match opened(&state, &token).await? {
        Ok(found) => found,
        Err(outcome) => return gone(&state, &guest, outcome),
    };
    let directory = state.directory();
    let reason = || form.0.get("reason").to_owned();
    let verb = match form.0.get("do") {
        "acknowledge" => Verb::Acknowledge,
        "resolve" => Verb::Resolve,
        "accept" => Verb::Accept { reason: reason() },
        "decline" => Verb::Decline { reason: reason() },
        _ => {
            return Err(WebError::BadRequest(
                "say what to do: acknowledge, resolve, accept or decline".into(),
            ));
        }
    };
    // Nobody takes an acknowledgement from a colleague by a mail that is older than it.
    if verb == Verb::Acknowledge
        && before.incident.paging == PagingState::Acknowledged
        && before.incident.acknowledged_by != Some(link.user)
    {
        let who = before.incident.acknowledged_by;
        let who = who
            .map_or("Somebody", |user| directory.user_name(user))
            .to_owned();
        return ended(
            &state,
            &guest,
            &before.incident,
            AnswerOutcome::AlreadyAcknowledged(who),
        );
    }
    match act_on_link(state.store(), link, verb.clone(), state.now()).await {
        Ok(after) => {
            let outcome = match verb {
                Verb::Resolve => AnswerOutcome::Resolved,
                Verb::Accept { .. } => AnswerOutcome::Accepted,
                Verb::Decline { .. } => AnswerOutcome::Declined,
                _ => AnswerOutcome::Acknowledged,
            };
            ended(&state, &guest, &after.incident, outcome)
        }
        Err(Error::Refused(why)) => match opened(&state, &token).await? {
            Ok((_, now)) if !now.incident.is_open() => {
                let outcome = AnswerOutcome::AlreadyResolved(resolver(&now.incident, &directory));
                ended(&state, &guest, &now.incident, outcome)
            }
            // The link holds, so that something else may be done by it.
            Ok(found) => {
                let mut form = Form::new().with("reason", reason());
                if found.1.request.is_some()
                    && matches!(verb, Verb::Accept { .. } | Verb::Decline { .. })
                {
                    form.reject("reason", sentence(&why));
                } else {
                    form.refuse(sentence(&why));
                }
                question(&state, &guest, &token, found, form)
            }
            Err(outcome) => gone(&state, &guest, outcome),
        },
        Err(other) => Err(other.into()),
    }
}

fn resolver(incident: &Incident, directory: &Directory) -> String {
    incident
        .resolved_by
        .map_or("the monitor", |user| directory.user_name(user))
        .to_owned()
}

fn ended(
    state: &State,
    guest: &Guest,
    incident: &Incident,
    outcome: AnswerOutcome,
) -> Result<HttpResponse, WebError> {
    render(&AnswerDonePage {
        frame: guest.frame(state, &incident.label()),
        outcome,
        incident: Some((incident.number, incident.title.clone())),
    })
}

fn gone(state: &State, guest: &Guest, outcome: AnswerOutcome) -> Result<HttpResponse, WebError> {
    let status = match outcome {
        AnswerOutcome::Expired => StatusCode::GONE,
        _ => StatusCode::NOT_FOUND,
    };
    render_with(
        status,
        &AnswerDonePage {
            frame: guest.frame(state, "This link does not hold"),
            outcome,
            incident: None,
        },
    )
}
