//! What rules make of signals.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::service::{Integration, Service, ServiceSettings};
use crate::word::{Action, IntegrationKind};
use crate::{IntegrationId, Timestamp};

mod alerts;

const HOME: ServiceId = ServiceId(1);

fn directory() -> Directory {
    let mut directory = Directory::default();
    for id in 1..=4 {
        let service = Service {
            id: ServiceId(id),
            slug: format!("s{id}"),
            name: format!("Service {id}"),
            description: String::new(),
            team_id: None,
            policy_id: None,
            settings: ServiceSettings::default(),
        };
        directory.services.insert(service.id, Arc::new(service));
    }
    directory
}

fn integration(rules: Vec<Rule>) -> Integration {
    Integration {
        id: IntegrationId(7),
        service_id: HOME,
        name: "Prometheus".into(),
        kind: IntegrationKind::Generic,
        key_hash: [0; 32],
        key_hint: String::new(),
        settings: Default::default(),
        routing: routing(rules),
        created_at: Timestamp(0),
    }
}

fn routing(rules: Vec<Rule>) -> Routing {
    Routing {
        on: true,
        rekeyed: rules.iter().any(|rule| rule.then.dedup_key.is_some()),
        rules,
    }
}

fn rule(id: i64, condition: &str, then: Outcome) -> Rule {
    Rule {
        id: RoutingRuleId(id),
        name: format!("Rule {id}"),
        enabled: true,
        condition: (!condition.is_empty()).then(|| Expression::compile(condition).unwrap()),
        then,
        since: Timestamp(0),
    }
}

fn to(service: i64) -> Outcome {
    Outcome {
        service: Some(ServiceId(service)),
        ..Outcome::default()
    }
}

fn and_on(then: Outcome) -> Outcome {
    Outcome {
        continues: true,
        ..then
    }
}

fn text(source: &str) -> Template {
    Template::compile(source).unwrap()
}

fn trigger(key: &str, labels: Value) -> Signal {
    let mut signal = Signal::new(Action::Trigger, key, format!("{key} is down"));
    signal.details = json!({ "labels": labels });
    signal
}

fn ask(rules: Vec<Rule>, signal: &Signal) -> Decision {
    decide(&routing(rules), HOME, &directory(), signal)
}

fn ids(decision: &Decision) -> Vec<i64> {
    decision.matched.iter().map(|rule| rule.id.0).collect()
}

#[test]
fn the_first_match_ends_it() {
    let rules = vec![
        rule(1, "labels.team == 'db'", to(2)),
        rule(2, "severity == 'critical'", to(3)),
        rule(3, "", to(4)),
    ];
    let decided = ask(rules.clone(), &trigger("a", json!({"team": "db"})));
    assert_eq!((decided.service, ids(&decided)), (ServiceId(2), vec![1]));
    assert_eq!(decided.trace.len(), 1, "later rules are not asked");
    let decided = ask(rules[..2].to_vec(), &{
        let mut signal = trigger("a", json!({"team": "web"}));
        signal.severity = AlertSeverity::Info;
        signal
    });
    assert_eq!(decided.service, HOME, "the catch-all");
    assert!(decided.fell_through && decided.warnings.is_empty());
    assert_eq!(decided.trace[0].1, Verdict::NotMatched);
}

#[test]
fn what_continues_adds_up_and_later_rules_see_it() {
    let enrich = Outcome {
        labels: [("tier".to_owned(), text("{labels.team}-1"))].into(),
        severity: Some(AlertSeverity::Warning),
        ..Outcome::default()
    };
    let rules = vec![
        rule(1, "", and_on(enrich)),
        rule(
            2,
            "labels.tier == 'db-1' && severity == 'warning'",
            and_on(to(2)),
        ),
        rule(3, "has(labels.nothing)", to(4)),
        rule(
            4,
            "",
            and_on(Outcome {
                suppress: true,
                ..Outcome::default()
            }),
        ),
    ];
    let signal = trigger("a", json!({"team": "db"}));
    let decided = ask(rules, &signal);
    assert_eq!(ids(&decided), [1, 2, 4]);
    assert_eq!(decided.service, ServiceId(2), "the last that named one");
    assert!(decided.fell_through, "none of them ended it");
    assert_eq!(decided.suppressed_by.as_ref().unwrap().id.0, 4);
    let made = decided.applied_to(&signal);
    assert_eq!(made.severity, AlertSeverity::Warning);
    assert_eq!(
        made.details["labels"],
        json!({"team": "db", "tier": "db-1"})
    );
}

#[test]
fn what_cannot_be_asked_does_not_match_and_says_so() {
    let rules = vec![
        rule(1, "labels.team == 'db'", to(2)),
        rule(2, "summary", to(3)),
        rule(3, "severity == 'critical'", to(4)),
    ];
    let decided = ask(rules, &trigger("a", json!({})));
    assert_eq!(decided.service, ServiceId(4));
    assert_eq!(decided.warnings.len(), 2);
    assert!(decided.warnings[0].contains("Rule 1") && decided.warnings[0].contains("team"));
    assert!(matches!(decided.trace[1].1, Verdict::Failed(_)));
}

#[test]
fn one_that_is_off_or_whose_service_is_gone_loses_nothing() {
    let mut off = rule(1, "", to(2));
    off.enabled = false;
    let decided = ask(vec![off, rule(2, "", to(99))], &trigger("a", json!({})));
    assert_eq!((decided.service, ids(&decided)), (HOME, vec![2]));
    assert_eq!(decided.trace[0].1, Verdict::Off);
    assert_eq!(decided.warnings.len(), 1);
}

#[test]
fn keys_are_composed_and_never_empty() {
    let keyed = |dedup: &str, group: &str| Outcome {
        dedup_key: Some(text(dedup)),
        group_key: Some(text(group)),
        ..Outcome::default()
    };
    let mut signal = trigger("own", json!({"cluster": "eu", "n": "1"}));
    signal.group_key = Some("theirs".into());
    let made = ask(
        vec![rule(1, "", keyed("{labels.cluster}/{{x}}", "{group_key}!"))],
        &signal,
    );
    assert_eq!(made.dedup_key.as_deref(), Some("eu/{x}"));
    assert_eq!(made.group_key.as_deref(), Some("theirs!"));
    let empty = ask(vec![rule(1, "", keyed(" ", ""))], &signal);
    assert_eq!(empty.dedup_key, None, "the monitor's own");
    assert_eq!(empty.applied_to(&signal).group_key, None, "no group");
    assert_eq!(empty.warnings.len(), 1);
    let failed = ask(vec![rule(1, "", keyed("{labels.no}", "{1 / 0}"))], &signal);
    assert_eq!(
        (failed.dedup_key.as_ref(), failed.warnings.len()),
        (None, 2)
    );
    assert_eq!(ids(&failed), [1], "it matched all the same");
    let long = ask(vec![rule(1, "", keyed("{'x' + summary}", "g"))], &{
        Signal::new(Action::Trigger, "k", "é".repeat(900))
    });
    assert_eq!(long.dedup_key.unwrap().chars().count(), DEDUP_KEY_MAX);
}

#[test]
fn templates_say_where_they_are_wrong() {
    for (source, position) in [
        ("{summary", 1),
        ("ab}", 3),
        ("x{nothing}", 3),
        ("x{summary +}", 12),
        ("{}", 2),
    ] {
        let error = Template::compile(source).unwrap_err();
        assert_eq!(error.position, position, "{source}: {error}");
    }
    let odd = text("{ {'a}': summary}['a}'] }");
    let scope = signal_scope(&trigger("k", json!({})));
    let made = odd.compose(&scope, &mut Budget::default()).unwrap();
    assert_eq!(made, "k is down");
    assert!(Template::compile(&"x".repeat(TEMPLATE_MAX + 1)).is_err());
}

#[test]
fn one_signal_cannot_cost_much() {
    let costly = "details.all.exists(x, details.all.exists(y, x == y + 1))";
    let rules: Vec<Rule> = (0..100).map(|id| rule(id, costly, to(2))).collect();
    let mut signal = trigger("a", json!({}));
    signal.details = json!({ "all": (0..2_000).map(|n| n * 2).collect::<Vec<i64>>() });
    let decided = ask(rules, &signal);
    assert_eq!(decided.service, HOME);
    assert_eq!(decided.warnings.len(), 100);
}

#[test]
fn rules_are_stored_as_they_are_written() {
    let full = Outcome {
        service: Some(ServiceId(2)),
        severity: Some(AlertSeverity::Error),
        dedup_key: Some(text("{source}")),
        group_key: Some(text("")),
        labels: [("a".to_owned(), text("b"))].into(),
        suppress: true,
        continues: true,
    };
    let written = routing(vec![rule(1, "true", full), rule(2, "", to(3))]);
    let stored = serde_json::to_string(&written).unwrap();
    assert_eq!(serde_json::from_str::<Routing>(&stored).unwrap(), written);
    assert_eq!(
        serde_json::from_str::<Routing>("{}").unwrap(),
        Routing::default()
    );
}

fn outcome() -> impl Strategy<Value = Outcome> {
    (
        proptest::option::of(1..6_i64),
        proptest::option::of(proptest::sample::select(AlertSeverity::ALL)),
        proptest::option::of(proptest::sample::select(vec![
            "{labels.team}",
            "all",
            "{source}",
            "{labels.no}",
        ])),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(service, severity, key, suppress, continues)| Outcome {
            service: service.map(ServiceId),
            severity,
            dedup_key: key.map(text),
            group_key: key.map(text),
            labels: key
                .map(|key| ("l".to_owned(), text(key)))
                .into_iter()
                .collect(),
            suppress,
            continues,
        })
}

fn some_rule() -> impl Strategy<Value = Rule> {
    let conditions = vec![
        "",
        "true",
        "false",
        "labels.team == 'db'",
        "severity == 'critical'",
        "summary",
        "labels.l == 'all'",
        "has(labels.team) && labels.team.startsWith('w')",
    ];
    (
        1..50_i64,
        proptest::sample::select(conditions),
        outcome(),
        any::<bool>(),
    )
        .prop_map(|(id, condition, then, enabled)| Rule {
            enabled,
            ..rule(id, condition, then)
        })
}

fn some_signal() -> impl Strategy<Value = Signal> {
    (
        "[a-z]{1,5}",
        proptest::option::of("db|web|x"),
        proptest::sample::select(AlertSeverity::ALL),
        proptest::sample::select(vec![
            json!(null),
            json!("text"),
            json!([1]),
            json!({}),
            json!({"labels": "odd"}),
            json!({"labels": {"l": "before", "x": 1}, "other": [2]}),
        ]),
    )
        .prop_map(|(key, team, severity, details)| {
            let mut signal = Signal::new(Action::Trigger, key, "x");
            signal.severity = severity;
            signal.details = details;
            if let Some(team) = team {
                signal.details = json!({ "labels": { "team": team } });
            }
            signal
        })
}

proptest! {
    /// Every signal gets a service that exists, whatever the rules; the first match that does not
    /// continue is the last that is asked; what continues is carried out in order.
    #[test]
    fn every_signal_arrives(rules in proptest::collection::vec(some_rule(), 0..8), signal in some_signal()) {
        let directory = directory();
        let decided = decide(&routing(rules.clone()), HOME, &directory, &signal);
        prop_assert!(directory.service(decided.service).is_some());
        let matched: Vec<&Rule> = decided
            .trace
            .iter()
            .zip(&rules)
            .filter(|((_, verdict), _)| *verdict == Verdict::Matched)
            .map(|(_, rule)| rule)
            .collect();
        let stops = matched.iter().filter(|rule| !rule.then.continues).count();
        prop_assert_eq!(stops, usize::from(!decided.fell_through));
        if decided.fell_through {
            prop_assert_eq!(decided.trace.len(), rules.len());
        } else {
            prop_assert!(!matched.last().unwrap().then.continues);
        }
        let mut named = matched.iter().filter_map(|rule| rule.then.service);
        let last = named.rfind(|id| directory.service(*id).is_some());
        prop_assert_eq!(decided.service, last.unwrap_or(HOME));
        let severity = matched.iter().filter_map(|rule| rule.then.severity).next_back();
        let made = decided.applied_to(&signal);
        prop_assert_eq!(made.severity, severity.unwrap_or(signal.severity));
        prop_assert!(!made.dedup_key.is_empty());
        prop_assert_eq!(
            decided.suppressed_by.is_some(),
            matched.iter().any(|rule| rule.then.suppress)
        );
    }

    /// An alert remembers what its monitor said, so that changed rules can be asked again.
    #[test]
    fn the_trigger_is_remembered(rules in proptest::collection::vec(some_rule(), 0..5), signal in some_signal()) {
        let mut directory = directory();
        let door = integration(rules);
        directory.integrations.insert(door.id, Arc::new(door.clone()));
        let home = directory.service(HOME).unwrap();
        let way = Way::of(&door, home, &signal, &directory);
        let mut alert = Alert::opened(crate::AlertId(1), door.id, &way.signal, Timestamp(0));
        alert.group_key.clone_from(&signal.group_key);
        alert.route.clone_from(&way.route);
        prop_assert_eq!(&alert.as_said(), &signal);
        let stored = serde_json::to_string(&alert.route).unwrap();
        let read: Option<Route> = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(&read, &alert.route);
        let before = alert.clone();
        reroute(&mut alert, &directory);
        prop_assert_eq!(alert, before, "the same rules say the same");
    }

    /// Whatever is typed, nothing panics, and what is read composes or says why not.
    #[test]
    fn anything_may_be_typed(source in ".{0,60}", signal in some_signal()) {
        if let Ok(template) = Template::compile(&source) {
            drop(template.compose(&signal_scope(&signal), &mut Budget::default()));
        }
    }
}

use crate::alert::Alert;

#[test]
fn what_would_be_different_is_told() {
    let directory = directory();
    let signal = trigger("k", json!({"team": "db"}));
    let before = ask(vec![], &signal);
    let then = Outcome {
        severity: Some(AlertSeverity::Info),
        dedup_key: Some(text("{labels.team}")),
        suppress: true,
        ..to(2)
    };
    let after = ask(vec![rule(1, "", then.clone())], &signal);
    let told: Vec<String> = differences(&signal, &before, &after, &directory)
        .into_iter()
        .map(|one| format!("{}: {} → {}", one.field, one.from, one.to))
        .collect();
    assert_eq!(
        told,
        [
            "service: Service 1 → Service 2",
            "suppressed: no → yes",
            "severity: critical → info",
            "dedup_key: k → db"
        ]
    );
    assert!(differences(&signal, &after, &after, &directory).is_empty());
    let words = then.in_words(&directory).join(", ");
    assert!(
        words.starts_with("goes to Service 2, is recorded"),
        "{words}"
    );
}
