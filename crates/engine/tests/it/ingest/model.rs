//! A second, naive telling of what signals come to, and what is compared with it.

use std::collections::{BTreeMap, BTreeSet};

use domain::signal::Signal;
use domain::word::{Action, AlertSeverity, AlertStatus, PagingState, Urgency};
use proptest::prelude::*;
use store::Store;

use crate::world::signal;

/// What an alert came to: status, count, severity, and a name for its incident that does not
/// depend on ids.
pub type Summary = Vec<(String, AlertStatus, i64, AlertSeverity, usize)>;
/// What an incident came to: paging, urgency, alerts, open alerts.
pub type Incidents = Vec<(PagingState, Urgency, i64, i64)>;

/// Every alert whose key begins with `prefix`, in the order of opening, with its incidents.
pub fn outcome(store: &Store, prefix: &str) -> (Summary, Incidents) {
    let rows = store
        .read_blocking(|c| store::alert::list(c, &store::alert::Filter::default(), None, 100_000))
        .unwrap();
    let mut alerts: Vec<_> = rows
        .into_iter()
        .filter(|alert| alert.dedup_key.starts_with(prefix))
        .collect();
    alerts.sort_by_key(|alert| (alert.first_seen, alert.id));
    let mut names = BTreeMap::new();
    let mut incidents = Vec::new();
    let mut summary = Vec::new();
    for alert in alerts {
        let fresh = names.len();
        let name = *names.entry(alert.incident_id).or_insert(fresh);
        if name == fresh && name == incidents.len() {
            let id = alert.incident_id;
            let incident = store
                .read_blocking(move |c| store::incident::fetch(c, id))
                .unwrap();
            incidents.push((
                incident.paging,
                incident.urgency,
                incident.alerts,
                incident.open_alerts,
            ));
        }
        let key = alert.dedup_key[prefix.len()..].to_owned();
        summary.push((key, alert.status, alert.count, alert.text.severity, name));
    }
    (summary, incidents)
}

/// A second, naive telling of PAGING.md §1.2–1.8 for signals that come within one instant.
#[derive(Default)]
pub struct Model {
    alerts: Vec<(String, bool, i64, AlertSeverity, usize)>,
    incidents: Vec<Told>,
}

struct Told {
    group: Option<String>,
    paging: PagingState,
    urgency: Urgency,
    alerts: i64,
    open: i64,
}

impl Model {
    fn open_of(&self, key: &str) -> Option<usize> {
        self.alerts
            .iter()
            .position(|(known, open, ..)| known == key && *open)
    }

    pub fn tell(&mut self, signal: &Signal, key: &str) {
        let urgency = match signal.severity {
            AlertSeverity::Critical | AlertSeverity::Error => Urgency::High,
            _ => Urgency::Low,
        };
        match (signal.action, self.open_of(key)) {
            (Action::Trigger, Some(at)) => {
                self.alerts[at].2 += 1;
                self.alerts[at].3 = signal.severity;
                let incident = self.alerts[at].4;
                if urgency == Urgency::High {
                    self.incidents[incident].urgency = Urgency::High;
                }
            }
            (Action::Trigger, None) => {
                let of_group = self.incidents.iter().position(|told| {
                    told.group.is_some()
                        && told.group == signal.group_key
                        && told.paging != PagingState::Resolved
                });
                let before = self.alerts.iter().rposition(|(known, ..)| known == key);
                let home = match (of_group, before) {
                    (Some(incident), _) => incident,
                    (None, Some(alert)) => self.alerts[alert].4,
                    (None, None) => {
                        self.incidents.push(Told {
                            group: signal.group_key.clone(),
                            paging: PagingState::Triggered,
                            urgency,
                            alerts: 0,
                            open: 0,
                        });
                        self.incidents.len() - 1
                    }
                };
                let told = &mut self.incidents[home];
                if told.paging == PagingState::Resolved {
                    told.paging = PagingState::Triggered;
                }
                if urgency == Urgency::High {
                    told.urgency = Urgency::High;
                }
                told.alerts += 1;
                told.open += 1;
                self.alerts
                    .push((key.to_owned(), true, 1, signal.severity, home));
            }
            (Action::Acknowledge, Some(at)) => {
                let told = &mut self.incidents[self.alerts[at].4];
                if told.paging == PagingState::Triggered {
                    told.paging = PagingState::Acknowledged;
                }
            }
            (Action::Resolve, Some(at)) => {
                self.alerts[at].1 = false;
                let told = &mut self.incidents[self.alerts[at].4];
                told.open -= 1;
                if told.open == 0 {
                    told.paging = PagingState::Resolved;
                }
            }
            (Action::Acknowledge | Action::Resolve, None) => {}
        }
    }

    pub fn outcome(&self) -> (Summary, Incidents) {
        let status = |open| {
            if open {
                AlertStatus::Open
            } else {
                AlertStatus::Resolved
            }
        };
        let alerts = self
            .alerts
            .iter()
            .map(|(key, open, count, severity, incident)| {
                (key.clone(), status(*open), *count, *severity, *incident)
            })
            .collect();
        let incidents = self
            .incidents
            .iter()
            .map(|told| (told.paging, told.urgency, told.alerts, told.open))
            .collect();
        (alerts, incidents)
    }
}

#[derive(Clone, Debug)]
pub struct Said {
    pub action: Action,
    pub key: u8,
    pub severity: AlertSeverity,
}

pub fn said() -> impl Strategy<Value = Said> {
    let action = prop_oneof![
        4 => Just(Action::Trigger),
        1 => Just(Action::Acknowledge),
        3 => Just(Action::Resolve),
    ];
    (
        action,
        0..6_u8,
        proptest::sample::select(AlertSeverity::ALL),
    )
        .prop_map(|(action, key, severity)| Said {
            action,
            key,
            severity,
        })
}

/// Keys 0–2 stand alone, 3 and 4 share a group, 5 has one of its own.
pub fn made(said: &Said, prefix: &str) -> Signal {
    let mut made = signal(said.action, &format!("{prefix}{}", said.key));
    made.severity = said.severity;
    made.group_key = match said.key {
        3 | 4 => Some(format!("{prefix}shared")),
        5 => Some(format!("{prefix}own")),
        _ => None,
    };
    made
}

/// What must hold of the tables however requests were interleaved.
pub fn assert_consistent(store: &Store) {
    let alerts = store
        .read_blocking(|c| store::alert::list(c, &store::alert::Filter::default(), None, 100_000))
        .unwrap();
    let incidents = store
        .read_blocking(|c| {
            store::incident::list(c, &store::incident::Filter::default(), None, 100_000)
        })
        .unwrap();
    let mut open = BTreeSet::new();
    for alert in alerts
        .iter()
        .filter(|alert| alert.status == AlertStatus::Open)
    {
        assert!(
            open.insert(alert.identity),
            "two open alerts of {}",
            alert.dedup_key
        );
    }
    let mut numbers: Vec<i64> = incidents.iter().map(|incident| incident.number).collect();
    numbers.sort_unstable();
    let count = i64::try_from(numbers.len()).unwrap();
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
    for incident in &incidents {
        let of: Vec<_> = alerts
            .iter()
            .filter(|one| one.incident_id == incident.id)
            .collect();
        let open = of
            .iter()
            .filter(|one| one.status == AlertStatus::Open)
            .count();
        assert_eq!(
            i64::try_from(of.len()).unwrap(),
            incident.alerts,
            "{incident:?}"
        );
        assert_eq!(
            i64::try_from(open).unwrap(),
            incident.open_alerts,
            "{incident:?}"
        );
        let id = incident.id;
        let live = store
            .read_blocking(move |c| store::escalation::live_run(c, id))
            .unwrap();
        assert_eq!(
            live.is_some(),
            incident.paging == PagingState::Triggered && incident.urgency == Urgency::High,
            "an escalation runs while nobody has answered: {incident:?}"
        );
        let executed = store
            .read_blocking(move |c| store::escalation::executions(c, id))
            .unwrap();
        assert!(!executed.is_empty(), "whoever opens it pages: {incident:?}");
    }
}
