use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::world::*;
use crate::escalation::{Execution, Input, LAST_RESORT_EVERY, Outcome, resolve_target};
use crate::policy::{Step, StepMode, Target};
use crate::word::{AlertSeverity, EntryKind, RunState, Urgency};
use crate::{ScheduleId, Span, Timestamp, UserId};

const NIGHTS: ScheduleId = ScheduleId(2);

fn target(schedules: bool) -> impl Strategy<Value = Target> {
    let person = (1..=4_i64).prop_map(|id| Target::User(UserId(id)));
    if schedules {
        prop_oneof![
            3 => person,
            1 => Just(Target::Team(TEAM)),
            1 => Just(Target::Schedule(PLATFORM)),
            1 => Just(Target::Schedule(NIGHTS)),
            1 => Just(Target::User(UserId(99))),
            2 => any_channel(),
        ]
        .boxed()
    } else {
        prop_oneof![4 => person, 1 => Just(Target::Team(TEAM)), 2 => any_channel()].boxed()
    }
}

fn any_step(schedules: bool) -> impl Strategy<Value = Step> {
    // Like schedules, hours look different to whoever comes late.
    let some_hours = match schedules {
        true => proptest::option::weighted(0.3, hours()).boxed(),
        false => Just(None).boxed(),
    };
    (
        vec(target(schedules), 1..4),
        any::<bool>(),
        10..4_000_i64,
        proptest::option::weighted(0.2, proptest::sample::select(Urgency::ALL)),
        proptest::option::weighted(0.2, proptest::sample::select(AlertSeverity::ALL)),
        some_hours,
    )
        .prop_map(
            |(targets, in_turn, wait, urgency, severity_at_least, hours)| Step {
                targets,
                mode: if in_turn {
                    StepMode::RoundRobin
                } else {
                    StepMode::All
                },
                wait: seconds(wait),
                urgency,
                severity_at_least,
                hours,
            },
        )
}

fn any_world(schedules: bool) -> impl Strategy<Value = World> {
    (
        vec(any_step(schedules), 1..5),
        0..4_u8,
        vec(any::<bool>(), 4),
        vec(target(schedules), 0..3),
        proptest::sample::select(AlertSeverity::ALL),
        vec(vec((1..=4_i64).prop_map(UserId), 0..2), 1..4),
    )
        .prop_map(
            |(steps, repeats, reachable, last_resort, severity, nights)| {
                let mut world = World::new(steps, repeats);
                for (id, reachable) in (1_i64..).zip(reachable) {
                    if !reachable {
                        silence(&mut world.directory, UserId(id));
                    }
                }
                world.directory.settings.last_resort = last_resort;
                world
                    .directory
                    .schedules
                    .insert(NIGHTS, daily(NIGHTS, "Nights", nights));
                world.facts.severity = severity;
                world
            },
        )
}

/// The step is made to tell channels and nobody else, and a person is reached by another.
fn only_told(world: &World, execution: &Execution) -> bool {
    let steps = &world.policy.as_ref().unwrap().config.steps;
    let step = execution
        .step
        .map(|index| &steps[usize::try_from(index).unwrap()]);
    step.is_some_and(Step::only_tells)
        && steps.iter().flat_map(Step::people).any(|target| {
            let resolution = resolve_target(target, &world.directory, execution.executed_at);
            !resolution.reached.is_empty()
        })
}

/// Whether the last thing that happened is a channel that was told, whose wait its author gave it.
fn waits_for_a_channel(world: &World, outcome: &Outcome) -> bool {
    let last = outcome.executions.last();
    last.is_some_and(|last| {
        last.skipped.is_none()
            && last.paged.is_empty()
            && only_told(world, last)
            && outcome
                .told
                .iter()
                .any(|told| told.execution == last.number)
    })
}

fn says_nobody(outcome: &Outcome) -> bool {
    outcome
        .entries
        .iter()
        .any(|entry| entry.kind == EntryKind::LastResort && entry.text.contains("NOBODY"))
}

/// The time between two executions that follow each other undisturbed.
fn gap(world: &World, before: &Execution, after: &Execution) -> Span {
    match before.step {
        _ if before.step.is_some() && before.skipped.is_some() => Span::ZERO,
        Some(index) => {
            let steps = &world.policy.as_ref().unwrap().config.steps;
            steps[usize::try_from(index).unwrap()].wait
        }
        None => LAST_RESORT_EVERY * (after.cycle - before.cycle),
    }
}

fn check_sequence(world: &World, executions: &[Execution], start: Timestamp) {
    assert_eq!(executions[0].due_at, start);
    let mut seen = BTreeSet::new();
    for (number, execution) in (0_i64..).zip(executions) {
        assert_eq!(execution.number, number, "numbered without gaps");
        assert!(
            seen.insert((execution.cycle, execution.step)),
            "{execution:?} twice"
        );
        if execution.paged.is_empty() {
            assert!(execution.skipped.is_some() || only_told(world, execution));
        } else {
            assert!(execution.skipped.is_none());
        }
        assert!(execution.due_at <= execution.executed_at);
    }
    for pair in executions.windows(2) {
        let expected = pair[0].due_at + gap(world, &pair[0], &pair[1]);
        assert_eq!(pair[1].due_at, expected, "{pair:?} drifts");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// P3: paging never goes silent; §4.6: no drift, however late the timer.
    #[test]
    fn somebody_is_always_paged_or_the_timeline_says_that_nobody_can_be(
        world in any_world(true),
        lags in vec(0..3_000_i64, 40),
    ) {
        let start = world.start(t0());
        prop_assert!(
            !start.pages.is_empty() || says_nobody(&start) || waits_for_a_channel(&world, &start)
        );
        let mut executions = start.executions.clone();
        let mut run = start.run;
        for lag in lags {
            let wake = run.next_wake();
            prop_assert!(wake.is_some(), "a run of an unanswered incident has a next move");
            let now = wake.unwrap() + Span::from_millis(lag);
            let outcome = world.due(&run, now);
            prop_assert_eq!(outcome.next_wake, outcome.run.next_wake());
            if !outcome.executions.is_empty() {
                prop_assert!(
                    !outcome.pages.is_empty()
                        || says_nobody(&outcome)
                        || waits_for_a_channel(&world, &outcome)
                );
                // A channel is told at most once by one execution, and only one that hears.
                let told: BTreeSet<_> =
                    outcome.told.iter().map(|told| (told.execution, told.channel)).collect();
                prop_assert_eq!(told.len(), outcome.told.len());
                prop_assert!(outcome.told.iter().all(|told| told.channel == OPS));
                prop_assert!(outcome.run.due_at > Some(now) || outcome.executions.len() == 64);
            }
            for page in &outcome.pages {
                prop_assert!(world.directory.user(page.user).unwrap().reachable());
            }
            // A person is paged at most once by one execution.
            let keys: BTreeSet<_> =
                outcome.pages.iter().map(|page| (page.execution, page.user)).collect();
            prop_assert_eq!(keys.len(), outcome.pages.len());
            executions.extend(outcome.executions);
            run = outcome.run;
        }
        check_sequence(&world, &executions, t0());
        // Once stopped, nothing.
        let stopped = world.decide(&run, Input::Stop, t0());
        prop_assert_eq!(stopped.run.state, RunState::Stopped);
        for input in [Input::Due, Input::OnCallChanged, Input::Stop] {
            let outcome = world.decide(&stopped.run, input, t0() + Span::from_days(40));
            prop_assert!(outcome.pages.is_empty() && outcome.executions.is_empty());
            prop_assert_eq!(outcome.next_wake, None);
            prop_assert_eq!(&outcome.run, &stopped.run);
        }
    }

    /// §4.6: after downtime the steps that fell due are executed as if it had not been.
    #[test]
    fn catching_up_equals_the_undisturbed_run(
        world in any_world(false),
        down in 0..40_i64,
        up in 0..100_000_i64,
    ) {
        let end = t0() + seconds(up);
        let mut calm = world.start(t0());
        let mut undisturbed = calm.executions.clone();
        while let Some(wake) = calm.next_wake.filter(|wake| *wake <= end) {
            calm = world.due(&calm.run, wake);
            undisturbed.extend(calm.executions.clone());
        }
        let mut run = world.start(t0());
        let mut executions = run.executions.clone();
        for _ in 0..down {
            let Some(wake) = run.next_wake.filter(|wake| *wake <= end) else { break };
            run = world.due(&run.run, wake);
            executions.extend(run.executions.clone());
        }
        let mut calls = 0;
        while run.next_wake.is_some_and(|wake| wake <= end) {
            run = world.due(&run.run, end);
            prop_assert!(run.executions.len() <= 64);
            executions.extend(run.executions.clone());
            calls += 1;
            prop_assert!(calls < 10);
        }
        check_sequence(&world, &executions, t0());
        let steps = |all: &[Execution]| -> Vec<_> {
            all.iter()
                .filter(|one| one.step.is_some())
                .map(|one| {
                    (one.number, one.cycle, one.step, one.due_at, one.skipped.clone(), one.paged.clone())
                })
                .collect()
        };
        prop_assert_eq!(steps(&executions), steps(&undisturbed));
        // Repeats of the last resort that were missed are one; what comes next is the same.
        prop_assert_eq!(run.next_wake, calm.next_wake);
        prop_assert_eq!(run.run.cycle, calm.run.cycle);
        let last = |all: &[Execution]| all.iter().any(|one| one.step.is_none());
        prop_assert_eq!(last(&executions), last(&undisturbed));
    }

    /// §4.8, §4.11: whatever people do, no step of a cycle is executed twice.
    #[test]
    fn no_position_is_executed_twice_whatever_people_press(
        world in any_world(true),
        presses in vec((0..6_u8, -1..6_i64, 0..5_000_i64), 0..60),
    ) {
        let mut now = t0();
        let mut outcome = world.start(now);
        let mut executions = outcome.executions.clone();
        for (press, step, later) in presses {
            now = now + seconds(later);
            let input = match press {
                0 => Input::Stop,
                1 => Input::OnCallChanged,
                2 => Input::EscalateNow { to_step: None },
                3 => Input::EscalateNow { to_step: Some(step) },
                _ => Input::Due,
            };
            outcome = world.decide(&outcome.run, input, now);
            if matches!(input, Input::EscalateNow { .. }) {
                prop_assert!(!outcome.pages.is_empty() || says_nobody(&outcome));
            }
            executions.extend(outcome.executions.clone());
        }
        let mut seen = BTreeSet::new();
        for (number, execution) in (0_i64..).zip(&executions) {
            prop_assert_eq!(execution.number, number);
            prop_assert!(seen.insert((execution.cycle, execution.step)));
        }
    }
}
