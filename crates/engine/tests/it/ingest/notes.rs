//! Notes of monitors: on the timeline of what is open, once, and nowhere else.

use domain::Timestamp;
use domain::dedup::SignalDecision;
use domain::signal::{Delivery, Signal};
use domain::suppression::SuppressionKind;
use domain::word::{Action, EntryKind};
use engine::configuration::suppression::{SuppressionInput, create_suppression};
use store::Store;

use crate::house::House;
use crate::on_both;
use crate::world::{
    self, NOON, admin, apply, executions, fresh, request, seconds, signal, trigger,
};

fn at(after: i64) -> Timestamp {
    NOON + seconds(after)
}

fn note(key: &str, text: &str, time: &str) -> Signal {
    Signal {
        summary: text.into(),
        delivery: Some(Delivery::of_note(key, time, text)),
        ..signal(Action::Note, key)
    }
}

/// What came of each request's signals; each request has as many as it is given.
async fn send(store: &Store, requests: Vec<Vec<Signal>>, now: Timestamp) -> Vec<SignalDecision> {
    let requests = requests.into_iter().map(request).collect();
    apply(store, requests, now)
        .await
        .into_iter()
        .flat_map(|one| one.unwrap().applied)
        .map(|applied| applied.decision)
        .collect()
}

fn notes(house: &House, incident: &domain::incident::Incident) -> Vec<String> {
    let entries = house.read(|conn| store::timeline::latest(conn, incident.id, 100));
    entries
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Note)
        .map(|entry| entry.text)
        .collect()
}

on_both!(a_note_stands_on_the_timeline_once, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let incident = world::open(store, "disk", NOON).await;
    let ran = executions(store, &incident).await;
    let start = note("disk", "Downtime started", "1");
    assert_eq!(
        send(store, vec![vec![start.clone()]], at(60)).await,
        [SignalDecision::Noted]
    );
    // Its sender heard no answer, also within one batch; another is another.
    assert_eq!(
        send(
            store,
            vec![
                vec![start.clone()],
                vec![note("disk", "Custom", "2"), trigger("disk")],
                vec![note("disk", "Custom", "2")],
            ],
            at(90)
        )
        .await,
        [
            SignalDecision::Redelivered,
            SignalDecision::Noted,
            SignalDecision::Repeated,
            SignalDecision::Redelivered,
        ]
    );
    assert_eq!(notes(house, &incident), ["Downtime started", "Custom"]);
    let after = fresh(store, &incident).await;
    assert_eq!(
        (after.paging, after.alerts, after.open_alerts),
        (incident.paging, 1, 1)
    );
    assert_eq!(executions(store, &incident).await.len(), ran.len());
    let alerts =
        house.read(|conn| store::alert::list(conn, &store::alert::Filter::default(), None, 10));
    assert_eq!(
        (alerts.len(), alerts[0].count),
        (1, 2),
        "a note is no repeat"
    );

    // After the end there is nothing to note it on.
    assert_eq!(
        send(
            store,
            vec![vec![
                signal(Action::Resolve, "disk"),
                note("disk", "Late", "3")
            ]],
            at(120)
        )
        .await,
        [SignalDecision::Resolved, SignalDecision::Ignored]
    );
    assert_eq!(notes(house, &incident).len(), 2);
});

on_both!(a_note_of_what_is_held_back_is_not_written, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let window = SuppressionInput {
        kind: SuppressionKind::Maintenance,
        services: vec![world::CHECKOUT],
        integrations: vec![],
        matchers: vec![],
        starts_at: NOON,
        ends_at: at(600),
        recurrence: None,
        zone: None,
        comment: "Kernel updates".into(),
        author: None,
    };
    create_suppression(store, &admin(NOON), window)
        .await
        .unwrap();
    assert_eq!(
        send(
            store,
            vec![vec![trigger("disk"), note("disk", "Custom", "1")]],
            at(1)
        )
        .await,
        [SignalDecision::Suppressed, SignalDecision::Ignored]
    );
});
