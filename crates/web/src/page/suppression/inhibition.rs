//! Rules of inhibition: their list with what they do now, and their forms.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::directory::Directory;
use domain::suppression::{Inhibition, Matcher};
use domain::{InhibitionId, TeamId};
use engine::access::Right;
use engine::configuration::inhibition::{
    InhibitionInput, create_inhibition, edit_inhibition, remove_inhibition,
};

use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::page::schedule::form::read_id;
use crate::page::{alert, choice, complaint};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::form::Press;
use crate::view::suppression::{
    InhibitionForm, InhibitionFormPage, InhibitionListPage, InhibitionRow, MatcherRow,
};
use crate::view::{Form, Nav};

const HERE: &str = "/inhibitions";
/// Muted alerts that the list names of each rule.
const MUTED: usize = 10;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource(HERE)
            .route(web::get().to(list))
            .route(web::post().to(create)),
    )
    .service(web::resource("/inhibitions/new").route(web::get().to(new)))
    .service(web::resource("/inhibitions/{id}").route(web::post().to(edit)))
    .service(web::resource("/inhibitions/{id}/edit").route(web::get().to(edit_page)))
    .service(web::resource("/inhibitions/{id}/delete").route(web::post().to(delete)));
}

fn find(directory: &Directory, id: &str) -> Result<Arc<Inhibition>, WebError> {
    id.parse()
        .ok()
        .and_then(|id| directory.inhibitions.get(&InhibitionId(id)))
        .cloned()
        .ok_or_else(|| WebError::not_found("rule of inhibition"))
}

/// `While an alert with a fires, alerts with b and the same host do not page.`
fn explained(rule: &Inhibition) -> String {
    let said = |matchers: &[Matcher]| {
        let said: Vec<String> = matchers.iter().map(Matcher::to_string).collect();
        said.join(" and ")
    };
    let same = match rule.equal.as_slice() {
        [] => String::new(),
        [one] => format!(" and the same {one}"),
        [most @ .., last] => format!(" and the same {} and {last}", most.join(", ")),
    };
    format!(
        "While an alert with {} fires, alerts with {}{same} do not page.",
        said(&rule.source),
        said(&rule.target)
    )
}

async fn list(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    let (directory, now) = (state.directory(), state.now());
    let mut rows = state
        .store()
        .read(move |c| {
            let rules = directory.inhibitions.values();
            let rows = rules.map(|rule| {
                let effect = engine::suppression::effect_of(c, &directory, rule)?;
                let shown = effect.muted.len().min(MUTED);
                Ok(InhibitionRow {
                    id: rule.id,
                    name: rule.name.clone(),
                    team: choice::team_link(&directory, rule.team_id),
                    explained: explained(rule),
                    sources: alert::rows(c, &effect.sources, &directory, now)?,
                    muted_total: effect.muted.len(),
                    muted: alert::rows(c, &effect.muted[..shown], &directory, now)?,
                })
            });
            rows.collect::<Result<Vec<_>, store::Error>>()
        })
        .await?;
    rows.sort_by_cached_key(|row| row.name.to_lowercase());
    let frame = frame(&state, &me, "Inhibitions", Nav::Silences).await;
    render(&InhibitionListPage { frame, rows })
}

fn form_of(rule: &Inhibition) -> InhibitionForm {
    let mut fields = Form::new()
        .with("name", &rule.name)
        .with("equal", rule.equal.join(", "));
    if let Some(team) = rule.team_id {
        fields = fields.with("team", team);
    }
    InhibitionForm {
        fields,
        source: rule.source.iter().map(MatcherRow::of).collect(),
        target: rule.target.iter().map(MatcherRow::of).collect(),
        press: None,
    }
}

/// What the form stands for, unless something cannot be read; then what, beside its field.
fn input(form: &mut InhibitionForm) -> Option<InhibitionInput> {
    let team = read_id(&mut form.fields, "team", TeamId);
    let source = MatcherRow::matchers(&form.source, "source", &mut form.fields);
    let target = MatcherRow::matchers(&form.target, "target", &mut form.fields);
    if form.fields.has_errors() {
        return None;
    }
    let equal = form.fields.get("equal").split([',', '\n']).map(str::trim);
    Some(InhibitionInput {
        name: form.fields.get("name").to_owned(),
        team_id: team?,
        source,
        target,
        equal: equal
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
    })
}

async fn form_page(
    state: &AppState,
    me: &SignedIn,
    id: Option<InhibitionId>,
    form: InhibitionForm,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let title = match id {
        Some(_) => "Edit inhibition",
        None => "New inhibition",
    };
    let page = InhibitionFormPage {
        frame: frame(state, me, title, Nav::Silences).await,
        teams: choice::teams(&state.directory()),
        id,
        form,
    };
    render_with(status, &page)
}

async fn new(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    form_page(&state, &me, None, InhibitionForm::empty(), StatusCode::OK).await
}

async fn create(
    state: State,
    me: SignedIn,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let mut form = InhibitionForm::from_pairs(typed.pairs().to_vec());
    if form.press != Some(Press::Save) {
        return form_page(&state, &me, None, form, StatusCode::OK).await;
    }
    if let Some(input) = input(&mut form) {
        match create_inhibition(state.store(), &me.ctx(state.now()), input).await {
            Ok(_) => {
                let text = "The rule is there. It holds for alerts that open from now on.";
                return Ok(redirect_with_flash(&state, HERE, text));
            }
            Err(error) => complaint::show_plain(&mut form.fields, error)?,
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(&state, &me, None, form, status).await
}

async fn edit_page(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let rule = find(&state.directory(), &id)?;
    form_page(&state, &me, Some(rule.id), form_of(&rule), StatusCode::OK).await
}

async fn edit(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let rule = find(&state.directory(), &id)?;
    let mut form = InhibitionForm::from_pairs(typed.pairs().to_vec());
    if form.press != Some(Press::Save) {
        return form_page(&state, &me, Some(rule.id), form, StatusCode::OK).await;
    }
    if let Some(input) = input(&mut form) {
        match edit_inhibition(state.store(), &me.ctx(state.now()), rule.id, input).await {
            Ok(()) => {
                let text = "Saved. What it holds back stays so until its cause is resolved.";
                return Ok(redirect_with_flash(&state, HERE, text));
            }
            Err(error) => complaint::show_plain(&mut form.fields, error)?,
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(&state, &me, Some(rule.id), form, status).await
}

async fn delete(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let rule = find(&state.directory(), &id)?;
    remove_inhibition(state.store(), &me.ctx(state.now()), rule.id).await?;
    let text = format!(
        "{} is deleted. What it held back and still fires, pages.",
        rule.name
    );
    Ok(redirect_with_flash(&state, HERE, &text))
}
