//! Transactions: committed in groups, each on its own, told of only once they are durable.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, mpsc};

use domain::IncidentId;
use store::{Change, Error, Store, setting};
use testkit::eventually_blocking;
use tokio::sync::broadcast::error::TryRecvError;

use crate::backend::{Backend, PATIENCE};
use crate::on_both;

fn value(store: &Store, key: &'static str) -> Option<String> {
    store.read_blocking(move |c| setting::get(c, key)).unwrap()
}

/// Holds SQLite's writer until dropped, so that what is handed in meanwhile is one group.
fn hold_writer(store: &Store) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (started, start) = mpsc::channel();
    let store = store.clone();
    std::thread::spawn(move || {
        store.write_blocking(move |_| {
            started.send(()).unwrap();
            let _ = released.recv();
            Ok::<(), Error>(())
        })
    });
    start.recv().unwrap();
    release
}

#[test]
fn a_failing_write_does_not_undo_its_neighbours() {
    let kept = Backend::sqlite_kept();
    let store = &kept.store;
    let hold = hold_writer(store);
    let writes: Vec<_> = (0..20)
        .map(|n| {
            let store = store.clone();
            std::thread::spawn(move || {
                store.write_blocking(move |tx| {
                    setting::put(tx, &format!("key {n}"), "written")?;
                    match n % 3 {
                        0 => Ok(n),
                        1 => Err(Error::Conflict {
                            what: "of this test".into(),
                        }),
                        _ => panic!("of this test"),
                    }
                })
            })
        })
        .collect();
    drop(hold);
    for (n, write) in writes.into_iter().enumerate() {
        let result = write.join().unwrap();
        match n % 3 {
            0 => assert_eq!(result, Ok(n)),
            1 => assert_eq!(
                result,
                Err(Error::Conflict {
                    what: "of this test".into()
                })
            ),
            _ => assert_eq!(
                result,
                Err(Error::Refused("it panicked: of this test".into()))
            ),
        }
        let stored = store
            .read_blocking(|c| setting::get(c, &format!("key {n}")))
            .unwrap();
        assert_eq!(stored.is_some(), n % 3 == 0, "write {n}");
    }
}

on_both!(a_panic_fails_its_own_write_only, |backend| {
    let store = backend.store();
    for _ in 0..10 {
        let panicked = store.write_blocking(|tx| -> Result<(), Error> {
            setting::put(tx, "panicked", "written")?;
            panic!("of this test")
        });
        assert_eq!(
            panicked,
            Err(Error::Refused("it panicked: of this test".into()))
        );
        let read = store.read_blocking(|c| setting::get(c, "panicked"));
        assert_eq!(read, Ok(None));
    }
    store
        .write_blocking(|tx| setting::put(tx, "after", "written"))
        .unwrap();
    assert_eq!(value(&store, "after").as_deref(), Some("written"));
});

#[tokio::test]
async fn a_read_that_panics_gives_its_connection_back() {
    let backend = Backend::postgres();
    let store = backend.store();
    for _ in 0..20 {
        let read = store
            .read(|_| -> Result<(), Error> { panic!("of this test") })
            .await;
        assert_eq!(
            read,
            Err(Error::Refused("it panicked: of this test".into()))
        );
    }
    assert_eq!(store.read(|c| setting::get(c, "x")).await, Ok(None));
}

on_both!(ids_never_repeat, |backend| {
    let seen = std::sync::Mutex::new(BTreeSet::new());
    let draw = |store: &Store, fail: bool| {
        let (sent, ids) = mpsc::channel();
        let result = store.write_blocking(move |tx| {
            for _ in 0..50 {
                sent.send(tx.id(|id| id)?).unwrap();
            }
            if fail { Err(Error::NotFound) } else { Ok(()) }
        });
        assert_eq!(result.is_err(), fail);
        for id in ids {
            assert!(seen.lock().unwrap().insert(id), "{id} was handed out twice");
        }
    };
    // Rolled back, and after a restart.
    for _ in 0..3 {
        let store = backend.store();
        for round in 0..10 {
            draw(&store, round % 2 == 0);
        }
    }
    // Two nodes at once (on SQLite: two processes).
    let nodes = [backend.store(), backend.store()];
    std::thread::scope(|scope| {
        for node in &nodes {
            for _ in 0..3 {
                scope.spawn(|| (0..20).for_each(|round| draw(node, round % 4 == 0)));
            }
        }
    });
});

on_both!(a_transaction_may_need_more_ids_than_any_before, |backend| {
    let store = backend.store();
    let tries = Arc::new(AtomicU32::new(0));
    let counted = tries.clone();
    let drawn = store.write_blocking(move |tx| {
        counted.fetch_add(1, Ordering::Relaxed);
        let mut ids = BTreeSet::new();
        for _ in 0..250_000 {
            ids.insert(tx.id(|id| id)?);
        }
        Ok::<_, Error>(ids.len())
    });
    assert_eq!(drawn, Ok(250_000));
    assert!(
        tries.load(Ordering::Relaxed) > 1,
        "the first block does not hold so many"
    );
});

on_both!(numbers_have_no_gaps, |backend| {
    let nodes = [backend.store(), backend.store()];
    let drawn = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for node in &nodes {
            scope.spawn(|| {
                for round in 0..20 {
                    let number = node.write_blocking(move |tx| {
                        let number = tx.numbers("incident", 1)?;
                        if round % 3 == 0 {
                            Err(Error::NotFound)
                        } else {
                            Ok(number)
                        }
                    });
                    drawn.lock().unwrap().extend(number);
                }
            });
        }
    });
    let mut drawn = drawn.into_inner().unwrap();
    drawn.sort_unstable();
    let count = i64::try_from(drawn.len()).unwrap();
    assert_eq!(drawn, (1..=count).collect::<Vec<_>>());
});

on_both!(changes_are_told_after_the_commit_only, |backend| {
    let store = backend.store();
    let mut changes = store.changes();
    // What the listening connection says at its start.
    if store.is_postgres() {
        eventually_blocking(PATIENCE, "the first changes", || changes.try_recv().is_ok());
    }
    while changes.try_recv().is_ok() {}
    let known = store.clone();
    let failed = store.write_blocking(move |tx| {
        tx.changed(Change::Incident(IncidentId(7)));
        setting::put(tx, "x", "1")?;
        Err::<(), _>(Error::NotFound)
    });
    assert_eq!(failed, Err(Error::NotFound));
    store
        .write_blocking(move |tx| {
            setting::put(tx, "x", "2")?;
            tx.changed(Change::Incident(IncidentId(8)));
            tx.changed(Change::Incident(IncidentId(8)));
            // Nobody sees it before it is there.
            assert_eq!(known.changes().try_recv(), Err(TryRecvError::Empty));
            Ok::<(), Error>(())
        })
        .unwrap();
    let mut told = Vec::new();
    while let Ok(change) = changes.try_recv() {
        told.push(change);
    }
    told.retain(|change| matches!(change, Change::Incident(_)));
    assert_eq!(told, [Change::Incident(IncidentId(8))]);
    assert_eq!(value(&store, "x").as_deref(), Some("2"));
});

on_both!(
    whoever_learns_what_became_of_a_write_does_what_follows,
    |backend| {
        let store = backend.store();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.unwrap();
        let reader = store.clone();
        let put = |tx: &mut store::Tx<'_>| setting::put(tx, "x", "1");
        let told = store.write_then(put, move |result| (result, value(&reader, "x")));
        let told = runtime.block_on(told);
        assert_eq!(told, Ok((Ok(()), Some("1".to_owned()))));

        let refuse = |_: &mut store::Tx<'_>| Err::<(), _>(Error::NotFound);
        let told = runtime.block_on(store.write_then(refuse, |result| result));
        assert_eq!(told, Ok(Err(Error::NotFound)));

        // Also when nobody waits for it any more.
        let (tell, heard) = mpsc::channel();
        runtime.block_on(async {
            let put = |tx: &mut store::Tx<'_>| setting::put(tx, "x", "2");
            let mut given_up = Box::pin(store.write_then(put, move |result| tell.send(result)));
            let begun = std::future::poll_fn(|cx| {
                let polled = Future::poll(given_up.as_mut(), cx);
                std::task::Poll::Ready(polled.is_pending())
            });
            begun.await;
        });
        assert_eq!(heard.recv(), Ok(Ok(())));
        assert_eq!(value(&store, "x").as_deref(), Some("2"));
    }
);

#[test]
fn of_very_many_incidents_only_their_number_is_told() {
    let kept = Backend::sqlite_kept();
    let store = &kept.store;
    let mut changes = store.changes();
    store
        .write_blocking(|tx| {
            tx.changed(Change::Outbox);
            (0..1_000).for_each(|id| tx.changed(Change::Incident(IncidentId(id))));
            Ok::<(), Error>(())
        })
        .unwrap();
    let told: Vec<Change> = std::iter::from_fn(|| changes.try_recv().ok()).collect();
    assert_eq!(told, [Change::Outbox, Change::Incidents]);
}

on_both!(writers_at_once_lose_nothing, |backend| {
    let nodes = if matches!(backend.url, store::DatabaseUrl::Postgres(_)) {
        vec![backend.store(), backend.store()]
    } else {
        vec![backend.store()]
    };
    nodes[0]
        .write_blocking(|tx| setting::put(tx, "sum", "0"))
        .unwrap();
    let start = Barrier::new(8);
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (store, start) = (&nodes[worker % nodes.len()], &start);
            scope.spawn(move || {
                start.wait();
                for _ in 0..25 {
                    store
                        .write_blocking(|tx| {
                            // The lock of a series serialises those who read and write.
                            tx.numbers("action_item", 1)?;
                            let sum = setting::get(tx, "sum")?.unwrap().parse::<u32>().unwrap();
                            setting::put(tx, "sum", &(sum + 1).to_string())
                        })
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(value(&nodes[0], "sum").as_deref(), Some("200"));
});
