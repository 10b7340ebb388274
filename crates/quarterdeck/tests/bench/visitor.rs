//! Somebody who is signed in and opens pages, one after the other.

use std::time::{Duration, Instant};

use testkit::{Server, http_client};

use crate::company::{ADMIN, PASSWORD};
use crate::generator::percentile;
use crate::ingest::milliseconds;
use crate::table::Table;

/// What every page of a list is to stay under (DESIGN.md §6).
pub const TARGET: Duration = Duration::from_millis(50);

pub struct Visitor {
    client: reqwest::Client,
    base: String,
    cookie: String,
}

impl Visitor {
    pub async fn sign_in(server: &Server) -> Visitor {
        let client = http_client();
        let guest = "qd_csrf=0123456789abcdefghijklmnop";
        let page = client.get(server.url("/sign-in")).header("cookie", guest);
        let page = page.send().await.unwrap().text().await.unwrap();
        let csrf = csrf(&page);
        let form = [
            ("csrf", csrf.as_str()),
            ("email", ADMIN),
            ("password", PASSWORD),
        ];
        let sent = client
            .post(server.url("/sign-in"))
            .header("cookie", guest)
            .form(&form);
        let reply = sent.send().await.unwrap();
        assert_eq!(reply.status(), 303);
        let cookie = reply
            .headers()
            .get_all("set-cookie")
            .iter()
            .find_map(|value| {
                let pair = value.to_str().unwrap().split(';').next()?;
                pair.starts_with("qd_session=").then(|| pair.to_owned())
            })
            .expect("a session begins");
        Visitor {
            client,
            base: server.url(""),
            cookie,
        }
    }

    /// Opens a page; returns how long it took, and the page.
    pub async fn open(&self, path: &str) -> (Duration, String) {
        let began = Instant::now();
        let request = self.client.get(format!("{}{path}", self.base));
        let reply = request.header("cookie", &self.cookie).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{path}");
        let page = reply.text().await.unwrap();
        (began.elapsed(), page)
    }

    /// Sends a form of a page.
    pub async fn send(&self, page: &str, path: &str) -> Duration {
        let began = Instant::now();
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request.header("cookie", &self.cookie);
        let reply = request.form(&[("csrf", csrf(page))]).send().await.unwrap();
        assert_eq!(reply.status(), 303, "{path}");
        began.elapsed()
    }
}

/// The token that the forms of a page carry.
fn csrf(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a form");
    rest.split('"').next().unwrap().to_owned()
}

/// A line for the times that pages took.
pub fn tell(table: &mut Table, what: &str, times: &mut [Duration]) {
    tell_with(table, what, times, "");
}

/// The same of several pages, and which was the slowest.
pub fn tell_of(table: &mut Table, what: &str, times: &[(Duration, &str)]) {
    let slowest = times.iter().max().map_or("", |(_, path)| *path);
    let mut times: Vec<Duration> = times.iter().map(|(time, _)| *time).collect();
    tell_with(table, what, &mut times, &format!(", slowest {slowest}"));
}

fn tell_with(table: &mut Table, what: &str, times: &mut [Duration], more: &str) {
    let p99 = percentile(times, 0.99);
    table.target(
        what,
        format!(
            "p50 {:.1} ms, p99 {:.1} ms{more}",
            milliseconds(percentile(times, 0.5)),
            milliseconds(p99)
        ),
        "p99 < 50 ms",
        p99 < TARGET,
    );
}
