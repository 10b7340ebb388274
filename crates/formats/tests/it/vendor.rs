//! Requests of monitors in their vendors' documented shapes; `tests/recorded/README.md` tells where
//! each is from.

use domain::Timestamp;
use domain::signal::Signal;
use domain::word::IntegrationKind as Kind;
use formats::format;
use formats::request::Request;
use formats::settings::Settings;
use formats::{FormatError, Parsed};
use serde_json::{Value, json};

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T04:00:00Z").unwrap()
}

pub(crate) fn recorded(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/tests/recorded/vendor/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn read(kind: Kind, request: &Request<'_>) -> Result<Parsed, FormatError> {
    format::of(kind).parse(request, &Settings::default(), now())
}

pub(crate) fn of_file(kind: Kind, name: &str) -> Parsed {
    read(kind, &Request::of_body(&recorded(name))).unwrap()
}

pub(crate) fn of_text(kind: Kind, body: &str) -> Parsed {
    read(kind, &Request::of_body(body.as_bytes())).unwrap()
}

pub(crate) fn of_json(kind: Kind, body: &Value) -> Parsed {
    of_text(kind, &body.to_string())
}

/// Action, key, severity, source and title of a signal.
fn line(signal: &Signal) -> String {
    format!(
        "{} {} {} {} | {}",
        signal.action, signal.dedup_key, signal.severity, signal.source, signal.summary
    )
}

pub(crate) fn lines(parsed: &Parsed) -> Vec<String> {
    parsed.signals.iter().map(line).collect()
}

#[test]
fn vendors_say_what_they_mean() {
    for (kind, name, expected) in [
        (
            Kind::Grafana,
            "grafana_firing",
            &[
                "trigger c6eadffa33fcdf37 critical https://play.grafana.org/ | This alert was triggered for zone us-1",
                "resolve bc97ff14869b13e3 warning https://play.grafana.org/ | DatasourceNoData (blue): CPU of web",
            ][..],
        ),
        (
            Kind::Grafana,
            "grafana_legacy",
            &["trigger org:1:rule:1 error Grafana | Panel Title alert"],
        ),
        (
            Kind::Datadog,
            "datadog_triggered",
            &["trigger 7f9a2f1e error web-1 | CPU of {host:web-1} is high"],
        ),
        (
            Kind::Datadog,
            "datadog_default",
            &["resolve title:CPU is high|host:web-1 critical host:web-1 | CPU is high"],
        ),
        (
            Kind::NewRelic,
            "newrelic_issue",
            &[
                "trigger 94c2ab8e-3f2c-4a6a-8f1d-2f9a0c3f6f55 critical checkout, payments | checkout query result is > 5.0 for 5 minutes",
            ],
        ),
        (
            Kind::NewRelic,
            "newrelic_legacy",
            &["resolve 123 critical checkout | Apdex (Low): Apdex < 0.5 for at least 5 minutes"],
        ),
        (
            Kind::Zabbix,
            "zabbix_problem",
            &["trigger 102745 error web-1 | Load average is too high"],
        ),
        (
            Kind::Splunk,
            "splunk",
            &["trigger Errors of checkout error web-1 | Errors of checkout"],
        ),
        (
            Kind::Elastic,
            "kibana_active",
            &["trigger b8a1c2d3 critical host-1 | CPU: host-1"],
        ),
        (
            Kind::Elastic,
            "kibana_recovered",
            &["resolve b8a1c2d3 critical host-1 | CPU: host-1"],
        ),
        (
            Kind::Sentry,
            "sentry_event_alert",
            &["trigger issue:1170820242 error web-1 | ReferenceError: heck is not defined"],
        ),
        (
            Kind::Sentry,
            "sentry_error",
            &["trigger issue:1170820242 error web-1 | ReferenceError: heck is not defined"],
        ),
        (
            Kind::Sentry,
            "sentry_issue_resolved",
            &["resolve issue:1170820242 error shop | ReferenceError: heck is not defined"],
        ),
        (
            Kind::Sentry,
            "sentry_metric",
            &["trigger metric_alert:4 critical shop | Critical: Too many errors"],
        ),
        (
            Kind::CloudWatch,
            "cloudwatch_alarm",
            &[
                "trigger arn:aws:cloudwatch:us-east-1:123456789012:alarm:cpu-high critical InstanceId=i-0abc | cpu-high: CPU above 90 %",
            ],
        ),
        (
            Kind::Azure,
            "azure_fired",
            &[
                "trigger /subscriptions/11111111/providers/Microsoft.AlertsManagement/alerts/b9569717-bc32-442f-add5-83a997729330 error web-1 | High CPU: web-1",
            ],
        ),
        (
            Kind::GoogleCloud,
            "gcp_open",
            &["trigger 0.opqiw61fsv7p error internal-project gke-cluster | TEST ALERT - subject"],
        ),
        (
            Kind::UptimeKuma,
            "uptimekuma_down",
            &[
                "trigger monitor:7 critical https://shop.example | Shop: connect ECONNREFUSED 10.0.3.7:443",
            ],
        ),
        (
            Kind::UptimeKuma,
            "uptimekuma_certificate",
            &[
                "trigger notice:shop|https://shop.example info shop | [shop][https://shop.example] server certificate shop.example will expire in 7 days",
            ],
        ),
        (Kind::UptimeKuma, "uptimekuma_test", &[]),
        (
            Kind::UptimeRobot,
            "uptimerobot_down",
            &["trigger monitor:777 critical https://shop.example | Shop: Connection Timeout"],
        ),
        (
            Kind::Pingdom,
            "pingdom_down",
            &["trigger check:12345 critical shop.example | Shop is DOWN: Short error message"],
        ),
        (
            Kind::Healthchecks,
            "healthchecks_down",
            &[
                "trigger check:a1b2c3d4-0000-4000-8000-000000000000 critical backup | backup is down",
            ],
        ),
        (
            Kind::Updown,
            "updown",
            &[
                "trigger check:ngg8 critical https://shop.example | Shop: DOWN: https://shop.example since 03:25:25 (UTC), reason: 500",
                "resolve check:ab12 critical https://blog.example | https://blog.example: timeout",
            ],
        ),
        (
            Kind::LibreNms,
            "librenms",
            &["trigger 41 critical rt-1 | Alert for device rt-1 - Port status down"],
        ),
        (
            Kind::Netdata,
            "netdata_cloud",
            &["trigger Ops//system.cpu/10min_cpu_usage critical Ops | 10 min average CPU is 97%"],
        ),
        (
            Kind::Netdata,
            "netdata_agent_warning",
            &[
                "trigger netdata:web-1:1699990001 warning web-1 | disk_space_usage: disk / space utilization",
            ],
        ),
        (
            Kind::Nobl9,
            "nobl9",
            &["trigger 9c1e error checkout | Fast burn: latency"],
        ),
        (
            Kind::Nagios,
            "nagios_problem",
            &[
                "trigger event_source=service;host_name=db1;service_desc=Disk /var critical db1 | Disk /var on db1 is CRITICAL: DISK CRITICAL - free space: 2%",
            ],
        ),
        (
            Kind::CloudEvents,
            "cloudevent",
            &["trigger /sensors/tn-1234567|disk error /sensors/tn-1234567 | Disk is full"],
        ),
    ] {
        let parsed = of_file(kind, name);
        assert_eq!(lines(&parsed), expected, "{name}: {:?}", parsed.warnings);
        assert!(
            parsed.rejected.is_empty() && parsed.changes.is_empty(),
            "{name}"
        );
        // What a vendor documents needs no guess, but for Datadog's default body, which has no key.
        let expected = match name {
            "datadog_default" => {
                vec!["no cycle_key: alerts are told apart by their title. Use our template"]
            }
            "uptimekuma_test" => vec!["a test of Uptime Kuma arrived: all is well"],
            _ => vec![],
        };
        assert_eq!(parsed.warnings, expected, "{name}");
        for signal in &parsed.signals {
            let is_timeless = ["grafana_legacy", "uptimekuma_certificate"].contains(&name);
            assert!(signal.monitor_time.is_some() || is_timeless, "{name}");
        }
    }
}

#[test]
fn grafana_tells_more_than_alertmanager() {
    let parsed = of_file(Kind::Grafana, "grafana_firing");
    let texts: Vec<&str> = parsed.signals[0]
        .links
        .iter()
        .map(|link| &*link.text)
        .collect();
    assert_eq!(
        texts,
        [
            "Runbook",
            "Graph",
            "Grafana",
            "Panel",
            "Dashboard",
            "Silence"
        ]
    );
    assert_eq!(
        parsed.signals[0].images[0].src,
        "https://play.grafana.org/shot.png"
    );
    assert_eq!(parsed.signals[0].details["values"]["C"], 1);
    assert_eq!(
        parsed.signals[0].group_key.as_deref(),
        Some(r#"{}:{team="blue"}"#)
    );
}

#[test]
fn datadogs_titles_tell_hosts_apart() {
    let key = |title: &str| {
        lines(&of_json(Kind::Datadog, &json!({"title": title, "id": "1"})))[0].clone()
    };
    assert_eq!(
        key("[P1] [Triggered on {host:a}] CPU"),
        "trigger title:CPU|host:a critical host:a | CPU"
    );
    assert_eq!(
        key("[Recovered on {host:b}] CPU"),
        "resolve title:CPU|host:b critical host:b | CPU"
    );
    assert_eq!(
        key("[eu] CPU"),
        "trigger title:[eu] CPU| critical Datadog | [eu] CPU"
    );
    assert_eq!(
        key("[Triggered]"),
        "trigger title:[Triggered]| critical Datadog | [Triggered]"
    );
}

#[test]
fn zabbix_moves_through_its_states() {
    let with = |changes: &[(&str, &str)]| {
        let mut body: Value = serde_json::from_slice(&recorded("zabbix_problem")).unwrap();
        for (name, value) in changes {
            body[*name] = json!(value);
        }
        of_json(Kind::Zabbix, &body).signals[0].action.to_string()
    };
    assert_eq!(with(&[("event_value", "0")]), "resolve");
    let update = [
        ("event_update_status", "1"),
        ("event_update_action", "acknowledged, commented"),
    ];
    assert_eq!(with(&update), "acknowledge");
    let taken_back = [
        ("event_update_status", "1"),
        ("event_update_action", "unacknowledged"),
    ];
    assert_eq!(with(&taken_back), "trigger");
    assert_eq!(
        with(&[("message", "NOTE: Escalation cancelled: trigger disabled.")]),
        "resolve"
    );
    let details = &of_file(Kind::Zabbix, "zabbix_problem").signals[0].details;
    assert_eq!(
        details["tags"],
        json!({"scope": "performance", "class": "os"})
    );
    assert_eq!(
        details.get("event_recovery_time"),
        None,
        "a macro nobody filled in"
    );
}

#[test]
fn templates_that_break_json_still_page() {
    let parsed = of_text(
        Kind::Datadog,
        "{\"title\": \"CPU is high\", \"transition\": \"Triggered\", \"cycle_key\": \"k\", \"body\": \"line 1\nline 2\"}",
    );
    assert_eq!(lines(&parsed), ["trigger k critical Datadog | CPU is high"]);
    assert_eq!(parsed.warnings.len(), 1);
    let parsed = of_text(Kind::Datadog, "{\"title\": \"He said \"no\"\", \"x\": 1}");
    assert_eq!(parsed.signals.len(), 1);
    assert!(
        parsed.signals[0].summary.starts_with("Datadog: {"),
        "{parsed:?}"
    );
    assert_eq!(
        parsed.signals[0].details["body"],
        "{\"title\": \"He said \"no\"\", \"x\": 1}"
    );
}

/// What JavaScript, Python and Go write when they cut a text, divide by zero or nest without end.
#[test]
fn one_odd_character_or_number_loses_no_alert() {
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    for odd in [
        r#""\ud83d""#,
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        r#""C:\Windows""#,
        &deep,
    ] {
        for (kind, body) in [
            (
                Kind::Generic,
                format!("{{\"summary\": \"s\", \"x\": {odd}}}"),
            ),
            (
                Kind::Changes,
                format!("{{\"summary\": \"s\", \"x\": {odd}}}"),
            ),
            (Kind::Email, format!("{{\"summary\": \"s\", \"x\": {odd}}}")),
            (
                Kind::CloudEvents,
                format!(
                    "{{\"type\": \"t\", \"source\": \"s\", \"data\": {{\"summary\": \"s\", \"x\": {odd}}}}}"
                ),
            ),
            (
                Kind::Alertmanager,
                format!(
                    "{{\"alerts\": [{{\"labels\": {{\"alertname\": \"s\", \"severity\": \"error\", \"x\": {odd}}}}}]}}"
                ),
            ),
            (
                Kind::Grafana,
                format!(
                    "{{\"alerts\": [{{\"labels\": {{\"alertname\": \"s\", \"severity\": \"error\"}}, \"values\": {odd}}}]}}"
                ),
            ),
            (
                Kind::Prometheus,
                format!(
                    "[{{\"labels\": {{\"alertname\": \"s\", \"severity\": \"error\", \"x\": {odd}}}}}]"
                ),
            ),
            (
                Kind::UptimeKuma,
                format!(
                    "{{\"monitor\": {{\"id\": 1, \"name\": \"s\"}}, \"heartbeat\": {{\"status\": 0, \"x\": {odd}}}}}"
                ),
            ),
            (
                Kind::Opsgenie,
                format!("{{\"message\": \"s\", \"details\": {{\"x\": {odd}}}}}"),
            ),
            (
                Kind::PagerDuty,
                format!(
                    "{{\"event_action\": \"trigger\", \"payload\": {{\"summary\": \"s\", \"source\": \"s\", \"severity\": \"error\", \"custom_details\": {odd}}}}}"
                ),
            ),
            (
                Kind::PagerDuty,
                format!(
                    "{{\"event_type\": \"trigger\", \"service_key\": \"k\", \"description\": \"s\", \"details\": {odd}}}"
                ),
            ),
        ] {
            let parsed = of_text(kind, &body);
            let mut titles: Vec<&str> = (parsed.signals.iter())
                .map(|signal| &*signal.summary)
                .collect();
            titles.extend(parsed.changes.iter().map(|change| &*change.summary));
            assert_eq!(titles, ["s"], "{kind}: {body}");
            let mended = |text: &String| text.contains("it was mended");
            assert!(parsed.warnings.iter().any(mended), "{kind}: {body}");
        }
    }
}

#[test]
fn every_vendor_keeps_what_it_does_not_know() {
    for kind in Kind::ALL {
        let format = format::of(*kind);
        if format.category == format::Category::Changes || *kind == Kind::Prometheus {
            continue;
        }
        let parsed = of_json(*kind, &json!({"summary": "Something", "unheard": [1]}));
        assert_eq!(parsed.signals.len(), 1, "{kind}");
        assert_eq!(parsed.signals[0].summary, "Something", "{kind}");
        assert!(
            read(*kind, &Request::of_body(b"")).is_err(),
            "{kind}: nothing is no alert"
        );
        assert!(read(*kind, &Request::of_body(b"{}")).is_err(), "{kind}");
    }
    for kind in [
        Kind::Azure,
        Kind::Sentry,
        Kind::Zabbix,
        Kind::CloudWatch,
        Kind::Nobl9,
    ] {
        let parsed = of_json(kind, &json!({"who": "knows"}));
        assert_eq!(parsed.signals.len(), 1, "{kind}");
        assert_eq!(parsed.warnings.len(), 1, "{kind}");
        let text = of_text(kind, "Disk is full\non db-1");
        assert!(text.signals[0].summary.ends_with("Disk is full"), "{kind}");
    }
}
