//! Services, windows and routing rules that are tried.

use super::*;
use crate::routing::{Outcome, Routing, Rule};
use crate::service::{Integration, UrgencyRule};
use crate::suppression::{Matcher, Suppression, SuppressionKind};
use crate::{IntegrationId, RoutingRuleId, SuppressionId};

const OTHER: ServiceId = ServiceId(2);
const DOOR: IntegrationId = IntegrationId(7);

fn window(services: Vec<ServiceId>, from: i64, until: i64) -> Suppression {
    let (starts_at, ends_at) = (t0() + minutes(from), t0() + minutes(until));
    Suppression {
        id: SuppressionId(0),
        kind: SuppressionKind::Maintenance,
        services,
        integrations: vec![],
        matchers: vec![Matcher::parse("alertname=Disk").unwrap()],
        starts_at,
        ends_at,
        recurrence: None,
        zone: "UTC".into(),
        occurrences: vec![(starts_at, ends_at)],
        comment: "new disks".into(),
        created_by: None,
        author: "Ana".into(),
        created_at: t0(),
    }
}

fn disk() -> Scenario {
    Scenario {
        labels: BTreeMap::from([("alertname".to_owned(), "Disk".to_owned())]),
        ..scenario()
    }
}

#[test]
fn a_window_is_tried_beside_others_or_in_the_place_of_itself() {
    let saved = ladder();
    let with = with_window(&saved, None, window(vec![CHECKOUT], -10, 60));
    assert_eq!(paged(&run(&disk(), &with).unwrap())[0].0, 60);
    assert_eq!(
        paged(&run(&scenario(), &with).unwrap())[0].0,
        0,
        "another alert"
    );
    assert!(saved.suppressions.is_empty());
    // Shortened: what it was does not count.
    let id = SuppressionId(4);
    let mut kept = saved.clone();
    let long = Suppression {
        id,
        ..window(vec![CHECKOUT], -10, 600)
    };
    kept.suppressions.insert(id, Arc::new(long));
    let edited = with_window(&kept, Some(id), window(vec![CHECKOUT], -10, 30));
    assert_eq!(edited.suppressions.len(), 1);
    assert_eq!(paged(&run(&disk(), &edited).unwrap())[0].0, 30);
}

#[test]
fn a_service_is_tried_as_it_would_be() {
    let saved = ladder();
    let draft = ServiceDraft {
        id: Some(CHECKOUT),
        name: "Checkout".into(),
        policy: None,
        settings: ServiceSettings::default(),
    };
    let (with, id) = with_service(&saved, draft.clone());
    assert_eq!(id, CHECKOUT);
    // Without a policy the last resort is paged.
    assert_eq!(paged(&run(&scenario(), &with).unwrap())[0], (0, DAN));
    let settings = ServiceSettings {
        urgency: UrgencyRule::Low,
        ..ServiceSettings::default()
    };
    let (with, id) = with_service(
        &saved,
        ServiceDraft {
            id: None,
            name: String::new(),
            policy: Some(PolicyId(5)),
            settings,
        },
    );
    assert_eq!(with.service(id).unwrap().name, "the new service");
    let quiet = Scenario {
        service: id,
        ..scenario()
    };
    let course = run(&quiet, &with).unwrap();
    assert_eq!(paged(&course), [(0, ANA)]);
    assert_eq!(course.incident.unwrap().urgency, Urgency::Low);
}

fn rule(id: i64, condition: &str, then: Outcome) -> Rule {
    Rule {
        id: RoutingRuleId(id),
        name: format!("Rule {id}"),
        enabled: true,
        condition: Some(crate::expression::Expression::compile(condition).unwrap()),
        then,
        since: t0(),
    }
}

/// Checkout and another service, whose policy pages Cleo; a global integration of Checkout's.
fn routed() -> Directory {
    let mut directory = ladder();
    let mut other = (*directory.services[&CHECKOUT]).clone();
    (other.id, other.name, other.policy_id) = (OTHER, "Databases".into(), Some(PolicyId(6)));
    directory.services.insert(OTHER, Arc::new(other));
    let mut policy = (*directory.policies[&PolicyId(5)]).clone();
    policy.id = PolicyId(6);
    policy.current.config.steps = vec![step(vec![user(CLEO)], minutes(5))];
    directory.policies.insert(policy.id, Arc::new(policy));
    let rules = vec![
        rule(
            1,
            "has(labels.db)",
            Outcome {
                service: Some(OTHER),
                severity: Some(AlertSeverity::Error),
                ..Outcome::default()
            },
        ),
        rule(
            2,
            "has(labels.noise)",
            Outcome {
                suppress: true,
                ..Outcome::default()
            },
        ),
    ];
    let door = Integration {
        id: DOOR,
        routing: Routing {
            on: true,
            rules,
            rekeyed: false,
        },
        ..door(&scenario(), &directory)
    };
    directory.integrations.insert(DOOR, Arc::new(door));
    directory
}

fn asked(label: &str, directory: &Directory) -> Scenario {
    let mut scenario = Scenario {
        integration: Some(DOOR),
        routed: true,
        labels: BTreeMap::from([(label.to_owned(), "yes".to_owned())]),
        ..scenario()
    };
    scenario.service = routed_to(&scenario, directory).unwrap();
    scenario
}

#[test]
fn without_a_service_the_rules_of_the_integration_say_where_it_goes() {
    // §2.1.
    let directory = routed();
    let question = asked("db", &directory);
    assert_eq!(question.service, OTHER);
    let course = run(&question, &directory).unwrap();
    assert_eq!(course.events[0].kind, EventKind::Routed);
    assert_eq!(
        course.events[0].text,
        "The alert goes to Databases by the rule “Rule 1”, as error."
    );
    assert_eq!(paged(&course)[0], (0, CLEO));
    assert_eq!(
        course.incident.unwrap().alert_severity,
        AlertSeverity::Error
    );

    let course = run(&asked("other", &directory), &directory).unwrap();
    assert_eq!(
        course.events[0].text,
        "The alert goes to Checkout by the catch-all rule."
    );
    assert_eq!(paged(&course)[0], (0, ANA));

    let course = run(&asked("noise", &directory), &directory).unwrap();
    assert_eq!(course.end, End::Held);
    assert_eq!(course.events[1].kind, EventKind::Held(None));
    assert!(course.pages.is_empty());
    // A service that is chosen is asked itself.
    let chosen = Scenario {
        routed: false,
        service: CHECKOUT,
        ..asked("db", &directory)
    };
    let course = run(&chosen, &directory).unwrap();
    assert_eq!(paged(&course)[0], (0, ANA));
}
