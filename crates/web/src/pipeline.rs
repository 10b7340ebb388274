//! What every request passes through: an id, the log, the numbers, security headers, cookies, and
//! the form in which a failure is told.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse, Url};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, ResponseError};

use crate::csrf::FreshCookie;
use crate::error::WebError;
use crate::frame::FlashShown;
use crate::session::{self, Guest};
use crate::state::AppState;
use crate::view::problem::ProblemPage;
use crate::view::{Frame, Nav};
use crate::{compress, cookie, frame, headers, metrics};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names a request in the log and in the answer.
#[derive(Clone, Copy)]
pub struct RequestId(pub u64);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The middleware around everything.
pub(crate) async fn run<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let in_flight = metrics::InFlight::begin();
    let id = RequestId(rand::random());

    let req = folded(req);
    let response = match next.call(req).await {
        Ok(response) => response.map_into_boxed_body(),
        // Only services that are no handlers fail like this; there are none of ours.
        Err(error) => return Err(error),
    };
    let mut response = tell_failure(response, id).await;
    finish(&mut response, id);
    let response = compress::page(response);

    let elapsed = began.elapsed();
    metrics::request(response.request(), response.status(), elapsed);
    drop(in_flight);
    tracing::debug!(
        request.id = %id,
        method = %response.request().method(),
        path = %Redacted(response.request().path()),
        status = response.status().as_u16(),
        duration_us = elapsed.as_micros(),
        "request"
    );
    Ok(response)
}

/// Folds repeated slashes in addresses of monitors, whose clients put a path behind a host that
/// ends with a slash. Escaped ones stay: they are part of a name.
fn folded(mut req: ServiceRequest) -> ServiceRequest {
    if let Some(uri) = fold(req.uri()) {
        req.match_info_mut().set(Url::new(uri.clone()));
        req.head_mut().uri = uri;
    }
    req
}

/// `None` where there is nothing to fold.
fn fold(uri: &Uri) -> Option<Uri> {
    // One look at the path is all that this costs others.
    let first = uri
        .path()
        .as_bytes()
        .windows(2)
        .position(|two| two == b"//")?;
    let (head, tail) = uri.path().split_at(first);
    let mut target = head.to_owned();
    for segment in tail.split('/').filter(|segment| !segment.is_empty()) {
        target.push('/');
        target.push_str(segment);
    }
    if tail.ends_with('/') {
        target.push('/');
    }
    if !is_for_monitors(&target) {
        return None;
    }
    if let Some(query) = uri.query() {
        target.push('?');
        target.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// A path without the secrets that some hold: keys of integrations, tokens of mail links.
pub(crate) struct Redacted<'a>(pub &'a str);

impl std::fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for prefix in ["/integrations/", "/heartbeat/", "/a/", "/calendar/"] {
            if let Some(rest) = self.0.strip_prefix(prefix) {
                let tail = rest.find('/').map_or("", |at| &rest[at..]);
                return write!(f, "{prefix}…{tail}");
            }
        }
        f.write_str(self.0)
    }
}

/// Whether programs talk to this address.
fn is_for_programs(path: &str) -> bool {
    [
        "/api/v1",
        "/v2/",
        "/api/v2/",
        "/generic/",
        "/v1/",
        "/jsm/",
        "/-/",
        "/integrations/",
        "/heartbeat/",
        "/webhooks/",
        "/healthz",
        "/readyz",
        "/metrics",
        "/static/",
        "/search.json",
    ]
    .iter()
    .any(|prefix| path.starts_with(prefix))
}

/// Whether only monitors talk to this address.
fn is_for_monitors(path: &str) -> bool {
    [
        "/v2/",
        "/integrations/",
        "/heartbeat/",
        "/api/v2/",
        "/generic/",
        "/v1/",
        "/jsm/",
        "/-/",
    ]
    .iter()
    .any(|prefix| path.starts_with(prefix))
}

fn wants_page(req: &HttpRequest) -> bool {
    if is_for_programs(req.path()) {
        return false;
    }
    let accept = req
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    match accept {
        Some(accept) => accept.contains("text/html") || accept.contains("*/*"),
        None => true,
    }
}

/// Replaces the body of a failure by a page for browsers, and gives those of the framework the
/// form of ours.
async fn tell_failure(response: ServiceResponse, id: RequestId) -> ServiceResponse {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let req = response.request().clone();
    let own: Option<&WebError> = response
        .response()
        .error()
        .and_then(|error| error.as_error::<WebError>());
    let foreign = match own {
        Some(_) => None,
        None => match foreign_failure(&response) {
            Some(error) => Some(error),
            // A handler that made its answer itself.
            None => return response,
        },
    };
    let Some(error) = own.or(foreign.as_ref()) else {
        return response;
    };
    error.log(id);

    let replacement = match error {
        WebError::SignIn { next } if wants_page(&req) => sign_in(&req, next),
        WebError::SetUp if wants_page(&req) => redirect(&req, "/setup"),
        error if wants_page(&req) && *req.method() != Method::HEAD => {
            problem_page(&req, error, id).await
        }
        error if foreign.is_some() => error.error_response(),
        _ => return response,
    };
    response.into_response(replacement)
}

/// A failure that the framework made, in our words.
fn foreign_failure(response: &ServiceResponse) -> Option<WebError> {
    let has_error = response.response().error().is_some();
    let is_empty = matches!(
        response.response().body().size(),
        actix_web::body::BodySize::None | actix_web::body::BodySize::Sized(0)
    );
    if !has_error && !is_empty {
        return None;
    }
    Some(match response.status() {
        StatusCode::NOT_FOUND => WebError::not_found("page"),
        StatusCode::METHOD_NOT_ALLOWED => WebError::MethodNotAllowed,
        status if status.is_server_error() && has_error => {
            let text = response
                .response()
                .error()
                .map(ToString::to_string)
                .unwrap_or_default();
            WebError::Internal(text)
        }
        status if status.is_client_error() && has_error => {
            WebError::BadRequest("the request cannot be understood".into())
        }
        _ => return None,
    })
}

fn sign_in(req: &HttpRequest, next: &str) -> HttpResponse {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("next", next)
        .finish();
    redirect(
        req,
        &if next == "/" {
            "/sign-in".to_owned()
        } else {
            format!("/sign-in?{query}")
        },
    )
}

fn redirect(req: &HttpRequest, to: &str) -> HttpResponse {
    if session::is_htmx(req) {
        // Following a redirect would put the sign-in page into a corner of this one.
        return HttpResponse::Unauthorized()
            .insert_header(("HX-Redirect", to))
            .finish();
    }
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .finish()
}

async fn problem_page(req: &HttpRequest, error: &WebError, id: RequestId) -> HttpResponse {
    let (status, _) = error.kind();
    let frame = frame_for(req).await;
    let page = match (status, error) {
        (StatusCode::NOT_FOUND, _) => ProblemPage::not_found(frame),
        (_, WebError::StaleForm) => ProblemPage::stale_form(frame),
        (StatusCode::FORBIDDEN, _) => ProblemPage::forbidden(frame, ""),
        (StatusCode::INTERNAL_SERVER_ERROR, _) => ProblemPage::broken(frame, &id.to_string()),
        (StatusCode::SERVICE_UNAVAILABLE, WebError::Engine(engine::Error::Store(_))) => {
            ProblemPage::unavailable(frame)
        }
        _ => {
            let title = status.canonical_reason().unwrap_or("This did not work");
            ProblemPage::new(frame, status.as_u16(), title, &sentence(&error.detail()))
        }
    };
    let mut response = match frame::render_with(status, &page) {
        Ok(response) => response,
        Err(_) => return error.error_response(),
    };
    if let Some(seconds) = error.retry_after() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// First letter large, full stop at the end.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let mut sentence: String = first.to_uppercase().chain(letters).collect();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

async fn frame_for(req: &HttpRequest) -> Frame {
    let Some(state) = req.app_data::<Data<AppState>>() else {
        return Frame::signed_out("", "", domain::Timestamp(0));
    };
    match session::look_up(req).await {
        Ok(Some(me)) => frame::frame(state, &me, "", Nav::None).await,
        _ => Guest::of(req).frame(state, ""),
    }
}

/// Headers and cookies of every answer.
fn finish(response: &mut ServiceResponse, id: RequestId) {
    let req = response.request();
    let Some(state) = req.app_data::<Data<AppState>>() else {
        return;
    };
    let https = state.config.https();
    let browser = !is_for_monitors(req.path());
    let (fresh, shown) = {
        let of_page = req.extensions();
        let config = &state.config;
        let fresh = of_page.get::<FreshCookie>();
        (
            fresh.map(|FreshCookie(value)| cookie::make(config, cookie::CSRF, value.clone(), None)),
            (of_page.get::<FlashShown>()).map(|_| cookie::remove(config, cookie::FLASH)),
        )
    };
    let headers = response.headers_mut();
    // Clients of some vendors want to find the id in the body, too, and so it is set already.
    if !headers.contains_key(REQUEST_ID)
        && let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(id.to_string()))
    {
        headers.insert(REQUEST_ID, value);
    }
    headers::secure(headers, https, browser);
    if let Some(cookie) = fresh {
        add_cookie(response, &cookie);
    }
    if let Some(cookie) = shown.filter(|_| !sets_flash(response)) {
        add_cookie(response, &cookie);
    }
}

/// Whether the answer brings a message of its own for the next page.
fn sets_flash(response: &ServiceResponse) -> bool {
    response.headers().get_all(header::SET_COOKIE).any(|value| {
        value
            .to_str()
            .is_ok_and(|text| text.starts_with(concat!("qd_flash", "=")))
    })
}

fn add_cookie(response: &mut ServiceResponse, cookie: &actix_web::cookie::Cookie<'_>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_paths_are_not_logged() {
        let of = |path| Redacted(path).to_string();
        assert_eq!(of("/integrations/abc123/events"), "/integrations/…/events");
        assert_eq!(of("/integrations/abc123"), "/integrations/…");
        assert_eq!(of("/heartbeat/1-1-abc/fail"), "/heartbeat/…/fail");
        assert_eq!(of("/a/token"), "/a/…");
        assert_eq!(of("/incidents/42"), "/incidents/42");
        assert_eq!(of("/api/v1/incidents"), "/api/v1/incidents");
    }

    #[test]
    fn slashes_are_folded_for_monitors_only() {
        let of = |uri: &str| fold(&uri.parse().unwrap()).map(|uri| uri.to_string());
        for (asked, meant) in [
            ("//v2/enqueue", "/v2/enqueue"),
            ("/v2/enqueue//", "/v2/enqueue/"),
            (
                "///v2//alerts/a%2F%2Fb//close?x=//",
                "/v2/alerts/a%2F%2Fb/close?x=//",
            ),
            ("/integrations/k//v2/enqueue", "/integrations/k/v2/enqueue"),
            ("//heartbeat/k//fail", "/heartbeat/k/fail"),
            ("http://host//v2/enqueue?a=b", "http://host/v2/enqueue?a=b"),
        ] {
            assert_eq!(of(asked).as_deref(), Some(meant), "{asked}");
        }
        for other in [
            "/v2/enqueue",
            "//",
            "//incidents",
            "/api//v1/alerts",
            "/static//x.css",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn details_become_sentences() {
        assert_eq!(sentence("there is no such page"), "There is no such page.");
        assert_eq!(sentence("Stop!"), "Stop!");
        assert_eq!(sentence(""), "");
    }
}
