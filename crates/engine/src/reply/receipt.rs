//! What providers say became of messages.

use domain::incident::Actor;
use domain::notification::advance;
use domain::word::{EntryKind, NotificationState};
use domain::{NotificationId, ReceiptId, Timestamp};
use store::{Store, Tx};

use crate::dispatch::incidents_of;
use crate::{Error, record};

/// What a provider says about a message afterwards.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Our id, when the callback brought it along.
    pub notification: Option<NotificationId>,
    pub provider_id: String,
    /// The provider's word.
    pub status: String,
    /// What it means; `None` for words that mean nothing here.
    pub evidence: Option<NotificationState>,
    pub error_code: Option<String>,
    pub error: Option<String>,
    /// The address itself is bad.
    pub method_broken: bool,
}

/// Records a receipt; evidence only moves forward (PAGING.md §6.7). Unknown messages are ignored.
///
/// # Errors
/// Those of the store; the provider then sends it again.
pub async fn receipt(store: &Store, receipt: Receipt, now: Timestamp) -> Result<(), Error> {
    store
        .write(move |tx| receipt_in_txn(tx, &receipt, now))
        .await
}

fn receipt_in_txn(tx: &mut Tx<'_>, receipt: &Receipt, now: Timestamp) -> Result<(), Error> {
    let found = match receipt.notification {
        Some(id) => match store::notification::lock(tx, id) {
            Ok(row) => Some(row),
            Err(store::Error::NotFound) => None,
            Err(other) => return Err(other.into()),
        },
        None => None,
    };
    let row = match found {
        Some(row) => row,
        None => match store::notification::by_provider_id(tx, &receipt.provider_id)? {
            // Receipts of one message may come at the same time: one after the other.
            Some(row) => store::notification::lock(tx, row.id)?,
            None => return Ok(()),
        },
    };
    let id = tx.id(ReceiptId)?;
    store::notification::insert_receipt(
        tx,
        id,
        row.id,
        &receipt.status,
        receipt.error_code.as_deref(),
        now,
    )?;
    let Some(state) = receipt.evidence.and_then(|to| advance(row.state, to)) else {
        return Ok(());
    };
    store::notification::set_state(tx, row.id, state, now, receipt.error.as_deref())?;
    let why = receipt.error.as_deref().unwrap_or(&receipt.status);
    if state == NotificationState::Failed {
        crate::dispatch::undelivered(tx, &row, receipt.method_broken, why, now)?;
    }
    let directory = tx.directory()?;
    let who = row
        .user_id
        .map_or("somebody", |user| directory.user_name(user))
        .to_owned();
    let (kind, text) = match state {
        NotificationState::Delivered => (
            EntryKind::NotificationDelivered,
            format!("The message to {who} was delivered by {}", row.channel),
        ),
        NotificationState::Failed => (
            EntryKind::NotificationFailed,
            format!(
                "The message to {who} was not delivered by {}: {why}",
                row.channel
            ),
        ),
        _ => return Ok(()),
    };
    let details = serde_json::json!({ "notification_id": row.id, "status": receipt.status });
    for incident in incidents_of(tx, &row)? {
        record::entry(tx, incident, Actor::SYSTEM, kind, &text, &details, now)?;
    }
    Ok(())
}
