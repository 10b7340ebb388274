//! Heartbeats (PAGING.md §7): pings that come in, and those that do not. A state and the signal it
//! gives are one transaction, and the signal goes the way of all others.

pub mod key;
mod watch;

use std::sync::Arc;

use bytes::Bytes;
use domain::directory::Directory;
use domain::heartbeat::{Heartbeat, Ping};
use domain::signal::Signal;
use domain::{HeartbeatId, IntegrationId, Timestamp};
use store::{Change, Store, Tx, heartbeat};

use crate::Error;
use crate::ingest::{self, Submission};

pub use watch::fire_due;
pub(crate) use watch::wake;

/// Who reads the requests of heartbeats.
pub const FORMAT: &str = "heartbeat";

/// Which heartbeat is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// By its own address; an older version of that opens nothing any more.
    Key(key::Key),
    /// By its name, with the key of its integration.
    Named {
        integration: IntegrationId,
        name: String,
    },
}

/// How a ping came, as it is kept if it tells of something.
#[derive(Clone, Debug, Default)]
pub struct Carrier {
    /// As [`ingest::Origin::head`], without the heartbeat's key.
    pub head: String,
    pub raw: Bytes,
}

/// Takes a ping; returns the heartbeat as it is then, once that is durable.
///
/// # Errors
/// [`Error::NotFound`], those of the store.
pub async fn ping(
    store: &Store,
    which: Which,
    ping: Ping,
    carrier: Carrier,
    now: Timestamp,
) -> Result<Heartbeat, Error> {
    ingest::write_racing(store, move |tx| {
        ping_in_txn(tx, &which, &ping, &carrier, now)
    })
    .await
}

fn ping_in_txn(
    tx: &mut Tx<'_>,
    which: &Which,
    ping: &Ping,
    carrier: &Carrier,
    now: Timestamp,
) -> Result<Heartbeat, Error> {
    let unknown = || Error::NotFound("heartbeat");
    let directory = tx.directory()?;
    let id = match which {
        Which::Key(key) => key.id,
        Which::Named { integration, name } => {
            heartbeat::named(tx, *integration, name)?.ok_or_else(unknown)?
        }
    };
    let mut beat = heartbeat::take(tx, id)?.ok_or_else(unknown)?;
    if let Which::Key(key) = which
        && key.version != beat.key_version
    {
        return Err(unknown());
    }
    directory
        .integration(beat.integration_id)
        .ok_or_else(unknown)?;
    let due = beat.due_at;
    let outcome = beat.ping(ping, now);
    if due.is_none() && beat.due_at.is_some() && heartbeat::next_due(tx)?.is_none() {
        // Nothing could expire, so that nobody has written down for long that we are there.
        heartbeat::put_alive_at(tx, now)?;
    }
    heartbeat::update(tx, &beat)?;
    if beat
        .due_at
        .is_some_and(|new| due.is_none_or(|due| new < due))
    {
        tx.changed(Change::Timers);
    }
    if outcome.changed {
        tx.changed(Change::Heartbeats);
    }
    if let Some(signal) = outcome.signal {
        tell(tx, &directory, vec![(&beat, signal)], carrier, now)?;
    }
    Ok(beat)
}

/// Hands signals of heartbeats to their integrations.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    directory: &Directory,
    signals: Vec<(&Heartbeat, Signal)>,
    carrier: &Carrier,
    now: Timestamp,
) -> Result<(), Error> {
    let submissions: Vec<Arc<Submission>> = signals
        .into_iter()
        .filter_map(|(beat, signal)| {
            let integration = directory.integration(beat.integration_id)?;
            let head = match carrier.head.is_empty() {
                true => format!("CLOCK /heartbeats/{}", beat.id),
                false => carrier.head.clone(),
            };
            let raw = carrier.raw.clone();
            Some(Submission::own(integration, signal, FORMAT, head, raw))
        })
        .collect();
    if !submissions.is_empty() {
        ingest::apply_in_txn(tx, &submissions, now)?;
    }
    Ok(())
}

/// A heartbeat whose integration is still there.
///
/// # Errors
/// [`Error::NotFound`], those of the store.
pub async fn get(store: &Store, id: HeartbeatId) -> Result<Heartbeat, Error> {
    let directory = store.directory();
    let found = store.read(move |c| heartbeat::get(c, id)).await?;
    found
        .filter(|beat| directory.integration(beat.integration_id).is_some())
        .ok_or(Error::NotFound("heartbeat"))
}
