//! Heartbeats expire once, whoever looks, and a ping ends what its absence began.

use domain::alert::Alert;
use domain::heartbeat::{Heartbeat, HeartbeatSettings, HeartbeatState, Ping, PingKind, dedup_key};
use domain::word::{AlertStatus, PagingState};
use domain::{HeartbeatId, IntegrationId, Span, Timestamp};
use engine::Error;
use engine::configuration::heartbeat::{
    create_heartbeat, edit_heartbeat, pause_heartbeat, remove_heartbeat, resume_heartbeat,
    rotate_heartbeat_key,
};
use engine::configuration::integration::remove_integration;
use engine::heartbeat::{self, Carrier, Which, key};
use store::Store;

use crate::ingest::engine_at;
use crate::on_both;
use crate::world::{self, ANA, MONITOR, NOON, admin, minutes, seconds};

fn named(name: &str) -> Which {
    Which::Named {
        integration: MONITOR,
        name: name.into(),
    }
}

async fn create(store: &Store, name: &str) -> Heartbeat {
    let settings = HeartbeatSettings {
        grace: Span::ZERO,
        ..HeartbeatSettings::new(name, minutes(1))
    };
    create_heartbeat(store, &admin(NOON), MONITOR, settings)
        .await
        .unwrap()
}

async fn ping(store: &Store, name: &str, kind: PingKind, now: Timestamp) -> Heartbeat {
    heartbeat::ping(store, named(name), Ping::new(kind), Carrier::default(), now)
        .await
        .unwrap()
}

async fn fire(store: &Store, now: Timestamp) {
    engine::timer::fire_due(store, now).await.unwrap();
}

/// Somebody is there all the time.
async fn watch(store: &Store, from: Timestamp, until: Timestamp) {
    let mut now = from;
    while now < until {
        fire(store, now).await;
        now = now + seconds(5);
    }
    fire(store, until).await;
}

async fn state(store: &Store, id: HeartbeatId) -> HeartbeatState {
    heartbeat::get(store, id).await.unwrap().state
}

async fn alerts(store: &Store, beat: &Heartbeat) -> Vec<Alert> {
    let filter = store::alert::Filter {
        dedup_key: Some(dedup_key(beat.id)),
        ..store::alert::Filter::default()
    };
    store
        .read(move |c| store::alert::list(c, &filter, None, 100))
        .await
        .unwrap()
}

on_both!(a_missed_ping_pages_and_the_next_resolves_7_1, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let beat = create(store, "backup").await;
    fire(store, NOON + minutes(60)).await;
    assert!(
        alerts(store, &beat).await.is_empty(),
        "armed by the first ping"
    );
    let begin = NOON + minutes(60);
    ping(store, "backup", PingKind::Success, begin).await;
    watch(store, begin, begin + seconds(59)).await;
    assert!(alerts(store, &beat).await.is_empty());
    fire(store, begin + seconds(60)).await;
    fire(store, begin + seconds(61)).await;
    let open = alerts(store, &beat).await;
    assert_eq!((open.len(), open[0].count), (1, 1));
    assert_eq!(open[0].text.summary, "backup has missed its heartbeat");
    let id = open[0].incident_id.unwrap();
    let incident = store
        .read(move |c| store::incident::fetch(c, id))
        .await
        .unwrap();
    let paged = world::pages(store, &incident, begin).await;
    assert_eq!(paged, [(60, ANA)], "it pages like any other alert");
    ping(store, "backup", PingKind::Success, begin + seconds(90)).await;
    assert_eq!(alerts(store, &beat).await[0].status, AlertStatus::Resolved);
    let incident = world::fresh(store, &incident).await;
    assert_eq!(incident.paging, PagingState::Resolved);
});

on_both!(
    a_failure_is_told_with_the_request_that_told_it,
    0,
    |house| {
        world::build(&house.store).await;
        let store = &house.store;
        let beat = create(store, "backup").await;
        let failed = Ping {
            exit_status: Some(3),
            output: "no\u{0} space".into(),
            ..Ping::new(PingKind::Fail)
        };
        let carrier = Carrier {
            head: "POST /heartbeat/•••/3".into(),
            raw: "no\u{0} space".into(),
        };
        heartbeat::ping(store, named("backup"), failed, carrier, NOON)
            .await
            .unwrap();
        assert_eq!(alerts(store, &beat).await.len(), 1);
        let requests = store
            .read(|c| store::request::list(c, &store::request::Filter::default(), 10))
            .await
            .unwrap();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].path, "/heartbeat/•••/3");
        // A ping that comes in time leaves nothing but itself.
        ping(store, "backup", PingKind::Success, NOON + seconds(1)).await;
        ping(store, "backup", PingKind::Success, NOON + seconds(2)).await;
        let requests = store
            .read(|c| store::request::list(c, &store::request::Filter::default(), 10))
            .await
            .unwrap();
        assert_eq!(requests.len(), 2);
    }
);

on_both!(two_nodes_find_it_out_once_4_11, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let mut beats = vec![];
    for n in 0..20 {
        let name = format!("job {n}");
        beats.push(create(store, &name).await);
        ping(store, &name, PingKind::Success, NOON).await;
    }
    let other = Store::open(store.url()).unwrap();
    let now = NOON + seconds(61);
    // Somebody was there all the time.
    store
        .write(move |tx| store::heartbeat::put_alive_at(tx, now).map_err(Error::from))
        .await
        .unwrap();
    let both = [store.clone(), other.clone(), store.clone(), other]
        .map(|store| tokio::spawn(async move { heartbeat::fire_due(&store, now).await }));
    for one in both {
        one.await.unwrap().unwrap();
    }
    for beat in &beats {
        let found = alerts(store, beat).await;
        assert_eq!(
            (found.len(), found[0].count),
            (1, 1),
            "{}",
            beat.settings.name
        );
    }
});

on_both!(a_ping_and_its_expiry_do_not_cross, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let beat = create(store, "backup").await;
    let mut now = NOON;
    ping(store, "backup", PingKind::Success, now).await;
    for _ in 0..20 {
        now = now + minutes(1);
        store
            .write(move |tx| store::heartbeat::put_alive_at(tx, now).map_err(Error::from))
            .await
            .unwrap();
        let (one, other) = (store.clone(), store.clone());
        let fired = tokio::spawn(async move { heartbeat::fire_due(&one, now).await });
        let pinged =
            tokio::spawn(async move { ping(&other, "backup", PingKind::Success, now).await });
        fired.await.unwrap().unwrap();
        pinged.await.unwrap();
        assert_eq!(state(store, beat.id).await, HeartbeatState::Healthy);
        let open = alerts(store, &beat).await;
        assert!(
            open.iter()
                .all(|alert| alert.status == AlertStatus::Resolved)
        );
    }
});

on_both!(an_outage_of_ours_gives_an_interval_7_1, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let beat = create(store, "backup").await;
    ping(store, "backup", PingKind::Success, NOON).await;
    watch(store, NOON, NOON + seconds(30)).await;
    // Nobody is there for ten minutes.
    let back = NOON + minutes(10);
    let engine = engine_at(store, engine::clock::ManualClock::at(back)).await;
    fire(store, back).await;
    let found = heartbeat::get(store, beat.id).await.unwrap();
    assert_eq!(
        (found.state, found.due_at),
        (HeartbeatState::Healthy, Some(back + minutes(1)))
    );
    drop(engine);
    watch(store, back, back + minutes(1)).await;
    assert_eq!(state(store, beat.id).await, HeartbeatState::Expired);
    assert_eq!(alerts(store, &beat).await.len(), 1);
    // The same without a new start: the database was away, or the machine slept.
    ping(store, "backup", PingKind::Success, back + minutes(2)).await;
    watch(store, back + minutes(2), back + minutes(2) + seconds(20)).await;
    fire(store, back + minutes(5)).await;
    assert_eq!(state(store, beat.id).await, HeartbeatState::Healthy);
});

on_both!(a_long_time_without_heartbeats_is_no_outage, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let beat = create(store, "backup").await;
    ping(store, "backup", PingKind::Success, NOON).await;
    fire(store, NOON).await;
    pause_heartbeat(store, &admin(NOON), beat.id).await.unwrap();
    let later = NOON + minutes(60 * 24);
    fire(store, later).await;
    resume_heartbeat(store, &admin(later), beat.id)
        .await
        .unwrap();
    fire(store, later + seconds(3)).await;
    let found = heartbeat::get(store, beat.id).await.unwrap();
    assert_eq!(found.due_at, Some(later + minutes(1)));
    assert_eq!(found.grace_since, None);
});

on_both!(people_change_heartbeats, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let beat = create(store, "backup").await;
    let again = create_heartbeat(store, &admin(NOON), MONITOR, beat.settings.clone()).await;
    assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
    let nowhere = create_heartbeat(
        store,
        &admin(NOON),
        IntegrationId(99),
        beat.settings.clone(),
    )
    .await;
    assert!(matches!(nowhere, Err(Error::NotFound("integration"))));

    ping(store, "backup", PingKind::Fail, NOON).await;
    pause_heartbeat(store, &admin(NOON), beat.id).await.unwrap();
    assert_eq!(alerts(store, &beat).await[0].status, AlertStatus::Resolved);
    resume_heartbeat(store, &admin(NOON), beat.id)
        .await
        .unwrap();

    let renamed = HeartbeatSettings {
        name: " nightly ".into(),
        tags: vec!["db".into(), " ".into()],
        ..beat.settings.clone()
    };
    let edited = edit_heartbeat(store, &admin(NOON), beat.id, renamed)
        .await
        .unwrap();
    assert_eq!(
        (edited.settings.name.as_str(), edited.settings.tags.len()),
        ("nightly", 1)
    );
    let old = heartbeat::ping(
        store,
        named("backup"),
        Ping::new(PingKind::Success),
        Carrier::default(),
        NOON,
    );
    assert!(matches!(old.await, Err(Error::NotFound(_))));

    // Its own address, until that is changed.
    let by_key = |version| {
        Which::Key(key::Key {
            id: beat.id,
            version,
        })
    };
    let hello = |which| {
        heartbeat::ping(
            store,
            which,
            Ping::new(PingKind::Success),
            Carrier::default(),
            NOON,
        )
    };
    hello(by_key(1)).await.unwrap();
    rotate_heartbeat_key(store, &admin(NOON), beat.id)
        .await
        .unwrap();
    assert!(matches!(hello(by_key(1)).await, Err(Error::NotFound(_))));
    hello(by_key(2)).await.unwrap();

    ping(store, "nightly", PingKind::Fail, NOON + seconds(1)).await;
    remove_heartbeat(store, &admin(NOON + seconds(2)), beat.id)
        .await
        .unwrap();
    let left = alerts(store, &beat).await;
    assert!(
        left.iter()
            .all(|alert| alert.status == AlertStatus::Resolved)
    );
    assert!(matches!(
        heartbeat::get(store, beat.id).await,
        Err(Error::NotFound(_))
    ));

    let other = create(store, "other").await;
    remove_integration(store, &admin(NOON), MONITOR)
        .await
        .unwrap();
    assert!(matches!(
        heartbeat::get(store, other.id).await,
        Err(Error::NotFound(_))
    ));
});
