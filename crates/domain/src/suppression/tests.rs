use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::InhibitionId;
use crate::signal::Signal;
use crate::word::Action;

const SHOP: ServiceId = ServiceId(1);
const DOOR: IntegrationId = IntegrationId(1);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn window(id: i64, spans: &[(i64, i64)]) -> Suppression {
    Suppression {
        id: SuppressionId(id),
        kind: SuppressionKind::Maintenance,
        services: vec![SHOP],
        integrations: vec![],
        matchers: vec![],
        starts_at: at(spans[0].0),
        ends_at: at(spans[0].1),
        recurrence: None,
        zone: "UTC".into(),
        occurrences: spans.iter().map(|(a, b)| (at(*a), at(*b))).collect(),
        comment: format!("window {id}"),
        created_by: None,
        author: "Ana".into(),
        created_at: at(0),
    }
}

fn directory(all: Vec<Suppression>) -> Directory {
    Directory {
        suppressions: all.into_iter().map(|one| (one.id, Arc::new(one))).collect(),
        ..Directory::default()
    }
}

fn labelled(key: &str, value: &str) -> Signal {
    let mut signal = Signal::new(Action::Trigger, key, "x");
    signal.details = json!({"labels": {"host": value}});
    signal
}

fn judged(directory: &Directory, service: ServiceId, signal: &Signal, now: i64) -> Option<i64> {
    judge(
        directory,
        service,
        DOOR,
        &Fields::of_signal(signal),
        at(now),
    )?
    .by
}

#[test]
fn it_holds_from_its_start_until_before_its_end() {
    let all = directory(vec![window(1, &[(100, 200), (300, 400)])]);
    let signal = labelled("k", "a");
    for (now, by) in [
        (99, None),
        (100, Some(1)),
        (199, Some(1)),
        (200, None),
        (300, Some(1)),
        (400, None),
    ] {
        assert_eq!(judged(&all, SHOP, &signal, now), by, "{now}");
    }
    assert_eq!(judged(&all, ServiceId(2), &signal, 150), None);
}

#[test]
fn what_holds_all_of_a_service_longest_says_without_its_alerts_how_long() {
    let some = |id, spans: &[(i64, i64)]| Suppression {
        matchers: vec![Matcher::parse("host=a").unwrap()],
        ..window(id, spans)
    };
    let until = |all: Vec<Suppression>| {
        let pause = pause_of_all(&directory(all), SHOP, at(150))?;
        Some((pause.until, pause.why))
    };
    let named = |id| format!("the maintenance window “window {id}”");
    assert_eq!(until(vec![]), None);
    assert_eq!(until(vec![window(1, &[(200, 300)])]), None, "not yet");
    assert_eq!(
        until(vec![window(1, &[(100, 200)]), some(2, &[(100, 200)])]),
        Some((at(200), named(1)))
    );
    // What holds some of them longer has to be asked of each.
    let longer = vec![window(1, &[(100, 200)]), some(2, &[(100, 201)])];
    assert_eq!(until(longer), None);
    let everywhere = Suppression {
        services: vec![],
        ..some(3, &[(100, 300)])
    };
    assert_eq!(until(vec![window(1, &[(100, 200)]), everywhere]), None);
}

#[test]
fn the_one_that_holds_longest_is_named() {
    let all = directory(vec![
        window(1, &[(0, 100)]),
        window(2, &[(0, 300)]),
        window(3, &[(0, 200)]),
    ]);
    assert_eq!(judged(&all, SHOP, &labelled("k", "a"), 50), Some(2));
}

#[test]
fn services_integrations_and_matchers_must_all_hold() {
    let mut one = window(1, &[(0, 100)]);
    one.integrations = vec![DOOR];
    one.matchers = vec![Matcher::parse("host=~\"db.*\"").unwrap()];
    let all = directory(vec![one.clone()]);
    assert_eq!(judged(&all, SHOP, &labelled("k", "db1"), 1), Some(1));
    assert_eq!(judged(&all, SHOP, &labelled("k", "web1"), 1), None);
    one.integrations = vec![IntegrationId(9)];
    let all = directory(vec![one]);
    assert_eq!(judged(&all, SHOP, &labelled("k", "db1"), 1), None);
}

#[test]
fn what_names_nothing_matches_everything() {
    let mut one = window(1, &[(0, 100)]);
    assert!(!one.matches_everything());
    one.services.clear();
    assert!(one.matches_everything());
    one.matchers = vec![Matcher::parse("host!=x").unwrap()];
    assert!(one.matches_everything());
    one.matchers = vec![Matcher::parse("host=~.+").unwrap()];
    assert!(!one.matches_everything());
}

#[test]
fn an_incident_rests_while_all_its_alerts_are_suppressed() {
    // §3.3.
    let mut on_db = window(1, &[(0, 100)]);
    on_db.matchers = vec![Matcher::parse("host=db").unwrap()];
    let all = directory(vec![on_db, window(2, &[(0, 50)])]);
    let alert = |host: &str| Alert::opened(crate::AlertId(1), DOOR, &labelled("k", host), at(0));
    let rests = |open: &[Alert], now: i64| pause(&all, SHOP, open, at(now)).map(|p| p.until);
    assert_eq!(rests(&[alert("db")], 10), Some(at(100)));
    assert_eq!(rests(&[alert("db"), alert("web")], 10), Some(at(50)));
    assert_eq!(rests(&[alert("db"), alert("web")], 60), None);
    assert_eq!(rests(&[], 10), None);
    assert!(may_pause(&all, SHOP, at(99)) && !may_pause(&all, SHOP, at(100)));
    assert!(!may_pause(&all, ServiceId(7), at(10)));
}

#[test]
fn equal_labels_make_equal_keys() {
    let rule = Inhibition {
        id: InhibitionId(1),
        name: "host down".into(),
        team_id: None,
        source: vec![],
        target: vec![],
        equal: vec!["host".into(), "zone".into()],
        created_by: None,
        created_at: at(0),
    };
    let key = |host: &str| rule.key(&Fields::of_signal(&labelled("k", host)));
    assert_eq!(key("a"), key("a"));
    assert_ne!(key("a"), key("b"));
    assert_ne!(key(""), key("a"));
}

proptest! {
    /// `active_until` says the same as looking at every second by itself.
    #[test]
    fn the_end_is_the_first_instant_without(spans in prop::collection::vec((0..60_i64, 1..20_i64), 1..8), now in 0..80_i64) {
        let mut spans: Vec<(i64, i64)> = spans.into_iter().map(|(a, n)| (a, a + n)).collect();
        spans.sort_unstable();
        let one = window(1, &spans);
        let holds = |t: i64| spans.iter().any(|(a, b)| *a <= t && t < *b);
        let naive = holds(now).then(|| (now..).find(|t| !holds(*t)).unwrap());
        prop_assert_eq!(one.active_until(at(now)), naive.map(at));
    }
}
