//! Headers that make browsers careful.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Everything comes from this site; nothing is inline; nobody frames us.
pub const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                       img-src 'self' data:; connect-src 'self'; font-src 'self'; \
                       manifest-src 'self'; form-action 'self'; base-uri 'none'; \
                       frame-ancestors 'none'";

static ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CSP),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Adds what is not there yet. What is not said to be kept is not kept. `browser` is false where
/// only monitors knock, tens of thousands of times a second: they show nothing to anybody.
pub(crate) fn secure(headers: &mut HeaderMap, https: bool, browser: bool) {
    let wanted = if browser { &ALWAYS[..] } else { &ALWAYS[..1] };
    for (name, value) in wanted {
        headers.insert(name.clone(), value.clone());
    }
    if https {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
