//! Schedules through the API: edits and previews, what is changed by hand, swaps, holidays,
//! reports.

use domain::{Span, Timestamp};
use serde_json::{Value, json};

use crate::house::{ADMIN, House, OBSERVER, RESPONDER};

/// The n-th midnight (UTC) after now.
fn midnight(house: &House, n: i64) -> Timestamp {
    let now = house.engine.now().as_seconds();
    Timestamp::from_seconds(now - now.rem_euclid(86_400)) + Span::from_days(n)
}

fn date(at: Timestamp) -> String {
    at.to_string()[..10].to_owned()
}

async fn post(house: &House, token: &str, path: &str, body: Value) -> (u16, Value) {
    let answer = house.api(token, "POST", path, Some(body)).await;
    (answer.status, answer.json())
}

async fn get(house: &House, path: &str) -> Value {
    let answer = house.api(OBSERVER, "GET", path, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

/// Ana and Olli in turn, daily at midnight UTC since yesterday.
fn body(house: &House, people: &[&str]) -> Value {
    let turns: Vec<_> = people
        .iter()
        .map(|email| json!({"users": [email]}))
        .collect();
    json!({
        "name": "Night watch",
        "zone": "UTC",
        "layers": [{
            "name": "Daily",
            "rotation": {"unit": "days"},
            "start": date(midnight(house, -1)),
            "participants": turns,
        }],
    })
}

const ANA: &str = "ana@example.com";
const OLLI: &str = "olli@example.com";

async fn create(house: &House) {
    let (status, made) = post(
        house,
        RESPONDER,
        "/api/v1/schedules",
        body(house, &[ANA, OLLI]),
    )
    .await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["slug"], "night-watch");
    assert_eq!(made["on_call"]["users"][0]["email"], OLLI);
    assert_eq!(made["next"]["users"][0]["email"], ANA);
}

#[actix_web::test]
async fn a_schedule_is_made_previewed_edited_and_removed() {
    let house = House::on_sqlite().await;
    create(&house).await;
    let path = "/api/v1/schedules/night-watch";
    let mut edit = body(&house, &[OLLI, ANA]);
    let when = midnight(&house, 3);
    edit["effective_from"] = json!(when);
    edit["layers"][0]["participants"][1]["shadows"] = json!([OLLI]);

    let mut unsaved = edit.clone();
    unsaved.as_object_mut().unwrap().remove("name");
    unsaved["schedule"] = json!("night-watch");
    unsaved["until"] = json!(midnight(&house, 6));
    let (status, preview) = post(&house, RESPONDER, "/api/v1/schedule-preview", unsaved).await;
    assert_eq!(status, 200, "{preview}");
    assert_eq!(
        preview["differences"].as_array().unwrap().len(),
        3,
        "{preview}"
    );
    let first = &preview["differences"][0];
    assert_eq!(first["start"], json!(when));
    assert_eq!(
        (&first["before"][0]["email"], &first["after"][0]["email"]),
        (&json!(ANA), &json!(OLLI))
    );
    assert_eq!(
        get(&house, &format!("{path}/versions")).await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let edited = house.api(RESPONDER, "PUT", path, Some(edit)).await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    let edited = edited.json();
    assert_eq!(edited["current"]["version"], 1);
    assert_eq!(edited["coming"][0]["effective_from"], json!(when));
    let layer = &edited["coming"][0]["layers"][0];
    assert_eq!(
        layer["participants"][1],
        json!({"users": [ANA], "shadows": [OLLI]})
    );
    let versions = get(&house, &format!("{path}/versions")).await;
    assert_eq!(versions["items"][0]["version"], 2);
    assert!(versions["items"][0]["created_at"].is_string());
    assert_eq!(
        get(&house, &format!("{path}/versions/1")).await["version"],
        1
    );
    house
        .api(OBSERVER, "GET", &format!("{path}/versions/9"), None)
        .await
        .is_problem(404, "not_found");

    // The same span, as it is, under the old version, and what is between them.
    let span = format!("from={when}&until={}", midnight(&house, 6));
    let now = get(&house, &format!("{path}/shifts?{span}")).await;
    let old = get(&house, &format!("{path}/shifts?{span}&version=1")).await;
    assert_eq!(now["shifts"], preview["shifts"]);
    assert_eq!(old["shifts"][0]["users"][0]["email"], ANA);
    assert_eq!(now["shifts"][1]["shadows"][0]["email"], OLLI);
    let difference = get(&house, &format!("{path}/difference?before=1&{span}")).await;
    assert_eq!(difference["differences"], preview["differences"]);
    let at = format!("/api/v1/oncall?at={when}&schedule=night-watch");
    assert_eq!(
        get(&house, &at).await["schedules"][0]["shift"]["users"][0]["email"],
        OLLI
    );
    let old = get(&house, &format!("{at}&version=1")).await;
    assert_eq!(old["schedules"][0]["shift"]["users"][0]["email"], ANA);
    house
        .api(OBSERVER, "GET", "/api/v1/oncall?version=1", None)
        .await
        .is_problem(422, "invalid");

    let mut wrong = body(&house, &[ANA, "nobody@example.com"]);
    wrong["layers"][0]["start"] = json!("soon");
    wrong["zone"] = json!("Mars");
    let refused = house.api(RESPONDER, "PUT", path, Some(wrong)).await;
    let problem = refused.is_problem(422, "invalid");
    let fields: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["field"])
        .collect();
    assert_eq!(
        fields,
        ["layers[0].start", "layers[0].participants[1].users"]
    );
    house
        .api(OBSERVER, "DELETE", path, None)
        .await
        .is_problem(403, "forbidden");
    assert_eq!(house.api(RESPONDER, "DELETE", path, None).await.status, 204);
    house
        .api(OBSERVER, "GET", path, None)
        .await
        .is_problem(404, "not_found");
}

#[actix_web::test]
async fn spans_are_changed_by_hand_and_back() {
    let house = House::on_sqlite().await;
    create(&house).await;
    let path = "/api/v1/schedules/night-watch";
    let (day, next) = (midnight(&house, 2), midnight(&house, 3));
    let on_call = async || {
        let at = format!("/api/v1/oncall?at={day}&schedule=night-watch");
        get(&house, &at).await["schedules"][0]["shift"].clone()
    };
    let change = json!({"start": day, "end": next, "users": [ANA]});
    let (status, made) = post(&house, RESPONDER, &format!("{path}/overrides"), change).await;
    assert_eq!((status, &made["kind"]), (201, &json!("replace")), "{made}");
    assert_eq!(on_call().await["source"], "override");
    let list = get(&house, &format!("{path}/overrides")).await;
    assert_eq!(list["items"], json!([made]));
    let one = format!("{path}/overrides/{}", made["id"]);
    assert_eq!(house.api(RESPONDER, "DELETE", &one, None).await.status, 204);
    house
        .api(RESPONDER, "DELETE", &one, None)
        .await
        .is_problem(404, "not_found");
    let swap = json!({"kind": "swap", "start": day, "end": next, "users": [ANA]});
    assert_eq!(
        post(&house, RESPONDER, &format!("{path}/overrides"), swap)
            .await
            .0,
        422
    );

    let shifts = json!([{"start": day, "end": next, "users": [ANA, OLLI]}]);
    let filled = json!({"start": day, "end": midnight(&house, 4), "shifts": shifts});
    let (status, made) = post(&house, RESPONDER, &format!("{path}/temporaries"), filled).await;
    assert_eq!(status, 201, "{made}");
    let shift = on_call().await;
    assert_eq!(
        (&shift["source"], shift["users"].as_array().unwrap().len()),
        (&json!("temporary"), 2)
    );
    let list = get(&house, &format!("{path}/temporaries")).await;
    assert_eq!(list["items"], json!([made]));
    let one = format!("{path}/temporaries/{}", made["id"]);
    assert_eq!(house.api(RESPONDER, "DELETE", &one, None).await.status, 204);
    assert_eq!(on_call().await["source"], "layer");
}

#[actix_web::test]
async fn shifts_are_offered_and_taken() {
    let house = House::on_sqlite().await;
    create(&house).await;
    // Ana has the first and the third day, Olli the second.
    let (day, next) = (midnight(&house, 1), midnight(&house, 2));
    let path = "/api/v1/schedules/night-watch/swaps";
    let offer = json!({"giver": ANA, "start": day, "end": next, "note": "dentist"});
    assert_eq!(
        post(&house, RESPONDER, path, offer.clone()).await.0,
        403,
        "a token is not Ana"
    );
    let own = json!({"start": day, "end": next});
    assert_eq!(
        post(&house, ADMIN, path, own).await.0,
        409,
        "a token has no shifts"
    );
    let (status, made) = post(&house, ADMIN, path, offer.clone()).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(
        (&made["state"], &made["open"]),
        (&json!("offered"), &json!(true))
    );
    assert_eq!(made["held"], json!([{"start": day, "end": next}]));
    let id = made["id"].as_i64().unwrap();
    assert_eq!(get(&house, &format!("/api/v1/swaps/{id}")).await, made);

    let take = format!("/api/v1/swaps/{id}/take");
    assert_eq!(
        post(&house, RESPONDER, &take, json!({"taker": OLLI}))
            .await
            .0,
        403
    );
    let (status, taken) = post(&house, ADMIN, &take, json!({"taker": OLLI})).await;
    assert_eq!(
        (status, &taken["taken_by"]["email"]),
        (200, &json!(OLLI)),
        "{taken}"
    );
    assert_eq!(
        post(&house, ADMIN, &take, json!({"taker": OLLI})).await.0,
        409
    );
    let at = format!("/api/v1/oncall?at={day}&schedule=night-watch");
    let shift = get(&house, &at).await["schedules"][0]["shift"].clone();
    assert_eq!(
        (&shift["source"], &shift["users"][0]["email"]),
        (&json!("swap"), &json!(OLLI))
    );
    let overrides = get(&house, "/api/v1/schedules/night-watch/overrides").await;
    assert_eq!(overrides["items"][0]["instead_of"]["email"], ANA);
    assert_eq!(overrides["items"][0]["swap"], json!(id));

    let nothing = post(&house, ADMIN, path, offer.clone()).await;
    assert_eq!(nothing.0, 422, "Ana has given these away: {}", nothing.1);
    let (third, fourth) = (midnight(&house, 3), midnight(&house, 4));
    let mut directed = json!({"giver": ANA, "start": third, "end": fourth, "offered_to": OLLI});
    let (_, second) = post(&house, ADMIN, path, directed.clone()).await;
    let second = second["id"].as_i64().unwrap();
    let decline = format!("/api/v1/swaps/{second}/decline");
    assert_eq!(post(&house, RESPONDER, &decline, json!({})).await.0, 403);
    assert_eq!(
        post(&house, ADMIN, &decline, json!({})).await.1["state"],
        "declined"
    );
    directed["exchange"] = json!({"start": midnight(&house, 4), "end": midnight(&house, 5)});
    let (status, third) = post(&house, ADMIN, path, directed).await;
    assert_eq!(status, 201, "{third}");
    let third = third["id"].as_i64().unwrap();
    let withdraw = format!("/api/v1/swaps/{third}/withdraw");
    assert_eq!(
        post(&house, ADMIN, &withdraw, json!({})).await.1["state"],
        "withdrawn"
    );

    let found = async |query: &str| -> Vec<i64> {
        let list = get(&house, &format!("/api/v1/swaps{query}")).await;
        let ids = list["items"].as_array().unwrap().iter();
        ids.map(|one| one["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(found("").await, [third, second, id]);
    assert_eq!(found("?state=taken&schedule=night-watch").await, [id]);
    assert!(found("?open=true").await.is_empty());
    assert_eq!(
        found(&format!("?person={OLLI}&limit=2")).await,
        [third, second]
    );
    let page = get(&house, "/api/v1/swaps?limit=1").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(found(&format!("?limit=1&cursor={cursor}")).await, [second]);
}

#[actix_web::test]
async fn holidays_count_once_they_are_named() {
    let house = House::on_sqlite().await;
    let (day, later) = (date(midnight(&house, 2)), date(midnight(&house, 3)));
    let calendars = "/api/v1/holiday-calendars";
    let calendar = |days: &[&str]| {
        let days: Vec<_> = days
            .iter()
            .map(|date| json!({"date": date, "name": "Off"}))
            .collect();
        json!({"name": "Berlin", "days": days})
    };
    let (status, made) = post(&house, RESPONDER, calendars, calendar(&[&day])).await;
    assert_eq!((status, &made["slug"]), (201, &json!("berlin")), "{made}");
    let mut watch = body(&house, &[ANA]);
    watch["layers"][0]["holidays"] = json!({"calendar": "berlin", "when": "skip"});
    assert_eq!(
        post(&house, RESPONDER, "/api/v1/schedules", watch).await.0,
        201
    );
    let one = format!("{calendars}/berlin");
    assert_eq!(get(&house, &one).await["schedules"], json!(["night-watch"]));
    let gaps = async || {
        let span = format!("until={}", midnight(&house, 9));
        get(
            &house,
            &format!("/api/v1/schedules/night-watch/shifts?{span}"),
        )
        .await["gaps"]
            .clone()
    };
    assert_eq!(
        gaps().await,
        json!([{"start": midnight(&house, 2), "end": midnight(&house, 3)}])
    );
    let edited = house
        .api(RESPONDER, "PUT", &one, Some(calendar(&[&later])))
        .await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    assert_eq!(
        gaps().await,
        json!([{"start": midnight(&house, 3), "end": midnight(&house, 4)}])
    );
    house
        .api(RESPONDER, "DELETE", &one, None)
        .await
        .is_problem(409, "refused");
    let passed = date(midnight(&house, -9));
    let refused = house
        .api(RESPONDER, "PUT", &one, Some(calendar(&[&passed])))
        .await;
    assert_eq!(
        refused.is_problem(422, "invalid")["errors"][0]["field"],
        "days"
    );
    let plain = body(&house, &[ANA]);
    let path = "/api/v1/schedules/night-watch";
    assert_eq!(
        house.api(RESPONDER, "PUT", path, Some(plain)).await.status,
        200
    );
    assert_eq!(house.api(RESPONDER, "DELETE", &one, None).await.status, 204);
    assert_eq!(get(&house, calendars).await["items"], json!([]));
}

#[actix_web::test]
async fn duty_is_reported_as_json_and_csv() {
    let house = House::on_sqlite().await;
    create(&house).await;
    let (from, to) = (midnight(&house, 1), midnight(&house, 4));
    let path = format!("/api/v1/reports/on-call?from={from}&to={to}&schedule=night-watch");
    let report = get(&house, &path).await;
    let people = report["people"].as_array().unwrap();
    assert_eq!(people.len(), 2);
    assert_eq!(
        (&people[0]["person"]["email"], &people[0]["total"]),
        (&json!(ANA), &json!(172_800))
    );
    let parts = [
        "weekday_day",
        "weekday_night",
        "weekend_day",
        "weekend_night",
    ];
    let sum: i64 = parts
        .iter()
        .map(|part| people[0][part].as_i64().unwrap())
        .sum();
    assert_eq!(sum, 172_800);
    assert_eq!(people[0]["shifts"], 2);
    assert_eq!(report["next"][0]["schedule"], "night-watch");
    assert_eq!(
        report["gaps"],
        json!([{"schedule": "night-watch", "total": 0, "gaps": []}])
    );
    let csv = house
        .api(OBSERVER, "GET", &format!("{path}&format=csv"), None)
        .await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = csv.body.split("\r\n").collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("name,email,zone,from,to,hours,"));
    let start = format!("Ana,ana@example.com,Europe/Berlin,{from},{to},48.00,");
    assert!(lines[1].starts_with(&start), "{}", lines[1]);
    assert!(lines[1].ends_with(",2,0,0,0"), "{}", lines[1]);

    // Everything, by itself.
    let all = get(&house, "/api/v1/reports/on-call").await;
    assert_eq!(all["next"].as_array().unwrap().len(), 2);
    for (query, status) in [
        ("schedule=none", 404),
        ("team=none", 404),
        ("holidays=none", 404),
        ("format=pdf", 422),
        ("from=2030-01-01T00:00:00Z&to=2029-01-01T00:00:00Z", 422),
        ("from=2020-01-01T00:00:00Z&to=2029-01-01T00:00:00Z", 422),
    ] {
        let path = format!("/api/v1/reports/on-call?{query}");
        assert_eq!(
            house.api(OBSERVER, "GET", &path, None).await.status,
            status,
            "{query}"
        );
    }
}
