//! Posts to a real server on the loopback: what it gets, and what its answers mean.

use std::time::{Duration, Instant};

use channels::post::{Parcel, PostClient};
use channels::{Failure, Outcome, Secret};
use domain::{NotificationId, Span, Timestamp};
use testkit::receiver::{Answer, Receiver};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const AT: Timestamp = Timestamp::from_seconds(1_773_489_600);

fn parcel(receiver: &Receiver, secrets: &[&str]) -> Parcel {
    Parcel {
        notification_id: NotificationId(42),
        url: Secret::new(receiver.url("/hooks/T0-secret?key=hush")),
        body: r#"{"type":"incident.triggered","text":"größer"}"#.to_owned(),
        secrets: secrets.iter().map(|one| Secret::new(*one)).collect(),
        at: AT,
    }
}

async fn post(receiver: &Receiver) -> Result<Outcome, Failure> {
    PostClient::new(true).send(&parcel(receiver, &[])).await
}

#[tokio::test]
async fn a_post_is_signed_and_keeps_its_id() {
    let receiver = Receiver::start();
    let client = PostClient::new(true);
    for secrets in [&[SECRET, OLD][..], &[SECRET][..]] {
        let sent = client.send(&parcel(&receiver, secrets)).await;
        let provider_id = Some("HTTP 204".to_owned());
        assert_eq!(sent, Ok(Outcome::Accepted { provider_id }));
    }
    let received = receiver.received();
    let [first, second] = &received[..] else {
        panic!("{received:?}");
    };
    assert_eq!(first.path, "/hooks/T0-secret?key=hush");
    assert_eq!(first.header("content-type"), "application/json");
    assert_eq!(first.header("webhook-id"), "post_42");
    assert_eq!(first.header("webhook-timestamp"), "1773489600");
    assert!(first.header("user-agent").starts_with("Quarterdeck/"));
    assert!(first.is_signed_with(SECRET) && first.is_signed_with(OLD));
    assert_eq!(second.header("webhook-id"), "post_42");
    assert!(second.is_signed_with(SECRET) && !second.is_signed_with(OLD));
    assert_eq!(first.json()["text"], "größer");
    // What is not signed carries no such headers.
    post(&receiver).await.unwrap();
    let chat = receiver.received().pop().unwrap();
    assert!(!chat.headers.keys().any(|name| name.starts_with("webhook-")));
}

#[tokio::test]
async fn answers_are_told_apart() {
    let receiver = Receiver::start();
    let said = |status, text: &str| Answer::Status {
        status,
        retry_after: None,
        body: text.to_owned(),
    };
    receiver.answer([
        said(410, "channel_is_archived"),
        said(404, "no_service"),
        said(400, "hush and /hooks/T0-secret?key=hush are wrong"),
        said(503, "<html>a page for people</html>"),
        Answer::status(500),
        Answer::status(408),
        Answer::status(307),
    ]);
    let gone = post(&receiver).await.unwrap_err();
    assert_eq!(
        gone,
        Failure::Permanent {
            reason: "the receiver answers HTTP 410: channel_is_archived".into(),
            method_broken: true,
        }
    );
    let unknown = post(&receiver).await.unwrap_err();
    assert!(
        matches!(
            unknown,
            Failure::Permanent {
                method_broken: false,
                ..
            }
        ),
        "{unknown:?}"
    );
    // What is answered may hold the secret that the address is; it is shown to nobody.
    let echoed = Parcel {
        url: Secret::new(receiver.url("/hooks/T0-secret?key=hush")),
        ..parcel(&receiver, &[])
    };
    let echo = PostClient::new(true).send(&echoed).await.unwrap_err();
    assert!(matches!(echo, Failure::Permanent { .. }), "{echo:?}");
    for expected in [
        "the receiver answers HTTP 503",
        "the receiver answers HTTP 500",
        "the receiver answers HTTP 408",
    ] {
        let later = post(&receiver).await.unwrap_err();
        assert_eq!(
            later,
            Failure::Temporary {
                reason: expected.into(),
                retry_after: None,
            }
        );
    }
    let redirect = post(&receiver).await.unwrap_err();
    assert!(redirect.reason().contains("redirects"), "{redirect:?}");
    assert_eq!(receiver.received().len(), 7, "nothing was followed");
}

#[tokio::test]
async fn a_receiver_says_when_to_come_again() {
    let receiver = Receiver::start();
    let busy = |status, when: &str| Answer::Status {
        status,
        retry_after: Some(when.to_owned()),
        body: String::new(),
    };
    receiver.answer([
        busy(429, "30"),
        // 90 s after the attempt.
        busy(503, "Sat, 14 Mar 2026 12:01:30 GMT"),
        busy(429, "soon"),
        busy(429, "4000000000"),
    ]);
    for expected in [
        Some(Span::from_seconds(30)),
        Some(Span::from_seconds(90)),
        None,
        Some(Span::from_hours(24)),
    ] {
        let Failure::Temporary { retry_after, .. } = post(&receiver).await.unwrap_err() else {
            panic!("temporary");
        };
        assert_eq!(retry_after, expected);
    }
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_left_after_ten_seconds() {
    // PAGING.md §6.5.
    let receiver = Receiver::start();
    receiver.answer([Answer::Hang]);
    let begun = Instant::now();
    let failure = post(&receiver).await.unwrap_err();
    assert_eq!(
        failure,
        Failure::Temporary {
            reason: "no answer within 10 s".into(),
            retry_after: None,
        }
    );
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn this_machine_is_out_of_reach_unless_it_is_allowed() {
    let receiver = Receiver::start();
    let failure = PostClient::new(false)
        .send(&parcel(&receiver, &[]))
        .await
        .unwrap_err();
    assert!(
        failure.reason().contains("channel.private_addresses"),
        "{failure:?}"
    );
    assert!(receiver.received().is_empty());
}
