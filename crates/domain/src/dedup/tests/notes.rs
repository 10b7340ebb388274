//! Notes of monitors (WIRE-FORMATS.md §1.9).

use super::*;

fn note(key: &str, text: &str) -> Signal {
    Signal::new(Action::Note, key, text)
}

#[test]
fn a_note_is_written_on_the_timeline_and_changes_nothing_else() {
    let mut world = World::new();
    let opened = world.send(&trigger("db"), 0);
    world.effects();
    let alert = world.set.open.values().next().unwrap().clone();
    let incident = world.incident(opened).clone();
    let noted = world.send(&note("db", "Downtime started"), 60);
    assert_eq!(
        noted,
        Applied {
            decision: SignalDecision::Noted,
            ..opened
        }
    );
    assert_eq!(
        world.effects(),
        [Effect::Entry {
            kind: EntryKind::Note,
            text: "Downtime started".into(),
            details: json!({ "alert_id": alert.id }),
        }]
    );
    assert_eq!(world.set.open[&alert.identity], alert, "it is no repeat");
    let after = Incident {
        updated_at: Timestamp::from_seconds(60),
        ..incident
    };
    assert_eq!(*world.incident(opened), after);
}

#[test]
fn without_an_incident_a_note_is_dropped() {
    let mut world = World::new();
    assert_eq!(world.send(&note("db", "x"), 0), Applied::IGNORED);
    world.send(&trigger("db"), 1);
    world.send(&resolve("db"), 2);
    world.effects();
    assert_eq!(world.send(&note("db", "x"), 3), Applied::IGNORED);
    // It says nothing.
    let open = world.send(&trigger("disk"), 4);
    world.effects();
    let empty = world.send(&note("disk", " "), 5);
    assert_eq!(empty.decision, SignalDecision::Ignored);
    assert_eq!(empty.alert_id, open.alert_id);
    assert!(world.effects().is_empty());
}
