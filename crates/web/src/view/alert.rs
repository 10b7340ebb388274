//! Alerts: their list, one of them, and how they stand in the lists of other pages.

use askama::Template;
use domain::word::{AlertSeverity, AlertStatus};
use domain::{AlertId, Timestamp};

use super::badge::{Tone, badge};
use super::frame::{Choice, Frame, Link, Markup, Pager};

/// One alert with what is said of it everywhere.
#[derive(Clone, Debug)]
pub struct AlertRow {
    pub id: AlertId,
    pub status: AlertStatus,
    pub severity: AlertSeverity,
    pub summary: String,
    pub source: String,
    pub service: Option<Link>,
    pub integration: String,
    pub dedup_key: String,
    pub count: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// Number of its incident, where the page is not that incident's.
    pub incident: Option<i64>,
    /// What keeps it from paging.
    pub held: Option<Held>,
    /// It comes and goes.
    pub flapping: bool,
    /// When it is over unless it is heard of again.
    pub ends_at: Option<Timestamp>,
    /// Text and address; only `http` and `https` addresses are made links.
    pub links: Vec<(String, String)>,
    /// The monitor's free fields as indented JSON, empty when there are none.
    pub details: String,
}

/// What keeps an alert from paging, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// `Suppressed by`, `Inhibited by`, `Matched by`.
    pub verb: &'static str,
    /// `the silence “Known noise”`, with its page.
    pub by: Option<Link>,
    pub until: Option<Timestamp>,
    /// How long it lasts where nobody knows: `until that is resolved`.
    pub open_end: &'static str,
}

impl AlertRow {
    pub fn href(&self) -> String {
        format!("/alerts/{}", self.id)
    }

    pub fn is_open(&self) -> bool {
        self.status == AlertStatus::Open
    }

    fn silence_url(&self) -> String {
        format!("/silences/new?alert={}", self.id)
    }

    pub fn flap_mark(&self) -> Markup {
        match self.flapping {
            true => badge(Tone::Held, "refresh", "Flapping"),
            false => Markup::default(),
        }
    }

    /// Firing alerts that page nobody are grey, not red.
    pub fn state(&self, frame: &Frame) -> Markup {
        match &self.held {
            Some(held) if self.is_open() && held.verb != MATCHED => {
                badge(Tone::Off, "bell-off", "Firing, held back")
            }
            _ => frame.alert_state(&self.status),
        }
    }
}

/// Of an alert that paged before: what rests is the escalation.
pub const MATCHED: &str = "Matched by";

/// `GET /alerts?…`.
#[derive(Clone, Debug, Template)]
#[template(path = "alert/list.html")]
pub struct AlertListPage {
    pub frame: Frame,
    pub alerts: Vec<AlertRow>,
    pub filter: AlertFilter,
    /// By slug.
    pub services: Vec<Choice>,
    pub pager: Pager,
}

/// `GET /alerts/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "alert/page.html")]
pub struct AlertPage {
    pub frame: Frame,
    pub alert: AlertRow,
    pub monitor_time: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    /// Until when nobody is told of it again, unless it keeps coming and going (PAGING.md §1.10).
    pub flaps_until: Option<Timestamp>,
    /// Component, group, class: what they are called, and what they are.
    pub facts: Vec<(&'static str, String)>,
    /// Pictures of the monitor: what they show, and their addresses.
    pub images: Vec<(String, String)>,
    /// What the monitor said first, where it says something else by now (PAGING.md §1.3).
    pub first: Option<FirstWords>,
    /// The requests of its integration.
    pub signals: Option<String>,
    /// Open alerts that it keeps from paging.
    pub mutes: Vec<AlertRow>,
}

/// What a monitor said of an alert when it opened.
#[derive(Clone, Debug)]
pub struct FirstWords {
    pub severity: AlertSeverity,
    pub summary: String,
    pub source: String,
    /// As indented JSON, empty when there are none.
    pub details: String,
}

/// The state of the list, all of it in the address:
/// `?state=open&service=checkout&suppressed=yes&flapping=yes&sort=oldest&from=…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Without one: open.
    pub state: AlertState,
    /// Slug.
    pub service: String,
    /// Only those that something keeps from paging, or only the others.
    pub suppressed: Option<bool>,
    pub flapping: bool,
    pub oldest_first: bool,
    /// Those beyond this one.
    pub from: Option<i64>,
}

/// Which alerts are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertState {
    #[default]
    Open,
    Resolved,
    All,
}

impl AlertState {
    pub fn parse(word: &str) -> AlertState {
        match word {
            "resolved" => AlertState::Resolved,
            "all" => AlertState::All,
            _ => AlertState::Open,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            AlertState::Open => "open",
            AlertState::Resolved => "resolved",
            AlertState::All => "all",
        }
    }

    pub fn status(self) -> Option<AlertStatus> {
        match self {
            AlertState::Open => Some(AlertStatus::Open),
            AlertState::Resolved => Some(AlertStatus::Resolved),
            AlertState::All => None,
        }
    }
}

impl AlertFilter {
    /// Whether it is one of the chips: open alerts with nothing else asked, held back, flapping.
    fn is_chip(&self, name: &str) -> bool {
        let mut plain = AlertFilter::default();
        match name {
            "suppressed" => plain.suppressed = Some(true),
            "flapping" => plain.flapping = true,
            "resolved" => plain.state = AlertState::Resolved,
            _ => {}
        }
        let mine = AlertFilter {
            service: String::new(),
            from: None,
            oldest_first: false,
            ..self.clone()
        };
        mine == plain
    }

    pub fn is_narrow(&self) -> bool {
        let first = AlertFilter {
            from: None,
            oldest_first: false,
            ..self.clone()
        };
        first != AlertFilter::default()
    }

    fn says(&self, name: &str, value: &str) -> bool {
        match name {
            "state" => self.state.as_str() == value,
            "service" => self.service == value,
            "suppressed" => match self.suppressed {
                None => value.is_empty(),
                Some(true) => value == "yes",
                Some(false) => value == "no",
            },
            "sort" => self.oldest_first == (value == "oldest"),
            _ => false,
        }
    }

    /// The address of the part of the list beyond `from`.
    pub fn href(&self, from: Option<AlertId>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let from = from.map(|id| id.to_string());
        for (name, value) in [
            (
                "state",
                match self.state {
                    AlertState::Open => "",
                    other => other.as_str(),
                },
            ),
            ("service", self.service.as_str()),
            (
                "suppressed",
                match self.suppressed {
                    None => "",
                    Some(true) => "yes",
                    Some(false) => "no",
                },
            ),
            ("flapping", if self.flapping { "yes" } else { "" }),
            ("sort", if self.oldest_first { "oldest" } else { "" }),
            ("from", from.as_deref().unwrap_or_default()),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        match query.finish() {
            query if query.is_empty() => "/alerts".to_owned(),
            query => format!("/alerts?{query}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_its_address() {
        let mut filter = AlertFilter::default();
        assert_eq!(filter.href(None), "/alerts");
        assert!(filter.is_chip("open") && !filter.is_narrow());
        filter.suppressed = Some(true);
        filter.service = "shop".into();
        filter.oldest_first = true;
        assert_eq!(
            filter.href(Some(AlertId(7))),
            "/alerts?service=shop&suppressed=yes&sort=oldest&from=7"
        );
        assert!(filter.is_chip("suppressed") && !filter.is_chip("open") && filter.is_narrow());
    }
}
