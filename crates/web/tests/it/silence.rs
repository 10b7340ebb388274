//! Silences, maintenance windows, inhibitions and the names of rules by API.

use engine::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::doors::send;
use crate::house::{ADMIN, AM_KEY, House, RESPONDER};

const SILENCES: &str = "/api/v1/silences";
const INHIBITIONS: &str = "/api/v1/inhibitions";

fn soon(hours: i64) -> domain::Timestamp {
    SystemClock.now() + domain::Span::from_hours(hours)
}

fn silence(more: Value) -> Value {
    let mut body = json!({
        "matchers": [{"name": "env", "op": "=", "value": "test"}],
        "starts_at": soon(1), "ends_at": soon(3), "comment": "Known noise",
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn refused(house: &House, path: &str, body: Value) -> Value {
    let answer = house.api(ADMIN, "POST", path, Some(body)).await;
    answer.is_problem(422, "invalid")["errors"][0].clone()
}

#[actix_web::test]
async fn what_a_token_makes_bears_its_name() {
    let house = House::on_sqlite().await;
    let made = house
        .api(RESPONDER, "POST", SILENCES, Some(silence(json!({}))))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    assert_eq!(
        (&made["author"], &made["created_by"]),
        (&json!("Responder"), &Value::Null)
    );
    let one = format!("{SILENCES}/{}", made["id"]);
    let edited = house
        .api(
            ADMIN,
            "PUT",
            &one,
            Some(silence(json!({"comment": "Still"}))),
        )
        .await;
    assert_eq!(edited.json()["author"], "Responder", "whoever made it");
}

#[actix_web::test]
async fn what_never_comes_again_is_refused() {
    let house = House::on_sqlite().await;
    let yesterday = (SystemClock.now() - domain::Span::from_days(1)).to_seconds_string();
    let yesterday = yesterday[..10].replace('-', "");
    for rule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;COUNT=1",
        &format!("FREQ=DAILY;UNTIL={yesterday}"),
    ] {
        let error = refused(&house, SILENCES, silence(json!({"recurrence": rule}))).await;
        assert_eq!(error["field"], "recurrence", "{rule}");
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("never comes again")
        );
    }
    for rule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;INTERVAL=9",
    ] {
        let body = silence(json!({"recurrence": rule}));
        let made = house.api(ADMIN, "POST", SILENCES, Some(body)).await;
        assert_eq!(made.status, 201, "{rule}: {}", made.body);
    }
}

#[actix_web::test]
async fn a_body_that_is_no_object_is_told_so() {
    let house = House::on_sqlite().await;
    for body in [
        json!([]),
        json!([[], [], []]),
        json!(7),
        json!("x"),
        json!(null),
    ] {
        let error = refused(&house, SILENCES, body.clone()).await;
        assert_eq!(error["field"], "body");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("an object was expected"),
            "{body}: {message}"
        );
    }
}

#[actix_web::test]
async fn names_of_rules_and_labels_stand_once() {
    let house = House::on_sqlite().await;
    let matcher = |value: &str| json!([{"name": "alertname", "op": "=", "value": value}]);
    let rule = |name: &str, equal: Value| {
        json!({"name": name, "source": matcher("HostDown"), "target": matcher("Slow"),
            "equal": equal})
    };
    for (equal, words) in [
        (json!(["a", ""]), "1 to 256 characters"),
        (json!(["c", "b", "c"]), "`c` stands here twice"),
        (
            json!(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]),
            "at most 10",
        ),
    ] {
        let error = refused(&house, INHIBITIONS, rule("Hosts", equal)).await;
        assert_eq!(error["field"], "equal");
        assert!(
            error["message"].as_str().unwrap().contains(words),
            "{error}"
        );
    }
    let mut made = Vec::new();
    for name in ["Hosts", "Racks"] {
        let body = rule(name, json!(["rack"]));
        let answer = house.api(ADMIN, "POST", INHIBITIONS, Some(body)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        made.push(answer.json()["id"].clone());
    }
    assert_eq!(
        refused(&house, INHIBITIONS, rule(" Hosts", json!([]))).await["field"],
        "name"
    );
    let racks = format!("{INHIBITIONS}/{}", made[1]);
    let put = async |name: &str| {
        let body = rule(name, json!([]));
        house.api(ADMIN, "PUT", &racks, Some(body)).await
    };
    assert_eq!(put("Hosts").await.status, 422);
    assert_eq!(put("Racks").await.status, 200);
}

#[actix_web::test]
async fn an_alertmanager_is_told_that_somebody_must_say_why() {
    let house = House::on_sqlite().await;
    let path = format!("/integrations/{AM_KEY}/api/v2/silences");
    let body = |by: &str, comment: &str| {
        json!({"matchers": [{"name": "a", "value": "b", "isRegex": false}],
            "startsAt": soon(0), "endsAt": soon(1), "createdBy": by, "comment": comment})
    };
    for (by, comment, missing) in [("", "x", "createdBy"), ("ana", " ", "comment")] {
        let answer = send(&house, &path, &[], body(by, comment)).await;
        assert_eq!(answer.status, 400);
        assert_eq!(
            answer.json(),
            json!(format!("{missing} in body is required"))
        );
    }
    assert_eq!(send(&house, &path, &[], body("ana", "x")).await.status, 200);
}
