//! What is written down about the signals themselves.

use std::collections::BTreeMap;

use domain::dedup::{Applied, SignalDecision};
use domain::signal::Signal;
use domain::{IntegrationId, SignalId, Timestamp};
use store::Tx;
use store::alert::{SignalRecord, Traffic};

use super::Submission;
use crate::Error;

/// Longest raw body kept with a signal's record, in bytes.
const RAW_MAX: usize = 64 * 1024;

/// What is written down about the signals themselves.
#[derive(Default)]
pub(super) struct Records {
    rows: Vec<SignalRecord>,
    /// Rows of the requests before the current one.
    before: usize,
    traffic: BTreeMap<IntegrationId, Traffic>,
}

impl Records {
    pub(super) fn signal(
        &mut self,
        tx: &mut Tx<'_>,
        submission: &Submission,
        integration: IntegrationId,
        signal: &Signal,
        applied: Applied,
        now: Timestamp,
    ) -> Result<(), Error> {
        let traffic = self.traffic.entry(integration).or_default();
        traffic.signals += 1;
        match applied.decision {
            // The alert's count says it all.
            SignalDecision::Repeated => return Ok(()),
            SignalDecision::Ignored => traffic.ignored += 1,
            _ => {}
        }
        self.rows.push(SignalRecord {
            id: tx.id(SignalId)?,
            integration_id: integration,
            received_at: now,
            action: Some(signal.action),
            dedup_key: Some(signal.dedup_key.clone()),
            severity: Some(signal.severity),
            summary: signal.summary.clone(),
            decision: applied.decision,
            alert_id: applied.alert_id,
            incident_id: applied.incident_id,
            warnings: None,
            raw: (submission.signals.len() == 1).then(|| raw(&submission.raw)),
        });
        Ok(())
    }

    /// Warnings and rejected items of the request as a whole.
    pub(super) fn request(
        &mut self,
        tx: &mut Tx<'_>,
        submission: &Submission,
        integration: IntegrationId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let traffic = self.traffic.entry(integration).or_default();
        traffic.rejected += i64::try_from(submission.rejected.len()).unwrap_or(i64::MAX);
        if let Some(reason) = submission.rejected.first().or(submission.warnings.first()) {
            traffic.warning = Some(reason.clone());
        }
        for reason in &submission.rejected {
            self.rows.push(SignalRecord {
                id: tx.id(SignalId)?,
                integration_id: integration,
                received_at: now,
                action: None,
                dedup_key: None,
                severity: None,
                summary: reason.clone(),
                decision: SignalDecision::Rejected,
                alert_id: None,
                incident_id: None,
                warnings: None,
                raw: Some(raw(&submission.raw)),
            });
        }
        let own = &mut self.rows[self.before..];
        if !submission.warnings.is_empty()
            && let Some(row) = own.last_mut()
        {
            row.warnings = Some(submission.warnings.join("\n"));
        }
        self.before = self.rows.len();
        Ok(())
    }

    pub(super) fn write(self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), Error> {
        store::alert::record_signals(tx, &self.rows)?;
        // In the order of their ids, so that two nodes cannot block each other.
        for (integration, traffic) in self.traffic {
            metrics::counter!("quarterdeck_signals_total")
                .increment(u64::try_from(traffic.signals).unwrap_or(0));
            store::alert::count_traffic(tx, integration, &traffic, now)?;
        }
        Ok(())
    }
}

/// As text that both databases can store.
fn raw(body: &[u8]) -> String {
    let kept = &body[..body.len().min(RAW_MAX)];
    let mut text = String::from_utf8_lossy(kept).replace('\0', "\u{fffd}");
    if kept.len() < body.len() {
        // The cut may have gone through a character.
        while text.ends_with('\u{fffd}') {
            text.pop();
        }
        text.push('…');
    }
    text
}
