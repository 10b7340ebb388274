//! Nothing that is sent makes the readers panic, and what they read can be stored.

use domain::signal::{DEDUP_KEY_MAX, SUMMARY_MAX};
use domain::{Timestamp, change_event};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::alertmanager::push;
use crate::pagerduty::{change, v1};
use crate::settings::Settings;
use crate::severity::Scale;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("trigger")),
        Just(json!("0001-01-01T00:00:00Z")),
        Just(json!({"type": "link", "href": "https://a.example"})),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn read(body: &[u8]) {
    if let Ok(request) = v1::parse(body, Some(KEY), || "fresh".into(), |_| Scale::default()) {
        let signal = &request.parsed.signals[0];
        assert!(signal.summary.chars().count() <= SUMMARY_MAX);
        assert!(signal.dedup_key.chars().count() <= DEDUP_KEY_MAX);
        assert!(!signal.dedup_key.is_empty() && !signal.summary.contains('\0'));
    }
    if let Ok(request) = change::parse(body, Some(KEY)) {
        assert!(!request.event.summary.is_empty());
        assert!(request.event.summary.chars().count() <= change_event::SUMMARY_MAX);
        assert!(request.event.idempotency_key.chars().count() <= change_event::KEY_MAX);
    }
    if let Ok(parsed) = push::parse(
        body,
        &Settings::default(),
        Timestamp::from_seconds(1_773_478_000),
    ) {
        for signal in parsed.signals {
            assert!(!signal.summary.is_empty());
            assert!(signal.dedup_key.len() == 16);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        read(&body);
    }

    #[test]
    fn any_fields(a in any_value(), b in any_value(), c in any_value()) {
        for body in [
            json!({"service_key": KEY, "event_type": "trigger", "incident_key": a, "description": "x",
                "details": b, "client": c, "client_url": a, "contexts": b}),
            json!({"service_key": a, "event_type": b, "description": c}),
            json!({"routing_key": KEY, "payload": {"summary": a, "source": b, "timestamp": c,
                "custom_details": a}, "links": b}),
            json!({"payload": a}),
            json!([{"labels": {"alertname": a, "cluster": b}, "annotations": c, "startsAt": a,
                "endsAt": b, "generatorURL": c}, a, {"labels": b}]),
        ] {
            read(body.to_string().as_bytes());
        }
    }
}

#[test]
fn deep_and_huge_bodies() {
    for body in [
        "[".repeat(1_000_000),
        format!(
            "{{\"service_key\":\"{KEY}\",\"event_type\":\"trigger\",\"description\":\"{}\"}}",
            "x".repeat(5_000_000)
        ),
        format!("[{}]", vec!["{\"labels\":{\"a\":\"b\"}}"; 10_000].join(",")),
        format!("[{}]", vec!["{}"; 10_001].join(",")),
    ] {
        read(body.as_bytes());
    }
}

#[test]
fn a_note_is_no_action_of_pagerdutys() {
    let v2 = json!({"event_action": "note", "dedup_key": "a",
        "payload": {"summary": "A", "source": "s", "severity": "error"}});
    let read = super::parse(
        v2.to_string().as_bytes(),
        Some(KEY),
        || "fresh".into(),
        |_| Scale::default(),
    );
    assert!(read.is_err());
    let first = json!({"event_type": "note", "incident_key": "a", "description": "A"});
    assert!(
        v1::parse(
            first.to_string().as_bytes(),
            Some(KEY),
            || "fresh".into(),
            |_| Scale::default()
        )
        .is_err()
    );
}
