//! The settings of an integration: its secret, which is never shown again, the severity of what
//! carries none, and the rules of its mapping.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::directory::Directory;
use domain::service::Integration;
use domain::word::AlertSeverity;
use engine::access::Right;
use engine::configuration::integration::{SettingsEdit, edit_settings, settings_of};
use engine::{Error, Problem};
use formats::format::{self, Format};
use formats::mapping::MappingRules;
use formats::settings::Secret;

use super::find;
use super::integration::find_in;
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::page::complaint;
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::integration::IntegrationSettingsPage;
use crate::view::{Choice, Form, Link, Nav};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/services/{slug}/integrations/{id}/settings")
            .route(web::get().to(show))
            .route(web::post().to(save)),
    );
}

/// Severities to choose from, worst first.
pub fn severities() -> Vec<Choice> {
    AlertSeverity::ALL
        .iter()
        .map(|one| Choice::new(one, complaint::sentence(one.as_str()).trim_end_matches('.')))
        .collect()
}

async fn page(
    state: &AppState,
    me: &SignedIn,
    directory: &Directory,
    slug: &str,
    integration: &Integration,
    form: Form,
) -> Result<IntegrationSettingsPage, WebError> {
    let service = find(directory, slug)?;
    let format = format::of(integration.kind);
    Ok(IntegrationSettingsPage {
        frame: frame(state, me, &integration.name, Nav::Services).await,
        service: Link {
            label: service.name.clone(),
            href: format!("/services/{}", service.slug),
        },
        id: integration.id,
        name: integration.name.clone(),
        secret_set: settings_of(integration)?.secret.is_some(),
        severities: severities(),
        format,
        form,
    })
}

async fn show(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let integration = find_in(&directory, &slug, &id)?;
    let mut form = Form::new();
    let settings = settings_of(integration)?;
    if let Some(severity) = settings.severity {
        form = form.with("severity", severity);
    }
    if let Some(rules) = &settings.mapping {
        let text = serde_json::to_string_pretty(rules);
        form = form.with("mapping", text.unwrap_or_default());
    }
    render(&page(&state, &me, &directory, &slug, integration, form).await?)
}

async fn save(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let integration = find_in(&directory, &slug, &id)?;
    let format = format::of(integration.kind);
    let saved = match read(&mut form, &format) {
        Some(edit) => {
            let ctx = me.ctx(state.now());
            edit_settings(state.store(), &ctx, integration.id, edit).await
        }
        None => Err(Error::Invalid(Vec::new())),
    };
    match saved {
        Ok(()) => Ok(redirect_with_flash(
            &state,
            &format!("/services/{slug}#integration-{}", integration.id),
            "Saved.",
        )),
        Err(error) => {
            complaint::show_plain(&mut form, at_the_mapping(error))?;
            let page = page(&state, &me, &directory, &slug, integration, form).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// Faults of rules stand together below their field, each with the name of its rule.
fn at_the_mapping(error: Error) -> Error {
    let Error::Invalid(problems) = error else {
        return error;
    };
    let (rules, mut others): (Vec<Problem>, Vec<Problem>) = problems
        .into_iter()
        .partition(|problem| problem.field.starts_with("mapping."));
    let told: Vec<String> = rules
        .iter()
        .map(|problem| {
            let name = problem.field.trim_start_matches("mapping.");
            format!("{name}: {}", problem.message)
        })
        .collect();
    if !told.is_empty() {
        others.push(Problem::new("mapping", told.join("; ")));
    }
    Error::Invalid(others)
}

/// What the form stands for, unless something cannot be read; then what, beside its field. An empty
/// field of the secret leaves it as it is.
fn read(form: &mut Form, format: &Format) -> Option<SettingsEdit> {
    let secret = match Secret::new(form.get("secret")) {
        Some(secret) => Some(Some(secret)),
        None => form.ticked("secret_off").then_some(None),
    };
    let severity: Option<AlertSeverity> = match form.text("severity").map(str::parse) {
        Some(Err(_)) => {
            form.reject("severity", "Choose one of the list.");
            None
        }
        Some(Ok(severity)) => Some(severity),
        None => None,
    };
    let mapping: Option<MappingRules> = match form.text("mapping").map(serde_json::from_str) {
        Some(Err(error)) => {
            form.reject("mapping", format!("This cannot be read: {error}."));
            None
        }
        Some(Ok(rules)) => Some(rules),
        None => None,
    };
    (!form.has_errors()).then_some(SettingsEdit {
        secret,
        severity: format.takes_severity().then_some(severity),
        mapping: format.takes_mapping().then_some(mapping),
    })
}
