//! Tells owners of maintenance windows and silences that an end is near (PAGING.md §3.3), and works
//! out further occurrences of those that recur.

use domain::notification::{self};
use domain::suppression::Suppression;
use domain::word::{NotificationKind, Urgency};
use domain::{NotificationId, Timestamp};
use jiff::tz::TimeZone;
use store::notification::Notification;
use store::{Change, Store, Tx};

use crate::Error;

/// Says what is due at `now`, and returns when to look again, if ever.
///
/// # Errors
/// Those of the store; what was due stays due.
pub(crate) async fn fire_due(store: &Store, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let directory = store.directory();
    if directory.suppressions.is_empty() {
        return Ok(None);
    }
    crate::configuration::suppression::expand(store, now).await?;
    let told = store.read(store::suppression::told).await?;
    for one in directory.suppressions.values() {
        let Some(end) = one
            .notice_due(now)
            .filter(|end| told.get(&one.id) < Some(end))
        else {
            continue;
        };
        let id = one.id;
        store
            .write(move |tx| {
                let directory = tx.directory()?;
                match directory.suppressions.get(&id) {
                    // Not one that was moved meanwhile.
                    Some(one) if one.notice_due(now) == Some(end) => tell_in_txn(tx, one, end, now),
                    _ => Ok::<(), Error>(()),
                }
            })
            .await?;
    }
    let next = directory.suppressions.values();
    Ok(next.filter_map(|one| one.next_notice(now)).min())
}

fn tell_in_txn(
    tx: &mut Tx<'_>,
    one: &Suppression,
    end: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    if !store::suppression::tell_once(tx, one.id, end)? {
        return Ok(());
    }
    let directory = tx.directory()?;
    let Some(user) = one
        .created_by
        .and_then(|id| directory.user(id))
        .filter(|user| !user.disabled)
    else {
        return Ok(());
    };
    let zone = TimeZone::get(&user.zone).unwrap_or(TimeZone::UTC);
    let local = end.in_zone(&zone).strftime("%a %H:%M %Z").to_string();
    let subject = format!("Ends at {local}: {} “{}”", one.kind.in_words(), one.comment);
    let body = format!(
        "{} “{}” ends at {local} ({}). What still fires then pages; to prolong it, move its end.",
        one.kind.in_words(),
        one.comment,
        end.to_seconds_string(),
    );
    let mut rows = Vec::new();
    for planned in notification::plan(user, Urgency::Low, now) {
        let Some(method) = user.method(planned.method_id).filter(|m| m.usable()) else {
            continue;
        };
        if planned.due_at > now {
            continue;
        }
        let mut row = Notification::planned(
            tx.id(NotificationId)?,
            NotificationKind::Notice,
            method.kind,
            method.address.clone(),
            Urgency::Low,
            now,
        );
        row.user_id = Some(user.id);
        row.method_id = Some(method.id);
        row.subject.clone_from(&subject);
        row.body.clone_from(&body);
        rows.push(row);
    }
    if !rows.is_empty() {
        store::notification::insert(tx, &rows)?;
        tx.changed(Change::Outbox);
    }
    Ok(())
}
