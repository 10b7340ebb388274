//! When a service opens incidents faster than anybody can look at them, the further ones are
//! collected in one (PAGING.md §2.4).

use serde_json::json;

use super::WorkingSet;
use crate::incident::{Effect, Incident};
use crate::service::{STORM_KEY, STORM_WINDOW, Service};
use crate::word::{EntryKind, PagingState};
use crate::{IncidentId, Timestamp};

/// When incidents of a service opened last, or would have but for a storm; rising.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent(Vec<Timestamp>);

impl Recent {
    /// Of instants in any order, the newest count.
    pub fn of(mut instants: Vec<Timestamp>, limit: u16) -> Recent {
        instants.sort_unstable();
        let extra = instants.len().saturating_sub(usize::from(limit));
        instants.drain(..extra);
        Recent(instants)
    }

    /// One more is about to open: whether more than `limit` have within the window with it. As long
    /// as that is so, the storm goes on.
    fn is_storm(&mut self, limit: u16, now: Timestamp) -> bool {
        let limit = usize::from(limit);
        // Others may have opened theirs a little later than `now`: clocks of nodes differ, and a
        // batch may have waited while another was written.
        let near = |at: Timestamp| now.since(at) < STORM_WINDOW && at.since(now) < STORM_WINDOW;
        let storm =
            self.0.len() >= limit && self.0.get(self.0.len() - limit).is_some_and(|at| near(*at));
        let place = self.0.partition_point(|at| *at <= now);
        self.0.insert(place, now);
        let extra = self.0.len().saturating_sub(limit);
        self.0.drain(..extra);
        storm
    }
}

/// What a storm's timeline says of a batch, in one entry.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub joined: u64,
    pub resolved: u64,
    /// What the first alert that joined says.
    pub first: String,
}

impl WorkingSet {
    /// Whether an incident that is about to open belongs to a storm instead.
    pub(super) fn counts_as_storm(&mut self, service: &Service, now: Timestamp) -> bool {
        let Some(limit) = service.settings.storm_limit else {
            return false;
        };
        self.recent
            .entry(service.id)
            .or_default()
            .is_storm(limit, now)
    }

    /// The storm that rages at the service. One that has died down is not taken up again: the next
    /// is another failure, and pages.
    pub(super) fn storm_of(&mut self, service: &Service, now: Timestamp) -> Option<IncidentId> {
        let key = (service.id, STORM_KEY.to_owned());
        let id = self.groups.get(&key).copied()?;
        let storm = self.incidents.get_mut(&id)?;
        let newest = storm
            .gathering
            .as_ref()
            .and_then(|gathering| gathering.storm.as_ref()?.last().copied())
            .unwrap_or(storm.created_at);
        if now.since(newest) < STORM_WINDOW {
            return Some(id);
        }
        storm.group_key = None;
        self.changed_incidents.entry(id).or_insert(false);
        self.groups.remove(&key);
        None
    }

    /// Remembers with the storm what it took, so that the next batch knows whether it goes on.
    pub(super) fn note_storm(&mut self, id: IncidentId, service: &Service) {
        let recent = self.recent.get(&service.id).cloned().unwrap_or_default();
        if let Some(storm) = self.incidents.get_mut(&id) {
            storm.gathering().storm = Some(recent.0);
        }
    }

    pub(super) fn storm_title(service: &Service) -> String {
        format!(
            "Storm: {} opened more than {} incidents within 60 s",
            service.name,
            service.settings.storm_limit.unwrap_or_default()
        )
    }

    /// Writes what storms collected into their timelines: one entry for a batch, since there may be
    /// a hundred thousand alerts.
    pub(super) fn tell_gathered(&mut self, id: IncidentId) {
        let Some(gathered) = self.gathered.remove(&id) else {
            return;
        };
        if gathered.joined > 0 {
            let text = match gathered.joined {
                1 => format!("Another alert: {}", gathered.first),
                n => format!("{n} more alerts joined, the first: {}", gathered.first),
            };
            self.effects.push((
                id,
                Effect::Entry {
                    kind: EntryKind::AlertJoined,
                    text: text.clone(),
                    details: json!({ "alerts": gathered.joined }),
                },
            ));
            let acknowledged = |incident: &Incident| incident.paging == PagingState::Acknowledged;
            if self.incidents.get(&id).is_some_and(acknowledged) {
                // §2.3.
                self.effects.push((id, Effect::TellAcknowledger { text }));
            }
        }
        if gathered.resolved > 0 {
            let text = match gathered.resolved {
                1 => "An alert was resolved by the monitor".to_owned(),
                n => format!("{n} alerts were resolved by the monitor"),
            };
            self.effects.push((
                id,
                Effect::Entry {
                    kind: EntryKind::AlertResolved,
                    text,
                    details: json!({ "alerts": gathered.resolved }),
                },
            ));
        }
    }

    /// Everything that follows from the batch, in order. To be called once it has been applied.
    pub fn take_effects(&mut self) -> Vec<(IncidentId, Effect)> {
        let storms: Vec<IncidentId> = self.gathered.keys().copied().collect();
        for id in storms {
            self.tell_gathered(id);
        }
        std::mem::take(&mut self.effects)
    }

    pub(super) fn gathered(&mut self, id: IncidentId) -> &mut Gathered {
        self.gathered.entry(id).or_default()
    }
}
