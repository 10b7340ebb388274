//! One attempt to hand a message to the server.

use std::time::Duration;

use engine::clock::{Clock as _, SystemClock};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

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
    /// Names of what held no message, and why.
    pub damaged: Vec<(String, String)>,
    /// Why the rest still waits.
    pub stopped: Option<String>,
    /// What was wrong with the directory.
    pub broken: Option<Failure>,
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
        let of_type = of_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        // A page where none belongs comes from something in front of the server.
        if status.is_success() && !of_type.starts_with("text/html") {
            return Outcome::Sent;
        }
        let url = &item.target.url;
        let said = response.text().await.unwrap_or_default();
        if status.is_server_error() || PATIENCE.contains(&status) {
            return Outcome::Later(format!("{url} answers {status}"));
        }
        match refusal(status, &of_type, &said) {
            Some(reason) => Outcome::Refused(format!("{status}{reason}")),
            None => Outcome::Later(format!(
                "{url} answers {status}, which is no answer of Quarterdeck"
            )),
        }
    }
}

/// What is not meant for ever.
const PATIENCE: [StatusCode; 3] = [
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::TOO_EARLY,
    StatusCode::TOO_MANY_REQUESTS,
];

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

/// The sentence of a refusal; `None` when it is not the server that refuses, but something in front
/// of it, which will mend: an ingress without its routes, a page for signing in.
fn refusal(status: StatusCode, of_type: &str, body: &str) -> Option<String> {
    if !status.is_client_error() {
        return None;
    }
    if body.trim() == formats::pagerduty::UNKNOWN_KEY {
        return Some(format!(": {}", body.trim()));
    }
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if of_type.starts_with("application/problem+json") && text("code").is_some() {
        let sentence = text("detail").or_else(|| text("title")).unwrap_or_default();
        return Some(format!(": {sentence}"));
    }
    // The shape of PagerDuty's answers.
    if let (Some(_), Some(message), Some(errors)) = (
        text("status"),
        text("message"),
        value.get("errors").and_then(Value::as_array),
    ) {
        let errors: Vec<&str> = errors.iter().filter_map(Value::as_str).collect();
        return Some(format!(": {message}: {}", errors.join(", ")));
    }
    // Whoever says so, the message will not shrink.
    (status == StatusCode::PAYLOAD_TOO_LARGE).then(String::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROBLEM: &str = "application/problem+json";

    #[test]
    fn only_the_server_refuses() {
        let of = |status: u16, of_type, body| {
            refusal(StatusCode::from_u16(status).unwrap(), of_type, body)
        };
        let problem = r#"{"type":"about:blank","title":"Not Found","status":404,"code":"not_found",
            "detail":"There is no such heartbeat."}"#;
        assert_eq!(
            of(404, PROBLEM, problem).unwrap(),
            ": There is no such heartbeat."
        );
        let invalid = formats::pagerduty::Invalid::event(vec!["'payload.summary' is long".into()]);
        let invalid = invalid.body().to_string();
        assert_eq!(
            of(400, "application/json", &invalid).unwrap(),
            ": Event object is invalid: 'payload.summary' is long"
        );
        let key = of(400, "text/plain; charset=utf-8", "Invalid routing key");
        assert_eq!(key.unwrap(), ": Invalid routing key");
        assert!(of(413, "text/html", "<h1>Too large</h1>").is_some());
        for (status, of_type, body) in [
            (404, "text/plain; charset=utf-8", "404 page not found\n"),
            (404, "text/html", "<html>nginx</html>"),
            (401, "application/json", r#"{"message":"Unauthorized"}"#),
            (403, PROBLEM, r#"{"title":"Forbidden","status":403}"#),
            (400, "text/plain", ""),
            (404, "application/json", "[]"),
            (302, PROBLEM, problem),
        ] {
            assert_eq!(of(status, of_type, body), None, "{status} {body}");
        }
    }
}
