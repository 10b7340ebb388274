//! Rules by which an alert keeps others from paging.

use askama::Template;
use domain::InhibitionId;
use domain::suppression::MatchOp;

use super::form::MatcherRow;
use crate::view::alert::AlertRow;
use crate::view::form::{Form, Press};
use crate::view::frame::{Choice, Frame, Link};

/// `GET /inhibitions`.
#[derive(Clone, Debug, Template)]
#[template(path = "inhibition/list.html")]
pub struct InhibitionListPage {
    pub frame: Frame,
    /// By name.
    pub rows: Vec<InhibitionRow>,
}

/// One rule, and what it does now.
#[derive(Clone, Debug)]
pub struct InhibitionRow {
    pub id: InhibitionId,
    pub name: String,
    /// Of whose services; `None`: of all.
    pub team: Option<Link>,
    /// In a sentence.
    pub explained: String,
    /// Open alerts that inhibit others by it, at most 50.
    pub sources: Vec<AlertRow>,
    /// Open alerts that it keeps from paging, the newest.
    pub muted: Vec<AlertRow>,
    pub muted_total: usize,
}

impl InhibitionRow {
    /// Names its fields in the list's tools.
    fn remove_url(&self) -> String {
        format!("/inhibitions/{}/delete", self.id)
    }
}

/// What `POST /inhibitions` and `POST /inhibitions/{id}` send: `name`, `team` (id or empty), `equal`
/// (names with commas), and for each matcher `n` of each side `source-{n}-…` and `target-{n}-…` as
/// [`super::SuppressionForm`] has them. `do` is `save`, `add-source`, `add-target`,
/// `remove-source-{n}` or `remove-target-{n}`.
#[derive(Clone, Debug, Default)]
pub struct InhibitionForm {
    pub fields: Form,
    pub source: Vec<MatcherRow>,
    pub target: Vec<MatcherRow>,
    pub press: Option<Press>,
}

impl InhibitionForm {
    pub fn empty() -> InhibitionForm {
        InhibitionForm {
            source: vec![MatcherRow::default()],
            target: vec![MatcherRow::default()],
            ..InhibitionForm::default()
        }
    }

    pub fn from_pairs(pairs: Vec<(String, String)>) -> InhibitionForm {
        let press = pairs
            .iter()
            .find(|(name, _)| name == "do")
            .map_or(Press::Save, |(_, word)| Press::parse(word));
        InhibitionForm {
            source: MatcherRow::read_all(&pairs, "source", &press),
            target: MatcherRow::read_all(&pairs, "target", &press),
            fields: Form::from_pairs(pairs),
            press: Some(press),
        }
    }
}

/// `GET /inhibitions/new`, `GET /inhibitions/{id}/edit`.
#[derive(Clone, Debug, Template)]
#[template(path = "inhibition/form.html")]
pub struct InhibitionFormPage {
    pub frame: Frame,
    /// Of one that is edited.
    pub id: Option<InhibitionId>,
    pub form: InhibitionForm,
    pub teams: Vec<Choice>,
}

impl InhibitionFormPage {
    fn action(&self) -> String {
        match self.id {
            Some(id) => format!("/inhibitions/{id}"),
            None => "/inhibitions".to_owned(),
        }
    }

    fn ops(&self) -> &'static [MatchOp] {
        MatchOp::ALL
    }
}
