//! Escalation policies: the ladder with whom it would reach now, and editing it.

pub mod form;
pub mod ladder;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::PolicyId;
use domain::directory::Directory;
use domain::policy::Policy;
use engine::access::Right;
use engine::configuration::policy;

use self::ladder::Case;
use super::choice;
use super::removal::{self, Outcome, Removal};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::policy::{PolicyForm, PolicyListPage, PolicyPage, PolicyRow};
use crate::view::{Link, Nav, Press};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/policies")
            .route(web::get().to(list))
            .route(web::post().to(create)),
    )
    .service(web::resource("/policies/new").route(web::get().to(new)))
    .service(
        web::resource("/policies/{slug}")
            .route(web::get().to(show))
            .route(web::post().to(edit)),
    )
    .service(web::resource("/policies/{slug}/edit").route(web::get().to(edit_page)))
    .service(web::resource("/policies/{slug}/delete").route(web::post().to(delete)));
}

fn find<'a>(directory: &'a Directory, slug: &str) -> Result<&'a Policy, WebError> {
    directory
        .policy_by_slug(slug)
        .ok_or_else(|| WebError::not_found("policy"))
}

fn services(directory: &Directory, id: PolicyId) -> Vec<Link> {
    directory
        .services
        .values()
        .filter(|service| service.policy_id == Some(id))
        .map(|service| Link {
            label: service.name.clone(),
            href: format!("/services/{}", service.slug),
        })
        .collect()
}

/// Whose turn it is in steps that page one of several.
async fn round_robin(state: &AppState, id: PolicyId) -> Result<i64, WebError> {
    Ok(state
        .store()
        .read(move |conn| store::policy::next_round_robin(conn, id))
        .await?)
}

async fn list(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let now = state.now();
    let frame = frame(&state, &me, "Escalation policies", Nav::Policies).await;
    let turns: Vec<(PolicyId, i64)> = {
        let ids: Vec<PolicyId> = directory.policies.keys().copied().collect();
        state
            .store()
            .read(move |conn| {
                ids.into_iter()
                    .map(|id| Ok((id, store::policy::next_round_robin(conn, id)?)))
                    .collect::<Result<_, store::Error>>()
            })
            .await?
    };
    let zone = me.zone.clone();
    // Looking 30 days ahead takes a moment.
    let rows = web::block(move || {
        let mut rows: Vec<PolicyRow> = turns
            .into_iter()
            .filter_map(|(id, turn)| Some((directory.policy(id)?, turn)))
            .map(|(policy, turn)| {
                let config = &policy.current.config;
                let grave = domain::escalation::warnings(config, &directory, now)
                    .into_iter()
                    .find(|warning| warning.needs_confirmation());
                PolicyRow {
                    name: policy.name.clone(),
                    slug: policy.slug.clone(),
                    team: choice::team_link(&directory, policy.team_id),
                    steps: config.steps.len(),
                    repeats: config.repeats,
                    first: ladder::first_names(config, &directory, turn, now),
                    services: services(&directory, policy.id).len(),
                    warning: grave.map(|warning| warning.said(&zone)),
                }
            })
            .collect();
        rows.sort_by_cached_key(|row| row.name.to_lowercase());
        rows
    })
    .await
    .map_err(|error| WebError::Internal(error.to_string()))?;
    render(&PolicyListPage { frame, rows })
}

async fn show(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let policy = find(&directory, &slug)?;
    let turn = round_robin(&state, policy.id).await?;
    let drawn = ladder::draw(
        &policy.current.config,
        &directory,
        Case::WORST,
        turn,
        &me.zone,
        state.now(),
    );
    render(&PolicyPage {
        frame: frame(&state, &me, &policy.name, Nav::Policies).await,
        name: policy.name.clone(),
        slug: policy.slug.clone(),
        description: policy.description.clone(),
        team: choice::team_link(&directory, policy.team_id),
        ladder: drawn.ladder,
        services: services(&directory, policy.id),
        version: policy.current.version,
        saved_at: policy.current.created_at,
        warnings: drawn.warnings,
    })
}

async fn form_page(
    state: &AppState,
    me: &SignedIn,
    directory: &Directory,
    existing: Option<&Policy>,
    form: PolicyForm,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let (title, turn) = match existing {
        Some(policy) => ("Edit policy", round_robin(state, policy.id).await?),
        None => ("New policy", 0),
    };
    let frame = frame(state, me, title, Nav::Policies).await;
    let slug = existing.map(|policy| policy.slug.clone());
    render_with(status, &form::page(frame, directory, slug, form, turn))
}

async fn new(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let form = form::empty();
    form_page(&state, &me, &state.directory(), None, form, StatusCode::OK).await
}

async fn create(
    state: State,
    me: SignedIn,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let mut form = PolicyForm::from_pairs(typed.pairs().to_vec());
    let directory = state.directory();
    if form.press != Some(Press::Save) {
        return form_page(&state, &me, &directory, None, form, StatusCode::OK).await;
    }
    if let Some(input) = form::input(&mut form) {
        match policy::create_policy(state.store(), &me.ctx(state.now()), input).await {
            Ok(saved) => {
                let directory = state.directory();
                let slug = directory.policy(saved.id).map(|one| one.slug.clone());
                let path = format!("/policies/{}", slug.unwrap_or_default());
                let text = "The policy is there. Services can use it now.";
                return Ok(redirect_with_flash(&state, &path, text));
            }
            Err(error) => form::refuse(&mut form, error)?,
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(&state, &me, &directory, None, form, status).await
}

async fn edit_page(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let policy = find(&directory, &slug)?;
    let form = form::of(policy);
    form_page(&state, &me, &directory, Some(policy), form, StatusCode::OK).await
}

async fn edit(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    let mut form = PolicyForm::from_pairs(typed.pairs().to_vec());
    if form.press != Some(Press::Save) {
        return form_page(
            &state,
            &me,
            &directory,
            Some(existing),
            form,
            StatusCode::OK,
        )
        .await;
    }
    if let Some(mut input) = form::input(&mut form) {
        // Addresses stay as they are.
        input.slug = None;
        let ctx = me.ctx(state.now());
        match policy::edit_policy(state.store(), &ctx, existing.id, input).await {
            Ok(_) => {
                let path = format!("/policies/{}", existing.slug);
                let text = "Saved. Escalations that run keep the version they started with.";
                return Ok(redirect_with_flash(&state, &path, text));
            }
            Err(error) => form::refuse(&mut form, error)?,
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(&state, &me, &directory, Some(existing), form, status).await
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
        to: "/policies",
    };
    let ctx = me.ctx(state.now());
    let remove = policy::remove_policy(state.store(), &ctx, existing.id);
    match removal::confirmed(&state, &typed, what, remove).await {
        Outcome::Gone(response) => Ok(response),
        Outcome::Kept(why) => {
            let mut form = form::of(existing);
            form::refuse(&mut form, why)?;
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            form_page(&state, &me, &directory, Some(existing), form, status).await
        }
    }
}
