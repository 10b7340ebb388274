//! How notifications leave: claimed under a lease, bundled, put off, cancelled, and how an attempt
//! ended.

use diesel::dsl::{max, min};
use diesel::prelude::*;
use domain::notification::Medium;
use domain::word::{NotificationKind, NotificationState};
use domain::{NotificationId, Span, Timestamp, UserId};

use super::{CHUNK, Notification};
use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::notification as t;
use crate::spelled::spelled;

spelled! {
    IsPlanned = "notification.state = 'planned'";
    IsSending = "notification.state = 'sending'";
}

/// Whether one that is planned may travel with `lead` (PAGING.md §6.4): a first attempt about an
/// incident, to the same person and address, of the same kind and urgency.
macro_rules! travels_with {
    ($lead:expr) => {
        t::attempts
            .eq(0)
            .and(t::incident_id.is_not_null())
            .and(t::user_id.eq($lead.user_id))
            .and(t::channel.eq($lead.channel))
            .and(t::address.eq(&$lead.address))
            .and(t::urgency.eq($lead.urgency))
            .and(t::kind.eq($lead.kind))
    };
}

pub(super) use travels_with;

/// Takes what is planned and due, oldest first. Other nodes pass over what this transaction holds.
///
/// # Errors
/// Those of the read.
pub fn take_due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Notification>, Error> {
    let rows: Result<Vec<Notification>, diesel::result::Error> = match conn {
        Conn::Sqlite(c) => t::table
            .filter(IsPlanned)
            .filter(t::due_at.le(now))
            .order((t::due_at, t::id))
            .limit(limit)
            .select(Notification::as_select())
            .load(c),
        Conn::Postgres(c) => t::table
            .filter(IsPlanned)
            .filter(t::due_at.le(now))
            .order((t::due_at, t::id))
            .limit(limit)
            .for_no_key_update()
            .skip_locked()
            .select(Notification::as_select())
            .load(c),
    };
    Ok(rows?)
}

/// Takes further ones that are due and may travel with `lead`. Those in `known` are left out, and
/// other nodes pass over what this transaction holds.
///
/// # Errors
/// Those of the read.
pub fn take_due_like(
    conn: &mut Conn,
    lead: &Notification,
    known: &[NotificationId],
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Notification>, Error> {
    macro_rules! alike {
        () => {
            t::table
                .filter(IsPlanned)
                .filter(t::due_at.le(now))
                .filter(travels_with!(lead))
                .filter(t::id.ne_all(known))
                .order((t::due_at, t::id))
                .limit(limit)
        };
    }
    let rows: Result<Vec<Notification>, diesel::result::Error> = match conn {
        Conn::Sqlite(c) => alike!().select(Notification::as_select()).load(c),
        Conn::Postgres(c) => alike!()
            .for_no_key_update()
            .skip_locked()
            .select(Notification::as_select())
            .load(c),
    };
    Ok(rows?)
}

/// Keeps other nodes from sending to this address until the transaction ends, so that each sees
/// what the other has sent: for bundling and for codes.
///
/// # Errors
/// Those of the lock.
pub fn hold_address(conn: &mut Conn, channel: Medium, address: &str) -> Result<(), Error> {
    conn.hold(&format!("{channel} {address}"))
}

/// Puts back what a sender took and did not finish within its lease: it is sent again, with the
/// same id (PAGING.md §6.6). Returns how many. What the caller itself is still sending (`except`)
/// stays with it.
///
/// # Errors
/// Those of the write.
pub fn reclaim_expired(
    conn: &mut Conn,
    except: &[NotificationId],
    now: Timestamp,
) -> Result<usize, Error> {
    reclaim(conn, now, except, now)
}

/// As [`reclaim_expired`], whatever the leases say.
///
/// # Errors
/// Those of the write.
pub fn reclaim_all(conn: &mut Conn, now: Timestamp) -> Result<usize, Error> {
    reclaim(conn, Timestamp(i64::MAX), &[], now)
}

fn reclaim(
    conn: &mut Conn,
    lease_until: Timestamp,
    except: &[NotificationId],
    now: Timestamp,
) -> Result<usize, Error> {
    db!(conn, |c| diesel::update(t::table)
        .filter(IsSending)
        .filter(t::lease_until.le(lease_until))
        .filter(t::id.ne_all(except))
        .set((
            t::state.eq(NotificationState::Planned),
            t::claimed_by.eq(None::<String>),
            t::lease_until.eq(None::<Timestamp>),
            t::due_at.eq(now),
        ))
        .execute(c))
}

/// When the next lease runs out, of what is being sent by others than the caller (`except`).
///
/// # Errors
/// Those of the read.
pub fn next_lease_end(
    conn: &mut Conn,
    except: &[NotificationId],
) -> Result<Option<Timestamp>, Error> {
    db!(conn, |c| t::table
        .filter(IsSending)
        .filter(t::id.ne_all(except))
        .select(min(t::lease_until))
        .first(c))
}

/// When the next planned notification is due.
///
/// # Errors
/// Those of the read.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, Error> {
    db!(conn, |c| t::table
        .filter(IsPlanned)
        .select(min(t::due_at))
        .first(c))
}

/// Claims one for sending: `sending`, with a lease and a higher fence.
///
/// # Errors
/// Those of the write.
pub fn claim(conn: &mut Conn, claimed: &Notification) -> Result<(), Error> {
    db!(conn, |c| diesel::update(t::table.find(claimed.id))
        .set((
            t::state.eq(NotificationState::Sending),
            t::claimed_by.eq(claimed.claimed_by.as_ref()),
            t::lease_until.eq(claimed.lease_until),
            t::fence.eq(claimed.fence),
            t::attempts.eq(claimed.attempts),
            t::first_attempt_at.eq(claimed.first_attempt_at),
            t::reply_code.eq(claimed.reply_code.as_ref()),
            t::subject.eq(&claimed.subject),
            t::body.eq(&claimed.body),
        ))
        .execute(c))?;
    Ok(())
}

/// Lengthens the lease of a claim that is still held; false when it is not.
///
/// # Errors
/// Those of the write.
pub fn renew_lease(
    conn: &mut Conn,
    id: NotificationId,
    fence: i64,
    until: Timestamp,
) -> Result<bool, Error> {
    let rows = db!(conn, |c| diesel::update(t::table.find(id))
        .filter(t::fence.eq(fence))
        .filter(t::state.eq(NotificationState::Sending))
        .set(t::lease_until.eq(until))
        .execute(c))?;
    Ok(rows == 1)
}

/// Moves planned ones to another time.
///
/// # Errors
/// Those of the write.
pub fn put_off(conn: &mut Conn, ids: &[NotificationId], until: Timestamp) -> Result<(), Error> {
    for chunk in ids.chunks(CHUNK) {
        db!(conn, |c| diesel::update(
            t::table.filter(t::id.eq_any(chunk))
        )
        .set(t::due_at.eq(until))
        .execute(c))?;
    }
    Ok(())
}

/// Ends planned ones unsent. What was to travel as part of them is planned again by itself: the
/// others' pages are not lost with the one that is no longer wanted.
///
/// # Errors
/// Those of the writes.
pub fn cancel(conn: &mut Conn, ids: &[NotificationId], why: &str) -> Result<(), Error> {
    for chunk in ids.chunks(CHUNK) {
        db!(conn, |c| diesel::update(
            t::table.filter(t::id.eq_any(chunk))
        )
        .set((
            t::state.eq(NotificationState::Cancelled),
            t::last_error.eq(why)
        ))
        .execute(c))?;
        db!(conn, |c| diesel::update(
            t::table.filter(t::bundle_id.eq_any(chunk))
        )
        .filter(t::state.eq(NotificationState::Bundled))
        .set((
            t::state.eq(NotificationState::Planned),
            t::bundle_id.eq(None::<NotificationId>),
        ))
        .execute(c))?;
    }
    Ok(())
}

/// They travel as part of `lead` from `now` on, and so does whatever was to travel as part of them.
///
/// # Errors
/// Those of the writes.
pub fn bundle_into(
    conn: &mut Conn,
    ids: &[NotificationId],
    lead: NotificationId,
    now: Timestamp,
) -> Result<(), Error> {
    for chunk in ids.chunks(CHUNK) {
        db!(conn, |c| diesel::update(
            t::table.filter(t::id.eq_any(chunk))
        )
        .set((
            t::state.eq(NotificationState::Bundled),
            t::bundle_id.eq(lead)
        ))
        .execute(c))?;
        db!(conn, |c| diesel::update(
            t::table
                .filter(t::bundle_id.eq_any(chunk))
                .filter(t::state.eq(NotificationState::Bundled))
        )
        .set(t::bundle_id.eq(lead))
        .execute(c))?;
    }
    super::waits(conn, ids, now)
}

/// Those that travelled as part of `lead`.
///
/// # Errors
/// Those of the read.
pub fn bundled_in(conn: &mut Conn, lead: NotificationId) -> Result<Vec<Notification>, Error> {
    db!(conn, |c| t::table
        .filter(t::bundle_id.eq(lead))
        .order(t::id)
        .select(Notification::as_select())
        .load(c))
}

/// When the newest message like this one began to leave, if that was within `window`: the begin of
/// the bundling window (PAGING.md §6.4). Like: to the same person and address, of the same kind and
/// urgency. A message on its way counts, or a burst would leave one by one. Its first attempt
/// counts, not the one that succeeded: old messages that are tried again would hold up new ones for
/// as long as their provider is unwell.
///
/// # Errors
/// Those of the read.
pub fn last_sent(
    conn: &mut Conn,
    like: &Notification,
    now: Timestamp,
    window: Span,
) -> Result<Option<Timestamp>, Error> {
    let taken: Option<Timestamp> = db!(conn, |c| t::table
        .filter(t::user_id.eq(like.user_id))
        .filter(t::channel.eq(like.channel))
        .filter(t::address.eq(&like.address))
        .filter(t::accepted_at.gt(now - window))
        .filter(t::urgency.eq(like.urgency))
        .filter(t::kind.eq(like.kind))
        .select(max(t::first_attempt_at))
        .first(c))?;
    let on_its_way: Option<Timestamp> = db!(conn, |c| t::table
        .filter(IsSending)
        .filter(t::user_id.eq(like.user_id))
        .filter(t::channel.eq(like.channel))
        .filter(t::address.eq(&like.address))
        .filter(t::first_attempt_at.gt(now - window))
        .filter(t::urgency.eq(like.urgency))
        .filter(t::kind.eq(like.kind))
        .select(max(t::first_attempt_at))
        .first(c))?;
    // One that failed and is tried again has begun a window too: if it had not, the next would go
    // at once and begin another, and those that wait would wait again.
    let again: Option<Timestamp> = db!(conn, |c| t::table
        .filter(IsPlanned)
        .filter(t::user_id.eq(like.user_id))
        .filter(t::channel.eq(like.channel))
        .filter(t::address.eq(&like.address))
        .filter(t::first_attempt_at.gt(now - window))
        .filter(t::urgency.eq(like.urgency))
        .filter(t::kind.eq(like.kind))
        .select(max(t::first_attempt_at))
        .first(c))?;
    Ok(taken.max(on_its_way).max(again))
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub struct AttemptEnd {
    pub state: NotificationState,
    /// When it is tried again, if it is planned.
    pub due_at: Timestamp,
    pub provider_id: Option<String>,
    pub error: Option<String>,
    pub accepted_at: Option<Timestamp>,
}

/// What became of the report of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    Written,
    /// A receipt came before the provider's reply: the state stays, what else the reply says is
    /// kept.
    Overtaken,
    /// A newer claim exists, or the notification was ended: nothing is written.
    Refused,
}

/// Writes how an attempt ended, unless a newer claim exists.
///
/// # Errors
/// Those of the write.
pub fn finish_attempt(
    conn: &mut Conn,
    id: NotificationId,
    fence: i64,
    end: &AttemptEnd,
) -> Result<Finish, Error> {
    // Planned: the lease ran out, but nobody has claimed it anew.
    let open = [NotificationState::Sending, NotificationState::Planned];
    let rows = db!(conn, |c| diesel::update(t::table.find(id))
        .filter(t::fence.eq(fence))
        .filter(t::state.eq_any(open))
        .set((
            t::state.eq(end.state),
            t::due_at.eq(end.due_at),
            t::provider_id.eq(end.provider_id.as_ref()),
            t::last_error.eq(end.error.as_ref()),
            t::accepted_at.eq(end.accepted_at),
            t::claimed_by.eq(None::<String>),
            t::lease_until.eq(None::<Timestamp>),
        ))
        .execute(c))?;
    if rows == 1 {
        return Ok(Finish::Written);
    }
    let Some(accepted_at) = end.accepted_at else {
        return Ok(Finish::Refused);
    };
    let ahead = [
        NotificationState::Accepted,
        NotificationState::Delivered,
        NotificationState::Answered,
        NotificationState::Failed,
    ];
    let rows = db!(conn, |c| diesel::update(t::table.find(id))
        .filter(t::fence.eq(fence))
        .filter(t::state.eq_any(ahead))
        .filter(t::provider_id.is_null())
        .set((
            t::provider_id.eq(end.provider_id.as_ref()),
            t::accepted_at.eq(accepted_at),
            t::claimed_by.eq(None::<String>),
            t::lease_until.eq(None::<Timestamp>),
        ))
        .execute(c))?;
    Ok(if rows == 1 {
        Finish::Overtaken
    } else {
        Finish::Refused
    })
}

/// Whether the person got, or is about to get, a notice with this subject since `since`.
///
/// # Errors
/// Those of the read.
pub fn noticed_since(
    conn: &mut Conn,
    user: UserId,
    subject: &str,
    since: Timestamp,
) -> Result<bool, Error> {
    db!(conn, |c| diesel::select(diesel::dsl::exists(
        t::table
            .filter(t::user_id.eq(user))
            .filter(t::kind.eq(NotificationKind::Notice))
            .filter(t::created_at.ge(since))
            .filter(t::subject.eq(subject))
    ))
    .get_result(c))
}
