//! Live updates.

use std::time::Duration;

use crate::house::{Answer, House};

/// Reads a stream until it has said something.
async fn hear(response: &mut reqwest::Response, wanted: &str) -> String {
    let mut heard = String::new();
    let listening = async {
        while let Some(chunk) = response.chunk().await.unwrap() {
            heard.push_str(std::str::from_utf8(&chunk).unwrap());
            if heard.contains(wanted) {
                return true;
            }
        }
        false
    };
    let found = tokio::time::timeout(Duration::from_secs(20), listening).await;
    assert_eq!(found, Ok(true), "{wanted} in {heard}");
    heard
}

async fn open(house: &House, path: &str, session: &str) -> reqwest::Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client
        .get(house.at(path))
        .header("cookie", session)
        .send()
        .await
        .unwrap()
}

#[actix_web::test]
async fn watchers_hear_of_changes_at_once() {
    let mut house = House::on_sqlite().await;
    house.trigger("k", "Disk full").await;
    let session = house.sign_in("ana@example.com").await;
    let mut all = open(&house, "/stream", &session).await;
    let mut one = open(&house, "/incidents/1/stream", &session).await;
    assert_eq!(one.status(), 200);
    assert_eq!(one.headers()["content-type"], "text/event-stream");
    hear(&mut all, ": watching").await;
    hear(&mut one, ": watching").await;

    let token = crate::house::RESPONDER;
    house
        .api(token, "POST", "/api/v1/incidents/1/acknowledge", None)
        .await;
    hear(&mut all, "event: changed").await;
    let heard = hear(&mut one, "event: changed\ndata: ").await;
    let id = heard
        .split("data: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    assert!(id.parse::<i64>().unwrap() > 0, "{heard}");
    // A new incident is news for the list.
    house.trigger("k2", "Another").await;
    hear(&mut all, "event: changed").await;

    // A server that stops does not wait for its listeners.
    let serving = house.serving.take().unwrap();
    house.stop();
    let ended = tokio::time::timeout(Duration::from_secs(8), serving).await;
    ended.expect("it ends soon").unwrap().unwrap();
}

#[actix_web::test]
async fn nobody_listens_signed_out_or_to_nothing() {
    let house = House::on_sqlite().await;
    let session = house.sign_in("ana@example.com").await;
    let stranger = house
        .client
        .get(house.at("/stream"))
        .header("accept", "text/event-stream");
    Answer::of(stranger)
        .await
        .is_problem(401, "unauthenticated");
    let none = house
        .client
        .get(house.at("/incidents/99/stream"))
        .header("accept", "text/event-stream")
        .header("cookie", &session);
    Answer::of(none).await.is_problem(404, "not_found");
}
