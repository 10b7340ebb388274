//! Real clients of vendors, told nothing but another host (WIRE-FORMATS.md §4).

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::alertmanager::{Alertmanager, amtool, opsgenie};
use testkit::prometheus::{Prometheus, Rule};
use testkit::{clients, eventually, scratch};

use crate::database::Database;
use crate::house::{ALERTMANAGER_KEY, COMPANY, EVENTS_KEY, House, SOON};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name)
}

/// Runs a client to its end and reads what it tells.
async fn told(mut command: std::process::Command) -> Value {
    let text = tokio::task::spawn_blocking(move || scratch::run(&mut command))
        .await
        .unwrap();
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Summary, severity, state and count of every alert, oldest first.
fn alerts(house: &House) -> Vec<Vec<String>> {
    house.rows("SELECT summary, severity, status, count FROM alert ORDER BY id")
}

#[tokio::test(flavor = "multi_thread")]
async fn opsgenies_client_for_python() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let mut command = clients::python(&script("opsgenie_client.py"));
    command.args([&house.server.base_url, EVENTS_KEY]);
    let told = told(command).await;
    assert_eq!(
        told,
        json!({
            "result": "Request will be processed",
            "created": [true, "Create", "al/1"],
            "alert": ["Queue is stuck", "open", "P2", ["queue"], {"host": "mq1"}, "mq"],
            "by id": "al/1",
            "by tiny id": "al/1",
            "edited": ["Queue moves", "Slowly", "P1", ["b"], {"k": "v"}, 1],
            "notes": ["the monitor asked for the action “Restart”", "zed: looking", "zed: hello"],
            "logs": true,
            "recipients": ["ana@example.com", "ana@example.com"],
            "acknowledged": true,
            "unacknowledged": false,
            "snoozed": true,
            "listed": ["al/1"],
            "counted": 1,
            "closed": [true, "closed"],
            "of nothing": false,
            "unknown": told["unknown"],
            "beat made": ["nightly/1", true, false],
            "pong": "PONG - Heartbeat received",
            "pong of nothing": "PONG - Heartbeat received",
            "beat": [10, "minutes", "Copies", true, false],
            "beats": [["nightly/1", 2, "hours"]],
            "beat off": false,
            "beat on": true,
            "beats left": 0,
        }),
        "{told:#}"
    );
    assert!(told["unknown"].is_string());
    assert_eq!(
        alerts(&house),
        [["Queue moves", "critical", "resolved", "1"]]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn opsgenies_client_for_node() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let mut command = clients::node(&script("opsgenie_client.js"), "opsgenie-sdk");
    command.args([&house.server.base_url, EVENTS_KEY]);
    assert_eq!(
        told(command).await,
        json!({
            "created": "Request will be processed",
            "got": ["From Node", "P1", "open"],
            "later": [["b"], true],
            "notes": ["seen"],
            "closed": "Request will be processed",
            "gone": "Alert does not exist",
        })
    );
    assert_eq!(alerts(&house), [["From Node", "critical", "resolved", "1"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pagerdutys_client_for_python() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let mut command = clients::python(&script("pagerduty_client.py"));
    command.args([&house.server.base_url, EVENTS_KEY]);
    assert_eq!(
        told(command).await,
        json!({"fresh": 32, "keyed": "disk/1", "resolved": "disk/1"})
    );
    assert_eq!(
        alerts(&house),
        [
            ["Disk full", "critical", "open", "1"],
            ["Disk full", "error", "resolved", "1"],
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pagerdutys_newer_client_for_python() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let mut command = clients::python(&script("pagerduty_newer.py"));
    command.args([&house.server.base_url, EVENTS_KEY]);
    assert_eq!(
        told(command).await,
        json!({
            "fresh": 32, "keyed": "disk/1", "resolved": "disk/1",
            "stranger": [400, "Invalid routing key"],
        })
    );
    assert_eq!(alerts(&house).len(), 2);
    assert_eq!(
        house.rows("SELECT summary, source FROM change_event"),
        [["Deployed 4.2", "ci"]]
    );
}

/// Prometheus pushes straight to us, and `amtool` asks and adds.
#[tokio::test(flavor = "multi_thread")]
async fn prometheus_without_an_alertmanager() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let home = house
        .server
        .url(&format!("/integrations/{ALERTMANAGER_KEY}"));
    let rule = Rule::firing("CheckoutErrors")
        .label("severity", "critical")
        .label("service", "checkout")
        .annotation("summary", "Checkout answers with errors");
    let mut prometheus = Prometheus::start(&home, std::slice::from_ref(&rule)).await;
    let state = || {
        let now = alerts(&house);
        async move {
            let now: Vec<String> = now.into_iter().map(|row| row[2].clone()).collect();
            now
        }
    };
    eventually(SOON, "the rule to open an alert", || async {
        let now = state().await;
        (now == ["open"]).then_some(()).ok_or(now)
    })
    .await;
    assert_eq!(
        house.rows("SELECT summary, severity, group_key FROM alert"),
        [[
            "Checkout answers with errors",
            "critical",
            "{alertname=\"CheckoutErrors\", service=\"checkout\"}"
        ]]
    );

    let ask = |arguments: &'static [&'static str]| {
        let mut command = amtool(&home);
        command.args(arguments);
        tokio::task::spawn_blocking(move || scratch::run(&mut command))
    };
    let list = ask(&["alert", "query", "--output=json", "severity=critical"]);
    let list: Value = serde_json::from_str(&list.await.unwrap()).unwrap();
    assert_eq!(list[0]["labels"]["alertname"], "CheckoutErrors", "{list}");
    assert_eq!(list[0]["status"]["state"], "active");
    let none = ask(&["alert", "query", "--output=json", "severity=~warn.*"]);
    assert_eq!(none.await.unwrap().trim(), "[]");
    ask(&[
        "alert",
        "add",
        "alertname=ByHand",
        "severity=warning",
        "--annotation=summary=Added",
    ])
    .await
    .unwrap();
    assert_eq!(state().await, ["open", "open"]);

    // What is silenced by it is found, shown on its alerts, and ended.
    let made = ask(&[
        "silence",
        "add",
        "alertname=~By.*",
        "severity!=critical",
        "--duration=2h",
        "--author=ana",
        "--comment=The compaction runs",
    ]);
    let id: &'static str = made.await.unwrap().trim().to_owned().leak();
    let list = ask(&["silence", "query", "--output=json", "alertname=~By.*"]);
    let list: Value = serde_json::from_str(&list.await.unwrap()).unwrap();
    assert_eq!(list[0]["id"], id, "{list}");
    assert_eq!(list[0]["createdBy"], "ana");
    assert_eq!(list[0]["status"]["state"], "active");
    let held = ask(&["alert", "query", "--silenced", "--output=json"]);
    let held: Value = serde_json::from_str(&held.await.unwrap()).unwrap();
    assert_eq!(held[0]["labels"]["alertname"], "ByHand", "{held}");
    assert_eq!(held[0]["status"]["silencedBy"][0], id);
    let firing = ask(&["alert", "query", "--output=json"]);
    let firing: Value = serde_json::from_str(&firing.await.unwrap()).unwrap();
    assert_eq!(firing.as_array().map(Vec::len), Some(1), "{firing}");
    let arguments: &'static [&'static str] = vec!["silence", "expire", id].leak();
    ask(arguments).await.unwrap();
    let none = ask(&["silence", "query", "--output=json"]);
    assert_eq!(none.await.unwrap().trim(), "[]");
    let ended = ask(&["silence", "query", "--expired", "--output=json"]);
    let ended: Value = serde_json::from_str(&ended.await.unwrap()).unwrap();
    assert_eq!(ended[0]["status"]["state"], "expired", "{ended}");

    prometheus.set_rules(&[rule.quiet()]);
    eventually(SOON, "the alert to end with the rule", || async {
        let now = state().await;
        (now == ["resolved", "open"]).then_some(()).ok_or(now)
    })
    .await;
    assert_eq!(house.number("SELECT COUNT(*) FROM incident"), 2);
}

/// Alertmanager's receiver for Opsgenie, which also edits alerts whose text has changed.
#[tokio::test(flavor = "multi_thread")]
async fn alertmanagers_receiver_for_opsgenie() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let host = house.server.url("/");
    let alertmanager = Alertmanager::start(&opsgenie(&host, EVENTS_KEY)).await;
    let alert = |instance: &str, ends: Option<&str>| {
        let mut alert = json!({
            "labels": {"alertname": "HighLoad", "instance": instance},
            "annotations": {"summary": "Load is high"},
        });
        if let Some(ends) = ends {
            alert["endsAt"] = json!(ends);
        }
        alert
    };
    let wait = |what: &'static str, wanted: fn(&[String]) -> bool| {
        let house = &house;
        eventually(SOON, what, move || async move {
            let now = alerts(house);
            match now.first() {
                Some(row) if now.len() == 1 && wanted(row) => Ok(()),
                _ => Err(format!("{now:?}")),
            }
        })
    };
    alertmanager.post_alerts(&json!([alert("a", None)])).await;
    wait("the alert to open", |row| {
        row[0].contains("FIRING:1") && row[1] == "critical" && row[2] == "open"
    })
    .await;
    alertmanager.post_alerts(&json!([alert("b", None)])).await;
    wait("its message to change", |row| row[0].contains("FIRING:2")).await;
    let gone = "2020-01-01T00:00:00Z";
    alertmanager
        .post_alerts(&json!([alert("a", Some(gone)), alert("b", Some(gone))]))
        .await;
    wait("the alert to end", |row| row[2] == "resolved").await;
    assert_eq!(house.number("SELECT COUNT(*) FROM incident"), 1);
}
