//! Makes the frame of a page, renders pages, and leads on after a post.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::word::AccountRole;
use engine::access::Right;
use subtle::ConstantTimeEq;

use crate::cookie;
use crate::error::WebError;
use crate::session::{SignedIn, local_path};
use crate::state::AppState;
use crate::view::{Flash, FlashKind, Frame, Nav, Undo, Viewer};

/// The frame of a page of a signed-in person. Without a database the watch bar is left out.
pub async fn frame(state: &AppState, me: &SignedIn, title: &str, active: Nav) -> Frame {
    let now = state.now();
    let watch = crate::watch::watch_bar(state, me.id(), now).await;
    Frame {
        title: title.to_owned(),
        user: Some(Viewer {
            id: me.user.id,
            name: me.user.name.clone(),
            email: me.user.email.clone(),
            role: me.role,
        }),
        can_respond: me.role != AccountRole::Observer,
        can_configure: me.may(Right::Configure),
        can_admin: me.role == AccountRole::Admin,
        csrf: me.csrf.clone(),
        theme: me.theme,
        zone: me.zone.clone(),
        demo: state.config.demo,
        watch,
        active,
        flash: shown(me.flash.as_deref()),
        now,
        here: me.here.clone(),
    }
}

/// Renders a page with status 200.
///
/// # Errors
/// [`WebError::Internal`] when the template fails.
pub fn render(page: &impl Template) -> Result<HttpResponse, WebError> {
    render_with(StatusCode::OK, page)
}

/// Renders a page with another status, such as 422 for a form that was refused.
///
/// # Errors
/// As [`render`].
pub fn render_with(status: StatusCode, page: &impl Template) -> Result<HttpResponse, WebError> {
    let html = page
        .render()
        .map_err(|error| WebError::Internal(format!("the page could not be made: {error}")))?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// Leads on to a page of this site by `303 See Other`.
pub fn redirect(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, local_path(path).to_owned()))
        .finish()
}

/// Leads on and says there what was done.
pub fn redirect_with_flash(state: &AppState, path: &str, text: &str) -> HttpResponse {
    redirect_with(
        state,
        path,
        &Flash {
            kind: FlashKind::Done,
            text: text.to_owned(),
            undo: None,
        },
    )
}

/// Leads on and shows any message there, with its way back if it has one.
pub fn redirect_with(state: &AppState, path: &str, flash: &Flash) -> HttpResponse {
    let mut response = redirect(path);
    let value = write_flash(state, flash);
    let cookie = cookie::make(&state.config, cookie::FLASH, value, Some(60));
    if let Err(error) = response.add_cookie(&cookie) {
        tracing::debug!(%error, "a message for the next page was lost");
    }
    response
}

/// Longest message that travels in the cookie, in characters.
const FLASH_MAX: usize = 500;
const PURPOSE: &str = "flash";

/// Says that the flash was shown and its cookie can go.
#[derive(Clone, Copy)]
pub(crate) struct FlashShown;

fn write_flash(state: &AppState, flash: &Flash) -> String {
    let kind = match flash.kind {
        FlashKind::Done => "done",
        FlashKind::Info => "info",
        FlashKind::Warning => "warning",
        FlashKind::Failed => "failed",
    };
    let text: String = flash.text.chars().take(FLASH_MAX).collect();
    let undo = flash
        .undo
        .as_ref()
        .map(|undo| (&undo.action, &undo.fields, &undo.label));
    let content = serde_json::json!([kind, text, undo]).to_string();
    let signature = state.sign(PURPOSE, &content);
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(content),
        URL_SAFE_NO_PAD.encode(signature)
    )
}

/// The content of a request's flash, if it is ours. It is shown once.
pub(crate) fn flash_of(req: &HttpRequest, state: &AppState) -> Option<String> {
    // A part of a page fetched by script must not swallow it.
    if crate::session::is_htmx(req) {
        return None;
    }
    let cookie = req.cookie(cookie::FLASH)?;
    req.extensions_mut().insert(FlashShown);
    let (content, signature) = cookie.value().split_once('.')?;
    let content = String::from_utf8(URL_SAFE_NO_PAD.decode(content).ok()?).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let expected = state.sign(PURPOSE, &content);
    bool::from(expected.as_slice().ct_eq(&signature)).then_some(content)
}

/// The message that a flash carries, if it carries one.
pub(crate) fn shown(flash: Option<&str>) -> Vec<Flash> {
    flash.and_then(read_flash).into_iter().collect()
}

type UndoParts = (String, Vec<(String, String)>, String);

fn read_flash(content: &str) -> Option<Flash> {
    let (kind, text, undo): (String, String, Option<UndoParts>) =
        serde_json::from_str(content).ok()?;
    let kind = match kind.as_str() {
        "done" => FlashKind::Done,
        "info" => FlashKind::Info,
        "warning" => FlashKind::Warning,
        _ => FlashKind::Failed,
    };
    let undo = undo.map(|(action, fields, label)| Undo {
        action,
        fields,
        label,
    });
    Some(Flash { kind, text, undo })
}
