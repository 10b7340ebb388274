//! Who is on call, by the API.

use serde_json::Value;

use crate::house::{House, OBSERVER};

#[actix_web::test]
async fn who_is_on_call_at_any_time() {
    let house = House::on_sqlite().await;
    let now = house
        .api(OBSERVER, "GET", "/api/v1/oncall", None)
        .await
        .json();
    assert_eq!(now["schedules"][0]["schedule"], "platform");
    assert_eq!(now["schedules"][0]["shift"]["users"][0]["name"], "Ana");
    let before = "/api/v1/oncall?at=2019-01-01T00:00:00Z&schedule=platform";
    let before = house.api(OBSERVER, "GET", before, None).await.json();
    assert_eq!(before["schedules"][0]["shift"], Value::Null);
    let unknown = "/api/v1/oncall?schedule=none";
    house
        .api(OBSERVER, "GET", unknown, None)
        .await
        .is_problem(404, "not_found");
    for absurd in ["-9999-01-01T00:00:00Z", "+999999-01-01T00:00:00Z", "soon"] {
        let path = format!("/api/v1/oncall?at={}", absurd.replace('+', "%2B"));
        let answer = house.api(OBSERVER, "GET", &path, None).await;
        assert!(matches!(answer.status, 200 | 422), "{}", answer.body);
    }
    let shifts = "/api/v1/schedules/platform/shifts";
    let shifts = house.api(OBSERVER, "GET", shifts, None).await.json();
    assert_eq!(shifts["shifts"][0]["users"][0]["name"], "Ana", "{shifts}");
    assert_eq!(shifts["shifts"][0]["layer"], "Weekly");
    let past =
        "/api/v1/schedules/platform/shifts?from=2019-01-01T00:00:00Z&until=2019-02-01T00:00:00Z";
    let past = house.api(OBSERVER, "GET", past, None).await.json();
    assert_eq!(past["gaps"].as_array().unwrap().len(), 1, "{past}");
    assert!(past["shifts"].as_array().unwrap().is_empty());
    for query in [
        "from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
        "from=2026-01-01T00:00:00Z&until=2036-01-01T00:00:00Z",
    ] {
        let path = format!("/api/v1/schedules/platform/shifts?{query}");
        house
            .api(OBSERVER, "GET", &path, None)
            .await
            .is_problem(422, "invalid");
    }
}
