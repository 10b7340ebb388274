//! Channels by the API.

use serde_json::json;
use testkit::receiver::{Answer, Receiver};

use crate::house::{ADMIN, House, OBSERVER, RESPONDER};

const CHANNELS: &str = "/api/v1/channels";

#[actix_web::test]
async fn channels_are_made_tried_and_removed() {
    let house = House::on_sqlite().await;
    let receiver = Receiver::start();
    let body = json!({
        "name": "Bridge", "kind": "webhook", "address": receiver.url("/in/hush"),
        "description": "To the ticket system",
    });
    let made = house
        .api(RESPONDER, "POST", CHANNELS, Some(body.clone()))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(made["channel"]["slug"], "bridge");
    assert_eq!(made["channel"]["enabled"], true);
    let one = format!("{CHANNELS}/bridge");
    let read = house.api(RESPONDER, "GET", &one, None).await;
    assert!(!read.body.contains("whsec_"), "shown once");
    assert_eq!(read.json()["address"], receiver.url("/in/hush"));
    // Observers see where it leads, not how to post there.
    let seen = house.api(OBSERVER, "GET", &one, None).await;
    assert!(!seen.body.contains("hush"), "{}", seen.body);
    let all = house.api(OBSERVER, "GET", CHANNELS, None).await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 1);

    let test = house
        .api(RESPONDER, "POST", &format!("{one}/test"), None)
        .await;
    assert_eq!(test.json()["accepted"], true, "{}", test.body);
    let got = &receiver.received()[0];
    assert!(got.is_signed_with(secret));
    assert_eq!(got.json()["type"], "channel.test");
    assert_eq!(
        got.header("webhook-id"),
        format!("post_{}", test.json()["post"])
    );
    receiver.answer([Answer::status(500)]);
    let failed = house
        .api(RESPONDER, "POST", &format!("{one}/test"), None)
        .await
        .json();
    assert_eq!(failed["accepted"], false);
    assert_eq!(failed["failure"], "the receiver answers HTTP 500");
    let posts = house
        .api(OBSERVER, "GET", &format!("{one}/posts"), None)
        .await
        .json();
    let states: Vec<&str> = posts["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|post| post["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["failed", "accepted"]);
    assert_eq!(posts["items"][0]["by"], "webhook");
    let outbox = house
        .api(
            RESPONDER,
            "GET",
            "/api/v1/notifications?channel=webhook",
            None,
        )
        .await
        .json();
    assert_eq!(outbox["items"][0]["told"], "bridge");
    assert!(!outbox.to_string().contains("hush"));

    let rotated = house
        .api(RESPONDER, "POST", &format!("{one}/rotate-secret"), None)
        .await
        .json();
    assert_ne!(rotated["secret"].as_str().unwrap(), secret);
    // Kept where nothing is said.
    let edit = json!({"name": "Bridge", "kind": "webhook", "enabled": false});
    let edited = house.api(ADMIN, "PUT", &one, Some(edit)).await.json();
    assert_eq!(edited["address"], receiver.url("/in/hush"));
    assert_eq!(edited["enabled"], false);
    for (wrong, field) in [
        (
            json!({"name": "X", "kind": "slack", "address": "nowhere"}),
            "address",
        ),
        (json!({"name": "X", "kind": "slack"}), "address"),
        (
            json!({"name": "X", "kind": "email", "address": "a@b.example", "team": "no"}),
            "team",
        ),
    ] {
        let refused = house.api(ADMIN, "POST", CHANNELS, Some(wrong)).await;
        let problem = refused.is_problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    let gone = house.api(ADMIN, "DELETE", &one, None).await;
    assert_eq!(gone.status, 204);
    house
        .api(ADMIN, "GET", &one, None)
        .await
        .is_problem(404, "not_found");
}
