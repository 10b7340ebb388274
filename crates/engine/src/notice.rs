//! Messages to one person beside pages: of low urgency, and told at once.

use domain::directory::{ContactMethod, User};
use domain::reminder::NoticeText;
use domain::word::{NotificationKind, Urgency};
use domain::{NotificationId, Timestamp};
use store::notification::Notification;
use store::{Change, Tx};

use crate::Error;

/// The message, to be written by [`plan`].
pub(crate) fn to(
    user: &User,
    method: &ContactMethod,
    kind: NotificationKind,
    text: NoticeText,
    id: NotificationId,
    now: Timestamp,
) -> Notification {
    let mut row = Notification::planned(
        id,
        kind,
        method.kind,
        method.address.clone(),
        Urgency::Low,
        now,
    );
    row.user_id = Some(user.id);
    row.method_id = Some(method.id);
    row.subject = text.subject;
    row.body = text.body;
    row
}

/// Writes messages, and has them sent.
pub(crate) fn plan(tx: &mut Tx<'_>, rows: &[Notification]) -> Result<(), Error> {
    if !rows.is_empty() {
        store::notification::insert(tx, rows)?;
        tx.changed(Change::Outbox);
    }
    Ok(())
}
