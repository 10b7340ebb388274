//! Feeds as calendar programs see them: read by an independent parser.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::house::{ADMIN, Answer, House, OBSERVER, RESPONDER};

/// Prints the events of a calendar as JSON.
const PARSER: &str = r"
import json, sys
from icalendar import Calendar
calendar = Calendar.from_ical(sys.stdin.buffer.read())
events = [
    dict(uid=str(e['UID']), start=e['DTSTART'].dt.isoformat(), end=e['DTEND'].dt.isoformat(),
         summary=str(e['SUMMARY']), stamp=e['DTSTAMP'].dt.isoformat(), errors=[str(x) for x in e.errors])
    for e in calendar.walk('VEVENT')
]
print(json.dumps(dict(name=str(calendar['X-WR-CALNAME']), method=str(calendar['METHOD']),
                      refresh=calendar['REFRESH-INTERVAL'].to_ical().decode()
                      if hasattr(calendar['REFRESH-INTERVAL'], 'to_ical') else '',
                      errors=[str(x) for x in calendar.errors], events=events)))
";

fn parse(text: &str) -> Value {
    let mut parser = Command::new("/usr/bin/python3")
        .args(["-c", PARSER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    parser
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = parser.wait_with_output().unwrap();
    assert!(output.status.success(), "icalendar refuses:\n{text}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn uids(calendar: &Value) -> Vec<String> {
    let events = calendar["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["uid"].as_str().unwrap().to_owned())
        .collect()
}

/// The path of the feed's address.
async fn made(house: &House, kind: &str, subject: &str) -> (String, i64) {
    let body = json!({"kind": kind, "subject": subject});
    let made = house
        .api(RESPONDER, "POST", "/api/v1/calendar-feeds", Some(body))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    let url = made["url"].as_str().unwrap();
    let path = url.strip_prefix("http://quarterdeck.test").unwrap();
    (path.to_owned(), made["id"].as_i64().unwrap())
}

#[actix_web::test]
async fn a_feed_parses_keeps_its_uids_and_ends() {
    let house = House::on_sqlite().await;
    // Ana and Olli take turns of a day.
    let layers = |name: &str, handoff: &str| {
        json!([{
            "name": name, "handoff": handoff, "start": "2020-01-06",
            "rotation": {"length": 1, "unit": "days"},
            "participants": [{"users": ["ana@example.com"]}, {"users": ["olli@example.com"]}],
        }])
    };
    let edit = |name: &str, handoff: &str| json!({"name": "Platform", "zone": "Europe/Berlin", "layers": layers(name, handoff)});
    let path = "/api/v1/schedules/platform";
    let edited = house
        .api(ADMIN, "PUT", path, Some(edit("Daily", "09:00")))
        .await;
    assert_eq!(edited.status, 200, "{}", edited.body);

    let (feed, id) = made(&house, "schedule", "platform").await;
    let answer = house.get(&feed).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        "text/calendar; charset=utf-8"
    );
    let calendar = parse(&answer.body);
    assert_eq!(calendar["errors"], json!([]));
    assert_eq!(calendar["name"], "On call: Platform");
    assert_eq!(calendar["method"], "PUBLISH");
    let before = uids(&calendar);
    assert!(before.len() > 170, "half a year of days: {}", before.len());
    let mut distinct = before.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), before.len());
    let event = &calendar["events"][5];
    assert!(
        event["start"].as_str().unwrap().ends_with("+00:00"),
        "{event}"
    );
    assert!(
        event["summary"].as_str().unwrap().ends_with(": Platform"),
        "{event}"
    );

    // Unchanged: nothing to fetch.
    let tag = answer.header("etag").to_owned();
    let again = house
        .client
        .get(house.at(&feed))
        .header("if-none-match", &tag);
    assert_eq!(Answer::of(again).await.status, 304);

    // An edit of the layer's name and of the hand-off keeps every event the same one.
    let edited = house
        .api(ADMIN, "PUT", path, Some(edit("First", "10:15")))
        .await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    let answer = house.get(&feed).await;
    assert_ne!(answer.header("etag"), tag);
    let after = parse(&answer.body);
    let kept = uids(&after);
    let lost: Vec<_> = before.iter().filter(|uid| !kept.contains(uid)).collect();
    assert!(lost.len() <= 1, "{lost:?}");

    // One person's, with the same events; and nobody else's may be made.
    let person = json!({"kind": "person", "subject": "ana@example.com"});
    let feeds = "/api/v1/calendar-feeds";
    let refused = house
        .api(RESPONDER, "POST", feeds, Some(person.clone()))
        .await;
    refused.is_problem(403, "forbidden");
    let mine = house.api(ADMIN, "POST", feeds, Some(person)).await.json();
    let mine = mine["url"]
        .as_str()
        .unwrap()
        .replace("http://quarterdeck.test", "");
    let mine = parse(&house.get(&mine).await.body);
    assert!(uids(&mine).iter().all(|uid| kept.contains(uid)));
    assert!(uids(&mine).len() < kept.len());
    let read_only = json!({"kind": "schedule", "subject": "platform"});
    let refused = house.api(OBSERVER, "POST", feeds, Some(read_only)).await;
    refused.is_problem(403, "forbidden");

    // Revoked: gone, like one that never was.
    let one = format!("{feeds}/{id}");
    assert_eq!(house.api(ADMIN, "DELETE", &one, None).await.status, 204);
    assert_eq!(house.get(&feed).await.status, 404);
    assert_eq!(house.get("/calendar/guess.ics").await.status, 404);
    house
        .api(ADMIN, "DELETE", &one, None)
        .await
        .is_problem(404, "not_found");
}

#[actix_web::test]
async fn a_file_is_imported_and_removed() {
    let house = House::on_sqlite().await;
    let path = "/api/v1/schedules/platform/imports";
    let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n\
                DTSTART:20200101T000000Z\r\nDURATION:P1D\r\nRRULE:FREQ=DAILY\r\n\
                SUMMARY:olli@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let body = json!({"name": "Elsewhere", "text": text});
    let made = house.api(RESPONDER, "POST", path, Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.json()["id"].as_i64().unwrap();
    let now = house
        .api(OBSERVER, "GET", "/api/v1/oncall?schedule=platform", None)
        .await
        .json();
    let shift = &now["schedules"][0]["shift"];
    assert_eq!(shift["source"], "import", "{now}");
    assert_eq!(shift["layer"], "Elsewhere");
    let one = format!("{path}/{id}");
    assert_eq!(house.api(RESPONDER, "DELETE", &one, None).await.status, 204);
    let now = house
        .api(OBSERVER, "GET", "/api/v1/oncall?schedule=platform", None)
        .await
        .json();
    assert_eq!(now["schedules"][0]["shift"]["source"], "layer", "{now}");
    let body = json!({"name": "Elsewhere", "url": "http://127.0.0.1:1/x.ics"});
    let refused = house.api(RESPONDER, "POST", path, Some(body)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("private network"), "{}", refused.body);
}

#[actix_web::test]
async fn reminders_are_set() {
    let house = House::on_sqlite().await;
    let users = house.api(ADMIN, "GET", "/api/v1/users", None).await.json();
    let id = &users["items"][0]["id"];
    let path = format!("/api/v1/users/{id}/reminders");
    let usual = house.api(ADMIN, "GET", &path, None).await.json();
    let expected = json!({"leads": [86_400, 3_600], "hand_off": true, "digest": "09:00"});
    assert_eq!(usual, expected);
    let wish = json!({"leads": [1_800, 7_200], "hand_off": false, "digest": "off"});
    let set = house.api(ADMIN, "PUT", &path, Some(wish)).await.json();
    let expected = json!({"leads": [7_200, 1_800], "hand_off": false, "digest": "off"});
    assert_eq!(set, expected);
    // Who does not name the digest leaves it as it is.
    let wish = json!({"leads": [1_800, 7_200], "hand_off": false});
    let set = house.api(ADMIN, "PUT", &path, Some(wish)).await.json();
    assert_eq!(set, expected);
    for (digest, status) in [("7:30", 200), ("24:30", 422), ("soon", 422)] {
        let wish = json!({"leads": [], "hand_off": false, "digest": digest});
        let answer = house.api(ADMIN, "PUT", &path, Some(wish)).await;
        assert_eq!(answer.status, status, "{digest}: {}", answer.body);
    }
    let set = house.api(ADMIN, "GET", &path, None).await.json();
    assert_eq!(set["digest"], "07:30");
    let wrong = json!({"leads": [1], "hand_off": false});
    assert_eq!(
        house.api(ADMIN, "PUT", &path, Some(wrong)).await.status,
        422
    );
    let wish = json!({"leads": [], "hand_off": false});
    let refused = house.api(OBSERVER, "PUT", &path, Some(wish)).await;
    refused.is_problem(403, "forbidden");
}

#[actix_web::test]
async fn a_person_is_edited_and_may_be_left_in_peace() {
    let house = House::on_sqlite().await;
    let users = house.api(ADMIN, "GET", "/api/v1/users", None).await.json();
    let id = users["items"][0]["id"].as_i64().unwrap();
    assert_eq!(users["items"][0]["hears_answers"], true);
    let path = format!("/api/v1/users/{id}");
    let quiet = json!({ "hears_answers": false });
    let edited = house.api(ADMIN, "PATCH", &path, Some(quiet.clone())).await;
    assert_eq!(edited.status, 200);
    assert_eq!(edited.json()["hears_answers"], false);
    let wrong = json!({ "zone": "Mars/Olympus" });
    let refused = house.api(ADMIN, "PATCH", &path, Some(wrong)).await;
    assert_eq!(refused.status, 422);
    let refused = house.api(RESPONDER, "PATCH", &path, Some(quiet)).await;
    assert_eq!(refused.status, 403);
    let now = house.api(ADMIN, "GET", &path, None).await.json();
    assert_eq!(
        (&now["hears_answers"], &now["zone"]),
        (&json!(false), &users["items"][0]["zone"])
    );
}
