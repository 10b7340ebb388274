//! Two nodes that open the same alert or group: the slower one tries again, and finds it open.

use std::time::Duration;

use store::{Store, Tx};

use crate::Error;

/// How often something is applied again when another node was faster with the same key.
const TRIES: u64 = 20;
/// The uniqueness that such a race breaks: one open alert of an identity, one open incident of a
/// group.
const RACES: [&str; 2] = ["alert_open_identity", "incident_open_group"];

/// A write that takes signals in, tried again when another node was faster with the same key.
pub(crate) async fn write_racing<T: Send + 'static>(
    store: &Store,
    body: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Clone + Send + 'static,
) -> Result<T, Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        match store.write(body.clone()).await {
            Err(error) if is_lost_race(&error, tries) => come_apart(tries).await,
            other => return other,
        }
    }
}

/// Whether another node opened the same alert or group: the next try sees it.
pub(super) fn is_lost_race(error: &Error, tries: u64) -> bool {
    let Error::Store(store::Error::Conflict { what }) = error else {
        return false;
    };
    tries < TRIES && RACES.contains(&what.as_str())
}

/// Those who race for the same keys come apart.
pub(super) async fn come_apart(tries: u64) {
    let pause = rand::random_range(0..=2 * tries);
    tokio::time::sleep(Duration::from_millis(pause)).await;
}
