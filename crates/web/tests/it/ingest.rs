//! What monitors send, on both databases: the exact answers, and nothing lost.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::house::{ADMIN, AM_KEY, Answer, EVENTS_KEY, House, PD_KEY};

/// Runs a test on both databases.
macro_rules! on_both {
    ($name:ident, |$house:ident| $body:block) => {
        mod $name {
            use super::*;

            async fn body($house: &House) $body

            #[actix_web::test]
            async fn on_sqlite() {
                body(&House::on_sqlite().await).await;
            }

            #[actix_web::test]
            async fn on_postgres() {
                body(&House::on_postgres().await).await;
            }
        }
    };
}

fn event(change: impl FnOnce(&mut Value)) -> String {
    let mut event = json!({
        "routing_key": PD_KEY,
        "event_action": "trigger",
        "dedup_key": "disk/1",
        "payload": {"summary": "Disk full", "source": "db1", "severity": "critical"},
    });
    change(&mut event);
    event.to_string()
}

async fn incidents(house: &House) -> Vec<Value> {
    let list = house
        .api(ADMIN, "GET", "/api/v1/incidents", None)
        .await
        .json();
    list["items"].as_array().unwrap().clone()
}

on_both!(pagerduty_clients_get_the_answers_they_know, |house| {
    let answer = house.post("/v2/enqueue", event(|_| {})).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.json(),
        json!({"status": "success", "message": "Event processed", "dedup_key": "disk/1"})
    );
    // A success is durable: it is there for whoever asks next.
    let all = incidents(house).await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["title"], "Disk full");
    assert_eq!(all[0]["service"], "checkout");
    assert_eq!(all[0]["paging"], "triggered");

    // Repeated, with a slash, as a form, with the key in a header, and below an address.
    let again = house.post("/v2/enqueue/", event(|_| {})).await;
    assert_eq!(again.status, 202);
    let as_form = house
        .client
        .post(house.at("/v2/enqueue"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(event(|_| {}));
    assert_eq!(Answer::of(as_form).await.status, 202);
    let by_header = house
        .client
        .post(house.at("/v2/enqueue"))
        .header("x-routing-key", PD_KEY)
        .body(event(|event| {
            drop(event.as_object_mut().unwrap().remove("routing_key"))
        }));
    assert_eq!(Answer::of(by_header).await.status, 202);
    let path = format!("/integrations/{PD_KEY}/v2/enqueue");
    let below = house
        .post(&path, event(|event| event["routing_key"] = json!("none")))
        .await;
    assert_eq!(below.status, 202, "{}", below.body);
    let alerts = house.api(ADMIN, "GET", "/api/v1/alerts", None).await.json();
    assert_eq!(alerts["items"].as_array().unwrap().len(), 1, "{alerts}");
    assert_eq!(alerts["items"][0]["count"], 5);

    // Resolve without a payload.
    let resolve = json!({"routing_key": PD_KEY, "event_action": "resolve", "dedup_key": "disk/1"});
    assert_eq!(
        house.post("/v2/enqueue", resolve.to_string()).await.status,
        202
    );
    assert_eq!(incidents(house).await[0]["paging"], "resolved");
    // Of nothing: accepted and dropped.
    let nothing = json!({"routing_key": PD_KEY, "event_action": "resolve", "dedup_key": "none"});
    assert_eq!(
        house.post("/v2/enqueue", nothing.to_string()).await.status,
        202
    );
    assert_eq!(incidents(house).await.len(), 1);

    // Without a key a fresh one is made and told.
    let fresh = house
        .post(
            "/v2/enqueue",
            event(|event| drop(event.as_object_mut().unwrap().remove("dedup_key"))),
        )
        .await;
    assert_eq!(fresh.json()["dedup_key"].as_str().unwrap().len(), 32);
});

on_both!(pagerduty_refusals_are_the_documented_ones, |house| {
    for (body, status, errors) in [
        (
            "{".to_owned(),
            "Unrecognized object",
            json!(["JSON parse error"]),
        ),
        (
            event(|event| event["routing_key"] = json!("short")),
            "invalid event",
            json!(["Length of 'routing_key' is incorrect (should be 32 characters)"]),
        ),
        (
            event(|event| event["payload"]["summary"] = json!(" ")),
            "invalid event",
            json!(["'payload.summary' is missing or blank"]),
        ),
    ] {
        let answer = house.post("/v2/enqueue", body).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        let json = answer.json();
        assert_eq!(json["status"], status);
        assert_eq!(json["errors"], errors);
    }
    let unknown = house
        .post(
            "/v2/enqueue",
            event(|event| event["routing_key"] = json!("x".repeat(32))),
        )
        .await;
    assert_eq!(
        (unknown.status, unknown.body.as_str()),
        (400, "Invalid routing key")
    );
    assert!(unknown.header("content-type").starts_with("text/plain"));

    let large = event(|event| event["payload"]["custom_details"] = json!("x".repeat(600 * 1024)));
    let answer = house.post("/v2/enqueue", large).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["status"], "invalid event");
    assert_eq!(incidents(house).await.len(), 0);
});

on_both!(a_webhook_of_alertmanager_opens_and_resolves, |house| {
    let path = format!("/integrations/{AM_KEY}/alertmanager");
    let body = |status: &str| {
        json!({
            "version": "4", "groupKey": "{}:{alertname=\"High\"}", "status": status,
            "receiver": "q", "externalURL": "http://am", "commonLabels": {}, "groupLabels": {},
            "commonAnnotations": {},
            "alerts": [
                {"status": status, "labels": {"alertname": "High", "instance": "a"},
                 "annotations": {"summary": "Load on a"}, "startsAt": "2026-03-14T09:00:00Z",
                 "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "aaaaaaaaaaaaaaaa"},
                {"status": status, "labels": {"alertname": "High", "instance": "b"},
                 "annotations": {"summary": "Load on b"}, "startsAt": "absurd",
                 "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "bbbbbbbbbbbbbbbb"},
            ],
        })
        .to_string()
    };
    let answer = house.post(&path, body("firing")).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(
        answer.json(),
        json!({"status": "accepted", "signals": 2, "changes": 0, "rejected": []})
    );
    let all = incidents(house).await;
    assert_eq!(all.len(), 1, "one group, one incident");
    assert_eq!(all[0]["open_alerts"], 2);
    let resolved = house.post(&format!("{path}/"), body("resolved")).await;
    assert_eq!(resolved.status, 202);
    assert_eq!(incidents(house).await[0]["paging"], "resolved");

    // Packed.
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(body("firing").as_bytes()).unwrap();
    let packed = house
        .client
        .post(house.at(&path))
        .header("content-encoding", "gzip")
        .body(packer.finish().unwrap());
    assert_eq!(Answer::of(packed).await.status, 202);
});

on_both!(generic_json_takes_what_it_can, |house| {
    let path = format!("/integrations/{EVENTS_KEY}/events");
    let answer = house
        .post(&path, r#"{"summary":"Queue stuck","severity":"error"}"#)
        .await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let short = format!("/integrations/{EVENTS_KEY}");
    let mixed = r#"[{"summary":"Good"},{"action":"resolve"},7]"#;
    let answer = house.post(&short, mixed).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let json = answer.json();
    assert_eq!(json["signals"], 1);
    let items: Vec<i64> = json["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["item"].as_i64().unwrap())
        .collect();
    assert_eq!(items, [1, 2]);
    assert_eq!(incidents(house).await.len(), 2);
});

/// Bad input of every kind at every address: a documented 4xx, never a 5xx, and nothing is opened.
#[actix_web::test]
async fn bad_input_is_refused_in_order() {
    let house = House::on_sqlite().await;
    let deep = "[".repeat(100_000);
    let bodies: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), "not_json"),
        ("not JSON", b"?!".to_vec(), "not_json"),
        ("cut off", br#"{"summary": "x"#.to_vec(), "not_json"),
        ("a number", b"7".to_vec(), "not_an_object"),
        ("a text", b"\"x\"".to_vec(), "not_an_object"),
        ("empty list", b"[]".to_vec(), "no_events"),
        ("no UTF-8", b"\xff\xfe{}".to_vec(), "not_json"),
        ("deep", deep.clone().into_bytes(), "not_json"),
        ("nothing in it", b"{}".to_vec(), "invalid_event"),
    ];
    let mut sent = 0;
    for address in [AM_KEY, EVENTS_KEY].map(|key| {
        let door = if key == AM_KEY {
            "alertmanager"
        } else {
            "events"
        };
        format!("/integrations/{key}/{door}")
    }) {
        for (name, body, code) in &bodies {
            // A template of an Alertmanager may make anything but nothing.
            let is_nothing = ["empty", "empty list", "nothing in it"].contains(name);
            if address.ends_with("alertmanager") && !is_nothing {
                continue;
            }
            sent += 1;
            let answer = house.post(&address, body.clone()).await;
            let problem = answer.is_problem(400, code);
            assert!(problem["detail"].as_str().unwrap().len() > 10, "{name}");
        }
        // And what is too large, packed and not.
        sent += 2;
        let huge = house.post(&address, vec![b'x'; 17 * 1024 * 1024]).await;
        huge.is_problem(413, "too_large");
        let odd = house
            .client
            .post(house.at(&address))
            .header("content-encoding", "br")
            .body("{}");
        Answer::of(odd)
            .await
            .is_problem(415, "unsupported_encoding");
        let no_gzip = house
            .client
            .post(house.at(&address))
            .header("content-encoding", "gzip")
            .body("{}");
        Answer::of(no_gzip).await.is_problem(400, "bad_request");
        // A small body that becomes a large one.
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b' '; 30 * 1024 * 1024]).unwrap();
        let bomb = house
            .client
            .post(house.at(&address))
            .header("content-encoding", "gzip")
            .body(packer.finish().unwrap());
        Answer::of(bomb).await.is_problem(413, "too_large");
        // Any method will do, but not without a word.
        house.get(&address).await.is_problem(400, "not_json");
    }
    for body in [
        deep.into_bytes(),
        b"\xff\xff".to_vec(),
        b"[]".to_vec(),
        b"null".to_vec(),
        Vec::new(),
        br#"{"routing_key": 7, "event_action": {}}"#.to_vec(),
        vec![b'x'; 10 * 1024 * 1024],
    ] {
        let answer = house.post("/v2/enqueue", body).await;
        assert!(matches!(answer.status, 400 | 413), "{}", answer.body);
        assert!(answer.json()["errors"].is_array());
    }
    // Strangers learn nothing about what is right or wrong (P6).
    for body in ["{}", "[", r#"{"summary":"x"}"#] {
        let door = format!("/integrations/{}/events", "z".repeat(32));
        house.post(&door, body).await.is_problem(404, "not_found");
    }
    assert_eq!(incidents(&house).await.len(), 0);
    // The refusals are shown where their owner looks.
    let store = house.engine.store();
    let refused = store
        .read(|c| store::alert::recent_signals(c, None, 1_000))
        .await
        .unwrap()
        .iter()
        .filter(|row| row.action.is_none())
        .count();
    assert!(refused >= sent, "{refused} of {sent}");
}

/// Dates of all kinds and absurd values are no reason to lose a page (WIRE-FORMATS.md §0 rule 8).
#[actix_web::test]
async fn absurd_values_still_page() {
    let house = House::on_sqlite().await;
    for (number, timestamp) in [
        json!("0001-01-01T00:00:00Z"),
        json!("tomorrow"),
        json!(-9_999_999_999_999_999_i64),
        json!(1e300),
        json!({"a": []}),
        json!("9999-99-99T99:99:99Z"),
    ]
    .into_iter()
    .enumerate()
    {
        let body = event(|event| {
            event["dedup_key"] = json!(format!("k{number}"));
            event["payload"]["timestamp"] = timestamp.clone();
            event["payload"]["severity"] = json!(["?"]);
            event["payload"]["custom_details"] = json!({"a\u{0}b": "\u{0}"});
        });
        let answer = house.post("/v2/enqueue", body).await;
        assert_eq!(answer.status, 202, "{timestamp}: {}", answer.body);
    }
    assert_eq!(incidents(&house).await.len(), 6);
}
