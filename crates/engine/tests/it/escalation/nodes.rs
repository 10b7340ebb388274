//! Two nodes at the same timers.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::incident::{Command, Incident};
use domain::word::PagingState;
use engine::timer::fire_due;
use store::Store;

use super::at;
use crate::house::House;
use crate::world::{self, ANA, BO, DAN, NOON, command, fresh, open, pages};

/// Every run's executions are numbered from 0 without gaps, and each position came once.
async fn assert_once(store: &Store, incident: &Incident) {
    let id = incident.id;
    let rows = store
        .read(move |c| store::escalation::executions(c, id))
        .await
        .unwrap();
    let mut positions = BTreeSet::new();
    let runs: BTreeSet<_> = rows.iter().map(|(run, _)| *run).collect();
    for run in runs {
        let mut numbers: Vec<i64> = rows
            .iter()
            .filter(|(of, _)| *of == run)
            .map(|(_, one)| one.number)
            .collect();
        numbers.sort_unstable();
        let count = i64::try_from(numbers.len()).unwrap();
        assert_eq!(numbers, (0..count).collect::<Vec<_>>());
    }
    for (run, one) in rows {
        assert!(
            positions.insert((run, one.cycle, one.step)),
            "{one:?} twice"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_fire_the_same_timers() {
    let house = House::on_postgres();
    world::build(&house.store).await;
    let nodes = [house.store.clone(), Store::open(house.store.url()).unwrap()];
    let mut incidents = vec![];
    for n in 0..12 {
        incidents.push(open(&house.store, &format!("k{n}"), NOON).await);
    }
    for instant in [300, 900, 1_200, 1_800, 3_600] {
        let firing: Vec<_> = (0..4)
            .map(|n| {
                let store = nodes[n % 2].clone();
                tokio::spawn(async move { fire_due(&store, at(instant)).await })
            })
            .collect();
        for fired in firing {
            fired.await.unwrap().unwrap();
        }
    }
    for incident in &incidents {
        assert_once(&house.store, incident).await;
        let paged = pages(&house.store, incident, NOON).await;
        let expected = [
            (0, ANA),
            (300, BO),
            (900, ANA),
            (1_200, BO),
            (1_800, DAN),
            (3_600, DAN),
        ];
        assert_eq!(paged, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_answer_while_two_nodes_fire() {
    let house = House::on_postgres();
    world::build(&house.store).await;
    let nodes = [house.store.clone(), Store::open(house.store.url()).unwrap()];
    let mut incidents = vec![];
    for n in 0..8 {
        incidents.push(open(&house.store, &format!("k{n}"), NOON).await);
    }
    let mut tasks = vec![];
    for store in nodes.clone() {
        tasks.push(tokio::spawn(async move {
            for instant in (300..2_400).step_by(60) {
                fire_due(&store, at(instant)).await.unwrap();
            }
        }));
    }
    for (n, incident) in incidents.iter().cloned().enumerate() {
        let store = nodes[n % 2].clone();
        tasks.push(tokio::spawn(async move {
            for round in 0..10 {
                let now = at(300 + round * 200);
                let wanted = match round % 3 {
                    0 => Command::Acknowledge,
                    1 => Command::Escalate { to_step: None },
                    _ => Command::Unacknowledge,
                };
                match command(&store, &incident, ANA, wanted, now).await {
                    Ok(_) | Err(engine::Error::Refused(_)) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    for incident in &incidents {
        assert_once(&house.store, incident).await;
        let id = incident.id;
        let live = house
            .store
            .read(move |c| store::escalation::live_run(c, id))
            .await
            .unwrap();
        let state = fresh(&house.store, incident).await.paging;
        assert_eq!(live.is_some(), state == PagingState::Triggered);
        if let Some(run) = live {
            let due = house
                .store
                .read(move |c| {
                    let all = store::escalation::due(c, Timestamp::MAX, 1_000)?;
                    Ok::<_, store::Error>(all.into_iter().any(|t| t.subject_id == run.id.0))
                })
                .await
                .unwrap();
            assert!(due, "a live run has a timer: paging never goes silent");
        }
    }
}
