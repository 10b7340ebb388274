//! The HTTP client for every provider.

use std::time::Duration;

/// A client whose whole requests, from name look-up to the last byte of the answer, end within
/// `timeout`. It follows no redirects: a provider's API has no reason to send credentials and
/// phone numbers elsewhere.
///
/// # Errors
/// When the TLS set-up of this machine is unusable, e.g. without any root certificate.
pub fn client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    builder(timeout).build()
}

/// As [`client`], for whoever has more to say about it.
pub(crate) fn builder(timeout: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("Quarterdeck/", env!("CARGO_PKG_VERSION")))
}
