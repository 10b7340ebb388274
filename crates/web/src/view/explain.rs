//! Why somebody was paged for an incident, or was not.

use askama::Template;
use domain::Timestamp;
use domain::explain::PointKind;

use super::frame::{Choice, Frame, Link, Person};

/// `GET /incidents/{number}/why?person=`.
#[derive(Clone, Debug, Template)]
#[template(path = "explain/page.html")]
pub struct ExplainPage {
    pub frame: Frame,
    pub number: i64,
    pub title: String,
    pub people: Vec<Choice>,
    /// Whom it is about; `None`: nobody chosen so far.
    pub person: Option<Person>,
    pub answer: Option<AnswerShown>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct AnswerShown {
    pub paged: bool,
    pub verdict: String,
    pub points: Vec<PointShown>,
}

#[derive(Clone, Debug)]
pub struct PointShown {
    pub kind: PointKind,
    pub at: Option<Timestamp>,
    pub text: String,
    pub sources: Vec<Link>,
}

impl PointShown {
    fn icon(&self) -> &'static str {
        match self.kind {
            PointKind::Paged => "bell-ringing",
            PointKind::Message => "send",
            PointKind::Others => "users",
            PointKind::Skipped => "alert-triangle",
            PointKind::NotReached => "stairs",
            PointKind::Unreachable => "bell-off",
            PointKind::Fact => "info-circle",
        }
    }

    fn class(&self) -> &'static str {
        match self.kind {
            PointKind::Paged => "why-paged",
            PointKind::Skipped | PointKind::NotReached | PointKind::Unreachable => "why-missed",
            PointKind::Message | PointKind::Others | PointKind::Fact => "",
        }
    }
}

impl ExplainPage {
    fn label(&self) -> String {
        super::incident::incident_name(self.number)
    }

    fn verdict_icon(&self, paged: &bool) -> &'static str {
        if *paged { "bell-ringing" } else { "bell-off" }
    }

    fn chosen(&self, value: &str) -> bool {
        let person = self.person.as_ref();
        person.is_some_and(|person| person.id.to_string() == value)
    }
}
