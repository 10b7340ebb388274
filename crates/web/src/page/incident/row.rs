//! One incident in a list.

use std::collections::BTreeMap;

use domain::directory::Directory;
use domain::incident::Incident;
use domain::update::{Audience, UpdateState, next_update_due};
use domain::{IncidentId, Timestamp, UserId};
use store::Conn;

use crate::page::name;
use crate::view::incident::IncidentRow;

/// The rows of a list, with who holds each incident.
///
/// # Errors
/// Those of the read.
pub fn rows(
    conn: &mut Conn,
    incidents: &[Incident],
    directory: &Directory,
) -> Result<Vec<IncidentRow>, store::Error> {
    let ids: Vec<IncidentId> = incidents.iter().map(|incident| incident.id).collect();
    let commanders: BTreeMap<IncidentId, UserId> =
        store::board::commanders(conn, &ids)?.into_iter().collect();
    Ok(incidents
        .iter()
        .map(|incident| row(incident, commanders.get(&incident.id).copied(), directory))
        .collect())
}

fn row(incident: &Incident, commander: Option<UserId>, directory: &Directory) -> IncidentRow {
    let holder = commander.or(incident.acknowledged_by);
    IncidentRow {
        number: incident.number,
        title: incident.title.clone(),
        service: name::service_of(directory, incident),
        paging: incident.paging,
        snoozed_until: incident.snoozed_until,
        phase: incident.phase,
        severity: incident.severity,
        urgency: incident.urgency,
        declared: incident.is_declared(),
        is_storm: incident.is_storm(),
        opened_at: incident.created_at,
        resolved_at: incident.resolved_at,
        holders: holder
            .map(|user| directory.user_name(user).to_owned())
            .into_iter()
            .collect(),
        alerts: u64::try_from(incident.alerts).unwrap_or(0),
        update_due: update_due(incident),
    }
}

/// When the next status update is due: as the last one promised, else as the severity asks for the
/// first (INCIDENTS.md §1.2).
pub fn update_due(incident: &Incident) -> Option<Timestamp> {
    incident.next_update_due.or_else(|| {
        let state = UpdateState {
            phase: incident.phase,
            severity: incident.severity,
            declared_at: incident.declared_at,
            last_update: None,
            updates: 0,
        };
        next_update_due(&state, Audience::Internal)
    })
}
