//! People who were asked to help with an incident, and what they said (PAGING.md §4.8).

use diesel::prelude::*;
use domain::incident::responder::Responder;
use domain::word::ResponderState;
use domain::{IncidentId, PageId, ResponderId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::responder as t;
use crate::spelled::spelled;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = t, treat_none_as_default_value = false)]
struct Row {
    id: ResponderId,
    incident_id: IncidentId,
    user_id: UserId,
    page_id: PageId,
    asked_by: Option<UserId>,
    asked_at: Timestamp,
    message: String,
    state: ResponderState,
    reason: String,
    answered_at: Option<Timestamp>,
}

impl From<Responder> for Row {
    fn from(one: Responder) -> Row {
        Row {
            id: one.id,
            incident_id: one.incident_id,
            user_id: one.user,
            page_id: one.page,
            asked_by: one.asked_by,
            asked_at: one.asked_at,
            message: one.message,
            state: one.state,
            reason: one.reason,
            answered_at: one.answered_at,
        }
    }
}

impl From<Row> for Responder {
    fn from(row: Row) -> Responder {
        Responder {
            id: row.id,
            incident_id: row.incident_id,
            user: row.user_id,
            page: row.page_id,
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            message: row.message,
            state: row.state,
            reason: row.reason,
            answered_at: row.answered_at,
        }
    }
}

spelled! {
    IsOpen = "responder.state = 'asked'";
}

/// # Errors
/// [`Error::Conflict`] when the person's answer is awaited already.
pub fn insert(conn: &mut Conn, new: Vec<Responder>) -> Result<(), Error> {
    let rows: Vec<Row> = new.into_iter().map(Row::from).collect();
    db!(conn, |c| diesel::insert_into(t::table)
        .values(&rows)
        .execute(c))?;
    Ok(())
}

/// Everybody who was asked for an incident, oldest first.
///
/// # Errors
/// Those of the read.
pub fn of_incident(conn: &mut Conn, id: IncidentId) -> Result<Vec<Responder>, Error> {
    let rows: Vec<Row> = db!(conn, |c| t::table
        .filter(t::incident_id.eq(id))
        .order((t::asked_at, t::id))
        .select(Row::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(Responder::from).collect())
}

/// The pages of an incident whose answers are awaited.
///
/// # Errors
/// Those of the read.
pub fn awaited(conn: &mut Conn, id: IncidentId) -> Result<Vec<PageId>, Error> {
    db!(conn, |c| t::table
        .filter(t::incident_id.eq(id))
        .filter(IsOpen)
        .order(t::page_id)
        .select(t::page_id)
        .load(c))
}

/// Whose answers are awaited, of several incidents.
///
/// # Errors
/// Those of the read.
pub fn awaited_of(conn: &mut Conn, ids: &[IncidentId]) -> Result<Vec<(IncidentId, UserId)>, Error> {
    let mut found = Vec::new();
    for chunk in ids.chunks(500) {
        let some: Vec<(IncidentId, UserId)> = db!(conn, |c| t::table
            .filter(t::incident_id.eq_any(chunk))
            .filter(IsOpen)
            .select((t::incident_id, t::user_id))
            .load(c))?;
        found.extend(some);
    }
    Ok(found)
}

/// The open request to a person for an incident.
///
/// # Errors
/// Those of the read.
pub fn open(conn: &mut Conn, id: IncidentId, user: UserId) -> Result<Option<Responder>, Error> {
    let row: Option<Row> = db!(conn, |c| t::table
        .filter(t::incident_id.eq(id))
        .filter(t::user_id.eq(user))
        .filter(IsOpen)
        .select(Row::as_select())
        .first(c)
        .optional())?;
    Ok(row.map(Responder::from))
}

/// The newest request to a person for an incident.
///
/// # Errors
/// Those of the read.
pub fn newest(conn: &mut Conn, id: IncidentId, user: UserId) -> Result<Option<Responder>, Error> {
    let row: Option<Row> = db!(conn, |c| t::table
        .filter(t::incident_id.eq(id))
        .filter(t::user_id.eq(user))
        .order((t::asked_at.desc(), t::id.desc()))
        .select(Row::as_select())
        .first(c)
        .optional())?;
    Ok(row.map(Responder::from))
}

/// Writes what the person said.
///
/// # Errors
/// Those of the write.
pub fn answer(
    conn: &mut Conn,
    id: ResponderId,
    state: ResponderState,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    db!(conn, |c| diesel::update(t::table.find(id))
        .set((
            t::state.eq(state),
            t::reason.eq(reason),
            t::answered_at.eq(now)
        ))
        .execute(c))?;
    Ok(())
}

/// Ends what is open of an incident that is over.
///
/// # Errors
/// Those of the write.
pub fn end_all(conn: &mut Conn, id: IncidentId) -> Result<(), Error> {
    db!(conn, |c| diesel::update(t::table)
        .filter(t::incident_id.eq(id))
        .filter(IsOpen)
        .set(t::state.eq(ResponderState::Ended))
        .execute(c))?;
    Ok(())
}
