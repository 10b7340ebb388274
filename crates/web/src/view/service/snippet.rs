//! What to copy into a sender, with the key filled in.

use domain::word::IntegrationKind;

use super::{IntegrationKeyPage, mail, vendor};
use crate::view::frame::Link;

/// A piece of configuration or a command to copy, with the key filled in; or, without any code,
/// something to know.
pub(super) struct Snippet {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) text: String,
    pub(super) code: String,
    pub(super) beside: Option<Beside>,
}

/// What belongs to a snippet and stands elsewhere.
#[derive(Clone, Copy)]
pub(super) enum Beside {
    /// A setting of the integration, by its label.
    Setting(&'static str),
    /// A file of [`super::file`].
    File(&'static str),
}

impl Snippet {
    pub(super) fn new(
        id: &'static str,
        title: &'static str,
        text: impl Into<String>,
        code: impl Into<String>,
    ) -> Snippet {
        Snippet {
            id,
            title,
            text: text.into(),
            code: code.into(),
            beside: None,
        }
    }

    pub(super) fn beside(self, what: Beside) -> Snippet {
        Snippet {
            beside: Some(what),
            ..self
        }
    }
}

impl IntegrationKeyPage {
    pub(super) fn first_hint(&self) -> &'static str {
        match self.kind {
            IntegrationKind::PagerDuty => {
                "Anything that speaks PagerDuty Events v2 works: change the host name, keep the rest."
            }
            IntegrationKind::Alertmanager => "Alertmanager posts its groups to us.",
            IntegrationKind::Generic => "Any program that can post JSON can page.",
            IntegrationKind::Email => "Whatever can send a mail can page.",
            kind => vendor::hint(kind),
        }
    }

    /// The way to what stands beside a snippet.
    pub(super) fn way(&self, beside: &Beside) -> Link {
        match beside {
            Beside::Setting(label) => Link {
                label: (*label).to_owned(),
                href: format!("{}/settings", self.base()),
            },
            Beside::File(name) => Link {
                label: format!("Download {name}"),
                href: format!("/downloads/{name}"),
            },
        }
    }

    pub(super) fn snippets(&self) -> Vec<Snippet> {
        let (base, key) = (&self.base_url, &self.key);
        match self.kind {
            IntegrationKind::PagerDuty => vec![
                Snippet::new(
                    "curl",
                    "curl",
                    "Opens an incident, or joins the open one with the same key.",
                    format!(
                        "curl -sS {base}/v2/enqueue -H 'content-type: application/json' -d '{{\n  \
                         \"routing_key\": \"{key}\",\n  \"event_action\": \"trigger\",\n  \
                         \"dedup_key\": \"disk-full-web-1\",\n  \"payload\": {{\n    \
                         \"summary\": \"Disk full on web-1\",\n    \"source\": \"web-1\",\n    \
                         \"severity\": \"critical\"\n  }}\n}}'"
                    ),
                ),
                Snippet::new(
                    "resolve",
                    "curl, when it is over",
                    "",
                    format!(
                        "curl -sS {base}/v2/enqueue -H 'content-type: application/json' -d \
                         '{{\"routing_key\": \"{key}\", \"event_action\": \"resolve\", \"dedup_key\": \"disk-full-web-1\"}}'"
                    ),
                ),
                Snippet::new(
                    "client",
                    "A PagerDuty client",
                    "Give it our address as the events URL and this key as the routing key.",
                    format!("events_url:  {base}/v2/enqueue\nrouting_key: {key}"),
                ),
                Snippet::new(
                    "alertmanager-pd",
                    "Alertmanager's pagerduty_configs",
                    "",
                    format!(
                        "receivers:\n  - name: quarterdeck\n    pagerduty_configs:\n      - url: {base}/v2/enqueue\n        routing_key: {key}"
                    ),
                ),
            ],
            IntegrationKind::Alertmanager => vec![
                Snippet::new(
                    "alertmanager",
                    "alertmanager.yml",
                    "Groups of Alertmanager become incidents.",
                    format!(
                        "route:\n  receiver: quarterdeck\n  group_by: [alertname, cluster, service]\n  group_wait: 10s\nreceivers:\n  - name: quarterdeck\n    webhook_configs:\n      - url: {base}/integrations/{key}/alertmanager\n        send_resolved: true"
                    ),
                ),
                Snippet::new(
                    "curl",
                    "curl, to try it",
                    "",
                    format!(
                        "curl -sS {base}/integrations/{key}/alertmanager -H 'content-type: application/json' -d '{{\n  \
                         \"version\": \"4\", \"groupKey\": \"try\", \"status\": \"firing\", \"receiver\": \"quarterdeck\",\n  \
                         \"groupLabels\": {{}}, \"commonLabels\": {{}}, \"commonAnnotations\": {{}}, \"externalURL\": \"\",\n  \
                         \"alerts\": [{{\n    \"status\": \"firing\", \"fingerprint\": \"try-1\",\n    \
                         \"labels\": {{\"alertname\": \"Try\", \"severity\": \"critical\"}},\n    \
                         \"annotations\": {{\"summary\": \"A first alert\"}},\n    \
                         \"startsAt\": \"2026-01-01T00:00:00Z\", \"endsAt\": \"0001-01-01T00:00:00Z\"\n  }}]\n}}'"
                    ),
                ),
            ],
            IntegrationKind::Generic => vec![
                Snippet::new(
                    "curl",
                    "curl",
                    "Opens an incident, or joins the open one with the same key.",
                    format!(
                        "curl -sS {base}/integrations/{key}/events -H 'content-type: application/json' -d '{{\n  \
                         \"action\": \"trigger\",\n  \"dedup_key\": \"disk-full-web-1\",\n  \
                         \"summary\": \"Disk full on web-1\",\n  \"severity\": \"critical\",\n  \
                         \"source\": \"web-1\"\n}}'"
                    ),
                ),
                Snippet::new(
                    "resolve",
                    "curl, when it is over",
                    "",
                    format!(
                        "curl -sS {base}/integrations/{key}/events -H 'content-type: application/json' -d \
                         '{{\"action\": \"resolve\", \"dedup_key\": \"disk-full-web-1\"}}'"
                    ),
                ),
            ],
            IntegrationKind::Email => mail::snippets(base, key, self.mail_domain.as_deref()),
            kind => vendor::snippets(kind, base, key),
        }
    }
}
