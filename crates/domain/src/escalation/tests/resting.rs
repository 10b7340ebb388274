//! Paging rests while every open alert of the incident is suppressed (PAGING.md §3.3, §1.10).

use super::world::*;
use crate::escalation::{Input, Run};
use crate::policy::Target;
use crate::suppression::Pause;
use crate::word::{EntryKind, PageCause};

/// Paged Bo; Ana takes over after two minutes, Cleo's step is due after five.
fn under_way(minutes_of_rest: i64) -> (World, Run) {
    let steps = vec![
        step(vec![Target::Schedule(PLATFORM)], minutes(5)),
        step(vec![user(CLEO)], minutes(5)),
    ];
    let mut world = World::new(steps, 2);
    let run = world.start(t0()).run;
    world.facts.pause = Some(Pause {
        until: t0() + minutes(minutes_of_rest),
        why: "the silence “Known noise”".into(),
    });
    (world, run)
}

#[test]
fn the_step_that_is_due_waits_and_later_ones_are_as_far_apart_as_ever() {
    let (world, run) = under_way(9);
    let rests = world.due(&run, t0() + minutes(5));
    assert!(rests.pages.is_empty() && rests.executions.is_empty());
    assert_eq!(rests.entries[0].kind, EntryKind::PagingPaused);
    assert_eq!(rests.next_wake, Some(t0() + minutes(9)));
    let goes_on = world.due(&rests.run, t0() + minutes(9));
    assert_eq!(paged(&goes_on), [CLEO]);
    assert_eq!(goes_on.next_wake, Some(t0() + minutes(14)));
}

#[test]
fn who_comes_on_call_during_a_rest_is_paged_after_it() {
    let (world, run) = under_way(3);
    for input in [Input::Due, Input::OnCallChanged] {
        let change = world.decide(&run, input, t0() + minutes(2));
        assert!(change.pages.is_empty(), "{input:?}");
        assert_eq!(change.next_wake, Some(t0() + minutes(3)), "{input:?}");
        let after = world.due(&change.run, t0() + minutes(3));
        assert_eq!(paged(&after), [ANA]);
        assert_eq!(after.pages[0].cause, PageCause::OnCallChange);
        assert_eq!(after.next_wake, Some(t0() + minutes(5)));
    }
}

#[test]
fn a_rest_that_is_longer_than_the_wait_leaves_the_change_to_the_next_step() {
    let (world, run) = under_way(9);
    let change = world.due(&run, t0() + minutes(2));
    assert!(change.pages.is_empty());
    assert_eq!(change.next_wake, Some(t0() + minutes(5)));
    let rests = world.due(&change.run, t0() + minutes(5));
    assert_eq!(paged(&world.due(&rests.run, t0() + minutes(9))), [CLEO]);
}

#[test]
fn who_escalates_wants_somebody_paged_all_the_same() {
    let (world, run) = under_way(9);
    let now = world.decide(
        &run,
        Input::EscalateNow { to_step: None },
        t0() + minutes(1),
    );
    assert_eq!(paged(&now), [CLEO]);
}
