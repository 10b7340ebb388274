//! Schedules, their versions and overrides.

pub mod history;
pub mod import;
pub mod load;
pub(crate) mod snapshot;
pub mod swap;
pub mod temporary;

use diesel::prelude::*;
use domain::schedule::{Override, Schedule, ScheduleVersion};
use domain::{OverrideId, ScheduleId, Timestamp, UserId};

use crate::db;
use crate::error::{Error, to_json};
use crate::schema::{schedule, schedule_override, schedule_version};
use crate::tx::Tx;

/// Writes a new schedule with its versions, without overrides.
///
/// # Errors
/// [`Error::Conflict`] when the slug is taken.
pub fn insert(
    tx: &mut Tx<'_>,
    new: &Schedule,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::insert_into(schedule::table)
        .values((
            schedule::id.eq(new.id),
            schedule::slug.eq(&new.slug),
            schedule::name.eq(&new.name),
            schedule::description.eq(&new.description),
            schedule::team_id.eq(new.team_id),
            schedule::created_at.eq(now),
        ))
        .execute(c))?;
    for version in &new.versions {
        insert_version(tx, new.id, version, by, now)?;
    }
    tx.configured()
}

/// Writes slug, name, description and team.
///
/// # Errors
/// [`Error::NotFound`] without such a schedule, [`Error::Conflict`] when the slug is taken.
pub fn update(tx: &mut Tx<'_>, edited: &Schedule) -> Result<(), Error> {
    let changed = db!(tx.conn, |c| diesel::update(schedule::table.find(edited.id))
        .set((
            schedule::slug.eq(&edited.slug),
            schedule::name.eq(&edited.name),
            schedule::description.eq(&edited.description),
            schedule::team_id.eq(edited.team_id),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}

/// Adds a version; versions are never changed (PAGING.md §5.2).
///
/// # Errors
/// [`Error::Conflict`] when the version exists.
pub fn insert_version(
    tx: &mut Tx<'_>,
    id: ScheduleId,
    version: &ScheduleVersion,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), Error> {
    let config = to_json("schedule_version.config", &version.config)?;
    db!(tx.conn, |c| diesel::insert_into(schedule_version::table)
        .values((
            schedule_version::schedule_id.eq(id),
            schedule_version::version.eq(version.version),
            schedule_version::effective_from.eq(version.effective_from),
            schedule_version::config.eq(&config),
            schedule_version::created_by.eq(by),
            schedule_version::created_at.eq(now),
        ))
        .execute(c))?;
    tx.configured()
}

/// Removes a schedule with its history; for those that never caused a page.
///
/// # Errors
/// [`Error::NotFound`] without such a schedule.
pub fn remove(tx: &mut Tx<'_>, id: ScheduleId) -> Result<(), Error> {
    let removed = db!(tx.conn, |c| diesel::delete(schedule::table.find(id))
        .execute(c))?;
    if removed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}

/// # Errors
/// [`Error::Conflict`] without such a schedule.
pub fn insert_override(tx: &mut Tx<'_>, id: ScheduleId, new: &Override) -> Result<(), Error> {
    let people = to_json("schedule_override.users", &new.users)?;
    db!(tx.conn, |c| diesel::insert_into(schedule_override::table)
        .values((
            schedule_override::id.eq(new.id),
            schedule_override::schedule_id.eq(id),
            schedule_override::kind.eq(new.kind),
            schedule_override::start_at.eq(new.start),
            schedule_override::end_at.eq(new.end),
            schedule_override::users.eq(&people),
            schedule_override::created_by.eq(new.created_by),
            schedule_override::created_at.eq(new.created_at),
            schedule_override::swap_id.eq(new.swap.map(|swap| swap.id)),
            schedule_override::instead_of.eq(new.swap.map(|swap| swap.instead_of)),
        ))
        .execute(c))?;
    tx.configured()
}

/// Withdraws an override; the part that has been stays (PAGING.md §5.2).
///
/// # Errors
/// [`Error::NotFound`] without such an override that is not withdrawn yet.
pub fn withdraw_override(
    tx: &mut Tx<'_>,
    schedule: ScheduleId,
    id: OverrideId,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), Error> {
    let live = schedule_override::table
        .find(id)
        .filter(schedule_override::schedule_id.eq(schedule))
        .filter(schedule_override::removed_at.is_null());
    let changed = db!(tx.conn, |c| diesel::update(live)
        .set((
            schedule_override::removed_at.eq(Some(now)),
            schedule_override::removed_by.eq(by),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}
