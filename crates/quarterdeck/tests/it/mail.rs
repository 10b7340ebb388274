//! Mail as a monitor, by clients of others: swaks, lettre, on both databases, with STARTTLS.

use std::path::Path;
use std::process::{Command, Output};

use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncTransport as _, Message, Tokio1Executor};
use testkit::smtp::{SmtpOptions, SmtpServer, make_certificates};
use testkit::twilio::TwilioServer;
use testkit::{Scratch, Server, eventually, free_port};

use crate::database::Database;
use crate::house::{ACCOUNT, AUTH_TOKEN, BINARY, COMPANY, House, SOON, connect};

const KEY: &str = "mailmailmailmailmailmailmailmail";

/// A server that takes mail, and where its certificates are.
struct Mailhouse {
    house: House,
    port: u16,
    certificates: Scratch,
}

impl Mailhouse {
    async fn open(database: Database) -> Mailhouse {
        let certificates = Scratch::new("certificates");
        make_certificates(certificates.path());
        let smtp = SmtpServer::start(SmtpOptions::default()).await;
        let twilio = TwilioServer::start(ACCOUNT, AUTH_TOKEN);
        let port = free_port();
        let file = |name: &str| certificates.path().join(name).into_os_string();
        let mut builder = connect(Server::builder(BINARY), &smtp, &twilio)
            .env("QUARTERDECK_MAIL_LISTEN", format!("127.0.0.1:{port}"))
            .env("QUARTERDECK_MAIL_DOMAIN", "page.example.com")
            .env("QUARTERDECK_MAIL_TLS_CERTIFICATE", file("server.pem"))
            .env("QUARTERDECK_MAIL_TLS_KEY", file("server.key"))
            .env("QUARTERDECK_MAIL_SIZE_LIMIT", "100000");
        if let Some(url) = database.url() {
            builder = builder.database(url);
        }
        let mut house = House {
            database,
            server: builder.prepare(),
            smtp,
            twilio,
        };
        let integration = format!(
            "      - name: Mail\n        kind: email\n        key: {KEY}\n        mail: \
             {{resolve_subject: '\\b(RECOVERY|OK)\\b'}}\n"
        );
        let before = "      - {name: JSON,";
        house.apply(&COMPANY.replace(before, &format!("{integration}{before}")));
        house.server.start().await;
        Mailhouse {
            house,
            port,
            certificates,
        }
    }

    /// Lets swaks send a mail.
    async fn swaks(&self, to: &str, subject: &str, more: &[&str]) -> Output {
        let mut command = Command::new("swaks");
        command
            .args(["--server", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--from", "nagios@mon.example.com", "--to", to])
            .args([
                "--header",
                &format!("Subject: {subject}"),
                "--body",
                "Look.",
            ])
            .args(more);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    fn alerts(&self) -> Vec<Vec<String>> {
        self.house
            .rows("SELECT dedup_key, status, count FROM alert ORDER BY id")
    }
}

fn told(output: &Output) -> String {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&all).into_owned()
}

async fn swaks_reports_a_service(database: Database) {
    let mut mail = Mailhouse::open(database).await;
    let ca = mail.certificates.path().join("ca.pem");
    let to = format!("{KEY}@page.example.com");
    let problem = "** PROBLEM Service Alert: web1/HTTP is CRITICAL **";
    let encrypted = [
        "--tls",
        "--tls-verify",
        "--tls-ca-path",
        ca.to_str().unwrap(),
    ];
    let sent = mail.swaks(&to, problem, &encrypted).await;
    let transcript = told(&sent);
    assert!(sent.status.success(), "{transcript}");
    assert!(
        transcript.contains("TLS started with cipher TLSv1.3"),
        "{transcript}"
    );
    assert!(transcript.contains("250 2.0.0 Stored"), "{transcript}");
    assert_eq!(mail.alerts(), [["service web1/http is", "open", "1"]]);
    // It pages like any other signal: by mail.
    eventually(SOON, "Ana has a mail", || async {
        let mails = mail.house.smtp.mails();
        mails.iter().any(|one| {
            one.header("subject")
                .is_some_and(|text| text.contains("web1/HTTP"))
        })
    })
    .await;

    // What was answered 250 is on the disk.
    let plain = mail
        .swaks(&format!("{KEY}+disk@PAGE.example.com"), "Disk full", &[])
        .await;
    assert!(plain.status.success(), "{}", told(&plain));
    mail.house.server.kill_9();
    mail.house.server.start().await;
    let over = mail
        .swaks(
            &to,
            "** RECOVERY Service Alert: web1/HTTP is OK **",
            &["--pipeline"],
        )
        .await;
    assert!(over.status.success(), "{}", told(&over));
    assert_eq!(
        mail.alerts(),
        [
            ["service web1/http is", "resolved", "1"],
            ["disk", "open", "1"]
        ]
    );

    let unknown = mail.swaks("nobody@page.example.com", "x", &[]).await;
    assert!(told(&unknown).contains("550 5.1.1"), "{}", told(&unknown));
    let relayed = mail.swaks("ana@example.com", "x", &[]).await;
    assert!(told(&relayed).contains("550 5.7.1"), "{}", told(&relayed));
    let large = mail
        .swaks(&to, &"x".repeat(900), &["--body", &"y ".repeat(60_000)])
        .await;
    assert!(told(&large).contains("552 5.3.4"), "{}", told(&large));
    let bounce = mail.swaks(&to, "Undelivered", &["--from", "<>"]).await;
    assert!(bounce.status.success(), "{}", told(&bounce));
    assert_eq!(mail.alerts().len(), 2);
    assert!(mail.house.server.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn swaks_reports_a_service_on_sqlite() {
    swaks_reports_a_service(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn swaks_reports_a_service_on_postgresql() {
    swaks_reports_a_service(Database::postgres()).await;
}

/// Where the answer to the newest mail to Ana goes.
fn reply_to(mail: &Mailhouse) -> Option<String> {
    let mails = mail.house.smtp.mails();
    let newest = mails
        .iter()
        .rev()
        .find(|one| one.to == ["ana@example.com"])?;
    newest.header("Reply-To").map(str::to_owned)
}

async fn a_mail_answers_a_page(database: Database) {
    let mail = Mailhouse::open(database).await;
    mail.house.trigger("disk", "The disk is full").await;
    let address = eventually(SOON, "Ana is paged", || async { reply_to(&mail) }).await;
    let page = mail.house.smtp.mails().remove(0);
    assert!(
        page.text.contains("Or reply with \"ack\" or \"resolve\""),
        "{}",
        page.text
    );
    let answered = |words: &'static str| {
        let mail = &mail;
        eventually(SOON, words, move || async move {
            let mails = mail.house.smtp.mails();
            let told = mails.iter().find(|one| one.text.contains(words)).cloned();
            told.ok_or_else(|| format!("{mails:?}"))
        })
    };
    // A vacation note neither acts nor is answered, whatever it says.
    let away = ["--header", "Auto-Submitted: auto-replied", "--body", "ack"];
    let sent = mail.swaks(&address, "Re: away", &away).await;
    assert!(told(&sent).contains("250 2.0.0 Stored"), "{}", told(&sent));
    let bounce = mail
        .swaks(&address, "Undelivered", &["--from", "<>", "--body", "ack"])
        .await;
    assert!(
        told(&bounce).contains("250 2.0.0 Stored"),
        "{}",
        told(&bounce)
    );
    let paging = || mail.house.rows("SELECT paging FROM incident");
    assert_eq!(paging(), [["triggered"]]);

    let body = "What is this about\n\n> The disk is full\n";
    mail.swaks(&address, "Re: x", &["--body", body]).await;
    let helpful = answered("nothing was done").await;
    // To whom was paged, not to whom the answer claims to come from; and it can be answered.
    assert_eq!(helpful.to, ["ana@example.com"]);
    let again = helpful.header("Reply-To").unwrap().to_owned();
    assert_ne!(again, address);
    let sent = mail
        .swaks(&again, "Re: x", &["--body", "Ack, on my way\n\n> x\n"])
        .await;
    assert!(told(&sent).contains("250 2.0.0 Stored"), "{}", told(&sent));
    assert_eq!(paging(), [["acknowledged"]]);
    answered("INC-0001 acknowledged.").await;
    let origins = mail
        .house
        .rows("SELECT origin FROM timeline_entry WHERE kind = 'acknowledged'");
    assert_eq!(origins, [["email_reply"]]);
    let sent = mail
        .swaks(&address, "Re: x", &["--body", "reassign to bo"])
        .await;
    assert!(told(&sent).contains("250 2.0.0 Stored"), "{}", told(&sent));
    answered("INC-0001 reassigned to Bo Lindqvist.").await;
    assert_eq!(paging(), [["triggered"]]);
    // Nobody can make up an address.
    let (head, tail) = address.rsplit_once('-').unwrap();
    let forged = format!(
        "{head}-{}{}",
        if tail.starts_with('0') { '1' } else { '0' },
        &tail[1..]
    );
    let refused = mail.swaks(&forged, "Re: x", &["--body", "resolve"]).await;
    assert!(told(&refused).contains("550 5.1.1"), "{}", told(&refused));
    // What answers a page is no alert.
    assert_eq!(mail.alerts().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_answers_a_page_on_sqlite() {
    a_mail_answers_a_page(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_answers_a_page_on_postgresql() {
    a_mail_answers_a_page(Database::postgres()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_door_for_mail_no_page_speaks_of_replying() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    house.trigger("disk", "The disk is full").await;
    let mails = eventually(SOON, "Ana is paged", || async {
        let mails = house.smtp.mails();
        (!mails.is_empty()).then_some(mails)
    })
    .await;
    assert_eq!(mails[0].header("Reply-To"), None);
    let html = mails[0].html.clone().unwrap_or_default();
    assert!(
        !format!("{}{html}", mails[0].text)
            .to_lowercase()
            .contains("reply")
    );
}

/// A client that sends encrypted only, and trusts one authority.
fn lettre(port: u16, certificates: &Path) -> AsyncSmtpTransport<Tokio1Executor> {
    let ca = std::fs::read(certificates.join("ca.pem")).unwrap();
    let trust = TlsParameters::builder("localhost".to_owned())
        .add_root_certificate(Certificate::from_pem(&ca).unwrap())
        .build()
        .unwrap();
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(port)
        .tls(Tls::Required(trust))
        .build()
}

fn message(subject: &str) -> Message {
    let builder = Message::builder()
        .from("Wächter <monitor@example.com>".parse().unwrap())
        .to(format!("{KEY}+a@page.example.com").parse().unwrap())
        .to(format!("{KEY}+b@page.example.com").parse().unwrap())
        .subject(subject);
    builder
        .multipart(lettre::message::MultiPart::alternative_plain_html(
            "Tür offen".to_owned(),
            "<p>Tür offen</p>".to_owned(),
        ))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn lettre_by_tls_also_after_the_certificate_was_renewed() {
    let mail = Mailhouse::open(Database::Sqlite).await;
    let client = lettre(mail.port, mail.certificates.path());
    client.send(message("Störung")).await.unwrap();
    // Both at once: either may be the first.
    let alerts = || {
        let mut alerts = mail.alerts();
        alerts.sort();
        alerts
    };
    assert_eq!(alerts(), [["a", "open", "1"], ["b", "open", "1"]]);
    let summaries = mail
        .house
        .rows("SELECT DISTINCT summary, source FROM alert");
    assert_eq!(summaries, [["Störung", "monitor@example.com"]]);

    // Another authority signs another key; nobody restarts anything.
    make_certificates(mail.certificates.path());
    let client = lettre(mail.port, mail.certificates.path());
    client.send(message("Störung")).await.unwrap();
    assert_eq!(alerts(), [["a", "open", "2"], ["b", "open", "2"]]);
}
