//! What falls due, and when.

use diesel::prelude::*;
use domain::word::TimerKind;
use domain::{IncidentId, TimerId, Timestamp};

use super::{CHUNK, prepared};
use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::timer;

/// Something that falls due.
#[derive(Queryable, Selectable, Insertable, Clone, Copy, Debug, PartialEq, Eq)]
#[diesel(table_name = timer)]
pub struct Timer {
    pub id: TimerId,
    pub kind: TimerKind,
    pub incident_id: IncidentId,
    /// The run, incident or hand-over it is about.
    pub subject_id: i64,
    pub due_at: Timestamp,
}

impl Timer {
    /// Seconds since it was due.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a lateness needs no microseconds"
    )]
    pub fn due_at_lateness(&self, now: Timestamp) -> f64 {
        now.since(self.due_at).0.max(0) as f64 / 1e6
    }
}

/// Sets or moves the timer of (kind, subject).
///
/// # Errors
/// Those of the write.
pub fn arm(conn: &mut Conn, set: Timer) -> Result<(), Error> {
    db!(conn, |c| prepared::Arm(&set).execute(c))?;
    Ok(())
}

/// # Errors
/// Those of the write.
pub fn disarm(conn: &mut Conn, kind: TimerKind, subject_id: i64) -> Result<(), Error> {
    db!(conn, |c| diesel::delete(timer::table)
        .filter(timer::kind.eq(kind))
        .filter(timer::subject_id.eq(subject_id))
        .execute(c))?;
    Ok(())
}

/// When the next timer falls due.
///
/// # Errors
/// Those of the read.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, Error> {
    db!(conn, |c| timer::table
        .select(diesel::dsl::min(timer::due_at))
        .first(c))
}

/// Timers due at `now`, oldest first.
///
/// # Errors
/// Those of the read.
pub fn due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Timer>, Error> {
    db!(conn, |c| timer::table
        .filter(timer::due_at.le(now))
        .order((timer::due_at, timer::id))
        .limit(limit)
        .select(Timer::as_select())
        .load(c))
}

/// Takes a timer and keeps other nodes from it until the transaction ends. `None` when it is gone.
///
/// # Errors
/// Those of the read.
pub fn take(conn: &mut Conn, id: TimerId) -> Result<Option<Timer>, Error> {
    let row: Result<Option<Timer>, diesel::result::Error> = match conn {
        Conn::Sqlite(c) => timer::table
            .find(id)
            .select(Timer::as_select())
            .first(c)
            .optional(),
        Conn::Postgres(c) => timer::table
            .find(id)
            .for_no_key_update()
            .select(Timer::as_select())
            .first(c)
            .optional(),
    };
    Ok(row?)
}

/// As [`take`], for several: those that are gone are left out.
///
/// # Errors
/// Those of the read.
pub fn take_all(conn: &mut Conn, ids: &[TimerId]) -> Result<Vec<Timer>, Error> {
    let mut timers = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rows: Result<Vec<Timer>, diesel::result::Error> = match conn {
            Conn::Sqlite(c) => timer::table
                .filter(timer::id.eq_any(chunk))
                .order(timer::id)
                .select(Timer::as_select())
                .load(c),
            Conn::Postgres(c) => timer::table
                .filter(timer::id.eq_any(chunk))
                .order(timer::id)
                .for_no_key_update()
                .select(Timer::as_select())
                .load(c),
        };
        timers.extend(rows?);
    }
    Ok(timers)
}

/// When the timer of this kind and subject falls due, if it is set.
///
/// # Errors
/// Those of the read.
pub fn timer_due(
    conn: &mut Conn,
    kind: TimerKind,
    subject: i64,
) -> Result<Option<Timestamp>, Error> {
    use timer as t;
    db!(conn, |c| t::table
        .filter(t::kind.eq(kind))
        .filter(t::subject_id.eq(subject))
        .select(t::due_at)
        .first(c)
        .optional())
}

/// How many timers are overdue; for `/metrics`.
///
/// # Errors
/// Those of the read.
pub fn count_due(conn: &mut Conn, now: Timestamp) -> Result<i64, Error> {
    db!(conn, |c| timer::table
        .filter(timer::due_at.le(now))
        .count()
        .get_result(c))
}
