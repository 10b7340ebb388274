//! Pings that do not come: each is found out once, by whichever node locks the heartbeat first. And
//! a mark that says when somebody was last there to hear them.

use domain::Span;
use domain::Timestamp;
use domain::heartbeat::{MARK_EVERY, Outage};
use store::{Change, Store, Tx, heartbeat};

use super::{Carrier, tell};
use crate::Error;
use crate::ingest::write_racing;

/// Heartbeats that expire in one transaction.
const AT_ONCE: i64 = 200;
/// One that cannot be carried out is tried again after this time.
const PUT_OFF: Span = Span::from_seconds(30);

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
    let Some(mut next) = next else {
        return Ok(());
    };
    let fresh = |mark: Timestamp| (mark..mark + MARK_EVERY).contains(&now);
    if !mark.is_some_and(fresh) {
        store.write(move |tx| mark_in_txn(tx, now, false)).await?;
    } else if next > now {
        return Ok(());
    }
    loop {
        match store.read(heartbeat::next_due).await? {
            Some(due) if due <= now => next = due,
            _ => return Ok(()),
        }
        match write_racing(store, move |tx| expire_in_txn(tx, now, AT_ONCE)).await {
            // Another node was faster.
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(Error::Store(
                error @ (store::Error::Unavailable(_)
                | store::Error::Busy(_)
                | store::Error::Closed),
            )) => return Err(Error::Store(error)),
            Err(error) => {
                tracing::warn!(%error, due = %next, "heartbeats could not expire together");
                one_by_one(store, now).await?;
            }
        }
    }
}

/// So that one that cannot be carried out is not in the way of the others.
async fn one_by_one(store: &Store, now: Timestamp) -> Result<(), Error> {
    for _ in 0..AT_ONCE {
        match write_racing(store, move |tx| expire_in_txn(tx, now, 1)).await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(Error::Store(
                error @ (store::Error::Unavailable(_)
                | store::Error::Busy(_)
                | store::Error::Closed),
            )) => return Err(Error::Store(error)),
            Err(error) => {
                tracing::error!(%error, "a heartbeat could not expire; it is tried again");
                store
                    .write(move |tx| {
                        for mut beat in heartbeat::due(tx, now, 1)? {
                            beat.due_at = Some(now + PUT_OFF);
                            heartbeat::update(tx, &beat)?;
                        }
                        Ok::<(), Error>(())
                    })
                    .await?;
            }
        }
    }
    Ok(())
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
