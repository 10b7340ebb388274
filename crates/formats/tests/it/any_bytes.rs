//! Nothing a stranger sends makes a parser panic, and what comes out can always be stored.

use std::sync::LazyLock;

use domain::Timestamp;
use domain::change_event::ChangeEvent;
use domain::signal::{DEDUP_KEY_MAX, SUMMARY_MAX, Signal};
use domain::word::IntegrationKind;
use formats::format;
use formats::request::Request;
use formats::settings::Settings;
use formats::severity::Scale;
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
    if let Ok(request) =
        pagerduty::parse(body, Some(KEY), || "fresh".to_owned(), |_| Scale::default())
    {
        assert_eq!(request.parsed.signals.len(), 1);
        signals.extend(request.parsed.signals);
    }
    for parsed in [
        alertmanager::parse(body, &Settings::default(), now),
        generic::parse(body, now),
    ]
    .into_iter()
    .flatten()
    {
        signals.extend(parsed.signals);
    }
    signals
}

/// Reads a body as every kind of sender, with and without a mapping, and checks what comes out.
fn read_as_everybody(body: &[u8], query: &str, headers: &[(&str, &str)]) {
    let now = Timestamp::from_seconds(1_773_478_000);
    let request = Request {
        query,
        headers: headers.to_vec(),
        ..Request::of_body(body)
    };
    let settings = [Settings::default(), mapped()];
    for kind in IntegrationKind::ALL {
        for settings in &settings {
            let Ok(parsed) = format::of(*kind).parse(&request, settings, now) else {
                continue;
            };
            parsed.signals.iter().for_each(assert_storable);
            parsed.changes.iter().for_each(assert_change_storable);
            assert!(parsed.warnings.len() <= 102, "{kind}");
        }
    }
}

pub fn mapped() -> Settings {
    serde_json::from_value(json!({"mapping": {
        "items": "$.body.alerts", "only_if": "!has(item.id) || item.id != 'x'",
        "resolve_if": "item.status == 'resolved'", "summary": {"path": "$.item.summary",
        "expression": "string(item.title) + query.a", "default": "d"},
        "dedup_key": {"path": "$.item['id']"}, "severity": {"path": "$.item.severity"},
        "timestamp": {"path": "$.item.timestamp"}, "link": {"path": "$.item.url"},
    }}))
    .unwrap()
}

pub fn assert_change_storable(change: &ChangeEvent) {
    assert!(!change.summary.is_empty() && !change.source.is_empty());
    assert!(!change.idempotency_key.is_empty());
    assert!(change.summary.chars().count() <= SUMMARY_MAX);
    assert!(change.source.chars().count() <= 255);
    assert!(change.idempotency_key.chars().count() <= DEDUP_KEY_MAX);
    let text = serde_json::to_string(change).unwrap();
    // A backslash of the text itself, as in JSON that is read as a mail, is doubled.
    assert!(!text.replace(r"\\", "").contains(r"\u0000"), "{text}");
    assert!(serde_json::from_str::<ChangeEvent>(&text).is_ok(), "{text}");
}

/// Every recorded request of a vendor: a corpus of what parsers know.
static CORPUS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded/vendor");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names
        .iter()
        .map(|name| serde_json::from_slice(&std::fs::read(name).unwrap()).unwrap())
        .collect()
});

/// Puts a value somewhere into another one.
fn put(into: &mut Value, value: &Value, way: impl Iterator<Item = usize>) {
    let mut place = into;
    for step in way {
        let inner: Vec<&mut Value> = match place {
            Value::Object(fields) => fields.values_mut().collect(),
            Value::Array(items) => items.iter_mut().collect(),
            _ => break,
        };
        let count = inner.len();
        match inner.into_iter().nth(step % count.max(1)) {
            Some(next) => place = next,
            None => return,
        }
    }
    *place = value.clone();
}

pub fn assert_storable(signal: &Signal) {
    assert!(!signal.dedup_key.is_empty());
    assert!(signal.dedup_key.chars().count() <= DEDUP_KEY_MAX);
    assert!(signal.summary.chars().count() <= SUMMARY_MAX);
    assert!(!signal.summary.is_empty() || signal.action != domain::word::Action::Trigger);
    let text = serde_json::to_string(signal).unwrap();
    // A backslash of the text itself, as in JSON that is read as a mail, is doubled.
    assert!(!text.replace(r"\\", "").contains(r"\u0000"), "{text}");
    assert!(serde_json::from_str::<Signal>(&text).is_ok(), "{text}");
}

proptest! {
    // Each case is read by every format.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_bytes_by_everybody(
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "(--b\r\n|name=|[a-z]+=%?[0-9a-f]*&|\\{|\"|\\[|:|\\}|\n){0,30}".prop_map(String::into_bytes),
        ],
        query in "[a-zA-Z=&%0-9+]{0,40}",
        header in "[ -~]{0,40}",
    ) {
        let headers = [("ce-type", &*header), ("X-GitHub-Event", "push"), ("webhook-signature", &*header)];
        read_as_everybody(&body, &query, &headers[..header.len() % 4]);
    }

    #[test]
    fn a_known_request_with_an_odd_field(
        which in any::<proptest::sample::Index>(),
        ways in proptest::collection::vec((proptest::collection::vec(any::<usize>(), 1..5), json_value()), 1..4),
    ) {
        let mut body = CORPUS[which.index(CORPUS.len())].clone();
        for (way, value) in &ways {
            put(&mut body, value, way.iter().copied());
        }
        read_as_everybody(body.to_string().as_bytes(), "", &[]);
    }
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
        if let Ok(request) = pagerduty::parse(event.to_string().as_bytes(), None, || "k".to_owned(), |_| Scale::default()) {
            let kept = &request.parsed.signals[0].summary;
            prop_assert!(kept.chars().count() <= SUMMARY_MAX);
            prop_assert!(summary.trim().starts_with(kept.trim_end_matches('…')));
        }
    }

    #[test]
    fn trigger_and_resolve_agree_on_any_key(key in "(.{0,20}|.{240,400})") {
        let event = |action: &str| json!({"routing_key": KEY, "event_action": action,
            "dedup_key": key, "payload": {"summary": "s"}}).to_string();
        let read = |action: &str| pagerduty::parse(event(action).as_bytes(), None, || "k".to_owned(), |_| Scale::default());
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

#[test]
fn time_is_linear_in_the_size_of_a_request() {
    let took = |count: usize| {
        let mut longest = std::time::Duration::ZERO;
        for body in [
            format!(
                "[{}]",
                vec!["{\"summary\":\"s\",\"id\":1}"; count].join(",")
            ),
            format!(
                "{{\"alerts\":[{}]}}",
                vec!["{\"labels\":{\"a\":\"b\"}}"; count].join(",")
            ),
            "a=1&".repeat(count * 5),
            format!("--b{}", "\r\n--b".repeat(count * 5)),
            format!("{{\"a\":\"{}", "\\\n\"".repeat(count * 5)),
            format!("{{\"summary\":\"{}\"}}", "x\\u0000".repeat(count * 5)),
            "$".repeat(count * 20),
        ] {
            let start = std::time::Instant::now();
            read_as_everybody(body.as_bytes(), "", &[]);
            longest = longest.max(start.elapsed());
        }
        longest
    };
    let (small, large) = (took(150), took(1_500));
    // Ten times as much may take ten times as long, and a slow machine twice that again.
    assert!(
        large < small * 30 + std::time::Duration::from_millis(200),
        "{small:?} {large:?}"
    );
}
