//! Escalation policies and their immutable versions (PAGING.md §4.3).

use diesel::prelude::*;
use domain::policy::{Policy, PolicyVersion};
use domain::{PolicyId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::{Error, json, to_json};
use crate::schema::{escalation_run, incident, policy, policy_version};
use crate::tx::Tx;

/// Writes a new policy with its first version.
///
/// # Errors
/// [`Error::Conflict`] when the slug is taken.
pub fn insert(
    tx: &mut Tx<'_>,
    new: &Policy,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::insert_into(policy::table)
        .values((
            policy::id.eq(new.id),
            policy::slug.eq(&new.slug),
            policy::name.eq(&new.name),
            policy::description.eq(&new.description),
            policy::team_id.eq(new.team_id),
            policy::current_version.eq(new.current.version),
            policy::runs_started.eq(0_i64),
            policy::created_at.eq(now),
        ))
        .execute(c))?;
    insert_version(tx, new.id, &new.current, by)?;
    tx.configured()
}

/// Writes slug, name, description and team. A version that is not stored yet is added and becomes
/// the current one.
///
/// # Errors
/// [`Error::NotFound`] without such a policy, [`Error::Conflict`] when the slug is taken.
pub fn update(tx: &mut Tx<'_>, edited: &Policy, by: Option<UserId>) -> Result<(), Error> {
    let current: i64 = db!(tx.conn, |c| policy::table
        .find(edited.id)
        .select(policy::current_version)
        .first(c))?;
    if current != edited.current.version {
        insert_version(tx, edited.id, &edited.current, by)?;
    }
    db!(tx.conn, |c| diesel::update(policy::table.find(edited.id))
        .set((
            policy::slug.eq(&edited.slug),
            policy::name.eq(&edited.name),
            policy::description.eq(&edited.description),
            policy::team_id.eq(edited.team_id),
            policy::current_version.eq(edited.current.version),
        ))
        .execute(c))?;
    tx.configured()
}

fn insert_version(
    tx: &mut Tx<'_>,
    id: PolicyId,
    version: &PolicyVersion,
    by: Option<UserId>,
) -> Result<(), Error> {
    let config = to_json("policy_version.config", &version.config)?;
    db!(tx.conn, |c| diesel::insert_into(policy_version::table)
        .values((
            policy_version::policy_id.eq(id),
            policy_version::version.eq(version.version),
            policy_version::config.eq(&config),
            policy_version::created_by.eq(by),
            policy_version::created_at.eq(version.created_at),
        ))
        .execute(c))
    .map(drop)
}

/// One version by number: a run keeps the one it started with.
///
/// # Errors
/// Those of the read; [`Error::Corrupt`] when it cannot be understood.
pub fn version(conn: &mut Conn, id: PolicyId, number: i64) -> Result<Option<PolicyVersion>, Error> {
    let row: Option<(Timestamp, String)> = db!(conn, |c| policy_version::table
        .find((id, number))
        .select((policy_version::created_at, policy_version::config))
        .first(c)
        .optional())?;
    row.map(|(created_at, config)| {
        Ok(PolicyVersion {
            version: number,
            created_at,
            config: json("policy_version.config", &config)?,
        })
    })
    .transpose()
}

/// All versions, oldest first.
///
/// # Errors
/// As [`version`].
pub fn versions(conn: &mut Conn) -> Result<Vec<(PolicyId, PolicyVersion)>, Error> {
    let rows: Vec<(PolicyId, i64, Timestamp, String)> = db!(conn, |c| policy_version::table
        .select((
            policy_version::policy_id,
            policy_version::version,
            policy_version::created_at,
            policy_version::config,
        ))
        .order((policy_version::policy_id, policy_version::version))
        .load(c))?;
    rows.into_iter()
        .map(|(id, version, created_at, config)| {
            let config = json("policy_version.config", &config)?;
            let version = PolicyVersion {
                version,
                created_at,
                config,
            };
            Ok((id, version))
        })
        .collect()
}

/// The position of the policy's round robin that the next run will draw; 0 without such a policy.
///
/// # Errors
/// Those of the read.
pub fn next_round_robin(conn: &mut Conn, id: PolicyId) -> Result<i64, Error> {
    let started = db!(conn, |c| policy::table
        .find(id)
        .select(policy::runs_started)
        .first::<i64>(c)
        .optional())?;
    Ok(started.unwrap_or(0))
}

/// Draws the next position of the policy's round robin: each run takes one.
///
/// # Errors
/// [`Error::NotFound`] without such a policy.
pub fn draw_round_robin(tx: &mut Tx<'_>, id: PolicyId) -> Result<i64, Error> {
    db!(tx.conn, |c| diesel::update(policy::table.find(id))
        .set(policy::runs_started.eq(policy::runs_started + 1))
        .returning(policy::runs_started)
        .get_result::<i64>(c))
    .map(|drawn| drawn - 1)
}

/// Whether any escalation ever ran on the policy, or an incident was reassigned to it.
///
/// # Errors
/// Those of the reads.
pub fn has_run(conn: &mut Conn, id: PolicyId) -> Result<bool, Error> {
    let runs: i64 = db!(conn, |c| escalation_run::table
        .filter(escalation_run::policy_id.eq(Some(id)))
        .count()
        .get_result(c))?;
    let incidents: i64 = db!(conn, |c| incident::table
        .filter(incident::policy_id.eq(Some(id)))
        .count()
        .get_result(c))?;
    Ok(runs + incidents > 0)
}

/// Removes a policy with its versions; for those that never ran.
///
/// # Errors
/// [`Error::NotFound`] without such a policy, [`Error::Conflict`] while a service uses it.
pub fn remove(tx: &mut Tx<'_>, id: PolicyId) -> Result<(), Error> {
    let removed = db!(tx.conn, |c| diesel::delete(policy::table.find(id))
        .execute(c))?;
    if removed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}
