//! Posts JSON to addresses that people have typed in: webhooks of programs and of chats.
//!
//! One attempt, which ends within 10 s, follows no redirects and, unless the settings allow it,
//! never leads into a private network. Posts to programs are signed by Standard Webhooks.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::{NotificationId, Span, Timestamp};
use formats::signature::sign_standard;
use jiff::fmt::rfc2822;
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode, Url};

use crate::guard::{self, PublicOnly, private_host};
use crate::{Failure, Outcome, Secret, http, reason};

/// PAGING.md §6.5.
const TIMEOUT: Duration = Duration::from_secs(10);
/// So much of an answer is read: what it says stands in its beginning.
const ANSWER_MAX: usize = 2_048;
/// So much of it is shown.
const SHOWN_MAX: usize = 160;
/// Longest that a receiver may ask us to wait; the retry rule gives up before anyway.
const RETRY_AFTER_MAX: Span = Span::from_hours(24);

/// Why an address cannot be posted to: a sentence for whoever typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("the address must begin with https:// or http:// and name a host")]
    NoAddress,
    #[error(
        "the address leads into a private network, which the setting channel.private_addresses \
         does not allow"
    )]
    Private,
}

/// One post, made ready. A repeat carries the same id, so that whoever gets it twice can tell
/// (PAGING.md §6.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    pub notification_id: NotificationId,
    pub url: Secret,
    /// JSON.
    pub body: String,
    /// What it is signed with by Standard Webhooks, the newest first; empty: it is not signed.
    pub secrets: Vec<Secret>,
    /// When this attempt is made.
    pub at: Timestamp,
}

impl Parcel {
    /// `webhook-id`: of the post, whatever the attempt.
    pub fn id(&self) -> String {
        format!("post_{}", self.notification_id)
    }
}

/// Posts; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct PostClient {
    /// Made when it is first needed: most installations never do.
    client: Arc<OnceLock<reqwest::Client>>,
    private: bool,
}

/// What an address must look like, wherever it leads.
///
/// # Errors
/// [`AddressError::NoAddress`].
pub fn address(text: &str) -> Result<Url, AddressError> {
    let url = Url::parse(text.trim()).map_err(|_| AddressError::NoAddress)?;
    if matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|host| !host.is_empty())
    {
        Ok(url)
    } else {
        Err(AddressError::NoAddress)
    }
}

impl PostClient {
    /// `private`: addresses of private networks and of this machine are allowed.
    pub fn new(private: bool) -> PostClient {
        PostClient {
            private,
            ..PostClient::default()
        }
    }

    fn client(&self) -> Result<&reqwest::Client, Failure> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut builder = http::builder(TIMEOUT);
        if !self.private {
            // A proxy would look names up by itself.
            builder = builder.no_proxy().dns_resolver(PublicOnly);
        }
        let client = builder
            .build()
            .map_err(|error| Failure::temporary(reason::chain(&error)))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Makes one attempt.
    ///
    /// # Errors
    /// The classified reason why the receiver did not take the post: 410 says that it wants no more
    /// of them, so that the address is to blame.
    pub async fn send(&self, parcel: &Parcel) -> Result<Outcome, Failure> {
        let refused = |error: AddressError| Failure::Permanent {
            reason: error.to_string(),
            method_broken: false,
        };
        let url = address(parcel.url.reveal()).map_err(refused)?;
        if !self.private && private_host(&url) {
            return Err(refused(AddressError::Private));
        }
        let mut request = self
            .client()?
            .post(url)
            .header("content-type", "application/json");
        if !parcel.secrets.is_empty() {
            let id = parcel.id();
            let signatures: Vec<String> = parcel
                .secrets
                .iter()
                .map(|secret| {
                    sign_standard(secret.reveal(), &id, parcel.at, parcel.body.as_bytes())
                })
                .collect();
            request = request
                .header("webhook-id", id)
                .header(
                    "webhook-timestamp",
                    parcel.at.0.div_euclid(1_000_000).to_string(),
                )
                .header("webhook-signature", signatures.join(" "));
        }
        let sent = request.body(parcel.body.clone()).send().await;
        let response = sent.map_err(|error| unreachable(error, parcel))?;
        if response.status().is_success() {
            return Ok(Outcome::Accepted {
                provider_id: Some(format!("HTTP {}", response.status().as_u16())),
            });
        }
        Err(refusal(response, parcel).await)
    }
}

/// No answer.
fn unreachable(error: reqwest::Error, parcel: &Parcel) -> Failure {
    if guard::was_refused(&error) {
        return Failure::Permanent {
            reason: AddressError::Private.to_string(),
            method_broken: false,
        };
    }
    let what = if error.is_timeout() {
        format!("no answer within {} s", TIMEOUT.as_secs())
    } else {
        // The address may be a secret.
        reason::chain(&error.without_url())
    };
    Failure::temporary(reason::tidy(&what, [&parcel.url]))
}

/// What an answer means that is no success.
async fn refusal(response: Response, parcel: &Parcel) -> Failure {
    let status = response.status();
    let retry_after = retry_after(&response, parcel.at);
    let said = beginning(response).await;
    let what = match said.trim() {
        "" => format!("the receiver answers HTTP {}", status.as_u16()),
        said => format!("the receiver answers HTTP {}: {said}", status.as_u16()),
    };
    let mut reason = reason::tidy(&what, std::iter::once(&parcel.url).chain(&parcel.secrets));
    match status {
        StatusCode::GONE => Failure::Permanent {
            reason,
            method_broken: true,
        },
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Failure::Temporary {
                reason,
                retry_after,
            }
        }
        status if status.is_server_error() => Failure::Temporary {
            reason,
            retry_after,
        },
        status => {
            if status.is_redirection() {
                reason.push_str(" (it redirects, which is not followed: give the final address)");
            }
            Failure::Permanent {
                reason,
                method_broken: false,
            }
        }
    }
}

/// In seconds, or until a date.
fn retry_after(response: &Response, now: Timestamp) -> Option<Span> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u32>() {
        Ok(seconds) => Span::from_seconds(i64::from(seconds)),
        Err(_) => {
            let date = rfc2822::parse(text).ok()?;
            Timestamp::from_seconds(date.timestamp().as_second()).since(now)
        }
    };
    Some(wait.clamp(Span::ZERO, RETRY_AFTER_MAX))
}

/// What the answer says first, as far as it is text; an answer that stops says nothing.
async fn beginning(mut response: Response) -> String {
    let mut body = Vec::new();
    while body.len() < ANSWER_MAX
        && let Ok(Some(part)) = response.chunk().await
    {
        body.extend_from_slice(&part);
    }
    body.truncate(ANSWER_MAX);
    let text = String::from_utf8_lossy(&body);
    // A page for people says nothing in one line.
    if text.trim_start().starts_with('<') {
        return String::new();
    }
    text.chars().take(SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(url: &str) -> Parcel {
        Parcel {
            notification_id: NotificationId(7),
            url: Secret::new(url),
            body: "{}".into(),
            secrets: vec![],
            at: Timestamp::from_seconds(1_700_000_000),
        }
    }

    #[test]
    fn an_address_names_a_host() {
        for text in [
            "",
            "ops",
            "ftp://a.example",
            "https://",
            "file:///etc/passwd",
        ] {
            assert_eq!(address(text), Err(AddressError::NoAddress), "{text}");
        }
        assert!(address(" https://hooks.example/x?y=1 ").is_ok());
        // Where it leads is looked at when it is posted to.
        assert!(address("http://127.0.0.1/").is_ok());
    }

    #[tokio::test]
    async fn private_addresses_are_refused_by_number_and_by_name() {
        let client = PostClient::new(false);
        for url in [
            "http://127.0.0.1:9/x",
            "http://[::1]:9/",
            "http://localhost:9/secret",
        ] {
            let failure = client.send(&parcel(url)).await.unwrap_err();
            let Failure::Permanent {
                reason,
                method_broken,
            } = failure
            else {
                panic!("{failure:?}");
            };
            assert!(!method_broken);
            assert_eq!(reason, AddressError::Private.to_string());
        }
    }

    #[tokio::test]
    async fn nobody_there_is_temporary_and_tells_no_address() {
        let client = PostClient::new(true);
        // Nothing listens at port 1.
        let failure = client
            .send(&parcel("http://127.0.0.1:1/hooks/secret"))
            .await
            .unwrap_err();
        assert!(matches!(failure, Failure::Temporary { .. }), "{failure:?}");
        assert!(!failure.reason().contains("secret"), "{failure:?}");
    }
}
