//! Incidents: the list, the page, declaring, and everything people do with one.

mod act;
mod ask;
mod command;
mod declare;
pub mod entry;
pub mod lane;
mod list;
pub mod offer;
pub mod people;
pub mod row;
pub mod scene;
pub mod show;

use actix_web::http::StatusCode;
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template as _;
use domain::TimelineEntryId;
use domain::incident::label;

use crate::error::WebError;
use crate::frame::{frame, render, render_with};
use crate::page::complaint;
use crate::session::SignedIn;
use crate::state::State;
use crate::view::incident::{IncidentFilter, IncidentLive, IncidentPage};
use crate::view::{Form, Nav};
use scene::{ALERTS, Part, Scene};
use show::Typed;

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/incidents")
            .route(web::get().to(index))
            .route(web::post().to(declare::create)),
    )
    .route("/incidents/new", web::get().to(declare::new))
    .route("/incidents/bulk", web::post().to(act::bulk))
    .route("/incidents/{number}", web::get().to(page))
    .route("/incidents/{number}/timeline", web::get().to(timeline));
    act::configure(cfg);
    ask::configure(cfg);
    command::configure(cfg);
}

/// `GET /incidents`.
async fn index(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let filter = IncidentFilter::from_query(req.query_string());
    let directory = state.directory();
    let frame = frame(&state, &me, "Incidents", Nav::Incidents).await;
    let (wanted, known, now, id) = (filter.clone(), directory.clone(), frame.now, me.id());
    let found = state
        .store()
        .read(move |c| list::Found::read(c, &known, &wanted, id, now))
        .await?;
    render(&found.page(&directory, frame, filter))
}

/// `GET /incidents/{number}?alerts={page}`.
async fn page(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    req: HttpRequest,
) -> Result<HttpResponse, WebError> {
    render(&made(&state, &me, *number, part(&req), Typed::default()).await?)
}

/// `GET /incidents/{number}/timeline?after={entry id}&shown={count}`: what is new, and the live
/// regions.
async fn timeline(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    req: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let page = made(&state, &me, *number, part(&req), Typed::default()).await?;
    let html = IncidentLive { page }
        .render()
        .map_err(|error| WebError::Internal(format!("the page could not be made: {error}")))?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// Which part of the long lists the address asks for.
fn part(req: &HttpRequest) -> Part {
    let mut part = Part::default();
    for (name, value) in url::form_urlencoded::parse(req.query_string().as_bytes()) {
        match name.as_ref() {
            "alerts" => {
                let page = value.parse::<i64>().unwrap_or(1).clamp(1, 1_000_000);
                part.alerts_from = (page - 1) * ALERTS;
            }
            "after" => part.after = value.parse().ok().map(TimelineEntryId),
            "shown" => part.shown = value.parse().ok(),
            _ => {}
        }
    }
    part
}

/// The page of an incident, as it is now.
async fn made(
    state: &State,
    me: &SignedIn,
    number: i64,
    part: Part,
    mut typed: Typed,
) -> Result<IncidentPage, WebError> {
    let directory = state.directory();
    let (known, now) = (directory.clone(), state.now());
    let scene = state
        .store()
        .read(move |c| Scene::read(c, &known, number, part, now))
        .await?;
    let id = me.id();
    if scene.roles.iter().any(|role| role.holder == Some(id)) {
        let ctx = me.ctx(state.now());
        typed.brief = engine::role::brief(state.store(), &ctx, number).await?;
    }
    let title = format!("{} {}", label(number), scene.incident.title);
    let frame = frame(state, me, &title, Nav::Incidents).await;
    Ok(show::page(&scene, &directory, frame, id, typed))
}

/// The page again, with what was typed into one of its forms and what is wrong with it.
async fn refused(
    state: &State,
    me: &SignedIn,
    number: i64,
    name: &str,
    form: Form,
    error: engine::Error,
) -> Result<HttpResponse, WebError> {
    let mut form = form.with("form", name);
    // The form of the title has nothing else that could be wrong.
    let error = match error {
        engine::Error::Refused(why) if name == "title" => engine::Error::invalid("title", why),
        other => other,
    };
    complaint::show(&mut form, error, |field| {
        let ours = match (name, field) {
            ("update", "text") => "body",
            ("update", "next_due") => "next_minutes",
            ("reassign", _) => "target",
            ("ask", field) if field != "message" => "target",
            (_, field) => field,
        };
        ours.to_owned()
    })?;
    let typed = Typed {
        form,
        ..Typed::default()
    };
    let page = made(state, me, number, Part::default(), typed).await?;
    render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Where an incident's page is.
fn url_of(number: i64) -> String {
    format!("/incidents/{number}")
}
