//! Who looks at a page: extractors for signed-in people.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use domain::directory::User;
use domain::word::AccountRole;
use domain::{Timestamp, UserId};
use engine::access::{self, Right};
use engine::account::{self, CurrentSession, NewSession};
use engine::{Engine, OpContext};
use jiff::tz::TimeZone;

use crate::cookie;
use crate::error::WebError;
use crate::state::{AppState, WebConfig};
use crate::view::{Frame, Theme};

/// What a request's session turned out to be; looked up once a request.
#[derive(Clone, Copy)]
struct Known(Option<CurrentSession>);

/// A signed-in person. Everybody else is led to the sign-in page, or to the set-up while there is
/// no account.
#[derive(Clone)]
pub struct SignedIn {
    pub user: Arc<User>,
    pub role: AccountRole,
    pub session: CurrentSession,
    /// For the forms of the page.
    pub csrf: String,
    /// Of the person; UTC when unknown.
    pub zone: TimeZone,
    pub theme: Theme,
    /// Path and query of the request.
    pub here: String,
    pub(crate) flash: Option<String>,
    /// Whether a script asks for a part of a page.
    pub htmx: bool,
}

impl SignedIn {
    pub fn id(&self) -> UserId {
        self.user.id
    }

    /// For the commands and queries of the engine.
    pub fn ctx(&self, now: Timestamp) -> OpContext {
        self.session.context(now)
    }

    /// Whether the role allows it.
    pub fn may(&self, right: Right) -> bool {
        access::allows(self.role, right)
    }

    /// # Errors
    /// [`WebError`] 403 when the role does not allow it.
    pub fn require(&self, right: Right) -> Result<(), WebError> {
        if self.may(right) {
            Ok(())
        } else {
            Err(engine::Error::Forbidden.into())
        }
    }
}

/// A signed-in person or nobody.
#[derive(Clone)]
pub struct MaybeSignedIn(pub Option<SignedIn>);

/// What a page seen signed out needs of its request.
#[derive(Clone)]
pub struct Guest {
    pub csrf: String,
    pub theme: Theme,
    pub here: String,
    pub user_agent: String,
    /// The client's address as the server sees it.
    pub address: String,
    /// What was done on the page before.
    pub flash: Option<String>,
}

impl Guest {
    pub fn of(req: &HttpRequest) -> Guest {
        let user_agent = req
            .headers()
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        Guest {
            csrf: crate::csrf::token(req),
            theme: theme(req),
            here: here(req),
            user_agent: user_agent.chars().take(300).collect(),
            address: req
                .peer_addr()
                .map(|peer| peer.ip().to_string())
                .unwrap_or_default(),
            flash: state_of(req)
                .ok()
                .and_then(|state| crate::frame::flash_of(req, state)),
        }
    }

    pub fn frame(&self, state: &AppState, title: &str) -> Frame {
        let mut frame = Frame::signed_out(title, &self.csrf, state.now());
        frame.theme = self.theme;
        frame.here.clone_from(&self.here);
        frame.demo = state.config.demo;
        frame.flash = crate::frame::shown(self.flash.as_deref());
        frame
    }
}

impl FromRequest for Guest {
    type Error = WebError;
    type Future = std::future::Ready<Result<Self, WebError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Guest::of(req)))
    }
}

type Pending<T> = Pin<Box<dyn Future<Output = Result<T, WebError>>>>;

impl FromRequest for MaybeSignedIn {
    type Error = WebError;
    type Future = Pending<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move { Ok(MaybeSignedIn(look_up(&req).await?)) })
    }
}

impl FromRequest for SignedIn {
    type Error = WebError;
    type Future = Pending<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            match look_up(&req).await? {
                Some(me) => Ok(me),
                None => Err(turned_away(&req)),
            }
        })
    }
}

/// Where to send somebody who is not signed in.
fn turned_away(req: &HttpRequest) -> WebError {
    let state = req.app_data::<Data<AppState>>();
    if state.is_some_and(|state| account::setup_needed(state.store())) {
        return WebError::SetUp;
    }
    // A form cannot be sent again after the sign-in.
    let next = if matches!(*req.method(), Method::GET | Method::HEAD) {
        here(req)
    } else {
        "/".to_owned()
    };
    WebError::SignIn { next }
}

pub(crate) async fn look_up(req: &HttpRequest) -> Result<Option<SignedIn>, WebError> {
    let Some(session) = current(req).await? else {
        return Ok(None);
    };
    let state = state_of(req)?;
    let directory = state.directory();
    let Some(user) = directory.users.get(&session.user_id).cloned() else {
        return Ok(None);
    };
    Ok(Some(SignedIn {
        zone: TimeZone::get(&user.zone).unwrap_or(TimeZone::UTC),
        user,
        role: session.role,
        session,
        csrf: crate::csrf::token(req),
        theme: theme(req),
        here: here(req),
        flash: crate::frame::flash_of(req, state),
        htmx: is_htmx(req),
    }))
}

/// The session of a request, looked up once.
pub(crate) async fn current(req: &HttpRequest) -> Result<Option<CurrentSession>, WebError> {
    if let Some(Known(known)) = req.extensions().get::<Known>().copied() {
        return Ok(known);
    }
    let found = match req.cookie(cookie::SESSION) {
        Some(cookie) => {
            let engine: &Engine = &state_of(req)?.engine;
            account::session(engine.store(), cookie.value(), engine.now()).await?
        }
        None => None,
    };
    req.extensions_mut().insert(Known(found));
    Ok(found)
}

fn state_of(req: &HttpRequest) -> Result<&Data<AppState>, WebError> {
    req.app_data::<Data<AppState>>()
        .ok_or_else(|| WebError::Internal("a handler without state".into()))
}

/// Whether a script asks for a part of a page.
pub fn is_htmx(req: &HttpRequest) -> bool {
    req.headers().contains_key("hx-request")
}

fn theme(req: &HttpRequest) -> Theme {
    req.cookie(cookie::THEME)
        .map_or(Theme::System, |cookie| Theme::parse(cookie.value()))
}

fn here(req: &HttpRequest) -> String {
    req.uri()
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned()
}

/// A path of this site, or `/`: what a form says as `next` is not to be trusted.
pub fn local_path(next: &str) -> &str {
    let clean = next.starts_with('/')
        && !next.starts_with("//")
        && !next.starts_with("/\\")
        && next
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if clean { next } else { "/" }
}

/// The cookie of a session that has just begun.
pub fn session_cookie(
    config: &WebConfig,
    session: &NewSession,
    now: Timestamp,
) -> actix_web::cookie::Cookie<'static> {
    let seconds = session.expires_at.since(now).as_seconds();
    cookie::make(
        config,
        cookie::SESSION,
        session.token.clone(),
        Some(seconds),
    )
}

/// The token of the session's cookie, for signing out.
pub fn session_token(req: &HttpRequest) -> Option<String> {
    req.cookie(cookie::SESSION)
        .map(|cookie| cookie.value().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_stays_on_this_site() {
        assert_eq!(local_path("/incidents/42?tab=1"), "/incidents/42?tab=1");
        for bad in [
            "",
            "incidents",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nSet-Cookie: x",
            "/ä",
        ] {
            assert_eq!(local_path(bad), "/", "{bad}");
        }
    }
}
