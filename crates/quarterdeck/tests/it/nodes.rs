//! Two nodes on one PostgreSQL database share the work, and either does all of it.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use testkit::{Server, eventually};

use crate::database::Database;
use crate::house::{COMPANY, EVENTS_KEY, House, SOON, event, notification_of};

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_nodes_dies_and_the_other_pages() {
    // A second step falls due after the node that executed the first has died.
    let company = COMPANY.replace(
        "wait: 1h}",
        "wait: 10s}\n      - {targets: [{user: bo@example.com}], wait: 1h}",
    );
    let mut house = House::open(Database::postgres(), &company).await;
    let mut other = house.second_server();
    other.start().await;

    send(&house.server, "first").await;
    send(&other, "first").await;
    house.smtp.wait_for(1, SOON).await;
    assert_eq!(house.number("SELECT count FROM alert"), 2);
    assert_eq!(
        house.number("SELECT COUNT(*) FROM incident"),
        1,
        "one condition, two nodes"
    );
    // Either node shows what the other took in.
    for server in [&house.server, &other] {
        let reply = server.client.get(server.url("/api/v1/incidents"));
        let reply = reply
            .bearer_auth(crate::house::ADMIN_TOKEN)
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), StatusCode::OK);
        assert!(reply.text().await.unwrap().contains("it burns: first"));
    }

    house.server.kill_9();
    send(&other, "second").await;
    // Bo hears of the first, by the second step of a run that the dead node had begun.
    eventually(SOON, "the second step", || async {
        house
            .smtp
            .mails()
            .iter()
            .any(|mail| mail.to == ["bo@example.com"])
    })
    .await;
    house.assert_none(
        "a step was executed twice",
        "SELECT run_id, cycle, step FROM step_execution \
         GROUP BY run_id, cycle, step HAVING COUNT(*) > 1",
    );

    house.server.start().await;
    send(&house.server, "second").await;
    let counts = house.rows("SELECT dedup_key, count FROM alert ORDER BY dedup_key");
    assert_eq!(counts, [["first", "2"], ["second", "2"]]);
    // With both at work nothing was sent twice.
    let mut sent = BTreeMap::new();
    for mail in house.smtp.mails() {
        *sent.entry(notification_of(&mail)).or_insert(0) += 1;
    }
    assert!(sent.values().all(|times| *times == 1), "{sent:?}");
}

async fn send(server: &Server, key: &str) {
    let body = event(EVENTS_KEY, "trigger", key, &format!("it burns: {key}"));
    let reply = server
        .client
        .post(server.url("/v2/enqueue"))
        .json(&body)
        .send()
        .await;
    assert_eq!(reply.unwrap().status(), StatusCode::ACCEPTED);
}
