//! Storms are what people silence: paging for them rests, too (PAGING.md §3.3).

use domain::Timestamp;
use domain::incident::Incident;
use domain::signal::Signal;
use domain::suppression::{Matcher, SuppressionKind};
use engine::configuration::suppression::{SuppressionInput, create_suppression};
use engine::timer::fire_due;
use store::Store;

use crate::on_both;
use crate::world::{self, ANA, BO, CHECKOUT, NOON, admin, apply, pages, request, seconds, trigger};

/// More than a page of alerts.
const ALERTS: i64 = 1_300;

fn at(after: i64) -> Timestamp {
    NOON + seconds(after)
}

/// Everything of the service, for an hour.
fn window() -> SuppressionInput {
    SuppressionInput {
        kind: SuppressionKind::Maintenance,
        services: vec![CHECKOUT],
        integrations: vec![],
        matchers: vec![],
        starts_at: at(60),
        ends_at: at(3_600),
        recurrence: None,
        zone: None,
        comment: "Kernel updates".into(),
        author: None,
    }
}

fn silence(matcher: &str) -> SuppressionInput {
    SuppressionInput {
        kind: SuppressionKind::Silence,
        matchers: vec![Matcher::parse(matcher).unwrap()],
        ..window()
    }
}

fn grouped(key: &str) -> Signal {
    Signal {
        group_key: Some("g".into()),
        ..trigger(key)
    }
}

/// One incident with very many open alerts, `odd` the last of them.
async fn storm(store: &Store, odd: &str) -> Incident {
    world::build(store).await;
    let mut signals: Vec<Signal> = (1..ALERTS).map(|n| grouped(&format!("k{n}"))).collect();
    signals.push(grouped(odd));
    apply(store, vec![request(signals)], NOON).await[0]
        .clone()
        .unwrap();
    let filter = store::incident::Filter::default();
    let found = store.read_blocking(move |c| store::incident::list(c, &filter, None, 10));
    let [incident] = found.unwrap().try_into().unwrap();
    assert_eq!(incident.open_alerts, ALERTS);
    incident
}

async fn hold(store: &Store, input: SuppressionInput) {
    create_suppression(store, &admin(at(60)), input)
        .await
        .unwrap();
}

/// It pages Bo, who would have been paged after five minutes, when the hour is over.
async fn rests_for_the_hour(store: &Store, incident: &Incident) {
    for now in [300, 900, 3_599] {
        fire_due(store, at(now)).await.unwrap();
    }
    assert_eq!(pages(store, incident, NOON).await, [(0, ANA)]);
    fire_due(store, at(3_600)).await.unwrap();
    assert_eq!(pages(store, incident, NOON).await, [(0, ANA), (3_600, BO)]);
}

on_both!(a_storm_rests_while_its_service_is_maintained, 0, |house| {
    let store = &house.store;
    let incident = storm(store, "odd").await;
    hold(store, window()).await;
    rests_for_the_hour(store, &incident).await;
});

on_both!(a_storm_rests_while_each_alert_is_silenced, 0, |house| {
    let store = &house.store;
    let incident = storm(store, "k0").await;
    hold(store, silence("dedup_key=~k.*")).await;
    rests_for_the_hour(store, &incident).await;
});

on_both!(
    one_alert_of_a_storm_that_is_not_silenced_pages,
    0,
    |house| {
        let store = &house.store;
        let incident = storm(store, "odd").await;
        hold(store, silence("dedup_key=~k.*")).await;
        fire_due(store, at(300)).await.unwrap();
        assert_eq!(pages(store, &incident, NOON).await, [(0, ANA), (300, BO)]);
    }
);
