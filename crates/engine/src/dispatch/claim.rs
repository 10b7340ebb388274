//! Takes what is due, ends what is no longer wanted, bundles what belongs together and claims the
//! rest.

use std::collections::{BTreeMap, BTreeSet};

use domain::channel::Post;
use domain::directory::Directory;
use domain::escalation::Reason;
use domain::incident::Incident;
use domain::incident::responder::Responder;
use domain::notification::{self, BUNDLE_WINDOW, Bundle, Medium, Recheck, still_wanted};
use domain::word::{ContactKind, NotificationKind, NotificationState, ResponderState, Urgency};
use domain::{IncidentId, NotificationId, Timestamp, UserId};
use store::Tx;
use store::escalation::Page;
use store::notification::Notification;

use super::finish::{let_others_go, next_method};
use super::post::{self, Outgoing};
use super::{Claimed, LEASE};
use crate::Error;
use crate::chance::Chance;
use crate::message::Sender;

/// Most notifications that one message stands for; what is beyond goes with the next one.
const BUNDLE_MAX: i64 = 1_000;

/// What came of looking at what is due.
pub(super) struct Claims {
    /// How many were looked at; 0 when other nodes have all of them.
    pub(super) taken: usize,
    pub(super) messages: Vec<Claimed>,
}

/// A notification with what its message is made of.
struct Due {
    row: Notification,
    incident: Option<Incident>,
    reason: Option<Reason>,
    /// The person's answer is awaited.
    request: Option<Responder>,
    /// What a channel is told.
    post: Option<Post>,
}

/// What travels together: the same person, address, urgency and kind. The last part is the row's
/// own id where it travels alone.
type Key = (
    Option<UserId>,
    Medium,
    String,
    Urgency,
    NotificationKind,
    i64,
);

pub(super) fn claim_in_txn(
    tx: &mut Tx<'_>,
    node: &str,
    sender: &Sender,
    chance: &dyn Chance,
    own: &[NotificationId],
    now: Timestamp,
    limit: i64,
) -> Result<Claims, Error> {
    let back = store::notification::reclaim_expired(tx, own, now)?;
    if back > 0 {
        tracing::info!(messages = back, "sending again what a sender left behind");
    }
    let due = store::notification::take_due(tx, now, limit)?;
    let taken = due.len();
    let mut bundles: BTreeMap<Key, Vec<Due>> = BTreeMap::new();
    for row in due {
        if let Some(due) = wanted(tx, row, now)? {
            bundles.entry(key(&due)).or_default().push(due);
        }
    }
    let mut messages = Vec::new();
    for (_, members) in bundles {
        messages.extend(claim_one(tx, members, node, sender, chance, now)?);
    }
    Ok(Claims { taken, messages })
}

/// Looks again at the instant of sending (PAGING.md §6.3); what is not wanted is cancelled.
fn wanted(tx: &mut Tx<'_>, row: Notification, now: Timestamp) -> Result<Option<Due>, Error> {
    if row.kind == NotificationKind::Post {
        let post = post::wanted(tx, &row, now)?;
        return Ok(post.map(|post| Due {
            row,
            incident: None,
            reason: None,
            request: None,
            post: Some(post),
        }));
    }
    let incident = row
        .incident_id
        .map(|id| store::incident::fetch(tx, id))
        .transpose()?;
    let page = row
        .page_id
        .map(|id| store::escalation::page(tx, id))
        .transpose()?;
    let request = match (&page, &incident) {
        (Some(page), Some(incident)) => store::responder::newest(tx, incident.id, page.user_id)?,
        _ => None,
    };
    let directory = tx.directory()?;
    let why = match (
        answered(&row, incident.as_ref(), page.as_ref(), request.as_ref()),
        gone(&row, &directory),
    ) {
        (true, _) => "answered before it was sent",
        (false, Some(why)) => why,
        (false, None) => {
            let reason = page.and_then(|page| serde_json::from_str(&page.reason).ok());
            return Ok(Some(Due {
                row,
                incident,
                reason,
                request: request.filter(|one| one.state == ResponderState::Asked),
                post: None,
            }));
        }
    };
    store::notification::cancel(tx, &[row.id], why)?;
    let_others_go(tx, &row, now)?;
    if why != "answered before it was sent"
        && let Some(page) = row.page_id
    {
        next_method(tx, &row, page, now)?;
    }
    Ok(None)
}

fn answered(
    row: &Notification,
    incident: Option<&Incident>,
    page: Option<&Page>,
    request: Option<&Responder>,
) -> bool {
    let (Some(incident), Some(page)) = (incident, page) else {
        return false;
    };
    let check = Recheck::of(row.kind, page.cause, page.created_at, incident);
    !still_wanted(&check.with_request(request))
}

/// Why the person or the method is not to be used any more.
fn gone(row: &Notification, directory: &Directory) -> Option<&'static str> {
    notification::gone(row.kind, row.user_id, row.method_id, directory)
}

fn may_travel(row: &Notification) -> bool {
    notification::may_travel(row.kind, row.attempts, row.incident_id.is_some())
}

fn key(due: &Due) -> Key {
    let row = &due.row;
    let bundled = may_travel(row);
    (
        row.user_id,
        row.channel,
        row.address.clone(),
        row.urgency,
        row.kind,
        if bundled { 0 } else { row.id.0 },
    )
}

/// Claims one message, which stands for all `members`; nothing while the bundling window of an
/// earlier one is open (PAGING.md §6.4).
fn claim_one(
    tx: &mut Tx<'_>,
    mut members: Vec<Due>,
    node: &str,
    sender: &Sender,
    chance: &dyn Chance,
    now: Timestamp,
) -> Result<Option<Claimed>, Error> {
    let directory = tx.directory()?;
    let directory = &*directory;
    let Due {
        row: mut lead,
        incident,
        reason,
        request,
        post,
    } = members.remove(0);
    store::notification::hold_address(tx, lead.channel, &lead.address)?;
    let fresh = lead.attempts == 0;
    if may_travel(&lead) {
        let last = store::notification::last_sent(tx, &lead, now, BUNDLE_WINDOW)?;
        let known: Vec<NotificationId> = std::iter::once(lead.id)
            .chain(members.iter().map(|due| due.row.id))
            .collect();
        // As it stands now: one that this claim has cancelled may have left its wait to another.
        let waits_since = match last {
            Some(_) => store::notification::waiting_since(tx, &known)?,
            None => None,
        };
        if let Bundle::WaitUntil(until) = notification::bundle(last, waits_since, now) {
            store::notification::hold(tx, &known, until, now)?;
            return Ok(None);
        }
        // What is due for the same person goes along, also what this claim had no room for.
        for row in store::notification::take_due_like(tx, &lead, &known, now, BUNDLE_MAX)? {
            members.extend(wanted(tx, row, now)?);
        }
    }
    let ids: Vec<NotificationId> = members.iter().map(|due| due.row.id).collect();
    store::notification::bundle_into(tx, &ids, lead.id, now)?;
    let carried = if fresh {
        members
    } else {
        carried(tx, lead.id)?
    };
    let page = lead.kind == NotificationKind::Page;
    if page && lead.channel == ContactKind::Sms && lead.reply_code.is_none() {
        lead.reply_code = Some(new_code(tx, &lead, chance, now)?);
    }
    lead.state = NotificationState::Sending;
    lead.claimed_by = Some(node.to_owned());
    lead.lease_until = Some(now + LEASE);
    lead.fence += 1;
    lead.attempts += 1;
    lead.first_attempt_at.get_or_insert(now);
    let channel = lead.channel_id.and_then(|id| directory.channel(id));
    let outgoing = if let (Some(post), Some(channel)) = (&post, channel) {
        post::ready(sender, lead.id, post, channel, now)
    } else {
        let message = match (lead.kind, &incident) {
            (NotificationKind::Page, Some(incident)) => {
                let others: BTreeSet<IncidentId> = carried
                    .iter()
                    .filter_map(|due| due.row.incident_id)
                    .filter(|id| *id != incident.id)
                    .collect();
                sender.page(
                    &lead,
                    incident,
                    reason.as_ref(),
                    others.len(),
                    request.as_ref(),
                    directory,
                    now,
                )
            }
            (NotificationKind::Notice, incident) => {
                let others: Vec<(&Notification, &Incident)> = carried
                    .iter()
                    .filter_map(|due| Some((&due.row, due.incident.as_ref()?)))
                    .collect();
                sender.notice(&lead, incident.as_ref(), &others, directory)
            }
            (NotificationKind::Reply, incident) => sender.answer(&lead, incident.as_ref(), now),
            (NotificationKind::Digest, _) => sender.digest(&lead),
            _ => sender.as_written(&lead),
        };
        if page {
            lead.subject.clone_from(&message.subject);
            lead.body.clone_from(&message.text);
        }
        Outgoing::Message(message)
    };
    store::notification::claim(tx, &lead)?;
    Ok(Some(Claimed {
        row: lead,
        outgoing,
    }))
}

/// What a message that is tried again carries.
fn carried(tx: &mut Tx<'_>, lead: NotificationId) -> Result<Vec<Due>, Error> {
    let mut carried = Vec::new();
    for row in store::notification::bundled_in(tx, lead)? {
        let incident = row
            .incident_id
            .map(|id| store::incident::fetch(tx, id))
            .transpose()?;
        carried.push(Due {
            row,
            incident,
            reason: None,
            request: None,
            post: None,
        });
    }
    Ok(carried)
}

/// A reply code that is free on this phone (PAGING.md §6.8).
fn new_code(
    tx: &mut Tx<'_>,
    lead: &Notification,
    chance: &dyn Chance,
    now: Timestamp,
) -> Result<String, Error> {
    let used = store::reply::codes_in_use(tx, &lead.address, now)?;
    let code = notification::code::pick(&used.into_iter().collect(), chance.draw());
    store::reply::insert_code(tx, lead.id, &lead.address, &code, now)?;
    Ok(code)
}
