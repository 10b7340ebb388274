//! How incidents collect alerts: what they remember of it, and how many a service opened lately.

use std::io::Write as _;

use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::serialize::{IsNull, Output, ToSql};
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use domain::dedup::Recent;
use domain::incident::Gathering;
use domain::service::{STORM_KEY, STORM_WINDOW};
use domain::{ServiceId, Timestamp};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::incident;
use crate::tx::Tx;

/// [`Gathering`] as its column holds it.
#[derive(Clone, Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub(crate) struct GatheringJson(Gathering);

impl From<Gathering> for GatheringJson {
    fn from(gathering: Gathering) -> GatheringJson {
        GatheringJson(gathering)
    }
}

impl From<GatheringJson> for Gathering {
    fn from(json: GatheringJson) -> Gathering {
        json.0
    }
}

impl ToSql<Text, Sqlite> for GatheringJson {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> diesel::serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl ToSql<Text, Pg> for GatheringJson {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        out.write_all(serde_json::to_string(&self.0)?.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl<DB> FromSql<Text, DB> for GatheringJson
where
    DB: diesel::backend::Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(GatheringJson(serde_json::from_str(&String::from_sql(
            bytes,
        )?)?))
    }
}

/// Lets nobody else open alerts and incidents of these services until the transaction ends, so that
/// each sees what the other has opened: nobody opens the same again, and a storm is seen by all.
///
/// # Errors
/// [`Error::Busy`] when the transaction has to begin anew for it, which it then does.
pub fn hold_openings(
    tx: &mut Tx<'_>,
    services: impl Iterator<Item = ServiceId>,
) -> Result<(), Error> {
    tx.hold_first(services.map(|service| format!("openings of service {service}")))
}

/// When incidents of the service opened within the last minute, or would have but for a storm: the
/// newest `limit` of them (PAGING.md §2.4).
///
/// # Errors
/// Those of the reads.
pub fn recent_of(
    conn: &mut Conn,
    service: ServiceId,
    limit: u16,
    now: Timestamp,
) -> Result<Recent, Error> {
    type Row = (Timestamp, Option<String>);
    let opened: Vec<Row> = db!(conn, |c| incident::table
        .filter(incident::service_id.eq(service))
        .filter(incident::created_at.gt(now - STORM_WINDOW))
        .order((incident::created_at.desc(), incident::id.desc()))
        // A storm that has begun within the minute is one of them, and counts by itself.
        .limit(i64::from(limit) + 1)
        .select((incident::created_at, incident::group_key))
        .load(c))?;
    let storm: Option<Option<GatheringJson>> = db!(conn, |c| incident::table
        .filter(incident::service_id.eq(service))
        .filter(incident::group_key.eq(STORM_KEY))
        .order(incident::id.desc())
        .select(incident::gathering)
        .first(c)
        .optional())?;
    let collected = storm.flatten().and_then(|json| json.0.storm);
    let instants = opened
        .into_iter()
        .filter(|(_, group)| group.as_deref() != Some(STORM_KEY))
        .map(|(at, _)| at)
        .chain(collected.unwrap_or_default())
        .collect();
    Ok(Recent::of(instants, limit))
}
