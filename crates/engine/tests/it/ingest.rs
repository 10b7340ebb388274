//! Signals become alerts and incidents, once each, however they come in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use channels::Channels;
use domain::dedup::SignalDecision;
use domain::signal::Signal;
use domain::word::{Action, AlertSeverity, AlertStatus, PagingState, Urgency};
use domain::{Span, Timestamp};
use engine::clock::ManualClock;
use engine::ingest::{IngestError, Submission};
use engine::{Engine, EngineConfig};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{DatabaseUrl, Store};
use testkit::{PgCluster, eventually};

use crate::house::House;
use crate::on_both;
use crate::world::{self, NOON, apply, minutes, open, request, seconds, signal, trigger};

const PATIENCE: Duration = Duration::from_secs(60);

async fn engine(store: &Store) -> Engine {
    let config = EngineConfig {
        public_url: "https://q.example".into(),
        node_name: "node".into(),
    };
    let clock = Arc::new(ManualClock::at(NOON));
    Engine::start(store.clone(), Channels::default(), config, clock)
        .await
        .unwrap()
}

/// What an alert came to: status, count, severity, and a name for its incident that does not
/// depend on ids.
type Summary = Vec<(String, AlertStatus, i64, AlertSeverity, usize)>;
/// What an incident came to: paging, urgency, alerts, open alerts.
type Incidents = Vec<(PagingState, Urgency, i64, i64)>;

/// Every alert whose key begins with `prefix`, in the order of opening, with its incidents.
fn outcome(store: &Store, prefix: &str) -> (Summary, Incidents) {
    let rows = store
        .read_blocking(|c| store::alert::list(c, &store::alert::Filter::default(), None, 100_000))
        .unwrap();
    let mut alerts: Vec<_> = rows
        .into_iter()
        .filter(|alert| alert.dedup_key.starts_with(prefix))
        .collect();
    alerts.sort_by_key(|alert| (alert.first_seen, alert.id));
    let mut names = BTreeMap::new();
    let mut incidents = Vec::new();
    let mut summary = Vec::new();
    for alert in alerts {
        let fresh = names.len();
        let name = *names.entry(alert.incident_id).or_insert(fresh);
        if name == fresh && name == incidents.len() {
            let id = alert.incident_id;
            let incident = store
                .read_blocking(move |c| store::incident::fetch(c, id))
                .unwrap();
            incidents.push((
                incident.paging,
                incident.urgency,
                incident.alerts,
                incident.open_alerts,
            ));
        }
        let key = alert.dedup_key[prefix.len()..].to_owned();
        summary.push((key, alert.status, alert.count, alert.text.severity, name));
    }
    (summary, incidents)
}

/// A second, naive telling of PAGING.md §1.2–1.8 for signals that come within one instant.
#[derive(Default)]
struct Model {
    alerts: Vec<(String, bool, i64, AlertSeverity, usize)>,
    incidents: Vec<Told>,
}

struct Told {
    group: Option<String>,
    paging: PagingState,
    urgency: Urgency,
    alerts: i64,
    open: i64,
}

impl Model {
    fn open_of(&self, key: &str) -> Option<usize> {
        self.alerts
            .iter()
            .position(|(known, open, ..)| known == key && *open)
    }

    fn tell(&mut self, signal: &Signal, key: &str) {
        let urgency = match signal.severity {
            AlertSeverity::Critical | AlertSeverity::Error => Urgency::High,
            _ => Urgency::Low,
        };
        match (signal.action, self.open_of(key)) {
            (Action::Trigger, Some(at)) => {
                self.alerts[at].2 += 1;
                self.alerts[at].3 = signal.severity;
                let incident = self.alerts[at].4;
                if urgency == Urgency::High {
                    self.incidents[incident].urgency = Urgency::High;
                }
            }
            (Action::Trigger, None) => {
                let of_group = self.incidents.iter().position(|told| {
                    told.group.is_some()
                        && told.group == signal.group_key
                        && told.paging != PagingState::Resolved
                });
                let before = self.alerts.iter().rposition(|(known, ..)| known == key);
                let home = match (of_group, before) {
                    (Some(incident), _) => incident,
                    (None, Some(alert)) => self.alerts[alert].4,
                    (None, None) => {
                        self.incidents.push(Told {
                            group: signal.group_key.clone(),
                            paging: PagingState::Triggered,
                            urgency,
                            alerts: 0,
                            open: 0,
                        });
                        self.incidents.len() - 1
                    }
                };
                let told = &mut self.incidents[home];
                if told.paging == PagingState::Resolved {
                    told.paging = PagingState::Triggered;
                }
                if urgency == Urgency::High {
                    told.urgency = Urgency::High;
                }
                told.alerts += 1;
                told.open += 1;
                self.alerts
                    .push((key.to_owned(), true, 1, signal.severity, home));
            }
            (Action::Acknowledge, Some(at)) => {
                let told = &mut self.incidents[self.alerts[at].4];
                if told.paging == PagingState::Triggered {
                    told.paging = PagingState::Acknowledged;
                }
            }
            (Action::Resolve, Some(at)) => {
                self.alerts[at].1 = false;
                let told = &mut self.incidents[self.alerts[at].4];
                told.open -= 1;
                if told.open == 0 {
                    told.paging = PagingState::Resolved;
                }
            }
            (Action::Acknowledge | Action::Resolve, None) => {}
        }
    }

    fn outcome(&self) -> (Summary, Incidents) {
        let status = |open| {
            if open {
                AlertStatus::Open
            } else {
                AlertStatus::Resolved
            }
        };
        let alerts = self
            .alerts
            .iter()
            .map(|(key, open, count, severity, incident)| {
                (key.clone(), status(*open), *count, *severity, *incident)
            })
            .collect();
        let incidents = self
            .incidents
            .iter()
            .map(|told| (told.paging, told.urgency, told.alerts, told.open))
            .collect();
        (alerts, incidents)
    }
}

#[derive(Clone, Debug)]
struct Said {
    action: Action,
    key: u8,
    severity: AlertSeverity,
}

fn said() -> impl Strategy<Value = Said> {
    let action = prop_oneof![
        4 => Just(Action::Trigger),
        1 => Just(Action::Acknowledge),
        3 => Just(Action::Resolve),
    ];
    (
        action,
        0..6_u8,
        proptest::sample::select(AlertSeverity::ALL),
    )
        .prop_map(|(action, key, severity)| Said {
            action,
            key,
            severity,
        })
}

/// Keys 0–2 stand alone, 3 and 4 share a group, 5 has one of its own.
fn made(said: &Said, prefix: &str) -> Signal {
    let mut made = signal(said.action, &format!("{prefix}{}", said.key));
    made.severity = said.severity;
    made.group_key = match said.key {
        3 | 4 => Some(format!("{prefix}shared")),
        5 => Some(format!("{prefix}own")),
        _ => None,
    };
    made
}

static CASE: AtomicU32 = AtomicU32::new(0);

fn batches_equal_singles(store: &Store, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(world::build(store));
    let input = (
        proptest::collection::vec(said(), 1..40),
        1..8_usize,
        1..4_usize,
    );
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&input, |(all, per_batch, per_request)| {
        let case = CASE.fetch_add(1, Ordering::Relaxed);
        let mut model = Model::default();
        let (singly, together) = (format!("{case}s/"), format!("{case}b/"));
        for one in &all {
            let told = made(one, "");
            model.tell(&told, &one.key.to_string());
            let request = request(vec![made(one, &singly)]);
            runtime.block_on(apply(store, vec![request], NOON));
        }
        let requests: Vec<Submission> = all
            .chunks(per_request)
            .map(|chunk| request(chunk.iter().map(|one| made(one, &together)).collect()))
            .collect();
        for batch in requests.chunks(per_batch) {
            runtime.block_on(apply(store, batch.to_vec(), NOON));
        }
        let expected = model.outcome();
        prop_assert_eq!(&outcome(store, &singly), &expected);
        prop_assert_eq!(&outcome(store, &together), &expected);
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

/// What must hold of the tables however requests were interleaved.
fn assert_consistent(store: &Store) {
    let alerts = store
        .read_blocking(|c| store::alert::list(c, &store::alert::Filter::default(), None, 100_000))
        .unwrap();
    let incidents = store
        .read_blocking(|c| {
            store::incident::list(c, &store::incident::Filter::default(), None, 100_000)
        })
        .unwrap();
    let mut open = BTreeSet::new();
    for alert in alerts
        .iter()
        .filter(|alert| alert.status == AlertStatus::Open)
    {
        assert!(
            open.insert(alert.identity),
            "two open alerts of {}",
            alert.dedup_key
        );
    }
    let mut numbers: Vec<i64> = incidents.iter().map(|incident| incident.number).collect();
    numbers.sort_unstable();
    let count = i64::try_from(numbers.len()).unwrap();
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
    for incident in &incidents {
        let of: Vec<_> = alerts
            .iter()
            .filter(|one| one.incident_id == incident.id)
            .collect();
        let open = of
            .iter()
            .filter(|one| one.status == AlertStatus::Open)
            .count();
        assert_eq!(
            i64::try_from(of.len()).unwrap(),
            incident.alerts,
            "{incident:?}"
        );
        assert_eq!(
            i64::try_from(open).unwrap(),
            incident.open_alerts,
            "{incident:?}"
        );
        let id = incident.id;
        let live = store
            .read_blocking(move |c| store::escalation::live_run(c, id))
            .unwrap();
        assert_eq!(
            live.is_some(),
            incident.paging == PagingState::Triggered && incident.urgency == Urgency::High,
            "an escalation runs while nobody has answered: {incident:?}"
        );
        let executed = store
            .read_blocking(move |c| store::escalation::executions(c, id))
            .unwrap();
        assert!(!executed.is_empty(), "whoever opens it pages: {incident:?}");
    }
}

on_both!(many_tasks_at_once, 0, |house| {
    world::build(&house.store).await;
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
        let mut model = Model::default();
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
            drop(world::command(&store, incident, world::BO, wanted, NOON).await);
        }
    }));
    for task in running {
        task.await.unwrap();
    }
    assert_consistent(&house.store);
}

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
        whole.raw = text.clone();
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

on_both!(the_reopen_window, 0, |house| {
    // §1.4: less than 5 min after the incident was resolved the same incident comes back.
    world::build(&house.store).await;
    let store = &house.store;
    let first = open(store, "disk", NOON).await;
    let over = |at: Timestamp| {
        apply(
            store,
            vec![request(vec![signal(Action::Resolve, "disk")])],
            at,
        )
    };
    over(NOON + minutes(1)).await;
    let again = open(store, "disk", NOON + minutes(6) - Span(1)).await;
    assert_eq!(again.id, first.id);
    assert_eq!(again.paging, PagingState::Triggered);
    let paged = world::pages(store, &first, NOON).await;
    assert_eq!(
        paged,
        [(0, world::ANA), (359, world::ANA)],
        "it pages from step 1"
    );

    over(NOON + minutes(10)).await;
    let new = open(store, "disk", NOON + minutes(15)).await;
    assert_ne!(new.id, first.id);
    assert_eq!(new.number, first.number + 1);
});

on_both!(a_group_resolves_as_a_whole, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let member = |key: &str| {
        let mut one = trigger(key);
        one.group_key = Some("g".into());
        one
    };
    apply(store, vec![request(vec![member("a"), member("b")])], NOON).await;
    // The message names one of them and resolves all; one more comes in the same batch.
    let over = Submission {
        resolve_group: Some("g".into()),
        ..request(vec![signal(Action::Resolve, "a")])
    };
    let batch = vec![
        request(vec![member("c")]),
        over,
        request(vec![trigger("elsewhere")]),
    ];
    apply(store, batch, NOON + seconds(1)).await;
    let (alerts, incidents) = outcome(store, "");
    let open: Vec<&str> = alerts
        .iter()
        .filter(|alert| alert.1 == AlertStatus::Open)
        .map(|alert| alert.0.as_str())
        .collect();
    assert_eq!(open, ["elsewhere"]);
    assert_eq!(incidents[0].0, PagingState::Resolved);
});

on_both!(
    one_member_resolves_and_another_fires_in_one_message,
    0,
    |house| {
        world::build(&house.store).await;
        let store = &house.store;
        let member = |action, key: &str| {
            let mut one = signal(action, key);
            one.group_key = Some("g".into());
            one
        };
        apply(
            store,
            vec![request(vec![member(Action::Trigger, "a")])],
            NOON,
        )
        .await;
        // The last alert resolves its incident; the next one opens another of the same group.
        let both = request(vec![
            member(Action::Resolve, "a"),
            member(Action::Trigger, "b"),
        ]);
        let results = apply(store, vec![both], NOON + seconds(1)).await;
        assert_eq!(
            results[0].as_ref().unwrap().applied[1].decision,
            SignalDecision::Opened
        );
        assert_eq!(outcome(store, "").1.len(), 2);
        // And back: the first incident comes back while the second resolves.
        let back = request(vec![
            member(Action::Resolve, "b"),
            member(Action::Trigger, "a"),
        ]);
        let results = apply(store, vec![back], NOON + seconds(2)).await;
        assert_eq!(
            results[0].as_ref().unwrap().applied[1].decision,
            SignalDecision::Reopened
        );
        assert_consistent(store);
    }
);

on_both!(an_alert_that_changes_its_group, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let member = |action, key: &str, group: &str| {
        let mut one = signal(action, key);
        one.group_key = Some(group.into());
        one
    };
    let one = |one: Signal, at| apply(store, vec![request(vec![one])], at);
    one(member(Action::Trigger, "a", "g"), NOON).await;
    one(member(Action::Resolve, "a", "g"), NOON + seconds(1)).await;
    one(member(Action::Trigger, "b", "g"), NOON + seconds(2)).await;
    // The incident of a comes back, but its group belongs to that of b by now.
    let results = one(member(Action::Trigger, "a", "h"), NOON + seconds(3)).await;
    assert_eq!(
        results[0].as_ref().unwrap().applied[0].decision,
        SignalDecision::Reopened
    );
    let results = one(member(Action::Trigger, "c", "g"), NOON + seconds(4)).await;
    let joined = results[0].as_ref().unwrap().applied[0];
    assert_eq!(joined.decision, SignalDecision::Joined);
    assert_consistent(store);
});

on_both!(what_is_written_about_signals, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let mut first = request(vec![trigger("a")]);
    first.warnings = vec!["first".into()];
    let mut repeated = request(vec![trigger("a")]);
    repeated.warnings = vec!["second".into()];
    let mut bad = request(vec![signal(Action::Resolve, "nothing open")]);
    bad.rejected = vec!["item 2 is not an object".into()];
    apply(store, vec![first, repeated, bad], NOON).await;
    let mut rows = store
        .read_blocking(|c| store::alert::recent_signals(c, None, 10))
        .unwrap();
    rows.sort_by_key(|row| row.id);
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.decision, row.warnings.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            (SignalDecision::Opened, Some("first")),
            (SignalDecision::Ignored, None),
            (SignalDecision::Rejected, None),
        ]
    );
    let traffic = store.read_blocking(store::service::traffic).unwrap();
    let traffic = &traffic[0].1;
    assert_eq!(
        (traffic.signals, traffic.ignored, traffic.rejected),
        (3, 1, 1)
    );
    assert_eq!(
        traffic.last_warning.as_deref(),
        Some("item 2 is not an object")
    );
});

on_both!(a_request_with_very_many_alerts, 0, |house| {
    world::build(&house.store).await;
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
