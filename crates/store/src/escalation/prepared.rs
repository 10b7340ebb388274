//! Statements of the clockwork that stay prepared: diesel never keeps an UPDATE or an upsert, and
//! parsing them cost more than running them.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Nullable, Text};
use domain::word::{RunState, TimerKind};

use super::{Row, Timer};

/// Writes everything that may change of a run.
pub(super) struct UpdateRun<'a>(pub &'a Row);

impl QueryId for UpdateRun<'_> {
    type QueryId = UpdateRun<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> RunQueryDsl<C> for UpdateRun<'_> {}

impl<DB> QueryFragment<DB> for UpdateRun<'_>
where
    DB: Backend,
    i64: ToSql<BigInt, DB>,
    str: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let row = self.0;
        out.push_sql("UPDATE escalation_run SET state = ");
        out.push_bind_param::<Text, RunState>(&row.state)?;
        out.push_sql(", cycle = ");
        out.push_bind_param::<BigInt, _>(&row.cycle)?;
        out.push_sql(", next_step = ");
        out.push_bind_param::<BigInt, _>(&row.next_step)?;
        out.push_sql(", executions = ");
        out.push_bind_param::<BigInt, _>(&row.executions)?;
        out.push_sql(", due_at = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&row.due_at)?;
        out.push_sql(", watching = ");
        out.push_bind_param::<Text, str>(&row.watching)?;
        out.push_sql(", paged_now = ");
        out.push_bind_param::<Text, str>(&row.paged_now)?;
        out.push_sql(", last_step = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&row.last_step)?;
        out.push_sql(", recheck_at = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&row.recheck_at)?;
        out.push_sql(", held_due = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&row.held_due)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<BigInt, _>(&row.id)
    }
}

/// Sets or moves the timer of (kind, subject).
pub(super) struct Arm<'a>(pub &'a Timer);

impl QueryId for Arm<'_> {
    type QueryId = Arm<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> RunQueryDsl<C> for Arm<'_> {}

impl<DB> QueryFragment<DB> for Arm<'_>
where
    DB: Backend,
    i64: ToSql<BigInt, DB>,
    str: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let timer = self.0;
        out.push_sql("INSERT INTO timer (id, kind, incident_id, subject_id, due_at) VALUES (");
        out.push_bind_param::<BigInt, _>(&timer.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, TimerKind>(&timer.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&timer.incident_id)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&timer.subject_id)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&timer.due_at)?;
        out.push_sql(") ON CONFLICT (kind, subject_id) DO UPDATE SET due_at = excluded.due_at");
        Ok(())
    }
}
