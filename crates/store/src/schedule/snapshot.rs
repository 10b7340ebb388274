//! Schedules and holiday calendars as the configuration's snapshot has them.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use domain::directory::Directory;
use domain::schedule::{HolidayCalendar, Override, Schedule, ScheduleVersion, SwapPart, Temporary};
use domain::{
    HolidayCalendarId, OverrideId, ScheduleId, SwapId, TeamId, TemporaryId, Timestamp, UserId,
};

use crate::conn::Conn;
use crate::db;
use crate::error::{Error, json};
use crate::schema::{
    holiday_calendar, schedule, schedule_override, schedule_version, temporary_schedule,
};

/// Reads all schedules and calendars.
///
/// # Errors
/// Those of the reads; [`Error::Corrupt`] when stored JSON cannot be understood.
pub(crate) fn load(conn: &mut Conn, directory: &mut Directory) -> Result<(), Error> {
    load_schedules(conn, directory)?;
    load_calendars(conn, directory)
}

fn load_schedules(conn: &mut Conn, directory: &mut Directory) -> Result<(), Error> {
    type Row = (ScheduleId, String, String, String, Option<TeamId>);
    let rows: Vec<Row> = db!(conn, |c| schedule::table
        .select((
            schedule::id,
            schedule::slug,
            schedule::name,
            schedule::description,
            schedule::team_id,
        ))
        .load(c))?;
    let mut schedules: BTreeMap<ScheduleId, Schedule> = rows
        .into_iter()
        .map(|(id, slug, name, description, team_id)| {
            let (versions, overrides, temporaries) = (vec![], vec![], vec![]);
            (
                id,
                Schedule {
                    id,
                    slug,
                    name,
                    description,
                    team_id,
                    versions,
                    overrides,
                    temporaries,
                    imports: vec![],
                },
            )
        })
        .collect();

    let versions: Vec<(ScheduleId, i64, Timestamp, String)> = db!(conn, |c| {
        schedule_version::table
            .select((
                schedule_version::schedule_id,
                schedule_version::version,
                schedule_version::effective_from,
                schedule_version::config,
            ))
            .order((schedule_version::effective_from, schedule_version::version))
            .load(c)
    })?;
    for (id, version, effective_from, config) in versions {
        if let Some(schedule) = schedules.get_mut(&id) {
            let config = json("schedule_version.config", &config)?;
            schedule.versions.push(ScheduleVersion {
                version,
                effective_from,
                config,
            });
        }
    }

    type OverrideRow = (
        OverrideId,
        ScheduleId,
        domain::schedule::OverrideKind,
        Timestamp,
        Timestamp,
        String,
        Option<UserId>,
        Timestamp,
        Option<Timestamp>,
        Option<SwapId>,
        Option<UserId>,
    );
    let overrides: Vec<OverrideRow> = db!(conn, |c| schedule_override::table
        .select((
            schedule_override::id,
            schedule_override::schedule_id,
            schedule_override::kind,
            schedule_override::start_at,
            schedule_override::end_at,
            schedule_override::users,
            schedule_override::created_by,
            schedule_override::created_at,
            schedule_override::removed_at,
            schedule_override::swap_id,
            schedule_override::instead_of,
        ))
        .order(schedule_override::id)
        .load(c))?;
    for row in overrides {
        let (id, schedule_id, kind, start, end, users, created_by, created_at, ..) = row;
        let (.., removed_at, swap, instead_of) = row;
        // One that was withdrawn while it ran keeps the part that has been.
        let end = removed_at.map_or(end, |removed| removed.min(end));
        let Some(schedule) = schedules.get_mut(&schedule_id) else {
            continue;
        };
        if end > start {
            let users = json("schedule_override.users", &users)?;
            let made = Override {
                id,
                start,
                end,
                kind,
                users,
                created_by,
                created_at,
                swap: swap
                    .zip(instead_of)
                    .map(|(id, instead_of)| SwapPart { id, instead_of }),
            };
            schedule.overrides.push(made);
        }
    }
    load_temporaries(conn, &mut schedules)?;
    super::import::load(conn, &mut schedules)?;
    directory.schedules = schedules
        .into_iter()
        .map(|(id, schedule)| (id, Arc::new(schedule)))
        .collect();
    Ok(())
}

fn load_temporaries(
    conn: &mut Conn,
    schedules: &mut BTreeMap<ScheduleId, Schedule>,
) -> Result<(), Error> {
    use temporary_schedule as t;
    type Row = (
        TemporaryId,
        ScheduleId,
        Timestamp,
        Timestamp,
        String,
        Option<UserId>,
        Timestamp,
        Option<Timestamp>,
    );
    let rows: Vec<Row> = db!(conn, |c| t::table
        .select((
            t::id,
            t::schedule_id,
            t::start_at,
            t::end_at,
            t::shifts,
            t::created_by,
            t::created_at,
            t::removed_at,
        ))
        .order(t::id)
        .load(c))?;
    for (id, schedule_id, start, end, shifts, created_by, created_at, removed_at) in rows {
        // As with overrides: what has been stays.
        let end = removed_at.map_or(end, |removed| removed.min(end));
        let Some(schedule) = schedules.get_mut(&schedule_id) else {
            continue;
        };
        if end > start {
            schedule.temporaries.push(Temporary {
                id,
                start,
                end,
                shifts: json("temporary_schedule.shifts", &shifts)?,
                created_by,
                created_at,
            });
        }
    }
    Ok(())
}

fn load_calendars(conn: &mut Conn, directory: &mut Directory) -> Result<(), Error> {
    use holiday_calendar as t;
    type Row = (HolidayCalendarId, String, String, String, String);
    let rows: Vec<Row> = db!(conn, |c| t::table
        .select((t::id, t::slug, t::name, t::description, t::days))
        .load(c))?;
    for (id, slug, name, description, days) in rows {
        let days = json("holiday_calendar.days", &days)?;
        let calendar = HolidayCalendar {
            id,
            slug,
            name,
            description,
            days,
        };
        directory.calendars.insert(id, Arc::new(calendar));
    }
    Ok(())
}
