//! How many signals each integration has sent, counted once for a batch.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Nullable, Text};
use domain::{IntegrationId, Timestamp};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;

/// What a batch adds to an integration's counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub signals: i64,
    pub ignored: i64,
    pub rejected: i64,
    pub warning: Option<String>,
}

/// # Errors
/// Those of the write.
pub fn count_traffic(
    conn: &mut Conn,
    integration: IntegrationId,
    traffic: &Traffic,
    now: Timestamp,
) -> Result<(), Error> {
    let count = Count {
        integration: integration.0,
        traffic,
        now: now.0,
        warned_at: traffic.warning.as_ref().map(|_| now.0),
    };
    db!(conn, |c| count.execute(c))?;
    Ok(())
}

/// A query of its own, because diesel keeps no such INSERT prepared: it is part of every batch.
struct Count<'a> {
    integration: i64,
    traffic: &'a Traffic,
    now: i64,
    warned_at: Option<i64>,
}

impl QueryId for Count<'_> {
    type QueryId = Count<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> RunQueryDsl<C> for Count<'_> {}

impl<DB> QueryFragment<DB> for Count<'_>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Text>,
    i64: ToSql<BigInt, DB>,
    Option<i64>: ToSql<Nullable<BigInt>, DB>,
    Option<String>: ToSql<Nullable<Text>, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO integration_traffic AS known (integration_id, signals, ignored, rejected, \
             last_signal_at, last_warning, last_warning_at) VALUES (",
        );
        out.push_bind_param::<BigInt, _>(&self.integration)?;
        for count in [
            &self.traffic.signals,
            &self.traffic.ignored,
            &self.traffic.rejected,
            &self.now,
        ] {
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(count)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.traffic.warning)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.warned_at)?;
        out.push_sql(
            ") ON CONFLICT (integration_id) DO UPDATE SET \
             signals = known.signals + excluded.signals, \
             ignored = known.ignored + excluded.ignored, \
             rejected = known.rejected + excluded.rejected, \
             last_signal_at = excluded.last_signal_at, \
             last_warning = COALESCE(excluded.last_warning, known.last_warning), \
             last_warning_at = COALESCE(excluded.last_warning_at, known.last_warning_at)",
        );
        Ok(())
    }
}
