//! Incidents: the list, the page, declaring, and answering by a mail link.

mod answer;
mod list;
mod page;

pub use answer::{AnswerDonePage, AnswerOutcome, AnswerPage};
pub use list::{
    BulkForm, IncidentFilter, IncidentListPage, IncidentRow, IncidentSort, StateFilter,
};
pub use page::*;

use askama::Template;

use super::form::Form;
use super::frame::{Choice, Frame};

/// `GET /incidents/new`; posts to `/incidents`. Fields: `title`, `service` (slug or empty),
/// `severity` (`SEV1`…`SEV5` or empty), `urgency` (`high`, `low`), `description` (Markdown),
/// `command` (`yes` when the declarer takes command at once).
#[derive(Clone, Debug, Template)]
#[template(path = "incident/declare.html")]
pub struct DeclarePage {
    pub frame: Frame,
    pub form: Form,
    pub services: Vec<Choice>,
}

/// People's name of an incident: `INC-0042`.
pub fn incident_name(number: i64) -> String {
    format!("INC-{number:04}")
}
