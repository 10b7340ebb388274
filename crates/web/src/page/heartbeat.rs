//! Heartbeats: the list, one of them, and what people change about them.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::directory::Directory;
use domain::heartbeat::{GRACE_DEFAULT, Heartbeat, HeartbeatSettings, dedup_key};
use domain::incident::label;
use domain::word::AlertSeverity;
use domain::{HeartbeatId, IntegrationId, Span};
use engine::access::Right;
use engine::configuration::heartbeat::{
    create_heartbeat, edit_heartbeat, pause_heartbeat, remove_heartbeat, resume_heartbeat,
    rotate_heartbeat_key,
};
use engine::heartbeat;
use engine::manifest::Duration;
use store::heartbeat::Filter;

use super::removal::{self, Outcome, Removal};
use super::{complaint, name, query};
use crate::api::heartbeat::after_of;
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::hooks::heartbeat::address;
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::heartbeat::{
    HeartbeatAlert, HeartbeatFilter, HeartbeatFormPage, HeartbeatListPage, HeartbeatPage,
    HeartbeatRow,
};
use crate::view::{Choice, ChoiceGroup, Form, Link, Nav};

const HERE: &str = "/heartbeats";
const ROWS: i64 = 50;
/// Alerts that the page of a heartbeat shows.
const ALERTS: i64 = 10;

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource(HERE)
            .route(web::get().to(list))
            .route(web::post().to(create)),
    )
    .service(web::resource("/heartbeats/new").route(web::get().to(new)))
    .service(
        web::resource("/heartbeats/{id}")
            .route(web::get().to(show))
            .route(web::post().to(edit)),
    )
    .service(web::resource("/heartbeats/{id}/edit").route(web::get().to(edit_form)))
    .service(web::resource("/heartbeats/{id}/pause").route(web::post().to(pause)))
    .service(web::resource("/heartbeats/{id}/resume").route(web::post().to(resume)))
    .service(web::resource("/heartbeats/{id}/rotate").route(web::post().to(rotate)))
    .service(web::resource("/heartbeats/{id}/delete").route(web::post().to(delete)));
}

async fn list(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let filter = HeartbeatFilter::from_query(req.query_string());
    let directory = state.directory();
    let service = directory.service_by_slug(&filter.service).map(|one| one.id);
    let integrations = service.map(|service| {
        let of_service = directory.integrations.values();
        let of_service = of_service.filter(|one| one.service_id == service);
        of_service.map(|one| one.id).collect()
    });
    let wanted = Filter {
        integrations,
        state: filter.state,
        text: Some(filter.q.clone()).filter(|q| !q.is_empty()),
    };
    let after = filter.after;
    let (mut beats, counts) = state
        .store()
        .read(move |c| {
            // One that is gone meanwhile: from the beginning.
            let after = after.and_then(|id| after_of(c, id).ok());
            let beats = store::heartbeat::list(c, &wanted, after.as_ref(), ROWS + 1)?;
            Ok::<_, store::Error>((beats, store::heartbeat::count(c)?))
        })
        .await?;
    let shown = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let more = beats.len() > shown;
    beats.truncate(shown);
    render(&HeartbeatListPage {
        frame: frame(&state, &me, "Heartbeats", Nav::Heartbeats).await,
        more: beats
            .last()
            .filter(|_| more)
            .map(|last| filter.href(Some(last.id))),
        rows: beats.iter().map(|beat| row(beat, &directory)).collect(),
        services: name::service_slugs(&directory),
        counts,
        filter,
    })
}

fn row(beat: &Heartbeat, directory: &Directory) -> HeartbeatRow {
    let integration = directory.integration(beat.integration_id);
    let service = integration.and_then(|one| directory.service(one.service_id));
    HeartbeatRow {
        id: beat.id,
        name: beat.settings.name.clone(),
        service: service.map(|service| Link {
            label: service.name.clone(),
            href: format!("/services/{}", service.slug),
        }),
        integration: integration.map_or_else(String::new, |one| one.name.clone()),
        state: beat.state,
        interval: beat.settings.interval,
        grace: beat.settings.grace,
        last_ping: beat.last_ping,
        due_at: beat.due_at,
        running_since: beat.running_since,
    }
}

fn id_of(text: &str) -> Result<HeartbeatId, WebError> {
    text.parse().map_err(|_| WebError::not_found("heartbeat"))
}

async fn show(state: State, me: SignedIn, id: web::Path<String>) -> Result<HttpResponse, WebError> {
    let beat = heartbeat::get(state.store(), id_of(&id)?).await?;
    render(&page(&state, &me, beat, Form::new()).await?)
}

async fn page(
    state: &AppState,
    me: &SignedIn,
    beat: Heartbeat,
    form: Form,
) -> Result<HeartbeatPage, WebError> {
    let directory = state.directory();
    let filter = store::alert::Filter {
        integrations: Some(vec![beat.integration_id]),
        dedup_key: Some(dedup_key(beat.id)),
        ..store::alert::Filter::default()
    };
    let alerts = state
        .store()
        .read(move |c| {
            let mut alerts = Vec::new();
            for alert in store::alert::list(c, &filter, None, ALERTS)? {
                let number = match alert.incident_id {
                    Some(id) => Some(store::incident::fetch(c, id)?.number),
                    None => None,
                };
                alerts.push(HeartbeatAlert {
                    status: alert.status,
                    summary: alert.text.summary.clone(),
                    opened: alert.first_seen,
                    resolved: alert.resolved_at,
                    incident: number.map(|number| Link {
                        label: label(number),
                        href: format!("/incidents/{number}"),
                    }),
                    suppressed: alert.suppressed.as_ref().map(|one| one.in_words()),
                });
            }
            Ok::<_, store::Error>(alerts)
        })
        .await?;
    Ok(HeartbeatPage {
        frame: frame(state, me, &beat.settings.name, Nav::Heartbeats).await,
        row: row(&beat, &directory),
        address: me.may(Right::Configure).then(|| address(state, &beat)),
        base_url: state.config.public_url.clone(),
        in_grace: beat.grace_since.is_some() && beat.due_at.is_some(),
        description: beat.settings.description,
        longest_run: beat.settings.longest_run,
        severity: beat.settings.severity,
        message: beat.settings.message,
        tags: beat.settings.tags,
        history: beat.history.newest().cloned().collect(),
        alerts,
        form,
    })
}

/// Integrations by their services.
fn integrations(directory: &Directory) -> Vec<ChoiceGroup> {
    let mut groups: Vec<ChoiceGroup> = directory
        .services
        .values()
        .map(|service| ChoiceGroup {
            label: service.name.clone(),
            choices: directory
                .integrations
                .values()
                .filter(|one| one.service_id == service.id)
                .map(|one| Choice::new(one.id, &one.name))
                .collect(),
        })
        .filter(|group| !group.choices.is_empty())
        .collect();
    groups.sort_by_cached_key(|group| group.label.to_lowercase());
    groups
}

async fn form_page(
    state: &AppState,
    me: &SignedIn,
    id: Option<HeartbeatId>,
    form: Form,
) -> HeartbeatFormPage {
    let title = match id {
        Some(_) => "Edit heartbeat",
        None => "New heartbeat",
    };
    HeartbeatFormPage {
        frame: frame(state, me, title, Nav::Heartbeats).await,
        id,
        integrations: integrations(&state.directory()),
        form,
    }
}

async fn new(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let form = Form::new()
        .with("interval", "1d")
        .with("grace", "1h")
        .with("severity", AlertSeverity::Error)
        .with(
            "integration",
            query::value(&req, "integration").unwrap_or_default(),
        );
    render(&form_page(&state, &me, None, form).await)
}

async fn edit_form(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let beat = heartbeat::get(state.store(), id_of(&id)?).await?;
    render(&form_page(&state, &me, Some(beat.id), filled(&beat.settings)).await)
}

fn filled(settings: &HeartbeatSettings) -> Form {
    let span = |span: Span| Duration(span).to_string();
    Form::new()
        .with("name", &settings.name)
        .with("description", &settings.description)
        .with("interval", span(settings.interval))
        .with("grace", span(settings.grace))
        .with(
            "longest_run",
            settings.longest_run.map(span).unwrap_or_default(),
        )
        .with("severity", settings.severity)
        .with("message", settings.message.clone().unwrap_or_default())
        .with("tags", settings.tags.join(", "))
}

/// What the form stands for, unless something cannot be read; then what, beside its field.
fn settings(form: &mut Form) -> Option<HeartbeatSettings> {
    let interval = span(form, "interval");
    let grace = span(form, "grace");
    let longest_run = span(form, "longest_run");
    if interval == Some(None) {
        form.reject(
            "interval",
            "Say how often it is to be heard of, such as 24h.",
        );
    }
    let severity = match form.text("severity").map(str::parse) {
        None => Some(AlertSeverity::Error),
        Some(Ok(severity)) => Some(severity),
        Some(Err(_)) => {
            form.reject("severity", "Choose one of the options.");
            None
        }
    };
    let tags = form.get("tags").split(',').map(str::trim);
    Some(HeartbeatSettings {
        name: form.get("name").to_owned(),
        description: form.get("description").to_owned(),
        interval: interval??,
        grace: grace?.unwrap_or(GRACE_DEFAULT),
        longest_run: longest_run?,
        severity: severity?,
        message: form.text("message").map(str::to_owned),
        tags: tags
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .collect(),
    })
}

/// A duration; empty is `Some(None)`.
fn span(form: &mut Form, field: &str) -> Option<Option<Span>> {
    // People write "24 h", too.
    let text: String = form.get(field).split_whitespace().collect();
    if text.is_empty() {
        return Some(None);
    }
    match text.to_lowercase().parse::<Duration>() {
        Ok(duration) => Some(Some(duration.0)),
        Err(_) => {
            form.reject(field, "Write it as 30s, 15m, 24h, 7d or 1h30m.");
            None
        }
    }
}

async fn create(
    state: State,
    me: SignedIn,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let integration: Option<IntegrationId> = form.get("integration").parse().ok();
    if integration.is_none() {
        form.reject("integration", "Choose whose alert it opens.");
    }
    let read = settings(&mut form);
    let ctx = me.ctx(state.now());
    let made = match (integration, read) {
        (Some(integration), Some(settings)) => {
            match create_heartbeat(state.store(), &ctx, integration, settings).await {
                Err(engine::Error::NotFound("integration")) => {
                    form.reject("integration", "There is no such integration.");
                    None
                }
                other => Some(other),
            }
        }
        _ => None,
    };
    match made {
        Some(Ok(beat)) => Ok(redirect_with_flash(
            &state,
            &format!("{HERE}/{}", beat.id),
            "The heartbeat waits for its first ping.",
        )),
        Some(Err(error)) => {
            complaint::show_plain(&mut form, error)?;
            let page = form_page(&state, &me, None, form).await;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        None => {
            let page = form_page(&state, &me, None, form).await;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

async fn edit(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let id = id_of(&id)?;
    let ctx = me.ctx(state.now());
    if let Some(settings) = settings(&mut form) {
        match edit_heartbeat(state.store(), &ctx, id, settings).await {
            Ok(_) => {
                let path = format!("{HERE}/{id}");
                return Ok(redirect_with_flash(&state, &path, "Saved."));
            }
            Err(error) => complaint::show_plain(&mut form, error)?,
        }
    }
    let page = form_page(&state, &me, Some(id), form).await;
    render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn pause(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let id = id_of(&id)?;
    pause_heartbeat(state.store(), &me.ctx(state.now()), id).await?;
    let told = "Paused: nobody is told whether pings come.";
    Ok(redirect_with_flash(&state, &format!("{HERE}/{id}"), told))
}

async fn resume(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let id = id_of(&id)?;
    resume_heartbeat(state.store(), &me.ctx(state.now()), id).await?;
    Ok(redirect_with_flash(
        &state,
        &format!("{HERE}/{id}"),
        "Resumed.",
    ))
}

async fn rotate(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let id = id_of(&id)?;
    rotate_heartbeat_key(state.store(), &me.ctx(state.now()), id).await?;
    let told = "It has another address; pings to the old one are refused.";
    Ok(redirect_with_flash(&state, &format!("{HERE}/{id}"), told))
}

async fn delete(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let beat = heartbeat::get(state.store(), id_of(&id)?).await?;
    let name = beat.settings.name.clone();
    let what = Removal {
        confirm: &name,
        told: format!("{name} is deleted."),
        to: HERE,
    };
    let ctx = me.ctx(state.now());
    let remove = remove_heartbeat(state.store(), &ctx, beat.id);
    match removal::confirmed(&state, &typed, what, remove).await {
        Outcome::Gone(response) => Ok(response),
        Outcome::Kept(why) => {
            let mut form = Form::new();
            complaint::show_plain(&mut form, why)?;
            let page = page(&state, &me, beat, form).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_being_shown_and_sent() {
        let before = HeartbeatSettings {
            longest_run: Some(Span::from_minutes(90)),
            message: Some("No backup".into()),
            tags: vec!["db".into(), "night".into()],
            ..HeartbeatSettings::new("backup", Span::from_days(1))
        };
        assert_eq!(settings(&mut filled(&before)), Some(before));
        let mut odd = Form::new()
            .with("name", "x")
            .with("interval", "24 H")
            .with("grace", "soon")
            .with("severity", "loud");
        assert_eq!(settings(&mut odd), None);
        assert!(odd.error("interval").is_empty());
        assert!(!odd.error("grace").is_empty() && !odd.error("severity").is_empty());
    }
}
