//! Somebody who uses the pages over bare HTTP: the second person in a story.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, StatusCode};
use testkit::Server;

/// A page as it came.
pub struct Page {
    pub body: String,
}

impl Page {
    /// Addresses on this site that begin so, in the page's order, each once.
    pub fn links(&self, start: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for part in self.body.split("href=\"").skip(1) {
            let link = part.split(['"', '#']).next().unwrap_or_default();
            if link.starts_with(start) && !found.iter().any(|one| one == link) {
                found.push(link.to_owned());
            }
        }
        found
    }

    /// Where the form posts to whose address ends so.
    pub fn action(&self, end: &str) -> Option<String> {
        let actions = self.body.split("action=\"").skip(1);
        let mut actions = actions.filter_map(|part| part.split('"').next());
        actions
            .find(|action| action.ends_with(end))
            .map(str::to_owned)
    }
}

/// Cookies and forms of one person.
#[derive(Clone)]
pub struct Session {
    client: Client,
    base_url: String,
    cookies: BTreeMap<String, String>,
}

impl Session {
    pub fn guest(server: &Server) -> Self {
        Self {
            client: server.client.clone(),
            base_url: server.base_url.clone(),
            cookies: BTreeMap::new(),
        }
    }

    pub async fn sign_in(server: &Server, email: &str, password: &str) -> Self {
        let mut session = Self::guest(server);
        let fields = [("email", email), ("password", password)];
        session.fill("/sign-in", "/sign-in", &fields).await;
        assert!(
            session.cookies.contains_key("qd_session"),
            "{email} is not signed in"
        );
        session
    }

    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub async fn get(&mut self, path: &str) -> Page {
        let reply = self.fetch(path).await;
        Page {
            body: reply.text().await.unwrap(),
        }
    }

    /// The answer itself, with its headers.
    pub async fn fetch(&mut self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.base_url));
        let reply = request.header(COOKIE, self.header()).send().await.unwrap();
        self.keep(&reply);
        reply
    }

    /// Posts a form of a page and follows to where it leads.
    pub async fn fill(&mut self, path: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.get(path).await;
        let token = page.body.split("name=\"csrf\" value=\"").nth(1);
        let token = token.and_then(|rest| rest.split('"').next());
        let token = token.unwrap_or_else(|| panic!("no form on {path}: {}", page.body));
        let mut fields = fields.to_vec();
        fields.push(("csrf", token));
        let request = self.client.post(format!("{}{action}", self.base_url));
        let reply = request
            .header(COOKIE, self.header())
            .form(&fields)
            .send()
            .await
            .unwrap();
        self.keep(&reply);
        let status = reply.status();
        assert_eq!(
            status,
            StatusCode::SEE_OTHER,
            "{action}: {}",
            reply.text().await.unwrap()
        );
        let next = reply.headers()[LOCATION].to_str().unwrap().to_owned();
        self.get(&next).await
    }

    fn header(&self) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn keep(&mut self, reply: &Response) {
        for cookie in reply.headers().get_all(SET_COOKIE) {
            let pair = cookie
                .to_str()
                .unwrap()
                .split(';')
                .next()
                .unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
