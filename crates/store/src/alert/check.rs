//! Alerts that time changes: what is to be looked at, and when.

use diesel::prelude::*;
use domain::alert::Alert;
use domain::{AlertId, IncidentId, Timestamp};

use super::{IsOpen, Row, alerts};
use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::alert;

/// Ids in one statement.
const CHUNK: usize = 500;

/// When the next alert wants to be looked at.
///
/// # Errors
/// Those of the read.
pub fn next_check(conn: &mut Conn) -> Result<Option<Timestamp>, Error> {
    let row: Option<Option<Timestamp>> = db!(conn, |c| alert::table
        .filter(alert::check_at.is_not_null())
        .order(alert::check_at)
        .select(alert::check_at)
        .first(c)
        .optional())?;
    Ok(row.flatten())
}

/// Alerts whose time to be looked at has come, oldest first; locked until the transaction ends.
///
/// # Errors
/// Those of the read.
pub fn due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Alert>, Error> {
    let ids: Vec<AlertId> = db!(conn, |c| alert::table
        .filter(alert::check_at.is_not_null())
        .filter(alert::check_at.le(now))
        .order(alert::check_at)
        .limit(limit)
        .select(alert::id)
        .load(c))?;
    let mut found: Vec<Row> = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rows: Result<Vec<Row>, diesel::result::Error> = match conn {
            Conn::Sqlite(c) => alert::table
                .filter(alert::id.eq_any(chunk))
                .select(Row::as_select())
                .load(c),
            // In one order on every node, and as it is once others have let go of it.
            Conn::Postgres(c) => alert::table
                .filter(alert::id.eq_any(chunk))
                .order(alert::id)
                .for_no_key_update()
                .select(Row::as_select())
                .load(c),
        };
        found.extend(rows?);
    }
    let mut found = alerts(found)?;
    found.retain(|alert| alert.check_at.is_some_and(|at| at <= now));
    found.sort_by_key(|alert| (alert.check_at, alert.id));
    Ok(found)
}

/// Has the open alerts that any of these hold back looked at: the maintenance window or silence was
/// changed, the inhibiting alert is resolved. Returns how many.
///
/// # Errors
/// Those of the write.
pub fn check_held_by(conn: &mut Conn, holders: &[i64], now: Timestamp) -> Result<usize, Error> {
    let mut held = 0;
    for chunk in holders.chunks(CHUNK) {
        let chunk: Vec<Option<i64>> = chunk.iter().copied().map(Some).collect();
        held += db!(conn, |c| diesel::update(alert::table)
            .filter(alert::held_by.is_not_null())
            .filter(alert::held_by.eq_any(&chunk))
            .filter(IsOpen)
            .set(alert::check_at.eq(Some(now)))
            .execute(c))?;
    }
    Ok(held)
}

/// Open alerts of an incident, at most `limit`, oldest first.
///
/// # Errors
/// Those of the read.
pub fn open_of_incident(
    conn: &mut Conn,
    incident: IncidentId,
    limit: i64,
) -> Result<Vec<Alert>, Error> {
    let rows: Vec<Row> = db!(conn, |c| alert::table
        .filter(alert::incident_id.eq(incident))
        .filter(IsOpen)
        .order(alert::id)
        .limit(limit)
        .select(Row::as_select())
        .load(c))?;
    alerts(rows)
}

/// Whether `holds` is true of every open alert of an incident, asked oldest first until it is not.
/// They are read a few at a time, and of more than `most` it is not asked: false.
///
/// # Errors
/// Those of the reads.
pub fn all_open_of_incident(
    conn: &mut Conn,
    incident: IncidentId,
    most: i64,
    mut holds: impl FnMut(&Alert) -> bool,
) -> Result<bool, Error> {
    // Their ids at once: reading on from an id would have PostgreSQL sort all of them each time.
    let ids: Vec<AlertId> = db!(conn, |c| alert::table
        .filter(alert::incident_id.eq(incident))
        .filter(IsOpen)
        .order(alert::id)
        .limit(most.saturating_add(1))
        .select(alert::id)
        .load(c))?;
    if i64::try_from(ids.len()).is_ok_and(|found| found > most) {
        return Ok(false);
    }
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<Row> = db!(conn, |c| alert::table
            .filter(alert::id.eq_any(chunk))
            .filter(IsOpen)
            .select(Row::as_select())
            .load(c))?;
        if !alerts(rows)?.iter().all(&mut holds) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts off looking at the alert that is due longest, because it cannot be looked at.
///
/// # Errors
/// Those of the writes.
pub fn put_off_check(conn: &mut Conn, now: Timestamp, until: Timestamp) -> Result<(), Error> {
    for one in due(conn, now, 1)? {
        db!(conn, |c| diesel::update(alert::table.find(one.id))
            .set(alert::check_at.eq(Some(until)))
            .execute(c))?;
    }
    Ok(())
}
