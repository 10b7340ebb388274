//! Heartbeats: what is written is what is read, lists, and what is due.

use domain::heartbeat::{Heartbeat, HeartbeatSettings, HeartbeatState, Ping, PingKind};
use domain::{HeartbeatId, Span};
use store::heartbeat::{self, After, Filter};
use store::{Error, Store};

use crate::on_both;
use crate::sample::{self, INTEGRATION, NOW};

fn beat(id: i64, name: &str) -> Heartbeat {
    let settings = HeartbeatSettings {
        description: "Copies everything".into(),
        longest_run: Some(Span::from_hours(1)),
        message: Some("No copy".into()),
        tags: vec!["db".into(), "it's \"tagged\"".into()],
        ..HeartbeatSettings::new(name, Span::from_days(30))
    };
    Heartbeat::new(HeartbeatId(id), INTEGRATION, settings, NOW)
}

fn put(store: &Store, beat: Heartbeat) -> Result<(), Error> {
    store.write_blocking(move |tx| heartbeat::insert(tx, &beat))
}

fn names(store: &Store, filter: &Filter, after: Option<&Heartbeat>, limit: i64) -> Vec<String> {
    let (filter, after) = (filter.clone(), after.cloned());
    let found = store.read_blocking(move |c| {
        let after = after.map(|one| After {
            state: one.state,
            name: one.settings.name,
            id: one.id,
        });
        heartbeat::list(c, &filter, after.as_ref(), limit)
    });
    let found: Vec<Heartbeat> = found.unwrap();
    found.into_iter().map(|one| one.settings.name).collect()
}

on_both!(a_heartbeat_is_read_as_it_was_written, |backend| {
    let store = backend.store();
    sample::house(&store);
    let mut one = beat(1, "100% of_it!");
    put(&store, one.clone()).unwrap();
    one.ping(
        &Ping {
            exit_status: Some(2),
            output: "no space".into(),
            ..Ping::new(PingKind::Fail)
        },
        NOW,
    );
    one.ping(&Ping::new(PingKind::Start), NOW + Span::from_seconds(1));
    one.ping(&Ping::new(PingKind::Success), NOW + Span::from_seconds(9));
    one.grace_since = Some(NOW);
    one.grace_used = Span::from_seconds(3);
    one.key_version = 4;
    let edited = one.clone();
    store
        .write_blocking(move |tx| {
            assert!(heartbeat::take(tx, HeartbeatId(1))?.is_some());
            heartbeat::update(tx, &edited)
        })
        .unwrap();
    let (found, id) = store
        .read_blocking(|c| {
            Ok::<_, Error>((
                heartbeat::get(c, HeartbeatId(1))?,
                heartbeat::named(c, INTEGRATION, "100% of_it!")?,
            ))
        })
        .unwrap();
    assert_eq!(found, Some(one.clone()));
    assert_eq!(id, Some(HeartbeatId(1)));
    assert!(matches!(
        put(&store, beat(2, "100% of_it!")),
        Err(Error::Conflict { .. })
    ));
    store
        .write_blocking(|tx| heartbeat::remove(tx, HeartbeatId(1)))
        .unwrap();
    let gone = store.write_blocking(move |tx| heartbeat::update(tx, &one));
    assert_eq!(gone, Err(Error::NotFound));
});

on_both!(lists_begin_with_the_worst, |backend| {
    let store = backend.store();
    sample::house(&store);
    for (id, name, state) in [
        (1, "a", HeartbeatState::Waiting),
        (2, "b%", HeartbeatState::Healthy),
        (3, "c", HeartbeatState::Healthy),
        (4, "d", HeartbeatState::Expired),
        (5, "e", HeartbeatState::Failed),
        (6, "f", HeartbeatState::Paused),
    ] {
        let mut one = beat(id, name);
        one.state = state;
        put(&store, one).unwrap();
    }
    let all = Filter::default();
    assert_eq!(names(&store, &all, None, 4), ["d", "e", "b%", "c"]);
    let mut last = beat(2, "b%");
    last.state = HeartbeatState::Healthy;
    assert_eq!(names(&store, &all, Some(&last), 9), ["c", "f", "a"]);
    let text = |text: &str| Filter {
        text: Some(text.into()),
        ..Filter::default()
    };
    assert_eq!(names(&store, &text("%"), None, 9), ["b%"]);
    let down = Filter {
        state: Some(HeartbeatState::Expired),
        ..Filter::default()
    };
    assert_eq!(names(&store, &down, None, 9), ["d"]);
    let none = Filter {
        integrations: Some(vec![]),
        ..Filter::default()
    };
    assert_eq!(names(&store, &none, None, 9), [""; 0]);
    let counted = store.read_blocking(heartbeat::count).unwrap();
    assert_eq!(counted[2], (HeartbeatState::Healthy, 2));
    assert_eq!(
        store
            .read_blocking(|c| heartbeat::number_of(c, INTEGRATION))
            .unwrap(),
        6
    );
    // They go with their integration.
    store
        .write_blocking(|tx| {
            tx.execute("UPDATE integration SET removed_at = NULL")?;
            store::service::remove_integration(tx, INTEGRATION, NOW)
        })
        .unwrap();
    assert_eq!(names(&store, &all, None, 9), [""; 0]);
});

on_both!(what_is_due_is_found_in_time, |backend| {
    let store = backend.store();
    sample::house(&store);
    for (id, due) in [(1, None), (2, Some(20)), (3, Some(10))] {
        let mut one = beat(id, &format!("beat {id}"));
        one.due_at = due.map(|seconds| NOW + Span::from_seconds(seconds));
        put(&store, one).unwrap();
    }
    let next = store.read_blocking(heartbeat::next_due).unwrap();
    assert_eq!(next, Some(NOW + Span::from_seconds(10)));
    let due = |seconds| -> Vec<i64> {
        let at = NOW + Span::from_seconds(seconds);
        let found = store.write_blocking(move |tx| heartbeat::due(tx, at, 10));
        found.unwrap().iter().map(|one| one.id.0).collect()
    };
    assert_eq!(due(9), [0; 0]);
    assert_eq!(due(10), [3]);
    assert_eq!(due(20), [2, 3]);
    let armed = store.write_blocking(|tx| heartbeat::armed(tx)).unwrap();
    assert_eq!(armed.len(), 2);
});

on_both!(it_is_known_when_somebody_was_there, |backend| {
    let store = backend.store();
    let taken = store.write_blocking(heartbeat::take_alive_at).unwrap();
    assert_eq!(taken, None);
    for at in [NOW, NOW + Span::from_seconds(10)] {
        store
            .write_blocking(move |tx| heartbeat::put_alive_at(tx, at))
            .unwrap();
        assert_eq!(store.read_blocking(heartbeat::alive_at).unwrap(), Some(at));
    }
});
