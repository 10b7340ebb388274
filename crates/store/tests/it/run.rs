//! The runs of an incident.

use domain::escalation::Run;
use domain::word::RunState;
use domain::{IncidentId, RunId, Span};
use store::{Error, escalation, incident};

use crate::on_both;
use crate::sample::{self, NOW};

fn run(id: i64, started: Span, state: RunState) -> Run {
    Run {
        id: RunId(id),
        incident_id: IncidentId(1),
        policy_id: None,
        policy_version: 0,
        state,
        cycle: 0,
        next_step: 0,
        executions: 0,
        due_at: None,
        round_robin: 0,
        started_at: NOW + started,
        watching: vec![],
        paged_now: vec![],
        last_step: None,
        recheck_at: None,
        held_due: None,
    }
}

on_both!(the_newest_run_is_the_one_begun_last, |backend| {
    let store = backend.store();
    sample::house(&store);
    // The clock was set back, and another node gives smaller ids.
    let runs = [
        run(7, Span::ZERO, RunState::Stopped),
        run(8, Span::from_hours(1), RunState::Stopped),
        run(3, Span::from_minutes(5), RunState::Running),
    ];
    let kept = runs.clone();
    let known = store.write_blocking(move |tx| {
        incident::insert(tx, vec![sample::incident(1, None)])?;
        let mut known = Vec::new();
        for run in &kept {
            escalation::insert_run(tx, run)?;
            known.extend(escalation::newest_run(tx, IncidentId(1))?);
        }
        Ok::<_, Error>((known, escalation::runs(tx, IncidentId(1))?))
    });
    assert_eq!(known.unwrap(), (runs.to_vec(), runs.to_vec()));
});
