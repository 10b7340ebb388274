//! The proof against what the rules themselves do at single instants: every minute of small random
//! worlds, and the instants beside each change.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::by_hand::{add_policy, add_service};
use crate::coverage::{By, Cover, Reach, prove};
use crate::directory::{Directory, NotificationRule};
use crate::escalation::tests::world::{
    any_channel, daily, directory, hours, minutes, person, step,
};
use crate::policy::{Step, StepHours, StepMode, Target};
use crate::schedule::{Override, OverrideKind, Restriction, RotationUnit};
use crate::service::{HoursUrgency, SupportHours, UrgencyRule};
use crate::what_if::{Course, HORIZON_MAX, Scenario, Stop, run};
use crate::word::{AlertSeverity, NotificationKind, PageCause, Urgency};
use crate::{
    NotificationRuleId, OverrideId, PolicyId, ScheduleId, ServiceId, Span, TeamId, Timestamp,
    UserId,
};

const SERVICE: ServiceId = ServiceId(1);
const POLICY: PolicyId = PolicyId(1);

fn start() -> Timestamp {
    Timestamp::parse("2026-03-28T20:00:00Z").unwrap()
}

/// Nobody, one or two people.
fn people() -> impl Strategy<Value = Vec<UserId>> {
    vec((1..5i64).prop_map(UserId), 0..3)
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        2 => (1..5i64).prop_map(|id| Target::User(UserId(id))),
        4 => (1..3i64).prop_map(|id| Target::Schedule(ScheduleId(id))),
        1 => Just(Target::Team(TeamId(1))),
        2 => any_channel(),
    ]
}

fn a_step() -> impl Strategy<Value = Step> {
    (
        vec(target(), 1..4),
        select(StepMode::ALL),
        1..60i64,
        prop_oneof![4 => Just(None), 1 => select(Urgency::ALL).prop_map(Some)],
        proptest::option::weighted(0.3, hours()),
    )
        .prop_map(|(mut targets, mode, wait, urgency, hours)| {
            targets.dedup();
            Step {
                mode,
                urgency,
                hours,
                ..step(targets, minutes(wait))
            }
        })
}

/// Turns, hours of each, hours of the day, and an override that leaves a gap.
type Rota = (Vec<Vec<UserId>>, u32, Option<(u8, u8)>, Option<(i64, i64)>);

/// Turns of some hours, restricted to some hours of the day, with an override here and there.
fn rota() -> impl Strategy<Value = Rota> {
    (
        vec(people(), 1..4),
        1..7u32,
        proptest::option::of((0..24u8, 0..24u8)),
        proptest::option::of((0..600i64, 1..300i64)),
    )
}

prop_compose! {
    fn world()(
        steps in vec(a_step(), 0..4),
        rotas in vec(rota(), 2),
        silent in vec(proptest::bool::weighted(0.25), 4),
        delays in vec(proptest::option::of(0..90i64), 4),
        last in vec(target(), 0..2),
        rule in select(UrgencyRule::ALL),
        support in (0..24u8, 1..24u8),
        with_policy in proptest::bool::weighted(0.95),
        repeats in 0..3u8,
    ) -> Directory {
        let mut directory = directory();
        for (index, silent) in silent.iter().enumerate() {
            let id = UserId(index as i64 + 1);
            let mut one = (*person(id, &format!("P{id}"), !silent)).clone();
            if let Some(delay) = delays[index] {
                one.rules = Urgency::ALL.iter().map(|urgency| NotificationRule {
                    id: NotificationRuleId(id.0),
                    urgency: *urgency,
                    method_id: one.methods[0].id,
                    delay: minutes(delay),
                }).collect();
            }
            directory.users.insert(id, Arc::new(one));
        }
        for (index, (turns, hours, only, gap)) in rotas.into_iter().enumerate() {
            let id = ScheduleId(index as i64 + 1);
            let mut schedule = (*daily(id, &format!("Rota {id}"), turns)).clone();
            let config = &mut schedule.versions[0].config;
            // The clocks go forward in the middle of what is looked at.
            config.zone = "Europe/Berlin".into();
            let layer = &mut config.layers[0];
            layer.rotation.unit = RotationUnit::Hours;
            layer.rotation.length = hours;
            if let Some((from, until)) = only {
                layer.restrictions = vec![Restriction {
                    weekdays: vec![],
                    from: format!("{from:02}:10").parse().unwrap(),
                    until: format!("{until:02}:40").parse().unwrap(),
                }];
            }
            if let Some((from, lasts)) = gap {
                schedule.overrides.push(Override {
                    id: OverrideId(1),
                    start: start() + minutes(from),
                    end: start() + minutes(from + lasts),
                    kind: OverrideKind::Replace,
                    users: vec![],
                    created_by: None,
                    created_at: Timestamp(0),
                    swap: None,
                });
            }
            directory.schedules.insert(id, Arc::new(schedule));
        }
        directory.settings.last_resort = last;
        add_policy(&mut directory, POLICY, steps);
        let policy = Arc::make_mut(directory.policies.get_mut(&POLICY).unwrap());
        policy.current.config.repeats = repeats;
        add_service(&mut directory, SERVICE, with_policy.then_some(POLICY));
        let service = Arc::make_mut(directory.services.get_mut(&SERVICE).unwrap());
        service.settings.urgency = rule;
        let hour = |hour: u8| format!("{:02}:20", hour % 24).parse().unwrap();
        service.settings.support_hours = Some(SupportHours {
            hours: StepHours {
                zone: Some("Europe/Berlin".into()),
                ranges: vec![Restriction {
                    weekdays: vec![],
                    from: hour(support.0),
                    until: hour(support.0 + support.1),
                }],
            },
            inside: HoursUrgency::High,
            outside: HoursUrgency::Low,
            // Only the first time through the ladder is proved.
            raise: false,
        });
        directory
    }
}

/// What the rules do with an alert of this instant, followed through the first round.
fn simulated(directory: &Directory, at: Timestamp, turn: i64) -> Course {
    let scenario = Scenario {
        service: SERVICE,
        severity: AlertSeverity::Critical,
        integration: None,
        routed: false,
        labels: Default::default(),
        at,
        answers: vec![],
        outages: vec![],
        turn,
        stop: Stop::Quiet,
        horizon: Span::from_hours(12).min(HORIZON_MAX),
    };
    run(&scenario, directory).unwrap()
}

fn set(users: &[UserId]) -> BTreeSet<UserId> {
    users.iter().copied().collect()
}

fn agree(cover: &Cover, course: &Course, at: Timestamp) {
    let last_round = cover.rungs.last().map_or(0, |rung| i64::from(rung.round));
    let climbed: Vec<_> = course
        .executions
        .iter()
        .filter(|one| one.step.is_some() && one.cycle <= last_round)
        .collect();
    let mut exact = true;
    for (rung, execution) in cover.rungs.iter().zip(&climbed) {
        assert_eq!(Some(rung.step), execution.step);
        assert_eq!(i64::from(rung.round), execution.cycle);
        assert_eq!(at + rung.offset, execution.executed_at);
        let paged = set(&execution.paged);
        match &rung.reach {
            Reach::NotFor(why) => assert_eq!(execution.skipped.as_ref(), Some(why)),
            Reach::Nobody => assert!(execution.skipped.is_some() && paged.is_empty()),
            Reach::Told => assert!(execution.skipped.is_none() && paged.is_empty()),
            Reach::All { users, .. } => assert_eq!(set(users), paged),
            Reach::OneOf { turns, .. } => {
                exact = false;
                assert!(turns.iter().any(|turn| set(turn) == paged));
            }
        }
    }
    assert_eq!(cover.rungs.len(), climbed.len());
    // Without a policy, or where all are skipped, the last resort comes at once; the steps that
    // told channels take their waits.
    let last_resort = course.executions.iter().find(|one| one.step.is_none());
    let counted: Vec<i64> = match cover.by {
        By::Step(_) => climbed.iter().map(|one| one.number).collect(),
        By::LastResort | By::Everybody | By::Nobody => {
            let last_resort = last_resort.expect("the last resort");
            assert_eq!(cover.by == By::Nobody, last_resort.paged.is_empty());
            let told = cover.rungs.iter().any(|rung| rung.reach == Reach::Told);
            assert_eq!(last_resort.executed_at > at, told);
            vec![last_resort.number]
        }
    };
    let first = course
        .messages
        .iter()
        .filter(|one| one.kind == NotificationKind::Page)
        .filter(|one| {
            course.page(one.page.unwrap()).is_some_and(|page| {
                page.cause != PageCause::OnCallChange
                    && page
                        .execution
                        .is_some_and(|number| counted.contains(&number))
            })
        })
        .map(|one| one.due_at.since(at))
        .min();
    // Somebody who has just come on call is told at once, and the message of the step then waits
    // until a minute has passed since (PAGING.md §6.4).
    let sent = course.first_message().and_then(|one| one.accepted_at);
    let sooner = sent.is_some_and(|sent| cover.after.is_some_and(|after| sent < at + after));
    if exact && sooner {
        assert!(first >= cover.after);
    } else if exact {
        assert_eq!(cover.after, first);
        let who: BTreeSet<UserId> = course
            .messages
            .iter()
            .filter(|one| Some(one.due_at.since(at)) == first && one.user.0 < 5)
            .map(|one| one.user)
            .collect();
        assert!(
            set(&cover.first).is_subset(&who),
            "{:?} {who:?}",
            cover.first
        );
    } else {
        assert!(first.unwrap() <= cover.after.unwrap(), "a bound");
    }
    // Whatever else happens only makes it sooner.
    if let (Some(bound), Some(sent)) = (cover.after, course.first_message()) {
        assert!(sent.accepted_at.unwrap() <= at + bound);
    }
}

fn at_of(covers: &[Cover], at: Timestamp) -> &Cover {
    let place = covers.partition_point(|cover| cover.until <= at);
    &covers[place]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 24 } else { 400 }))]
    #[test]
    fn the_proof_agrees_with_the_rules_at_every_minute(directory in world(), turn in 0..3i64) {
        let (from, until) = (start(), start() + Span::from_hours(10));
        let proof = prove(&directory, from, until);
        let covers = &proof.services[0].spans;
        // The spans tile what was asked, and neighbours differ.
        prop_assert_eq!(covers[0].from, from);
        prop_assert_eq!(covers.last().unwrap().until, until);
        for two in covers.windows(2) {
            prop_assert_eq!(two[0].until, two[1].from);
            prop_assert!(!two[0].same(&two[1]));
        }
        let mut instants: Vec<Timestamp> = (0..600).map(|n| from + minutes(n)).collect();
        for cover in covers.iter().skip(1) {
            instants.push(cover.from);
            instants.push(Timestamp(cover.from.0 - 1));
        }
        for at in instants {
            agree(at_of(covers, at), &simulated(&directory, at, turn), at);
        }
    }
}
