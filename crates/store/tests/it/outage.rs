//! The database goes away, or cannot write: said quickly, and over when it is over.

use std::time::{Duration, Instant};

use store::{DatabaseUrl, Error, Store, setting};
use testkit::{PgCluster, eventually_blocking};

use crate::backend::{Backend, PATIENCE};

/// PostgreSQL is away: whoever asks hears it within this time.
const QUICK: Duration = Duration::from_secs(6);

fn put(store: &Store, value: &'static str) -> Result<(), Error> {
    store.write_blocking(move |tx| setting::put(tx, "x", value))
}

fn is_unavailable<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Unavailable(_)))
}

#[test]
fn postgresql_that_stops_and_comes_back() {
    let cluster = PgCluster::start();
    let database = cluster.create_database();
    let store = Store::open(&DatabaseUrl::Postgres(database.url.clone())).unwrap();
    for crash in [false, true] {
        put(&store, "before").unwrap();
        if crash {
            cluster.crash();
        } else {
            cluster.stop();
        }
        for _ in 0..3 {
            let begun = Instant::now();
            let written = put(&store, "lost");
            assert!(is_unavailable(&written), "{written:?}");
            let read = store.read_blocking(|c| setting::get(c, "x"));
            assert!(is_unavailable(&read), "{read:?}");
            assert!(begun.elapsed() < QUICK, "{:?}", begun.elapsed());
        }
        // Many at once are not queued behind each other.
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| assert!(is_unavailable(&put(&store, "lost"))));
            }
        });
        assert!(begun.elapsed() < QUICK, "{:?}", begun.elapsed());

        cluster.resume();
        eventually_blocking(PATIENCE, "writes to work again", || put(&store, "after"));
        assert_eq!(
            store.read_blocking(|c| setting::get(c, "x")),
            Ok(Some("after".into()))
        );
    }
}

#[test]
fn a_restart_is_hardly_noticed() {
    let cluster = PgCluster::start();
    let database = cluster.create_database();
    let url = DatabaseUrl::Postgres(database.url.clone());
    let (store, other) = (Store::open(&url).unwrap(), Store::open(&url).unwrap());
    // Connections that lie idle when it happens.
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| put(&store, "before").unwrap());
        }
    });
    cluster.restart();
    let mut failures = 0;
    eventually_blocking(PATIENCE, "writes to work again", || {
        let written = put(&store, "after");
        failures += u32::from(written.is_err());
        written
    });
    assert!(
        failures <= 1,
        "{failures} writes failed before one found out"
    );
    // Nodes hear of each other again.
    let generation = other.directory().generation;
    store.write_blocking(|tx| tx.configured()).unwrap();
    eventually_blocking(PATIENCE, "the other node to hear of it", || {
        other.directory().generation > generation
    });
}

#[test]
fn a_database_that_cannot_be_reached_is_no_start() {
    let port = testkit::free_port();
    let url = DatabaseUrl::Postgres(format!("postgres://qd@127.0.0.1:{port}/qd"));
    let begun = Instant::now();
    let opened = Store::open(&url);
    assert!(matches!(opened.err(), Some(Error::Unavailable(_))));
    assert!(begun.elapsed() < QUICK);
}

#[test]
fn a_full_disk() {
    let store = Backend::sqlite_kept();
    let store = &store.store;
    put(store, "before").unwrap();
    let big = "x".repeat(200_000);
    store
        .write_blocking(|tx| tx.execute("PRAGMA max_page_count = 400"))
        .unwrap();
    let fill = |n: u32| {
        let big = big.clone();
        store.write_blocking(move |tx| setting::put(tx, &format!("big {n}"), &big))
    };
    let mut kept = 0;
    let full = loop {
        match fill(kept) {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 100, "the disk is never full");
    };
    assert!(
        matches!(&full, Error::Unavailable(why) if why.contains("full")),
        "{full:?}"
    );
    // What was written stands, and can be read.
    assert_eq!(
        store.read_blocking(|c| setting::get(c, "x")),
        Ok(Some("before".into()))
    );
    for n in 0..kept {
        let stored = store.read_blocking(|c| setting::get(c, &format!("big {n}")));
        assert_eq!(stored.unwrap().as_deref(), Some(big.as_str()));
    }
    assert_eq!(
        store.read_blocking(|c| setting::get(c, &format!("big {kept}"))),
        Ok(None)
    );

    // Many at once: each is told the truth about its own.
    let results: Vec<Result<(), Error>> = std::thread::scope(|scope| {
        let writes: Vec<_> = (0..40)
            .map(|n| {
                let size = if n % 2 == 0 { 200_000 } else { 10 };
                let text = "y".repeat(size);
                scope.spawn(move || {
                    store.write_blocking(move |tx| setting::put(tx, &format!("at once {n}"), &text))
                })
            })
            .collect();
        writes
            .into_iter()
            .map(|write| write.join().unwrap())
            .collect()
    });
    for (n, result) in results.iter().enumerate() {
        let stored = store
            .read_blocking(|c| setting::get(c, &format!("at once {n}")))
            .unwrap();
        assert_eq!(stored.is_some(), result.is_ok(), "write {n}: {result:?}");
    }
    assert!(results.iter().any(is_unavailable));

    // Somebody makes room.
    eventually_blocking(PATIENCE, "there to be room", || {
        store.write_blocking(|tx| tx.execute("PRAGMA max_page_count = 1000000"))
    });
    fill(1_000).unwrap();
    put(store, "after").unwrap();
}

#[test]
fn another_process_that_holds_sqlite_makes_writes_wait_and_then_fail() {
    let backend = Backend::sqlite();
    let store = backend.store();
    let mut other = backend.conn();
    other.execute("BEGIN IMMEDIATE").unwrap();
    // Reads go on.
    assert_eq!(store.read_blocking(|c| setting::get(c, "x")), Ok(None));
    let begun = Instant::now();
    let written = put(&store, "x");
    assert!(matches!(written, Err(Error::Busy(_))), "{written:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    other.execute("ROLLBACK").unwrap();
    put(&store, "y").unwrap();
}
