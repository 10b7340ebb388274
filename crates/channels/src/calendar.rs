//! Fetches calendars from addresses that people have typed in.
//!
//! Such an address must not lead to what only this machine can see: unless the settings allow it,
//! addresses of private networks are refused, at the moment of connecting, and after each redirect.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Url;
use reqwest::redirect::{Attempt, Policy};

use crate::guard::{self, PublicOnly, Refused, private_host};

/// From name look-up to the last byte.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Calendars of large providers redirect once or twice.
const REDIRECTS_MAX: usize = 4;

/// Why a calendar could not be fetched: a sentence for whoever typed the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("the address must begin with https:// or http:// and name a host")]
    NoAddress,
    #[error(
        "the address leads into a private network, which the setting calendar.private_addresses \
         does not allow"
    )]
    Private,
    #[error("the server answered {0}; is the address still right?")]
    Status(u16),
    #[error("the file is larger than {0} MiB")]
    TooLarge(usize),
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
}

/// Fetches calendars; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct CalendarClient {
    /// Made when it is first needed: most installations never do.
    client: Arc<OnceLock<reqwest::Client>>,
    private: bool,
}

impl CalendarClient {
    /// `private`: addresses of private networks and of this machine are allowed.
    pub fn new(private: bool) -> CalendarClient {
        CalendarClient {
            private,
            ..CalendarClient::default()
        }
    }

    fn client(&self) -> Result<&reqwest::Client, FetchError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let private = self.private;
        let mut builder = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT)
            // A proxy would look names up by itself.
            .no_proxy()
            .redirect(Policy::custom(move |attempt| redirect(attempt, private)))
            .user_agent(concat!("Quarterdeck/", env!("CARGO_PKG_VERSION")));
        if !private {
            builder = builder.dns_resolver(PublicOnly);
        }
        let client = builder.build().map_err(|error| failed(&error))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// The address as it will be asked: `webcal://` means https.
    ///
    /// # Errors
    /// [`FetchError::NoAddress`] and [`FetchError::Private`].
    pub fn address(&self, text: &str) -> Result<Url, FetchError> {
        let text = text.trim();
        let https = |rest: &str| format!("https://{rest}");
        let text = ["webcal://", "webcals://"]
            .into_iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .map_or_else(|| text.to_owned(), https);
        let url = Url::parse(&text).map_err(|_| FetchError::NoAddress)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(FetchError::NoAddress);
        }
        if !self.private && private_host(&url) {
            return Err(FetchError::Private);
        }
        Ok(url)
    }

    /// The body at the address, at most `most` bytes.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn fetch(&self, address: &str, most: usize) -> Result<Vec<u8>, FetchError> {
        let url = self.address(address)?;
        let request = self
            .client()?
            .get(url)
            .header("accept", "text/calendar, */*;q=0.5");
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        let status = response.status();
        if !status.is_success() {
            return Err(FetchError::Status(status.as_u16()));
        }
        let too_large = FetchError::TooLarge(most / 1024 / 1024);
        if response
            .content_length()
            .is_some_and(|length| length > most as u64)
        {
            return Err(too_large);
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + part.len() > most {
                return Err(too_large);
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }
}

/// Without the address: what stands in it may be a secret.
fn failed(error: &reqwest::Error) -> FetchError {
    if guard::was_refused(error) {
        return FetchError::Private;
    }
    let mut source: Option<&dyn std::error::Error> = Some(error);
    let mut reason = String::new();
    while let Some(cause) = source {
        reason = cause.to_string();
        source = cause.source();
    }
    if error.is_timeout() {
        return FetchError::Unreachable(format!("no answer within {} s", TIMEOUT.as_secs()));
    }
    if error.is_redirect() {
        return FetchError::Unreachable("it redirects too often".to_owned());
    }
    reason.retain(|letter| !letter.is_control());
    FetchError::Unreachable(reason.chars().take(200).collect())
}

fn redirect(attempt: Attempt<'_>, private: bool) -> reqwest::redirect::Action {
    let scheme = matches!(attempt.url().scheme(), "http" | "https");
    if attempt.previous().len() > REDIRECTS_MAX || !scheme {
        return attempt.error("too many redirects");
    }
    if !private && private_host(attempt.url()) {
        return attempt.error(Refused);
    }
    attempt.follow()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_public_is_refused() {
        let client = CalendarClient::new(false);
        for text in [
            "http://127.0.0.1/x.ics",
            "http://127.1/x",
            "http://0x7f000001/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:7f00:1::]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://169.254.169.254/latest/meta-data",
            "http://10.1.2.3/",
            "http://192.168.0.1/",
            "http://172.16.0.1/",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
            "webcal://192.168.1.1/x.ics",
        ] {
            assert_eq!(client.address(text), Err(FetchError::Private), "{text}");
        }
        for text in [
            "",
            "ana",
            "file:///etc/passwd",
            "ftp://example.com/",
            "https://",
        ] {
            assert_eq!(client.address(text), Err(FetchError::NoAddress), "{text}");
        }
        for text in [
            "https://93.184.216.34/a",
            "http://[2606:2800:220:1::1]/",
            "https://a.example",
        ] {
            assert!(client.address(text).is_ok(), "{text}");
        }
        let webcal = client.address("webcal://cal.example/a.ics").unwrap();
        assert_eq!(webcal.as_str(), "https://cal.example/a.ics");
        let all = CalendarClient::new(true);
        assert!(all.address("http://127.0.0.1/x.ics").is_ok());
    }

    #[tokio::test]
    async fn names_are_looked_at_when_they_are_resolved() {
        let client = CalendarClient::new(false);
        let error = client.fetch("http://localhost:9/x.ics", 100).await;
        assert_eq!(error, Err(FetchError::Private));
    }
}
