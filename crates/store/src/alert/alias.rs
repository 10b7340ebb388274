//! Keys of monitors that lead to alerts of other keys, since routing rules made those.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::upsert::excluded;
use domain::AlertId;
use domain::alert::{Alert, Identity};

use super::{CHUNK, IsOpen, IsResolved, Row};
use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::{alert, alert_alias};

/// Where keys lead, by the identity of the monitor's key.
pub type Aliases = BTreeMap<Identity, (Identity, AlertId)>;

fn identity(bytes: Vec<u8>) -> Result<Identity, Error> {
    bytes
        .try_into()
        .map(Identity)
        .map_err(|_| Error::Corrupt("alert_alias.identity is not 16 bytes".into()))
}

/// Where these keys lead. The alert may be resolved by now, and another one open in its place.
///
/// # Errors
/// Those of the read.
pub fn aliases(conn: &mut Conn, of: &[Identity]) -> Result<Aliases, Error> {
    let keys: Vec<Vec<u8>> = of.iter().map(|one| one.0.to_vec()).collect();
    let mut found = Aliases::new();
    for chunk in keys.chunks(CHUNK) {
        let rows: Vec<(Vec<u8>, Vec<u8>, AlertId)> = db!(conn, |c| alert_alias::table
            .filter(alert_alias::identity.eq_any(chunk))
            .load(c))?;
        for (own, target, id) in rows {
            found.insert(identity(own)?, (identity(target)?, id));
        }
    }
    Ok(found)
}

/// Remembers where keys lead; what was known of them is written over.
///
/// # Errors
/// Those of the write.
pub fn put_aliases(conn: &mut Conn, new: &Aliases) -> Result<(), Error> {
    use alert_alias as t;
    // In the order of the keys, so that two nodes cannot block each other.
    for (own, (target, id)) in new {
        db!(conn, |c| diesel::insert_into(t::table)
            .values((
                t::identity.eq(&own.0[..]),
                t::target.eq(&target.0[..]),
                t::alert_id.eq(*id),
            ))
            .on_conflict(t::identity)
            .do_update()
            .set((
                t::target.eq(excluded(t::target)),
                t::alert_id.eq(excluded(t::alert_id)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// The open alert that a monitor's key leads to, whatever rules have made of the key.
///
/// # Errors
/// Those of the reads.
pub fn open_by_key(conn: &mut Conn, own: Identity) -> Result<Option<Alert>, Error> {
    let row: Option<Row> = db!(conn, |c| alert::table
        .inner_join(alert_alias::table.on(alert_alias::alert_id.eq(alert::id)))
        .filter(alert_alias::identity.eq(own.0.to_vec()))
        .filter(IsOpen)
        .select(Row::as_select())
        .first(c)
        .optional())?;
    match row {
        Some(row) => row.into_alert().map(Some),
        None => super::open(conn, own),
    }
}

/// Forgets at most `limit` keys whose alerts are resolved or gone; returns how many.
///
/// # Errors
/// Those of the write.
pub fn forget_aliases(conn: &mut Conn, limit: i64) -> Result<usize, Error> {
    let mut over: Vec<Vec<u8>> = db!(conn, |c| alert_alias::table
        .inner_join(alert::table.on(alert::id.eq(alert_alias::alert_id)))
        .filter(IsResolved)
        .select(alert_alias::identity)
        .limit(limit)
        .load(c))?;
    if over.is_empty() {
        over = db!(conn, |c| alert_alias::table
            .left_join(alert::table.on(alert::id.eq(alert_alias::alert_id)))
            .filter(alert::id.is_null())
            .select(alert_alias::identity)
            .limit(limit)
            .load(c))?;
    }
    db!(conn, |c| diesel::delete(
        alert_alias::table.filter(alert_alias::identity.eq_any(&over))
    )
    .execute(c))
}
