//! Rules of inhibition, and the open alerts that inhibit others by them (PAGING.md §3.4).

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use domain::suppression::{Inhibition, SourceKey};
use domain::{AlertId, IncidentId, InhibitionId, TeamId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::{Error, json, to_json};
use crate::schema::{alert, inhibition as i, inhibition_source as s};
use crate::tx::Tx;

const CHUNK: usize = 500;

/// # Errors
/// [`Error::Conflict`] when the team does not exist.
pub fn insert(tx: &mut Tx<'_>, new: &Inhibition) -> Result<(), Error> {
    let source = to_json("inhibition.source", &new.source)?;
    let target = to_json("inhibition.target", &new.target)?;
    let equal = to_json("inhibition.equal_labels", &new.equal)?;
    db!(tx.conn, |c| diesel::insert_into(i::table)
        .values((
            i::id.eq(new.id),
            i::name.eq(&new.name),
            i::team_id.eq(new.team_id),
            i::source.eq(&source),
            i::target.eq(&target),
            i::equal_labels.eq(&equal),
            i::created_by.eq(new.created_by),
            i::created_at.eq(new.created_at),
        ))
        .execute(c))?;
    tx.configured()
}

/// Writes what may be edited.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] when the team does not exist.
pub fn update(tx: &mut Tx<'_>, edited: &Inhibition) -> Result<(), Error> {
    let source = to_json("inhibition.source", &edited.source)?;
    let target = to_json("inhibition.target", &edited.target)?;
    let equal = to_json("inhibition.equal_labels", &edited.equal)?;
    let changed = db!(tx.conn, |c| diesel::update(i::table.find(edited.id))
        .set((
            i::name.eq(&edited.name),
            i::team_id.eq(edited.team_id),
            i::source.eq(&source),
            i::target.eq(&target),
            i::equal_labels.eq(&equal),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}

/// Removes a rule; what its sources hold back is looked at.
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove(tx: &mut Tx<'_>, id: InhibitionId, now: Timestamp) -> Result<(), Error> {
    let sources: Vec<AlertId> = db!(tx.conn, |c| s::table
        .filter(s::inhibition_id.eq(id))
        .select(s::alert_id)
        .distinct()
        .load(c))?;
    db!(tx.conn, |c| diesel::delete(
        s::table.filter(s::inhibition_id.eq(id))
    )
    .execute(c))?;
    let holders: Vec<i64> = sources.iter().map(|id| id.0).collect();
    crate::alert::check_held_by(tx.conn, &holders, now)?;
    let removed = db!(tx.conn, |c| diesel::delete(i::table.find(id)).execute(c))?;
    if removed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}

pub(crate) fn load(conn: &mut Conn) -> Result<BTreeMap<InhibitionId, Arc<Inhibition>>, Error> {
    type Row = (
        InhibitionId,
        String,
        Option<TeamId>,
        String,
        String,
        String,
        Option<UserId>,
        Timestamp,
    );
    let rows: Vec<Row> = db!(conn, |c| i::table.load(c))?;
    let rules = rows.into_iter().map(|row| {
        let (id, name, team_id, source, target, equal, created_by, created_at) = row;
        let rule = Inhibition {
            id,
            name,
            team_id,
            source: json("inhibition.source", &source)?,
            target: json("inhibition.target", &target)?,
            equal: json("inhibition.equal_labels", &equal)?,
            created_by,
            created_at,
        };
        Ok((id, Arc::new(rule)))
    });
    rules.collect()
}

/// Open alerts under these keys, with what they say.
pub type Sources = BTreeMap<(InhibitionId, SourceKey), BTreeMap<AlertId, String>>;

/// # Errors
/// Those of the read.
pub fn sources(conn: &mut Conn, wanted: &[(InhibitionId, SourceKey)]) -> Result<Sources, Error> {
    let mut found = Sources::new();
    let mut by_rule: BTreeMap<InhibitionId, Vec<Vec<u8>>> = BTreeMap::new();
    for (rule, key) in wanted {
        by_rule.entry(*rule).or_default().push(key.to_vec());
    }
    for (rule, keys) in by_rule {
        for chunk in keys.chunks(CHUNK) {
            let rows: Vec<(Vec<u8>, AlertId, String)> = db!(conn, |c| s::table
                .inner_join(alert::table.on(alert::id.eq(s::alert_id)))
                .filter(s::inhibition_id.eq(rule))
                .filter(s::key.eq_any(chunk))
                .select((s::key, s::alert_id, alert::summary))
                .load(c))?;
            for (key, id, summary) in rows {
                let key = source_key(key)?;
                found.entry((rule, key)).or_default().insert(id, summary);
            }
        }
    }
    Ok(found)
}

/// The open alerts that inhibit others by a rule, at most `limit`, with their keys.
///
/// # Errors
/// Those of the read.
pub fn sources_of(
    conn: &mut Conn,
    rule: InhibitionId,
    limit: i64,
) -> Result<Vec<(SourceKey, AlertId)>, Error> {
    let rows: Vec<(Vec<u8>, AlertId)> = db!(conn, |c| s::table
        .filter(s::inhibition_id.eq(rule))
        .order(s::alert_id)
        .limit(limit)
        .select((s::key, s::alert_id))
        .load(c))?;
    rows.into_iter()
        .map(|(key, id)| Ok((source_key(key)?, id)))
        .collect()
}

fn source_key(bytes: Vec<u8>) -> Result<SourceKey, Error> {
    bytes
        .try_into()
        .map_err(|_| Error::Corrupt("inhibition_source.key is not 16 bytes".into()))
}

/// The sources among these alerts, whatever they inhibit.
///
/// # Errors
/// Those of the read.
pub fn sources_among(conn: &mut Conn, alerts: &[AlertId]) -> Result<Sources, Error> {
    let mut found = Sources::new();
    for chunk in alerts.chunks(CHUNK) {
        let rows: Vec<(InhibitionId, Vec<u8>, AlertId)> =
            db!(conn, |c| s::table.filter(s::alert_id.eq_any(chunk)).load(c))?;
        for (rule, key, id) in rows {
            let key = source_key(key)?;
            found
                .entry((rule, key))
                .or_default()
                .insert(id, String::new());
        }
    }
    Ok(found)
}

/// # Errors
/// Those of the write.
pub fn begin(conn: &mut Conn, sources: &[(InhibitionId, SourceKey, AlertId)]) -> Result<(), Error> {
    for (rule, key, id) in sources {
        db!(conn, |c| diesel::insert_into(s::table)
            .values((
                s::inhibition_id.eq(*rule),
                s::key.eq(&key[..]),
                s::alert_id.eq(*id),
            ))
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// These alerts inhibit nothing any more: what they held back is looked at. Returns how many.
///
/// # Errors
/// Those of the writes.
pub fn end(conn: &mut Conn, sources: &[AlertId], now: Timestamp) -> Result<usize, Error> {
    for chunk in sources.chunks(CHUNK) {
        db!(conn, |c| diesel::delete(
            s::table.filter(s::alert_id.eq_any(chunk))
        )
        .execute(c))?;
    }
    let holders: Vec<i64> = sources.iter().map(|id| id.0).collect();
    crate::alert::check_held_by(conn, &holders, now)
}

/// The open alerts of an incident are about to be resolved with it.
pub(crate) fn release_by_incident(
    conn: &mut Conn,
    incident: IncidentId,
    now: Timestamp,
) -> Result<(), Error> {
    let sources: Vec<AlertId> = db!(conn, |c| s::table
        .inner_join(alert::table.on(alert::id.eq(s::alert_id)))
        .filter(alert::incident_id.eq(incident))
        .select(s::alert_id)
        .distinct()
        .load(c))?;
    if !sources.is_empty() {
        end(conn, &sources, now)?;
    }
    Ok(())
}
