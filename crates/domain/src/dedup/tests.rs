mod counting;
mod flapping;
mod holding;
mod notes;
mod storms;

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::integration::IntegrationSettings;
use crate::routing::Routing;
use crate::word::IntegrationKind;
use crate::{IntegrationId, Span};

fn integration() -> Integration {
    Integration {
        id: IntegrationId(1),
        service_id: ServiceId(1),
        name: "Prometheus".into(),
        kind: IntegrationKind::Generic,
        key_hash: [0; 32],
        key_hint: "abcd".into(),
        settings: IntegrationSettings::default(),
        routing: Routing::default(),
        created_at: Timestamp(0),
    }
}

fn service(settings: ServiceSettings) -> Service {
    Service {
        id: ServiceId(1),
        slug: "checkout".into(),
        name: "Checkout".into(),
        description: String::new(),
        team_id: None,
        policy_id: None,
        settings,
    }
}

#[derive(Default)]
struct Numbers(i64);

impl Numbering for Numbers {
    type Error = Infallible;
    fn alert_id(&mut self) -> Result<AlertId, Infallible> {
        self.0 += 1;
        Ok(AlertId(self.0))
    }
    fn incident_id(&mut self) -> Result<IncidentId, Infallible> {
        self.0 += 1;
        Ok(IncidentId(self.0))
    }
    fn incident_number(&mut self) -> Result<i64, Infallible> {
        self.0 += 1;
        Ok(self.0)
    }
}

struct World {
    set: WorkingSet,
    numbers: Numbers,
    service: Service,
    directory: Directory,
}

impl World {
    fn new() -> World {
        let service = service(ServiceSettings::default());
        World {
            set: WorkingSet::default(),
            numbers: Numbers::default(),
            service,
            directory: Directory::default(),
        }
    }

    /// The clock has reached `at`: looks at whatever wants to be looked at.
    fn check(&mut self, at: i64) {
        let now = Timestamp::from_seconds(at);
        let due = |alert: &&Alert| alert.check_at.is_some_and(|check| check <= now);
        let open: Vec<Identity> = self
            .set
            .open
            .values()
            .filter(due)
            .map(|a| a.identity)
            .collect();
        let resolved: Vec<Alert> = self.set.resolved.values().filter(due).cloned().collect();
        for identity in open {
            let Ok(()) = self
                .set
                .check_open(identity, &self.directory, &mut self.numbers, now);
        }
        for alert in resolved {
            self.set.check_resolved(alert, &self.directory, now);
        }
    }

    fn send(&mut self, signal: &Signal, at: i64) -> Applied {
        let now = Timestamp::from_seconds(at);
        self.set
            .apply(
                &integration(),
                &self.service,
                signal,
                &self.directory,
                &mut self.numbers,
                now,
            )
            .unwrap()
    }

    fn effects(&mut self) -> Vec<Effect> {
        self.set
            .take_effects()
            .into_iter()
            .map(|(_, effect)| effect)
            .collect()
    }

    fn incident(&self, applied: Applied) -> &Incident {
        &self.set.incidents[&applied.incident_id.unwrap()]
    }
}

fn trigger(key: &str) -> Signal {
    Signal::new(Action::Trigger, key, format!("{key} is down"))
}

fn resolve(key: &str) -> Signal {
    Signal::new(Action::Resolve, key, "")
}

fn starts(effects: &[Effect]) -> usize {
    effects
        .iter()
        .filter(|effect| matches!(effect, Effect::StartRun { .. }))
        .count()
}

#[test]
fn a_trigger_opens_and_repeats_only_count() {
    // §1.3, §4.4.
    let mut world = World::new();
    let first = world.send(&trigger("db"), 0);
    assert_eq!(first.decision, SignalDecision::Opened);
    assert_eq!(starts(&world.effects()), 1);
    for n in 1..=500 {
        let mut again = trigger("db");
        again.summary = format!("still down {n}");
        let repeat = world.send(&again, n);
        assert_eq!(repeat.decision, SignalDecision::Repeated);
        assert_eq!(repeat.incident_id, first.incident_id);
    }
    assert!(world.effects().is_empty(), "it never pages again");
    let alert = world.set.open.values().next().unwrap();
    assert_eq!(alert.count, 501);
    assert_eq!(alert.text.summary, "still down 500");
    assert_eq!(alert.first_text.as_ref().unwrap().summary, "db is down");
    assert_eq!(alert.last_seen, Timestamp::from_seconds(500));
}

#[test]
fn a_severity_that_raises_the_urgency_starts_paging() {
    // §1.3: the one exception.
    let mut world = World::new();
    let mut low = trigger("disk");
    low.severity = AlertSeverity::Warning;
    let first = world.send(&low, 0);
    assert_eq!(world.incident(first).urgency, Urgency::Low);
    world.effects();
    world.send(&trigger("disk"), 1);
    assert_eq!(world.incident(first).urgency, Urgency::High);
    assert_eq!(starts(&world.effects()), 1);
    world.send(&trigger("disk"), 2);
    assert_eq!(starts(&world.effects()), 0);
}

#[test]
fn a_trigger_within_the_reopen_window_reopens() {
    // §1.4: 5 minutes by default.
    let window = Span::from_minutes(5).as_seconds();
    for (later, decision) in [
        (window - 1, SignalDecision::Reopened),
        (window, SignalDecision::Opened),
    ] {
        let mut world = World::new();
        let first = world.send(&trigger("db"), 0);
        world.send(&resolve("db"), 10);
        assert_eq!(world.incident(first).paging, PagingState::Resolved, "§1.8");
        world.effects();
        let back = world.send(&trigger("db"), 10 + later);
        assert_eq!(back.decision, decision);
        assert_eq!(back.incident_id == first.incident_id, later < window);
        assert_ne!(back.alert_id, first.alert_id, "a new alert");
        assert_eq!(starts(&world.effects()), 1, "it pages from step 1");
    }
}

#[test]
fn nothing_open_is_accepted_and_creates_nothing() {
    // §1.6.
    let mut world = World::new();
    assert_eq!(world.send(&resolve("never"), 0), Applied::IGNORED);
    let acknowledge = Signal::new(Action::Acknowledge, "never", "");
    assert_eq!(world.send(&acknowledge, 0), Applied::IGNORED);
    assert!(world.set.touched.is_empty() && world.set.changed_incidents.is_empty());
}

#[test]
fn a_group_is_one_incident_that_ends_with_its_last_alert() {
    // §2.2, §1.8.
    let mut world = World::new();
    let grouped = |key: &str| Signal {
        group_key: Some("g".into()),
        ..trigger(key)
    };
    let first = world.send(&grouped("a"), 0);
    let second = world.send(&grouped("b"), 1);
    assert_eq!(second.decision, SignalDecision::Joined);
    assert_eq!(second.incident_id, first.incident_id);
    assert_eq!(starts(&world.effects()), 1, "§2.3: not paged again");
    world.send(&resolve("a"), 2);
    assert!(world.incident(first).is_open());
    world.send(&resolve("b"), 3);
    assert!(!world.incident(first).is_open());
    let next = world.send(&grouped("c"), 4);
    assert_ne!(
        next.incident_id, first.incident_id,
        "the group is free again"
    );
}

#[test]
fn a_second_failure_tells_the_acknowledger() {
    // §2.3.
    let mut world = World::new();
    let grouped = |key: &str| Signal {
        group_key: Some("g".into()),
        ..trigger(key)
    };
    let first = world.send(&grouped("a"), 0);
    world.send(&Signal::new(Action::Acknowledge, "a", ""), 1);
    assert_eq!(world.incident(first).paging, PagingState::Acknowledged);
    world.effects();
    world.send(&grouped("b"), 2);
    let effects = world.effects();
    assert_eq!(starts(&effects), 0);
    assert!(
        effects
            .iter()
            .any(|e| matches!(e, Effect::TellAcknowledger { .. }))
    );
}

#[test]
fn a_declared_incident_does_not_resolve_itself() {
    // §1.8.
    let mut world = World::new();
    let first = world.send(&trigger("db"), 0);
    let id = first.incident_id.unwrap();
    world.set.incidents.get_mut(&id).unwrap().declared_at = Some(Timestamp(1));
    world.send(&resolve("db"), 1);
    assert!(world.incident(first).is_open());
    assert_eq!(world.incident(first).open_alerts, 0);
}

#[test]
fn a_whole_group_resolves_at_once() {
    let mut world = World::new();
    for key in ["a", "b", "c"] {
        world.send(
            &Signal {
                group_key: Some("g".into()),
                ..trigger(key)
            },
            0,
        );
    }
    let now = Timestamp::from_seconds(9);
    let resolved =
        world
            .set
            .resolve_group(&integration(), &world.service, "g", &world.directory, now);
    assert_eq!(resolved.len(), 3);
    assert!(world.set.open.is_empty());
}

proptest! {
    /// Whatever comes, counts stay right: an incident has as many open alerts as point to it.
    #[test]
    fn open_counts_are_true(steps in prop::collection::vec((0..3u8, 0..4u8, prop::bool::ANY), 1..60)) {
        let mut world = World::new();
        for (index, (action, key, grouped)) in steps.into_iter().enumerate() {
            let action = [Action::Trigger, Action::Acknowledge, Action::Resolve][action as usize];
            let mut signal = Signal::new(action, format!("k{key}"), "x");
            if grouped {
                signal.group_key = Some("g".into());
            }
            world.send(&signal, i64::try_from(index).unwrap() * 100);
            for incident in world.set.incidents.values() {
                let open = world.set.open.values().filter(|a| a.incident_id == Some(incident.id)).count();
                if incident.is_open() {
                    prop_assert_eq!(incident.open_alerts, i64::try_from(open).unwrap());
                } else {
                    prop_assert_eq!(open, 0);
                }
            }
        }
    }
}

#[test]
fn rewording_keeps_count_and_first_text_and_pages_when_it_became_worse() {
    let mut world = World::new();
    let mut signal = Signal::new(Action::Trigger, "k", "Disk filling");
    signal.severity = AlertSeverity::Warning;
    world.send(&signal, 0);
    world.effects();
    let identity = Identity::of(integration().id, "k");
    let service = service(ServiceSettings::default());
    let reword = |world: &mut World, severity| {
        world.set.reword(
            identity,
            &service,
            |text| {
                text.summary = "Disk full".into();
                text.severity = severity;
            },
            Timestamp::from_seconds(60),
        )
    };
    assert!(reword(&mut world, AlertSeverity::Warning));
    assert_eq!(world.effects(), []);
    let alert = &world.set.open[&identity];
    assert_eq!((alert.count, alert.text.summary.as_str()), (1, "Disk full"));
    assert_eq!(alert.first_text.as_ref().unwrap().summary, "Disk filling");
    assert_eq!(alert.last_seen, Timestamp::from_seconds(0));
    assert!(reword(&mut world, AlertSeverity::Critical));
    let starts = |effect: &Effect| matches!(effect, Effect::StartRun { .. });
    assert!(world.effects().iter().any(starts));
    let unknown = Identity::of(integration().id, "other");
    let nothing = |_: &mut AlertText| {};
    assert!(
        !world
            .set
            .reword(unknown, &service, nothing, Timestamp::from_seconds(60))
    );
}
