//! Nothing a stranger sends makes a parser panic, and what comes out can always be stored.

use domain::Timestamp;
use domain::signal::{DEDUP_KEY_MAX, SUMMARY_MAX, Signal};
use formats::{alertmanager, generic, pagerduty};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Names that mean something to one of the formats, so that odd values reach their readers.
const NAMES: [&str; 34] = [
    "routing_key",
    "event_action",
    "dedup_key",
    "payload",
    "summary",
    "source",
    "severity",
    "timestamp",
    "component",
    "group",
    "class",
    "custom_details",
    "links",
    "images",
    "href",
    "src",
    "text",
    "client",
    "client_url",
    "alerts",
    "labels",
    "annotations",
    "status",
    "fingerprint",
    "groupKey",
    "startsAt",
    "endsAt",
    "generatorURL",
    "action",
    "title",
    "details",
    "link",
    "truncatedAlerts",
    "group_key",
];

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(vec![
            KEY,
            "trigger",
            "resolve",
            "acknowledge",
            "firing",
            "resolved",
            "critical",
            "\0",
            "0001-01-01T00:00:00Z",
            "https://a.example",
            "javascript:x",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        let name = prop_oneof![
            4 => proptest::sample::select(NAMES.to_vec()).prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((name, inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn read_all(body: &[u8]) -> Vec<Signal> {
    let now = Timestamp::from_seconds(1_773_478_000);
    let mut signals = Vec::new();
    if let Ok(request) = pagerduty::parse(body, Some(KEY), || "fresh".to_owned()) {
        assert_eq!(request.parsed.signals.len(), 1);
        signals.extend(request.parsed.signals);
    }
    for parsed in [alertmanager::parse(body, now), generic::parse(body, now)]
        .into_iter()
        .flatten()
    {
        signals.extend(parsed.signals);
    }
    signals
}

fn assert_storable(signal: &Signal) {
    assert!(!signal.dedup_key.is_empty());
    assert!(signal.dedup_key.chars().count() <= DEDUP_KEY_MAX);
    assert!(signal.summary.chars().count() <= SUMMARY_MAX);
    assert!(!signal.summary.is_empty() || signal.action != domain::word::Action::Trigger);
    let text = serde_json::to_string(signal).unwrap();
    assert!(!text.contains("\\u0000"), "{text}");
    assert!(serde_json::from_str::<Signal>(&text).is_ok(), "{text}");
}

proptest! {
    #[test]
    fn any_bytes(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_all(&body).iter().for_each(assert_storable);
    }

    #[test]
    fn any_json(value in json_value()) {
        read_all(value.to_string().as_bytes()).iter().for_each(assert_storable);
    }

    #[test]
    fn any_event(payload in json_value(), links in json_value(), key in json_value(), resolve in any::<bool>()) {
        let action = if resolve { "resolve" } else { "trigger" };
        let event = json!({"routing_key": KEY, "event_action": action, "dedup_key": key,
            "payload": {"summary": "s", "custom_details": payload, "severity": links, "timestamp": key},
            "links": links, "images": payload});
        read_all(event.to_string().as_bytes()).iter().for_each(assert_storable);
    }

    #[test]
    fn any_alert(labels in json_value(), annotations in json_value(), other in json_value()) {
        let body = json!({"groupKey": other, "status": "resolved", "externalURL": annotations,
            "groupLabels": labels, "alerts": [{"labels": labels, "annotations": annotations,
            "startsAt": other, "endsAt": labels, "fingerprint": annotations}, other]});
        read_all(body.to_string().as_bytes()).iter().for_each(assert_storable);
    }

    #[test]
    fn a_real_request_with_a_changed_byte(position in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut body = include_bytes!("../recorded/alertmanager_firing.json").to_vec();
        let position = position.index(body.len());
        body[position] = byte;
        read_all(&body).iter().for_each(assert_storable);
    }

    #[test]
    fn a_cut_summary_is_the_beginning_of_what_was_sent(summary in "\\PC{900,1200}") {
        let event = json!({"routing_key": KEY, "event_action": "trigger", "payload": {"summary": summary}});
        if let Ok(request) = pagerduty::parse(event.to_string().as_bytes(), None, || "k".to_owned()) {
            let kept = &request.parsed.signals[0].summary;
            prop_assert!(kept.chars().count() <= SUMMARY_MAX);
            prop_assert!(summary.trim().starts_with(kept.trim_end_matches('…')));
        }
    }

    #[test]
    fn trigger_and_resolve_agree_on_any_key(key in "(.{0,20}|.{240,400})") {
        let event = |action: &str| json!({"routing_key": KEY, "event_action": action,
            "dedup_key": key, "payload": {"summary": "s"}}).to_string();
        let read = |action: &str| pagerduty::parse(event(action).as_bytes(), None, || "k".to_owned());
        if let (Ok(trigger), Ok(resolve)) = (read("trigger"), read("resolve")) {
            prop_assert_eq!(&trigger.dedup_key, &key);
            prop_assert_eq!(&resolve.dedup_key, &key);
            prop_assert_eq!(
                &trigger.parsed.signals[0].dedup_key,
                &resolve.parsed.signals[0].dedup_key
            );
        } else {
            prop_assert!(key.trim().is_empty());
        }
    }
}

#[test]
fn deep_and_huge_bodies() {
    for body in [
        "[".repeat(1_000_000),
        "{\"a\":".repeat(100_000),
        format!("{{\"payload\":{}{}}}", "[".repeat(126), "]".repeat(126)),
        format!(
            "{{\"summary\":\"s\",\"details\":{}1{}}}",
            "[".repeat(125),
            "]".repeat(125)
        ),
        format!("{{\"summary\":\"{}\"}}", "x".repeat(10_000_000)),
        format!("{{\"summary\":\"s\",\"n\":1{}}}", "0".repeat(400)),
        "{\"summary\":\"\\ud800\"}".to_owned(),
        format!("[{}]", vec!["{\"summary\":\"s\"}"; 10_000].join(",")),
    ] {
        read_all(body.as_bytes()).iter().for_each(assert_storable);
    }
}
