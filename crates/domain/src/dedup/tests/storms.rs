//! Storms (PAGING.md §2.4) and groups by time (§2.2).

use super::*;
use crate::service::{Grouping, STORM_KEY};

fn open_incidents(world: &World) -> usize {
    world
        .set
        .incidents
        .values()
        .filter(|one| one.is_open())
        .count()
}

#[test]
fn what_follows_twenty_incidents_within_a_minute_is_one_storm() {
    let mut world = World::new();
    for n in 0..20 {
        let sent = world.send(&trigger(&format!("k{n}")), n);
        assert_eq!(sent.decision, SignalDecision::Opened);
        assert!(!world.incident(sent).is_storm());
    }
    assert_eq!(starts(&world.effects()), 20);
    let storm = world.send(&trigger("k20"), 20);
    assert_eq!(storm.decision, SignalDecision::Opened);
    assert!(world.incident(storm).is_storm());
    assert_eq!(
        world.incident(storm).title,
        "Storm: Checkout opened more than 20 incidents within 60 s"
    );
    for n in 21..5_000 {
        let sent = world.send(&trigger(&format!("k{n}")), 21);
        assert_eq!(sent.incident_id, storm.incident_id);
    }
    let effects = world.effects();
    assert_eq!(starts(&effects), 1, "it pages once");
    assert!(
        effects.len() < 12,
        "a batch is one entry: {}",
        effects.len()
    );
    assert_eq!(open_incidents(&world), 21);
    assert_eq!(world.incident(storm).open_alerts, 4_980);
}

#[test]
fn what_another_node_opened_a_little_later_counts() {
    let mut world = World::new();
    for n in 0..20 {
        world.send(&trigger(&format!("later{n}")), 10);
    }
    let storm = world.send(&trigger("a"), 9);
    assert!(world.incident(storm).is_storm());
    for n in 0..50 {
        let sent = world.send(&trigger(&format!("b{n}")), 8);
        assert_eq!(sent.incident_id, storm.incident_id);
    }
    // A clock that was an hour ahead does not make every incident one of a storm.
    let mut world = World::new();
    for n in 0..20 {
        world.send(&trigger(&format!("ahead{n}")), 3_600);
    }
    let calm = world.send(&trigger("c"), 0);
    assert!(!world.incident(calm).is_storm());
}

#[test]
fn twenty_one_in_more_than_a_minute_are_no_storm() {
    let mut world = World::new();
    for n in 0..100 {
        let sent = world.send(&trigger(&format!("k{n}")), n * 3);
        assert!(!world.incident(sent).is_storm(), "{n}");
    }
}

#[test]
fn a_storm_goes_on_as_long_as_the_rate_does() {
    let mut world = World::new();
    for n in 0..40 {
        world.send(&trigger(&format!("a{n}")), 0);
    }
    // 20 are remembered: those of a minute ago do not count any more.
    let calm = world.send(&trigger("b"), 60);
    assert!(!world.incident(calm).is_storm());
    for n in 0..19 {
        let sent = world.send(&trigger(&format!("c{n}")), 61);
        assert!(!world.incident(sent).is_storm());
    }
    let again = world.send(&trigger("d"), 61);
    assert!(world.incident(again).is_storm());
}

#[test]
fn a_later_storm_pages_again() {
    let mut world = World::new();
    world.service.settings.storm_limit = Some(1);
    world.send(&trigger("a"), 0);
    let first = world.send(&trigger("b"), 0);
    world.send(&trigger("c"), 100);
    world.effects();
    let second = world.send(&trigger("d"), 100);
    assert_ne!(second.incident_id, first.incident_id);
    assert!(world.incident(first).is_open() && world.incident(second).is_storm());
    assert_eq!(starts(&world.effects()), 1);
    assert_eq!(
        world.send(&trigger("e"), 159).incident_id,
        second.incident_id
    );
}

#[test]
fn who_joins_an_incident_opens_none() {
    let mut world = World::new();
    for n in 0..100 {
        let signal = Signal {
            group_key: Some("g".into()),
            ..trigger(&format!("k{n}"))
        };
        world.send(&signal, 0);
    }
    assert_eq!(open_incidents(&world), 1);
    assert!(world.set.groups.keys().all(|(_, key)| key != STORM_KEY));
}

#[test]
fn a_storm_ends_with_its_last_alert() {
    let mut world = World::new();
    world.service.settings.storm_limit = Some(1);
    world.send(&trigger("a"), 0);
    let storm = world.send(&trigger("b"), 0);
    world.send(&trigger("c"), 0);
    assert!(world.incident(storm).is_storm());
    world.send(&resolve("b"), 1);
    assert!(world.incident(storm).is_open());
    world.send(&resolve("c"), 1);
    assert!(!world.incident(storm).is_open());
    world.effects();
}

#[test]
fn a_second_failure_in_a_storm_tells_the_acknowledger_once_a_batch() {
    // §2.3.
    let mut world = World::new();
    world.service.settings.storm_limit = Some(1);
    world.send(&trigger("a"), 0);
    world.send(&trigger("b"), 0);
    world.send(&Signal::new(Action::Acknowledge, "b", ""), 0);
    world.effects();
    for n in 0..50 {
        world.send(&trigger(&format!("k{n}")), 1);
    }
    let told = world
        .effects()
        .iter()
        .filter(|effect| matches!(effect, Effect::TellAcknowledger { .. }))
        .count();
    assert_eq!(told, 1);
}

#[test]
fn without_a_limit_there_are_no_storms() {
    let mut world = World::new();
    world.service.settings.storm_limit = None;
    for n in 0..500 {
        world.send(&trigger(&format!("k{n}")), 0);
    }
    assert_eq!(open_incidents(&world), 500);
}

#[test]
fn a_window_takes_all_alerts_until_it_is_quiet_or_a_day_old() {
    // §2.2: rolling, 5 min, at most 24 h since the first.
    let mut world = World::new();
    world.service.settings.grouping = Grouping::Window;
    let first = world.send(&trigger("a"), 0);
    let last = (1..288)
        .map(|n| world.send(&trigger(&format!("k{n}")), n * 299))
        .last();
    assert_eq!(last.unwrap().incident_id, first.incident_id);
    let day = world.send(&trigger("late"), 24 * 3600);
    assert_ne!(day.incident_id, first.incident_id);
    assert!(world.incident(first).is_open());
    let quiet = world.send(&trigger("later"), 24 * 3600 + 300);
    assert_ne!(quiet.incident_id, day.incident_id);
    assert_eq!(
        world.send(&trigger("soon"), 24 * 3600 + 301).incident_id,
        quiet.incident_id
    );
}
