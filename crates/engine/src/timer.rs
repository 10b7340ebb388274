//! Fires what falls due. Sleeps until the next timer, or until somebody arms an earlier one; the
//! table is the truth, a message lost between nodes costs a scan interval at most.

use std::sync::Arc;
use std::time::Duration;

use domain::incident::Actor;
use domain::word::{AccountRole, TimerKind};
use domain::{Span, Timestamp};
use store::escalation::Timer;
use store::{Change, Store, Tx};
use tokio::sync::broadcast::error::RecvError;

use crate::clock::Clock;
use crate::{Error, OpContext};

/// On PostgreSQL another node may arm a timer and its message be lost; with SQLite nobody else
/// can, so this only bounds the damage of a clock that jumps.
const SCAN: Duration = Duration::from_secs(5);
/// After a database failure.
const PAUSE: Duration = Duration::from_secs(1);
/// Timers looked at in one go.
const AT_ONCE: i64 = 2_048;
/// Escalations advanced in one transaction; other timers have one each.
const TOGETHER: usize = 256;
/// A timer that cannot be carried out is tried again after this time.
const PUT_OFF: Span = Span::from_seconds(30);

fn system(now: Timestamp) -> OpContext {
    OpContext {
        actor: Actor::SYSTEM,
        role: AccountRole::Admin,
        now,
    }
}

/// Runs until the task is aborted.
pub(crate) async fn run(store: Store, clock: Arc<dyn Clock>) {
    let mut changes = store.changes();
    // Somebody may have changed who is on call while nobody was running.
    recheck(&store, clock.now()).await;
    loop {
        let pause = match fire_due(&store, clock.now()).await {
            Ok(()) => match store.read(next).await {
                Ok(Some(due)) => due.since(clock.now()).to_std().min(SCAN),
                Ok(None) => SCAN,
                Err(error) => {
                    tracing::warn!(%error, "cannot read the timers");
                    PAUSE
                }
            },
            Err(error) => {
                tracing::warn!(%error, "cannot fire timers");
                PAUSE
            }
        };
        let sleep = tokio::time::sleep(pause);
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                biased;
                () = &mut sleep => break,
                change = changes.recv() => match change {
                    Ok(Change::Timers) => break,
                    Ok(Change::Directory) => {
                        recheck(&store, clock.now()).await;
                        break;
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => {
                        recheck(&store, clock.now()).await;
                        break;
                    }
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }
}

/// When a timer falls due, an alert wants to be looked at, or a heartbeat expires.
fn next(conn: &mut store::Conn) -> Result<Option<Timestamp>, store::Error> {
    let timer = store::escalation::next_due(conn)?;
    let alert = store::alert::next_check(conn)?;
    let heartbeat = store::heartbeat::next_due(conn)?;
    Ok(timer.into_iter().chain(alert).chain(heartbeat).min())
}

/// Fires everything due at `now`, oldest first. Public so that tests and the simulator can drive
/// it without the loop.
///
/// # Errors
/// [`Error::Store`] when the database cannot be used; what was due stays due.
pub async fn fire_due(store: &Store, now: Timestamp) -> Result<(), Error> {
    // First, since what an alert comes to decides whether paging goes on.
    crate::heartbeat::fire_due(store, now).await?;
    crate::ingest::ALERTS.carry_out(store, now).await?;
    loop {
        let due: Vec<Timer> = store
            .read(move |c| store::escalation::due(c, now, AT_ONCE))
            .await?;
        if due.is_empty() {
            return Ok(());
        }
        metrics::histogram!("quarterdeck_timer_lateness_seconds")
            .record(due[0].due_at_lateness(now));
        let (escalations, others): (Vec<Timer>, Vec<Timer>) = due
            .into_iter()
            .partition(|timer| timer.kind == TimerKind::Escalation);
        // Together, so that the writer commits them together.
        let mut firing: Vec<_> = others
            .into_iter()
            .map(|timer| {
                let store = store.clone();
                tokio::spawn(async move { fire(&store, timer, now).await })
            })
            .collect();
        firing.extend(escalations.chunks(TOGETHER).map(|chunk| {
            let (store, timers) = (store.clone(), chunk.to_vec());
            tokio::spawn(async move { fire_together(&store, timers, now).await })
        }));
        // One that fails does not stop the others.
        let mut failed = None;
        for fired in firing {
            if let Err(error) = fired
                .await
                .unwrap_or(Err(Error::Store(store::Error::Closed)))
            {
                failed.get_or_insert(error);
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
    }
}

/// Fires timers of escalations in one transaction; where one of them cannot be carried out, each on
/// its own, so that it is not in the way of the others.
async fn fire_together(store: &Store, timers: Vec<Timer>, now: Timestamp) -> Result<(), Error> {
    let all = timers.clone();
    let together: Result<(), Error> = store
        .write(move |tx| {
            for spinning in crate::effect::fire_escalations(tx, &all, now)? {
                put_off(tx, spinning, now)?;
            }
            Ok(())
        })
        .await;
    match together {
        Err(error) if error.is_unavailable() => Err(error),
        Err(_) => {
            let mut failed = None;
            for timer in timers {
                if let Err(error) = fire(store, timer, now).await {
                    failed.get_or_insert(error);
                }
            }
            failed.map_or(Ok(()), Err)
        }
        Ok(()) => Ok(()),
    }
}

/// Fires one timer, unless it was fired, moved or removed meanwhile.
async fn fire(store: &Store, timer: Timer, now: Timestamp) -> Result<(), Error> {
    let result: Result<(), Error> = store.write(move |tx| fire_in_txn(tx, timer, now)).await;
    match result {
        Err(error) if error.is_unavailable() => Err(error),
        Err(error) => {
            // Never lost, never in the way of the others.
            tracing::error!(
                %error,
                kind = %timer.kind,
                incident.id = %timer.incident_id,
                "a timer could not be carried out; it is tried again"
            );
            store.write(move |tx| put_off(tx, timer, now)).await
        }
        Ok(()) => Ok(()),
    }
}

fn fire_in_txn(tx: &mut Tx<'_>, timer: Timer, now: Timestamp) -> Result<(), Error> {
    // First the incident, then its timers, as everybody else: two who lock in different orders
    // block each other. Another node that fires the timer is waited for here.
    store::incident::lock(tx, timer.incident_id)?;
    let Some(current) = store::escalation::take(tx, timer.id)?.filter(|t| t.due_at <= now) else {
        return Ok(());
    };
    crate::incident::timer_in_txn(tx, &current, &system(now))?;
    // Rules move or remove their timer. One that did neither would spin.
    match store::escalation::take(tx, timer.id)? {
        Some(left) if left.due_at <= current.due_at => put_off(tx, left, now),
        _ => Ok(()),
    }
}

/// A timer that cannot be carried out is tried again; unless it is gone meanwhile.
fn put_off(tx: &mut Tx<'_>, timer: Timer, now: Timestamp) -> Result<(), Error> {
    match store::escalation::take(tx, timer.id)? {
        Some(current) if current.due_at <= now => Ok(store::escalation::arm(
            tx,
            Timer {
                due_at: now + PUT_OFF,
                ..current
            },
        )?),
        _ => Ok(()),
    }
}

/// Has every live run look again at who is on call.
async fn recheck(store: &Store, now: Timestamp) {
    let live = store.read(store::escalation::incidents_with_live_run).await;
    let incidents = match live {
        Ok(incidents) => incidents,
        Err(error) => {
            tracing::warn!(%error, "cannot read the running escalations");
            return;
        }
    };
    for id in incidents {
        let result: Result<(), Error> = store
            .write(move |tx| crate::incident::recheck_on_call(tx, id, &system(now)))
            .await;
        if let Err(error) = result {
            tracing::warn!(%error, incident.id = %id, "cannot look again at who is on call");
        }
    }
}
