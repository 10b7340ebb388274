//! The shape of the file. `docs/configuration-file.md` describes it for people.

use channels::Secret;
use std::collections::BTreeMap;

use domain::Timestamp;
use domain::digest::DigestTime;
use domain::policy::{StepHours, StepMode};
use domain::schedule::{Holiday, LayerHolidays, Restriction, Rotation, TimeOfDay};
use domain::service::{Grouping, SupportHours, UrgencyRule};
use domain::word::{AccountRole, AlertSeverity, ContactKind, Urgency};
use serde::{Deserialize, Serialize};

use super::value::{Day, Duration, Located, TargetRef, Timeout, Turn, mentioned};

mod channel;
mod integration;

pub use channel::ChannelEntry;
pub use integration::{HeartbeatEntry, IntegrationEntry};

/// A text or thing that may be taken away by `null`.
type Nullable<T> = Option<Option<Located<T>>>;

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Manifest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<SettingsEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<TeamEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holiday_calendars: Vec<CalendarEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<ScheduleEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maintenance_windows: Vec<SuppressionEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<SuppressionEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inhibitions: Vec<InhibitionEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_tokens: Vec<TokenEntry>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_resort: Option<Vec<Located<TargetRef>>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserEntry {
    pub email: Located<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<AccountRole>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Located<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    #[serde(default, skip_serializing)]
    pub password: Option<Located<Secret>>,
    /// PHC string, as `export --with-secrets` writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<Located<String>>,
    /// Absent in a new account: its address, unverified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_methods: Option<Vec<MethodEntry>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_rules: Option<Vec<RuleEntry>>,
    /// Whether the person, once paged, hears that another has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hears_answers: Option<bool>,
    /// What the person is told of shifts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminders: Option<RemindersEntry>,
    /// When the morning digest comes, or `off`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Located<DigestTime>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemindersEntry {
    /// Before each shift; empty: never.
    pub leads: Vec<Duration>,
    /// When a shift begins or ends.
    #[serde(default = "yes")]
    pub hand_off: bool,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodEntry {
    pub kind: ContactKind,
    pub address: Located<String>,
    #[serde(default)]
    pub verified: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleEntry {
    pub urgency: Urgency,
    pub method: Located<ContactKind>,
    /// Needed when the person has several methods of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamEntry {
    pub slug: Located<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Located<String>>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarEntry {
    pub slug: Located<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Vec<Located<Holiday>>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleEntry {
    pub slug: Located<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub team: Nullable<String>,
    /// From when changed layers hold; absent: from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Located<Timestamp>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Located<String>>,
    /// Slug of the channel that is told of hand-offs.
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub hand_offs: Nullable<String>,
    /// From lowest to highest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<LayerEntry>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerEntry {
    pub name: Located<String>,
    pub rotation: Rotation,
    #[serde(default)]
    pub handoff: TimeOfDay,
    pub start: Day,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Day>,
    pub participants: Vec<Located<Turn>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restrictions: Vec<Restriction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holidays: Option<LayerHolidays>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyEntry {
    pub slug: Located<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub team: Nullable<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<StepEntry>>,
    /// Save although the policy can reach nobody at some time (PAGING.md §4.10).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anyway: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepEntry {
    pub targets: Vec<Located<TargetRef>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<StepMode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Located<Duration>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity_at_least: Option<AlertSeverity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<StepHours>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceEntry {
    pub slug: Located<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub team: Nullable<String>,
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub policy: Nullable<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<UrgencyRule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grouping: Option<Grouping>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_severities: Option<Vec<AlertSeverity>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support_hours: Option<SupportHours>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grouping_fields: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grouping_window: Option<Located<Duration>>,
    /// 0: no storms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storm_limit: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_resolve: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopen_window: Option<Located<Duration>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_timeout_high: Option<Located<Timeout>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_timeout_low: Option<Located<Timeout>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub integrations: Vec<IntegrationEntry>,
}

/// A rule of a global integration; known by its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingEntry {
    pub name: Located<String>,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub condition: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Located<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<AlertSeverity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_key: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "is_no")]
    pub suppress: bool,
    #[serde(default, rename = "continue", skip_serializing_if = "is_no")]
    pub continues: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_yes(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_no(value: &bool) -> bool {
    !*value
}

/// A maintenance window or silence; its comment names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuppressionEntry {
    pub comment: Located<String>,
    /// Slugs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<Located<String>>>,
    /// Slug of the service and name: `shop/Prometheus`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrations: Option<Vec<Located<String>>>,
    /// As Alertmanager writes them: `alertname=~"Disk.*"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matchers: Option<Vec<Located<String>>>,
    /// Of the first occurrence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Located<Timestamp>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Located<Duration>>,
    /// An RRULE; `null`: once.
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub recurrence: Nullable<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Located<String>>,
}

/// A rule of inhibition; its name names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InhibitionEntry {
    pub name: Located<String>,
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub team: Nullable<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Vec<Located<String>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Vec<Located<String>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equal: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenEntry {
    pub name: Located<String>,
    pub role: AccountRole,
    #[serde(default, skip_serializing)]
    pub token: Option<Located<Secret>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_sha256: Option<Located<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_hint: Option<String>,
}
