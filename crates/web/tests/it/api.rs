//! The API against its own document.

use serde_json::{Value, json};

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
async fn an_incident_is_worked_from_opening_to_resolution() {
    let house = House::on_sqlite().await;
    let made = house
        .api(
            RESPONDER,
            "POST",
            "/api/v1/incidents",
            Some(json!({"title": "Checkout fails", "service": "checkout", "note": "seen by hand"})),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.header("location"), "/api/v1/incidents/1");
    let incident = made.json();
    assert_eq!(incident["label"], "INC-0001");
    assert_eq!(incident["paging"], "triggered");
    assert_eq!(incident["url"], "http://quarterdeck.test/incidents/1");
    assert_eq!(incident["roles"].as_array().unwrap().len(), 4);
    assert!(!incident["moments"].as_array().unwrap().is_empty());

    let give = async |what: &str, body: Value| {
        let path = format!("/api/v1/incidents/1/{what}");
        house.api(RESPONDER, "POST", &path, Some(body)).await
    };
    assert_eq!(
        give("acknowledge", json!({})).await.json()["paging"],
        "acknowledged"
    );
    assert_eq!(
        give("unacknowledge", json!({})).await.json()["paging"],
        "triggered"
    );
    let snoozed = give("snooze", json!({"minutes": 30})).await.json();
    assert!(snoozed["snoozed_until"].is_string(), "{snoozed}");
    let declared = give("declare", json!({"severity": "SEV2"})).await.json();
    assert_eq!(declared["severity"], "SEV2");
    assert!(declared["declared_at"].is_string());
    assert_eq!(
        give("phase", json!({"phase": "identified"})).await.json()["phase"],
        "identified"
    );
    let note = give("notes", json!({"text": "Rolled **back**"})).await;
    assert_eq!(note.status, 201, "{}", note.body);
    assert_eq!(note.json()["text"], "Rolled **back**");
    assert_eq!(note.json()["origin"], "api");
    assert_eq!(
        give("resolve", json!({})).await.json()["paging"],
        "resolved"
    );
    let refused = give("snooze", json!({"minutes": 30})).await;
    let problem = refused.is_problem(409, "refused");
    assert!(problem["detail"].as_str().unwrap().len() > 5);

    // The timeline in pages, each entry once.
    let mut kinds = Vec::new();
    let mut path = "/api/v1/incidents/1/timeline?limit=3".to_owned();
    loop {
        let page = house.api(OBSERVER, "GET", &path, None).await.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        kinds.extend(
            items
                .iter()
                .map(|item| item["kind"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/incidents/1/timeline?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    for kind in [
        "opened",
        "acknowledged",
        "declared",
        "phase_changed",
        "note",
        "resolved",
    ] {
        assert!(kinds.iter().any(|have| have == kind), "{kind} in {kinds:?}");
    }
    assert_eq!(kinds.iter().filter(|kind| *kind == "resolved").count(), 1);
}

#[actix_web::test]
async fn lists_are_filtered_and_paged() {
    let house = House::on_sqlite().await;
    for number in 0..7 {
        house
            .trigger(&format!("k{number}"), &format!("Fault {number}"))
            .await;
    }
    house
        .api(ADMIN, "POST", "/api/v1/incidents/3/resolve", None)
        .await;
    let mut seen = Vec::new();
    let mut path = "/api/v1/incidents?limit=3".to_owned();
    loop {
        let page = house.api(ADMIN, "GET", &path, None).await.json();
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["number"].as_i64().unwrap()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/incidents?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    let count = async |query: &str| {
        let path = format!("/api/v1/incidents?{query}");
        let list = house.api(ADMIN, "GET", &path, None).await;
        assert_eq!(list.status, 200, "{query}: {}", list.body);
        list.json()["items"].as_array().unwrap().len()
    };
    assert_eq!(count("status=open").await, 6);
    assert_eq!(count("paging=resolved").await, 1);
    assert_eq!(count("paging=resolved,triggered").await, 7);
    assert_eq!(count("service=checkout&urgency=high").await, 7);
    assert_eq!(count("urgency=low").await, 0);
    assert_eq!(count("declared=true").await, 0);
    assert_eq!(count("q=fault%204").await, 1);
    assert_eq!(count("created_after=2100-01-01T00:00:00Z").await, 0);
    assert_eq!(count("created_before=2100-01-01T00:00:00Z").await, 7);
    for (query, field) in [
        ("paging=maybe", "paging"),
        ("status=closed", "status"),
        ("service=nothing", "service"),
        ("limit=0", "limit"),
        ("limit=1000", "limit"),
        ("limit=many", "query"),
        ("cursor=xyz", "cursor"),
        ("created_after=yesterday", "query"),
        ("severty=SEV1", "query"),
    ] {
        let path = format!("/api/v1/incidents?{query}");
        let problem = house
            .api(ADMIN, "GET", &path, None)
            .await
            .is_problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{query}: {problem}");
    }
    let alerts = house
        .api(ADMIN, "GET", "/api/v1/alerts?incident=3", None)
        .await
        .json();
    assert_eq!(alerts["items"].as_array().unwrap().len(), 1);
    let alert = &alerts["items"][0];
    assert_eq!(alert["incident"], 3);
    assert_eq!(alert["integration"]["kind"], "pagerduty");
    let one = house
        .api(
            ADMIN,
            "GET",
            &format!("/api/v1/alerts/{}", alert["id"]),
            None,
        )
        .await;
    assert_eq!(&one.json(), alert);
}

#[actix_web::test]
async fn bad_bodies_are_explained() {
    let house = House::on_sqlite().await;
    house.trigger("k", "Disk full").await;
    let send = async |path: &str, body: Vec<u8>| {
        let request = house
            .client
            .post(house.at(path))
            .bearer_auth(RESPONDER)
            .body(body);
        Answer::of(request).await
    };
    let create = "/api/v1/incidents";
    for body in [&b"{"[..], b"\xff", b"", &[b'['; 50_000]] {
        let answer = send(create, body.to_vec()).await;
        assert!(matches!(answer.status, 400 | 422), "{}", answer.body);
        assert!(matches!(
            answer.json()["code"].as_str(),
            Some("not_json" | "invalid")
        ));
    }
    send(create, vec![b' '; 3 * 1024 * 1024])
        .await
        .is_problem(413, "too_large");
    let typo = send(create, br#"{"title":"x","sevrity":"SEV1"}"#.to_vec()).await;
    let problem = typo.is_problem(422, "invalid");
    assert!(
        problem["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("sevrity"),
        "{problem}"
    );
    let word = send(create, br#"{"title":"x","severity":"SEV9"}"#.to_vec()).await;
    assert!(
        word.is_problem(422, "invalid")["detail"]
            .as_str()
            .unwrap()
            .contains("SEV1")
    );
    send(create, br#"{"title":"  "}"#.to_vec())
        .await
        .is_problem(422, "invalid");
    send(create, br#"{"title":7}"#.to_vec())
        .await
        .is_problem(422, "invalid");
    send(create, br#"{"title":"x","service":"nope"}"#.to_vec())
        .await
        .is_problem(422, "invalid");
    let snooze = "/api/v1/incidents/1/snooze";
    for body in [
        "{}",
        r#"{"minutes":0}"#,
        r#"{"minutes":-5}"#,
        r#"{"minutes":5,"until":"2030-01-01T00:00:00Z"}"#,
        r#"{"until":"later"}"#,
    ] {
        send(snooze, body.into()).await.is_problem(422, "invalid");
    }
    for body in [
        r#"{"minutes":9223372036854775807}"#,
        r#"{"until":"0001-01-01T00:00:00Z"}"#,
    ] {
        let answer = send(snooze, body.into()).await;
        assert!(matches!(answer.status, 409 | 422), "{}", answer.body);
    }
    let step = send("/api/v1/incidents/1/escalate", br#"{"to_step":0}"#.to_vec()).await;
    step.is_problem(422, "invalid");
    let ask = "/api/v1/incidents/1/responders";
    let body = br#"{"targets":[{"user":"nobody@example.com"}]}"#;
    let nobody = send(ask, body.to_vec()).await.is_problem(422, "invalid");
    assert_eq!(nobody["errors"][0]["field"], "targets[0]");
    let nothing = house
        .api(ADMIN, "POST", "/api/v1/incidents/999/acknowledge", None)
        .await;
    nothing.is_problem(404, "not_found");
    house
        .api(ADMIN, "PATCH", "/api/v1/incidents", None)
        .await
        .is_problem(405, "method_not_allowed");
}

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
