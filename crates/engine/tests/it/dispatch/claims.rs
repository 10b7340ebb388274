//! Claims: one sender at a time, taken over when it dies, refused when it comes back too late.

use std::collections::BTreeSet;
use std::sync::Arc;

use channels::{Channel, Channels, Failure};
use domain::NotificationId;
use domain::word::{ContactKind, NotificationKind, NotificationState, Urgency};
use engine::clock::ManualClock;
use store::notification::Notification;
use store::{DatabaseUrl, Store};
use testkit::{PgCluster, eventually};

use crate::house::House;
use crate::on_both;
use crate::post::{Gate, Office, PATIENCE, Servers, dispatcher, outbox, states};
use crate::world::{self, ANA, NOON, open, seconds};

fn only(gate: &Arc<Gate>) -> Channels {
    Channels::new(vec![gate.clone() as Arc<dyn Channel>])
}

on_both!(what_a_killed_sender_left_behind_is_sent_again, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    // It hangs in the middle of sending, and then its process dies.
    let stuck = Gate::accepting(ContactKind::Email);
    let clock = ManualClock::at(NOON);
    open(store, "disk", NOON).await;
    let doomed = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let theirs = dispatcher(store, only(&stuck), &clock, "doomed");
    doomed
        .spawn(async move { theirs.send_due().await.unwrap() })
        .await
        .unwrap();
    eventually(PATIENCE, "it to be sending", || async {
        stuck.taken().len() == 1
    })
    .await;
    doomed.shutdown_background();

    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    office.clock.set(NOON + seconds(3));
    office.dispatcher.send_due().await.unwrap();
    assert_eq!(
        states(store, ANA, ContactKind::Email).await,
        [NotificationState::Sending]
    );
    // Within 5 s another one takes over.
    office.settle(NOON + seconds(5)).await;
    let mails = servers.smtp.mails();
    assert_eq!(mails.len(), 1);
    let id = format!("<qd-{}@q.example>", stuck.taken()[0]);
    assert_eq!(
        mails[0].header("Message-ID"),
        Some(id.as_str()),
        "with the same id"
    );
    let row = outbox(store).await.remove(0);
    assert_eq!(
        (row.state, row.attempts, row.fence),
        (NotificationState::Accepted, 2, 2)
    );
});

on_both!(
    a_sender_that_comes_back_too_late_changes_nothing,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let refused = Failure::Permanent {
            reason: "no such mailbox".into(),
            method_broken: true,
        };
        let slow = Gate::new(ContactKind::Email, Err(refused));
        let (early, late) = (ManualClock::at(NOON), ManualClock::at(NOON + seconds(5)));
        open(store, "disk", NOON).await;
        dispatcher(store, only(&slow), &early, "slow")
            .send_due()
            .await
            .unwrap();
        eventually(PATIENCE, "it to be sending", || async {
            slow.taken().len() == 1
        })
        .await;

        let quick = Gate::accepting(ContactKind::Email);
        quick.let_through(10);
        dispatcher(store, only(&quick), &late, "quick")
            .send_due()
            .await
            .unwrap();
        eventually(PATIENCE, "the other to have sent it", || async {
            states(store, ANA, ContactKind::Email).await == [NotificationState::Accepted]
        })
        .await;
        slow.let_through(1);
        // Its report is refused: wait until it has been made, by asking for something behind it.
        eventually(PATIENCE, "the late report", || async {
            tokio::task::yield_now().await;
            Arc::strong_count(&slow) == 1
        })
        .await;
        assert_eq!(
            states(store, ANA, ContactKind::Email).await,
            [NotificationState::Accepted]
        );
        let directory = store.directory();
        assert!(
            directory
                .user(ANA)
                .unwrap()
                .methods
                .iter()
                .all(|method| method.usable())
        );
    }
);

/// Many notices that travel alone.
async fn fill(store: &Store, count: i64) {
    store
        .write(move |tx| {
            let mut rows = vec![];
            for n in 0..count {
                let id = tx.id(NotificationId)?;
                let mut row = Notification::planned(
                    id,
                    NotificationKind::Reply,
                    ContactKind::Email,
                    format!("{n}@example.com"),
                    Urgency::High,
                    NOON,
                );
                row.body = "hello".into();
                rows.push(row);
            }
            store::notification::insert(tx, &rows)
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_send_each_message_once() {
    let house = House::on_postgres();
    world::build(&house.store).await;
    let other = Store::open(house.store.url()).unwrap();
    fill(&house.store, 400).await;
    let gates = [
        Gate::accepting(ContactKind::Email),
        Gate::accepting(ContactKind::Email),
    ];
    let clock = ManualClock::at(NOON);
    let mut nodes = vec![];
    for (store, gate) in [&house.store, &other].into_iter().zip(&gates) {
        gate.let_through(10_000);
        let node = dispatcher(store, only(gate), &clock, &format!("node {}", nodes.len()));
        nodes.push(tokio::spawn(async move {
            eventually(PATIENCE, "nothing to be due", || async {
                let pause = node.send_due().await.map_err(|error| error.to_string())?;
                if pause.as_secs() > 1 {
                    Ok(())
                } else {
                    Err(format!("{pause:?}"))
                }
            })
            .await;
        }));
    }
    for node in nodes {
        node.await.unwrap();
    }
    eventually(PATIENCE, "everything to be accepted", || async {
        outbox(&house.store)
            .await
            .iter()
            .all(|row| row.state == NotificationState::Accepted)
    })
    .await;
    let sent: Vec<NotificationId> = gates.iter().flat_map(|gate| gate.taken()).collect();
    assert_eq!(sent.len(), 400);
    assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_bundle_as_one() {
    let house = House::on_postgres();
    world::build(&house.store).await;
    let other = Store::open(house.store.url()).unwrap();
    let gate = Gate::accepting(ContactKind::Email);
    gate.let_through(1_000);
    let clock = ManualClock::at(NOON);
    let nodes = [
        dispatcher(&house.store, only(&gate), &clock, "one"),
        dispatcher(&other, only(&gate), &clock, "other"),
    ];
    for round in 0..6 {
        let signals = (0..40)
            .map(|n| world::trigger(&format!("{round}/{n}")))
            .collect();
        world::apply(&house.store, vec![world::request(signals)], NOON).await;
        let (one, other) = (nodes[0].clone(), nodes[1].clone());
        let (a, b) = tokio::join!(
            tokio::spawn(async move { one.send_due().await }),
            tokio::spawn(async move { other.send_due().await }),
        );
        a.unwrap().unwrap();
        b.unwrap().unwrap();
    }
    assert_eq!(
        gate.taken().len(),
        1,
        "one person, one message, whoever sends it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_has_left_is_not_sent_again_for_want_of_a_database() {
    let cluster = PgCluster::start();
    let database = cluster.create_database();
    let store = Store::open(&DatabaseUrl::Postgres(database.url.clone())).unwrap();
    world::build(&store).await;
    let gate = Gate::accepting(ContactKind::Email);
    let office = Office::new(&store, only(&gate));
    open(&store, "disk", NOON).await;
    office.dispatcher.send_due().await.unwrap();
    eventually(PATIENCE, "it to be sending", || async {
        gate.taken().len() == 1
    })
    .await;
    cluster.crash();
    gate.let_through(10);
    assert!(
        office.dispatcher.send_due().await.is_err(),
        "and it says so"
    );
    // The lease has run out long ago when the database is back.
    office.clock.set(NOON + seconds(20));
    cluster.resume();
    eventually(PATIENCE, "the end to be written", || async {
        let sent = office.dispatcher.send_due().await.is_ok();
        let row = store
            .read(|c| {
                store::notification::list(c, &store::notification::Filter::default(), None, 9)
            })
            .await
            .map_err(|error| error.to_string())?
            .pop()
            .ok_or_else(|| "nothing".to_owned())?;
        if sent && row.state == NotificationState::Accepted {
            Ok(())
        } else {
            Err(format!("{row:?}"))
        }
    })
    .await;
    assert_eq!(gate.taken().len(), 1);
}

/// Time stands still in this test and is moved on whenever everybody waits.
#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_holds_nothing_for_ever() {
    let house = House::on_sqlite();
    world::build(&house.store).await;
    let never = Gate::accepting(ContactKind::Email);
    let office = Office::new(&house.store, only(&never));
    open(&house.store, "disk", NOON).await;
    office.dispatcher.send_due().await.unwrap();
    let begun = tokio::time::Instant::now();
    eventually(PATIENCE, "the attempt to be given up", || async {
        let row = outbox(&house.store).await.remove(0);
        if row.state == NotificationState::Planned {
            Ok(())
        } else {
            Err(format!("{row:?}"))
        }
    })
    .await;
    assert!(begun.elapsed().as_secs() >= 30, "{:?}", begun.elapsed());
    let row = outbox(&house.store).await.remove(0);
    assert!(row.last_error.unwrap().contains("longer than 30 s"));
    assert_eq!(row.attempts, 1);
}
