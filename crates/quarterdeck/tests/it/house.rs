//! A company with a server, a mail server and an SMS provider.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use testkit::Server;
use testkit::server::ServerBuilder;
use testkit::smtp::{ReceivedMail, SmtpOptions, SmtpServer};
use testkit::twilio::TwilioServer;

use crate::database::Database;

pub const BINARY: &str = env!("CARGO_BIN_EXE_quarterdeck");

/// How long anything may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(60);

pub const ADMIN_TOKEN: &str = "qd_admin_token_of_the_tests";
pub const EVENTS_KEY: &str = "eventseventseventseventseventsev";
pub const ALERTMANAGER_KEY: &str = "alertmanageralertmanageralertman";
pub const ANA_PHONE: &str = "+15555550101";
pub const OUR_PHONE: &str = "+15555550199";

pub const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
pub const AUTH_TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Ana gets a mail at once and an SMS an hour later; Bo, the last resort, gets mails.
pub const COMPANY: &str = r#"
settings:
  last_resort: [{user: bo@example.com}]
users:
  - email: admin@example.com
    name: Ada Admin
    role: admin
    password: a long password
  - email: ana@example.com
    name: Ana Ferreira
    contact_methods:
      - {kind: email, address: ana@example.com, verified: true}
      - {kind: sms, address: "+15555550101", verified: true}
    notification_rules:
      - {urgency: high, method: email}
      - {urgency: high, method: sms, delay: 1h}
      - {urgency: low, method: email}
  - email: bo@example.com
    name: Bo Lindqvist
    contact_methods:
      - {kind: email, address: bo@example.com, verified: true}
policies:
  - slug: checkout
    name: Checkout
    repeats: 0
    steps:
      - {targets: [{user: ana@example.com}], wait: 1h}
services:
  - slug: checkout
    name: Checkout
    policy: checkout
    # Tests open many incidents, and look for each.
    storm_limit: 0
    integrations:
      - {name: Events, kind: pagerduty, key: eventseventseventseventseventsev}
      - {name: Alertmanager, kind: alertmanager, key: alertmanageralertmanageralertman}
      - {name: JSON, kind: generic, key: genericgenericgenericgenericgene}
api_tokens:
  - {name: Tests, role: admin, token: qd_admin_token_of_the_tests}
"#;

/// The same company, but Ana gets the SMS at once, too.
pub fn company_with_sms_at_once() -> String {
    COMPANY.replace("method: sms, delay: 1h", "method: sms")
}

/// What surrounds a server.
pub struct House {
    pub database: Database,
    pub server: Server,
    pub smtp: SmtpServer,
    pub twilio: TwilioServer,
}

impl House {
    /// A running server with a configuration.
    pub async fn open(database: Database, configuration: &str) -> Self {
        let mut house = Self::closed(database).await;
        house.apply(configuration);
        house.server.start().await;
        house
    }

    /// A server that was not started yet.
    pub async fn closed(database: Database) -> Self {
        let smtp = SmtpServer::start(SmtpOptions::default()).await;
        let twilio = TwilioServer::start(ACCOUNT, AUTH_TOKEN);
        let server = server(&database, &smtp, &twilio);
        Self {
            database,
            server,
            smtp,
            twilio,
        }
    }

    /// A further server on the same database, not started.
    pub fn second_server(&self) -> Server {
        server(&self.database, &self.smtp, &self.twilio)
    }

    /// Applies a configuration file by the command line.
    pub fn apply(&self, configuration: &str) {
        let file = self.server.data_dir.join("company.yaml");
        std::fs::write(&file, configuration).unwrap();
        let output = self.server.run(["apply", "-f", file.to_str().unwrap()]);
        assert!(output.status.success(), "{output:?}");
    }

    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        self.database.rows(&self.server, sql)
    }

    pub fn number(&self, sql: &str) -> i64 {
        self.database.number(&self.server, sql)
    }

    #[track_caller]
    pub fn assert_none(&self, what: &str, sql: &str) {
        self.database.assert_none(&self.server, what, sql);
    }

    /// Sends an event in PagerDuty's form and expects it to be accepted.
    pub async fn trigger(&self, dedup_key: &str, summary: &str) {
        let reply = self
            .send(&event(EVENTS_KEY, "trigger", dedup_key, summary))
            .await;
        assert_eq!(reply.status(), StatusCode::ACCEPTED, "{reply:?}");
    }

    /// Posts an event and returns whatever comes back.
    pub async fn send(&self, event: &Value) -> Response {
        let url = self.server.url("/v2/enqueue");
        let reply = self.server.client.post(url).json(event).send().await;
        reply.expect("the server answers")
    }

    /// Reads from the API as its administrator; returns status and body.
    pub async fn api(&self, path: &str) -> (StatusCode, Value) {
        let url = self.server.url(&format!("/api/v1{path}"));
        let request = self.server.client.get(url).bearer_auth(ADMIN_TOKEN);
        let reply = request.send().await.expect("the server answers");
        (reply.status(), reply.json().await.expect("JSON"))
    }

    /// Posts to the API as its administrator; returns status and body.
    pub async fn post_api(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let url = self.server.url(&format!("/api/v1{path}"));
        let request = self.server.client.post(url).bearer_auth(ADMIN_TOKEN);
        let reply = request
            .json(&body)
            .send()
            .await
            .expect("the server answers");
        (reply.status(), reply.json().await.expect("JSON"))
    }

    pub async fn status_of(&self, path: &str) -> StatusCode {
        let reply = self.server.client.get(self.server.url(path)).send().await;
        reply.expect("the server answers").status()
    }
}

fn server(database: &Database, smtp: &SmtpServer, twilio: &TwilioServer) -> Server {
    let mut builder = connect(Server::builder(BINARY), smtp, twilio);
    if let Some(url) = database.url() {
        builder = builder.database(url);
    }
    builder.prepare()
}

/// Lets a server's messages go out by these providers.
pub fn connect(builder: ServerBuilder, smtp: &SmtpServer, twilio: &TwilioServer) -> ServerBuilder {
    builder
        .env("QUARTERDECK_RATE_LIMIT", "0")
        .env("QUARTERDECK_SMTP_HOST", "127.0.0.1")
        .env("QUARTERDECK_SMTP_PORT", smtp.port().to_string())
        .env("QUARTERDECK_SMTP_SECURITY", "plain")
        .env("QUARTERDECK_SMTP_FROM", "Quarterdeck <pager@example.com>")
        .env("QUARTERDECK_TWILIO_ACCOUNT_SID", ACCOUNT)
        .env("QUARTERDECK_TWILIO_AUTH_TOKEN", AUTH_TOKEN)
        .env("QUARTERDECK_TWILIO_FROM", OUR_PHONE)
        .env("QUARTERDECK_TWILIO_BASE_URL", &twilio.base_url)
}

/// An event in PagerDuty's form.
pub fn event(key: &str, action: &str, dedup_key: &str, summary: &str) -> Value {
    json!({
        "routing_key": key,
        "event_action": action,
        "dedup_key": dedup_key,
        "payload": { "summary": summary, "source": "shop-1", "severity": "critical" },
    })
}

/// The id of the notification that a mail carries in its `Message-ID`.
pub fn notification_of(mail: &ReceivedMail) -> i64 {
    let id = mail.header("Message-ID").expect("a Message-ID");
    let number = id
        .strip_prefix("<qd-")
        .and_then(|rest| rest.split_once('@'));
    let number = number.and_then(|(number, _)| number.parse().ok());
    number.unwrap_or_else(|| panic!("{id} names no notification"))
}

/// The signed link of a page.
pub fn answer_link(mail: &ReceivedMail, base_url: &str) -> String {
    let start = format!("{base_url}/a/");
    let link = mail
        .text
        .split_whitespace()
        .find(|word| word.starts_with(&start));
    link.unwrap_or_else(|| panic!("no link in {}", mail.text))
        .to_owned()
}
