//! The channels against real servers on the loopback interface.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail their test like the tests themselves"
)]

mod email_delivery;
mod email_failures;
mod posts;
mod registry;
mod sms;
mod webhooks;

use channels::{Failure, Message};
use domain::NotificationId;

/// A page to `to`.
fn message(to: &str) -> Message {
    Message {
        notification_id: NotificationId(4711),
        to: to.to_owned(),
        subject: "INC-0042 disk full on db-1".to_owned(),
        text: "4217 disk full on db-1\nReply: 4217 ack".to_owned(),
        html: Some("<p>disk full on <b>db-1</b></p>".to_owned()),
        thread: Some("incident-42".to_owned()),
        critical: false,
        reply_to: None,
        list: None,
    }
}

#[track_caller]
fn assert_temporary(failure: &Failure) {
    assert!(matches!(failure, Failure::Temporary { .. }), "{failure:?}");
}

#[track_caller]
fn assert_misconfigured(failure: &Failure) {
    assert!(
        matches!(failure, Failure::Misconfigured { .. }),
        "{failure:?}"
    );
}

#[track_caller]
fn assert_permanent(failure: &Failure, broken: bool) {
    match failure {
        Failure::Permanent { method_broken, .. } if *method_broken == broken => {}
        _ => panic!("{failure:?}"),
    }
}
