//! What the outbox proves: when a contact method was last reached, and how a channel fares.

use diesel::prelude::*;
use domain::notification::Medium;
use domain::word::{ContactKind, NotificationState};
use domain::{ContactMethodId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::notification;

/// When a message to each of the person's methods was last delivered or answered. Methods without
/// such a message are left out.
///
/// # Errors
/// Those of the read.
pub fn of_methods(
    conn: &mut Conn,
    user: UserId,
) -> Result<Vec<(ContactMethodId, Timestamp)>, Error> {
    use notification as t;
    type Row = (
        Option<ContactMethodId>,
        Option<Timestamp>,
        Option<Timestamp>,
    );
    let rows: Vec<Row> = db!(conn, |c| t::table
        .filter(t::user_id.eq(user))
        .filter(t::method_id.is_not_null())
        .group_by(t::method_id)
        .select((
            t::method_id,
            diesel::dsl::max(t::delivered_at),
            diesel::dsl::max(t::answered_at),
        ))
        .load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(method, delivered, answered)| Some((method?, delivered.max(answered)?)))
        .collect())
}

/// How a channel fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelProof {
    /// When its provider last took a message.
    pub accepted_at: Option<Timestamp>,
    /// When an attempt last failed (as its message was due), and why.
    pub failed: Option<(Timestamp, String)>,
}

/// # Errors
/// Those of the read.
pub fn of_channel(conn: &mut Conn, channel: ContactKind) -> Result<ChannelProof, Error> {
    use notification as t;
    let accepted_at: Option<Timestamp> = db!(conn, |c| t::table
        .filter(t::channel.eq(Medium::from(channel)))
        .select(diesel::dsl::max(t::accepted_at))
        .first(c))?;
    let failed: Option<(Timestamp, Option<String>)> = db!(conn, |c| t::table
        .filter(t::channel.eq(Medium::from(channel)))
        .filter(t::attempts.gt(0))
        .filter(t::state.eq_any([NotificationState::Failed, NotificationState::Planned]))
        .filter(t::last_error.is_not_null())
        .order(t::id.desc())
        .select((t::created_at, t::last_error))
        .first(c)
        .optional())?;
    Ok(ChannelProof {
        accepted_at,
        failed: failed.and_then(|(at, why)| Some((at, why?))),
    })
}
