//! What we say ourselves about an integration. Sources that go silent (WIRE-FORMATS.md §5 no. 3): what their owner chose decides whether alerts
//! resolve when their end passes, or stay open and one alert tells of the source. Heartbeats, which
//! follow the rules of a global integration.

use domain::Timestamp;
use domain::alert::Alert;
use domain::heartbeat::{HeartbeatSettings, Ping, PingKind};
use domain::integration::{OnSilence, source};
use domain::signal::Signal;
use domain::word::{AlertSeverity, AlertStatus, EntryKind};
use engine::configuration::heartbeat::create_heartbeat;
use engine::configuration::integration::{SettingsEdit, edit_settings, move_integration};
use engine::configuration::routing::{RoutingEdit, RuleInput, edit_routing};
use engine::heartbeat::{Carrier, Which};
use engine::ingest::{Origin, SOURCE, Submission, TEST};
use engine::timer::fire_due;
use store::Store;

use super::routed::{BASKET, global, to_basket};
use crate::on_both;
use crate::world::{
    self, CHECKOUT, MONITOR, NOON, admin, apply, minutes, request, seconds, trigger,
};

fn at(after: i64) -> Timestamp {
    NOON + seconds(after)
}

async fn choose(store: &Store, on_silence: OnSilence, now: Timestamp) {
    let edit = SettingsEdit {
        on_silence: Some(on_silence),
        ..SettingsEdit::default()
    };
    edit_settings(store, &admin(now), MONITOR, edit)
        .await
        .unwrap();
}

/// A monitor that pushes its alerts.
async fn pushing(store: &Store) {
    let changed: Result<(), store::Error> = store
        .write(|tx| {
            tx.configured()?;
            let directory = tx.directory()?;
            let mut monitor = directory.integration(MONITOR).unwrap().clone();
            monitor.kind = domain::word::IntegrationKind::Prometheus;
            store::service::update_integration(tx, &monitor)
        })
        .await;
    changed.unwrap();
    choose(store, OnSilence::Tell, NOON).await;
}

fn until(key: &str, end: i64) -> Signal {
    Signal {
        ends_at: Some(at(end)),
        ..trigger(key)
    }
}

async fn push(store: &Store, signals: Vec<Signal>, now: Timestamp) {
    apply(store, vec![request(signals)], now).await[0]
        .clone()
        .unwrap();
}

fn alerts(store: &Store) -> Vec<Alert> {
    let filter = store::alert::Filter::default();
    store
        .read_blocking(move |c| store::alert::list(c, &filter, None, 1_000))
        .unwrap()
}

fn of_key(store: &Store, key: &str) -> Vec<Alert> {
    let all = alerts(store).into_iter();
    all.filter(|alert| alert.dedup_key == key).collect()
}

/// The alert that tells of the source, open or not.
fn silent(store: &Store) -> Vec<Alert> {
    of_key(store, &source::dedup_key(MONITOR))
}

on_both!(alerts_stay_open_and_one_tells_of_the_source, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    pushing(store).await;
    push(store, vec![until("disk", 240), until("fan", 240)], NOON).await;
    push(store, vec![until("disk", 300)], at(60)).await;
    fire_due(store, at(239)).await.unwrap();
    assert!(silent(store).is_empty());

    fire_due(store, at(240)).await.unwrap();
    fire_due(store, at(300)).await.unwrap();
    for key in ["disk", "fan"] {
        let [alert] = of_key(store, key).try_into().unwrap();
        assert_eq!(
            (alert.status, alert.ends_at),
            (AlertStatus::Open, None),
            "{key}"
        );
        let incident = alert.incident_id.unwrap();
        let entries = store.read_blocking(move |c| store::timeline::latest(c, incident, 1_000));
        let kinds: Vec<EntryKind> = entries.unwrap().iter().map(|one| one.kind).collect();
        assert!(kinds.contains(&EntryKind::SourceSilent), "{kinds:?}");
    }
    let [told] = silent(store).try_into().unwrap();
    assert_eq!(
        (told.status, told.count),
        (AlertStatus::Open, 2),
        "one, counted"
    );
    assert_eq!(told.text.severity, AlertSeverity::Error);
    assert_eq!(told.text.summary, "Source of Monitor went silent");
    assert_eq!(
        told.text.details["alerts"],
        serde_json::json!(["disk is broken"])
    );
    assert!(told.incident_id.is_some(), "people hear of it");
    // Nothing more is due.
    fire_due(store, at(10_000)).await.unwrap();
    assert_eq!(silent(store)[0].count, 2);

    // What we or people send ourselves does not count as heard.
    for origin in [
        Origin {
            format: SOURCE,
            ..Origin::default()
        },
        Origin {
            format: TEST,
            ..Origin::default()
        },
        Origin {
            format: engine::heartbeat::FORMAT,
            ..Origin::default()
        },
        Origin {
            replay_of: Some(domain::RequestId(1)),
            ..Origin::default()
        },
    ] {
        let ours = Submission {
            origin,
            ..request(vec![trigger("test")])
        };
        apply(store, vec![ours], at(10_010)).await[0]
            .clone()
            .unwrap();
    }
    assert_eq!(silent(store)[0].status, AlertStatus::Open);

    // Anything from the source does.
    push(store, vec![until("disk", 10_300)], at(10_020)).await;
    assert_eq!(silent(store)[0].status, AlertStatus::Resolved);
    let [disk] = of_key(store, "disk").try_into().unwrap();
    assert_eq!(
        (disk.status, disk.ends_at),
        (AlertStatus::Open, Some(at(10_300)))
    );
    assert_eq!(
        of_key(store, "fan")[0].status,
        AlertStatus::Open,
        "its end is not known"
    );

    // It may go silent again.
    fire_due(store, at(10_300)).await.unwrap();
    assert!(
        silent(store)
            .iter()
            .any(|alert| alert.status == AlertStatus::Open)
    );
    // Whoever chooses otherwise is not told any longer.
    choose(store, OnSilence::Resolve, at(10_310)).await;
    assert!(
        silent(store)
            .iter()
            .all(|alert| alert.status == AlertStatus::Resolved)
    );
    push(store, vec![until("cpu", 10_500)], at(10_320)).await;
    fire_due(store, at(10_500)).await.unwrap();
    assert_eq!(of_key(store, "cpu")[0].status, AlertStatus::Resolved);
});

on_both!(
    rules_send_the_silence_of_a_source_where_they_like,
    0,
    |house| {
        let store = &house.store;
        let routed = RuleInput {
            dedup_key: Some("silence-{source}".into()),
            ..to_basket("Silence", "class == \"source\"")
        };
        global(store, vec![routed]).await;
        pushing(store).await;
        push(store, vec![until("disk", 240)], NOON).await;
        fire_due(store, at(240)).await.unwrap();
        let told = || {
            let all = alerts(store).into_iter();
            let mut found = all.filter(|alert| alert.text.class.as_deref() == Some("source"));
            found.next().unwrap()
        };
        let alert = told();
        assert_eq!(alert.dedup_key, "silence-Monitor");
        let routed = alert.route.as_ref().map(|route| route.service);
        assert_eq!(routed, Some(BASKET));
        assert_ne!(of_key(store, "disk")[0].incident_id, alert.incident_id);
        push(store, vec![until("disk", 600)], at(300)).await;
        assert_eq!(
            told().status,
            AlertStatus::Resolved,
            "under the key the rule made"
        );
    }
);

on_both!(
    a_heartbeat_of_a_global_integration_follows_its_rules,
    0,
    |house| {
        let store = &house.store;
        let rule = to_basket(
            "Jobs",
            "class == \"heartbeat\" && source.startsWith(\"back\")",
        );
        global(store, vec![rule]).await;
        let mut made = Vec::new();
        for name in ["backup", "report"] {
            let settings = HeartbeatSettings::new(name, minutes(1));
            let beat = create_heartbeat(store, &admin(NOON), MONITOR, settings).await;
            made.push(beat.unwrap().id);
            let which = Which::Named {
                integration: MONITOR,
                name: name.into(),
            };
            let ping = Ping::new(PingKind::Success);
            engine::heartbeat::ping(store, which, ping, Carrier::default(), NOON)
                .await
                .unwrap();
        }
        // Somebody is there all the time, so that nobody is given grace.
        for second in (0..=240).step_by(5) {
            fire_due(store, at(second)).await.unwrap();
        }
        let goes = |id| {
            let [alert] = of_key(store, &domain::heartbeat::dedup_key(id))
                .try_into()
                .unwrap();
            assert_eq!(alert.status, AlertStatus::Open);
            let incident = alert.incident_id.unwrap();
            let found = store.read_blocking(move |c| store::incident::fetch(c, incident));
            (alert.route.unwrap().service, found.unwrap().service_id)
        };
        assert_eq!(goes(made[0]), (BASKET, Some(BASKET)));
        assert_eq!(goes(made[1]), (CHECKOUT, Some(CHECKOUT)), "the catch-all");

        // Another service takes the rest from now on; what is open stays.
        let told = |key: &str| {
            let [alert] = of_key(store, key).try_into().unwrap();
            alert.route.map(|route| route.service)
        };
        push(store, vec![trigger("before")], at(241)).await;
        move_integration(store, &admin(at(242)), MONITOR, BASKET)
            .await
            .unwrap();
        push(store, vec![trigger("after"), trigger("before")], at(243)).await;
        assert_eq!(
            (told("before"), told("after")),
            (Some(CHECKOUT), Some(BASKET))
        );
        assert_eq!(goes(made[1]), (CHECKOUT, Some(CHECKOUT)));
    }
);

on_both!(only_a_global_integration_moves, 0, |house| {
    let store = &house.store;
    global(store, vec![]).await;
    for on in [false, true] {
        push(store, vec![trigger("old")], NOON).await;
        let edit = vec![RoutingEdit::Switch(on)];
        edit_routing(store, &admin(NOON), MONITOR, edit)
            .await
            .unwrap();
        if !on {
            let refused = move_integration(store, &admin(NOON), MONITOR, BASKET).await;
            assert!(
                matches!(refused, Err(engine::Error::Refused(_))),
                "{refused:?}"
            );
            push(store, vec![trigger("plain")], NOON).await;
        }
    }
    let plain = |expected| {
        let [alert] = of_key(store, "plain").try_into().unwrap();
        assert_eq!(alert.route.map(|route| route.service), expected);
    };
    plain(None);
    move_integration(store, &admin(NOON), MONITOR, BASKET)
        .await
        .unwrap();
    plain(Some(CHECKOUT));
    let directory = store.directory();
    assert_eq!(directory.integration(MONITOR).unwrap().service_id, BASKET);
});
