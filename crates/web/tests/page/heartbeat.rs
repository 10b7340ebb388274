//! Heartbeats: made, pinged, paused and removed on their pages.

use crate::house::{Page, Visitor};
use crate::on_both;

/// Sends a form that is not taken.
async fn refused(who: &Visitor, from: &str, path: &str, fields: &[(&str, &str)]) -> Page {
    let page = who.get(from).await;
    let sent = who.post(&page, path, fields).await;
    assert_eq!(sent.status, 422, "{path}");
    sent
}

on_both!(a_heartbeat_lives_on_its_page, |house| {
    let ana = house.ana().await;
    ana.get("/heartbeats").await.shows("If it falls silent");
    ana.get("/heartbeats/new").await.shows("there is none yet");
    let key = house.checkout(&ana).await;
    let form = ana.get("/heartbeats/new").await;
    let id = form
        .body
        .split("<option value=\"")
        .skip(1)
        .filter_map(|part| part.split('"').next())
        .find(|value| value.parse::<i64>().is_ok())
        .unwrap()
        .to_owned();
    let wrong = [("name", ""), ("integration", ""), ("interval", "soon")];
    refused(&ana, "/heartbeats/new", "/heartbeats", &wrong)
        .await
        .shows("Choose whose alert it opens.")
        .shows("Write it as 30s");
    let page = ana
        .fill(
            "/heartbeats/new",
            "/heartbeats",
            &[
                ("name", "nightly backup"),
                ("integration", &id),
                ("interval", "24 h"),
                ("grace", "1h"),
                ("tags", "db, night"),
            ],
        )
        .await;
    page.shows("waits for its first ping")
        .shows("armed by the first ping")
        .shows("every day, 1 h of grace")
        .shows("quarterdeck send --heartbeat 'nightly backup'")
        .hides(&key);
    let address = page
        .body
        .split("id=\"copy-address\"")
        .nth(1)
        .and_then(|rest| rest.split(['>', '<']).nth(1))
        .unwrap()
        .to_owned();
    let path = &address[address.find("/heartbeat/").unwrap()..];
    let client = reqwest::Client::builder().build().unwrap();
    let url = |word: &str| format!("{}{path}{word}", house.url);
    let home = "/heartbeats";
    let answer = client.get(url("")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let list = ana.get(home).await;
    list.shows("Healthy").shows("last ping");
    let at = list.body.split("href=\"/heartbeats/").find_map(|part| {
        let id = part.split('"').next()?;
        id.parse::<i64>().ok()
    });
    let here = format!("/heartbeats/{}", at.unwrap());
    client
        .post(url("/3"))
        .body("no space")
        .send()
        .await
        .unwrap();
    ana.get(&here)
        .await
        .shows("Failed")
        .shows("with exit status 3")
        .shows("no space")
        .shows("INC-0001 nightly backup has failed with exit status 3");
    let found = ana.get("/search.json?q=BACK").await;
    assert!(
        found.body.contains("\"kind\":\"heartbeat\""),
        "{}",
        found.body
    );
    ana.get("/heartbeats?state=healthy")
        .await
        .shows("No heartbeat is like that.");

    let edited = [
        ("name", "nightly copy"),
        ("interval", "12h"),
        ("grace", ""),
        ("severity", "critical"),
    ];
    ana.fill(&format!("{here}/edit"), &here, &edited)
        .await
        .shows("nightly copy")
        .shows("every 12 h, 1 m of grace");
    ana.fill(&here, &format!("{here}/pause"), &[])
        .await
        .shows("not while paused")
        .shows("Resolved");
    ana.fill(&here, &format!("{here}/resume"), &[])
        .await
        .shows("Waiting");
    ana.fill(&here, &format!("{here}/rotate"), &[])
        .await
        .shows("another address");
    assert_eq!(client.get(url("")).send().await.unwrap().status(), 404);
    refused(&ana, &here, &format!("{here}/delete"), &[("confirm", "x")])
        .await
        .shows("Nothing was deleted");
    ana.fill(
        &here,
        &format!("{here}/delete"),
        &[("confirm", "nightly copy")],
    )
    .await
    .shows("nightly copy is deleted.");
});
