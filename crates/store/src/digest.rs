//! Morning digests: the last one of each person, and who has heard of what is open.

use std::collections::BTreeMap;

use diesel::prelude::*;
use domain::digest::Heard;
use domain::incident::Incident;
use domain::word::{PagingState, ResponderState, Urgency};
use domain::{IncidentId, RunId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::incident::{Filter, list};
use crate::schema::{digest as d, escalation_run, page, responder};
use crate::tx::Tx;

/// Ids of one statement.
const CHUNK: usize = 500;

/// Which morning of each person was seen to last.
///
/// # Errors
/// Those of the read.
pub fn last(conn: &mut Conn) -> Result<BTreeMap<UserId, Timestamp>, Error> {
    let rows: Vec<(UserId, Timestamp)> =
        db!(conn, |c| d::table.select((d::user_id, d::at)).load(c))?;
    Ok(rows.into_iter().collect())
}

/// Writes down that a person's digest for `at` is seen to; false when another than `last` was
/// meanwhile.
///
/// # Errors
/// Those of the write.
pub fn mark(
    tx: &mut Tx<'_>,
    user: UserId,
    last: Option<Timestamp>,
    at: Timestamp,
) -> Result<bool, Error> {
    let written = match last {
        Some(last) => db!(tx.conn, |c| diesel::update(d::table.find(user))
            .filter(d::at.eq(last))
            .set(d::at.eq(at))
            .execute(c))?,
        None => db!(tx.conn, |c| diesel::insert_into(d::table)
            .values((d::user_id.eq(user), d::at.eq(at)))
            .on_conflict_do_nothing()
            .execute(c))?,
    };
    Ok(written == 1)
}

/// The newest open incidents of low urgency.
///
/// # Errors
/// Those of the read.
pub fn open_of_low_urgency(conn: &mut Conn, limit: i64) -> Result<Vec<Incident>, Error> {
    let open = Filter {
        paging: vec![PagingState::Triggered, PagingState::Acknowledged],
        urgency: Some(Urgency::Low),
        ..Filter::default()
    };
    list(conn, &open, None, limit)
}

/// Who has heard of each of these incidents.
///
/// # Errors
/// Those of the reads.
pub fn heard(
    conn: &mut Conn,
    incidents: &[IncidentId],
) -> Result<BTreeMap<IncidentId, Heard>, Error> {
    let mut heard: BTreeMap<IncidentId, Heard> = BTreeMap::new();
    for chunk in incidents.chunks(CHUNK) {
        let runs: Vec<(IncidentId, RunId)> = db!(conn, |c| escalation_run::table
            .filter(escalation_run::incident_id.eq_any(chunk))
            .order(escalation_run::number)
            .select((escalation_run::incident_id, escalation_run::id))
            .load(c))?;
        // The last one of each is kept.
        let newest: BTreeMap<IncidentId, RunId> = runs.into_iter().collect();
        let pages: Vec<(IncidentId, Option<RunId>, UserId)> = db!(conn, |c| page::table
            .filter(page::incident_id.eq_any(chunk))
            .select((page::incident_id, page::run_id, page::user_id))
            .load(c))?;
        for (incident, run, user) in pages {
            let of = heard.entry(incident).or_default();
            match run {
                None => {
                    of.by_name.insert(user);
                }
                Some(run) if newest.get(&incident) == Some(&run) => {
                    of.by_policy.insert(user);
                }
                Some(_) => {}
            }
        }
        let answers: Vec<(IncidentId, UserId, ResponderState)> = db!(conn, |c| responder::table
            .filter(responder::incident_id.eq_any(chunk))
            .order((responder::asked_at, responder::id))
            .select((responder::incident_id, responder::user_id, responder::state))
            .load(c))?;
        // Whoever was asked again has said something else since.
        let answers: BTreeMap<(IncidentId, UserId), ResponderState> = answers
            .into_iter()
            .map(|(incident, user, state)| ((incident, user), state))
            .collect();
        for ((incident, user), state) in answers {
            if state == ResponderState::Declined
                && let Some(of) = heard.get_mut(&incident)
            {
                of.by_name.remove(&user);
            }
        }
    }
    Ok(heard)
}
