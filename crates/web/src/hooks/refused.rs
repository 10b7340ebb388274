//! Requests beyond the budget of an integration. They are counted, and its owner is told once a
//! minute how many there were: a flood of them must not become one of rows.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use actix_web::web::{Bytes, Data};
use domain::{IntegrationId, Timestamp};
use engine::ingest::{Origin, Submission};

use super::intake::{self, NotTaken};
use crate::state::AppState;

/// What was refused since it was told of last.
#[derive(Default)]
pub(crate) struct Refused {
    counts: Mutex<HashMap<IntegrationId, Count>>,
}

/// Of one integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    requests: u64,
    since: Timestamp,
    /// How many a minute it may send.
    per_minute: u32,
}

impl Refused {
    pub(super) fn count(&self, of: IntegrationId, per_minute: u32, now: Timestamp) {
        let one = Count {
            requests: 1,
            since: now,
            per_minute,
        };
        self.add(of, one);
    }

    fn add(&self, of: IntegrationId, more: Count) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .entry(of)
            .and_modify(|count| {
                count.requests += more.requests;
                count.since = count.since.min(more.since);
                count.per_minute = more.per_minute;
            })
            .or_insert(more);
    }

    fn take(&self) -> HashMap<IntegrationId, Count> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *counts)
    }
}

impl Count {
    fn reason(self) -> String {
        let since = self.since.to_jiff().strftime("%Y-%m-%d %H:%M:%S UTC");
        let (requests, were) = match self.requests {
            1 => ("request", "was"),
            _ => ("requests", "were"),
        };
        format!(
            "{} {requests} {were} refused since {since}: more than {} a minute came with this key. \
             Senders try again, if they can.",
            self.requests, self.per_minute
        )
    }
}

/// Shows on each integration what was refused. This costs nothing of its budget, which is spent.
pub(crate) async fn tell(state: &AppState) {
    for (id, count) in state.refused.take() {
        let told = {
            let directory = state.directory();
            directory.integration(id).map(|integration| Submission {
                rejected: vec![count.reason()],
                ..intake::remark(
                    integration.key_hash,
                    Bytes::new(),
                    Origin {
                        format: integration.kind.as_str(),
                        ..Origin::default()
                    },
                )
            })
        };
        // Without one, the integration was removed.
        let Some(told) = told else { continue };
        if let Err(NotTaken::Later(_)) = intake::store(state, told).await {
            state.refused.add(id, count);
        }
    }
}

/// Tells again and again.
pub(crate) async fn upkeep(state: Data<AppState>) {
    let mut every = tokio::time::interval(state.config.refusals_told);
    loop {
        every.tick().await;
        tell(&state).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_and_told_together() {
        let refused = Refused::default();
        let at = Timestamp::from_seconds;
        let (one, other) = (IntegrationId(1), IntegrationId(2));
        for second in 5..8 {
            refused.count(one, 60, at(second));
        }
        refused.count(other, 6_000, at(9));
        let counts = refused.take();
        assert_eq!(
            counts[&one].reason(),
            "3 requests were refused since 1970-01-01 00:00:05 UTC: more than 60 a minute came \
             with this key. Senders try again, if they can."
        );
        assert!(counts[&other].reason().starts_with("1 request was refused"));
        assert!(refused.take().is_empty());
        // What could not be told is told with the next.
        refused.count(one, 60, at(20));
        refused.add(one, counts[&one]);
        let again = refused.take()[&one];
        assert_eq!((again.requests, again.since), (4, at(5)));
    }
}
