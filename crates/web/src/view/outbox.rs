//! The outbox: every message to a person or a channel, with its state and its text.

use askama::Template;
use domain::notification::Medium;
use domain::word::{ContactKind, NotificationKind, NotificationState};
use domain::{NotificationId, Timestamp};

use super::frame::{Frame, Link, Markup, Pager, Person};
use crate::picture::svg::escape;

/// `GET /outbox?state=&kind=&q=&page=`.
#[derive(Clone, Debug, Template)]
#[template(path = "outbox.html")]
pub struct OutboxPage {
    pub frame: Frame,
    pub rows: Vec<OutboxRow>,
    pub filter: OutboxFilter,
    pub pager: Pager,
    /// Channels without a provider: their messages are made but go nowhere.
    pub without_provider: Vec<ContactKind>,
}

#[derive(Clone, Debug)]
pub struct OutboxRow {
    pub id: NotificationId,
    pub kind: NotificationKind,
    pub state: NotificationState,
    pub method: Medium,
    pub person: Person,
    /// Of a post: which channel is told.
    pub channel: Option<Link>,
    pub address: String,
    /// Empty for SMS.
    pub subject: String,
    pub body: String,
    pub incident: Option<i64>,
    pub created_at: Timestamp,
    /// When it is to be sent, or tried again.
    pub next_at: Option<Timestamp>,
    pub sent_at: Option<Timestamp>,
    pub attempts: u32,
    pub last_error: Option<String>,
    /// The provider's name for it.
    pub provider_id: Option<String>,
}

impl OutboxRow {
    /// It went nowhere but here: no provider was set up. Every provider names what it takes.
    fn is_kept(&self) -> bool {
        self.state == NotificationState::Accepted && self.provider_id.is_none()
    }

    /// The text with its addresses as links: without a provider this is where pages are answered.
    fn text(&self) -> Markup {
        let mut html = String::with_capacity(self.body.len() * 2);
        for part in self.body.split_inclusive(char::is_whitespace) {
            let word = part.trim_end();
            let (shown, space) = (escape(word), &part[word.len()..]);
            let address = word.starts_with("http://") || word.starts_with("https://");
            // What others must not follow was cut off.
            if address && !word.ends_with('…') {
                html.push_str("<a rel=\"noopener noreferrer nofollow\" href=\"");
                html.push_str(&shown);
                html.push_str("\">");
                html.push_str(&shown);
                html.push_str("</a>");
            } else {
                html.push_str(&shown);
            }
            html.push_str(space);
        }
        Markup(html)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxFilter {
    pub state: Option<NotificationState>,
    pub kind: Option<NotificationKind>,
    /// Words looked for in person, address and subject.
    pub q: String,
    /// From 1; 0 reads as 1.
    pub page: u64,
}

impl OutboxFilter {
    /// Reads the query of an address; what it does not understand it leaves out.
    pub fn from_query(query: &str) -> OutboxFilter {
        let mut filter = OutboxFilter {
            page: 1,
            ..OutboxFilter::default()
        };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "state" => filter.state = value.parse().ok(),
                "kind" => filter.kind = value.parse().ok(),
                "q" => filter.q = value.trim().to_owned(),
                "page" => filter.page = value.parse().unwrap_or(1).max(1),
                _ => {}
            }
        }
        filter
    }

    /// The address with this filter and page.
    pub fn href(&self, page: u64) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(state) = self.state {
            query.append_pair("state", state.as_str());
        }
        if let Some(kind) = self.kind {
            query.append_pair("kind", kind.as_str());
        }
        if !self.q.is_empty() {
            query.append_pair("q", &self.q);
        }
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        match query.finish() {
            query if query.is_empty() => "/outbox".to_owned(),
            query => format!("/outbox?{query}"),
        }
    }
}

impl OutboxPage {
    fn states(&self) -> &'static [NotificationState] {
        NotificationState::ALL
    }

    fn kinds(&self) -> &'static [NotificationKind] {
        NotificationKind::ALL
    }

    fn incident_name(&self, number: &i64) -> String {
        super::incident::incident_name(*number)
    }
}
