//! Status updates: publish, and when the next one is due (INCIDENTS.md §1.2, §4).

use domain::moment::{EventFacts, moments_of};
use domain::update::{self, Audience, DraftFacts, UpdateState};
use domain::word::{EntryKind, KeyMoment};
use domain::{Span, StatusUpdateId, Timestamp};
use store::command::StatusUpdate;
use store::{Change, Store};

use crate::access::{Right, require};
use crate::role::no_incident;
use crate::{Error, OpContext, record};

/// Longest promise of a next update, in minutes: 7 days.
pub const NEXT_DUE_MAX: i64 = 7 * 24 * 60;

/// Publishes an update. `next_due` is the promise of the next one in minutes; without it, the
/// rhythm of the severity holds. Returns the update as published.
///
/// # Errors
/// [`Error::Invalid`] for a text that is empty, too long or holds an unreplaced `{{…}}`,
/// [`Error::NotFound`].
pub async fn publish(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    text: String,
    next_due: Option<i64>,
) -> Result<StatusUpdate, Error> {
    require(ctx, Right::Respond)?;
    if next_due.is_some_and(|minutes| !(1..=NEXT_DUE_MAX).contains(&minutes)) {
        let message = format!("choose between 1 and {NEXT_DUE_MAX} minutes");
        return Err(Error::invalid("next_due", message));
    }
    let text = update::check_text(&text)
        .map_err(|error| Error::invalid("text", error.to_string()))?
        .to_owned();
    let ctx = *ctx;
    store
        .write(move |tx| {
            let id = store::incident::by_number(tx, number)
                .map_err(no_incident)?
                .id;
            let mut incident = store::incident::lock(tx, id)?;
            let before = store::command::count_updates(tx, id)?;
            let state = UpdateState {
                phase: incident.phase,
                severity: incident.severity,
                declared_at: incident.declared_at,
                last_update: Some(ctx.now),
                updates: usize::try_from(before).unwrap_or(0) + 1,
            };
            let by_rhythm = update::next_update_due(&state, Audience::Internal);
            // A promise is only kept while somebody works on it.
            let promised = next_due
                .filter(|_| domain::lifecycle::is_open(incident.phase))
                .map(|minutes| ctx.now + Span::from_minutes(minutes));
            let next_due_at = promised.or(by_rhythm);
            let published = StatusUpdate {
                id: tx.id(StatusUpdateId)?,
                incident_id: id,
                author_id: ctx.actor.user,
                phase: incident.phase,
                text: text.clone(),
                published_at: ctx.now,
                next_due_at,
            };
            store::command::insert_update(tx, &published)?;
            incident.next_update_due = next_due_at;
            incident.updated_at = ctx.now;
            store::incident::update(tx, incident)?;
            let details = serde_json::json!({
                "update_id": published.id, "phase": published.phase, "next_due_at": next_due_at,
            });
            let kind = EntryKind::StatusUpdate;
            record::entry(tx, id, ctx.actor, kind, &text, &details, ctx.now)?;
            let facts = EventFacts {
                by_person: ctx.actor.user.is_some(),
                role: None,
            };
            let moments: Vec<_> = moments_of(kind, facts)
                .iter()
                .map(|&moment| (id, moment, ctx.now))
                .collect();
            store::incident::fill_moments(tx, &moments)?;
            tx.changed(Change::Incident(id));
            Ok(published)
        })
        .await
}

/// Published updates, newest first.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn list(store: &Store, ctx: &OpContext, number: i64) -> Result<Vec<StatusUpdate>, Error> {
    require(ctx, Right::Read)?;
    store
        .read(move |conn| {
            let id = store::incident::by_number(conn, number)
                .map_err(no_incident)?
                .id;
            Ok(store::command::updates(conn, id)?)
        })
        .await
}

/// The text to start the next update from: the template of the phase, filled with what is known.
///
/// # Errors
/// As [`list`].
pub async fn draft(store: &Store, ctx: &OpContext, number: i64) -> Result<String, Error> {
    require(ctx, Right::Read)?;
    let now = ctx.now;
    let directory = store.directory();
    store
        .read(move |conn| {
            let incident = store::incident::by_number(conn, number).map_err(no_incident)?;
            let services: Vec<String> = incident
                .service_id
                .and_then(|id| directory.service(id))
                .map(|service| service.name.clone())
                .into_iter()
                .collect();
            let moments = store::incident::moments(conn, incident.id)?;
            let known = |wanted: KeyMoment| -> Option<Timestamp> {
                moments
                    .iter()
                    .find(|known| known.moment == wanted)
                    .map(|known| known.at)
            };
            let published = store::command::count_updates(conn, incident.id)?;
            let state = UpdateState {
                phase: incident.phase,
                severity: incident.severity,
                declared_at: incident.declared_at,
                last_update: Some(now),
                updates: usize::try_from(published).unwrap_or(0) + 1,
            };
            Ok(update::draft(&DraftFacts {
                phase: incident.phase,
                services: &services,
                impact: None,
                started: known(KeyMoment::ImpactStarted)
                    .or_else(|| known(KeyMoment::Detected))
                    .or(Some(incident.created_at)),
                resolved: incident.resolved_at,
                next_update: update::next_update_due(&state, Audience::Internal),
            }))
        })
        .await
}
