//! Twilio's Messages API.
//!
//! It takes no idempotency key: when the answer to a request is lost, the repeat may be a second
//! message. So that receipts of the first one are not lost as well, the notification's id travels in
//! the query of the status callback's URL ([`NOTIFICATION_PARAMETER`]).

use std::time::Duration;

use async_trait::async_trait;
use domain::{NotificationId, Span, word::ContactKind};
use reqwest::{StatusCode, header::RETRY_AFTER};
use serde::Deserialize;
use url::Url;

use super::{code, text};
use crate::{Channel, Failure, Message, Outcome, Secret, http, reason};

/// Name of the query parameter that carries the notification's id in the status callback's URL.
pub const NOTIFICATION_PARAMETER: &str = "n";

/// Most bytes of an answer that are looked at; Twilio's are below 2 kB.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Settings of the SMS channel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwilioConfig {
    pub account_sid: String,
    pub auth_token: Secret,
    /// The other valid token while tokens are rotated: webhooks signed with either are accepted.
    #[serde(default)]
    pub second_auth_token: Option<Secret>,
    /// The sender's number. Either this or `messaging_service_sid` is needed.
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub messaging_service_sid: Option<String>,
    /// Public URL of our status webhook; without it messages stay "accepted" for ever.
    #[serde(default)]
    pub status_callback: Option<String>,
    #[serde(default = "TwilioConfig::default_base_url")]
    pub base_url: String,
    /// Longest message, in SMS segments: what is longer is cut at its end.
    #[serde(default = "TwilioConfig::default_segments_max")]
    pub segments_max: usize,
    /// Limit of one whole attempt (PAGING.md §6.5).
    #[serde(default = "TwilioConfig::default_timeout")]
    pub timeout: Span,
}

impl TwilioConfig {
    /// With the defaults for everything that is optional.
    pub fn new(account_sid: impl Into<String>, auth_token: impl Into<Secret>) -> Self {
        Self {
            account_sid: account_sid.into(),
            auth_token: auth_token.into(),
            second_auth_token: None,
            from: None,
            messaging_service_sid: None,
            status_callback: None,
            base_url: Self::default_base_url(),
            segments_max: Self::default_segments_max(),
            timeout: Self::default_timeout(),
        }
    }

    /// The tokens that webhooks may be signed with.
    pub fn webhook_tokens(&self) -> Vec<&str> {
        std::iter::once(&self.auth_token)
            .chain(&self.second_auth_token)
            .map(Secret::reveal)
            .collect()
    }

    fn default_base_url() -> String {
        "https://api.twilio.com".to_owned()
    }

    const fn default_segments_max() -> usize {
        2
    }

    const fn default_timeout() -> Span {
        Span::from_seconds(10)
    }
}

/// Why a [`TwilioChannel`] cannot be made of its configuration.
#[derive(Debug, thiserror::Error)]
pub enum TwilioConfigError {
    #[error("exactly one of `from` and `messaging_service_sid` is needed")]
    Sender,
    #[error("`account_sid` must be the letters and digits of an account's SID")]
    AccountSid,
    #[error("`base_url` must be an http(s) URL: {0}")]
    BaseUrl(String),
    #[error("`status_callback` must be a URL: {0}")]
    StatusCallback(String),
    #[error("`segments_max` must be between 1 and 10")]
    SegmentsMax,
    #[error("cannot set up the HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// Sends text messages through one Twilio account.
pub struct TwilioChannel {
    config: TwilioConfig,
    account_url: Url,
    status_callback: Option<Url>,
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Created {
    sid: String,
    #[serde(default)]
    error_code: Option<u32>,
    #[serde(default)]
    error_message: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    code: Option<u32>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    friendly_name: Option<String>,
    status: Option<String>,
}

struct Answer {
    status: StatusCode,
    retry_after: Option<Span>,
    body: Vec<u8>,
}

impl TwilioChannel {
    /// Opens no connection.
    ///
    /// # Errors
    /// When the configuration cannot work with any account.
    pub fn new(config: TwilioConfig) -> Result<Self, TwilioConfigError> {
        if config.from.is_some() == config.messaging_service_sid.is_some() {
            return Err(TwilioConfigError::Sender);
        }
        let sid = &config.account_sid;
        if sid.is_empty() || !sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(TwilioConfigError::AccountSid);
        }
        // Twilio takes at most 1600 characters, a little more than ten segments.
        if !(1..=10).contains(&config.segments_max) {
            return Err(TwilioConfigError::SegmentsMax);
        }
        let base = config.base_url.trim_end_matches('/');
        let account_url = Url::parse(&format!("{base}/2010-04-01/Accounts/{sid}"))
            .map_err(|error| TwilioConfigError::BaseUrl(error.to_string()))?;
        if !matches!(account_url.scheme(), "http" | "https") {
            return Err(TwilioConfigError::BaseUrl(config.base_url.clone()));
        }
        let status_callback = config
            .status_callback
            .as_deref()
            .map(Url::parse)
            .transpose()
            .map_err(|error| TwilioConfigError::StatusCallback(error.to_string()))?;
        let timeout: Duration = config.timeout.to_std();
        Ok(Self {
            client: http::client(timeout)?,
            account_url,
            status_callback,
            config,
        })
    }

    fn resource(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.account_url)
    }

    fn form(&self, message: &Message) -> Vec<(&'static str, String)> {
        let mut form = vec![("To", message.to.clone())];
        if let Some(service) = &self.config.messaging_service_sid {
            form.push(("MessagingServiceSid", service.clone()));
        }
        if let Some(from) = &self.config.from {
            form.push(("From", from.clone()));
        }
        form.push(("Body", text::fit(&message.text, self.config.segments_max)));
        if let Some(url) = &self.status_callback {
            form.push(("StatusCallback", callback(url, message.notification_id)));
        }
        form
    }

    async fn exchange(&self, request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
        let response = request
            .basic_auth(
                &self.config.account_sid,
                Some(self.config.auth_token.reveal()),
            )
            .send()
            .await
            .map_err(|error| self.unreachable(error))?;
        let status = response.status();
        // Only the form in seconds: Twilio sends no dates.
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|seconds| seconds.trim().parse::<u32>().ok())
            .map(|seconds| Span::from_seconds(i64::from(seconds)));
        let mut body = Vec::new();
        let mut response = response;
        while let Some(chunk) = response.chunk().await.map_err(|e| self.unreachable(e))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Failure::temporary("twilio: the answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            retry_after,
            body,
        })
    }

    /// No answer. All of it is temporary but a certificate that is not Twilio's, which stays wrong;
    /// paging goes on trying all the same, since the way there may be what was wrong.
    fn unreachable(&self, error: reqwest::Error) -> Failure {
        let what = if error.is_timeout() {
            format!(
                "no answer within {} s",
                self.config.timeout.to_std().as_secs_f32()
            )
        } else {
            reason::chain(&error.without_url())
        };
        Failure::temporary(self.reason(&what))
    }

    fn reason(&self, what: &str) -> String {
        let secrets =
            std::iter::once(&self.config.auth_token).chain(&self.config.second_auth_token);
        reason::tidy(&format!("twilio: {what}"), secrets)
    }

    /// An answer that is no success.
    fn refusal(&self, answer: &Answer) -> Failure {
        let refused: Option<Refused> = serde_json::from_slice(&answer.body).ok();
        let code = refused.as_ref().and_then(|refused| refused.code);
        let message = refused.and_then(|refused| refused.message);
        let what = match (code, message) {
            (Some(code), Some(message)) => format!("error {code}: {message}"),
            (Some(code), None) => format!("error {code}"),
            (None, Some(message)) => format!("HTTP {}: {message}", answer.status.as_u16()),
            (None, None) => format!("HTTP {}", answer.status.as_u16()),
        };
        let reason = self.reason(&what);
        let known = code.and_then(|code| code::failure(code, reason.clone()));
        match known.unwrap_or_else(|| by_status(answer.status, reason)) {
            Failure::Temporary { reason, .. } => Failure::Temporary {
                reason,
                retry_after: answer.retry_after,
            },
            other => other,
        }
    }
}

/// What an HTTP status means when no known error code says more.
fn by_status(status: StatusCode, reason: String) -> Failure {
    match status.as_u16() {
        408 | 425 | 429 | 500..=599 => Failure::temporary(reason),
        // Redirects, too: they mean that `base_url` is not Twilio's API.
        300..=399 | 401 | 403 | 404 | 405 | 407 => Failure::Misconfigured { reason },
        _ => Failure::Permanent {
            reason,
            method_broken: false,
        },
    }
}

/// The status callback's URL for one notification.
fn callback(url: &Url, notification: NotificationId) -> String {
    let mut url = url.clone();
    url.query_pairs_mut()
        .append_pair(NOTIFICATION_PARAMETER, &notification.to_string());
    url.into()
}

#[async_trait]
impl Channel for TwilioChannel {
    fn kind(&self) -> ContactKind {
        ContactKind::Sms
    }

    fn name(&self) -> &str {
        "twilio"
    }

    async fn send(&self, message: &Message) -> Result<Outcome, Failure> {
        let request = self
            .client
            .post(self.resource("/Messages.json"))
            .form(&self.form(message));
        let answer = self.exchange(request).await?;
        if !answer.status.is_success() {
            return Err(self.refusal(&answer));
        }
        // Whoever answers "200 OK" without a message's id is not Twilio; better a double page than
        // none.
        let created: Created = serde_json::from_slice(&answer.body).map_err(|_| {
            let what = format!("HTTP {} without a message's SID", answer.status.as_u16());
            Failure::temporary(self.reason(&what))
        })?;
        if let Some(code) = created.error_code {
            let what = format!(
                "error {code}: {}",
                created.error_message.unwrap_or_default()
            );
            let reason = self.reason(&what);
            if let Some(failure) = code::failure(code, reason) {
                return Err(failure);
            }
        }
        Ok(Outcome::Accepted {
            provider_id: Some(created.sid),
        })
    }

    async fn check(&self) -> Result<String, String> {
        let request = self.client.get(self.resource(".json"));
        let answer = self
            .exchange(request)
            .await
            .map_err(|failure| failure.reason().to_owned())?;
        if !answer.status.is_success() {
            return Err(self.refusal(&answer).reason().to_owned());
        }
        let account: Account = serde_json::from_slice(&answer.body)
            .map_err(|_| self.reason("the answer describes no account"))?;
        match account.status.as_deref() {
            Some("active") => Ok(self.reason(&format!(
                "account {}, active",
                account
                    .friendly_name
                    .unwrap_or_else(|| self.config.account_sid.clone())
            ))),
            status => Err(self.reason(&format!(
                "the account is {}",
                status.unwrap_or("in an unknown state")
            ))),
        }
    }
}

impl std::fmt::Debug for TwilioChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TwilioChannel")
            .field("account", &self.config.account_sid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimal_configuration_gets_defaults_and_hides_its_tokens() {
        let text = "account_sid = \"AC1\"\nauth_token = \"hunter2\"\nfrom = \"+1\"";
        let config: TwilioConfig = toml::from_str(text).unwrap();
        assert_eq!(config.base_url, "https://api.twilio.com");
        assert_eq!(config.webhook_tokens(), ["hunter2"]);
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(toml::from_str::<TwilioConfig>(&format!("{text}\ntoken = \"x\"")).is_err());
        TwilioChannel::new(config).unwrap();
    }

    #[test]
    fn impossible_configurations_are_refused() {
        let good = || TwilioConfig {
            from: Some("+1".to_owned()),
            ..TwilioConfig::new("AC1", "t")
        };
        let refused = |config| TwilioChannel::new(config).is_err();
        assert!(!refused(good()));
        assert!(refused(TwilioConfig {
            from: None,
            ..good()
        }));
        assert!(refused(TwilioConfig {
            messaging_service_sid: Some("MG1".to_owned()),
            ..good()
        }));
        assert!(refused(TwilioConfig {
            account_sid: "../x".to_owned(),
            ..good()
        }));
        assert!(refused(TwilioConfig {
            base_url: "ftp://x".to_owned(),
            ..good()
        }));
        let status_callback = Some("/hooks".to_owned());
        assert!(refused(TwilioConfig {
            status_callback,
            ..good()
        }));
        assert!(refused(TwilioConfig {
            segments_max: 0,
            ..good()
        }));
    }

    #[test]
    fn the_notification_joins_the_query_of_the_callback() {
        let url = Url::parse("https://qd.example.com/hooks/twilio/status?a=1").unwrap();
        assert_eq!(
            callback(&url, NotificationId(77)),
            "https://qd.example.com/hooks/twilio/status?a=1&n=77"
        );
    }
}
