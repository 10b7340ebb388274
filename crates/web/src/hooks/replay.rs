//! Sending a kept request again: read by the format that read it the first time, taken in as if it
//! had just come. Secrets are not kept, so that it counts as sent by whoever asked for it.

use actix_web::web::Bytes;
use domain::service::Integration;
use domain::{RequestId, Timestamp};
use engine::OpContext;
use engine::access::{self, Right};
use engine::heartbeat;
use engine::ingest::{Accepted, IngestError, Origin, SOURCE, Submission, TEST};
use engine::signal::{Asked, ask};
use formats::format;
use formats::opsgenie::create as creation;
use formats::request::Request;
use formats::settings::Settings;
use formats::{Parsed, pagerduty};
use store::request::Request as Kept;

use super::intake;
use crate::error::WebError;
use crate::state::AppState;

/// Names of those who read requests and are no format with an address of its own.
pub(crate) const EVENTS_V1: &str = "events-v1";
pub(crate) const EVENTS_V2: &str = "events-v2";
pub(crate) const OPSGENIE: &str = "opsgenie-alerts";
pub(crate) const OPSGENIE_CALL: &str = "opsgenie-call";
pub(crate) const CHANGES: &str = "change-events-v2";

/// What a reader is called on pages.
pub(crate) fn reader(word: &str) -> &str {
    match word {
        EVENTS_V1 => "PagerDuty Events v1",
        EVENTS_V2 => "PagerDuty Events v2",
        OPSGENIE => "Opsgenie alerts",
        OPSGENIE_CALL => "Opsgenie call",
        CHANGES => "PagerDuty change events",
        TEST => "Test signal",
        heartbeat::FORMAT => "Heartbeat",
        SOURCE => "Silence of the source",
        word => format::by_slug(word).map_or("Unknown", |format| format.name),
    }
}

/// Why a request cannot be sent again.
pub(crate) fn obstacle(kept: &Kept) -> Option<&'static str> {
    match kept.format.as_str() {
        OPSGENIE_CALL => {
            Some("This call named its alert in its address; send it again with your client.")
        }
        CHANGES => Some("It told of a change; changes page nobody."),
        SOURCE => Some("It told that the source was silent then, or was heard of again."),
        heartbeat::FORMAT => {
            Some("It told of a heartbeat as it was then; the next ping tells how it is.")
        }
        _ if !kept.complete => {
            Some("Its body was too long, or no text, and is not kept whole; its sender has it.")
        }
        _ if kept.body.is_empty() && kept.rejected > 0 && kept.method != "GET" => {
            Some("Nothing of it is kept but that it was refused; its sender has it.")
        }
        EVENTS_V1 | EVENTS_V2 | OPSGENIE | TEST => None,
        word if format::by_slug(word).is_some() => None,
        _ => Some("Nothing here reads this format any more."),
    }
}

/// Sends a request again.
///
/// # Errors
/// [`engine::Error::Forbidden`]; [`engine::Error::Invalid`] when it cannot be; when it is not taken.
pub(crate) async fn replay(
    state: &AppState,
    ctx: &OpContext,
    kept: &Kept,
) -> Result<Accepted, WebError> {
    access::require(ctx, Right::Configure)?;
    if let Some(why) = obstacle(kept) {
        return Err(engine::Error::invalid("request", why).into());
    }
    let directory = state.directory();
    let integration = directory
        .integration(kept.integration_id)
        .ok_or_else(|| WebError::not_found("integration"))?;
    // The signature was looked at when it came, or its absence was; whoever asks vouches for it now.
    let mut settings = Settings::of(&integration.settings)
        .map_err(|error| WebError::Internal(error.to_string()))?
        .clone();
    settings.secret = None;
    let (parsed, failed) = match read(kept, &settings, state.now()) {
        Ok(parsed) => (parsed, None),
        Err(why) => (Parsed::default(), Some(why)),
    };
    let mut head = format!("{} {}", kept.method, kept.path);
    for (name, value) in &kept.headers {
        head.push_str(&format!("\n{name}: {value}"));
    }
    let origin = Origin {
        format: word(&kept.format),
        head,
        replay_of: Some(kept.id),
    };
    ask(state.store(), ctx, integration.id, Asked::Replay(kept.id)).await?;
    let raw = Bytes::from(kept.body.clone());
    let rejected = parsed.rejected.into_iter().map(|one| one.reason);
    take(
        state,
        Submission {
            signals: parsed.signals,
            resolve_group: parsed.resolve_group,
            warnings: parsed.warnings,
            rejected: failed.into_iter().chain(rejected).collect(),
            ..intake::remark(integration.key_hash, raw, origin)
        },
    )
    .await
}

/// Sends a signal of ours through the door of an integration: it pages whoever a signal of its
/// monitor would page.
///
/// # Errors
/// [`engine::Error::Forbidden`]; when it is not taken.
pub(crate) async fn test(
    state: &AppState,
    ctx: &OpContext,
    integration: &Integration,
) -> Result<Accepted, WebError> {
    ask(state.store(), ctx, integration.id, Asked::Test).await?;
    let body = serde_json::json!({
        "action": "trigger",
        "dedup_key": format!("test-{}", integration.id),
        "summary": format!("Test signal of {}", integration.name),
        "severity": "info",
        "source": "Quarterdeck",
    })
    .to_string();
    let parsed = formats::generic::parse(body.as_bytes(), state.now())
        .map_err(|error| WebError::Internal(error.to_string()))?;
    let origin = Origin {
        format: TEST,
        ..Origin::default()
    };
    take(
        state,
        Submission {
            signals: parsed.signals,
            ..intake::remark(integration.key_hash, Bytes::from(body), origin)
        },
    )
    .await
}

async fn take(state: &AppState, submission: Submission) -> Result<Accepted, WebError> {
    state
        .engine
        .submit(submission)
        .await
        .map_err(|error| match error {
            IngestError::UnknownKey => WebError::not_found("integration"),
            IngestError::Overloaded => engine::Error::Overloaded.into(),
            IngestError::Unavailable(why) => store::Error::Unavailable(why).into(),
        })
}

fn word(kept: &str) -> &'static str {
    [EVENTS_V1, EVENTS_V2, OPSGENIE, OPSGENIE_CALL, TEST]
        .into_iter()
        .find(|word| *word == kept)
        .or_else(|| format::by_slug(kept).map(|format| format.slug()))
        .unwrap_or("unknown")
}

/// Reads it the way it was read when it came, but for signatures: those are not kept.
pub(crate) fn read(kept: &Kept, settings: &Settings, now: Timestamp) -> Result<Parsed, String> {
    let body = kept.body.as_bytes();
    let id: RequestId = kept.id;
    let fresh = || format!("replay-{id}");
    let scale = |_: &str| settings.scale();
    match kept.format.as_str() {
        EVENTS_V1 => pagerduty::v1::parse(body, Some("kept"), fresh, scale)
            .map(|request| request.parsed)
            .map_err(|invalid| invalid.to_string()),
        EVENTS_V2 => pagerduty::parse(body, Some("kept"), fresh, scale)
            .map(|request| request.parsed)
            .map_err(|invalid| invalid.to_string()),
        OPSGENIE => creation::create(body, settings.scale())
            .map(|made| made.parsed)
            .map_err(|refusal| refusal.to_string()),
        // Ours, in our own words.
        TEST => formats::generic::parse(body, now).map_err(|error| error.to_string()),
        slug => {
            let format = format::by_slug(slug).ok_or("Nothing here reads this format any more.")?;
            let request = Request {
                method: &kept.method,
                headers: kept
                    .headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect(),
                query: kept.path.split_once('?').map_or("", |(_, query)| query),
                body,
                key_hash: None,
            };
            format
                .parse(&request, settings, now)
                .map_err(|error| error.to_string())
        }
    }
}
