//! Alerts, and the record of what was decided about signals.

use std::collections::BTreeMap;

mod alias;
mod check;
mod find;
mod lock;
mod traffic;
mod write;

use diesel::prelude::*;
use domain::alert::{Alert, AlertText, Identity};
use domain::dedup::{SignalDecision, TextDigest};
use domain::routing::Route;
use domain::word::{Action, AlertSeverity, AlertStatus};
use domain::{AlertId, IncidentId, IntegrationId, RequestId, ServiceId, SignalId, Timestamp};

use crate::conn::{Conn, insert_all};
use crate::db;
use crate::error::{Error, json, to_json};
use crate::schema::{alert, signal};
use crate::spelled::spelled;

pub use alias::{Aliases, aliases, forget_aliases, open_by_key, put_aliases};
pub use check::{
    all_open_of_incident, check_held_by, due, next_check, open_of_incident, put_off_check,
};
pub use find::{Filter, counts_held, list, number, open};
pub use lock::{lock_open, lock_tallies, lock_with_incidents, of_tallies};
pub use traffic::{Traffic, count_traffic};
pub use write::{count, insert, resolve_of_incident, update};

const CHUNK: usize = 500;

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = alert, treat_none_as_default_value = false)]
struct Row {
    id: AlertId,
    identity: Vec<u8>,
    integration_id: IntegrationId,
    incident_id: Option<IncidentId>,
    dedup_key: String,
    status: AlertStatus,
    severity: AlertSeverity,
    summary: String,
    source: String,
    component: Option<String>,
    signal_group: Option<String>,
    class: Option<String>,
    details: String,
    links: String,
    images: String,
    first_text: Option<String>,
    group_key: Option<String>,
    count: i64,
    first_seen: Timestamp,
    last_seen: Timestamp,
    monitor_time: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    suppressed: Option<String>,
    held_by: Option<i64>,
    ends_at: Option<Timestamp>,
    check_at: Option<Timestamp>,
    flaps: Option<String>,
    service_id: Option<ServiceId>,
    routed: Option<String>,
    text_digest: Option<Vec<u8>>,
}

impl Row {
    fn of(alert: Alert) -> Result<Row, Error> {
        let first_text = alert
            .first_text
            .as_ref()
            .map(|text| to_json("alert.first_text", text))
            .transpose()?;
        let held_by = alert.held_by();
        let suppressed = alert.suppressed.as_ref();
        let suppressed = suppressed.map(|one| to_json("alert.suppressed", one));
        let flaps = alert.flaps.as_ref();
        let flaps = flaps.map(|flaps| to_json("alert.flaps", flaps));
        let routed = alert.route.as_ref();
        let routed = routed.map(|route| to_json("alert.routed", route));
        let text_digest = TextDigest::of_text(&alert.text).map(|digest| digest.0.to_vec());
        Ok(Row {
            id: alert.id,
            identity: alert.identity.0.to_vec(),
            integration_id: alert.integration_id,
            incident_id: alert.incident_id,
            dedup_key: alert.dedup_key,
            status: alert.status,
            severity: alert.text.severity,
            summary: alert.text.summary,
            source: alert.text.source,
            component: alert.text.component,
            signal_group: alert.text.group,
            class: alert.text.class,
            details: to_json("alert.details", &alert.text.details)?,
            links: to_json("alert.links", &alert.text.links)?,
            images: to_json("alert.images", &alert.text.images)?,
            first_text,
            group_key: alert.group_key,
            count: alert.count,
            first_seen: alert.first_seen,
            last_seen: alert.last_seen,
            monitor_time: alert.monitor_time,
            resolved_at: alert.resolved_at,
            suppressed: suppressed.transpose()?,
            held_by,
            ends_at: alert.ends_at,
            check_at: alert.check_at,
            flaps: flaps.transpose()?,
            service_id: alert.route.as_ref().map(|route| route.service),
            routed: routed.transpose()?,
            text_digest,
        })
    }

    fn into_alert(self) -> Result<Alert, Error> {
        Ok(Alert {
            id: self.id,
            identity: identity(self.identity)?,
            integration_id: self.integration_id,
            route: self
                .routed
                .map(|text| json("alert.routed", &text))
                .transpose()?,
            incident_id: self.incident_id,
            dedup_key: self.dedup_key,
            status: self.status,
            text: AlertText {
                severity: self.severity,
                summary: self.summary,
                source: self.source,
                component: self.component,
                group: self.signal_group,
                class: self.class,
                details: json("alert.details", &self.details)?,
                links: json("alert.links", &self.links)?,
                images: json("alert.images", &self.images)?,
            },
            first_text: self
                .first_text
                .map(|text| json("alert.first_text", &text))
                .transpose()?,
            group_key: self.group_key,
            count: self.count,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            monitor_time: self.monitor_time,
            resolved_at: self.resolved_at,
            suppressed: self
                .suppressed
                .map(|text| json("alert.suppressed", &text))
                .transpose()?,
            ends_at: self.ends_at,
            check_at: self.check_at,
            flaps: self
                .flaps
                .map(|text| json("alert.flaps", &text))
                .transpose()?,
        })
    }
}

fn identity(bytes: Vec<u8>) -> Result<Identity, Error> {
    let bytes = bytes.try_into();
    bytes
        .map(Identity)
        .map_err(|_| Error::Corrupt("alert.identity is not 16 bytes".into()))
}

fn alerts(rows: Vec<Row>) -> Result<Vec<Alert>, Error> {
    rows.into_iter().map(Row::into_alert).collect()
}

spelled! {
    IsOpen = "alert.status = 'open'";
    IsResolved = "alert.status = 'resolved'";
}

/// Of each of these identities the alert that was resolved last, if that was after `since`.
///
/// # Errors
/// Those of the read.
pub fn last_resolved(
    conn: &mut Conn,
    identities: &[Identity],
    since: Timestamp,
) -> Result<Vec<Alert>, Error> {
    let keys: Vec<Vec<u8>> = identities
        .iter()
        .map(|identity| identity.0.to_vec())
        .collect();
    let mut newest: BTreeMap<Vec<u8>, (Timestamp, AlertId)> = BTreeMap::new();
    for chunk in keys.chunks(CHUNK) {
        // Only the index is read: an alert that flaps has very many rows.
        let rows: Vec<(Vec<u8>, Option<Timestamp>, AlertId)> = db!(conn, |c| alert::table
            .filter(alert::identity.eq_any(chunk))
            .filter(IsResolved)
            .filter(alert::resolved_at.gt(since))
            .select((alert::identity, alert::resolved_at, alert::id))
            .load(c))?;
        for (identity, resolved_at, id) in rows {
            let Some(resolved_at) = resolved_at else {
                continue;
            };
            let slot = newest.entry(identity).or_insert((resolved_at, id));
            *slot = (*slot).max((resolved_at, id));
        }
    }
    let ids: Vec<AlertId> = newest.into_values().map(|(_, id)| id).collect();
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<Row> = db!(conn, |c| alert::table
            .filter(alert::id.eq_any(chunk))
            .select(Row::as_select())
            .load(c))?;
        found.extend(rows);
    }
    alerts(found)
}

/// Identities of an integration's open alerts of a group.
///
/// # Errors
/// Those of the read.
pub fn open_of_group(
    conn: &mut Conn,
    integration: IntegrationId,
    group_key: &str,
) -> Result<Vec<Identity>, Error> {
    let rows: Vec<Vec<u8>> = db!(conn, |c| alert::table
        .filter(alert::integration_id.eq(integration))
        .filter(alert::group_key.eq(group_key))
        .filter(IsOpen)
        .select(alert::identity)
        .load(c))?;
    rows.into_iter().map(identity).collect()
}

/// # Errors
/// [`Error::NotFound`].
pub fn fetch(conn: &mut Conn, id: AlertId) -> Result<Alert, Error> {
    let row: Row = db!(conn, |c| alert::table
        .find(id)
        .select(Row::as_select())
        .first(c))?;
    row.into_alert()
}

/// An incident's alerts, newest first: a page of at most 1,000 (PAGING.md §2.5).
///
/// # Errors
/// Those of the read.
pub fn of_incident(
    conn: &mut Conn,
    incident: IncidentId,
    offset: i64,
    limit: i64,
) -> Result<Vec<Alert>, Error> {
    let rows: Vec<Row> = db!(conn, |c| alert::table
        .filter(alert::incident_id.eq(incident))
        .order(alert::id.desc())
        .offset(offset)
        .limit(limit)
        .select(Row::as_select())
        .load(c))?;
    alerts(rows)
}

/// The first alert of an incident.
///
/// # Errors
/// Those of the read.
pub fn first_of_incident(conn: &mut Conn, incident: IncidentId) -> Result<Option<Alert>, Error> {
    let row: Option<Row> = db!(conn, |c| alert::table
        .filter(alert::incident_id.eq(incident))
        .order(alert::id.asc())
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.map(Row::into_alert).transpose()
}

/// What was decided about a signal that changed something, was ignored or was not understood.
#[derive(Queryable, Selectable, Insertable, Clone, Debug, PartialEq, Eq)]
#[diesel(table_name = signal, treat_none_as_default_value = false)]
pub struct SignalRecord {
    pub id: SignalId,
    pub integration_id: IntegrationId,
    pub received_at: Timestamp,
    pub action: Option<Action>,
    pub dedup_key: Option<String>,
    pub severity: Option<AlertSeverity>,
    pub summary: String,
    pub decision: SignalDecision,
    pub alert_id: Option<AlertId>,
    pub incident_id: Option<IncidentId>,
    pub warnings: Option<String>,
    /// Of records older than those of requests.
    pub raw: Option<String>,
    /// The request it came in, while that is kept.
    pub request_id: Option<RequestId>,
    /// JSON: the [`domain::routing::Route`] that the rules of a global integration sent it.
    pub routed: Option<String>,
}

impl SignalRecord {
    /// A route as it is stored.
    ///
    /// # Errors
    /// [`Error::Corrupt`], which would be a mistake of ours.
    pub fn routed(route: &Route) -> Result<String, Error> {
        to_json("signal.routed", route)
    }

    /// The way that rules sent it; `None` when there were none.
    pub fn route(&self) -> Option<Route> {
        serde_json::from_str(self.routed.as_deref()?).ok()
    }
}

/// # Errors
/// Those of the write.
pub fn record_signals(conn: &mut Conn, records: &[SignalRecord]) -> Result<(), Error> {
    insert_all!(conn, signal::table, records);
    Ok(())
}

/// The newest recorded signals, of one integration or of all.
///
/// # Errors
/// Those of the read.
pub fn recent_signals(
    conn: &mut Conn,
    integration: Option<IntegrationId>,
    limit: i64,
) -> Result<Vec<SignalRecord>, Error> {
    db!(conn, |c| {
        let mut query = signal::table.select(SignalRecord::as_select()).into_boxed();
        if let Some(integration) = integration {
            query = query.filter(signal::integration_id.eq(integration));
        }
        query
            .order((signal::received_at.desc(), signal::id.desc()))
            .limit(limit)
            .load(c)
    })
}

/// Deletes at most `limit` signal records received before `before` (PAGING.md §1.9).
///
/// # Errors
/// Those of the write.
pub fn delete_signals(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let old: Vec<SignalId> = db!(conn, |c| signal::table
        .filter(signal::received_at.lt(before))
        .order(signal::received_at)
        .limit(limit)
        .select(signal::id)
        .load(c))?;
    db!(conn, |c| diesel::delete(
        signal::table.filter(signal::id.eq_any(&old))
    )
    .execute(c))
}

/// Deletes at most `limit` alerts that were resolved before `before` (PAGING.md §1.9). Their
/// incidents keep the count and what the timeline says of them.
///
/// # Errors
/// Those of the writes.
pub fn delete_resolved(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let old: Vec<AlertId> = db!(conn, |c| alert::table
        .filter(alert::first_seen.lt(before))
        .filter(IsResolved)
        .filter(alert::resolved_at.lt(before))
        .order(alert::first_seen)
        .limit(limit)
        .select(alert::id)
        .load(c))?;
    db!(conn, |c| diesel::delete(
        alert::table.filter(alert::id.eq_any(&old))
    )
    .execute(c))
}
