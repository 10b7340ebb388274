//! Services and their integrations.

mod change;
mod command;
mod file;
mod mail;
mod offer;
mod snippet;
mod vendor;

use askama::Template;
use domain::schedule::Weekday;
use domain::word::{AlertSeverity, IntegrationKind};
use domain::{IntegrationId, Timestamp};
use formats::format::{self, Format};

use super::alert::AlertRow;
use super::badge::icon;
use super::form::Form;
use super::frame::{Choice, Frame, Link, Markup};
use super::incident::IncidentRow;
use super::schedule::HoursRow;
use super::schedule_layer;
use super::signal::RequestRow;
use super::suppression::Notice;

pub use file::filled;
pub use offer::{Offer, kinds};

/// `GET /services`.
#[derive(Clone, Debug, Template)]
#[template(path = "service/list.html")]
pub struct ServiceListPage {
    pub frame: Frame,
    pub rows: Vec<ServiceRow>,
    /// The search words of `?q=`.
    pub q: String,
}

#[derive(Clone, Debug)]
pub struct ServiceRow {
    pub name: String,
    pub slug: String,
    pub team: Option<Link>,
    pub policy: Option<Link>,
    /// Names of those the first step would page now.
    pub on_call: Vec<String>,
    pub health: Health,
    pub last_signal: Option<Timestamp>,
    /// E.g. that its policy can reach nobody.
    pub warning: Option<String>,
}

/// Open incidents of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    pub triggered: u32,
    pub acknowledged: u32,
}

/// `GET /services/{slug}`.
#[derive(Clone, Debug, Template)]
#[template(path = "service/page.html")]
pub struct ServicePage {
    pub frame: Frame,
    pub service: ServiceRow,
    pub description: String,
    /// Settings in words, e.g. (`Urgency`, `by severity: critical and error are high`).
    pub settings: Vec<(String, String)>,
    pub integrations: Vec<IntegrationRow>,
    /// Open first, at most 10.
    pub incidents: Vec<IncidentRow>,
    /// Open alerts, at most 20.
    pub alerts: Vec<AlertRow>,
    /// While something keeps its alerts from paging.
    pub notices: Vec<Notice>,
    /// What could not be done to an integration.
    pub form: Form,
}

/// `GET /services/{slug}/integrations/new`, with `?q=words` or `?kind=slug`. Fields: `name`, `kind`,
/// `global` (`yes`: rules say where its signals go).
#[derive(Template)]
#[template(path = "service/add.html")]
pub struct IntegrationAddPage {
    pub frame: Frame,
    pub service: Link,
    /// Those that the words name, below the heading of their category.
    pub groups: Vec<(&'static str, Vec<Offer>)>,
    pub q: String,
    pub chosen: Option<Format>,
    /// It is to be a global one.
    pub global: bool,
    pub form: Form,
}

/// `GET /services/{slug}/integrations/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "service/integration.html")]
pub struct IntegrationPage {
    pub frame: Frame,
    pub service: Link,
    pub row: IntegrationRow,
    /// Its own address.
    pub base: String,
    /// Where mails to it go, or why there is no such address; of integrations for mail.
    pub mailbox: Option<String>,
    /// Its newest requests.
    pub heard: Vec<RequestRow>,
    /// What it told of last, if that was a change.
    pub change: Option<ChangeHeard>,
    /// Its sender asks for a proof that needs a secret, and there is none.
    pub lacks_secret: bool,
}

#[derive(Clone, Debug)]
pub struct IntegrationRow {
    pub id: IntegrationId,
    pub name: String,
    pub kind: IntegrationKind,
    /// The last four characters of the key, to tell keys apart.
    pub key_hint: String,
    pub last_signal: Option<Timestamp>,
    pub accepted: u64,
    /// Acknowledges and resolves with nothing open (PAGING.md §1.6).
    pub ignored: u64,
    pub rejected: u64,
    /// Rules say where its signals go.
    pub global: bool,
    /// The last thing that could not be understood, and when.
    pub last_error: Option<(Timestamp, String)>,
}

/// `GET /services/new` and `GET /services/{slug}/edit`. Fields: `name`, `slug` (only new, empty:
/// made from the name), `description`, `team` (id or empty), `policy` (id or empty), `urgency`
/// (`by_severity`, `high`, `low`, `support_hours`), `high_severity` (repeated), the support hours as
/// `support-hours-{m}-day` (repeated weekday; none: every day), `-from` and `-until` on the clock of
/// `support_zone` with `support_inside`, `support_outside` (`by_severity`, `high`, `low`) and
/// `support_raise` (`yes`), `grouping` (`group_key`, `fields`, `window`, `none`), `grouping_fields`
/// (names with commas), `grouping_window` (minutes), `storm_limit` (empty: never), `auto_resolve`
/// (`yes`), `reopen_window`, `ack_timeout_high`, `ack_timeout_low` (minutes; empty: off).
#[derive(Clone, Debug, Template)]
#[template(path = "service/form.html")]
pub struct ServiceFormPage {
    pub frame: Frame,
    pub form: Form,
    /// `None` for a new one.
    pub slug: Option<String>,
    /// By id.
    pub teams: Vec<Choice>,
    /// By id.
    pub policies: Vec<Choice>,
    /// The support hours, and an empty row.
    pub hours: Vec<HoursRow>,
    pub zones: Vec<Choice>,
}

impl ServiceFormPage {
    fn severities(&self) -> &'static [AlertSeverity] {
        AlertSeverity::ALL
    }

    fn days(&self) -> &'static [Weekday] {
        Weekday::ALL
    }

    fn short_day(&self, day: &Weekday) -> &'static str {
        schedule_layer::short_day(day)
    }

    fn hours_field(&self, m: &usize) -> String {
        format!("support-hours-{m}-from")
    }

    fn hours_rules(&self) -> Vec<Choice> {
        vec![
            Choice::new("by_severity", "high or low by severity"),
            Choice::new("high", "high: page until somebody answers"),
            Choice::new("low", "low: tell, do not wake"),
        ]
    }
}

/// Answer of `POST /services/{slug}/integrations` and of `…/{id}/rotate`: the key, shown once.
#[derive(Clone, Debug, Template)]
#[template(path = "service/key.html")]
pub struct IntegrationKeyPage {
    pub frame: Frame,
    pub service: Link,
    pub id: IntegrationId,
    pub name: String,
    pub kind: IntegrationKind,
    pub key: String,
    /// Our own address as clients see it, without a slash at the end.
    pub base_url: String,
    /// Of addresses of mail; `None` when no mail is taken by SMTP.
    pub mail_domain: Option<String>,
    /// Its newest requests; none unless the key is a new one of an older integration.
    pub heard: Vec<RequestRow>,
    /// What it told of last, if that was a change.
    pub change: Option<ChangeHeard>,
}

/// A change that an integration told of.
#[derive(Clone, Debug)]
pub struct ChangeHeard {
    pub at: Timestamp,
    pub summary: String,
    /// Where it stands among others.
    pub href: String,
}

impl IntegrationKeyPage {
    fn base(&self) -> String {
        format!("{}/integrations/{}", self.service.href, self.id)
    }
}

impl Health {
    fn badge(&self) -> Markup {
        let (tone, picture, words) = match (self.triggered, self.acknowledged) {
            (0, 0) => ("tone-fine", "circle-check", "No open incident".to_owned()),
            (0, held) => ("tone-held", "user-check", format!("{held} acknowledged")),
            (triggered, _) => (
                "tone-alarm",
                "bell-ringing",
                format!("{triggered} triggered"),
            ),
        };
        Markup(format!(
            "<span class=\"state {tone}\">{}{words}</span>",
            icon(picture)
        ))
    }
}

impl IntegrationRow {
    /// Whether rules can say where the fields of its signals stand.
    fn takes_mapping(&self) -> bool {
        format::of(self.kind).takes_mapping()
    }
}

impl ServicePage {
    fn rotate_url(&self, id: &IntegrationId) -> String {
        format!("/services/{}/integrations/{id}/rotate", self.service.slug)
    }
}
