//! Alerts as people and machines ask for them: by identity, in lists, and how many there are.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use domain::alert::{Alert, Identity};
use domain::word::AlertStatus;
use domain::{AlertId, IncidentId, IntegrationId, ServiceId};

use super::{IsOpen, Row, alerts};
use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::alert;

/// The open alert of an identity.
///
/// # Errors
/// Those of the read.
pub fn open(conn: &mut Conn, identity: Identity) -> Result<Option<Alert>, Error> {
    let row: Option<Row> = db!(conn, |c| alert::table
        .filter(alert::identity.eq(identity.0.to_vec()))
        .filter(IsOpen)
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.map(Row::into_alert).transpose()
}

/// How a list of alerts is narrowed and ordered; all of it must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub status: Option<AlertStatus>,
    pub integrations: Option<Vec<IntegrationId>>,
    /// Of this service: those that rules sent there, and of the integrations given here those that
    /// no rules sent elsewhere.
    pub service: Option<(ServiceId, Vec<IntegrationId>)>,
    pub incident: Option<IncidentId>,
    pub dedup_key: Option<String>,
    pub suppressed: Option<bool>,
    /// Held back by one of these maintenance windows, silences or alerts.
    pub held_by: Option<Vec<i64>>,
    /// Whether it comes and goes.
    pub flapping: Option<bool>,
    /// Else the newest come first.
    pub oldest_first: bool,
}

impl Filter {
    /// Whether it asks for nothing but a status.
    fn is_of_all(&self) -> bool {
        let plain = Filter {
            status: self.status,
            oldest_first: self.oldest_first,
            ..Filter::default()
        };
        *self == plain
    }
}

/// What the index of those that flap holds, word for word: else it would not be used.
const FLAPPING: &str =
    "alert.flaps LIKE '%\"until\":_%' AND alert.flaps NOT LIKE '%\"until\":null%'";

/// Narrows a boxed query; a macro, since the query's type differs between the databases.
macro_rules! narrowed {
    ($query:expr, $filter:expr) => {{
        let (mut query, filter) = ($query, $filter);
        // The open ones of everything have an index in the order of lists; where more is asked for,
        // what narrows the list most is another one, and so the status is told by a value.
        match filter.status {
            Some(AlertStatus::Open) if filter.is_of_all() => query = query.filter(IsOpen),
            Some(status) => query = query.filter(alert::status.eq(status)),
            None => {}
        }
        if let Some(integrations) = &filter.integrations {
            query = query.filter(alert::integration_id.eq_any(integrations.clone()));
        }
        if let Some((service, own)) = &filter.service {
            query = query.filter(
                alert::service_id.eq(Some(*service)).or(alert::service_id
                    .is_null()
                    .and(alert::integration_id.eq_any(own.clone()))),
            );
        }
        if let Some(incident) = filter.incident {
            query = query.filter(alert::incident_id.eq(incident));
        }
        if let Some(key) = &filter.dedup_key {
            query = query.filter(alert::dedup_key.eq(key.clone()));
        }
        match filter.suppressed {
            Some(true) => query = query.filter(alert::suppressed.is_not_null()),
            Some(false) => query = query.filter(alert::suppressed.is_null()),
            None => {}
        }
        if let Some(holders) = &filter.held_by {
            let holders: Vec<Option<i64>> = holders.iter().copied().map(Some).collect();
            query = query
                .filter(alert::held_by.is_not_null())
                .filter(alert::held_by.eq_any(holders));
        }
        // The JSON of what does not flap has `null` there.
        match filter.flapping {
            Some(true) => query = query.filter(sql::<Bool>(FLAPPING)),
            Some(false) => {
                query = query.filter(sql::<Bool>(
                    "(alert.flaps IS NULL OR alert.flaps LIKE '%\"until\":null%')",
                ))
            }
            None => {}
        }
        query
    }};
}

/// The alerts beyond `from` in the order of the filter, at most `limit`.
///
/// # Errors
/// Those of the read.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    from: Option<AlertId>,
    limit: i64,
) -> Result<Vec<Alert>, Error> {
    let rows: Vec<Row> = db!(conn, |c| {
        let query = alert::table.select(Row::as_select()).into_boxed();
        let mut query = narrowed!(query, filter).limit(limit);
        query = match (filter.oldest_first, from) {
            (false, None) => query.order(alert::id.desc()),
            (false, Some(from)) => query.filter(alert::id.lt(from)).order(alert::id.desc()),
            (true, None) => query.order(alert::id.asc()),
            (true, Some(from)) => query.filter(alert::id.gt(from)).order(alert::id.asc()),
        };
        query.load(c)
    })?;
    alerts(rows)
}

/// How many alerts there are, counted up to `cap`.
///
/// # Errors
/// Those of the read.
pub fn number(conn: &mut Conn, filter: &Filter, cap: i64) -> Result<usize, Error> {
    let ids: Vec<AlertId> = db!(conn, |c| {
        let query = alert::table.select(alert::id).into_boxed();
        narrowed!(query, filter).limit(cap).load(c)
    })?;
    Ok(ids.len())
}

/// How many open alerts each maintenance window, silence or alert holds back.
///
/// # Errors
/// Those of the read.
pub fn counts_held(conn: &mut Conn) -> Result<BTreeMap<i64, i64>, Error> {
    let rows: Vec<(Option<i64>, i64)> = db!(conn, |c| alert::table
        // A range, not merely "something": its index is then the better one beside that of the open
        // alerts, whatever the database thinks of their number.
        .filter(alert::held_by.gt(0))
        .filter(IsOpen)
        .group_by(alert::held_by)
        .select((alert::held_by, diesel::dsl::count_star()))
        .load(c))?;
    let held = rows.into_iter();
    Ok(held.filter_map(|(by, count)| Some((by?, count))).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_of_what_flaps_has_an_index() {
        for migration in [
            include_str!("../../../../migrations/sqlite/0017_alert_lists/up.sql"),
            include_str!("../../../../migrations/postgresql/0017_alert_lists/up.sql"),
        ] {
            let held = super::FLAPPING.replace("alert.", "");
            assert!(migration.contains(&held), "{migration}");
        }
    }
}
