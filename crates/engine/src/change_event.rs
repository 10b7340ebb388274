//! Change events: taken in, told on the timelines of open incidents, and set beside incidents.

use domain::change_event::{
    Bearing, Change as Told, ChangeEvent, EXPERIMENT_MAX, LOOK_BACK, courses, service_of,
};
use domain::directory::Directory;
use domain::incident::{Actor, Incident};
use domain::word::EntryKind;
use domain::{ChangeEventId, IncidentId, IntegrationId, ServiceId, TimelineEntryId, Timestamp};
use serde_json::json;
use store::timeline::Entry;
use store::{Change, Conn, Store, Tx};

use crate::access::{self, Right};
use crate::effect::Writing;
use crate::ingest::replace_nul;
use crate::{Error, OpContext, Problem};

/// Changes in one request at most.
const CHANGES_MAX: usize = 1_000;
/// Open incidents of a service whose timelines tell of a change at most: a storm has thousands.
const TOLD_MAX: usize = 100;
/// Changes beside an incident at most, of its service and of others each.
const BESIDE_MAX: i64 = 200;
/// Longest idempotency key that people may choose, in characters.
const KEY_MAX: usize = 255;

/// Takes the changes of an integration's request in; durable when it returns. Those that are known
/// already are left as they are. Returns the ids of the new ones.
///
/// # Errors
/// [`Error::NotFound`] for a key that no integration has, [`Error::Invalid`] for too many at once,
/// and those of the store.
pub async fn receive(
    store: &Store,
    key_hash: [u8; 32],
    events: Vec<ChangeEvent>,
    now: Timestamp,
) -> Result<Vec<ChangeEventId>, Error> {
    if events.len() > CHANGES_MAX {
        let message = format!(
            "there are {}: send at most {CHANGES_MAX} at once",
            events.len()
        );
        return Err(Error::invalid("changes", message));
    }
    store
        .write(move |tx| {
            let directory = tx.directory()?;
            let integration = directory
                .integration_by_key(&key_hash)
                .ok_or(Error::NotFound("integration"))?;
            let mut changes = Vec::with_capacity(events.len());
            for event in &events {
                let service = service_of(event, integration, &directory);
                changes.push(told(tx, Some(integration.id), service, event.clone(), now)?);
            }
            write(tx, &changes)
        })
        .await
}

/// A change as a person or a script tells it by the API.
#[derive(Clone, Debug)]
pub struct NewChange {
    /// Slug of the service that was changed.
    pub service: Option<String>,
    /// An empty idempotency key: it is told this once.
    pub event: ChangeEvent,
}

/// Writes a change down.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::Invalid`], and those of the store.
pub async fn tell(store: &Store, ctx: OpContext, new: NewChange) -> Result<ChangeEventId, Error> {
    access::require(&ctx, Right::Respond)?;
    let mut problems = vec![];
    if new.event.summary.trim().is_empty() {
        problems.push(Problem::new("summary", "say what was changed"));
    }
    if new.event.idempotency_key.chars().count() > KEY_MAX {
        let message = format!("at most {KEY_MAX} characters");
        problems.push(Problem::new("idempotency_key", message));
    }
    if let (Some(from), Some(until)) = (new.event.starts_at, new.event.ends_at)
        && until < from
    {
        problems.push(Problem::new("ends_at", "it ends before it starts"));
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    store
        .write(move |tx| {
            let directory = tx.directory()?;
            let service = match new.service.as_deref() {
                None => None,
                Some(slug) => Some(
                    directory
                        .service_by_slug(slug)
                        .ok_or_else(|| Error::invalid("service", "there is no such service"))?
                        .id,
                ),
            };
            let change = told(tx, None, service, new.event.clone(), ctx.now)?;
            let known = store::change_event::by_key(tx, None, &change.event.idempotency_key)?;
            match known {
                Some(id) => Ok(id),
                None => write(tx, std::slice::from_ref(&change)).map(|_| change.id),
            }
        })
        .await
}

fn told(
    tx: &mut Tx<'_>,
    integration: Option<IntegrationId>,
    service: Option<ServiceId>,
    mut event: ChangeEvent,
    now: Timestamp,
) -> Result<Told, Error> {
    replace_nul(&mut event.summary);
    replace_nul(&mut event.source);
    replace_nul(&mut event.idempotency_key);
    if let Some(key) = &mut event.change_key {
        replace_nul(key);
    }
    let id = tx.id(ChangeEventId)?;
    // Keys of senders never meet those that are made of ids.
    event.idempotency_key = match event.idempotency_key.as_str() {
        "" => format!("id {id}"),
        key => format!("key {key}"),
    };
    Ok(Told::received(id, integration, service, event, now))
}

/// Writes changes down and tells the open incidents of their services.
fn write(tx: &mut Tx<'_>, changes: &[Told]) -> Result<Vec<ChangeEventId>, Error> {
    let new = store::change_event::insert(tx, changes)?;
    let mut entries = vec![];
    for change in changes {
        let Some(service) = change.service_id else {
            continue;
        };
        if !new.contains(&change.id) || !change.is_told() {
            continue;
        }
        let mut open = store::incident::open_of_service(tx, service)?;
        // The newest are the ones that people look at.
        let open = open.split_off(open.len().saturating_sub(TOLD_MAX));
        for incident in open {
            let id = tx.id(TimelineEntryId)?;
            entries.push(entry(id, incident, change, change.line()));
            tx.changed(Change::Incident(incident));
        }
    }
    store::timeline::append(tx, &entries)?;
    Ok(new)
}

fn entry(id: TimelineEntryId, incident: IncidentId, change: &Told, text: String) -> Entry {
    Entry {
        id,
        incident_id: incident,
        occurred_at: change.at,
        recorded_at: change.received_at,
        kind: EntryKind::Changed,
        actor_id: None,
        origin: Actor::MONITOR.origin,
        text,
        details: json!({ "change_event_id": change.id }).to_string(),
    }
}

/// Tells incidents that open now of the experiments that are running on their services.
///
/// # Errors
/// Those of the reads and writes.
pub(crate) fn mark_running(
    writing: &mut Writing<'_, '_>,
    opened: &[(IncidentId, ServiceId)],
) -> Result<(), Error> {
    if opened.is_empty() {
        return Ok(());
    }
    let now = writing.now;
    let known = store::change_event::experiments(writing.tx, now - EXPERIMENT_MAX)?;
    for course in courses(&known) {
        if course.bearing(now) != Bearing::Running {
            continue;
        }
        let of = course.latest.service_id;
        for (incident, _) in opened.iter().filter(|(_, service)| of == Some(*service)) {
            let text = format!(
                "A chaos experiment was running: {} ({})",
                course.latest.event.summary, course.latest.event.source
            );
            let details = json!({
                "change_event_id": course.latest.id,
                "began": course.began,
                "ends": course.ended,
            });
            writing.entry(
                *incident,
                Actor::MONITOR,
                EntryKind::Changed,
                text,
                &details,
            )?;
        }
    }
    Ok(())
}

/// Changes that stand beside an incident, by statement, newest first.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Of the incident's service.
    pub own: Vec<Told>,
    /// Of other services, or of none.
    pub elsewhere: Vec<Told>,
}

/// What was changed before and during an incident.
///
/// # Errors
/// Those of the reads.
pub fn beside(conn: &mut Conn, incident: &Incident) -> Result<Beside, store::Error> {
    let filter = store::change_event::Filter {
        from: Some(incident.created_at - LOOK_BACK),
        until: incident.resolved_at,
        ..store::change_event::Filter::default()
    };
    let of_service = store::change_event::Filter {
        service: incident.service_id,
        ..filter.clone()
    };
    let own = match incident.service_id {
        Some(_) => store::change_event::list(conn, &of_service, None, BESIDE_MAX)?,
        None => vec![],
    };
    let mut elsewhere = store::change_event::list(conn, &filter, None, BESIDE_MAX)?;
    elsewhere
        .retain(|change| change.service_id.is_none() || change.service_id != incident.service_id);
    Ok(Beside { own, elsewhere })
}

/// Name of what told of a change.
pub fn teller(change: &Told, directory: &Directory) -> String {
    match change.integration_id {
        None => "hand or the API".to_owned(),
        Some(id) => directory
            .integration(id)
            .map_or_else(|| "a former integration".to_owned(), |one| one.name.clone()),
    }
}
