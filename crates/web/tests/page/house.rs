//! A server of its own for each test, and people who visit it without script.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channels::Channels;
use domain::incident::Incident;
use domain::signal::Signal;
use domain::word::Action;
use engine::clock::SystemClock;
use engine::ingest::Submission;
use engine::{Engine, EngineConfig};
use sha2::{Digest, Sha256};
use store::{DatabaseUrl, Store};
use testkit::{PgDatabase, Scratch};
use web::state::WebConfig;

/// What stands in messages and snippets.
pub const PUBLIC_URL: &str = "http://quarterdeck.example";

pub struct House {
    pub engine: Engine,
    pub url: String,
    handle: actix_web::dev::ServerHandle,
    _home: Option<Scratch>,
    _database: Option<PgDatabase>,
}

impl Drop for House {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl House {
    pub async fn on_sqlite() -> House {
        let home = Scratch::new("web-page");
        let url = DatabaseUrl::Sqlite(home.path().join("quarterdeck.db"));
        House::open(&url, Some(home), None).await
    }

    pub async fn on_postgres() -> House {
        let database = PgDatabase::create();
        let url = DatabaseUrl::Postgres(database.url.clone());
        House::open(&url, None, Some(database)).await
    }

    async fn open(url: &DatabaseUrl, home: Option<Scratch>, database: Option<PgDatabase>) -> House {
        let store = Store::open(url).unwrap();
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = EngineConfig {
            public_url: PUBLIC_URL.into(),
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
        let mut config = WebConfig::new(listen, PUBLIC_URL);
        config.workers = 2;
        let server = web::server::bind(engine.clone(), config).await.unwrap();
        let url = format!("http://{}", server.addr());
        let handle = server.handle();
        tokio::spawn(server.run(std::future::pending()));
        House {
            engine,
            url,
            handle,
            _home: home,
            _database: database,
        }
    }

    /// Somebody with a browser of their own.
    pub fn visitor(&self) -> Visitor {
        let mut cookies = BTreeMap::new();
        cookies.insert(
            "qd_csrf".to_owned(),
            "0123456789abcdefghijklmnopqrstuv".to_owned(),
        );
        Visitor {
            client: testkit::http_client(),
            url: self.url.clone(),
            cookies: Mutex::new(cookies),
        }
    }

    /// The first administrator, signed in by the set-up.
    pub async fn ana(&self) -> Visitor {
        let ana = self.visitor();
        let page = ana.get("/setup").await;
        let fields = [
            ("name", "Ana"),
            ("email", "ana@example.com"),
            ("password", "correct horse battery"),
            ("zone", "Europe/Berlin"),
        ];
        let after = ana.post(&page, "/setup", &fields).await;
        assert_eq!(
            (after.status, after.leads_to.as_str()),
            (303, "/"),
            "{}",
            after.body
        );
        ana
    }

    /// A second person, invited by Ana.
    pub async fn bo(&self, ana: &Visitor) -> Visitor {
        self.invite(ana, "Bo", "responder").await
    }

    pub async fn invite(&self, ana: &Visitor, name: &str, role: &str) -> Visitor {
        let email = format!("{}@example.com", name.to_lowercase());
        let page = ana.get("/users/new").await;
        let fields = [
            ("name", name),
            ("email", &email),
            ("role", role),
            ("zone", "UTC"),
            ("password", "battery staple horse"),
        ];
        let after = ana.post(&page, "/users", &fields).await;
        assert_eq!(after.status, 303, "{}", after.body);
        let other = self.visitor();
        let page = other.get("/sign-in").await;
        let fields = [
            ("email", email.as_str()),
            ("password", "battery staple horse"),
        ];
        let after = other.post(&page, "/sign-in", &fields).await;
        assert_eq!(after.status, 303, "{}", after.body);
        other
    }

    /// A service without a policy, so that the last resort is paged: Ana. Returns the key of its
    /// integration.
    pub async fn checkout(&self, ana: &Visitor) -> String {
        let page = ana.get("/services/new").await;
        let fields = [
            ("name", "Checkout"),
            ("slug", "checkout"),
            ("urgency", "by_severity"),
            ("grouping", "none"),
            ("auto_resolve", "yes"),
            ("reopen_window", "5"),
        ];
        let after = ana.post(&page, "/services", &fields).await;
        assert_eq!(after.status, 303, "{}", after.body);
        let page = ana.get("/services/checkout").await;
        let fields = [("name", "Monitor"), ("kind", "generic")];
        let shown = ana
            .post(&page, "/services/checkout/integrations", &fields)
            .await;
        let after = shown
            .body
            .split("id=\"copy-key\"")
            .nth(1)
            .expect("the key is shown");
        let key = after.split('>').nth(1).unwrap().split('<').next().unwrap();
        key.trim().to_owned()
    }

    /// A monitor says something; returns once it is stored.
    pub async fn signal(&self, key: &str, action: Action, dedup_key: &str, summary: &str) {
        self.signals(key, vec![Signal::new(action, dedup_key, summary)])
            .await;
    }

    pub async fn signals(&self, key: &str, signals: Vec<Signal>) {
        let submission = Submission {
            key_hash: Sha256::digest(key.as_bytes()).into(),
            signals,
            resolve_group: None,
            warnings: vec![],
            rejected: vec![],
            raw: Default::default(),
            origin: engine::ingest::Origin::default(),
        };
        self.engine.submit(submission).await.unwrap();
    }

    /// Waits until the outbox shows a message with these words, and returns that page.
    pub async fn mail_to(&self, visitor: &Visitor, words: &str) -> Page {
        testkit::eventually(Duration::from_secs(20), words, || async {
            let page = visitor.get("/outbox").await;
            page.text().contains(words).then_some(page)
        })
        .await
    }

    /// The id of the newest timeline entry.
    pub async fn newest_entry(&self, number: i64) -> i64 {
        let read = self.engine.store().read(move |c| {
            let id = store::incident::by_number(c, number)?.id;
            let entries = store::timeline::latest(c, id, 1_000)?;
            Ok::<_, store::Error>(entries.iter().map(|entry| entry.id.0).max())
        });
        read.await.unwrap().unwrap_or(0)
    }

    pub async fn incident(&self, number: i64) -> Incident {
        let store = self.engine.store();
        store
            .read(move |c| store::incident::by_number(c, number))
            .await
            .unwrap()
    }
}

/// A browser without script: it keeps cookies and sends forms with the token of their page.
pub struct Visitor {
    client: reqwest::Client,
    url: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// An answer.
pub struct Page {
    pub status: u16,
    pub body: String,
    /// `Location`, or empty.
    pub leads_to: String,
    pub headers: reqwest::header::HeaderMap,
}

impl Page {
    /// The token of the page's forms.
    fn csrf(&self) -> &str {
        let after = self.body.split("name=\"csrf\" value=\"").nth(1);
        after
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_default()
    }

    /// The text without tags, white space collapsed.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut inside = false;
        for c in self.body.chars() {
            match c {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    text.push(' ');
                }
                c if !inside => text.push(c),
                _ => {}
            }
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        text.replace("&#39;", "'")
            .replace("&quot;", "\"")
            .replace("&#34;", "\"")
            .replace("&amp;", "&")
    }

    #[track_caller]
    pub fn shows(&self, wanted: &str) -> &Page {
        let text = self.text();
        assert!(
            text.contains(wanted),
            "“{wanted}” is not in: {}",
            shortened(&text)
        );
        self
    }

    #[track_caller]
    pub fn hides(&self, unwanted: &str) -> &Page {
        let text = self.text();
        assert!(
            !text.contains(unwanted),
            "“{unwanted}” is in: {}",
            shortened(&text)
        );
        self
    }

    /// Whether a choice of this name has this value chosen.
    pub fn has_chosen(&self, name: &str, value: &str) -> bool {
        let selects = self.body.split("<select ").skip(1);
        selects
            .filter_map(|rest| rest.split("</select>").next())
            .filter(|select| select.contains(&format!("name=\"{name}\"")))
            .any(|select| select.contains(&format!("<option value=\"{value}\" selected>")))
    }

    /// Whether a form of the page posts there.
    pub fn offers(&self, action: &str) -> bool {
        self.body.contains(&format!("action=\"{action}\""))
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(6_000).collect()
}

impl Visitor {
    pub async fn get(&self, path: &str) -> Page {
        self.send(self.client.get(format!("{}{path}", self.url)))
            .await
    }

    /// Sends a form of a page that was read before.
    pub async fn post(&self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut all: Vec<(&str, &str)> = vec![("csrf", page.csrf())];
        all.extend_from_slice(fields);
        self.send(self.client.post(format!("{}{path}", self.url)).form(&all))
            .await
    }

    /// Reads a page, sends one of its forms and reads what it leads to.
    pub async fn fill(&self, from: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.get(from).await;
        let sent = self.post(&page, path, fields).await;
        assert_eq!(sent.status, 303, "{path}: {}", shortened(&sent.text()));
        let to = sent
            .leads_to
            .split('#')
            .next()
            .unwrap_or_default()
            .to_owned();
        self.get(&to).await
    }

    /// The same form without a token.
    pub async fn post_without_token(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(self.client.post(format!("{}{path}", self.url)).form(fields))
            .await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let cookies = {
            let cookies = self.cookies.lock().unwrap();
            let pairs: Vec<String> = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            pairs.join("; ")
        };
        let response = request.header("cookie", cookies).send().await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        {
            let mut cookies = self.cookies.lock().unwrap();
            // A message is shown once.
            if status == 200 {
                cookies.remove("qd_flash");
            }
            for set in headers.get_all("set-cookie") {
                let pair = set.to_str().unwrap().split(';').next().unwrap();
                if let Some((name, value)) = pair.split_once('=') {
                    cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        let leads_to = headers
            .get("location")
            .map_or("", |value| value.to_str().unwrap());
        Page {
            status,
            leads_to: leads_to.to_owned(),
            body: response.text().await.unwrap(),
            headers,
        }
    }
}

/// Runs a test on both databases.
#[macro_export]
macro_rules! on_both {
    ($name:ident, |$house:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "each test uses what it needs")]
            use super::*;

            async fn body($house: &$crate::house::House) $body

            #[actix_web::test]
            async fn on_sqlite() {
                body(&$crate::house::House::on_sqlite().await).await;
            }

            #[actix_web::test]
            async fn on_postgres() {
                body(&$crate::house::House::on_postgres().await).await;
            }
        }
    };
}
