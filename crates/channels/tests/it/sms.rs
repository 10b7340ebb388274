//! Text messages: what Twilio is sent, and what its answers mean.

use std::time::{Duration, Instant};

use channels::{
    Channel, Failure, Message, Outcome,
    sms::{TwilioChannel, TwilioConfig},
};
use domain::{Span, word::ContactKind};
use testkit::twilio::{TwilioFault, TwilioServer};

use crate::{assert_misconfigured, assert_permanent, assert_temporary, message};

const SID: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "hunter2hunter2";
const ANN: &str = "+4915112345678";

fn config(server: &TwilioServer) -> TwilioConfig {
    TwilioConfig {
        from: Some("+4930123456".to_owned()),
        base_url: server.base_url.clone(),
        status_callback: Some("https://qd.example.com/hooks/twilio/status".to_owned()),
        ..TwilioConfig::new(SID, TOKEN)
    }
}

fn server_and_channel() -> (TwilioServer, TwilioChannel) {
    let server = TwilioServer::start(SID, TOKEN);
    let channel = TwilioChannel::new(config(&server)).unwrap();
    (server, channel)
}

#[tokio::test]
async fn a_page_arrives_with_everything_that_receipts_need() {
    let (server, channel) = server_and_channel();
    let outcome = channel.send(&message(ANN)).await.unwrap();
    let sent = server.messages().remove(0);
    assert_eq!(
        outcome,
        Outcome::Accepted {
            provider_id: Some(sent.sid.clone())
        }
    );
    assert_eq!(channel.kind(), ContactKind::Sms);
    assert_eq!(sent.to, ANN);
    assert_eq!(sent.from.as_deref(), Some("+4930123456"));
    assert_eq!(sent.messaging_service_sid, None);
    assert_eq!(sent.body, "4217 disk full on db-1\nReply: 4217 ack");
    assert_eq!(
        sent.status_callback.as_deref(),
        Some("https://qd.example.com/hooks/twilio/status?n=4711")
    );
}

#[tokio::test]
async fn a_messaging_service_can_be_the_sender() {
    let server = TwilioServer::start(SID, TOKEN);
    let channel = TwilioChannel::new(TwilioConfig {
        from: None,
        messaging_service_sid: Some("MG1".to_owned()),
        status_callback: None,
        ..config(&server)
    })
    .unwrap();
    channel.send(&message(ANN)).await.unwrap();
    let sent = server.messages().remove(0);
    assert_eq!(sent.from, None);
    assert_eq!(sent.messaging_service_sid.as_deref(), Some("MG1"));
    assert_eq!(sent.status_callback, None);
}

#[tokio::test]
async fn the_text_is_form_encoded_and_made_to_fit() {
    let (server, channel) = server_and_channel();
    let text = format!("4217 a&b=c+d % ü — 🔥 {}", "long ".repeat(400));
    channel
        .send(&Message {
            text,
            ..message(ANN)
        })
        .await
        .unwrap();
    let body = server.messages().remove(0).body;
    assert!(body.starts_with("4217 a&b=c+d % ü - long"), "{body}");
    assert_eq!(channels::sms::text::segments(&body), 2);
}

#[tokio::test]
async fn every_known_error_code_is_classified() {
    let (server, channel) = server_and_channel();
    let failure = async |status, code| {
        server.set_fault(TwilioFault::ErrorCode {
            next: 1,
            status,
            code,
        });
        let failure = channel.send(&message(ANN)).await.unwrap_err();
        assert!(
            failure.reason().contains(&format!("error {code}")),
            "{failure}"
        );
        failure
    };
    for code in [30001, 30008, 30003, 20429, 14107] {
        assert_temporary(&failure(400, code).await);
    }
    for code in [30004, 30007] {
        assert_permanent(&failure(400, code).await, false);
    }
    for code in [30005, 30006, 21614, 21635, 21211, 21610] {
        assert_permanent(&failure(400, code).await, true);
    }
    for code in [30034, 21408, 21612, 21606] {
        assert_misconfigured(&failure(400, code).await);
    }
    assert_misconfigured(&failure(401, 20003).await);
    assert_misconfigured(&failure(404, 20404).await);
    // Unknown codes go by their status.
    assert_permanent(&failure(400, 29999).await, false);
    assert_temporary(&failure(503, 29999).await);
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn an_invalid_number_is_broken() {
    let (_server, channel) = server_and_channel();
    let failure = channel.send(&message("not a number")).await.unwrap_err();
    assert_permanent(&failure, true);
}

#[tokio::test]
async fn wrong_credentials_are_the_administrators_matter_and_stay_secret() {
    let server = TwilioServer::start(SID, "another token");
    let channel = TwilioChannel::new(config(&server)).unwrap();
    let failure = channel.send(&message(ANN)).await.unwrap_err();
    assert_misconfigured(&failure);
    let said = channel.check().await.unwrap_err();
    assert!(said.contains("20003"), "{said}");
    assert!(!format!("{failure:?}{said}{channel:?}").contains(TOKEN));
}

#[tokio::test]
async fn an_answer_that_repeats_the_token_is_censored() {
    let (server, channel) = server_and_channel();
    server.set_fault(TwilioFault::Answer {
        next: 1,
        status: 400,
        body: format!(r#"{{"code": 29999, "message": "bad\n token {TOKEN}"}}"#),
    });
    let failure = channel.send(&message(ANN)).await.unwrap_err();
    assert_eq!(failure.reason(), "twilio: error 29999: bad token …");
}

#[tokio::test]
async fn rate_limits_say_when_to_come_back() {
    let (server, channel) = server_and_channel();
    server.set_fault(TwilioFault::RateLimited {
        next: 1,
        retry_after_seconds: 7,
    });
    let failure = channel.send(&message(ANN)).await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Temporary { retry_after: Some(after), .. } if *after == Span::from_seconds(7)),
        "{failure:?}"
    );
    channel.send(&message(ANN)).await.unwrap();
}

#[tokio::test]
async fn a_failing_a_silent_and_an_absent_provider_are_temporary() {
    let (server, channel) = server_and_channel();
    server.set_fault(TwilioFault::ServerError { next: 1 });
    assert_temporary(&channel.send(&message(ANN)).await.unwrap_err());
    channel.send(&message(ANN)).await.unwrap();

    server.set_fault(TwilioFault::Hang);
    let hasty = TwilioChannel::new(TwilioConfig {
        timeout: Span::from_millis(300),
        ..config(&server)
    })
    .unwrap();
    let start = Instant::now();
    let failure = hasty.send(&message(ANN)).await.unwrap_err();
    assert_temporary(&failure);
    assert_eq!(failure.reason(), "twilio: no answer within 0.3 s");
    assert!(start.elapsed() < Duration::from_secs(5));

    // A port that was just free refuses connections.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nowhere = TwilioChannel::new(TwilioConfig {
        base_url: format!("http://127.0.0.1:{port}"),
        ..config(&server)
    })
    .unwrap();
    let failure = nowhere.send(&message(ANN)).await.unwrap_err();
    assert_temporary(&failure);
    assert!(!failure.reason().contains(SID), "{failure}");
}

#[tokio::test]
async fn an_answer_of_somebody_else_is_no_success() {
    let (server, channel) = server_and_channel();
    let answer = |status, body: &str| TwilioFault::Answer {
        next: 1,
        status,
        body: body.to_owned(),
    };
    server.set_fault(answer(
        200,
        "<html>Please sign in to the hotel's network</html>",
    ));
    assert_temporary(&channel.send(&message(ANN)).await.unwrap_err());
    server.set_fault(answer(302, ""));
    assert_misconfigured(&channel.send(&message(ANN)).await.unwrap_err());
    server.set_fault(answer(201, &"x".repeat(100_000)));
    assert_temporary(&channel.send(&message(ANN)).await.unwrap_err());
    server.set_fault(answer(
        201,
        r#"{"sid":"SM1","status":"failed","error_code":30006}"#,
    ));
    assert_permanent(&channel.send(&message(ANN)).await.unwrap_err(), true);
}

/// Twilio cannot be asked whether it has a message already, so a repeat doubles it; both carry the
/// notification's id in their callback.
#[tokio::test]
async fn after_a_lost_reply_receipts_of_both_messages_find_the_notification() {
    let (server, channel) = server_and_channel();
    server.set_fault(TwilioFault::LostReply { next: 1 });
    assert_temporary(&channel.send(&message(ANN)).await.unwrap_err());
    channel.send(&message(ANN)).await.unwrap();
    let sent = server.wait_for(2, Duration::from_secs(5)).await;
    assert_ne!(sent[0].sid, sent[1].sid);
    for message in sent {
        assert!(message.status_callback.unwrap().ends_with("?n=4711"));
    }
}

#[tokio::test]
async fn a_check_signs_in_and_sends_nothing() {
    let (server, channel) = server_and_channel();
    assert_eq!(
        channel.check().await.unwrap(),
        "twilio: account Test account, active"
    );
    server.set_fault(TwilioFault::Suspended);
    assert_eq!(
        channel.check().await.unwrap_err(),
        "twilio: the account is suspended"
    );
    assert!(server.messages().is_empty());
}
