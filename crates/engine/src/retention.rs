//! Deletes what has been kept long enough, in small batches (PAGING.md §1.9).

use std::sync::Arc;
use std::time::Duration;

use domain::{Span, Timestamp};
use store::Store;

use crate::Error;
use crate::clock::Clock;

/// Raw payloads and decisions about signals.
const SIGNALS: Span = Span::from_days(30);
/// Resolved alerts.
const ALERTS: Span = Span::from_days(400);
/// Change events.
const CHANGES: Span = Span::from_days(400);
/// What people answered by SMS and mail, so that a provider's repeated call acts once.
const ANSWERS: Span = Span::from_days(30);
const BATCH: i64 = 500;
const EVERY: Duration = Duration::from_secs(600);
/// Between batches, so that people's writes come first.
const BREATH: Duration = Duration::from_millis(200);

/// Runs until the task is aborted.
pub(crate) async fn run(store: Store, clock: Arc<dyn Clock>) {
    loop {
        tokio::time::sleep(EVERY).await;
        loop {
            match delete_old(&store, clock.now()).await {
                Ok(0) => break,
                Ok(_) => tokio::time::sleep(BREATH).await,
                Err(error) => {
                    tracing::warn!(%error, "old records could not be deleted");
                    break;
                }
            }
        }
    }
}

/// Deletes a small batch of what is too old at `now`; returns how many records.
///
/// # Errors
/// Those of the store.
pub async fn delete_old(store: &Store, now: Timestamp) -> Result<usize, Error> {
    store
        .write(move |tx| {
            let signals = store::alert::delete_signals(tx, now - SIGNALS, BATCH)?;
            let requests = store::request::delete_old(tx, now - SIGNALS, BATCH)?;
            let directory = tx.directory()?;
            let mut samples = 0;
            for integration in directory.integrations.keys() {
                samples += store::request::delete_samples(tx, *integration, BATCH)?;
            }
            let alerts = store::alert::delete_resolved(tx, now - ALERTS, BATCH)?;
            let notices = crate::reminder::forget_in_txn(tx, now)?;
            let changes = store::change_event::delete_old(tx, now - CHANGES, BATCH)?;
            let keys = store::alert::forget_aliases(tx, BATCH)?;
            let told = now - domain::signal::DELIVERY_KEPT;
            let deliveries = store::delivery::forget(tx, told, BATCH)?;
            let answers = store::reply::forget(tx, now - ANSWERS, BATCH)?;
            Ok(signals
                + requests
                + samples
                + alerts
                + notices
                + changes
                + keys
                + answers
                + deliveries)
        })
        .await
}
