//! Settings of the installation: last resort, API tokens, providers.

use askama::Template;
use domain::word::AccountRole;
use domain::{Timestamp, TokenId};

use super::badge::icon;
use super::form::Form;
use super::frame::{ChoiceGroup, Frame, Markup};

/// `GET /settings`, and the answer of `POST /settings/tokens` with the token shown once.
#[derive(Clone, Debug, Template)]
#[template(path = "settings.html")]
pub struct SettingsPage {
    pub frame: Frame,
    /// Chosen last-resort targets: values as in `targets`.
    pub last_resort: Vec<String>,
    /// `user:{id}`, `schedule:{id}`, `team:{id}`.
    pub targets: Vec<ChoiceGroup>,
    pub tokens: Vec<TokenRow>,
    /// The token just made, shown once.
    pub new_token: Option<String>,
    pub providers: Vec<ProviderRow>,
    /// What runs here: (`Version`, `0.1.0`), (`Database`, `SQLite …`).
    pub facts: Vec<(String, String)>,
    /// What was typed when a form was refused; `form.get("form")`: `last_resort`, `token`.
    pub form: Form,
}

#[derive(Clone, Debug)]
pub struct TokenRow {
    pub id: TokenId,
    pub name: String,
    pub role: AccountRole,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct ProviderRow {
    /// `Email (SMTP)`, `SMS (Twilio API)`.
    pub name: String,
    /// Where it sends to; `None` when not configured.
    pub target: Option<String>,
    pub last_success: Option<Timestamp>,
    pub last_failure: Option<(Timestamp, String)>,
    /// How to configure it.
    pub hint: String,
}

impl SettingsPage {
    fn revoke_url(&self, id: &TokenId) -> String {
        format!("/settings/tokens/{id}/revoke")
    }

    fn provider_state(&self, row: &ProviderRow) -> Markup {
        let newest_failed = match (&row.last_failure, row.last_success) {
            (Some((failed, _)), Some(worked)) => *failed > worked,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let (tone, picture, word) = match (&row.target, newest_failed) {
            (None, _) => ("tone-off", "circle-dashed", "Not configured"),
            (Some(_), true) => ("tone-alarm", "circle-x", "Failing"),
            (Some(_), false) => ("tone-fine", "circle-check", "Configured"),
        };
        Markup(format!(
            "<span class=\"state {tone}\">{}{word}</span>",
            icon(picture)
        ))
    }
}
