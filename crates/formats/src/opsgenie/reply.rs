//! What clients of the Alert API get for an answer.

use serde_json::{Map, Value, json};

/// A request that is refused, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", self.sentence())]
pub struct Refusal {
    /// Of HTTP.
    pub status: u16,
    message: String,
    errors: Vec<(String, String)>,
}

impl Refusal {
    /// A field that is not as it should be.
    pub fn invalid(field: &str, problem: &str) -> Refusal {
        Refusal {
            status: 422,
            message: "Request body is not processable. Please check the errors.".into(),
            errors: vec![(field.to_owned(), problem.to_owned())],
        }
    }

    pub fn no_such_address() -> Refusal {
        Refusal::plain(404, "There is no such address or method")
    }

    /// There is no such alert, or it is another integration's.
    pub fn no_such_alert() -> Refusal {
        Refusal::plain(404, "Alert does not exist")
    }

    /// No integration has the key.
    pub fn unknown_key() -> Refusal {
        Refusal::plain(401, "Could not authenticate")
    }

    /// What was sent as the key cannot be one.
    pub fn bad_key() -> Refusal {
        Refusal::plain(422, "Key format is not valid!")
    }

    pub fn throttled() -> Refusal {
        Refusal::plain(
            429,
            "You are making too many requests! Send this one again after the time in Retry-After",
        )
    }

    pub fn unavailable() -> Refusal {
        Refusal::plain(
            503,
            "The request was not stored: send it again after the time in Retry-After",
        )
    }

    pub fn too_large(limit: usize) -> Refusal {
        Refusal::plain(413, &format!("The body is larger than {limit} bytes"))
    }

    /// With a status and a sentence.
    pub fn plain(status: u16, message: &str) -> Refusal {
        Refusal {
            status,
            message: message.to_owned(),
            errors: Vec::new(),
        }
    }

    fn sentence(&self) -> String {
        self.errors
            .iter()
            .map(|(field, problem)| format!(" {field}: {problem}"))
            .collect()
    }

    /// The body; `took` in seconds.
    pub fn body(&self, took: f64, request: &str) -> Value {
        let mut body = json!({"message": self.message});
        if !self.errors.is_empty() {
            let errors: Map<String, Value> = self
                .errors
                .iter()
                .map(|(field, problem)| (field.clone(), problem.clone().into()))
                .collect();
            body["errors"] = errors.into();
        }
        body["took"] = took.into();
        body["requestId"] = request.into();
        body
    }
}

/// The body of the 202.
pub fn accepted(took: f64, request: &str) -> Value {
    json!({"result": "Request will be processed", "took": took, "requestId": request})
}

/// The body of the answer to a ping of a heartbeat.
pub fn pong(took: f64, request: &str) -> Value {
    json!({"result": "PONG - Heartbeat received", "took": took, "requestId": request})
}

/// The body of a 200 with what was asked for.
pub fn found(data: Value, took: f64, request: &str) -> Value {
    json!({"data": data, "took": took, "requestId": request})
}
