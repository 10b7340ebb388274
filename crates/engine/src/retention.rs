//! Deletes what has been kept long enough, in small batches (PAGING.md §1.9).

use std::sync::Arc;
use std::time::Duration;

use domain::Span;
use store::Store;

use crate::Error;
use crate::clock::Clock;

/// Raw payloads and decisions about signals.
const SIGNALS: Span = Span::from_days(30);
const BATCH: i64 = 500;
const EVERY: Duration = Duration::from_secs(600);
/// Between batches, so that people's writes come first.
const BREATH: Duration = Duration::from_millis(200);

/// Runs until the task is aborted.
pub(crate) async fn run(store: Store, clock: Arc<dyn Clock>) {
    loop {
        tokio::time::sleep(EVERY).await;
        loop {
            let before = clock.now() - SIGNALS;
            let deleted: Result<usize, Error> = store
                .write(move |tx| Ok(store::alert::delete_signals(tx, before, BATCH)?))
                .await;
            match deleted {
                Ok(0) => break,
                Ok(_) => tokio::time::sleep(BREATH).await,
                Err(error) => {
                    tracing::warn!(%error, "old signals could not be deleted");
                    break;
                }
            }
        }
    }
}
