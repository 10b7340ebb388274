//! The what-if against the engine: random questions, asked and then lived through.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use channels::{Channel, Channels};
use domain::channel::{ChannelKind, Post};
use domain::directory::{ContactMethod, NotificationRule};
use domain::incident::{Command, Incident};
use domain::policy::{PolicyConfig, Step, StepMode, Target};
use domain::what_if::{Act, Answer, Fault, Outage, Stop};
use domain::word::{AlertSeverity, ContactKind, NotificationState, PagingState, Urgency};
use domain::{ChannelId, ContactMethodId, NotificationRuleId, Span, Timestamp, UserId};
use engine::clock::ManualClock;
use engine::timer::fire_due;
use engine::what_if::{Question, Told, tell};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use store::Store;
use testkit::receiver::Receiver;

use crate::on_both;
use crate::post::{Office, dispatcher, of_incident, outbox};
use crate::scripted::{Never, Scripted};
use crate::world::{
    self, ANA, BO, CHECKOUT, CY, NOON, PLATFORM, POLICY, admin, by, executions, fresh, minutes,
    request, trigger,
};

/// Cases on each database.
const CASES: usize = 60;

/// One question, relative to its begin.
#[derive(Clone, Debug)]
struct Case {
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
}

/// A room of a chat, which takes whatever it is told.
const ROOM: ChannelId = ChannelId(901);

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

fn case() -> impl Strategy<Value = Case> {
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
    )
        .prop_map(
            |(steps, repeats, rules, unverified, severity, answers, outages, at)| Case {
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
            },
        )
}

/// Makes the world of a case from that of the last.
async fn prepare(store: &Store, case: &Case) {
    let case = case.clone();
    let write = store.write(move |tx| {
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
}

fn question(case: &Case, begin: Timestamp) -> Question {
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

/// Lives through what the what-if has told, by the engine itself.
async fn live(store: &Store, office: &Office, told: &Told) -> Incident {
    let scenario = &told.scenario;
    let mut signal = trigger(&format!("case-{}", scenario.at.0));
    signal.severity = scenario.severity;
    office.clock.set(scenario.at);
    let applied = world::apply(store, vec![request(vec![signal])], scenario.at).await;
    let id = applied[0].as_ref().unwrap().applied[0].incident_id.unwrap();
    let read = store.read(move |c| store::incident::fetch(c, id)).await;
    let incident: Incident = read.unwrap();
    let until = scenario.at + scenario.horizon;
    let mut answers: Vec<(Timestamp, Answer)> = Vec::new();
    let mut counted: BTreeMap<UserId, u32> = BTreeMap::new();
    loop {
        let timer = store.read(store::escalation::next_due).await.unwrap();
        let message = store.read(store::notification::next_due).await.unwrap();
        let answer = answers.iter().map(|(at, _)| *at).min();
        let next = [timer, message, answer].into_iter().flatten().min();
        let Some(now) = next.filter(|at| *at <= until) else {
            return fresh(store, &incident).await;
        };
        office.clock.set(now);
        if timer.is_some_and(|due| due <= now) {
            fire_due(store, now).await.unwrap();
        } else if message.is_some_and(|due| due <= now) {
            office.settle(now).await;
            received(
                store,
                &incident,
                &scenario.answers,
                &mut counted,
                &mut answers,
            )
            .await;
        } else {
            let place = (0..answers.len()).min_by_key(|n| answers[*n].0).unwrap();
            let (_, answer) = answers.remove(place);
            let command = match answer.act {
                Act::Acknowledge => Command::Acknowledge,
                Act::Resolve => Command::Resolve,
                Act::Escalate => Command::Escalate { to_step: None },
                Act::Ignore => continue,
            };
            // Refused or not, as the what-if says.
            drop(world::command(store, &incident, answer.user, command, now).await);
        }
    }
}

/// Whoever has got a message since will answer it as the scenario says.
async fn received(
    store: &Store,
    incident: &Incident,
    scenario: &[Answer],
    counted: &mut BTreeMap<UserId, u32>,
    answers: &mut Vec<(Timestamp, Answer)>,
) {
    let mut accepted: BTreeMap<UserId, Vec<Timestamp>> = BTreeMap::new();
    for row in of_incident(store, incident).await {
        let page = row.kind == domain::word::NotificationKind::Page;
        if let (true, Some(user), Some(at)) = (page, row.user_id, row.accepted_at) {
            accepted.entry(user).or_default().push(at);
        }
    }
    for (user, mut times) in accepted {
        times.sort();
        let seen = counted.entry(user).or_insert(0);
        for (nth, at) in (1..).zip(times).skip(*seen as usize) {
            *seen = nth;
            let theirs = scenario
                .iter()
                .filter(|answer| answer.user == user && answer.message == nth);
            answers.extend(theirs.map(|answer| (at + answer.after, *answer)));
        }
    }
}

/// What can be compared of a message.
type Sent = (
    Timestamp,
    UserId,
    ContactKind,
    &'static str,
    NotificationState,
    i64,
    Option<Timestamp>,
);

/// A post, but for what the what-if cannot know of its incident.
fn said(body: &str) -> Post {
    let mut post: Post = serde_json::from_str(body).unwrap();
    if let Some(incident) = &mut post.incident {
        (incident.number, incident.title) = (1, "An alert of the what-if".into());
    }
    post
}

async fn compare(store: &Store, case: &Case, told: &Told, incident: &Incident) {
    let course = &told.course;
    let id = incident.id;
    let read = store.read(move |c| store::escalation::pages(c, id)).await;
    let mut real: Vec<(Timestamp, UserId, Option<i64>, String)> = read
        .unwrap()
        .into_iter()
        .map(|page| (page.created_at, page.user_id, page.execution, page.reason))
        .collect();
    let mut told_pages: Vec<(Timestamp, UserId, Option<i64>, String)> = course
        .pages
        .iter()
        .map(|page| {
            let reason = serde_json::to_string(&page.reason).unwrap();
            (page.at, page.user, page.execution, reason)
        })
        .collect();
    real.sort();
    told_pages.sort();
    assert_eq!(told_pages, real, "{case:#?}");

    let (posts, rows): (Vec<_>, Vec<_>) = of_incident(store, incident)
        .await
        .into_iter()
        .partition(|row| row.kind == domain::word::NotificationKind::Post);
    let real_posts: Vec<(Timestamp, Option<ChannelId>, Post)> = posts
        .into_iter()
        .map(|row| (row.created_at, row.channel_id, said(&row.body)))
        .collect();
    let told_posts: Vec<(Timestamp, Option<ChannelId>, Post)> = course
        .posts
        .iter()
        .map(|one| (one.post.at, Some(one.channel), one.post.clone()))
        .collect();
    assert_eq!(told_posts, real_posts, "{case:#?}");
    let mut real: Vec<Sent> = rows
        .into_iter()
        .map(|row| {
            (
                row.due_at,
                row.user_id.unwrap(),
                row.channel.contact().unwrap(),
                row.kind.as_str(),
                row.state,
                row.attempts,
                row.accepted_at,
            )
        })
        .collect();
    let mut told_messages: Vec<Sent> = course
        .messages
        .iter()
        .map(|one| {
            (
                one.due_at,
                one.user,
                one.channel,
                one.kind.as_str(),
                one.state,
                one.attempts,
                one.accepted_at,
            )
        })
        .collect();
    real.sort();
    told_messages.sort();
    assert_eq!(told_messages, real, "{case:#?}");

    // Executions carry the run-wide number, which begins anew with each run in both.
    assert_eq!(
        course.executions,
        executions(store, incident).await,
        "{case:#?}"
    );
    let end = &course.incident;
    assert_eq!(
        (
            end.paging,
            end.unreachable,
            end.acknowledged_by,
            end.triggered_at
        ),
        (
            incident.paging,
            incident.unreachable,
            incident.acknowledged_by,
            incident.triggered_at
        ),
        "{case:#?}"
    );
}

on_both!(what_is_told_is_what_happens, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let receiver = Receiver::start();
    let url = receiver.url("/hooks/room");
    let phones = store.write(move |tx| {
        store::channel::insert(
            tx,
            &world::channel(ROOM, "Room", ChannelKind::Slack, &url),
            NOON,
        )?;
        for user in [BO, CY] {
            let phone = ContactMethod {
                id: ContactMethodId(user.0 * 10 + 1),
                kind: ContactKind::Sms,
                address: format!("+4915112345{}", user.0),
                verified_at: Some(NOON),
                broken: None,
            };
            store::people::insert_method(tx, user, &phone, NOON)?;
        }
        tx.configured()
    });
    phones.await.unwrap();
    let clock = ManualClock::at(NOON);
    let outages = Arc::new(Mutex::new(Vec::new()));
    let scripted = |kind| -> Arc<dyn Channel> {
        Arc::new(Scripted {
            kind,
            clock: clock.clone(),
            outages: outages.clone(),
        })
    };
    let channels = Channels::new(vec![
        scripted(ContactKind::Email),
        scripted(ContactKind::Sms),
    ])
    .with_private_posts(true);
    let office = Office {
        store: store.clone(),
        dispatcher: dispatcher(store, channels, &clock, "office").with_chance(Arc::new(Never)),
        clock: clock.clone(),
    };
    let mut runner = TestRunner::deterministic();
    for number in 0..CASES {
        let case = case().new_tree(&mut runner).unwrap().current();
        let begin = NOON + Span::from_days(10 * (number as i64 + 1));
        prepare(store, &case).await;
        let told = tell(store, &by(ANA, begin), question(&case, begin))
            .await
            .unwrap();
        outages.lock().unwrap().clone_from(&told.scenario.outages);
        let incident = live(store, &office, &told).await;
        compare(store, &case, &told, &incident).await;
        // Nothing is left over for the next case.
        outages.lock().unwrap().clear();
        let later = told.scenario.at + Span::from_days(1);
        if incident.paging != PagingState::Resolved {
            let resolve = Command::Resolve;
            engine::incident::command(store, &admin(later), incident.number, resolve)
                .await
                .unwrap();
        }
        office.settle(later).await;
    }
    let rows = outbox(store).await;
    assert!(
        rows.len() > CASES,
        "the cases say something: {}",
        rows.len()
    );
});
