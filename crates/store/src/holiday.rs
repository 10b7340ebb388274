//! Holiday calendars.

use diesel::prelude::*;
use domain::schedule::HolidayCalendar;
use domain::{HolidayCalendarId, Timestamp};

use crate::db;
use crate::error::{Error, to_json};
use crate::schema::holiday_calendar;
use crate::tx::Tx;

/// # Errors
/// [`Error::Conflict`] when the slug is taken.
pub fn insert(tx: &mut Tx<'_>, new: &HolidayCalendar, now: Timestamp) -> Result<(), Error> {
    let days = to_json("holiday_calendar.days", &new.days)?;
    db!(tx.conn, |c| diesel::insert_into(holiday_calendar::table)
        .values((
            holiday_calendar::id.eq(new.id),
            holiday_calendar::slug.eq(&new.slug),
            holiday_calendar::name.eq(&new.name),
            holiday_calendar::description.eq(&new.description),
            holiday_calendar::days.eq(&days),
            holiday_calendar::created_at.eq(now),
        ))
        .execute(c))?;
    tx.configured()
}

/// Writes name, description and days; the slug stays.
///
/// # Errors
/// [`Error::NotFound`] without such a calendar.
pub fn update(tx: &mut Tx<'_>, edited: &HolidayCalendar) -> Result<(), Error> {
    let days = to_json("holiday_calendar.days", &edited.days)?;
    let changed = db!(tx.conn, |c| diesel::update(
        holiday_calendar::table.find(edited.id)
    )
    .set((
        holiday_calendar::name.eq(&edited.name),
        holiday_calendar::description.eq(&edited.description),
        holiday_calendar::days.eq(&days),
    ))
    .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}

/// # Errors
/// [`Error::NotFound`] without such a calendar.
pub fn remove(tx: &mut Tx<'_>, id: HolidayCalendarId) -> Result<(), Error> {
    let removed = db!(tx.conn, |c| diesel::delete(
        holiday_calendar::table.find(id)
    )
    .execute(c))?;
    if removed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}
