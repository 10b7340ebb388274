//! Mails that arrive, and what they look like then.

use std::time::Duration;

use channels::{
    Channel, MailingList, Message, Outcome, Secret,
    email::{EmailChannel, EmailConfig, Security},
};
use domain::{NotificationId, word::ContactKind};
use testkit::smtp::{ReceivedMail, SmtpFault, SmtpOptions, SmtpSecurity, SmtpServer};

use crate::message;

const SOON: Duration = Duration::from_secs(10);

pub fn config(server: &SmtpServer) -> EmailConfig {
    EmailConfig {
        port: Some(server.port()),
        security: Security::Plain,
        message_id_domain: Some("qd.example.com".to_owned()),
        ..EmailConfig::new("127.0.0.1", "Quarterdeck <pager@example.com>")
    }
}

async fn plain_server() -> (SmtpServer, EmailChannel) {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    let channel = EmailChannel::new(config(&server)).unwrap();
    (server, channel)
}

async fn arrived(message: &Message) -> ReceivedMail {
    let (server, channel) = plain_server().await;
    channel.send(message).await.unwrap();
    server.wait_for(1, SOON).await.remove(0)
}

#[tokio::test]
async fn a_page_arrives_with_text_html_and_its_headers() {
    let (server, channel) = plain_server().await;
    let outcome = channel.send(&message("ann@example.org")).await.unwrap();
    let id = "<qd-4711@qd.example.com>";
    assert_eq!(
        outcome,
        Outcome::Accepted {
            provider_id: Some(id.to_owned())
        }
    );
    assert_eq!(channel.kind(), ContactKind::Email);

    let mail = server.wait_for(1, SOON).await.remove(0);
    assert_eq!(mail.from, "pager@example.com");
    assert_eq!(mail.to, ["ann@example.org"]);
    assert_eq!(
        mail.text.trim_end(),
        "4217 disk full on db-1\nReply: 4217 ack"
    );
    assert_eq!(
        mail.html.as_deref().map(str::trim_end),
        Some("<p>disk full on <b>db-1</b></p>")
    );
    let header = |name| mail.header(name);
    assert_eq!(header("Message-ID"), Some(id));
    assert_eq!(header("Subject"), Some("INC-0042 disk full on db-1"));
    assert_eq!(header("From"), Some("Quarterdeck <pager@example.com>"));
    assert_eq!(header("To"), Some("ann@example.org"));
    assert_eq!(header("In-Reply-To"), Some("<incident-42@qd.example.com>"));
    assert_eq!(header("References"), Some("<incident-42@qd.example.com>"));
    assert_eq!(header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(header("X-Auto-Response-Suppress"), Some("All"));
    assert_eq!(header("MIME-Version"), Some("1.0"));
    assert!(
        header("Content-Type")
            .unwrap()
            .starts_with("multipart/alternative")
    );
    assert!(header("Date").is_some());
    assert_eq!(header("Importance"), None);
    assert_eq!(header("X-Priority"), None);
    assert_eq!(header("Reply-To"), None);
    assert!(!mail.encrypted);
}

#[tokio::test]
async fn only_critical_mails_ask_for_attention_and_answers_go_where_they_should() {
    let mail = arrived(&Message {
        critical: true,
        reply_to: Some("reply+abc@qd.example.com".to_owned()),
        thread: None,
        html: None,
        ..message("ann@example.org")
    })
    .await;
    assert_eq!(mail.header("Importance"), Some("high"));
    assert_eq!(mail.header("X-Priority"), Some("1"));
    assert_eq!(mail.header("Reply-To"), Some("reply+abc@qd.example.com"));
    assert_eq!(mail.header("In-Reply-To"), None);
    assert_eq!(mail.header("References"), None);
    assert!(
        mail.header("Content-Type")
            .unwrap()
            .starts_with("text/plain")
    );
    assert_eq!(mail.html, None);
}

#[tokio::test]
async fn what_comes_again_and_again_says_where_it_ends() {
    let mail = arrived(&message("ann@example.org")).await;
    assert_eq!(mail.header("List-Id"), None);
    assert_eq!(mail.header("List-Unsubscribe"), None);
    let mail = arrived(&Message {
        list: Some(MailingList {
            id: "digest",
            settings_url: "https://q.example/calendars#reminders".to_owned(),
        }),
        ..message("ann@example.org")
    })
    .await;
    let id = mail.header("List-Id").unwrap();
    assert!(id.starts_with("<digest."), "{id}");
    assert_eq!(
        mail.header("List-Unsubscribe"),
        Some("<https://q.example/calendars#reminders>")
    );
    assert_eq!(mail.header("List-Unsubscribe-Post"), None);
}

#[tokio::test]
async fn every_script_and_a_long_line_survive_the_way() {
    let subject = "INC-0042 Платёж отклонён – 決済 🔥 façade ".repeat(4);
    let text = format!(
        "Größe: 95 % 🔥\n.leading dot\n..\n{}\nFrom here",
        "x".repeat(3000)
    );
    let mail = arrived(&Message {
        subject: subject.clone(),
        text: text.clone(),
        html: Some("<p>Größe 🔥</p>".to_owned()),
        ..message("ann@example.org")
    })
    .await;
    assert_eq!(mail.header("Subject"), Some(subject.trim_end()));
    assert_eq!(mail.text.trim_end(), text);
    assert_eq!(
        mail.html.as_deref().map(str::trim_end),
        Some("<p>Größe 🔥</p>")
    );
    assert!(mail.raw.is_ascii(), "old servers take 7 bits only");
    assert!(
        mail.raw
            .split(|b| *b == b'\n')
            .all(|line| line.len() <= 999)
    );
}

#[tokio::test]
async fn text_from_outside_adds_no_header_and_no_recipient() {
    let (server, channel) = plain_server().await;
    let evil = "\r\nBcc: eve@example.net\r\nX-Evil: 1\r\n\r\n<script>";
    channel
        .send(&Message {
            subject: format!("disk full{evil}"),
            thread: Some(format!("incident-42>{evil}")),
            reply_to: Some(format!("reply@example.com{evil}")),
            ..message("ann@example.org")
        })
        .await
        .unwrap();
    let mail = server.wait_for(1, SOON).await.remove(0);
    assert_eq!(mail.to, ["ann@example.org"]);
    assert_eq!(mail.header("Bcc"), None);
    assert_eq!(mail.header("X-Evil"), None);
    assert_eq!(
        mail.header("Subject"),
        Some("disk full Bcc: eve@example.net X-Evil: 1 <script>")
    );
    assert_eq!(
        mail.text.trim_end(),
        "4217 disk full on db-1\nReply: 4217 ack"
    );

    for to in [
        "ann@example.org\r\nRCPT TO:<eve@example.net>",
        "ann@example.org>\nRCPT TO:<eve@example.net",
        "ann@example.org, eve@example.net",
        "ann",
        "",
    ] {
        let failure = channel.send(&message(to)).await.unwrap_err();
        crate::assert_permanent(&failure, true);
        assert!(!failure.reason().contains(['\r', '\n']));
    }
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_repeat_carries_the_same_id() {
    let (server, channel) = plain_server().await;
    server.set_fault(SmtpFault {
        lose_reply_next: 1,
        ..SmtpFault::default()
    });
    // Taken by the server, but nobody knows.
    let failure = channel.send(&message("ann@example.org")).await.unwrap_err();
    crate::assert_temporary(&failure);
    channel.send(&message("ann@example.org")).await.unwrap();
    let other = Message {
        notification_id: NotificationId(4712),
        ..message("ann@example.org")
    };
    channel.send(&other).await.unwrap();
    let mails = server.wait_for(3, SOON).await;
    let id = |n: usize| mails[n].header("Message-ID").unwrap();
    assert_eq!(id(0), id(1));
    assert_ne!(id(1), id(2));
    assert_eq!(mails[1].header("References"), mails[2].header("References"));
}

#[tokio::test]
async fn one_connection_carries_mail_after_mail() {
    let (server, channel) = plain_server().await;
    for _ in 0..5 {
        channel.send(&message("ann@example.org")).await.unwrap();
    }
    let mut ports: Vec<u16> = server
        .wait_for(5, SOON)
        .await
        .iter()
        .map(|m| m.peer_port)
        .collect();
    ports.dedup();
    assert_eq!(ports.len(), 1);
}

#[tokio::test]
async fn no_mail_is_lost_or_late_when_kept_connections_break() {
    let (mut server, channel) = plain_server().await;
    channel.send(&message("ann@example.org")).await.unwrap();
    server.cut_connections();
    channel.send(&message("ann@example.org")).await.unwrap();
    server.restart().await;
    channel.send(&message("ann@example.org")).await.unwrap();
    assert_eq!(server.wait_for(3, SOON).await.len(), 3);
}

#[tokio::test]
async fn a_burst_shares_few_connections_and_loses_nothing() {
    let (server, channel) = plain_server().await;
    let channel = std::sync::Arc::new(channel);
    let tasks: Vec<_> = (0..60)
        .map(|number| {
            let channel = std::sync::Arc::clone(&channel);
            tokio::spawn(async move {
                let page = Message {
                    notification_id: NotificationId(number),
                    ..message("ann@example.org")
                };
                channel.send(&page).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let mails = server.wait_for(60, SOON).await;
    let ids: std::collections::BTreeSet<_> = mails
        .iter()
        .map(|m| m.header("Message-ID").unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 60);
    let ports: std::collections::BTreeSet<_> = mails.iter().map(|m| m.peer_port).collect();
    assert!(ports.len() <= 8, "{} connections", ports.len());
}

#[tokio::test]
async fn mail_is_encrypted_and_signed_in_as_configured() {
    for (theirs, ours) in [
        (SmtpSecurity::StartTls, Security::StartTls),
        (SmtpSecurity::Tls, Security::Tls),
    ] {
        let server = SmtpServer::start(SmtpOptions {
            security: theirs,
            auth: Some(("pager".to_owned(), "päss word".to_owned())),
        })
        .await;
        for host in ["127.0.0.1", "localhost"] {
            let channel = EmailChannel::new(EmailConfig {
                host: host.to_owned(),
                security: ours,
                ca_file: Some(server.ca_file()),
                username: Some("pager".to_owned()),
                password: Some(Secret::new("päss word")),
                ..config(&server)
            })
            .unwrap();
            let said = channel.check().await.unwrap();
            assert!(said.contains("signed in as pager"), "{said}");
            channel.send(&message("ann@example.org")).await.unwrap();
        }
        for mail in server.wait_for(2, SOON).await {
            assert!(mail.encrypted, "{theirs:?}");
            assert_eq!(mail.user.as_deref(), Some("pager"));
        }
    }
}

#[tokio::test]
async fn a_domain_in_another_script_is_sent_in_ascii() {
    let mail = arrived(&message("ann@bücher.example")).await;
    assert_eq!(mail.to, ["ann@xn--bcher-kva.example"]);
}

#[tokio::test]
async fn a_check_sends_nothing() {
    let (server, channel) = plain_server().await;
    let said = channel.check().await.unwrap();
    assert!(said.contains("unencrypted"), "{said}");
    assert!(server.mails().is_empty());
}
