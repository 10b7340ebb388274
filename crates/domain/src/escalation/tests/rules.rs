use super::world::*;
use crate::escalation::{Input, LAST_RESORT_EVERY};
use crate::policy::{StepMode, Target};
use crate::word::{AlertSeverity, EntryKind, PageCause, PagingState, RunState, Urgency};
use jiff::tz::TimeZone;

#[test]
fn steps_follow_each_other_by_their_waits() {
    // §4.1: a wait before the next step.
    let world = World::new(
        vec![
            step(vec![user(ANA)], minutes(5)),
            step(vec![user(BO)], minutes(10)),
        ],
        0,
    );
    let first = world.start(t0());
    assert_eq!(paged(&first), [ANA]);
    assert_eq!(first.next_wake, Some(t0() + minutes(5)));
    assert_eq!(first.pages[0].cause, PageCause::Step);
    assert!(texts(&first).contains("Step 1 of policy Checkout paged Ana."));
    let early = world.due(&first.run, t0() + minutes(4));
    assert_eq!(
        (paged(&early), early.next_wake),
        (vec![], Some(t0() + minutes(5)))
    );
    assert_eq!(early.run, first.run);
    let second = world.due(&early.run, t0() + minutes(5));
    assert_eq!(paged(&second), [BO]);
    assert_eq!(second.next_wake, Some(t0() + minutes(15)));
}

#[test]
fn a_person_whom_two_targets_reach_is_paged_once() {
    let targets = vec![Target::Team(TEAM), user(ANA), Target::Schedule(PLATFORM)];
    let world = World::new(vec![step(targets, minutes(5))], 0);
    assert_eq!(paged(&world.start(t0())), [ANA, BO, CLEO]);
}

#[test]
fn round_robin_pages_the_next_target_that_reaches_somebody() {
    // §4.1: round_robin, in the order given.
    let mut world = World::new(
        vec![step(vec![user(ANA), user(BO), user(CLEO)], minutes(5))],
        9,
    );
    if let Some(policy) = &mut world.policy {
        policy.config.steps[0].mode = StepMode::RoundRobin;
    }
    let mut outcome = world.start_with(t0(), 1, vec![]);
    let mut turns = paged(&outcome);
    for _ in 0..3 {
        outcome = world.due(&outcome.run, outcome.next_wake.unwrap());
        turns.extend(paged(&outcome));
    }
    assert_eq!(turns, [BO, CLEO, ANA, BO]);
    silence(&mut world.directory, BO);
    let passed = world.start_with(t0(), 1, vec![]);
    assert_eq!(paged(&passed), [CLEO]);
    assert!(texts(&passed).contains("Not reached: Bo has no verified contact method."));
}

#[test]
fn conditions_choose_among_steps() {
    // §4.1: urgency, severity at least.
    let mut world = World::new(
        vec![
            step(vec![user(ANA)], minutes(5)),
            step(vec![user(BO)], minutes(5)),
        ],
        0,
    );
    let config = &mut world.policy.as_mut().unwrap().config;
    config.steps[0].severity_at_least = Some(AlertSeverity::Error);
    config.steps[1].urgency = Some(Urgency::High);
    for (severity, expected) in [
        (AlertSeverity::Critical, ANA),
        (AlertSeverity::Error, ANA),
        (AlertSeverity::Warning, BO),
    ] {
        world.facts.severity = severity;
        assert_eq!(paged(&world.start(t0())), [expected]);
    }
    assert!(texts(&world.start(t0())).contains("severity error or worse"));
}

#[test]
fn after_the_repeats_the_last_resort_is_paged_every_30_minutes() {
    // §4.2: repeats 0–9 times, then the last resort, and again every 30 min.
    let world = World::new(vec![step(vec![user(ANA)], minutes(5))], 2);
    let mut outcome = world.start(t0());
    let mut log = vec![];
    for _ in 0..6 {
        let now = outcome.next_wake.unwrap();
        outcome = world.due(&outcome.run, now);
        log.push((now.since(t0()).as_seconds() / 60, paged(&outcome)));
    }
    let expected = [
        (5, vec![ANA]),
        (10, vec![ANA]),
        (15, vec![DAN]),
        (45, vec![DAN]),
        (75, vec![DAN]),
        (105, vec![DAN]),
    ];
    assert_eq!(log, expected);
    assert_eq!(outcome.run.state, RunState::LastResort);
    assert_eq!(outcome.pages[0].cause, PageCause::LastResort);
    let stopped = world.decide(&outcome.run, Input::Stop, t0());
    assert_eq!(
        (stopped.next_wake, stopped.run.state),
        (None, RunState::Stopped)
    );
}

#[test]
fn a_repeat_is_in_the_timeline() {
    let world = World::new(vec![step(vec![user(ANA)], minutes(5))], 2);
    let outcome = world.due(&world.start(t0()).run, t0() + minutes(5));
    let repeated = outcome
        .entries
        .iter()
        .find(|entry| entry.kind == EntryKind::Repeated);
    assert_eq!(
        repeated.unwrap().text,
        "Policy Checkout starts again: round 2 of 3."
    );
}

#[test]
fn a_step_that_reaches_nobody_is_skipped_at_once_with_the_reason() {
    // §4.5.
    let mut world = World::new(
        vec![
            step(vec![user(ANA)], minutes(5)),
            step(vec![user(BO)], minutes(7)),
        ],
        0,
    );
    silence(&mut world.directory, ANA);
    let outcome = world.start(t0());
    assert_eq!(paged(&outcome), [BO]);
    assert!(!outcome.unreachable);
    assert_eq!(outcome.next_wake, Some(t0() + minutes(7)));
    assert!(
        texts(&outcome)
            .contains("Step 1 of policy Checkout was skipped: Ana has no verified contact method.")
    );
    assert_eq!(
        outcome.executions[0].skipped.as_deref(),
        Some("Ana has no verified contact method")
    );
    assert_eq!(
        (outcome.executions[1].number, outcome.executions[1].step),
        (1, Some(1))
    );
}

#[test]
fn if_no_step_reaches_anybody_the_last_resort_is_paged_at_once() {
    // §4.5: and the incident is marked.
    let mut world = World::new(vec![step(vec![user(ANA)], minutes(5))], 9);
    silence(&mut world.directory, ANA);
    let outcome = world.start(t0());
    assert_eq!(paged(&outcome), [DAN]);
    assert!(outcome.unreachable);
    assert_eq!(outcome.executions.len(), 2);
    assert_eq!(outcome.next_wake, Some(t0() + minutes(30)));
}

#[test]
fn without_a_policy_the_last_resort_is_paged_at_once() {
    let mut world = World::new(vec![], 0);
    world.policy = None;
    let outcome = world.start(t0());
    assert_eq!(paged(&outcome), [DAN]);
    assert!(outcome.unreachable);
    let zone = TimeZone::UTC;
    assert_eq!(
        outcome.pages[0].reason.sentence("Dan", &zone),
        "The last resort pages Dan by name."
    );
}

#[test]
fn when_nobody_at_all_can_be_paged_the_timeline_says_so_and_it_is_tried_again() {
    let mut world = World::new(vec![step(vec![user(ANA)], minutes(5))], 0);
    silence(&mut world.directory, ANA);
    silence(&mut world.directory, DAN);
    let outcome = world.start(t0());
    assert!(outcome.pages.is_empty());
    assert!(texts(&outcome).contains("NOBODY CAN BE PAGED"));
    assert_eq!(outcome.next_wake, Some(t0() + LAST_RESORT_EVERY));
    // Low urgency, too, does not end before it has reached somebody.
    world.facts.urgency = Urgency::Low;
    assert_eq!(world.start(t0()).next_wake, Some(t0() + LAST_RESORT_EVERY));
    world.directory.users.insert(DAN, person(DAN, "Dan", true));
    let again = world.due(&outcome.run, t0() + LAST_RESORT_EVERY);
    assert_eq!(paged(&again), [DAN]);
}

#[test]
fn a_dead_last_resort_is_replaced_by_everybody_the_policy_reaches() {
    let mut world = World::new(
        vec![
            step(vec![user(ANA)], minutes(5)),
            step(vec![user(BO)], minutes(5)),
        ],
        0,
    );
    world.directory.settings.last_resort.clear();
    let outcome = world.due(&world.start(t0()).run, t0() + minutes(5));
    let last = world.due(&outcome.run, t0() + minutes(10));
    assert_eq!(paged(&last), [ANA, BO]);
    assert!(texts(&last).contains("The last resort reaches nobody: no last resort is set."));
}

#[test]
fn due_times_do_not_drift_and_overdue_steps_run_in_order() {
    // §4.6: next due = this step's due time + wait, not the time of execution.
    let world = World::new(
        vec![
            step(vec![user(ANA)], minutes(5)),
            step(vec![user(ANA), user(BO)], minutes(5)),
        ],
        9,
    );
    let first = world.start(t0());
    let late = world.due(&first.run, t0() + minutes(5) + seconds(40));
    assert_eq!(late.executions[0].due_at, t0() + minutes(5));
    assert_eq!(late.next_wake, Some(t0() + minutes(10)));
    // Down until 17 min after the start: what fell due at 10 and 15 min is executed in order.
    let after = world.due(&late.run, t0() + minutes(17));
    let dues: Vec<_> = after
        .executions
        .iter()
        .map(|one| one.due_at.since(t0()))
        .collect();
    assert_eq!(dues, [minutes(10), minutes(15)]);
    assert_eq!(paged(&after), [ANA, ANA, BO]);
    // Ana's two pages become one message.
    let merged: Vec<bool> = after.pages.iter().map(|page| page.merged).collect();
    assert_eq!(merged, [false, true, false]);
    assert_eq!(after.next_wake, Some(t0() + minutes(20)));
}

#[test]
fn after_a_long_downtime_the_last_resort_is_paged_once() {
    let world = World::new(vec![step(vec![user(ANA)], minutes(5))], 0);
    let first = world.start(t0());
    let after = world.due(&first.run, t0() + minutes(5 + 24 * 60 + 7));
    assert_eq!(paged(&after), [DAN]);
    assert_eq!(after.next_wake, Some(t0() + minutes(5 + 24 * 60 + 30)));
}

#[test]
fn a_clock_set_back_repeats_nothing() {
    // §8.1.
    let world = World::new(vec![step(vec![Target::Schedule(PLATFORM)], minutes(5))], 2);
    let first = world.start(t0() + minutes(3));
    assert_eq!(paged(&first), [ANA]);
    let back = world.due(&first.run, t0());
    assert_eq!((paged(&back), &back.run), (vec![], &first.run));
    assert_eq!(back.next_wake, Some(t0() + minutes(8)));
}

#[test]
fn acknowledging_stops_and_an_ack_timeout_pages_the_acknowledger_too() {
    // §4.7.
    let world = World::new(
        vec![
            step(vec![user(ANA)], minutes(5)),
            step(vec![user(BO)], minutes(5)),
        ],
        0,
    );
    let stopped = world.decide(&world.start(t0()).run, Input::Stop, t0());
    assert!(stopped.pages.is_empty());
    assert_eq!(stopped.next_wake, None);
    assert!(
        world
            .due(&stopped.run, t0() + minutes(500))
            .executions
            .is_empty()
    );
    let again = world.start_with(t0() + minutes(30), 0, vec![CLEO, ANA]);
    assert_eq!(paged(&again), [ANA, CLEO]);
    let why = again.pages[1].reason.sentence("you", &TimeZone::UTC);
    assert!(
        why.ends_with("pages you again, because the acknowledgement ran out."),
        "{why}"
    );
}

#[test]
fn a_timer_of_an_acknowledged_incident_stops_the_run() {
    let mut world = World::new(vec![step(vec![user(ANA)], minutes(5))], 2);
    let first = world.start(t0());
    world.facts.paging = PagingState::Acknowledged;
    let late = world.due(&first.run, t0() + minutes(5));
    assert_eq!((paged(&late), late.run.state), (vec![], RunState::Stopped));
}

#[test]
fn escalate_now_moves_to_the_next_step_at_once() {
    // §4.8: also from acknowledged.
    let world = World::new(
        vec![
            step(vec![user(ANA)], minutes(5)),
            step(vec![user(BO)], minutes(7)),
        ],
        1,
    );
    let stopped = world.decide(&world.start(t0()).run, Input::Stop, t0() + minutes(1));
    let now = t0() + minutes(2);
    let next = world.decide(&stopped.run, Input::EscalateNow { to_step: None }, now);
    assert_eq!(paged(&next), [BO]);
    assert_eq!(next.next_wake, Some(now + minutes(7)));
    // To a chosen step, which is one passed already: it belongs to a new cycle.
    let chosen = world.decide(&next.run, Input::EscalateNow { to_step: Some(0) }, now);
    assert_eq!(paged(&chosen), [ANA]);
    assert_eq!(chosen.executions[0].cycle, 1);
    let last = world.decide(&chosen.run, Input::EscalateNow { to_step: Some(9) }, now);
    assert_eq!(paged(&last), [DAN]);
    assert_eq!(last.next_wake, Some(now + minutes(30)));
    // And back from the last resort, also when it was stopped in between.
    let stopped = world.decide(&last.run, Input::Stop, now);
    let again = world.decide(&stopped.run, Input::EscalateNow { to_step: None }, now);
    assert_eq!(
        (paged(&again), again.run.state),
        (vec![DAN], RunState::LastResort)
    );
    let back = world.decide(&again.run, Input::EscalateNow { to_step: Some(0) }, now);
    assert_eq!(
        (paged(&back), back.run.state),
        (vec![ANA], RunState::Running)
    );
}

#[test]
fn who_comes_on_call_meanwhile_is_paged_too_once() {
    // §4.9. Platform hands over from Bo to Ana two minutes after the start.
    let world = World::new(vec![step(vec![Target::Schedule(PLATFORM)], minutes(5))], 2);
    let first = world.start(t0());
    assert_eq!(paged(&first), [BO]);
    let handoff = t0() + minutes(2);
    assert_eq!(first.next_wake, Some(handoff));
    let change = world.due(&first.run, handoff);
    assert_eq!(paged(&change), [ANA]);
    assert_eq!(change.pages[0].cause, PageCause::OnCallChange);
    assert_eq!(change.pages[0].execution, 0);
    assert!(change.executions.is_empty());
    assert!(texts(&change).contains("Ana has come on call for Platform"));
    assert_eq!(change.next_wake, Some(t0() + minutes(5)));
    // Neither the timer nor an edit of something else repeats it.
    assert!(world.due(&change.run, handoff).pages.is_empty());
    assert!(
        world
            .decide(&change.run, Input::OnCallChanged, handoff)
            .pages
            .is_empty()
    );
}

#[test]
fn an_edited_schedule_is_noticed() {
    let mut world = World::new(vec![step(vec![Target::Schedule(PLATFORM)], minutes(5))], 2);
    let first = world.start(t0());
    let edited = daily(PLATFORM, "Platform", vec![vec![CLEO], vec![ANA]]);
    world.directory.schedules.insert(PLATFORM, edited);
    let change = world.decide(&first.run, Input::OnCallChanged, t0() + minutes(1));
    assert_eq!(paged(&change), [CLEO]);
    assert_eq!(change.next_wake, Some(t0() + minutes(2)));
}

#[test]
fn a_new_on_call_who_cannot_be_paged_is_named() {
    let mut world = World::new(vec![step(vec![Target::Schedule(PLATFORM)], minutes(5))], 2);
    silence(&mut world.directory, ANA);
    let change = world.due(&world.start(t0()).run, t0() + minutes(2));
    assert!(change.pages.is_empty());
    assert!(
        texts(&change).contains("The on-call changed, but Ana has no verified contact method.")
    );
}

#[test]
fn low_urgency_tells_the_first_steps_people_once() {
    // §3.2: notifies the first step's people, never escalates.
    let mut world = World::new(
        vec![
            step(vec![user(ANA)], minutes(5)),
            step(vec![user(BO)], minutes(5)),
        ],
        2,
    );
    world.facts.urgency = Urgency::Low;
    let outcome = world.start(t0());
    assert_eq!(paged(&outcome), [ANA]);
    assert_eq!(outcome.pages[0].cause, PageCause::LowUrgency);
    assert_eq!(outcome.pages[0].urgency, Urgency::Low);
    assert_eq!(
        (outcome.run.state, outcome.next_wake),
        (RunState::Stopped, None)
    );
    // A person may still escalate it.
    let input = Input::EscalateNow { to_step: None };
    let next = world.decide(&outcome.run, input, t0());
    assert_eq!((paged(&next), next.next_wake), (vec![BO], None));
}

#[test]
fn a_reason_is_a_sentence_and_survives_json() {
    // §6.10.
    let world = World::new(vec![step(vec![Target::Schedule(PLATFORM)], minutes(5))], 2);
    let outcome = world.start(t0());
    let reason = &outcome.pages[0].reason;
    assert_eq!(
        reason.sentence("you", &TimeZone::UTC),
        "Step 1 of policy Checkout (v3) pages the on-call of Platform: layer Primary until Mon \
         09:00."
    );
    let json = serde_json::to_string(reason).unwrap();
    assert_eq!(
        &serde_json::from_str::<crate::escalation::Reason>(&json).unwrap(),
        reason
    );
}
