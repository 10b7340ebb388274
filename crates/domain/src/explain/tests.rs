//! Answers about incidents that the what-if has lived through.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::*;
use crate::Span;
use crate::escalation::tests::world::{
    ANA, BO, CLEO, DAN, OPS, PLATFORM, directory, minutes, silence, step, t0, user,
};
use crate::policy::{Policy, PolicyConfig, Step, StepMode, Target};
use crate::schedule::{Override, OverrideKind};
use crate::service::{Service, ServiceSettings};
use crate::what_if::{Act, Answer, Course, EventKind, Scenario, Stop, run};
use crate::word::AlertSeverity;
use crate::{OverrideId, PolicyId, ServiceId};

fn world(steps: Vec<Step>) -> Directory {
    let mut directory = directory();
    let version = PolicyVersion {
        version: 3,
        created_at: t0(),
        config: PolicyConfig { steps, repeats: 0 },
    };
    let policy = Policy {
        id: PolicyId(5),
        slug: "checkout".into(),
        name: "Checkout".into(),
        description: String::new(),
        team_id: None,
        current: version,
    };
    directory.policies.insert(policy.id, Arc::new(policy));
    let service = Service {
        id: ServiceId(1),
        slug: "checkout".into(),
        name: "Checkout".into(),
        description: String::new(),
        team_id: None,
        policy_id: Some(PolicyId(5)),
        settings: ServiceSettings::default(),
    };
    directory.services.insert(service.id, Arc::new(service));
    directory
}

fn course(directory: &Directory, severity: AlertSeverity, answers: Vec<Answer>) -> Course {
    let scenario = Scenario {
        service: ServiceId(1),
        severity,
        integration: None,
        routed: false,
        labels: Default::default(),
        at: t0(),
        answers,
        outages: vec![],
        turn: 0,
        stop: Stop::Quiet,
        horizon: minutes(20),
    };
    run(&scenario, directory).unwrap()
}

fn acknowledges(who: UserId, after: i64) -> Answer {
    Answer {
        user: who,
        message: 1,
        after: minutes(after),
        act: Act::Acknowledge,
    }
}

/// What the store would have recorded of a course, of one run.
fn record(course: &Course, who: UserId, directory: &Directory) -> Record {
    let pages: Vec<PageRecord> = course
        .pages
        .iter()
        .filter(|page| page.user == who)
        .map(|page| PageRecord {
            id: page.id,
            execution: page.execution.map(|number| (RunId(1), number)),
            urgency: page.urgency,
            created_at: page.at,
            reason: Some(page.reason.clone()),
        })
        .collect();
    let turns = course.events.iter().filter_map(|event| match event.kind {
        EventKind::Timeline(kind) => Some(Turn {
            at: event.at,
            kind,
            text: event.text.clone(),
        }),
        _ => None,
    });
    let policy = directory.policy(PolicyId(5)).unwrap();
    let unreached = |name: &str| format!("{name} has no verified contact method");
    Record {
        incident: course.incident.clone().unwrap(),
        runs: vec![RunRecord {
            id: RunId(1),
            policy_id: Some(policy.id),
            policy_name: policy.name.clone(),
            version: Some(policy.current.clone()),
            started_at: t0(),
            live: course.incident.as_ref().is_some_and(|incident| {
                incident.paging == PagingState::Triggered && incident.urgency == Urgency::High
            }),
            due_at: None,
            executions: course
                .executions
                .iter()
                .map(|execution| ExecutionRecord {
                    execution: execution.clone(),
                    unreached: directory
                        .users
                        .values()
                        .filter(|user| !user.reachable())
                        .map(|user| unreached(&user.name))
                        .collect(),
                })
                .collect(),
        }],
        messages: course
            .messages
            .iter()
            .filter(|one| one.user == who)
            .filter_map(|one| {
                Some(MessageRecord {
                    page: one.page?,
                    method_id: Some(one.method_id),
                    channel: one.channel,
                    state: one.state,
                    due_at: one.due_at,
                    attempts: one.attempts,
                    accepted_at: one.accepted_at,
                    delivered_at: None,
                    error: one.last_error.clone(),
                })
            })
            .collect(),
        pages,
        turns: turns.collect(),
    }
}

fn asked(directory: &Directory, answers: Vec<Answer>, who: UserId) -> Account {
    let course = course(directory, AlertSeverity::Critical, answers);
    why(
        &record(&course, who, directory),
        who,
        directory,
        &TimeZone::UTC,
    )
}

fn kinds(account: &Account) -> Vec<PointKind> {
    account.points.iter().map(|point| point.kind).collect()
}

#[test]
fn who_was_paged_hears_by_which_step_layer_and_message() {
    let directory = world(vec![step(vec![Target::Schedule(PLATFORM)], minutes(5))]);
    let account = asked(&directory, vec![acknowledges(BO, 1)], BO);
    assert!(account.paged);
    assert_eq!(
        account.verdict,
        "Bo was paged once, first at Mon 2 Mar 08:58."
    );
    assert_eq!(kinds(&account), [PointKind::Paged, PointKind::Message]);
    assert_eq!(
        account.points[0].text,
        "Step 1 of policy Checkout (v3) pages the on-call of Platform: layer Primary until Mon 09:00."
    );
    assert_eq!(
        account.points[0].sources,
        [
            Source::Policy {
                id: PolicyId(5),
                version: 3,
                step: Some(1)
            },
            Source::Layer {
                schedule: PLATFORM,
                version: 1,
                name: "Primary".into(),
                at: t0()
            }
        ]
    );
    assert_eq!(account.points[1].text, "Email was sent at Mon 2 Mar 08:58.");
}

#[test]
fn a_shadow_hears_that_it_only_follows() {
    let mut directory = world(vec![step(vec![Target::Schedule(PLATFORM)], minutes(1))]);
    let schedule = Arc::make_mut(directory.schedules.get_mut(&PLATFORM).unwrap());
    for turn in &mut schedule.versions[0].config.layers[0].participants {
        turn.shadows = vec![CLEO];
    }
    let account = asked(&directory, vec![acknowledges(BO, 0)], CLEO);
    assert!(!account.paged);
    let follows = "until Mon 2 Mar 09:00, not Cleo. Cleo only follows the shift, to learn.";
    assert!(account.verdict.ends_with(follows), "{}", account.verdict);
}

#[test]
fn who_was_not_on_call_hears_who_was_and_by_which_version() {
    let mut directory = world(vec![step(vec![Target::Schedule(PLATFORM)], minutes(1))]);
    let account = asked(&directory, vec![acknowledges(BO, 0)], ANA);
    assert!(!account.paged);
    assert_eq!(
        account.verdict,
        "Ana was not paged. Step 1 of policy Checkout (v3) paged Bo at Mon 2 Mar 08:58. On call for \
         Platform was Bo, by layer Primary of version 1 until Mon 2 Mar 09:00, not Ana. The next \
         shift of Ana there begins at Mon 2 Mar 09:00."
    );
    assert!(
        account.points[0]
            .sources
            .iter()
            .any(|one| matches!(one, Source::Layer { .. }))
    );

    let schedule = Arc::make_mut(directory.schedules.get_mut(&PLATFORM).unwrap());
    schedule.overrides.push(Override {
        id: OverrideId(7),
        start: t0() - minutes(60),
        end: t0() + minutes(60),
        kind: OverrideKind::Replace,
        users: vec![CLEO],
        created_by: None,
        created_at: Timestamp(0),
        swap: None,
    });
    let account = asked(&directory, vec![acknowledges(CLEO, 0)], BO);
    assert!(
        account.verdict.contains("was Cleo, by an override until"),
        "{}",
        account.verdict
    );
    assert!(account.points[0].sources.contains(&Source::Override {
        schedule: PLATFORM,
        id: OverrideId(7),
        at: t0()
    }));
}

#[test]
fn whose_step_was_not_come_to_hears_who_answered() {
    let directory = world(vec![
        step(vec![user(ANA)], minutes(5)),
        step(vec![user(BO)], minutes(10)),
        step(vec![user(CLEO)], minutes(10)),
    ]);
    let account = asked(&directory, vec![acknowledges(ANA, 2)], CLEO);
    assert_eq!(kinds(&account), [PointKind::Others, PointKind::NotReached]);
    assert_eq!(
        account.verdict,
        "Cleo was not paged. Step 3 of policy Checkout (v3), which leads to Cleo, was not come to: \
         it was due at Mon 2 Mar 09:13, and Ana acknowledged at Mon 2 Mar 09:00."
    );
    // Dan is nowhere in the policy.
    let account = asked(&directory, vec![acknowledges(ANA, 2)], DAN);
    assert!(
        account.verdict.ends_with("It does not lead to Dan."),
        "{}",
        account.verdict
    );
}

#[test]
fn whom_no_page_could_reach_hears_that() {
    let mut directory = world(vec![step(vec![user(ANA), user(BO)], minutes(5))]);
    silence(&mut directory, ANA);
    let account = asked(&directory, vec![acknowledges(BO, 1)], ANA);
    assert_eq!(kinds(&account), [PointKind::Unreachable, PointKind::Fact]);
    assert_eq!(
        account.verdict,
        "Ana was not paged. Step 1 of policy Checkout (v3) led to Ana, but Ana has no verified \
         contact method."
    );

    // Nobody else either: skipped, and the last resort paged.
    let directory = {
        let mut directory = world(vec![step(vec![user(ANA)], minutes(5))]);
        silence(&mut directory, ANA);
        directory
    };
    let account = asked(&directory, vec![acknowledges(DAN, 1)], ANA);
    assert!(
        account.verdict.contains("was skipped: Ana has no verified"),
        "{}",
        account.verdict
    );
    assert_eq!(
        account.points[1].text,
        "The last resort was paged: Dan. Ana is not among them."
    );
}

#[test]
fn conditions_turns_and_low_urgency_are_reasons() {
    let mut turn = step(vec![user(ANA), user(BO)], minutes(5));
    turn.mode = StepMode::RoundRobin;
    let low = Step {
        urgency: Some(Urgency::Low),
        ..step(vec![user(CLEO)], minutes(5))
    };
    let directory = world(vec![low, turn, step(vec![user(DAN)], minutes(5))]);
    let account = asked(&directory, vec![acknowledges(ANA, 1)], BO);
    assert_eq!(kinds(&account), [PointKind::Skipped, PointKind::Others]);
    assert!(
        account.verdict.contains("it was the turn of Ana"),
        "{}",
        account.verdict
    );
    let account = asked(&directory, vec![acknowledges(ANA, 1)], CLEO);
    assert!(
        account.points[0]
            .text
            .ends_with("was skipped: it is for low urgency only."),
        "{}",
        account.points[0].text
    );

    let told = course(&directory, AlertSeverity::Warning, vec![]);
    let account = why(
        &record(&told, DAN, &directory),
        DAN,
        &directory,
        &TimeZone::UTC,
    );
    assert!(
        account
            .verdict
            .contains("the urgency is low, so it went no further"),
        "{}",
        account.verdict
    );
}

#[test]
fn a_rule_that_came_too_late_is_named() {
    let mut directory = world(vec![step(vec![user(ANA), user(BO)], minutes(30))]);
    let ana = Arc::make_mut(directory.users.get_mut(&ANA).unwrap());
    ana.rules.push(crate::directory::NotificationRule {
        id: crate::NotificationRuleId(1),
        urgency: Urgency::High,
        method_id: ana.methods[0].id,
        delay: minutes(10),
    });
    let account = asked(&directory, vec![acknowledges(BO, 4)], ANA);
    assert_eq!(
        account.verdict,
        "Ana was paged once, first at Mon 2 Mar 08:58, but no message has left."
    );
    assert_eq!(
        account.points[1].text,
        "Email was not sent: it was to wait 10 m and Bo acknowledged at Mon 2 Mar 09:02 (rule 1 of \
         Ana: email after 10 m)."
    );
    assert_eq!(account.points[1].at, Some(t0() + Span::from_minutes(10)));
}

#[test]
fn a_step_that_tells_a_channel_is_no_page() {
    let directory = world(vec![
        step(vec![Target::Channel(OPS)], minutes(1)),
        step(vec![Target::User(BO)], minutes(5)),
    ]);
    let account = asked(&directory, vec![acknowledges(BO, 0)], ANA);
    assert!(!account.paged);
    assert_eq!(
        account.points[0].text,
        "Step 1 of policy Checkout (v3) told channels and paged nobody, at Mon 2 Mar 08:58. It \
         does not lead to Ana."
    );
    assert_eq!(account.points[0].kind, PointKind::Others);
}
