//! Alerts: one deduplicated condition each (PAGING.md §1.2).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::signal::{Image, Link, Signal};
use crate::word::{AlertSeverity, AlertStatus};
use crate::{AlertId, IncidentId, IntegrationId, Timestamp};

/// What makes two signals speak of the same condition: the first 16 bytes of a SHA-256 over the
/// integration and the dedup key. Shorter and of one length, so that its index stays small.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub [u8; 16]);

impl Identity {
    pub fn of(integration: IntegrationId, dedup_key: &str) -> Identity {
        let mut hash = Sha256::new();
        hash.update(integration.0.to_be_bytes());
        hash.update(dedup_key.as_bytes());
        let mut short = [0; 16];
        short.copy_from_slice(&hash.finalize()[..16]);
        Identity(short)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// One deduplicated condition of a monitor.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    pub id: AlertId,
    pub identity: Identity,
    pub integration_id: IntegrationId,
    pub incident_id: IncidentId,
    pub dedup_key: String,
    pub status: AlertStatus,
    /// The newest text: each trigger replaces it (PAGING.md §1.3).
    pub text: AlertText,
    /// The first text, once a newer one has replaced it.
    pub first_text: Option<AlertText>,
    pub group_key: Option<String>,
    /// Triggers so far; never stops counting.
    pub count: i64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// When the monitor says it happened, as of its newest message.
    pub monitor_time: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
}

/// What a monitor says about a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertText {
    pub severity: AlertSeverity,
    pub summary: String,
    pub source: String,
    pub component: Option<String>,
    pub group: Option<String>,
    pub class: Option<String>,
    pub details: serde_json::Value,
    pub links: Vec<Link>,
    pub images: Vec<Image>,
}

impl AlertText {
    /// Whether a signal says the very same.
    pub fn says(&self, signal: &Signal) -> bool {
        let AlertText {
            severity,
            summary,
            source,
            component,
            group,
            class,
            details,
            links,
            images,
        } = self;
        *severity == signal.severity
            && *summary == signal.summary
            && *source == signal.source
            && *component == signal.component
            && *group == signal.group
            && *class == signal.class
            && *details == signal.details
            && *links == signal.links
            && *images == signal.images
    }

    pub fn of(signal: &Signal) -> AlertText {
        AlertText {
            severity: signal.severity,
            summary: signal.summary.clone(),
            source: signal.source.clone(),
            component: signal.component.clone(),
            group: signal.group.clone(),
            class: signal.class.clone(),
            details: signal.details.clone(),
            links: signal.links.clone(),
            images: signal.images.clone(),
        }
    }
}
