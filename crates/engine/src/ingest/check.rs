//! Looks at alerts that the passing of time changes: they expire, what suppresses them ends, they
//! have been stable for long enough. What it means is `domain::dedup`'s to say.

use std::collections::BTreeSet;

use domain::alert::Identity;
use domain::word::AlertStatus;
use domain::{IncidentId, Span, Timestamp};
use store::{Store, Tx};

use super::{Provisional, load, write};
use crate::Error;

/// Alerts looked at in one transaction.
const AT_ONCE: i64 = 500;
/// An alert that cannot be looked at is looked at again after this time.
const PUT_OFF: Span = Span::from_seconds(30);

/// Looks at everything due at `now`.
///
/// # Errors
/// [`Error::Store`] when the database cannot be used; what was due stays due.
pub(crate) async fn fire_due(store: &Store, now: Timestamp) -> Result<(), Error> {
    loop {
        let next = store.read(store::alert::next_check).await?;
        if next.is_none_or(|next| next > now) {
            return Ok(());
        }
        let checked: Result<usize, Error> =
            store.write(move |tx| check_in_txn(tx, now, AT_ONCE)).await;
        match checked {
            // On PostgreSQL another node may have been faster.
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(Error::Store(
                error @ (store::Error::Unavailable(_)
                | store::Error::Busy(_)
                | store::Error::Closed),
            )) => return Err(Error::Store(error)),
            Err(error) => {
                tracing::warn!(%error, "alerts could not be looked at together");
                one_by_one(store, now).await?;
            }
        }
    }
}

/// So that one that cannot be looked at is not in the way of the others.
async fn one_by_one(store: &Store, now: Timestamp) -> Result<(), Error> {
    for _ in 0..AT_ONCE {
        let checked: Result<usize, Error> = store.write(move |tx| check_in_txn(tx, now, 1)).await;
        match checked {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(Error::Store(
                error @ (store::Error::Unavailable(_)
                | store::Error::Busy(_)
                | store::Error::Closed),
            )) => return Err(Error::Store(error)),
            Err(error) => {
                tracing::error!(%error, "an alert could not be looked at; it is tried again");
                store
                    .write(move |tx| {
                        store::alert::put_off_check(tx, now, now + PUT_OFF).map_err(Error::from)
                    })
                    .await?;
            }
        }
    }
    Ok(())
}

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
    write::write(tx, set, &closed, opened, now)?;
    Ok(checked)
}
