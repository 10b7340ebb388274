//! Changes are taken in once, tell open incidents, and mark those that open in an experiment.

use domain::change_event::{ChangeEvent, ChangeKind, ChangeStatus};
use domain::incident::Incident;
use domain::word::{AccountRole, EntryKind, Origin};
use domain::{ServiceId, Timestamp};
use engine::change_event::{NewChange, beside, receive, tell};
use engine::{Error, OpContext};
use store::Store;

use crate::on_both;
use crate::world::{self, CHECKOUT, KEY, NOON, minutes, open};

fn deployed(key: &str, at: Option<Timestamp>) -> ChangeEvent {
    let mut event = ChangeEvent::new(ChangeKind::Deployment, key, "Deployed\u{0} 4.2", "ci");
    event.at = at;
    event
}

fn experiment(key: &str, status: ChangeStatus, at: Timestamp) -> ChangeEvent {
    let mut event = ChangeEvent::new(ChangeKind::Experiment, key, "Kill a pod", "chaos");
    event.status = Some(status);
    event.at = Some(at);
    event.change_key = Some("pod".into());
    event
}

/// What the timeline says of changes.
async fn told(store: &Store, incident: &Incident) -> Vec<String> {
    let id = incident.id;
    let entries = store
        .read(move |c| store::timeline::latest(c, id, 100))
        .await
        .unwrap();
    entries
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Changed)
        .map(|entry| entry.text)
        .collect()
}

on_both!(a_repeated_delivery_is_one_change, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let new = receive(store, KEY, vec![deployed("a", None)], NOON)
        .await
        .unwrap();
    assert_eq!(new.len(), 1);
    let both = vec![deployed("a", None), deployed("b", None)];
    let new = receive(store, KEY, both, NOON + minutes(1)).await.unwrap();
    assert_eq!(new.len(), 1, "only b is new");
    // Where nothing tells them apart, each is one.
    let same = vec![deployed("", None), deployed("", None)];
    assert_eq!(receive(store, KEY, same, NOON).await.unwrap().len(), 2);
    let unknown = receive(store, [9; 32], vec![deployed("c", None)], NOON).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");
});

on_both!(changes_stand_beside_their_incident, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let long_ago = deployed("old", Some(NOON - minutes(24 * 60 + 1)));
    let shortly = deployed("new", Some(NOON - minutes(5)));
    receive(store, KEY, vec![long_ago, shortly], NOON)
        .await
        .unwrap();
    let mut other = deployed("other", Some(NOON - minutes(1)));
    other.service = Some("no such service".into());
    receive(store, KEY, vec![other], NOON).await.unwrap();
    let nobody = OpContext::token(AccountRole::Responder, Origin::Api, NOON);
    let elsewhere = NewChange {
        service: None,
        event: deployed("", Some(NOON - minutes(2))),
    };
    tell(store, nobody, elsewhere.clone()).await.unwrap();
    let incident = open(store, "disk", NOON).await;
    assert_eq!(told(store, &incident).await, [""; 0], "they came before");

    let found = incident.clone();
    let found = store.read(move |c| beside(c, &found)).await.unwrap();
    let own: Vec<_> = found.own.iter().map(|change| change.at).collect();
    assert_eq!(own, [NOON - minutes(1), NOON - minutes(5)]);
    assert_eq!(found.own[0].event.summary, "Deployed\u{fffd} 4.2");
    assert_eq!(
        found.own[0].service_id,
        Some(CHECKOUT),
        "an unknown name is no service"
    );
    assert_eq!(found.elsewhere.len(), 1);

    // One that comes while it is open is told on its timeline, once.
    let during = || vec![deployed("during", None)];
    receive(store, KEY, during(), NOON + minutes(1))
        .await
        .unwrap();
    receive(store, KEY, during(), NOON + minutes(2))
        .await
        .unwrap();
    assert_eq!(
        told(store, &incident).await,
        ["Deployment: Deployed\u{fffd} 4.2 (ci)"]
    );

    // Who tells it twice under one key has told it once.
    let keyed = NewChange {
        event: deployed("k", None),
        ..elsewhere
    };
    let first = tell(store, nobody, keyed.clone()).await.unwrap();
    assert_eq!(tell(store, nobody, keyed).await.unwrap(), first);
    let observer = OpContext::token(AccountRole::Observer, Origin::Api, NOON);
    let refused = NewChange {
        service: None,
        event: deployed("x", None),
    };
    assert!(matches!(
        tell(store, observer, refused).await,
        Err(Error::Forbidden)
    ));
});

on_both!(an_incident_in_an_experiment_says_so, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let begins = experiment("begins", ChangeStatus::Running, NOON);
    receive(store, KEY, vec![begins], NOON).await.unwrap();
    let inside = open(store, "disk", NOON + minutes(3)).await;
    assert_eq!(
        told(store, &inside).await,
        ["A chaos experiment was running: Kill a pod (chaos)"]
    );
    let ends = experiment("ends", ChangeStatus::Succeeded, NOON + minutes(5));
    receive(store, KEY, vec![ends], NOON + minutes(5))
        .await
        .unwrap();
    assert_eq!(
        told(store, &inside).await[1],
        "Chaos experiment ends: Kill a pod (chaos)"
    );
    let behind = open(store, "memory", NOON + minutes(6)).await;
    assert_eq!(told(store, &behind).await, [""; 0]);
});

on_both!(a_service_with_changes_has_a_past, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let past = |service: ServiceId| store.read(move |c| store::service::has_past(c, service));
    assert!(!past(CHECKOUT).await.unwrap());
    receive(store, KEY, vec![deployed("a", None)], NOON)
        .await
        .unwrap();
    assert!(past(CHECKOUT).await.unwrap());
    // And what is old is forgotten.
    let deleted = engine::retention::delete_old(store, NOON + minutes(401 * 24 * 60)).await;
    assert!(deleted.unwrap() > 0);
    assert!(!past(CHECKOUT).await.unwrap());
});
