//! What goes wrong at the edge, in one type: `application/problem+json` (RFC 9457) with a stable
//! `code` for programs, a page for browsers (made by [`crate::pipeline`]). The codes are documented
//! in `docs/api.md`.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use engine::Problem;
use serde::Serialize;

/// A failed request.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error(transparent)]
    Engine(engine::Error),
    /// The page needs somebody signed in; `next` is where to go afterwards.
    #[error("sign in first")]
    SignIn { next: String },
    /// The API needs a token.
    #[error("send an API token as `Authorization: Bearer qd_…`")]
    NoToken,
    /// There is no account yet.
    #[error("set up the first administrator first")]
    SetUp,
    /// The form's token or origin was not right.
    #[error("this form is out of date: reload the page and send it again")]
    StaleForm,
    #[error("{0}")]
    BadRequest(String),
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// What a monitor sent makes no sense.
    #[error(transparent)]
    Format(#[from] formats::FormatError),
    #[error("the signature is not right")]
    BadSignature,
    /// A body over this many bytes.
    #[error("the body is larger than the {0} bytes allowed here")]
    TooLarge(usize),
    #[error("send the body as {0}")]
    UnsupportedType(&'static str),
    #[error("send the body as it is or compressed by gzip or deflate")]
    UnsupportedEncoding,
    /// The body did not come within this many seconds.
    #[error("the body did not arrive within {0} s")]
    TooSlow(u64),
    /// [`WebError::TooSlow`] told to a monitor, which takes any other 4xx than 429 for a last word.
    #[error("the body did not arrive within {0} s: send it again")]
    TooSlowNow(u64),
    /// The budget of a key is spent, and its client comes again after a 5xx only: in this many
    /// seconds.
    #[error("too many requests with this key; try again in {0} s")]
    TooManyNow(i64),
    #[error("this address does not know that method")]
    MethodNotAllowed,
    /// A fault of ours; the text is for the log only.
    #[error("{0}")]
    Internal(String),
}

impl From<engine::Error> for WebError {
    fn from(error: engine::Error) -> WebError {
        WebError::Engine(error)
    }
}

impl From<store::Error> for WebError {
    fn from(error: store::Error) -> WebError {
        WebError::Engine(error.into())
    }
}

impl From<std::convert::Infallible> for WebError {
    fn from(never: std::convert::Infallible) -> WebError {
        match never {}
    }
}

/// Seconds after which a server that cannot serve is worth another try.
pub const RETRY_AFTER: i64 = 2;

impl WebError {
    pub fn not_found(what: &'static str) -> WebError {
        WebError::Engine(engine::Error::NotFound(what))
    }

    /// What is wrong with fields of a form or body, to show beside them.
    pub fn problems(&self) -> &[Problem] {
        match self {
            WebError::Engine(engine::Error::Invalid(problems)) => problems,
            _ => &[],
        }
    }

    /// The status and the stable code.
    pub fn kind(&self) -> (StatusCode, &'static str) {
        use engine::Error as E;
        use store::Error as S;
        match self {
            WebError::Engine(error) => match error {
                E::Store(S::Busy(_) | S::Unavailable(_) | S::Closed) => {
                    (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
                }
                E::Store(S::NotFound) | E::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
                E::Store(S::Conflict { .. }) => (StatusCode::CONFLICT, "conflict"),
                E::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
                E::Refused(_) => (StatusCode::CONFLICT, "refused"),
                E::Conflict { .. } => (StatusCode::CONFLICT, "conflict"),
                E::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
                E::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
                E::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "unauthenticated"),
                E::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
                E::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            },
            WebError::SignIn { .. } | WebError::NoToken => {
                (StatusCode::UNAUTHORIZED, "unauthenticated")
            }
            WebError::SetUp => (StatusCode::FORBIDDEN, "setup_needed"),
            WebError::StaleForm => (StatusCode::FORBIDDEN, "stale_form"),
            WebError::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            WebError::NotJson(_) => (StatusCode::BAD_REQUEST, "not_json"),
            WebError::Format(
                error @ (formats::FormatError::BadSignature { .. }
                | formats::FormatError::Forged { .. }),
            ) => (StatusCode::UNAUTHORIZED, error.code()),
            WebError::Format(error) => (StatusCode::BAD_REQUEST, error.code()),
            WebError::BadSignature => (StatusCode::FORBIDDEN, "bad_signature"),
            WebError::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            WebError::UnsupportedType(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type")
            }
            WebError::UnsupportedEncoding => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding")
            }
            WebError::TooSlow(_) => (StatusCode::REQUEST_TIMEOUT, "too_slow"),
            WebError::TooSlowNow(_) => (StatusCode::SERVICE_UNAVAILABLE, "too_slow"),
            WebError::TooManyNow(_) => (StatusCode::SERVICE_UNAVAILABLE, "too_many"),
            WebError::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            WebError::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// What may be told to whoever asked. Faults of ours and of the database keep their details
    /// for the log.
    pub fn detail(&self) -> String {
        use engine::Error as E;
        match (self.kind().0, self) {
            (StatusCode::INTERNAL_SERVER_ERROR, _) => {
                "Something failed on the server; its log says more.".to_owned()
            }
            (StatusCode::SERVICE_UNAVAILABLE, WebError::Engine(E::Store(_))) => {
                "The database does not answer; nothing was changed. Try again in a moment."
                    .to_owned()
            }
            (_, WebError::Engine(E::Store(store::Error::Conflict { .. }))) => {
                "There is such a thing already, or something else still needs it.".to_owned()
            }
            _ => self.to_string(),
        }
    }

    /// After how many seconds to try again, where that makes sense.
    pub fn retry_after(&self) -> Option<i64> {
        match self {
            WebError::Engine(engine::Error::TooMany(seconds)) | WebError::TooManyNow(seconds) => {
                Some((*seconds).max(1))
            }
            _ if self.kind().0 == StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER),
            _ => None,
        }
    }

    /// The document for programs.
    pub fn problem(&self) -> ProblemDocument<'_> {
        let (status, code) = self.kind();
        ProblemDocument {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: self.detail(),
            errors: self.problems(),
        }
    }

    /// Told once for each fault of ours; while the database is away only now and then, since every
    /// request fails then.
    pub(crate) fn log(&self, request: impl std::fmt::Display) {
        // Their senders' doing.
        if matches!(self, WebError::TooSlowNow(_) | WebError::TooManyNow(_)) {
            return;
        }
        match self.kind().0 {
            StatusCode::INTERNAL_SERVER_ERROR => {
                tracing::error!(error = %self, request.id = %request, "a request failed");
            }
            StatusCode::SERVICE_UNAVAILABLE if now_and_then() => {
                tracing::warn!(error = %self, request.id = %request, "requests cannot be served");
            }
            _ => {}
        }
    }
}

/// True at most every five seconds.
pub(crate) fn now_and_then() -> bool {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = BEGAN.elapsed().as_secs();
    let next = NEXT.load(Ordering::Relaxed);
    now >= next
        && NEXT
            .compare_exchange(next, now + 5, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
}

/// RFC 9457, with our `code` and `errors`.
#[derive(Debug, Serialize)]
pub struct ProblemDocument<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Problem],
}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        self.kind().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.kind().0);
        if let Some(seconds) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if self.kind().0 == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        match serde_json::to_vec(&self.problem()) {
            Ok(body) => response.body(body),
            Err(_) => response.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Error as E;
    use store::Error as S;

    /// One of each; `docs/api.md` lists them all.
    #[test]
    fn every_code_is_documented() {
        let table = include_str!("../../../docs/api.md");
        let errors = [
            E::NotFound("x").into(),
            E::Refused(String::new()).into(),
            E::Conflict {
                revision: 1,
                current: String::new(),
            }
            .into(),
            E::invalid("x", "y").into(),
            E::Forbidden.into(),
            E::Unauthenticated(String::new()).into(),
            E::TooMany(1).into(),
            E::Overloaded.into(),
            S::Unavailable(String::new()).into(),
            S::Corrupt(String::new()).into(),
            WebError::SetUp,
            WebError::StaleForm,
            WebError::BadSignature,
            WebError::BadRequest(String::new()),
            WebError::NotJson(String::new()),
            WebError::Format(formats::FormatError::Empty),
            WebError::Format(formats::FormatError::NotAnObject { found: "x" }),
            WebError::Format(formats::FormatError::TooMany { found: 1 }),
            WebError::Format(formats::FormatError::InvalidEvent {
                reason: String::new(),
            }),
            WebError::TooLarge(1),
            WebError::UnsupportedType("x"),
            WebError::UnsupportedEncoding,
            WebError::TooSlow(1),
            WebError::TooSlowNow(1),
            WebError::TooManyNow(1),
            WebError::MethodNotAllowed,
        ];
        for error in errors {
            let (status, code) = WebError::kind(&error);
            let row = format!("| `{code}` | {} |", status.as_u16());
            assert!(table.contains(&row), "{row}");
        }
    }

    #[test]
    fn what_failed_inside_stays_inside() {
        let secret = "password=hunter2";
        for error in [
            WebError::Internal(secret.into()),
            S::Corrupt(secret.into()).into(),
            S::Unavailable(secret.into()).into(),
            S::Conflict {
                what: secret.into(),
            }
            .into(),
        ] {
            let document = serde_json::to_string(&error.problem()).unwrap();
            assert!(!document.contains(secret), "{document}");
        }
    }
}
