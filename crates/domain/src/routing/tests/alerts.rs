//! Signals of a global integration on their way into alerts.

use std::convert::Infallible;

use super::*;
use crate::dedup::{Applied, Numbering, SignalDecision, WorkingSet};
use crate::suppression::SuppressionKind;
use crate::{AlertId, IncidentId};

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
    directory: Directory,
}

impl World {
    fn new(rules: Vec<Rule>) -> World {
        let mut world = World {
            set: WorkingSet::default(),
            numbers: Numbers::default(),
            directory: directory(),
        };
        world.rules(rules);
        world
    }

    fn rules(&mut self, rules: Vec<Rule>) {
        let door = integration(rules);
        self.directory.integrations.insert(door.id, Arc::new(door));
    }

    fn send(&mut self, signal: &Signal, at: i64) -> Applied {
        let directory = self.directory.clone();
        let door = directory.integration(IntegrationId(7)).unwrap();
        let home = directory.service(HOME).unwrap();
        let way = Way::of(door, home, signal, &directory);
        let now = Timestamp::from_seconds(at);
        let Ok(applied) = self.set.follow(&way, &directory, &mut self.numbers, now);
        applied
    }

    fn service(&self, applied: Applied) -> i64 {
        let incident = &self.set.incidents[&applied.incident_id.unwrap()];
        incident.service_id.unwrap().0
    }
}

fn resolve(key: &str) -> Signal {
    Signal::new(Action::Resolve, key, "")
}

fn by_cluster() -> Outcome {
    Outcome {
        dedup_key: Some(text("{labels.cluster}")),
        ..to(2)
    }
}

#[test]
fn a_resolve_reaches_its_alert_whatever_has_changed() {
    let mut world = World::new(vec![rule(1, "labels.cluster == 'eu'", by_cluster())]);
    let opened = world.send(&trigger("k1", json!({"cluster": "eu"})), 0);
    assert_eq!(
        (opened.decision, world.service(opened)),
        (SignalDecision::Opened, 2)
    );
    let folded = world.send(&trigger("k2", json!({"cluster": "eu"})), 1);
    assert_eq!(folded.decision, SignalDecision::Repeated);
    assert_eq!(folded.alert_id, opened.alert_id);
    // Without labels no rule matches, and the rules are others by now.
    world.rules(vec![rule(9, "", to(3))]);
    let again = world.send(&trigger("k2", json!({})), 2);
    assert_eq!(again.alert_id, opened.alert_id, "it stays where it is");
    let acknowledged = world.send(&Signal::new(Action::Acknowledge, "k1", ""), 3);
    assert_eq!(acknowledged.decision, SignalDecision::Acknowledged);
    let resolved = world.send(&resolve("k2"), 4);
    assert_eq!(resolved.decision, SignalDecision::Resolved);
    assert_eq!(resolved.alert_id, opened.alert_id);
    let fresh = world.send(&trigger("k2", json!({})), 5);
    assert_eq!(
        (fresh.decision, world.service(fresh)),
        (SignalDecision::Opened, 3)
    );
    assert_eq!(
        world.send(&resolve("k1"), 6).decision,
        SignalDecision::Ignored
    );
}

#[test]
fn an_open_alert_stays_with_its_key_when_rules_begin_to_make_keys() {
    let mut world = World::new(vec![]);
    let opened = world.send(&trigger("k1", json!({"cluster": "eu"})), 0);
    assert_eq!(world.service(opened), 1, "the catch-all");
    world.rules(vec![rule(1, "has(labels.cluster)", by_cluster())]);
    let again = world.send(&trigger("k1", json!({"cluster": "eu"})), 1);
    assert_eq!(again.alert_id, opened.alert_id);
    let other = world.send(&trigger("k3", json!({"cluster": "eu"})), 2);
    assert_eq!(world.service(other), 2);
    assert_eq!(world.send(&resolve("k1"), 3).alert_id, opened.alert_id);
}

#[test]
fn a_rule_suppresses_until_it_is_changed() {
    let quiet = Outcome {
        suppress: true,
        ..to(2)
    };
    let mut world = World::new(vec![rule(1, "labels.env == 'test'", quiet.clone())]);
    let held = world.send(&trigger("k", json!({"env": "test"})), 0);
    assert_eq!(held.decision, SignalDecision::Suppressed);
    let identity = crate::alert::Identity::of(IntegrationId(7), "k");
    let suppressed = world.set.open[&identity].suppressed.clone().unwrap();
    assert_eq!(
        (suppressed.kind, suppressed.by),
        (SuppressionKind::Rule, Some(1))
    );
    assert!(
        suppressed
            .in_words()
            .contains("“Rule 1” until that is changed")
    );
    let look = |world: &mut World, at| {
        let directory = world.directory.clone();
        let now = Timestamp::from_seconds(at);
        let Ok(()) = world
            .set
            .check_open(identity, &directory, &mut world.numbers, now);
        world.set.open[&identity].clone()
    };
    assert_eq!(look(&mut world, 1).incident_id, None, "it still holds");
    world.rules(vec![rule(1, "labels.env == 'test'", to(3))]);
    let alert = look(&mut world, 2);
    let incident = &world.set.incidents[&alert.incident_id.unwrap()];
    assert_eq!(
        incident.service_id,
        Some(ServiceId(3)),
        "as if it had just come"
    );
    assert_eq!(alert.suppressed, None);
    // One that pages already is not silenced.
    world.rules(vec![rule(1, "", quiet)]);
    let repeated = world.send(&trigger("k", json!({"env": "prod"})), 3);
    assert_eq!(repeated.incident_id, alert.incident_id);
}

#[test]
fn a_group_resolves_by_the_name_its_monitor_gave_it() {
    let grouped = Outcome {
        group_key: Some(text("ours")),
        ..to(2)
    };
    let mut world = World::new(vec![rule(1, "", grouped)]);
    let mut ids = vec![];
    for (key, group) in [("a", "g1"), ("b", "g2")] {
        let mut signal = trigger(key, json!({}));
        signal.group_key = Some(group.into());
        ids.push(world.send(&signal, 0).incident_id);
    }
    assert_eq!(ids[0], ids[1], "one group of ours");
    let directory = world.directory.clone();
    let door = directory.integration(IntegrationId(7)).unwrap();
    let home = directory.service(HOME).unwrap();
    let ended = world
        .set
        .resolve_group(door, home, "g1", &directory, Timestamp::from_seconds(9));
    assert_eq!(ended.len(), 1);
}
