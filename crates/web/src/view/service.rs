//! Services and their integrations.

use askama::Template;
use domain::word::{AlertSeverity, AlertStatus, IntegrationKind};
use domain::{IntegrationId, Timestamp};

use super::badge::icon;
use super::form::Form;
use super::frame::{Choice, Frame, Link, Markup};
use super::incident::{AlertRow, IncidentRow};

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
    /// Form of a new integration: `name`, `kind`.
    pub form: Form,
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
    /// The last thing that could not be understood, and when.
    pub last_error: Option<(Timestamp, String)>,
}

/// `GET /services/new` and `GET /services/{slug}/edit`. Fields: `name`, `slug` (only new, empty:
/// made from the name), `description`, `team` (id or empty), `policy` (id or empty), `urgency`
/// (`by_severity`, `high`, `low`), `grouping` (`group_key`, `none`), `auto_resolve` (`yes`),
/// `reopen_window`, `ack_timeout_high`, `ack_timeout_low` (minutes; empty: off).
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
}

/// Severity and state of an alert as the tables of a page show them together.
impl AlertRow {
    pub fn is_open(&self) -> bool {
        self.status == AlertStatus::Open
    }

    pub fn is_grave(&self) -> bool {
        matches!(
            self.severity,
            AlertSeverity::Critical | AlertSeverity::Error
        )
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

impl ServicePage {
    fn rotate_url(&self, id: &IntegrationId) -> String {
        format!("/services/{}/integrations/{id}/rotate", self.service.slug)
    }

    fn kinds(&self) -> &'static [IntegrationKind] {
        IntegrationKind::ALL
    }
}

/// A piece of configuration or a command to copy, with the key filled in.
struct Snippet {
    id: &'static str,
    title: &'static str,
    text: String,
    code: String,
}

impl IntegrationKeyPage {
    fn first_hint(&self) -> &'static str {
        match self.kind {
            IntegrationKind::PagerDuty => {
                "Anything that speaks PagerDuty Events v2 works: change the host name, keep the rest."
            }
            IntegrationKind::Alertmanager => "Alertmanager posts its groups to us.",
            IntegrationKind::Generic => "Any program that can post JSON can page.",
        }
    }

    fn snippets(&self) -> Vec<Snippet> {
        let (base, key) = (&self.base_url, &self.key);
        match self.kind {
            IntegrationKind::PagerDuty => vec![
                Snippet {
                    id: "curl",
                    title: "curl",
                    text: "Opens an incident, or joins the open one with the same key.".to_owned(),
                    code: format!(
                        "curl -sS {base}/v2/enqueue -H 'content-type: application/json' -d '{{\n  \
                         \"routing_key\": \"{key}\",\n  \"event_action\": \"trigger\",\n  \
                         \"dedup_key\": \"disk-full-web-1\",\n  \"payload\": {{\n    \
                         \"summary\": \"Disk full on web-1\",\n    \"source\": \"web-1\",\n    \
                         \"severity\": \"critical\"\n  }}\n}}'"
                    ),
                },
                Snippet {
                    id: "resolve",
                    title: "curl, when it is over",
                    text: String::new(),
                    code: format!(
                        "curl -sS {base}/v2/enqueue -H 'content-type: application/json' -d \
                         '{{\"routing_key\": \"{key}\", \"event_action\": \"resolve\", \"dedup_key\": \"disk-full-web-1\"}}'"
                    ),
                },
                Snippet {
                    id: "client",
                    title: "A PagerDuty client",
                    text: "Give it our address as the events URL and this key as the routing key."
                        .to_owned(),
                    code: format!("events_url:  {base}/v2/enqueue\nrouting_key: {key}"),
                },
                Snippet {
                    id: "alertmanager-pd",
                    title: "Alertmanager's pagerduty_configs",
                    text: String::new(),
                    code: format!(
                        "receivers:\n  - name: quarterdeck\n    pagerduty_configs:\n      - url: {base}/v2/enqueue\n        routing_key: {key}"
                    ),
                },
            ],
            IntegrationKind::Alertmanager => vec![
                Snippet {
                    id: "alertmanager",
                    title: "alertmanager.yml",
                    text: "Groups of Alertmanager become incidents.".to_owned(),
                    code: format!(
                        "route:\n  receiver: quarterdeck\n  group_by: [alertname, cluster, service]\n  group_wait: 10s\nreceivers:\n  - name: quarterdeck\n    webhook_configs:\n      - url: {base}/integrations/{key}/alertmanager\n        send_resolved: true"
                    ),
                },
                Snippet {
                    id: "curl",
                    title: "curl, to try it",
                    text: String::new(),
                    code: format!(
                        "curl -sS {base}/integrations/{key}/alertmanager -H 'content-type: application/json' -d '{{\n  \
                         \"version\": \"4\", \"groupKey\": \"try\", \"status\": \"firing\", \"receiver\": \"quarterdeck\",\n  \
                         \"groupLabels\": {{}}, \"commonLabels\": {{}}, \"commonAnnotations\": {{}}, \"externalURL\": \"\",\n  \
                         \"alerts\": [{{\n    \"status\": \"firing\", \"fingerprint\": \"try-1\",\n    \
                         \"labels\": {{\"alertname\": \"Try\", \"severity\": \"critical\"}},\n    \
                         \"annotations\": {{\"summary\": \"A first alert\"}},\n    \
                         \"startsAt\": \"2026-01-01T00:00:00Z\", \"endsAt\": \"0001-01-01T00:00:00Z\"\n  }}]\n}}'"
                    ),
                },
            ],
            IntegrationKind::Generic => vec![
                Snippet {
                    id: "curl",
                    title: "curl",
                    text: "Opens an incident, or joins the open one with the same key.".to_owned(),
                    code: format!(
                        "curl -sS {base}/integrations/{key}/events -H 'content-type: application/json' -d '{{\n  \
                         \"action\": \"trigger\",\n  \"dedup_key\": \"disk-full-web-1\",\n  \
                         \"summary\": \"Disk full on web-1\",\n  \"severity\": \"critical\",\n  \
                         \"source\": \"web-1\"\n}}'"
                    ),
                },
                Snippet {
                    id: "resolve",
                    title: "curl, when it is over",
                    text: String::new(),
                    code: format!(
                        "curl -sS {base}/integrations/{key}/events -H 'content-type: application/json' -d \
                         '{{\"action\": \"resolve\", \"dedup_key\": \"disk-full-web-1\"}}'"
                    ),
                },
            ],
        }
    }
}
