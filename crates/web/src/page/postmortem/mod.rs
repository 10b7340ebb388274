//! Postmortems: the list, the page, editing, the export.

mod edit;
mod list;
mod show;

use actix_web::http::header::{self, ContentDisposition, DispositionParam, DispositionType};
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::postmortem::number_text;
use engine::postmortem::{Candidate, View};

use crate::error::WebError;
use crate::frame::{frame, render};
use crate::page::query;
use crate::session::SignedIn;
use crate::state::State;
use crate::view::postmortem::{Editing, PostmortemPage};
use crate::view::{Form, Nav};

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.route("/postmortems", web::get().to(index))
        // Before the page, whose number would not take the dot anyway.
        .route("/postmortems/{number}.md", web::get().to(download))
        .route("/postmortems/{number}", web::get().to(page));
    edit::configure(cfg);
}

/// `GET /postmortems?q=&status=&page=`.
async fn index(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let query = list::Query::parse(req.query_string());
    let wanted = query.clone();
    let found = state
        .store()
        .read(move |c| list::Found::read(c, &wanted))
        .await?;
    let frame = frame(&state, &me, "Postmortems", Nav::Postmortems).await;
    render(&found.page(&state.directory(), frame, query))
}

/// `GET /postmortems/{number}?edit={section slug}`.
async fn page(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    req: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let ctx = me.ctx(state.now());
    let view = engine::postmortem::get(state.store(), &ctx, *number).await?;
    let slug = query::value(&req, "edit");
    let mut asked = Asked {
        action: query::value(&req, "action").and_then(|number| number.parse().ok()),
        ..Asked::default()
    };
    if query::value(&req, "choose").as_deref() == Some("timeline") && view.editable {
        asked.candidates = Some(candidates(&state, &me, *number).await?);
    }
    asked.editing = slug.filter(|_| view.editable).and_then(|slug| {
        let section = view.sections.iter().find(|section| section.slug == slug)?;
        Some(Editing {
            slug,
            body: section.body.clone(),
            revision: section.revision,
            preview: None,
            conflict: None,
            error: String::new(),
        })
    });
    render(&made(&state, &me, view, asked, Form::new()).await?)
}

/// What the page shows in place of what is there.
#[derive(Default)]
struct Asked {
    editing: Option<Editing>,
    candidates: Option<Vec<Candidate>>,
    /// The number of the action that is rewritten.
    action: Option<i64>,
}

async fn candidates(
    state: &State,
    me: &SignedIn,
    number: i64,
) -> Result<Vec<Candidate>, engine::Error> {
    let ctx = me.ctx(state.now());
    engine::postmortem::timeline_candidates(state.store(), &ctx, number).await
}

/// The page of a postmortem, as it is now.
async fn made(
    state: &State,
    me: &SignedIn,
    view: View,
    asked: Asked,
    form: Form,
) -> Result<PostmortemPage, WebError> {
    let now = state.now();
    let (view, beside) = state
        .store()
        .read(move |c| {
            let beside = show::Beside::read(c, &view, now)?;
            Ok::<_, engine::Error>((view, beside))
        })
        .await?;
    let number = number_text(view.postmortem.number);
    let title = format!("{number} {}", view.postmortem.title);
    let frame = frame(state, me, &title, Nav::Postmortems).await;
    Ok(show::page(
        view,
        &beside,
        &state.directory(),
        frame,
        asked,
        form,
    ))
}

/// `GET /postmortems/{number}.md`: the file of INCIDENTS.md §5.4.
async fn download(state: State, me: SignedIn, number: Path<i64>) -> Result<HttpResponse, WebError> {
    let ctx = me.ctx(state.now());
    let export = engine::postmortem::export(state.store(), &ctx, *number).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/markdown; charset=utf-8")
        .insert_header(ContentDisposition {
            disposition: DispositionType::Attachment,
            // The name is made of letters, digits, dots and hyphens.
            parameters: vec![DispositionParam::Filename(export.file_name)],
        })
        .insert_header((header::ETAG, format!("\"{}\"", export.version)))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .body(export.bytes))
}
