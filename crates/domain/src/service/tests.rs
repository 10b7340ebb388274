use serde_json::json;

use super::*;
use crate::schedule::{Restriction, Weekday};
use crate::signal::Signal;
use crate::word::Action;

/// Monday 2026-03-16 00:00 UTC.
const MONDAY: Timestamp = Timestamp::from_seconds(1_773_619_200);

fn hours(raise: bool) -> ServiceSettings {
    let working = Restriction {
        weekdays: vec![
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
        ],
        from: "09:00".parse().unwrap(),
        until: "17:00".parse().unwrap(),
    };
    ServiceSettings {
        urgency: UrgencyRule::SupportHours,
        support_hours: Some(SupportHours {
            hours: StepHours {
                zone: Some("UTC".into()),
                ranges: vec![working],
            },
            inside: HoursUrgency::BySeverity,
            outside: HoursUrgency::Low,
            raise,
        }),
        ..ServiceSettings::default()
    }
}

fn signal(host: &str, zone: &str) -> Signal {
    let mut signal = Signal::new(Action::Trigger, "k", "x");
    signal.details = json!({"labels": {"host": host, "zone": zone}});
    signal
}

#[test]
fn urgency_goes_by_severity_as_set() {
    // §3.1: critical and error are high, the rest low.
    let mut settings = ServiceSettings::default();
    let now = MONDAY;
    for (severity, urgency) in
        AlertSeverity::ALL
            .iter()
            .zip([Urgency::High, Urgency::High, Urgency::Low, Urgency::Low])
    {
        assert_eq!(settings.urgency_of(*severity, now), urgency);
    }
    settings.high_severities = vec![AlertSeverity::Warning];
    assert_eq!(
        settings.urgency_of(AlertSeverity::Warning, now),
        Urgency::High
    );
    assert_eq!(
        settings.urgency_of(AlertSeverity::Critical, now),
        Urgency::Low
    );
}

#[test]
fn support_hours_decide_and_raise_what_is_open() {
    // §3.1.
    let settings = hours(true);
    let (inside, outside) = (MONDAY + Span::from_hours(10), MONDAY + Span::from_hours(18));
    assert_eq!(
        settings.urgency_of(AlertSeverity::Critical, inside),
        Urgency::High
    );
    assert_eq!(
        settings.urgency_of(AlertSeverity::Critical, outside),
        Urgency::Low
    );
    let next = MONDAY + Span::from_hours(24 + 9);
    assert_eq!(
        settings.raise_at(AlertSeverity::Critical, outside),
        Some(next)
    );
    assert_eq!(
        settings.raise_at(AlertSeverity::Info, outside),
        None,
        "low inside, too"
    );
    let saturday = MONDAY + Span::from_hours(5 * 24);
    let monday = MONDAY + Span::from_hours(7 * 24 + 9);
    assert_eq!(
        settings.raise_at(AlertSeverity::Error, saturday),
        Some(monday)
    );
    assert_eq!(
        hours(false).raise_at(AlertSeverity::Critical, outside),
        None
    );
    assert_eq!(
        settings.urgencies_of(AlertSeverity::Critical),
        [Urgency::High, Urgency::Low]
    );
    assert_eq!(settings.urgencies_of(AlertSeverity::Info), [Urgency::Low]);
}

#[test]
fn fields_group_by_equal_values() {
    // §2.2.
    let settings = ServiceSettings {
        grouping: Grouping::Fields,
        grouping_fields: vec!["host".into(), "zone".into()],
        ..ServiceSettings::default()
    };
    let key = |host: &str, zone: &str| {
        let signal = signal(host, zone);
        settings.group_of(&Fields::of_signal(&signal))
    };
    assert_eq!(key("a", "eu"), key("a", "eu"));
    assert_ne!(key("a", "eu"), key("a", "us"));
    assert_ne!(key("ab", ""), key("a", "b"));
    assert_eq!(key("", ""), None, "nothing in common is no group");
    let long = "x".repeat(5_000);
    let (one, other) = (key(&long, "eu").unwrap(), key(&long, "us").unwrap());
    assert!(one.len() <= 600 && one != other);
}

#[test]
fn no_monitor_makes_a_key_of_ours() {
    let mut signal = signal("a", "b");
    signal.group_key = Some(STORM_KEY.into());
    let key = ServiceSettings::default().group_of(&Fields::of_signal(&signal));
    assert_ne!(key.as_deref(), Some(STORM_KEY));
}

#[test]
fn settings_of_before_still_load() {
    let old = r#"{"urgency":"high","grouping":"none","auto_resolve":false,"reopen_window":60,
        "ack_timeout_high":null,"ack_timeout_low":null}"#;
    let read: ServiceSettings = serde_json::from_str(old).unwrap();
    assert_eq!(read.storm_limit, Some(20), "§2.4");
    assert_eq!(read.grouping_window, Span::from_minutes(5), "§2.2");
    let text = serde_json::to_string(&hours(true)).unwrap();
    assert_eq!(
        serde_json::from_str::<ServiceSettings>(&text).unwrap(),
        hours(true)
    );
}

#[test]
fn what_does_not_hold_together_is_told() {
    assert!(ServiceSettings::default().problems().is_empty());
    assert!(hours(true).problems().is_empty());
    let odd = ServiceSettings {
        urgency: UrgencyRule::SupportHours,
        grouping: Grouping::Fields,
        grouping_window: Span::from_hours(25),
        storm_limit: Some(0),
        ..ServiceSettings::default()
    };
    let fields: Vec<String> = odd.problems().into_iter().map(|one| one.field).collect();
    assert_eq!(
        fields,
        [
            "support_hours",
            "grouping_fields",
            "grouping_window",
            "storm_limit"
        ]
    );
}
