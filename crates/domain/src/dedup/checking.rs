//! What happens to alerts by the passing of time: they expire, what suppressed them ends, they have
//! stopped flapping.

use serde_json::json;

use super::{Applied, Ending, Numbering, SignalDecision, Touch, WorkingSet};
use crate::Timestamp;
use crate::alert::{Alert, Identity};
use crate::directory::Directory;
use crate::incident::{Actor, Effect};
use crate::integration::source;
use crate::routing;
use crate::service::{Service, ServiceSettings};
use crate::word::EntryKind;

impl WorkingSet {
    /// Looks at an open alert whose time to be looked at has come.
    ///
    /// # Errors
    /// Those of `numbering`.
    pub fn check_open<N: Numbering>(
        &mut self,
        identity: Identity,
        directory: &Directory,
        numbering: &mut N,
        now: Timestamp,
    ) -> Result<(), N::Error> {
        let Some(alert) = self.open.get(&identity) else {
            return Ok(());
        };
        let service = directory.home_of(alert);
        let over = alert.ends_at.is_some_and(|end| end <= now);
        let source = directory.integration(alert.integration_id);
        let told = source.is_some_and(source::is_told);
        if over && !told {
            let settings = service.map_or_else(ServiceSettings::default, |s| s.settings.clone());
            self.resolve(identity, &settings, Ending::Expired, now);
            return Ok(());
        }
        let Some(mut alert) = self.open.remove(&identity) else {
            return Ok(());
        };
        self.touch(identity, Touch::Rewritten);
        if over {
            self.keep_unheard(&mut alert);
        }
        self.settle(&mut alert, now);
        // Whose integration was removed has nobody to page.
        if alert.suppressed.is_some() {
            routing::reroute(&mut alert, directory);
            match directory.home_of(&alert) {
                Some(service) => self.release(&mut alert, service, directory, numbering, now)?,
                None => alert.suppressed = None,
            }
        }
        alert.check_at = alert.next_check();
        self.open.insert(identity, alert);
        Ok(())
    }

    /// Its source went silent, and its owner does not believe that the condition is over.
    fn keep_unheard(&mut self, alert: &mut Alert) {
        // Until it is heard of again.
        let Some(end) = alert.ends_at.take() else {
            return;
        };
        let summary = &alert.text.summary;
        let unheard = self.unheard.entry(alert.integration_id).or_default();
        unheard.push(summary.clone());
        if let Some(incident) = alert.incident_id {
            self.effects.push((
                incident,
                Effect::Entry {
                    kind: EntryKind::SourceSilent,
                    text: format!(
                        "{summary} was to be heard of until {}, and was not: its source went \
                         silent. It stays open",
                        end.to_seconds_string()
                    ),
                    details: json!({ "alert_id": alert.id, "expected_by": end }),
                },
            ));
        }
    }

    /// A suppressed alert says something new: it may page after all.
    pub(super) fn release_if_changed<N: Numbering>(
        &mut self,
        mut alert: Alert,
        service: &Service,
        directory: &Directory,
        numbering: &mut N,
        now: Timestamp,
    ) -> Result<Applied, N::Error> {
        let identity = alert.identity;
        if alert.suppressed.is_some() && self.touched.get(&identity) > Some(&Touch::Counted) {
            self.release(&mut alert, service, directory, numbering, now)?;
            alert.check_at = alert.next_check();
        }
        let applied = Applied {
            decision: SignalDecision::Repeated,
            alert_id: Some(alert.id),
            incident_id: alert.incident_id,
        };
        self.open.insert(identity, alert);
        Ok(applied)
    }

    /// §3.3: when nothing holds it back any more and it still fires, it pages then, as if it had
    /// been triggered at this instant.
    fn release<N: Numbering>(
        &mut self,
        alert: &mut Alert,
        service: &Service,
        directory: &Directory,
        numbering: &mut N,
        now: Timestamp,
    ) -> Result<(), N::Error> {
        let before = self.resolved.get(&alert.identity).cloned();
        if let Some(held) = self.held(alert, before.as_ref(), service.id, directory, now) {
            alert.suppressed = Some(held);
            return Ok(());
        }
        let was = alert.suppressed.take();
        let by = Self::bringer(directory, alert);
        self.place(alert, before.as_ref(), service, &by, numbering, now)?;
        if let (Some(was), Some(id)) = (was, alert.incident_id) {
            let text = format!(
                "{} was suppressed by {} and still fires",
                alert.text.summary, was.name
            );
            self.effects.push((
                id,
                Effect::Entry {
                    kind: EntryKind::SuppressionEnded,
                    text,
                    details: json!({ "alert_id": alert.id, "suppressed": was }),
                },
            ));
        }
        Ok(())
    }

    /// §1.10: an open alert has been stable for long enough.
    fn settle(&mut self, alert: &mut Alert, now: Timestamp) {
        let over = |until: Option<Timestamp>| until.is_some_and(|until| until <= now);
        if !alert.flaps.as_ref().is_some_and(|flaps| over(flaps.until)) {
            return;
        }
        alert.flaps = None;
        let Some(incident) = alert.incident_id.and_then(|id| self.incidents.get_mut(&id)) else {
            return;
        };
        if let Some(gathering) = &mut incident.gathering {
            gathering.quiet_until = None;
        }
        let id = incident.id;
        self.changed_incidents.entry(id).or_insert(false);
        self.effects.push((
            id,
            Effect::Entry {
                kind: EntryKind::Flapping,
                text: format!(
                    "{} has been stable for 10 min, and is still open: paging goes on",
                    alert.text.summary
                ),
                details: json!({ "alert_id": alert.id }),
            },
        ));
    }

    /// Looks at a resolved alert that flapped: its incident waited for it to be stable.
    pub fn check_resolved(&mut self, mut alert: Alert, directory: &Directory, now: Timestamp) {
        alert.check_at = None;
        let settings = directory
            .home_of(&alert)
            .map_or_else(ServiceSettings::default, |s| s.settings.clone());
        let newest = self
            .resolved
            .get(&alert.identity)
            .is_none_or(|newest| newest.id == alert.id);
        let last = newest && !self.open.contains_key(&alert.identity);
        let incident = alert.incident_id.filter(|_| last);
        let summary = alert.text.summary.clone();
        let alert_id = alert.id;
        self.resolved.insert(alert.identity, alert.clone());
        self.ended.push((alert, false));
        let Some(incident) = incident
            .and_then(|id| self.incidents.get(&id))
            .filter(|incident| incident.is_open() && incident.open_alerts == 0)
            .cloned()
        else {
            return;
        };
        self.effects.push((
            incident.id,
            Effect::Entry {
                kind: EntryKind::Flapping,
                text: format!("{summary} has been stable for 10 min, and is resolved"),
                details: json!({ "alert_id": alert_id }),
            },
        ));
        let over = settings.auto_resolve && !incident.is_declared();
        self.change(incident, now, |change| {
            if over {
                change.resolve(
                    Actor::MONITOR,
                    "Every alert is resolved and stable: the incident resolved itself".into(),
                );
            }
        });
    }
}
