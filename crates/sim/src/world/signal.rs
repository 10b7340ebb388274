//! What a monitor says, as the product takes it.

use domain::signal::Signal;
use domain::word::{Action as SignalAction, AlertSeverity};
use engine::ingest::Submission;

use crate::setup::key;
use crate::story::{Action, Severity};

/// `None` when the action is not a monitor's.
pub(super) fn submission(action: &Action) -> Option<Submission> {
    let (condition, kind, severity) = match action {
        Action::Trigger {
            condition,
            severity,
        } => (condition, SignalAction::Trigger, *severity),
        Action::Resolve { condition } => (condition, SignalAction::Resolve, Severity::Critical),
        _ => return None,
    };
    let text = format!(
        "condition {} of service {}",
        condition.number, condition.service
    );
    let mut signal = Signal::new(kind, condition.dedup_key(), text);
    signal.source = "monitor".into();
    signal.group_key = condition.group_key();
    signal.severity = match severity {
        Severity::Critical => AlertSeverity::Critical,
        Severity::Warning => AlertSeverity::Warning,
    };
    Some(Submission {
        key_hash: engine::account::secret::digest(&key(condition.service)),
        signals: vec![signal],
        resolve_group: None,
        warnings: vec![],
        rejected: vec![],
        raw: "{}".into(),
        origin: engine::ingest::Origin::default(),
    })
}
