//! Many runs that fall due together are advanced in one transaction: what they need is read at
//! once, and what they lead to is written at once.

use std::collections::BTreeMap;

use domain::escalation::{Input, Run};
use domain::incident::Incident;
use domain::word::TimerKind;
use domain::{IncidentId, TimerId, Timestamp};
use store::Tx;
use store::escalation::Timer;

use super::Writing;
use crate::{Error, suppression};

/// Alerts that may be read in one transaction to know whether paging rests; a single incident may
/// have more.
const READ_MAX: i64 = 20_000;

/// Advances the runs of these timers, unless a timer was fired, moved or removed meanwhile. Returns
/// those whose run wants no other time than before: they must be put off, or they would spin. Where
/// storms are silenced not all of them may be advanced; the others stay due.
///
/// # Errors
/// Those of the reads and writes; then nothing of it was written.
pub(crate) fn fire_escalations(
    tx: &mut Tx<'_>,
    timers: &[Timer],
    now: Timestamp,
) -> Result<Vec<Timer>, Error> {
    // First the incidents, then their timers, as everybody else: two who lock in different orders
    // block each other. Another node that fires the same is waited for here.
    let mut ids: Vec<IncidentId> = timers.iter().map(|timer| timer.incident_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut incidents: BTreeMap<IncidentId, Incident> = store::incident::lock_all(tx, &ids)?
        .into_iter()
        .map(|incident| (incident.id, incident))
        .collect();
    let timer_ids: Vec<TimerId> = timers.iter().map(|timer| timer.id).collect();
    let mut due = store::escalation::take_all(tx, &timer_ids)?;
    due.retain(|timer| timer.due_at <= now);
    due.sort_unstable_by_key(|timer| (timer.due_at, timer.id));
    let mut runs: BTreeMap<IncidentId, Run> = store::escalation::live_runs(tx, &ids)?
        .into_iter()
        .map(|run| (run.incident_id, run))
        .collect();
    let awaited = store::responder::awaited_of(tx, &ids)?;
    let mut writing = Writing::new(tx, now)?;
    writing.awaited = Some(awaited.into_iter().collect());
    let mut spinning = Vec::new();
    let mut read = 0;
    for timer in due {
        if let Some(incident) = incidents.get(&timer.incident_id) {
            let more = suppression::to_read(&writing.directory, incident, now);
            if read > 0 && read + more > READ_MAX {
                break;
            }
            read += more;
        }
        let run = runs
            .remove(&timer.incident_id)
            .filter(|run| run.id.0 == timer.subject_id);
        match (run, incidents.get_mut(&timer.incident_id)) {
            (Some(run), Some(incident)) => {
                let next = writing.advance(incident, run, Input::Due)?;
                writing
                    .tx
                    .changed(store::Change::Incident(timer.incident_id));
                if next.is_some_and(|next| next <= timer.due_at) {
                    spinning.push(timer);
                }
            }
            _ => store::escalation::disarm(writing.tx, TimerKind::Escalation, timer.subject_id)?,
        }
    }
    writing.finish()?;
    Ok(spinning)
}
