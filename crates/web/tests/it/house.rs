//! A server of its own for each test, with people, a service, keys and tokens.

use std::sync::Arc;

use channels::Channels;
use domain::word::{AccountRole, Origin};
use engine::clock::{Clock as _, SystemClock};
use engine::{Engine, EngineConfig, OpContext, manifest};
use serde_json::Value;
use store::{DatabaseUrl, Store};
use testkit::{PgDatabase, Scratch};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use web::WebConfig;
use web::smtp::SmtpConfig;

pub const MAIL_DOMAIN: &str = "page.example.com";
pub const PD_KEY: &str = "demodemodemodemodemodemodemodemo";
pub const AM_KEY: &str = "alertmanagerkey00000000000000000";
pub const EVENTS_KEY: &str = "generickey0000000000000000000000";
pub const ADMIN: &str = "qd_admin_token_for_tests";
pub const RESPONDER: &str = "qd_responder_token_for_tests";
pub const OBSERVER: &str = "qd_observer_token_for_tests";
pub const PASSWORD: &str = "correct horse battery";
pub const TWILIO_TOKEN: &str = "twilio-auth-token";
pub const PHONE: &str = "+4915112345678";

const MANIFEST: &str = r#"
settings: {last_resort: [{user: ana@example.com}]}
users:
  - email: ana@example.com
    name: Ana
    role: admin
    zone: Europe/Berlin
    password: correct horse battery
    contact_methods:
      - {kind: email, address: ana@example.com, verified: true}
      - {kind: sms, address: "+4915112345678", verified: true}
  - email: olli@example.com
    name: Olli
    role: observer
    password: correct horse battery
schedules:
  - slug: platform
    name: Platform
    zone: Europe/Berlin
    effective_from: 2020-01-06T08:00:00Z
    layers:
      - name: Weekly
        rotation: {length: 1, unit: weeks}
        handoff: "09:00"
        start: 2020-01-06
        participants: [ana@example.com]
policies:
  - slug: platform
    name: Platform
    steps:
      - targets: [{schedule: platform}]
        wait: 5m
services:
  - slug: checkout
    name: Checkout
    policy: platform
    integrations:
      - {name: PagerDuty, kind: pagerduty, key: demodemodemodemodemodemodemodemo}
      - {name: Alertmanager, kind: alertmanager, key: alertmanagerkey00000000000000000}
      - {name: Events, kind: generic, key: generickey0000000000000000000000}
api_tokens:
  - {name: Admin, role: admin, token: qd_admin_token_for_tests}
  - {name: Responder, role: responder, token: qd_responder_token_for_tests}
  - {name: Observer, role: observer, token: qd_observer_token_for_tests}
"#;

pub struct House {
    pub engine: Engine,
    pub url: String,
    /// Where it takes mail.
    pub mail: Option<std::net::SocketAddr>,
    pub client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    pub serving: Option<JoinHandle<std::io::Result<()>>>,
    _home: Option<Scratch>,
    _database: Option<PgDatabase>,
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

impl House {
    pub async fn on_sqlite() -> House {
        let home = Scratch::new("web");
        let url = DatabaseUrl::Sqlite(home.path().join("quarterdeck.db"));
        House::open(&url, Some(home), None, |_| {})
            .await
            .furnished()
            .await
    }

    pub async fn on_postgres() -> House {
        House::on(PgDatabase::create()).await
    }

    pub async fn on(database: PgDatabase) -> House {
        let url = DatabaseUrl::Postgres(database.url.clone());
        let mail = SmtpConfig::new(([127, 0, 0, 1], 0).into(), MAIL_DOMAIN);
        House::open(&url, None, Some(database), |web| web.smtp = Some(mail))
            .await
            .furnished()
            .await
    }

    /// Nobody has an account yet.
    pub async fn empty() -> House {
        let home = Scratch::new("web");
        let url = DatabaseUrl::Sqlite(home.path().join("quarterdeck.db"));
        House::open(&url, Some(home), None, |_| {}).await
    }

    pub async fn configured(change: impl FnOnce(&mut WebConfig)) -> House {
        let home = Scratch::new("web");
        let url = DatabaseUrl::Sqlite(home.path().join("quarterdeck.db"));
        House::open(&url, Some(home), None, change)
            .await
            .furnished()
            .await
    }

    async fn open(
        url: &DatabaseUrl,
        home: Option<Scratch>,
        database: Option<PgDatabase>,
        change: impl FnOnce(&mut WebConfig),
    ) -> House {
        let store = Store::open(url).unwrap();
        let mut web = WebConfig::new(([127, 0, 0, 1], 0).into(), "http://quarterdeck.test");
        web.workers = 2;
        change(&mut web);
        let config = EngineConfig {
            public_url: web.public_url.clone(),
            node_name: "test".into(),
            letterbox: None,
        };
        let engine = Engine::start(
            store,
            Channels::default().with_private_posts(true),
            config,
            Arc::new(SystemClock),
        )
        .await
        .unwrap();
        let server = web::bind(engine.clone(), web).await.unwrap();
        let url = format!("http://{}", server.addr());
        let mail = server.mail_addr();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.run(async {
            drop(stopped.await);
        }));
        House {
            engine,
            url,
            mail,
            client: testkit::http_client(),
            stop: Some(stop),
            serving: Some(serving),
            _home: home,
            _database: database,
        }
    }

    async fn furnished(self) -> House {
        let ctx = OpContext::token(AccountRole::Admin, Origin::Cli, SystemClock.now());
        let parsed = manifest::parse(MANIFEST, &|_| None).unwrap();
        manifest::apply(self.engine.store(), &ctx, parsed, false)
            .await
            .unwrap();
        self
    }

    /// Asks the server to end; its task is left to be awaited.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        Answer::of(self.client.post(self.at(path)).body(body)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(self.at(path))).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.client.delete(self.at(path))).await
    }

    /// With a token.
    pub async fn api(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let method = method.parse().unwrap();
        let mut request = self
            .client
            .request(method, self.at(path))
            .bearer_auth(token);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        Answer::of(request).await
    }

    /// Sends one event to the PagerDuty address.
    pub async fn trigger(&self, key: &str, summary: &str) -> Answer {
        let event = serde_json::json!({
            "routing_key": PD_KEY,
            "event_action": "trigger",
            "dedup_key": key,
            "payload": {"summary": summary, "source": "test", "severity": "critical"},
        });
        self.post("/v2/enqueue", event.to_string()).await
    }

    /// Signs in and returns the session's cookie, `qd_session=…`.
    pub async fn sign_in(&self, email: &str) -> String {
        let cookie = "qd_csrf=0123456789abcdefghijklmnop";
        let page = self
            .client
            .get(self.at("/sign-in"))
            .header("cookie", cookie);
        let csrf = Answer::of(page).await.csrf();
        let form = [
            ("csrf", csrf.as_str()),
            ("email", email),
            ("password", PASSWORD),
        ];
        let sent = self
            .client
            .post(self.at("/sign-in"))
            .header("cookie", cookie)
            .form(&form);
        let answer = Answer::of(sent).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let session = answer.cookie("qd_session").expect("a session begins");
        format!("qd_session={session}")
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The value of a cookie that is set.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.headers.get_all("set-cookie").iter().find_map(|value| {
            let pair = value.to_str().unwrap().split(';').next().unwrap();
            let (have, value) = pair.split_once('=')?;
            (have == name).then(|| value.to_owned())
        })
    }

    /// The token of the page's forms.
    #[track_caller]
    pub fn csrf(&self) -> String {
        let after = self.body.split("name=\"csrf\" value=\"").nth(1);
        after
            .expect("the page has a form")
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    }

    /// Checks a problem document.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code, "{problem}");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        problem
    }
}
