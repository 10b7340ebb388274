//! The editor of a mapping: its fields, and what it would make of the last requests before it is
//! saved.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::directory::Directory;
use domain::service::Integration;
use engine::access::Right;
use engine::configuration::integration::{SettingsEdit, edit_settings, settings_of};
use engine::{Error, Problem};
use formats::format;
use formats::mapping::{Fault, MappingRules};

use super::find;
use super::integration::find_in;
use super::settings::severities;
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render_with};
use crate::hooks::trial;
use crate::page::complaint;
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::mapping::{MappingPage, Tried};
use crate::view::mapping_form::MappingForm;
use crate::view::{Link, Nav, Press};

/// Most of a pasted body that is read, in bytes.
const SAMPLE_MAX: usize = 256 * 1024;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/services/{slug}/integrations/{id}/mapping")
            .route(web::get().to(show))
            .route(web::post().to(save)),
    );
}

fn mapped<'d>(directory: &'d Directory, slug: &str, id: &str) -> Result<&'d Integration, WebError> {
    let integration = find_in(directory, slug, id)?;
    if !format::of(integration.kind).takes_mapping() {
        return Err(WebError::not_found("mapping"));
    }
    Ok(integration)
}

/// The page around a form: its rules, tried; faults are told where somebody has asked for a try.
async fn page(
    state: &AppState,
    me: &SignedIn,
    directory: &Directory,
    slug: &str,
    integration: &Integration,
    mut form: MappingForm,
) -> Result<MappingPage, WebError> {
    let service = find(directory, slug)?;
    let mut trial_form = form.clone();
    let rules = trial_form.to_rules().filter(|rules| match rules.check() {
        Ok(_) => true,
        Err(faults) => {
            trial_form.reject_faults(&faults);
            false
        }
    });
    if form.press == Some(Press::Preview) {
        form = trial_form;
    }
    let tried = match rules {
        Some(rules) => Some(try_on(state, integration, rules, &form).await?),
        None => None,
    };
    Ok(MappingPage {
        frame: frame(state, me, &integration.name, Nav::Services).await,
        service: Link {
            label: service.name.clone(),
            href: format!("/services/{}", service.slug),
        },
        id: integration.id,
        name: integration.name.clone(),
        severities: severities(),
        tried,
        form,
    })
}

async fn try_on(
    state: &AppState,
    integration: &Integration,
    rules: MappingRules,
    form: &MappingForm,
) -> Result<Vec<Tried>, WebError> {
    let settings = trial::settings(integration, rules)?;
    let now = state.now();
    let mut tried = Vec::new();
    if let Some(sample) = form.fields.text("sample") {
        let outcome = if sample.len() > SAMPLE_MAX {
            Err("It is too long to be tried: 256 KiB at most.".to_owned())
        } else {
            trial::pasted(integration, sample, &settings, now)
        };
        tried.push(Tried::new(None, sample, outcome));
    }
    for kept in trial::newest(state, integration).await? {
        let outcome = trial::kept(&kept, &settings, now);
        tried.push(Tried::new(
            Some((kept.id, kept.received_at)),
            &kept.body,
            outcome,
        ));
    }
    Ok(tried)
}

async fn show(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let integration = mapped(&directory, &slug, &id)?;
    let rules = settings_of(integration)?.mapping.clone();
    let form = MappingForm::of(&rules.unwrap_or_default());
    let page = page(&state, &me, &directory, &slug, integration, form).await?;
    render_with(StatusCode::OK, &page)
}

async fn save(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let integration = mapped(&directory, &slug, &id)?;
    let mut form = MappingForm::from_pairs(typed.pairs().to_vec());
    if form.press != Some(Press::Save) {
        let page = page(&state, &me, &directory, &slug, integration, form).await?;
        return render_with(StatusCode::OK, &page);
    }
    let saved = match form.to_rules() {
        Some(mut rules) => {
            rules.identity.retain(|source| !source.is_empty());
            let edit = SettingsEdit {
                mapping: Some(Some(rules).filter(|rules| *rules != MappingRules::default())),
                ..SettingsEdit::default()
            };
            let ctx = me.ctx(state.now());
            edit_settings(state.store(), &ctx, integration.id, edit).await
        }
        None => Err(Error::Invalid(Vec::new())),
    };
    match saved {
        Ok(()) => Ok(redirect_with_flash(
            &state,
            &format!("/services/{slug}/integrations/{}", integration.id),
            "Saved. The next request is read by it.",
        )),
        Err(error) => {
            refuse(&mut form, error)?;
            let page = page(&state, &me, &directory, &slug, integration, form).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// What the engine refused, beside the fields it is about.
fn refuse(form: &mut MappingForm, error: Error) -> Result<(), Error> {
    let Error::Invalid(problems) = error else {
        return complaint::show_plain(&mut form.fields, error);
    };
    let (rules, others): (Vec<Problem>, Vec<Problem>) = problems
        .into_iter()
        .partition(|problem| problem.field.starts_with("mapping."));
    let faults: Vec<Fault> = rules
        .into_iter()
        .map(|problem| Fault {
            field: problem.field.trim_start_matches("mapping.").to_owned(),
            reason: complaint::sentence(&problem.message),
        })
        .collect();
    form.reject_faults(&faults);
    complaint::show_plain(&mut form.fields, Error::Invalid(others))
}
