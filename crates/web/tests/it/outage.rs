//! The database goes and comes back: 503, and everything works again by itself.

use std::time::Duration;

use testkit::{PgCluster, eventually};

use crate::house::{ADMIN, Answer, House, MAIL_DOMAIN};
use crate::smtp::Client;

#[actix_web::test]
async fn without_its_database_the_server_says_so_and_recovers() {
    let cluster = PgCluster::start();
    let house = House::on(cluster.create_database()).await;
    let session = house.sign_in("ana@example.com").await;
    assert_eq!(house.get("/readyz").await.status, 200);
    assert_eq!(house.trigger("before", "Before").await.status, 202);

    cluster.stop();
    eventually(Duration::from_secs(30), "not ready", || async {
        house.get("/readyz").await.status == 503
    })
    .await;
    let not_ready = house.get("/readyz").await;
    assert_eq!(not_ready.header("retry-after"), "2");
    assert!(not_ready.body.contains("database"), "{}", not_ready.body);
    // The process itself lives.
    assert_eq!(house.get("/healthz").await.status, 200);
    let metrics = house.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(
        metrics.body.contains("quarterdeck_database_up 0"),
        "{}",
        metrics.body
    );

    // Nothing is accepted that is not stored; everybody is told to come back.
    let event = house.trigger("during", "During").await;
    assert_eq!(
        (event.status, event.header("retry-after")),
        (503, "2"),
        "{}",
        event.body
    );
    assert!(event.json()["errors"].is_array());
    let door = format!("/integrations/{}/events", crate::house::EVENTS_KEY);
    let generic = house.post(&door, r#"{"summary":"During"}"#).await;
    generic.is_problem(503, "unavailable");
    assert_eq!(generic.header("retry-after"), "2");
    let mut mail = Client::greeted(&house).await;
    let to = format!("{}@{MAIL_DOMAIN}", crate::house::EVENTS_KEY);
    let answer = mail.mail(&to, "Subject: During\r\n").await;
    assert!(answer.starts_with("451 4.3.0"), "{answer}");
    let api = house.api(ADMIN, "GET", "/api/v1/incidents", None).await;
    let problem = api.is_problem(503, "unavailable");
    assert!(
        !problem["detail"].as_str().unwrap().contains("127.0.0.1"),
        "{problem}"
    );
    let page = house
        .client
        .get(house.at("/incidents"))
        .header("cookie", &session)
        .header("accept", "text/html");
    let page = Answer::of(page).await;
    assert_eq!(page.status, 503);
    assert!(
        page.body.contains("The database does not answer"),
        "{}",
        page.body
    );

    cluster.resume();
    eventually(Duration::from_secs(60), "ready", || async {
        house.get("/readyz").await.status == 200
    })
    .await;
    eventually(Duration::from_secs(60), "events are taken", || async {
        house.trigger("after", "After").await.status == 202
    })
    .await;
    let list = house
        .api(ADMIN, "GET", "/api/v1/incidents?q=before", None)
        .await
        .json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
}
