//! Services and integrations as configured, and the rules that follow from a service's settings:
//! urgency (PAGING.md §3.1) and the grouping of alerts into incidents (§2.2).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::integration::IntegrationSettings;
use crate::policy::{PolicyProblem, StepHours};
use crate::routing::Routing;
use crate::suppression::Fields;
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
    /// Of a global integration: the service of the catch-all.
    pub service_id: ServiceId,
    pub name: String,
    pub kind: IntegrationKind,
    /// SHA-256 of the key; the key itself is shown once and never stored.
    pub key_hash: [u8; 32],
    /// The last four characters of the key, to tell keys apart.
    pub key_hint: String,
    /// How its requests are read.
    pub settings: IntegrationSettings,
    /// Where its signals go, if it is global; else to its service.
    pub routing: Routing,
    pub created_at: Timestamp,
}

/// Stored as JSON; every field has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceSettings {
    pub urgency: UrgencyRule,
    /// The severities that are high where urgency goes by severity.
    pub high_severities: Vec<AlertSeverity>,
    /// For [`UrgencyRule::SupportHours`].
    pub support_hours: Option<SupportHours>,
    pub grouping: Grouping,
    /// For [`Grouping::Fields`]: alerts with equal values of all of them belong together.
    pub grouping_fields: Vec<String>,
    /// For [`Grouping::Window`]: an alert this soon after the last one belongs to its incident.
    pub grouping_window: Span,
    /// When more incidents than this would open within 60 s, the further ones are collected in one
    /// (PAGING.md §2.4); `None` never.
    pub storm_limit: Option<u16>,
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
            high_severities: vec![AlertSeverity::Critical, AlertSeverity::Error],
            support_hours: None,
            grouping: Grouping::default(),
            grouping_fields: Vec::new(),
            grouping_window: Span::from_minutes(5),
            storm_limit: Some(20),
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
        /// One rule within the service's support hours, another outside.
        SupportHours = "support_hours",
    }

    /// What support hours make of an alert.
    HoursUrgency {
        BySeverity = "by_severity",
        High = "high",
        Low = "low",
    }

    /// How a service turns alerts into incidents.
    Grouping {
        /// By the signal's group key; without one each alert is its own incident.
        GroupKey = "group_key",
        /// By equal values of named fields.
        Fields = "fields",
        /// All alerts of the service within a rolling window, at most 24 h since the first.
        Window = "window",
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

/// When a service is looked after, and what that means for its urgency (PAGING.md §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupportHours {
    /// In a fixed zone.
    pub hours: StepHours,
    pub inside: HoursUrgency,
    pub outside: HoursUrgency,
    /// Raise what is still open when hours begin.
    pub raise: bool,
}

/// All alerts of a service belong together at most so long after the first (PAGING.md §2.2).
pub const WINDOW_LONGEST: Span = Span::from_hours(24);
/// Bounds of [`ServiceSettings::grouping_window`].
pub const WINDOW_MIN: Span = Span::from_seconds(30);
pub const WINDOW_MAX: Span = WINDOW_LONGEST;
/// Most fields that alerts are grouped by, and the longest name of one.
pub const FIELDS_MAX: usize = 10;
pub const FIELD_NAME_MAX: usize = 256;
/// Most incidents that may open before a storm is one.
pub const STORM_LIMIT_MAX: u16 = 1_000;
/// A storm is measured over this time (PAGING.md §2.4).
pub const STORM_WINDOW: Span = Span::from_seconds(60);

/// Begins group keys that are ours; one of a monitor never does.
const OURS: char = '\u{1f}';
/// Under this key a storm's incident is the only open one of its service.
pub const STORM_KEY: &str = "\u{1f}storm";
/// As [`STORM_KEY`], where all alerts of a service belong together.
pub const WINDOW_KEY: &str = "\u{1f}window";
/// Longest composed key in bytes; what is longer ends in a digest.
const KEY_MAX: usize = 512;

impl ServiceSettings {
    /// The urgency of an alert of this severity at an instant (PAGING.md §3.1).
    pub fn urgency_of(&self, severity: AlertSeverity, at: Timestamp) -> Urgency {
        let by_severity = || self.by_severity(severity);
        match (self.urgency, &self.support_hours) {
            (UrgencyRule::High, _) => Urgency::High,
            (UrgencyRule::Low, _) => Urgency::Low,
            (UrgencyRule::BySeverity, _) | (UrgencyRule::SupportHours, None) => by_severity(),
            (UrgencyRule::SupportHours, Some(support)) => {
                let inside = support.hours.closed(at).is_none();
                match if inside {
                    support.inside
                } else {
                    support.outside
                } {
                    HoursUrgency::High => Urgency::High,
                    HoursUrgency::Low => Urgency::Low,
                    HoursUrgency::BySeverity => by_severity(),
                }
            }
        }
    }

    fn by_severity(&self, severity: AlertSeverity) -> Urgency {
        if self.high_severities.contains(&severity) {
            Urgency::High
        } else {
            Urgency::Low
        }
    }

    /// The urgencies that an alert of this severity may have at some time, high first.
    pub fn urgencies_of(&self, severity: AlertSeverity) -> Vec<Urgency> {
        let one = |rule| match rule {
            HoursUrgency::High => Urgency::High,
            HoursUrgency::Low => Urgency::Low,
            HoursUrgency::BySeverity => self.by_severity(severity),
        };
        let mut all = match (self.urgency, &self.support_hours) {
            (UrgencyRule::High, _) => vec![Urgency::High],
            (UrgencyRule::Low, _) => vec![Urgency::Low],
            (UrgencyRule::SupportHours, Some(support)) => {
                vec![one(support.inside), one(support.outside)]
            }
            (UrgencyRule::BySeverity | UrgencyRule::SupportHours, _) => {
                vec![self.by_severity(severity)]
            }
        };
        all.sort_unstable();
        all.dedup();
        all
    }

    /// When the beginning of support hours makes an incident high that is low at `at`.
    pub fn raise_at(&self, severity: AlertSeverity, at: Timestamp) -> Option<Timestamp> {
        let support = self
            .support_hours
            .as_ref()
            .filter(|support| self.urgency == UrgencyRule::SupportHours && support.raise)?;
        let zone = support.hours.zone.as_deref()?;
        support
            .hours
            .changes(zone, at, at + Span::from_days(8))
            .into_iter()
            .find(|change| self.urgency_of(severity, *change) == Urgency::High)
    }

    /// The key under which alerts share an incident of the service; `None`: an incident of its
    /// own.
    pub fn group_of(&self, fields: &Fields<'_>) -> Option<String> {
        match self.grouping {
            Grouping::GroupKey => {
                let key = fields.group_key.filter(|key| !key.is_empty())?;
                Some(match key.strip_prefix(OURS) {
                    Some(rest) => format!("\u{241f}{rest}"),
                    None => key.to_owned(),
                })
            }
            Grouping::Fields => {
                let mut key = format!("{OURS}fields");
                let mut said = false;
                for name in &self.grouping_fields {
                    let value = fields.get(name).unwrap_or_default();
                    said |= !value.is_empty();
                    key.extend([OURS, '=']);
                    key.insert_str(key.len() - 1, name);
                    key.push_str(&value.replace(OURS, "\u{241f}"));
                }
                said.then(|| bounded(key))
            }
            Grouping::Window => Some(WINDOW_KEY.to_owned()),
            Grouping::None => None,
        }
    }

    /// What is wrong with the rules of urgency and grouping: field and sentence.
    pub fn problems(&self) -> Vec<PolicyProblem> {
        let mut problems = Vec::new();
        let mut add = |field: &str, message: String| {
            problems.push(PolicyProblem {
                field: field.to_owned(),
                message,
            });
        };
        match (&self.support_hours, self.urgency) {
            (None, UrgencyRule::SupportHours) => add(
                "support_hours",
                "urgency by support hours needs the hours".to_owned(),
            ),
            (Some(support), _) if support.hours.zone.is_none() => {
                add("support_hours", "support hours need a time zone".to_owned());
            }
            _ => {}
        }
        let fields = &self.grouping_fields;
        if self.grouping == Grouping::Fields && fields.is_empty() {
            add("grouping_fields", "name at least one field".to_owned());
        }
        if fields.len() > FIELDS_MAX {
            add("grouping_fields", format!("at most {FIELDS_MAX} fields"));
        }
        let odd = |name: &String| {
            name.trim().is_empty() || name.len() > FIELD_NAME_MAX || name.contains(char::is_control)
        };
        if fields.iter().any(odd) {
            add(
                "grouping_fields",
                format!("a field has a name of 1 to {FIELD_NAME_MAX} characters"),
            );
        }
        if self.grouping_window < WINDOW_MIN || self.grouping_window > WINDOW_MAX {
            add("grouping_window", "between 30 s and 24 h".to_owned());
        }
        if self
            .storm_limit
            .is_some_and(|limit| limit == 0 || limit > STORM_LIMIT_MAX)
        {
            add("storm_limit", format!("between 1 and {STORM_LIMIT_MAX}"));
        }
        if let Some(support) = &self.support_hours {
            problems.extend(support.hours.problems("support_hours"));
        }
        problems
    }

    pub fn ack_timeout(&self, urgency: Urgency) -> Option<Span> {
        match urgency {
            Urgency::High => self.ack_timeout_high,
            Urgency::Low => self.ack_timeout_low,
        }
    }
}

/// Keeps the beginning readable and the whole distinct.
fn bounded(mut key: String) -> String {
    if key.len() <= KEY_MAX {
        return key;
    }
    let digest = Sha256::digest(key.as_bytes());
    let mut end = KEY_MAX - 80;
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    key.truncate(end);
    key.push('…');
    key.extend(digest.iter().map(|byte| format!("{byte:02x}")));
    key
}

#[cfg(test)]
mod tests;
