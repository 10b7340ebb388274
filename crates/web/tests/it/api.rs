//! The API against its own document.

use serde_json::json;

use crate::house::{ADMIN, Answer, House, OBSERVER, RESPONDER};

struct Operation {
    method: String,
    path: String,
    has_body: bool,
    statuses: Vec<String>,
}

/// Every operation of the OpenAPI document, with real values in its path.
async fn operations(house: &House) -> Vec<Operation> {
    let document = house.get("/api/v1/openapi.json").await.json();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path = path
                .replace("{number}", "1")
                .replace(
                    "{slug}",
                    if path.contains("schedules") {
                        "platform"
                    } else {
                        "checkout"
                    },
                )
                .replace("{id}", "1")
                .replace("{rule}", "1");
            operations.push(Operation {
                method: method.to_uppercase(),
                path,
                has_body: operation.get("requestBody").is_some(),
                statuses: operation["responses"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .cloned()
                    .collect(),
            });
        }
    }
    assert!(operations.len() >= 25, "{}", operations.len());
    operations
}

#[actix_web::test]
async fn every_operation_needs_a_token_and_writing_a_role() {
    let house = House::on_sqlite().await;
    house.trigger("k", "Disk full").await;
    for operation in operations(&house).await {
        let Operation {
            method,
            path,
            has_body,
            statuses,
        } = &operation;
        let name = format!("{method} {path}");
        assert!(statuses.contains(&"401".to_owned()), "{name} documents 401");

        let nobody = Answer::of(
            house
                .client
                .request(method.parse().unwrap(), house.at(path)),
        )
        .await;
        nobody.is_problem(401, "unauthenticated");
        assert_eq!(nobody.header("www-authenticate"), "Bearer", "{name}");
        let stranger = house.api("qd_no_such_token", method, path, None).await;
        stranger.is_problem(401, "unauthenticated");
        let basic = house
            .client
            .request(method.parse().unwrap(), house.at(path))
            .basic_auth("ana", Some("x"));
        Answer::of(basic).await.is_problem(401, "unauthenticated");

        let body = has_body.then(|| json!({}));
        let observer = house.api(OBSERVER, method, path, body.clone()).await;
        // What is only asked changes nothing, even where the question is posted.
        let asks = method == "GET" || path.ends_with("/simulate");
        if asks && !path.contains("/notifications") {
            // Some need a query to be of use.
            let needs_more = observer.status == 422 && statuses.contains(&"422".to_owned());
            assert!(
                matches!(observer.status, 200 | 404) || needs_more,
                "{name}: {}",
                observer.body
            );
        } else {
            assert!(statuses.contains(&"403".to_owned()), "{name} documents 403");
            if observer.status != 403 {
                // An empty body is no good where fields are needed.
                observer.is_problem(422, "invalid");
            }
        }
        // Whatever the answer, the document knows it.
        let responder = house.api(RESPONDER, method, path, body).await;
        assert!(
            statuses.contains(&responder.status.to_string()),
            "{name}: {} {}",
            responder.status,
            responder.body
        );
    }
    // Observers changed nothing.
    let notes = house
        .api(ADMIN, "GET", "/api/v1/incidents/1/timeline", None)
        .await
        .json();
    assert!(!notes.to_string().contains("\"note\""), "{notes}");
}

#[actix_web::test]
async fn observers_may_not_write_with_good_bodies_either() {
    let house = House::on_sqlite().await;
    house.trigger("k", "Disk full").await;
    for (path, body) in [
        ("/api/v1/incidents", json!({"title": "x"})),
        ("/api/v1/incidents/1/acknowledge", json!({})),
        ("/api/v1/incidents/1/unacknowledge", json!({})),
        ("/api/v1/incidents/1/resolve", json!({})),
        ("/api/v1/incidents/1/escalate", json!({})),
        ("/api/v1/incidents/1/snooze", json!({"minutes": 5})),
        (
            "/api/v1/incidents/1/reassign",
            json!({"policy": "platform"}),
        ),
        ("/api/v1/incidents/1/declare", json!({"severity": "SEV2"})),
        ("/api/v1/incidents/1/phase", json!({"phase": "identified"})),
        ("/api/v1/incidents/1/notes", json!({"text": "x"})),
    ] {
        house
            .api(OBSERVER, "POST", path, Some(body))
            .await
            .is_problem(403, "forbidden");
    }
    let before = house
        .api(ADMIN, "GET", "/api/v1/incidents/1", None)
        .await
        .json();
    assert_eq!(before["paging"], "triggered");
    house
        .api(OBSERVER, "GET", "/api/v1/notifications", None)
        .await
        .is_problem(403, "forbidden");
}

#[actix_web::test]
async fn a_browser_may_read_but_not_write_by_its_cookie() {
    let house = House::on_sqlite().await;
    house.trigger("k", "Disk full").await;
    let session = house.sign_in("ana@example.com").await;
    let read = house
        .client
        .get(house.at("/api/v1/incidents"))
        .header("cookie", &session);
    assert_eq!(Answer::of(read).await.status, 200);
    let write = house
        .client
        .post(house.at("/api/v1/incidents/1/resolve"))
        .header("cookie", &session);
    Answer::of(write).await.is_problem(401, "unauthenticated");
}

#[actix_web::test]
async fn nothing_secret_is_told() {
    let house = House::on_sqlite().await;
    house.trigger("k", "Disk full").await;
    for path in [
        "/api/v1/services",
        "/api/v1/services/checkout",
        "/api/v1/users",
        "/api/v1/version",
    ] {
        let answer = house.api(OBSERVER, "GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        for secret in [
            crate::house::PD_KEY,
            crate::house::PHONE,
            "argon2",
            "key_hash",
        ] {
            assert!(!answer.body.contains(secret), "{path} holds {secret}");
        }
    }
}

#[actix_web::test]
async fn the_document_is_sound() {
    let house = House::on_sqlite().await;
    let document = house.get("/api/v1/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let text = document.to_string();
    // Every reference leads somewhere.
    for reference in text.split("\"$ref\":\"").skip(1) {
        let pointer = reference.split('"').next().unwrap().trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(operation["tags"][0].is_string(), "{method} {path}");
        }
    }
}
