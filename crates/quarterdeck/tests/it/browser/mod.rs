//! The whole way in a real browser: Chromium, on a desktop and on a phone, with script and without.

mod every_page;
mod journey;
mod keyboard;
pub mod session;
pub mod visitor;
mod without_javascript;

use reqwest::StatusCode;
use serde_json::Value;
use testkit::Server;

use crate::database::Database;
use crate::house::{BINARY, event};

/// What the README promises of the demo.
pub const ADMIN: &str = "admin@example.com";
pub const PASSWORD: &str = "quarterdeck-demo";
pub const CHECKOUT_KEY: &str = "demodemodemodemodemodemodemodemo";
pub const GATEWAY_KEY: &str = "demogatewaydemogatewaydemogatewa";

/// A server with the demo.
pub struct Demo {
    pub server: Server,
    // Removed after the server that uses it.
    _database: Database,
}

impl Demo {
    pub async fn start(database: Database) -> Self {
        let mut builder = Server::builder(BINARY).arg("--demo");
        if let Some(url) = database.url() {
            builder = builder.database(url);
        }
        Self {
            server: builder.start().await,
            _database: database,
        }
    }

    /// Sends an event in PagerDuty's form.
    pub async fn signal(&self, key: &str, action: &str, dedup_key: &str, summary: &str) {
        let event = event(key, action, dedup_key, summary);
        self.post_event(&event).await;
    }

    /// Sends a whole event.
    pub async fn post_event(&self, event: &Value) {
        let url = self.server.url("/v2/enqueue");
        let reply = self
            .server
            .client
            .post(url)
            .json(event)
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), StatusCode::ACCEPTED, "{reply:?}");
    }

    /// Gives somebody of the demo the administrator's password, so that they can sign in.
    pub async fn let_in(&self, email: &str) {
        let mut admin = session::Session::sign_in(&self.server, ADMIN, PASSWORD).await;
        let people = admin.get("/users").await;
        // Names are links to their pages; the email stands beside.
        let pages = people.links("/users/");
        for page in pages {
            let person = admin.get(&page).await;
            if person.body.contains(email) {
                admin
                    .fill(
                        &page,
                        &format!("{page}/password"),
                        &[("password", PASSWORD)],
                    )
                    .await;
                return;
            }
        }
        panic!("{email} is not on the page of the people");
    }
}
