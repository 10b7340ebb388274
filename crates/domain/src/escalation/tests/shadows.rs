//! PAGING.md §5.9: shadows are told, and never relied on.

use std::sync::Arc;

use super::world::*;
use crate::escalation::{Outcome, shadows};
use crate::policy::Target;
use crate::{Timestamp, UserId};

/// A world in which Cleo follows Bo's turns, and Dan those of Ana.
fn followed(steps: Vec<crate::policy::Step>) -> World {
    let mut world = World::new(steps, 1);
    let schedule = world.directory.schedules.get_mut(&PLATFORM).unwrap();
    let turns = &mut Arc::make_mut(schedule).versions[0].config.layers[0].participants;
    for turn in turns {
        turn.shadows = vec![if turn.users == [BO] { CLEO } else { DAN }];
    }
    world
}

fn told(world: &World, outcome: &Outcome, now: Timestamp) -> Vec<(UserId, String)> {
    shadows(&outcome.pages, &world.directory, now)
        .into_iter()
        .map(|one| (one.shadow, one.text))
        .collect()
}

#[test]
fn a_shadow_hears_once_that_the_one_followed_is_paged() {
    let world = followed(vec![step(vec![Target::Schedule(PLATFORM)], minutes(1))]);
    let first = world.start(t0());
    assert_eq!(paged(&first), [BO], "a shadow is not paged");
    let text = "Bo is paged, on call for Platform. You follow the shift; nothing is asked of you.";
    assert_eq!(told(&world, &first, t0()), [(CLEO, text.to_owned())]);
    // The second round pages again, and tells nobody again.
    let now = t0() + minutes(1);
    let again = world.due(&first.run, now);
    assert_eq!(paged(&again), [BO]);
    assert_eq!(told(&world, &again, now), []);
}

#[test]
fn nobody_but_a_shadow_is_nobody() {
    let mut world = followed(vec![step(vec![Target::Schedule(PLATFORM)], minutes(1))]);
    silence(&mut world.directory, BO);
    let outcome = world.start(t0());
    // The last resort is paged, since Cleo is not relied on.
    assert_eq!(paged(&outcome), [DAN]);
    assert_eq!(told(&world, &outcome, t0()), []);
}

#[test]
fn whoever_is_paged_needs_no_telling() {
    let target = vec![Target::Schedule(PLATFORM), user(CLEO)];
    let world = followed(vec![step(target, minutes(1))]);
    assert_eq!(told(&world, &world.start(t0()), t0()), []);
}
