//! Pings that do not come: each is found out once, by whichever node locks the heartbeat first. And
//! a mark that says when somebody was last there to hear them.

use domain::Timestamp;
use domain::heartbeat::{MARK_EVERY, Outage};
use store::{Change, Store, Tx, heartbeat};

use super::{Carrier, tell};
use crate::Error;
use crate::due::Due;

/// Heartbeats that wait for a ping.
const BEATS: Due = Due {
    what: "heartbeats",
    at_once: 200,
    next: heartbeat::next_due,
    carry_out: expire_in_txn,
    put_off: |tx, now, until| {
        for mut beat in heartbeat::due(tx, now, 1)? {
            beat.due_at = Some(until);
            heartbeat::update(tx, &beat)?;
        }
        Ok(())
    },
};

/// This process begins.
///
/// # Errors
/// Those of the store.
pub(crate) async fn wake(store: &Store, now: Timestamp) -> Result<(), Error> {
    if store.read(heartbeat::next_due).await?.is_none() {
        return Ok(());
    }
    // With PostgreSQL another node may have been there.
    let alone = !store.is_postgres();
    store.write(move |tx| mark_in_txn(tx, now, alone)).await
}

/// Lets everything expire that is due at `now`. Public so that tests can drive it without the loop.
///
/// # Errors
/// Those of the store; what was due stays due.
pub async fn fire_due(store: &Store, now: Timestamp) -> Result<(), Error> {
    let look = |c: &mut store::Conn| {
        Ok::<_, store::Error>((heartbeat::next_due(c)?, heartbeat::alive_at(c)?))
    };
    let (next, mark) = store.read(look).await?;
    let Some(next) = next else {
        return Ok(());
    };
    let fresh = |mark: Timestamp| (mark..mark + MARK_EVERY).contains(&now);
    if !mark.is_some_and(fresh) {
        store.write(move |tx| mark_in_txn(tx, now, false)).await?;
    } else if next > now {
        return Ok(());
    }
    BEATS.carry_out(store, now).await
}

/// Those longest overdue expire, in one transaction; returns how many.
fn expire_in_txn(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<usize, Error> {
    let directory = tx.directory()?;
    let mut due = heartbeat::due(tx, now, limit)?;
    let mut signals = Vec::with_capacity(due.len());
    for beat in &mut due {
        let signal = beat.expire(now).signal;
        heartbeat::update(tx, beat)?;
        signals.push(signal);
    }
    if due.is_empty() {
        return Ok(0);
    }
    let told = due
        .iter()
        .zip(signals)
        .filter_map(|(beat, signal)| Some((beat, signal?)))
        .collect();
    tell(tx, &directory, told, &Carrier::default(), now)?;
    tx.changed(Change::Heartbeats);
    Ok(due.len())
}

/// Writes down that somebody is there. If nobody was, pings may have been lost.
fn mark_in_txn(tx: &mut Tx<'_>, now: Timestamp, restarted: bool) -> Result<(), Error> {
    let mark = heartbeat::take_alive_at(tx)?;
    if let Some(outage) = mark.and_then(|mark| Outage::since(mark, now, restarted)) {
        let mut moved = 0;
        for mut beat in heartbeat::armed(tx)? {
            if beat.after_outage(outage) {
                heartbeat::update(tx, &beat)?;
                moved += 1;
            }
        }
        if moved > 0 {
            tracing::info!(
                heartbeats = moved,
                from = %outage.from,
                "nobody was there to hear pings: these heartbeats have an interval of grace"
            );
            tx.changed(Change::Heartbeats);
        }
    }
    heartbeat::put_alive_at(tx, now)?;
    Ok(())
}
