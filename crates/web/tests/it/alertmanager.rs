//! An Alertmanager's API, as Prometheus and its tools see it.

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
