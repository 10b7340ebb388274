//! Incidents and signals as lists show them: narrowed, put in order, counted.

use diesel::prelude::*;
use domain::incident::Incident;
use domain::word::{CommandRole, IncidentSeverity, PagingState, Urgency};
use domain::{AlertId, IncidentId, ServiceId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::incident::{IsOpen, Row};
use crate::schema::{alert, incident, page, role_holding, signal};

/// Which incidents a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Any of these; empty: all.
    pub paging: Vec<PagingState>,
    /// Only those that are silent until later, or only those that are not.
    pub snoozed: Option<bool>,
    pub service: Option<ServiceId>,
    pub urgency: Option<Urgency>,
    pub severity: Option<IncidentSeverity>,
    /// Only what this person was paged for, has acknowledged or holds a role in.
    pub of: Option<UserId>,
    /// Words of the title, or numbers (`42`, `INC-0042`).
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Unacknowledged first, resolved last; then by severity and urgency, then oldest first.
    Worst,
    Newest,
    Oldest,
}

/// Words that are looked for; the rest is ignored.
const WORDS: usize = 8;

/// Applies a [`Filter`] to a boxed query of either database.
macro_rules! narrow {
    ($query:ident, $filter:ident, $now:ident) => {
        if !$filter.paging.is_empty() {
            $query = $query.filter(incident::paging.eq_any($filter.paging.clone()));
        }
        match $filter.snoozed {
            Some(true) => $query = $query.filter(incident::snoozed_until.gt($now)),
            Some(false) => {
                $query = $query.filter(
                    incident::snoozed_until
                        .is_null()
                        .or(incident::snoozed_until.le($now)),
                );
            }
            None => {}
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
        if let Some(user) = $filter.of {
            let paged = page::table
                .filter(page::incident_id.eq(incident::id))
                .filter(page::user_id.eq(user));
            let holds = role_holding::table
                .filter(role_holding::incident_id.eq(incident::id))
                .filter(role_holding::user_id.eq(user));
            $query = $query.filter(
                incident::acknowledged_by
                    .eq(user)
                    .or(diesel::dsl::exists(paged))
                    .or(diesel::dsl::exists(holds)),
            );
        }
        for word in $filter.text.split_whitespace().take(WORDS) {
            let pattern = format!("%{}%", escape_like(&word.to_lowercase()));
            let in_title = lower(incident::title).like(pattern).escape('\\');
            $query = match number_of(word) {
                Some(number) => $query.filter(in_title.or(incident::number.eq(number))),
                None => $query.filter(in_title),
            };
        }
    };
}

diesel::define_sql_function! {
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

pub(crate) fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

/// `42`, `INC-42`, `inc-0042`.
fn number_of(word: &str) -> Option<i64> {
    let upper = word.to_ascii_uppercase();
    upper
        .strip_prefix("INC-")
        .unwrap_or(&upper)
        .parse()
        .ok()
        .filter(|number| *number > 0)
}

/// A part of the list.
///
/// # Errors
/// Those of the read.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    order: Order,
    now: Timestamp,
    offset: i64,
    limit: i64,
) -> Result<Vec<Incident>, Error> {
    use incident as t;
    let rows: Vec<Row> = db!(conn, |c| {
        let mut query = t::table.select(Row::as_select()).into_boxed();
        narrow!(query, filter, now);
        query = match order {
            Order::Worst => query.order((
                t::paging.eq(PagingState::Resolved).asc(),
                t::paging.eq(PagingState::Triggered).desc(),
                t::severity.is_null().asc(),
                t::severity.asc(),
                // `high` sorts before `low`.
                t::urgency.asc(),
                t::created_at.asc(),
                t::id.asc(),
            )),
            Order::Newest => query.order((t::created_at.desc(), t::id.desc())),
            Order::Oldest => query.order((t::created_at.asc(), t::id.asc())),
        };
        query.offset(offset).limit(limit).load(c)
    })?;
    Ok(rows.into_iter().map(Incident::from).collect())
}

/// How many the filter matches.
///
/// # Errors
/// Those of the read.
pub fn count(conn: &mut Conn, filter: &Filter, now: Timestamp) -> Result<i64, Error> {
    db!(conn, |c| {
        let mut query = incident::table
            .select(diesel::dsl::count_star())
            .into_boxed();
        narrow!(query, filter, now);
        query.get_result(c)
    })
}

/// Open incidents whose promised update is late, the latest first.
///
/// # Errors
/// Those of the read.
pub fn overdue_updates(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Incident>, Error> {
    let rows: Vec<Row> = db!(conn, |c| incident::table
        .filter(incident::next_update_due.le(now))
        .filter(IsOpen)
        .order((incident::next_update_due.asc(), incident::id.asc()))
        .limit(limit)
        .select(Row::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(Incident::from).collect())
}

/// Who commands these incidents now.
///
/// # Errors
/// Those of the read.
pub fn commanders(conn: &mut Conn, ids: &[IncidentId]) -> Result<Vec<(IncidentId, UserId)>, Error> {
    use role_holding as t;
    db!(conn, |c| t::table
        .filter(t::incident_id.eq_any(ids))
        .filter(t::role.eq(CommandRole::Commander))
        .filter(t::ended_at.is_null())
        .select((t::incident_id, t::user_id))
        .load(c))
}

/// The numbers of incidents.
///
/// # Errors
/// Those of the read.
pub fn numbers(conn: &mut Conn, ids: &[IncidentId]) -> Result<Vec<(IncidentId, i64)>, Error> {
    db!(conn, |c| incident::table
        .filter(incident::id.eq_any(ids))
        .select((incident::id, incident::number))
        .load(c))
}

/// How many triggers these alerts have had.
///
/// # Errors
/// Those of the read.
pub fn alert_counts(conn: &mut Conn, ids: &[AlertId]) -> Result<Vec<(AlertId, i64)>, Error> {
    db!(conn, |c| alert::table
        .filter(alert::id.eq_any(ids))
        .select((alert::id, alert::count))
        .load(c))
}

/// Recorded signals received from `from` on and before `until`.
///
/// # Errors
/// Those of the read.
pub fn signals_between(conn: &mut Conn, from: Timestamp, until: Timestamp) -> Result<i64, Error> {
    db!(conn, |c| signal::table
        .filter(signal::received_at.ge(from))
        .filter(signal::received_at.lt(until))
        .count()
        .get_result(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for text in ["42", "INC-42", "inc-0042"] {
            assert_eq!(number_of(text), Some(42));
        }
        for text in ["", "INC-", "-1", "0", "checkout", "99999999999999999999"] {
            assert_eq!(number_of(text), None, "{text}");
        }
    }
}
