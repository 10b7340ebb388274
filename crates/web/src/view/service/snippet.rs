//! What to copy into a sender, with the key filled in.

use domain::word::IntegrationKind;

use super::{IntegrationKeyPage, mail, vendor};

/// A piece of configuration or a command to copy, with the key filled in.
pub(super) struct Snippet {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) text: String,
    pub(super) code: String,
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

    pub(super) fn snippets(&self) -> Vec<Snippet> {
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
            IntegrationKind::Email => mail::snippets(base, key, self.mail_domain.as_deref()),
            kind => vendor::snippets(kind, base, key),
        }
    }
}
