//! Heartbeats: every way to ping, and the API that makes them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{ADMIN, Answer, EVENTS_KEY, House, OBSERVER, PD_KEY};

async fn api(house: &House, method: &str, path: &str, body: Option<Value>) -> Answer {
    let path = format!("/api/v1/heartbeats{path}");
    house.api(ADMIN, method, &path, body).await
}

/// Of the integration with the key [`EVENTS_KEY`].
async fn create(house: &House, name: &str) -> Value {
    let directory = house.engine.directory();
    let one = directory
        .integrations
        .values()
        .find(|one| one.name == "Events");
    let body = json!({"integration": one.unwrap().id, "name": name, "interval": 3600});
    let made = api(house, "POST", "", Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()
}

async fn get(house: &House, beat: &Value) -> Value {
    api(house, "GET", &format!("/{}", beat["id"]), None)
        .await
        .json()
}

/// The path of a heartbeat's own address.
fn own(beat: &Value) -> String {
    let url = beat["ping_url"].as_str().unwrap();
    url[url.find("/heartbeat/").unwrap()..].to_owned()
}

async fn call(house: &House, method: &str, path: &str, body: &str) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = house.client.request(method, house.at(path));
    Answer::of(request.body(body.to_owned())).await
}

async fn alerts(house: &House) -> Vec<Value> {
    let list = house.api(ADMIN, "GET", "/api/v1/alerts", None).await;
    list.json()["items"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn every_method_is_a_ping_7_1() {
    let house = House::on_sqlite().await;
    for method in ["GET", "POST", "PUT", "HEAD", "PATCH"] {
        for slash in ["", "/"] {
            let beat = create(&house, &format!("{method} job{slash}")).await;
            assert_eq!(beat["state"], "waiting");
            let answer = call(&house, method, &format!("{}{slash}", own(&beat)), "").await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let beat = get(&house, &beat).await;
            assert_eq!(beat["state"], "healthy");
            assert!(beat["last_ping"].is_string() && beat["due_at"].is_string());
            assert_eq!(beat["history"][0]["kind"], "success");
        }
    }
    let beat = create(&house, "deleted?").await;
    let refused = call(&house, "DELETE", &own(&beat), "").await;
    assert_eq!(refused.status, 405);
    // A name with everything in it, with the key of its integration.
    let path = format!("/integrations/{EVENTS_KEY}/heartbeats/PUT%20job%2F");
    assert_eq!(call(&house, "GET", &path, "").await.status, 200);
}

#[actix_web::test]
async fn a_job_says_how_it_went() {
    let house = House::on_sqlite().await;
    let beat = create(&house, "backup").await;
    let named = format!("/integrations/{EVENTS_KEY}/heartbeats/backup");
    assert_eq!(
        call(&house, "POST", &format!("{named}/start"), "")
            .await
            .status,
        200
    );
    assert!(get(&house, &beat).await["running_since"].is_string());
    let failed = call(
        &house,
        "POST",
        &format!("{named}/3"),
        "copying\nno space left",
    )
    .await;
    assert_eq!(failed.json()["state"], "failed");
    let open = alerts(&house).await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["summary"], "backup has failed with exit status 3");
    assert_eq!(open[0]["details"]["output"], "copying\nno space left");
    assert_eq!(open[0]["dedup_key"], get(&house, &beat).await["dedup_key"]);
    // The page of signals shows the request, without the key.
    let signals = house.api(ADMIN, "GET", "/api/v1/signals", None).await;
    assert!(!signals.body.contains(EVENTS_KEY), "{}", signals.body);
    call(&house, "GET", &format!("{}/0", own(&beat)), "").await;
    let beat = get(&house, &beat).await;
    assert_eq!(
        (&beat["state"], &beat["history"][0]["exit_status"]),
        (&json!("healthy"), &json!(0))
    );
    assert_eq!(alerts(&house).await[0]["status"], "resolved");
    let kept = house
        .api(ADMIN, "GET", "/api/v1/signals?limit=1", None)
        .await;
    let key = own(&beat).replace("/heartbeat/", "");
    assert!(!kept.body.contains(&key), "{}", kept.body);

    call(
        &house,
        "POST",
        &format!("{}/fail", own(&beat)),
        &"x".repeat(3_000_000),
    )
    .await;
    assert_eq!(
        get(&house, &beat).await["state"],
        "failed",
        "too much said is heard all the same"
    );
}

#[actix_web::test]
async fn a_ping_that_was_kept_says_when_it_was() {
    let house = House::on_sqlite().await;
    let beat = create(&house, "backup").await;
    let path = own(&beat);
    let old = call(&house, "GET", &format!("{path}?age=86400"), "").await;
    assert_eq!(old.status, 200, "it is taken, and says nothing about now");
    let shown = get(&house, &beat).await;
    assert_eq!(
        (&shown["state"], &shown["history"][0]["stale"]),
        (&json!("waiting"), &json!(true))
    );
    call(&house, "GET", &format!("{path}?age=90.5"), "").await;
    assert_eq!(get(&house, &beat).await["state"], "healthy");
    for bad in ["x", "-1", "NaN"] {
        let refused = call(&house, "GET", &format!("{path}?age={bad}"), "").await;
        assert_eq!(refused.status, 422, "{bad}");
    }
}

#[actix_web::test]
async fn strangers_learn_nothing() {
    let house = House::on_sqlite().await;
    let beat = create(&house, "backup").await;
    let path = own(&beat);
    let forged = format!("{}0", &path[..path.len() - 1]);
    let other = format!("{}1", &path[..path.len() - 1]);
    let never = if forged == path { other } else { forged };
    for path in [
        never,
        "/heartbeat/x".into(),
        format!("{path}/300"),
        format!("{path}/start/again"),
        format!("/integrations/{EVENTS_KEY}/heartbeats/other"),
        format!("/integrations/{PD_KEY}/heartbeats/backup"),
        "/integrations/nosuchkeynosuchkey00/heartbeats/backup".into(),
    ] {
        assert_eq!(call(&house, "GET", &path, "").await.status, 404, "{path}");
    }
    let id = &beat["id"];
    let observed = house
        .api(OBSERVER, "GET", &format!("/api/v1/heartbeats/{id}"), None)
        .await;
    assert_eq!(observed.json()["ping_url"], Value::Null);
    // Another address: the old one is no more.
    let fresh = api(&house, "POST", &format!("/{id}/rotate"), None)
        .await
        .json();
    assert_eq!(call(&house, "GET", &path, "").await.status, 404);
    assert_eq!(call(&house, "GET", &own(&fresh), "").await.status, 200);
}

#[actix_web::test]
async fn the_api_makes_and_changes_them() {
    let house = House::on_sqlite().await;
    let one = create(&house, "one").await;
    let two = create(&house, "two").await;
    assert_eq!(
        (&one["grace"], &one["severity"], &one["service"]),
        (&json!(60), &json!("error"), &json!("checkout"))
    );
    let id = one["id"].as_i64().unwrap();
    let again = json!({"integration": one["integration"]["id"], "name": "two", "interval": 5});
    let wrong = api(&house, "POST", "", Some(again)).await;
    assert_eq!(wrong.status, 422);
    let fields: Vec<Value> = wrong.json()["errors"].as_array().unwrap().clone();
    let fields: Vec<&str> = fields
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["interval", "name"]);

    let edit = json!({"name": "one", "interval": 60, "grace": 0, "longest_run": 600,
        "severity": "critical", "message": "No backup", "tags": ["db"], "description": "Copies"});
    let edited = api(&house, "PUT", &format!("/{id}"), Some(edit.clone()))
        .await
        .json();
    for (name, value) in edit.as_object().unwrap() {
        assert_eq!(&edited[name], value, "{name}");
    }
    call(&house, "GET", &format!("{}/fail", own(&two)), "").await;
    let list = api(&house, "GET", "?limit=1", None).await.json();
    assert_eq!(list["items"][0]["name"], "two", "what is down stands first");
    let cursor = list["next_cursor"].as_str().unwrap();
    let rest = api(&house, "GET", &format!("?cursor={cursor}"), None)
        .await
        .json();
    assert_eq!(rest["items"][0]["name"], "one");
    let failed = api(&house, "GET", "?state=failed&service=checkout&q=TW", None)
        .await
        .json();
    assert_eq!(failed["items"][0]["name"], "two", "in any case");

    let paused = api(&house, "POST", &format!("/{}/pause", two["id"]), None)
        .await
        .json();
    assert_eq!(paused["state"], "paused");
    assert_eq!(alerts(&house).await[0]["status"], "resolved");
    let resumed = api(&house, "POST", &format!("/{}/resume", two["id"]), None)
        .await
        .json();
    assert_eq!(
        (&resumed["state"], resumed["due_at"].is_string()),
        (&json!("waiting"), true)
    );
    assert_eq!(
        api(&house, "DELETE", &format!("/{id}"), None).await.status,
        204
    );
    assert_eq!(
        api(&house, "GET", &format!("/{id}"), None).await.status,
        404
    );
}

/// A call as clients of Opsgenie make it, at the root or below the integration's address.
async fn genie(house: &House, home: &str, method: &str, path: &str, body: &str) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let url = house.at(&format!("{home}/v2/heartbeats{path}"));
    let mut request = house.client.request(method, url).body(body.to_owned());
    if home.is_empty() {
        request = request.header("Authorization", format!("GenieKey {EVENTS_KEY}"));
    }
    Answer::of(request).await
}

#[actix_web::test]
async fn clients_of_opsgenie_keep_their_heartbeats() {
    let house = House::on_sqlite().await;
    let below = format!("/integrations/{EVENTS_KEY}");
    for home in ["", below.as_str()] {
        let body = r#"{"name": "al/1", "interval": 5, "intervalUnit": "minutes", "enabled": true}"#;
        let made = genie(&house, home, "POST", "", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let shown = made.json();
        assert_eq!(
            (&shown["result"], &shown["data"]["alertPriority"]),
            (&json!("Created"), &json!("P3"))
        );
        for header in ["x-request-id", "x-response-time", "x-ratelimit-state"] {
            assert!(made.headers.contains_key(header), "{header}");
        }
        assert_eq!(genie(&house, home, "POST", "", body).await.status, 409);
        for method in ["GET", "POST", "PUT", "PATCH"] {
            for name in ["al%2F1", "nothing"] {
                let pong = genie(&house, home, method, &format!("/{name}/ping"), "").await;
                assert_eq!(pong.status, 202);
                assert_eq!(pong.json()["result"], "PONG - Heartbeat received");
            }
        }
        // The client hears nothing of it, and the integration's owner does.
        let refused = house
            .api(ADMIN, "GET", "/api/v1/signals?decision=rejected", None)
            .await;
        let newest = &refused.json()["items"][0];
        assert_eq!(newest["rejected"], 1, "{newest}");
        let path = format!("/api/v1/signals/{}", newest["id"]);
        let told = house.api(ADMIN, "GET", &path, None).await;
        assert!(
            told.body.contains("There is no heartbeat “nothing”"),
            "{}",
            told.body
        );
        let slash = genie(&house, home, "GET", "/al%2F1/ping/", "").await;
        assert_eq!(slash.status, 202);
        let beat = genie(&house, home, "GET", "/al%2F1", "").await.json();
        assert_eq!(
            (&beat["data"]["expired"], &beat["data"]["enabled"]),
            (&json!(false), &json!(true))
        );
        assert!(beat["data"]["lastPingTime"].is_string());
        let edited = genie(
            &house,
            home,
            "PATCH",
            "/al%2F1",
            r#"{"interval": 7, "enabled": false}"#,
        );
        let edited = edited.await.json();
        assert_eq!(
            (&edited["data"]["interval"], &edited["data"]["enabled"]),
            (&json!(7), &json!(false))
        );
        let on = genie(&house, home, "POST", "/al%2F1/enable", "").await;
        assert_eq!(
            (on.status, &on.json()["data"]["enabled"]),
            (200, &json!(true))
        );
        let listed = genie(&house, home, "GET", "", "").await.json();
        assert_eq!(
            listed["data"]["heartbeats"].as_array().map(Vec::len),
            Some(1)
        );
        let wrong = genie(
            &house,
            home,
            "PATCH",
            "/al%2F1",
            r#"{"interval": 40, "intervalUnit": "days"}"#,
        );
        let wrong = wrong.await;
        assert_eq!(wrong.status, 422);
        assert!(
            wrong.json()["errors"]["interval"].is_string(),
            "{}",
            wrong.body
        );
        assert_eq!(
            genie(&house, home, "DELETE", "/al%2F1", "").await.status,
            200
        );
        assert_eq!(genie(&house, home, "GET", "/al%2F1", "").await.status, 404);
    }
    let stranger = house.client.get(house.at("/v2/heartbeats/x/ping"));
    assert_eq!(Answer::of(stranger).await.status, 401);
}
