//! Whether the source of an integration is heard of (WIRE-FORMATS.md §5 no. 3). An alert that is
//! pushed again and again while it fires has an end; when that passes, either the condition is over,
//! or whoever pushed it is gone. Its owner says which of the two is believed: by
//! [`OnSilence::Tell`](super::OnSilence) the alert stays open, and one alert of the integration says
//! that its source went silent, until anything comes from there again.

use serde_json::json;

use super::OnSilence;
use crate::service::Integration;
use crate::signal::{SUMMARY_MAX, Signal};
use crate::word::{Action, AlertSeverity};
use crate::{IntegrationId, Timestamp};

/// Alerts that the signal names; all are counted.
pub const NAMED: usize = 20;

/// Under which the alert of a silent source is known; a new name does not change it.
pub fn dedup_key(id: IntegrationId) -> String {
    format!("source:{id}")
}

/// Whether alerts of the integration stay open when their end passes without word.
pub fn is_told(integration: &Integration) -> bool {
    integration.settings.conduct().on_silence == OnSilence::Tell
}

/// These alerts, by their summaries, were not heard of in time.
pub fn went_silent(integration: &Integration, unheard: &[String], now: Timestamp) -> Signal {
    let mut signal = of(
        integration,
        Action::Trigger,
        &format!("Source of {} went silent", integration.name),
        now,
    );
    let named: Vec<&String> = unheard.iter().take(NAMED).collect();
    signal.details =
        json!({ "integration": integration.name, "unheard": unheard.len(), "alerts": named });
    signal
}

/// Something came from it.
pub fn heard(integration: &Integration, now: Timestamp) -> Signal {
    of(
        integration,
        Action::Resolve,
        &format!("Source of {} is heard of again", integration.name),
        now,
    )
}

fn of(integration: &Integration, action: Action, summary: &str, now: Timestamp) -> Signal {
    let summary: String = summary.chars().take(SUMMARY_MAX).collect();
    let mut signal = Signal::new(action, dedup_key(integration.id), summary);
    // Nobody knows how things are: as urgent as what it may hide.
    signal.severity = AlertSeverity::Error;
    signal.source.clone_from(&integration.name);
    signal.class = Some("source".to_owned());
    signal.monitor_time = Some(now);
    signal
}
