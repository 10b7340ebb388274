//! Timeline entries as people read them.

use domain::directory::Directory;
use domain::word::EntryKind;

use crate::markdown;
use crate::view::incident::Entry;

/// One entry. What people wrote is Markdown and stands below the sentence.
pub fn entry(row: &store::timeline::Entry, directory: &Directory) -> Entry {
    let written = match row.kind {
        EntryKind::Note => Some("Note"),
        EntryKind::StatusUpdate => Some("Status update"),
        _ => None,
    };
    // Every other sentence says itself who did it.
    let by = row
        .actor_id
        .filter(|_| written.is_some())
        .map(|user| directory.user_name(user).to_owned());
    Entry {
        id: row.id,
        kind: row.kind,
        occurred_at: row.occurred_at,
        recorded_at: row.recorded_at,
        by,
        origin: row.origin,
        text: written.map_or_else(|| row.text.clone(), str::to_owned),
        body: written.map(|_| markdown::render(&row.text)),
    }
}
