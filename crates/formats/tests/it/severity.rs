//! How bad it is: by the format's own table, by its owner's words, and by its owner's choice for
//! what says nothing or nothing known.

use domain::alert::AlertText;
use domain::word::{AlertSeverity, IntegrationKind};
use domain::{Timestamp, signal::Signal};
use formats::opsgenie::call::Verb;
use formats::opsgenie::create::create;
use formats::opsgenie::order::{Order, orders};
use formats::request::Request;
use formats::settings::Settings;
use formats::severity::{Scale, SeverityWord, usual};
use formats::{Parsed, format, pagerduty};
use serde_json::{Value, json};

use AlertSeverity::{Critical, Error, Info, Warning};
use IntegrationKind as Kind;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T04:00:00Z").unwrap()
}

fn chosen(words: &[(&str, AlertSeverity)], severity: Option<AlertSeverity>) -> Settings {
    let words = words.iter().map(|(word, severity)| SeverityWord {
        word: (*word).to_owned(),
        severity: *severity,
    });
    let mut settings = Settings::default();
    settings.severity = severity;
    settings.severity_words = words.collect();
    settings
}

fn read(kind: Kind, body: &Value, settings: &Settings) -> Parsed {
    let body = body.to_string();
    let request = Request::of_body(body.as_bytes());
    let parsed = format::of(kind).parse(&request, settings, now());
    parsed.unwrap_or_else(|error| panic!("{kind}: {error}: {body}"))
}

fn severity(kind: Kind, body: &Value, settings: &Settings) -> AlertSeverity {
    let parsed = read(kind, body, settings);
    let [signal] = &parsed.signals[..] else {
        panic!("{kind}: {body}: {parsed:?}")
    };
    signal.severity
}

/// What a sender of this kind says, with a word of its own at the place where it says how bad it is;
/// without any the place is left out.
fn said(kind: Kind, word: Option<&str>) -> Option<Value> {
    let word = word.map_or(Value::Null, Value::from);
    let mut said = match kind {
        Kind::PagerDuty => json!({"routing_key": KEY, "event_action": "trigger",
            "payload": {"summary": "s", "source": "a", "severity": word}}),
        Kind::Opsgenie => json!({"message": "s", "priority": word}),
        Kind::Prometheus => json!([{"labels": {"alertname": "A", "severity": word}}]),
        Kind::Alertmanager | Kind::Grafana => json!({"groupKey": "g", "status": "firing",
            "alerts": [{"status": "firing", "labels": {"alertname": "A", "severity": word}}]}),
        Kind::Datadog => {
            let transition = match word.as_str() {
                Some("Warn") => "Warn",
                _ => "Triggered",
            };
            json!({"title": "t", "cycle_key": "c", "transition": transition, "priority": word})
        }
        Kind::NewRelic => json!({"id": "1", "title": "t", "state": "CREATED", "priority": word}),
        Kind::Netdata => json!({"alert": "a", "chart": "c", "severity": word}),
        Kind::Nobl9 => json!({"slo_name": "a", "severity": word}),
        Kind::Nagios | Kind::Icinga | Kind::Checkmk => {
            let kind = match word.as_str() {
                Some("FLAPPINGSTART") => "FLAPPINGSTART",
                _ => "PROBLEM",
            };
            json!({"NOTIFICATIONTYPE": kind, "HOSTNAME": "h", "SERVICEDESC": "s",
                "SERVICESTATE": word})
        }
        Kind::Zabbix => match word.as_str() {
            Some(number) if number.parse::<u8>().is_ok() => {
                json!({"event_id": "1", "event_name": "n", "event_nseverity": number})
            }
            _ => json!({"event_id": "1", "event_name": "n", "event_severity": word}),
        },
        Kind::Splunk => json!({"search_name": "n", "result": {"severity": word}}),
        Kind::Elastic => json!({"rule_id": "1", "rule_name": "n", "severity": word}),
        Kind::Sentry => json!({"data": {"event": {"title": "t", "level": word}}}),
        Kind::Azure => json!({"data": {"essentials": {"alertId": "1", "alertRule": "r",
            "monitorCondition": "Fired", "severity": word}}}),
        Kind::GoogleCloud => json!({"incident": {"incident_id": "1", "state": "open",
            "summary": "s", "severity": word}}),
        Kind::Pingdom => json!({"check_id": 1, "check_name": "n", "current_state": "DOWN",
            "importance_level": word}),
        Kind::Prtg => json!({"sensorid": "1", "name": "n", "status": word}),
        Kind::LibreNms => json!({"alert_id": "1", "state": "1", "title": "t", "severity": word}),
        Kind::CloudWatch => json!({"AlarmName": "n", "AlarmArn": "a", "NewStateValue": word}),
        Kind::UptimeRobot => match word.as_str() {
            Some(number) if number.parse::<u8>().is_ok() => {
                json!({"monitorID": "1", "alertType": number})
            }
            Some("SSL expiry") => json!({"monitorID": "1", "alertType": "3",
                "alertTypeFriendlyName": "SSL expiry"}),
            _ => json!({"monitorID": "1", "alertType": "1", "alertTypeFriendlyName": word}),
        },
        Kind::Updown => json!({"event": word, "check": {"token": "t", "url": "https://a"}}),
        Kind::CloudEvents => json!({"specversion": "1.0", "id": "1", "type": "t", "source": "s",
            "data": {"severity": word}}),
        Kind::StandardWebhooks | Kind::Generic => json!({"summary": "s", "severity": word}),
        _ => return None,
    };
    without_null(&mut said);
    Some(said)
}

fn without_null(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

#[test]
fn every_sender_with_words_is_known() {
    for kind in Kind::ALL {
        let format = format::of(*kind);
        assert_eq!(said(*kind, Some("x")).is_some(), format.has_severities());
        assert!(
            format.takes_severity() || !format.has_severities(),
            "{kind}"
        );
    }
}

#[test]
fn words_mean_what_people_are_told_until_their_owner_says_otherwise() {
    for kind in Kind::ALL {
        for (usually, words) in usual(*kind) {
            for word in *words {
                let body = said(*kind, Some(word)).unwrap();
                assert_eq!(
                    severity(*kind, &body, &Settings::default()),
                    *usually,
                    "{kind} {word}"
                );
                // Other words change nothing.
                let other = chosen(&[("an other word", Warning)], None);
                assert_eq!(severity(*kind, &body, &other), *usually, "{kind} {word}");
                for wanted in AlertSeverity::ALL {
                    let (small, large) = (word.to_lowercase(), word.to_uppercase());
                    for typed in [*word, &small, &large, &format!(" {word}\t")] {
                        let settings = chosen(&[("x", Info), (typed, *wanted)], Some(Error));
                        assert_eq!(
                            severity(*kind, &body, &settings),
                            *wanted,
                            "{kind} {word} as {typed:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn without_a_word_or_with_an_unknown_one_the_owner_decides() {
    // Of these the place is never empty: without it they have another shape.
    let always = [Kind::Prtg, Kind::CloudWatch, Kind::Updown];
    for kind in Kind::ALL {
        let Some(absent) = said(*kind, None) else {
            continue;
        };
        let usually = match kind {
            Kind::Opsgenie | Kind::Prometheus | Kind::Alertmanager | Kind::Grafana => Warning,
            _ => Critical,
        };
        if !always.contains(kind) {
            assert_eq!(
                severity(*kind, &absent, &Settings::default()),
                usually,
                "{kind}"
            );
            let settings = chosen(&[("page", Error)], Some(Info));
            assert_eq!(severity(*kind, &absent, &settings), Info, "{kind}");
        }
        // Opsgenie's API knows five priorities, and refuses others.
        if *kind == Kind::Opsgenie {
            continue;
        }
        let odd = said(*kind, Some("ticket")).unwrap();
        assert_eq!(
            severity(*kind, &odd, &Settings::default()),
            Critical,
            "{kind}"
        );
        let settings = chosen(&[("page", Error)], Some(Info));
        assert_eq!(severity(*kind, &odd, &settings), Info, "{kind}");
        let parsed = read(*kind, &odd, &settings);
        let told: Vec<&String> = (parsed.warnings.iter())
            .filter(|warning| warning.contains("\"ticket\""))
            .collect();
        for warning in &told {
            let truthful = warning.ends_with("used \"info\"") || *kind == Kind::Netdata;
            assert!(truthful, "{kind}: {warning}");
        }
        // A word that its owner has given a meaning is nothing to tell.
        let settings = chosen(&[("Ticket", Warning)], None);
        let parsed = read(*kind, &odd, &settings);
        assert_eq!(parsed.signals[0].severity, Warning, "{kind}");
        let told = parsed.warnings.iter().any(|one| one.contains("ticket"));
        assert!(!told, "{kind}: {:?}", parsed.warnings);
    }
}

/// Each with another place of its word than the one above.
#[test]
fn other_shapes_of_the_same_senders() {
    let settings = chosen(
        &[
            ("page", Warning),
            ("high", Warning),
            ("Warn", Error),
            ("3", Critical),
        ],
        Some(Info),
    );
    for (kind, body, usually, wanted) in [
        (
            Kind::Grafana,
            json!({"ruleId": 1, "ruleName": "n", "state": "alerting", "tags": {"severity": "page"}}),
            Critical,
            Warning,
        ),
        (
            Kind::Grafana,
            json!({"ruleId": 1, "ruleName": "n", "state": "no_data"}),
            Error,
            Error,
        ),
        (
            Kind::Datadog,
            json!({"alert_id": "1", "title": "t", "cycle_key": "c", "transition": "Warn",
                "priority": "P2"}),
            Error,
            Error,
        ),
        (
            Kind::Datadog,
            json!({"title": "t", "cycle_key": "c", "transition": "Warn"}),
            Warning,
            Error,
        ),
        (
            Kind::NewRelic,
            json!({"current_state": "open", "incident_id": 1, "condition_name": "c",
                "severity": "HIGH"}),
            Error,
            Warning,
        ),
        (
            Kind::Zabbix,
            json!({"event_id": "1", "event_name": "n", "event_nseverity": "4",
                "event_severity": "High"}),
            Error,
            Warning,
        ),
        (
            Kind::Zabbix,
            json!({"event_id": "1", "event_name": "n", "event_nseverity": "3",
                "event_severity": "High"}),
            Warning,
            Critical,
        ),
        (
            Kind::Azure,
            json!({"data": {"context": {"id": "1", "name": "n", "severity": "3"}}}),
            Info,
            Critical,
        ),
        (
            Kind::Sentry,
            json!({"action": "critical", "data": {"metric_alert": {"id": "1"},
                "description_title": "t"}}),
            Critical,
            Critical,
        ),
        (
            Kind::Prtg,
            json!({"sensorid": "1", "status": "Unusual ended (now: High)"}),
            Critical,
            Warning,
        ),
        (
            Kind::LibreNms,
            json!({"alert_id": "1", "state": "1", "title": "t", "severity": "high"}),
            Error,
            Warning,
        ),
        (
            Kind::Generic,
            json!({"service_key": KEY, "event_type": "trigger", "description": "d"}),
            Critical,
            Info,
        ),
        (
            Kind::Generic,
            json!([{"labels": {"alertname": "A", "severity": "page"}, "annotations": {}}]),
            Critical,
            Warning,
        ),
        (
            Kind::Monit,
            json!({"SERVICE": "s", "EVENT": "Does not exist"}),
            Critical,
            Info,
        ),
        // What has not the sender's shape is read as generic JSON, or kept.
        (
            Kind::Nobl9,
            json!({"summary": "s", "severity": "page"}),
            Critical,
            Warning,
        ),
        (Kind::Datadog, json!({"odd": 1}), Critical, Info),
        (
            Kind::Email,
            json!({"summary": "s", "severity": "high"}),
            Error,
            Warning,
        ),
        (
            Kind::Alertmanager,
            json!({"summary": "s", "severity": "high"}),
            Error,
            Warning,
        ),
    ] {
        assert_eq!(
            severity(kind, &body, &Settings::default()),
            usually,
            "{body}"
        );
        assert_eq!(severity(kind, &body, &settings), wanted, "{body}");
    }
    let partial = json!({"sensorid": "1", "status": "Down (Partial)"});
    for word in ["down (partial)", "Down"] {
        let settings = chosen(&[(word, Warning)], None);
        assert_eq!(severity(Kind::Prtg, &partial, &settings), Warning, "{word}");
    }
    let level = chosen(&[("Sev3", Error)], None);
    let older = json!({"data": {"context": {"id": "1", "name": "n", "severity": "3"}}});
    assert_eq!(severity(Kind::Azure, &older, &level), Error);
}

#[test]
fn the_words_of_a_mapping_come_before_those_of_the_integration() {
    let mut settings = chosen(&[("a", Info), ("b", Info), ("page", Info)], Some(Error));
    let mut rules = json!({"summary": {"path": "$.body.t"},
        "severity": {"path": "$.body.s", "words": [{"word": "A", "severity": "warning"}]}});
    let severity = |settings: &Settings, word: &str| {
        severity(Kind::Generic, &json!({"t": "t", "s": word}), settings)
    };
    settings.mapping = serde_json::from_value(rules.clone()).unwrap();
    let of = ["a", "B", "Page", "fatal", "ticket", ""].map(|word| severity(&settings, word));
    assert_eq!(of, [Warning, Info, Info, Critical, Error, Error]);
    rules["severity"]["default"] = json!("info");
    settings = settings.clone();
    settings.mapping = serde_json::from_value(rules).unwrap();
    assert_eq!(
        ["ticket", ""].map(|word| severity(&settings, word)),
        [Info; 2]
    );
}

fn event(change: Value) -> Value {
    let mut event = json!({"routing_key": KEY, "event_action": "trigger", "dedup_key": "k",
        "payload": {"summary": "s", "source": "a"}});
    for (name, value) in change.as_object().unwrap() {
        event["payload"][name] = value.clone();
    }
    event
}

#[test]
fn events_of_pagerduty_are_read_by_the_choice_of_the_keys_owner() {
    let settings = chosen(&[("page", Warning), ("critical", Error)], Some(Info));
    let read = |body: &Value, settings: &Settings| -> (Signal, Vec<String>) {
        let mut asked = Vec::new();
        let request = pagerduty::parse(
            body.to_string().as_bytes(),
            None,
            || "fresh".to_owned(),
            |key| {
                asked.push(key.to_owned());
                settings.scale()
            },
        );
        assert_eq!(asked, [KEY]);
        let mut parsed = request.unwrap().parsed;
        (parsed.signals.remove(0), parsed.warnings)
    };
    for (word, severity, told) in [
        (json!("PAGE"), Warning, None),
        (json!("critical"), Error, None),
        (json!("warning"), Warning, None),
        (
            json!("High"),
            Error,
            Some("payload.severity \"High\": read as \"error\""),
        ),
        (
            json!("ticket"),
            Info,
            Some("payload.severity \"ticket\" is not a known word: used \"info\""),
        ),
        (
            json!(null),
            Info,
            Some("payload.severity was missing: used \"info\""),
        ),
    ] {
        let (signal, warnings) = read(&event(json!({"severity": word})), &settings);
        assert_eq!(signal.severity, severity, "{word}");
        assert_eq!(warnings, Vec::from_iter(told), "{word}");
    }
    let usual = Settings::default();
    let (signal, warnings) = read(&event(json!({"severity": "ticket"})), &usual);
    assert_eq!(signal.severity, Critical);
    assert!(warnings[0].ends_with("used \"critical\""), "{warnings:?}");

    // An event that makes no sense asks for nobody's choice.
    let refused = event(json!({"summary": ""})).to_string();
    let refused = pagerduty::parse(refused.as_bytes(), None, String::new, |_| unreachable!());
    assert!(refused.is_err());

    let first = json!({"service_key": KEY, "event_type": "trigger", "description": "d"});
    let severity = |settings: &Settings| {
        let read = pagerduty::v1::parse(
            first.to_string().as_bytes(),
            None,
            || "fresh".to_owned(),
            |key| {
                assert_eq!(key, KEY);
                settings.scale()
            },
        );
        read.unwrap().parsed.signals[0].severity
    };
    assert_eq!((severity(&usual), severity(&settings)), (Critical, Info));
}

#[test]
fn priorities_of_opsgenie_mean_what_their_owner_says() {
    let settings = chosen(&[("p3", Error), ("P5", Warning)], None);
    let made = |priority: Value, scale: Scale<'_>| {
        let body = json!({"message": "m", "priority": priority}).to_string();
        let made = create(body.as_bytes(), scale)
            .unwrap()
            .parsed
            .signals
            .remove(0);
        let kept = made.details["priority"].as_str().unwrap().to_owned();
        (made.severity, kept)
    };
    let of = |severity, priority: &str| (severity, priority.to_owned());
    assert_eq!(made(json!("P3"), settings.scale()), of(Error, "P3"));
    assert_eq!(made(json!("p5"), settings.scale()), of(Warning, "P5"));
    assert_eq!(made(json!("P1"), settings.scale()), of(Critical, "P1"));
    // What says none is P3 there.
    assert_eq!(made(json!(null), settings.scale()), of(Error, "P3"));
    assert_eq!(made(json!(null), Scale::default()), of(Warning, "P3"));
    // Unless its owner has said what it is.
    let default = chosen(&[("P3", Error)], Some(Info));
    assert_eq!(made(json!(""), default.scale()), of(Info, "P5"));
    assert_eq!(made(json!("P4"), default.scale()), of(Warning, "P4"));

    let changed = |scale: Scale<'_>| {
        let body = br#"{"priority": "P3"}"#;
        let orders = orders(&Verb::Priority, body, |_| None, scale, now()).unwrap();
        let made = create(br#"{"message": "m", "priority": "P1"}"#, scale).unwrap();
        let mut text = AlertText::of(&made.parsed.signals[0]);
        for order in orders.list {
            let Order::Edit(edit) = order else {
                panic!("{order:?}")
            };
            edit.apply(&mut text);
        }
        (text.severity, text.details["priority"].clone())
    };
    assert_eq!(changed(settings.scale()), (Error, json!("P3")));
    assert_eq!(changed(Scale::default()), (Warning, json!("P3")));
}
