//! Answers by SMS: codes, answers to codes that nobody knows, and messages that came before.

use diesel::prelude::*;
use domain::word::PagingState;
use domain::{NotificationId, Span, Timestamp};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::incident::IsOpen;
use crate::notification::{Notification, fetch};
use crate::schema::{inbound_message, incident, notification, reply_code, unknown_reply};

/// Closes the codes of a phone whose incidents are all resolved and returns those in use.
///
/// # Errors
/// Those of the reads and writes.
pub fn codes_in_use(conn: &mut Conn, address: &str, now: Timestamp) -> Result<Vec<String>, Error> {
    use reply_code as r;
    type Row = (NotificationId, String, Option<PagingState>);
    let rows: Vec<Row> = db!(conn, |c| r::table
        .inner_join(notification::table.on(notification::id.eq(r::notification_id)))
        .left_join(incident::table.on(incident::id.nullable().eq(notification::incident_id)))
        .filter(r::address.eq(address))
        .filter(r::closed_at.is_null())
        .select((r::notification_id, r::code, incident::paging.nullable()))
        .load(c))?;
    let mut used = Vec::new();
    let mut closed = Vec::new();
    for (id, code, paging) in rows {
        if paging.is_none_or(|state| state == PagingState::Resolved) && !any_open(conn, id)? {
            closed.push(id);
        } else {
            used.push(code);
        }
    }
    for id in closed {
        db!(conn, |c| diesel::update(r::table.find(id))
            .set(r::closed_at.eq(now))
            .execute(c))?;
    }
    Ok(used)
}

/// Whether an incident of a bundle is still open.
fn any_open(conn: &mut Conn, lead: NotificationId) -> Result<bool, Error> {
    db!(conn, |c| diesel::select(diesel::dsl::exists(
        notification::table
            .inner_join(incident::table.on(incident::id.nullable().eq(notification::incident_id)))
            .filter(notification::bundle_id.eq(lead))
            .filter(IsOpen)
    ))
    .get_result(c))
}

/// # Errors
/// [`Error::Conflict`] when the code is in use on this phone.
pub fn insert_code(
    conn: &mut Conn,
    id: NotificationId,
    address: &str,
    code: &str,
    now: Timestamp,
) -> Result<(), Error> {
    use reply_code as r;
    db!(conn, |c| diesel::insert_into(r::table)
        .values((
            r::notification_id.eq(id),
            r::address.eq(address),
            r::code.eq(code),
            r::created_at.eq(now),
        ))
        .on_conflict(r::notification_id)
        .do_nothing()
        .execute(c))?;
    Ok(())
}

/// The notification a phone's code stands for: open codes first, then the newest closed one, so
/// that a late answer gets a helpful reply. Without a code the phone's newest, in the same order.
///
/// # Errors
/// Those of the reads and writes.
pub fn by_code(
    conn: &mut Conn,
    address: &str,
    code: Option<&str>,
    now: Timestamp,
) -> Result<Option<Notification>, Error> {
    use reply_code as r;
    codes_in_use(conn, address, now)?;
    let id: Option<NotificationId> = db!(conn, |c| {
        let mut query = r::table.filter(r::address.eq(address)).into_boxed();
        if let Some(code) = code {
            query = query.filter(r::code.eq(code.to_owned()));
        }
        query
            .order((r::closed_at.is_null().desc(), r::created_at.desc()))
            .select(r::notification_id)
            .first(c)
            .optional()
    })?;
    id.map(|id| fetch(conn, id)).transpose()
}

/// Counts a helpful answer to an unknown code and returns how many there have been since the
/// count began; it begins anew after `window` without any.
///
/// # Errors
/// Those of the write.
pub fn count_unknown_reply(
    conn: &mut Conn,
    address: &str,
    now: Timestamp,
    window: Span,
) -> Result<i64, Error> {
    use unknown_reply as u;
    let before: Option<(i64, Timestamp)> = db!(conn, |c| u::table
        .find(address)
        .select((u::answers, u::last_at))
        .first(c)
        .optional())?;
    let answers = match before {
        Some((answers, last_at)) if now.since(last_at) < window => answers + 1,
        _ => 1,
    };
    db!(conn, |c| diesel::insert_into(u::table)
        .values((
            u::address.eq(address),
            u::answers.eq(answers),
            u::last_at.eq(now)
        ))
        .on_conflict(u::address)
        .do_update()
        .set((u::answers.eq(answers), u::last_at.eq(now)))
        .execute(c))?;
    Ok(answers)
}

/// The reply given to a provider's message before, if it was seen before.
///
/// # Errors
/// Those of the read.
pub fn inbound_seen(conn: &mut Conn, provider_id: &str) -> Result<Option<String>, Error> {
    db!(conn, |c| inbound_message::table
        .find(provider_id)
        .select(inbound_message::reply)
        .first(c)
        .optional())
}

/// # Errors
/// [`Error::Conflict`] when it was seen before.
pub fn insert_inbound(
    conn: &mut Conn,
    provider_id: &str,
    reply: &str,
    now: Timestamp,
) -> Result<(), Error> {
    use inbound_message as m;
    db!(conn, |c| diesel::insert_into(m::table)
        .values((
            m::provider_id.eq(provider_id),
            m::received_at.eq(now),
            m::reply.eq(reply)
        ))
        .execute(c))?;
    Ok(())
}

/// Forgets at most `limit` messages of providers that were received before `before`, and as many
/// counts of helpful answers that were last given before that; returns how many.
///
/// # Errors
/// Those of the writes.
pub fn forget(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, Error> {
    use {inbound_message as m, unknown_reply as u};
    let messages: Vec<String> = db!(conn, |c| m::table
        .filter(m::received_at.lt(before))
        .limit(limit)
        .select(m::provider_id)
        .load(c))?;
    let counts: Vec<String> = db!(conn, |c| u::table
        .filter(u::last_at.lt(before))
        .limit(limit)
        .select(u::address)
        .load(c))?;
    let messages = db!(conn, |c| diesel::delete(
        m::table.filter(m::provider_id.eq_any(&messages))
    )
    .execute(c))?;
    let counts = db!(conn, |c| diesel::delete(
        u::table.filter(u::address.eq_any(&counts))
    )
    .execute(c))?;
    Ok(messages + counts)
}
