//! Command of an incident: who holds which role, offered hand-overs, status updates.

use diesel::prelude::*;
use domain::command::{HoldingChange, ProposalOutcome};
use domain::word::{CommandRole, Phase};
use domain::{HandoverId, IncidentId, RoleHoldingId, StatusUpdateId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::{handover, role_holding, status_update};

/// One person's holding of a role. Rows are only ever added and ended, so that time in a role can
/// be told afterwards (INCIDENTS.md §2.2).
#[derive(Queryable, Selectable, Insertable, Clone, Debug, PartialEq, Eq)]
#[diesel(table_name = role_holding, treat_none_as_default_value = false)]
pub struct RoleHolding {
    pub id: RoleHoldingId,
    pub incident_id: IncidentId,
    pub role: CommandRole,
    pub user_id: UserId,
    pub began_by: HoldingChange,
    /// Who made it begin; not always the holder.
    pub started_by: Option<UserId>,
    pub started_at: Timestamp,
    /// Why it was taken from somebody else.
    pub reason: Option<String>,
    pub ended_at: Option<Timestamp>,
    pub ended_by: Option<HoldingChange>,
}

/// # Errors
/// [`Error::Conflict`] when somebody holds the role.
pub fn start_holding(conn: &mut Conn, holding: &RoleHolding) -> Result<(), Error> {
    db!(conn, |c| diesel::insert_into(role_holding::table)
        .values(holding)
        .execute(c))?;
    Ok(())
}

/// Ends the current holding of a role by this person.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn end_holding(
    conn: &mut Conn,
    incident: IncidentId,
    role: CommandRole,
    user: UserId,
    at: Timestamp,
    by: HoldingChange,
) -> Result<(), Error> {
    use role_holding as t;
    let rows = db!(conn, |c| diesel::update(t::table)
        .filter(t::incident_id.eq(incident))
        .filter(t::role.eq(role))
        .filter(t::user_id.eq(user))
        .filter(t::ended_at.is_null())
        .set((t::ended_at.eq(at), t::ended_by.eq(by)))
        .execute(c))?;
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// Every holding of an incident, past ones too, in the order in which they began.
///
/// # Errors
/// Those of the read.
pub fn holdings(conn: &mut Conn, incident: IncidentId) -> Result<Vec<RoleHolding>, Error> {
    use role_holding as t;
    db!(conn, |c| t::table
        .filter(t::incident_id.eq(incident))
        .order((t::started_at, t::id))
        .select(RoleHolding::as_select())
        .load(c))
}

/// Who holds a role of the incident now.
///
/// # Errors
/// Those of the read.
pub fn live_holdings(conn: &mut Conn, incident: IncidentId) -> Result<Vec<RoleHolding>, Error> {
    use role_holding as t;
    db!(conn, |c| t::table
        .filter(t::incident_id.eq(incident))
        .filter(t::ended_at.is_null())
        .order((t::started_at, t::id))
        .select(RoleHolding::as_select())
        .load(c))
}

/// Roles a person holds now, in whichever incidents.
///
/// # Errors
/// Those of the read.
pub fn held_by(conn: &mut Conn, user: UserId) -> Result<Vec<RoleHolding>, Error> {
    use role_holding as t;
    db!(conn, |c| t::table
        .filter(t::user_id.eq(user))
        .filter(t::ended_at.is_null())
        .order((t::started_at, t::id))
        .select(RoleHolding::as_select())
        .load(c))
}

/// An offered hand-over; without an outcome it waits for its answer.
#[derive(Queryable, Selectable, Insertable, Clone, Debug, PartialEq, Eq)]
#[diesel(table_name = handover, treat_none_as_default_value = false)]
pub struct Handover {
    pub id: HandoverId,
    pub incident_id: IncidentId,
    pub role: CommandRole,
    pub from_user_id: UserId,
    pub to_user_id: UserId,
    /// Markdown.
    pub brief: String,
    pub offered_at: Timestamp,
    pub expires_at: Timestamp,
    pub outcome: Option<ProposalOutcome>,
    pub closed_at: Option<Timestamp>,
}

/// # Errors
/// [`Error::Conflict`] when one already waits for this role.
pub fn insert_handover(conn: &mut Conn, offered: &Handover) -> Result<(), Error> {
    db!(conn, |c| diesel::insert_into(handover::table)
        .values(offered)
        .execute(c))?;
    Ok(())
}

/// # Errors
/// [`Error::NotFound`] when it does not exist or is closed already.
pub fn close_handover(
    conn: &mut Conn,
    id: HandoverId,
    outcome: ProposalOutcome,
    at: Timestamp,
) -> Result<(), Error> {
    use handover as t;
    let rows = db!(conn, |c| diesel::update(t::table)
        .filter(t::id.eq(id))
        .filter(t::outcome.is_null())
        .set((t::outcome.eq(outcome), t::closed_at.eq(at)))
        .execute(c))?;
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// # Errors
/// [`Error::NotFound`].
pub fn handover(conn: &mut Conn, id: HandoverId) -> Result<Handover, Error> {
    db!(conn, |c| handover::table
        .find(id)
        .select(Handover::as_select())
        .first(c))
}

/// Hand-overs of an incident that wait for an answer.
///
/// # Errors
/// Those of the read.
pub fn open_handovers(conn: &mut Conn, incident: IncidentId) -> Result<Vec<Handover>, Error> {
    use handover as t;
    db!(conn, |c| t::table
        .filter(t::incident_id.eq(incident))
        .filter(t::outcome.is_null())
        .order((t::offered_at, t::id))
        .select(Handover::as_select())
        .load(c))
}

/// Hand-overs that wait for this person's answer, in whichever incidents.
///
/// # Errors
/// Those of the read.
pub fn handovers_to(conn: &mut Conn, user: UserId) -> Result<Vec<Handover>, Error> {
    use handover as t;
    db!(conn, |c| t::table
        .filter(t::to_user_id.eq(user))
        .filter(t::outcome.is_null())
        .order((t::offered_at, t::id))
        .select(Handover::as_select())
        .load(c))
}

/// A published status update.
#[derive(Queryable, Selectable, Insertable, Clone, Debug, PartialEq, Eq)]
#[diesel(table_name = status_update, treat_none_as_default_value = false)]
pub struct StatusUpdate {
    pub id: StatusUpdateId,
    pub incident_id: IncidentId,
    /// Without one, an API token published it.
    pub author_id: Option<UserId>,
    /// Of the incident, when it was published.
    pub phase: Phase,
    /// Markdown.
    pub text: String,
    pub published_at: Timestamp,
    /// When the next one was promised.
    pub next_due_at: Option<Timestamp>,
}

/// # Errors
/// Those of the write.
pub fn insert_update(conn: &mut Conn, update: &StatusUpdate) -> Result<(), Error> {
    db!(conn, |c| diesel::insert_into(status_update::table)
        .values(update)
        .execute(c))?;
    Ok(())
}

/// Status updates of an incident, newest first.
///
/// # Errors
/// Those of the read.
pub fn updates(conn: &mut Conn, incident: IncidentId) -> Result<Vec<StatusUpdate>, Error> {
    use status_update as t;
    db!(conn, |c| t::table
        .filter(t::incident_id.eq(incident))
        .order((t::published_at.desc(), t::id.desc()))
        .select(StatusUpdate::as_select())
        .load(c))
}

/// The newest status update of an incident.
///
/// # Errors
/// Those of the read.
pub fn latest_update(conn: &mut Conn, incident: IncidentId) -> Result<Option<StatusUpdate>, Error> {
    use status_update as t;
    db!(conn, |c| t::table
        .filter(t::incident_id.eq(incident))
        .order((t::published_at.desc(), t::id.desc()))
        .select(StatusUpdate::as_select())
        .first(c)
        .optional())
}

/// How many status updates an incident has.
///
/// # Errors
/// Those of the read.
pub fn count_updates(conn: &mut Conn, incident: IncidentId) -> Result<i64, Error> {
    use status_update as t;
    db!(conn, |c| t::table
        .filter(t::incident_id.eq(incident))
        .count()
        .get_result(c))
}
