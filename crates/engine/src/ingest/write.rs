//! Writes what a batch has changed.

use std::collections::BTreeMap;

use domain::alert::Alert;
use domain::dedup::WorkingSet;
use domain::incident::{Actor, Effect, Incident};
use domain::{IncidentId, Timestamp};
use store::{Change, Tx};

use crate::Error;
use crate::effect::Writing;

/// An incident that comes back may find another open one of its group. It then gives up the group,
/// since alerts go to the other.
fn yield_groups(
    tx: &mut Tx<'_>,
    incidents: &mut BTreeMap<IncidentId, Incident>,
    changed: &BTreeMap<IncidentId, bool>,
    closed_before: &[IncidentId],
) -> Result<(), Error> {
    for id in closed_before {
        let Some(back) = incidents.get(id).filter(|incident| incident.is_open()) else {
            continue;
        };
        let (Some(service), Some(group)) = (back.service_id, back.group_key.clone()) else {
            continue;
        };
        let rivals = store::incident::open_of_groups(tx, service, std::slice::from_ref(&group))?;
        let stays = |id: &IncidentId| incidents.get(id).is_none_or(Incident::is_open);
        let stored = rivals.iter().any(|(_, rival)| rival != id && stays(rival));
        let fresh = changed.keys().filter(|rival| *rival != id).any(|rival| {
            incidents.get(rival).is_some_and(|other| {
                other.is_open()
                    && other.service_id == Some(service)
                    && other.group_key.as_ref() == Some(&group)
            })
        });
        if (stored || fresh)
            && let Some(back) = incidents.get_mut(id)
        {
            back.group_key = None;
        }
    }
    Ok(())
}

/// Writes what has changed and carries out what follows. `closed_before` are the incidents that
/// were not open when the batch began.
pub(crate) fn write(
    tx: &mut Tx<'_>,
    mut set: WorkingSet,
    closed_before: &[IncidentId],
    opened: i64,
    now: Timestamp,
) -> Result<(), Error> {
    let alerts = set.take_changed_alerts();
    let effects = set.take_effects();
    let WorkingSet {
        mut incidents,
        changed_incidents,
        new_aliases,
        new_sources,
        ended_sources,
        ..
    } = set;
    let first = if opened > 0 {
        tx.numbers("incident", opened)?
    } else {
        0
    };
    let mut fresh = Vec::new();
    for (id, new) in &changed_incidents {
        let Some(incident) = incidents.get_mut(id) else {
            continue;
        };
        if *new {
            incident.number += first;
            fresh.push(incident.clone());
        }
    }
    yield_groups(tx, &mut incidents, &changed_incidents, closed_before)?;
    // Those that are over first: they free their groups for others of the batch.
    for over in [true, false] {
        for (id, new) in &changed_incidents {
            if !new
                && let Some(incident) = incidents.get(id)
                && incident.is_open() != over
            {
                store::incident::update(tx, incident.clone())?;
            }
        }
    }
    store::incident::insert(tx, fresh)?;
    // Resolutions first: they free the identity for an alert opened in the same batch.
    let timed = |alerts: &[Alert]| alerts.iter().any(|alert| alert.check_at.is_some());
    if timed(&alerts.new) || timed(&alerts.old) {
        tx.changed(Change::Timers);
    }
    store::alert::update(tx, alerts.old)?;
    store::alert::count(tx, &alerts.counted)?;
    store::alert::insert(tx, alerts.new)?;
    store::alert::put_aliases(tx, &new_aliases)?;
    store::inhibition::begin(tx, &new_sources)?;
    if !ended_sources.is_empty() {
        store::inhibition::end(tx, &ended_sources, now)?;
        tx.changed(Change::Timers);
    }

    let mut by_incident: BTreeMap<IncidentId, Vec<Effect>> = BTreeMap::new();
    for (id, effect) in effects {
        // The batch has resolved the alerts it means; those it opened afterwards stay open.
        if effect == Effect::ResolveAlerts {
            continue;
        }
        by_incident.entry(id).or_default().push(effect);
    }
    let opened: Vec<_> = changed_incidents
        .iter()
        .filter(|(_, new)| **new)
        .filter_map(|(id, _)| Some((*id, incidents.get(id)?.service_id?)))
        .collect();
    let mut writing = Writing::new(tx, now)?;
    for (id, effects) in by_incident {
        if let Some(incident) = incidents.get_mut(&id) {
            writing.carry_out(incident, effects, Actor::MONITOR)?;
        }
    }
    crate::change_event::mark_running(&mut writing, &opened)?;
    writing.finish()?;
    for id in changed_incidents.keys() {
        tx.changed(Change::Incident(*id));
    }
    Ok(())
}
