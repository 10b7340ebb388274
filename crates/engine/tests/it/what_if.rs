//! The what-if against the engine: random questions, asked and then lived through.

mod case;
mod tried;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use channels::{Channel, Channels};
use domain::channel::{ChannelKind, Post};
use domain::directory::ContactMethod;
use domain::incident::{Command, Incident};
use domain::what_if::{Act, Answer, EventKind, Message, MessageWhy};
use domain::word::{ContactKind, NotificationState, PagingState};
use domain::{AlertId, ChannelId, ContactMethodId, Span, Timestamp, UserId};
use engine::clock::ManualClock;
use engine::timer::fire_due;
use engine::what_if::{Told, tell};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use store::Store;
use testkit::receiver::Receiver;

use case::{Case, case, prepare, question};

use crate::on_both;
use crate::post::{Office, dispatcher, of_incident, outbox};
use crate::scripted::{Never, Scripted};
use crate::world::{self, ANA, BO, CY, NOON, admin, by, executions, fresh, request, trigger};

/// Cases on each database.
const CASES: usize = 60;

/// A room of a chat, which takes whatever it is told.
const ROOM: ChannelId = ChannelId(901);

/// The incident of an alert, once nothing holds it back.
async fn opened(store: &Store, office: &Office, alert: AlertId, at: Timestamp) -> Incident {
    let mut now = at;
    loop {
        let read = store.read(move |c| store::alert::fetch(c, alert)).await;
        if let Some(id) = read.unwrap().incident_id {
            let read = store.read(move |c| store::incident::fetch(c, id)).await;
            return read.unwrap();
        }
        let next = store.read(store::alert::next_check).await.unwrap();
        now = next.filter(|next| *next > now).unwrap();
        office.clock.set(now);
        fire_due(store, now).await.unwrap();
    }
}

/// Lives through what the what-if has told, by the engine itself.
async fn live(store: &Store, office: &Office, told: &Told) -> Incident {
    let scenario = &told.scenario;
    let mut signal = trigger(&format!("case-{}", scenario.at.0));
    signal.severity = scenario.severity;
    office.clock.set(scenario.at);
    let applied = world::apply(store, vec![request(vec![signal])], scenario.at).await;
    let alert = applied[0].as_ref().unwrap().applied[0].alert_id.unwrap();
    let incident = opened(store, office, alert, scenario.at).await;
    let until = incident.created_at + scenario.horizon;
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
    let end = course.incident.as_ref().unwrap();
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
    let (mut held, mut followed) = (0, 0);
    for number in 0..CASES {
        let case = case().new_tree(&mut runner).unwrap().current();
        let begin = NOON + Span::from_days(10 * (number as i64 + 1));
        prepare(store, &case, begin).await;
        let told = tell(store, &by(ANA, begin), question(&case, begin))
            .await
            .unwrap();
        let first = told.course.events.first().map(|event| event.kind);
        held += usize::from(matches!(first, Some(EventKind::Held(_))));
        let follows = |one: &&Message| one.why == MessageWhy::Follows;
        followed += told.course.messages.iter().filter(follows).count();
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
    assert!(held > 3, "{held} held back");
    assert!(followed > 3, "{followed} told of a shift that they follow");
    let rows = outbox(store).await;
    assert!(
        rows.len() > CASES / 2,
        "the cases say something: {}",
        rows.len()
    );
});
