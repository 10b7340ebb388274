//! Temporary schedules.

use diesel::prelude::*;
use domain::schedule::Temporary;
use domain::{ScheduleId, TemporaryId, Timestamp, UserId};

use crate::db;
use crate::error::{Error, to_json};
use crate::schema::temporary_schedule as t;
use crate::tx::Tx;

/// # Errors
/// [`Error::Conflict`] without such a schedule.
pub fn insert(tx: &mut Tx<'_>, schedule: ScheduleId, new: &Temporary) -> Result<(), Error> {
    let shifts = to_json("temporary_schedule.shifts", &new.shifts)?;
    db!(tx.conn, |c| diesel::insert_into(t::table)
        .values((
            t::id.eq(new.id),
            t::schedule_id.eq(schedule),
            t::start_at.eq(new.start),
            t::end_at.eq(new.end),
            t::shifts.eq(&shifts),
            t::created_by.eq(new.created_by),
            t::created_at.eq(new.created_at),
        ))
        .execute(c))?;
    tx.configured()
}

/// Withdraws one; the part that has been stays (PAGING.md §5.2).
///
/// # Errors
/// [`Error::NotFound`] without such a temporary schedule that is not withdrawn yet.
pub fn withdraw(
    tx: &mut Tx<'_>,
    schedule: ScheduleId,
    id: TemporaryId,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), Error> {
    let live = t::table
        .find(id)
        .filter(t::schedule_id.eq(schedule))
        .filter(t::removed_at.is_null());
    let changed = db!(tx.conn, |c| diesel::update(live)
        .set((t::removed_at.eq(Some(now)), t::removed_by.eq(by)))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}
