//! What doors do with addresses, amounts and times beyond the usual, and that owners hear of what
//! was not taken.

use std::time::Duration;

use domain::word::IntegrationKind;
use formats::signature::hmac_sha256;
use serde_json::{Value, json};
use store::request::{Filter, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::doors::send;
use crate::house::{ADMIN, AM_KEY, EVENTS_KEY, House, PD_KEY};
use crate::settings::{door, settings};

const MIB: usize = 1024 * 1024;

fn event(key: &str) -> Value {
    json!({"routing_key": PD_KEY, "event_action": "trigger", "dedup_key": key,
        "payload": {"summary": "Disk full", "source": "db1", "severity": "critical"}})
}

fn group() -> Value {
    json!({"version": "4", "groupKey": "g", "status": "firing", "alerts": [
        {"status": "firing", "fingerprint": "f", "labels": {"alertname": "A"}}]})
}

fn pushed() -> Value {
    json!([{"labels": {"alertname": "A"}}])
}

/// Requests that were kept, newest first.
async fn kept(house: &House) -> Vec<Request> {
    let store = house.engine.store();
    store
        .read(|c| store::request::list(c, &Filter::default(), 100))
        .await
        .unwrap()
}

/// Why the newest request was refused.
async fn problem(house: &House) -> String {
    let kept = kept(house).await;
    kept.first()
        .map_or(String::new(), |one| one.problems.join("\n"))
}

/// Clients put their path behind a host that ends with a slash.
#[actix_web::test]
async fn repeated_slashes_are_one() {
    let house = House::on_sqlite().await;
    let genie = format!("GenieKey {PD_KEY}");
    let auth = [("authorization", genie.as_str())];
    let mine = format!("/integrations/{PD_KEY}");
    let made = json!({"message": "x", "alias": "a//b"});
    for (path, body, status) in [
        ("//v2/enqueue".to_owned(), event("a"), 202),
        ("/v2/enqueue//".to_owned(), event("a"), 202),
        (format!("{mine}//v2/enqueue"), event("a"), 202),
        (
            format!("//integrations/{PD_KEY}/events"),
            json!({"summary": "x"}),
            202,
        ),
        ("//v2/alerts".to_owned(), made.clone(), 202),
        ("//v2//alerts/".to_owned(), made, 202),
        (format!("{mine}//api/v2/alerts"), pushed(), 200),
        (format!("{mine}/alertmanager//"), group(), 202),
    ] {
        let answer = send(&house, &path, &auth, body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
    }
    // Escaped ones are part of a name.
    let path = "//v2/alerts/a%2F%2Fb//close?identifierType=alias";
    assert_eq!(send(&house, path, &auth, "{}").await.status, 202);
    let list = house.api(ADMIN, "GET", "/api/v1/alerts", None).await;
    let list = list.json();
    let closed = list["items"].as_array().unwrap().iter();
    let closed: Vec<&Value> = closed
        .filter(|alert| alert["status"] == "resolved")
        .map(|alert| &alert["dedup_key"])
        .collect();
    assert_eq!(closed, ["a//b"]);
    // Other pages have one address each.
    for path in ["//incidents", "//healthz", "/api//v1/alerts"] {
        assert_eq!(house.get(path).await.status, 404, "{path}");
    }
}

/// Those who come again after a 5xx only are told of a spent budget by one.
#[actix_web::test]
async fn a_spent_budget_is_no_last_word() {
    let house = House::configured(|web| web.rate_limit = 1).await;
    for (kind, status) in [
        (IntegrationKind::Alertmanager, 503),
        (IntegrationKind::Grafana, 503),
        (IntegrationKind::Datadog, 503),
        (IntegrationKind::ArgoCd, 503),
        (IntegrationKind::Zabbix, 429),
        (IntegrationKind::Generic, 429),
    ] {
        let (_, key) = door(&house, kind).await;
        let path = format!("/integrations/{key}");
        send(&house, &path, &[], group()).await;
        let answer = send(&house, &path, &[], group()).await;
        let problem = answer.is_problem(status, "too_many");
        let seconds: i64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=61).contains(&seconds), "{kind}: {problem}");
    }
}

/// What is refused by a budget is told as a number, not as a row each.
#[actix_web::test]
async fn refusals_of_a_budget_are_counted_and_told() {
    let mut house = House::configured(|web| {
        web.rate_limit = 2;
        web.refusals_told = Duration::from_secs(3_600);
    })
    .await;
    for number in 0..12 {
        let answer = send(&house, "/v2/enqueue", &[], event(&format!("k{number}"))).await;
        assert_eq!(answer.status, if number < 2 { 202 } else { 429 });
    }
    assert_eq!(kept(&house).await.len(), 2);
    house.stop();
    house.serving.take().unwrap().await.unwrap().unwrap();
    assert_eq!(kept(&house).await.len(), 3);
    let told = problem(&house).await;
    assert!(
        told.starts_with("10 requests were refused since "),
        "{told}"
    );
    assert!(told.contains("more than 2 a minute"), "{told}");

    let house = House::configured(|web| {
        web.rate_limit = 1;
        web.refusals_told = Duration::from_millis(50);
    })
    .await;
    let path = format!("/integrations/{AM_KEY}/alertmanager");
    for _ in 0..3 {
        send(&house, &path, &[], group()).await;
    }
    testkit::eventually(Duration::from_secs(20), "it is told", || async {
        problem(&house).await.contains("refused since")
    })
    .await;
}

/// A body that does not come is no last word either.
#[actix_web::test]
async fn slow_bodies_may_come_again() {
    let house = House::configured(|web| web.body_patience = Duration::from_millis(100)).await;
    let address = house.url.trim_start_matches("http://").to_owned();
    let mine = format!("/integrations/{PD_KEY}");
    for path in [
        "/v2/enqueue".to_owned(),
        "/v2/change/enqueue".to_owned(),
        "/generic/2010-04-15/create_event.json".to_owned(),
        "/v2/alerts".to_owned(),
        "/v1/json/integrations/webhooks/netdata".to_owned(),
        "/api/v2/alerts".to_owned(),
        "/api/v2/silences".to_owned(),
        format!("{mine}/api/v1/alerts"),
        format!("{mine}/alertmanager"),
        format!("{mine}/events"),
        format!("{mine}/heartbeats/x"),
        mine,
    ] {
        let mut wire = tokio::net::TcpStream::connect(&address).await.unwrap();
        let begun = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Authorization: GenieKey {PD_KEY}\r\nContent-Length: 100\r\n\r\n{{"
        );
        wire.write_all(begun.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4_096];
        let length = wire.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).to_lowercase();
        assert!(answer.starts_with("http/1.1 503"), "{path}: {answer}");
        assert!(answer.contains("retry-after:"), "{path}: {answer}");
    }
}

/// Formats whose senders need it take more than others, and what is too large leaves a trace.
#[actix_web::test]
async fn each_format_takes_what_its_sender_sends() {
    let house = House::configured(|web| web.body_limit = MIB).await;
    let mine = |word: &str| format!("/integrations/{EVENTS_KEY}/{word}");
    let filled = |mut body: Value, size: usize| {
        body["filler"] = json!("x".repeat(size));
        body.to_string()
    };
    let push = json!({"ref": "refs/heads/main", "repository": {"default_branch": "main"}});
    for (path, body, status) in [
        (mine("alertmanager"), filled(group(), 3 * MIB), 202),
        (mine("grafana"), filled(group(), 3 * MIB), 200),
        (mine("github"), filled(push.clone(), 20 * MIB), 202),
        (mine("zabbix"), filled(group(), 3 * MIB), 413),
        (mine("alertmanager"), filled(group(), 17 * MIB), 413),
    ] {
        let github = [("x-github-event", "push")];
        let answer = send(&house, &path, &github, body).await;
        assert_eq!(answer.status, status, "{path}: {:.300}", answer.body);
    }
    let last = kept(&house).await.remove(0);
    assert_eq!(last.format, "alertmanager");
    assert!(
        last.problems[0].starts_with("This was larger than 16 MiB"),
        "{:?}",
        last.problems
    );
    assert!(
        !last.complete && last.body.starts_with("{\""),
        "{:.60}",
        last.body
    );

    // Other doors, too; the key may stand in what was not read.
    let genie = format!("GenieKey {PD_KEY}");
    let large = |mut body: Value| {
        body["payload"]["custom_details"] = json!("x".repeat(2 * MIB));
        body.to_string()
    };
    let keyed = format!(
        "{{\"routing_key\": \"{PD_KEY}\", {}",
        &large(event("a"))[1..]
    );
    for (path, body, word, limit) in [
        (
            "/v2/alerts",
            large(json!({"message": "x"})),
            "opsgenie_call",
            "1 MiB",
        ),
        ("/v2/enqueue", keyed, "events_v2", "512 KiB"),
        (
            "/v2/enqueue/x",
            large(event("a")),
            "events_v2",
            "no address",
        ),
    ] {
        let before = kept(&house).await.len();
        let headers: &[(&str, &str)] = match path {
            "/v2/enqueue" => &[],
            _ => &[("authorization", genie.as_str())],
        };
        let answer = send(&house, path, headers, body).await;
        assert!(
            [404, 413].contains(&answer.status),
            "{path}: {}",
            answer.body
        );
        let kept = kept(&house).await;
        assert_eq!(kept.len(), before + 1, "{path}");
        assert!(
            kept[0].problems[0].contains(limit),
            "{:?}",
            kept[0].problems
        );
        assert_eq!(kept[0].format.replace('-', "_"), word, "{path}");
        assert!(!kept[0].body.contains(PD_KEY));
    }
}

/// netdata's cloud asks for a proof that needs a secret: without one its owner is told to set it.
#[actix_web::test]
async fn netdata_is_told_to_set_the_secret_first() {
    let house = House::on_sqlite().await;
    let (id, key) = door(&house, IntegrationKind::Netdata).await;
    let ask = format!("/integrations/{key}/netdata?crc_token=zzz");
    let answer = house.get(&ask).await;
    let told = answer.is_problem(400, "invalid_event");
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.contains("set the secret"), "{detail}");
    assert_eq!(problem(&house).await, detail);
    let alerts = house.api(ADMIN, "GET", "/api/v1/alerts", None).await;
    assert_eq!(alerts.json()["items"], json!([]));
    let secret = json!({"secret": "k"});
    house.api(ADMIN, "PATCH", &settings(id), Some(secret)).await;
    let answer = house.get(&ask).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.json()["response_token"].is_string());
}

/// Grafana's users name the header of the signed time as they like.
#[actix_web::test]
async fn grafanas_time_may_have_any_name() {
    let house = House::on_sqlite().await;
    let (id, key) = door(&house, IntegrationKind::Grafana).await;
    let secret = json!({"secret": "k"});
    house.api(ADMIN, "PATCH", &settings(id), Some(secret)).await;
    let time = (house.engine.now().0 / 1_000_000).to_string();
    let body = group().to_string();
    let mac = hmac_sha256(b"k", &[time.as_bytes(), b":", body.as_bytes()]);
    let signature: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let signed = ("x-grafana-alerting-signature", signature.as_str());
    let path = format!("/integrations/{key}/grafana");
    let answer = send(&house, &path, &[signed, ("x-sent-at", &time)], &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = send(&house, &path, &[signed], &body).await;
    answer.is_problem(401, "bad_signature");
}
