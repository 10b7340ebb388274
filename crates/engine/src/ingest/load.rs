//! Loads whatever a batch may touch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::alert::Identity;
use domain::dedup::WorkingSet;
use domain::directory::Directory;
use domain::incident::Incident;
use domain::service::{Integration, Service};
use domain::signal::Signal;
use domain::word::Action;
use domain::{IncidentId, ServiceId, Span, Timestamp};
use store::Tx;

use super::Submission;
use crate::Error;

/// Alerts and incidents are locked until the transaction ends.
pub(super) fn load(
    tx: &mut Tx<'_>,
    batch: &[Arc<Submission>],
    known: &[Option<(&Integration, &Service)>],
    directory: &Directory,
    now: Timestamp,
) -> Result<WorkingSet, Error> {
    let mut identities: BTreeSet<Identity> = BTreeSet::new();
    // Alerts of groups that resolve as a whole.
    let mut members: BTreeSet<Identity> = BTreeSet::new();
    // Signals by identity, as far as they decide what else is to be loaded.
    let mut wanted: Vec<(Identity, &Service, &Signal)> = Vec::new();
    for (submission, known) in batch.iter().zip(known) {
        let Some((integration, service)) = known else {
            continue;
        };
        for signal in &submission.signals {
            let identity = Identity::of(integration.id, &signal.dedup_key);
            identities.insert(identity);
            wanted.push((identity, service, signal));
        }
        if let Some(group) = &submission.resolve_group {
            members.extend(store::alert::open_of_group(tx, integration.id, group)?);
        }
    }
    identities.extend(&members);
    let identities: Vec<Identity> = identities.into_iter().collect();
    let mut set = WorkingSet::default();
    for alert in store::alert::lock_open(tx, &identities)? {
        set.open.insert(alert.identity, alert);
    }

    let mut incidents: BTreeSet<IncidentId> = BTreeSet::new();
    let mut groups: BTreeMap<ServiceId, BTreeSet<String>> = BTreeMap::new();
    let mut closed: BTreeSet<Identity> = BTreeSet::new();
    for (identity, service, signal) in &wanted {
        match set.open.get(identity) {
            // A repeat touches its incident only if it is worse than what is known.
            Some(alert)
                if signal.action == Action::Trigger && signal.severity >= alert.text.severity => {}
            Some(alert) => {
                incidents.insert(alert.incident_id);
            }
            None if signal.action == Action::Trigger => {
                closed.insert(*identity);
                if let Some(group) = service.settings.group_of(signal) {
                    groups
                        .entry(service.id)
                        .or_default()
                        .insert(group.to_owned());
                }
            }
            None => {}
        }
    }
    // An open alert that the batch resolves may be triggered again in the same batch.
    let triggered: BTreeSet<Identity> = wanted
        .iter()
        .filter(|(_, _, signal)| signal.action != Action::Trigger)
        .map(|(identity, ..)| *identity)
        .collect();
    for (identity, service, signal) in &wanted {
        if triggered.contains(identity)
            && let Some(group) = service.settings.group_of(signal)
        {
            groups
                .entry(service.id)
                .or_default()
                .insert(group.to_owned());
        }
    }
    incidents.extend(
        members
            .iter()
            .filter_map(|identity| set.open.get(identity))
            .map(|a| a.incident_id),
    );

    if !closed.is_empty() {
        let window = directory
            .services
            .values()
            .map(|service| service.settings.reopen_window)
            .max()
            .unwrap_or(Span::ZERO);
        let closed: Vec<Identity> = closed.into_iter().collect();
        // An alert may have resolved before the last of its incident did; a day covers both.
        let since = now - (window + Span::from_days(1));
        for alert in store::alert::last_resolved(tx, &closed, since)? {
            incidents.insert(alert.incident_id);
            set.resolved.insert(alert.identity, alert);
        }
    }
    for (service, keys) in groups {
        let keys: Vec<String> = keys.into_iter().collect();
        for (group, id) in store::incident::open_of_groups(tx, service, &keys)? {
            incidents.insert(id);
            set.groups.insert((service, group), id);
        }
    }
    let ids: Vec<IncidentId> = incidents.into_iter().collect();
    for incident in store::incident::lock_all(tx, &ids)? {
        set.incidents.insert(incident.id, incident);
    }
    // Between looking for a group and locking it, another node may have resolved it.
    let incidents = &set.incidents;
    set.groups
        .retain(|_, id| incidents.get(id).is_some_and(Incident::is_open));
    Ok(set)
}
