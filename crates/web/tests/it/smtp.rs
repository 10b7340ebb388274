//! Mail by SMTP: what is answered to whom, and what is on the disk afterwards.

use std::net::SocketAddr;
use std::time::Duration;

use domain::word::IntegrationKind;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use web::smtp::SmtpConfig;

use crate::house::{ADMIN, EVENTS_KEY, House, MAIL_DOMAIN as DOMAIN};
use crate::settings::{door, settings};

/// A server that takes mail.
async fn house(change: impl FnOnce(&mut SmtpConfig)) -> House {
    let mut smtp = SmtpConfig::new(([127, 0, 0, 1], 0).into(), DOMAIN);
    change(&mut smtp);
    House::configured(|web| web.smtp = Some(smtp)).await
}

/// A client that types.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    async fn connect(house: &House) -> Client {
        let addr: SocketAddr = house.mail.unwrap();
        Client {
            stream: BufReader::new(TcpStream::connect(addr).await.unwrap()),
        }
    }

    /// After the greeting and EHLO.
    pub async fn greeted(house: &House) -> Client {
        let mut client = Client::connect(house).await;
        assert_eq!(
            client.hear().await,
            "220 page.example.com ESMTP Quarterdeck"
        );
        assert!(
            client
                .ask("EHLO test.example")
                .await
                .starts_with("250-page.example.com")
        );
        client
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// One answer, with all its lines; empty when the connection is closed.
    async fn hear(&mut self) -> String {
        let mut answer = String::new();
        loop {
            let mut line = String::new();
            let read =
                tokio::time::timeout(Duration::from_secs(20), self.stream.read_line(&mut line));
            if read.await.expect("an answer comes").unwrap_or_default() == 0 {
                return answer;
            }
            answer.push_str(&line);
            if line.as_bytes().get(3) == Some(&b' ') {
                return answer.trim_end().to_owned();
            }
        }
    }

    async fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes()).await;
        self.hear().await
    }

    async fn expect(&mut self, line: &str, code: &str) {
        let answer = self.ask(line).await;
        assert!(answer.starts_with(code), "{line}: {answer}");
    }

    /// What is said about a recipient.
    pub async fn recipient(&mut self, from: &str, to: &str) -> String {
        self.expect(&format!("MAIL FROM:{from}"), "250").await;
        self.ask(&format!("RCPT TO:<{to}>")).await
    }

    pub async fn reset(&mut self) {
        self.expect("RSET", "250").await;
    }

    /// Sends a mail to an address; what is answered to it.
    pub async fn mail(&mut self, to: &str, text: &str) -> String {
        self.expect("MAIL FROM:<monitor@example.com>", "250").await;
        self.expect(&format!("RCPT TO:<{to}>"), "250").await;
        self.expect("DATA", "354").await;
        self.send(text.as_bytes()).await;
        self.ask(".").await
    }
}

async fn items(house: &House, path: &str) -> Vec<Value> {
    let answer = house.api(ADMIN, "GET", path, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["items"].as_array().unwrap().clone()
}

async fn summaries(house: &House) -> Vec<String> {
    let mut all: Vec<String> = items(house, "/api/v1/alerts")
        .await
        .iter()
        .map(|one| one["summary"].as_str().unwrap().to_owned())
        .collect();
    all.sort();
    all
}

fn text(subject: &str) -> String {
    format!("From: monitor@example.com\r\nSubject: {subject}\r\n\r\nLook.\r\n")
}

#[actix_web::test]
async fn a_mail_is_an_alert_when_it_is_answered() {
    let house = house(|_| {}).await;
    let (id, key) = door(&house, IntegrationKind::Email).await;
    let rules = json!({"mail": {"resolve_subject": "^OK"}, "secret": "for webhooks"});
    house.api(ADMIN, "PATCH", &settings(id), Some(rules)).await;
    let mut client = Client::greeted(&house).await;
    let address = format!("{key}@{DOMAIN}");
    assert_eq!(
        client.mail(&address, &text("Disk full")).await,
        "250 2.0.0 Stored"
    );
    assert_eq!(summaries(&house).await, ["Disk full"]);
    // The same connection, a changed case, and what it is about behind a plus.
    let shouted = format!("{}+disk@Page.Example.COM", key.to_uppercase());
    assert!(
        client
            .mail(&shouted, &text("Disk fuller"))
            .await
            .starts_with("250")
    );
    let alerts = items(&house, "/api/v1/alerts").await;
    assert!(
        alerts.iter().any(|one| one["dedup_key"] == "disk"),
        "{alerts:?}"
    );
    assert!(
        client
            .mail(&address, &text("OK: Disk full"))
            .await
            .starts_with("250")
    );
    let alerts = items(&house, "/api/v1/alerts?status=resolved").await;
    assert_eq!(alerts[0]["summary"], "Disk full");
    client.expect("QUIT", "221").await;
    assert_eq!(client.hear().await, "");

    // As every request: kept, without its key, and sent again by a button.
    let signals = items(&house, "/api/v1/signals").await;
    let first = signals.last().unwrap();
    assert_eq!(first["format"], "email");
    let path = format!("/api/v1/signals/{}", first["id"]);
    let kept = house.api(ADMIN, "GET", &path, None).await;
    assert_eq!(kept.json()["method"], "SMTP");
    assert_eq!(kept.json()["path"], "•••@page.example.com");
    assert!(
        !signals
            .iter()
            .any(|one| one.to_string().to_lowercase().contains(&key))
    );
    assert!(!kept.body.to_lowercase().contains(&key), "{}", kept.body);
    let again = house
        .api(ADMIN, "POST", &format!("{path}/replay"), None)
        .await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(items(&house, "/api/v1/alerts?status=open").await.len(), 2);
}

#[actix_web::test]
async fn two_recipients_are_two_integrations_and_any_key_takes_mail() {
    let house = house(|smtp| smtp.recipients = 2).await;
    let (_, key) = door(&house, IntegrationKind::Email).await;
    let mut client = Client::greeted(&house).await;
    client
        .expect(
            "MAIL FROM:<a@b.example> BODY=8BITMIME SMTPUTF8 SIZE=100",
            "250",
        )
        .await;
    client
        .expect(&format!("RCPT TO:<{key}+x@{DOMAIN}>"), "250")
        .await;
    client
        .expect(&format!("RCPT TO:<{key}+x@{DOMAIN}>"), "250")
        .await;
    client
        .expect(&format!("RCPT TO:<{EVENTS_KEY}@{DOMAIN}>"), "250")
        .await;
    client
        .expect(&format!("RCPT TO:<{key}@{DOMAIN}>"), "452 4.5.3")
        .await;
    client.expect("DATA", "354").await;
    client
        .send("Subject: Störung\r\n\r\nTür offen\r\n".as_bytes())
        .await;
    client.expect(".", "250").await;
    assert_eq!(summaries(&house).await, ["Störung", "Störung"]);
}

#[actix_web::test]
async fn what_is_refused_and_how() {
    let house = house(|smtp| smtp.size_limit = 1_000).await;
    let (_, key) = door(&house, IntegrationKind::Email).await;
    let mut client = Client::connect(&house).await;
    client.hear().await;
    client.expect("MAIL FROM:<a@b.example>", "503 5.5.1").await;
    let offers = client.ask("EHLO x").await;
    for one in [
        "PIPELINING",
        "SIZE 1000",
        "8BITMIME",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
    ] {
        assert!(offers.contains(one), "{offers}");
    }
    assert!(
        !offers.contains("STARTTLS"),
        "without a certificate: {offers}"
    );
    for (line, code) in [
        ("RCPT TO:<a@page.example.com>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("STARTTLS", "502 5.5.1"),
        ("AUTH PLAIN", "50"),
        ("BDAT 5 LAST", "502 5.5.1"),
        ("VRFY root", "252"),
        ("EXPN all", "502"),
        ("NONSENSE", "500 5.5.1"),
        ("MAIL FROM:<a@b.example> SIZE=1001", "552 5.3.4"),
        ("MAIL FROM:<a@b.example> BODY=BINARYMIME", "555 5.5.4"),
        ("MAIL FROM:<a@b.example> FOO=BAR", "555 5.5.4"),
        ("MAIL FROM:<>", "250"),
        ("MAIL FROM:<>", "503 5.5.1"),
        ("RCPT TO:<somebody@page.example.com>", "550 5.1.1"),
        ("RCPT TO:<somebody@elsewhere.example>", "550 5.7.1"),
        ("RCPT TO:<postmaster>", "550"),
    ] {
        client.expect(line, code).await;
    }
    client
        .expect(&format!("RCPT TO:<{key}@evil.example>"), "550 5.7.1")
        .await;
    client.expect("NOOP", "250").await;
    client.expect("RSET", "250").await;
    let large = format!("Subject: x\r\n\r\n{}\r\n", "x".repeat(1_000));
    let answer = client.mail(&format!("{key}@{DOMAIN}"), &large).await;
    assert!(answer.starts_with("552 5.3.4"), "{answer}");
    let circle = format!("{}Subject: x\r\n\r\n", "Received: a\r\n".repeat(60));
    assert!(
        client
            .mail(&format!("{key}@{DOMAIN}"), &circle)
            .await
            .starts_with("250")
    );
    assert_eq!(summaries(&house).await, ["x"]);
    // Nothing but faults: goodbye.
    let mut answer = String::new();
    for _ in 0..30 {
        answer = client.ask("NONSENSE").await;
        if answer.starts_with("421") || answer.contains("\r\n421") {
            break;
        }
    }
    assert!(client.hear().await.is_empty() || answer.contains("421"));
}

/// Recipients beyond the bound are told so and may come afterwards; those before it get their mail.
#[actix_web::test]
async fn many_recipients_are_no_fault() {
    let house = house(|_| {}).await;
    let (_, key) = door(&house, IntegrationKind::Email).await;
    let mut client = Client::greeted(&house).await;
    let mut rest: Vec<u32> = (0..150).collect();
    while !rest.is_empty() {
        client.expect("MAIL FROM:<a@b.example>", "250").await;
        client
            .expect("RCPT TO:<x@elsewhere.example>", "550 5.7.1")
            .await;
        let mut later = Vec::new();
        for number in rest {
            let answer = client
                .ask(&format!("RCPT TO:<{key}+{number}@{DOMAIN}>"))
                .await;
            match answer.get(..9) {
                Some("452 4.5.3") => later.push(number),
                _ => assert!(answer.starts_with("250"), "{number}: {answer}"),
            }
        }
        client.expect("DATA", "354").await;
        client.send(text("Disk full").as_bytes()).await;
        client.expect(".", "250").await;
        rest = later;
    }
    let alerts = items(&house, "/api/v1/alerts?limit=200").await;
    assert_eq!(alerts.len(), 150);

    // A flood ends.
    client.expect("MAIL FROM:<a@b.example>", "250").await;
    for guess in 0..=1_000 {
        client
            .expect(&format!("RCPT TO:<guess{guess}@{DOMAIN}>"), "550 5.1.1")
            .await;
    }
    assert!(client.hear().await.starts_with("421 4.7.0"));
    assert_eq!(client.hear().await, "");
}

/// A mail that is too large leaves a trace on whom it was for.
#[actix_web::test]
async fn a_mail_that_is_too_large_is_told() {
    let house = house(|smtp| smtp.size_limit = 1_000).await;
    let (_, key) = door(&house, IntegrationKind::Email).await;
    let mut client = Client::greeted(&house).await;
    client.expect("MAIL FROM:<a@b.example>", "250").await;
    for tag in ["", "+x"] {
        let to = format!("RCPT TO:<{key}{tag}@{DOMAIN}>");
        client.expect(&to, "250").await;
    }
    client.expect("DATA", "354").await;
    let large = format!("Subject: x\r\n\r\n{}\r\n", "x".repeat(1_000));
    client.send(large.as_bytes()).await;
    client.expect(".", "552 5.3.4").await;
    let signals = items(&house, "/api/v1/signals").await;
    assert_eq!(signals.len(), 1, "{signals:?}");
    let path = format!("/api/v1/signals/{}", signals[0]["id"]);
    let kept = house.api(ADMIN, "GET", &path, None).await;
    assert!(
        kept.body.contains("larger than 1000 bytes"),
        "{}",
        kept.body
    );
    assert!(kept.json()["obstacle"].is_string());
    assert!(!kept.body.contains(&key));
}

#[actix_web::test]
async fn commands_may_come_together_and_mails_end_where_they_end() {
    let house = house(|_| {}).await;
    let (_, key) = door(&house, IntegrationKind::Email).await;
    let mut client = Client::greeted(&house).await;
    let to = format!("RCPT TO:<{key}@{DOMAIN}>\r\n");
    client
        .send(
            format!("MAIL FROM:<a@b.example>\r\n{to}RCPT TO:<nobody@{DOMAIN}>\r\nDATA\r\n")
                .as_bytes(),
        )
        .await;
    for code in ["250", "250", "550 5.1.1", "354"] {
        let answer = client.hear().await;
        assert!(answer.starts_with(code), "{answer}");
    }
    // What others would take for the end of a mail and the beginning of another.
    let smuggled = format!(
        "Subject: one\r\n\r\na\n.\nMAIL FROM:<x@y>\n{to}\r\r\n.\r\r\n\r.\rMAIL FROM:<x@y>\r\n..dot\r\n"
    );
    client.send(smuggled.as_bytes()).await;
    assert_eq!(client.ask(".").await, "250 2.0.0 Stored");
    client.expect("NOOP", "250").await;
    assert_eq!(summaries(&house).await, ["one"]);
    // A line that LF alone ends is no command.
    client.send(b"RSET\n").await;
    assert!(client.hear().await.starts_with("500 5.5.2"));
    client
        .send(format!("{}\r\n", "X".repeat(10_000)).as_bytes())
        .await;
    assert!(client.hear().await.starts_with("500 5.5.2"));
}

#[actix_web::test]
async fn budgets_and_seats_are_bounded() {
    let mut smtp = SmtpConfig::new(([127, 0, 0, 1], 0).into(), DOMAIN);
    smtp.connections_of_peer = 2;
    let house = House::configured(|web| {
        web.smtp = Some(smtp);
        web.rate_limit = 2;
    })
    .await;
    let (_, key) = door(&house, IntegrationKind::Email).await;
    let mut client = Client::greeted(&house).await;
    client.mail(&format!("{key}@{DOMAIN}"), &text("a")).await;
    client.mail(&format!("{key}@{DOMAIN}"), &text("b")).await;
    client.expect("MAIL FROM:<a@b.example>", "250").await;
    client
        .expect(&format!("RCPT TO:<{key}@{DOMAIN}>"), "452 4.7.0")
        .await;
    let second = Client::greeted(&house).await;
    let mut third = Client::connect(&house).await;
    assert!(third.hear().await.starts_with("421 4.7.0"));
    assert_eq!(third.hear().await, "");
    drop((second, client));
    testkit::eventually(Duration::from_secs(10), "a seat is free", || async {
        let mut client = Client::connect(&house).await;
        client.hear().await.starts_with("220")
    })
    .await;
}

#[actix_web::test]
async fn the_slow_are_let_go_and_a_stop_lets_a_mail_come_to_its_end() {
    let house = house(|smtp| smtp.patience = Duration::from_millis(300)).await;
    let mut silent = Client::greeted(&house).await;
    assert!(silent.hear().await.starts_with("421 4.4.2"));
    drop(house);

    let mut house = self::house(|_| {}).await;
    let (_, key) = door(&house, IntegrationKind::Email).await;
    let mut idle = Client::greeted(&house).await;
    let mut busy = Client::greeted(&house).await;
    busy.expect("MAIL FROM:<a@b.example>", "250").await;
    busy.expect(&format!("RCPT TO:<{key}@{DOMAIN}>"), "250")
        .await;
    busy.expect("DATA", "354").await;
    busy.send(b"Subject: at the end\r\n").await;
    house.stop();
    assert!(idle.hear().await.starts_with("421 4.3.2"));
    busy.send(b"\r\nx\r\n.\r\n").await;
    assert_eq!(busy.hear().await, "250 2.0.0 Stored");
    assert!(busy.hear().await.starts_with("421 4.3.2"));
    let mut rest = Vec::new();
    busy.stream.read_to_end(&mut rest).await.unwrap();
    house.serving.take().unwrap().await.unwrap().unwrap();
}
