//! The timeline of an incident: append-only.

use diesel::prelude::*;
use domain::word::{EntryKind, Origin};
use domain::{IncidentId, TimelineEntryId, Timestamp, UserId};

use crate::conn::{Conn, insert_all};
use crate::db;
use crate::error::Error;
use crate::schema::timeline_entry;

/// One thing that happened. `occurred_at` is when, `recorded_at` when it was written down.
#[derive(Queryable, Selectable, Insertable, Clone, Debug, PartialEq, Eq)]
#[diesel(table_name = timeline_entry, treat_none_as_default_value = false)]
pub struct Entry {
    pub id: TimelineEntryId,
    pub incident_id: IncidentId,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub kind: EntryKind,
    pub actor_id: Option<UserId>,
    pub origin: Origin,
    pub text: String,
    /// JSON.
    pub details: String,
}

/// # Errors
/// Those of the write.
pub fn append(conn: &mut Conn, entries: &[Entry]) -> Result<(), Error> {
    insert_all!(conn, timeline_entry::table, entries);
    Ok(())
}

/// The newest `limit` entries, oldest first, ordered by (occurred_at, recorded_at, id).
///
/// # Errors
/// Those of the read.
pub fn latest(conn: &mut Conn, incident: IncidentId, limit: i64) -> Result<Vec<Entry>, Error> {
    use timeline_entry as t;
    let mut rows: Vec<Entry> = db!(conn, |c| t::table
        .filter(t::incident_id.eq(incident))
        .order((t::occurred_at.desc(), t::recorded_at.desc(), t::id.desc()))
        .limit(limit)
        .select(Entry::as_select())
        .load(c))?;
    rows.reverse();
    Ok(rows)
}

/// Entries with ids above `after`, oldest first: what a page that shows up to `after` lacks.
///
/// # Errors
/// Those of the read.
pub fn after(
    conn: &mut Conn,
    incident: IncidentId,
    after: TimelineEntryId,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    use timeline_entry as t;
    db!(conn, |c| t::table
        .filter(t::incident_id.eq(incident))
        .filter(t::id.gt(after))
        .order((t::occurred_at, t::recorded_at, t::id))
        .limit(limit)
        .select(Entry::as_select())
        .load(c))
}

/// Whether the incident has an entry of this kind.
///
/// # Errors
/// Those of the read.
pub fn has(conn: &mut Conn, incident: IncidentId, kind: EntryKind) -> Result<bool, Error> {
    db!(conn, |c| diesel::select(diesel::dsl::exists(
        timeline_entry::table
            .filter(timeline_entry::incident_id.eq(incident))
            .filter(timeline_entry::kind.eq(kind))
    ))
    .get_result(c))
}

/// How many entries an incident has.
///
/// # Errors
/// Those of the read.
pub fn count(conn: &mut Conn, incident: IncidentId) -> Result<i64, Error> {
    db!(conn, |c| timeline_entry::table
        .filter(timeline_entry::incident_id.eq(incident))
        .count()
        .get_result(c))
}
