//! What Twilio tells us, signed by its own rules.

use domain::word::NotificationState;
use testkit::twilio::{TwilioServer, sign};

use crate::house::{ADMIN, Answer, House, PHONE, TWILIO_TOKEN};

const PUBLIC: &str = "https://pager.example";

async fn house() -> House {
    House::configured(|config| {
        config.public_url = PUBLIC.to_owned();
        config.twilio_tokens = vec!["old-token".into(), TWILIO_TOKEN.into()];
    })
    .await
}

fn message(body: &str, sid: &str) -> Vec<(&'static str, String)> {
    vec![
        ("MessageSid", sid.to_owned()),
        ("From", PHONE.to_owned()),
        ("To", "+15005550006".to_owned()),
        ("Body", body.to_owned()),
        ("NumMedia", "0".to_owned()),
    ]
}

#[actix_web::test]
async fn an_answer_by_sms_acts_once() {
    let house = house().await;
    let twilio = TwilioServer::start("AC00", TWILIO_TOKEN);
    house.trigger("k", "Disk full").await;
    let url = house.at("/webhooks/twilio/sms");
    let signed = format!("{PUBLIC}/webhooks/twilio/sms");
    // The page is made and "sent": without a provider it stays in the outbox.
    let sent = testkit::eventually(std::time::Duration::from_secs(20), "an SMS", || async {
        let list = house
            .api(
                ADMIN,
                "GET",
                "/api/v1/notifications?channel=sms&state=accepted",
                None,
            )
            .await
            .json();
        list["items"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_eq!(sent["address"], PHONE);

    let answer = twilio
        .post_signed(&url, &signed, &message("ack", "SM1"))
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/xml; charset=utf-8");
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("<Message>INC-0001 acknowledged.</Message>"),
        "{text}"
    );
    let incident = house
        .api(ADMIN, "GET", "/api/v1/incidents/1", None)
        .await
        .json();
    assert_eq!(incident["paging"], "acknowledged");
    assert_eq!(incident["acknowledged_by"]["name"], "Ana");
    // The same delivery again says the same and acts no more.
    let again = twilio
        .post_signed(&url, &signed, &message("ack", "SM1"))
        .await;
    assert_eq!(again.text().await.unwrap(), text);
    // Prose gets help.
    let help = twilio
        .post_signed(&url, &signed, &message("who is this?", "SM2"))
        .await;
    assert!(help.text().await.unwrap().contains("Reply with the code"));
    // Twilio answers STOP itself.
    let mut stop = message("STOP", "SM3");
    stop.push(("OptOutType", "STOP".to_owned()));
    let quiet = twilio.post_signed(&url, &signed, &stop).await;
    assert!(quiet.text().await.unwrap().ends_with("<Response/>"));
}

#[actix_web::test]
async fn a_status_moves_the_evidence_forward() {
    let house = house().await;
    let twilio = TwilioServer::start("AC00", TWILIO_TOKEN);
    house.trigger("k", "Disk full").await;
    let path = "/api/v1/notifications?channel=sms&state=accepted";
    let id = testkit::eventually(std::time::Duration::from_secs(20), "an SMS", || async {
        let list = house.api(ADMIN, "GET", path, None).await.json();
        list["items"]
            .as_array()
            .unwrap()
            .first()
            .and_then(|one| one["id"].as_i64())
    })
    .await;
    let address = format!("/webhooks/twilio/status?n={id}");
    let params = [
        ("MessageSid", "SM77".to_owned()),
        ("MessageStatus", "delivered".to_owned()),
    ];
    let signed = format!("{PUBLIC}{address}");
    let answer = twilio
        .post_signed(&house.at(&address), &signed, &params)
        .await;
    assert_eq!(answer.status(), 204);
    let id = domain::NotificationId(id);
    let row = house
        .engine
        .store()
        .read(move |c| store::notification::fetch(c, id))
        .await
        .unwrap();
    assert_eq!(row.state, NotificationState::Delivered);
}

#[actix_web::test]
async fn nothing_is_believed_without_a_signature() {
    let house = house().await;
    house.trigger("k", "Disk full").await;
    let params = message("resolve", "SM9");
    let url = format!("{PUBLIC}/webhooks/twilio/sms");
    let right = sign(TWILIO_TOKEN, &url, &params);
    let other_form = sign(TWILIO_TOKEN, &url, &message("ack", "SM9"));
    for signature in [
        None,
        Some(String::new()),
        Some("not base64!".to_owned()),
        Some(sign("another-token", &url, &params)),
        Some(sign("", &url, &params)),
        // The address that the server sees is not the one that was signed.
        Some(sign(
            TWILIO_TOKEN,
            &house.at("/webhooks/twilio/sms"),
            &params,
        )),
        Some(other_form),
    ] {
        let mut request = house
            .client
            .post(house.at("/webhooks/twilio/sms"))
            .form(&params);
        if let Some(signature) = &signature {
            request = request.header("x-twilio-signature", signature);
        }
        Answer::of(request).await.is_problem(403, "bad_signature");
    }
    let more = house
        .client
        .post(house.at("/webhooks/twilio/sms?x=1"))
        .header("x-twilio-signature", &right)
        .form(&params);
    Answer::of(more).await.is_problem(403, "bad_signature");
    let rotated = sign("old-token", &url, &params);
    let request = house
        .client
        .post(house.at("/webhooks/twilio/sms"))
        .header("x-twilio-signature", rotated)
        .form(&params);
    assert_eq!(Answer::of(request).await.status, 200);
    let garbage = [("MessageSid", "SM1".to_owned())];
    let request = house
        .client
        .post(house.at("/webhooks/twilio/sms"))
        .header("x-twilio-signature", sign(TWILIO_TOKEN, &url, &garbage))
        .form(&garbage);
    Answer::of(request).await.is_problem(400, "bad_request");

    let without = House::on_sqlite().await;
    for path in ["/webhooks/twilio/sms", "/webhooks/twilio/status"] {
        without.post(path, "").await.is_problem(404, "not_found");
    }
}
