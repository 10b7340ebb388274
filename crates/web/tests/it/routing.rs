//! Global integrations over HTTP: rules are edited, tried on what came in, and route what comes in.

use domain::word::{AccountRole, Origin};
use engine::clock::{Clock as _, SystemClock};
use engine::{OpContext, manifest};
use serde_json::{Value, json};

use crate::house::{ADMIN, EVENTS_KEY, House, OBSERVER};

/// The house with a second service; the id of the integration Events.
async fn furnished() -> (House, String) {
    let house = House::on_sqlite().await;
    let file = "services:\n  - {slug: payments, name: Payments, policy: platform}\n";
    let ctx = OpContext::token(AccountRole::Admin, Origin::Cli, SystemClock.now());
    let parsed = manifest::parse(file, &|_| None).unwrap();
    manifest::apply(house.engine.store(), &ctx, parsed, false)
        .await
        .unwrap();
    let directory = house.engine.directory();
    let mut doors = directory.integrations.values();
    let id = doors.find(|one| one.name == "Events").unwrap().id;
    (house, format!("/api/v1/integrations/{id}/routing-rules"))
}

async fn send(house: &House, action: &str, key: &str, labels: Value) {
    let body = json!({"action": action, "dedup_key": key, "summary": format!("{key} is down"),
        "details": {"labels": labels}})
    .to_string();
    let door = format!("/integrations/{EVENTS_KEY}/events");
    assert_eq!(house.post(&door, body).await.status, 202);
}

async fn alerts(house: &House, query: &str) -> Vec<Value> {
    let answer = house
        .api(ADMIN, "GET", &format!("/api/v1/alerts{query}"), None)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["items"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn rules_are_made_tried_and_followed() {
    let (house, rules) = furnished().await;
    let api = |method: &'static str, path: String, body: Option<Value>| {
        let house = &house;
        async move { house.api(ADMIN, method, &path, body).await }
    };
    send(&house, "trigger", "before", json!({"app": "pay"})).await;
    send(&house, "trigger", "other", json!({})).await;
    let list = api("GET", rules.clone(), None).await.json();
    assert_eq!((&list["on"], &list["rules"]), (&json!(false), &json!([])));
    assert_eq!(list["catch_all"]["service"], "checkout");

    let pay = json!({"name": "Payments", "condition": "labels.app == 'pay'",
        "service": "payments", "dedup_key": "{labels.app}"});
    let noise = json!({"name": "Noise", "condition": "severity == 'info'", "suppress": true});
    let tried = api(
        "POST",
        format!("{rules}/dry-run"),
        Some(json!({"rules": [pay, noise]})),
    )
    .await;
    assert_eq!(tried.status, 200, "{}", tried.body);
    let tried = tried.json();
    assert_eq!(
        (&tried["signals"], &tried["changed"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(tried["matches"], json!([1, 0]));
    assert_eq!(tried["catch_all_matches"], 1);
    let change = &tried["changes"][0];
    assert_eq!(change["summary"], "before is down");
    assert_eq!(change["rules"], json!(["Payments"]));
    let service = json!({"field": "service", "from": "Checkout", "to": "Payments"});
    assert_eq!(change["differences"][0], service);
    assert!(tried["warnings"][0].as_str().unwrap().contains("Payments"));
    assert_eq!(
        api("GET", rules.clone(), None).await.json()["rules"],
        json!([]),
        "nothing is saved"
    );

    let all = json!({"on": true, "rules": [pay, noise]});
    let saved = api("PUT", rules.clone(), Some(all)).await;
    assert_eq!(saved.status, 200, "{}", saved.body);
    let ids: Vec<i64> = saved.json()["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].as_i64().unwrap())
        .collect();
    send(&house, "trigger", "after", json!({"app": "pay"})).await;
    let of_payments = alerts(&house, "?service=payments").await;
    assert_eq!(of_payments.len(), 1);
    assert_eq!(of_payments[0]["dedup_key"], "pay");
    assert_eq!(
        of_payments[0]["routed_by"]["text"],
        "by the rule “Payments”"
    );
    assert_eq!(alerts(&house, "?service=checkout").await.len(), 2);
    send(&house, "resolve", "after", json!({})).await;
    assert_eq!(
        alerts(&house, "?service=payments").await[0]["status"],
        "resolved"
    );
    let list = api("GET", rules.clone(), None).await.json();
    assert_eq!(list["rules"][0]["hits"], 1);
    assert_eq!(list["rules"][1]["last_match_at"], Value::Null);
    assert_eq!(list["catch_all"]["hits"], 1, "the resolve said no label");
    let signals = api("GET", "/api/v1/signals?warned=true".into(), None)
        .await
        .json();
    assert_eq!(signals["items"].as_array().unwrap().len(), 1, "{signals}");

    // Add, move, change, remove.
    let first = json!({"name": "First", "condition": "true", "continue": true,
        "labels": {"seen": "yes"}, "position": 0});
    let added = api("POST", rules.clone(), Some(first)).await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!(added.json()["rules"][0]["name"], "First");
    let edit = json!({"position": 2, "enabled": false, "severity": "error"});
    let path = format!("{rules}/{}", ids[0]);
    let moved = api("PATCH", path.clone(), Some(edit)).await.json();
    assert_eq!(moved["rules"][2]["name"], "Payments");
    assert_eq!(moved["rules"][2]["severity"], "error");
    assert_eq!(
        moved["rules"][2]["service"], "payments",
        "what is absent stays"
    );
    assert_eq!(moved["rules"][2]["hits"], 1);
    let cleared = api("PATCH", path.clone(), Some(json!({"severity": null})))
        .await
        .json();
    assert_eq!(cleared["rules"][2]["severity"], Value::Null);
    assert_eq!(api("DELETE", path.clone(), None).await.status, 204);
    assert_eq!(api("DELETE", path, None).await.status, 404);
    let global = api("GET", "/api/v1/global-integrations".into(), None)
        .await
        .json();
    assert_eq!(global["items"][0]["name"], "Events");
}

#[actix_web::test]
async fn what_is_wrong_is_said_beside_its_field() {
    let (house, rules) = furnished().await;
    let put = async |rule: Value| {
        let body = json!({ "rules": [rule] });
        house.api(ADMIN, "PUT", &rules, Some(body)).await
    };
    for (rule, field, words) in [
        (
            json!({"name": "x", "condition": "severity = 'x'"}),
            "condition",
            "character",
        ),
        (
            json!({"name": "x", "condition": "team == 'x'"}),
            "condition",
            "`team` is not known",
        ),
        (
            json!({"name": "x", "dedup_key": "{summary"}),
            "dedup_key",
            "character 1",
        ),
        (
            json!({"name": "x", "service": "none"}),
            "service",
            "no such service",
        ),
        (
            json!({"name": "x", "continue": true}),
            "continue",
            "no effect",
        ),
        (json!({"name": "x", "id": 99}), "id", "no such rule"),
        (
            json!({"name": "x", "condition": "1+1"}),
            "condition",
            "this is a number",
        ),
        (
            json!({"name": "x", "condition": "\"a\""}),
            "condition",
            "this is a text",
        ),
    ] {
        let answer = put(rule).await;
        let problem = answer.is_problem(422, "invalid");
        let errors = problem["errors"].to_string();
        assert!(errors.contains(&format!("rules[0].{field}")), "{errors}");
        assert!(errors.contains(words), "{errors}");
    }
    let rule = |name: &str| json!({"name": name, "severity": "info"});
    let twice = json!({"rules": [rule("x"), rule(" x")]});
    let answer = house.api(ADMIN, "PUT", &rules, Some(twice)).await;
    let errors = answer.is_problem(422, "invalid")["errors"].to_string();
    assert!(
        errors.contains("rules[0].name") && errors.contains("has this name"),
        "{errors}"
    );
    let one = json!({"rules": [rule("x")]});
    assert_eq!(house.api(ADMIN, "PUT", &rules, Some(one)).await.status, 200);
    let again = house.api(ADMIN, "POST", &rules, Some(rule("x"))).await;
    let errors = again.is_problem(422, "invalid")["errors"].to_string();
    assert!(errors.contains("\"name\""), "{errors}");
    let answer = house
        .api(OBSERVER, "PUT", &rules, Some(json!({"on": true})))
        .await;
    assert_eq!(answer.status, 403);
    assert_eq!(house.api(OBSERVER, "GET", &rules, None).await.status, 200);
    let none = rules.replace("/integrations/", "/integrations/9");
    assert_eq!(house.api(ADMIN, "GET", &none, None).await.status, 404);
}
