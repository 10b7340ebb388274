//! The operations API of Jira Service Management: Opsgenie's alerts by other names, at the root and
//! below an integration's address.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{ADMIN, Answer, EVENTS_KEY, House, PD_KEY};

const CLOUD: &str = "/jsm/ops/api/0f5c2b1a-6a3e-4c0e-b2a7-7f3f0a2d9e11/v1/alerts";

/// Calls the API as its clients do: the mail address of an account, and its token.
async fn call(house: &House, method: Method, path: &str, body: Value) -> Answer {
    let basic = STANDARD.encode(format!("ana@example.com:{PD_KEY}"));
    let request = house
        .client
        .request(method, house.at(&format!("{CLOUD}{path}")))
        .header("authorization", format!("Basic {basic}"));
    Answer::of(match body {
        Value::Null => request,
        body => request.body(body.to_string()),
    })
    .await
}

async fn get(house: &House, path: &str) -> Value {
    let answer = call(house, Method::GET, path, Value::Null).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

/// Does something and returns what became of it.
async fn act(house: &House, method: Method, path: &str, body: Value) -> Value {
    let answer = call(house, method, path, body).await;
    assert_eq!(answer.status, 202, "{path}: {}", answer.body);
    let answer = answer.json();
    assert_eq!(answer["result"], "Request will be processed");
    assert!(answer["took"].is_number(), "{answer}");
    let id = answer["requestId"].as_str().unwrap();
    get(house, &format!("/requests/{id}")).await
}

async fn incident(house: &House) -> Value {
    let list = house
        .api(ADMIN, "GET", "/api/v1/incidents", None)
        .await
        .json();
    list["items"][0].clone()
}

/// Uptime Kuma asks for the alert of its monitor by alias and closes it by id.
async fn what_is_down_comes_up(house: &House) {
    let down = json!({
        "message": "Uptime Kuma Alert: Shop / EU", "alias": "Shop / EU",
        "description": "timeout of 48000ms exceeded", "source": "Uptime Kuma",
        "priority": "P3", "tags": ["Uptime Kuma"],
    });
    let status = act(house, Method::POST, "", down).await;
    assert_eq!(
        (&status["isSuccess"], &status["action"], &status["alias"]),
        (&json!(true), &json!("Create"), &json!("Shop / EU"))
    );
    let found = get(house, "/alias?alias=Shop%20%2F%20EU").await;
    assert_eq!(found["id"], status["alertId"]);
    assert_eq!(found["status"], "open");
    let id = found["id"].as_str().unwrap();
    let close = json!({"source": "Uptime Kuma"});
    let status = act(house, Method::POST, &format!("/{id}/close"), close).await;
    assert_eq!(
        (&status["action"], &status["isSuccess"]),
        (&json!("Close"), &json!(true))
    );
    assert_eq!(incident(house).await["paging"], "resolved");
    assert_eq!(get(house, &format!("/{id}")).await["status"], "closed");
    for (path, status) in [("/alias?alias=Shop%20%2F%20EU", 404), ("/alias", 422)] {
        let answer = call(house, Method::GET, path, Value::Null).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
    }
}

#[actix_web::test]
async fn what_is_down_comes_up_on_sqlite() {
    what_is_down_comes_up(&House::on_sqlite().await).await;
}

#[actix_web::test]
async fn what_is_down_comes_up_on_postgres() {
    what_is_down_comes_up(&House::on_postgres().await).await;
}

#[actix_web::test]
async fn every_call_by_its_own_name() {
    let house = House::on_sqlite().await;
    let made = json!({
        "message": "Disk full", "alias": "disk", "priority": "P1", "entity": "db1",
        "tags": ["db", "old"], "extraProperties": {"host": "db1", "n": 7},
        "responders": [{"id": "712020:9ae5", "type": "user"}],
    });
    let status = act(&house, Method::POST, "", made).await;
    let id = status["alertId"].as_str().unwrap().to_owned();
    let shown = get(&house, &format!("/{id}")).await;
    assert_eq!(shown["extraProperties"], json!({"host": "db1", "n": "7"}));
    assert_eq!(
        (&shown["details"], &shown["data"]),
        (&Value::Null, &Value::Null)
    );

    let in_an_hour = json!({"endTime": "2099-01-01T00:00:00Z"});
    for (method, path, body, action) in [
        (Method::POST, "acknowledge", Value::Null, "Acknowledge"),
        (Method::POST, "unacknowledge", Value::Null, "UnAcknowledge"),
        (Method::POST, "snooze", in_an_hour, "Snooze"),
        (
            Method::POST,
            "assign",
            json!({"accountId": "ana@example.com"}),
            "AssignOwnership",
        ),
        (
            Method::POST,
            "escalate",
            json!({"escalationId": "unheard-of"}),
            "EscalateToNext",
        ),
        (
            Method::POST,
            "responders",
            json!({"id": "ana@example.com", "type": "user"}),
            "AddResponder",
        ),
        (
            Method::POST,
            "notes",
            json!({"note": "a new disk"}),
            "AddNote",
        ),
        (Method::POST, "tags", json!({"tags": ["new"]}), "AddTags"),
        (
            Method::DELETE,
            "tags",
            json!({"tags": ["old"]}),
            "RemoveTags",
        ),
        (
            Method::POST,
            "extra-properties",
            json!({"extraProperties": {"region": "eu"}}),
            "AddDetails",
        ),
        (
            Method::DELETE,
            "extra-properties",
            json!({"keys": ["host"]}),
            "RemoveDetails",
        ),
        (
            Method::POST,
            "action",
            json!({"actionName": "Clean"}),
            "CustomAction",
        ),
        (
            Method::PATCH,
            "message",
            json!({"message": "Disk really full"}),
            "UpdateMessage",
        ),
        (
            Method::PATCH,
            "description",
            json!({"description": "No space"}),
            "UpdateDescription",
        ),
        (
            Method::PATCH,
            "priority",
            json!({"priority": "P2"}),
            "UpdatePriority",
        ),
    ] {
        let status = act(&house, method, &format!("/{id}/{path}"), body).await;
        assert_eq!(
            (&status["action"], &status["isSuccess"]),
            (&json!(action), &json!(true)),
            "{path}: {status}"
        );
    }
    let shown = get(&house, &format!("/{id}")).await;
    for (name, value) in [
        ("message", json!("Disk really full")),
        ("description", json!("No space")),
        ("priority", json!("P2")),
        ("tags", json!(["db", "new"])),
        ("extraProperties", json!({"n": "7", "region": "eu"})),
        ("count", json!(1)),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    // Lists hold what was asked for in `values`, a page at a time.
    let notes = get(&house, &format!("/{id}/notes?size=1")).await;
    assert_eq!(notes["count"], 1, "{notes}");
    assert!(
        notes["values"][0]["note"]
            .as_str()
            .unwrap()
            .contains("Clean")
    );
    let next = notes["links"]["next"].as_str().unwrap();
    let next = &next[next.find(CLOUD).unwrap() + CLOUD.len()..];
    let notes = get(&house, next).await;
    assert_eq!(notes["values"][0]["note"], "a new disk");
    act(
        &house,
        Method::POST,
        "",
        json!({"message": "y", "alias": "b"}),
    )
    .await;
    let list = get(
        &house,
        "?query=status%3Aopen&size=1&order=desc&sort=createdAt",
    )
    .await;
    assert_eq!(list["values"][0]["alias"], "b", "{list}");
    assert!(list["links"]["next"].is_string(), "{list}");
    let list = get(&house, "?from=1&to=2").await;
    assert_eq!(list, json!({"count": 0, "values": [], "links": {}}));
    let status = act(&house, Method::DELETE, &format!("/{id}"), Value::Null).await;
    assert_eq!(status["action"], "Delete");
    for (method, path) in [
        (Method::POST, format!("/{id}/action")),
        (Method::POST, format!("/{id}/assign")),
        (Method::DELETE, format!("/{id}/extra-properties")),
        (Method::POST, "".to_owned()),
    ] {
        let answer = call(&house, method, &path, json!({})).await;
        assert_eq!(answer.status, 422, "{path}: {}", answer.body);
    }
}

#[actix_web::test]
async fn the_key_stands_in_the_password_the_name_or_the_address() {
    let house = House::on_sqlite().await;
    let post = async |path: &str, authorization: &str| {
        let request = house
            .client
            .post(house.at(path))
            .header("authorization", authorization)
            .body(r#"{"message": "x", "alias": "a"}"#);
        Answer::of(request).await
    };
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    for good in [
        basic(&format!("ana@example.com:{PD_KEY}")),
        basic(&format!("{PD_KEY}:")),
        format!("GenieKey {PD_KEY}"),
    ] {
        let answer = post(CLOUD, &good).await;
        assert_eq!(answer.status, 202, "{good}: {}", answer.body);
    }
    let below = format!("/integrations/{PD_KEY}{CLOUD}");
    let answer = post(&below, &basic("ana@example.com:their-own-token")).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let stranger = basic(&format!("ana@example.com:{}", "z".repeat(32)));
    let answer = post(CLOUD, &stranger).await;
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert_eq!(answer.json()["message"], "Could not authenticate");
    // Another integration's alerts are not there.
    let other = basic(&format!("ana@example.com:{EVENTS_KEY}"));
    let found = house
        .client
        .get(house.at(&format!("{CLOUD}/alias?alias=a")))
        .header("authorization", other);
    assert_eq!(Answer::of(found).await.status, 404);
}
