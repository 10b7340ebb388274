//! Whether paging for an incident rests.

use domain::escalation::Facts;
use domain::incident::Incident;
use domain::suppression::{self, Pause};

use super::Writing;
use crate::Error;

/// Open alerts that are looked at. With more than that something is wrong enough to page, whatever
/// is silenced.
const ALERTS_MAX: i64 = 1_000;

impl Writing<'_, '_> {
    /// What a run must know of its incident; `running` when it has paged before.
    pub(super) fn facts(&mut self, incident: &Incident, running: bool) -> Result<Facts, Error> {
        let mut facts = Facts::of(incident);
        let quiet = incident
            .quiet_until()
            .filter(|until| running && *until > self.now);
        facts.pause = match quiet {
            Some(until) => Some(Pause {
                until,
                why: "flapping".into(),
            }),
            None => self.pause(incident)?,
        };
        Ok(facts)
    }

    fn pause(&mut self, incident: &Incident) -> Result<Option<Pause>, Error> {
        let directory = self.directory.clone();
        let Some(service) = incident
            .service_id
            .filter(|id| suppression::may_pause(&directory, *id, self.now))
        else {
            return Ok(None);
        };
        if incident.open_alerts == 0 || incident.open_alerts > ALERTS_MAX {
            return Ok(None);
        }
        let open = store::alert::open_of_incident(self.tx, incident.id, ALERTS_MAX)?;
        Ok(suppression::pause(&directory, service, &open, self.now))
    }
}
