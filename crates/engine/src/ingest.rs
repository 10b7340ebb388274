//! Takes signals in: many requests, one transaction, replies after the commit (DESIGN.md P1).
//!
//! Requests wait in a bounded queue until they make a batch ([`gather`]). It is applied in one
//! transaction; while that commits, the next gathers. When the queue is full the caller is told to
//! come back, quickly.

mod check;
mod delivery;
mod gather;
mod load;
mod race;
mod record;
mod reply;
mod text;
mod write;

use std::sync::Arc;

use bytes::Bytes;
use domain::dedup::{Applied, Numbering, TextDigest};
use domain::integration::source;
use domain::routing;
use domain::service::{Integration, Service};
use domain::signal::Signal;
use domain::word::Action;
use domain::{AlertId, IncidentId, RequestId, Timestamp};
use store::{Store, Tx};
use tokio::runtime::Handle;

use crate::Error;
use crate::clock::Clock;
pub(crate) use check::{ALERTS, end_silence};
use delivery::Deliveries;
use gather::{Batch, Queue, Way};
pub(crate) use race::write_racing;
use race::{come_apart, is_lost_race};
use record::Records;
use reply::Reply;
pub(crate) use text::{replace_nul, storable};
pub(crate) use write::write as write_changes;

/// Signals applied in one transaction at most, but for a single request that holds more.
const BATCH_SIGNALS: usize = 2_000;

/// Format of the request that says that a source went silent or is heard of again.
pub const SOURCE: &str = "source";
/// Format of a request that somebody sends to see what happens.
pub const TEST: &str = "test";

/// One request with what a format made of it.
#[derive(Debug, Clone)]
pub struct Submission {
    /// SHA-256 of the integration's key.
    pub key_hash: [u8; 32],
    pub signals: Vec<Signal>,
    /// Every open alert of this group resolves (Alertmanager).
    pub resolve_group: Option<String>,
    pub warnings: Vec<String>,
    /// Reasons why items were not understood.
    pub rejected: Vec<String>,
    /// The body as it was sent; shown as text.
    pub raw: Bytes,
    pub origin: Origin,
}

/// How a request came, for those who look at it later.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Who read it: a format's word, or the name of an API.
    pub format: &'static str,
    /// `POST /path?query`, then a line `name: value` for each header. Its secrets are masked before
    /// anything is kept.
    pub head: String,
    /// The request that this one is sent again of.
    pub replay_of: Option<RequestId>,
}

impl Submission {
    /// A signal of our own about an integration, that goes the way of all others; `head` and
    /// `format` as in [`Origin`].
    pub(crate) fn own(
        integration: &Integration,
        signal: Signal,
        format: &'static str,
        head: String,
        raw: Bytes,
    ) -> Arc<Submission> {
        Arc::new(storable(Submission {
            key_hash: integration.key_hash,
            signals: vec![signal],
            resolve_group: None,
            warnings: Vec::new(),
            rejected: Vec::new(),
            raw,
            origin: Origin {
                format,
                head,
                replay_of: None,
            },
        }))
    }
}

impl Origin {
    /// Whether the request came from the source of its integration, and not from us or somebody
    /// who tries something.
    fn is_of_source(&self) -> bool {
        !self.is_ours() && self.format != TEST && self.replay_of.is_none()
    }

    /// Whether it is a statement of ours, whose end we tell ourselves.
    fn is_ours(&self) -> bool {
        [crate::heartbeat::FORMAT, SOURCE].contains(&self.format)
    }
}

/// What became of a request; everything in it is durable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// One for each signal, in order.
    pub applied: Vec<Applied>,
    pub rejected: usize,
}

/// Why a request was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    #[error("no integration has this key")]
    UnknownKey,
    /// The queue is full: come back in a moment.
    #[error("too many signals are waiting")]
    Overloaded,
    /// The database cannot write.
    #[error("the signals could not be stored: {0}")]
    Unavailable(String),
}

/// A submission with what can be worked out before it is anybody's turn, on as many threads as ask.
#[derive(Clone)]
struct Prepared {
    submission: Arc<Submission>,
    /// One for each signal, in order; of triggers only.
    digests: Arc<[Option<TextDigest>]>,
}

impl Prepared {
    fn of(submission: Arc<Submission>) -> Prepared {
        let digest = |signal: &Signal| match signal.action {
            Action::Trigger => TextDigest::of_signal(signal),
            Action::Acknowledge | Action::Resolve | Action::Note => None,
        };
        let digests = submission.signals.iter().map(digest).collect();
        Prepared {
            submission,
            digests,
        }
    }
}

struct Waiting {
    prepared: Prepared,
    reply: Reply,
}

/// The door for signals; cheap to clone.
#[derive(Clone)]
pub struct Ingest {
    store: Store,
    clock: Arc<dyn Clock>,
    queue: Queue<Waiting>,
    /// The engine's, which outlives those who hand requests in.
    runtime: Handle,
}

impl Ingest {
    /// To be called in the runtime in which batches follow each other.
    pub(crate) fn new(store: &Store, clock: &Arc<dyn Clock>) -> Ingest {
        Ingest {
            store: store.clone(),
            clock: clock.clone(),
            queue: Queue::new(),
            runtime: Handle::current(),
        }
    }

    /// Hands a request in and returns once it is durable.
    ///
    /// # Errors
    /// [`IngestError`]; nothing of the request was stored then.
    pub async fn submit(&self, submission: Submission) -> Result<Accepted, IngestError> {
        let (reply, answer) = Reply::here();
        // Held until the answer is here, so that the memory goes back to the thread it came from,
        // which is far cheaper.
        let held = Arc::new(storable(submission));
        let prepared = Prepared::of(held.clone());
        let waiting = Waiting { prepared, reply };
        let put = self.queue.put(waiting);
        if let Some(batch) = put.map_err(|_| IngestError::Overloaded)? {
            // On this thread: another would first have to be woken.
            tokio::spawn(carry(self.clone(), batch));
        }
        let answer = answer
            .await
            .unwrap_or_else(|_| Err(IngestError::Unavailable("the server is stopping".into())));
        drop(held);
        answer
    }

    /// Requests that wait, and how many may.
    pub fn depth(&self) -> (usize, usize) {
        self.queue.depth()
    }

    /// Once a batch has arrived: another, if it is time for one.
    fn follow(&self) {
        if let Some(batch) = self.queue.next() {
            self.runtime.spawn(carry(self.clone(), batch));
        }
    }
}

/// Applies a batch.
async fn carry(ingest: Ingest, batch: Batch<Waiting>) {
    let Batch { mut requests, way } = batch;
    let mut way = Some(way);
    let of = |waiting: &Waiting| waiting.prepared.submission.signals.len();
    let all: usize = requests.iter().map(of).sum();
    // As even as can be: a small one at the end would cost as much as a large one.
    let even = all.div_ceil(all.div_ceil(BATCH_SIGNALS).max(1));
    while !requests.is_empty() {
        let mut signals = 0;
        let fits = requests
            .iter()
            .take_while(|waiting| {
                let goes_on = signals < even || of(waiting) == 0;
                signals += of(waiting);
                goes_on && signals <= BATCH_SIGNALS
            })
            .count()
            .max(1);
        let rest = requests.split_off(fits);
        let now = std::mem::replace(&mut requests, rest);
        // Only with the last of it is there room for another.
        let way = way.take_if(|_| requests.is_empty());
        commit(&ingest, now, way).await;
    }
}

/// Applies a batch and answers everybody. A batch that the database refuses is applied request by
/// request, so that an odd one does not drag the others down.
async fn commit(ingest: &Ingest, batch: Vec<Waiting>, way: Option<Way<Waiting>>) {
    let now = ingest.clock.now();
    metrics::histogram!("quarterdeck_ingest_batch_requests").record(count(batch.len()));
    let Err(refused) = answer(ingest, now, batch, way).await else {
        return;
    };
    let (error, requests) = (&refused.error, refused.replies.len());
    if requests > 1 && !error.is_unavailable() {
        tracing::warn!(%error, "a batch of signals was refused; applying them singly");
        let Refused {
            prepared,
            replies,
            way,
            ..
        } = refused;
        for (reply, prepared) in replies.into_iter().zip(prepared.iter().cloned()) {
            let single = vec![Waiting { prepared, reply }];
            if let Err(refused) = answer(ingest, now, single, None).await {
                refused.tell();
            }
        }
        drop(way);
    } else {
        tracing::warn!(%error, requests, "signals could not be stored");
        refused.tell();
    }
    ingest.follow();
}

/// A batch of which nothing was stored.
struct Refused {
    error: Error,
    prepared: Arc<Vec<Prepared>>,
    replies: Vec<Reply>,
    way: Option<Way<Waiting>>,
}

impl Refused {
    /// Answers everybody.
    fn tell(self) {
        drop(self.way);
        let unavailable = IngestError::Unavailable(self.error.to_string());
        let answer = |reply| (reply, Err(unavailable.clone()));
        reply::send(self.replies.into_iter().map(answer));
    }
}

/// Applies a batch, and answers everybody as soon as it is durable.
async fn answer(
    ingest: &Ingest,
    now: Timestamp,
    batch: Vec<Waiting>,
    mut way: Option<Way<Waiting>>,
) -> Result<(), Refused> {
    let (prepared, mut replies): (Vec<_>, Vec<_>) = batch
        .into_iter()
        .map(|Waiting { prepared, reply }| (prepared, reply))
        .unzip();
    let mut prepared = Arc::new(prepared);
    let mut tries = 0;
    loop {
        tries += 1;
        let applied = prepared.clone();
        let follows = ingest.clone();
        let then = move |result: Result<Results, Error>| match result {
            Ok(results) => {
                // Those who are answered let go of it last.
                drop((prepared, way));
                reply::send(replies.into_iter().zip(results));
                follows.follow();
                Ok(())
            }
            Err(error) => Err(Refused {
                error,
                prepared,
                replies,
                way,
            }),
        };
        let written = ingest
            .store
            .write_then(move |tx| apply_prepared(tx, &applied, now), then)
            .await;
        match written {
            Ok(Err(refused)) if is_lost_race(&refused.error, tries) => {
                Refused {
                    prepared,
                    replies,
                    way,
                    ..
                } = refused;
                come_apart(tries).await;
            }
            Ok(result) => return result,
            // Whoever waits hears that the server stops.
            Err(error) => {
                tracing::warn!(%error, "signals could not be stored");
                ingest.follow();
                return Ok(());
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a batch has far fewer than 2^52 requests"
)]
fn count(n: usize) -> f64 {
    n as f64
}

type Results = Vec<Result<Accepted, IngestError>>;

/// Applies requests in order, in one transaction. Public for the simulator and tests.
///
/// # Errors
/// Those of the store; nothing is written then.
pub fn apply_in_txn(
    tx: &mut Tx<'_>,
    batch: &[Arc<Submission>],
    now: Timestamp,
) -> Result<Results, Error> {
    let batch: Vec<Prepared> = batch.iter().cloned().map(Prepared::of).collect();
    apply_prepared(tx, &batch, now)
}

fn apply_prepared(tx: &mut Tx<'_>, batch: &[Prepared], now: Timestamp) -> Result<Results, Error> {
    let directory = tx.directory()?;
    let known: Vec<Option<(&Integration, &Service)>> = batch
        .iter()
        .map(|Prepared { submission, .. }| {
            let integration = directory.integration_by_key(&submission.key_hash)?;
            Some((integration, directory.service(integration.service_id)?))
        })
        .collect();
    // The source of an integration is heard of: that goes after the request's own signals.
    let heard: Vec<Option<Signal>> = batch
        .iter()
        .zip(&known)
        .map(|(Prepared { submission, .. }, known)| {
            let told = known.filter(|(integration, _)| source::is_told(integration));
            told.filter(|_| submission.origin.is_of_source())
                .map(|(integration, _)| source::heard(integration, now))
        })
        .collect();
    let ending = load::ending(batch, &known, now);
    let ways: Vec<Vec<routing::Way<'_>>> = batch
        .iter()
        .zip(&known)
        .zip(heard.iter().zip(&ending))
        .map(|((Prepared { submission, .. }, known), (heard, ending))| {
            let signals = ending.as_ref().unwrap_or(&submission.signals).iter();
            let signals = signals.chain(heard);
            known.map_or_else(Vec::new, |(integration, service)| {
                signals
                    .map(|signal| routing::Way::of(integration, service, signal, &directory))
                    .collect()
            })
        })
        .collect();
    let mut deliveries = Deliveries::take(tx, batch, &ways, now)?;
    let mut set = load::load(tx, batch, &known, &ways, &directory, now)?;
    let closed: Vec<IncidentId> = set
        .incidents
        .values()
        .filter(|known| !known.is_open())
        .map(|known| known.id)
        .collect();
    let mut numbering = Provisional { tx, opened: 0 };
    let mut records = Records::default();
    let mut results: Results = Vec::with_capacity(batch.len());
    for (((place, prepared), known), ways) in batch.iter().enumerate().zip(&known).zip(&ways) {
        let submission = &prepared.submission;
        let Some((integration, service)) = known else {
            results.push(Err(IngestError::UnknownKey));
            continue;
        };
        let mut accepted = Accepted {
            applied: vec![],
            rejected: submission.rejected.len(),
        };
        for (place, way) in ways.iter().enumerate() {
            let applied = match deliveries.came_before(prepared, way) {
                true => Applied::REDELIVERED,
                false => set.follow(way, &directory, &mut numbering, now)?,
            };
            if place < submission.signals.len() {
                records.signal(numbering.tx, way, applied, now)?;
                accepted.applied.push(applied);
            } else if applied != Applied::IGNORED {
                records.signal(numbering.tx, way, applied, now)?;
            }
        }
        if let Some(group) = &submission.resolve_group {
            set.resolve_group(integration, service, group, &directory, now);
        }
        records.request(numbering.tx, (place, submission), integration.id, now)?;
        results.push(Ok(accepted));
    }
    let opened = numbering.opened;
    write::write(tx, set, &closed, opened, now)?;
    records.write(tx, batch, now)?;
    Ok(results)
}

/// Incident numbers are drawn together at the end, to touch their counter once.
struct Provisional<'a, 'c> {
    tx: &'a mut Tx<'c>,
    opened: i64,
}

impl Numbering for Provisional<'_, '_> {
    type Error = Error;

    fn alert_id(&mut self) -> Result<AlertId, Error> {
        Ok(self.tx.id(AlertId)?)
    }

    fn incident_id(&mut self) -> Result<IncidentId, Error> {
        Ok(self.tx.id(IncidentId)?)
    }

    fn incident_number(&mut self) -> Result<i64, Error> {
        self.opened += 1;
        Ok(self.opened - 1)
    }
}
