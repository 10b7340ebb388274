//! What PagerDuty clients are told, word for word, and what is forgiven.

use domain::signal::{DEDUP_KEY_MAX, SUMMARY_MAX};
use domain::word::{Action, AlertSeverity};
use formats::pagerduty::{self, Invalid, Request};
use formats::severity::Scale;
use serde_json::{Value, json};

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn parse(body: &Value) -> Result<Request, Invalid> {
    pagerduty::parse(
        body.to_string().as_bytes(),
        None,
        || "fresh".to_owned(),
        |_| Scale::default(),
    )
}

fn refused(body: Value) -> Vec<String> {
    parse(&body).unwrap_err().errors().to_vec()
}

fn trigger(payload: Value) -> Value {
    json!({"routing_key": KEY, "event_action": "trigger", "dedup_key": "k", "payload": payload})
}

#[test]
fn bodies_of_the_replies() {
    assert_eq!(
        serde_json::to_string(&pagerduty::Accepted::v2("srv01/http")).unwrap(),
        r#"{"status":"success","message":"Event processed","dedup_key":"srv01/http"}"#
    );
    assert_eq!(
        serde_json::to_string(&pagerduty::Accepted::v1("srv01/http")).unwrap(),
        r#"{"status":"success","message":"Event processed","incident_key":"srv01/http"}"#
    );
    assert_eq!(
        pagerduty::throttled().to_string(),
        r#"{"status":"throttle exceeded","message":"Too many events: send this one again after the time in Retry-After","errors":[]}"#
    );
    assert_eq!(
        pagerduty::too_large().to_string(),
        r#"{"status":"invalid event","message":"Event object is invalid","errors":["Event is larger than 512 KB: shorten 'payload.custom_details'"]}"#
    );
    assert_eq!(pagerduty::UNKNOWN_KEY, "Invalid routing key");
    assert_eq!(
        pagerduty::parse(b"{", None, String::new, |_| Scale::default())
            .unwrap_err()
            .body()
            .to_string(),
        r#"{"status":"Unrecognized object","message":"Event object format is unrecognized","errors":["JSON parse error"]}"#
    );
    assert_eq!(
        parse(&json!({"event_action": "trigger", "payload": {"summary": "x"}}))
            .unwrap_err()
            .body()
            .to_string(),
        r#"{"status":"invalid event","message":"Event object is invalid","errors":["'routing_key' is missing or blank"]}"#
    );
}

#[test]
fn what_is_refused() {
    let ok = json!({"summary": "s", "source": "s", "severity": "info"});
    let with = |name: &str, value: Value| {
        let mut event = trigger(ok.clone());
        event[name] = value;
        event
    };
    assert!(parse(&trigger(ok.clone())).is_ok());
    assert_eq!(
        refused(with("routing_key", json!("abc"))),
        ["Length of 'routing_key' is incorrect (should be 32 characters)"]
    );
    assert_eq!(
        refused(with(
            "routing_key",
            json!("0123456789abcdef0123456789abcde!")
        )),
        ["'routing_key' cannot contain non-alphanumeric characters."]
    );
    assert_eq!(
        refused(with("routing_key", json!(7))),
        ["'routing_key' is missing or blank"]
    );
    assert_eq!(
        refused(with("event_action", json!(null))),
        ["'event_action' is missing or blank"]
    );
    for bad in [json!("explode"), json!(["trigger"])] {
        assert_eq!(
            refused(with("event_action", bad)),
            [
                "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"
            ]
        );
    }
    for bad in [
        json!({}),
        json!({"summary": " \n"}),
        json!(null),
        json!("s"),
        json!([]),
    ] {
        assert_eq!(
            refused(trigger(bad)),
            ["'payload.summary' is missing or blank"]
        );
    }
    for action in ["acknowledge", "resolve"] {
        for key in [json!(null), json!(""), json!("  ")] {
            let event = json!({"routing_key": KEY, "event_action": action, "dedup_key": key});
            assert_eq!(refused(event), ["'dedup_key' is missing or blank"]);
        }
    }
    assert_eq!(
        refused(json!({"event_action": "trigger"})),
        [
            "'routing_key' is missing or blank",
            "'payload.summary' is missing or blank"
        ]
    );
    for bad in [json!([]), json!(7), json!("x"), json!(null)] {
        assert_eq!(refused(bad), ["Event object must be a JSON object"]);
    }
}

#[test]
fn a_refusal_names_the_key_so_that_its_integration_can_show_it() {
    let invalid = parse(&json!({"routing_key": KEY, "event_action": "x"})).unwrap_err();
    assert_eq!(invalid.routing_key.as_deref(), Some(KEY));
    assert!(!invalid.to_string().contains(KEY));
}

#[test]
fn the_key_may_stand_in_three_places() {
    let body = |extra: Value| {
        let mut event = json!({"event_action": "resolve", "dedup_key": "k"});
        event
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        event.to_string()
    };
    for (extra, header) in [
        (json!({"routing_key": KEY}), None),
        (json!({"service_key": KEY}), None),
        (json!({}), Some(KEY)),
        (json!({"routing_key": ""}), Some(KEY)),
        (json!({"routing_key": "not a key"}), Some(KEY)),
        (json!({"routing_key": KEY}), Some("nonsense")),
    ] {
        let request = pagerduty::parse(body(extra).as_bytes(), header, String::new, |_| {
            Scale::default()
        })
        .unwrap();
        assert_eq!(request.routing_key, KEY);
    }
}

#[test]
fn what_is_forgiven_is_told() {
    let request = parse(&json!({
        "routing_key": KEY,
        "event_action": "Trigger",
        "dedup_key": 4711,
        "payload": {
            "summary": 5,
            "severity": "Disastrous",
            "timestamp": "teatime",
            "component": "c".repeat(300),
        },
        "links": [{"href": "javascript:alert(1)"}, 3],
        "images": "none",
    }))
    .unwrap();
    assert_eq!(request.dedup_key, "4711");
    let signal = &request.parsed.signals[0];
    assert_eq!(signal.action, Action::Trigger);
    assert_eq!(signal.severity, AlertSeverity::Critical);
    assert_eq!(
        (signal.summary.as_str(), signal.source.as_str()),
        ("5", "unknown")
    );
    assert_eq!(signal.monitor_time, None);
    assert_eq!(
        request.parsed.warnings,
        [
            r#"event_action "Trigger": read as "trigger""#,
            r#"dedup_key was not a text: used "4711""#,
            r#"payload.summary was not a text: used "5""#,
            "payload.component was longer than 255 characters: cut",
            r#"payload.source was missing: used "unknown""#,
            r#"payload.severity "Disastrous" is not a known word: used "critical""#,
            r#"payload.timestamp "teatime" is not a known form of time: used the time of receipt"#,
            r#"link "javascript:alert(1)" is not a web address: skipped"#,
            "a link without href was skipped",
            "images was not an array: skipped",
        ]
    );
}

#[test]
fn long_texts_are_cut_between_characters() {
    let request = parse(&trigger(json!({"summary": "ü".repeat(2_000)}))).unwrap();
    let summary = &request.parsed.signals[0].summary;
    assert_eq!(summary.chars().count(), SUMMARY_MAX);
    assert!(summary.ends_with("ü…"));
    assert!(
        request
            .parsed
            .warnings
            .contains(&"payload.summary was longer than 1024 characters: cut".to_owned())
    );
}

#[test]
fn custom_details_may_be_any_json() {
    for details in [
        json!("text"),
        json!([1, 2]),
        json!({"a": {"b": null}}),
        json!(false),
        json!(1.5),
    ] {
        let request = parse(&trigger(json!({"summary": "s", "custom_details": details}))).unwrap();
        assert_eq!(request.parsed.signals[0].details, details);
    }
}

#[test]
fn nul_reaches_no_field() {
    let body = format!(
        r#"{{"routing_key":"{KEY}","event_action":"trigger","dedup_key":"a\u0000b","payload":{{"summary":"s\u0000","source":"\u0000","custom_details":{{"k\u0000":["v\u0000"]}}}}}}"#
    );
    let request =
        pagerduty::parse(body.as_bytes(), None, String::new, |_| Scale::default()).unwrap();
    let signal = serde_json::to_string(&request.parsed.signals[0]).unwrap();
    assert!(!signal.contains("\\u0000"), "{signal}");
    assert_eq!(request.parsed.signals[0].dedup_key, "a\u{FFFD}b");
    assert_eq!(
        request.dedup_key, "a\0b",
        "the reply repeats what the client sent"
    );
}

#[test]
fn the_reply_repeats_the_long_key_the_client_sent() {
    let long = "k".repeat(400);
    let mut event = trigger(json!({"summary": "s"}));
    event["dedup_key"] = json!(long);
    let request = parse(&event).unwrap();
    assert_eq!(request.dedup_key, long);
    let stored = &request.parsed.signals[0].dedup_key;
    assert_eq!(stored.chars().count(), DEDUP_KEY_MAX);
    assert!(stored.starts_with(&format!("{}…", "k".repeat(190))));
}

#[test]
fn only_a_trigger_without_a_key_takes_a_fresh_one() {
    let mut event = trigger(json!({"summary": "s"}));
    for absent in [json!(null), json!(""), json!(" ")] {
        event["dedup_key"] = absent;
        assert_eq!(parse(&event).unwrap().dedup_key, "fresh");
    }
    event["dedup_key"] = json!("k");
    let request = pagerduty::parse(
        event.to_string().as_bytes(),
        None,
        || unreachable!(),
        |_| Scale::default(),
    )
    .unwrap();
    assert_eq!(request.dedup_key, "k");
}
