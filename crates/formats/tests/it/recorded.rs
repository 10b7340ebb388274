//! Requests of real clients; `tests/recorded/README.md` tells where each is from.

use domain::Timestamp;
use domain::signal::Signal;
use domain::word::{Action, AlertSeverity};
use formats::settings::Settings;
use formats::severity::Scale;
use formats::{Parsed, alertmanager, pagerduty};
use serde_json::{Value, json};

const KEY: &str = "0123456789abcdef0123456789abcdef";

macro_rules! recorded {
    ($name:literal) => {
        include_bytes!(concat!("../recorded/", $name, ".json")).as_slice()
    };
}

fn received_at() -> Timestamp {
    Timestamp::parse("2026-11-21T04:00:00Z").unwrap()
}

fn webhook(body: &[u8]) -> Parsed {
    alertmanager::parse(body, &Settings::default(), received_at()).unwrap()
}

fn event(body: &[u8]) -> (pagerduty::Request, Signal) {
    event_with(body, None)
}

fn event_with(body: &[u8], header: Option<&str>) -> (pagerduty::Request, Signal) {
    let request =
        pagerduty::parse(body, header, || "fresh".to_owned(), |_| Scale::default()).unwrap();
    assert_eq!(request.parsed.signals.len(), 1);
    assert_eq!(request.parsed.resolve_group, None);
    let signal = request.parsed.signals[0].clone();
    (request, signal)
}

fn texts(signal: &Signal) -> Vec<&str> {
    signal.links.iter().map(|link| link.text.as_str()).collect()
}

#[test]
fn alertmanager_firing() {
    let parsed = webhook(recorded!("alertmanager_firing"));
    assert_eq!(parsed.warnings, [""; 0]);
    assert_eq!(parsed.rejected, []);
    assert_eq!(parsed.resolve_group, None);
    let [first, second] = &parsed.signals[..] else {
        panic!("{parsed:?}")
    };
    assert_eq!(first.action, Action::Trigger);
    assert_eq!(first.dedup_key, "484b0d4297c029f1");
    assert_eq!(first.summary, "Checkout answers 7 % of requests with 5xx");
    assert_eq!(first.source, "10.0.3.7:9100");
    assert_eq!(first.severity, AlertSeverity::Critical);
    assert_eq!(first.component.as_deref(), Some("checkout-api"));
    assert_eq!(first.class.as_deref(), Some("HighErrorRate"));
    assert_eq!(
        first.group_key.as_deref(),
        Some(r#"{}:{alertname="HighErrorRate", service="checkout"}"#)
    );
    assert_eq!(
        texts(first),
        ["Runbook", "Dashboard", "Graph", "Alertmanager"]
    );
    assert_eq!(first.links[0].href, "https://runbooks.example/checkout-5xx");
    assert_eq!(
        first.monitor_time,
        Timestamp::parse("2026-11-21T03:25:55.536765Z")
    );
    assert_eq!(first.ends_at, None);
    assert_eq!(
        first.details["annotations"]["description"],
        "Größer als 5 % seit 10 Minuten"
    );
    assert_eq!(first.details["labels"]["cluster"], "eu-1");
    assert_eq!(second.dedup_key, "1d318431dcbb0a18");
    assert_eq!(second.group_key, first.group_key);
    assert_eq!(texts(second), ["Graph", "Alertmanager"]);
}

#[test]
fn the_fingerprint_we_compute_is_alertmanagers() {
    for body in [
        recorded!("alertmanager_firing"),
        recorded!("alertmanager_no_severity"),
    ] {
        let mut request: Value = serde_json::from_slice(body).unwrap();
        for alert in request["alerts"].as_array_mut().unwrap() {
            alert.as_object_mut().unwrap().remove("fingerprint");
            alert["labels"]["empty"] = json!("");
        }
        let keys = |parsed: Parsed| -> Vec<String> {
            parsed
                .signals
                .into_iter()
                .map(|signal| signal.dedup_key)
                .collect()
        };
        assert_eq!(
            keys(webhook(request.to_string().as_bytes())),
            keys(webhook(body))
        );
    }
}

#[test]
fn alertmanager_without_severity_and_summary() {
    let parsed = webhook(recorded!("alertmanager_no_severity"));
    assert_eq!(parsed.signals[0].severity, AlertSeverity::Warning);
    assert_eq!(parsed.signals[0].summary, "Disk of db-1 is full");
    assert_eq!(
        parsed.warnings,
        [r#"alert "DiskFull": no label severity: used "warning""#]
    );

    let mut request: Value = serde_json::from_slice(recorded!("alertmanager_no_severity")).unwrap();
    request["alerts"][0]["annotations"] = json!({});
    let parsed = webhook(request.to_string().as_bytes());
    assert_eq!(parsed.signals[0].summary, "DiskFull (db)");
}

#[test]
fn alertmanager_one_of_two_resolved() {
    let parsed = webhook(recorded!("alertmanager_one_resolved"));
    let actions: Vec<_> = parsed
        .signals
        .iter()
        .map(|signal| (signal.action, signal.dedup_key.as_str()))
        .collect();
    assert_eq!(
        actions,
        [
            (Action::Resolve, "484b0d4297c029f1"),
            (Action::Trigger, "1d318431dcbb0a18")
        ]
    );
    assert_eq!(parsed.resolve_group, None);
}

#[test]
fn alertmanager_group_resolved() {
    let parsed = webhook(recorded!("alertmanager_resolved"));
    assert_eq!(parsed.signals[0].action, Action::Resolve);
    assert_eq!(parsed.resolve_group, parsed.signals[0].group_key);
    assert_eq!(
        parsed.resolve_group.as_deref(),
        Some(r#"{}:{alertname="HighErrorRate", service="checkout"}"#)
    );
}

#[test]
fn alerts_left_out_by_max_alerts_are_told_and_not_resolved_with_their_group() {
    let warning = r#"max_alerts of the receiver "all" left out 1 alerts: set it to 0, or alerts are missed and stay open when they end"#;
    let parsed = webhook(recorded!("alertmanager_max_alerts_firing"));
    assert_eq!((parsed.signals.len(), parsed.resolve_group), (1, None));
    assert_eq!(parsed.warnings, [warning]);
    let parsed = webhook(recorded!("alertmanager_max_alerts_resolved"));
    assert_eq!(parsed.resolve_group, None);
    assert_eq!(parsed.warnings, [warning]);
}

#[test]
fn alertmanagers_pagerduty_receiver() {
    let (request, trigger) = event(recorded!("alertmanager_pagerduty_trigger"));
    assert_eq!(request.routing_key, KEY);
    assert_eq!(request.parsed.warnings, [""; 0]);
    assert_eq!(
        trigger.summary,
        "[FIRING:2] HighErrorRate checkout (eu-1 checkout-api critical)"
    );
    assert_eq!(trigger.source, "Alertmanager");
    assert_eq!(trigger.severity, AlertSeverity::Error);
    assert_eq!(trigger.details["num_firing"], "2");
    assert_eq!(texts(&trigger), ["Alertmanager"]);

    let (request, blank) = event(recorded!("alertmanager_pagerduty_blank_severity"));
    assert_eq!(blank.severity, AlertSeverity::Critical);
    assert_eq!(
        request.parsed.warnings,
        ["payload.severity was missing: used \"critical\""]
    );

    let (_, resolve) = event(recorded!("alertmanager_pagerduty_resolve"));
    assert_eq!(resolve.action, Action::Resolve);
    assert_eq!(resolve.dedup_key, trigger.dedup_key);
}

#[test]
fn pdpyras() {
    let (request, signal) = event(recorded!("pdpyras_trigger"));
    assert_eq!(
        (request.dedup_key.as_str(), signal.dedup_key.as_str()),
        ("fresh", "fresh")
    );
    assert_eq!(
        signal.details,
        json!({"queue": "orders", "lag_seconds": 723})
    );
    assert_eq!(texts(&signal), ["Queue"]);
    assert_eq!(
        signal.images[0].src,
        "https://grafana.example/render/queue.png"
    );

    let (request, signal) = event(recorded!("pdpyras_trigger_keyed"));
    assert_eq!(request.parsed.warnings, [""; 0]);
    assert_eq!(signal.dedup_key, "orders/lag");
    assert_eq!(
        signal.monitor_time,
        Timestamp::parse("2026-03-14T09:06:12Z")
    );
    assert_eq!(
        [&signal.component, &signal.group, &signal.class].map(Option::as_deref),
        [Some("queue"), Some("orders"), Some("lag")]
    );
    for (body, action) in [
        (recorded!("pdpyras_acknowledge"), Action::Acknowledge),
        (recorded!("pdpyras_resolve"), Action::Resolve),
    ] {
        let (request, signal) = event(body);
        assert_eq!(
            (signal.action, signal.dedup_key.as_str()),
            (action, "orders/lag")
        );
        assert_eq!(signal.summary, "");
        assert_eq!(request.parsed.warnings, [""; 0]);
    }
}

#[test]
fn kibana_sends_its_key_as_a_header() {
    let (request, trigger) = event_with(recorded!("kibana_trigger"), Some(KEY));
    assert_eq!(request.routing_key, KEY);
    assert_eq!(request.parsed.warnings, [""; 0]);
    let (_, resolve) = event_with(recorded!("kibana_resolve"), Some(KEY));
    assert_eq!(trigger.dedup_key, resolve.dedup_key);
    let refused = pagerduty::parse(recorded!("kibana_resolve"), None, String::new, |_| {
        Scale::default()
    })
    .unwrap_err();
    assert_eq!(refused.errors(), ["'routing_key' is missing or blank"]);
}

#[test]
fn netdatas_clear_resolves_what_its_alarm_opened() {
    let (critical_request, critical) = event(recorded!("netdata_critical"));
    let (clear_request, clear) = event(recorded!("netdata_clear"));
    assert_eq!(
        critical_request.dedup_key, "1700000123",
        "the reply repeats the client's key"
    );
    assert_eq!(clear_request.dedup_key, "1700000188");
    assert_eq!(critical.dedup_key, "netdata:web-1:1699990001");
    assert_eq!(clear.dedup_key, critical.dedup_key);
    assert_eq!(
        critical.monitor_time,
        Timestamp::parse("2023-11-14T22:13:20Z")
    );
}
