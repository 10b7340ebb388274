//! What people want to be told of their shifts, and what they have been told.

use std::collections::BTreeSet;

use diesel::prelude::*;
use domain::reminder::{NoticeKey, Reminders, ShiftNoticeKind, Wishes};
use domain::schedule::TimeOfDay;
use domain::{NotificationId, ScheduleId, Span, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::{Error, json, to_json};
use crate::schema::{hand_off_notice as h, shift_notice as n, shift_wish as w};
use crate::tx::Tx;

/// # Errors
/// Those of the write.
pub fn put_wish(tx: &mut Tx<'_>, user: UserId, wish: &Reminders) -> Result<(), Error> {
    let leads = to_json("shift_wish.leads", &wish.leads)?;
    let values = (
        w::leads.eq(&leads),
        w::hand_off.eq(wish.hand_off),
        w::digest.eq(wish.digest.map(TimeOfDay::minutes)),
    );
    db!(tx.conn, |c| diesel::insert_into(w::table)
        .values((w::user_id.eq(user), values))
        .on_conflict(w::user_id)
        .do_update()
        .set(values)
        .execute(c))?;
    tx.configured()
}

/// # Errors
/// Those of the read.
pub(crate) fn wishes(conn: &mut Conn) -> Result<Wishes, Error> {
    let rows: Vec<(UserId, String, bool, Option<i64>)> = db!(conn, |c| w::table
        .select((w::user_id, w::leads, w::hand_off, w::digest))
        .load(c))?;
    let each = rows.into_iter().map(|(user, leads, hand_off, digest)| {
        let wish = Reminders {
            leads: json("shift_wish.leads", &leads)?,
            hand_off,
            digest: digest.map(time_of_day).transpose()?,
        };
        Ok((user, wish))
    });
    each.collect()
}

fn time_of_day(minutes: i64) -> Result<TimeOfDay, Error> {
    let part = |number: i64| u8::try_from(number).ok();
    part(minutes.div_euclid(60))
        .zip(part(minutes.rem_euclid(60)))
        .and_then(|(hour, minute)| TimeOfDay::new(hour, minute))
        .ok_or_else(|| Error::Corrupt(format!("shift_wish.digest {minutes}")))
}

/// Writes down that something is said; false when it has been, by whomever.
///
/// # Errors
/// Those of the write.
pub fn say_once(
    tx: &mut Tx<'_>,
    key: &NoticeKey,
    notification: NotificationId,
    now: Timestamp,
) -> Result<bool, Error> {
    let written = db!(tx.conn, |c| diesel::insert_into(n::table)
        .values((
            n::kind.eq(key.kind),
            n::schedule_id.eq(key.schedule_id),
            n::user_id.eq(key.user),
            n::at.eq(key.at),
            n::lead.eq(key.lead),
            n::notification_id.eq(notification),
            n::made_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(written == 1)
}

/// What has been said of shifts that began or ended after `after`.
///
/// # Errors
/// Those of the read.
pub fn said(conn: &mut Conn, after: Timestamp) -> Result<BTreeSet<NoticeKey>, Error> {
    type Row = (ShiftNoticeKind, ScheduleId, UserId, Timestamp, Span);
    let rows: Vec<Row> = db!(conn, |c| n::table
        .filter(n::at.gt(after))
        .select((n::kind, n::schedule_id, n::user_id, n::at, n::lead))
        .load(c))?;
    let key = |(kind, schedule_id, user, at, lead)| NoticeKey {
        kind,
        schedule_id,
        user,
        at,
        lead,
    };
    Ok(rows.into_iter().map(key).collect())
}

/// Writes down that a channel is told of a hand-off; false when it has been.
///
/// # Errors
/// Those of the write.
pub fn hand_off_once(
    tx: &mut Tx<'_>,
    schedule: ScheduleId,
    at: Timestamp,
    notification: NotificationId,
    now: Timestamp,
) -> Result<bool, Error> {
    let written = db!(tx.conn, |c| diesel::insert_into(h::table)
        .values((
            h::schedule_id.eq(schedule),
            h::at.eq(at),
            h::notification_id.eq(notification),
            h::made_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(written == 1)
}

/// The hand-offs after `after` that a channel was told of.
///
/// # Errors
/// Those of the read.
pub fn handed_off(
    conn: &mut Conn,
    after: Timestamp,
) -> Result<BTreeSet<(ScheduleId, Timestamp)>, Error> {
    let rows: Vec<(ScheduleId, Timestamp)> = db!(conn, |c| h::table
        .filter(h::at.gt(after))
        .select((h::schedule_id, h::at))
        .load(c))?;
    Ok(rows.into_iter().collect())
}

/// Forgets what was said of shifts that began or ended before `before`.
///
/// # Errors
/// Those of the write.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp) -> Result<usize, Error> {
    db!(tx.conn, |c| diesel::delete(
        h::table.filter(h::at.lt(before))
    )
    .execute(c))?;
    db!(tx.conn, |c| diesel::delete(
        n::table.filter(n::at.lt(before))
    )
    .execute(c))
}
