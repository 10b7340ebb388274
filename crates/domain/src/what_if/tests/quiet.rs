//! What holds an alert back, or makes it less urgent, is part of what would happen.

use super::*;
use crate::incident::{Actor, Command, decide};
use crate::policy::StepHours;
use crate::schedule::{Restriction, Weekday};
use crate::service::{Grouping, HoursUrgency, SupportHours, UrgencyRule};
use crate::suppression::{Fields, Inhibition, Matcher, Suppression, SuppressionKind};
use crate::{AlertId, InhibitionId, IntegrationId, SuppressionId};

/// A window over Checkout's alerts that match, in minutes after the alert.
fn hold(directory: &mut Directory, id: i64, matchers: &[&str], spans: &[(i64, i64)]) {
    let at = |offset: i64| t0() + minutes(offset);
    let one = Suppression {
        id: SuppressionId(id),
        kind: SuppressionKind::Silence,
        services: vec![CHECKOUT],
        integrations: vec![],
        matchers: matchers
            .iter()
            .map(|text| Matcher::parse(text).unwrap())
            .collect(),
        starts_at: at(spans[0].0),
        ends_at: at(spans[0].1),
        recurrence: None,
        zone: "UTC".into(),
        occurrences: spans
            .iter()
            .map(|(from, until)| (at(*from), at(*until)))
            .collect(),
        comment: format!("window {id}"),
        created_by: None,
        author: "Ana".into(),
        created_at: t0(),
    };
    directory.suppressions.insert(one.id, Arc::new(one));
}

fn labelled(labels: &[(&str, &str)]) -> Scenario {
    let labels = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Scenario {
        labels: labels.collect(),
        ..scenario()
    }
}

fn settings(directory: &mut Directory, change: impl FnOnce(&mut ServiceSettings)) {
    let service = directory.services.get_mut(&CHECKOUT).unwrap();
    change(&mut Arc::make_mut(service).settings);
}

#[test]
fn a_silenced_alert_pages_when_the_last_window_ends() {
    let mut directory = ladder();
    hold(&mut directory, 1, &[], &[(-10, 90), (95, 100)]);
    hold(&mut directory, 2, &["severity=critical"], &[(80, 120)]);
    let course = run(&scenario(), &directory).unwrap();
    assert_eq!(
        course.events[0].kind,
        EventKind::Held(Some(t0() + minutes(90)))
    );
    assert_eq!(
        course.events[0].text,
        "The alert is suppressed by the silence “window 1” until 2026-03-02T10:28:00Z: it is \
         recorded, and pages nobody."
    );
    assert_eq!(
        course.events[1].text,
        "The alert is still suppressed by the silence “window 2” until 2026-03-02T10:58:00Z: it \
         is recorded, and pages nobody."
    );
    assert_eq!(paged(&course)[..3], [(120, ANA), (125, BO), (125, CLEO)]);
    assert!(texts(&course).contains("was suppressed by the silence “window 2” and still fires"));
    // As long as was asked, from when it pages.
    assert_eq!(course.ended_at, t0() + minutes(120) + HORIZON_DEFAULT);
    assert_eq!(course.end, End::Horizon);
}

#[test]
fn what_matches_is_what_the_alert_says() {
    let mut directory = ladder();
    hold(&mut directory, 1, &["alertname=\"Disk\""], &[(-10, 60)]);
    let first = |scenario: &Scenario| paged(&run(scenario, &directory).unwrap())[0].0;
    assert_eq!(first(&scenario()), 0);
    assert_eq!(
        first(&labelled(&[("alertname", "Disk"), ("host", "a")])),
        60
    );
    assert_eq!(first(&labelled(&[("alertname", "Memory")])), 0);
    // Windows that name an integration hold what comes by it only.
    let mut directory = ladder();
    hold(&mut directory, 1, &[], &[(-10, 60)]);
    let one = directory.suppressions.get_mut(&SuppressionId(1)).unwrap();
    Arc::make_mut(one).integrations = vec![IntegrationId(7)];
    assert_eq!(paged(&run(&scenario(), &directory).unwrap())[0].0, 0);
    let unknown = Scenario {
        integration: Some(IntegrationId(7)),
        ..scenario()
    };
    assert_eq!(problems(&unknown, &directory)[0].field, "integration");
    let mut known = door(&scenario(), &directory);
    known.id = IntegrationId(7);
    directory.integrations.insert(known.id, Arc::new(known));
    assert_eq!(paged(&run(&unknown, &directory).unwrap())[0].0, 60);
}

#[test]
fn a_window_that_begins_meanwhile_lets_paging_rest() {
    let mut directory = ladder();
    hold(&mut directory, 1, &[], &[(3, 60)]);
    let course = run(&scenario(), &directory).unwrap();
    assert_eq!(paged(&course)[..3], [(0, ANA), (60, BO), (60, CLEO)]);
    assert!(texts(&course).contains("Paging rests until 2026-03-02T09:58:00Z"));
}

#[test]
fn held_for_longer_than_is_followed_nobody_is_paged() {
    let mut directory = ladder();
    hold(&mut directory, 1, &[], &[(0, 32 * 1_440)]);
    let course = run(&scenario(), &directory).unwrap();
    assert_eq!((course.end, course.incident.is_none()), (End::Held, true));
    assert_eq!((course.pages.len(), course.events.len()), (0, 1));
}

#[test]
fn by_support_hours_it_is_low_until_they_begin() {
    let mut directory = ladder();
    // It is Monday, 08:58 in UTC.
    settings(&mut directory, |settings| {
        settings.urgency = UrgencyRule::SupportHours;
        settings.support_hours = Some(SupportHours {
            hours: StepHours {
                zone: Some("UTC".into()),
                ranges: vec![Restriction {
                    weekdays: vec![Weekday::Monday],
                    from: "09:30".parse().unwrap(),
                    until: "17:00".parse().unwrap(),
                }],
            },
            inside: HoursUrgency::High,
            outside: HoursUrgency::Low,
            raise: true,
        });
    });
    let course = run(&scenario(), &directory).unwrap();
    let pages = paged(&course);
    assert_eq!(pages[..4], [(0, ANA), (32, ANA), (37, BO), (37, CLEO)]);
    assert!(texts(&course).contains("Support hours began and it is still open"));
    let urgencies: Vec<Urgency> = course.pages[..2].iter().map(|page| page.urgency).collect();
    assert_eq!(urgencies, [Urgency::Low, Urgency::High]);
    // Who acknowledges before is told, and nobody is paged.
    let answered = Scenario {
        answers: vec![answer(ANA, 1, minutes(1), Act::Resolve)],
        ..scenario()
    };
    let course = run(&answered, &directory).unwrap();
    assert_eq!(paged(&course), [(0, ANA)]);
}

/// An incident that is open beside the scenario.
fn open(directory: &Directory, scenario: &Scenario) -> WorkingSet {
    let mut set = WorkingSet::default();
    let service = directory.service(scenario.service).unwrap();
    let mut other = signal(scenario);
    other.dedup_key = "other".into();
    let door = door(scenario, directory);
    struct Real(i64);
    impl crate::dedup::Numbering for Real {
        type Error = std::convert::Infallible;
        fn alert_id(&mut self) -> Result<AlertId, Self::Error> {
            self.0 += 1;
            Ok(AlertId(self.0))
        }
        fn incident_id(&mut self) -> Result<crate::IncidentId, Self::Error> {
            self.0 += 1;
            Ok(crate::IncidentId(self.0))
        }
        fn incident_number(&mut self) -> Result<i64, Self::Error> {
            Ok(42)
        }
    }
    let before = t0() - minutes(1);
    let Ok(_) = set.apply(&door, service, &other, directory, &mut Real(10), before);
    set.effects.clear();
    drop(set.take_changed_alerts());
    set
}

#[test]
fn what_joins_an_open_incident_pages_nobody_anew() {
    let mut directory = ladder();
    settings(&mut directory, |settings| {
        settings.grouping = Grouping::Window
    });
    let mut set = open(&directory, &scenario());
    let course = run_beside(&scenario(), &directory, set).unwrap();
    assert_eq!(course.end, End::Joined);
    assert!(course.pages.is_empty());
    assert_eq!(course.events[0].kind, EventKind::Joined);
    assert_eq!(
        course.events[0].text,
        "The alert joins INC-0042 “An alert of the what-if”, which is paging already: nobody is \
         paged anew."
    );
    // §2.3: whoever has acknowledged is told.
    set = open(&directory, &scenario());
    let incident = set.incidents.values_mut().next().unwrap();
    let actor = Actor::user(BO, crate::word::Origin::Web);
    let service = ServiceSettings::default();
    let decided = decide(
        incident,
        &Command::Acknowledge,
        actor,
        &service,
        &directory,
        t0(),
    );
    *incident = decided.unwrap().incident;
    let course = run_beside(&scenario(), &directory, set).unwrap();
    let all = texts(&course);
    assert!(all.contains("which Bo has acknowledged"), "{all}");
    assert!(
        all.contains("Bo, who has acknowledged, is told: Another alert"),
        "{all}"
    );
    // One that makes a low incident high pages.
    let low = Scenario {
        severity: AlertSeverity::Info,
        ..scenario()
    };
    let set = open(&directory, &low);
    let course = run_beside(&scenario(), &directory, set).unwrap();
    assert_eq!(paged(&course)[..2], [(0, ANA), (5, BO)]);
}

#[test]
fn a_storm_takes_it_in() {
    let mut directory = ladder();
    settings(&mut directory, |settings| settings.storm_limit = Some(2));
    let mut set = WorkingSet::default();
    let just = |seconds: i64| t0() - Span::from_seconds(seconds);
    let recent = crate::dedup::Recent::of(vec![just(5), just(9)], 2);
    set.recent.insert(CHECKOUT, recent);
    let course = run_beside(&scenario(), &directory, set).unwrap();
    // The first that is too many opens the storm's incident, which pages once.
    assert!(texts(&course).contains("Further alerts that would open incidents"));
    assert_eq!(paged(&course)[0], (0, ANA));
}

#[test]
fn an_alert_that_explains_it_holds_it_back() {
    let mut directory = ladder();
    let rule = Inhibition {
        id: InhibitionId(1),
        name: "hosts".into(),
        team_id: None,
        source: vec![Matcher::parse("alertname=HostDown").unwrap()],
        target: vec![Matcher::parse("alertname=Disk").unwrap()],
        equal: vec!["host".into()],
        created_by: None,
        created_at: t0(),
    };
    let asked = labelled(&[("alertname", "Disk"), ("host", "a")]);
    let said = signal(&asked);
    let key = rule.key(&Fields::of_signal(&said));
    directory.inhibitions.insert(rule.id, Arc::new(rule));
    let mut set = WorkingSet::default();
    let source = BTreeMap::from([(AlertId(9), "Host a is down".to_owned())]);
    set.sources.insert((InhibitionId(1), key), source);
    let course = run_beside(&asked, &directory, set).unwrap();
    assert_eq!((course.end, course.pages.len()), (End::Held, 0));
    assert!(
        texts(&course).contains("suppressed by the alert “Host a is down” until that is resolved")
    );
    assert_eq!(course.events[0].kind, EventKind::Held(None));
    assert_eq!(paged(&run(&asked, &directory).unwrap())[0], (0, ANA));
}

#[test]
fn labels_are_read_as_they_are_typed() {
    let read = labels("alertname=Disk, cluster=\"eu\"\n host = a=b ,").unwrap();
    let read: Vec<(&str, &str)> = read.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        read,
        [("alertname", "Disk"), ("cluster", "eu"), ("host", "a=b")]
    );
    assert!(labels("Disk").is_err() && labels("=x").is_err());
}
