//! Writes timeline entries and tells the incident's watchers.

use domain::incident::Actor;
use domain::word::EntryKind;
use domain::{IncidentId, TimelineEntryId, Timestamp};
use store::{Change, Tx};

use crate::Error;

/// Appends an entry that happened now.
///
/// # Errors
/// Those of the write.
pub fn entry(
    tx: &mut Tx<'_>,
    incident: IncidentId,
    actor: Actor,
    kind: EntryKind,
    text: &str,
    details: &serde_json::Value,
    now: Timestamp,
) -> Result<(), Error> {
    let id = tx.id(TimelineEntryId)?;
    store::timeline::append(
        tx,
        &[store::timeline::Entry {
            id,
            incident_id: incident,
            occurred_at: now,
            recorded_at: now,
            kind,
            actor_id: actor.user,
            origin: actor.origin,
            text: text.to_owned(),
            details: details.to_string(),
        }],
    )?;
    tx.changed(Change::Incident(incident));
    Ok(())
}
