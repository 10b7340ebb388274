//! Reminds people of their shifts and tells them of hand-offs (PAGING.md §5.8). What is due is
//! `domain::reminder`'s to say; the database keeps it from being said twice, whatever crashes and
//! however many nodes run. The morning digest is sent on the way.

use std::sync::Arc;
use std::time::Duration;

use domain::digest::DigestTime;
use domain::reminder::{
    HAND_OFF_LATE, HandOff, NoticeText, Reminders, ShiftNotice, hand_offs, look, method_for,
};
use domain::word::NotificationKind;
use domain::{NotificationId, Span, Timestamp, UserId};
use serde_json::json;
use store::{Change, Store, Tx};
use tokio::sync::broadcast::error::RecvError;

use crate::access::{self, Right};
use crate::clock::Clock;
use crate::configuration::{begin, record, require_self_or_admin};
use crate::effect::planned_post;
use crate::message::Sender;
use crate::{Error, OpContext, notice};

/// Bounds the damage of a clock that jumps, and of a message lost between nodes.
const SCAN: Duration = Duration::from_secs(60);
/// After a database failure.
const PAUSE: Duration = Duration::from_secs(5);
/// Edits come in heaps; one look serves all of them.
const SETTLE: Duration = Duration::from_secs(1);
/// Notices written in one transaction.
const BATCH: usize = 200;

/// Runs until the task is aborted.
pub(crate) async fn run(store: Store, sender: Arc<Sender>, clock: Arc<dyn Clock>) {
    let mut changes = store.changes();
    loop {
        let pause = match fire_due(&store, &sender, clock.now()).await {
            Ok(next) => next.since(clock.now()).to_std().min(SCAN),
            Err(error) => {
                tracing::warn!(%error, "cannot tell people of their shifts and digests");
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
                    Ok(Change::Directory) | Err(RecvError::Lagged(_)) => {
                        tokio::time::sleep(SETTLE.min(pause)).await;
                        break;
                    }
                    Ok(_) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }
}

/// Writes everything due at `now` into the outbox, and returns when to look again. Public so that
/// tests and the simulator can drive it without the loop.
///
/// # Errors
/// [`Error::Store`] when the database cannot be used; what was due stays due.
pub async fn fire_due(store: &Store, sender: &Sender, now: Timestamp) -> Result<Timestamp, Error> {
    let directory = store.directory();
    let generation = directory.generation;
    // Many schedules take their time: on a thread that may block.
    let read = store.read(move |c| {
        let said = store::reminder::said(c, now - HAND_OFF_LATE)?;
        Ok::<_, Error>((look(&directory, now), said))
    });
    let (looked, said) = read.await?;
    let due: Vec<ShiftNotice> = looked
        .due
        .into_iter()
        .filter(|notice| !said.contains(&notice.key))
        .collect();
    for batch in due.chunks(BATCH) {
        let (batch, sender) = (batch.to_vec(), sender.clone());
        let current = store
            .write(move |tx| say_in_txn(tx, &batch, generation, &sender, now))
            .await?;
        if !current {
            // Edited meanwhile: what was worked out may be wrong.
            return Ok(now);
        }
    }
    let next = looked.next.min(hand_over(store, now).await?);
    let next = next.min(crate::digest::fire_due(store, sender, now).await?);
    let ends = crate::suppression::fire_due(store, now).await?;
    Ok(ends.map_or(next, |end| end.min(next)))
}

/// Tells channels of the hand-offs of schedules that name one; returns when to look again.
async fn hand_over(store: &Store, now: Timestamp) -> Result<Timestamp, Error> {
    let directory = store.directory();
    let generation = directory.generation;
    if directory.hand_offs.is_empty() {
        return Ok(Timestamp::MAX);
    }
    let read = store.read(move |c| {
        let told = store::reminder::handed_off(c, now - HAND_OFF_LATE)?;
        Ok::<_, Error>((hand_offs(&directory, now), told))
    });
    let (looked, told) = read.await?;
    let mut due = looked.due;
    due.retain(|one| !told.contains(&(one.schedule_id, one.at)));
    if due.is_empty() {
        return Ok(looked.next);
    }
    let current = store
        .write(move |tx| hand_over_in_txn(tx, &due, generation, now))
        .await?;
    // Edited meanwhile: what was worked out may be wrong.
    Ok(if current { looked.next } else { now })
}

/// False when the configuration is not the one that the hand-offs were worked out from.
fn hand_over_in_txn(
    tx: &mut Tx<'_>,
    due: &[HandOff],
    generation: i64,
    now: Timestamp,
) -> Result<bool, Error> {
    let directory = tx.directory()?;
    if directory.generation != generation {
        return Ok(false);
    }
    let mut rows = Vec::new();
    for one in due {
        let (Some(channel), Some(post)) = (directory.channel(one.channel), one.post(&directory))
        else {
            continue;
        };
        let id = tx.id(NotificationId)?;
        if store::reminder::hand_off_once(tx, one.schedule_id, one.at, id, now)? {
            rows.push(planned_post(id, channel, &post, now)?);
        }
    }
    notice::plan(tx, &rows)?;
    Ok(true)
}

/// False when the configuration is not the one that the notices were worked out from.
fn say_in_txn(
    tx: &mut Tx<'_>,
    batch: &[ShiftNotice],
    generation: i64,
    sender: &Sender,
    now: Timestamp,
) -> Result<bool, Error> {
    let directory = tx.directory()?;
    if directory.generation != generation {
        return Ok(false);
    }
    let mut rows = Vec::new();
    for due in batch {
        let key = due.key;
        let (Some(user), Some(schedule)) = (
            directory.user(key.user),
            directory.schedule(key.schedule_id),
        ) else {
            continue;
        };
        // Whoever has no usable method yet is told once there is one, if the time has not passed.
        let Some(method) = method_for(user, now) else {
            continue;
        };
        let id = tx.id(NotificationId)?;
        if !store::reminder::say_once(tx, &key, id, now)? {
            continue;
        }
        let url = format!("{}/schedules/{}", sender.public_url, schedule.slug);
        let text = NoticeText::of(due, &directory, method.kind, &url, now);
        let kind = NotificationKind::Notice;
        rows.push(notice::to(user, method, kind, text, id, now));
    }
    notice::plan(tx, &rows)?;
    Ok(true)
}

/// Forgets what was said of shifts long past.
const KEEP: Span = Span::from_days(90);

/// # Errors
/// Those of the store.
pub(crate) fn forget_in_txn(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, Error> {
    Ok(store::reminder::forget(tx, now - KEEP)?)
}

/// What a person wants to be told of their shifts, and when the morning digest comes.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`].
pub fn reminders(store: &Store, ctx: &OpContext, user: UserId) -> Result<Reminders, Error> {
    access::require(ctx, Right::Read)?;
    let directory = store.directory();
    directory.user(user).ok_or(Error::NotFound("person"))?;
    Ok(directory.reminders.get(&user).cloned().unwrap_or_default())
}

/// Writes what a person wants to be told. For the person and administrators.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn set_reminders(
    store: &Store,
    ctx: &OpContext,
    user: UserId,
    wish: Reminders,
) -> Result<(), Error> {
    require_self_or_admin(ctx, user)?;
    let wish = wish
        .checked()
        .map_err(|message| Error::invalid("leads", message))?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            directory.user(user).ok_or(Error::NotFound("person"))?;
            store::reminder::put_wish(tx, user, &wish)?;
            let digest = DigestTime(wish.digest);
            let details = json!({"leads": wish.leads, "hand_off": wish.hand_off, "digest": digest});
            record(tx, &ctx, "reminders.edit", format!("user:{user}"), details)
        })
        .await
}
