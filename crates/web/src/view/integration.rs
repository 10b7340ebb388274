//! What the owner of an integration has chosen about how its requests are read.

use askama::Template;
use domain::IntegrationId;
use formats::format::Format;

use super::form::Form;
use super::frame::{Choice, Frame, Link};

/// `GET /services/{slug}/integrations/{id}/settings`. Fields: `secret` (empty: as it is),
/// `secret_off` (`yes`), `severity` (empty: critical); of mails `mail_dedup` (a word of
/// `MailDedup`), `mail_dedup_pattern`, `mail_resolve_subject`, `mail_resolve_body` (patterns; empty:
/// none).
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
    pub form: Form,
}
