//! The whole way in a real browser: Chromium, on a desktop and on a phone, with script and without.

mod every_page;
mod journey;
mod keyboard;
mod live;
pub mod session;
pub mod visitor;
mod without_javascript;

use reqwest::StatusCode;
use serde_json::Value;
use testkit::Server;
use testkit::server::ServerBuilder;

use crate::database::Database;
use crate::house::{BINARY, event};

/// What the README promises of the demo.
pub const ADMIN: &str = "admin@example.com";
pub const PASSWORD: &str = "quarterdeck-demo";
pub const TOKEN: &str = "qd_demo_admin_token";
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
        Self::start_as(Server::builder(BINARY), database).await
    }

    /// With settings of its own.
    pub async fn start_as(builder: ServerBuilder, database: Database) -> Self {
        let mut builder = builder.arg("--demo-empty");
        if let Some(url) = database.url() {
            builder = builder.database(url);
        }
        Self {
            server: builder.start().await,
            _database: database,
        }
    }

    /// The address of whoever is on call of a schedule now.
    pub async fn on_call(&self, schedule: &str) -> String {
        let url = self.server.url("/api/v1/oncall");
        let request = self.server.client.get(url).bearer_auth(TOKEN);
        let list: Value = request.send().await.unwrap().json().await.unwrap();
        let schedules = list["schedules"].as_array().unwrap();
        let shift = schedules.iter().find(|one| one["schedule"] == schedule);
        let email = shift.unwrap()["shift"]["users"][0]["email"].as_str();
        email.unwrap().to_owned()
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
