//! What the owner of an integration has chosen about how its requests are read.

use askama::Template;
use domain::IntegrationId;
use domain::word::IntegrationKind;
use formats::format::Format;
use formats::severity;

use super::form::Form;
use super::frame::{Choice, Frame, Link};

/// `GET /services/{slug}/integrations/{id}/settings`. Fields: `secret` (empty: as it is),
/// `secret_off` (`yes`), `severity` (empty: as usual), `severity_words` (a word and a severity on each
/// line: `page = warning`); of mails `mail_dedup` (a word of
/// `MailDedup`), `mail_dedup_pattern`, `mail_resolve_subject`, `mail_resolve_body` (patterns; empty:
/// none); `identity_labels` (separated by commas), `on_silence` (a word of `OnSilence`),
/// `resolve_after` (minutes; empty: never), `insufficient_data` (a word of `NoData`), `rate_limit` (a
/// number; empty: the installation's).
#[derive(Clone, Template)]
#[template(path = "integration/settings.html")]
pub struct IntegrationSettingsPage {
    pub frame: Frame,
    pub service: Link,
    pub id: IntegrationId,
    pub name: String,
    pub format: Format,
    pub secret_set: bool,
    pub severities: Vec<Choice>,
    /// How mails can be told apart.
    pub ways: Vec<Choice>,
    /// What the end of an alert may mean.
    pub silences: Vec<Choice>,
    /// What it may mean that there is no data.
    pub blanks: Vec<Choice>,
    /// Requests a minute, where the integration says nothing; 0: as many as come.
    pub rate_limit: u32,
    pub form: Form,
}

impl IntegrationSettingsPage {
    /// Whether its sender wants a proof that it gives the secret for.
    fn is_asked(&self) -> bool {
        self.format.kind == IntegrationKind::Netdata
    }

    /// What is assumed where nothing is sent.
    fn severity_hint(&self) -> &'static str {
        match self.format.kind {
            IntegrationKind::Prometheus | IntegrationKind::Alertmanager => {
                "Not chosen: warning without the label, critical for an unknown word"
            }
            IntegrationKind::Grafana => "Not chosen: warning without the label, critical otherwise",
            IntegrationKind::Opsgenie => "Not chosen: that of P3",
            _ => "Not chosen: critical",
        }
    }

    /// What the sender's words mean as long as nothing else is said.
    fn words_hint(&self) -> String {
        let usual: Vec<String> = (severity::usual(self.format.kind).iter())
            .map(|(severity, words)| format!("{} = {severity}", words.join(", ")))
            .collect();
        format!(
            "A word of the monitor and a severity on each line, such as {}. Letters may be large or \
             small. What does not stand here means what it usually does: {}.",
            self.example(),
            usual.join("; ")
        )
    }

    /// A line that lowers the first usual word.
    fn example(&self) -> String {
        let first = (severity::usual(self.format.kind).iter())
            .find_map(|(_, words)| words.first())
            .unwrap_or(&"page");
        format!("{first} = warning")
    }

    fn expiry_hint(&self) -> String {
        let never = match self.format.kind {
            IntegrationKind::Splunk => "Splunk never says that something is over. ",
            IntegrationKind::Azure => {
                "Azure never resolves alerts of the activity log, and some of logs. "
            }
            IntegrationKind::Email => "Without a rule above no mail resolves. ",
            _ => "For what its sender never resolves. ",
        };
        format!(
            "{never}Counted from the last trigger of an alert: 60 is an hour, 1440 a day. Empty: \
             alerts stay open until somebody resolves them."
        )
    }

    fn rate_hint(&self) -> String {
        let usual = match self.rate_limit {
            0 => "as many as come".to_owned(),
            rate => rate.to_string(),
        };
        format!("Empty: as the installation has it, {usual}. 0: as many as come.")
    }
}
