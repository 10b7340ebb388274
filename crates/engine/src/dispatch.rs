//! Empties the outbox: claims what is due under a lease, sends it without holding a transaction,
//! and writes down how it went. Whatever crashes in between, the lease runs out and the message is
//! sent again with the same id (PAGING.md §6.6).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use channels::{Channels, Failure, Message, Outcome};
use domain::escalation::Reason;
use domain::incident::{Actor, Incident};
use domain::notification::{
    self, AttemptResult, BUNDLE_WINDOW, Bundle, Next, Recheck, after_attempt, still_wanted,
};
use domain::word::{
    ContactKind, EntryKind, NotificationKind, NotificationState, PagingState, Urgency,
};
use domain::{ContactMethodId, NotificationId, Span, Timestamp, UserId};
use store::notification::{AttemptEnd, Notification};
use store::{Change, Store, Tx};
use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;

use crate::clock::Clock;
use crate::message::Sender;
use crate::{Error, record};

/// Longer than an attempt may take (10 s and waiting for a connection), so that a living sender
/// never loses its claim.
const LEASE: Span = Span::from_seconds(45);
/// Rows claimed in one transaction.
const AT_ONCE: i64 = 100;
/// Messages on their way at the same time.
const SENDING: usize = 64;
/// As for timers: bounds what a lost wake-up costs.
const SCAN: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(1);

/// What the dispatcher works with.
#[derive(Clone)]
pub(crate) struct Dispatcher {
    pub(crate) store: Store,
    pub(crate) channels: Arc<Channels>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sender: Arc<Sender>,
    /// Unique to this process.
    pub(crate) node: String,
    sending: Arc<Semaphore>,
}

/// A message that is ours to send.
struct Claimed {
    row: Notification,
    message: Message,
}

impl Dispatcher {
    pub(crate) fn new(
        store: Store,
        channels: Arc<Channels>,
        clock: Arc<dyn Clock>,
        sender: Arc<Sender>,
        node: String,
    ) -> Dispatcher {
        let sending = Arc::new(Semaphore::new(SENDING));
        Dispatcher { store, channels, clock, sender, node, sending }
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

    /// Claims and starts everything due; returns how long nothing will be due.
    async fn send_due(&self) -> Result<Duration, Error> {
        loop {
            let now = self.clock.now();
            let lease_end = self.store.read(store::notification::next_lease_end).await?;
            if lease_end.is_some_and(|end| end <= now) {
                self.store
                    .write(move |tx| {
                        let back = store::notification::reclaim_expired(tx, now)?;
                        tracing::info!(messages = back, "sending again what a sender left behind");
                        Ok::<(), Error>(())
                    })
                    .await?;
            }
            let due = self.store.read(store::notification::next_due).await?;
            let next = match (due, lease_end) {
                (Some(due), Some(end)) => Some(due.min(end)),
                (due, end) => due.or(end),
            };
            match next {
                None => return Ok(SCAN),
                Some(at) if at > now => return Ok(at.since(now).to_std().min(SCAN)),
                Some(_) => {}
            }
            // Claim no more than can leave at once: a claimed message that waits would outlive
            // its lease.
            let Ok(permit) = self.sending.clone().acquire_owned().await else {
                return Ok(PAUSE);
            };
            let free = 1 + i64::try_from(self.sending.available_permits()).unwrap_or(0);
            let claimed = self.claim(self.clock.now(), free.min(AT_ONCE)).await?;
            drop(permit);
            for claimed in claimed {
                let Ok(permit) = self.sending.clone().acquire_owned().await else {
                    return Ok(PAUSE);
                };
                let this = self.clone();
                tokio::spawn(async move {
                    this.send(claimed).await;
                    drop(permit);
                });
            }
        }
    }

    async fn claim(&self, now: Timestamp, limit: i64) -> Result<Vec<Claimed>, Error> {
        let (node, sender) = (self.node.clone(), self.sender.clone());
        self.store
            .write(move |tx| claim_in_txn(tx, &node, &sender, now, limit))
            .await
    }

    /// Sends one message and writes down how it went.
    async fn send(&self, claimed: Claimed) {
        let Claimed { row, message } = claimed;
        let channel = self.channels.get(row.channel);
        let sent = channel.send(&message).await;
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
        let seed: f64 = rand::random();
        let written = self
            .store
            .write(move |tx| finish_in_txn(tx, &row, &sent, seed, now))
            .await;
        if let Err(error) = written {
            // The lease runs out and the message is sent again with the same id.
            tracing::error!(%error, "cannot write down how a message was sent");
        }
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

/// Takes what is due, ends what is no longer wanted, bundles what belongs together and claims the
/// rest.
fn claim_in_txn(
    tx: &mut Tx<'_>,
    node: &str,
    sender: &Sender,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Claimed>, Error> {
    let due = store::notification::take_due(tx, now, limit)?;
    let mut wanted: Vec<(Notification, Option<Incident>, Option<Reason>)> = Vec::new();
    for row in due {
        let incident = match row.incident_id {
            Some(id) => Some(store::incident::fetch(tx, id)?),
            None => None,
        };
        let page = match row.page_id {
            Some(id) => Some(store::escalation::page(tx, id)?),
            None => None,
        };
        if let (Some(incident), Some(page)) = (&incident, &page) {
            let check = Recheck {
                kind: row.kind,
                cause: Some(page.cause),
                paging: incident.paging,
                page_created_at: page.created_at,
                // Triggered again since: the new run made pages of its own.
                quiet_since: (incident.paging == PagingState::Triggered)
                    .then_some(incident.triggered_at),
            };
            if !still_wanted(&check) {
                let why = "answered before it was sent";
                store::notification::cancel(tx, &[row.id], why)?;
                continue;
            }
        }
        let reason = page.and_then(|page| serde_json::from_str(&page.reason).ok());
        wanted.push((row, incident, reason));
    }

    // Messages to one address of one person, of one urgency and kind, travel together.
    type Key = (Option<UserId>, ContactKind, String, Urgency, NotificationKind, i64);
    let mut bundles: BTreeMap<Key, Vec<(Notification, Option<Incident>, Option<Reason>)>> =
        BTreeMap::new();
    for item in wanted {
        let row = &item.0;
        // What was tried before goes again as it was; only fresh pages are bundled.
        let alone = row.kind != NotificationKind::Page || row.attempts > 0;
        let key = (
            row.user_id,
            row.channel,
            row.address.clone(),
            row.urgency,
            row.kind,
            if alone { row.id.0 } else { 0 },
        );
        bundles.entry(key).or_default().push(item);
    }
    let directory = tx.directory()?;
    let mut claimed = Vec::new();
    for (_, mut members) in bundles {
        let (mut lead, incident, reason) = members.remove(0);
        if lead.kind == NotificationKind::Page && lead.attempts == 0 {
            let last = store::notification::last_sent(tx, &lead, now, BUNDLE_WINDOW)?;
            if let Bundle::WaitUntil(until) = notification::bundle(last, now) {
                let ids: Vec<NotificationId> =
                    std::iter::once(lead.id).chain(members.iter().map(|m| m.0.id)).collect();
                store::notification::put_off(tx, &ids, until)?;
                continue;
            }
        }
        let ids: Vec<NotificationId> = members.iter().map(|member| member.0.id).collect();
        store::notification::bundle_into(tx, &ids, lead.id)?;
        if lead.kind == NotificationKind::Page
            && lead.channel == ContactKind::Sms
            && lead.reply_code.is_none()
        {
            lead.reply_code = Some(new_code(tx, &lead, now)?);
        }
        lead.state = NotificationState::Sending;
        lead.claimed_by = Some(node.to_owned());
        lead.lease_until = Some(now + LEASE);
        lead.fence += 1;
        lead.attempts += 1;
        lead.first_attempt_at.get_or_insert(now);
        let message = match (lead.kind, &incident) {
            (NotificationKind::Page, Some(incident)) => {
                let carried = if lead.attempts > 1 {
                    store::notification::bundled_in(tx, lead.id)?.len()
                } else {
                    ids.len()
                };
                let reason = reason.as_ref();
                sender.page(&lead, incident, reason, carried, &directory, now)
            }
            (NotificationKind::Notice, incident) => {
                sender.notice(&lead, incident.as_ref(), &directory)
            }
            _ => sender.as_written(&lead),
        };
        if lead.kind == NotificationKind::Page {
            lead.subject.clone_from(&message.subject);
            lead.body.clone_from(&message.text);
        }
        store::notification::claim(tx, &lead)?;
        claimed.push(Claimed { row: lead, message });
    }
    Ok(claimed)
}

/// A reply code that is free on this phone (PAGING.md §6.8).
fn new_code(tx: &mut Tx<'_>, lead: &Notification, now: Timestamp) -> Result<String, Error> {
    let used = store::notification::codes_in_use(tx, &lead.address, now)?;
    let code = notification::code::pick(&used.into_iter().collect(), rand::random());
    store::notification::insert_code(tx, lead.id, &lead.address, &code, now)?;
    Ok(code)
}

/// Writes down how an attempt ended, and what follows from it.
fn finish_in_txn(
    tx: &mut Tx<'_>,
    row: &Notification,
    sent: &Result<Outcome, Failure>,
    jitter: f64,
    now: Timestamp,
) -> Result<(), Error> {
    let result = match sent {
        Ok(_) => AttemptResult::Accepted,
        Err(Failure::Temporary { retry_after, .. }) => {
            AttemptResult::Temporary { retry_after: *retry_after }
        }
        Err(Failure::Permanent { method_broken, .. }) => {
            AttemptResult::Permanent { method_broken: *method_broken }
        }
        Err(Failure::Misconfigured { .. }) => AttemptResult::Misconfigured,
    };
    let attempts = u32::try_from(row.attempts).unwrap_or(u32::MAX);
    let first = row.first_attempt_at.unwrap_or(now);
    let decision = after_attempt(attempts, first, result, jitter, now);
    let error = sent.as_ref().err().map(|failure| failure.reason().to_owned());
    let end = AttemptEnd {
        state: match decision.next {
            Next::Accepted => NotificationState::Accepted,
            Next::RetryAt(_) => NotificationState::Planned,
            Next::GiveUp => NotificationState::Failed,
        },
        due_at: match decision.next {
            Next::RetryAt(at) => at,
            _ => row.due_at,
        },
        provider_id: match sent {
            Ok(Outcome::Accepted { provider_id }) => provider_id.clone(),
            Err(_) => None,
        },
        error: error.clone(),
        accepted_at: (decision.next == Next::Accepted).then_some(now),
    };
    if !store::notification::finish_attempt(tx, row.id, row.fence, &end)? {
        // A newer claim, or a receipt that came first, knows more than we do.
        return Ok(());
    }
    if matches!(decision.next, Next::RetryAt(_)) || decision.start_next_method_now {
        tx.changed(Change::Outbox);
    }
    if decision.start_next_method_now
        && let Some(page) = row.page_id
    {
        store::notification::hasten_next(tx, page, now)?;
    }
    if decision.mark_method_broken
        && let Some(method) = row.method_id
    {
        break_method(tx, row, method, error.as_deref().unwrap_or("refused"), now)?;
    }
    if decision.tell_admins {
        tracing::error!(
            channel = %row.channel,
            reason = error.as_deref().unwrap_or_default(),
            "messages of this channel are refused: see the outbox and the settings"
        );
    }
    note_on_timeline(tx, row, &decision.next, error.as_deref(), now)
}

/// The address refuses for good: marked, and the person told by another method (PAGING.md §6.5).
pub(crate) fn break_method(
    tx: &mut Tx<'_>,
    row: &Notification,
    method: ContactMethodId,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    store::people::mark_broken(tx, method, reason)?;
    let directory = tx.directory()?;
    let Some(user) = row.user_id.and_then(|id| directory.user(id)) else { return Ok(()) };
    let Some(other) = user.methods.iter().find(|m| m.id != method && m.usable()) else {
        return Ok(());
    };
    let id = tx.id(NotificationId)?;
    let mut notice = Notification::planned(
        id,
        NotificationKind::Notice,
        other.kind,
        other.address.clone(),
        Urgency::High,
        now,
    );
    notice.user_id = Some(user.id);
    notice.method_id = Some(other.id);
    notice.subject = "Quarterdeck cannot reach you by one of your contact methods".into();
    notice.body = format!(
        "Messages to {} are refused ({reason}). It is not used until you verify it again on your \
         profile.",
        row.address
    );
    store::notification::insert(tx, &[notice])?;
    tx.changed(Change::Outbox);
    Ok(())
}

/// The incident shows whom a message has reached, and what failed for good.
fn note_on_timeline(
    tx: &mut Tx<'_>,
    row: &Notification,
    next: &Next,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(incident) = row.incident_id else { return Ok(()) };
    if row.kind != NotificationKind::Page {
        return Ok(());
    }
    let directory = tx.directory()?;
    let who = row.user_id.map_or("somebody", |user| directory.user_name(user)).to_owned();
    let (kind, text) = match next {
        Next::Accepted => {
            (EntryKind::NotificationSent, format!("{who} was paged by {}", row.channel))
        }
        Next::GiveUp => (
            EntryKind::NotificationFailed,
            format!(
                "{who} could not be paged by {}: {}",
                row.channel,
                error.unwrap_or("refused")
            ),
        ),
        Next::RetryAt(_) if row.attempts == 1 => (
            EntryKind::NotificationFailed,
            format!(
                "Paging {who} by {} failed and is tried again: {}",
                row.channel,
                error.unwrap_or("no reason given")
            ),
        ),
        Next::RetryAt(_) => return Ok(()),
    };
    let mut incidents = vec![incident];
    for carried in store::notification::bundled_in(tx, row.id)? {
        incidents.extend(carried.incident_id.filter(|id| !incidents.contains(id)));
    }
    let details = serde_json::json!({ "notification_id": row.id, "user_id": row.user_id });
    for id in incidents {
        record::entry(tx, id, Actor::SYSTEM, kind, &text, &details, now)?;
    }
    Ok(())
}
