//! Integrations of a service. A key is shown once, in the answer to the post that made it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentDisposition;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::directory::Directory;
use domain::service::{Integration, Service};
use domain::word::IntegrationKind;
use domain::{IntegrationId, Span};
use engine::access::Right;
use engine::configuration::integration::{self, NewKey};
use formats::format::{self, Format};
use store::request::Filter;

use super::{find, page, row};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::hooks::replay;
use crate::page::removal::{self, Outcome, Removal};
use crate::page::{change, complaint, query, signal};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::service::{
    ChangeHeard, IntegrationAddPage, IntegrationKeyPage, IntegrationPage, filled, kinds,
};
use crate::view::signal::RequestRow;
use crate::view::{Form, Link, Nav};

/// Requests that the page of an integration shows.
const HEARD: i64 = 10;
/// How far back a change still counts as news.
const HEARD_SINCE: Span = Span::from_days(30);

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/services/{slug}/integrations").route(web::post().to(create)))
        .service(web::resource("/services/{slug}/integrations/new").route(web::get().to(add)))
        .service(web::resource("/services/{slug}/integrations/{id}").route(web::get().to(show)))
        .service(
            web::resource("/services/{slug}/integrations/{id}/test").route(web::post().to(test)),
        )
        .service(
            web::resource("/services/{slug}/integrations/{id}/rotate")
                .route(web::post().to(rotate)),
        )
        .service(
            web::resource("/services/{slug}/integrations/{id}/delete")
                .route(web::post().to(delete)),
        )
        .route("/downloads/{name}", web::get().to(download));
}

async fn key_page(
    state: &AppState,
    me: &SignedIn,
    slug: &str,
    made: NewKey,
) -> Result<HttpResponse, WebError> {
    // Looked up again: the integration may be newer than what the request began with.
    let directory = state.directory();
    let service = find(&directory, slug)?;
    let made_for = directory
        .integration(made.id)
        .ok_or_else(|| WebError::not_found("integration"))?;
    let (heard, change) = heard(state, &directory, made.id).await?;
    let page = IntegrationKeyPage {
        frame: frame(state, me, &made_for.name, Nav::Services).await,
        service: Link {
            label: service.name.clone(),
            href: format!("/services/{}", service.slug),
        },
        id: made.id,
        name: made_for.name.clone(),
        kind: made_for.kind,
        key: made.key,
        base_url: state.config.public_url.clone(),
        mail_domain: state.config.smtp.as_ref().map(|smtp| smtp.domain.clone()),
        heard,
        change,
    };
    render(&page)
}

/// Its newest requests, and the change that it told of if nothing else came since.
async fn heard(
    state: &AppState,
    directory: &Arc<Directory>,
    id: IntegrationId,
) -> Result<(Vec<RequestRow>, Option<ChangeHeard>), WebError> {
    let known = directory.clone();
    let filter = Filter {
        integrations: Some(vec![id]),
        ..Filter::default()
    };
    let now = state.now();
    let (rows, change) = state
        .store()
        .read(move |c| -> Result<_, store::Error> {
            let rows = signal::rows(c, &known, &filter, HEARD)?;
            let change = store::change_event::newest_of(c, id, now - HEARD_SINCE, now)?;
            Ok((rows, change))
        })
        .await?;
    let change = change.filter(|change| {
        let mut speaking = rows.iter().filter(|row| !row.verdicts.is_empty());
        speaking.all(|row| row.at < change.received_at)
    });
    let change = change.map(|change| ChangeHeard {
        at: change.received_at,
        href: change::address(&change, directory),
        summary: change.event.summary,
    });
    Ok((rows, change))
}

async fn add_page(
    state: &AppState,
    me: &SignedIn,
    service: &Service,
    q: String,
    chosen: Option<Format>,
    form: Form,
) -> IntegrationAddPage {
    IntegrationAddPage {
        frame: frame(state, me, "Add integration", Nav::Services).await,
        service: Link {
            label: service.name.clone(),
            href: format!("/services/{}", service.slug),
        },
        groups: kinds(&q),
        q,
        chosen,
        global: form.ticked("global"),
        form,
    }
}

async fn add(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let service = find(&directory, &slug)?;
    let chosen = query::value(&req, "kind").and_then(|kind| format::by_slug(&kind));
    let mut form = match chosen {
        Some(format) => Form::new().with("name", format.name),
        None => Form::new(),
    };
    if query::value(&req, "global").is_some() {
        form = form.with("global", "yes");
    }
    let q = query::value(&req, "q").unwrap_or_default();
    render(&add_page(&state, &me, service, q, chosen, form).await)
}

async fn show(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, WebError> {
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let service = find(&directory, &slug)?;
    let one = find_in(&directory, &slug, &id)?;
    let known = directory.clone();
    let signs = state.store().read(move |c| row::signs(c, &known)).await?;
    let row = row::integration_rows(&directory, service.id, &signs)
        .into_iter()
        .find(|row| row.id == one.id)
        .ok_or_else(|| WebError::not_found("integration"))?;
    let mailbox = match &state.config.smtp {
        Some(smtp) => format!("…{}@{}", row.key_hint, smtp.domain),
        None => "none, since mail.listen is not set".to_owned(),
    };
    let (heard, change) = heard(&state, &directory, one.id).await?;
    render(&IntegrationPage {
        mailbox: (one.kind == IntegrationKind::Email).then_some(mailbox),
        frame: frame(&state, &me, &one.name, Nav::Services).await,
        service: Link {
            label: service.name.clone(),
            href: format!("/services/{}", service.slug),
        },
        row,
        base: format!("/services/{}/integrations/{}", service.slug, one.id),
        heard,
        change,
        lacks_secret: one.kind == IntegrationKind::Netdata
            && integration::settings_of(one)?.secret.is_none(),
    })
}

/// A file that a sender is set up with.
async fn download(
    state: State,
    _me: SignedIn,
    name: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    let text =
        filled(&name, &state.config.public_url, None).ok_or_else(|| WebError::not_found("file"))?;
    Ok(HttpResponse::Ok()
        .content_type("application/yaml")
        .insert_header(ContentDisposition::attachment(name.as_str()))
        .body(text))
}

async fn test(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let one = find_in(&directory, &slug, &id)?;
    replay::test(&state, &me.ctx(state.now()), one).await?;
    let path = format!("/services/{slug}/integrations/{}", one.id);
    Ok(redirect_with_flash(
        &state,
        &path,
        "A test signal was sent. Resolve its incident when you have seen it.",
    ))
}

async fn create(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let service = find(&directory, &slug)?;
    let made = match form.get("kind").parse::<IntegrationKind>() {
        Ok(kind) => {
            let ctx = me.ctx(state.now());
            let name = form.get("name");
            let global = form.ticked("global");
            integration::create_integration(state.store(), &ctx, service.id, name, kind, global)
                .await
        }
        Err(_) => Err(engine::Error::invalid("kind", "choose a format")),
    };
    match made {
        Ok(made) => key_page(&state, &me, &service.slug, made).await,
        Err(error) => {
            complaint::show_plain(&mut form, error)?;
            let chosen = format::by_slug(form.get("kind"));
            let page = add_page(&state, &me, service, String::new(), chosen, form).await;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// The integration of this id, if it belongs to the service of this slug.
pub(super) fn find_in<'a>(
    directory: &'a Directory,
    slug: &str,
    id: &str,
) -> Result<&'a Integration, WebError> {
    let service = find(directory, slug)?;
    id.parse()
        .ok()
        .and_then(|id| directory.integration(id))
        .filter(|one| one.service_id == service.id)
        .ok_or_else(|| WebError::not_found("integration"))
}

async fn rotate(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let existing = find_in(&directory, &slug, &id)?;
    let made = integration::rotate_key(state.store(), &me.ctx(state.now()), existing.id).await?;
    key_page(&state, &me, &slug, made).await
}

async fn delete(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let existing = find_in(&directory, &slug, &id)?;
    let name = &existing.name;
    let what = Removal {
        confirm: name,
        told: format!("{name} is deleted; its key opens nothing any more."),
        to: &format!("/services/{slug}"),
    };
    let ctx = me.ctx(state.now());
    let remove = integration::remove_integration(state.store(), &ctx, existing.id);
    match removal::confirmed(&state, &typed, what, remove).await {
        Outcome::Gone(response) => Ok(response),
        Outcome::Kept(why) => {
            let mut form = Form::new();
            complaint::show_plain(&mut form, why)?;
            let service = find(&directory, &slug)?;
            let page = page(&state, &me, &directory, service, form).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}
