//! Generic JSON, and Alertmanager bodies that are no webhook.

use domain::Timestamp;
use domain::signal::Signal;
use domain::word::{Action, AlertSeverity};
use formats::settings::Settings;
use formats::{FormatError, Parsed, Rejected, alertmanager, generic};
use serde_json::{Value, json};

fn now() -> Timestamp {
    Timestamp::parse("2026-03-14T09:06:12Z").unwrap()
}

fn parse(body: &Value) -> Result<Parsed, FormatError> {
    generic::parse(body.to_string().as_bytes(), now())
}

fn one(body: Value) -> Signal {
    let parsed = parse(&body).unwrap();
    assert_eq!(parsed.signals.len(), 1, "{parsed:?}");
    parsed.signals[0].clone()
}

#[test]
fn every_field() {
    let parsed = parse(&json!({
        "action": "trigger",
        "dedup_key": "disk-db-1",
        "summary": "Disk of db-1 is full",
        "severity": "high",
        "source": "db-1",
        "details": {"free": 0},
        "link": "https://wiki.example/disk",
        "links": [{"href": "https://a.example", "text": "A"}, "https://b.example"],
        "group": "databases",
        "group_key": "db",
        "component": "disk",
        "class": "capacity",
        "timestamp": 1_773_478_000,
    }))
    .unwrap();
    assert_eq!(parsed.warnings, [""; 0]);
    let signal = &parsed.signals[0];
    assert_eq!(signal.dedup_key, "disk-db-1");
    assert_eq!(signal.severity, AlertSeverity::Error);
    assert_eq!(signal.details, json!({"free": 0}));
    let links: Vec<_> = signal
        .links
        .iter()
        .map(|link| (&*link.href, &*link.text))
        .collect();
    assert_eq!(
        links,
        [
            ("https://wiki.example/disk", "https://wiki.example/disk"),
            ("https://a.example", "A"),
            ("https://b.example", "https://b.example"),
        ]
    );
    assert_eq!(signal.group_key.as_deref(), Some("db"));
    assert_eq!(
        signal.monitor_time,
        Some(Timestamp::from_seconds(1_773_478_000))
    );
}

#[test]
fn a_title_is_enough() {
    for name in ["summary", "title", "message", "name", "subject", "text"] {
        let signal = one(json!({name: "It burns", "floor": 3}));
        assert_eq!(signal.action, Action::Trigger);
        assert_eq!(signal.summary, "It burns");
        assert_eq!(signal.severity, AlertSeverity::Critical);
        assert_eq!(signal.details, json!({"floor": 3}));
    }
    let signal = one(json!({"summary": "", "text": "t", "title": "the title"}));
    assert_eq!(signal.summary, "the title");
    assert_eq!(signal.details, json!({"summary": "", "text": "t"}));
    assert_eq!(one(json!({"summary": "s"})).details, Value::Null);
}

#[test]
fn actions_in_the_words_of_many_monitors() {
    for (word, action) in [
        ("firing", Action::Trigger),
        ("ack", Action::Acknowledge),
        ("ok", Action::Resolve),
        ("Resolved", Action::Resolve),
        ("close", Action::Resolve),
    ] {
        assert_eq!(
            one(json!({"action": word, "summary": "s"})).action,
            action,
            "{word}"
        );
    }
    assert_eq!(
        one(json!({"status": "resolved", "title": "t"})).action,
        Action::Resolve
    );
    assert_eq!(
        one(json!({"status": "closed", "title": "Door"})).action,
        Action::Trigger
    );
    let parsed = parse(&json!({"action": "notify", "summary": "s"})).unwrap();
    assert_eq!(parsed.signals[0].action, Action::Trigger);
    assert_eq!(
        parsed.warnings,
        [r#"action "notify" is not a known word: used "trigger""#]
    );
}

#[test]
fn without_a_key_the_identity_fields_decide() {
    let base = json!({"summary": "s", "source": "h", "component": "c", "class": "k"});
    let with = |name: &str, value: &str| {
        let mut body = base.clone();
        body[name] = json!(value);
        one(body)
    };
    let key = one(base.clone()).dedup_key;
    assert_eq!(key.len(), 64);
    assert!(key.bytes().all(|byte| byte.is_ascii_hexdigit()));
    for (name, same) in [
        ("summary", false),
        ("source", false),
        ("component", false),
        ("class", false),
        ("severity", true),
        ("timestamp", true),
        ("details", true),
        ("attempt", true),
    ] {
        assert_eq!(with(name, "info").dedup_key == key, same, "{name}");
    }
    let resolve = with("action", "resolve");
    assert_eq!((resolve.action, resolve.dedup_key), (Action::Resolve, key));
}

#[test]
fn refusals_say_what_to_do() {
    for (body, code, text) in [
        (
            &b"{"[..],
            "not_json",
            "The body is not JSON (EOF while parsing an object at line 1 column 1). Send one JSON object, or an array of them, in UTF-8.",
        ),
        (
            b"7",
            "not_an_object",
            "The body is a number. Send one JSON object, or an array of them.",
        ),
        (
            b"[]",
            "no_events",
            "The body is an empty array. Send at least one event.",
        ),
        (
            b"{}",
            "invalid_event",
            "The event has no title. Put one in `summary` (or in `title`, `message`, `name`, `subject`, `text`).",
        ),
        (
            br#"{"action":"ack","source":"h"}"#,
            "invalid_event",
            "The acknowledge names no alert. Send the `dedup_key` of its trigger, or the same `summary`, `source`, `component` and `class`.",
        ),
    ] {
        let error = generic::parse(body, now()).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, text));
    }
    let many = format!("[{}0]", "0,".repeat(formats::ITEMS_MAX));
    let error = generic::parse(many.as_bytes(), now()).unwrap_err();
    assert_eq!(error.code(), "too_many_events");
    assert_eq!(
        error.to_string(),
        "The body holds 10001 events. Send at most 10000 in one request."
    );
}

#[test]
fn bad_items_never_drag_the_good_ones_down() {
    let parsed = parse(&json!([
        {"summary": "good", "severity": "?"},
        7,
        {"source": "no title"},
        {"action": "resolve", "dedup_key": "k"},
    ]))
    .unwrap();
    let actions: Vec<_> = parsed.signals.iter().map(|signal| signal.action).collect();
    assert_eq!(actions, [Action::Trigger, Action::Resolve]);
    assert_eq!(
        parsed.rejected,
        [
            Rejected {
                item: 1,
                reason: "The item is a number. Send an object with at least `summary`.".into()
            },
            Rejected {
                item: 2,
                reason: "The event has no title. Put one in `summary` (or in `title`, `message`, `name`, `subject`, `text`).".into()
            },
        ]
    );
    assert_eq!(
        parsed.warnings,
        [r#"item 0: severity "?" is not a known word: used "critical""#]
    );
}

#[test]
fn an_unreadable_time_becomes_the_time_of_receipt() {
    let parsed = parse(&json!({"summary": "s", "timestamp": "*DATE*"})).unwrap();
    assert_eq!(parsed.signals[0].monitor_time, Some(now()));
    assert_eq!(parsed.warnings.len(), 1);
    assert_eq!(
        one(json!({"summary": "s", "timestamp": "0001-01-01T00:00:00Z"})).monitor_time,
        None
    );
}

#[test]
fn a_payload_of_ones_own_at_the_webhook_is_generic() {
    let parse =
        |body: Value| alertmanager::parse(body.to_string().as_bytes(), &Settings::default(), now());
    let parsed = parse(json!({"title": "DiskFull", "status": "resolved"})).unwrap();
    assert_eq!(parsed.signals[0].action, Action::Resolve);
    // There is nothing to page for, and nothing that would be over.
    let error = parse(json!({"alerts": "none", "status": "resolved"})).unwrap_err();
    assert_eq!(error.code(), "invalid_event");
    assert_eq!(
        error.to_string(),
        "The body is no Alertmanager webhook (it has no `alerts`), nor an event: The resolve names no alert. Send the `dedup_key` of its trigger, or the same `summary`, `source`, `component` and `class`."
    );
}

#[test]
fn odd_alerts_of_a_webhook() {
    let parsed = alertmanager::parse(
        json!({
            "groupKey": "g".repeat(400),
            "status": "resolved",
            "alerts": [
                7,
                {"status": "firing"},
                {"labels": {"alertname": "A", "severity": "ticket"}},
                {"labels": {"alertname": "B"}, "endsAt": "2026-03-14T09:00:00Z"},
                {"labels": {"alertname": "C", "severity": 7}, "endsAt": "2026-03-14T10:00:00Z"},
                {"fingerprint": "f", "status": "firing"},
            ],
        })
        .to_string()
        .as_bytes(),
        &Settings::default(),
        now(),
    )
    .unwrap();
    let seen: Vec<_> = parsed
        .signals
        .iter()
        .map(|signal| (signal.action, signal.severity, &*signal.summary))
        .collect();
    assert_eq!(
        seen,
        [
            (
                Action::Trigger,
                AlertSeverity::Critical,
                "Alertmanager sent something that could not be understood"
            ),
            (Action::Trigger, AlertSeverity::Critical, "A"),
            (Action::Resolve, AlertSeverity::Warning, "B"),
            (Action::Trigger, AlertSeverity::Critical, "C"),
            (
                Action::Trigger,
                AlertSeverity::Warning,
                "Alert without a name"
            ),
        ]
    );
    let ends: Vec<_> = (parsed.signals.iter())
        .filter_map(|signal| signal.ends_at)
        .collect();
    assert_eq!(ends, [Timestamp::parse("2026-03-14T10:00:00Z").unwrap()]);
    assert_eq!(
        parsed
            .rejected
            .iter()
            .map(|bad| bad.item)
            .collect::<Vec<_>>(),
        [0]
    );
    let group = parsed.resolve_group.unwrap();
    assert_eq!(
        group.chars().count(),
        255,
        "fits the column, and is the one the alerts carry"
    );
    assert!(
        parsed
            .signals
            .iter()
            .all(|signal| signal.group_key.as_deref() == Some(&*group))
    );
}

#[test]
fn notes_name_their_alert_and_say_something() {
    let note = json!({"action": "Note", "dedup_key": "disk", "summary": "A new disk comes"});
    let read = one(note.clone());
    assert_eq!((read.action, &*read.dedup_key), (Action::Note, "disk"));
    // Without its time nobody can say whether it is the same.
    assert_eq!(read.delivery, None);
    let at = |time: i64| {
        let mut note = note.clone();
        note["timestamp"] = json!(time);
        one(note).delivery
    };
    assert!(at(1_773_478_000).is_some());
    assert_eq!(at(1_773_478_000), at(1_773_478_000));
    assert_ne!(at(1_773_478_000), at(1_773_478_001));
    for lacking in ["dedup_key", "summary"] {
        let mut note = note.clone();
        note.as_object_mut().unwrap().remove(lacking);
        let refused = parse(&note).unwrap_err().to_string();
        assert!(refused.contains("needs a text"), "{refused}");
    }
    // Elsewhere the word means nothing to us, and somebody is paged.
    let other = one(json!({"event_action": "note", "summary": "s", "dedup_key": "d"}));
    assert_eq!(other.action, Action::Trigger);
}
