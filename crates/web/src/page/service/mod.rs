//! Services: their list with health, each with its integrations, and their forms.

pub mod form;
mod integration;
mod mapping;
mod routing;
mod routing_form;
pub mod row;
mod settings;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::directory::Directory;
use domain::service::{Service, ServiceSettings};
use domain::word::{AlertStatus, PagingState};
use engine::access::Right;
use engine::configuration::service;
use store::board::{Filter, Order};

use self::row::{Rows, signs};
use super::removal::{self, Outcome, Removal};
use super::{alert, complaint, incident, query, suppression};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::service::{ServiceListPage, ServicePage, ServiceRow};
use crate::view::{Form, Nav};

/// Incidents and open alerts that a service's page shows.
const INCIDENTS_SHOWN: i64 = 10;
const ALERTS_SHOWN: i64 = 20;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/services")
            .route(web::get().to(list))
            .route(web::post().to(create)),
    )
    .service(web::resource("/services/new").route(web::get().to(new)))
    .service(
        web::resource("/services/{slug}")
            .route(web::get().to(show))
            .route(web::post().to(edit)),
    )
    .service(web::resource("/services/{slug}/edit").route(web::get().to(edit_page)))
    .service(web::resource("/services/{slug}/delete").route(web::post().to(delete)));
    integration::configure(cfg);
    settings::configure(cfg);
    routing::configure(cfg);
    mapping::configure(cfg);
}

fn find<'a>(directory: &'a Directory, slug: &str) -> Result<&'a Service, WebError> {
    directory
        .service_by_slug(slug)
        .ok_or_else(|| WebError::not_found("service"))
}

async fn list(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let q = query::value(&req, "q").unwrap_or_default();
    let directory = state.directory();
    let now = state.now();
    let known = directory.clone();
    let signs = state.store().read(move |conn| signs(conn, &known)).await?;
    let (words, zone) = (q.to_lowercase(), me.zone.clone());
    // Looking 30 days ahead of every policy takes a moment.
    let rows = web::block(move || {
        let mut rows = Rows::new(&directory, &signs, &zone, now);
        let mut rows: Vec<ServiceRow> = directory
            .services
            .values()
            .filter(|service| {
                let hay = format!("{} {}", service.name, service.slug).to_lowercase();
                words.split_whitespace().all(|word| hay.contains(word))
            })
            .map(|service| rows.row(service))
            .collect();
        // What burns stands on top.
        rows.sort_by_cached_key(|row| {
            let health = row.health;
            (
                std::cmp::Reverse((health.triggered > 0, health.acknowledged > 0)),
                row.name.to_lowercase(),
            )
        });
        rows
    })
    .await
    .map_err(|error| WebError::Internal(error.to_string()))?;
    let frame = frame(&state, &me, "Services", Nav::Services).await;
    render(&ServiceListPage { frame, rows, q })
}

/// The page of a service, with what was typed into its form of a new integration.
async fn page(
    state: &AppState,
    me: &SignedIn,
    directory: &std::sync::Arc<Directory>,
    service: &Service,
    form: Form,
) -> Result<ServicePage, WebError> {
    let now = state.now();
    let id = service.id;
    let integrations = row::integrations(directory, id).map(|one| one.id).collect();
    let shared = directory.clone();
    let (signs, incidents, alerts) = state
        .store()
        .read(move |conn| {
            let open = Filter {
                paging: vec![PagingState::Triggered, PagingState::Acknowledged],
                service: Some(id),
                ..Filter::default()
            };
            let past = Filter {
                paging: vec![PagingState::Resolved],
                ..open.clone()
            };
            let mut found = store::board::list(conn, &open, Order::Worst, now, 0, INCIDENTS_SHOWN)?;
            let room = INCIDENTS_SHOWN - i64::try_from(found.len()).unwrap_or(INCIDENTS_SHOWN);
            if room > 0 {
                found.extend(store::board::list(
                    conn,
                    &past,
                    Order::Newest,
                    now,
                    0,
                    room,
                )?);
            }
            let firing = store::alert::Filter {
                status: Some(AlertStatus::Open),
                service: Some((id, integrations)),
                ..store::alert::Filter::default()
            };
            let alerts = store::alert::list(conn, &firing, None, ALERTS_SHOWN)?;
            Ok::<_, store::Error>((
                signs(conn, &shared)?,
                incident::row::rows(conn, &found, &shared)?,
                alerts,
            ))
        })
        .await?;
    Ok(ServicePage {
        frame: frame(state, me, &service.name, Nav::Services).await,
        service: Rows::new(directory, &signs, &me.zone, now).row(service),
        description: service.description.clone(),
        settings: row::settings_words(&service.settings),
        integrations: row::integration_rows(directory, id, &signs),
        incidents,
        notices: suppression::row::notices(directory, id, now),
        alerts: alerts
            .iter()
            .map(|one| alert::row(one, directory, now))
            .collect(),
        form,
    })
}

async fn show(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let service = find(&directory, &slug)?;
    render(&page(&state, &me, &directory, service, Form::new()).await?)
}

async fn form_page(
    state: &AppState,
    me: &SignedIn,
    directory: &Directory,
    slug: Option<&str>,
    form: Form,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let title = match slug {
        Some(_) => "Edit service",
        None => "New service",
    };
    let frame = frame(state, me, title, Nav::Services).await;
    let page = form::page(frame, directory, slug.map(str::to_owned), form);
    render_with(status, &page)
}

async fn new(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let mut form = form::empty();
    // The only policy there is is the likely one.
    if let (1, Some(policy)) = (directory.policies.len(), directory.policies.keys().next()) {
        form = form.with("policy", policy);
    }
    form_page(&state, &me, &directory, None, form, StatusCode::OK).await
}

async fn create(
    state: State,
    me: SignedIn,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    if form.is("do", "preview") {
        // Back from trying it: as it was typed.
        return form_page(&state, &me, &state.directory(), None, form, StatusCode::OK).await;
    }
    if let Some(input) = form::input(&mut form, &ServiceSettings::default()) {
        match service::create_service(state.store(), &me.ctx(state.now()), input).await {
            Ok(id) => {
                let directory = state.directory();
                let slug = directory.service(id).map(|one| one.slug.clone());
                let path = format!("/services/{}#integrations", slug.unwrap_or_default());
                let text = "The service is there. Add an integration for its monitor next.";
                return Ok(redirect_with_flash(&state, &path, text));
            }
            Err(error) => form::refuse(&mut form, error)?,
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(&state, &me, &state.directory(), None, form, status).await
}

async fn edit_page(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let service = find(&directory, &slug)?;
    let form = form::of(service);
    form_page(
        &state,
        &me,
        &directory,
        Some(&service.slug),
        form,
        StatusCode::OK,
    )
    .await
}

async fn edit(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    if form.is("do", "preview") {
        let slug = Some(&*existing.slug);
        return form_page(&state, &me, &directory, slug, form, StatusCode::OK).await;
    }
    if let Some(mut input) = form::input(&mut form, &existing.settings) {
        // Addresses stay as they are.
        input.slug = None;
        let ctx = me.ctx(state.now());
        match service::edit_service(state.store(), &ctx, existing.id, input).await {
            Ok(saved) => {
                let text = match saved.policy_changed {
                    true => {
                        "Saved. Escalations that were running have started again on the new policy."
                    }
                    false => "Saved.",
                };
                let path = format!("/services/{}", existing.slug);
                return Ok(redirect_with_flash(&state, &path, text));
            }
            Err(error) => form::refuse(&mut form, error)?,
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(&state, &me, &directory, Some(&existing.slug), form, status).await
}

async fn delete(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    let what = Removal {
        confirm: &existing.slug,
        told: format!("{} is deleted.", existing.name),
        to: "/services",
    };
    let ctx = me.ctx(state.now());
    let remove = service::remove_service(state.store(), &ctx, existing.id);
    match removal::confirmed(&state, &typed, what, remove).await {
        Outcome::Gone(response) => Ok(response),
        Outcome::Kept(why) => {
            let mut form = form::of(existing);
            complaint::show_plain(&mut form, why)?;
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            form_page(&state, &me, &directory, Some(&existing.slug), form, status).await
        }
    }
}
