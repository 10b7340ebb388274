//! What is written down about requests and the signals in them.

use std::collections::BTreeMap;

use domain::dedup::{Applied, SignalDecision};
use domain::routing::{CATCH_ALL, Decision, Way};
use domain::signal::Signal;
use domain::{IntegrationId, RequestId, RoutingRuleId, SignalId, Timestamp};
use formats::mask::mask;
use store::Tx;
use store::alert::{SignalRecord, Traffic};
use store::request::{Repeat, Request};

use super::{Prepared, Submission};
use crate::Error;

/// Repeats of a request that are shown; all are counted.
const REPEATS_SHOWN: usize = 20;
/// Warnings of rules that are shown of one request.
const WARNINGS_SHOWN: usize = 20;

/// What is written down about requests and the signals in them.
#[derive(Default)]
pub(super) struct Records {
    rows: Vec<SignalRecord>,
    /// Rows of the requests before the current one.
    before: usize,
    /// Of the current request.
    current: Current,
    requests: Vec<Request>,
    /// The newest request of an integration that held nothing but repeats. Masking it waits until
    /// it is known to be kept.
    samples: BTreeMap<IntegrationId, (usize, Current)>,
    traffic: BTreeMap<IntegrationId, Traffic>,
    /// How often rules have matched; the catch-all has a number, too.
    matched: BTreeMap<(IntegrationId, RoutingRuleId), i64>,
}

#[derive(Default)]
struct Current {
    id: Option<RequestId>,
    repeated: i64,
    ignored: i64,
    redelivered: usize,
    /// Signals so far.
    seen: usize,
    /// Which of the signals were repeats, and of what.
    repeats: Vec<(usize, Applied)>,
    /// What went wrong with rules.
    warnings: Vec<String>,
}

impl Records {
    pub(super) fn signal(
        &mut self,
        tx: &mut Tx<'_>,
        way: &Way<'_>,
        applied: Applied,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (integration, signal) = (way.integration.id, way.sent);
        if let Some(decision) = &way.decision {
            self.decided(integration, decision);
        }
        let traffic = self.traffic.entry(integration).or_default();
        traffic.signals += 1;
        self.current.seen += 1;
        match applied.decision {
            // The alert's count says it all.
            SignalDecision::Repeated => {
                self.current.repeated += 1;
                if self.current.repeats.len() < REPEATS_SHOWN {
                    self.current.repeats.push((self.current.seen - 1, applied));
                }
                return Ok(());
            }
            SignalDecision::Ignored => {
                traffic.ignored += 1;
                self.current.ignored += 1;
            }
            SignalDecision::Redelivered => {
                traffic.ignored += 1;
                self.current.redelivered += 1;
            }
            _ => {}
        }
        let request_id = self.current.id(tx)?;
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
            raw: None,
            request_id: Some(request_id),
            routed: (way.route.as_ref()).map(SignalRecord::routed).transpose()?,
        });
        Ok(())
    }

    fn decided(&mut self, integration: IntegrationId, decision: &Decision) {
        let rules = decision.matched.iter().map(|rule| rule.id);
        let rest = decision.fell_through.then_some(CATCH_ALL);
        for rule in rules.chain(rest) {
            *self.matched.entry((integration, rule)).or_default() += 1;
        }
        for warning in &decision.warnings {
            let known = &mut self.current.warnings;
            if known.len() < WARNINGS_SHOWN && !known.contains(warning) {
                known.push(warning.clone());
            }
        }
    }

    /// The request as a whole, once all its signals are known, with its place in the batch.
    pub(super) fn request(
        &mut self,
        tx: &mut Tx<'_>,
        (place, submission): (usize, &Submission),
        integration: IntegrationId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut current = std::mem::take(&mut self.current);
        let traffic = self.traffic.entry(integration).or_default();
        traffic.rejected += i64::try_from(submission.rejected.len()).unwrap_or(i64::MAX);
        let reasons = submission.rejected.iter().chain(&submission.warnings);
        if let Some(reason) = reasons.chain(&current.warnings).next() {
            traffic.warning = Some(reason.clone());
        }
        // A repeat with warnings is a repeat: those are told by its sample.
        let told = !submission.warnings.is_empty() && submission.signals.is_empty();
        let asked = submission.origin.replay_of.is_some();
        if self.rows.len() == self.before && submission.rejected.is_empty() && !told && !asked {
            self.samples.insert(integration, (place, current));
            return Ok(());
        }
        let id = current.id(tx)?;
        let changed = self.rows.len() - self.before - current.redelivered;
        let request = whole(id, current, submission, integration, now);
        for reason in &request.problems {
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
                raw: None,
                request_id: Some(id),
                routed: None,
            });
        }
        let own = &mut self.rows[self.before..];
        if !request.warnings.is_empty()
            && let Some(row) = own.last_mut()
        {
            row.warnings = Some(request.warnings.join("\n"));
        }
        self.requests.push(Request {
            changed: i64::try_from(changed).unwrap_or(i64::MAX) - request.ignored,
            ..request
        });
        self.before = self.rows.len();
        Ok(())
    }

    pub(super) fn write(
        mut self,
        tx: &mut Tx<'_>,
        batch: &[Prepared],
        now: Timestamp,
    ) -> Result<(), Error> {
        for (integration, (place, mut current)) in std::mem::take(&mut self.samples) {
            let Some(Prepared { submission, .. }) = batch.get(place) else {
                continue;
            };
            if store::request::sample_is_fresh(tx, integration, now)? {
                continue;
            }
            let id = current.id(tx)?;
            let sample = whole(id, current, submission, integration, now);
            self.requests.push(Request {
                is_sample: true,
                ..sample
            });
        }
        store::request::record(tx, &self.requests)?;
        store::alert::record_signals(tx, &self.rows)?;
        store::routing::count(tx, &self.matched, now)?;
        // In the order of their ids, so that two nodes cannot block each other.
        for (integration, traffic) in self.traffic {
            metrics::counter!("quarterdeck_signals_total")
                .increment(u64::try_from(traffic.signals).unwrap_or(0));
            store::alert::count_traffic(tx, integration, &traffic, now)?;
        }
        Ok(())
    }
}

impl Current {
    fn id(&mut self, tx: &mut Tx<'_>) -> Result<RequestId, Error> {
        match self.id {
            Some(id) => Ok(id),
            None => Ok(*self.id.insert(tx.id(RequestId)?)),
        }
    }

    fn repeats(&self, signals: &[Signal]) -> Vec<Repeat> {
        let known = self
            .repeats
            .iter()
            .filter_map(|(place, applied)| Some((signals.get(*place)?, applied)));
        known
            .map(|(signal, applied)| Repeat {
                action: signal.action,
                dedup_key: signal.dedup_key.clone(),
                severity: signal.severity,
                summary: signal.summary.clone(),
                alert: applied.alert_id,
                incident: applied.incident_id,
            })
            .collect()
    }
}

/// The request as it is kept, every secret masked; `changed` is not known here.
fn whole(
    id: RequestId,
    current: Current,
    submission: &Submission,
    integration_id: IntegrationId,
    received_at: Timestamp,
) -> Request {
    let origin = &submission.origin;
    let masked = mask(&origin.head, &submission.raw, &submission.key_hash);
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let cleaned =
        |texts: &[String]| -> Vec<String> { texts.iter().map(|text| masked.clean(text)).collect() };
    Request {
        id,
        integration_id,
        received_at,
        format: origin.format.to_owned(),
        warnings: cleaned(&submission.warnings)
            .into_iter()
            .chain(cleaned(&current.warnings))
            .collect(),
        problems: cleaned(&submission.rejected),
        method: masked.method,
        path: masked.path,
        headers: masked.headers,
        body: masked.body,
        size: count(submission.raw.len()),
        complete: masked.complete,
        changed: 0,
        repeated: current.repeated,
        ignored: current.ignored,
        rejected: count(submission.rejected.len()),
        repeats: current.repeats(&submission.signals),
        replay_of: origin.replay_of,
        is_sample: false,
    }
}
