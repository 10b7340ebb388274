//! Odd requests, full queues and databases that are away.

use std::time::{Duration, Instant};

use domain::signal::Signal;
use domain::word::{AlertStatus, PagingState};
use engine::ingest::{IngestError, Submission};
use store::{DatabaseUrl, Store};
use testkit::{PgCluster, eventually};

use super::model::{assert_consistent, outcome};
use super::{PATIENCE, engine};
use crate::house::House;
use crate::on_both;
use crate::world::{self, NOON, apply, request, trigger};

on_both!(an_unknown_key_is_refused_and_harms_nobody, 0, |house| {
    world::build(&house.store).await;
    let engine = engine(&house.store).await;
    let stranger = Submission {
        key_hash: [9; 32],
        ..request(vec![trigger("a")])
    };
    let results = apply(
        &house.store,
        vec![stranger.clone(), request(vec![trigger("b")])],
        NOON,
    )
    .await;
    assert_eq!(results[0], Err(IngestError::UnknownKey));
    assert!(results[1].is_ok());
    assert_eq!(engine.submit(stranger).await, Err(IngestError::UnknownKey));
    assert_eq!(outcome(&house.store, "").0.len(), 1);
});

on_both!(a_storm_pages_once_however_many_write_at_once, 0, |house| {
    world::build(&house.store).await;
    let engines = [engine(&house.store).await, engine(&house.store).await];
    let mut waiting = vec![];
    for n in 0..400 {
        let engine = engines[n % 2].clone();
        let key = format!("storm {n}");
        waiting.push(tokio::spawn(async move {
            engine.submit(request(vec![trigger(&key)])).await
        }));
    }
    for task in waiting {
        assert!(task.await.unwrap().is_ok());
    }
    let (alerts, incidents) = outcome(&house.store, "");
    assert_eq!((alerts.len(), incidents.len()), (400, 21));
});

/// Makes the database refuse alerts of the key `poison`.
async fn refuse_poison(store: &Store) {
    store
        .write(|tx| {
            if tx.is_postgres() {
                tx.execute(
                    "ALTER TABLE alert ADD CONSTRAINT no_poison CHECK (dedup_key <> 'poison')",
                )
            } else {
                tx.execute(
                    "CREATE TRIGGER no_poison BEFORE INSERT ON alert \
                     WHEN NEW.dedup_key = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END",
                )
            }
        })
        .await
        .unwrap();
}

on_both!(what_is_refused_is_refused_whole_and_alone, 0, |house| {
    world::build(&house.store).await;
    refuse_poison(&house.store).await;
    let engine = engine(&house.store).await;
    let submit = |signals: Vec<Signal>| {
        let engine = engine.clone();
        tokio::spawn(async move { engine.submit(request(signals)).await })
    };
    let mut waiting = vec![];
    for n in 0..30 {
        waiting.push((true, submit(vec![trigger(&format!("good {n}"))])));
        if n % 10 == 5 {
            let half = vec![trigger(&format!("half {n}")), trigger("poison")];
            waiting.push((false, submit(half)));
        }
    }
    for (good, task) in waiting {
        let result = task.await.unwrap();
        assert_eq!(result.is_ok(), good, "{result:?}");
        assert!(good || matches!(result, Err(IngestError::Unavailable(_))));
    }
    assert_eq!(outcome(&house.store, "good").0.len(), 30);
    assert!(
        outcome(&house.store, "half").0.is_empty(),
        "all of a request or nothing"
    );
    assert_consistent(&house.store);
});

on_both!(odd_text_is_taken, 0, |house| {
    world::build(&house.store).await;
    let engine = engine(&house.store).await;
    let texts = [
        "\0".to_owned(),
        "a\0b".to_owned(),
        "🔥 \u{202e}right to left\u{200d}".to_owned(),
        "\u{feff}\u{fffe}\u{10ffff}".to_owned(),
        "ключ".repeat(20_000),
        "'; DROP TABLE alert; --".to_owned(),
    ];
    let mut waiting = vec![];
    for (n, text) in texts.iter().enumerate() {
        let mut odd = trigger(&format!("odd {n} {text}"));
        odd.summary = text.clone();
        odd.source = text.clone();
        odd.component = Some(text.clone());
        odd.group = Some(text.clone());
        odd.class = Some(text.clone());
        odd.group_key = Some(text.clone());
        odd.details = serde_json::json!({ text.clone(): text.clone() });
        let mut whole = request(vec![odd]);
        whole.raw = text.clone().into();
        whole.warnings = vec![text.clone()];
        whole.rejected = vec![text.clone()];
        let (engine, plain) = (
            engine.clone(),
            request(vec![trigger(&format!("plain {n}"))]),
        );
        let other = engine.clone();
        waiting.push(tokio::spawn(async move { engine.submit(whole).await }));
        waiting.push(tokio::spawn(async move { other.submit(plain).await }));
    }
    for task in waiting {
        task.await.unwrap().unwrap();
    }
    assert_eq!(outcome(&house.store, "odd").0.len(), texts.len());
    assert_eq!(outcome(&house.store, "plain").0.len(), texts.len());
    // A group key that no index can hold still groups and resolves.
    let huge = "x".repeat(100_000);
    for key in ["one", "two"] {
        let mut member = trigger(&format!("member {key}"));
        member.group_key = Some(huge.clone());
        engine.submit(request(vec![member])).await.unwrap();
    }
    let over = Submission {
        resolve_group: Some(huge),
        ..request(vec![])
    };
    engine.submit(over).await.unwrap();
    let (members, incidents) = outcome(&house.store, "member");
    assert!(
        members.iter().all(|one| one.1 == AlertStatus::Resolved),
        "{members:?}"
    );
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].0, PagingState::Resolved);
});

on_both!(a_request_with_very_many_alerts, 0, |house| {
    world::build_with(&house.store, |settings| settings.storm_limit = None).await;
    let engine = engine(&house.store).await;
    let many: Vec<Signal> = (0..6_000).map(|n| trigger(&format!("many {n}"))).collect();
    let accepted = engine.submit(request(many)).await.unwrap();
    assert_eq!(accepted.applied.len(), 6_000);
    let count = house
        .store
        .read_blocking(|c| store::incident::count(c, &store::incident::Filter::default(), 100_000));
    assert_eq!(count, Ok(6_000));
});

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_so_at_once() {
    let house = House::on_sqlite();
    world::build(&house.store).await;
    let engine = engine(&house.store).await;
    let mut other = store::Conn::open(house.store.url()).unwrap();
    other.execute("BEGIN IMMEDIATE").unwrap();
    let (_, places) = engine.ingest_depth();
    let mut waiting = vec![];
    let mut refused = 0;
    for n in 0..places + 5_000 {
        let engine = engine.clone();
        let task = tokio::spawn(async move {
            let begun = Instant::now();
            let result = engine
                .submit(request(vec![trigger(&format!("k{}", n % 50))]))
                .await;
            (result, begun.elapsed())
        });
        waiting.push(task);
    }
    eventually(PATIENCE, "the queue to be full", || {
        let (waiting, places) = engine.ingest_depth();
        async move { waiting == places }
    })
    .await;
    other.execute("ROLLBACK").unwrap();
    let mut taken = 0;
    for task in waiting {
        match task.await.unwrap() {
            (Ok(_), _) => taken += 1,
            (Err(IngestError::Overloaded), after) => {
                assert!(after < Duration::from_secs(1), "said after {after:?}");
                refused += 1;
            }
            // The database was held for too long.
            (Err(IngestError::Unavailable(_)), _) => {}
            (other, _) => panic!("{other:?}"),
        }
    }
    assert!(refused > 0);
    let (alerts, _) = outcome(&house.store, "k");
    assert_eq!(alerts.iter().map(|alert| alert.2).sum::<i64>(), taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_and_comes_back() {
    let cluster = PgCluster::start();
    let database = cluster.create_database();
    let store = Store::open(&DatabaseUrl::Postgres(database.url.clone())).unwrap();
    world::build(&store).await;
    let engine = engine(&store).await;
    let two = |n: u32| {
        let engine = engine.clone();
        async move {
            let both = vec![
                trigger(&format!("left {n}")),
                trigger(&format!("right {n}")),
            ];
            engine.submit(request(both)).await
        }
    };
    two(0).await.unwrap();
    cluster.crash();
    let begun = Instant::now();
    for n in 1..4 {
        let result = two(n).await;
        assert!(
            matches!(result, Err(IngestError::Unavailable(_))),
            "{result:?}"
        );
    }
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
    cluster.resume();
    eventually(PATIENCE, "signals to be taken again", || two(4)).await;
    let left: Vec<String> = outcome(&store, "left ")
        .0
        .into_iter()
        .map(|one| one.0)
        .collect();
    let right: Vec<String> = outcome(&store, "right ")
        .0
        .into_iter()
        .map(|one| one.0)
        .collect();
    assert_eq!(left, right, "nothing is half written");
    assert!(left.contains(&"0".to_owned()) && left.contains(&"4".to_owned()));
    assert_consistent(&store);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_that_is_held_does_not_hold_everybody_up() {
    let house = House::on_sqlite();
    world::build(&house.store).await;
    let engine = engine(&house.store).await;
    let mut other = store::Conn::open(house.store.url()).unwrap();
    other.execute("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    let waiting: Vec<_> = (0..20)
        .map(|n| {
            let engine = engine.clone();
            tokio::spawn(async move { engine.submit(request(vec![trigger(&n.to_string())])).await })
        })
        .collect();
    for task in waiting {
        let result = task.await.unwrap();
        assert!(
            matches!(result, Err(IngestError::Unavailable(_))),
            "{result:?}"
        );
    }
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
    other.execute("ROLLBACK").unwrap();
    engine
        .submit(request(vec![trigger("after")]))
        .await
        .unwrap();
}
