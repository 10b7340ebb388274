//! How many signals came in each of the last minutes. A minute that is over is counted once, so
//! that a storm does not make everybody's dashboard count it again and again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::{Span, Timestamp};
use store::Conn;

const MINUTE: Span = Span::from_minutes(1);
/// What is committed late still belongs to its minute.
const SETTLES: Span = Span::from_seconds(30);

/// Counts of the minutes that are over, by their number since 1970.
#[derive(Default)]
pub(crate) struct Pulse {
    over: Mutex<BTreeMap<i64, u32>>,
}

impl Pulse {
    /// Signals of each of the `minutes` up to `now`, oldest first.
    ///
    /// # Errors
    /// Those of the reads.
    pub(crate) fn read(
        &self,
        conn: &mut Conn,
        now: Timestamp,
        minutes: i64,
    ) -> Result<Vec<u32>, store::Error> {
        let current = now.0.div_euclid(MINUTE.0);
        let first = current - minutes + 1;
        let mut known = self.known().clone();
        let mut counts = Vec::new();
        for minute in first..=current {
            let count = match known.get(&minute) {
                Some(count) => *count,
                None => {
                    let begins = Timestamp(minute * MINUTE.0);
                    let count = store::board::signals_between(conn, begins, begins + MINUTE)?;
                    let count = u32::try_from(count).unwrap_or(u32::MAX);
                    if begins + MINUTE + SETTLES <= now {
                        known.insert(minute, count);
                    }
                    count
                }
            };
            counts.push(count);
        }
        known.retain(|minute, _| *minute >= first);
        *self.known() = known;
        Ok(counts)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<i64, u32>> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
mod tests {
    use domain::dedup::SignalDecision;
    use domain::{IntegrationId, SignalId};
    use store::alert::{SignalRecord, record_signals};
    use store::{DatabaseUrl, Store};
    use testkit::Scratch;

    use super::*;

    const ROWS: &str = "
        INSERT INTO service (id, slug, name, description, settings, created_at)
        VALUES (1, 'checkout', 'Checkout', '', '{}', 0);
        INSERT INTO integration (id, service_id, name, kind, key_hash, key_hint, created_at)
        VALUES (1, 1, 'Events', 'generic', x'00', '', 0);";

    fn received(store: &Store, at: Timestamp) {
        let record = move |tx: &mut store::Tx<'_>| {
            let one = SignalRecord {
                id: tx.id(SignalId)?,
                integration_id: IntegrationId(1),
                received_at: at,
                action: None,
                dedup_key: None,
                severity: None,
                summary: String::new(),
                decision: SignalDecision::Rejected,
                alert_id: None,
                incident_id: None,
                warnings: None,
                raw: None,
                request_id: None,
                routed: None,
            };
            record_signals(tx, &[one])
        };
        store.write_blocking(record).unwrap();
    }

    #[test]
    fn minutes_that_are_over_are_counted_once() {
        let home = Scratch::new("web-pulse");
        let store = Store::open(&DatabaseUrl::Sqlite(home.path().join("q.db"))).unwrap();
        store.write_blocking(|tx| tx.execute(ROWS)).unwrap();
        let pulse = Pulse::default();
        let at = |seconds: i64| Timestamp(0) + MINUTE + Span::from_seconds(seconds);
        let read = |now| {
            store
                .read_blocking(|conn| pulse.read(conn, now, 3))
                .unwrap()
        };
        received(&store, at(0));
        received(&store, at(59));
        assert_eq!(read(at(59)), [0, 0, 2]);
        // Committed a little later, it still counts.
        received(&store, at(58));
        received(&store, at(60));
        assert_eq!(read(at(89)), [0, 3, 1]);
        // The minute is over: nobody counts it again.
        assert_eq!(read(at(90)), [0, 3, 1]);
        received(&store, at(57));
        assert_eq!(read(at(91)), [0, 3, 1]);
        assert_eq!(read(at(180)), [1, 0, 0]);
    }
}
