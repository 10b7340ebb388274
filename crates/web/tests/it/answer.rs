//! Answers to pages by mail: by our own SMTP server and by providers' webhooks (PAGING.md §6.8).

use std::time::Duration;

use domain::NotificationId;
use domain::word::IntegrationKind;
use engine::clock::{Clock as _, SystemClock};
use engine::reply::Letterbox;
use serde_json::Value;
use web::smtp::SmtpConfig;

use crate::house::{ADMIN, House, MAIL_DOMAIN};
use crate::settings::door;
use crate::smtp::Client;

async fn house() -> House {
    let smtp = SmtpConfig::new(([127, 0, 0, 1], 0).into(), MAIL_DOMAIN);
    House::configured(|web| web.smtp = Some(smtp)).await
}

/// The address for the answer to Ana's mail about a new incident.
async fn paged(house: &House, key: &str) -> String {
    house.trigger(key, "Disk full").await;
    let path = "/api/v1/notifications?channel=email&state=accepted";
    let sent = testkit::eventually(Duration::from_secs(20), "a mail", || async {
        let list = house.api(ADMIN, "GET", path, None).await.json();
        list["items"].as_array().unwrap().first().cloned()
    })
    .await;
    let letterbox: Letterbox = format!("reply@{MAIL_DOMAIN}").parse().unwrap();
    let id = NotificationId(sent["id"].as_i64().unwrap());
    letterbox.address(id, &house.engine.sender().secret, SystemClock.now())
}

async fn paging(house: &House, number: i64) -> Value {
    let path = format!("/api/v1/incidents/{number}");
    let incident = house.api(ADMIN, "GET", &path, None).await;
    incident.json()["paging"].clone()
}

async fn get(house: &House, path: &str) -> Vec<Value> {
    let answer = house.api(ADMIN, "GET", path, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["items"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn an_answer_by_smtp_is_done_when_it_is_taken() {
    let house = house().await;
    let address = paged(&house, "k").await;
    let mut client = Client::greeted(&house).await;
    // A stranger's token is nobody's address, and the sender's address proves nothing.
    let forged = address.replace("reply+", "reply+1");
    assert!(
        client
            .recipient("<ana@example.com>", &forged)
            .await
            .starts_with("550 5.1.1")
    );
    client.reset().await;
    let text =
        "From: ana@example.com\r\nSubject: Re: x\r\n\r\nAck, on my way\r\n\r\n> Disk full\r\n";
    assert_eq!(client.mail(&address, text).await, "250 2.0.0 Stored");
    assert_eq!(paging(&house, 1).await, "acknowledged");
    // It is an answer, and no alert.
    assert_eq!(get(&house, "/api/v1/alerts").await.len(), 1);
    let timeline = get(&house, "/api/v1/incidents/1/timeline").await;
    assert!(
        timeline
            .iter()
            .any(|entry| entry["text"] == "Ana by reply to mail acknowledged"
                && entry["origin"] == "email_reply"),
        "{timeline:?}"
    );
    // What a program writes is taken and not heeded.
    let away = "Auto-Submitted: auto-replied\r\n\r\nresolve\r\n";
    assert_eq!(
        client.mail(&address.to_uppercase(), away).await,
        "250 2.0.0 Stored"
    );
    assert_eq!(paging(&house, 1).await, "acknowledged");
    let over = "\r\nresolve\r\n";
    assert_eq!(
        client.mail(&address.to_uppercase(), over).await,
        "250 2.0.0 Stored"
    );
    assert_eq!(paging(&house, 1).await, "resolved");
}

#[actix_web::test]
async fn an_answer_by_webhook_shows_nothing_of_its_address() {
    let house = house().await;
    let address = paged(&house, "k").await;
    let (_, key) = door(&house, IntegrationKind::Email).await;
    let path = format!("/integrations/{key}/email");
    let mail = format!("From: ana@example.com\nTo: {address}\nMessage-ID: <1@x>\n\nack\n");
    let send = |to: &str| {
        house
            .client
            .post(house.at(&path))
            .header("content-type", "message/rfc822")
            .header("x-envelope-to", to)
            .body(mail.clone())
            .send()
    };
    let answer: Value = send(&address).await.unwrap().json().await.unwrap();
    assert_eq!(answer["answers"], 1, "{answer}");
    assert_eq!(paging(&house, 1).await, "acknowledged");
    let signals = get(&house, "/api/v1/signals").await;
    let kept = format!("/api/v1/signals/{}", signals[0]["id"]);
    let kept = house.api(ADMIN, "GET", &kept, None).await;
    assert!(
        kept.body.contains("this mail answers a page"),
        "{}",
        kept.body
    );
    let token = address.split(['+', '@']).nth(1).unwrap();
    assert!(!kept.body.contains(token), "{}", kept.body);
    // To another address it is a monitor's mail.
    let forged = address.replace("reply+", "reply+1");
    let answer: Value = send(&forged).await.unwrap().json().await.unwrap();
    assert_eq!(answer["signals"], 1, "{answer}");
    // SendGrid's form names all recipients.
    let form = [
        (
            "envelope",
            format!("{{\"to\": [\"{key}@{MAIL_DOMAIN}\", \"{address}\"], \"from\": \"a@b.c\"}}"),
        ),
        ("charsets", "{}".to_owned()),
        ("headers", "Message-ID: <2@x>\n".to_owned()),
        ("text", "resolve\n".to_owned()),
    ];
    let answer = house
        .client
        .post(house.at(&path))
        .form(&form)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["answers"], 1, "{answer}");
    assert_eq!(paging(&house, 1).await, "resolved");
}
