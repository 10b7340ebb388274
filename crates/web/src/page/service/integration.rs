//! Integrations of a service. A key is shown once, in the answer to the post that made it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::directory::Directory;
use domain::service::Integration;
use domain::word::IntegrationKind;
use engine::access::Right;
use engine::configuration::integration::{self, NewKey};

use super::{find, page};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, render, render_with};
use crate::page::complaint;
use crate::page::removal::{self, Outcome, Removal};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::service::IntegrationKeyPage;
use crate::view::{Form, Link, Nav};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/services/{slug}/integrations").route(web::post().to(create)))
        .service(
            web::resource("/services/{slug}/integrations/{id}/rotate")
                .route(web::post().to(rotate)),
        )
        .service(
            web::resource("/services/{slug}/integrations/{id}/delete")
                .route(web::post().to(delete)),
        );
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
    };
    render(&page)
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
            integration::create_integration(state.store(), &ctx, service.id, name, kind).await
        }
        Err(_) => Err(engine::Error::invalid("kind", "choose a format")),
    };
    match made {
        Ok(made) => key_page(&state, &me, &service.slug, made).await,
        Err(error) => {
            complaint::show_plain(&mut form, error)?;
            let page = page(&state, &me, &directory, service, form).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// The integration of this id, if it belongs to the service of this slug.
fn find_in<'a>(
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
