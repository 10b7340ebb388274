//! The clockwork is torn down in the middle of its work, again and again: whatever was said to be
//! stored is there, every step was executed once, and every page leaves (DESIGN.md P1, P2).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use channels::{Channel, Channels};
use domain::Timestamp;
use domain::word::{ContactKind, NotificationState};
use engine::clock::ManualClock;
use engine::{Engine, EngineConfig};
use store::Store;
use testkit::{eventually, eventually_blocking};
use tokio::runtime::Runtime;

use crate::house::House;
use crate::post::{Gate, PATIENCE, outbox};
use crate::world::{self, NOON, minutes, request, seconds, trigger};

const ROUNDS: i64 = 20;
const TASKS: usize = 6;
const KEYS: usize = 9;

/// What was said about each key: handed in, and answered with success.
#[derive(Default)]
struct Ledger {
    said: BTreeMap<String, (i64, i64)>,
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

async fn start(store: &Store, mail: &Arc<Gate>, now: Timestamp) -> Engine {
    let config = EngineConfig {
        public_url: "https://q.example".into(),
        node_name: "node".into(),
        letterbox: None,
    };
    let channels = Channels::new(vec![mail.clone() as Arc<dyn Channel>]);
    let clock = Arc::new(ManualClock::at(now));
    Engine::start(store.clone(), channels, config, clock)
        .await
        .unwrap()
}

fn torn_down_and_started_again(house: &House) {
    let calm = runtime();
    calm.block_on(world::build(&house.store));
    let mail = Gate::accepting(ContactKind::Email);
    mail.let_through(100_000);
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    for round in 0..ROUNDS {
        let store = Store::open(house.store.url()).unwrap();
        let now = NOON + seconds(round * 97);
        let running = runtime();
        let engine = running.block_on(start(&store, &mail, now));
        let answered = Arc::new(AtomicUsize::new(0));
        for task in 0..TASKS {
            let (engine, ledger, answered) = (engine.clone(), ledger.clone(), answered.clone());
            running.spawn(async move {
                for n in 0.. {
                    let key = format!("k{}", (task * 5 + n) % KEYS);
                    ledger
                        .lock()
                        .unwrap()
                        .said
                        .entry(key.clone())
                        .or_default()
                        .0 += 1;
                    if engine.submit(request(vec![trigger(&key)])).await.is_ok() {
                        ledger.lock().unwrap().said.entry(key).or_default().1 += 1;
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        // Each round ends at another moment; some before anything was answered.
        let enough = usize::try_from(round * 7 % 40).unwrap();
        eventually_blocking(PATIENCE, "some answers", || {
            answered.load(Ordering::SeqCst) >= enough
        });
        running.shutdown_background();
        drop(engine);
    }

    // Now it is left in peace: late enough for every step of the ladder, and then for what waits
    // to be bundled.
    let end = NOON + seconds(ROUNDS * 97) + minutes(40);
    let store = Store::open(house.store.url()).unwrap();
    calm.block_on(rest(&store, &mail, end));
    calm.block_on(rest(&store, &mail, end + minutes(2)));
    let alerts = store
        .read_blocking(|c| store::alert::list(c, &store::alert::Filter::default(), None, 1_000))
        .unwrap();
    let ledger = ledger.lock().unwrap();
    for (key, (said, answered)) in &ledger.said {
        let count = alerts
            .iter()
            .find(|one| one.dedup_key == *key)
            .map_or(0, |one| one.count);
        assert!(
            count >= *answered,
            "{key}: {count} stored, {answered} answered"
        );
        assert!(count <= *said, "{key}: {count} stored, {said} handed in");
    }
    assert_eq!(alerts.len(), KEYS, "one alert of each key");
    assert_pages(&store, &mail);
}

/// Runs undisturbed until nothing is due.
async fn rest(store: &Store, mail: &Arc<Gate>, now: Timestamp) {
    let engine = start(store, mail, now).await;
    eventually(PATIENCE, "everything to leave", || async {
        let left = outbox(store).await.into_iter().find(|row| {
            row.state == NotificationState::Sending
                || row.state == NotificationState::Planned && row.due_at <= now
        });
        let due = store
            .read(move |c| store::escalation::count_due(c, now))
            .await;
        match (left, due) {
            (None, Ok(0)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    drop(engine);
}

/// Every run executed its steps once and in order, and each page's mail left.
fn assert_pages(store: &Store, mail: &Gate) {
    let incidents = store
        .read_blocking(|c| {
            store::incident::list(c, &store::incident::Filter::default(), None, 1_000)
        })
        .unwrap();
    assert_eq!(incidents.len(), KEYS);
    for incident in &incidents {
        let id = incident.id;
        let rows = store
            .read_blocking(move |c| store::escalation::executions(c, id))
            .unwrap();
        let numbers: Vec<i64> = rows.iter().map(|(_, one)| one.number).collect();
        let count = i64::try_from(numbers.len()).unwrap();
        assert_eq!(
            numbers,
            (0..count).collect::<Vec<_>>(),
            "{}",
            incident.label()
        );
        let positions: BTreeSet<_> = rows
            .iter()
            .map(|(run, one)| (*run, one.cycle, one.step))
            .collect();
        assert_eq!(positions.len(), rows.len(), "a step was executed twice");
        assert!(count >= 5, "the whole ladder: {numbers:?}");
    }
    let rows = store
        .read_blocking(|c| {
            store::notification::list(c, &store::notification::Filter::default(), None, 10_000)
        })
        .unwrap();
    let taken: BTreeSet<_> = mail.taken().into_iter().collect();
    for row in rows.iter().filter(|row| row.channel == ContactKind::Email) {
        let carrier = row.bundle_id.unwrap_or(row.id);
        assert!(taken.contains(&carrier), "a page that never left: {row:?}");
    }
}

#[test]
fn on_sqlite() {
    torn_down_and_started_again(&House::on_sqlite());
}

#[test]
fn on_postgres() {
    torn_down_and_started_again(&House::on_postgres());
}
