//! Escalation policies: the ladder, and editing it.

use super::form::Form;
use super::frame::{Choice, ChoiceGroup, Frame, Link, Markup};
pub use super::policy_form::{PolicyForm, StepRow};
use crate::picture::Ladder;
use askama::Template;
use domain::schedule::Weekday;

/// `GET /policies`.
#[derive(Clone, Debug, Template)]
#[template(path = "policy/list.html")]
pub struct PolicyListPage {
    pub frame: Frame,
    pub rows: Vec<PolicyRow>,
}

#[derive(Clone, Debug)]
pub struct PolicyRow {
    pub name: String,
    pub slug: String,
    pub team: Option<Link>,
    pub steps: usize,
    pub repeats: u8,
    /// Names the first step would page now.
    pub first: Vec<String>,
    /// How many services use it.
    pub services: usize,
    pub warning: Option<String>,
}

/// `GET /policies/{slug}`.
#[derive(Clone, Debug, Template)]
#[template(path = "policy/page.html")]
pub struct PolicyPage {
    pub frame: Frame,
    pub name: String,
    pub slug: String,
    pub description: String,
    pub team: Option<Link>,
    /// As it would go if an incident opened now.
    pub ladder: Ladder,
    pub services: Vec<Link>,
    pub version: i64,
    pub saved_at: domain::Timestamp,
    pub warnings: Vec<String>,
}

/// `GET /policies/new`, `GET /policies/{slug}/edit`, and their posts when something is wrong or
/// only a preview was asked for. Fields: see [`PolicyForm`].
#[derive(Clone, Debug, Template)]
#[template(path = "policy/form.html")]
pub struct PolicyFormPage {
    pub frame: Frame,
    pub form: PolicyForm,
    pub slug: Option<String>,
    /// By id.
    pub teams: Vec<Choice>,
    /// People `user:{id}`, schedules `schedule:{id}`, teams `team:{id}`, channels `channel:{id}`.
    pub targets: Vec<ChoiceGroup>,
    /// IANA zones, for hours.
    pub zones: Vec<Choice>,
    pub preview: Option<Ladder>,
    /// Why it may not be saved without `save_anyway` (PAGING.md §4.10).
    pub warnings: Vec<String>,
}

impl PolicyFormPage {
    fn action(&self) -> String {
        match &self.slug {
            Some(slug) => format!("/policies/{slug}"),
            None => "/policies".to_owned(),
        }
    }

    fn days(&self) -> &'static [Weekday] {
        Weekday::ALL
    }

    fn short_day(&self, day: &Weekday) -> &'static str {
        super::schedule_layer::short_day(day)
    }

    fn hours_field(&self, m: &usize) -> String {
        format!("hours-{m}-from")
    }

    /// The summary of what is wrong.
    pub fn problems(&self) -> &Form {
        &self.form.fields
    }
}

impl Frame {
    /// One target of a step.
    pub fn target_select(&self, step: &usize, targets: &[ChoiceGroup], chosen: &str) -> Markup {
        let empty = if chosen.is_empty() {
            "Add a person, schedule, team or channel"
        } else {
            "Remove"
        };
        self.row_groups(
            &format!("step-{step}-target"),
            "Target",
            targets,
            chosen,
            empty,
        )
    }
}
