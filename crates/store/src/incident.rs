//! Incidents and their key moments.

use diesel::prelude::*;
use domain::incident::{Incident, IncidentKind};
use domain::word::{AlertSeverity, IncidentSeverity, KeyMoment, PagingState, Phase, Urgency};
use domain::{IncidentId, PolicyId, ServiceId, Timestamp, UserId};

use crate::conn::{Conn, insert_all};
use crate::db;
use crate::error::Error;
use crate::schema::{incident, key_moment};
use crate::spelled::spelled;

mod gathering;

use gathering::GatheringJson;
pub use gathering::{hold_openings, recent_of};

#[derive(Queryable, Selectable, Insertable, AsChangeset, Identifiable, Clone)]
#[diesel(table_name = incident, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct Row {
    id: IncidentId,
    number: i64,
    title: String,
    service_id: Option<ServiceId>,
    policy_id: Option<PolicyId>,
    kind: IncidentKind,
    urgency: Urgency,
    alert_severity: AlertSeverity,
    severity: Option<IncidentSeverity>,
    paging: PagingState,
    phase: Phase,
    group_key: Option<String>,
    alerts: i64,
    open_alerts: i64,
    unreachable: bool,
    created_at: Timestamp,
    triggered_at: Timestamp,
    acknowledged_at: Option<Timestamp>,
    acknowledged_by: Option<UserId>,
    snoozed_until: Option<Timestamp>,
    declared_at: Option<Timestamp>,
    declared_by: Option<UserId>,
    resolved_at: Option<Timestamp>,
    resolved_by: Option<UserId>,
    next_update_due: Option<Timestamp>,
    updated_at: Timestamp,
    gathering: Option<GatheringJson>,
}

/// Writes out the same fields in both directions.
macro_rules! same_fields {
    ($from:ident => $to:ident) => {
        impl From<$from> for $to {
            fn from(v: $from) -> $to {
                $to {
                    id: v.id,
                    number: v.number,
                    title: v.title,
                    service_id: v.service_id,
                    policy_id: v.policy_id,
                    kind: v.kind,
                    urgency: v.urgency,
                    alert_severity: v.alert_severity,
                    severity: v.severity,
                    paging: v.paging,
                    phase: v.phase,
                    group_key: v.group_key,
                    alerts: v.alerts,
                    open_alerts: v.open_alerts,
                    unreachable: v.unreachable,
                    created_at: v.created_at,
                    triggered_at: v.triggered_at,
                    acknowledged_at: v.acknowledged_at,
                    acknowledged_by: v.acknowledged_by,
                    snoozed_until: v.snoozed_until,
                    declared_at: v.declared_at,
                    declared_by: v.declared_by,
                    resolved_at: v.resolved_at,
                    resolved_by: v.resolved_by,
                    next_update_due: v.next_update_due,
                    updated_at: v.updated_at,
                    gathering: v.gathering.map(Into::into),
                }
            }
        }
    };
}
same_fields!(Row => Incident);
same_fields!(Incident => Row);

/// Rows of one statement: SQLite allows 32,766 values.
const CHUNK: usize = 500;

/// # Errors
/// [`Error::Conflict`] when another node opened an incident of the same group meanwhile.
pub fn insert(conn: &mut Conn, incidents: Vec<Incident>) -> Result<(), Error> {
    let rows: Vec<Row> = incidents.into_iter().map(Row::from).collect();
    insert_all!(conn, incident::table, &rows);
    Ok(())
}

/// Writes every column.
///
/// # Errors
/// [`Error::NotFound`] when it is gone, [`Error::Conflict`] when an open incident has its group.
pub fn update(conn: &mut Conn, changed: Incident) -> Result<(), Error> {
    let row = Row::from(changed);
    let rows = db!(conn, |c| diesel::update(incident::table.find(row.id))
        .set(&row)
        .execute(c))?;
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// # Errors
/// [`Error::NotFound`].
pub fn fetch(conn: &mut Conn, id: IncidentId) -> Result<Incident, Error> {
    let row: Row = db!(conn, |c| incident::table
        .find(id)
        .select(Row::as_select())
        .first(c))?;
    Ok(row.into())
}

/// Reads it and keeps others from changing it until the transaction ends.
///
/// # Errors
/// [`Error::NotFound`].
pub fn lock(conn: &mut Conn, id: IncidentId) -> Result<Incident, Error> {
    lock_all(conn, &[id])?.pop().ok_or(Error::NotFound)
}

/// As [`lock`], for several, in the order of their ids so that two nodes cannot block each other.
///
/// # Errors
/// Those of the read; ids that do not exist are left out.
pub fn lock_all(conn: &mut Conn, ids: &[IncidentId]) -> Result<Vec<Incident>, Error> {
    let mut found: Vec<Row> = Vec::with_capacity(ids.len());
    match conn {
        Conn::Sqlite(c) => {
            // Singly: by a statement that stays prepared.
            for id in ids {
                found.extend(
                    incident::table
                        .find(id)
                        .select(Row::as_select())
                        .first(c)
                        .optional()?,
                );
            }
            found.sort_by_key(|row| row.id);
        }
        Conn::Postgres(c) => {
            for chunk in ids.chunks(CHUNK) {
                found.extend(
                    incident::table
                        .filter(incident::id.eq_any(chunk))
                        .order(incident::id)
                        .for_no_key_update()
                        .select(Row::as_select())
                        .load::<Row>(c)?,
                );
            }
        }
    }
    Ok(found.into_iter().map(Incident::from).collect())
}

/// # Errors
/// [`Error::NotFound`].
pub fn by_number(conn: &mut Conn, number: i64) -> Result<Incident, Error> {
    let row: Row = db!(conn, |c| incident::table
        .filter(incident::number.eq(number))
        .select(Row::as_select())
        .first(c))?;
    Ok(row.into())
}

spelled! {
    IsOpen = "incident.paging <> 'resolved'";
}

/// Ids of open incidents of the given groups of a service.
///
/// # Errors
/// Those of the read.
pub fn open_of_groups(
    conn: &mut Conn,
    service: ServiceId,
    groups: &[String],
) -> Result<Vec<(String, IncidentId)>, Error> {
    let mut found = Vec::new();
    for chunk in groups.chunks(CHUNK) {
        let rows: Vec<(Option<String>, IncidentId)> = db!(conn, |c| incident::table
            .filter(incident::service_id.eq(service))
            .filter(incident::group_key.eq_any(chunk))
            .filter(IsOpen)
            .select((incident::group_key, incident::id))
            .load(c))?;
        found.extend(
            rows.into_iter()
                .filter_map(|(group, id)| Some((group?, id))),
        );
    }
    Ok(found)
}

/// Open incidents of a service, oldest first; for restarting escalations when it moves to another
/// policy.
///
/// # Errors
/// Those of the read.
pub fn open_of_service(conn: &mut Conn, service: ServiceId) -> Result<Vec<IncidentId>, Error> {
    db!(conn, |c| incident::table
        .filter(incident::service_id.eq(service))
        .filter(IsOpen)
        .order(incident::id)
        .select(incident::id)
        .load(c))
}

/// How a list of incidents is narrowed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub paging: Vec<PagingState>,
    pub service: Option<ServiceId>,
    pub urgency: Option<Urgency>,
    pub severity: Option<IncidentSeverity>,
    pub declared: Option<bool>,
    /// Words of the title.
    pub text: Option<String>,
    pub acknowledged_by: Option<UserId>,
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
}

/// Where a page of a list begins: after this incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub created_at: Timestamp,
    pub id: IncidentId,
}

/// Applies a [`Filter`] to a boxed query of either database.
macro_rules! narrow {
    ($query:ident, $filter:ident) => {
        if !$filter.paging.is_empty() {
            if !$filter.paging.contains(&PagingState::Resolved) {
                $query = $query.filter(IsOpen);
            }
            $query = $query.filter(incident::paging.eq_any($filter.paging.clone()));
        }
        if let Some(service) = $filter.service {
            $query = $query.filter(incident::service_id.eq(service));
        }
        if let Some(urgency) = $filter.urgency {
            $query = $query.filter(incident::urgency.eq(urgency));
        }
        if let Some(severity) = $filter.severity {
            $query = $query.filter(incident::severity.eq(severity));
        }
        match $filter.declared {
            Some(true) => $query = $query.filter(incident::declared_at.is_not_null()),
            Some(false) => $query = $query.filter(incident::declared_at.is_null()),
            None => {}
        }
        if let Some(user) = $filter.acknowledged_by {
            $query = $query.filter(incident::acknowledged_by.eq(user));
        }
        if let Some(after) = $filter.created_after {
            $query = $query.filter(incident::created_at.ge(after));
        }
        if let Some(before) = $filter.created_before {
            $query = $query.filter(incident::created_at.lt(before));
        }
        if let Some(text) = &$filter.text {
            for word in text.split_whitespace().take(8) {
                let pattern = format!("%{}%", escape_like(&word.to_lowercase()));
                $query = $query.filter(lower(incident::title).like(pattern).escape('\\'));
            }
        }
    };
}

/// Newest first, at most `limit`, after `cursor`.
///
/// # Errors
/// Those of the read.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Incident>, Error> {
    let rows: Vec<Row> = db!(conn, |c| {
        let mut query = incident::table.select(Row::as_select()).into_boxed();
        narrow!(query, filter);
        if let Some(cursor) = cursor {
            query = query.filter(
                incident::created_at
                    .lt(cursor.created_at)
                    .or(incident::created_at
                        .eq(cursor.created_at)
                        .and(incident::id.lt(cursor.id))),
            );
        }
        query
            .order((incident::created_at.desc(), incident::id.desc()))
            .limit(limit)
            .load(c)
    })?;
    Ok(rows.into_iter().map(Incident::from).collect())
}

/// How many the filter matches, counted up to `cap`: a number beyond it helps nobody and costs.
///
/// # Errors
/// Those of the read.
pub fn count(conn: &mut Conn, filter: &Filter, cap: i64) -> Result<i64, Error> {
    let ids: Vec<IncidentId> = db!(conn, |c| {
        let mut query = incident::table.select(incident::id).into_boxed();
        narrow!(query, filter);
        query.limit(cap).load(c)
    })?;
    Ok(i64::try_from(ids.len()).unwrap_or(cap))
}

diesel::define_sql_function! {
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

/// Open and unacknowledged incidents, for the watch bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenCount {
    pub open: i64,
    pub unacknowledged: i64,
}

/// # Errors
/// Those of the read.
pub fn open_count(conn: &mut Conn) -> Result<OpenCount, Error> {
    let rows: Vec<(PagingState, i64)> = db!(conn, |c| incident::table
        .filter(IsOpen)
        .group_by(incident::paging)
        .select((incident::paging, diesel::dsl::count_star()))
        .load(c))?;
    let mut count = OpenCount::default();
    for (state, number) in rows {
        count.open += number;
        if state == PagingState::Triggered {
            count.unacknowledged += number;
        }
    }
    Ok(count)
}

/// When a moment of an incident was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub moment: KeyMoment,
    pub at: Timestamp,
    /// False once a person has set it.
    pub automatic: bool,
    pub set_by: Option<UserId>,
}

/// Keeps the first automatic value, and whatever a person has set.
///
/// # Errors
/// Those of the write.
pub fn fill_moments(
    conn: &mut Conn,
    moments: &[(IncidentId, KeyMoment, Timestamp)],
) -> Result<(), Error> {
    let rows: Vec<_> = moments
        .iter()
        .map(|(id, moment, at)| {
            (
                key_moment::incident_id.eq(*id),
                key_moment::moment.eq(*moment),
                key_moment::at.eq(*at),
                key_moment::automatic.eq(true),
            )
        })
        .collect();
    for chunk in rows.chunks(CHUNK) {
        db!(conn, |c| diesel::insert_into(key_moment::table)
            .values(chunk.to_vec())
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Replaces an automatic value: the end of an incident that was reopened is its last one.
///
/// # Errors
/// Those of the write.
pub fn renew_moment(
    conn: &mut Conn,
    id: IncidentId,
    moment: KeyMoment,
    at: Timestamp,
) -> Result<(), Error> {
    db!(conn, |c| diesel::update(
        key_moment::table.find((id, moment))
    )
    .filter(key_moment::automatic.eq(true))
    .set(key_moment::at.eq(at))
    .execute(c))?;
    fill_moments(conn, &[(id, moment, at)])
}

/// A person sets or corrects a moment; `None` removes it.
///
/// # Errors
/// Those of the write.
pub fn set_moment(
    conn: &mut Conn,
    id: IncidentId,
    moment: KeyMoment,
    at: Option<Timestamp>,
    by: Option<UserId>,
) -> Result<(), Error> {
    db!(conn, |c| diesel::delete(
        key_moment::table.find((id, moment))
    )
    .execute(c))?;
    if let Some(at) = at {
        db!(conn, |c| diesel::insert_into(key_moment::table)
            .values((
                key_moment::incident_id.eq(id),
                key_moment::moment.eq(moment),
                key_moment::at.eq(at),
                key_moment::automatic.eq(false),
                key_moment::set_by.eq(by),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// # Errors
/// Those of the read.
pub fn moments(conn: &mut Conn, id: IncidentId) -> Result<Vec<Moment>, Error> {
    let rows: Vec<(KeyMoment, Timestamp, bool, Option<UserId>)> = db!(conn, |c| {
        key_moment::table
            .filter(key_moment::incident_id.eq(id))
            .select((
                key_moment::moment,
                key_moment::at,
                key_moment::automatic,
                key_moment::set_by,
            ))
            .order(key_moment::at)
            .load(c)
    })?;
    Ok(rows
        .into_iter()
        .map(|(moment, at, automatic, set_by)| Moment {
            moment,
            at,
            automatic,
            set_by,
        })
        .collect())
}
