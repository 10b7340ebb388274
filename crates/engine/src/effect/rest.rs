//! Whether paging for an incident rests.

use domain::escalation::Facts;
use domain::incident::Incident;
use domain::suppression::Pause;

use super::Writing;
use crate::Error;

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
            None => {
                let directory = self.directory.clone();
                crate::suppression::pause(self.tx, &directory, incident, self.now)?
            }
        };
        Ok(facts)
    }
}
