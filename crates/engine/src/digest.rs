//! Sends the morning digests (PAGING.md §3.2). What is due and what it says is
//! `domain::digest`'s to say; the database keeps it to one a day for each person, whatever crashes
//! and however many nodes run.

use std::collections::BTreeMap;

use domain::digest::{Candidate, DigestDue, digests, look, method_for, stands};
use domain::directory::Directory;
use domain::reminder::NoticeText;
use domain::word::NotificationKind;
use domain::{NotificationId, Timestamp, UserId};
use store::{Conn, Store, Tx};

use crate::message::Sender;
use crate::{Error, notice};

/// Most open incidents that digests are made of: with more than that, nobody reads them one by one.
const CANDIDATES_MAX: i64 = 10_000;
/// People seen to in one transaction.
const BATCH: usize = 200;

/// One person's morning.
#[derive(Clone)]
struct Morning {
    due: DigestDue,
    /// The one before it.
    last: Option<Timestamp>,
    /// What there is to say.
    text: Option<NoticeText>,
}

/// Writes every digest that is due at `now` into the outbox, and returns when to look again.
///
/// # Errors
/// [`Error::Store`] when the database cannot be used; what was due stays due.
pub(crate) async fn fire_due(
    store: &Store,
    sender: &Sender,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    let directory = store.directory();
    let generation = directory.generation;
    let looked = look(&directory, now);
    if looked.due.is_empty() {
        return Ok(looked.next);
    }
    let url = sender.public_url.clone();
    let mornings = store
        .read(move |c| mornings(c, &directory, &looked.due, &url, now))
        .await?;
    for batch in mornings.chunks(BATCH) {
        let batch = batch.to_vec();
        let current = store
            .write(move |tx| send_in_txn(tx, &batch, generation, now))
            .await?;
        if !current {
            // Edited meanwhile: somebody's hour may be another one.
            return Ok(now);
        }
    }
    Ok(looked.next)
}

/// Whose morning has not been seen to, and what there is to say to them.
fn mornings(
    conn: &mut Conn,
    directory: &Directory,
    due: &[DigestDue],
    public_url: &str,
    now: Timestamp,
) -> Result<Vec<Morning>, Error> {
    let last = store::digest::last(conn)?;
    let due: Vec<DigestDue> = due
        .iter()
        .filter(|one| one.is_new(last.get(&one.user).copied(), directory, now))
        .copied()
        .collect();
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let candidates = candidates(conn, directory, now)?;
    let mut texts: BTreeMap<UserId, NoticeText> = digests(&due, candidates, directory, now)
        .into_iter()
        .map(|digest| (digest.due.user, digest.text(directory, public_url)))
        .collect();
    let morning = |due: DigestDue| Morning {
        due,
        last: last.get(&due.user).copied(),
        text: texts.remove(&due.user),
    };
    Ok(due.into_iter().map(morning).collect())
}

fn candidates(
    conn: &mut Conn,
    directory: &Directory,
    now: Timestamp,
) -> Result<Vec<Candidate>, store::Error> {
    let mut open = store::digest::open_of_low_urgency(conn, CANDIDATES_MAX)?;
    open.retain(|incident| stands(incident, now));
    let ids: Vec<_> = open.iter().map(|incident| incident.id).collect();
    let mut heard = store::digest::heard(conn, &ids)?;
    open.into_iter()
        .map(|incident| {
            let paused = crate::suppression::pause(conn, directory, &incident, now)?.is_some();
            let heard = heard.remove(&incident.id).unwrap_or_default();
            Ok(Candidate {
                incident,
                heard,
                paused,
            })
        })
        .collect()
}

/// False when the configuration is not the one that the digests were worked out from.
fn send_in_txn(
    tx: &mut Tx<'_>,
    batch: &[Morning],
    generation: i64,
    now: Timestamp,
) -> Result<bool, Error> {
    let directory = tx.directory()?;
    if directory.generation != generation {
        return Ok(false);
    }
    let mut rows = Vec::new();
    for Morning { due, last, text } in batch {
        // A morning on which there was nothing to say is over, too: what opens at noon has told its
        // people by itself.
        if !store::digest::mark(tx, due.user, *last, due.at)? {
            continue;
        }
        let (Some(text), Some(user)) = (text, directory.user(due.user)) else {
            continue;
        };
        let Some(method) = method_for(user, now) else {
            continue;
        };
        let (kind, id) = (NotificationKind::Digest, tx.id(NotificationId)?);
        rows.push(notice::to(user, method, kind, text.clone(), id, now));
    }
    notice::plan(tx, &rows)?;
    Ok(true)
}
