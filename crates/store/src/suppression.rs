//! Maintenance windows and silences (PAGING.md §3.3).

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use domain::suppression::{Suppression, SuppressionKind};
use domain::{SuppressionId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::{Error, json, to_json};
use crate::schema::suppression as t;
use crate::tx::Tx;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = t, treat_none_as_null = true, treat_none_as_default_value = false)]
struct Row {
    id: SuppressionId,
    kind: SuppressionKind,
    services: String,
    integrations: String,
    matchers: String,
    starts_at: Timestamp,
    ends_at: Timestamp,
    recurrence: Option<String>,
    zone: String,
    occurrences: String,
    comment: String,
    created_by: Option<UserId>,
    author: String,
    created_at: Timestamp,
}

impl Row {
    fn of(one: &Suppression) -> Result<Row, Error> {
        Ok(Row {
            id: one.id,
            kind: one.kind,
            services: to_json("suppression.services", &one.services)?,
            integrations: to_json("suppression.integrations", &one.integrations)?,
            matchers: to_json("suppression.matchers", &one.matchers)?,
            starts_at: one.starts_at,
            ends_at: one.ends_at,
            recurrence: one.recurrence.clone(),
            zone: one.zone.clone(),
            occurrences: to_json("suppression.occurrences", &one.occurrences)?,
            comment: one.comment.clone(),
            created_by: one.created_by,
            author: one.author.clone(),
            created_at: one.created_at,
        })
    }

    fn into_suppression(self) -> Result<Suppression, Error> {
        Ok(Suppression {
            id: self.id,
            kind: self.kind,
            services: json("suppression.services", &self.services)?,
            integrations: json("suppression.integrations", &self.integrations)?,
            matchers: json("suppression.matchers", &self.matchers)?,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            recurrence: self.recurrence,
            zone: self.zone,
            occurrences: json("suppression.occurrences", &self.occurrences)?,
            comment: self.comment,
            created_by: self.created_by,
            author: self.author,
            created_at: self.created_at,
        })
    }
}

/// # Errors
/// Those of the write.
pub fn insert(tx: &mut Tx<'_>, new: &Suppression, expanded_until: Timestamp) -> Result<(), Error> {
    let row = Row::of(new)?;
    db!(tx.conn, |c| diesel::insert_into(t::table)
        .values((&row, t::expanded_until.eq(expanded_until)))
        .execute(c))?;
    tx.configured()
}

/// Writes everything but who made it; the open alerts that it holds back are looked at.
///
/// # Errors
/// [`Error::NotFound`] without such a one that is not removed.
pub fn update(
    tx: &mut Tx<'_>,
    edited: &Suppression,
    expanded_until: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    let row = Row::of(edited)?;
    let live = t::table.find(edited.id).filter(t::removed_at.is_null());
    let changed = db!(tx.conn, |c| diesel::update(live)
        .set((&row, t::expanded_until.eq(expanded_until)))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    crate::alert::check_held_by(tx.conn, &[edited.id.0], now)?;
    tx.configured()
}

/// Ends it at once; the open alerts that it holds back are looked at.
///
/// # Errors
/// [`Error::NotFound`] without such a one that is not removed.
pub fn remove(
    tx: &mut Tx<'_>,
    id: SuppressionId,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), Error> {
    let live = t::table.find(id).filter(t::removed_at.is_null());
    let changed = db!(tx.conn, |c| diesel::update(live)
        .set((t::removed_at.eq(Some(now)), t::removed_by.eq(by)))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    crate::alert::check_held_by(tx.conn, &[id.0], now)?;
    tx.configured()
}

pub(crate) fn load(conn: &mut Conn) -> Result<BTreeMap<SuppressionId, Arc<Suppression>>, Error> {
    let rows: Vec<Row> = db!(conn, |c| t::table
        .filter(t::removed_at.is_null())
        .select(Row::as_select())
        .load(c))?;
    rows.into_iter()
        .map(|row| Ok((row.id, Arc::new(row.into_suppression()?))))
        .collect()
}

/// When one was ended before its time, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub at: Timestamp,
    /// `None`: by a token or the configuration file.
    pub by: Option<UserId>,
}

/// The maintenance windows or silences that were ended last.
///
/// # Errors
/// Those of the read.
pub fn ended(
    conn: &mut Conn,
    kind: SuppressionKind,
    limit: i64,
) -> Result<Vec<(Suppression, Ended)>, Error> {
    let rows: Vec<(Row, Option<UserId>, Option<Timestamp>)> = db!(conn, |c| t::table
        .filter(t::kind.eq(kind))
        .filter(t::removed_at.is_not_null())
        .order((t::removed_at.desc(), t::id.desc()))
        .limit(limit)
        .select((Row::as_select(), t::removed_by, t::removed_at))
        .load(c))?;
    rows.into_iter()
        .filter_map(|(row, by, at)| Some((row, Ended { at: at?, by })))
        .map(|(row, ended)| Ok((row.into_suppression()?, ended)))
        .collect()
}

/// One that may have been ended.
///
/// # Errors
/// [`Error::NotFound`] when there never was one.
pub fn fetch(conn: &mut Conn, id: SuppressionId) -> Result<(Suppression, Option<Ended>), Error> {
    let (row, by, at): (Row, Option<UserId>, Option<Timestamp>) = db!(conn, |c| t::table
        .find(id)
        .select((Row::as_select(), t::removed_by, t::removed_at))
        .first(c))?;
    Ok((row.into_suppression()?, at.map(|at| Ended { at, by })))
}

/// One that recurs and was worked out until before `until` only.
///
/// # Errors
/// Those of the read.
pub fn to_expand(conn: &mut Conn, until: Timestamp) -> Result<Vec<SuppressionId>, Error> {
    db!(conn, |c| t::table
        .filter(t::removed_at.is_null())
        .filter(t::recurrence.is_not_null())
        .filter(t::expanded_until.lt(until))
        .order(t::id)
        .select(t::id)
        .load(c))
}

/// Marks that the owner was told of the end of an occurrence; false when that was done before, by
/// whomever.
///
/// # Errors
/// Those of the write.
pub fn tell_once(conn: &mut Conn, id: SuppressionId, end: Timestamp) -> Result<bool, Error> {
    let marked = db!(conn, |c| diesel::update(t::table.find(id))
        .filter(
            t::told_end
                .is_null()
                .or(t::told_end.assume_not_null().lt(end))
        )
        .set(t::told_end.eq(Some(end)))
        .execute(c))?;
    Ok(marked == 1)
}

/// Of which end each owner was told last.
///
/// # Errors
/// Those of the read.
pub fn told(conn: &mut Conn) -> Result<BTreeMap<SuppressionId, Timestamp>, Error> {
    let rows: Vec<(SuppressionId, Option<Timestamp>)> = db!(conn, |c| t::table
        .filter(t::removed_at.is_null())
        .filter(t::told_end.is_not_null())
        .select((t::id, t::told_end))
        .load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, end)| Some((id, end?)))
        .collect())
}
