//! Senders that number what they deliver, since they may deliver it twice (WIRE-FORMATS.md §1.13,
//! §1.19).

use domain::signal::Delivery;
use domain::word::IntegrationKind as Kind;
use formats::request::Request;
use serde_json::{Value, json};

use crate::vendor::{of_json, of_text, read};

fn of_cloud_event(change: &Value) -> Option<Delivery> {
    let mut event = json!({
        "specversion": "1.0", "id": "1", "source": "/shop", "type": "com.example.alert",
        "subject": "db", "data": {"summary": "Disk full"},
    });
    for (name, value) in change.as_object().unwrap() {
        event[name] = value.clone();
    }
    of_json(Kind::CloudEvents, &event).signals[0].delivery
}

#[test]
fn source_and_id_tell_cloud_events_apart() {
    let first = of_cloud_event(&json!({}));
    assert!(first.is_some());
    assert_eq!(of_cloud_event(&json!({})), first);
    for other in [
        json!({"id": "2"}),
        json!({"source": "/other"}),
        // The same number for something else: a sender that does not count.
        json!({"data": {"summary": "Disk full", "action": "resolve"}}),
    ] {
        assert_ne!(of_cloud_event(&other), first, "{other}");
    }
    let batch = of_text(
        Kind::CloudEvents,
        r#"[{"id": "1", "source": "/a", "type": "x"}, {"id": "2", "source": "/a", "type": "x"}]"#,
    );
    assert_ne!(batch.signals[0].delivery, batch.signals[1].delivery);
}

#[test]
fn headers_of_cloud_events_come_in_any_order() {
    let headers = [
        ("ce-id", "1"),
        ("ce-source", "/a"),
        ("ce-type", "com.example.alert"),
    ];
    let of = |headers: Vec<(&str, &str)>| {
        let mut request = Request::of_body(br#"{"summary": "Disk full"}"#);
        request.headers.clone_from(&headers);
        let parsed = read(Kind::CloudEvents, &request).unwrap();
        parsed.signals[0].delivery.unwrap()
    };
    let turned = headers.into_iter().rev().collect();
    assert_eq!(of(headers.to_vec()), of(turned));
}

#[test]
fn amazon_numbers_its_messages() {
    let of = |number: &str, state: &str| {
        let alarm = json!({"AlarmName": "cpu", "NewStateValue": state, "Region": "x"});
        let envelope = json!({
            "Type": "Notification", "MessageId": number, "TopicArn": "arn:x",
            "Message": alarm.to_string(), "Timestamp": "2026-11-21T04:00:00Z",
        });
        of_json(Kind::CloudWatch, &envelope).signals[0].delivery
    };
    assert!(of("1", "ALARM").is_some());
    assert_eq!(of("1", "ALARM"), of("1", "ALARM"));
    assert_ne!(of("1", "ALARM"), of("2", "ALARM"));
    assert_ne!(of("1", "ALARM"), of("1", "OK"));
}

#[test]
fn standard_webhooks_have_an_id() {
    let of = |headers: &[(&str, &str)], body: &str| {
        let mut request = Request::of_body(body.as_bytes());
        request.headers = headers.to_vec();
        let parsed = read(Kind::StandardWebhooks, &request).unwrap();
        let all: Vec<_> = parsed.signals.iter().map(|one| one.delivery).collect();
        all
    };
    let body = r#"[{"summary": "a"}, {"summary": "b"}]"#;
    let first = of(&[("webhook-id", "msg_1"), ("webhook-timestamp", "1")], body);
    assert!(first[0].is_some() && first[1].is_some() && first[0] != first[1]);
    let again = of(&[("Webhook-Id", "msg_1"), ("webhook-timestamp", "9")], body);
    assert_eq!(again, first);
    assert_ne!(of(&[("webhook-id", "msg_2")], body), first);
    assert_eq!(of(&[], body), [None, None]);
}
