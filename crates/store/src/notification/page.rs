//! The messages of an incident's pages: which of them are on their way, and cancelling them.

use std::collections::BTreeSet;

use diesel::prelude::*;
use domain::word::{NotificationKind, NotificationState};
use domain::{IncidentId, NotificationId, PageId, Timestamp, UserId};

use super::claim::IsPlanned;
use super::{Notification, cancel};
use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::notification as t;

/// Cancels what has not left yet for an incident (PAGING.md §6.3), but for the pages in `keep`.
/// Returns those that had been tried: others may wait for them (PAGING.md §6.4).
///
/// # Errors
/// Those of the writes.
pub fn cancel_pages_of(
    conn: &mut Conn,
    id: IncidentId,
    keep: &[PageId],
    why: &str,
) -> Result<Vec<Notification>, Error> {
    let mut tried = Vec::new();
    loop {
        let mut rows = planned_pages(conn, id)?;
        rows.retain(|row| row.page_id.is_none_or(|page| !keep.contains(&page)));
        // Cancelling what carries others leaves those to go by themselves: they are next.
        if cancel_planned(conn, &rows, why)? == 0 {
            return Ok(tried);
        }
        tried.extend(rows.into_iter().filter(|row| row.attempts > 0));
    }
}

/// Cancels what has not left yet of one page. Returns those that had been tried.
///
/// # Errors
/// Those of the writes.
pub fn cancel_page(conn: &mut Conn, page: PageId, why: &str) -> Result<Vec<Notification>, Error> {
    let mut rows: Vec<Notification> = db!(conn, |c| t::table
        .filter(t::page_id.eq(page))
        .filter(t::state.eq(NotificationState::Planned))
        .order(t::id)
        .select(Notification::as_select())
        .load(c))?;
    cancel_planned(conn, &rows, why)?;
    rows.retain(|row| row.attempts > 0);
    Ok(rows)
}

fn planned_pages(conn: &mut Conn, id: IncidentId) -> Result<Vec<Notification>, Error> {
    db!(conn, |c| t::table
        .filter(t::incident_id.eq(id))
        .filter(t::kind.eq(NotificationKind::Page))
        .filter(t::state.eq(NotificationState::Planned))
        .order(t::id)
        .select(Notification::as_select())
        .load(c))
}

fn cancel_planned(conn: &mut Conn, rows: &[Notification], why: &str) -> Result<usize, Error> {
    let mut ids: Vec<NotificationId> = rows.iter().map(|row| row.id).collect();
    if let Conn::Postgres(c) = conn {
        // A sender that has just taken one sends it; the others wait for us.
        let planned = t::table
            .filter(IsPlanned)
            .order(t::id)
            .for_no_key_update()
            .select(t::id);
        // What waits for one that was tried goes early: all that is written here and then is locked
        // in one order, so that two who cancel do not block each other.
        let tried = rows.iter().filter(|row| row.attempts > 0);
        let waited_for: BTreeSet<UserId> = tried.filter_map(|row| row.user_id).collect();
        let locked: BTreeSet<NotificationId> = if waited_for.is_empty() {
            planned.filter(t::id.eq_any(&ids)).load(c)
        } else {
            let theirs = t::id.eq_any(&ids).or(t::user_id.eq_any(waited_for));
            planned.filter(theirs).load(c)
        }
        .map_err(Error::from)?
        .into_iter()
        .collect();
        ids.retain(|id| locked.contains(id));
    }
    cancel(conn, &ids, why)?;
    Ok(ids.len())
}

/// Messages about an incident to a person that a further page may travel with: those that have not
/// left, and those that left since `since`. Locked, so that none leaves meanwhile.
///
/// # Errors
/// Those of the read.
pub fn pages_to(
    conn: &mut Conn,
    id: IncidentId,
    user: UserId,
    since: Timestamp,
) -> Result<Vec<Notification>, Error> {
    macro_rules! wanted {
        () => {
            t::table
                .filter(t::incident_id.eq(id))
                .filter(t::user_id.eq(user))
                .filter(t::kind.eq(NotificationKind::Page))
                .filter(
                    t::state
                        .eq(NotificationState::Planned)
                        .or(t::first_attempt_at.ge(since)),
                )
                .order(t::id)
                .select(Notification::as_select())
        };
    }
    let rows = match conn {
        Conn::Sqlite(c) => wanted!().load(c),
        Conn::Postgres(c) => wanted!().for_no_key_update().load(c),
    };
    Ok(rows?)
}
