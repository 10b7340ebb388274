//! Which incident a new alert belongs to, and the opening of one.

use super::WorkingSet;
use crate::alert::Identity;
use crate::incident::{Effect, Incident, IncidentKind, TITLE_MAX};
use crate::service::Service;
use crate::signal::Signal;
use crate::word::{EntryKind, KeyMoment, PagingState, Phase};
use crate::{IncidentId, Timestamp};

/// Where a new alert belongs.
pub(super) enum Home {
    Open(IncidentId),
    Reopen(IncidentId),
    New,
}

impl WorkingSet {
    pub(super) fn incident_for(
        &self,
        identity: Identity,
        service: &Service,
        group: Option<&str>,
        now: Timestamp,
    ) -> Home {
        if let Some(group) = group
            && let Some(id) = self.groups.get(&(service.id, group.to_owned()))
        {
            return Home::Open(*id);
        }
        // §1.4: after less than the reopen window the same incident comes back.
        if let Some(before) = self.resolved.get(&identity)
            && let Some(incident) = self.incidents.get(&before.incident_id)
            && incident.service_id == Some(service.id)
        {
            if incident.is_open() {
                // The alert resolved while others of the incident are still open.
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

    pub(super) fn open_incident(
        &mut self,
        id: IncidentId,
        number: i64,
        service: &Service,
        signal: &Signal,
        group: Option<String>,
        now: Timestamp,
    ) {
        if let Some(group) = &group {
            self.groups.insert((service.id, group.clone()), id);
        }
        let incident = Incident {
            id,
            number,
            title: signal.summary.chars().take(TITLE_MAX).collect(),
            service_id: Some(service.id),
            policy_id: None,
            kind: IncidentKind::Real,
            urgency: service.settings.urgency_of(signal.severity),
            alert_severity: signal.severity,
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
        };
        let text = format!("Incident opened for {}", service.name);
        self.incidents.insert(id, incident);
        self.changed_incidents.insert(id, true);
        let details = serde_json::Value::Null;
        self.effects.push((
            id,
            Effect::Entry {
                kind: EntryKind::Opened,
                text,
                details,
            },
        ));
        self.effects.push((
            id,
            Effect::Moment {
                moment: KeyMoment::FirstSignal,
            },
        ));
        self.effects.push((
            id,
            Effect::Moment {
                moment: KeyMoment::Detected,
            },
        ));
    }
}
