//! Global integrations (PAGING.md §2.1): rules send signals to services, and whatever is said about
//! an open alert reaches it.

use std::sync::atomic::{AtomicU32, Ordering};

use domain::alert::Alert;
use domain::dedup::SignalDecision;
use domain::routing::{CATCH_ALL, Routing};
use domain::service::{Service, ServiceSettings};
use domain::signal::Signal;
use domain::suppression::SuppressionKind;
use domain::word::{AccountRole, Action, AlertSeverity, AlertStatus, Origin};
use domain::{RoutingRuleId, ServiceId};
use engine::configuration::routing::{RoutingEdit, RuleInput, edit_routing};
use engine::configuration::service::remove_service;
use engine::ingest::Submission;
use engine::timer::fire_due;
use engine::{Error, OpContext};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use store::Store;

use super::model::{assert_consistent, outcome};
use crate::house::House;
use crate::on_both;
use crate::world::{self, ANA, CHECKOUT, MONITOR, NOON, POLICY, admin, apply, request, seconds};

pub(super) const BASKET: ServiceId = ServiceId(4_711);

fn rule(name: &str, condition: &str) -> RuleInput {
    RuleInput {
        name: name.into(),
        enabled: true,
        condition: condition.into(),
        service: None,
        severity: None,
        dedup_key: None,
        group_key: None,
        labels: vec![],
        suppress: false,
        continues: false,
    }
}

pub(super) fn to_basket(name: &str, condition: &str) -> RuleInput {
    RuleInput {
        service: Some(BASKET),
        ..rule(name, condition)
    }
}

/// The world with a second service, and these rules before the one integration.
pub(super) async fn global(store: &Store, rules: Vec<RuleInput>) -> Routing {
    world::build_with(store, |settings| settings.storm_limit = None).await;
    let basket = Service {
        id: BASKET,
        slug: "basket".into(),
        name: "Basket".into(),
        description: String::new(),
        team_id: None,
        policy_id: Some(POLICY),
        settings: ServiceSettings {
            storm_limit: None,
            ..ServiceSettings::default()
        },
    };
    let insert = store.write(move |tx| store::service::insert(tx, &basket, NOON));
    insert.await.unwrap();
    edit(store, RoutingEdit::Switch(true)).await;
    let all = rules.into_iter().map(|rule| (None, rule)).collect();
    edit(store, RoutingEdit::Replace(all)).await
}

async fn edit(store: &Store, edit: RoutingEdit) -> Routing {
    edit_routing(store, &admin(NOON), MONITOR, vec![edit])
        .await
        .unwrap()
}

fn labelled(action: Action, key: &str, labels: serde_json::Value) -> Signal {
    let mut signal = world::signal(action, key);
    signal.details = json!({ "labels": labels });
    signal
}

async fn send(store: &Store, signal: Signal, after: i64) -> (SignalDecision, Option<Alert>) {
    let at = NOON + seconds(after);
    let sent = apply(store, vec![request(vec![signal])], at).await;
    let applied = sent[0].as_ref().unwrap().applied[0];
    let alert = match applied.alert_id {
        Some(id) => Some(
            store
                .read(move |c| store::alert::fetch(c, id))
                .await
                .unwrap(),
        ),
        None => None,
    };
    (applied.decision, alert)
}

#[derive(Clone, Debug)]
struct Said {
    action: Action,
    key: u8,
    severity: AlertSeverity,
    fold: Option<u8>,
    noise: bool,
}

fn said() -> impl Strategy<Value = Said> {
    let action = prop_oneof![
        5 => Just(Action::Trigger),
        1 => Just(Action::Acknowledge),
        3 => Just(Action::Resolve),
    ];
    (
        action,
        0..6_u8,
        proptest::sample::select(AlertSeverity::ALL),
        proptest::option::of(0..3_u8),
        proptest::bool::weighted(0.2),
    )
        .prop_map(|(action, key, severity, fold, noise)| Said {
            action,
            key,
            severity,
            fold,
            noise,
        })
}

fn made(said: &Said, case: &str) -> Signal {
    let mut labels = json!({ "case": case });
    if let Some(fold) = said.fold {
        labels["fold"] = json!(fold);
    }
    if said.noise {
        labels["kind"] = json!("noise");
    }
    let mut signal = labelled(said.action, &format!("{case}{}", said.key), labels);
    signal.severity = said.severity;
    signal
}

static CASE: AtomicU32 = AtomicU32::new(0);

/// Where alerts went, in the order of opening, in words that do not depend on ids.
fn routes(store: &Store, prefix: &str) -> Vec<(Option<ServiceId>, Vec<String>, bool)> {
    let filter = store::alert::Filter::default();
    let mut all = store
        .read_blocking(move |c| store::alert::list(c, &filter, None, 100_000))
        .unwrap();
    all.retain(|alert| alert.dedup_key.starts_with(prefix));
    all.sort_by_key(|alert| (alert.first_seen, alert.id));
    all.into_iter()
        .map(|alert| {
            let route = alert.route.unwrap();
            let names = route.rules.into_iter().map(|rule| rule.name).collect();
            (Some(route.service), names, alert.suppressed.is_some())
        })
        .collect()
}

fn batches_equal_singles(store: &Store, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fold = RuleInput {
        dedup_key: Some("{labels.case}f{labels.fold}".into()),
        continues: true,
        ..rule("Fold", "has(labels.fold)")
    };
    let quiet = RuleInput {
        suppress: true,
        ..to_basket("Quiet", "has(labels.kind) && severity != 'critical'")
    };
    let grave = RuleInput {
        group_key: Some("{labels.case}grave".into()),
        ..to_basket("Grave", "severity == 'critical' || severity == 'error'")
    };
    let broken = to_basket("Broken", "labels.nothing == 1");
    runtime.block_on(global(store, vec![fold, quiet, grave, broken]));
    let input = (
        proptest::collection::vec(said(), 1..40),
        1..8_usize,
        1..4_usize,
    );
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&input, |(all, per_batch, per_request)| {
        let case = CASE.fetch_add(1, Ordering::Relaxed);
        let at = NOON + world::minutes(i64::from(case));
        let (singly, together) = (format!("{case}s/"), format!("{case}b/"));
        for one in &all {
            runtime.block_on(apply(store, vec![request(vec![made(one, &singly)])], at));
        }
        let requests: Vec<Submission> = all
            .chunks(per_request)
            .map(|chunk| request(chunk.iter().map(|one| made(one, &together)).collect()))
            .collect();
        for batch in requests.chunks(per_batch) {
            runtime.block_on(apply(store, batch.to_vec(), at));
        }
        prop_assert_eq!(outcome(store, &together), outcome(store, &singly));
        prop_assert_eq!(routes(store, &together), routes(store, &singly));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    assert_consistent_or_low(store);
}

/// Counts of incidents are true; escalations are `assert_consistent`'s where nothing is low.
fn assert_consistent_or_low(store: &Store) {
    let incidents = store
        .read_blocking(|c| {
            store::incident::list(c, &store::incident::Filter::default(), None, 100_000)
        })
        .unwrap();
    for incident in incidents {
        let id = incident.id;
        let alerts = store
            .read_blocking(move |c| store::alert::of_incident(c, id, 0, 100_000))
            .unwrap();
        let open = alerts.iter().filter(|one| one.status == AlertStatus::Open);
        assert_eq!(i64::try_from(open.count()).unwrap(), incident.open_alerts);
        assert_eq!(i64::try_from(alerts.len()).unwrap(), incident.alerts);
        for alert in alerts {
            assert_eq!(alert.route.map(|route| route.service), incident.service_id);
        }
    }
}

#[test]
fn batches_equal_singles_on_sqlite() {
    batches_equal_singles(&House::on_sqlite().store, 60);
}

#[test]
fn batches_equal_singles_on_postgres() {
    batches_equal_singles(&House::on_postgres().store, 25);
}

on_both!(rules_route_count_and_say_what_is_wrong, 0, |house| {
    let store = &house.store;
    let routing = global(
        store,
        vec![
            to_basket("Basket", "labels.app == 'basket'"),
            rule("Rest", "severity == 'info'"),
        ],
    )
    .await;
    let signals = vec![
        labelled(Action::Trigger, "a", json!({"app": "basket"})),
        labelled(Action::Trigger, "a", json!({"app": "basket"})),
        labelled(Action::Trigger, "b", json!({})),
        labelled(Action::Trigger, "c", json!({"app": "x"})),
    ];
    let applied = apply(store, vec![request(signals)], NOON).await;
    let decisions: Vec<_> = applied[0].as_ref().unwrap().applied.clone();
    let service = |at: usize| {
        let id = decisions[at].incident_id.unwrap();
        let incident = store.read_blocking(move |c| store::incident::fetch(c, id));
        incident.unwrap().service_id.unwrap()
    };
    assert_eq!(
        [service(0), service(2), service(3)],
        [BASKET, CHECKOUT, CHECKOUT]
    );
    let hits = store
        .read_blocking(|c| store::routing::hits(c, MONITOR))
        .unwrap();
    let of = |id: RoutingRuleId| hits.get(&id).map(|one| (one.hits, one.last_at));
    assert_eq!(of(routing.rules[0].id), Some((2, NOON)));
    assert_eq!(of(routing.rules[1].id), None, "never");
    assert_eq!(of(CATCH_ALL), Some((2, NOON)));
    let requests = store
        .read_blocking(|c| store::request::list(c, &store::request::Filter::default(), 9))
        .unwrap();
    assert_eq!(requests[0].warnings.len(), 1, "{:?}", requests[0].warnings);
    assert!(requests[0].warnings[0].contains("“Basket” could not be asked"));
    let records = store
        .read_blocking(|c| store::alert::recent_signals(c, None, 9))
        .unwrap();
    let route = records.last().unwrap().route().unwrap();
    assert_eq!(route.in_words(), "by the rule “Basket”");
    assert_eq!(
        records[0].route().unwrap().in_words(),
        "by the catch-all rule"
    );
    let of_basket = store::alert::Filter {
        service: Some((BASKET, vec![])),
        ..store::alert::Filter::default()
    };
    let found = store
        .read_blocking(move |c| store::alert::list(c, &of_basket, None, 9))
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_consistent(store);
});

on_both!(a_changed_rule_lets_go_of_what_it_held, 0, |house| {
    let store = &house.store;
    let quiet = RuleInput {
        suppress: true,
        ..to_basket("Quiet", "labels.env == 'test'")
    };
    let routing = global(store, vec![quiet.clone()]).await;
    let id = routing.rules[0].id;
    let test = |action| labelled(action, "k", json!({"env": "test"}));
    let (decision, alert) = send(store, test(Action::Trigger), 0).await;
    assert_eq!(decision, SignalDecision::Suppressed);
    let alert = alert.unwrap();
    let held = alert.suppressed.unwrap();
    assert_eq!((held.kind, held.by), (SuppressionKind::Rule, Some(id.0)));
    // Renamed only: it holds on.
    let renamed = RuleInput {
        name: "Silent".into(),
        ..quiet.clone()
    };
    edit(store, RoutingEdit::Change(id, renamed)).await;
    fire_due(store, NOON + seconds(1)).await.unwrap();
    let alert_id = alert.id;
    let fetch = || {
        store
            .read_blocking(move |c| store::alert::fetch(c, alert_id))
            .unwrap()
    };
    let alert = fetch();
    assert!(alert.suppressed.unwrap().name.contains("Silent"));
    edit(store, RoutingEdit::Enable(id, false)).await;
    fire_due(store, NOON + seconds(2)).await.unwrap();
    let alert = fetch();
    assert!(alert.suppressed.is_none());
    let incident = alert.incident_id.unwrap();
    let incident = store
        .read_blocking(move |c| store::incident::fetch(c, incident))
        .unwrap();
    assert_eq!(
        incident.service_id,
        Some(CHECKOUT),
        "the catch-all takes it"
    );
    assert_eq!(
        send(store, test(Action::Resolve), 3).await.0,
        SignalDecision::Resolved
    );
});

on_both!(keys_lead_to_their_alert_for_clients_that_ask, 0, |house| {
    let store = &house.store;
    let fold = RuleInput {
        dedup_key: Some("{labels.cluster}".into()),
        ..to_basket("Clusters", "has(labels.cluster)")
    };
    global(store, vec![fold]).await;
    let eu = |key: &str| labelled(Action::Trigger, key, json!({"cluster": "eu"}));
    let (_, first) = send(store, eu("k1"), 0).await;
    let (decision, second) = send(store, eu("k2"), 1).await;
    let alert = first.unwrap();
    assert_eq!(
        (decision, second.unwrap().id),
        (SignalDecision::Repeated, alert.id)
    );
    assert_eq!(alert.dedup_key, "eu");
    for key in ["k1", "k2", "eu"] {
        let found = engine::alert::find(store, MONITOR, engine::alert::By::Key(key.into())).await;
        assert_eq!(found.unwrap().unwrap().alert.id, alert.id, "{key}");
    }
    edit(store, RoutingEdit::Switch(false)).await;
    let (decision, ended) = send(store, world::signal(Action::Resolve, "k2"), 2).await;
    assert_eq!(decision, SignalDecision::Resolved);
    assert_eq!(
        ended.unwrap().id,
        alert.id,
        "although there are no rules any more"
    );
    let kept = store
        .write(|tx| store::alert::forget_aliases(tx, 10))
        .await
        .unwrap();
    assert_eq!(kept, 2);
});

on_both!(rules_are_edited_by_those_who_may, 0, |house| {
    let store = &house.store;
    let routing = global(
        store,
        vec![
            to_basket("A", "true"),
            rule("B", "severity == 'info'"),
            rule("C", ""),
        ],
    )
    .await;
    let ids: Vec<RoutingRuleId> = routing.rules.iter().map(|rule| rule.id).collect();
    let order = |routing: &Routing| -> Vec<String> {
        routing.rules.iter().map(|rule| rule.name.clone()).collect()
    };
    let moved = edit(store, RoutingEdit::Move(ids[2], 0)).await;
    assert_eq!(order(&moved), ["C", "A", "B"]);
    let added = edit(store, RoutingEdit::Add(rule("D", "true"), Some(1))).await;
    assert_eq!(order(&added), ["C", "D", "A", "B"]);
    let removed = edit(store, RoutingEdit::Remove(ids[2])).await;
    assert_eq!(order(&removed), ["D", "A", "B"]);
    let gone = edit_routing(
        store,
        &admin(NOON),
        MONITOR,
        vec![RoutingEdit::Remove(ids[2])],
    )
    .await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    let observer = OpContext::user(ANA, AccountRole::Observer, Origin::Web, NOON);
    let forbidden = edit_routing(store, &observer, MONITOR, vec![RoutingEdit::Switch(false)]).await;
    assert!(matches!(forbidden, Err(Error::Forbidden)), "{forbidden:?}");
    let odd = RuleInput {
        condition: "severity = 'x'".into(),
        dedup_key: Some("{nothing}".into()),
        group_key: Some("{".into()),
        labels: vec![("".into(), "x".into())],
        name: " ".into(),
        service: Some(ServiceId(99)),
        ..rule("x", "")
    };
    let refused = edit_routing(
        store,
        &admin(NOON),
        MONITOR,
        vec![RoutingEdit::Add(odd, None)],
    )
    .await;
    let Err(Error::Invalid(problems)) = refused else {
        panic!("{refused:?}");
    };
    let mut fields: Vec<&str> = problems.iter().map(|one| one.field.as_str()).collect();
    fields.sort_unstable();
    let all = [
        "condition",
        "dedup_key",
        "group_key",
        "labels",
        "name",
        "service",
    ];
    assert_eq!(fields, all);
    let nothing = RuleInput {
        continues: true,
        ..rule("x", "true")
    };
    let refused = edit_routing(
        store,
        &admin(NOON),
        MONITOR,
        vec![RoutingEdit::Add(nothing, None)],
    )
    .await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    let used = remove_service(store, &admin(NOON), BASKET).await;
    assert!(
        matches!(&used, Err(Error::Refused(why)) if why.contains("“A”")),
        "{used:?}"
    );
    // A new condition is counted anew.
    send(store, world::trigger("k"), 0).await;
    let hits = |store: &Store| {
        store
            .read_blocking(|c| store::routing::hits(c, MONITOR))
            .unwrap()
    };
    let first = removed.rules[0].id;
    assert_eq!(hits(store)[&first].hits, 1);
    edit(store, RoutingEdit::Change(first, rule("D2", "true"))).await;
    assert_eq!(hits(store)[&first].hits, 1, "only its name has changed");
    edit(
        store,
        RoutingEdit::Change(first, rule("D2", "severity == 'error'")),
    )
    .await;
    assert!(!hits(store).contains_key(&first));
});
