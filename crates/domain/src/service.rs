//! Services and integrations as configured, and the rules that follow from a service's settings:
//! urgency (PAGING.md §3.1) and the grouping of alerts into incidents (§2.2).

use serde::{Deserialize, Serialize};

use crate::signal::Signal;
use crate::word::{AlertSeverity, IntegrationKind, Urgency};
use crate::{IntegrationId, PolicyId, ServiceId, Span, TeamId, Timestamp, words};

/// Something people run and are paged for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub id: ServiceId,
    pub slug: String,
    pub name: String,
    pub description: String,
    pub team_id: Option<TeamId>,
    /// Without a policy the last-resort target is paged (PAGING.md §4.5).
    pub policy_id: Option<PolicyId>,
    pub settings: ServiceSettings,
}

/// A door through which a monitor's signals come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    pub id: IntegrationId,
    pub service_id: ServiceId,
    pub name: String,
    pub kind: IntegrationKind,
    /// SHA-256 of the key; the key itself is shown once and never stored.
    pub key_hash: [u8; 32],
    /// The last four characters of the key, to tell keys apart.
    pub key_hint: String,
    pub created_at: Timestamp,
}

/// Stored as JSON; every field has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceSettings {
    pub urgency: UrgencyRule,
    pub grouping: Grouping,
    /// The incident resolves itself when every alert of it is resolved, unless a person has
    /// declared it (PAGING.md §1.8).
    pub auto_resolve: bool,
    /// A trigger within this time after the incident was resolved reopens it (PAGING.md §1.4).
    pub reopen_window: Span,
    /// How long an acknowledgement of a high-urgency incident lasts; `None` is for ever (§4.7).
    pub ack_timeout_high: Option<Span>,
    pub ack_timeout_low: Option<Span>,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        ServiceSettings {
            urgency: UrgencyRule::default(),
            grouping: Grouping::default(),
            auto_resolve: true,
            reopen_window: Span::from_minutes(5),
            ack_timeout_high: Some(Span::from_minutes(30)),
            ack_timeout_low: None,
        }
    }
}

words! {
    /// How a service turns severity into urgency.
    UrgencyRule {
        /// Critical and error are high, the rest low.
        BySeverity = "by_severity",
        High = "high",
        Low = "low",
    }

    /// How a service turns alerts into incidents.
    Grouping {
        /// By the signal's group key; without one each alert is its own incident.
        GroupKey = "group_key",
        /// Each alert is its own incident.
        None = "none",
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the macro that declares the words derives no Default"
)]
impl Default for UrgencyRule {
    fn default() -> Self {
        UrgencyRule::BySeverity
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the macro that declares the words derives no Default"
)]
impl Default for Grouping {
    fn default() -> Self {
        Grouping::GroupKey
    }
}

impl ServiceSettings {
    /// The urgency of an alert of this severity (PAGING.md §3.1).
    pub fn urgency_of(&self, severity: AlertSeverity) -> Urgency {
        match self.urgency {
            UrgencyRule::High => Urgency::High,
            UrgencyRule::Low => Urgency::Low,
            UrgencyRule::BySeverity => match severity {
                AlertSeverity::Critical | AlertSeverity::Error => Urgency::High,
                AlertSeverity::Warning | AlertSeverity::Info => Urgency::Low,
            },
        }
    }

    /// The key under which alerts share an incident of the service; `None`: an incident of its own.
    pub fn group_of<'a>(&self, signal: &'a Signal) -> Option<&'a str> {
        match self.grouping {
            Grouping::GroupKey => signal.group_key.as_deref().filter(|key| !key.is_empty()),
            Grouping::None => None,
        }
    }

    pub fn ack_timeout(&self, urgency: Urgency) -> Option<Span> {
        match urgency {
            Urgency::High => self.ack_timeout_high,
            Urgency::Low => self.ack_timeout_low,
        }
    }
}
