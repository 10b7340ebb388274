//! Requests that no test client makes: odd addresses, methods, encodings and transfers. Others aim
//! for the protocol, and so do we.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::doors::send;
use crate::house::{ADMIN, AM_KEY, Answer, EVENTS_KEY, House, PD_KEY};
use crate::settings::settings;

async fn alerts(house: &House) -> Vec<Value> {
    let list = house.api(ADMIN, "GET", "/api/v1/alerts", None).await.json();
    list["items"].as_array().unwrap().clone()
}

fn event(key: &str) -> String {
    json!({"routing_key": PD_KEY, "event_action": "trigger", "dedup_key": key,
        "payload": {"summary": "Disk full", "source": "db1", "severity": "critical"}})
    .to_string()
}

/// What is not there is answered in the form of the vendor whose API it would be part of.
#[actix_web::test]
async fn unknown_addresses_are_answered_in_the_vendors_form() {
    let house = House::on_sqlite().await;
    let ask = async |method: &str, path: &str| {
        let method: Method = method.parse().unwrap();
        Answer::of(house.client.request(method, house.at(path))).await
    };
    for home in [String::new(), format!("/integrations/{PD_KEY}")] {
        for (method, path, status) in [
            ("GET", "/v2/enqueue", 405),
            ("PUT", "/v2/change/enqueue/", 405),
            ("GET", "/generic/2010-04-15/create_event.json", 405),
            ("POST", "/v2/enqueue/again", 404),
            ("POST", "/v2/change/x", 404),
            ("POST", "/generic/2010-04-15/x", 404),
        ] {
            let answer = ask(method, &format!("{home}{path}")).await;
            assert_eq!(answer.status, status, "{home}{path}: {}", answer.body);
            let body = answer.json();
            assert!(
                body["status"].is_string() && body["errors"].is_array(),
                "{body}"
            );
            assert!(body["message"].is_string(), "{body}");
            assert!(!answer.body.contains(PD_KEY), "{body}");
            let allow = if status == 405 { "POST" } else { "" };
            assert_eq!(answer.header("allow"), allow, "{home}{path}");
        }
        for (method, path, status) in [
            ("GET", "/v2/users", 404),
            ("POST", "/v2/schedules/x/timeline", 404),
            ("GET", "/v1/incidents", 404),
            ("GET", "/v1/json/integrations/webhooks/netdata", 405),
            ("GET", "/jsm/ops/api/x/v1/schedules", 404),
        ] {
            let answer = ask(method, &format!("{home}{path}")).await;
            assert_eq!(answer.status, status, "{home}{path}: {}", answer.body);
            let body = answer.json();
            assert!(
                body["message"].is_string() && body["took"].is_number(),
                "{body}"
            );
            assert_eq!(body["requestId"], answer.header("x-request-id"), "{body}");
        }
        for (method, path, status, message) in [
            (
                "GET",
                "/api/v2/config",
                404,
                "path /api/v2/config was not found",
            ),
            (
                "DELETE",
                "/api/v2/alerts",
                405,
                "method DELETE is not allowed, but [GET,HEAD,POST] are",
            ),
            ("POST", "/-/reload", 404, "path /-/reload was not found"),
        ] {
            let answer = ask(method, &format!("{home}{path}")).await;
            let wanted = json!({"code": status, "message": message});
            assert_eq!(answer.json(), wanted, "{home}{path}");
            assert_eq!(answer.status, status);
        }
        // What can be got can be asked about.
        for path in ["/-/healthy", "/-/ready", "/api/v2/status", "/api/v2/alerts"] {
            let at = house.at(&format!("{home}{path}"));
            let request = house.client.head(at).bearer_auth(PD_KEY);
            let answer = Answer::of(request).await;
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (200, ""),
                "{home}{path}"
            );
        }
    }
    let gone = format!("/integrations/{AM_KEY}/api/v2/silence/x");
    let answer = house.get(&gone).await;
    assert_eq!(
        (answer.status, answer.json()),
        (404, json!("silence x not found"))
    );
}

/// Whoever has mistyped an address finds what was sent to it.
#[actix_web::test]
async fn what_went_astray_is_shown_to_its_owner() {
    let house = House::on_sqlite().await;
    let ways = [
        format!("/integrations/{PD_KEY}/v2/enqueue/x"),
        format!("/integrations/{PD_KEY}/v2/alertz"),
        format!("/integrations/{PD_KEY}/api/v2/alert"),
        format!("/integrations/{PD_KEY}/zabix"),
    ];
    for path in &ways {
        assert_eq!(house.post(path, event("a")).await.status, 404, "{path}");
    }
    // Strangers, and those who only look, leave no trace.
    let nobody = format!("/integrations/{}/zabix", "z".repeat(32));
    assert_eq!(house.post(&nobody, event("a")).await.status, 404);
    assert_eq!(house.get(&ways[0]).await.status, 404);
    let list = house
        .api(ADMIN, "GET", "/api/v1/signals", None)
        .await
        .json();
    let kept = list["items"].as_array().unwrap();
    assert_eq!(kept.len(), ways.len(), "{list}");
    let told = list.to_string();
    assert!(told.contains("there is no address /v2/enqueue/x"), "{told}");
    assert!(told.contains("There is no format “zabix”"), "{told}");
    assert_eq!(alerts(&house).await.len(), 0);
}

/// Bodies packed, of other charsets, and broken by templates.
#[actix_web::test]
async fn bodies_of_all_sorts_are_read() {
    let house = House::on_sqlite().await;
    let plain = event("packed").into_bytes();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&plain).unwrap();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&plain).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
    raw.write_all(&plain).unwrap();
    for (coding, body) in [
        ("gzip", gzip.finish().unwrap()),
        ("deflate", zlib.finish().unwrap()),
        ("Deflate", raw.finish().unwrap()),
        ("identity", plain),
    ] {
        let request = house.client.post(house.at("/v2/enqueue"));
        let answer = Answer::of(request.header("content-encoding", coding).body(body)).await;
        assert_eq!(answer.status, 202, "{coding}: {}", answer.body);
    }
    assert_eq!(alerts(&house).await[0]["count"], 4);
    let request = house.client.post(house.at("/v2/enqueue"));
    let answer = Answer::of(request.header("content-encoding", "br").body(event("x"))).await;
    assert_eq!(answer.status, 400, "told, in the vendor's form");
    assert!(answer.json()["errors"].is_array());

    let text = event("München");
    let latin1: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&b"\xff\xfe"[..], &utf16].concat();
    for body in [
        format!("\u{feff}{text}").into_bytes(),
        latin1,
        utf16,
        marked,
    ] {
        let answer = house.post("/v2/enqueue", body).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        assert_eq!(answer.json()["dedup_key"], "München");
    }
    let lines = event("lines").replace("Disk full", "Disk\nfull");
    assert_eq!(house.post("/v2/enqueue", lines).await.status, 202);
    let key = format!("GenieKey {PD_KEY}");
    let auth = [("authorization", key.as_str())];
    let made = "{\"message\": \"Two\nlines\", \"alias\": \"two\"}";
    assert_eq!(send(&house, "/v2/alerts", &auth, made).await.status, 202);
    let pushed = "[{\"labels\": {\"alertname\": \"a\tb\"}}]";
    assert_eq!(
        send(&house, "/api/v2/alerts", &auth, pushed).await.status,
        200
    );
    let all = alerts(&house).await;
    assert_eq!(all.len(), 5, "{all:?}");
    assert!(
        all.iter()
            .any(|one| one["dedup_key"] == "München" && one["count"] == 4)
    );
    // What nobody can mend is refused, and nothing else happens.
    for body in ["", "{", "[]", "null", "Disk full", &"[".repeat(100_000)] {
        let answer = house.post("/v2/enqueue", body.to_owned()).await;
        assert_eq!(answer.status, 400, "{body:.20}");
        assert_eq!(answer.json()["status"], "Unrecognized object", "{body:.20}");
    }
}

/// HTTP as it was, in pieces, and with a question first.
#[actix_web::test]
async fn every_way_of_sending_works() {
    let house = House::on_sqlite().await;
    let at = house.url.trim_start_matches("http://").to_owned();
    let talk = async |request: String| {
        let mut wire = tokio::net::TcpStream::connect(&at).await.unwrap();
        wire.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        wire.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let body = event("a");
    let length = body.len();
    let old = format!("POST /v2/enqueue HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}");
    let answer = talk(old).await;
    assert!(answer.starts_with("HTTP/1.0 202"), "{answer}");
    assert!(answer.ends_with("\"dedup_key\":\"a\"}") || answer.contains("\"status\":\"success\""));
    let (first, second) = body.split_at(20);
    let pieces = format!(
        "POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    let answer = talk(pieces).await;
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    let asked = format!(
        "POST //v2/enqueue HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let answer = talk(asked).await;
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");

    let mut wire = tokio::net::TcpStream::connect(&at).await.unwrap();
    let head = format!(
        "POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    wire.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 21];
    wire.read_exact(&mut go_on).await.unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100 Continue"), "{go_on:?}");
    wire.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    wire.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("HTTP/1.1 202"), "{answer}");
    assert_eq!(alerts(&house).await[0]["count"], 4);
}

/// Clients that were given an integration's plain address instead of a vendor's.
#[actix_web::test]
async fn a_clients_event_is_understood_at_the_plain_address() {
    let house = House::on_sqlite().await;
    for path in [
        format!("/integrations/{PD_KEY}"),
        format!("/integrations/{EVENTS_KEY}"),
        format!("/integrations/{EVENTS_KEY}/events"),
        format!("/integrations/{PD_KEY}/opsgenie"),
    ] {
        let answer = house.post(&path, event("plain")).await;
        assert_eq!(answer.status, 202, "{path}: {}", answer.body);
        assert_eq!(answer.json()["signals"], 1);
    }
    let all = alerts(&house).await;
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(
        all.iter().all(|one| one["summary"] == "Disk full"),
        "{all:?}"
    );
    let made = json!({"message": "Queue is stuck", "alias": "q"}).to_string();
    let path = format!("/integrations/{PD_KEY}/opsgenie");
    assert_eq!(house.post(&path, made).await.status, 202);
    assert_eq!(alerts(&house).await[0]["dedup_key"], "q");
}

/// Rulers that still speak the first version of Alertmanager's API.
#[actix_web::test]
async fn alerts_pushed_by_the_first_version_are_taken() {
    let house = House::on_sqlite().await;
    for slash in ["", "/"] {
        let path = format!("/integrations/{AM_KEY}/api/v1/alerts{slash}");
        let pushed = json!([{"labels": {"alertname": "A"}}]).to_string();
        let answer = house.post(&path, pushed).await;
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({"status": "success"}))
        );
        let answer = house.post(&path, "{}").await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["errorType"], "bad_data");
        assert_eq!(house.get(&path).await.status, 405);
    }
    assert_eq!(alerts(&house).await[0]["count"], 2);
    let nobody = format!("/integrations/{}/api/v1/alerts", "z".repeat(32));
    let answer = house.post(&nobody, "[]").await;
    assert_eq!(
        (answer.status, &answer.json()["status"]),
        (401, &json!("error"))
    );
}

/// A notification whose signature cannot be one of SNS is refused; one without is taken and told.
#[actix_web::test]
async fn forged_notifications_are_refused() {
    let house = House::on_sqlite().await;
    let door = format!("/integrations/{EVENTS_KEY}/cloudwatch");
    let alarm = json!({"AlarmName": "cpu", "NewStateValue": "ALARM", "AlarmArn": "arn:cpu"});
    let mut message = json!({"Type": "Notification", "MessageId": "1", "TopicArn": "arn:ops",
        "Message": alarm.to_string(), "Timestamp": "t"});
    assert_eq!(house.post(&door, message.to_string()).await.status, 200);
    assert_eq!(alerts(&house).await.len(), 1);
    message["SignatureVersion"] = json!("1");
    message["Signature"] = json!("AAAA");
    message["SigningCertURL"] = json!(house.at("/a.pem"));
    for door in [door, format!("/integrations/{EVENTS_KEY}/email")] {
        let answer = house.post(&door, message.to_string()).await;
        let problem = answer.is_problem(401, "bad_signature");
        let told = "names a certificate that is not at SNS";
        assert!(
            problem["detail"].as_str().unwrap().contains(told),
            "{problem}"
        );
    }
    assert_eq!(alerts(&house).await[0]["count"], 1);
}

/// The hook of Opsgenie's plugins takes whatever the format holds, with the owner's settings.
#[actix_web::test]
async fn the_hook_of_vendors_heeds_the_integration() {
    let house = House::on_sqlite().await;
    let directory = house.engine.directory();
    let mut doors = directory.integrations.values();
    let door = doors.find(|one| one.name == "Events").unwrap();
    let answer = house
        .api(
            ADMIN,
            "PATCH",
            &settings(door.id),
            Some(json!({"severity": "info"})),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let hook =
        |vendor: &str| format!("/v1/json/integrations/webhooks/{vendor}?apiKey={EVENTS_KEY}");
    let down = json!({"check_id": 7, "check_name": "Shop", "current_state": "DOWN"}).to_string();
    assert_eq!(house.post(&hook("pingdom"), down).await.status, 200);
    assert_eq!(alerts(&house).await[0]["severity"], "info");
    let change = json!({"summary": "Deployed shop 4.2"}).to_string();
    assert_eq!(house.post(&hook("changes"), change).await.status, 200);
    let told = house
        .api(ADMIN, "GET", "/api/v1/change-events", None)
        .await
        .json();
    assert_eq!(told["items"][0]["summary"], "Deployed shop 4.2", "{told}");
}

/// PAGING.md §1.3: the newest text replaces the old one, and the first stays readable.
#[actix_web::test]
async fn what_a_monitor_said_first_stays_readable() {
    let house = House::on_sqlite().await;
    let session = house.sign_in("ana@example.com").await;
    for (summary, used) in [("Disk at 80 %", 80), ("Disk at 95 %", 95)] {
        let event = json!({"routing_key": PD_KEY, "event_action": "trigger", "dedup_key": "d",
            "payload": {"summary": summary, "source": "db1", "severity": "warning",
                "component": "disk", "custom_details": {"used": used}},
            "images": [{"src": "https://example.com/load.png", "alt": "Load"}]});
        assert_eq!(
            house.post("/v2/enqueue", event.to_string()).await.status,
            202
        );
    }
    let alert = &alerts(&house).await[0];
    assert_eq!(alert["summary"], "Disk at 95 %");
    assert_eq!(alert["first"]["summary"], "Disk at 80 %", "{alert}");
    assert_eq!(alert["first"]["details"], json!({"used": 80}));
    let page = house
        .client
        .get(house.at(&format!("/alerts/{}", alert["id"])));
    let page = Answer::of(page.header("cookie", &session)).await;
    for shown in [
        "Disk at 95 %",
        "What it said first",
        "Disk at 80 %",
        ">disk<",
        ">Load<",
    ] {
        assert!(page.body.contains(shown), "{shown}");
    }
    // §1.10: what holds it back stands on it, too.
    for action in [
        "resolve", "trigger", "resolve", "trigger", "resolve", "trigger",
    ] {
        let event = event("d").replace("trigger", action);
        assert_eq!(house.post("/v2/enqueue", event).await.status, 202);
    }
    let alert = &alerts(&house).await[0];
    assert_eq!(alert["flapping"], true, "{alert}");
    let page = house
        .client
        .get(house.at(&format!("/alerts/{}", alert["id"])));
    let page = Answer::of(page.header("cookie", &session)).await;
    assert!(page.body.contains("It comes and goes: nobody is told"));
}
