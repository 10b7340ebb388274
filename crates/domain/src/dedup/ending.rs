//! How alerts end: the monitor says so, or says nothing any more.

use serde_json::json;

use super::{Applied, Ending, SignalDecision, Touch, WorkingSet};
use crate::alert::{Alert, Identity};
use crate::incident::{Actor, Effect};
use crate::service::ServiceSettings;
use crate::word::{AlertStatus, EntryKind};
use crate::{IncidentId, Timestamp};

impl WorkingSet {
    pub(super) fn resolve(
        &mut self,
        identity: Identity,
        settings: &ServiceSettings,
        ending: Ending,
        now: Timestamp,
    ) -> Applied {
        let Some(mut alert) = self.open.remove(&identity) else {
            return Applied::IGNORED;
        };
        let ends_at = alert.ends_at;
        alert.status = AlertStatus::Resolved;
        alert.resolved_at = Some(now);
        if ending == Ending::Said {
            alert.last_seen = alert.last_seen.max(now);
        }
        alert.flaps.get_or_insert_default().resolved(now);
        let flapping = alert.flaps.as_ref().and_then(|flaps| flaps.until);
        alert.check_at = alert.next_check();
        let new = self.touched.remove(&identity) == Some(Touch::New);
        self.ended.push((alert.clone(), new));
        self.end_source(&alert);
        let applied = Applied {
            decision: SignalDecision::Resolved,
            alert_id: Some(alert.id),
            incident_id: alert.incident_id,
        };
        let incident_id = alert.incident_id;
        let summary = alert.text.summary.clone();
        let alert_id = alert.id;
        self.resolved.insert(identity, alert);
        let Some(incident_id) = incident_id else {
            // Suppressed from its beginning to its end.
            return applied;
        };
        let (text, reason) = match (ending, ends_at) {
            (Ending::Expired, Some(end)) => (
                format!(
                    "Expired: {summary}. It was to end at {} unless it was heard of again, and was \
                     not: the condition ended, or its source went silent",
                    end.to_seconds_string()
                ),
                "expired",
            ),
            _ => (format!("Resolved by the monitor: {summary}"), "resolved"),
        };
        let storm = self
            .incidents
            .get(&incident_id)
            .is_some_and(|incident| incident.is_storm());
        if storm {
            self.gathered(incident_id).resolved += 1;
        } else {
            self.effects.push((
                incident_id,
                Effect::Entry {
                    kind: EntryKind::AlertResolved,
                    text,
                    details: json!({ "alert_id": alert_id, "reason": reason }),
                },
            ));
        }
        let why = match ending {
            Ending::Said => "Every alert is resolved: the incident resolved itself",
            Ending::Expired => {
                "Its last alert expired: the incident resolved itself. If its source has gone \
                 silent, the condition may go on"
            }
        };
        self.leave(incident_id, settings, flapping, why, now);
        applied
    }

    /// Counts an open alert out of its incident, which resolves itself when that was its last
    /// (§1.8), unless a person has declared it or the alert flaps.
    fn leave(
        &mut self,
        id: IncidentId,
        settings: &ServiceSettings,
        flapping: Option<Timestamp>,
        why: &str,
        now: Timestamp,
    ) {
        let Some(mut incident) = self.incidents.remove(&id) else {
            return;
        };
        incident.open_alerts = (incident.open_alerts - 1).max(0);
        incident.updated_at = now;
        if incident.open_alerts == 0 && incident.is_open() && flapping.is_some() {
            incident.gathering().quiet_until = flapping;
        }
        let over = incident.open_alerts == 0
            && incident.is_open()
            && settings.auto_resolve
            && !incident.is_declared()
            && flapping.is_none();
        if over && incident.is_storm() {
            self.tell_gathered(id);
        }
        self.change(incident, now, |change| {
            if over {
                change.resolve(Actor::MONITOR, why.into());
            }
        });
    }

    /// What it inhibited may page.
    fn end_source(&mut self, alert: &Alert) {
        let mut inhibited = false;
        for sources in self.sources.values_mut() {
            inhibited |= sources.remove(&alert.id).is_some();
        }
        let began = self.new_sources.len();
        self.new_sources
            .retain(|(_, _, source)| *source != alert.id);
        if inhibited || began != self.new_sources.len() {
            self.ended_sources.push(alert.id);
        }
    }
}
