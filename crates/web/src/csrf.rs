//! Protection against forged posts: every form carries a token that only a page of ours can know,
//! and browsers say where a post comes from.
//!
//! The token is derived from the session's cookie, or, signed out, from a cookie of its own. The
//! server keeps nothing; a token dies with its session.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::cookie;
use crate::error::WebError;
use crate::state::{AppState, mac};
use crate::view::Form;

/// Largest form, in bytes: a postmortem's section is 1 MB at most (INCIDENTS.md §5).
pub const FORM_MAX: usize = 2 * 1024 * 1024;
/// Most fields of a form.
const FIELDS_MAX: usize = 5_000;

/// A `qd_csrf` cookie that the response is to set.
#[derive(Clone)]
pub(crate) struct FreshCookie(pub String);

fn derive(cookie: &str) -> String {
    let secret = mac(cookie.as_bytes(), "csrf", "");
    // Masked anew each time: the sizes of compressed pages would give a constant away.
    let mask: [u8; 32] = rand::random();
    let mut token = mask.to_vec();
    token.extend(secret.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
    URL_SAFE_NO_PAD.encode(token)
}

/// Whether a token was derived from this cookie.
fn belongs(token: &str, cookie: &str) -> bool {
    let Ok(token) = URL_SAFE_NO_PAD.decode(token) else {
        return false;
    };
    let Some((mask, masked)) = token.split_at_checked(32) else {
        return false;
    };
    let given: Vec<u8> = masked
        .iter()
        .zip(mask)
        .map(|(byte, mask)| byte ^ mask)
        .collect();
    let expected = mac(cookie.as_bytes(), "csrf", "");
    masked.len() == expected.len() && bool::from(expected.as_slice().ct_eq(&given))
}

/// The token for the forms of the page being made.
pub fn token(req: &HttpRequest) -> String {
    if let Some(session) = req.cookie(cookie::SESSION) {
        return derive(session.value());
    }
    if let Some(cookie) = req.cookie(cookie::CSRF).filter(|c| c.value().len() >= 20) {
        return derive(cookie.value());
    }
    let fresh = req.extensions().get::<FreshCookie>().cloned();
    let FreshCookie(value) = fresh.unwrap_or_else(|| {
        let fresh = FreshCookie(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>()));
        req.extensions_mut().insert(fresh.clone());
        fresh
    });
    derive(&value)
}

/// Whether a post with this token may act.
///
/// # Errors
/// [`WebError::StaleForm`].
pub fn check(req: &HttpRequest, token: &str) -> Result<(), WebError> {
    check_site(req)?;
    let mut right = false;
    for name in [cookie::SESSION, cookie::CSRF] {
        if let Some(cookie) = req.cookie(name).filter(|cookie| cookie.value().len() >= 20) {
            right |= belongs(token, cookie.value());
        }
    }
    if right {
        Ok(())
    } else {
        Err(WebError::StaleForm)
    }
}

/// What the browser itself says about where the post comes from.
fn check_site(req: &HttpRequest) -> Result<(), WebError> {
    let text = |name: &str| {
        req.headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if let Some(site) = text("sec-fetch-site")
        && !matches!(site, "same-origin" | "none")
    {
        return Err(WebError::StaleForm);
    }
    let Some(origin) = text("origin") else {
        return Ok(());
    };
    // The address that people type may differ from the configured one; both are us.
    let host = text("host").unwrap_or_default();
    let same_host = origin
        .split_once("://")
        .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(host));
    let public = req.app_data::<Data<AppState>>().is_some_and(|state| {
        url::Url::parse(&state.config.public_url).is_ok_and(|url| {
            url.origin()
                .ascii_serialization()
                .eq_ignore_ascii_case(origin)
        })
    });
    if same_host || public {
        Ok(())
    } else {
        // Behind a proxy that changes the host this is a mistake of the settings.
        tracing::info!(
            origin,
            host,
            "a form came from another site than `public_url`"
        );
        Err(WebError::StaleForm)
    }
}

/// A posted form whose token was right. `T` is [`Form`], or a type made from one.
pub struct Checked<T = Form>(pub T);

impl<T> Checked<T> {
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::ops::Deref for Checked<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> FromRequest for Checked<T>
where
    T: TryFrom<Form> + 'static,
    WebError: From<T::Error>,
{
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        let payload = payload.take();
        Box::pin(async move {
            let body = read_form(&req, payload).await?;
            let mut pairs = parse(&body)?;
            let csrf = pairs.iter().position(|(name, _)| name == "csrf");
            let given = csrf.map(|at| pairs.remove(at).1);
            // Script sends it as a header where there is no form.
            let header = req
                .headers()
                .get("x-csrf-token")
                .and_then(|v| v.to_str().ok());
            let given = given
                .or_else(|| header.map(str::to_owned))
                .unwrap_or_default();
            check(&req, &given)?;
            Ok(Checked(T::try_from(Form::from_pairs(pairs))?))
        })
    }
}

/// A posted form without a token: for signed links, whose address is the secret.
pub struct Plain(pub Form);

impl FromRequest for Plain {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        let payload = payload.take();
        Box::pin(async move {
            let body = read_form(&req, payload).await?;
            Ok(Plain(Form::from_pairs(parse(&body)?)))
        })
    }
}

async fn read_form(req: &HttpRequest, payload: Payload) -> Result<Bytes, WebError> {
    let kind = req
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if kind.is_some_and(|kind| {
        !kind
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("application/x-www-form-urlencoded")
    }) {
        return Err(WebError::UnsupportedType(
            "application/x-www-form-urlencoded",
        ));
    }
    crate::body::read(req, payload, FORM_MAX).await
}

/// The pairs of a urlencoded body, in order.
pub(crate) fn parse(body: &[u8]) -> Result<Vec<(String, String)>, WebError> {
    let mut pairs = Vec::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if pairs.len() == FIELDS_MAX {
            return Err(WebError::BadRequest("the form has too many fields".into()));
        }
        // No database text holds NUL.
        pairs.push((name.into_owned(), value.replace('\0', "")));
    }
    Ok(pairs)
}
