//! Changing what an open alert says, without the monitor having seen the condition again.

use super::{Touch, WorkingSet};
use crate::Timestamp;
use crate::alert::{AlertText, Identity};
use crate::service::Service;

impl WorkingSet {
    /// Lets `change` rewrite the text of an open alert; its count and times stay. The first text
    /// stays readable, and a severity that raises the urgency starts paging, as with a repeat
    /// (PAGING.md §1.3). Returns whether there is such an alert.
    pub fn reword(
        &mut self,
        identity: Identity,
        service: &Service,
        change: impl FnOnce(&mut AlertText),
        now: Timestamp,
    ) -> bool {
        let Some(alert) = self.open.get_mut(&identity) else {
            return false;
        };
        let before = alert.text.clone();
        change(&mut alert.text);
        if alert.text == before {
            return true;
        }
        alert.first_text.get_or_insert(before);
        let (incident, severity) = (alert.incident_id, alert.text.severity);
        if alert.suppressed.is_some() {
            // What it says now may not be suppressed.
            alert.check_at = Some(now);
        }
        let slot = self.touched.entry(identity).or_insert(Touch::Rewritten);
        *slot = (*slot).max(Touch::Rewritten);
        if let Some(incident) = incident {
            self.worsen(incident, severity, service, now);
        }
        true
    }
}
