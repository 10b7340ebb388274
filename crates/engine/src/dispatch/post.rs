//! Posts to channels: whether one may leave now, what leaves, and what follows from how it went.

use channels::post::Parcel;
use channels::{Message, Secret};
use domain::channel::{self, Channel, ChannelEvent, ChannelKind, Post};
use domain::directory::Directory;
use domain::incident::Actor;
use domain::notification::{AttemptDecision, Next};
use domain::word::EntryKind;
use domain::{NotificationId, Timestamp};
use store::notification::Notification;
use store::{Change, Tx};

use super::LEASE;
use super::finish::tell_admins;
use crate::message::Sender;
use crate::{Error, record};

/// What leaves the house.
#[derive(Clone, Debug)]
pub(crate) enum Outgoing {
    /// By the provider of a kind of contact method.
    Message(Message),
    /// To an address of a channel.
    Parcel(Parcel),
}

/// What a post says, if it may leave now. One whose channel is gone or switched off is cancelled;
/// one that another about the same incident is before waits for that: a channel is told everything,
/// and in order.
pub(super) fn wanted(
    tx: &mut Tx<'_>,
    row: &Notification,
    now: Timestamp,
) -> Result<Option<Post>, Error> {
    let directory = tx.directory()?;
    let post: Option<Post> = serde_json::from_str(&row.body).ok();
    let channel = row.channel_id.and_then(|id| directory.channel(id));
    let why = match (&post, channel) {
        (None, _) => Some("another version of Quarterdeck has written it"),
        (_, None) => Some("the channel was removed before it was sent"),
        (Some(post), Some(channel)) if !channel.enabled && post.event != ChannelEvent::Test => {
            Some("the channel was switched off before it was sent")
        }
        _ => None,
    };
    if let Some(why) = why {
        store::notification::cancel(tx, &[row.id], why)?;
        store::channel::release_next(tx, row, now)?;
        tx.changed(Change::Outbox);
        return Ok(None);
    }
    if row.incident_id.is_some()
        && let Some(earlier) = store::channel::before(tx, row)?
    {
        // Its end lets this one go; the time bounds what a lost sender costs.
        let until = earlier.due_at.max(now + LEASE);
        store::notification::put_off(tx, &[row.id], until)?;
        return Ok(None);
    }
    Ok(post)
}

/// A post in the words of its channel.
pub(crate) fn ready(
    sender: &Sender,
    id: NotificationId,
    post: &Post,
    channel: &Channel,
    now: Timestamp,
) -> Outgoing {
    let url = format!("{}{}", sender.public_url, post.path());
    let body = match channel.kind {
        ChannelKind::Email => {
            let mail = channel::mail(post, &url);
            return Outgoing::Message(Message {
                notification_id: id,
                to: channel.address.reveal().to_owned(),
                subject: mail.subject,
                text: mail.text,
                html: None,
                thread: post
                    .incident
                    .as_ref()
                    .map(|incident| format!("incident-{}", incident.number)),
                critical: false,
                reply_to: None,
                list: None,
            });
        }
        ChannelKind::Webhook => channel::webhook(post, &url),
        ChannelKind::Slack => channel::slack(post, &url),
        ChannelKind::Teams => channel::teams(post, &url),
    };
    let secrets = match channel.kind.signs() {
        true => channel.secrets_at(now),
        false => Vec::new(),
    };
    Outgoing::Parcel(Parcel {
        notification_id: id,
        url: Secret::new(channel.address.reveal()),
        body: body.to_string(),
        secrets: secrets
            .into_iter()
            .map(|one| Secret::new(one.reveal()))
            .collect(),
        at: now,
    })
}

/// What a post says for people, wherever it went.
pub fn text_of(row: &Notification, public_url: &str) -> Option<channel::Rendered> {
    let post: Post = serde_json::from_str(&row.body).ok()?;
    let url = format!("{public_url}{}", post.path());
    Some(channel::mail(&post, &url))
}

/// What follows from the end of an attempt: the next post in line goes, the channel is marked or
/// switched off, and the incident says how it went.
pub(super) fn finish(
    tx: &mut Tx<'_>,
    row: &Notification,
    decision: &AttemptDecision,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    let over = !matches!(decision.next, Next::RetryAt(_));
    if over && store::channel::release_next(tx, row, now)? {
        tx.changed(Change::Outbox);
    }
    let directory = tx.directory()?;
    let channel = row.channel_id.and_then(|id| directory.channel(id));
    if let Some(channel) = channel {
        mark(tx, channel, decision, error, now)?;
    }
    let name = row
        .channel_id
        .map_or("a channel", |id| directory.channel_name(id));
    note_on_timeline(tx, row, name, &directory, &decision.next, error, now)
}

fn mark(
    tx: &mut Tx<'_>,
    channel: &Channel,
    decision: &AttemptDecision,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    let mut edited = channel.clone();
    let name = &channel.name;
    let reason = error.unwrap_or("refused");
    match decision.next {
        Next::Accepted => edited.trouble = None,
        Next::RetryAt(_) => return Ok(()),
        Next::GiveUp => edited.trouble = Some(reason.to_owned()),
    }
    if decision.mark_method_broken && channel.enabled {
        edited.enabled = false;
        let subject = format!("Channel {name} is switched off");
        let body = format!(
            "The receiver of channel {name} wants no more posts ({reason}). It is told nothing \
             until somebody switches it on again."
        );
        tell_admins(tx, &subject, &body, None, |_| true, now)?;
    } else if decision.next == Next::GiveUp {
        let subject = format!("Channel {name} could not be told");
        let body = format!("A post to channel {name} was given up: {reason}. The outbox shows it.");
        tell_admins(tx, &subject, &body, None, |_| true, now)?;
    }
    if edited != *channel {
        store::channel::update(tx, &edited)?;
    }
    Ok(())
}

fn note_on_timeline(
    tx: &mut Tx<'_>,
    row: &Notification,
    name: &str,
    directory: &Directory,
    next: &Next,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(incident) = row.incident_id else {
        return Ok(());
    };
    let post: Option<Post> = serde_json::from_str(&row.body).ok();
    let of = match post.map(|post| post.event) {
        Some(ChannelEvent::Acknowledged) => " of the acknowledgement",
        Some(ChannelEvent::Resolved) => " of the end",
        _ => "",
    };
    let reason = error.unwrap_or("refused");
    let (kind, text) = match next {
        Next::Accepted => (
            EntryKind::NotificationSent,
            format!("Channel {name} was told{of}"),
        ),
        Next::GiveUp => (
            EntryKind::NotificationFailed,
            format!("Channel {name} could not be told{of}: {reason}"),
        ),
        Next::RetryAt(_) if row.attempts == 1 => (
            EntryKind::NotificationFailed,
            format!("Telling channel {name}{of} failed and is tried again: {reason}"),
        ),
        Next::RetryAt(_) => return Ok(()),
    };
    let channel = row.channel_id.and_then(|id| directory.channel(id));
    let details = serde_json::json!({
        "notification_id": row.id,
        "channel_id": row.channel_id,
        "channel": channel.map(|channel| &channel.slug),
    });
    record::entry(tx, incident, Actor::SYSTEM, kind, &text, &details, now)
}
