//! Alerts whose sender never says that they are over: their owner has said after how long they are.

use domain::alert::Alert;
use domain::signal::Signal;
use domain::word::AlertStatus;
use domain::{Span, Timestamp};
use engine::configuration::integration::{SettingsEdit, edit_settings};
use engine::ingest::{Origin, SOURCE, Submission};
use engine::timer::fire_due;
use store::Store;

use crate::on_both;
use crate::world::{self, MONITOR, NOON, admin, apply, minutes, request, trigger};

fn at(after: i64) -> Timestamp {
    NOON + minutes(after)
}

async fn choose(store: &Store, after: Option<Span>) {
    let edit = SettingsEdit {
        resolve_after: Some(after),
        ..SettingsEdit::default()
    };
    edit_settings(store, &admin(NOON), MONITOR, edit)
        .await
        .unwrap();
}

async fn send(store: &Store, signal: Signal, now: Timestamp) {
    apply(store, vec![request(vec![signal])], now).await[0]
        .clone()
        .unwrap();
}

fn alert(store: &Store, key: &str) -> Alert {
    let filter = store::alert::Filter::default();
    let all = store.read_blocking(move |c| store::alert::list(c, &filter, None, 1_000));
    let mut all = all.unwrap().into_iter();
    all.find(|alert| alert.dedup_key == key).unwrap()
}

on_both!(alerts_resolve_by_themselves, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    choose(store, Some(minutes(10))).await;
    send(store, trigger("search"), at(0)).await;
    assert_eq!(alert(store, "search").ends_at, Some(at(10)));

    // A repeat moves it on, also one that is only counted.
    send(store, trigger("search"), at(9)).await;
    fire_due(store, at(10)).await.unwrap();
    let open = alert(store, "search");
    assert_eq!(
        (open.status, open.count, open.ends_at),
        (AlertStatus::Open, 2, Some(at(19)))
    );
    fire_due(store, at(19)).await.unwrap();
    let over = alert(store, "search");
    assert_eq!(over.status, AlertStatus::Resolved);
    let id = over.incident_id.unwrap();
    let incident = store.read_blocking(move |c| store::incident::fetch(c, id));
    assert!(!incident.unwrap().is_open());
});

on_both!(an_end_of_its_own_is_kept_and_ours_have_none, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    choose(store, Some(minutes(10))).await;
    let own = Signal {
        ends_at: Some(at(3)),
        ..trigger("pushed")
    };
    send(store, own, at(0)).await;
    assert_eq!(alert(store, "pushed").ends_at, Some(at(3)));
    let ours = Submission {
        origin: Origin {
            format: SOURCE,
            ..Origin::default()
        },
        ..request(vec![trigger("ours")])
    };
    apply(store, vec![ours], at(0)).await[0].clone().unwrap();
    assert_eq!(alert(store, "ours").ends_at, None);

    // Once nobody wants it any more, the next trigger takes the end away.
    send(store, trigger("other"), at(0)).await;
    choose(store, None).await;
    send(store, trigger("other"), at(1)).await;
    fire_due(store, at(60)).await.unwrap();
    let open = alert(store, "other");
    assert_eq!((open.status, open.ends_at), (AlertStatus::Open, None));
});
