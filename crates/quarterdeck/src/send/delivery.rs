//! One attempt to hand a message to the server.

use std::time::Duration;

use engine::clock::{Clock as _, SystemClock};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;

use super::message::Body;
use super::spool::Item;
use crate::failure::Failure;

/// How an attempt ended.
#[derive(Debug)]
pub enum Outcome {
    /// The server has it, durably.
    Sent,
    /// The server will never take it.
    Refused(String),
    /// It may work later.
    Later(String),
}

/// What became of the messages of a lane.
#[derive(Debug, Default)]
pub struct Drained {
    pub sent: usize,
    /// Names of the messages, and why.
    pub refused: Vec<(String, String)>,
    /// Why the rest still waits.
    pub stopped: Option<String>,
}

/// Carries messages.
pub struct Courier {
    client: reqwest::Client,
}

impl Courier {
    /// `timeout` holds for one attempt.
    ///
    /// # Errors
    /// When this machine cannot make TLS connections.
    pub fn new(timeout: Duration) -> Result<Courier, Failure> {
        let client = channels::http::client(timeout)
            .map_err(|error| Failure::new(format!("no connection can be made: {error}")))?;
        Ok(Courier { client })
    }

    pub async fn deliver(&self, item: &Item) -> Outcome {
        let waited = SystemClock.now().since(item.given_at);
        let (address, body) = item.message.request(&item.target, waited);
        let post = self.client.post(address);
        let post = match body {
            Body::Json(value) => post.json(&value),
            Body::Text(text) => post.body(text),
        };
        let response = match post.send().await {
            Ok(response) => response,
            // The address holds the key, which has no place in a log.
            Err(error) => {
                return Outcome::Later(format!(
                    "{} cannot be reached ({})",
                    item.target.url,
                    cause(&error.without_url())
                ));
            }
        };
        let status = response.status();
        let of_type = response.headers().get(CONTENT_TYPE);
        let page = of_type
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("text/html"));
        if status.is_success() && !page {
            return Outcome::Sent;
        }
        let patience = [
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_EARLY,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        // A redirect, or a page where none belongs, comes from something in front of the server.
        let stranger = status.is_redirection() || page && status.is_success();
        let said = response.text().await.unwrap_or_default();
        if stranger {
            Outcome::Later(format!(
                "{} answers {status}, which is no answer of Quarterdeck",
                item.target.url
            ))
        } else if status.is_server_error() || patience.contains(&status) {
            Outcome::Later(format!("{} answers {status}", item.target.url))
        } else {
            Outcome::Refused(format!("{status}{}", reason(&said)))
        }
    }
}

/// The innermost cause says what is wrong; the outer ones say that something is.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// The sentence of a refusal.
fn reason(body: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let text = ["detail", "message", "title"]
        .into_iter()
        .find_map(|name| value.get(name)?.as_str());
    match text {
        Some(text) => format!(": {text}"),
        None if body.is_empty() || body.len() > 200 => String::new(),
        None => format!(": {}", body.trim()),
    }
}
