//! A change event: one statement that somebody or something has changed a system. Changes never
//! page; they are shown beside the incidents that they precede (WIRE-FORMATS.md §2).

mod course;

pub use course::{Bearing, Change, Course, EXPERIMENT_MAX, LOOK_BACK, courses, service_of};

use serde::{Deserialize, Serialize};

use crate::signal::Link;
use crate::{Timestamp, words};

/// Longest kept summary, in characters; PagerDuty's limit.
pub const SUMMARY_MAX: usize = 1024;
/// Longest kept source and service hint, in characters.
pub const FIELD_MAX: usize = 255;
/// Longest idempotency key, in characters.
pub const KEY_MAX: usize = 255;

words! {
    /// What sort of change it is.
    ChangeKind {
        Deployment = "deployment",
        Release = "release",
        /// Commits reached the branch that is shipped.
        Push = "push",
        /// A build or another run of a pipeline.
        Pipeline = "pipeline",
        /// Infrastructure or settings: Terraform, Ansible, a feature flag.
        Configuration = "configuration",
        /// A chaos experiment: breaks something on purpose, between a start and an end.
        Experiment = "experiment",
        Other = "other",
    }

    /// How far the change has come.
    ChangeStatus {
        Pending = "pending",
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

/// One statement about a change, as a source makes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeEvent {
    /// One line, never empty.
    pub summary: String,
    /// What changed or who says so: a repository, a job, a cluster. Never empty.
    pub source: String,
    pub kind: ChangeKind,
    /// Absent where the source has no such word.
    pub status: Option<ChangeStatus>,
    pub links: Vec<Link>,
    /// When the source says it happened; absent: the time of receipt counts.
    pub at: Option<Timestamp>,
    /// Free fields of the source; any JSON value, `Null` when there are none.
    pub details: serde_json::Value,
    /// Equal statements of one integration have an equal key: a repeated delivery is one event.
    /// Statements about the same change in different states have different keys. Empty where
    /// the source gives nothing to tell a repetition from a second event: each is one then.
    pub idempotency_key: String,
    /// Statements about one change in different states, such as the start and the end of an
    /// experiment, have an equal one.
    pub change_key: Option<String>,
    /// When an experiment or deployment began, where the source tells.
    pub starts_at: Option<Timestamp>,
    /// When it ended or will end by itself.
    pub ends_at: Option<Timestamp>,
    /// Name of the service that was changed, as the source calls it.
    pub service: Option<String>,
}

impl ChangeEvent {
    /// A bare event, for formats to fill in.
    pub fn new(
        kind: ChangeKind,
        idempotency_key: impl Into<String>,
        summary: impl Into<String>,
        source: impl Into<String>,
    ) -> Self {
        ChangeEvent {
            summary: summary.into(),
            source: source.into(),
            kind,
            status: None,
            links: Vec::new(),
            at: None,
            details: serde_json::Value::Null,
            idempotency_key: idempotency_key.into(),
            change_key: None,
            starts_at: None,
            ends_at: None,
            service: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_can_be_read() {
        let mut event = ChangeEvent::new(ChangeKind::Experiment, "k", "Kill a pod", "chaos");
        event.status = Some(ChangeStatus::Running);
        event.starts_at = Some(Timestamp::from_seconds(7));
        let text = serde_json::to_string(&event).unwrap();
        assert!(text.contains(r#""kind":"experiment","status":"running""#));
        assert_eq!(serde_json::from_str::<ChangeEvent>(&text).unwrap(), event);
    }
}
