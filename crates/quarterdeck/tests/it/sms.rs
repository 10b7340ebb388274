//! SMS go out, what the provider reports moves the evidence, and replies act.

use reqwest::StatusCode;
use testkit::eventually;
use testkit::twilio::TwilioMessage;

use crate::database::Database;
use crate::house::{ANA_PHONE, House, OUR_PHONE, SOON, company_with_sms_at_once};

/// Where Twilio is told to send what people write.
const INBOUND: &str = "/webhooks/twilio/sms";

#[tokio::test(flavor = "multi_thread")]
async fn receipts_and_replies_count_on_sqlite() {
    receipts_and_replies_count(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_and_replies_count_on_postgresql() {
    receipts_and_replies_count(Database::postgres()).await;
}

async fn receipts_and_replies_count(database: Database) {
    let house = House::open(database, &company_with_sms_at_once()).await;
    house.trigger("disk", "The disk is full").await;
    let message = house.twilio.wait_for(1, SOON).await.remove(0);
    assert_eq!(
        (message.to.as_str(), message.from.as_deref()),
        (ANA_PHONE, Some(OUR_PHONE))
    );
    assert!(message.body.contains("The disk is full"), "{message:?}");

    // The provider's reply and its first callback may cross.
    expect_evidence(&house, "accepted").await;
    let reply = house
        .twilio
        .deliver_status(&message, "delivered", None)
        .await;
    assert!(reply.status().is_success(), "{reply:?}");
    expect_evidence(&house, "delivered").await;
    // Callbacks come out of order; evidence never moves back (PAGING.md §6.7).
    let reply = house.twilio.deliver_status(&message, "sent", None).await;
    assert!(reply.status().is_success(), "{reply:?}");
    expect_evidence(&house, "delivered").await;

    forgeries_are_refused(&house, &message).await;
    assert_eq!(paging(&house), "triggered");

    let inbound = house.server.url(INBOUND);
    let text = format!("{} ack", code(&message));
    let reply = house
        .twilio
        .deliver_sms(&inbound, ANA_PHONE, OUR_PHONE, &text)
        .await;
    assert_eq!(reply.status(), StatusCode::OK);
    let answer = reply.text().await.unwrap();
    assert!(
        answer.contains("<Message>") && answer.contains("INC-0001"),
        "{answer}"
    );
    assert_eq!(paging(&house), "acknowledged");
    expect_evidence(&house, "answered").await;
    assert_eq!(
        house.rows("SELECT origin FROM timeline_entry WHERE kind = 'acknowledged'"),
        [["sms"]]
    );
}

/// What anybody could post without knowing the token.
async fn forgeries_are_refused(house: &House, message: &TwilioMessage) {
    let text = format!("{} ack", code(message));
    let params = [
        (
            "MessageSid",
            "SMffffffffffffffffffffffffffffffff".to_owned(),
        ),
        ("From", ANA_PHONE.to_owned()),
        ("To", OUR_PHONE.to_owned()),
        ("Body", text),
    ];
    let inbound = house.server.url(INBOUND);
    // Signed for another address, as one installation's message would be played to another.
    let elsewhere = "https://elsewhere.example.com/webhooks/twilio/sms";
    let reply = house.twilio.post_signed(&inbound, elsewhere, &params).await;
    assert_eq!(reply.status(), StatusCode::FORBIDDEN);
    let unsigned = house
        .server
        .client
        .post(&inbound)
        .form(&params)
        .send()
        .await
        .unwrap();
    assert_eq!(unsigned.status(), StatusCode::FORBIDDEN);

    let callback = message.status_callback.as_deref().unwrap();
    let params = [
        ("MessageSid", message.sid.clone()),
        ("MessageStatus", "failed".to_owned()),
    ];
    let reply = house
        .server
        .client
        .post(callback)
        .form(&params)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), StatusCode::FORBIDDEN);
    expect_evidence(house, "delivered").await;
}

async fn expect_evidence(house: &House, wanted: &str) {
    eventually(SOON, "the evidence", || {
        let rows =
            house.rows("SELECT state FROM notification WHERE channel = 'sms' AND kind = 'page'");
        let holds = rows == [[wanted]];
        async move { holds.then_some(()).ok_or(rows) }
    })
    .await;
}

fn paging(house: &House) -> String {
    house
        .rows("SELECT paging FROM incident")
        .remove(0)
        .remove(0)
}

/// The code that a message begins with.
fn code(message: &TwilioMessage) -> &str {
    let (code, _) = message.body.split_once(' ').unwrap();
    assert!(
        code.len() == 4 && code.bytes().all(|b| b.is_ascii_digit()),
        "{code}"
    );
    code
}
