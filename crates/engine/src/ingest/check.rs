//! Looks at alerts that the passing of time changes: they expire, what suppresses them ends, they
//! have been stable for long enough. What it means is `domain::dedup`'s to say.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use domain::alert::Identity;
use domain::integration::source;
use domain::service::Integration;
use domain::signal::Signal;
use domain::word::AlertStatus;
use domain::{IncidentId, Timestamp};
use store::Tx;

use super::{Provisional, SOURCE, Submission, load, write};
use crate::Error;
use crate::due::Due;

/// Alerts that wait to be looked at.
pub(crate) const ALERTS: Due = Due {
    what: "alerts",
    at_once: 500,
    next: store::alert::next_check,
    carry_out: check_in_txn,
    put_off: |tx, now, until| Ok(store::alert::put_off_check(tx, now, until)?),
};

/// Looks at the oldest alerts that are due, in one transaction; returns how many.
fn check_in_txn(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<usize, Error> {
    let directory = tx.directory()?;
    let due = store::alert::due(tx, now, limit)?;
    if due.is_empty() {
        return Ok(0);
    }
    let mut set = load::load_for_check(tx, &due, &directory, now)?;
    let closed: Vec<IncidentId> = set
        .incidents
        .values()
        .filter(|known| !known.is_open())
        .map(|known| known.id)
        .collect();
    let mut numbering = Provisional { tx, opened: 0 };
    let checked = due.len();
    let mut seen: BTreeSet<Identity> = BTreeSet::new();
    for alert in due {
        match alert.status {
            AlertStatus::Open if seen.insert(alert.identity) => {
                set.check_open(alert.identity, &directory, &mut numbering, now)?;
            }
            AlertStatus::Open => {}
            AlertStatus::Resolved => set.check_resolved(alert, &directory, now),
        }
    }
    let opened = numbering.opened;
    let unheard = std::mem::take(&mut set.unheard);
    write::write(tx, set, &closed, opened, now)?;
    let silent = unheard.iter().filter_map(|(id, summaries)| {
        let integration = directory.integration(*id)?;
        let signal = source::went_silent(integration, summaries, now);
        Some(about_source(integration, signal))
    });
    let silent: Vec<Arc<Submission>> = silent.collect();
    if !silent.is_empty() {
        super::apply_in_txn(tx, &silent, now)?;
    }
    Ok(checked)
}

/// Nobody wants to hear any more that the source of an integration is silent.
pub(crate) fn end_silence(
    tx: &mut Tx<'_>,
    integration: &Integration,
    now: Timestamp,
) -> Result<(), Error> {
    let heard = about_source(integration, source::heard(integration, now));
    super::apply_in_txn(tx, &[heard], now)?;
    Ok(())
}

fn about_source(integration: &Integration, signal: Signal) -> Arc<Submission> {
    let head = format!("CLOCK /integrations/{}", integration.id);
    Submission::own(integration, signal, SOURCE, head, Bytes::new())
}
