//! A second, naive telling of what signals come to, and what is compared with it.

use std::collections::{BTreeMap, BTreeSet};

use domain::signal::Signal;
use domain::word::{Action, AlertSeverity, AlertStatus, PagingState, Urgency};
use proptest::prelude::*;
use store::Store;

use crate::world::signal;

/// What an alert came to: status, count, severity, and a name for its incident that does not
/// depend on ids.
pub type Summary = Vec<(String, AlertStatus, i64, AlertSeverity, Option<usize>)>;
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
        let name = alert.incident_id.map(|id| {
            let fresh = names.len();
            let name = *names.entry(id).or_insert(fresh);
            if name == incidents.len() {
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
            name
        });
        let key = alert.dedup_key[prefix.len()..].to_owned();
        summary.push((key, alert.status, alert.count, alert.text.severity, name));
    }
    (summary, incidents)
}

/// Incidents of a service that may open at once in these tests; the further ones are a storm.
pub const STORM_LIMIT: u16 = 3;

/// A second, naive telling of PAGING.md §1.2–1.10, §2.2–2.4 and §3.3 for signals that come within
/// one instant. Key 6 is silenced unless it is critical.
pub struct Model {
    alerts: Vec<Told>,
    incidents: Vec<Case>,
    /// Changes of each key, and whether it flaps and people know.
    changes: BTreeMap<String, (usize, bool, bool)>,
    /// Incidents that were opened or would have been.
    opened: usize,
    storm_limit: usize,
}

struct Told {
    key: String,
    open: bool,
    count: i64,
    severity: AlertSeverity,
    incident: Option<usize>,
    /// Its group, to be placed later.
    group: Option<String>,
}

struct Case {
    group: Option<String>,
    storm: bool,
    paging: PagingState,
    urgency: Urgency,
    alerts: i64,
    open: i64,
}

impl Case {
    fn is_open(&self) -> bool {
        self.paging != PagingState::Resolved
    }
}

fn urgency(severity: AlertSeverity) -> Urgency {
    match severity {
        AlertSeverity::Critical | AlertSeverity::Error => Urgency::High,
        _ => Urgency::Low,
    }
}

impl Model {
    pub fn new(storm_limit: u16) -> Model {
        Model {
            alerts: vec![],
            incidents: vec![],
            changes: BTreeMap::new(),
            opened: 0,
            storm_limit: usize::from(storm_limit),
        }
    }

    /// Whether anything keeps the alert from paging.
    fn held(&self, at: usize) -> bool {
        let alert = &self.alerts[at];
        if alert.key == "6" && alert.severity != AlertSeverity::Critical {
            return true;
        }
        let known = self.changes[&alert.key].2;
        let home = self.before(at).and_then(|before| before.incident);
        known && home.is_none_or(|home| !self.incidents[home].is_open())
    }

    fn before(&self, at: usize) -> Option<&Told> {
        let key = &self.alerts[at].key;
        self.alerts[..at].iter().rfind(|told| told.key == *key)
    }

    /// Finds or opens the incident of an alert.
    fn place(&mut self, at: usize) {
        let group = self.alerts[at].group.clone();
        let severity = self.alerts[at].severity;
        let open_case = |case: &Case| case.is_open() && !case.storm;
        let of_group = self
            .incidents
            .iter()
            .position(|case| group.is_some() && case.group == group && open_case(case));
        let home = match (of_group, self.before(at).and_then(|before| before.incident)) {
            (Some(home), _) | (None, Some(home)) => home,
            (None, None) => {
                self.opened += 1;
                let storm = self.opened > self.storm_limit;
                let raging = self
                    .incidents
                    .iter()
                    .position(|case| case.storm && case.is_open());
                match raging.filter(|_| storm) {
                    Some(home) => home,
                    None => {
                        self.incidents.push(Case {
                            group: group.filter(|_| !storm),
                            storm,
                            paging: PagingState::Triggered,
                            urgency: urgency(severity),
                            alerts: 0,
                            open: 0,
                        });
                        self.incidents.len() - 1
                    }
                }
            }
        };
        let others = self.incidents.iter().enumerate();
        let taken = others
            .filter(|(at, case)| *at != home && case.storm && case.is_open())
            .count();
        let case = &mut self.incidents[home];
        if !case.is_open() {
            case.paging = PagingState::Triggered;
            // A storm that comes back leaves gathering to the one that does so now.
            case.storm &= taken == 0;
        }
        case.urgency = case.urgency.min(urgency(severity));
        case.alerts += 1;
        case.open += 1;
        self.alerts[at].incident = Some(home);
        if let Some((_, flaps @ true, known)) = self.changes.get_mut(&self.alerts[at].key) {
            *known = *flaps;
        }
    }

    pub fn tell(&mut self, signal: &Signal, key: &str) {
        let open = self
            .alerts
            .iter()
            .position(|told| told.key == key && told.open);
        match (signal.action, open) {
            (Action::Trigger, Some(at)) => {
                self.alerts[at].count += 1;
                self.alerts[at].severity = signal.severity;
                match self.alerts[at].incident {
                    Some(home) => {
                        let case = &mut self.incidents[home];
                        case.urgency = case.urgency.min(urgency(signal.severity));
                    }
                    None if !self.held(at) => self.place(at),
                    None => {}
                }
            }
            (Action::Trigger, None) => {
                let (changes, flaps, _) = self.changes.entry(key.to_owned()).or_default();
                *changes += 1;
                *flaps |= *changes > 4;
                self.alerts.push(Told {
                    key: key.to_owned(),
                    open: true,
                    count: 1,
                    severity: signal.severity,
                    incident: None,
                    group: signal.group_key.clone(),
                });
                let at = self.alerts.len() - 1;
                if !self.held(at) {
                    self.place(at);
                }
            }
            (Action::Acknowledge, Some(at)) => {
                if let Some(home) = self.alerts[at].incident {
                    let case = &mut self.incidents[home];
                    if case.paging == PagingState::Triggered {
                        case.paging = PagingState::Acknowledged;
                    }
                }
            }
            (Action::Resolve, Some(at)) => {
                self.alerts[at].open = false;
                let (changes, flaps, _) = self.changes.entry(key.to_owned()).or_default();
                *changes += 1;
                if let Some(home) = self.alerts[at].incident {
                    let case = &mut self.incidents[home];
                    case.open -= 1;
                    if case.open == 0 && !*flaps {
                        case.paging = PagingState::Resolved;
                    }
                }
            }
            (Action::Acknowledge | Action::Resolve, None) | (Action::Note, _) => {}
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
        // Incidents are named in the order in which alerts show them.
        let mut names: Vec<usize> = Vec::new();
        let mut alerts = Vec::new();
        for told in &self.alerts {
            let name = told.incident.map(|home| {
                names
                    .iter()
                    .position(|one| *one == home)
                    .unwrap_or_else(|| {
                        names.push(home);
                        names.len() - 1
                    })
            });
            alerts.push((
                told.key.clone(),
                status(told.open),
                told.count,
                told.severity,
                name,
            ));
        }
        let incidents = names
            .into_iter()
            .map(|home| &self.incidents[home])
            .map(|case| (case.paging, case.urgency, case.alerts, case.open))
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
        1 => Just(Action::Note),
    ];
    (
        action,
        0..7_u8,
        proptest::sample::select(AlertSeverity::ALL),
    )
        .prop_map(|(action, key, severity)| Said {
            action,
            key,
            severity,
        })
}

/// Keys 0–2 and 6 stand alone, 3 and 4 share a group, 5 has one of its own.
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
        // Whoever is not told of an alert must find out why.
        let of: Vec<_> = alerts
            .iter()
            .filter(|one| one.incident_id == Some(incident.id))
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
