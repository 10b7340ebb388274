//! Flapping (PAGING.md §1.10).

use super::*;
use crate::alert::{FLAP_CHANGES, FLAP_WINDOW};

/// Opens and resolves in turns, every `every` seconds; returns how often people were paged.
fn flap(world: &mut World, changes: i64, every: i64) -> usize {
    (0..changes)
        .map(|n| {
            let signal = if n % 2 == 0 {
                trigger("k")
            } else {
                resolve("k")
            };
            world.send(&signal, n * every);
            starts(&world.effects())
        })
        .sum()
}

#[test]
fn after_more_than_four_changes_in_ten_minutes_nobody_is_paged_again() {
    // Opened at 0, 120 and 240 s, resolved in between: with the fifth change it flaps.
    for changes in [5, 7, 9, 21, 101] {
        let mut world = World::new();
        assert_eq!(flap(&mut world, changes, 60), 3, "{changes}");
        assert_eq!(world.set.incidents.len(), 1);
    }
    let mut world = World::new();
    // Never five within 10 min: each opens or reopens as ever.
    assert_eq!(flap(&mut world, 21, 151), 11);
}

#[test]
fn the_timeline_says_so_once() {
    let mut world = World::new();
    let mut said = 0;
    for n in 0..30 {
        let signal = if n % 2 == 0 {
            trigger("k")
        } else {
            resolve("k")
        };
        world.send(&signal, n);
        said += world
            .effects()
            .iter()
            .filter(|effect| {
                matches!(
                    effect,
                    Effect::Entry {
                        kind: EntryKind::Flapping,
                        ..
                    }
                )
            })
            .count();
    }
    assert_eq!(said, 1);
}

#[test]
fn stable_and_open_it_pages_on() {
    let mut world = World::new();
    flap(&mut world, 7, 10);
    let stable = 60 + FLAP_WINDOW.as_seconds();
    let id = *world.set.incidents.keys().next().unwrap();
    let quiet = |world: &World| world.set.incidents[&id].quiet_until();
    assert_eq!(quiet(&world), Some(Timestamp::from_seconds(stable)));
    world.check(stable - 1);
    assert!(quiet(&world).is_some() && world.effects().is_empty());
    world.check(stable);
    assert_eq!(quiet(&world), None);
    assert!(world.set.incidents[&id].is_open());
    assert_eq!(world.effects().len(), 1, "it is said");
}

#[test]
fn stable_and_resolved_the_incident_resolves() {
    let mut world = World::new();
    flap(&mut world, 8, 10);
    let id = *world.set.incidents.keys().next().unwrap();
    assert!(world.set.incidents[&id].is_open(), "it waits");
    assert_eq!(world.set.incidents[&id].open_alerts, 0);
    world.check(70 + FLAP_WINDOW.as_seconds());
    assert!(!world.set.incidents[&id].is_open());
    // From then on everything is as ever.
    world.effects();
    world.send(&trigger("k"), 5_000);
    assert_eq!(starts(&world.effects()), 1);
}

#[test]
fn another_failure_is_not_silent() {
    let mut world = World::new();
    let grouped = |key: &str| Signal {
        group_key: Some("g".into()),
        ..trigger(key)
    };
    for n in 0..7 {
        let signal = if n % 2 == 0 {
            grouped("k")
        } else {
            resolve("k")
        };
        world.send(&signal, n);
    }
    let id = *world.set.incidents.keys().next().unwrap();
    assert!(world.set.incidents[&id].quiet_until().is_some());
    world.send(&grouped("other"), 8);
    assert_eq!(world.set.incidents[&id].quiet_until(), None);
}

#[test]
fn resolved_by_hand_it_stays_silent_until_stable_and_then_pages() {
    let mut world = holding::with_door(World::new());
    flap(&mut world, 8, 10);
    let id = *world.set.incidents.keys().next().unwrap();
    let incident = world.set.incidents.get_mut(&id).unwrap();
    incident.paging = PagingState::Resolved;
    incident.resolved_at = Some(Timestamp::from_seconds(75));
    incident.phase = crate::word::Phase::Resolved;
    let sent = world.send(&trigger("k"), 80);
    assert_eq!(sent.decision, SignalDecision::Suppressed);
    assert!(world.effects().is_empty());
    world.check(80 + FLAP_WINDOW.as_seconds());
    assert_eq!(starts(&world.effects()), 1);
    assert_eq!(FLAP_CHANGES, 4);
}
