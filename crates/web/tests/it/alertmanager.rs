//! An Alertmanager's API, as Prometheus and its tools see it.

use engine::clock::{Clock as _, SystemClock};
use serde_json::json;

use crate::doors::send;
use crate::house::{ADMIN, AM_KEY, House};

#[actix_web::test]
async fn an_alertmanager_to_push_to_and_to_ask() {
    let house = House::on_sqlite().await;
    let home = format!("/integrations/{AM_KEY}");
    let path = format!("{home}/api/v2/alerts");
    let alert = |name: &str, cluster: &str| {
        json!({"labels": {"alertname": name, "cluster": cluster, "severity": "critical"},
        "annotations": {"summary": format!("{name} in {cluster}")}, "generatorURL": "http://p/graph"})
    };
    let batch = json!([alert("A", "eu"), alert("A", "us"), alert("B", "eu"), {"labels": {}}, 7]);
    let answer = send(&house, &path, &[], batch).await;
    assert_eq!(answer.status, 400, "the good ones are stored all the same");
    assert!(
        answer
            .json()
            .as_str()
            .unwrap()
            .contains("at least one label pair")
    );
    let list = house.get(&path).await.json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 3);
    for one in list {
        for name in [
            "fingerprint",
            "startsAt",
            "updatedAt",
            "endsAt",
            "generatorURL",
        ] {
            assert!(one[name].is_string(), "{name}: {one}");
        }
        assert_eq!(one["status"]["state"], "active");
        assert_eq!(one["receivers"], json!([{"name": "Alertmanager"}]));
    }
    let by = |filter: &str| {
        format!(
            "{path}?filter={}",
            filter.replace('=', "%3D").replace('"', "%22")
        )
    };
    assert_eq!(
        house
            .get(&by("alertname=\"A\""))
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        house
            .get(&by("cluster=~\"e.*\""))
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(house.get(&by("(")).await.status, 400);
    assert_eq!(
        house.get(&format!("{path}?active=false")).await.json(),
        json!([])
    );
    let groups = house.get(&format!("{path}/groups")).await.json();
    assert_eq!(groups.as_array().unwrap().len(), 3);
    let status = house.get(&format!("{home}/api/v2/status")).await.json();
    assert_eq!(status["cluster"]["status"], "disabled");
    assert!(status["versionInfo"]["version"].is_string() && status["uptime"].is_string());
    assert_eq!(
        house.get(&format!("{home}/api/v2/receivers")).await.json(),
        json!([{"name": "Alertmanager"}])
    );
    // Alerts of a name in one cluster are one incident (PAGING.md §2.2).
    let incidents = house
        .api(ADMIN, "GET", "/api/v1/incidents", None)
        .await
        .json();
    assert_eq!(incidents["items"].as_array().unwrap().len(), 3);
    let mut again = alert("A", "eu");
    again["labels"]["instance"] = json!("other");
    assert_eq!(send(&house, &path, &[], json!([again])).await.status, 200);
    let incidents = house
        .api(ADMIN, "GET", "/api/v1/incidents", None)
        .await
        .json();
    assert_eq!(incidents["items"].as_array().unwrap().len(), 3);
    for bad in ["{}", "[", "null"] {
        let answer = send(&house, &path, &[], bad).await;
        assert_eq!(answer.status, 400);
        assert!(answer.json().is_string());
    }
}

#[actix_web::test]
async fn silences_as_an_alertmanager_has_them() {
    let house = House::on_sqlite().await;
    let home = format!("/integrations/{AM_KEY}");
    let silences = format!("{home}/api/v2/silences");
    let alerts = format!("{home}/api/v2/alerts");
    let alert = json!([{"labels": {"alertname": "A", "severity": "page"}}]);
    assert_eq!(send(&house, &alerts, &[], alert.clone()).await.status, 200);
    let silence = |comment: &str| {
        json!({
            "matchers": [{"name": "severity", "value": "page", "isRegex": false, "isEqual": true}],
            "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2050-01-01T00:00:00Z",
            "createdBy": "ana", "comment": comment,
        })
    };
    let refused = send(&house, &silences, &[], silence("x")).await;
    assert_eq!(refused.status, 400, "longer than 30 days");
    let mut right = silence("Known");
    let soon = SystemClock.now() + domain::Span::from_hours(1);
    right["endsAt"] = json!(soon);
    let made = send(&house, &silences, &[], right.clone()).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let id = made.json()["silenceID"].as_str().unwrap().to_owned();
    let list = house.get(&silences).await.json();
    assert_eq!(list[0]["matchers"][0]["name"], "severity");
    assert_eq!(list[0]["createdBy"], "ana");
    let held = house.get(&alerts).await.json();
    assert_eq!(held[0]["status"]["state"], "suppressed");
    assert_eq!(held[0]["status"]["silencedBy"][0], json!(id));
    let active = house.get(&format!("{alerts}?silenced=false")).await;
    assert_eq!(active.json(), json!([]));

    // The same one is edited; another integration's key cannot touch it.
    right["id"] = json!(id);
    right["comment"] = json!("Still known");
    let edited = send(&house, &silences, &[], right.clone()).await;
    assert_eq!(edited.json()["silenceID"], json!(id));
    let one = format!("{home}/api/v2/silence/{id}");
    assert_eq!(house.get(&one).await.json()["comment"], "Still known");
    let foreign = format!(
        "/integrations/{}/api/v2/silence/{id}",
        crate::house::EVENTS_KEY
    );
    assert_eq!(house.delete(&foreign).await.status, 404);

    // What people made for more than the integration is shown, and theirs to end.
    let wide = json!({"services": ["checkout"], "ends_at": soon, "comment": "Everything"});
    let wide = house
        .api(ADMIN, "POST", "/api/v1/maintenance-windows", Some(wide))
        .await;
    assert_eq!(wide.status, 201, "{}", wide.body);
    let list = house.get(&silences).await.json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    let theirs = list
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["comment"] == "Everything")
        .unwrap();
    let theirs = format!("{home}/api/v2/silence/{}", theirs["id"].as_str().unwrap());
    assert_eq!(house.delete(&theirs).await.status, 403);
    assert_eq!(house.delete(&one).await.status, 200);
    assert_eq!(house.get(&one).await.json()["status"]["state"], "expired");
    assert_eq!(house.delete(&one).await.status, 404);
}
