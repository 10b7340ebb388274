//! The few cookies: what they are called and how they are set.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use crate::state::WebConfig;

/// The session of a signed-in browser.
pub const SESSION: &str = "qd_session";
/// What forms that work signed out are tied to.
pub const CSRF: &str = "qd_csrf";
/// A message for the next page.
pub const FLASH: &str = "qd_flash";
/// `light` or `dark`; absent: as the system.
pub const THEME: &str = "qd_theme";

/// A cookie of this site that no script reads. `max_age` in seconds; `None`: until the browser
/// closes.
pub fn make(
    config: &WebConfig,
    name: &'static str,
    value: String,
    max_age: Option<i64>,
) -> Cookie<'static> {
    let mut cookie = Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(config.https());
    if let Some(seconds) = max_age {
        cookie = cookie.max_age(Duration::seconds(seconds));
    }
    cookie.finish()
}

/// Takes a cookie out of the browser.
pub fn remove(config: &WebConfig, name: &'static str) -> Cookie<'static> {
    make(config, name, String::new(), Some(0))
}
