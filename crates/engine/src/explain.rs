//! Why somebody was paged for an incident, and why somebody was not: reads what was recorded and
//! puts it to the rules.

use std::collections::BTreeMap;

use domain::directory::Directory;
use domain::escalation::{Execution, Run};
use domain::explain::{
    self, Account, ExecutionRecord, MessageRecord, PageRecord, Record, RunRecord, Turn,
};
use domain::incident::Incident;
use domain::word::{EntryKind, NotificationKind, RunState};
use domain::{RunId, Timestamp, UserId};
use jiff::tz::TimeZone;
use store::timeline::Entry;
use store::{Conn, Store};

use crate::access::{Right, require};
use crate::{Error, OpContext};

/// Entries, messages and alerts that are read at most.
const ENTRIES: i64 = 5_000;
const MESSAGES: i64 = 5_000;

/// The answer, and the incident it is about.
#[derive(Clone, Debug)]
pub struct Explained {
    pub incident: Incident,
    pub account: Account,
}

/// Why `user` was, or was not, paged for the incident with this number. `zone` is the reader's.
///
/// # Errors
/// [`Error::NotFound`] when there is no such incident or person; [`Error::Forbidden`]; those of
/// the store.
pub async fn why(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    user: UserId,
    zone: TimeZone,
) -> Result<Explained, Error> {
    require(ctx, Right::Read)?;
    let directory = store.directory();
    if directory.user(user).is_none() {
        return Err(Error::NotFound("person"));
    }
    store
        .read(move |conn| {
            let record = read(conn, &directory, number, user)?;
            let account = explain::why(&record, user, &directory, &zone);
            Ok(Explained {
                incident: record.incident,
                account,
            })
        })
        .await
}

fn read(
    conn: &mut Conn,
    directory: &Directory,
    number: i64,
    user: UserId,
) -> Result<Record, Error> {
    let incident = store::incident::by_number(conn, number).map_err(|error| match error {
        store::Error::NotFound => Error::NotFound("incident"),
        other => other.into(),
    })?;
    let id = incident.id;
    let entries = store::timeline::latest(conn, id, ENTRIES)?;
    let mut executions: BTreeMap<RunId, Vec<ExecutionRecord>> = BTreeMap::new();
    for (run, execution) in store::escalation::executions(conn, id)? {
        let unreached = unreached(&entries, &execution);
        let of_run = executions.entry(run).or_default();
        of_run.push(ExecutionRecord {
            execution,
            unreached,
        });
    }
    let mut runs = Vec::new();
    for run in store::escalation::runs(conn, id)? {
        let executions = executions.remove(&run.id).unwrap_or_default();
        runs.push(run_record(conn, directory, run, executions)?);
    }
    let pages: Vec<PageRecord> = store::escalation::pages(conn, id)?
        .into_iter()
        .filter(|page| page.user_id == user)
        .map(|page| PageRecord {
            id: page.id,
            execution: page.run_id.zip(page.execution),
            urgency: page.urgency,
            created_at: page.created_at,
            reason: serde_json::from_str(&page.reason).ok(),
        })
        .collect();
    let filter = store::notification::Filter {
        incident: Some(id),
        ..store::notification::Filter::default()
    };
    let mut messages: Vec<MessageRecord> =
        store::notification::list(conn, &filter, None, MESSAGES)?
            .into_iter()
            .filter(|row| row.user_id == Some(user) && row.kind == NotificationKind::Page)
            .filter_map(|row| {
                Some(MessageRecord {
                    page: row.page_id?,
                    method_id: row.method_id,
                    channel: row.channel.contact()?,
                    state: row.state,
                    due_at: row.due_at,
                    attempts: row.attempts,
                    accepted_at: row.accepted_at,
                    delivered_at: row.delivered_at,
                    error: row.last_error,
                })
            })
            .collect();
    // Newest first, as the outbox shows them.
    messages.reverse();
    let turns = entries
        .into_iter()
        .map(|entry| Turn {
            at: entry.occurred_at,
            kind: entry.kind,
            text: entry.text,
        })
        .collect();
    Ok(Record {
        incident,
        runs,
        pages,
        messages,
        turns,
    })
}

fn run_record(
    conn: &mut Conn,
    directory: &Directory,
    run: Run,
    executions: Vec<ExecutionRecord>,
) -> Result<RunRecord, Error> {
    let version = match run.policy_id {
        Some(id) => store::policy::version(conn, id, run.policy_version)?,
        None => None,
    };
    let policy = run.policy_id.and_then(|id| directory.policy(id));
    Ok(RunRecord {
        id: run.id,
        policy_id: run.policy_id,
        policy_name: policy.map_or_else(String::new, |policy| policy.name.clone()),
        version,
        started_at: run.started_at,
        live: run.state != RunState::Stopped,
        due_at: run.due_at,
        executions,
    })
}

/// Whom a step did not reach, as its entry on the timeline says.
fn unreached(entries: &[Entry], execution: &Execution) -> Vec<String> {
    if let Some(why) = &execution.skipped {
        return vec![why.clone()];
    }
    let at: Timestamp = execution.executed_at;
    let of_step = entries.iter().filter(|entry| {
        entry.occurred_at == at
            && matches!(entry.kind, EntryKind::StepExecuted | EntryKind::LastResort)
    });
    for entry in of_step {
        let Ok(details) = serde_json::from_str::<serde_json::Value>(&entry.details) else {
            continue;
        };
        if details["execution"].as_i64() == Some(execution.number) {
            let whys = details["unreached"].as_array();
            return whys
                .into_iter()
                .flatten()
                .filter_map(|why| why.as_str().map(str::to_owned))
                .collect();
        }
    }
    Vec::new()
}
