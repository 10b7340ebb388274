//! The outbox and the palette's search.

use domain::word::Action;

use crate::house::House;
use crate::on_both;

on_both!(messages_are_found_by_person_state_and_kind, |house| {
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    ana.get("/outbox")
        .await
        .shows("No message.")
        .shows("No provider is configured for Email and SMS");
    house
        .signal(&key, Action::Trigger, "k1", "Checkout is down")
        .await;
    let page = house.mail_to(&ana, "Outbox only").await;
    page.shows("Email to Ana ana@example.com")
        .shows("INC-0001")
        .shows("Why you: The last resort");
    assert!(
        page.body.contains("href=\"http") && page.body.contains("/a/"),
        "answered from here"
    );
    ana.get("/outbox?q=ANA&kind=page")
        .await
        .shows("Email to Ana");
    ana.get("/outbox?q=checkout+down")
        .await
        .shows("Email to Ana");
    ana.get("/outbox?q=nobody").await.shows("No message.");
    ana.get("/outbox?state=failed").await.shows("No message.");
    ana.get("/outbox?page=9").await.shows("No message.");
});

#[actix_web::test]
async fn the_palette_finds_what_people_look_for() {
    let house = House::on_sqlite().await;
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    house
        .signal(&key, Action::Trigger, "k1", "Checkout <is> down")
        .await;
    let hits = async |query: &str| -> Vec<String> {
        let page = ana.get(&format!("/search.json?q={query}")).await;
        assert_eq!(page.headers["content-type"], "application/json");
        let found: Vec<serde_json::Value> = serde_json::from_str(&page.body).unwrap();
        found
            .iter()
            .map(|hit| hit["url"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        hits("checkout").await,
        ["/incidents/1", "/services/checkout"]
    );
    assert_eq!(hits("inc-1").await, ["/incidents/1"]);
    assert_eq!(hits("outb").await, ["/outbox"]);
    assert!(hits("").await.len() > 5, "every page");
    assert!(hits("zzz").await.is_empty());
    let stranger = house.visitor();
    let turned_away = stranger.get("/search.json?q=checkout").await;
    assert!(!turned_away.body.contains("Checkout"));
}

on_both!(a_notice_is_shown_as_it_goes_out, |house| {
    let ana = house.ana().await;
    let bo = house.bo(&ana).await;
    let key = house.checkout(&ana).await;
    house
        .signal(&key, Action::Trigger, "k1", "Checkout is down")
        .await;
    house.mail_to(&ana, "Outbox only").await;
    bo.fill("/incidents/1", "/incidents/1/acknowledge", &[])
        .await;
    let page = house.mail_to(&ana, "Bo acknowledged").await;
    page.shows("[INC-0001] Checkout: Checkout is down")
        .shows("Look at it: http://quarterdeck.example/incidents/1");
});
