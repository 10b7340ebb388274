//! The what-if by the API: with what is not saved, and through routing rules.

use serde_json::{Value, json};

use crate::house::{ADMIN, House, OBSERVER};

async fn asked(house: &House, question: Value) -> Value {
    let answer = house
        .api(OBSERVER, "POST", "/api/v1/simulate", Some(question))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[actix_web::test]
async fn windows_services_and_routing_are_tried() {
    let house = House::on_sqlite().await;
    let config = json!({
        "services": ["checkout"], "starts_at": "2027-06-01T22:00:00Z",
        "ends_at": "2027-06-01T23:00:00Z", "comment": "",
    });
    let window = json!({"kind": "maintenance", "config": config});
    let told = asked(
        &house,
        json!({"window": window, "at": "2027-06-01T22:10:00Z"}),
    )
    .await;
    assert_eq!(told["service"], "checkout");
    assert_eq!(told["events"][0]["kind"], "held");
    assert_eq!(told["events"][0]["until"], "2027-06-01T23:00:00Z");

    let rules = json!({"urgency": "low"});
    let changed = json!({"slug": "checkout", "rules": rules});
    let told = asked(&house, json!({"changed_service": changed})).await;
    assert_eq!(told["urgency"], "low");

    let none = house
        .api(OBSERVER, "POST", "/api/v1/simulate", Some(json!({})))
        .await;
    none.is_problem(422, "invalid");
    let doors = house
        .api(ADMIN, "GET", "/api/v1/services/checkout", None)
        .await
        .json();
    let door = doors["integrations"][0]["id"].clone();
    let told = asked(&house, json!({"integration": door})).await;
    assert_eq!(told["service"], "checkout");
    assert_eq!(told["pages"][0]["user"]["name"], "Ana");
}
