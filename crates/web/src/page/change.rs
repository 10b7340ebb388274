//! Changes: the list, and telling one by hand.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::change_event::{Bearing, Change, ChangeEvent, ChangeKind, Course, courses};
use domain::directory::Directory;
use domain::signal::Link as ChangeLink;
use domain::{Span, Timestamp};
use engine::change_event::{NewChange, tell, teller};
use store::change_event::Filter;

use super::{complaint, name};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::change::{ChangeFilter, ChangeListPage, ChangeRow};
use crate::view::{Form, Link, Nav};

const ROWS: i64 = 50;
const HERE: &str = "/changes";

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource(HERE)
            .route(web::get().to(list))
            .route(web::post().to(create)),
    );
}

/// `GET /changes?service=&kind=&q=&before=`.
async fn list(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let filter = ChangeFilter::from_query(req.query_string());
    render(&page(&state, &me, filter, Form::new()).await?)
}

async fn page(
    state: &AppState,
    me: &SignedIn,
    filter: ChangeFilter,
    form: Form,
) -> Result<ChangeListPage, WebError> {
    let directory = state.directory();
    let wanted = Filter {
        service: directory.service_by_slug(&filter.service).map(|one| one.id),
        kind: filter.kind,
        words: filter
            .q
            .split_whitespace()
            .take(8)
            .map(str::to_owned)
            .collect(),
        ..Filter::default()
    };
    let before = filter.before;
    let mut changes = state
        .store()
        .read(move |c| store::change_event::list(c, &wanted, before, ROWS + 1))
        .await?;
    let shown = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let more = changes.len() > shown;
    changes.truncate(shown);
    let older = changes
        .last()
        .filter(|_| more)
        .map(|last| filter.older_than(last.at, last.id));
    Ok(ChangeListPage {
        frame: frame(state, me, "Changes", Nav::Changes).await,
        rows: courses(&changes)
            .iter()
            .map(|course| row(course, &directory))
            .collect(),
        services: name::service_slugs(&directory),
        filter,
        older,
        form,
    })
}

/// `POST /changes`.
async fn create(
    state: State,
    me: SignedIn,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    let kind: ChangeKind = form.get("kind").parse().unwrap_or(ChangeKind::Other);
    let ctx = me.ctx(state.now());
    let who = state.directory().user_name(me.id()).to_owned();
    let mut event = ChangeEvent::new(kind, "", form.get("summary").trim(), who);
    let link = form.get("link").trim();
    if !link.is_empty() {
        event.links.push(ChangeLink {
            href: link.to_owned(),
            text: String::new(),
        });
    }
    let service = Some(form.get("service").to_owned()).filter(|slug| !slug.is_empty());
    match tell(state.store(), ctx, NewChange { service, event }).await {
        Ok(_) => Ok(redirect_with_flash(
            &state,
            HERE,
            "The change is written down.",
        )),
        Err(error) => {
            complaint::show_plain(&mut form, error)?;
            let page = page(&state, &me, ChangeFilter::default(), form).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// Where a change stands on the list.
pub fn address(change: &Change, directory: &Directory) -> String {
    let service = change.service_id.and_then(|id| directory.service(id));
    match service {
        Some(service) => format!("{HERE}?service={}#change-{}", service.slug, change.id),
        None => format!("{HERE}#change-{}", change.id),
    }
}

/// One change as lists show it.
pub fn row(course: &Course<'_>, directory: &Directory) -> ChangeRow {
    let change: &Change = course.latest;
    let event = &change.event;
    let service = change.service_id.and_then(|id| directory.service(id));
    let empty = event.details.is_null()
        || event
            .details
            .as_object()
            .is_some_and(serde_json::Map::is_empty);
    ChangeRow {
        id: change.id,
        kind: event.kind,
        status: event.status,
        summary: event.summary.clone(),
        source: event.source.clone(),
        service: service.map(|service| Link {
            label: service.name.clone(),
            href: format!("/services/{}", service.slug),
        }),
        by: teller(change, directory),
        began: course.began,
        ended: course.ended.filter(|ended| *ended > course.began),
        links: event
            .links
            .iter()
            .map(|link| (link.text.clone(), link.href.clone()))
            .collect(),
        details: match empty {
            true => String::new(),
            false => serde_json::to_string_pretty(&event.details).unwrap_or_default(),
        },
        bearing: None,
        running: false,
    }
}

/// One change as the page of an incident shows it that opened at `opened`.
pub fn row_beside(course: &Course<'_>, directory: &Directory, opened: Timestamp) -> ChangeRow {
    let (bearing, running) = match course.bearing(opened) {
        Bearing::Before(Span::ZERO) => ("just before".to_owned(), false),
        Bearing::Before(gap) => (format!("{gap} before"), false),
        Bearing::Running => ("was running when this opened".to_owned(), true),
        Bearing::During => {
            let later = course.began.since(opened);
            (format!("{later} after this opened"), false)
        }
    };
    ChangeRow {
        bearing: Some(bearing),
        running,
        ..row(course, directory)
    }
}
