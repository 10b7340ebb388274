//! Empties the outbox: claims what is due under a lease, sends it without holding a transaction,
//! and writes down how it went. Whatever crashes in between, the lease runs out and the message is
//! sent again with the same id (PAGING.md §6.6).

mod claim;
mod finish;
mod post;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use channels::{Channels, Failure, Outcome};
use domain::word::NotificationKind;
use domain::{NotificationId, Span, Timestamp};
use store::notification::Notification;
use store::{Change, MaybeBusy, Store};
use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;

use crate::Error;
use crate::chance::{Chance, SystemChance, unit};
use crate::clock::Clock;
use crate::message::Sender;
use claim::Claims;

pub(crate) use finish::{incidents_of, let_others_go, undelivered};
pub use post::text_of as text_of_post;
pub(crate) use post::{Outgoing, ready};

/// How long a claim lasts. Short, since another node takes over only after it: whoever is still at
/// it renews the claim.
const LEASE: Span = Span::from_seconds(4);
const RENEW: Duration = Duration::from_secs(1);
/// Longest attempt: the channel's own 10 s, and waiting for one of its connections.
const ATTEMPT_MAX: Duration = Duration::from_secs(30);
/// How long the end of an attempt is kept in mind while the database cannot take it.
const FINISH_FOR: Duration = Duration::from_secs(60);
const FINISH_AGAIN: Duration = Duration::from_millis(250);
/// Rows claimed in one transaction.
const AT_ONCE: i64 = 100;
/// Messages on their way at the same time.
const SENDING: usize = 64;
/// As for timers: bounds what a lost wake-up costs.
const SCAN: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(1);
/// When another node has what is due.
const CONTENDED: Duration = Duration::from_millis(50);

/// Sends what is due; cheap to clone.
#[derive(Clone)]
pub struct Dispatcher {
    store: Store,
    channels: Arc<Channels>,
    clock: Arc<dyn Clock>,
    sender: Arc<Sender>,
    chance: Arc<dyn Chance>,
    /// Unique to this process.
    node: String,
    sending: Arc<Semaphore>,
    on_their_way: Arc<Mutex<BTreeSet<NotificationId>>>,
}

/// A message that is ours to send.
struct Claimed {
    row: Notification,
    outgoing: Outgoing,
}

impl Dispatcher {
    /// `node` names the process in claims and must be unique among those that run.
    pub fn new(
        store: Store,
        channels: Arc<Channels>,
        clock: Arc<dyn Clock>,
        sender: Arc<Sender>,
        node: String,
    ) -> Dispatcher {
        Dispatcher {
            store,
            channels,
            clock,
            sender,
            chance: Arc::new(SystemChance),
            node,
            sending: Arc::new(Semaphore::new(SENDING)),
            on_their_way: Arc::default(),
        }
    }

    /// Draws from another source than the machine's.
    pub fn with_chance(mut self, chance: Arc<dyn Chance>) -> Dispatcher {
        self.chance = chance;
        self
    }

    /// Runs until the task is aborted.
    pub(crate) async fn run(self) {
        let mut changes = self.store.changes();
        loop {
            let pause = match self.send_due().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "cannot read the outbox");
                    PAUSE
                }
            };
            let sleep = tokio::time::sleep(pause);
            tokio::pin!(sleep);
            loop {
                tokio::select! {
                    biased;
                    () = &mut sleep => break,
                    change = changes.recv() => match change {
                        Ok(Change::Outbox) | Err(RecvError::Lagged(_)) => break,
                        Ok(_) => {}
                        Err(RecvError::Closed) => return,
                    },
                }
            }
        }
    }

    /// Claims everything due and starts sending it, in tasks of its own; returns how long nothing
    /// further will be due. [`Dispatcher::run`] does nothing but call this.
    ///
    /// # Errors
    /// Those of the store; what was due stays due.
    pub async fn send_due(&self) -> Result<Duration, Error> {
        loop {
            let now = self.clock.now();
            let own = self.own();
            let (due, lease_end) = self
                .store
                .read(move |c| {
                    let due = store::notification::next_due(c)?;
                    Ok::<_, Error>((due, store::notification::next_lease_end(c, &own)?))
                })
                .await?;
            let next = match (due, lease_end) {
                (Some(due), Some(end)) => due.min(end),
                (Some(one), None) | (None, Some(one)) => one,
                (None, None) => return Ok(SCAN),
            };
            if next > now {
                return Ok(next.since(now).to_std().min(SCAN));
            }
            // Claim no more than can leave at once.
            let Ok(permit) = self.sending.clone().acquire_owned().await else {
                return Ok(PAUSE);
            };
            let free = 1 + i64::try_from(self.sending.available_permits()).unwrap_or(0);
            let claims = self.claim(free.min(AT_ONCE)).await?;
            drop(permit);
            if claims.taken == 0 {
                return Ok(CONTENDED);
            }
            for claimed in claims.messages {
                let mine = Mine::new(&self.on_their_way, claimed.row.id);
                let Ok(permit) = self.sending.clone().acquire_owned().await else {
                    return Ok(PAUSE);
                };
                let this = self.clone();
                tokio::spawn(async move {
                    this.send(claimed).await;
                    drop((mine, permit));
                });
            }
        }
    }

    /// What this process is sending: never to be taken from it, however late it is.
    fn own(&self) -> Vec<NotificationId> {
        let ids = self
            .on_their_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        ids.iter().copied().collect()
    }

    async fn claim(&self, limit: i64) -> Result<Claims, Error> {
        let (node, sender, own) = (self.node.clone(), self.sender.clone(), self.own());
        let (chance, now) = (self.chance.clone(), self.clock.now());
        self.store
            .write(move |tx| claim::claim_in_txn(tx, &node, &sender, &*chance, &own, now, limit))
            .await
    }

    /// Sends one message and writes down how it went.
    async fn send(&self, claimed: Claimed) {
        let Claimed { row, outgoing } = claimed;
        let sent = tokio::select! {
            biased;
            sent = tokio::time::timeout(ATTEMPT_MAX, self.attempt(&row, &outgoing)) => {
                sent.unwrap_or_else(|_| Err(too_long()))
            }
            never = self.keep_lease(&row) => match never {},
        };
        let now = self.clock.now();
        record_latency(&row, sent.is_ok(), now);
        if let Err(failure) = &sent {
            tracing::warn!(
                notification.id = %row.id,
                channel = %row.channel,
                attempt = row.attempts,
                reason = failure.reason(),
                "a message could not be sent"
            );
        }
        self.finish(row, sent, now).await;
    }

    async fn attempt(&self, row: &Notification, outgoing: &Outgoing) -> Result<Outcome, Failure> {
        match (outgoing, row.channel.contact()) {
            (Outgoing::Parcel(parcel), _) => self.channels.posts().send(parcel).await,
            (Outgoing::Message(message), Some(kind)) => self.channels.get(kind).send(message).await,
            (Outgoing::Message(_), None) => Err(Failure::Misconfigured {
                reason: format!("no provider serves {}", row.channel),
            }),
        }
    }

    /// Renews the claim for as long as it is polled.
    async fn keep_lease(&self, row: &Notification) -> Infallible {
        let (id, fence) = (row.id, row.fence);
        loop {
            tokio::time::sleep(RENEW).await;
            let until = self.clock.now() + LEASE;
            let renewed = self
                .store
                .write(move |tx| store::notification::renew_lease(tx, id, fence, until))
                .await;
            if let Err(error) = renewed {
                tracing::debug!(%error, notification.id = %id, "cannot renew a claim");
            }
        }
    }

    /// Writes down how an attempt ended. While the database cannot take it, it is kept in mind:
    /// a message that has left must not leave again only because its end was not written.
    async fn finish(&self, row: Notification, sent: Result<Outcome, Failure>, now: Timestamp) {
        let begun = tokio::time::Instant::now();
        let jitter = unit(self.chance.draw());
        loop {
            let (row, sent) = (row.clone(), sent.clone());
            let id = row.id;
            let written = self
                .store
                .write(move |tx| finish::finish_in_txn(tx, &row, &sent, jitter, now))
                .await;
            match written {
                Ok(()) => return,
                Err(error) if may_pass(&error) && begun.elapsed() < FINISH_FOR => {
                    tokio::time::sleep(FINISH_AGAIN).await;
                }
                Err(error) => {
                    // The lease runs out and the message is sent again with the same id.
                    tracing::error!(
                        %error,
                        notification.id = %id,
                        "cannot write down how a message was sent"
                    );
                    return;
                }
            }
        }
    }
}

/// Marks a message as being sent by this process, until dropped.
struct Mine {
    all: Arc<Mutex<BTreeSet<NotificationId>>>,
    id: NotificationId,
}

impl Mine {
    fn new(all: &Arc<Mutex<BTreeSet<NotificationId>>>, id: NotificationId) -> Mine {
        all.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id);
        Mine {
            all: all.clone(),
            id,
        }
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        self.all
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.id);
    }
}

fn may_pass(error: &Error) -> bool {
    error.is_busy() || matches!(error, Error::Store(store::Error::Unavailable(_)))
}

fn too_long() -> Failure {
    Failure::Temporary {
        reason: format!("the attempt took longer than {} s", ATTEMPT_MAX.as_secs()),
        retry_after: None,
    }
}

fn record_latency(row: &Notification, accepted: bool, now: Timestamp) {
    let kind = row.kind.as_str();
    let result = if accepted { "accepted" } else { "failed" };
    metrics::counter!(
        "quarterdeck_notifications_total",
        "channel" => row.channel.as_str(), "kind" => kind, "result" => result
    )
    .increment(1);
    if accepted && row.kind == NotificationKind::Page && row.attempts == 1 {
        // From the instant it was to be sent until the provider had it.
        let waited = now.since(row.due_at).to_std();
        metrics::histogram!("quarterdeck_page_latency_seconds", "channel" => row.channel.as_str())
            .record(waited.as_secs_f64());
    }
}
