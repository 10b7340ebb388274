//! Signals as they are kept: listed, told in words, replayed, and never with a secret.

use serde_json::{Value, json};

use crate::house::{ADMIN, EVENTS_KEY, House, PD_KEY};

const HUSH: &str = "hush-hush-hush-hush-42";

async fn get(house: &House, path: &str) -> Value {
    let answer = house.api(ADMIN, "GET", path, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn all(house: &House, query: &str) -> Vec<Value> {
    let list = get(house, &format!("/api/v1/signals{query}")).await;
    list["items"].as_array().unwrap().clone()
}

fn event(key: &str, summary: &str) -> String {
    json!({"action": "trigger", "dedup_key": key, "summary": summary, "source": "web-1",
        "severity": "critical", "details": {"api_token": HUSH}})
    .to_string()
}

#[actix_web::test]
async fn a_request_is_told_in_words_and_sent_again() {
    let house = House::on_sqlite().await;
    let door = format!("/integrations/{EVENTS_KEY}/events");
    assert_eq!(
        house.post(&door, event("disk", "Disk full")).await.status,
        202
    );
    let listed = all(&house, "").await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["changed"], 1);
    assert_eq!(listed[0]["format"], "generic");
    let path = format!("/api/v1/signals/{}", listed[0]["id"]);
    let one = get(&house, &path).await;
    assert_eq!(one["method"], "POST");
    assert_eq!(one["path"], "/integrations/•••/events");
    assert_eq!(one["signals"][0]["decision"], "opened");
    assert_eq!(one["signals"][0]["incident"], 1);
    assert_eq!(one["obstacle"], Value::Null);
    assert_eq!(one["complete"], true);

    // Repeats are counted: one sample, however many come.
    for _ in 0..5 {
        house.post(&door, event("disk", "Disk full")).await;
    }
    let repeats = all(&house, "?decision=repeated").await;
    assert_eq!(repeats.len(), 1);
    assert_eq!(repeats[0]["sample"], true);
    assert_eq!(all(&house, "").await.len(), 2);

    // Resolved, then the first one is sent again: it opens what it opened before.
    let over = json!({"action": "resolve", "dedup_key": "disk"}).to_string();
    house.post(&door, over).await;
    let replay = format!("{path}/replay");
    let answer = house.api(ADMIN, "POST", &replay, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["decisions"], json!(["reopened"]));
    let newest = all(&house, "?limit=1").await;
    assert_eq!(newest[0]["replay_of"], listed[0]["id"]);
    assert_eq!(
        get(&house, &path).await["replays"],
        json!([newest[0]["id"]])
    );
    let missing = house
        .api(ADMIN, "POST", "/api/v1/signals/999/replay", None)
        .await;
    missing.is_problem(404, "not_found");
}

#[actix_web::test]
async fn every_door_keeps_its_requests_without_secrets() {
    let house = House::on_sqlite().await;
    let v2 = json!({"routing_key": PD_KEY, "event_action": "trigger", "dedup_key": "a",
        "payload": {"summary": "A", "source": "s", "severity": "error"}});
    let v1 = json!({"service_key": PD_KEY, "event_type": "trigger", "description": "B"});
    let requests = [
        ("/v2/enqueue".to_owned(), v2.to_string()),
        (format!("/v2/enqueue?routing_key={PD_KEY}"), v2.to_string()),
        (
            "/generic/2010-04-15/create_event.json".to_owned(),
            v1.to_string(),
        ),
        (
            format!("/v2/alerts?apiKey={PD_KEY}"),
            json!({"message": "C", "alias": "c"}).to_string(),
        ),
        (
            format!("/integrations/{PD_KEY}/v2/enqueue"),
            v2.to_string().replace("\"a\"", "\"d\""),
        ),
        (
            format!("/integrations/{EVENTS_KEY}/events"),
            event("e", "E"),
        ),
        (
            format!("/integrations/{EVENTS_KEY}/zabbix?token={HUSH}"),
            json!({"event_id": "7", "event_value": "1", "event_name": "Z", "password": HUSH})
                .to_string(),
        ),
        (
            format!("/integrations/{EVENTS_KEY}/events"),
            format!("not JSON token={HUSH} {EVENTS_KEY}"),
        ),
        (
            format!("/integrations/{EVENTS_KEY}/events"),
            format!("[not JSON token={HUSH} {EVENTS_KEY}"),
        ),
    ];
    for (path, body) in &requests {
        let answer = reqwest::Client::builder()
            .build()
            .unwrap()
            .post(house.at(path))
            .header("content-type", "application/json")
            .header("x-gitlab-token", HUSH)
            .header("cookie", format!("session={HUSH}"))
            .body(body.clone())
            .send()
            .await
            .unwrap();
        assert!(
            answer.status().as_u16() < 500,
            "{path}: {}",
            answer.status()
        );
    }
    let listed = all(&house, "").await;
    assert!(listed.len() >= 8, "{listed:?}");
    for row in &listed {
        let one = get(&house, &format!("/api/v1/signals/{}", row["id"])).await;
        let text = one.to_string();
        for secret in [PD_KEY, EVENTS_KEY, HUSH] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    // A text is an alert: whoever it pages reads none of them either.
    let alerts = get(&house, "/api/v1/alerts?limit=100").await.to_string();
    assert!(alerts.contains("not JSON token=•••"), "{alerts}");
    for secret in [PD_KEY, EVENTS_KEY] {
        assert!(!alerts.contains(secret), "{secret}: {alerts}");
    }
    let bad = all(&house, "?decision=rejected").await;
    assert_eq!(bad.len(), 1);
    assert_eq!(bad[0]["rejected"], 1);
    // What was not understood is not understood when it is sent again.
    let replay = format!("/api/v1/signals/{}/replay", bad[0]["id"]);
    let answer = house.api(ADMIN, "POST", &replay, None).await.json();
    assert_eq!(answer, json!({"decisions": [], "rejected": 1}));
}

#[actix_web::test]
async fn filters_and_pages_of_the_list() {
    let house = House::on_sqlite().await;
    let door = format!("/integrations/{EVENTS_KEY}/events");
    for key in ["one", "two", "three"] {
        house.post(&door, event(key, &format!("Case {key}"))).await;
    }
    assert_eq!(all(&house, "?text=case+two").await.len(), 1);
    assert_eq!(all(&house, "?decision=resolved").await.len(), 0);
    assert_eq!(all(&house, "?warned=true").await.len(), 0);
    let first = get(&house, "/api/v1/signals?limit=2").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = all(&house, &format!("?limit=2&cursor={cursor}")).await;
    assert_eq!(rest.len(), 1);
    for wrong in [
        "?decision=loud",
        "?service=nowhere",
        "?cursor=x",
        "?limit=0",
    ] {
        let answer = house
            .api(ADMIN, "GET", &format!("/api/v1/signals{wrong}"), None)
            .await;
        assert_eq!(answer.status, 422, "{wrong}");
    }
}
