//! Time ranges of steps (PAGING.md §4.1).

use super::world::*;
use crate::escalation::{WarningKind, first_reached, preview, warnings};
use crate::policy::{PolicyConfig, Step, StepMode, Target};
use crate::word::{AlertSeverity, Urgency};

fn during(hours: crate::policy::StepHours, step: Step) -> Step {
    Step {
        hours: Some(hours),
        ..step
    }
}

#[test]
fn a_step_out_of_its_hours_in_a_fixed_zone_is_skipped_without_its_wait() {
    // §4.1: time ranges in a fixed zone; §4.5: skipped at once. It is 09:58 in Berlin.
    let late = hours_of(Some("Europe/Berlin"), "10:00", "18:00");
    let world = World::new(
        vec![
            during(late.clone(), step(vec![user(ANA)], minutes(5))),
            step(vec![user(BO)], minutes(5)),
        ],
        1,
    );
    let outcome = world.start(t0());
    assert_eq!(paged(&outcome), [BO]);
    assert!(
        texts(&outcome).contains(
            "Step 1 of policy Checkout was skipped: it is for 10:00–18:00 (Europe/Berlin) only."
        ),
        "{}",
        texts(&outcome)
    );
    // The next time round it is 10:03 there.
    let again = world.due(&outcome.run, t0() + minutes(5));
    assert_eq!(paged(&again), [ANA]);
}

#[test]
fn hours_in_ones_own_zone_filter_people_one_by_one() {
    // §4.1: "the paged person's own". It is 08:58 UTC: 17:58 in Tokyo.
    let office = hours_of(None, "08:00", "17:00");
    let people = vec![user(ANA), user(BO)];
    let mut world = World::new(vec![during(office, step(people, minutes(5)))], 1);
    lives_in(&mut world.directory, ANA, "Asia/Tokyo");
    let outcome = world.start(t0());
    assert_eq!(paged(&outcome), [BO]);
    assert!(
        texts(&outcome).contains(
            "Not reached: it is Mon 17:58 where Ana is, and the step is for 08:00–17:00 (the \
             person's own time) only."
        ),
        "{}",
        texts(&outcome)
    );
    // Nobody is left: the step is skipped, and as it is the only one, the last resort is paged.
    lives_in(&mut world.directory, BO, "Asia/Tokyo");
    let outcome = world.start(t0());
    assert_eq!(paged(&outcome), [DAN]);
    assert!(outcome.unreachable);
    assert!(texts(&outcome).contains("where Bo is"));
    // In turn, the first whose hours it is.
    if let Some(policy) = &mut world.policy {
        policy.config.steps[0].mode = StepMode::RoundRobin;
    }
    lives_in(&mut world.directory, BO, "UTC");
    assert_eq!(paged(&world.start_with(t0(), 0, vec![])), [BO]);
}

#[test]
fn a_shift_that_changes_pages_the_new_person_only_in_their_hours() {
    // §4.9 within §4.1. At 09:00 UTC Ana comes on call.
    let office = hours_of(None, "08:00", "17:00");
    let steps = vec![during(
        office,
        step(vec![Target::Schedule(PLATFORM)], minutes(5)),
    )];
    let mut world = World::new(steps, 1);
    let first = world.start(t0());
    assert_eq!(paged(&first), [BO]);
    let at = t0() + minutes(2);
    assert_eq!(paged(&world.due(&first.run, at)), [ANA]);
    lives_in(&mut world.directory, ANA, "Asia/Tokyo");
    let changed = world.due(&first.run, at);
    assert_eq!(paged(&changed), []);
    assert!(texts(&changed).contains("it is Mon 18:00 where Ana is"));
}

#[test]
fn the_ladder_and_the_warnings_know_the_hours() {
    // §4.10: a policy whose only step is for the day reaches nobody at night.
    let directory = directory();
    let day = hours_of(Some("UTC"), "08:00", "18:00");
    let config = PolicyConfig {
        steps: vec![during(day, step(vec![user(ANA)], minutes(5)))],
        repeats: 2,
    };
    let found = warnings(&config, &directory, t0());
    let at = crate::Timestamp::parse("2026-03-02T18:00:00Z").unwrap();
    assert_eq!(found[0].kind, WarningKind::PolicyReachesNobody { at });
    assert!(
        !found
            .iter()
            .any(|one| matches!(one.kind, WarningKind::StepReachesNobody { .. }))
    );
    let draw = |at| {
        preview(
            &config,
            &directory,
            Urgency::High,
            AlertSeverity::Critical,
            0,
            at,
        )
    };
    assert_eq!(draw(t0()).rungs[0].skipped, None);
    assert_eq!(
        draw(at).rungs[0].skipped.as_deref(),
        Some("it is for 08:00–18:00 (UTC) only")
    );
    assert_eq!(first_reached(&config, &directory, 0, t0()), [ANA]);
    assert_eq!(first_reached(&config, &directory, 0, at), []);
    // A second step for the other hours closes the gap, whoever's clock they are read on.
    let night = hours_of(None, "18:00", "08:00");
    let mut both = config.clone();
    both.steps
        .push(during(night, step(vec![user(BO)], minutes(5))));
    let found = warnings(&both, &directory, t0());
    assert!(!found.iter().any(|one| one.needs_confirmation()));
}
