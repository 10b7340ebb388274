//! Open alerts that are about to change, locked on PostgreSQL until the transaction ends. All who
//! change open alerts lock them in the order of ids, so that none waits for what another holds.

use diesel::prelude::*;
use domain::alert::{Alert, Identity};
use domain::dedup::{Count, Tally, TextDigest};
use domain::incident::Incident;
use domain::{AlertId, IncidentId, Timestamp};

use super::{CHUNK, IsOpen, Row, alerts, identity};
use crate::conn::Conn;
use crate::error::Error;
use crate::incident;
use crate::schema::alert;
use crate::tx::Tx;

/// The part of an alert that repeats need: no JSON, and little of anything.
#[derive(Queryable, Selectable)]
#[diesel(table_name = alert)]
struct TallyRow {
    id: AlertId,
    identity: Vec<u8>,
    text_digest: Option<Vec<u8>>,
    incident_id: Option<IncidentId>,
    suppressed: Option<String>,
    check_at: Option<Timestamp>,
    count: i64,
    last_seen: Timestamp,
    monitor_time: Option<Timestamp>,
    ends_at: Option<Timestamp>,
}

impl TallyRow {
    fn into_tally(self) -> Result<Tally, Error> {
        Ok(Tally {
            identity: identity(self.identity)?,
            text: self
                .text_digest
                .and_then(|bytes| bytes.try_into().ok())
                .map(TextDigest),
            incident_id: self.incident_id,
            is_suppressed: self.suppressed.is_some(),
            check_at: self.check_at,
            count: Count {
                id: self.id,
                count: self.count,
                last_seen: self.last_seen,
                monitor_time: self.monitor_time,
                ends_at: self.ends_at,
            },
        })
    }
}

/// What repeats need of the open alerts with these identities, locked. One that another node opens
/// meanwhile is not among them: opening it again is refused ([`super::insert`]), and trying all of
/// it again finds it.
///
/// # Errors
/// Those of the read.
pub fn lock_tallies(conn: &mut Conn, identities: &[Identity]) -> Result<Vec<Tally>, Error> {
    let mut found: Vec<TallyRow> = Vec::with_capacity(identities.len());
    match conn {
        // Singly: by a statement that stays prepared.
        Conn::Sqlite(c) => {
            for identity in identities {
                found.extend(
                    alert::table
                        .filter(alert::identity.eq(identity.0.as_slice()))
                        .filter(IsOpen)
                        .select(TallyRow::as_select())
                        .first(c)
                        .optional()?,
                );
            }
        }
        Conn::Postgres(c) => {
            // All in one statement: of two transactions that lock by parts, each may hold what the
            // other wants next.
            let keys: Vec<&[u8]> = identities.iter().map(|one| one.0.as_slice()).collect();
            found = alert::table
                .filter(alert::identity.eq_any(&keys))
                .filter(IsOpen)
                .order(alert::id)
                .for_no_key_update()
                .select(TallyRow::as_select())
                .load(c)?;
        }
    }
    found.into_iter().map(TallyRow::into_tally).collect()
}

/// All of the alerts of tallies, which are locked.
///
/// # Errors
/// Those of the read.
pub fn of_tallies<'t>(
    conn: &mut Conn,
    tallies: impl IntoIterator<Item = &'t Tally>,
) -> Result<Vec<Alert>, Error> {
    let ids: Vec<AlertId> = tallies.into_iter().map(|one| one.count.id).collect();
    let mut found: Vec<Row> = Vec::with_capacity(ids.len());
    match conn {
        Conn::Sqlite(c) => {
            for id in ids {
                found.push(alert::table.find(id).select(Row::as_select()).first(c)?);
            }
        }
        Conn::Postgres(c) => {
            for chunk in ids.chunks(CHUNK) {
                let rows: Vec<Row> = alert::table
                    .filter(alert::id.eq_any(chunk))
                    .select(Row::as_select())
                    .load(c)?;
                found.extend(rows);
            }
        }
    }
    alerts(found)
}

/// Open alerts with these identities, locked: as [`lock_tallies`], and all of them.
///
/// # Errors
/// Those of the reads.
pub fn lock_open(conn: &mut Conn, identities: &[Identity]) -> Result<Vec<Alert>, Error> {
    let tallies = lock_tallies(conn, identities)?;
    of_tallies(conn, &tallies)
}

/// Reads these incidents and keeps others from changing them and their open alerts until the
/// transaction ends, for whoever is going to resolve them. Alerts before incidents: signals lock in
/// that order, too, and so neither blocks the other.
///
/// # Errors
/// [`Error::Busy`] when an alert has joined one of them meanwhile: to wait for that now would be the
/// wrong order. The transaction is tried again, and lets none join.
pub fn lock_with_incidents(
    tx: &mut Tx<'_>,
    incidents: &[IncidentId],
) -> Result<Vec<Incident>, Error> {
    let mut locked: Vec<AlertId> = Vec::new();
    if let Conn::Postgres(c) = &mut **tx {
        locked = alert::table
            .filter(alert::incident_id.eq_any(incidents))
            .filter(IsOpen)
            .order(alert::id)
            .for_no_key_update()
            .select(alert::id)
            .load(c)?;
    }
    let found = incident::lock_all(tx, incidents)?;
    if let Conn::Postgres(c) = &mut **tx {
        let open: i64 = alert::table
            .filter(alert::incident_id.eq_any(incidents))
            .filter(IsOpen)
            .count()
            .get_result(c)?;
        if usize::try_from(open) != Ok(locked.len()) {
            incident::hold_openings(tx, found.iter().filter_map(|one| one.service_id))?;
            return Err(Error::Busy("an alert has just joined the incident".into()));
        }
    }
    Ok(found)
}
