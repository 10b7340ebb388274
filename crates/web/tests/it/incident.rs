//! Incidents by the API: worked, listed, and asked for wrongly.

use serde_json::{Value, json};

use crate::house::{ADMIN, Answer, House, OBSERVER, RESPONDER};

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
