//! The same signals singly, in batches, from many tasks and over two nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::Timestamp;
use domain::dedup::SignalDecision;
use domain::signal::{DELIVERY_KEPT, Delivery, Signal};
use domain::suppression::{Matcher, SuppressionKind};
use domain::word::Action;
use engine::Error;
use engine::configuration::suppression::{SuppressionInput, create_suppression};
use engine::ingest::{Origin, Submission, apply_in_txn};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::Store;

use super::engine;
use super::model::{Model, STORM_LIMIT, Said, assert_consistent, made, outcome, said};
use crate::house::House;
use crate::on_both;
use crate::world::{self, NOON, apply, request, seconds, signal, trigger};

static CASE: AtomicU32 = AtomicU32::new(0);

/// Key 6 pages only when it is critical.
async fn silence(store: &Store) {
    let matcher = |text: &str| Matcher::parse(text).unwrap();
    let input = SuppressionInput {
        kind: SuppressionKind::Silence,
        services: vec![],
        integrations: vec![],
        matchers: vec![
            matcher("dedup_key=~\".*/6\""),
            matcher("severity!=critical"),
        ],
        starts_at: NOON - world::minutes(60),
        ends_at: NOON + domain::Span::from_days(29),
        recurrence: None,
        zone: None,
        comment: "Known noise".into(),
        author: None,
    };
    create_suppression(store, &world::admin(NOON), input)
        .await
        .unwrap();
}

/// What becomes of a batch for which its sender waits.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answered,
    /// The server dies before the commit, so that all of it is sent again.
    Lost,
    /// It dies after the commit and before the answer.
    Unanswered,
}

fn fate() -> impl Strategy<Value = Fate> {
    proptest::sample::select(vec![Fate::Answered, Fate::Lost, Fate::Unanswered])
}

/// A signal of which its sender says with which number it is delivered.
fn numbered((number, said): &(usize, &Said), prefix: &str) -> Signal {
    let number = format!("{prefix}{number}");
    Signal {
        delivery: Some(Delivery::of(&[&number], b"")),
        ..made(said, prefix)
    }
}

async fn suffer(store: &Store, batch: &[Submission], fate: Fate, now: Timestamp) {
    match fate {
        Fate::Answered => {}
        Fate::Lost => {
            let batch: Vec<_> = batch.iter().cloned().map(Arc::new).collect();
            let lost: Result<(), Error> = store
                .write(move |tx| {
                    apply_in_txn(tx, &batch, now)?;
                    Err(store::Error::Closed.into())
                })
                .await;
            assert!(lost.is_err());
        }
        Fate::Unanswered => drop(apply(store, batch.to_vec(), now).await),
    }
    apply(store, batch.to_vec(), now).await;
}

fn batches_equal_singles(store: &Store, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(world::build_with(store, |settings| {
        settings.storm_limit = Some(STORM_LIMIT);
    }));
    runtime.block_on(silence(store));
    let input = (
        proptest::collection::vec(said(), 1..40),
        1..8_usize,
        1..4_usize,
        proptest::collection::vec(fate(), 40),
    );
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&input, |(all, per_batch, per_request, fates)| {
        let case = CASE.fetch_add(1, Ordering::Relaxed);
        let mut model = Model::new(STORM_LIMIT);
        // Storms of one do not count for another.
        let apart = |third: i64| NOON + world::minutes(i64::from(case) * 90 + third * 30);
        let (singly, together) = (format!("{case}s/"), format!("{case}b/"));
        let again = format!("{case}c/");
        for one in &all {
            let told = made(one, "");
            model.tell(&told, &one.key.to_string());
            let request = request(vec![made(one, &singly)]);
            runtime.block_on(apply(store, vec![request], apart(0)));
        }
        let requests = |prefix: &str| -> Vec<Submission> {
            let all: Vec<_> = (0..).zip(&all).collect();
            all.chunks(per_request)
                .map(|chunk| request(chunk.iter().map(|one| numbered(one, prefix)).collect()))
                .collect()
        };
        for batch in requests(&together).chunks(per_batch) {
            runtime.block_on(apply(store, batch.to_vec(), apart(1)));
        }
        for (batch, fate) in requests(&again).chunks(per_batch).zip(fates) {
            runtime.block_on(suffer(store, batch, fate, apart(2)));
        }
        let expected = model.outcome();
        prop_assert_eq!(&outcome(store, &singly), &expected);
        prop_assert_eq!(&outcome(store, &together), &expected);
        prop_assert_eq!(&outcome(store, &again), &expected);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn batches_equal_singles_on_sqlite() {
    batches_equal_singles(&House::on_sqlite().store, 60);
}

#[test]
fn batches_equal_singles_on_postgres() {
    let house = House::on_postgres();
    batches_equal_singles(&house.store, 25);
}

on_both!(what_comes_twice_is_taken_once, 0, |house| {
    world::build(&house.store).await;
    let numbered = |signal: Signal, number: &str| Signal {
        delivery: Some(Delivery::of(&[number], b"")),
        ..signal
    };
    let trigger = || request(vec![numbered(trigger("a"), "1")]);
    let resolve = request(vec![numbered(signal(Action::Resolve, "a"), "2")]);
    let decided = async |requests: Vec<Submission>, now: Timestamp| -> Vec<SignalDecision> {
        let results = apply(&house.store, requests, now).await;
        let applied = results
            .into_iter()
            .map(|one| one.unwrap().applied[0].decision);
        applied.collect()
    };
    assert_eq!(
        decided(vec![trigger(), trigger()], NOON).await,
        [SignalDecision::Opened, SignalDecision::Redelivered],
        "within one batch"
    );
    let before = NOON + DELIVERY_KEPT;
    assert_eq!(
        decided(vec![trigger(), resolve, trigger()], before).await,
        [
            SignalDecision::Redelivered,
            SignalDecision::Resolved,
            SignalDecision::Redelivered
        ],
        "the end came in between, and a day is not over"
    );
    let on_purpose = Submission {
        origin: Origin {
            replay_of: Some(domain::RequestId(1)),
            ..Origin::default()
        },
        ..trigger()
    };
    assert_eq!(
        decided(vec![on_purpose], before).await,
        [SignalDecision::Reopened],
        "sent again by somebody who wants it"
    );
    assert_eq!(
        decided(vec![trigger()], before + seconds(1)).await,
        [SignalDecision::Repeated],
        "remembered for a day"
    );
});

on_both!(many_tasks_at_once, 0, |house| {
    world::build_with(&house.store, |settings| settings.storm_limit = None).await;
    silence(&house.store).await;
    let engine = engine(&house.store).await;
    let mut runner = TestRunner::deterministic();
    let tasks: Vec<Vec<Said>> = (0..8)
        .map(|_| {
            use proptest::strategy::ValueTree;
            let strategy = proptest::collection::vec(said(), 40);
            strategy.new_tree(&mut runner).unwrap().current()
        })
        .collect();
    let running: Vec<_> = tasks
        .iter()
        .cloned()
        .enumerate()
        .map(|(task, all)| {
            let engine = engine.clone();
            tokio::spawn(async move {
                for one in &all {
                    engine
                        .submit(request(vec![made(one, &format!("{task}/"))]))
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
    for (task, all) in tasks.iter().enumerate() {
        let mut model = Model::new(u16::MAX);
        for one in all {
            model.tell(&made(one, ""), &one.key.to_string());
        }
        assert_eq!(
            outcome(&house.store, &format!("{task}/")),
            model.outcome(),
            "task {task}"
        );
    }
    assert_consistent(&house.store);
});

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_on_one_database() {
    let house = House::on_postgres();
    world::build(&house.store).await;
    let other = Store::open(house.store.url()).unwrap();
    let engines = [engine(&house.store).await, engine(&other).await];
    let mut running = Vec::new();
    for task in 0..8_usize {
        let engine = engines[task % 2].clone();
        running.push(tokio::spawn(async move {
            let mut taken = 0_i64;
            for round in 0..60 {
                // The same keys and groups on both nodes, at the same time.
                let mut signals = vec![];
                for key in 0..3 {
                    let mut one = trigger(&format!("k{}", (round + key) % 12));
                    one.group_key = Some(format!("g{}", (round + key) % 4));
                    signals.push(one);
                }
                taken += i64::try_from(signals.len()).unwrap();
                engine.submit(request(signals)).await.unwrap();
            }
            taken
        }));
    }
    let mut taken = 0;
    for task in running {
        taken += task.await.unwrap();
    }
    assert_consistent(&house.store);
    let (alerts, incidents) = outcome(&house.store, "k");
    assert_eq!(alerts.len(), 12, "one alert of each key");
    assert_eq!(incidents.len(), 4, "one incident of each group");
    assert_eq!(
        alerts.iter().map(|alert| alert.2).sum::<i64>(),
        taken,
        "every signal counts"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_open_and_resolve() {
    let house = House::on_postgres();
    world::build(&house.store).await;
    let other = Store::open(house.store.url()).unwrap();
    let engines = [engine(&house.store).await, engine(&other).await];
    let mut running = Vec::new();
    for task in 0..8_usize {
        let engine = engines[task % 2].clone();
        running.push(tokio::spawn(async move {
            for round in 0..40_usize {
                let action = if (round + task) % 3 == 0 {
                    Action::Resolve
                } else {
                    Action::Trigger
                };
                let signals = (0..4)
                    .map(|key| {
                        let mut one = signal(action, &format!("k{}", (round * 7 + key) % 6));
                        one.group_key = Some(format!("g{}", (round * 7 + key) % 2));
                        one
                    })
                    .collect();
                engine.submit(request(signals)).await.unwrap();
            }
        }));
    }
    // People answer meanwhile.
    let store = house.store.clone();
    running.push(tokio::spawn(async move {
        for round in 0..60 {
            let id = store
                .read(|c| store::incident::list(c, &store::incident::Filter::default(), None, 1))
                .await
                .unwrap();
            let Some(incident) = id.first() else { continue };
            let wanted = if round % 2 == 0 {
                domain::incident::Command::Acknowledge
            } else {
                domain::incident::Command::Resolve
            };
            // A refusal is an answer: somebody was faster.
            let result = world::command(&store, incident, world::BO, wanted, NOON).await;
            assert!(!matches!(result, Err(Error::Store(_))), "{result:?}");
        }
    }));
    for task in running {
        task.await.unwrap();
    }
    assert_consistent(&house.store);
}
