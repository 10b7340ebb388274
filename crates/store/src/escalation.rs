//! Runs of escalation policies, their executed steps, pages and timers.

mod prepared;
mod timer;

use diesel::prelude::*;
use domain::escalation::{Execution, Run};
use domain::policy::PolicyVersion;
use domain::word::{PageCause, RunState, Urgency};
use domain::{IncidentId, PageId, PolicyId, RunId, Timestamp, UserId};

use crate::conn::{Conn, insert_all};
use crate::db;
use crate::error::{Error, json, to_json};
use crate::schema::{escalation_run, page, policy, policy_version, step_execution};
use crate::spelled::spelled;
pub use timer::{Timer, arm, count_due, disarm, due, next_due, take, take_all, timer_due};

/// Rows of one statement: SQLite allows 32,766 values.
const CHUNK: usize = 500;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = escalation_run, treat_none_as_null = true, treat_none_as_default_value = false)]
struct Row {
    id: RunId,
    incident_id: IncidentId,
    policy_id: Option<PolicyId>,
    policy_version: i64,
    state: RunState,
    cycle: i64,
    next_step: i64,
    executions: i64,
    due_at: Option<Timestamp>,
    round_robin: i64,
    started_at: Timestamp,
    watching: String,
    paged_now: String,
    last_step: Option<i64>,
    recheck_at: Option<Timestamp>,
    held_due: Option<Timestamp>,
}

impl Row {
    fn of(run: &Run) -> Result<Row, Error> {
        Ok(Row {
            id: run.id,
            incident_id: run.incident_id,
            policy_id: run.policy_id,
            policy_version: run.policy_version,
            state: run.state,
            cycle: run.cycle,
            next_step: run.next_step,
            executions: run.executions,
            due_at: run.due_at,
            round_robin: run.round_robin,
            started_at: run.started_at,
            watching: to_json("escalation_run.watching", &run.watching)?,
            paged_now: to_json("escalation_run.paged_now", &run.paged_now)?,
            last_step: run.last_step,
            recheck_at: run.recheck_at,
            held_due: run.held_due,
        })
    }

    fn into_run(self) -> Result<Run, Error> {
        Ok(Run {
            id: self.id,
            incident_id: self.incident_id,
            policy_id: self.policy_id,
            policy_version: self.policy_version,
            state: self.state,
            cycle: self.cycle,
            next_step: self.next_step,
            executions: self.executions,
            due_at: self.due_at,
            round_robin: self.round_robin,
            started_at: self.started_at,
            watching: json("escalation_run.watching", &self.watching)?,
            paged_now: json("escalation_run.paged_now", &self.paged_now)?,
            last_step: self.last_step,
            recheck_at: self.recheck_at,
            held_due: self.held_due,
        })
    }
}

/// The next run of its incident, whose lock the caller holds.
///
/// # Errors
/// [`Error::Conflict`] when the incident already has a live run.
pub fn insert_run(conn: &mut Conn, run: &Run) -> Result<(), Error> {
    use escalation_run as t;
    let row = Row::of(run)?;
    let last: Option<i64> = db!(conn, |c| t::table
        .filter(t::incident_id.eq(run.incident_id))
        .select(diesel::dsl::max(t::number))
        .first(c))?;
    let number = last.unwrap_or(0) + 1;
    db!(conn, |c| diesel::insert_into(t::table)
        .values((&row, t::number.eq(number)))
        .execute(c))?;
    Ok(())
}

/// # Errors
/// [`Error::NotFound`].
pub fn update_run(conn: &mut Conn, run: &Run) -> Result<(), Error> {
    let row = Row::of(run)?;
    let rows = db!(conn, |c| prepared::UpdateRun(&row).execute(c))?;
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

spelled! {
    IsLive = "escalation_run.state <> 'stopped'";
}

/// The newest run of an incident; if one is live, it is this one. The caller holds the incident's lock, which is
/// what serialises everything about its runs.
///
/// # Errors
/// Those of the read.
pub fn newest_run(conn: &mut Conn, incident: IncidentId) -> Result<Option<Run>, Error> {
    use escalation_run as t;
    let row: Option<Row> = db!(conn, |c| t::table
        .filter(t::incident_id.eq(incident))
        .order(t::number.desc())
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.map(Row::into_run).transpose()
}

/// The live run of an incident.
///
/// # Errors
/// Those of the read.
pub fn live_run(conn: &mut Conn, incident: IncidentId) -> Result<Option<Run>, Error> {
    use escalation_run as t;
    let row: Option<Row> = db!(conn, |c| t::table
        .filter(t::incident_id.eq(incident))
        .filter(IsLive)
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.map(Row::into_run).transpose()
}

/// All runs of an incident, oldest first.
///
/// # Errors
/// Those of the read.
pub fn runs(conn: &mut Conn, incident: IncidentId) -> Result<Vec<Run>, Error> {
    use escalation_run as t;
    let rows: Vec<Row> = db!(conn, |c| t::table
        .filter(t::incident_id.eq(incident))
        .order(t::number)
        .select(Row::as_select())
        .load(c))?;
    rows.into_iter().map(Row::into_run).collect()
}

/// The live runs of incidents, by incident.
///
/// # Errors
/// Those of the read.
pub fn live_runs(conn: &mut Conn, incidents: &[IncidentId]) -> Result<Vec<Run>, Error> {
    use escalation_run as t;
    let mut runs = Vec::with_capacity(incidents.len());
    for chunk in incidents.chunks(CHUNK) {
        let rows: Vec<Row> = db!(conn, |c| t::table
            .filter(t::incident_id.eq_any(chunk))
            .filter(IsLive)
            .order(t::incident_id)
            .select(Row::as_select())
            .load(c))?;
        for row in rows {
            runs.push(row.into_run()?);
        }
    }
    Ok(runs)
}

/// Incidents with a live run; for looking again at who is on call when the configuration changes.
///
/// # Errors
/// Those of the read.
pub fn incidents_with_live_run(conn: &mut Conn) -> Result<Vec<IncidentId>, Error> {
    use escalation_run as t;
    db!(conn, |c| t::table
        .filter(IsLive)
        .order(t::incident_id)
        .select(t::incident_id)
        .load(c))
}

/// Draws the next turn of a policy's round-robin steps.
///
/// # Errors
/// [`Error::NotFound`].
pub fn draw_turn(conn: &mut Conn, id: PolicyId) -> Result<i64, Error> {
    let after: i64 = db!(conn, |c| diesel::update(policy::table.find(id))
        .set(policy::runs_started.eq(policy::runs_started + 1))
        .returning(policy::runs_started)
        .get_result(c))?;
    Ok(after - 1)
}

/// A version of a policy.
///
/// # Errors
/// [`Error::NotFound`].
pub fn policy_version(conn: &mut Conn, id: PolicyId, version: i64) -> Result<PolicyVersion, Error> {
    let (created_at, config): (Timestamp, String) = db!(conn, |c| policy_version::table
        .find((id, version))
        .select((policy_version::created_at, policy_version::config))
        .first(c))?;
    Ok(PolicyVersion {
        version,
        created_at,
        config: json("policy_version.config", &config)?,
    })
}

/// # Errors
/// [`Error::Conflict`] when this number was executed before: the fence of PAGING.md §4.11.
pub fn insert_executions(conn: &mut Conn, executions: &[(RunId, Execution)]) -> Result<(), Error> {
    let rows: Vec<ExecutionRow<'_>> = executions
        .iter()
        .map(|(run, execution)| {
            Ok(ExecutionRow {
                run_id: *run,
                number: execution.number,
                cycle: execution.cycle,
                step: execution.step,
                due_at: execution.due_at,
                executed_at: execution.executed_at,
                skipped: execution.skipped.as_deref(),
                paged: to_json("step_execution.paged", &execution.paged)?,
            })
        })
        .collect::<Result<_, Error>>()?;
    insert_all!(conn, step_execution::table, &rows);
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = step_execution, treat_none_as_default_value = false)]
struct ExecutionRow<'a> {
    run_id: RunId,
    number: i64,
    cycle: i64,
    step: Option<i64>,
    due_at: Timestamp,
    executed_at: Timestamp,
    skipped: Option<&'a str>,
    paged: String,
}

/// Executed steps of an incident's runs, oldest first.
///
/// # Errors
/// Those of the read.
pub fn executions(conn: &mut Conn, incident: IncidentId) -> Result<Vec<(RunId, Execution)>, Error> {
    use step_execution as t;
    type Row = (
        RunId,
        i64,
        i64,
        Option<i64>,
        Timestamp,
        Timestamp,
        Option<String>,
        String,
    );
    let rows: Vec<Row> = db!(conn, |c| t::table
        .inner_join(escalation_run::table.on(escalation_run::id.eq(t::run_id)))
        .filter(escalation_run::incident_id.eq(incident))
        .order((t::executed_at, t::run_id, t::number))
        .select((
            t::run_id,
            t::number,
            t::cycle,
            t::step,
            t::due_at,
            t::executed_at,
            t::skipped,
            t::paged,
        ))
        .load(c))?;
    rows.into_iter()
        .map(
            |(run, number, cycle, step, due_at, executed_at, skipped, paged)| {
                let paged = json("step_execution.paged", &paged)?;
                let execution = Execution {
                    number,
                    cycle,
                    step,
                    due_at,
                    executed_at,
                    skipped,
                    paged,
                };
                Ok((run, execution))
            },
        )
        .collect()
}

/// Incident × person × step execution.
#[derive(Queryable, Selectable, Insertable, Clone, Debug, PartialEq, Eq)]
#[diesel(table_name = page, treat_none_as_default_value = false)]
pub struct Page {
    pub id: PageId,
    pub incident_id: IncidentId,
    pub run_id: Option<RunId>,
    pub execution: Option<i64>,
    pub user_id: UserId,
    pub urgency: Urgency,
    pub cause: PageCause,
    /// JSON of [`domain::escalation::Reason`].
    pub reason: String,
    pub created_at: Timestamp,
}

/// # Errors
/// [`Error::Conflict`] when the person was already paged by this execution for this cause.
pub fn insert_pages(conn: &mut Conn, pages: &[Page]) -> Result<(), Error> {
    insert_all!(conn, page::table, pages);
    Ok(())
}

/// Pages of an incident, oldest first.
///
/// # Errors
/// Those of the read.
pub fn pages(conn: &mut Conn, incident: IncidentId) -> Result<Vec<Page>, Error> {
    db!(conn, |c| page::table
        .filter(page::incident_id.eq(incident))
        .order((page::created_at, page::id))
        .select(Page::as_select())
        .load(c))
}

/// Who was paged for an incident, each once.
///
/// # Errors
/// Those of the read.
pub fn paged_people(conn: &mut Conn, incident: IncidentId) -> Result<Vec<UserId>, Error> {
    db!(conn, |c| page::table
        .filter(page::incident_id.eq(incident))
        .select(page::user_id)
        .distinct()
        .order(page::user_id)
        .load(c))
}

/// # Errors
/// [`Error::NotFound`].
pub fn page(conn: &mut Conn, id: PageId) -> Result<Page, Error> {
    db!(conn, |c| page::table
        .find(id)
        .select(Page::as_select())
        .first(c))
}
