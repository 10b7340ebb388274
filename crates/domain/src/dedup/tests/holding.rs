//! Suppression (PAGING.md §3.3), inhibition (§3.4) and expiry (WIRE-FORMATS.md §1.5).

use std::sync::Arc;

use super::*;
use crate::integration::IntegrationSettings;
use crate::suppression::{Inhibition, Matcher, Suppression, SuppressionKind};
use crate::{InhibitionId, SuppressionId};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

pub(super) fn with_door(mut world: World) -> World {
    let door = integration();
    world.directory.integrations.insert(door.id, Arc::new(door));
    let service = world.service.clone();
    world
        .directory
        .services
        .insert(service.id, Arc::new(service));
    world
}

fn window(world: &mut World, id: i64, from: i64, until: i64, matchers: &[&str]) {
    let one = Suppression {
        id: SuppressionId(id),
        kind: SuppressionKind::Maintenance,
        services: vec![ServiceId(1)],
        integrations: vec![],
        matchers: matchers
            .iter()
            .map(|text| Matcher::parse(text).unwrap())
            .collect(),
        starts_at: at(from),
        ends_at: at(until),
        recurrence: None,
        zone: "UTC".into(),
        occurrences: vec![(at(from), at(until))],
        comment: "Kernel updates".into(),
        created_by: None,
        author: "Ana".into(),
        created_at: at(0),
    };
    world.directory.suppressions.insert(one.id, Arc::new(one));
}

#[test]
fn a_suppressed_alert_is_recorded_and_pages_when_the_window_ends() {
    let mut world = with_door(World::new());
    window(&mut world, 1, 100, 200, &[]);
    let sent = world.send(&trigger("db"), 150);
    assert_eq!(sent.decision, SignalDecision::Suppressed);
    assert_eq!(sent.incident_id, None);
    assert!(world.effects().is_empty() && world.set.incidents.is_empty());
    let alert = world.set.open.values().next().unwrap();
    let text = alert.suppressed.as_ref().unwrap().in_words();
    assert_eq!(
        text,
        "suppressed by the maintenance window “Kernel updates” until 1970-01-01T00:03:20Z"
    );
    assert_eq!(
        world.send(&trigger("db"), 160).decision,
        SignalDecision::Repeated
    );
    world.check(199);
    assert!(world.effects().is_empty());
    world.check(200);
    assert_eq!(starts(&world.effects()), 1, "it still fires: it pages then");
    let alert = world.set.open.values().next().unwrap();
    assert!(alert.suppressed.is_none() && alert.incident_id.is_some());
    assert_eq!(alert.count, 2);
}

#[test]
fn what_is_resolved_within_the_window_never_pages() {
    let mut world = with_door(World::new());
    window(&mut world, 1, 100, 200, &[]);
    world.send(&trigger("db"), 150);
    let over = world.send(&resolve("db"), 160);
    assert_eq!(over.decision, SignalDecision::Resolved);
    world.check(200);
    assert!(world.effects().is_empty() && world.set.incidents.is_empty());
}

#[test]
fn another_window_holds_it_on() {
    let mut world = with_door(World::new());
    window(&mut world, 1, 100, 200, &[]);
    world.send(&trigger("db"), 150);
    window(&mut world, 2, 190, 300, &[]);
    world.check(200);
    assert!(world.effects().is_empty());
    world.check(300);
    assert_eq!(starts(&world.effects()), 1);
}

#[test]
fn a_window_that_is_taken_away_lets_it_page() {
    let mut world = with_door(World::new());
    window(&mut world, 1, 100, 200, &[]);
    world.send(&trigger("db"), 150);
    world.directory.suppressions.clear();
    for alert in world.set.open.values_mut() {
        alert.check_at = Some(at(160));
    }
    world.check(160);
    assert_eq!(starts(&world.effects()), 1);
}

#[test]
fn what_it_says_anew_may_match_no_more() {
    let mut world = with_door(World::new());
    window(&mut world, 1, 100, 200, &["severity=warning"]);
    let mut warning = trigger("db");
    warning.severity = AlertSeverity::Warning;
    world.send(&warning, 150);
    assert!(world.effects().is_empty());
    let sent = world.send(&trigger("db"), 151);
    assert_eq!(sent.decision, SignalDecision::Repeated);
    assert!(sent.incident_id.is_some());
    assert_eq!(starts(&world.effects()), 1);
}

fn inhibit(world: &mut World) {
    let rule = Inhibition {
        id: InhibitionId(1),
        name: "A host that is down explains its services".into(),
        team_id: None,
        source: vec![Matcher::parse("class=host").unwrap()],
        target: vec![Matcher::parse("class=~\"service|host\"").unwrap()],
        equal: vec!["source".into()],
        created_by: None,
        created_at: at(0),
    };
    world.directory.inhibitions.insert(rule.id, Arc::new(rule));
}

fn of_class(key: &str, class: &str, host: &str) -> Signal {
    let mut signal = trigger(key);
    signal.class = Some(class.into());
    signal.source = host.into();
    signal
}

#[test]
fn what_another_alert_explains_pages_when_that_resolves() {
    let mut world = with_door(World::new());
    inhibit(&mut world);
    let host = world.send(&of_class("host", "host", "h1"), 0);
    assert_eq!(
        host.decision,
        SignalDecision::Opened,
        "it never mutes itself"
    );
    let other = world.send(&of_class("far", "service", "h2"), 1);
    assert_eq!(other.decision, SignalDecision::Opened, "another host");
    let held = world.send(&of_class("web", "service", "h1"), 2);
    assert_eq!(held.decision, SignalDecision::Suppressed);
    let alert = world.set.open[&Identity::of(IntegrationId(1), "web")].clone();
    assert_eq!(alert.held_by(), host.alert_id.map(|id| id.0));
    assert_eq!(
        alert.suppressed.unwrap().in_words(),
        "suppressed by the alert “host is down” until that is resolved"
    );
    world.effects();
    world.send(&resolve("host"), 3);
    assert_eq!(world.set.ended_sources, [host.alert_id.unwrap()]);
    // The store has those that it held looked at.
    let identity = Identity::of(IntegrationId(1), "web");
    world.set.open.get_mut(&identity).unwrap().check_at = Some(at(3));
    world.check(3);
    assert_eq!(starts(&world.effects()), 1);
}

#[test]
fn what_is_not_heard_of_again_expires_and_says_so() {
    let mut world = with_door(World::new());
    let until = |end: i64| Signal {
        ends_at: Some(at(end)),
        ..trigger("up")
    };
    let first = world.send(&until(240), 0);
    world.effects();
    assert_eq!(
        world.send(&until(300), 60).decision,
        SignalDecision::Repeated
    );
    let alert = world.set.open.values().next().unwrap();
    assert_eq!(alert.ends_at, Some(at(300)));
    assert_eq!(alert.check_at, Some(at(240)), "a repeat does not move it");
    world.check(240);
    assert!(world.incident(first).is_open(), "there is time");
    assert_eq!(
        world.set.open.values().next().unwrap().check_at,
        Some(at(300))
    );
    world.check(299);
    assert!(world.incident(first).is_open());
    world.check(300);
    assert!(!world.incident(first).is_open());
    let said = world.effects().into_iter().any(|effect| {
        matches!(effect, Effect::Entry { kind: EntryKind::AlertResolved, text, .. }
            if text.starts_with("Expired: up is down"))
    });
    assert!(said);
    assert_eq!(world.send(&resolve("up"), 310), Applied::IGNORED);
}

#[test]
fn who_wants_to_be_told_of_a_silent_source_keeps_its_alerts() {
    let mut world = with_door(World::new());
    let mut door = integration();
    door.settings = IntegrationSettings::new(r#"{"conduct":{"on_silence":"tell"}}"#);
    let door = world.directory.integrations.insert(door.id, Arc::new(door));
    let until = |end: i64| Signal {
        ends_at: Some(at(end)),
        ..trigger("up")
    };
    let first = world.send(&until(240), 0);
    world.effects();
    world.check(240);
    assert!(world.incident(first).is_open());
    let alert = world.set.open.values().next().unwrap();
    assert_eq!((alert.ends_at, alert.check_at), (None, None));
    let unheard = std::mem::take(&mut world.set.unheard);
    assert_eq!(unheard[&IntegrationId(1)], ["up is down"]);
    assert!(matches!(
        world.effects().as_slice(),
        [Effect::Entry { kind: EntryKind::SourceSilent, text, .. }] if text.contains("1970-01-01T00:04:00Z")
    ));
    // Heard of again, it has an end again; and where nobody wants to be told, it is over then.
    world.send(&until(500), 300);
    world
        .directory
        .integrations
        .insert(IntegrationId(1), door.unwrap());
    world.check(500);
    assert!(!world.incident(first).is_open() && world.set.unheard.is_empty());
}

#[test]
fn an_earlier_end_is_looked_at_earlier() {
    let mut world = with_door(World::new());
    let until = |end: i64| Signal {
        ends_at: Some(at(end)),
        ..trigger("up")
    };
    world.send(&until(300), 0);
    world.send(&until(200), 60);
    assert_eq!(
        world.set.open.values().next().unwrap().check_at,
        Some(at(200))
    );
    world.send(&trigger("up"), 70);
    world.check(500);
    assert_eq!(
        world.set.open.len(),
        1,
        "the latest message wins: it has no end"
    );
}
