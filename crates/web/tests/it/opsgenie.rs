//! The Alert API of Opsgenie, on both databases: what clients ask and what becomes of it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{ADMIN, Answer, House, PD_KEY};

/// Calls the API with the key of the house.
async fn call(house: &House, method: Method, path: &str, body: Value) -> Answer {
    let request = house
        .client
        .request(method, house.at(&format!("/v2/alerts{path}")))
        .header("authorization", format!("GenieKey {PD_KEY}"));
    Answer::of(if body.is_null() {
        request
    } else {
        request.body(body.to_string())
    })
    .await
}

async fn get(house: &House, path: &str) -> Value {
    let answer = call(house, Method::GET, path, Value::Null).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()["data"].clone()
}

/// Does something and returns what the request's status says of it.
async fn act(house: &House, method: Method, path: &str, body: Value) -> Value {
    let answer = call(house, method, path, body).await;
    assert_eq!(answer.status, 202, "{path}: {}", answer.body);
    let id = answer.json()["requestId"].as_str().unwrap().to_owned();
    get(house, &format!("/requests/{id}")).await
}

async fn incident(house: &House) -> Value {
    let list = house
        .api(ADMIN, "GET", "/api/v1/incidents", None)
        .await
        .json();
    list["items"][0].clone()
}

async fn a_life(house: &House) {
    let made = json!({
        "message": "Disk full", "alias": "db/1", "description": "No space", "priority": "P1",
        "tags": ["db"], "details": {"host": "db1", "n": 7}, "entity": "db1", "source": "zabbix",
        "actions": ["Clean"], "responders": [{"type": "user", "username": "ana@example.com"}],
        "visibleTo": [{"type": "team", "name": "ops"}], "user": "zed", "note": "first",
    });
    let status = act(house, Method::POST, "", made.clone()).await;
    assert_eq!(status["isSuccess"], true, "{status}");
    assert_eq!(
        (&status["action"], &status["alias"]),
        (&json!("Create"), &json!("db/1"))
    );
    let id = status["alertId"].as_str().unwrap().to_owned();
    assert_eq!(call(house, Method::POST, "", made).await.status, 202);

    // Found by every kind of name.
    let by_alias = "/db%2F1?identifierType=alias";
    let shown = get(house, by_alias).await;
    assert_eq!(shown["id"], json!(id));
    assert_eq!(get(house, &format!("/{id}")).await, shown);
    let tiny = shown["tinyId"].as_str().unwrap();
    assert_eq!(
        get(house, &format!("/{tiny}?identifierType=tiny")).await,
        shown
    );
    for (name, value) in [
        ("message", json!("Disk full")),
        ("status", json!("open")),
        ("acknowledged", json!(false)),
        ("count", json!(2)),
        ("priority", json!("P1")),
        ("tags", json!(["db"])),
        ("details", json!({"host": "db1", "n": "7"})),
        ("entity", json!("db1")),
        ("source", json!("zabbix")),
        ("description", json!("No space")),
        ("actions", json!(["Clean"])),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    assert_eq!(shown["responders"][0]["type"], "user");

    // Changed piece by piece, without counting.
    let at = |verb: &str| format!("/db%2F1/{verb}?identifierType=alias");
    for (method, path, body) in [
        (
            Method::PUT,
            at("message"),
            json!({"message": "Disk really full"}),
        ),
        (
            Method::PUT,
            at("description"),
            json!({"description": "None at all"}),
        ),
        (Method::PUT, at("priority"), json!({"priority": "P2"})),
        (Method::POST, at("tags"), json!({"tags": ["a", "b"]})),
        (
            Method::DELETE,
            format!("{}&tags=a,db", at("tags")),
            Value::Null,
        ),
        (Method::POST, at("details"), json!({"details": {"k": "v"}})),
        (
            Method::DELETE,
            format!("{}&keys=host", at("details")),
            Value::Null,
        ),
        (
            Method::POST,
            at("notes"),
            json!({"note": "second", "user": "zed"}),
        ),
        (Method::POST, at("actions/Clean"), json!({})),
    ] {
        let status = act(house, method, &path, body).await;
        assert_eq!(status["isSuccess"], true, "{path}: {status}");
    }
    let shown = get(house, by_alias).await;
    assert_eq!(shown["message"], "Disk really full");
    assert_eq!(shown["description"], "None at all");
    assert_eq!(
        (&shown["priority"], &shown["count"]),
        (&json!("P2"), &json!(2))
    );
    assert_eq!(shown["tags"], json!(["b"]));
    assert_eq!(shown["details"], json!({"n": "7", "k": "v"}));
    let notes = get(house, &at("notes")).await;
    let notes: Vec<&str> = notes
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["note"].as_str().unwrap())
        .collect();
    assert_eq!(
        notes,
        [
            "the monitor asked for the action “Clean”",
            "zed: second",
            "zed: first"
        ]
    );
    assert!(get(house, &at("logs")).await.as_array().unwrap().len() > 5);
    assert_eq!(
        get(house, &at("recipients")).await[0]["user"]["username"],
        "ana@example.com"
    );

    // The incident follows.
    act(
        house,
        Method::POST,
        &at("acknowledge"),
        json!({"note": "on it"}),
    )
    .await;
    assert_eq!(incident(house).await["paging"], "acknowledged");
    assert_eq!(get(house, by_alias).await["acknowledged"], true);
    act(house, Method::POST, &at("unacknowledge"), Value::Null).await;
    assert_eq!(incident(house).await["paging"], "triggered");
    let refused = act(house, Method::POST, &at("unacknowledge"), Value::Null).await;
    assert_eq!(refused["isSuccess"], false);
    act(
        house,
        Method::POST,
        &at("snooze"),
        json!({"endTime": "2999-01-01T00:00:00Z"}),
    )
    .await;
    let snoozed = get(house, by_alias).await;
    assert_eq!(
        (&snoozed["snoozed"], &snoozed["acknowledged"]),
        (&json!(true), &json!(true))
    );
    assert!(snoozed["snoozedUntil"].is_string());
    act(
        house,
        Method::POST,
        &at("escalate"),
        json!({"escalation": {"name": "none"}}),
    )
    .await;
    assert_eq!(incident(house).await["paging"], "triggered");
    let assigned = json!({"owner": {"username": "ana@example.com"}});
    let status = act(house, Method::POST, &at("assign"), assigned).await;
    assert_eq!(status["isSuccess"], true, "{status}");
    for (verb, body) in [
        (
            "responders",
            json!({"responder": {"type": "schedule", "name": "Platform"}}),
        ),
        ("teams", json!({"team": {"name": "nobody"}})),
    ] {
        assert_eq!(
            call(house, Method::POST, &at(verb), body).await.status,
            202,
            "{verb}"
        );
    }

    // Lists and counts.
    assert_eq!(
        get(house, "?query=status%3Aopen")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        get(house, "?query=tag%3Ab%20AND%20priority%3AP2")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(get(house, "?query=tag%3Aother").await, json!([]));
    for (search, found) in [
        ("status: closed OR priority: P2", 1),
        ("NOT priority: P2", 0),
        ("priority != P1", 1),
        ("tag: (a OR b) AND NOT tag: c", 1),
        ("tag: (a AND b)", 0),
        ("(status: open AND count > 1) really", 1),
        ("count >= 3", 0),
        ("createdAt > 1470394841148 AND createdAt < 01-01-2999", 1),
        ("createdAt < \"2020-01-01T00:00:00Z\"", 0),
        ("details.key: k AND details.value: v*", 1),
        ("owner: ana@example.com", 0),
        ("responders: ana@example.com", 1),
        ("integration.name: pagerduty", 1),
        ("alias: \"db/1\" OR alias: x", 1),
        ("snoozed: true", 0),
        ("message: \"really full\" source: zab*", 1),
    ] {
        let search: String = url::form_urlencoded::byte_serialize(search.as_bytes()).collect();
        let list = get(house, &format!("?query={search}")).await;
        assert_eq!(list.as_array().unwrap().len(), found, "{search}: {list}");
        let count = get(house, &format!("/count?query={search}")).await;
        assert_eq!(count, json!({"count": found}), "{search}");
    }
    assert_eq!(
        get(house, "/count?query=status%3Aopen").await,
        json!({"count": 1})
    );
    assert_eq!(
        get(house, "/count?query=status%3Aclosed").await,
        json!({"count": 0})
    );

    // The end.
    let status = act(house, Method::POST, &at("close"), json!({"user": "zed"})).await;
    assert_eq!(status["alertId"], json!(id));
    assert_eq!(incident(house).await["paging"], "resolved");
    assert_eq!(get(house, &format!("/{id}")).await["status"], "closed");
    // Of a closed alert only the words can change.
    for (method, verb, body, done) in [
        (
            Method::PUT,
            "message",
            json!({"message": "It was full"}),
            true,
        ),
        (Method::POST, "notes", json!({"note": "afterwards"}), true),
        (Method::POST, "escalate", json!({}), false),
    ] {
        let status = act(house, method, &format!("/{id}/{verb}"), body).await;
        assert_eq!(status["isSuccess"], done, "{verb}: {status}");
    }
    assert_eq!(
        get(house, &format!("/{id}")).await["message"],
        "It was full"
    );
    assert_eq!(incident(house).await["paging"], "resolved");
    let gone = call(house, Method::GET, by_alias, Value::Null).await;
    assert_eq!(gone.status, 404, "an alias names open alerts only");
    let status = act(house, Method::POST, &at("close"), Value::Null).await;
    assert_eq!(
        (&status["isSuccess"], &status["alertId"]),
        (&json!(false), &json!(""))
    );
}

#[actix_web::test]
async fn an_alerts_life_on_sqlite() {
    a_life(&House::on_sqlite().await).await;
}

#[actix_web::test]
async fn an_alerts_life_on_postgres() {
    a_life(&House::on_postgres().await).await;
}

#[actix_web::test]
async fn refusals_are_the_vendors() {
    let house = House::on_sqlite().await;
    let bad = json!({"message": "x", "priority": "high"});
    let answer = call(&house, Method::POST, "", bad).await;
    assert_eq!(answer.status, 422);
    let body = answer.json();
    assert_eq!(
        body["message"],
        "Request body is not processable. Please check the errors."
    );
    assert_eq!(
        body["errors"],
        json!({"priority": "should be one of [ P1, P2, P3, P4, P5 ]"})
    );
    assert!(body["took"].is_number() && body["requestId"].is_string());
    for (method, path, status) in [
        (Method::POST, "/x/dance?identifierType=alias", 404),
        (Method::GET, "/x?identifierType=alias", 404),
        (Method::GET, "/70413a06-38d6-4c85-92b8-5ebc900d42e2-1", 404),
        (Method::GET, "/x?identifierType=odd", 422),
        (
            Method::GET,
            "/requests/70413a06-38d6-4c85-92b8-5ebc900d42e2",
            404,
        ),
        (Method::GET, "?query=colour%3A%20red", 422),
        (Method::GET, "?query=(a%20OR%20b", 422),
        (Method::PATCH, "", 404),
    ] {
        let answer = call(&house, method, path, Value::Null).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.json()["message"].is_string() && answer.json()["requestId"].is_string());
    }
    // Another integration's alerts are not there (P6), and its receipts say nothing.
    let made = call(
        &house,
        Method::POST,
        "",
        json!({"message": "x", "alias": "a"}),
    )
    .await;
    let id = made.json()["requestId"].as_str().unwrap().to_owned();
    for path in [
        format!("/requests/{id}"),
        "/1?identifierType=tiny".into(),
        "/a?identifierType=alias".into(),
    ] {
        let other = house
            .client
            .get(house.at(&format!("/v2/alerts{path}")))
            .header(
                "authorization",
                format!("GenieKey {}", crate::house::EVENTS_KEY),
            );
        assert_eq!(Answer::of(other).await.status, 404, "{path}");
    }
}

/// Deleting is closing, and says so.
#[actix_web::test]
async fn nothing_is_deleted() {
    let house = House::on_sqlite().await;
    act(
        &house,
        Method::POST,
        "",
        json!({"message": "x", "alias": "a"}),
    )
    .await;
    let status = act(
        &house,
        Method::DELETE,
        "/a?identifierType=alias&user=zed",
        Value::Null,
    )
    .await;
    assert_eq!(
        (&status["action"], &status["isSuccess"]),
        (&json!("Delete"), &json!(true))
    );
    assert_eq!(incident(&house).await["paging"], "resolved");
}

/// Where plugins for Opsgenie send their own shape.
#[actix_web::test]
async fn the_hook_of_vendors_answers_200() {
    let house = House::on_sqlite().await;
    let alarm = |status: &str, old: &str, id: u32| {
        json!({"name": "disk_full", "chart": "disk_space._", "status": status, "old_status": old,
            "unique_id": id, "alarmId": 7, "host": "web-1", "info": "disk space usage", "when": 1_700_000_000})
    };
    for home in ["".to_owned(), format!("/integrations/{PD_KEY}")] {
        let path = format!("{home}/v1/json/integrations/webhooks/netdata?apiKey={PD_KEY}");
        let answer = house
            .post(&path, alarm("CRITICAL", "WARNING", 1).to_string())
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.json()["requestId"].is_string());
    }
    let list = house.api(ADMIN, "GET", "/api/v1/alerts", None).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    let path = format!("/v1/json/integrations/webhooks/netdata?apiKey={PD_KEY}");
    let clear = alarm("CLEAR", "CRITICAL", 2).to_string();
    assert_eq!(house.post(&path, clear).await.status, 200);
    assert_eq!(incident(&house).await["paging"], "resolved");
    let other = format!("/v1/json/integrations/webhooks/unheard-of?apiKey={PD_KEY}");
    assert_eq!(house.post(&other, r#"{"message": "x"}"#).await.status, 200);
    let nobody = "/v1/json/integrations/webhooks/netdata?apiKey=zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz";
    assert_eq!(house.post(nobody, "{}").await.status, 401);
}
