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
use super::frame::{Choice, ChoiceGroup, Frame, Markup};

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

/// `GET /page?who=user:3`; posts to `/page`. Fields: `target` (repeated: `user:{id}`,
/// `schedule:{id}`, `team:{id}`, or empty), `message`, `service` (slug or empty).
#[derive(Clone, Debug, Template)]
#[template(path = "incident/ask.html")]
pub struct PageSomebodyPage {
    pub frame: Frame,
    pub form: Form,
    pub targets: Vec<ChoiceGroup>,
    pub services: Vec<Choice>,
    /// What was chosen already.
    pub chosen: Vec<String>,
}

impl PageSomebodyPage {
    fn target(&self, chosen: &str) -> Markup {
        let empty = match chosen {
            "" => "Choose a person, schedule or team",
            _ => "Remove",
        };
        self.frame
            .row_groups("target", "Whom", &self.targets, chosen, empty)
    }
}

/// People's name of an incident: `INC-0042`.
pub fn incident_name(number: i64) -> String {
    format!("INC-{number:04}")
}
