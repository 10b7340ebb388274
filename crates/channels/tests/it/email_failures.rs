//! Mails that do not arrive, and what that means.

use std::time::{Duration, Instant};

use channels::{
    Channel, Failure, Secret,
    email::{EmailChannel, EmailConfig, EmailConfigError, Security},
};
use domain::Span;
use testkit::smtp::{SmtpFault, SmtpOptions, SmtpSecurity, SmtpServer, SmtpStage};

use crate::{
    assert_misconfigured, assert_permanent, assert_temporary, email_delivery::config, message,
};

const SOON: Duration = Duration::from_secs(10);

async fn failure_with(fault: SmtpFault) -> Failure {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    server.set_fault(fault);
    let channel = EmailChannel::new(config(&server)).unwrap();
    let failure = channel.send(&message("ann@example.org")).await.unwrap_err();
    assert!(server.mails().is_empty());
    failure
}

async fn recipient_failure(reply: &str) -> Failure {
    failure_with(SmtpFault {
        recipient_reply: Some(reply.to_owned()),
        ..SmtpFault::default()
    })
    .await
}

#[tokio::test]
async fn an_unknown_recipient_is_broken_for_that_one_only() {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    server.set_fault(SmtpFault {
        reject_recipients: vec!["gone@example.org".to_owned()],
        ..SmtpFault::default()
    });
    let channel = EmailChannel::new(config(&server)).unwrap();
    channel.send(&message("ann@example.org")).await.unwrap();
    let failure = channel
        .send(&message("gone@example.org"))
        .await
        .unwrap_err();
    assert_permanent(&failure, true);
    assert!(
        failure.reason().contains("550 5.1.1 No such user here"),
        "{failure}"
    );
    channel.send(&message("ann@example.org")).await.unwrap();
    assert_eq!(server.wait_for(2, SOON).await.len(), 2);
}

#[tokio::test]
async fn replies_about_the_recipient_are_told_apart() {
    assert_permanent(&recipient_failure("550 no such user").await, true);
    assert_permanent(&recipient_failure("551 5.1.6 moved away").await, true);
    assert_permanent(
        &recipient_failure("553 mailbox name not allowed").await,
        true,
    );
    assert_permanent(&recipient_failure("554 5.1.1 unknown").await, true);
    assert_permanent(&recipient_failure("552 5.2.2 mailbox full").await, false);
    assert_permanent(&recipient_failure("554 no").await, false);
    assert_misconfigured(&recipient_failure("554 5.7.1 Relay access denied").await);
    assert_misconfigured(&recipient_failure("550 5.7.1 Relaying denied").await);
    assert_temporary(&recipient_failure("450 4.2.0 Greylisted").await);
    assert_temporary(&recipient_failure("421 4.3.2 Shutting down").await);
}

#[tokio::test]
async fn replies_to_the_sender_and_the_content_are_told_apart() {
    let sender = |reply: &str| SmtpFault {
        sender_reply: Some(reply.to_owned()),
        ..SmtpFault::default()
    };
    let content = |reply: &str| SmtpFault {
        content_reply: Some(reply.to_owned()),
        ..SmtpFault::default()
    };
    assert_misconfigured(&failure_with(sender("550 5.7.1 Not your address")).await);
    assert_misconfigured(&failure_with(sender("530 5.7.0 Authentication required")).await);
    assert_temporary(&failure_with(sender("451 4.4.0 Later")).await);
    assert_permanent(
        &failure_with(content("554 5.7.1 Looks like spam")).await,
        false,
    );
    assert_permanent(
        &failure_with(content("550 5.1.1 Unknown after all")).await,
        true,
    );
    assert_temporary(&failure_with(content("452 4.3.1 Disk full")).await);
}

#[tokio::test]
async fn a_busy_server_gets_the_mail_at_the_next_attempt() {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    server.set_fault(SmtpFault {
        busy_next: 2,
        ..SmtpFault::default()
    });
    let channel = EmailChannel::new(config(&server)).unwrap();
    for _ in 0..2 {
        assert_temporary(&channel.send(&message("ann@example.org")).await.unwrap_err());
    }
    channel.send(&message("ann@example.org")).await.unwrap();
    assert_eq!(server.wait_for(1, SOON).await.len(), 1);
}

#[tokio::test]
async fn a_server_that_is_gone_is_a_temporary_failure() {
    let mut server = SmtpServer::start(SmtpOptions::default()).await;
    let channel = EmailChannel::new(config(&server)).unwrap();
    channel.send(&message("ann@example.org")).await.unwrap();
    server.stop();
    assert_temporary(&channel.send(&message("ann@example.org")).await.unwrap_err());
    assert_temporary(&channel.send(&message("ann@example.org")).await.unwrap_err());
    assert!(channel.check().await.is_err());
    server.restart().await;
    channel.send(&message("ann@example.org")).await.unwrap();
    assert_eq!(server.wait_for(2, SOON).await.len(), 2);
}

#[tokio::test]
async fn an_attempt_at_a_silent_server_ends_in_time() {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    for hang in [SmtpStage::Hello, SmtpStage::Recipient, SmtpStage::Content] {
        server.set_fault(SmtpFault {
            hang: Some(hang),
            ..SmtpFault::default()
        });
        let channel = EmailChannel::new(EmailConfig {
            timeout: Span::from_millis(300),
            ..config(&server)
        })
        .unwrap();
        let start = Instant::now();
        let failure = channel.send(&message("ann@example.org")).await.unwrap_err();
        assert_temporary(&failure);
        assert!(start.elapsed() < Duration::from_secs(5), "{hang:?}");
        assert!(
            failure.reason().contains("no answer within 0.3 s"),
            "{failure}"
        );
    }
}

/// The reply to an abandoned mail must never be taken for the reply to the next one.
#[tokio::test]
async fn a_connection_with_an_abandoned_mail_is_not_used_again() {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    let channel = EmailChannel::new(EmailConfig {
        timeout: Span::from_millis(500),
        ..config(&server)
    })
    .unwrap();
    channel.send(&message("ann@example.org")).await.unwrap();
    server.set_fault(SmtpFault {
        hang: Some(SmtpStage::Content),
        ..SmtpFault::default()
    });
    assert_temporary(&channel.send(&message("ann@example.org")).await.unwrap_err());
    server.set_fault(SmtpFault::default());
    channel.send(&message("ann@example.org")).await.unwrap();
    let mails = server.mails();
    let (first, last) = (mails.first().unwrap(), mails.last().unwrap());
    assert_ne!(first.peer_port, last.peer_port);
}

#[tokio::test]
async fn a_wrong_password_is_the_administrators_matter_and_stays_secret() {
    let server = SmtpServer::start(SmtpOptions {
        auth: Some(("pager".to_owned(), "right".to_owned())),
        ..SmtpOptions::default()
    })
    .await;
    let wrong = EmailChannel::new(EmailConfig {
        username: Some("pager".to_owned()),
        password: Some(Secret::new("hunter2")),
        ..config(&server)
    })
    .unwrap();
    let failure = wrong.send(&message("ann@example.org")).await.unwrap_err();
    assert_misconfigured(&failure);
    assert!(failure.reason().contains("535"), "{failure}");
    let said = wrong.check().await.unwrap_err();
    assert!(!format!("{failure:?}{said}{wrong:?}").contains("hunter2"));

    let anonymous = EmailChannel::new(config(&server)).unwrap();
    assert_misconfigured(
        &anonymous
            .send(&message("ann@example.org"))
            .await
            .unwrap_err(),
    );
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn sign_in_at_a_server_without_it_is_a_wrong_setting() {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    let channel = EmailChannel::new(EmailConfig {
        username: Some("pager".to_owned()),
        password: Some(Secret::new("x")),
        ..config(&server)
    })
    .unwrap();
    assert_misconfigured(&channel.send(&message("ann@example.org")).await.unwrap_err());
}

#[tokio::test]
async fn an_untrusted_certificate_is_refused() {
    for (theirs, ours) in [
        (SmtpSecurity::StartTls, Security::StartTls),
        (SmtpSecurity::Tls, Security::Tls),
    ] {
        let options = SmtpOptions {
            security: theirs,
            auth: None,
        };
        let server = SmtpServer::start(options.clone()).await;
        let other = SmtpServer::start(options).await;
        for ca_file in [None, Some(other.ca_file())] {
            let channel = EmailChannel::new(EmailConfig {
                security: ours,
                ca_file,
                ..config(&server)
            })
            .unwrap();
            let failure = channel.send(&message("ann@example.org")).await.unwrap_err();
            assert_misconfigured(&failure);
            assert!(failure.reason().contains("certificate"), "{failure}");
        }
        assert!(server.mails().is_empty());
    }
}

#[tokio::test]
async fn the_wrong_kind_of_encryption_is_a_wrong_setting() {
    // TLS where the server speaks in the clear, and STARTTLS where the server has none.
    let server = SmtpServer::start(SmtpOptions::default()).await;
    for security in [Security::Tls, Security::StartTls] {
        let channel = EmailChannel::new(EmailConfig {
            security,
            ..config(&server)
        })
        .unwrap();
        assert_misconfigured(&channel.send(&message("ann@example.org")).await.unwrap_err());
    }
    // In the clear where the server insists on STARTTLS.
    let server = SmtpServer::start(SmtpOptions {
        security: SmtpSecurity::StartTls,
        auth: None,
    })
    .await;
    let channel = EmailChannel::new(config(&server)).unwrap();
    assert_misconfigured(&channel.send(&message("ann@example.org")).await.unwrap_err());
}

#[test]
fn impossible_configurations_are_refused() {
    let good = || EmailConfig::new("mail.example.com", "pager@example.com");
    let refused = |config| EmailChannel::new(config).unwrap_err();
    EmailChannel::new(good()).unwrap();
    assert!(matches!(
        refused(EmailConfig {
            from: "pager".to_owned(),
            ..good()
        }),
        EmailConfigError::From(_)
    ));
    assert!(matches!(
        refused(EmailConfig {
            message_id_domain: Some("a b".to_owned()),
            ..good()
        }),
        EmailConfigError::MessageIdDomain(_)
    ));
    assert!(matches!(
        refused(EmailConfig {
            username: Some("u".to_owned()),
            ..good()
        }),
        EmailConfigError::Credentials
    ));
    assert!(matches!(
        refused(EmailConfig {
            ca_file: Some("/nowhere/ca.pem".into()),
            ..good()
        }),
        EmailConfigError::CaFile { .. }
    ));
    assert!(matches!(
        refused(EmailConfig {
            ca_file: Some("Cargo.toml".into()),
            ..good()
        }),
        EmailConfigError::CaFileEmpty(_)
    ));
}
