//! Channels are told, and are no persons (PAGING.md §4.1, §4.5, §4.10).

use super::world::*;
use crate::escalation::{Input, WarningKind, preview, warnings};
use crate::policy::{PolicyConfig, StepMode, Target};
use crate::word::{AlertSeverity, EntryKind, RunState, Urgency};

fn ops() -> Target {
    Target::Channel(OPS)
}

fn off() -> Target {
    Target::Channel(OFF)
}

#[test]
fn a_channel_is_told_beside_the_people_who_are_paged() {
    let world = World::new(vec![step(vec![user(ANA), ops(), off()], minutes(5))], 1);
    let first = world.start(t0());
    assert_eq!(paged(&first), [ANA]);
    let [told] = &first.told[..] else {
        panic!("told once")
    };
    assert_eq!((told.channel, told.execution, told.step), (OPS, 0, Some(1)));
    assert_eq!(told.paged, [ANA]);
    assert!(
        texts(&first).contains(
            "Step 1 of policy Checkout paged Ana and told channel Ops. Not reached: channel Attic \
             is switched off."
        ),
        "{}",
        texts(&first)
    );
    // Once for each execution.
    let again = world.due(&first.run, t0() + minutes(5));
    assert_eq!(again.told.len(), 1);
    assert_eq!(again.told[0].cycle, 1);
    assert!(world.due(&again.run, t0() + minutes(6)).told.is_empty());
}

#[test]
fn a_step_of_channels_keeps_its_wait_where_others_are_paged() {
    let steps = vec![
        step(vec![ops()], minutes(2)),
        step(vec![user(ANA)], minutes(5)),
    ];
    let world = World::new(steps, 0);
    let first = world.start(t0());
    assert!(first.pages.is_empty() && !first.unreachable);
    assert_eq!(first.told.len(), 1);
    assert_eq!(first.next_wake, Some(t0() + minutes(2)));
    assert!(texts(&first).contains("Step 1 of policy Checkout told channel Ops."));
    assert!(!first.marks_unreachable(false));
    let second = world.due(&first.run, t0() + minutes(2));
    assert_eq!(paged(&second), [ANA]);
    // Whoever escalates wants a person.
    let pressed = world.decide(
        &world.start(t0()).run,
        Input::EscalateNow { to_step: Some(0) },
        t0() + seconds(30),
    );
    assert_eq!(paged(&pressed), [ANA]);
    assert_eq!(pressed.told.len(), 1);
}

#[test]
fn nothing_waits_for_a_channel_when_no_step_reaches_a_person() {
    // §4.5: the last resort is paged at once, and the incident is marked.
    let mut world = World::new(
        vec![
            step(vec![ops()], minutes(20)),
            step(vec![user(BO), ops()], minutes(20)),
        ],
        3,
    );
    silence(&mut world.directory, BO);
    let outcome = world.start(t0());
    assert_eq!(paged(&outcome), [DAN]);
    assert!(outcome.unreachable);
    assert_eq!(outcome.run.state, RunState::LastResort);
    assert_eq!(outcome.told.len(), 2);
    assert!(outcome.executions.iter().all(|one| one.executed_at == t0()));
    let said = texts(&outcome);
    assert!(
        said.contains("told channel Ops and goes on at once: no step reaches a person."),
        "{said}"
    );
    assert!(said.contains(
        "Step 2 of policy Checkout told channel Ops and goes on at once: Bo has no verified \
         contact method."
    ));
    let only = World::new(vec![step(vec![ops()], minutes(20))], 3);
    assert_eq!(paged(&only.start(t0())), [DAN]);
}

#[test]
fn low_urgency_goes_on_from_a_channel_to_the_first_person() {
    // §3.2: it has reached nobody yet.
    let steps = vec![
        step(vec![ops()], minutes(2)),
        step(vec![user(ANA)], minutes(5)),
        step(vec![user(BO)], minutes(5)),
    ];
    let mut world = World::new(steps, 0);
    world.facts.urgency = Urgency::Low;
    let first = world.start(t0());
    assert_eq!(first.run.state, RunState::Running);
    let second = world.due(&first.run, t0() + minutes(2));
    assert_eq!(paged(&second), [ANA]);
    assert_eq!(second.run.state, RunState::Stopped);
}

#[test]
fn channels_have_no_turn() {
    let mut robin = step(vec![ops(), user(ANA), user(BO)], minutes(5));
    robin.mode = StepMode::RoundRobin;
    let world = World::new(vec![robin.clone()], 0);
    for (turn, who) in [(0, ANA), (1, BO), (2, ANA)] {
        let outcome = world.start_with(t0(), turn, vec![]);
        assert_eq!((paged(&outcome), outcome.told.len()), (vec![who], 1));
    }
    let config = PolicyConfig {
        steps: vec![robin],
        repeats: 0,
    };
    let ladder = preview(
        &config,
        &world.directory,
        Urgency::High,
        AlertSeverity::Critical,
        1,
        t0(),
    );
    let marked: Vec<bool> = ladder.rungs[0]
        .targets
        .iter()
        .map(|one| one.paged)
        .collect();
    assert_eq!(marked, [true, false, true]);
}

#[test]
fn the_acknowledger_is_paged_with_a_step_that_tells() {
    // §4.7: an ack timeout pages the acknowledger too.
    let steps = vec![
        step(vec![ops()], minutes(20)),
        step(vec![user(BO)], minutes(5)),
    ];
    let world = World::new(steps, 0);
    let outcome = world.start_with(t0(), 0, vec![ANA]);
    assert_eq!(paged(&outcome), [ANA]);
    assert!(texts(&outcome).contains("paged Ana (Ana because the acknowledgement ran out) and"));
}

#[test]
fn the_last_resort_tells_channels_and_pages_people() {
    let mut world = World::new(vec![step(vec![user(BO)], minutes(5))], 0);
    world.directory.settings.last_resort = vec![user(DAN), ops()];
    silence(&mut world.directory, BO);
    let outcome = world.start(t0());
    assert_eq!(paged(&outcome), [DAN]);
    assert_eq!(outcome.told[0].step, None);
    // Where it reaches nobody, everybody of the policy is paged in its place.
    silence(&mut world.directory, DAN);
    let nobody = world.start(t0());
    assert!(nobody.pages.is_empty() && nobody.told.len() == 1);
    assert!(texts(&nobody).contains("NOBODY CAN BE PAGED"));
}

#[test]
fn warnings_count_people_and_name_channels_that_hear_nothing() {
    // §4.10.
    let kinds = |steps| -> Vec<WarningKind> {
        let config = PolicyConfig { steps, repeats: 0 };
        let found = warnings(&config, &directory(), t0());
        found.into_iter().map(|one| one.kind).collect()
    };
    let only = kinds(vec![step(vec![ops()], minutes(5))]);
    assert!(matches!(only[..], [WarningKind::PolicyReachesNobody { at }] if at == t0()));
    let both = kinds(vec![
        step(vec![user(ANA)], minutes(5)),
        step(vec![off()], minutes(5)),
    ]);
    assert!(both.contains(&WarningKind::ChannelSilent), "{both:?}");
    assert!(!both.iter().any(|kind| matches!(
        kind,
        WarningKind::StepReachesNobody { .. } | WarningKind::PolicyReachesNobody { .. }
    )));
}

#[test]
fn the_ladder_shows_the_wait_of_a_channel() {
    let config = |steps| PolicyConfig { steps, repeats: 0 };
    let draw = |config: &PolicyConfig| {
        preview(
            config,
            &directory(),
            Urgency::High,
            AlertSeverity::Critical,
            0,
            t0(),
        )
    };
    let with_people = draw(&config(vec![
        step(vec![ops()], minutes(2)),
        step(vec![user(ANA)], minutes(5)),
    ]));
    assert_eq!(with_people.rungs[0].skipped, None);
    assert_eq!(with_people.rungs[1].offset, minutes(2));
    assert_eq!(with_people.rungs[0].targets[0].name, "Ops");
    let without = draw(&config(vec![step(vec![ops()], minutes(2))]));
    assert_eq!(
        without.rungs[0].skipped.as_deref(),
        Some("no step reaches a person")
    );
    assert_eq!(without.last_resort.offset, minutes(0));
}

#[test]
fn what_is_told_stands_on_the_timeline() {
    let world = World::new(vec![step(vec![user(ANA), ops()], minutes(5))], 0);
    let outcome = world.start(t0());
    let executed = outcome
        .entries
        .iter()
        .find(|entry| entry.kind == EntryKind::StepExecuted)
        .unwrap();
    assert_eq!(executed.data["told"], serde_json::json!([1]));
}
