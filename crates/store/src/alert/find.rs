//! Alerts as machines ask for them: by identity, and how many there are.

use diesel::prelude::*;
use domain::alert::{Alert, Identity};

use super::{Filter, Row, is_open};
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
        .filter(is_open())
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.map(Row::into_alert).transpose()
}

/// How many alerts there are, counted up to `cap`.
///
/// # Errors
/// Those of the read.
pub fn number(conn: &mut Conn, filter: &Filter, cap: i64) -> Result<usize, Error> {
    let ids: Vec<domain::AlertId> = db!(conn, |c| {
        let mut query = alert::table.select(alert::id).into_boxed();
        if let Some(status) = filter.status {
            query = query.filter(alert::status.eq(status));
        }
        if let Some(integrations) = &filter.integrations {
            query = query.filter(alert::integration_id.eq_any(integrations.clone()));
        }
        if let Some(incident) = filter.incident {
            query = query.filter(alert::incident_id.eq(incident));
        }
        if let Some(key) = &filter.dedup_key {
            query = query.filter(alert::dedup_key.eq(key.clone()));
        }
        query.limit(cap).load(c)
    })?;
    Ok(ids.len())
}
