//! What clients of PagerDuty's Events APIs get for an answer.

use serde::Serialize;
use serde_json::{Value, json};

/// Plain-text body of the 400 for a well-formed key that no integration has.
pub const UNKNOWN_KEY: &str = "Invalid routing key";
/// The same for the first version of the API, whose answers are always JSON.
pub const UNKNOWN_SERVICE_KEY: &str = "Service key is invalid";

/// An event to be answered with 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {}", errors.join(", "))]
pub struct Invalid {
    pub(super) status: &'static str,
    pub(super) message: &'static str,
    pub(super) errors: Vec<String>,
    /// The key of the event, when there was a well-formed one: the refusal can then be shown on
    /// its integration.
    pub routing_key: Option<String>,
}

impl Invalid {
    pub(super) fn unrecognized(error: &str) -> Self {
        Invalid {
            status: "Unrecognized object",
            message: "Event object format is unrecognized",
            errors: vec![error.to_owned()],
            routing_key: None,
        }
    }

    /// An event that is understood and cannot be taken.
    pub fn event(errors: Vec<String>) -> Self {
        Invalid {
            status: "invalid event",
            message: "Event object is invalid",
            errors,
            routing_key: None,
        }
    }

    /// The body of the 400.
    pub fn body(&self) -> Value {
        json!({"status": self.status, "message": self.message, "errors": self.errors})
    }

    /// The reasons, in the vendor's words.
    pub fn errors(&self) -> &[String] {
        &self.errors
    }
}

/// What clients hear of an event that is stored: the body of the 202, or of the 200 of the first
/// version.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Accepted<'k> {
    status: &'static str,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dedup_key: Option<&'k str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident_key: Option<&'k str>,
}

impl<'k> Accepted<'k> {
    pub fn v1(incident_key: &'k str) -> Self {
        Accepted {
            status: "success",
            message: "Event processed",
            dedup_key: None,
            incident_key: Some(incident_key),
        }
    }

    pub fn v2(dedup_key: &'k str) -> Self {
        Accepted {
            dedup_key: Some(dedup_key),
            incident_key: None,
            ..Accepted::v1(dedup_key)
        }
    }
}

/// The body of the 202 for a change event.
pub fn change_accepted(id: &str) -> Value {
    json!({"status": "success", "message": "Change event processed", "id": id})
}

/// The body of the 429, which the first version answers as 403.
pub fn throttled() -> Value {
    json!({
        "status": "throttle exceeded",
        "message": "Too many events: send this one again after the time in Retry-After",
        "errors": [],
    })
}

/// The body of the 503.
pub fn unavailable() -> Value {
    json!({
        "status": "unavailable",
        "message": "The event was not stored: send it again after the time in Retry-After",
        "errors": [],
    })
}

/// The body of the 413; clients never look for that code, so it has the shape of the 400.
pub fn too_large() -> Value {
    json!({
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": ["Event is larger than 512 KB: shorten 'payload.custom_details'"],
    })
}
