//! Random questions, and the worlds that they are asked about.

use domain::directory::NotificationRule;
use domain::policy::{PolicyConfig, Step, StepHours, StepMode, Target};
use domain::schedule::Restriction;
use domain::service::{HoursUrgency, SupportHours, UrgencyRule};
use domain::suppression::{Suppression, SuppressionKind};
use domain::what_if::{Act, Answer, Fault, Outage, Stop};
use domain::word::{AlertSeverity, ContactKind, Urgency};
use domain::{ContactMethodId, NotificationRuleId, Span, SuppressionId, Timestamp, UserId};
use engine::configuration::schedule::{ScheduleInput, edit_schedule};
use engine::what_if::Question;
use proptest::prelude::*;
use store::Store;

use super::ROOM;
use crate::world::{self, ANA, BO, CHECKOUT, CY, DAN, PLATFORM, POLICY, minutes};

/// One question, relative to its begin.
#[derive(Clone, Debug)]
pub struct Case {
    steps: Vec<Step>,
    repeats: u8,
    /// (person, method, minutes).
    rules: Vec<(UserId, i64, i64)>,
    /// Ids of methods that are not verified.
    unverified: Vec<i64>,
    severity: AlertSeverity,
    answers: Vec<(UserId, u32, i64, Act)>,
    /// (channel, fault, from, lasts), in minutes.
    outages: Vec<(ContactKind, Fault, i64, Option<i64>)>,
    /// Minutes after the begin of the case, so that hand-offs fall anywhere.
    at: i64,
    /// A silence of everything: from and how long, in minutes after the alert.
    window: Option<(i64, i64)>,
    /// Who follows every turn of the schedule that is somebody else's.
    shadow: Option<UserId>,
    /// Support hours of every day in UTC: from (hour), how many, and whether their begin raises.
    hours: Option<(i64, i64, bool)>,
}

const PEOPLE: [UserId; 3] = [ANA, BO, CY];

fn someone() -> impl Strategy<Value = UserId> {
    proptest::sample::select(&PEOPLE[..])
}

fn a_step() -> impl Strategy<Value = Step> {
    let target = prop_oneof![
        2 => someone().prop_map(Target::User),
        2 => Just(Target::Schedule(PLATFORM)),
        1 => Just(Target::Channel(ROOM)),
    ];
    (
        proptest::collection::vec(target, 1..3),
        proptest::sample::select(StepMode::ALL),
        1..20i64,
        prop_oneof![5 => Just(None), 1 => proptest::sample::select(Urgency::ALL).prop_map(Some)],
    )
        .prop_map(|(mut targets, mode, wait, urgency)| {
            targets.dedup();
            Step {
                targets,
                mode,
                urgency,
                ..world::step(Target::User(ANA), minutes(wait))
            }
        })
}

fn fault() -> impl Strategy<Value = (ContactKind, Fault)> {
    // Who is told of a refused address has others: notices about methods are not followed.
    prop_oneof![
        Just((ContactKind::Email, Fault::Temporary)),
        Just((ContactKind::Email, Fault::NotSetUp)),
        Just((ContactKind::Sms, Fault::Temporary)),
        Just((ContactKind::Sms, Fault::Permanent)),
    ]
}

pub fn case() -> impl Strategy<Value = Case> {
    (
        proptest::collection::vec(a_step(), 1..4),
        0..2u8,
        proptest::collection::vec((someone(), 0..2i64, 0..12i64), 0..6),
        proptest::sample::subsequence(vec![10, 11, 20, 21, 30, 31, 40], 0..3),
        proptest::sample::select(AlertSeverity::ALL),
        proptest::collection::vec(
            (
                someone(),
                1..4u32,
                0..30i64,
                proptest::sample::select(Act::ALL),
            ),
            0..4,
        ),
        proptest::collection::vec(
            (fault(), 0..40i64, proptest::option::of(1..60i64))
                .prop_map(|((kind, fault), from, lasts)| (kind, fault, from, lasts)),
            0..3,
        ),
        0..2_880i64,
        (
            proptest::option::of((-40..40i64, 5..120i64)),
            proptest::option::of((0..24i64, 1..23i64, proptest::bool::weighted(0.8))),
            proptest::option::of(proptest::sample::select(&[ANA, BO, DAN][..])),
        ),
    )
        .prop_map(
            |(steps, repeats, rules, unverified, severity, answers, outages, at, quiet)| Case {
                steps,
                repeats,
                rules: rules
                    .into_iter()
                    .map(|(user, which, delay)| (user, user.0 * 10 + which, delay))
                    .collect(),
                unverified,
                severity,
                answers,
                outages,
                at,
                window: quiet.0,
                hours: quiet.1,
                shadow: quiet.2,
            },
        )
}

/// Makes the world of a case from that of the last.
pub async fn prepare(store: &Store, case: &Case, begin: Timestamp) {
    let (case, shadow) = (case.clone(), case.shadow);
    let write = store.write(move |tx| {
        let before = tx.directory()?;
        for id in before.suppressions.keys() {
            store::suppression::remove(tx, *id, None, begin)?;
        }
        if let Some(window) = case.window {
            let id = tx.id(SuppressionId)?;
            let window = silence(id, begin + minutes(case.at), window);
            store::suppression::insert(tx, &window, window.ends_at)?;
        }
        let mut service = before.service(CHECKOUT).unwrap().clone();
        service.settings.urgency = match case.hours {
            Some(_) => UrgencyRule::SupportHours,
            None => UrgencyRule::BySeverity,
        };
        service.settings.support_hours = case.hours.map(support);
        store::service::update(tx, &service)?;
        tx.execute("UPDATE contact_method SET verified_at = 1, broken_reason = NULL")?;
        for id in &case.unverified {
            tx.execute(&format!(
                "UPDATE contact_method SET verified_at = NULL WHERE id = {id}"
            ))?;
        }
        for user in PEOPLE {
            let rules: Vec<NotificationRule> = (1..)
                .zip(case.rules.iter().filter(|rule| rule.0 == user))
                .map(|(n, (_, method, delay))| NotificationRule {
                    id: NotificationRuleId(user.0 * 100 + n),
                    urgency: Urgency::High,
                    method_id: ContactMethodId(*method),
                    delay: minutes(*delay),
                })
                .collect();
            store::people::replace_rules(tx, user, &rules)?;
        }
        let directory = tx.directory()?;
        let mut policy = directory.policy(POLICY).unwrap().clone();
        policy.current.version += 1;
        policy.current.config = PolicyConfig {
            steps: case.steps.clone(),
            repeats: case.repeats,
        };
        store::policy::update(tx, &policy, None)?;
        tx.configured()
    });
    write.await.unwrap();
    follow(store, shadow, begin).await;
}

/// Makes a person, or nobody, follow the turns of the others.
async fn follow(store: &Store, shadow: Option<UserId>, begin: Timestamp) {
    let schedule = store.directory().schedule(PLATFORM).unwrap().clone();
    let last = schedule.versions.last().unwrap();
    let mut config = last.config.clone();
    for turn in &mut config.layers[0].participants {
        let theirs = shadow.filter(|shadow| !turn.users.contains(shadow));
        turn.shadows = theirs.into_iter().collect();
    }
    if config == last.config {
        return;
    }
    let input = ScheduleInput {
        name: schedule.name,
        slug: None,
        description: String::new(),
        team_id: None,
        config,
        effective_from: None,
    };
    edit_schedule(store, &world::admin(begin), PLATFORM, input)
        .await
        .unwrap();
}

fn silence(id: SuppressionId, at: Timestamp, (from, lasts): (i64, i64)) -> Suppression {
    let span = (at + minutes(from), at + minutes(from + lasts));
    Suppression {
        id,
        kind: SuppressionKind::Silence,
        services: vec![CHECKOUT],
        integrations: vec![],
        matchers: vec![],
        starts_at: span.0,
        ends_at: span.1,
        recurrence: None,
        zone: "UTC".into(),
        occurrences: vec![span],
        comment: "Known".into(),
        created_by: None,
        author: "Ana".into(),
        created_at: at,
    }
}

fn support((from, lasts, raise): (i64, i64, bool)) -> SupportHours {
    let hour = |hour: i64| format!("{:02}:00", hour % 24).parse().unwrap();
    SupportHours {
        hours: StepHours {
            zone: Some("UTC".into()),
            ranges: vec![Restriction {
                weekdays: vec![],
                from: hour(from),
                until: hour(from + lasts),
            }],
        },
        inside: HoursUrgency::High,
        outside: HoursUrgency::Low,
        raise,
    }
}

pub fn question(case: &Case, begin: Timestamp) -> Question {
    let at = begin + minutes(case.at);
    let mut question = Question::new(Some(CHECKOUT));
    question.severity = case.severity;
    question.at = Some(at);
    question.stop = Stop::Quiet;
    question.horizon = Span::from_hours(2);
    question.answers = case
        .answers
        .iter()
        .map(|(user, message, after, act)| Answer {
            user: *user,
            message: *message,
            after: minutes(*after),
            act: *act,
        })
        .collect();
    question.outages = case
        .outages
        .iter()
        .map(|(channel, fault, from, lasts)| Outage {
            channel: *channel,
            fault: *fault,
            from: at + minutes(*from),
            until: lasts.map(|lasts| at + minutes(from + lasts)),
        })
        .collect();
    question
}
