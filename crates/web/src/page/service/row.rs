//! Services and integrations as rows, and a service's settings in words.

use std::collections::BTreeMap;

use domain::directory::Directory;
use domain::escalation;
use domain::policy::Policy;
use domain::service::{
    Grouping, HoursUrgency, Integration, Service, ServiceSettings, SupportHours, UrgencyRule,
};
use domain::word::PagingState;
use domain::{IntegrationId, PolicyId, ServiceId, Span, Timestamp};
use jiff::tz::TimeZone;
use store::Conn;
use store::service::Traffic;

use crate::page::choice;
use crate::page::policy::ladder;
use crate::view::service::{Health, IntegrationRow, ServiceRow};

/// What the rows need besides the configuration.
#[derive(Clone, Debug, Default)]
pub struct Signs {
    pub health: BTreeMap<ServiceId, Health>,
    pub traffic: BTreeMap<IntegrationId, Traffic>,
    /// Whose turn it is in each policy that pages one of several.
    pub turns: BTreeMap<PolicyId, i64>,
}

/// # Errors
/// Those of the reads.
pub fn signs(conn: &mut Conn, directory: &Directory) -> Result<Signs, store::Error> {
    let mut health: BTreeMap<ServiceId, Health> = BTreeMap::new();
    for (service, paging, count) in store::service::open_incidents(conn)? {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let entry = health.entry(service).or_default();
        match paging {
            PagingState::Triggered => entry.triggered = count,
            PagingState::Acknowledged => entry.acknowledged = count,
            PagingState::Resolved => {}
        }
    }
    let mut turns = BTreeMap::new();
    for policy in directory.policies.values() {
        if policy.current.config.takes_turns() {
            let turn = store::policy::next_round_robin(conn, policy.id)?;
            turns.insert(policy.id, turn);
        }
    }
    Ok(Signs {
        health,
        turns,
        traffic: store::service::traffic(conn)?.into_iter().collect(),
    })
}

/// Draws rows; looks at each policy once, however many services use it.
pub struct Rows<'a> {
    directory: &'a Directory,
    signs: &'a Signs,
    now: Timestamp,
    /// The viewer's.
    zone: &'a TimeZone,
    policies: BTreeMap<PolicyId, (Vec<String>, Option<String>)>,
}

impl<'a> Rows<'a> {
    pub fn new(
        directory: &'a Directory,
        signs: &'a Signs,
        zone: &'a TimeZone,
        now: Timestamp,
    ) -> Rows<'a> {
        Rows {
            directory,
            signs,
            now,
            zone,
            policies: BTreeMap::new(),
        }
    }

    pub fn row(&mut self, service: &Service) -> ServiceRow {
        let (on_call, warning) = match service.policy_id.and_then(|id| self.directory.policy(id)) {
            Some(policy) => self.policy(policy),
            None => self.without_policy(),
        };
        ServiceRow {
            name: service.name.clone(),
            slug: service.slug.clone(),
            team: choice::team_link(self.directory, service.team_id),
            policy: choice::policy_link(self.directory, service.policy_id),
            on_call,
            health: self
                .signs
                .health
                .get(&service.id)
                .copied()
                .unwrap_or_default(),
            last_signal: integrations(self.directory, service.id)
                .filter_map(|one| self.signs.traffic.get(&one.id)?.last_signal_at)
                .max(),
            warning,
        }
    }

    fn policy(&mut self, policy: &Policy) -> (Vec<String>, Option<String>) {
        let (directory, zone, now) = (self.directory, self.zone, self.now);
        let turn = self.signs.turns.get(&policy.id).copied().unwrap_or(0);
        self.policies
            .entry(policy.id)
            .or_insert_with(|| {
                let config = &policy.current.config;
                let grave = escalation::warnings(config, directory, now)
                    .into_iter()
                    .find(|warning| warning.needs_confirmation());
                let names = ladder::first_names(config, directory, turn, now);
                (names, grave.map(|warning| warning.said(zone)))
            })
            .clone()
    }

    fn without_policy(&self) -> (Vec<String>, Option<String>) {
        let names: Vec<String> = self
            .directory
            .settings
            .last_resort
            .iter()
            .flat_map(|target| {
                escalation::resolve_target(*target, self.directory, self.now).reached
            })
            .map(|reached| self.directory.user_name(reached.user).to_owned())
            .collect();
        let warning = names
            .is_empty()
            .then(|| "Has no policy, and the last resort reaches nobody.".to_owned());
        (names, warning)
    }
}

/// The integrations of a service, oldest first.
pub fn integrations(
    directory: &Directory,
    service: ServiceId,
) -> impl Iterator<Item = &Integration> {
    directory
        .integrations
        .values()
        .map(AsRef::as_ref)
        .filter(move |one| one.service_id == service)
}

pub fn integration_rows(
    directory: &Directory,
    service: ServiceId,
    signs: &Signs,
) -> Vec<IntegrationRow> {
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    integrations(directory, service)
        .map(|one| {
            let traffic = signs.traffic.get(&one.id).cloned().unwrap_or_default();
            let accepted = traffic.signals - traffic.ignored - traffic.rejected;
            IntegrationRow {
                id: one.id,
                name: one.name.clone(),
                kind: one.kind,
                key_hint: one.key_hint.clone(),
                last_signal: traffic.last_signal_at,
                accepted: count(accepted),
                ignored: count(traffic.ignored),
                rejected: count(traffic.rejected),
                global: one.routing.on,
                last_error: traffic.last_warning_at.zip(traffic.last_warning),
            }
        })
        .collect()
}

/// Settings in words, each with its name.
pub fn settings_words(settings: &ServiceSettings) -> Vec<(String, String)> {
    let urgency = match settings.urgency {
        UrgencyRule::BySeverity => by_severity(settings),
        UrgencyRule::High => "always high".to_owned(),
        UrgencyRule::Low => "always low".to_owned(),
        UrgencyRule::SupportHours => "by support hours".to_owned(),
    };
    let grouping = match settings.grouping {
        Grouping::GroupKey => "by the monitor's group key".to_owned(),
        Grouping::Fields => format!("by equal {}", settings.grouping_fields.join(", ")),
        Grouping::Window => format!(
            "all alerts within {} of one another",
            settings.grouping_window
        ),
        Grouping::None => "each alert is its own incident".to_owned(),
    };
    let storm = match settings.storm_limit {
        None => "never collected in one".to_owned(),
        Some(limit) => format!("beyond {limit} incidents a minute, one for the rest"),
    };
    let auto_resolve = match settings.auto_resolve {
        true => "when all alerts are resolved",
        false => "by people only",
    };
    let reopen = match settings.reopen_window {
        Span::ZERO => "never".to_owned(),
        window => format!("within {window} after the end"),
    };
    let timeout = |timeout: Option<Span>| match timeout {
        None => "for ever".to_owned(),
        Some(span) => format!("{span}, then it pages again"),
    };
    let mut words = vec![("Urgency", urgency)];
    if settings.urgency == UrgencyRule::SupportHours
        && let Some(support) = &settings.support_hours
    {
        words.extend(support_words(settings, support));
    }
    words.extend([
        ("Incidents", grouping),
        ("Storms", storm),
        ("Resolves", auto_resolve.to_owned()),
        ("Reopens", reopen),
        ("Ack lasts, high", timeout(settings.ack_timeout_high)),
        ("Ack lasts, low", timeout(settings.ack_timeout_low)),
    ]);
    let words = words.into_iter();
    words
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn by_severity(settings: &ServiceSettings) -> String {
    let high: Vec<&str> = settings
        .high_severities
        .iter()
        .map(|severity| severity.as_str())
        .collect();
    match high.as_slice() {
        [] => "by severity: none is high".to_owned(),
        high => format!("by severity: {} high, the rest low", high.join(", ")),
    }
}

fn support_words(
    settings: &ServiceSettings,
    support: &SupportHours,
) -> Vec<(&'static str, String)> {
    let ranges = support.hours.ranges.iter().map(|range| {
        let days: Vec<&str> = range
            .weekdays
            .iter()
            .map(|day| day.as_str().get(..3).unwrap_or_default())
            .collect();
        let days = match days.as_slice() {
            [] => "daily".to_owned(),
            days => days.join(" "),
        };
        format!("{days} {}–{}", range.from, range.until)
    });
    let ranges: Vec<String> = ranges.collect();
    let of = |rule| match rule {
        HoursUrgency::BySeverity => by_severity(settings),
        HoursUrgency::High => "high".to_owned(),
        HoursUrgency::Low => "low".to_owned(),
    };
    let zone = support.hours.zone.as_deref().unwrap_or("UTC");
    let raise = match support.raise {
        true => "; what is open when hours begin is raised",
        false => "",
    };
    vec![
        ("Support hours", format!("{}, {zone}", ranges.join("; "))),
        ("Inside them", of(support.inside)),
        ("Outside", format!("{}{raise}", of(support.outside))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, directory};

    #[test]
    fn a_row_says_health_and_who_would_be_paged() {
        let directory = directory();
        let mut signs = Signs::default();
        signs.health.insert(
            ServiceId(8),
            Health {
                triggered: 2,
                acknowledged: 1,
            },
        );
        let service = directory.service_by_slug("checkout").unwrap();
        let row = Rows::new(&directory, &signs, &TimeZone::UTC, NOW).row(service);
        assert_eq!(row.on_call, ["Ana"]);
        assert_eq!(row.health.triggered, 2);
        assert_eq!(row.warning, None);
        let mut orphan = service.clone();
        orphan.policy_id = None;
        let row = Rows::new(&directory, &signs, &TimeZone::UTC, NOW).row(&orphan);
        assert_eq!((row.on_call, row.policy), (vec!["Ana".to_owned()], None));
    }
}
