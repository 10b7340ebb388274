//! What is decided without reading all of an alert comes to the same as with it.

use super::*;
use crate::alert::FLAP_WINDOW;
use crate::signal::Link;

/// Something that a monitor may say about one condition.
fn said() -> impl Strategy<Value = Signal> {
    let actions = proptest::sample::select(vec![
        Action::Trigger,
        Action::Trigger,
        Action::Trigger,
        Action::Acknowledge,
        Action::Resolve,
    ]);
    let severity = proptest::sample::select(vec![AlertSeverity::Critical, AlertSeverity::Warning]);
    let times = (
        proptest::option::weighted(0.3, 0..2_000_i64),
        proptest::option::of(0..5_i64),
    );
    (actions, severity, 0..3_usize, times).prop_map(|(action, severity, text, (ends, time))| {
        let mut signal = trigger("db");
        signal.action = action;
        signal.severity = severity;
        signal.details = json!({ "rate": text / 2 });
        if text == 1 {
            signal.links.push(Link {
                href: "https://wiki.example/db".into(),
                text: String::new(),
            });
        }
        signal.ends_at = ends.map(Timestamp::from_seconds);
        signal.monitor_time = time.map(Timestamp::from_seconds);
        signal
    })
}

/// As the store reads it.
fn tally_of(alert: &Alert) -> Tally {
    Tally {
        identity: alert.identity,
        text: TextDigest::of_text(&alert.text),
        incident_id: alert.incident_id,
        is_suppressed: alert.suppressed.is_some(),
        check_at: alert.check_at,
        count: Count::of(alert),
    }
}

proptest! {
    #[test]
    fn a_counted_repeat_moves_what_a_whole_look_moves(
        told in proptest::collection::vec((said(), 0..90_i64), 1..60),
    ) {
        let mut world = World::new();
        let mut at = 0;
        for (signal, pause) in told {
            at += pause;
            world.check(at);
            let identity = Identity::of(IntegrationId(1), &signal.dedup_key);
            let tally = world.set.open.get(&identity).map(tally_of);
            world.set.touched.clear();
            world.set.changed_incidents.clear();
            world.effects();
            let applied = world.send(&signal, at);
            let Some(mut tally) = tally.filter(|tally| tally.counts(&signal, TextDigest::of_signal(&signal))) else {
                continue;
            };
            prop_assert_eq!(tally.count(&signal, Timestamp::from_seconds(at)), applied);
            let alert = &world.set.open[&identity];
            prop_assert_eq!(tally, tally_of(alert));
            prop_assert_eq!(world.set.touched.get(&identity), Some(&Touch::Counted));
            prop_assert!(world.effects().is_empty() && world.set.changed_incidents.is_empty());
        }
    }
}

#[test]
fn every_part_of_a_text_is_in_its_digest() {
    let plain = trigger("db");
    let digest = TextDigest::of_signal(&plain);
    assert_eq!(digest, TextDigest::of_text(&AlertText::of(&plain)));
    let changes: [fn(&mut Signal); 9] = [
        |one| one.severity = AlertSeverity::Info,
        |one| one.summary.push('!'),
        |one| one.source.push('!'),
        |one| one.component = Some("x".into()),
        |one| one.group = Some("x".into()),
        |one| one.class = Some("x".into()),
        |one| one.details = json!({ "x": 1 }),
        |one| {
            one.links.push(Link {
                href: "https://x.example".into(),
                text: String::new(),
            });
        },
        |one| one.summary = format!("{}\",\"", one.summary),
    ];
    let mut seen = vec![digest];
    for change in changes {
        let mut other = plain.clone();
        change(&mut other);
        let digest = TextDigest::of_signal(&other);
        assert!(!seen.contains(&digest), "{other:?}");
        assert_eq!(digest, TextDigest::of_text(&AlertText::of(&other)));
        seen.push(digest);
    }
    // When it was, and when it ends, say nothing new.
    let mut later = plain;
    later.monitor_time = Some(Timestamp(0) + FLAP_WINDOW);
    later.ends_at = Some(Timestamp(0));
    assert_eq!(TextDigest::of_signal(&later), digest);
}
