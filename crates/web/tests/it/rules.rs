//! The rules of a service.

use serde_json::{Value, json};

use crate::house::{ADMIN, Answer, House};

const RULES: &str = "/api/v1/services/checkout/rules";

async fn put(house: &House, body: Value) -> Answer {
    house.api(ADMIN, "PUT", RULES, Some(body)).await
}

async fn saved(house: &House, body: Value) -> Value {
    let answer = put(house, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn support_hours() -> Value {
    json!({
        "hours": {"zone": "Europe/Berlin",
            "ranges": [{"weekdays": ["monday", "friday"], "from": "09:00", "until": "17:00"}]},
        "inside": "by_severity", "outside": "low", "raise": true,
    })
}

#[actix_web::test]
async fn what_is_left_out_stays_as_it_is() {
    let house = House::on_sqlite().await;
    let rules = json!({
        "urgency": "low", "high_severities": ["critical"], "support_hours": support_hours(),
        "grouping": "fields", "grouping_fields": ["source"], "grouping_window_seconds": 600,
        "storm_limit": 30, "auto_resolve": false, "reopen_window_seconds": 0,
        "ack_timeout_high_seconds": null, "ack_timeout_low_seconds": 3_600,
    });
    assert_eq!(saved(&house, rules.clone()).await, rules);
    assert_eq!(saved(&house, json!({})).await, rules);
    let mut more = rules.clone();
    more["storm_limit"] = json!(50);
    assert_eq!(saved(&house, json!({"storm_limit": 50})).await, more);
    // Nothing is what a new service has, or no limit.
    let nothing: serde_json::Map<String, Value> = rules
        .as_object()
        .unwrap()
        .keys()
        .map(|name| (name.clone(), Value::Null))
        .collect();
    assert_eq!(
        saved(&house, Value::Object(nothing)).await,
        json!({
            "urgency": "by_severity", "high_severities": ["critical", "error"],
            "support_hours": null, "grouping": "group_key", "grouping_fields": [],
            "grouping_window_seconds": 300, "storm_limit": null, "auto_resolve": true,
            "reopen_window_seconds": 300, "ack_timeout_high_seconds": null,
            "ack_timeout_low_seconds": null,
        })
    );
    let twice = json!({"high_severities": ["error", "critical", "error"]});
    let rules = saved(&house, twice).await;
    assert_eq!(rules["high_severities"], json!(["critical", "error"]));
}

#[actix_web::test]
async fn what_is_refused_is_named_as_it_was_sent() {
    let house = House::on_sqlite().await;
    let before = house.api(ADMIN, "GET", RULES, None).await.json();
    let hours = |from: &str, until: &str| {
        let mut hours = support_hours();
        hours["hours"]["ranges"][0]["from"] = json!(from);
        hours["hours"]["ranges"][0]["until"] = json!(until);
        json!({ "support_hours": hours })
    };
    for (body, field) in [
        (
            json!({"reopen_window_seconds": -1}),
            "reopen_window_seconds",
        ),
        (
            json!({"reopen_window_seconds": 86_401}),
            "reopen_window_seconds",
        ),
        (
            json!({"grouping_window_seconds": 3}),
            "grouping_window_seconds",
        ),
        (
            json!({"ack_timeout_low_seconds": 1}),
            "ack_timeout_low_seconds",
        ),
        (
            json!({"ack_timeout_high_seconds": -60}),
            "ack_timeout_high_seconds",
        ),
        (hours("nine", "17:00"), "support_hours.hours.ranges[0]"),
        (
            hours("09:00", "09:00"),
            "support_hours.hours.ranges[0].until",
        ),
        (json!({"urgency": "support_hours"}), "support_hours"),
        (json!({"storm_limit": 0}), "storm_limit"),
    ] {
        let problem = put(&house, body).await.is_problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    assert_eq!(house.api(ADMIN, "GET", RULES, None).await.json(), before);
}
