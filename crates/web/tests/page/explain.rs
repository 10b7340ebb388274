//! Why, and why not, as a page.

use domain::word::Action;

use crate::on_both;

on_both!(anybody_can_be_asked_about, |house| {
    let ana = house.ana().await;
    house.bo(&ana).await;
    let key = house.checkout(&ana).await;
    house
        .signal(&key, Action::Trigger, "k1", "Checkout fails")
        .await;
    let incident = ana.get("/incidents/1").await;
    incident.shows("Why was somebody else not paged?");
    let mine = ana.get("/incidents/1/why").await;
    mine.shows("Why Ana?")
        .shows("Ana was paged once, first at")
        .shows("The last resort pages Ana by name.");
    let directory = house.engine.directory();
    let bo = directory.user_by_email("bo@example.com").unwrap().id;
    let other = ana.get(&format!("/incidents/1/why?person={bo}")).await;
    other
        .shows("Why Bo?")
        .shows("Bo was not paged.")
        .shows("The last resort was paged: Ana. Bo is not among them.");
    assert_eq!(ana.get("/incidents/1/why?person=999").await.status, 404);
    assert_eq!(ana.get("/incidents/9/why").await.status, 404);

    // The same by the API.
    let answer = ana
        .get(&format!("/api/v1/incidents/1/why?person={bo}"))
        .await;
    let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(answer["paged"], false);
    assert_eq!(answer["points"][0]["kind"], "others");
    assert_eq!(answer["points"][0]["sources"][0]["url"], "/settings");
});
