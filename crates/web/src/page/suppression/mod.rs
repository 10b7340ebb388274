//! Silences and maintenance windows: their lists, their pages, their forms; and rules of
//! inhibition.

pub mod form;
mod inhibition;
pub mod row;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::directory::Directory;
use domain::suppression::Suppression;
use domain::word::AlertStatus;
use domain::{SuppressionId, Timestamp};
use engine::access::Right;
use engine::configuration::suppression::{create_suppression, edit_suppression, end_suppression};
use store::alert::Filter;
use store::suppression::Ended;

use super::{alert, query, version};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::form::Press;
use crate::view::suppression::{
    Noun, Standing, SuppressionForm, SuppressionListPage, SuppressionPage, SuppressionRow,
};
use crate::view::{Flash, FlashKind, Nav, Undo};

/// Past ones that the list shows.
const ENDED: i64 = 20;
/// Alerts that the page of one lists of each kind.
const ALERTS: usize = 50;

pub fn configure(cfg: &mut web::ServiceConfig) {
    for noun in Noun::ALL {
        let path = noun.path();
        let scope = web::scope(path)
            .app_data(web::Data::new(noun))
            .service(
                web::resource("")
                    .route(web::get().to(list))
                    .route(web::post().to(create)),
            )
            .service(web::resource("/new").route(web::get().to(new)))
            .service(
                web::resource("/{id}")
                    .route(web::get().to(show))
                    .route(web::post().to(edit)),
            )
            .service(web::resource("/{id}/edit").route(web::get().to(edit_page)))
            .service(web::resource("/{id}/end").route(web::post().to(end)));
        cfg.service(scope);
    }
    inhibition::configure(cfg);
}

type Of = web::Data<Noun>;

fn find(directory: &Directory, noun: Noun, id: &str) -> Result<Arc<Suppression>, WebError> {
    id.parse()
        .ok()
        .and_then(|id| directory.suppressions.get(&SuppressionId(id)))
        .filter(|one| one.kind == noun.kind())
        .cloned()
        .ok_or_else(|| WebError::not_found(noun.one()))
}

async fn list(state: State, me: SignedIn, noun: Of) -> Result<HttpResponse, WebError> {
    let (noun, now) = (**noun, state.now());
    let directory = state.directory();
    let (held, ended) = state
        .store()
        .read(move |c| {
            let held = store::alert::counts_held(c)?;
            let ended = store::suppression::ended(c, noun.kind(), ENDED)?;
            Ok::<_, store::Error>((held, ended))
        })
        .await?;
    let of_kind = directory
        .suppressions
        .values()
        .filter(|one| one.kind == noun.kind())
        .filter_map(|one| row::row(one, None, &directory, &held, now));
    let past = ended
        .iter()
        .filter_map(|(one, ended)| row::row(one, Some(*ended), &directory, &held, now));
    let mut page = SuppressionListPage {
        frame: frame(&state, &me, noun.title(), Nav::Silences).await,
        noun,
        now: Vec::new(),
        to_come: Vec::new(),
        ended: Vec::new(),
    };
    for row in of_kind.chain(past) {
        match row.standing {
            Standing::Now { .. } => page.now.push(row),
            Standing::ToCome { .. } => page.to_come.push(row),
            Standing::Over { .. } | Standing::Ended { .. } => page.ended.push(row),
        }
    }
    page.now.sort_by_key(|row| (instant(row), row.id));
    page.to_come.sort_by_key(|row| (instant(row), row.id));
    page.ended
        .sort_by_key(|row| std::cmp::Reverse((instant(row), row.id)));
    page.ended.truncate(usize::try_from(ENDED).unwrap_or(0));
    render(&page)
}

fn instant(row: &SuppressionRow) -> Timestamp {
    match row.standing {
        Standing::Now { until } => until,
        Standing::ToCome { from, .. } => from,
        Standing::Over { at } | Standing::Ended { at } => at,
    }
}

async fn show(
    state: State,
    me: SignedIn,
    noun: Of,
    id: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    let (noun, now) = (**noun, state.now());
    let directory = state.directory();
    let id = id
        .parse()
        .map(SuppressionId)
        .map_err(|_| WebError::not_found(noun.one()))?;
    let known = directory.clone();
    let (one, ended, held, paged, counts) = state
        .store()
        .read(move |c| {
            let (one, ended) = store::suppression::fetch(c, id).map_err(|error| match error {
                store::Error::NotFound => engine::Error::NotFound(noun.one()),
                other => other.into(),
            })?;
            let filter = Filter {
                status: Some(AlertStatus::Open),
                held_by: Some(vec![id.0]),
                ..Filter::default()
            };
            let shown = i64::try_from(ALERTS).unwrap_or(0);
            let held = store::alert::list(c, &filter, None, shown)?;
            let held = alert::rows(c, &held, &known, now)?;
            let active = ended.is_none() && one.active_until(now).is_some();
            let mut paged = match active {
                true => engine::suppression::matching(c, &known, &one)?,
                false => Vec::new(),
            };
            paged.retain(|alert| alert.incident_id.is_some());
            paged.truncate(ALERTS);
            let paged = alert::rows(c, &paged, &known, now)?;
            let counts = store::alert::counts_held(c)?;
            Ok::<_, engine::Error>((one, ended, held, paged, counts))
        })
        .await?;
    let row = row::row(&one, ended, &directory, &counts, now)
        .filter(|row| row.noun == noun)
        .ok_or_else(|| WebError::not_found(noun.one()))?;
    let ended_by = ended.map(|Ended { by, .. }| match by {
        Some(user) => directory.user_name(user).to_owned(),
        None => "the API".to_owned(),
    });
    render(&SuppressionPage {
        frame: frame(&state, &me, &one.comment, Nav::Silences).await,
        created_at: one.created_at,
        zone: one.zone.clone(),
        starts_at: one.starts_at,
        ends_at: one.ends_at,
        ended_by,
        occurrences: match ended {
            Some(_) => Vec::new(),
            None => one.upcoming(now, form::SHOWN),
        },
        held,
        paged,
        row,
    })
}

/// The page around a form, with what would come of it.
async fn form_page(
    state: &AppState,
    me: &SignedIn,
    noun: Noun,
    id: Option<SuppressionId>,
    mut typed: SuppressionForm,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let (directory, now) = (state.directory(), state.now());
    let preview = match form::trial(&mut typed, noun, &me.ctx(now), &directory) {
        None => None,
        Some(would) => {
            let known = directory.clone();
            let read = move |c: &mut store::Conn| form::previewed(c, &would, &known, now);
            Some(state.store().read(read).await?)
        }
    };
    let title = match id {
        Some(_) => format!("Edit {}", noun.one()),
        None => format!("New {}", noun.one()),
    };
    let frame = frame(state, me, &title, Nav::Silences).await;
    let page = form::page(frame, &directory, noun, id, typed, preview);
    render_with(status, &page)
}

/// `GET …/new?alert=&incident=&service=&from=`: about an alert, an incident's alerts, a service, or
/// once more as another one was.
async fn new(
    state: State,
    me: SignedIn,
    noun: Of,
    req: HttpRequest,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let noun = **noun;
    let number = |name: &str| -> Option<i64> { query::value(&req, name)?.parse().ok() };
    let zone = me.zone.iana_name().unwrap_or("UTC");
    let mut form = SuppressionForm::empty(zone);
    let directory = state.directory();
    if let Some(from) = number("from") {
        let id = SuppressionId(from);
        let read = move |c: &mut store::Conn| store::suppression::fetch(c, id);
        if let Ok((before, _)) = state.store().read(read).await {
            form = form.about(&before.services, &before.integrations, &before.matchers);
            form.fields = form.fields.with("comment", before.comment);
        }
    }
    let service = query::value(&req, "service");
    if let Some(service) = service.and_then(|slug| directory.service_by_slug(&slug)) {
        form = form.about(&[service.id], &[], &[]);
    }
    let (alert, incident) = (number("alert"), number("incident"));
    if alert.is_some() || incident.is_some() {
        form = state
            .store()
            .read(move |c| form::about(c, &directory, form.clone(), alert, incident))
            .await?;
    }
    form_page(&state, &me, noun, None, form, StatusCode::OK).await
}

async fn create(
    state: State,
    me: SignedIn,
    noun: Of,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let noun = **noun;
    let mut form = SuppressionForm::from_pairs(typed.pairs().to_vec());
    if form.press != Some(Press::Save) {
        return form_page(&state, &me, noun, None, form, StatusCode::OK).await;
    }
    let ctx = me.ctx(state.now());
    if let Some(input) = form::input(&mut form, noun, ctx.now) {
        match create_suppression(state.store(), &ctx, input).await {
            Ok(id) => {
                let path = format!("{}/{id}", noun.path());
                let directory = state.directory();
                let told = directory.suppressions.get(&id);
                let told = match told.is_none_or(|one| one.is_told_of()) {
                    true => "You hear an hour before it ends.",
                    false => "It lasts no longer than an hour, so nothing tells you that it ends.",
                };
                let text = format!("The {} is set. {told}", noun.one());
                let flash = Flash {
                    kind: FlashKind::Done,
                    text: form.fields.with_notes(&text),
                    undo: Some(Undo {
                        action: format!("{path}/end"),
                        fields: Vec::new(),
                        label: "Undo".to_owned(),
                    }),
                };
                return Ok(redirect_with(&state, &path, &flash));
            }
            Err(error) => form::refuse(&mut form, error)?,
        }
    }
    form_page(
        &state,
        &me,
        noun,
        None,
        form,
        StatusCode::UNPROCESSABLE_ENTITY,
    )
    .await
}

async fn edit_page(
    state: State,
    me: SignedIn,
    noun: Of,
    id: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let noun = **noun;
    let one = find(&state.directory(), noun, &id)?;
    let mut form = SuppressionForm::of(&one);
    let shown = version::of_suppression(&one);
    form.fields.put(version::FIELD, shown);
    form_page(&state, &me, noun, Some(one.id), form, StatusCode::OK).await
}

async fn edit(
    state: State,
    me: SignedIn,
    noun: Of,
    id: web::Path<String>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let noun = **noun;
    let one = find(&state.directory(), noun, &id)?;
    let mut form = SuppressionForm::from_pairs(typed.pairs().to_vec());
    if form.press != Some(Press::Save) {
        return form_page(&state, &me, noun, Some(one.id), form, StatusCode::OK).await;
    }
    if version::is_old(&mut form.fields, &version::of_suppression(&one)) {
        return form_page(&state, &me, noun, Some(one.id), form, StatusCode::CONFLICT).await;
    }
    let ctx = me.ctx(state.now());
    if let Some(input) = form::input(&mut form, noun, ctx.now) {
        match edit_suppression(state.store(), &ctx, one.id, input).await {
            Ok(()) => {
                let path = format!("{}/{}", noun.path(), one.id);
                let text = "Saved. What it does not hold back any more and still fires, pages.";
                let text = form.fields.with_notes(text);
                return Ok(redirect_with_flash(&state, &path, &text));
            }
            Err(error) => form::refuse(&mut form, error)?,
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(&state, &me, noun, Some(one.id), form, status).await
}

async fn end(
    state: State,
    me: SignedIn,
    noun: Of,
    id: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let noun = **noun;
    let one = find(&state.directory(), noun, &id)?;
    end_suppression(state.store(), &me.ctx(state.now()), one.id).await?;
    let text = format!("The {} is over. What still fires pages now.", noun.one());
    Ok(redirect_with_flash(&state, noun.path(), &text))
}
