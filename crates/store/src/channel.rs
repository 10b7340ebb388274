//! Channels, and what they have been told.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use domain::channel::{Channel, ChannelKind, Secret};
use domain::word::{NotificationKind, NotificationState};
use domain::{ChannelId, IncidentId, NotificationId, ScheduleId, TeamId, Timestamp};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::notification::Notification;
use crate::schema::{channel as c, notification as n, schedule_channel as h};
use crate::tx::Tx;

/// # Errors
/// [`Error::Conflict`] when the slug is taken or the team does not exist.
pub fn insert(tx: &mut Tx<'_>, new: &Channel, now: Timestamp) -> Result<(), Error> {
    let (old, until) = old_secret(new);
    db!(tx.conn, |conn| diesel::insert_into(c::table)
        .values((
            c::id.eq(new.id),
            c::slug.eq(&new.slug),
            c::name.eq(&new.name),
            c::description.eq(&new.description),
            c::team_id.eq(new.team_id),
            c::kind.eq(new.kind),
            c::address.eq(new.address.reveal()),
            c::secret.eq(new.secret.as_ref().map(Secret::reveal)),
            c::old_secret.eq(old),
            c::old_secret_until.eq(until),
            c::enabled.eq(new.enabled),
            c::trouble.eq(new.trouble.as_ref()),
            c::created_at.eq(now),
        ))
        .execute(conn))?;
    tx.configured()
}

/// Writes everything that may change.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] when the slug is taken or the team does not exist.
pub fn update(tx: &mut Tx<'_>, edited: &Channel) -> Result<(), Error> {
    let (old, until) = old_secret(edited);
    let changed = db!(tx.conn, |conn| diesel::update(c::table.find(edited.id))
        .set((
            c::slug.eq(&edited.slug),
            c::name.eq(&edited.name),
            c::description.eq(&edited.description),
            c::team_id.eq(edited.team_id),
            c::kind.eq(edited.kind),
            c::address.eq(edited.address.reveal()),
            c::secret.eq(edited.secret.as_ref().map(Secret::reveal)),
            c::old_secret.eq(old),
            c::old_secret_until.eq(until),
            c::enabled.eq(edited.enabled),
            c::trouble.eq(edited.trouble.as_ref()),
        ))
        .execute(conn))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}

fn old_secret(channel: &Channel) -> (Option<&str>, Option<Timestamp>) {
    match &channel.old_secret {
        Some((old, until)) => (Some(old.reveal()), Some(*until)),
        None => (None, None),
    }
}

/// Removes a channel; what it was told stays in the outbox.
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove(tx: &mut Tx<'_>, id: ChannelId) -> Result<(), Error> {
    let removed = db!(tx.conn, |conn| diesel::delete(c::table.find(id))
        .execute(conn))?;
    if removed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}

pub(crate) fn load(conn: &mut Conn) -> Result<BTreeMap<ChannelId, Arc<Channel>>, Error> {
    type Row = (
        ChannelId,
        String,
        String,
        String,
        Option<TeamId>,
        ChannelKind,
        String,
        Option<String>,
        (Option<String>, Option<Timestamp>),
        bool,
        Option<String>,
    );
    let rows: Vec<Row> = db!(conn, |conn| c::table
        .select((
            c::id,
            c::slug,
            c::name,
            c::description,
            c::team_id,
            c::kind,
            c::address,
            c::secret,
            (c::old_secret, c::old_secret_until),
            c::enabled,
            c::trouble,
        ))
        .load(conn))?;
    let channels = rows.into_iter().map(|row| {
        let (id, slug, name, description, team_id, kind, address, secret, old, enabled, trouble) =
            row;
        let channel = Channel {
            id,
            slug,
            name,
            description,
            team_id,
            kind,
            address: Secret::new(address),
            secret: secret.map(Secret::new),
            old_secret: old.0.map(Secret::new).zip(old.1),
            enabled,
            trouble,
        };
        (id, Arc::new(channel))
    });
    Ok(channels.collect())
}

/// The channels that were told of an incident, or are about to be.
///
/// # Errors
/// Those of the read.
pub fn told_of(conn: &mut Conn, incident: IncidentId) -> Result<Vec<ChannelId>, Error> {
    let told: Vec<Option<ChannelId>> = db!(conn, |conn| n::table
        .filter(n::incident_id.eq(incident))
        .filter(n::kind.eq(NotificationKind::Post))
        .filter(n::channel_id.is_not_null())
        .select(n::channel_id)
        .distinct()
        .order(n::channel_id)
        .load(conn))?;
    Ok(told.into_iter().flatten().collect())
}

/// The oldest post about the same incident to the same channel that is before this one and still
/// on its way: posts leave in order.
///
/// # Errors
/// Those of the read.
pub fn before(conn: &mut Conn, post: &Notification) -> Result<Option<Notification>, Error> {
    let open = [NotificationState::Planned, NotificationState::Sending];
    db!(conn, |conn| n::table
        .filter(n::channel_id.eq(post.channel_id))
        .filter(n::incident_id.eq(post.incident_id))
        .filter(n::id.lt(post.id))
        .filter(n::state.eq_any(open))
        .order(n::id)
        .select(Notification::as_select())
        .first(conn)
        .optional())
}

/// Lets the next post after this one leave now, if it waited for it. Returns whether there is one.
///
/// # Errors
/// Those of the reads and the write.
pub fn release_next(conn: &mut Conn, post: &Notification, now: Timestamp) -> Result<bool, Error> {
    let next: Option<NotificationId> = db!(conn, |conn| n::table
        .filter(n::channel_id.eq(post.channel_id))
        .filter(n::incident_id.eq(post.incident_id))
        .filter(n::id.gt(post.id))
        .filter(n::state.eq(NotificationState::Planned))
        .filter(n::attempts.eq(0))
        .order(n::id)
        .select(n::id)
        .first(conn)
        .optional())?;
    let Some(next) = next else { return Ok(false) };
    crate::notification::put_off(conn, &[next], now)?;
    Ok(true)
}

/// What a channel was told last, newest first.
///
/// # Errors
/// Those of the read.
pub fn posts(conn: &mut Conn, id: ChannelId, limit: i64) -> Result<Vec<Notification>, Error> {
    db!(conn, |conn| n::table
        .filter(n::channel_id.eq(id))
        .order(n::id.desc())
        .limit(limit)
        .select(Notification::as_select())
        .load(conn))
}

/// Which channel is told of a schedule's hand-offs; `None`: none is.
///
/// # Errors
/// [`Error::Conflict`] when the schedule or the channel does not exist.
pub fn set_hand_offs(
    tx: &mut Tx<'_>,
    schedule: ScheduleId,
    channel: Option<ChannelId>,
) -> Result<(), Error> {
    db!(tx.conn, |conn| diesel::delete(h::table.find(schedule))
        .execute(conn))?;
    if let Some(channel) = channel {
        db!(tx.conn, |conn| diesel::insert_into(h::table)
            .values((h::schedule_id.eq(schedule), h::channel_id.eq(channel)))
            .execute(conn))?;
    }
    tx.configured()
}

pub(crate) fn hand_offs(conn: &mut Conn) -> Result<BTreeMap<ScheduleId, ChannelId>, Error> {
    let rows: Vec<(ScheduleId, ChannelId)> = db!(conn, |conn| h::table
        .select((h::schedule_id, h::channel_id))
        .load(conn))?;
    Ok(rows.into_iter().collect())
}
