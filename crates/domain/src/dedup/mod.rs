//! From signals to alerts to incidents (PAGING.md §1.2–1.10, §2.2–2.4, §3).
//!
//! A batch of signals is applied one by one, in order, to a [`WorkingSet`] in memory that holds
//! whatever they may touch; the caller then writes what has changed. So a batch gives the same
//! alerts and incidents as the same signals sent singly.

mod checking;
mod ending;
mod opening;
mod rewording;
mod storm;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::json;

pub use storm::Recent;
pub use tally::{Count, Tally, TextDigest};

use storm::Gathered;

use crate::alert::{Alert, AlertText, Identity};
use crate::directory::Directory;
use crate::incident::{Actor, Change, Effect, Incident};
use crate::routing::Way;
use crate::service::{Integration, Service, ServiceSettings};
use crate::signal::Signal;
use crate::suppression::SourceKey;
use crate::word::{Action, AlertSeverity, EntryKind, PagingState, Urgency};
use crate::{AlertId, IncidentId, InhibitionId, IntegrationId, ServiceId, Timestamp, words};

words! {
    /// What became of a signal.
    SignalDecision {
        /// Opened an alert and an incident for it.
        Opened = "opened",
        /// Opened an alert that joined an incident.
        Joined = "joined",
        /// Opened an alert that reopened an incident.
        Reopened = "reopened",
        /// Raised the count of an open alert.
        Repeated = "repeated",
        /// Opened an alert that does not page for now (PAGING.md §3.3).
        Suppressed = "suppressed",
        Acknowledged = "acknowledged",
        Resolved = "resolved",
        /// Was written on the timeline of an incident, and changed nothing.
        Noted = "noted",
        /// Spoke of something that is not open (PAGING.md §1.6).
        Ignored = "ignored",
        /// Was delivered before.
        Redelivered = "redelivered",
        /// Could not be understood.
        Rejected = "rejected",
    }
}

/// Everything a batch may touch, loaded beforehand; holds what has changed afterwards.
#[derive(Debug, Default)]
pub struct WorkingSet {
    /// Open alerts by identity.
    pub open: BTreeMap<Identity, Alert>,
    /// Those of which every signal of the batch only counts ([`Tally::counts`]) instead.
    pub tallies: BTreeMap<Identity, Tally>,
    /// The newest resolved alert of identities that are not open.
    pub resolved: BTreeMap<Identity, Alert>,
    /// Incidents of these alerts, and open ones of the batch's groups.
    pub incidents: BTreeMap<IncidentId, Incident>,
    /// Open incidents by group.
    pub groups: BTreeMap<(ServiceId, String), IncidentId>,
    /// When the services of the batch opened incidents last; what is missing never did.
    pub recent: BTreeMap<ServiceId, Recent>,
    /// Open alerts that inhibit others, with what they say.
    pub sources: BTreeMap<(InhibitionId, SourceKey), BTreeMap<AlertId, String>>,
    /// Of those, which began with this batch.
    pub new_sources: Vec<(InhibitionId, SourceKey, AlertId)>,
    /// Alerts that inhibit nothing any more.
    pub ended_sources: Vec<AlertId>,
    /// Alerts whose end has passed without word of their source, and that stay open, by their
    /// summaries: people are to be told of the source ([`crate::integration::source`]).
    pub unheard: BTreeMap<IntegrationId, Vec<String>>,
    /// Alerts that storms collected in this batch.
    gathered: BTreeMap<IncidentId, Gathered>,
    /// Keys of monitors that lead to open alerts of other keys, since rules changed them.
    pub aliases: BTreeMap<Identity, (Identity, AlertId)>,
    /// Of those, which came with this batch.
    pub new_aliases: BTreeMap<Identity, (Identity, AlertId)>,
    /// Identities of open alerts that are to be written, and how much of them.
    touched: BTreeMap<Identity, Touch>,
    /// Alerts that the batch has resolved; the flag says whether they are new.
    ended: Vec<(Alert, bool)>,
    /// Incidents that are to be written; the flag says whether they are new.
    pub changed_incidents: BTreeMap<IncidentId, bool>,
    /// What follows, in order.
    pub effects: Vec<(IncidentId, Effect)>,
}

/// How an alert comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// The monitor says so.
    Said,
    /// Its time passed without word (WIRE-FORMATS.md §1.5).
    Expired,
}

/// How much of an open alert a batch has changed; more covers less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Touch {
    /// Only what moves with every repeat: how often, and when last.
    Counted,
    Rewritten,
    New,
}

/// Supplies ids and numbers for what is opened.
pub trait Numbering {
    type Error;
    fn alert_id(&mut self) -> Result<AlertId, Self::Error>;
    fn incident_id(&mut self) -> Result<IncidentId, Self::Error>;
    /// The next incident number.
    fn incident_number(&mut self) -> Result<i64, Self::Error>;
}

/// What a signal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    pub decision: SignalDecision,
    pub alert_id: Option<AlertId>,
    pub incident_id: Option<IncidentId>,
}

impl Applied {
    /// It spoke of nothing that is open.
    pub const IGNORED: Applied = Applied {
        decision: SignalDecision::Ignored,
        alert_id: None,
        incident_id: None,
    };

    /// Its sender has delivered it before.
    pub const REDELIVERED: Applied = Applied {
        decision: SignalDecision::Redelivered,
        ..Applied::IGNORED
    };
}

/// The alerts that a batch has changed.
#[derive(Debug, Default)]
pub struct ChangedAlerts {
    /// Opened by the batch, and possibly resolved by it, too.
    pub new: Vec<Alert>,
    /// Known before.
    pub old: Vec<Alert>,
    /// Known before, and nothing else has moved: nearly all that a busy monitor sends.
    pub counted: Vec<Count>,
}

impl WorkingSet {
    /// Takes out the alerts that are to be written.
    pub fn take_changed_alerts(&mut self) -> ChangedAlerts {
        let mut changed = ChangedAlerts::default();
        for (alert, new) in std::mem::take(&mut self.ended) {
            if new {
                changed.new.push(alert);
            } else {
                changed.old.push(alert);
            }
        }
        for (identity, touch) in std::mem::take(&mut self.touched) {
            if let Some(alert) = self.open.remove(&identity) {
                match touch {
                    Touch::New => changed.new.push(alert),
                    Touch::Rewritten => changed.old.push(alert),
                    Touch::Counted => changed.counted.push(Count::of(&alert)),
                }
            }
        }
        changed.counted.extend(
            std::mem::take(&mut self.tallies)
                .into_values()
                .map(|one| one.count),
        );
        changed
    }

    /// Applies one signal that goes straight to the service of its integration.
    ///
    /// # Errors
    /// Those of `numbering`.
    pub fn apply<N: Numbering>(
        &mut self,
        integration: &Integration,
        service: &Service,
        signal: &Signal,
        directory: &Directory,
        numbering: &mut N,
        now: Timestamp,
    ) -> Result<Applied, N::Error> {
        let way = Way::straight(integration, service, signal);
        self.follow(&way, directory, numbering, now)
    }

    /// Applies one signal. Whatever is open stays where it is, and whatever the rules made of the
    /// key, the signal reaches the alert that earlier ones of the same monitor's key have reached.
    ///
    /// # Errors
    /// Those of `numbering`.
    pub fn follow<N: Numbering>(
        &mut self,
        way: &Way<'_>,
        directory: &Directory,
        numbering: &mut N,
        now: Timestamp,
    ) -> Result<Applied, N::Error> {
        if let Some(tally) = self.tallies.get_mut(&way.made) {
            return Ok(tally.count(&way.signal, now));
        }
        let identity = self.identity(way);
        let home = self
            .open
            .get(&identity)
            .and_then(|alert| directory.home_of(alert))
            .unwrap_or(way.service);
        match way.signal.action {
            Action::Trigger => match self.open.remove(&identity) {
                Some(alert) => {
                    let alert = self.repeat(alert, home, way, now);
                    self.learn(way, &alert);
                    // What has not paged yet goes where the rules say now.
                    let to = match alert.incident_id {
                        Some(_) => home,
                        None => way.service,
                    };
                    self.release_if_changed(alert, to, directory, numbering, now)
                }
                None => self.open_alert(way, directory, numbering, now),
            },
            Action::Acknowledge => Ok(self.acknowledge(identity, &home.settings, directory, now)),
            Action::Resolve => Ok(self.resolve(identity, &home.settings, Ending::Said, now)),
            Action::Note => Ok(self.note(identity, &way.signal.summary, now)),
        }
    }

    /// Which alert a signal speaks of, as things stand.
    pub fn identity(&self, way: &Way<'_>) -> Identity {
        if let Some((target, id)) = self.aliases.get(&way.own)
            && self.open.get(target).is_some_and(|alert| alert.id == *id)
        {
            return *target;
        }
        if way.own != way.made && self.open.contains_key(&way.own) {
            return way.own;
        }
        way.made
    }

    /// Remembers that a monitor's key has led to an alert of another key.
    fn learn(&mut self, way: &Way<'_>, alert: &Alert) {
        let found = (alert.identity, alert.id);
        if way.own != alert.identity && self.aliases.insert(way.own, found) != Some(found) {
            self.new_aliases.insert(way.own, found);
        }
    }

    /// Resolves every open alert of an integration's group: Alertmanager says so of a whole group
    /// and may list only a part of it (WIRE-FORMATS.md §1.4). Returns what was resolved.
    pub fn resolve_group(
        &mut self,
        integration: &Integration,
        service: &Service,
        group_key: &str,
        directory: &Directory,
        now: Timestamp,
    ) -> Vec<Applied> {
        let members: Vec<(Identity, &ServiceSettings)> = self
            .open
            .iter()
            .filter(|(_, alert)| {
                alert.integration_id == integration.id
                    && alert.group_key.as_deref() == Some(group_key)
            })
            .map(|(identity, alert)| {
                let home = directory.home_of(alert).unwrap_or(service);
                (*identity, &home.settings)
            })
            .collect();
        members
            .into_iter()
            .map(|(identity, settings)| self.resolve(identity, settings, Ending::Said, now))
            .collect()
    }

    /// §1.3: count and texts move on; nobody is paged again, unless the urgency rises.
    fn repeat(
        &mut self,
        mut alert: Alert,
        service: &Service,
        way: &Way<'_>,
        now: Timestamp,
    ) -> Alert {
        let signal = &*way.signal;
        alert.count += 1;
        alert.last_seen = alert.last_seen.max(now);
        if signal.monitor_time.is_some() {
            alert.monitor_time = signal.monitor_time;
        }
        alert.ends_at = signal.ends_at;
        let mut touch = Touch::Counted;
        let before = alert.text.severity;
        if !alert.text.says(signal) {
            let before = std::mem::replace(&mut alert.text, AlertText::of(signal));
            alert.first_text.get_or_insert(before);
            touch = Touch::Rewritten;
        }
        if alert.incident_id.is_none() && alert.route != way.route {
            alert.route.clone_from(&way.route);
            touch = Touch::Rewritten;
        }
        // Later than planned needs no write: whoever looks finds that there is time.
        if let Some(next) = alert.next_check()
            && alert.check_at.is_none_or(|planned| next < planned)
        {
            alert.check_at = Some(next);
            touch = Touch::Rewritten;
        }
        // Critical sorts first.
        if let Some(incident) = alert.incident_id
            && signal.severity < before
        {
            self.worsen(incident, signal.severity, service, now);
        }
        self.touch(alert.identity, touch);
        alert
    }

    fn touch(&mut self, identity: Identity, touch: Touch) {
        let slot = self.touched.entry(identity).or_insert(touch);
        *slot = (*slot).max(touch);
    }

    /// The incident is as bad as its worst alert has been. Going from low to high urgency starts
    /// paging (§1.3).
    fn worsen(
        &mut self,
        incident_id: IncidentId,
        severity: AlertSeverity,
        service: &Service,
        now: Timestamp,
    ) {
        let Some(incident) = self.incidents.get_mut(&incident_id) else {
            return;
        };
        let urgency = service.settings.urgency_of(severity, now);
        let raised = incident.urgency == Urgency::Low && urgency == Urgency::High;
        // Critical sorts first.
        if severity >= incident.alert_severity && !raised {
            return;
        }
        incident.alert_severity = incident.alert_severity.min(severity);
        incident.updated_at = now;
        self.changed_incidents.entry(incident_id).or_insert(false);
        if raised && incident.is_open() {
            incident.urgency = Urgency::High;
            let acknowledged = incident.paging == PagingState::Acknowledged;
            self.effects.push((
                incident_id,
                Effect::Entry {
                    kind: EntryKind::UrgencyChanged,
                    text: format!("An alert became {severity}: the urgency is high now"),
                    details: json!({ "from": Urgency::Low, "to": Urgency::High }),
                },
            ));
            self.effects.push(if acknowledged {
                let text = "The urgency is high now".to_owned();
                (incident_id, Effect::TellAcknowledger { text })
            } else {
                (incident_id, Effect::StartRun { also_page: vec![] })
            });
        }
    }

    fn acknowledge(
        &mut self,
        identity: Identity,
        settings: &ServiceSettings,
        directory: &Directory,
        now: Timestamp,
    ) -> Applied {
        let Some(alert) = self.open.get(&identity) else {
            return Applied::IGNORED;
        };
        // Of a suppressed alert there is nothing to acknowledge.
        let Some(incident_id) = alert.incident_id else {
            return Applied {
                alert_id: Some(alert.id),
                ..Applied::IGNORED
            };
        };
        let applied = Applied {
            decision: SignalDecision::Acknowledged,
            alert_id: Some(alert.id),
            incident_id: Some(incident_id),
        };
        // Who has acknowledged already is not displaced by a monitor.
        if let Some(incident) = self.incidents.get(&incident_id)
            && incident.paging == PagingState::Triggered
            && let Some(incident) = self.incidents.remove(&incident_id)
        {
            self.change(incident, now, |change| {
                let who = Actor::MONITOR.name(directory);
                // Only a resolved incident refuses, and this one is triggered.
                drop(change.acknowledge(Actor::MONITOR, &who, settings, directory));
            });
        }
        applied
    }

    /// Writes a note on the timeline of an open alert's incident. It is no repeat, and pages nobody.
    fn note(&mut self, identity: Identity, text: &str, now: Timestamp) -> Applied {
        let Some(alert) = self.open.get(&identity) else {
            return Applied::IGNORED;
        };
        let noted = alert.incident_id.and_then(|id| self.incidents.get_mut(&id));
        let Some(incident) = noted.filter(|_| !text.trim().is_empty()) else {
            // What is suppressed has no timeline.
            return Applied {
                alert_id: Some(alert.id),
                ..Applied::IGNORED
            };
        };
        incident.updated_at = now;
        self.changed_incidents.entry(incident.id).or_insert(false);
        self.effects.push((
            incident.id,
            Effect::Entry {
                kind: EntryKind::Note,
                text: text.to_owned(),
                details: json!({ "alert_id": alert.id }),
            },
        ));
        Applied {
            decision: SignalDecision::Noted,
            alert_id: Some(alert.id),
            incident_id: Some(incident.id),
        }
    }

    fn change(&mut self, incident: Incident, now: Timestamp, body: impl FnOnce(&mut Change)) {
        let mut change = Change {
            incident,
            effects: Vec::new(),
            now,
        };
        body(&mut change);
        let mut incident = change.incident;
        incident.updated_at = now;
        let id = incident.id;
        if let Some(group) = &incident.group_key
            && let Some(service) = incident.service_id
        {
            let key = (service, group.clone());
            if incident.is_open() {
                let holder = *self.groups.entry(key).or_insert(id);
                if holder != id {
                    // One that comes back leaves the group to who has taken it meanwhile.
                    incident.group_key = None;
                }
            } else if self.groups.get(&key) == Some(&id) {
                self.groups.remove(&key);
            }
        }
        self.changed_incidents.entry(id).or_insert(false);
        self.effects
            .extend(change.effects.into_iter().map(|effect| (id, effect)));
        self.incidents.insert(id, incident);
    }
}
