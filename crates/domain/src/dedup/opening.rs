//! Which incident a new alert belongs to, and the opening of one.

use serde_json::json;

use super::{Applied, Numbering, SignalDecision, Touch, WorkingSet};
use crate::alert::{Alert, FLAP_CHANGES};
use crate::directory::Directory;
use crate::incident::{Effect, Incident, IncidentKind, TITLE_MAX};
use crate::routing::Way;
use crate::service::{STORM_KEY, Service, UrgencyRule, WINDOW_KEY, WINDOW_LONGEST};
use crate::suppression::{self, Fields, Suppressed, SuppressionKind};
use crate::word::{EntryKind, KeyMoment, PagingState, Phase, TimerKind, Urgency};
use crate::{IncidentId, ServiceId, Timestamp};

/// Where a new alert belongs.
pub(super) enum Home {
    Open(IncidentId),
    Reopen(IncidentId),
    New,
}

impl WorkingSet {
    pub(super) fn open_alert<N: Numbering>(
        &mut self,
        way: &Way<'_>,
        directory: &Directory,
        numbering: &mut N,
        now: Timestamp,
    ) -> Result<Applied, N::Error> {
        let service = way.service;
        let id = numbering.alert_id()?;
        let mut alert = Alert::opened(id, way.integration.id, &way.signal, now);
        alert.group_key.clone_from(&way.sent.group_key);
        alert.route.clone_from(&way.route);
        let before = self.resolved.get(&alert.identity).cloned();
        let mut flaps = before
            .as_ref()
            .and_then(|before| before.flaps.clone())
            .unwrap_or_default();
        flaps.opened(now);
        alert.flaps = Some(flaps);
        let decision = match self.held(&alert, before.as_ref(), service.id, directory, now) {
            Some(suppressed) => {
                alert.suppressed = Some(suppressed);
                SignalDecision::Suppressed
            }
            None => self.place(
                &mut alert,
                before.as_ref(),
                service,
                &way.by(),
                numbering,
                now,
            )?,
        };
        self.learn(way, &alert);
        self.begin_sources(&alert, service.id, directory);
        alert.check_at = alert.next_check();
        let applied = Applied {
            decision,
            alert_id: Some(alert.id),
            incident_id: alert.incident_id,
        };
        self.touched.insert(alert.identity, Touch::New);
        self.open.insert(alert.identity, alert);
        Ok(applied)
    }

    /// What keeps an alert without an incident from paging now.
    pub(super) fn held(
        &self,
        alert: &Alert,
        before: Option<&Alert>,
        service: ServiceId,
        directory: &Directory,
        now: Timestamp,
    ) -> Option<Suppressed> {
        let fields = Fields::of_alert(alert);
        let rule = alert
            .route
            .as_ref()
            .and_then(|route| route.suppressed_by.as_ref());
        rule.map(Suppressed::by_rule)
            .or_else(|| suppression::judge(directory, service, alert.integration_id, &fields, now))
            .or_else(|| self.inhibited(alert, service, directory))
            .or_else(|| self.silenced_flapping(alert, before, now))
    }

    /// §3.4. An alert never mutes itself.
    fn inhibited(
        &self,
        alert: &Alert,
        service: ServiceId,
        directory: &Directory,
    ) -> Option<Suppressed> {
        if directory.inhibitions.is_empty() {
            return None;
        }
        let fields = Fields::of_alert(alert);
        suppression::wanted_sources(directory, service, &fields)
            .iter()
            .filter_map(|key| self.sources.get(key))
            .flatten()
            .find(|(source, _)| **source != alert.id)
            .map(|(source, summary)| Suppressed {
                kind: SuppressionKind::Inhibition,
                by: Some(source.0),
                until: None,
                name: format!("the alert “{summary}”"),
            })
    }

    /// §1.10: a person has resolved the incident of an alert that flaps. Nobody is told again before
    /// it is stable.
    fn silenced_flapping(
        &self,
        alert: &Alert,
        before: Option<&Alert>,
        now: Timestamp,
    ) -> Option<Suppressed> {
        let flaps = alert.flaps.as_ref().filter(|flaps| flaps.is_silent(now))?;
        let home = before.and_then(|before| before.incident_id);
        let open = home
            .and_then(|id| self.incidents.get(&id))
            .is_some_and(Incident::is_open);
        (!open).then(|| Suppressed {
            kind: SuppressionKind::Flapping,
            by: None,
            until: flaps.until,
            name: "flapping".into(),
        })
    }

    fn begin_sources(&mut self, alert: &Alert, service: ServiceId, directory: &Directory) {
        let fields = Fields::of_alert(alert);
        for rule in directory.inhibitions.values() {
            if rule.is_source(directory, service, &fields) {
                let key = (rule.id, rule.key(&fields));
                let summary = alert.text.summary.chars().take(200).collect();
                self.sources
                    .entry(key)
                    .or_default()
                    .insert(alert.id, summary);
                self.new_sources.push((key.0, key.1, alert.id));
            }
        }
    }

    /// Finds the incident of an alert that nothing holds back, or opens one.
    pub(super) fn place<N: Numbering>(
        &mut self,
        alert: &mut Alert,
        before: Option<&Alert>,
        service: &Service,
        by: &str,
        numbering: &mut N,
        now: Timestamp,
    ) -> Result<SignalDecision, N::Error> {
        let mut group = service.settings.group_of(&Fields::of_alert(alert));
        let mut title = None;
        let home = match self.home(before, service, group.as_deref(), now) {
            Home::New if self.counts_as_storm(service, now) => {
                title = Some(Self::storm_title(service));
                group = Some(STORM_KEY.to_owned());
                match self.storm_of(service, now) {
                    Some(id) => Home::Open(id),
                    None => Home::New,
                }
            }
            home => home,
        };
        let (id, decision) = match home {
            Home::Open(id) => (id, SignalDecision::Joined),
            Home::Reopen(id) => (id, SignalDecision::Reopened),
            Home::New => {
                let id = numbering.incident_id()?;
                let number = numbering.incident_number()?;
                self.open_incident(id, number, service, alert, group, title.clone(), now);
                (id, SignalDecision::Opened)
            }
        };
        if title.is_some() {
            self.note_storm(id, service);
        }
        alert.incident_id = Some(id);
        alert.suppressed = None;
        self.attach(alert, id, decision, by, now);
        if decision != SignalDecision::Opened {
            self.worsen(id, alert.text.severity, service, now);
        }
        self.note_flapping(alert, id);
        Ok(decision)
    }

    fn home(
        &mut self,
        before: Option<&Alert>,
        service: &Service,
        group: Option<&str>,
        now: Timestamp,
    ) -> Home {
        if let Some(group) = group {
            let key = (service.id, group.to_owned());
            if let Some(id) = self.groups.get(&key).copied() {
                if group != WINDOW_KEY || self.window_holds(id, service, now) {
                    return Home::Open(id);
                }
                // Its time is over: the next window's incident takes the group.
                self.groups.remove(&key);
                if let Some(incident) = self.incidents.get_mut(&id) {
                    incident.group_key = None;
                    self.changed_incidents.entry(id).or_insert(false);
                }
            }
        }
        // §1.4: after less than the reopen window the same incident comes back.
        if let Some(incident) = before
            .and_then(|before| self.incidents.get(&before.incident_id?))
            .filter(|incident| incident.service_id == Some(service.id))
        {
            if incident.is_open() {
                // The alert resolved while others of the incident are still open, or it flaps.
                return Home::Open(incident.id);
            }
            let resolved_at = incident.resolved_at.unwrap_or(incident.updated_at);
            if now.since(resolved_at) < service.settings.reopen_window
                && incident.phase == Phase::Resolved
            {
                return Home::Reopen(incident.id);
            }
        }
        Home::New
    }

    /// §2.2: rolling, and at most 24 h since the first.
    fn window_holds(&self, id: IncidentId, service: &Service, now: Timestamp) -> bool {
        self.incidents.get(&id).is_some_and(|incident| {
            let last = incident
                .gathering
                .as_ref()
                .and_then(|gathering| gathering.last_alert_at)
                .unwrap_or(incident.created_at);
            now.since(last) < service.settings.grouping_window
                && now.since(incident.created_at) < WINDOW_LONGEST
        })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is another part of the incident"
    )]
    fn open_incident(
        &mut self,
        id: IncidentId,
        number: i64,
        service: &Service,
        alert: &Alert,
        group: Option<String>,
        storm_title: Option<String>,
        now: Timestamp,
    ) {
        if let Some(group) = &group {
            self.groups.insert((service.id, group.clone()), id);
        }
        let severity = alert.text.severity;
        let urgency = service.settings.urgency_of(severity, now);
        let text = format!("Incident opened for {}", service.name);
        let storm = storm_title.is_some();
        let title = storm_title.unwrap_or_else(|| alert.text.summary.clone());
        let incident = Incident {
            id,
            number,
            title: title.chars().take(TITLE_MAX).collect(),
            service_id: Some(service.id),
            policy_id: None,
            kind: IncidentKind::Real,
            urgency,
            alert_severity: severity,
            severity: None,
            paging: PagingState::Triggered,
            phase: Phase::Triage,
            group_key: group,
            alerts: 0,
            open_alerts: 0,
            unreachable: false,
            created_at: now,
            triggered_at: now,
            acknowledged_at: None,
            acknowledged_by: None,
            snoozed_until: None,
            declared_at: None,
            declared_by: None,
            resolved_at: None,
            resolved_by: None,
            next_update_due: None,
            updated_at: now,
            gathering: None,
        };
        self.incidents.insert(id, incident);
        self.changed_incidents.insert(id, true);
        let entry = |kind, text| Effect::Entry {
            kind,
            text,
            details: serde_json::Value::Null,
        };
        self.effects.push((id, entry(EntryKind::Opened, text)));
        if storm {
            let text =
                "Further alerts that would open incidents of the service are collected here, \
                        and page nobody again, as long as more come than that"
                    .to_owned();
            self.effects.push((id, entry(EntryKind::Storm, text)));
        }
        for moment in [KeyMoment::FirstSignal, KeyMoment::Detected] {
            self.effects.push((id, Effect::Moment { moment }));
        }
        if urgency == Urgency::Low
            && service.settings.urgency == UrgencyRule::SupportHours
            && let Some(at) = service.settings.raise_at(severity, now)
        {
            let kind = TimerKind::SupportHours;
            self.effects.push((id, Effect::Arm { kind, at }));
        }
    }

    /// Counts the alert into its incident and says so on the timeline.
    fn attach(
        &mut self,
        alert: &Alert,
        id: IncidentId,
        decision: SignalDecision,
        by: &str,
        now: Timestamp,
    ) {
        let Some(incident) = self.incidents.get_mut(&id) else {
            return;
        };
        incident.alerts += 1;
        incident.open_alerts += 1;
        incident.updated_at = now;
        if incident.group_key.as_deref() == Some(WINDOW_KEY) {
            incident.gathering().last_alert_at = Some(now);
        }
        self.changed_incidents.entry(id).or_insert(false);
        let acknowledged = incident.paging == PagingState::Acknowledged;
        let summary = &alert.text.summary;
        if incident.is_storm() && decision == SignalDecision::Joined {
            let gathered = self.gathered(id);
            if gathered.joined == 0 {
                gathered.first.clone_from(summary);
            }
            gathered.joined += 1;
            return;
        }
        let kind = match decision {
            SignalDecision::Joined => EntryKind::AlertJoined,
            _ => EntryKind::AlertOpened,
        };
        let text = format!("{summary} ({}, by {by})", alert.text.severity);
        self.effects.push((
            id,
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
            self.effects.push((id, start));
        }
        let silent = alert
            .flaps
            .as_ref()
            .is_some_and(|flaps| flaps.is_silent(now));
        if decision == SignalDecision::Joined && acknowledged && !silent {
            // §2.3: an acknowledgement must not swallow a second failure.
            let text = format!("Another alert: {summary}");
            self.effects.push((id, Effect::TellAcknowledger { text }));
        }
        if decision == SignalDecision::Reopened
            && let Some(incident) = self.incidents.remove(&id)
        {
            let text = format!("The alert fired again: {summary}");
            self.change(incident, now, |change| change.reopen(text));
        }
    }

    /// §1.10: an alert that begins to flap has just paged, and then is silent as long as it is the
    /// only one of its incident.
    fn note_flapping(&mut self, alert: &mut Alert, id: IncidentId) {
        let Some(incident) = self.incidents.get_mut(&id) else {
            return;
        };
        let Some(until) = alert.flaps.as_ref().and_then(|flaps| flaps.until) else {
            // Another failure is not to be silent.
            if let Some(gathering) = &mut incident.gathering {
                gathering.quiet_until = None;
            }
            return;
        };
        if incident.open_alerts == 1 {
            incident.gathering().quiet_until = Some(until);
        }
        if let Some(flaps) = &mut alert.flaps
            && !flaps.paged
        {
            flaps.paged = true;
            let text = format!(
                "{} is flapping: more than {FLAP_CHANGES} changes within 10 min. Nobody is paged \
                 for it again until it has been stable for 10 min",
                alert.text.summary
            );
            self.effects.push((
                id,
                Effect::Entry {
                    kind: EntryKind::Flapping,
                    text,
                    details: json!({ "alert_id": alert.id }),
                },
            ));
        }
    }

    /// Who brought an alert, for timelines.
    pub(super) fn bringer(directory: &Directory, alert: &Alert) -> String {
        let door = directory.integration(alert.integration_id);
        let name = door.map_or("a former integration", |one| one.name.as_str());
        match &alert.route {
            Some(route) => format!("{name} {}", route.in_words()),
            None => name.to_owned(),
        }
    }
}
