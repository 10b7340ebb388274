//! From signals to alerts to incidents (PAGING.md §1.2–1.8, §2.2–2.3).
//!
//! A batch of signals is applied one by one, in order, to a [`WorkingSet`] in memory that holds
//! whatever they may touch; the caller then writes what has changed. So a batch gives the same
//! alerts and incidents as the same signals sent singly.

mod opening;
mod rewording;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::json;

use opening::Home;

use crate::alert::{Alert, AlertText, Identity};
use crate::directory::Directory;
use crate::incident::{Actor, Change, Effect, Incident};
use crate::service::{Integration, Service, ServiceSettings};
use crate::signal::Signal;
use crate::word::{Action, AlertSeverity, AlertStatus, EntryKind, PagingState, Urgency};
use crate::{AlertId, IncidentId, IntegrationId, ServiceId, Timestamp, words};

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
        Acknowledged = "acknowledged",
        Resolved = "resolved",
        /// Spoke of something that is not open (PAGING.md §1.6).
        Ignored = "ignored",
        /// Could not be understood.
        Rejected = "rejected",
    }
}

/// Everything a batch may touch, loaded beforehand; holds what has changed afterwards.
#[derive(Debug, Default)]
pub struct WorkingSet {
    /// Open alerts by identity.
    pub open: BTreeMap<Identity, Alert>,
    /// The newest resolved alert of identities that are not open.
    pub resolved: BTreeMap<Identity, Alert>,
    /// Incidents of these alerts, and open ones of the batch's groups.
    pub incidents: BTreeMap<IncidentId, Incident>,
    /// Open incidents by group.
    pub groups: BTreeMap<(ServiceId, String), IncidentId>,
    /// Identities of open alerts that are to be written, and how much of them.
    touched: BTreeMap<Identity, Touch>,
    /// Alerts that the batch has resolved; the flag says whether they are new.
    ended: Vec<(Alert, bool)>,
    /// Incidents that are to be written; the flag says whether they are new.
    pub changed_incidents: BTreeMap<IncidentId, bool>,
    /// What follows, in order.
    pub effects: Vec<(IncidentId, Effect)>,
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
    const IGNORED: Applied = Applied {
        decision: SignalDecision::Ignored,
        alert_id: None,
        incident_id: None,
    };
}

/// The alerts that a batch has changed.
#[derive(Debug, Default)]
pub struct ChangedAlerts {
    /// Opened by the batch, and possibly resolved by it, too.
    pub new: Vec<Alert>,
    /// Known before.
    pub old: Vec<Alert>,
    /// Known before, and only `count`, `last_seen` and `monitor_time` have moved: nearly all that
    /// a busy monitor sends.
    pub counted: Vec<Alert>,
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
                    Touch::Counted => changed.counted.push(alert),
                }
            }
        }
        changed
    }

    /// Applies one signal.
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
        let identity = Identity::of(integration.id, &signal.dedup_key);
        match signal.action {
            Action::Trigger => match self.open.remove(&identity) {
                Some(alert) => Ok(self.repeat(identity, alert, service, signal, now)),
                None => self.open_alert(identity, integration, service, signal, numbering, now),
            },
            Action::Acknowledge => {
                Ok(self.acknowledge(identity, &service.settings, directory, now))
            }
            Action::Resolve => Ok(self.resolve(identity, &service.settings, now)),
        }
    }

    /// Resolves every open alert of an integration's group: Alertmanager says so of a whole group
    /// and may list only a part of it (WIRE-FORMATS.md §1.4). Returns what was resolved.
    pub fn resolve_group(
        &mut self,
        integration: IntegrationId,
        group_key: &str,
        settings: &ServiceSettings,
        now: Timestamp,
    ) -> Vec<Applied> {
        let members: Vec<Identity> = self
            .open
            .iter()
            .filter(|(_, alert)| {
                alert.integration_id == integration && alert.group_key.as_deref() == Some(group_key)
            })
            .map(|(identity, _)| *identity)
            .collect();
        members
            .into_iter()
            .map(|identity| self.resolve(identity, settings, now))
            .collect()
    }

    /// §1.3: count and texts move on; nobody is paged again, unless the urgency rises.
    fn repeat(
        &mut self,
        identity: Identity,
        mut alert: Alert,
        service: &Service,
        signal: &Signal,
        now: Timestamp,
    ) -> Applied {
        alert.count += 1;
        alert.last_seen = alert.last_seen.max(now);
        if signal.monitor_time.is_some() {
            alert.monitor_time = signal.monitor_time;
        }
        let mut touch = Touch::Counted;
        if !alert.text.says(signal) {
            let before = std::mem::replace(&mut alert.text, AlertText::of(signal));
            alert.first_text.get_or_insert(before);
            touch = Touch::Rewritten;
        }
        let applied = Applied {
            decision: SignalDecision::Repeated,
            alert_id: Some(alert.id),
            incident_id: Some(alert.incident_id),
        };
        self.worsen(alert.incident_id, alert.text.severity, service, now);
        let slot = self.touched.entry(identity).or_insert(touch);
        *slot = (*slot).max(touch);
        self.open.insert(identity, alert);
        applied
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
        let urgency = service.settings.urgency_of(severity);
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

    fn open_alert<N: Numbering>(
        &mut self,
        identity: Identity,
        integration: &Integration,
        service: &Service,
        signal: &Signal,
        numbering: &mut N,
        now: Timestamp,
    ) -> Result<Applied, N::Error> {
        let alert_id = numbering.alert_id()?;
        let group = service.settings.group_of(signal).map(str::to_owned);
        let (incident_id, decision) =
            match self.incident_for(identity, service, group.as_deref(), now) {
                Home::Open(id) => (id, SignalDecision::Joined),
                Home::Reopen(id) => (id, SignalDecision::Reopened),
                Home::New => {
                    let id = numbering.incident_id()?;
                    let number = numbering.incident_number()?;
                    self.open_incident(id, number, service, signal, group, now);
                    (id, SignalDecision::Opened)
                }
            };
        let alert = Alert {
            id: alert_id,
            identity,
            integration_id: integration.id,
            incident_id,
            dedup_key: signal.dedup_key.clone(),
            status: AlertStatus::Open,
            text: AlertText::of(signal),
            first_text: None,
            group_key: signal.group_key.clone(),
            count: 1,
            first_seen: now,
            last_seen: now,
            monitor_time: signal.monitor_time,
            resolved_at: None,
        };
        self.attach(&alert, decision, integration, now);
        if decision != SignalDecision::Opened {
            self.worsen(incident_id, signal.severity, service, now);
        }
        self.touched.insert(identity, Touch::New);
        self.resolved.remove(&identity);
        self.open.insert(identity, alert);
        Ok(Applied {
            decision,
            alert_id: Some(alert_id),
            incident_id: Some(incident_id),
        })
    }

    /// Counts the alert into its incident and says so on the timeline.
    fn attach(
        &mut self,
        alert: &Alert,
        decision: SignalDecision,
        integration: &Integration,
        now: Timestamp,
    ) {
        let Some(incident) = self.incidents.get_mut(&alert.incident_id) else {
            return;
        };
        incident.alerts += 1;
        incident.open_alerts += 1;
        incident.updated_at = now;
        self.changed_incidents
            .entry(alert.incident_id)
            .or_insert(false);
        let kind = match decision {
            SignalDecision::Joined => EntryKind::AlertJoined,
            _ => EntryKind::AlertOpened,
        };
        let acknowledged = incident.paging == PagingState::Acknowledged;
        let text = format!(
            "{} ({}, by {})",
            alert.text.summary, alert.text.severity, integration.name
        );
        self.effects.push((
            alert.incident_id,
            Effect::Entry {
                kind,
                text,
                details: json!({ "alert_id": alert.id, "severity": alert.text.severity }),
            },
        ));
        if decision == SignalDecision::Opened {
            // §4.4: escalation starts in the transaction that opens the incident; what the alert
            // says stands before whom it pages.
            let start = Effect::StartRun { also_page: vec![] };
            self.effects.push((alert.incident_id, start));
        }
        if decision == SignalDecision::Joined && acknowledged {
            // §2.3: an acknowledgement must not swallow a second failure.
            let text = format!("Another alert: {}", alert.text.summary);
            self.effects
                .push((alert.incident_id, Effect::TellAcknowledger { text }));
        }
        if decision == SignalDecision::Reopened
            && let Some(incident) = self.incidents.remove(&alert.incident_id)
        {
            let text = format!("The alert fired again: {}", alert.text.summary);
            self.change(incident, now, |change| change.reopen(text));
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
        let applied = Applied {
            decision: SignalDecision::Acknowledged,
            alert_id: Some(alert.id),
            incident_id: Some(alert.incident_id),
        };
        // Who has acknowledged already is not displaced by a monitor.
        if let Some(incident) = self.incidents.get(&alert.incident_id)
            && incident.paging == PagingState::Triggered
            && let Some(incident) = self.incidents.remove(&alert.incident_id)
        {
            self.change(incident, now, |change| {
                let who = Actor::MONITOR.name(directory);
                // Only a resolved incident refuses, and this one is triggered.
                drop(change.acknowledge(Actor::MONITOR, &who, settings, directory));
            });
        }
        applied
    }

    fn resolve(
        &mut self,
        identity: Identity,
        settings: &ServiceSettings,
        now: Timestamp,
    ) -> Applied {
        let Some(mut alert) = self.open.remove(&identity) else {
            return Applied::IGNORED;
        };
        alert.status = AlertStatus::Resolved;
        alert.resolved_at = Some(now);
        alert.last_seen = alert.last_seen.max(now);
        let (alert_id, incident_id) = (alert.id, alert.incident_id);
        let new = self.touched.remove(&identity) == Some(Touch::New);
        self.ended.push((alert.clone(), new));
        self.effects.push((
            incident_id,
            Effect::Entry {
                kind: EntryKind::AlertResolved,
                text: format!("Resolved by the monitor: {}", alert.text.summary),
                details: json!({ "alert_id": alert_id }),
            },
        ));
        self.resolved.insert(identity, alert);
        if let Some(mut incident) = self.incidents.remove(&incident_id) {
            incident.open_alerts = (incident.open_alerts - 1).max(0);
            incident.updated_at = now;
            // §1.8: when all is over, so is the incident, unless a person has declared it.
            let over = incident.open_alerts == 0
                && incident.is_open()
                && settings.auto_resolve
                && !incident.is_declared();
            self.change(incident, now, |change| {
                if over {
                    change.resolve(
                        Actor::MONITOR,
                        "Every alert is resolved: the incident resolved itself".into(),
                    );
                }
            });
        }
        Applied {
            decision: SignalDecision::Resolved,
            alert_id: Some(alert_id),
            incident_id: Some(incident_id),
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
                self.groups.insert(key, id);
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
