//! Heartbeats (PAGING.md §7), and when this installation was last there to hear them.

use diesel::prelude::*;
use domain::heartbeat::{Heartbeat, HeartbeatSettings, HeartbeatState};
use domain::word::AlertSeverity;
use domain::{HeartbeatId, IntegrationId, Span, Timestamp};

use crate::change::Change;
use crate::conn::Conn;
use crate::db;
use crate::error::{Error, json, to_json};
use crate::schema::{heartbeat as t, setting};
use crate::tx::Tx;

/// Under which it stands when somebody was last there.
const ALIVE_KEY: &str = "alive_at";

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = t, treat_none_as_null = true, treat_none_as_default_value = false)]
struct Row {
    id: HeartbeatId,
    integration_id: IntegrationId,
    name: String,
    description: String,
    interval: Span,
    grace: Span,
    longest_run: Option<Span>,
    severity: AlertSeverity,
    message: Option<String>,
    tags: String,
    state: HeartbeatState,
    last_ping: Option<Timestamp>,
    heard_at: Option<Timestamp>,
    running_since: Option<Timestamp>,
    due_at: Option<Timestamp>,
    grace_since: Option<Timestamp>,
    grace_used: Span,
    key_version: i64,
    history: String,
    created_at: Timestamp,
}

impl Row {
    fn of(beat: &Heartbeat) -> Result<Row, Error> {
        let settings = beat.settings.clone();
        Ok(Row {
            id: beat.id,
            integration_id: beat.integration_id,
            name: settings.name,
            description: settings.description,
            interval: settings.interval,
            grace: settings.grace,
            longest_run: settings.longest_run,
            severity: settings.severity,
            message: settings.message,
            tags: to_json("heartbeat.tags", &settings.tags)?,
            state: beat.state,
            last_ping: beat.last_ping,
            heard_at: beat.heard_at,
            running_since: beat.running_since,
            due_at: beat.due_at,
            grace_since: beat.grace_since,
            grace_used: beat.grace_used,
            key_version: beat.key_version,
            history: to_json("heartbeat.history", &beat.history)?,
            created_at: beat.created_at,
        })
    }

    fn into_heartbeat(self) -> Result<Heartbeat, Error> {
        Ok(Heartbeat {
            id: self.id,
            integration_id: self.integration_id,
            settings: HeartbeatSettings {
                name: self.name,
                description: self.description,
                interval: self.interval,
                grace: self.grace,
                longest_run: self.longest_run,
                severity: self.severity,
                message: self.message,
                tags: json("heartbeat.tags", &self.tags)?,
            },
            state: self.state,
            last_ping: self.last_ping,
            heard_at: self.heard_at,
            running_since: self.running_since,
            due_at: self.due_at,
            grace_since: self.grace_since,
            grace_used: self.grace_used,
            key_version: self.key_version,
            history: json("heartbeat.history", &self.history)?,
            created_at: self.created_at,
        })
    }
}

fn heartbeats(rows: Vec<Row>) -> Result<Vec<Heartbeat>, Error> {
    rows.into_iter().map(Row::into_heartbeat).collect()
}

/// # Errors
/// [`Error::Conflict`] when the integration has one of this name.
pub fn insert(tx: &mut Tx<'_>, new: &Heartbeat) -> Result<(), Error> {
    let row = Row::of(new)?;
    db!(tx.conn, |c| diesel::insert_into(t::table)
        .values(&row)
        .execute(c))?;
    tx.changed(Change::Heartbeats);
    Ok(())
}

/// Writes the whole row.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] as [`insert`].
pub fn update(tx: &mut Tx<'_>, edited: &Heartbeat) -> Result<(), Error> {
    let row = Row::of(edited)?;
    let changed = db!(tx.conn, |c| diesel::update(t::table.find(edited.id))
        .set(&row)
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    Ok(())
}

/// # Errors
/// [`Error::NotFound`].
pub fn remove(tx: &mut Tx<'_>, id: HeartbeatId) -> Result<(), Error> {
    let removed = db!(tx.conn, |c| diesel::delete(t::table.find(id)).execute(c))?;
    if removed == 0 {
        return Err(Error::NotFound);
    }
    tx.changed(Change::Heartbeats);
    Ok(())
}

/// Those of an integration that is removed.
pub(crate) fn remove_of(tx: &mut Tx<'_>, integration: IntegrationId) -> Result<(), Error> {
    let removed = db!(tx.conn, |c| diesel::delete(
        t::table.filter(t::integration_id.eq(integration))
    )
    .execute(c))?;
    if removed > 0 {
        tx.changed(Change::Heartbeats);
    }
    Ok(())
}

/// # Errors
/// Those of the read.
pub fn get(conn: &mut Conn, id: HeartbeatId) -> Result<Option<Heartbeat>, Error> {
    let row: Option<Row> = db!(conn, |c| t::table
        .find(id)
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.map(Row::into_heartbeat).transpose()
}

/// The id of an integration's heartbeat of this name, as it is written.
///
/// # Errors
/// Those of the read.
pub fn named(
    conn: &mut Conn,
    integration: IntegrationId,
    name: &str,
) -> Result<Option<HeartbeatId>, Error> {
    db!(conn, |c| t::table
        .filter(t::integration_id.eq(integration))
        .filter(t::name.eq(name))
        .select(t::id)
        .first(c)
        .optional())
}

/// A heartbeat, kept from others until the transaction ends.
///
/// # Errors
/// Those of the read.
pub fn take(conn: &mut Conn, id: HeartbeatId) -> Result<Option<Heartbeat>, Error> {
    Ok(take_all(conn, &[id])?.pop())
}

/// Several, in one order on every node; as they are once others have let go of them.
fn take_all(conn: &mut Conn, ids: &[HeartbeatId]) -> Result<Vec<Heartbeat>, Error> {
    const CHUNK: usize = 500;
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rows: Result<Vec<Row>, diesel::result::Error> = match conn {
            Conn::Sqlite(c) => t::table
                .filter(t::id.eq_any(chunk))
                .order(t::id)
                .select(Row::as_select())
                .load(c),
            Conn::Postgres(c) => t::table
                .filter(t::id.eq_any(chunk))
                .order(t::id)
                .for_no_key_update()
                .select(Row::as_select())
                .load(c),
        };
        found.extend(rows?);
    }
    heartbeats(found)
}

/// All of integrations that are not removed.
///
/// # Errors
/// Those of the read.
pub fn all(conn: &mut Conn) -> Result<Vec<Heartbeat>, Error> {
    heartbeats(db!(conn, |c| t::table
        .order(t::id)
        .select(Row::as_select())
        .load(c))?)
}

/// Which to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of any of these; `None`: of all.
    pub integrations: Option<Vec<IntegrationId>>,
    pub state: Option<HeartbeatState>,
    /// Part of the name.
    pub text: Option<String>,
}

/// Where a list goes on: after this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    pub state: HeartbeatState,
    pub name: String,
    pub id: HeartbeatId,
}

/// Those a filter finds, the worst first and then by name.
///
/// # Errors
/// Those of the read.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<&After>,
    limit: i64,
) -> Result<Vec<Heartbeat>, Error> {
    let pattern = filter.text.as_deref().map(like);
    let rows: Vec<Row> = db!(conn, |c| {
        let mut query = t::table.into_boxed();
        if let Some(ids) = &filter.integrations {
            query = query.filter(t::integration_id.eq_any(ids));
        }
        if let Some(state) = filter.state {
            query = query.filter(t::state.eq(state));
        }
        if let Some(pattern) = &pattern {
            query = query.filter(lower(t::name).like(pattern).escape('!'));
        }
        if let Some(after) = after {
            let same_name = t::name.eq(&after.name).and(t::id.gt(after.id));
            let same_state = t::name.gt(&after.name).or(same_name);
            query = query.filter(
                t::state
                    .gt(after.state)
                    .or(t::state.eq(after.state).and(same_state)),
            );
        }
        // The words of the states happen to stand in this order: expired, failed, healthy …
        query
            .order((t::state, t::name, t::id))
            .limit(limit)
            .select(Row::as_select())
            .load(c)
    })?;
    heartbeats(rows)
}

diesel::define_sql_function! {
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// A pattern that finds a text anywhere, in any case.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// How many there are of each state.
///
/// # Errors
/// Those of the read.
pub fn count(conn: &mut Conn) -> Result<Vec<(HeartbeatState, i64)>, Error> {
    db!(conn, |c| t::table
        .group_by(t::state)
        .order(t::state)
        .select((t::state, diesel::dsl::count_star()))
        .load(c))
}

/// How many an integration has.
///
/// # Errors
/// Those of the read.
pub fn number_of(conn: &mut Conn, integration: IntegrationId) -> Result<i64, Error> {
    db!(conn, |c| t::table
        .filter(t::integration_id.eq(integration))
        .count()
        .get_result(c))
}

/// When the next one expires.
///
/// # Errors
/// Those of the read.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, Error> {
    let row: Option<Option<Timestamp>> = db!(conn, |c| t::table
        .filter(t::due_at.is_not_null())
        .order(t::due_at)
        .select(t::due_at)
        .first(c)
        .optional())?;
    Ok(row.flatten())
}

/// Those whose time has come, the longest overdue first to be chosen; kept from others until the
/// transaction ends.
///
/// # Errors
/// Those of the read.
pub fn due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Heartbeat>, Error> {
    let ids: Vec<HeartbeatId> = db!(conn, |c| t::table
        .filter(t::due_at.is_not_null())
        .filter(t::due_at.le(now))
        .order(t::due_at)
        .limit(limit)
        .select(t::id)
        .load(c))?;
    let mut found = take_all(conn, &ids)?;
    // A ping may have come, or another node been faster.
    found.retain(|beat| beat.is_due(now));
    Ok(found)
}

/// All that wait for a ping, kept from others until the transaction ends.
///
/// # Errors
/// Those of the read.
pub fn armed(conn: &mut Conn) -> Result<Vec<Heartbeat>, Error> {
    let ids: Vec<HeartbeatId> = db!(conn, |c| t::table
        .filter(t::due_at.is_not_null())
        .select(t::id)
        .load(c))?;
    let mut found = take_all(conn, &ids)?;
    found.retain(|beat| beat.due_at.is_some());
    Ok(found)
}

/// When somebody was last there to hear pings, as far as it was written down.
///
/// # Errors
/// Those of the read.
pub fn alive_at(conn: &mut Conn) -> Result<Option<Timestamp>, Error> {
    let text = crate::setting::get(conn, ALIVE_KEY)?;
    let number = text.map(|text| text.parse::<i64>());
    number
        .transpose()
        .map(|at| at.map(Timestamp))
        .map_err(|error| Error::corrupt("setting alive_at", error))
}

/// As [`alive_at`]; keeps other nodes from it until the transaction ends.
///
/// # Errors
/// Those of the statements.
pub fn take_alive_at(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, Error> {
    db!(tx.conn, |c| diesel::update(setting::table.find(ALIVE_KEY))
        .set(setting::value.eq(setting::value))
        .execute(c))?;
    alive_at(tx.conn)
}

/// Writes down that somebody is there.
///
/// # Errors
/// Those of the write.
pub fn put_alive_at(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), Error> {
    crate::setting::put(tx, ALIVE_KEY, &now.0.to_string())
}
