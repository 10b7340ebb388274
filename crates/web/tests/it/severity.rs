//! What the words of a monitor mean is its owner's to say, at every address of the integration's key.

use domain::word::IntegrationKind;
use serde_json::{Value, json};

use crate::doors::send;
use crate::house::{ADMIN, Answer, House, PD_KEY};
use crate::settings::{door, settings};

/// Severities of the alerts, by dedup key.
async fn severity(house: &House, key: &str) -> String {
    let list = house.api(ADMIN, "GET", "/api/v1/alerts", None).await.json();
    let items = list["items"].as_array().unwrap();
    let found = items.iter().find(|alert| alert["dedup_key"] == key);
    let found = found.unwrap_or_else(|| panic!("{key}: {items:?}"));
    found["severity"].as_str().unwrap().to_owned()
}

/// What was told of the newest request.
async fn warnings(house: &House) -> Value {
    let list = house
        .api(ADMIN, "GET", "/api/v1/signals?limit=1", None)
        .await;
    let path = format!("/api/v1/signals/{}", list.json()["items"][0]["id"]);
    house.api(ADMIN, "GET", &path, None).await.json()["warnings"].clone()
}

async fn choose(house: &House, path: &str, edit: Value) -> Answer {
    house.api(ADMIN, "PATCH", path, Some(edit)).await
}

fn event(key: &str, dedup_key: &str, severity: Option<&str>) -> Value {
    json!({"routing_key": key, "event_action": "trigger", "dedup_key": dedup_key,
        "payload": {"summary": "Disk full", "source": "db1", "severity": severity}})
}

#[actix_web::test]
async fn events_of_pagerduty_mean_what_the_keys_owner_says() {
    let house = House::on_sqlite().await;
    let (id, key) = door(&house, IntegrationKind::PagerDuty).await;
    let words = json!([{"word": " page ", "severity": "warning"},
        {"word": "critical", "severity": "error"}]);
    let edit = json!({"severity": "info", "severity_words": words});
    let answer = choose(&house, &settings(id), edit).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.json()["severity_words"],
        json!([{"word": "page", "severity": "warning"}, {"word": "critical", "severity": "error"}])
    );
    let enqueue = async |headers: &[(&str, &str)], body: Value| {
        let answer = send(&house, "/v2/enqueue", headers, body).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
    };
    enqueue(&[], event(&key, "a", Some("Page"))).await;
    assert_eq!(warnings(&house).await, json!([]));
    enqueue(&[], event(&key, "b", Some("critical"))).await;
    assert_eq!(warnings(&house).await, json!([]));
    enqueue(&[("x-routing-key", &key)], event("", "c", Some("ticket"))).await;
    assert_eq!(
        warnings(&house).await,
        json!(["payload.severity \"ticket\" is not a known word: used \"info\""])
    );
    enqueue(&[], event(&key, "d", None)).await;
    assert_eq!(
        warnings(&house).await,
        json!(["payload.severity was missing: used \"info\""])
    );
    let first = json!({"service_key": key, "event_type": "trigger", "incident_key": "e",
        "description": "Disk full"});
    let answer = send(&house, "/generic/2010-04-15/create_event.json", &[], first).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // Other keys have words of their own, or none.
    enqueue(&[], event(PD_KEY, "f", Some("page"))).await;
    enqueue(&[], event(PD_KEY, "g", Some("ticket"))).await;
    for (dedup_key, wanted) in [
        ("a", "warning"),
        ("b", "error"),
        ("c", "info"),
        ("d", "info"),
        ("e", "info"),
        ("f", "critical"),
        ("g", "critical"),
    ] {
        assert_eq!(severity(&house, dedup_key).await, wanted, "{dedup_key}");
    }

    // A replay is read as it would be read now.
    let list = house
        .api(ADMIN, "GET", "/api/v1/signals", None)
        .await
        .json();
    let oldest = list["items"].as_array().unwrap().last().unwrap()["id"].clone();
    let answer = choose(&house, &settings(id), json!({"severity_words": null})).await;
    assert_eq!(answer.json()["severity_words"], json!([]));
    let path = format!("/api/v1/signals/{oldest}/replay");
    let answer = house.api(ADMIN, "POST", &path, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(severity(&house, "a").await, "critical");
}

#[actix_web::test]
async fn priorities_of_opsgenie_mean_what_their_owner_says() {
    let house = House::on_sqlite().await;
    let (id, key) = door(&house, IntegrationKind::Opsgenie).await;
    let words = json!([{"word": "P3", "severity": "error"}, {"word": "p5", "severity": "warning"}]);
    let answer = choose(&house, &settings(id), json!({"severity_words": words})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let auth = format!("GenieKey {key}");
    let auth = [("authorization", auth.as_str())];
    for (alias, priority, wanted) in [
        ("a", json!("P3"), "error"),
        ("b", json!("P5"), "warning"),
        ("c", json!("P1"), "critical"),
        ("d", json!(null), "error"),
    ] {
        let made = json!({"message": "m", "alias": alias, "priority": priority});
        let answer = send(&house, "/v2/alerts", &auth, made).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        assert_eq!(severity(&house, alias).await, wanted, "{alias}");
    }
    // As its clients see it, the priority is what was sent.
    let shown = house
        .client
        .get(house.at("/v2/alerts/a?identifierType=alias"));
    let shown = Answer::of(shown.header("authorization", auth[0].1)).await;
    assert_eq!(shown.json()["data"]["priority"], "P3", "{}", shown.body);
    let change = house
        .client
        .put(house.at("/v2/alerts/c/priority?identifierType=alias"))
        .header("authorization", auth[0].1)
        .body(json!({"priority": "P5"}).to_string());
    let answer = Answer::of(change).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(severity(&house, "c").await, "warning");
    // Where nothing is sent, what its owner has chosen counts before P3.
    choose(&house, &settings(id), json!({"severity": "info"})).await;
    send(
        &house,
        "/v2/alerts",
        &auth,
        json!({"message": "m", "alias": "e"}),
    )
    .await;
    assert_eq!(severity(&house, "e").await, "info");
}

#[actix_web::test]
async fn labels_of_alertmanager_mean_what_their_owner_says() {
    let house = House::on_sqlite().await;
    let words = json!([{"word": "page", "severity": "warning"}]);
    for (kind, prefix) in [
        (IntegrationKind::Alertmanager, "w"),
        (IntegrationKind::Prometheus, "p"),
    ] {
        let (id, key) = door(&house, kind).await;
        let edit = json!({"severity": "info", "severity_words": words});
        let answer = choose(&house, &settings(id), edit).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let alert = |name: &str, severity: Value| {
            let mut labels = json!({"alertname": format!("{prefix}-{name}")});
            if !severity.is_null() {
                labels["severity"] = severity;
            }
            labels
        };
        let labels = [
            alert("a", json!("PAGE")),
            alert("b", json!("critical")),
            alert("c", json!("ticket")),
            alert("d", Value::Null),
        ];
        let alerts: Vec<Value> = (labels.iter())
            .map(|labels| json!({"labels": labels, "fingerprint": labels["alertname"]}))
            .collect();
        let (path, body) = match kind {
            IntegrationKind::Prometheus => ("api/v2/alerts", json!(alerts)),
            _ => (
                "alertmanager",
                json!({"groupKey": "g", "status": "firing", "alerts": alerts}),
            ),
        };
        let path = format!("/integrations/{key}/{path}");
        let answer = send(&house, &path, &[], body).await;
        assert!(answer.status < 300, "{}", answer.body);
        let list = house.api(ADMIN, "GET", "/api/v1/alerts", None).await.json();
        for (name, wanted) in [
            ("a", "warning"),
            ("b", "critical"),
            ("c", "info"),
            ("d", "info"),
        ] {
            let name = format!("{prefix}-{name}");
            let found = (list["items"].as_array().unwrap().iter())
                .find(|one| one["class"] == name.as_str())
                .unwrap_or_else(|| panic!("{name}: {list}"));
            assert_eq!(found["severity"], wanted, "{name}");
        }
        let told = warnings(&house).await.to_string();
        assert!(
            told.contains("is not a known word: used \\\"info\\\"")
                && told.contains("no label severity: used \\\"info\\\"")
                && !told.contains("PAGE"),
            "{told}"
        );
    }
}

#[actix_web::test]
async fn words_are_refused_with_what_is_wrong_with_them() {
    let house = House::on_sqlite().await;
    let (id, _) = door(&house, IntegrationKind::PagerDuty).await;
    let (changes, _) = door(&house, IntegrationKind::GitHub).await;
    let word = |word: &str| json!({"word": word, "severity": "info"});
    let many: Vec<Value> = (0..51).map(|n| word(&n.to_string())).collect();
    for (door, words) in [
        (id, json!(many)),
        (id, json!([word("P1"), word(" p1 ")])),
        (id, json!([word(" ")])),
        (id, json!([word(&"x".repeat(65))])),
        (id, json!([word("a\u{7}b")])),
        (changes, json!([word("page")])),
    ] {
        let answer = choose(&house, &settings(door), json!({"severity_words": words})).await;
        let problem = answer.is_problem(422, "invalid").to_string();
        assert!(problem.contains("\"severity_words\""), "{problem}");
    }
    let answer = choose(&house, &settings(changes), json!({"severity": "info"})).await;
    answer.is_problem(422, "invalid");
    for odd in [
        json!([{"word": "page", "severity": "bad"}]),
        json!([{"word": "page"}]),
        json!({"page": "info"}),
    ] {
        let answer = choose(&house, &settings(id), json!({"severity_words": odd})).await;
        assert!((400..500).contains(&answer.status), "{odd} {}", answer.body);
    }
    let shown = house.api(ADMIN, "GET", &settings(id), None).await.json();
    assert_eq!(shown["severity_words"], json!([]));
}
