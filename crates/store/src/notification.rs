//! The outbox: notifications, how they are claimed and sent, and what providers say afterwards.

use diesel::prelude::*;
use domain::word::{ContactKind, NotificationKind, NotificationState, PagingState, Urgency};
use domain::{
    ContactMethodId, IncidentId, NotificationId, PageId, ReceiptId, Span, Timestamp, UserId,
};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::{
    inbound_message, incident, notification, receipt, reply_code, unknown_reply,
};

/// One message to one contact method. Its id is also its idempotency key at providers and part of
/// its Message-ID.
#[derive(Queryable, Selectable, Insertable, Clone, Debug, PartialEq, Eq)]
#[diesel(table_name = notification, treat_none_as_default_value = false)]
pub struct Notification {
    pub id: NotificationId,
    pub kind: NotificationKind,
    pub state: NotificationState,
    pub user_id: Option<UserId>,
    pub method_id: Option<ContactMethodId>,
    pub channel: ContactKind,
    pub address: String,
    pub urgency: Urgency,
    pub incident_id: Option<IncidentId>,
    pub page_id: Option<PageId>,
    /// The notification that carried this one.
    pub bundle_id: Option<NotificationId>,
    pub reply_code: Option<String>,
    /// What was sent; of a planned page empty until it is written at the moment of sending.
    pub subject: String,
    pub body: String,
    pub created_at: Timestamp,
    pub due_at: Timestamp,
    pub attempts: i64,
    pub first_attempt_at: Option<Timestamp>,
    pub claimed_by: Option<String>,
    pub lease_until: Option<Timestamp>,
    pub fence: i64,
    pub provider_id: Option<String>,
    pub last_error: Option<String>,
    pub accepted_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
}

impl Notification {
    /// A planned one; the rest is filled in as it goes its way.
    pub fn planned(
        id: NotificationId,
        kind: NotificationKind,
        channel: ContactKind,
        address: String,
        urgency: Urgency,
        now: Timestamp,
    ) -> Notification {
        Notification {
            id,
            kind,
            state: NotificationState::Planned,
            user_id: None,
            method_id: None,
            channel,
            address,
            urgency,
            incident_id: None,
            page_id: None,
            bundle_id: None,
            reply_code: None,
            subject: String::new(),
            body: String::new(),
            created_at: now,
            due_at: now,
            attempts: 0,
            first_attempt_at: None,
            claimed_by: None,
            lease_until: None,
            fence: 0,
            provider_id: None,
            last_error: None,
            accepted_at: None,
            delivered_at: None,
            answered_at: None,
        }
    }
}

const CHUNK: usize = 500;

/// # Errors
/// Those of the write.
pub fn insert(conn: &mut Conn, rows: &[Notification]) -> Result<(), Error> {
    for chunk in rows.chunks(CHUNK) {
        db!(conn, |c| diesel::insert_into(notification::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// # Errors
/// [`Error::NotFound`].
pub fn fetch(conn: &mut Conn, id: NotificationId) -> Result<Notification, Error> {
    db!(conn, |c| notification::table.find(id).select(Notification::as_select()).first(c))
}

/// Takes what is due, oldest first: planned, or left behind by a sender whose lease has run out.
/// Other nodes pass over what this transaction holds.
///
/// # Errors
/// Those of the read.
pub fn take_due(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Notification>, Error> {
    use notification as t;
    let rows: Result<Vec<Notification>, diesel::result::Error> = match conn {
        Conn::Sqlite(c) => t::table
            .filter(t::state.eq(NotificationState::Planned))
            .filter(t::due_at.le(now))
            .order((t::due_at, t::id))
            .limit(limit)
            .select(Notification::as_select())
            .load(c),
        Conn::Postgres(c) => t::table
            .filter(t::state.eq(NotificationState::Planned))
            .filter(t::due_at.le(now))
            .order((t::due_at, t::id))
            .limit(limit)
            .for_update()
            .skip_locked()
            .select(Notification::as_select())
            .load(c),
    };
    Ok(rows?)
}

/// Puts back what a sender took and did not finish within its lease: it is sent again, with the
/// same id (PAGING.md §6.6). Returns how many.
///
/// # Errors
/// Those of the write.
pub fn reclaim_expired(conn: &mut Conn, now: Timestamp) -> Result<usize, Error> {
    reclaim(conn, now, now)
}

fn reclaim(conn: &mut Conn, lease_until: Timestamp, now: Timestamp) -> Result<usize, Error> {
    use notification as t;
    db!(conn, |c| diesel::update(t::table)
        .filter(t::state.eq(NotificationState::Sending))
        .filter(t::lease_until.le(lease_until))
        .set((
            t::state.eq(NotificationState::Planned),
            t::claimed_by.eq(None::<String>),
            t::lease_until.eq(None::<Timestamp>),
            t::due_at.eq(now),
        ))
        .execute(c))
}

/// As [`reclaim_expired`], whatever the leases say.
///
/// # Errors
/// Those of the write.
pub fn reclaim_all(conn: &mut Conn, now: Timestamp) -> Result<usize, Error> {
    reclaim(conn, Timestamp(i64::MAX), now)
}

/// When the next lease runs out, if anything is being sent.
///
/// # Errors
/// Those of the read.
pub fn next_lease_end(conn: &mut Conn) -> Result<Option<Timestamp>, Error> {
    use notification as t;
    db!(conn, |c| t::table
        .filter(t::state.eq(NotificationState::Sending))
        .select(diesel::dsl::min(t::lease_until))
        .first(c))
}

/// When the next planned notification is due.
///
/// # Errors
/// Those of the read.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, Error> {
    use notification as t;
    db!(conn, |c| t::table
        .filter(t::state.eq(NotificationState::Planned))
        .select(diesel::dsl::min(t::due_at))
        .first(c))
}

/// Claims one for sending: `sending`, with a lease and a higher fence.
///
/// # Errors
/// Those of the write.
pub fn claim(conn: &mut Conn, claimed: &Notification) -> Result<(), Error> {
    use notification as t;
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

/// Moves planned ones to a later time, or ends them (`cancelled`, `bundled`).
///
/// # Errors
/// Those of the write.
pub fn put_off(conn: &mut Conn, ids: &[NotificationId], until: Timestamp) -> Result<(), Error> {
    use notification as t;
    for chunk in ids.chunks(CHUNK) {
        db!(conn, |c| diesel::update(t::table.filter(t::id.eq_any(chunk)))
            .set(t::due_at.eq(until))
            .execute(c))?;
    }
    Ok(())
}

/// # Errors
/// Those of the write.
pub fn cancel(conn: &mut Conn, ids: &[NotificationId], why: &str) -> Result<(), Error> {
    use notification as t;
    for chunk in ids.chunks(CHUNK) {
        db!(conn, |c| diesel::update(t::table.filter(t::id.eq_any(chunk)))
            .set((t::state.eq(NotificationState::Cancelled), t::last_error.eq(why)))
            .execute(c))?;
    }
    Ok(())
}

/// They travel as part of `lead`.
///
/// # Errors
/// Those of the write.
pub fn bundle_into(
    conn: &mut Conn,
    ids: &[NotificationId],
    lead: NotificationId,
) -> Result<(), Error> {
    use notification as t;
    for chunk in ids.chunks(CHUNK) {
        db!(conn, |c| diesel::update(t::table.filter(t::id.eq_any(chunk)))
            .set((t::state.eq(NotificationState::Bundled), t::bundle_id.eq(lead)))
            .execute(c))?;
    }
    Ok(())
}

/// Those that travelled as part of `lead`.
///
/// # Errors
/// Those of the read.
pub fn bundled_in(
    conn: &mut Conn,
    lead: NotificationId,
) -> Result<Vec<Notification>, Error> {
    use notification as t;
    db!(conn, |c| t::table
        .filter(t::bundle_id.eq(lead))
        .order(t::id)
        .select(Notification::as_select())
        .load(c))
}

/// Cancels what has not left yet for an incident (PAGING.md §6.3). Returns how many.
///
/// # Errors
/// Those of the write.
pub fn cancel_pages_of(conn: &mut Conn, id: IncidentId, why: &str) -> Result<usize, Error> {
    use notification as t;
    db!(conn, |c| diesel::update(t::table)
        .filter(t::incident_id.eq(id))
        .filter(t::kind.eq(NotificationKind::Page))
        .filter(t::state.eq(NotificationState::Planned))
        .set((t::state.eq(NotificationState::Cancelled), t::last_error.eq(why)))
        .execute(c))
}

/// By which methods pages of an incident have left or are leaving, oldest first.
///
/// # Errors
/// Those of the read.
pub fn sent_methods(
    conn: &mut Conn,
    id: IncidentId,
) -> Result<Vec<(UserId, ContactMethodId, ContactKind)>, Error> {
    use notification as t;
    type Row = (Option<UserId>, Option<ContactMethodId>, ContactKind);
    let rows: Vec<Row> = db!(conn, |c| t::table
        .filter(t::incident_id.eq(id))
        .filter(t::kind.eq(NotificationKind::Page))
        .filter(t::attempts.gt(0))
        .order(t::id)
        .select((t::user_id, t::method_id, t::channel))
        .load(c))?;
    Ok(rows.into_iter().filter_map(|(user, method, kind)| Some((user?, method?, kind))).collect())
}

/// Writes how an attempt ended, unless a newer claim exists. Returns whether it was written.
///
/// # Errors
/// Those of the write.
pub fn finish_attempt(
    conn: &mut Conn,
    id: NotificationId,
    fence: i64,
    end: &AttemptEnd,
) -> Result<bool, Error> {
    use notification as t;
    let rows = db!(conn, |c| {
        // A receipt may have come before the provider's reply: it is not moved back.
        let target = t::table.filter(t::id.eq(id)).filter(t::fence.eq(fence)).filter(
            t::state.eq_any([NotificationState::Sending, NotificationState::Planned]),
        );
        diesel::update(target)
            .set((
                t::state.eq(end.state),
                t::due_at.eq(end.due_at),
                t::provider_id.eq(end.provider_id.as_ref()),
                t::last_error.eq(end.error.as_ref()),
                t::accepted_at.eq(end.accepted_at),
                t::claimed_by.eq(None::<String>),
                t::lease_until.eq(None::<Timestamp>),
            ))
            .execute(c)
    })?;
    Ok(rows == 1)
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

/// The person's other planned notifications of the same page are due now (PAGING.md §6.5: the
/// first failure starts the next method at once). Only the one next in turn moves.
///
/// # Errors
/// Those of the write.
pub fn hasten_next(conn: &mut Conn, page: PageId, now: Timestamp) -> Result<(), Error> {
    use notification as t;
    let next: Option<NotificationId> = db!(conn, |c| t::table
        .filter(t::page_id.eq(page))
        .filter(t::state.eq(NotificationState::Planned))
        .filter(t::attempts.eq(0))
        .filter(t::due_at.gt(now))
        .order((t::due_at, t::id))
        .select(t::id)
        .first(c)
        .optional())?;
    if let Some(id) = next {
        put_off(conn, &[id], now)?;
    }
    Ok(())
}

/// When a page to this address of this person last left within `window`, for bundling: the time of
/// the first of the bundle window.
///
/// # Errors
/// Those of the read.
pub fn last_sent(
    conn: &mut Conn,
    like: &Notification,
    now: Timestamp,
    window: Span,
) -> Result<Option<Timestamp>, Error> {
    use notification as t;
    db!(conn, |c| t::table
        .filter(t::user_id.eq(like.user_id))
        .filter(t::channel.eq(like.channel))
        .filter(t::address.eq(&like.address))
        .filter(t::accepted_at.gt(now - window))
        .filter(t::urgency.eq(like.urgency))
        .filter(t::kind.eq(like.kind))
        .select(diesel::dsl::max(t::accepted_at))
        .first(c))
}

/// Records a delivery state, forward only: the caller has asked `domain::notification::advance`.
///
/// # Errors
/// Those of the write.
pub fn set_state(
    conn: &mut Conn,
    id: NotificationId,
    state: NotificationState,
    now: Timestamp,
    error: Option<&str>,
) -> Result<(), Error> {
    use notification as t;
    db!(conn, |c| diesel::update(t::table.find(id)).set(t::state.eq(state)).execute(c))?;
    match state {
        NotificationState::Accepted => {
            db!(conn, |c| diesel::update(t::table.find(id))
                .set(t::accepted_at.eq(now))
                .execute(c))?;
        }
        NotificationState::Delivered => {
            db!(conn, |c| diesel::update(t::table.find(id))
                .set(t::delivered_at.eq(now))
                .execute(c))?;
        }
        NotificationState::Answered => {
            db!(conn, |c| diesel::update(t::table.find(id))
                .set(t::answered_at.eq(now))
                .execute(c))?;
        }
        _ => {}
    }
    if let Some(error) = error {
        db!(conn, |c| diesel::update(t::table.find(id))
            .set(t::last_error.eq(error))
            .execute(c))?;
    }
    Ok(())
}

/// # Errors
/// Those of the read.
pub fn by_provider_id(
    conn: &mut Conn,
    provider_id: &str,
) -> Result<Option<Notification>, Error> {
    db!(conn, |c| notification::table
        .filter(notification::provider_id.eq(provider_id))
        .select(Notification::as_select())
        .first(c)
        .optional())
}

/// Appends what a provider said.
///
/// # Errors
/// Those of the write.
pub fn insert_receipt(
    conn: &mut Conn,
    id: ReceiptId,
    notification_id: NotificationId,
    status: &str,
    error_code: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    db!(conn, |c| diesel::insert_into(receipt::table)
        .values((
            receipt::id.eq(id),
            receipt::notification_id.eq(notification_id),
            receipt::received_at.eq(now),
            receipt::provider_status.eq(status),
            receipt::error_code.eq(error_code),
        ))
        .execute(c))?;
    Ok(())
}

/// How the outbox is narrowed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub states: Vec<NotificationState>,
    pub incident: Option<IncidentId>,
    pub user: Option<UserId>,
    pub channel: Option<ContactKind>,
}

/// Newest first, those with ids below `before`.
///
/// # Errors
/// Those of the read.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    before: Option<NotificationId>,
    limit: i64,
) -> Result<Vec<Notification>, Error> {
    use notification as t;
    db!(conn, |c| {
        let mut query = t::table.select(Notification::as_select()).into_boxed();
        if !filter.states.is_empty() {
            query = query.filter(t::state.eq_any(filter.states.clone()));
        }
        if let Some(incident) = filter.incident {
            query = query.filter(t::incident_id.eq(incident));
        }
        if let Some(user) = filter.user {
            query = query.filter(t::user_id.eq(user));
        }
        if let Some(channel) = filter.channel {
            query = query.filter(t::channel.eq(channel));
        }
        if let Some(before) = before {
            query = query.filter(t::id.lt(before));
        }
        query.order(t::id.desc()).limit(limit).load(c)
    })
}

/// How much waits, and since when the oldest of it has been due; for `/metrics`.
///
/// # Errors
/// Those of the read.
pub fn backlog(conn: &mut Conn, now: Timestamp) -> Result<(i64, Option<Timestamp>), Error> {
    use notification as t;
    db!(conn, |c| t::table
        .filter(t::state.eq(NotificationState::Planned))
        .filter(t::due_at.le(now))
        .select((diesel::dsl::count_star(), diesel::dsl::min(t::due_at)))
        .first(c))
}

/// Codes in use on a phone. Codes whose incidents are all resolved are closed first.
///
/// # Errors
/// Those of the read and write.
pub fn codes_in_use(
    conn: &mut Conn,
    address: &str,
    now: Timestamp,
) -> Result<Vec<String>, Error> {
    use reply_code as r;
    type Row = (NotificationId, String, Option<PagingState>);
    let rows: Vec<Row> = db!(conn, |c| r::table
        .inner_join(notification::table.on(notification::id.eq(r::notification_id)))
        .left_join(
            incident::table.on(incident::id.nullable().eq(notification::incident_id))
        )
        .filter(r::address.eq(address))
        .filter(r::closed_at.is_null())
        .select((r::notification_id, r::code, incident::paging.nullable()))
        .load(c))?;
    let mut used = Vec::new();
    let mut closed = Vec::new();
    for (id, code, paging) in rows {
        if paging.is_none_or(|state| state == PagingState::Resolved)
            && !any_open(conn, id)?
        {
            closed.push(id);
        } else {
            used.push(code);
        }
    }
    for id in closed {
        db!(conn, |c| diesel::update(r::table.find(id)).set(r::closed_at.eq(now)).execute(c))?;
    }
    Ok(used)
}

/// Whether an incident of a bundle is still open.
fn any_open(conn: &mut Conn, lead: NotificationId) -> Result<bool, Error> {
    db!(conn, |c| diesel::select(diesel::dsl::exists(
        notification::table
            .inner_join(
                incident::table.on(incident::id.nullable().eq(notification::incident_id))
            )
            .filter(notification::bundle_id.eq(lead))
            .filter(incident::paging.ne(PagingState::Resolved))
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
/// that a late answer gets a helpful reply. Without a code the phone's newest.
///
/// # Errors
/// Those of the read.
pub fn by_code(
    conn: &mut Conn,
    address: &str,
    code: Option<&str>,
) -> Result<Option<Notification>, Error> {
    use reply_code as r;
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
        .values((u::address.eq(address), u::answers.eq(answers), u::last_at.eq(now)))
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
        .values((m::provider_id.eq(provider_id), m::received_at.eq(now), m::reply.eq(reply)))
        .execute(c))?;
    Ok(())
}
