//! What follows from the end of an attempt, and from a provider's later word that a message did
//! not arrive.

use channels::{Failure, Outcome};
use domain::directory::{ContactMethod, User};
use domain::incident::Actor;
use domain::notification::{self, AttemptResult, Next, Sibling, after_attempt};
use domain::word::{AccountRole, EntryKind, NotificationKind, NotificationState, Urgency};
use domain::{ContactMethodId, IncidentId, NotificationId, PageId, Span, Timestamp, UserId};
use store::notification::{AttemptEnd, Finish, Notification};
use store::{Change, Tx};

use super::post;
use crate::{Error, record};

/// Administrators hear of the same trouble once in this time.
const TELL_AGAIN: Span = Span::from_hours(1);

/// Writes down how an attempt ended, and what follows from it.
pub(super) fn finish_in_txn(
    tx: &mut Tx<'_>,
    row: &Notification,
    sent: &Result<Outcome, Failure>,
    jitter: f64,
    now: Timestamp,
) -> Result<(), Error> {
    let result = match sent {
        Ok(_) => AttemptResult::Accepted,
        Err(Failure::Temporary { retry_after, .. }) => AttemptResult::Temporary {
            retry_after: *retry_after,
        },
        Err(Failure::Permanent { method_broken, .. }) => AttemptResult::Permanent {
            method_broken: *method_broken,
        },
        Err(Failure::Misconfigured { .. }) => AttemptResult::Misconfigured,
    };
    let attempts = u32::try_from(row.attempts).unwrap_or(u32::MAX);
    let first = row.first_attempt_at.unwrap_or(now);
    let decision = after_attempt(attempts, first, result, jitter, now);
    let error = sent.as_ref().err().map(Failure::reason);
    let end = AttemptEnd {
        state: match decision.next {
            Next::Accepted => NotificationState::Accepted,
            Next::RetryAt(_) => NotificationState::Planned,
            Next::GiveUp => NotificationState::Failed,
        },
        due_at: match decision.next {
            Next::RetryAt(at) => at,
            _ => row.due_at,
        },
        provider_id: match sent {
            Ok(Outcome::Accepted { provider_id }) => provider_id.clone(),
            Err(_) => None,
        },
        error: error.map(str::to_owned),
        accepted_at: (decision.next == Next::Accepted).then_some(now),
    };
    match store::notification::finish_attempt(tx, row.id, row.fence, &end)? {
        // A newer claim knows more than we do.
        Finish::Refused => return Ok(()),
        Finish::Written | Finish::Overtaken => {}
    }
    if matches!(decision.next, Next::RetryAt(_)) {
        tx.changed(Change::Outbox);
    }
    if row.kind == NotificationKind::Post {
        return post::finish(tx, row, &decision, error, now);
    }
    let reason = error.unwrap_or("refused");
    if decision.mark_method_broken
        && let Some(method) = row.method_id
    {
        break_method(tx, row, method, reason, now)?;
    } else if decision.tell_admins && row.kind == NotificationKind::Page {
        let subject = format!("Quarterdeck cannot send messages by {}", row.channel);
        let body = format!(
            "A page by {} could not be sent: {reason}. The outbox shows the details.",
            row.channel
        );
        let other = |method: &ContactMethod| row.channel != method.kind;
        tell_admins(tx, &subject, &body, row.user_id, other, now)?;
    }
    if decision.next == Next::GiveUp {
        let_others_go(tx, row, now)?;
    }
    if decision.start_next_method_now || decision.next == Next::GiveUp {
        start_next_methods(tx, row, decision.next == Next::GiveUp, now)?;
    }
    note_on_timeline(tx, row, &decision.next, error, now)
}

/// A message that its provider had taken did not arrive: whoever it was for must be reached by
/// other means, now (PAGING.md §6.5). `method_broken` when the address is to blame.
///
/// # Errors
/// Those of the reads and writes.
pub(crate) fn undelivered(
    tx: &mut Tx<'_>,
    row: &Notification,
    method_broken: bool,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    if method_broken && let Some(method) = row.method_id {
        break_method(tx, row, method, reason, now)?;
    }
    start_next_methods(tx, row, true, now)
}

/// For every page that the message stood for. `over`: this message will never arrive, so that some
/// other one must.
fn start_next_methods(
    tx: &mut Tx<'_>,
    row: &Notification,
    over: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let mut rows = vec![row.clone()];
    rows.extend(store::notification::bundled_in(tx, row.id)?);
    for one in rows {
        let Some(page) = one.page_id else { continue };
        if over {
            next_method(tx, &one, page, now)?;
        } else {
            let all = siblings(&store::notification::of_page(tx, page)?);
            hasten(tx, &all, one.waits_since, now)?;
        }
    }
    tx.changed(Change::Outbox);
    Ok(())
}

/// What waits for the window of a message that will not arrive goes now (PAGING.md §6.4), as does
/// what it carried.
///
/// # Errors
/// Those of the write.
pub(crate) fn let_others_go(
    tx: &mut Tx<'_>,
    lead: &Notification,
    now: Timestamp,
) -> Result<(), Error> {
    if let Some(end) = notification::ends_early(lead.first_attempt_at, now) {
        store::notification::leave_early(tx, lead, end, now)?;
    }
    tx.changed(Change::Outbox);
    Ok(())
}

/// The next in turn of a page's messages goes now. What goes takes over since when the one waited
/// that it stands in for.
fn hasten(
    tx: &mut Tx<'_>,
    all: &[Sibling],
    waits_since: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    if let Some(id) = notification::hastened(all, now) {
        store::notification::put_off(tx, &[id], now)?;
    }
    if let Some(since) = waits_since {
        store::notification::waits(tx, &notification::stand_ins(all, now), since)?;
    }
    Ok(())
}

fn siblings(all: &[Notification]) -> Vec<Sibling> {
    all.iter().map(sibling).collect()
}

fn sibling(row: &Notification) -> Sibling {
    Sibling {
        id: row.id,
        state: row.state,
        method_id: row.method_id,
        attempts: row.attempts,
        due_at: row.due_at,
        bundle_id: row.bundle_id,
    }
}

/// This message of a page will never arrive: the next in turn goes now, or whatever else may reach
/// the person.
pub(super) fn next_method(
    tx: &mut Tx<'_>,
    row: &Notification,
    page: PageId,
    now: Timestamp,
) -> Result<(), Error> {
    let all = siblings(&store::notification::of_page(tx, page)?);
    hasten(tx, &all, row.waits_since, now)?;
    let directory = tx.directory()?;
    let Some(user) = row.user_id.and_then(|id| directory.user(id)) else {
        return Ok(());
    };
    let mut rows = Vec::new();
    for method in notification::instead(&all, &sibling(row), user) {
        let id = tx.id(NotificationId)?;
        let mut other = Notification::planned(
            id,
            row.kind,
            method.kind,
            method.address.clone(),
            row.urgency,
            now,
        );
        other.user_id = row.user_id;
        other.method_id = Some(method.id);
        other.incident_id = row.incident_id;
        other.page_id = Some(page);
        other.waits_since = row.waits_since;
        rows.push(other);
    }
    store::notification::insert(tx, &rows)?;
    tx.changed(Change::Outbox);
    Ok(())
}

/// The address refuses for good: marked, and the person told by another method, and the
/// administrators (PAGING.md §6.5).
fn break_method(
    tx: &mut Tx<'_>,
    row: &Notification,
    method: ContactMethodId,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let directory = tx.directory()?;
    let known = row.user_id.and_then(|id| directory.user(id));
    if known
        .and_then(|user| user.method(method))
        .is_none_or(|found| found.broken.is_some())
    {
        return Ok(());
    }
    store::people::mark_broken(tx, method, reason)?;
    let directory = tx.directory()?;
    let Some(user) = row.user_id.and_then(|id| directory.user(id)) else {
        return Ok(());
    };
    let subject = "Quarterdeck cannot reach you by one of your contact methods";
    let body = format!(
        "Messages to {} are refused ({reason}). It is not used until you verify it again on your \
         profile.",
        row.address
    );
    notice(tx, user, subject, &body, |_| true, now)?;
    let subject = format!(
        "Quarterdeck cannot reach {} by {}",
        user.name,
        row.channel.in_words()
    );
    let body = format!(
        "Messages to {} of {} are refused ({reason}). It is not used until it is verified again.",
        row.address, user.name
    );
    tell_admins(tx, &subject, &body, row.user_id, |_| true, now)
}

/// Tells each administrator but `except` by one method, unless they heard the same lately.
pub(super) fn tell_admins(
    tx: &mut Tx<'_>,
    subject: &str,
    body: &str,
    except: Option<UserId>,
    by: impl Fn(&ContactMethod) -> bool,
    now: Timestamp,
) -> Result<(), Error> {
    tracing::error!("{subject}: {body}");
    let directory = tx.directory()?;
    for user in directory.users.values() {
        let concerned =
            user.role == AccountRole::Admin && !user.disabled && Some(user.id) != except;
        if concerned && !store::notification::noticed_since(tx, user.id, subject, now - TELL_AGAIN)?
        {
            notice(tx, user, subject, body, &by, now)?;
        }
    }
    Ok(())
}

/// A notice about no incident, by the first usable method that will do.
fn notice(
    tx: &mut Tx<'_>,
    user: &User,
    subject: &str,
    body: &str,
    by: impl Fn(&ContactMethod) -> bool,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(method) = user
        .methods
        .iter()
        .find(|method| method.usable() && by(method))
    else {
        return Ok(());
    };
    let id = tx.id(NotificationId)?;
    let mut notice = Notification::planned(
        id,
        NotificationKind::Notice,
        method.kind,
        method.address.clone(),
        Urgency::High,
        now,
    );
    notice.user_id = Some(user.id);
    notice.method_id = Some(method.id);
    notice.subject = subject.to_owned();
    notice.body = body.to_owned();
    store::notification::insert(tx, &[notice])?;
    tx.changed(Change::Outbox);
    Ok(())
}

/// The incidents that a message stands for.
///
/// # Errors
/// Those of the read.
pub(crate) fn incidents_of(tx: &mut Tx<'_>, row: &Notification) -> Result<Vec<IncidentId>, Error> {
    let mut incidents: Vec<IncidentId> = row.incident_id.into_iter().collect();
    for carried in store::notification::bundled_in(tx, row.id)? {
        incidents.extend(carried.incident_id.filter(|id| !incidents.contains(id)));
    }
    Ok(incidents)
}

/// The incident shows whom a message has reached, and what failed for good.
fn note_on_timeline(
    tx: &mut Tx<'_>,
    row: &Notification,
    next: &Next,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    if row.kind != NotificationKind::Page {
        return Ok(());
    }
    let directory = tx.directory()?;
    let who = row
        .user_id
        .map_or("somebody", |user| directory.user_name(user))
        .to_owned();
    let (kind, text) = match next {
        Next::Accepted => (
            EntryKind::NotificationSent,
            format!("{who} was paged by {}", row.channel.in_words()),
        ),
        Next::GiveUp => (
            EntryKind::NotificationFailed,
            format!(
                "{who} could not be paged by {}: {}",
                row.channel.in_words(),
                error.unwrap_or("refused")
            ),
        ),
        Next::RetryAt(_) if row.attempts == 1 => (
            EntryKind::NotificationFailed,
            format!(
                "Paging {who} by {} failed and is tried again: {}",
                row.channel.in_words(),
                error.unwrap_or("no reason given")
            ),
        ),
        Next::RetryAt(_) => return Ok(()),
    };
    let details = serde_json::json!({ "notification_id": row.id, "user_id": row.user_id });
    for id in incidents_of(tx, row)? {
        record::entry(tx, id, Actor::SYSTEM, kind, &text, &details, now)?;
    }
    Ok(())
}
