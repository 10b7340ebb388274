//! Messages that wait for others to travel with (PAGING.md §6.4).

use diesel::dsl::min;
use diesel::prelude::*;
use domain::{NotificationId, Timestamp};

use super::claim::{IsPlanned, put_off, travels_with};
use super::{CHUNK, Notification};
use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::notification as t;

/// As [`put_off`], to wait for others: what has not waited yet does since `now`.
///
/// # Errors
/// Those of the writes.
pub fn hold(
    conn: &mut Conn,
    ids: &[NotificationId],
    until: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    put_off(conn, ids, until)?;
    waits(conn, ids, now)
}

/// They have waited since `now`, unless they have for longer.
///
/// # Errors
/// Those of the write.
pub fn waits(conn: &mut Conn, ids: &[NotificationId], now: Timestamp) -> Result<(), Error> {
    for chunk in ids.chunks(CHUNK) {
        db!(conn, |c| diesel::update(
            t::table
                .filter(t::id.eq_any(chunk))
                .filter(t::waits_since.is_null().or(t::waits_since.gt(now)))
        )
        .set(t::waits_since.eq(now))
        .execute(c))?;
    }
    Ok(())
}

/// Since when the one of these waits that has waited longest.
///
/// # Errors
/// Those of the read.
pub fn waiting_since(conn: &mut Conn, ids: &[NotificationId]) -> Result<Option<Timestamp>, Error> {
    let mut since: Option<Timestamp> = None;
    for chunk in ids.chunks(CHUNK) {
        let found: Option<Timestamp> = db!(conn, |c| t::table
            .filter(t::id.eq_any(chunk))
            .select(min(t::waits_since))
            .first(c))?;
        since = since.into_iter().chain(found).min();
    }
    Ok(since)
}

/// Lets go now what waits until `end` at most for the sake of `lead`, which will not arrive: first
/// attempts that may travel with it.
///
/// # Errors
/// Those of the write.
pub fn leave_early(
    conn: &mut Conn,
    lead: &Notification,
    end: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    macro_rules! waiting {
        () => {
            t::table
                .filter(IsPlanned)
                .filter(t::due_at.gt(now))
                .filter(t::due_at.le(end))
                .filter(t::waits_since.is_not_null())
                .filter(travels_with!(lead))
                .order(t::id)
                .select(t::id)
        };
    }
    let ids: Vec<NotificationId> = match conn {
        Conn::Sqlite(c) => waiting!().load(c)?,
        // In one order, as those who cancel lock them.
        Conn::Postgres(c) => waiting!().for_no_key_update().load(c)?,
    };
    put_off(conn, &ids, now)
}
