//! Statements that their senders number: which of them came before.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary};
use domain::signal::Delivery;
use domain::{IntegrationId, Timestamp};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::delivery as t;

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = BigInt)]
    integration_id: i64,
    #[diesel(sql_type = Binary)]
    id: Vec<u8>,
}

/// Takes deliveries in and returns those that are new: that have not been taken since `since`. Of
/// two nodes that take the same one, the second waits until the first has committed.
///
/// # Errors
/// Those of the write.
pub fn take(
    conn: &mut Conn,
    wanted: &BTreeSet<(IntegrationId, Delivery)>,
    since: Timestamp,
    now: Timestamp,
) -> Result<BTreeSet<(IntegrationId, Delivery)>, Error> {
    const AGAIN: &str = "ON CONFLICT (integration_id, id) DO UPDATE SET at = excluded.at \
                         WHERE delivery.at < ";
    let mut new = BTreeSet::new();
    if wanted.is_empty() {
        return Ok(new);
    }
    match conn {
        Conn::Sqlite(c) => {
            for (integration, delivery) in wanted {
                let taken = diesel::sql_query(format!(
                    "INSERT INTO delivery (integration_id, id, at) VALUES (?, ?, ?) {AGAIN} ?"
                ))
                .bind::<BigInt, _>(integration.0)
                .bind::<Binary, _>(&delivery.0[..])
                .bind::<BigInt, _>(now.0)
                .bind::<BigInt, _>(since.0)
                .execute(c)?;
                if taken > 0 {
                    new.insert((*integration, *delivery));
                }
            }
        }
        Conn::Postgres(c) => {
            let integrations: Vec<i64> = wanted.iter().map(|(of, _)| of.0).collect();
            let ids: Vec<&[u8]> = wanted.iter().map(|(_, id)| &id.0[..]).collect();
            // In their order: of two nodes that take the same ones neither waits for the other.
            let taken: Vec<Taken> = diesel::sql_query(format!(
                "INSERT INTO delivery (integration_id, id, at) \
                 SELECT wanted.integration_id, wanted.id, $3 \
                 FROM unnest($1, $2) AS wanted (integration_id, id) {AGAIN} $4 \
                 RETURNING integration_id, id"
            ))
            .bind::<Array<BigInt>, _>(integrations)
            .bind::<Array<Binary>, _>(ids)
            .bind::<BigInt, _>(now.0)
            .bind::<BigInt, _>(since.0)
            .load(c)?;
            for Taken { integration_id, id } in taken {
                let id = id
                    .try_into()
                    .map_err(|_| Error::Corrupt("delivery.id is not 16 bytes".into()))?;
                new.insert((IntegrationId(integration_id), Delivery(id)));
            }
        }
    }
    Ok(new)
}

/// Forgets at most `limit` deliveries that were taken before `before`; returns how many.
///
/// # Errors
/// Those of the writes.
pub fn forget(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let old: Vec<(i64, Vec<u8>)> = db!(conn, |c| t::table
        .filter(t::at.lt(before))
        .order(t::at)
        .limit(limit)
        .select((t::integration_id, t::id))
        .load(c))?;
    for (integration, id) in &old {
        db!(conn, |c| diesel::delete(t::table.find((*integration, id)))
            .execute(c))?;
    }
    Ok(old.len())
}
