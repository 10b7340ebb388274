//! Loads whatever a batch may touch.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use domain::alert::{Alert, Identity};
use domain::dedup::{Tally, TextDigest, WorkingSet};
use domain::directory::Directory;
use domain::incident::Incident;
use domain::integration::expiry;
use domain::routing::{Way, reroute};
use domain::service::{Integration, STORM_KEY, Service};
use domain::signal::Signal;
use domain::suppression::{Fields, SourceKey, wanted_sources};
use domain::word::{Action, AlertStatus};
use domain::{AlertId, IncidentId, InhibitionId, ServiceId, Span, Timestamp};
use store::Tx;
use store::alert::Aliases;

use super::Prepared;
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

    /// Alerts and incidents are locked until the transaction ends. Whoever opens any holds that
    /// before all locks, since whoever locks them does not wait for it.
    pub(super) fn load(
        mut self,
        tx: &mut Tx<'_>,
        set: &mut WorkingSet,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<(), Error> {
        store::incident::hold_openings(tx, self.groups.keys().copied())?;
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

/// The signals of each request whose alerts are to resolve by themselves, with that end; `None`: as
/// they were sent.
pub(super) fn ending(
    batch: &[Prepared],
    known: &[Option<(&Integration, &Service)>],
    now: Timestamp,
) -> Vec<Option<Vec<Signal>>> {
    let requests = batch.iter().map(|prepared| &prepared.submission);
    requests
        .zip(known)
        .map(|(submission, known)| {
            let (integration, _) = known.filter(|_| !submission.origin.is_ours())?;
            let conduct = integration.settings.conduct();
            expiry::with_ends(conduct, &submission.signals, now)
        })
        .collect()
}

/// Everything that the signals of a batch may touch. `ways` are those of its signals.
pub(super) fn load(
    tx: &mut Tx<'_>,
    batch: &[Prepared],
    known: &[Option<(&Integration, &Service)>],
    ways: &[Vec<Way<'_>>],
    directory: &Directory,
    now: Timestamp,
) -> Result<WorkingSet, Error> {
    let mut identities: BTreeSet<Identity> = BTreeSet::new();
    // Alerts of groups that resolve as a whole.
    let mut members: BTreeSet<Identity> = BTreeSet::new();
    let digests = (batch.iter().zip(ways))
        .flat_map(|(prepared, ways)| (0..ways.len()).map(|n| prepared.digests.get(n).copied()))
        .map(Option::flatten);
    let digests: Vec<Option<TextDigest>> = digests.collect();
    let ways: Vec<&Way<'_>> = ways.iter().flatten().collect();
    let (aliases, meanings) = Meanings::load(tx, &ways)?;
    let mut set = WorkingSet::default();
    set.aliases = aliases;
    for way in &ways {
        identities.extend(meanings.of(way));
    }
    for (Prepared { submission, .. }, known) in batch.iter().zip(known) {
        if let (Some(group), Some((integration, _))) = (&submission.resolve_group, known) {
            members.extend(store::alert::open_of_group(tx, integration.id, group)?);
        }
    }
    identities.extend(&members);
    let identities: Vec<Identity> = identities.into_iter().collect();
    let told: Vec<_> = ways.iter().copied().zip(digests).collect();
    read_open(tx, &mut set, &identities, &members, &told, &meanings)?;

    // An open alert that the batch resolves may be triggered again in the same batch.
    let spoken: BTreeSet<Identity> = ways
        .iter()
        .filter(|way| way.signal.action != Action::Trigger)
        .flat_map(|way| meanings.of(way).iter().copied())
        .collect();
    let mut wanted = Wanted::default();
    let wholly = ways
        .iter()
        .filter(|way| !set.tallies.contains_key(&way.made));
    for way in wholly {
        let signal = &way.signal;
        let trigger = signal.action == Action::Trigger;
        for identity in meanings.of(way) {
            let spoken = spoken.contains(identity);
            let Some(alert) = set.open.get(identity) else {
                continue;
            };
            // A repeat touches its incident only if it is worse than what is known.
            if !trigger || signal.severity < alert.text.severity || spoken {
                wanted.ending(alert);
            }
            if trigger && alert.identity != way.made && (alert.suppressed.is_some() || spoken) {
                let fields = Fields::of_signal(signal);
                wanted.opening(*identity, way.service, &fields, directory);
            }
        }
        let target = set.identity(way);
        let stays = set
            .open
            .get(&target)
            .is_some_and(|alert| alert.suppressed.is_none());
        if trigger && (!stays || spoken.contains(&target)) {
            let fields = Fields::of_signal(signal);
            wanted.opening(way.made, way.service, &fields, directory);
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

/// Locks the open alerts among the identities. Those that the whole batch does nothing to but count
/// them are not read any further. Digests are of signals as they were sent.
fn read_open(
    tx: &mut Tx<'_>,
    set: &mut WorkingSet,
    identities: &[Identity],
    members: &BTreeSet<Identity>,
    ways: &[(&Way<'_>, Option<TextDigest>)],
    meanings: &Meanings,
) -> Result<(), Error> {
    let tallies = store::alert::lock_tallies(tx, identities)?;
    let mut tallies: BTreeMap<Identity, Tally> = tallies
        .into_iter()
        .map(|tally| (tally.identity, tally))
        .collect();
    let mut whole = Vec::new();
    for identity in members {
        whole.extend(tallies.remove(identity));
    }
    for (way, digest) in ways {
        let meant = meanings.of(way);
        let counts = meant == [way.own]
            && tallies
                .get(&way.own)
                .is_some_and(|tally| match &way.signal {
                    Cow::Borrowed(signal) => tally.counts(signal, *digest),
                    // Rules have changed what it says.
                    Cow::Owned(signal) => tally.counts(signal, TextDigest::of_signal(signal)),
                });
        if !counts {
            whole.extend(meant.iter().filter_map(|one| tallies.remove(one)));
        }
    }
    for alert in store::alert::of_tallies(tx, &whole)? {
        set.open.insert(alert.identity, alert);
    }
    set.tallies = tallies;
    Ok(())
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
        if alert.suppressed.is_some() {
            // Where it would go now.
            let mut alert = alert.clone();
            reroute(&mut alert, directory);
            if let Some(service) = directory.home_of(&alert) {
                let fields = Fields::of_alert(&alert);
                wanted.opening(alert.identity, service, &fields, directory);
            }
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

/// Which alerts the signals of a batch may speak of, whose integration has ever had rules that make
/// keys. Of others it is the one of their key.
#[derive(Default)]
struct Meanings(BTreeMap<Identity, Vec<Identity>>);

impl Meanings {
    /// Also returns where keys have led before.
    fn load(tx: &mut Tx<'_>, ways: &[&Way<'_>]) -> Result<(Aliases, Meanings), Error> {
        let mut all: BTreeMap<Identity, BTreeSet<Identity>> = BTreeMap::new();
        for way in ways.iter().filter(|way| way.integration.routing.rekeyed) {
            // What one signal of the batch makes of a key may be learned for those after it.
            all.entry(way.own).or_default().extend([way.own, way.made]);
        }
        if all.is_empty() {
            return Ok((Aliases::new(), Meanings::default()));
        }
        let keys: Vec<Identity> = all.keys().copied().collect();
        let aliases = store::alert::aliases(tx, &keys)?;
        for (own, (target, _)) in &aliases {
            all.entry(*own).or_default().insert(*target);
        }
        let lists = all
            .into_iter()
            .map(|(own, meant)| (own, meant.into_iter().collect()));
        Ok((aliases, Meanings(lists.collect())))
    }

    fn of<'m>(&'m self, way: &'m Way<'_>) -> &'m [Identity] {
        match self.0.get(&way.own) {
            Some(meant) => meant,
            None => std::slice::from_ref(&way.made),
        }
    }
}
