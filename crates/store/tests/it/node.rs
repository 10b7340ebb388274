//! Several processes on one database: what one changes, the others see.

use domain::UserId;
use store::{Change, Error, Store, setting};
use testkit::eventually_blocking;

use crate::backend::{Backend, PATIENCE};
use crate::on_both;

fn add_person(store: &Store, id: i64) {
    store
        .write_blocking(move |tx| {
            tx.execute(&format!(
                "INSERT INTO users (id, email, name, role, zone, created_at) \
                 VALUES ({id}, '{id}@example.com', 'Ana', 'responder', 'UTC', 0)"
            ))?;
            tx.configured()
        })
        .unwrap();
}

on_both!(a_change_of_the_configuration_is_seen_at_once, |backend| {
    let store = backend.store();
    let before = store.directory();
    assert!(before.users.is_empty());
    let failed = store.write_blocking(|tx| {
        tx.execute(
            "INSERT INTO users (id, email, name, role, zone, created_at) \
             VALUES (9, 'x@example.com', 'X', 'responder', 'UTC', 0)",
        )?;
        tx.configured()?;
        // The transaction sees its own changes.
        assert!(tx.directory()?.user(UserId(9)).is_some());
        Err::<(), _>(Error::NotFound)
    });
    assert_eq!(failed, Err(Error::NotFound));
    assert_eq!(store.directory().generation, before.generation);
    assert!(
        store
            .write_blocking(|tx| tx.directory())
            .unwrap()
            .users
            .is_empty()
    );

    add_person(&store, 1);
    let after = store.directory();
    assert!(after.generation > before.generation);
    assert!(after.user(UserId(1)).is_some());
});

#[test]
fn another_node_hears_of_it() {
    let backend = Backend::postgres();
    let (one, other) = (backend.store(), backend.store());
    let mut changes = other.changes();
    add_person(&one, 1);
    eventually_blocking(PATIENCE, "the other node to see the new person", || {
        other.directory().user(UserId(1)).is_some()
    });
    eventually_blocking(PATIENCE, "the other node to tell of it", || {
        matches!(changes.try_recv(), Ok(Change::Directory))
    });
    one.write_blocking(|tx| {
        tx.changed(Change::Incident(domain::IncidentId(42)));
        Ok::<(), Error>(())
    })
    .unwrap();
    eventually_blocking(
        PATIENCE,
        "the other node to tell of the incident",
        || matches!(changes.try_recv(), Ok(Change::Incident(id)) if id.0 == 42),
    );
}

on_both!(
    a_node_that_heard_nothing_sees_it_with_its_next_write,
    |backend| {
        let (one, other) = (backend.store(), backend.store());
        add_person(&one, 1);
        let seen = other.write_blocking(|tx| tx.directory()).unwrap();
        assert!(
            seen.user(UserId(1)).is_some(),
            "a transaction never works by what is past"
        );
        // And then keeps it, instead of reading it again each time.
        eventually_blocking(PATIENCE, "the node to keep what it saw", || {
            other.directory().user(UserId(1)).is_some()
        });
    }
);

#[test]
fn another_process_on_sqlite_is_told_of() {
    let backend = Backend::sqlite();
    let (server, tool) = (backend.store(), backend.store());
    let mut changes = server.changes();
    add_person(&tool, 1);
    server
        .write_blocking(|tx| {
            tx.directory()?;
            setting::put(tx, "x", "y")
        })
        .unwrap();
    assert_eq!(changes.try_recv(), Ok(Change::Directory));
}
