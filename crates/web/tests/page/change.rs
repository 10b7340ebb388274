//! What was changed: the list, and beside an incident.

use domain::word::Action;
use serde_json::json;

use crate::on_both;

on_both!(changes_stand_beside_the_incident_that_follows, |house| {
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    ana.get("/changes").await.shows("No change.");
    let client = reqwest::Client::builder().build().unwrap();
    let deployed = json!({
        "routing_key": key,
        "payload": { "summary": "Deployed shop 4.2", "source": "ci", "timestamp": "2020-01-01T00:00:00Z" },
        "links": [{ "href": "https://ci.example.com/17", "text": "Run 17" }],
    });
    // Long ago, and then now: only what is near the incident stands beside it.
    let url = format!("{}/v2/change/enqueue", house.url);
    let answer = client.post(&url).json(&deployed).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let page = ana
        .fill(
            "/changes",
            "/changes",
            &[
                ("summary", "Switched the cache off"),
                ("service", "checkout"),
                ("kind", "configuration"),
                ("link", "javascript:alert(1)"),
            ],
        )
        .await;
    page.shows("Switched the cache off")
        .shows("told by hand or the API")
        .hides("href=\"javascript")
        .shows("Deployed shop 4.2")
        .shows("Run 17");
    ana.get("/changes?kind=deployment")
        .await
        .shows("No change.");
    ana.get("/changes?q=CACHE")
        .await
        .shows("Switched the cache off")
        .hides("Deployed shop");

    house
        .signal(&key, Action::Trigger, "k1", "Checkout is down")
        .await;
    ana.get("/incidents/1")
        .await
        .shows("Changes before and since")
        .shows("Switched the cache off")
        .shows("before")
        .hides("Deployed shop 4.2");

    // While it is open, its timeline tells.
    let page = ana
        .fill(
            "/changes",
            "/changes",
            &[
                ("summary", "Rolled back to 4.1"),
                ("service", "checkout"),
                ("kind", "deployment"),
            ],
        )
        .await;
    page.shows("Rolled back to 4.1");
    ana.get("/incidents/1")
        .await
        .shows("Deployment: Rolled back to 4.1")
        .shows("after this opened");
});

on_both!(
    a_change_without_words_is_refused_and_keeps_the_form,
    |house| {
        let ana = house.ana().await;
        house.checkout(&ana).await;
        let blank = [("summary", " "), ("service", "checkout")];
        let form = ana.get("/changes").await;
        let page = ana.post(&form, "/changes", &blank).await;
        page.shows("Say what was changed");
        assert!(page.has_chosen("service", "checkout"));
        let bo = house.invite(&ana, "Bo", "observer").await;
        let page = bo.get("/changes").await;
        page.hides("Tell of a change");
    }
);
