//! How an incident collects alerts.

use serde::{Deserialize, Serialize};

use super::Incident;
use crate::Timestamp;

/// What an incident remembers about the alerts it collects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gathering {
    /// When an alert joined last, where all alerts of a service belong together (PAGING.md §2.2).
    pub last_alert_at: Option<Timestamp>,
    /// Of a storm: when the newest of its incidents would have opened (PAGING.md §2.4).
    pub storm: Option<Vec<Timestamp>>,
    /// Its only open alert flaps: nobody is paged again before (PAGING.md §1.10).
    pub quiet_until: Option<Timestamp>,
}

impl Incident {
    /// Whether it collects what would be many incidents (PAGING.md §2.4).
    pub fn is_storm(&self) -> bool {
        self.gathering
            .as_ref()
            .is_some_and(|gathering| gathering.storm.is_some())
    }

    /// Until when nobody is paged again because its only open alert flaps.
    pub fn quiet_until(&self) -> Option<Timestamp> {
        self.gathering.as_ref()?.quiet_until
    }

    pub(crate) fn gathering(&mut self) -> &mut Gathering {
        self.gathering.get_or_insert_default()
    }
}
