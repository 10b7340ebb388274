//! Loads whatever a batch may touch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::alert::{Alert, Identity};
use domain::dedup::WorkingSet;
use domain::directory::Directory;
use domain::incident::Incident;
use domain::service::{Integration, STORM_KEY, Service};
use domain::signal::Signal;
use domain::suppression::{Fields, SourceKey, wanted_sources};
use domain::word::{Action, AlertStatus};
use domain::{AlertId, IncidentId, InhibitionId, ServiceId, Span, Timestamp};
use store::Tx;

use super::Submission;
use crate::Error;

/// What is to be loaded besides the open alerts.
#[derive(Default)]
pub(super) struct Wanted {
    incidents: BTreeSet<IncidentId>,
    groups: BTreeMap<ServiceId, BTreeSet<String>>,
    /// Identities whose last resolved alert decides where a new one belongs.
    before: BTreeSet<Identity>,
    /// Keys of alerts that may inhibit others of the batch.
    sources: BTreeSet<(InhibitionId, SourceKey)>,
    /// Alerts that may stop inhibiting others.
    ending: Vec<AlertId>,
}

impl Wanted {
    /// What decides where an alert belongs that may find or open an incident.
    pub(super) fn opening(
        &mut self,
        identity: Identity,
        service: &Service,
        fields: &Fields<'_>,
        directory: &Directory,
    ) {
        self.before.insert(identity);
        let groups = self.groups.entry(service.id).or_default();
        groups.extend(service.settings.group_of(fields));
        if !directory.inhibitions.is_empty() {
            self.sources
                .extend(wanted_sources(directory, service.id, fields));
        }
    }

    /// What an alert that ends touches.
    pub(super) fn ending(&mut self, alert: &Alert) {
        self.incidents.extend(alert.incident_id);
        self.ending.push(alert.id);
    }

    /// Alerts and incidents are locked until the transaction ends.
    pub(super) fn load(
        mut self,
        tx: &mut Tx<'_>,
        set: &mut WorkingSet,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<(), Error> {
        if !self.before.is_empty() {
            let window = directory
                .services
                .values()
                .map(|service| service.settings.reopen_window)
                .max()
                .unwrap_or(Span::ZERO);
            let before: Vec<Identity> = self.before.into_iter().collect();
            // An alert may have resolved before the last of its incident did; a day covers both.
            let since = now - (window + Span::from_days(1));
            for alert in store::alert::last_resolved(tx, &before, since)? {
                self.incidents.extend(alert.incident_id);
                set.resolved.insert(alert.identity, alert);
            }
        }
        for (service, mut keys) in self.groups {
            let limit = directory
                .service(service)
                .and_then(|service| service.settings.storm_limit);
            if let Some(limit) = limit {
                let recent = store::incident::recent_of(tx, service, limit, now)?;
                set.recent.insert(service, recent);
                keys.insert(STORM_KEY.to_owned());
            }
            let keys: Vec<String> = keys.into_iter().collect();
            for (group, id) in store::incident::open_of_groups(tx, service, &keys)? {
                self.incidents.insert(id);
                set.groups.insert((service, group), id);
            }
        }
        if !directory.inhibitions.is_empty() {
            let wanted: Vec<_> = self.sources.into_iter().collect();
            set.sources = store::inhibition::sources(tx, &wanted)?;
            for (key, ending) in store::inhibition::sources_among(tx, &self.ending)? {
                let known = set.sources.entry(key).or_default();
                for (id, summary) in ending {
                    known.entry(id).or_insert(summary);
                }
            }
        }
        let ids: Vec<IncidentId> = self.incidents.into_iter().collect();
        for incident in store::incident::lock_all(tx, &ids)? {
            set.incidents.insert(incident.id, incident);
        }
        // Between looking for a group and locking it, another node may have resolved it.
        let incidents = &set.incidents;
        set.groups
            .retain(|_, id| incidents.get(id).is_some_and(Incident::is_open));
        Ok(())
    }
}

/// Everything that the signals of a batch may touch.
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
    let mut signals: Vec<(Identity, &Service, &Signal)> = Vec::new();
    for (submission, known) in batch.iter().zip(known) {
        let Some((integration, service)) = known else {
            continue;
        };
        for signal in &submission.signals {
            let identity = Identity::of(integration.id, &signal.dedup_key);
            identities.insert(identity);
            signals.push((identity, service, signal));
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

    // An open alert that the batch resolves may be triggered again in the same batch.
    let spoken: BTreeSet<Identity> = signals
        .iter()
        .filter(|(_, _, signal)| signal.action != Action::Trigger)
        .map(|(identity, ..)| *identity)
        .collect();
    let mut wanted = Wanted::default();
    for (identity, service, signal) in &signals {
        let open = set.open.get(identity);
        let trigger = signal.action == Action::Trigger;
        // A repeat touches its incident only if it is worse than what is known.
        if let Some(alert) = open
            && (!trigger || signal.severity < alert.text.severity || spoken.contains(identity))
        {
            wanted.ending(alert);
        }
        let may_open = open.is_none_or(|alert| alert.suppressed.is_some());
        if trigger && (may_open || spoken.contains(identity)) {
            let fields = Fields::of_signal(signal);
            wanted.opening(*identity, service, &fields, directory);
        }
    }
    for identity in &members {
        if let Some(alert) = set.open.get(identity) {
            wanted.ending(alert);
        }
    }
    wanted.load(tx, &mut set, directory, now)?;
    Ok(set)
}

/// Everything that looking at these alerts may touch.
pub(super) fn load_for_check(
    tx: &mut Tx<'_>,
    due: &[Alert],
    directory: &Directory,
    now: Timestamp,
) -> Result<WorkingSet, Error> {
    let mut set = WorkingSet::default();
    let mut wanted = Wanted::default();
    let mut over: Vec<Identity> = Vec::new();
    for alert in due {
        wanted.ending(alert);
        if alert.status == AlertStatus::Resolved {
            over.push(alert.identity);
            continue;
        }
        let service = directory
            .integration(alert.integration_id)
            .and_then(|door| directory.service(door.service_id));
        if alert.suppressed.is_some()
            && let Some(service) = service
        {
            let fields = Fields::of_alert(alert);
            wanted.opening(alert.identity, service, &fields, directory);
        }
        set.open.insert(alert.identity, alert.clone());
    }
    // Whether what is resolved is the last that was heard of it.
    for alert in store::alert::lock_open(tx, &over)? {
        set.open.entry(alert.identity).or_insert(alert);
    }
    wanted.before.extend(over);
    wanted.load(tx, &mut set, directory, now)?;
    Ok(set)
}
