//! Mails: through providers' webhooks and as rules of their integration.

use domain::word::IntegrationKind;
use serde_json::{Value, json};

use crate::house::{ADMIN, House};
use crate::settings::{door, settings};

async fn get(house: &House, path: &str) -> Vec<Value> {
    let answer = house.api(ADMIN, "GET", path, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["items"].as_array().unwrap().clone()
}

fn nagios(kind: &str, state: &str) -> String {
    format!(
        "From: nagios@mon.example.com\r\nSubject: ** {kind} Service Alert: web1/HTTP is {state} **\r\n\
         Message-ID: <{kind}@mon.example.com>\r\n\r\nState: {state}\r\n"
    )
}

#[actix_web::test]
async fn mails_by_webhook_follow_the_rules_of_their_integration() {
    let house = House::on_sqlite().await;
    let (id, key) = door(&house, IntegrationKind::Email).await;
    let address = format!("/integrations/{key}/email");
    assert_eq!(
        house
            .post(&address, nagios("PROBLEM", "CRITICAL"))
            .await
            .status,
        200
    );
    let alerts = get(&house, "/api/v1/alerts").await;
    assert_eq!(alerts[0]["dedup_key"], "service web1/http is");
    assert_eq!(alerts[0]["status"], "open");

    let rules = json!({"mail": {"dedup": "pattern", "dedup_pattern": "("}});
    let refused = house.api(ADMIN, "PATCH", &settings(id), Some(rules)).await;
    refused.is_problem(422, "invalid");
    assert!(
        refused.body.contains("mail.dedup_pattern"),
        "{}",
        refused.body
    );
    let rules = json!({"resolve_subject": formats::mail::USUAL_RECOVERY});
    let edit = json!({"mail": rules, "severity": "warning"});
    let answer = house.api(ADMIN, "PATCH", &settings(id), Some(edit)).await;
    assert_eq!(answer.json()["mail"], rules, "{}", answer.body);
    assert_eq!(
        house.post(&address, nagios("RECOVERY", "OK")).await.status,
        200
    );
    let alerts = get(&house, "/api/v1/alerts").await;
    assert_eq!(alerts[0]["status"], "resolved");
    // Rules that say nothing are none.
    let off = json!({"mail": {"dedup": "subject"}});
    let answer = house.api(ADMIN, "PATCH", &settings(id), Some(off)).await;
    assert_eq!(answer.json()["mail"], Value::Null, "{}", answer.body);
    // Nobody else sends mails.
    let (other, _) = door(&house, IntegrationKind::Grafana).await;
    let rules = json!({"mail": {"dedup": "each"}});
    let refused = house
        .api(ADMIN, "PATCH", &settings(other), Some(rules))
        .await;
    refused.is_problem(422, "invalid");
}

#[actix_web::test]
async fn a_mail_that_is_no_alert_is_seen_with_its_reason_and_any_can_be_sent_again() {
    let house = House::on_sqlite().await;
    let (_, key) = door(&house, IntegrationKind::Email).await;
    let address = format!("/integrations/{key}/email");
    let away =
        "From: ana@example.com\r\nSubject: Away\r\nAuto-Submitted: auto-replied\r\n\r\nMonday.\r\n";
    assert_eq!(house.post(&address, away).await.status, 200);
    assert!(get(&house, "/api/v1/alerts").await.is_empty());
    let signals = get(&house, "/api/v1/signals").await;
    assert_eq!(signals.len(), 1, "{signals:?}");
    let path = format!("/api/v1/signals/{}", signals[0]["id"]);
    let told = house.api(ADMIN, "GET", &path, None).await;
    assert!(
        told.body.contains("a program answered a mail"),
        "{}",
        told.body
    );

    house.post(&address, nagios("PROBLEM", "CRITICAL")).await;
    let signals = get(&house, "/api/v1/signals").await;
    let newest = signals.iter().find(|one| one["changed"] == 1).unwrap();
    let replay = format!("/api/v1/signals/{}/replay", newest["id"]);
    let again = house.api(ADMIN, "POST", &replay, None).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(get(&house, "/api/v1/alerts").await[0]["count"], 2);
}
