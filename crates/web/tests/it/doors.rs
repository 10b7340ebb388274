//! The twelve rules that clients force upon every door (WIRE-FORMATS.md §0). Rules 3, 8, 10 and 11
//! are tested for PagerDuty's second version in `ingest`, too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::house::{ADMIN, AM_KEY, Answer, House, PD_KEY};

const UUID_LIKE: &str = "eb243592-faa2-4ba2-a551-1afdf565c889";

fn v2(key: &str) -> Value {
    json!({"routing_key": PD_KEY, "event_action": "trigger", "dedup_key": key,
        "payload": {"summary": "Disk full", "source": "db1", "severity": "critical"}})
}

fn v1(key: &str) -> Value {
    json!({"service_key": PD_KEY, "event_type": "trigger", "incident_key": key,
        "description": "Disk full"})
}

fn pushed(name: &str) -> Value {
    json!([{"labels": {"alertname": name, "instance": "a"}, "startsAt": "0001-01-01T00:00:00.000Z",
        "endsAt": "0001-01-01T00:00:00.000Z"}])
}

async fn alerts(house: &House) -> Vec<Value> {
    let list = house
        .api(ADMIN, "GET", "/api/v1/alerts?limit=200", None)
        .await;
    list.json()["items"].as_array().unwrap().clone()
}

/// Posts with headers.
pub async fn send(
    house: &House,
    path: &str,
    headers: &[(&str, &str)],
    body: impl ToString,
) -> Answer {
    let mut request = house.client.post(house.at(path)).body(body.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request).await
}

fn genie(key: &str) -> String {
    format!("GenieKey {key}")
}

/// Rules 1, 2 and 5: both homes of every path, with and without a slash, and the exact answers.
#[actix_web::test]
async fn both_homes_a_slash_and_the_exact_answer() {
    let house = House::on_sqlite().await;
    let bearer = format!("Bearer {AM_KEY}");
    for home in [String::new(), format!("/integrations/{PD_KEY}")] {
        for slash in ["", "/"] {
            let at = |path: &str| format!("{home}{path}{slash}");
            let answer = send(&house, &at("/v2/enqueue"), &[], v2("a")).await;
            assert_eq!(answer.status, 202, "{home}{slash} {}", answer.body);
            assert_eq!(
                answer.json(),
                json!({"status": "success", "message": "Event processed", "dedup_key": "a"})
            );
            let old = at("/generic/2010-04-15/create_event.json");
            let answer = send(&house, &old, &[], v1("b")).await;
            assert_eq!(answer.status, 200, "{home}{slash} {}", answer.body);
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(
                answer.json(),
                json!({"status": "success", "message": "Event processed", "incident_key": "b"})
            );
            let key = genie(PD_KEY);
            let made = json!({"message": "x", "alias": "c"});
            let auth = [("authorization", key.as_str())];
            let answer = send(&house, &at("/v2/alerts"), &auth, &made).await;
            assert_eq!(answer.status, 202, "{home}{slash} {}", answer.body);
            let body = answer.json();
            assert_eq!(body["result"], "Request will be processed");
            assert!(body["took"].is_number());
            assert_eq!(body["requestId"], answer.header("x-request-id"));
            assert_eq!(answer.header("x-ratelimit-state"), "OK");
            assert!(!answer.header("x-response-time").is_empty());
            let auth = [("authorization", bearer.as_str())];
            let answer = send(&house, &at("/api/v2/alerts"), &auth, pushed("D")).await;
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (200, ""),
                "{home}{slash}"
            );
            assert_eq!(house.get(&at("/-/healthy")).await.status, 200);
            assert_eq!(house.get(&at("/-/ready")).await.status, 200);
        }
    }
    let counts: Vec<(Value, Value)> = alerts(&house)
        .await
        .into_iter()
        .map(|alert| (alert["dedup_key"].clone(), alert["count"].clone()))
        .collect();
    for key in ["a", "b", "c"] {
        assert!(
            counts.contains(&(json!(key), json!(4))),
            "{key}: {counts:?}"
        );
    }
}

/// Rules 1 and 2 for whatever else vendors' clients ask for.
#[actix_web::test]
async fn every_address_has_both_homes() {
    let house = House::on_sqlite().await;
    let change = json!({"routing_key": PD_KEY, "payload": {"summary": "Deployed"}});
    let netdata = json!({"alarmId": 1, "status": "CRITICAL", "old_status": "CLEAR", "name": "cpu",
        "chart": "system.cpu", "host": "h", "unique_id": 7, "info": "busy"});
    let silence = json!({"matchers": [{"name": "alertname", "value": "A", "isRegex": false}],
        "startsAt": "2026-03-14T09:00:00Z", "endsAt": "2099-03-14T09:00:00Z",
        "createdBy": "ana", "comment": "known"});
    let asked = [
        ("/v2/change/enqueue", Some(change)),
        ("/v1/json/integrations/webhooks/netdata", Some(netdata)),
        ("/v2/alerts", None),
        ("/v2/alerts/count", None),
        ("/v2/heartbeats", None),
        ("/v2/heartbeats/backup/ping", None),
        ("/jsm/ops/integration/v2/alerts", None),
        ("/jsm/ops/integration/v2/heartbeats", None),
        ("/jsm/ops/api/0f5c-cloud/v1/alerts", None),
        ("/api/v2/alerts", None),
        ("/api/v2/alerts/groups", None),
        ("/api/v2/silences", None),
        ("/api/v2/silences", Some(silence)),
        ("/api/v2/receivers", None),
        ("/api/v2/status", None),
    ];
    let key = genie(PD_KEY);
    for home in [String::new(), format!("/integrations/{PD_KEY}")] {
        for slash in ["", "/"] {
            for (path, body) in &asked {
                let at = house.at(&format!("{home}{path}{slash}"));
                let request = match body {
                    Some(body) => house.client.post(at).body(body.to_string()),
                    None => house.client.get(at),
                };
                let answer = Answer::of(request.header("authorization", &key)).await;
                // A silence is its integration's own: only its length is refused.
                let fine = (200..300).contains(&answer.status)
                    || (answer.status == 400 && *path == "/api/v2/silences" && body.is_some());
                assert!(
                    fine,
                    "{home}{path}{slash}: {} {}",
                    answer.status, answer.body
                );
            }
        }
    }
}

/// Rule 3: a Content-Type says nothing.
#[actix_web::test]
async fn content_types_are_ignored() {
    let house = House::on_sqlite().await;
    let key = genie(PD_KEY);
    for kind in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "image/png",
        "json",
    ] {
        let headers = [("content-type", kind), ("authorization", key.as_str())];
        for (path, body, status) in [
            ("/v2/enqueue", v2("a"), 202),
            ("/generic/2010-04-15/create_event.json", v1("b"), 200),
            ("/v2/alerts", json!({"message": "x"}), 202),
            ("/api/v2/alerts", pushed("D"), 200),
        ] {
            let answer = send(&house, path, &headers, body).await;
            assert_eq!(answer.status, status, "{kind} {path}: {}", answer.body);
        }
    }
}

/// Rule 4: the key is looked for in every place, and nonsense elsewhere is ignored.
#[actix_web::test]
async fn the_key_is_found_wherever_it_is() {
    let house = House::on_sqlite().await;
    let mut keyless = v2("k");
    keyless.as_object_mut().unwrap().remove("routing_key");
    let mut keyless_v1 = v1("k");
    keyless_v1.as_object_mut().unwrap().remove("service_key");
    let made = json!({"message": "x"});
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    let headers = [
        ("x-routing-key", PD_KEY.to_owned()),
        ("authorization", genie(PD_KEY)),
        ("authorization", format!("Bearer {PD_KEY}")),
        ("authorization", basic(&format!("user:{PD_KEY}"))),
        ("authorization", basic(&format!("{PD_KEY}:"))),
    ];
    let v1_path = "/generic/2010-04-15/create_event.json";
    for (name, value) in &headers {
        let headers = [(*name, value.as_str())];
        for (path, body, status) in [
            ("/v2/enqueue", keyless.clone(), 202),
            (v1_path, keyless_v1.clone(), 200),
            ("/v2/alerts", made.clone(), 202),
            ("/api/v2/alerts", pushed("D"), 200),
        ] {
            let answer = send(&house, path, &headers, body).await;
            assert_eq!(answer.status, status, "{headers:?} {path}: {}", answer.body);
        }
    }
    for parameter in ["token", "apiKey", "routing_key"] {
        for (path, body, status) in [
            ("/v2/enqueue", keyless.clone(), 202),
            ("/v2/alerts", made.clone(), 202),
            ("/api/v2/alerts", pushed("D"), 200),
        ] {
            let path = format!("{path}?{parameter}={PD_KEY}");
            // pypd sends this whether it has a token or not.
            let nonsense = [("authorization", "Token token=None")];
            let answer = send(&house, &path, &nonsense, body).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
        }
    }
    // In the body, with nonsense beside it.
    for nonsense in ["Token token=None", "GenieKey ", "Basic %%%", "Bearer x"] {
        let answer = send(
            &house,
            "/v2/enqueue",
            &[("authorization", nonsense)],
            v2("k"),
        )
        .await;
        assert_eq!(answer.status, 202, "{nonsense}: {}", answer.body);
    }
    // The path counts before all others.
    let path = format!("/integrations/{AM_KEY}/v2/enqueue");
    assert_eq!(send(&house, &path, &[], v2("path")).await.status, 202);
    let of_path = alerts(&house).await;
    let of_path = of_path
        .iter()
        .find(|alert| alert["dedup_key"] == "path")
        .unwrap();
    assert_eq!(of_path["integration"]["name"], "Alertmanager");
    // Nobody's keys.
    let answer = send(
        &house,
        "/v2/alerts",
        &[("authorization", &genie(UUID_LIKE))],
        &made,
    )
    .await;
    assert_eq!(
        (answer.status, answer.json()["message"].as_str()),
        (401, Some("Could not authenticate"))
    );
    assert!(answer.json()["requestId"].is_string() && answer.json()["took"].is_number());
    let answer = send(
        &house,
        "/v2/alerts",
        &[("authorization", "GenieKey short")],
        &made,
    )
    .await;
    assert_eq!(
        (answer.status, answer.json()["message"].as_str()),
        (422, Some("Key format is not valid!"))
    );
    assert_eq!(send(&house, "/v2/alerts", &[], &made).await.status, 401);
    let answer = send(&house, "/api/v2/alerts", &[], pushed("D")).await;
    assert_eq!(answer.status, 401);
    assert!(answer.json().is_string());
    let mut stranger = v1("k");
    stranger["service_key"] = json!("z".repeat(32));
    let answer = send(&house, v1_path, &[], stranger).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["status"], "invalid event");
}

/// Rules 6 and 10: what is answered is stored; what speaks of nothing open creates nothing.
#[actix_web::test]
async fn answers_mean_stored_and_nothing_open_means_nothing() {
    let house = House::on_sqlite().await;
    let key = genie(PD_KEY);
    let auth = [("authorization", key.as_str())];
    let gone = json!([{"labels": {"alertname": "D"}, "endsAt": "2020-01-01T00:00:00Z"}]);
    let mut ended = v1("none");
    ended["event_type"] = json!("resolve");
    let v1_path = "/generic/2010-04-15/create_event.json";
    assert_eq!(send(&house, v1_path, &auth, ended).await.status, 200);
    assert_eq!(
        send(&house, "/api/v2/alerts", &auth, gone).await.status,
        200
    );
    for verb in ["close", "acknowledge", "unacknowledge", "escalate"] {
        let path = format!("/v2/alerts/none/{verb}?identifierType=alias");
        assert_eq!(send(&house, &path, &auth, "").await.status, 202, "{verb}");
    }
    assert_eq!(alerts(&house).await.len(), 0);
    assert_eq!(send(&house, v1_path, &auth, v1("a")).await.status, 200);
    assert_eq!(alerts(&house).await.len(), 1);
}

/// Rule 7: over budget is 429, for the first version of PagerDuty's API 403, with Retry-After and
/// each vendor's body; nothing is stored then.
#[actix_web::test]
async fn a_spent_budget_is_told_in_each_vendors_way() {
    let house = House::configured(|web| web.rate_limit = 3).await;
    let key = genie(PD_KEY);
    let auth = [("authorization", key.as_str())];
    for number in 0..3 {
        let answer = send(&house, "/v2/enqueue", &[], v2(&format!("k{number}"))).await;
        assert_eq!(answer.status, 202);
    }
    let v1_path = "/generic/2010-04-15/create_event.json";
    let generic = format!("/integrations/{PD_KEY}/events");
    for (path, body, status) in [
        ("/v2/enqueue", v2("x"), 429),
        (v1_path, v1("x"), 403),
        ("/v2/alerts", json!({"message": "x"}), 429),
        ("/api/v2/alerts", pushed("x"), 429),
        (generic.as_str(), json!({"summary": "x"}), 429),
    ] {
        let answer = send(&house, path, &auth, body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        let seconds: i64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=21).contains(&seconds), "{seconds}");
        match path {
            "/v2/alerts" => {
                assert!(answer.json()["message"].is_string());
                assert_eq!(answer.header("x-ratelimit-state"), "THROTTLED");
            }
            "/api/v2/alerts" => assert!(answer.json().is_string()),
            path if path == generic => drop(answer.is_problem(429, "too_many")),
            _ => assert_eq!(answer.json()["status"], "throttle exceeded"),
        }
    }
    assert_eq!(alerts(&house).await.len(), 3);
    // Each key has a budget of its own, and strangers have none to spend.
    let bearer = format!("Bearer {AM_KEY}");
    let other = [("authorization", bearer.as_str())];
    assert_eq!(
        send(&house, "/api/v2/alerts", &other, pushed("y"))
            .await
            .status,
        200
    );

    let house = House::configured(|web| web.rate_limit = 0).await;
    for _ in 0..5 {
        assert_eq!(send(&house, "/v2/enqueue", &[], v2("k")).await.status, 202);
    }
    let house = House::configured(|web| (web.rate_limit, web.demo) = (1, true)).await;
    for _ in 0..5 {
        assert_eq!(send(&house, "/v2/enqueue", &[], v2("k")).await.status, 202);
    }
}

/// Rule 8: a time is never a reason to refuse.
#[actix_web::test]
async fn no_time_is_refused() {
    let house = House::on_sqlite().await;
    let key = genie(PD_KEY);
    let auth = [("authorization", key.as_str())];
    for (number, time) in [
        json!("2026-03-14T09:00:00+0000"),
        json!("2023-11-14T22:13:20.000"),
        json!("0001-01-01T00:00:00Z"),
        json!(1_700_000_000),
        json!(1_700_000_000_000_i64),
        json!("2026.01.31 10:00:00"),
        json!("Sat, 31 Jan 2026 10:00:00"),
        json!("tomorrow"),
        json!({"a": 1}),
    ]
    .into_iter()
    .enumerate()
    {
        let alert = json!([{"labels": {"alertname": format!("D{number}")}, "startsAt": time}]);
        let answer = send(&house, "/api/v2/alerts", &auth, alert).await;
        assert_eq!(answer.status, 200, "{time}: {}", answer.body);
        let mut event = v2(&format!("k{number}"));
        event["payload"]["timestamp"] = time;
        assert_eq!(send(&house, "/v2/enqueue", &[], event).await.status, 202);
    }
    assert_eq!(alerts(&house).await.len(), 18);
}

/// Rule 9: the path is split before its escapes are resolved.
#[actix_web::test]
async fn an_alias_may_hold_anything() {
    let house = House::on_sqlite().await;
    let key = genie(PD_KEY);
    let auth = [("authorization", key.as_str())];
    for (alias, escaped) in [
        ("al/1", "al%2F1"),
        ("100% full", "100%25%20full"),
        ("a+b", "a+b"),
        ("ключ?", "%D0%BA%D0%BB%D1%8E%D1%87%3F"),
        ("count", "count"),
        ("a%2Fb", "a%252Fb"),
    ] {
        let made = json!({"message": "x", "alias": alias});
        assert_eq!(send(&house, "/v2/alerts", &auth, made).await.status, 202);
        let path = format!("/v2/alerts/{escaped}/close?identifierType=alias");
        assert_eq!(
            send(&house, &path, &auth, "{}").await.status,
            202,
            "{alias}"
        );
    }
    for alert in alerts(&house).await {
        assert_eq!(alert["status"], "resolved", "{alert}");
    }
}

/// Rule 11: half a megabyte for PagerDuty, more elsewhere, and a body of the vendor's beyond.
#[actix_web::test]
async fn large_bodies_are_taken_up_to_each_limit() {
    let house = House::on_sqlite().await;
    let key = genie(PD_KEY);
    let auth = [("authorization", key.as_str())];
    let text = |size: usize| "x".repeat(size);
    let v1_path = "/generic/2010-04-15/create_event.json";
    let mut fits = v1("a");
    fits["details"] = json!({"x": text(500 * 1024)});
    assert_eq!(send(&house, v1_path, &[], fits).await.status, 200);
    let mut beyond = v1("a");
    beyond["details"] = json!({"x": text(600 * 1024)});
    let answer = send(&house, v1_path, &[], beyond).await;
    assert_eq!(answer.status, 413);
    assert!(answer.json()["errors"].is_array());

    let many: Vec<Value> = (0..1_000)
        .map(|number| json!({"labels": {"alertname": "D", "n": number.to_string()}, "annotations": {"x": text(600)}}))
        .collect();
    let answer = send(&house, "/api/v2/alerts", &auth, Value::from(many)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let made = |size| json!({"message": "x", "description": text(size)});
    assert_eq!(
        send(&house, "/v2/alerts", &auth, made(1_000_000))
            .await
            .status,
        202
    );
    let answer = send(&house, "/v2/alerts", &auth, made(5_000_000)).await;
    assert_eq!(answer.status, 413);
    assert!(answer.json()["message"].is_string());
}

/// Rule 12: the bytes as they were sent are kept with what was read from them.
#[actix_web::test]
async fn the_raw_bytes_are_kept() {
    let house = House::on_sqlite().await;
    let odd = format!(
        "\u{feff}{{ \"service_key\":\"{PD_KEY}\",\t\"event_type\" : \"trigger\",\"description\":\"x\" }}"
    );
    let v1_path = "/generic/2010-04-15/create_event.json";
    assert_eq!(send(&house, v1_path, &[], &odd).await.status, 200);
    let kept = house
        .engine
        .store()
        .read(|c| store::request::list(c, &store::request::Filter::default(), 1))
        .await
        .unwrap();
    assert_eq!(kept[0].body, odd.replace(PD_KEY, "•••"), "but for the key");
    assert!(kept[0].complete);
}
