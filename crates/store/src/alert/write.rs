//! Writing alerts: where the two databases want to be asked differently, both stand side by side.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use diesel::upsert::excluded;
use domain::alert::Alert;
use domain::dedup::Count;
use domain::word::AlertStatus;
use domain::{AlertId, IncidentId, Timestamp};

use super::{CHUNK, IsOpen, Row};
use crate::conn::{Conn, insert_all};
use crate::db;
use crate::error::Error;
use crate::schema::alert;

/// # Errors
/// [`Error::Conflict`] when another node opened the same identity meanwhile.
pub fn insert(conn: &mut Conn, new: Vec<Alert>) -> Result<(), Error> {
    let rows = new
        .into_iter()
        .map(Row::of)
        .collect::<Result<Vec<_>, _>>()?;
    insert_all!(conn, alert::table, &rows);
    Ok(())
}

/// Writes what may change of alerts that exist.
///
/// # Errors
/// Those of the write.
pub fn update(conn: &mut Conn, changed: Vec<Alert>) -> Result<(), Error> {
    let rows = changed
        .into_iter()
        .map(Row::of)
        .collect::<Result<Vec<_>, _>>()?;
    match conn {
        // Without round trips, a statement that stays prepared beats one that is parsed each time.
        Conn::Sqlite(c) => {
            for row in &rows {
                UpdateOne(row).execute(c)?;
            }
        }
        Conn::Postgres(c) => {
            for chunk in rows.chunks(CHUNK) {
                diesel::insert_into(alert::table)
                    .values(chunk)
                    .on_conflict(alert::id)
                    .do_update()
                    .set((
                        alert::incident_id.eq(excluded(alert::incident_id)),
                        alert::status.eq(excluded(alert::status)),
                        alert::severity.eq(excluded(alert::severity)),
                        alert::summary.eq(excluded(alert::summary)),
                        alert::source.eq(excluded(alert::source)),
                        alert::component.eq(excluded(alert::component)),
                        alert::signal_group.eq(excluded(alert::signal_group)),
                        alert::class.eq(excluded(alert::class)),
                        alert::details.eq(excluded(alert::details)),
                        alert::links.eq(excluded(alert::links)),
                        alert::images.eq(excluded(alert::images)),
                        alert::first_text.eq(excluded(alert::first_text)),
                        alert::count.eq(excluded(alert::count)),
                        alert::last_seen.eq(excluded(alert::last_seen)),
                        alert::monitor_time.eq(excluded(alert::monitor_time)),
                        alert::resolved_at.eq(excluded(alert::resolved_at)),
                        alert::suppressed.eq(excluded(alert::suppressed)),
                        alert::held_by.eq(excluded(alert::held_by)),
                        alert::ends_at.eq(excluded(alert::ends_at)),
                        alert::check_at.eq(excluded(alert::check_at)),
                        alert::flaps.eq(excluded(alert::flaps)),
                        alert::service_id.eq(excluded(alert::service_id)),
                        alert::routed.eq(excluded(alert::routed)),
                        alert::text_digest.eq(excluded(alert::text_digest)),
                    ))
                    .execute(c)?;
            }
        }
    }
    Ok(())
}

/// Writes what a signal may change of one alert. A query of its own, because diesel never keeps an
/// UPDATE prepared, and parsing it cost a fifth of the writer's time.
struct UpdateOne<'a>(&'a Row);

impl diesel::query_builder::QueryId for UpdateOne<'_> {
    type QueryId = UpdateOne<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> RunQueryDsl<C> for UpdateOne<'_> {}

impl QueryFragment<diesel::sqlite::Sqlite> for UpdateOne<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, diesel::sqlite::Sqlite>) -> QueryResult<()> {
        let row = self.0;
        out.push_sql("UPDATE alert SET status = ");
        out.push_bind_param::<Text, _>(&row.status)?;
        out.push_sql(", severity = ");
        out.push_bind_param::<Text, _>(&row.severity)?;
        out.push_sql(", summary = ");
        out.push_bind_param::<Text, _>(&row.summary)?;
        out.push_sql(", source = ");
        out.push_bind_param::<Text, _>(&row.source)?;
        out.push_sql(", component = ");
        out.push_bind_param::<Nullable<Text>, _>(&row.component)?;
        out.push_sql(", signal_group = ");
        out.push_bind_param::<Nullable<Text>, _>(&row.signal_group)?;
        out.push_sql(", class = ");
        out.push_bind_param::<Nullable<Text>, _>(&row.class)?;
        out.push_sql(", details = ");
        out.push_bind_param::<Text, _>(&row.details)?;
        out.push_sql(", links = ");
        out.push_bind_param::<Text, _>(&row.links)?;
        out.push_sql(", images = ");
        out.push_bind_param::<Text, _>(&row.images)?;
        out.push_sql(", first_text = ");
        out.push_bind_param::<Nullable<Text>, _>(&row.first_text)?;
        out.push_sql(", count = ");
        out.push_bind_param::<BigInt, _>(&row.count)?;
        out.push_sql(", last_seen = ");
        out.push_bind_param::<BigInt, _>(&row.last_seen)?;
        out.push_sql(", monitor_time = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&row.monitor_time)?;
        out.push_sql(", resolved_at = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&row.resolved_at)?;
        out.push_sql(", incident_id = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&row.incident_id)?;
        out.push_sql(", suppressed = ");
        out.push_bind_param::<Nullable<Text>, _>(&row.suppressed)?;
        out.push_sql(", held_by = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&row.held_by)?;
        out.push_sql(", ends_at = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&row.ends_at)?;
        out.push_sql(", check_at = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&row.check_at)?;
        out.push_sql(", flaps = ");
        out.push_bind_param::<Nullable<Text>, _>(&row.flaps)?;
        out.push_sql(", service_id = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&row.service_id)?;
        out.push_sql(", routed = ");
        out.push_bind_param::<Nullable<Text>, _>(&row.routed)?;
        out.push_sql(", text_digest = ");
        out.push_bind_param::<Nullable<Binary>, _>(&row.text_digest)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<BigInt, _>(&row.id)
    }
}

/// Writes of alerts that exist only what moves with every repeat: nothing that an index holds, so
/// that a repeat costs one small write.
///
/// # Errors
/// Those of the write.
pub fn count(conn: &mut Conn, counted: &[Count]) -> Result<(), Error> {
    match conn {
        Conn::Sqlite(c) => {
            for alert in counted {
                CountOne(alert).execute(c)?;
            }
        }
        Conn::Postgres(c) => {
            for chunk in counted.chunks(CHUNK) {
                CountAll {
                    ids: chunk.iter().map(|alert| alert.id).collect(),
                    counts: chunk.iter().map(|alert| alert.count).collect(),
                    last_seen: chunk.iter().map(|alert| alert.last_seen).collect(),
                    monitor_times: chunk.iter().map(|alert| alert.monitor_time).collect(),
                    ends: chunk.iter().map(|alert| alert.ends_at).collect(),
                }
                .execute(c)?;
            }
        }
    }
    Ok(())
}

/// As [`UpdateOne`], of a repeat.
struct CountOne<'a>(&'a Count);

impl diesel::query_builder::QueryId for CountOne<'_> {
    type QueryId = CountOne<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> RunQueryDsl<C> for CountOne<'_> {}

impl QueryFragment<diesel::sqlite::Sqlite> for CountOne<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, diesel::sqlite::Sqlite>) -> QueryResult<()> {
        let alert = self.0;
        out.push_sql("UPDATE alert SET count = ");
        out.push_bind_param::<BigInt, _>(&alert.count)?;
        out.push_sql(", last_seen = ");
        out.push_bind_param::<BigInt, _>(&alert.last_seen)?;
        out.push_sql(", monitor_time = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&alert.monitor_time)?;
        out.push_sql(", ends_at = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&alert.ends_at)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<BigInt, _>(&alert.id)
    }
}

/// Of many repeats at once, in one round trip and with one text whatever their number.
struct CountAll {
    ids: Vec<AlertId>,
    counts: Vec<i64>,
    last_seen: Vec<Timestamp>,
    monitor_times: Vec<Option<Timestamp>>,
    ends: Vec<Option<Timestamp>>,
}

impl diesel::query_builder::QueryId for CountAll {
    type QueryId = CountAll;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> RunQueryDsl<C> for CountAll {}

impl QueryFragment<diesel::pg::Pg> for CountAll {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, diesel::pg::Pg>) -> QueryResult<()> {
        out.push_sql(
            "UPDATE alert SET count = moved.count, last_seen = moved.last_seen, \
             monitor_time = moved.monitor_time, ends_at = moved.ends_at FROM unnest(",
        );
        out.push_bind_param::<Array<BigInt>, _>(&self.ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.counts)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.last_seen)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.monitor_times)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.ends)?;
        out.push_sql(
            ") AS moved (id, count, last_seen, monitor_time, ends_at) WHERE alert.id = moved.id",
        );
        Ok(())
    }
}

/// Resolves whatever is open of an incident; returns how many.
///
/// # Errors
/// Those of the write.
pub fn resolve_of_incident(
    conn: &mut Conn,
    incident: IncidentId,
    now: Timestamp,
) -> Result<usize, Error> {
    crate::inhibition::release_by_incident(conn, incident, now)?;
    db!(conn, |c| diesel::update(alert::table)
        .filter(alert::incident_id.eq(incident))
        .filter(IsOpen)
        .set((
            alert::status.eq(AlertStatus::Resolved),
            alert::resolved_at.eq(now),
            alert::check_at.eq(None::<Timestamp>),
        ))
        .execute(c))
}
