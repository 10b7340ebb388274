//! The outbox: notifications, how they are claimed and sent, and what providers say afterwards.

mod claim;
mod page;
mod wait;

use claim::IsPlanned;
use diesel::prelude::*;
use domain::notification::Medium;
use domain::word::{ContactKind, NotificationKind, NotificationState, Urgency};
use domain::{
    ChannelId, ContactMethodId, IncidentId, NotificationId, PageId, ReceiptId, Timestamp, UserId,
};

pub use claim::{
    AttemptEnd, Finish, bundle_into, bundled_in, cancel, claim, finish_attempt, hold_address,
    last_sent, next_due, next_lease_end, noticed_since, put_off, reclaim_all, reclaim_expired,
    renew_lease, take_due, take_due_like,
};
pub use page::{cancel_page, cancel_pages_of, pages_to};
pub use wait::{hold, leave_early, waiting_since, waits};

use crate::conn::{Conn, insert_all};
use crate::db;
use crate::error::Error;
use crate::schema::{notification, receipt};

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
    /// What it travels by.
    pub channel: Medium,
    /// Of a post it names the place without what is secret.
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
    /// Since when it has waited for others, or travelled as part of one (PAGING.md §6.4).
    pub waits_since: Option<Timestamp>,
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
    /// Of a post: which channel is told.
    pub channel_id: Option<ChannelId>,
}

impl Notification {
    /// A planned one; the rest is filled in as it goes its way.
    pub fn planned(
        id: NotificationId,
        kind: NotificationKind,
        channel: impl Into<Medium>,
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
            channel: channel.into(),
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
            waits_since: None,
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
            channel_id: None,
        }
    }
}

const CHUNK: usize = 500;

/// # Errors
/// Those of the write.
pub fn insert(conn: &mut Conn, rows: &[Notification]) -> Result<(), Error> {
    insert_all!(conn, notification::table, rows);
    Ok(())
}

/// # Errors
/// [`Error::NotFound`].
pub fn fetch(conn: &mut Conn, id: NotificationId) -> Result<Notification, Error> {
    db!(conn, |c| notification::table
        .find(id)
        .select(Notification::as_select())
        .first(c))
}

/// Reads it and keeps others from changing it until the transaction ends.
///
/// # Errors
/// [`Error::NotFound`].
pub fn lock(conn: &mut Conn, id: NotificationId) -> Result<Notification, Error> {
    let row: Result<Notification, diesel::result::Error> = match conn {
        Conn::Sqlite(c) => notification::table
            .find(id)
            .select(Notification::as_select())
            .first(c),
        Conn::Postgres(c) => notification::table
            .find(id)
            .for_no_key_update()
            .select(Notification::as_select())
            .first(c),
    };
    Ok(row?)
}

/// All notifications of a page, oldest first.
///
/// # Errors
/// Those of the read.
pub fn of_page(conn: &mut Conn, page: PageId) -> Result<Vec<Notification>, Error> {
    db!(conn, |c| notification::table
        .filter(notification::page_id.eq(page))
        .order(notification::id)
        .select(Notification::as_select())
        .load(c))
}

/// By which methods pages of an incident have left or are leaving, by themselves or as part of
/// another message, oldest first.
///
/// # Errors
/// Those of the read.
pub fn sent_methods(
    conn: &mut Conn,
    id: IncidentId,
) -> Result<Vec<(UserId, ContactMethodId, ContactKind)>, Error> {
    use notification as t;
    type Row = (Option<UserId>, Option<ContactMethodId>, Medium);
    let rows: Vec<Row> = db!(conn, |c| t::table
        .filter(t::incident_id.eq(id))
        .filter(t::kind.eq(NotificationKind::Page))
        .filter(
            t::attempts
                .gt(0)
                .or(t::state.eq(NotificationState::Bundled))
        )
        .order(t::id)
        .select((t::user_id, t::method_id, t::channel))
        .load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(user, method, medium)| Some((user?, method?, medium.contact()?)))
        .collect())
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
    db!(conn, |c| diesel::update(t::table.find(id))
        .set(t::state.eq(state))
        .execute(c))?;
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
pub fn by_provider_id(conn: &mut Conn, provider_id: &str) -> Result<Option<Notification>, Error> {
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
    pub channel: Option<Medium>,
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
        .filter(IsPlanned)
        .filter(t::due_at.le(now))
        .select((diesel::dsl::count_star(), diesel::dsl::min(t::due_at)))
        .first(c))
}
