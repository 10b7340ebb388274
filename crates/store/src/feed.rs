//! Secret addresses under which shifts are published. Only digests of the secrets are stored.

use diesel::prelude::*;
use domain::feed::{Feed, FeedSubject};
use domain::{FeedId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::calendar_feed as t;
use crate::tx::Tx;

type Row = (
    FeedId,
    String,
    domain::feed::FeedKind,
    i64,
    Option<UserId>,
    Timestamp,
    Option<Timestamp>,
    Option<Timestamp>,
);

const COLUMNS: (
    t::id,
    t::hint,
    t::kind,
    t::subject_id,
    t::created_by,
    t::created_at,
    t::fetched_at,
    t::revoked_at,
) = (
    t::id,
    t::hint,
    t::kind,
    t::subject_id,
    t::created_by,
    t::created_at,
    t::fetched_at,
    t::revoked_at,
);

fn feed(row: Row) -> Feed {
    let (id, hint, kind, subject, created_by, created_at, fetched_at, revoked_at) = row;
    Feed {
        id,
        hint,
        subject: FeedSubject::new(kind, subject),
        created_by,
        created_at,
        fetched_at,
        revoked_at,
    }
}

/// # Errors
/// Those of the write.
pub fn insert(tx: &mut Tx<'_>, new: &Feed, token_hash: &[u8; 32]) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::insert_into(t::table)
        .values((
            t::id.eq(new.id),
            t::token_hash.eq(&token_hash[..]),
            t::hint.eq(&new.hint),
            t::kind.eq(new.subject.kind()),
            t::subject_id.eq(new.subject.id()),
            t::created_by.eq(new.created_by),
            t::created_at.eq(new.created_at),
        ))
        .execute(c))
    .map(drop)
}

/// The feed with this digest, revoked or not.
///
/// # Errors
/// Those of the read.
pub fn by_hash(conn: &mut Conn, token_hash: &[u8; 32]) -> Result<Option<Feed>, Error> {
    let row: Option<Row> = db!(conn, |c| t::table
        .filter(t::token_hash.eq(&token_hash[..]))
        .select(COLUMNS)
        .first(c)
        .optional())?;
    Ok(row.map(feed))
}

/// # Errors
/// Those of the read.
pub fn by_id(conn: &mut Conn, id: FeedId) -> Result<Option<Feed>, Error> {
    let row: Option<Row> = db!(conn, |c| t::table
        .find(id)
        .select(COLUMNS)
        .first(c)
        .optional())?;
    Ok(row.map(feed))
}

/// All that are not revoked, oldest first.
///
/// # Errors
/// Those of the read.
pub fn live(conn: &mut Conn) -> Result<Vec<Feed>, Error> {
    let rows: Vec<Row> = db!(conn, |c| t::table
        .filter(t::revoked_at.is_null())
        .select(COLUMNS)
        .order(t::id)
        .load(c))?;
    Ok(rows.into_iter().map(feed).collect())
}

/// Remembers that a program fetched it.
///
/// # Errors
/// Those of the write.
pub fn touch(tx: &mut Tx<'_>, id: FeedId, now: Timestamp) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::update(t::table.find(id))
        .set(t::fetched_at.eq(Some(now)))
        .execute(c))
    .map(drop)
}

/// # Errors
/// [`Error::NotFound`] when there is no such feed that is not revoked.
pub fn revoke(
    tx: &mut Tx<'_>,
    id: FeedId,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), Error> {
    let live = t::table.find(id).filter(t::revoked_at.is_null());
    let changed = db!(tx.conn, |c| diesel::update(live)
        .set((t::revoked_at.eq(Some(now)), t::revoked_by.eq(by)))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    Ok(())
}
