//! Calendars elsewhere that give shifts to schedules, and the shifts they have given.

use std::collections::BTreeMap;

use diesel::prelude::*;
use domain::schedule::import::{Edition, KnownShift};
use domain::schedule::{Import, ImportPlace, ImportedShift, Schedule};
use domain::{ImportId, ImportedShiftId, ScheduleId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::{Error, json, to_json};
use crate::schema::{calendar_import as t, calendar_import_version as v, imported_shift as s};
use crate::tx::Tx;

/// How an import stands; its shifts are part of the schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    pub id: ImportId,
    pub schedule_id: ScheduleId,
    pub name: String,
    pub place: ImportPlace,
    /// `None`: a file that was handed in.
    pub url: Option<String>,
    /// Of the last edition that changed something; 0 before the first.
    pub version: i64,
    /// When the address is to be fetched next.
    pub due_at: Option<Timestamp>,
    pub tried_at: Option<Timestamp>,
    /// When the calendar was last read without fault.
    pub good_at: Option<Timestamp>,
    /// Why the last try came to nothing.
    pub failure: Option<String>,
    /// In a row.
    pub failures: i64,
    /// About the last good edition.
    pub warnings: Vec<String>,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
}

type Row = (
    (
        ImportId,
        ScheduleId,
        String,
        ImportPlace,
        Option<String>,
        i64,
    ),
    (Option<Timestamp>, Option<Timestamp>, Option<Timestamp>),
    (Option<String>, i64, String, Option<UserId>, Timestamp),
);

type Columns = (
    (t::id, t::schedule_id, t::name, t::place, t::url, t::version),
    (t::due_at, t::tried_at, t::good_at),
    (
        t::failure,
        t::failures,
        t::warnings,
        t::created_by,
        t::created_at,
    ),
);

const COLUMNS: Columns = (
    (t::id, t::schedule_id, t::name, t::place, t::url, t::version),
    (t::due_at, t::tried_at, t::good_at),
    (
        t::failure,
        t::failures,
        t::warnings,
        t::created_by,
        t::created_at,
    ),
);

fn import(row: Row) -> Result<ImportRow, Error> {
    let (id, schedule_id, name, place, url, version) = row.0;
    let (due_at, tried_at, good_at) = row.1;
    let (failure, failures, warnings, created_by, created_at) = row.2;
    Ok(ImportRow {
        id,
        schedule_id,
        name,
        place,
        url,
        version,
        due_at,
        tried_at,
        good_at,
        failure,
        failures,
        warnings: json("calendar_import.warnings", &warnings)?,
        created_by,
        created_at,
    })
}

/// # Errors
/// Those of the write.
pub fn insert(tx: &mut Tx<'_>, new: &ImportRow) -> Result<(), Error> {
    let warnings = to_json("calendar_import.warnings", &new.warnings)?;
    db!(tx.conn, |c| diesel::insert_into(t::table)
        .values((
            t::id.eq(new.id),
            t::schedule_id.eq(new.schedule_id),
            t::name.eq(&new.name),
            t::place.eq(new.place),
            t::url.eq(&new.url),
            t::version.eq(new.version),
            t::due_at.eq(new.due_at),
            t::tried_at.eq(new.tried_at),
            t::good_at.eq(new.good_at),
            t::failure.eq(&new.failure),
            t::failures.eq(new.failures),
            t::warnings.eq(&warnings),
            t::created_by.eq(new.created_by),
            t::created_at.eq(new.created_at),
        ))
        .execute(c))?;
    tx.configured()
}

/// Writes how the last try went.
///
/// # Errors
/// Those of the write.
pub fn update(tx: &mut Tx<'_>, row: &ImportRow) -> Result<(), Error> {
    let warnings = to_json("calendar_import.warnings", &row.warnings)?;
    db!(tx.conn, |c| diesel::update(t::table.find(row.id))
        .set((
            t::version.eq(row.version),
            t::due_at.eq(row.due_at),
            t::tried_at.eq(row.tried_at),
            t::good_at.eq(row.good_at),
            t::failure.eq(&row.failure),
            t::failures.eq(row.failures),
            t::warnings.eq(&warnings),
        ))
        .execute(c))
    .map(drop)
}

/// The imports of a schedule that have not been removed, oldest first.
///
/// # Errors
/// Those of the read.
pub fn of_schedule(conn: &mut Conn, schedule: ScheduleId) -> Result<Vec<ImportRow>, Error> {
    let rows: Vec<Row> = db!(conn, |c| t::table
        .filter(t::schedule_id.eq(schedule))
        .filter(t::removed_at.is_null())
        .select(COLUMNS)
        .order(t::id)
        .load(c))?;
    rows.into_iter().map(import).collect()
}

/// All imports that have not been removed, by schedule.
///
/// # Errors
/// Those of the read.
pub fn all(conn: &mut Conn) -> Result<Vec<ImportRow>, Error> {
    let rows: Vec<Row> = db!(conn, |c| t::table
        .filter(t::removed_at.is_null())
        .select(COLUMNS)
        .order((t::schedule_id, t::id))
        .load(c))?;
    rows.into_iter().map(import).collect()
}

/// One that has not been removed, locked until the end of the transaction.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn lock(tx: &mut Tx<'_>, id: ImportId) -> Result<ImportRow, Error> {
    let live = t::table.find(id).filter(t::removed_at.is_null());
    // An update of nothing takes the row's lock on both databases.
    let held = db!(tx.conn, |c| diesel::update(live)
        .set(t::version.eq(t::version))
        .execute(c))?;
    if held == 0 {
        return Err(Error::NotFound);
    }
    let row: Row = db!(tx.conn, |c| t::table.find(id).select(COLUMNS).first(c))?;
    import(row)
}

/// Those whose address is to be fetched at `now`.
///
/// # Errors
/// Those of the read.
pub fn due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<ImportRow>, Error> {
    let rows: Vec<Row> = db!(conn, |c| t::table
        .filter(t::removed_at.is_null())
        .filter(t::due_at.le(now))
        .select(COLUMNS)
        .order((t::due_at, t::id))
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(import).collect()
}

/// When the next address is to be fetched.
///
/// # Errors
/// Those of the read.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, Error> {
    db!(conn, |c| t::table
        .filter(t::removed_at.is_null())
        .filter(t::due_at.is_not_null())
        .select(diesel::dsl::min(t::due_at))
        .first(c))
}

/// Takes the fetching of an import until `until`; false when somebody else has.
///
/// # Errors
/// Those of the write.
pub fn claim(tx: &mut Tx<'_>, row: &ImportRow, until: Timestamp) -> Result<bool, Error> {
    let mine = t::table
        .find(row.id)
        .filter(t::removed_at.is_null())
        .filter(t::due_at.eq(row.due_at));
    let changed = db!(tx.conn, |c| diesel::update(mine)
        .set(t::due_at.eq(Some(until)))
        .execute(c))?;
    Ok(changed == 1)
}

/// The shifts of an import that count after `after`.
///
/// # Errors
/// Those of the read.
pub fn known(conn: &mut Conn, id: ImportId, after: Timestamp) -> Result<Vec<KnownShift>, Error> {
    type Row = (ImportedShiftId, Timestamp, Timestamp, String);
    let rows: Vec<Row> = db!(conn, |c| s::table
        .filter(s::import_id.eq(id))
        .filter(s::withdrawn_at.is_null())
        .filter(s::end_at.gt(after))
        .select((s::id, s::start_at, s::end_at, s::users))
        .order((s::start_at, s::id))
        .load(c))?;
    let each = rows.into_iter().map(|(id, start, end, users)| {
        let users = json("imported_shift.users", &users)?;
        let shift = ImportedShift { start, end, users };
        Ok(KnownShift { id, shift })
    });
    each.collect()
}

/// Writes an edition that changes something, as version `version`.
///
/// # Errors
/// [`Error::Conflict`] when the version exists.
pub fn apply(
    tx: &mut Tx<'_>,
    id: ImportId,
    version: i64,
    edition: &Edition,
    digest: &[u8; 32],
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), Error> {
    for part in edition.withdraw.chunks(500) {
        db!(tx.conn, |c| diesel::update(
            s::table.filter(s::id.eq_any(part))
        )
        .set(s::withdrawn_at.eq(Some(now)))
        .execute(c))?;
    }
    let mut rows = Vec::with_capacity(edition.add.len());
    for shift in &edition.add {
        let users = to_json("imported_shift.users", &shift.users)?;
        rows.push((
            s::id.eq(tx.id(ImportedShiftId)?),
            s::import_id.eq(id),
            s::version.eq(version),
            s::start_at.eq(shift.start),
            s::end_at.eq(shift.end),
            s::users.eq(users),
        ));
    }
    for part in rows.chunks(500) {
        db!(tx.conn, |c| diesel::insert_into(s::table)
            .values(part.to_vec())
            .execute(c))?;
    }
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    db!(tx.conn, |c| diesel::insert_into(v::table)
        .values((
            v::import_id.eq(id),
            v::version.eq(version),
            v::effective_from.eq(now),
            v::digest.eq(&digest[..]),
            v::added.eq(count(edition.add.len())),
            v::withdrawn.eq(count(edition.withdraw.len())),
            v::created_by.eq(by),
        ))
        .execute(c))?;
    tx.configured()
}

/// Removes an import; what has been of its shifts stays.
///
/// # Errors
/// [`Error::NotFound`] when the schedule has no such import.
pub fn remove(
    tx: &mut Tx<'_>,
    schedule: ScheduleId,
    id: ImportId,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), Error> {
    let live = t::table
        .find(id)
        .filter(t::schedule_id.eq(schedule))
        .filter(t::removed_at.is_null());
    let changed = db!(tx.conn, |c| diesel::update(live)
        .set((
            t::removed_at.eq(Some(now)),
            t::removed_by.eq(by),
            t::due_at.eq(None::<Timestamp>),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    let ahead = s::table
        .filter(s::import_id.eq(id))
        .filter(s::withdrawn_at.is_null())
        .filter(s::end_at.gt(now));
    db!(tx.conn, |c| diesel::update(ahead)
        .set(s::withdrawn_at.eq(Some(now)))
        .execute(c))?;
    tx.configured()
}

/// Puts the imports into their schedules, removed ones too: they are part of the past.
pub(crate) fn load(
    conn: &mut Conn,
    schedules: &mut BTreeMap<ScheduleId, Schedule>,
) -> Result<(), Error> {
    type Of = (ImportId, ScheduleId, String, ImportPlace);
    let rows: Vec<Of> = db!(conn, |c| t::table
        .select((t::id, t::schedule_id, t::name, t::place))
        .order(t::id)
        .load(c))?;
    if rows.is_empty() {
        return Ok(());
    }
    type Shift = (ImportId, Timestamp, Timestamp, String, Option<Timestamp>);
    let shifts: Vec<Shift> = db!(conn, |c| s::table
        .select((
            s::import_id,
            s::start_at,
            s::end_at,
            s::users,
            s::withdrawn_at
        ))
        .order((s::start_at, s::id))
        .load(c))?;
    let mut by_import: BTreeMap<ImportId, Vec<ImportedShift>> = BTreeMap::new();
    for (id, start, end, users, withdrawn) in shifts {
        // One that was withdrawn while it ran keeps the part that has been.
        let end = withdrawn.map_or(end, |at| at.min(end));
        if start < end {
            let users = json("imported_shift.users", &users)?;
            let shift = ImportedShift { start, end, users };
            by_import.entry(id).or_default().push(shift);
        }
    }
    for (id, schedule, name, place) in rows {
        let shifts = by_import.remove(&id).unwrap_or_default();
        if let Some(schedule) = schedules.get_mut(&schedule).filter(|_| !shifts.is_empty()) {
            schedule.imports.push(Import {
                id,
                name,
                place,
                shifts,
            });
        }
    }
    Ok(())
}
