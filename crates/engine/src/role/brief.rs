//! The brief that a hand-over starts from, filled with what the incident knows.

use domain::command::{BriefFacts, handover_brief};
use domain::directory::Directory;
use domain::incident::Incident;
use domain::word::{CommandRole, EntryKind};
use domain::{Timestamp, UserId};
use store::{Conn, Store};

use super::no_incident;
use crate::access::{Right, require};
use crate::{Error, OpContext};

/// How much of the timeline is looked through, and how much of it the brief holds.
const LOOKED_AT: i64 = 200;
const RECENT: usize = 8;
/// Links of the newest alerts.
const ALERTS: i64 = 20;
const LINKS: usize = 5;

/// The text from which the outgoing person starts.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn brief(store: &Store, ctx: &OpContext, number: i64) -> Result<String, Error> {
    require(ctx, Right::Read)?;
    let now = ctx.now;
    let directory = store.directory();
    store
        .read(move |conn| {
            let incident = store::incident::by_number(conn, number).map_err(no_incident)?;
            write(conn, &incident, &directory, now)
        })
        .await
}

fn write(
    conn: &mut Conn,
    incident: &Incident,
    directory: &Directory,
    now: Timestamp,
) -> Result<String, Error> {
    let name = |user: UserId| directory.user_name(user).to_owned();
    let holdings = store::command::live_holdings(conn, incident.id)?;
    let roles: Vec<(CommandRole, String)> = holdings
        .iter()
        .map(|held| (held.role, name(held.user_id)))
        .collect();
    let mut people = store::escalation::paged_people(conn, incident.id)?;
    people.extend(incident.acknowledged_by);
    people.extend(holdings.iter().map(|held| held.user_id));
    people.sort_unstable();
    people.dedup();
    let engaged: Vec<String> = people.into_iter().map(name).collect();
    let mut recent: Vec<(Timestamp, String)> =
        store::timeline::latest(conn, incident.id, LOOKED_AT)?
            .into_iter()
            .filter(|entry| is_told(entry.kind))
            .map(|entry| (entry.occurred_at, entry.text))
            .collect();
    recent.drain(..recent.len().saturating_sub(RECENT));
    let update = store::command::latest_update(conn, incident.id)?;
    let mut links: Vec<String> = Vec::new();
    for alert in store::alert::of_incident(conn, incident.id, 0, ALERTS)? {
        for link in alert.text.links {
            if links.len() < LINKS && !links.contains(&link.href) {
                links.push(link.href);
            }
        }
    }
    let facts = BriefFacts {
        incident: incident.number,
        title: &incident.title,
        severity: incident.severity,
        phase: Some(incident.phase),
        open_since: Some(incident.created_at),
        impact: None,
        roles: &roles,
        engaged: &engaged,
        last_update: update
            .as_ref()
            .map(|update| (update.published_at, update.text.as_str())),
        next_update_due: incident.next_update_due,
        recent: &recent,
        links: &links,
    };
    Ok(handover_brief(&facts, now))
}

/// What a successor has to know of the timeline: what people said, did and decided.
const fn is_told(kind: EntryKind) -> bool {
    matches!(
        kind,
        EntryKind::Note
            | EntryKind::Declared
            | EntryKind::SeverityChanged
            | EntryKind::PhaseChanged
            | EntryKind::Reopened
            | EntryKind::Acknowledged
            | EntryKind::Escalated
            | EntryKind::Reassigned
            | EntryKind::Snoozed
            | EntryKind::LastResort
            | EntryKind::RoleAssigned
            | EntryKind::HandoverAccepted
    )
}
