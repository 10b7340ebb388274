//! The what-if: a question about an incident that has not happened, and its course.

use askama::Template;
use domain::word::ContactKind;
use domain::{Span, Timestamp};

use super::form::Form;
use super::frame::{Choice, Frame, Link};
use super::time::parse_time;

/// `GET /simulate?…`, and `POST /simulate` with a change that is not saved.
///
/// Fields: `if-service` (id), `if-severity`, `if-at` (local time, empty: now), `if-hours` (1–72),
/// `if-integration` (id, empty: one that no window names; without a service it says where the alert
/// goes), `if-labels` (`name=value`, with commas),
/// `if-stop` (`answered`, `quiet`), `if-policy` (slug of a policy to try, else the service's); for
/// each answer `n`: `if-answer-{n}-user` (id, empty: none), `-message` (from 1), `-after` (minutes),
/// `-act`; for each failing provider `n`: `if-outage-{n}-channel` (empty: none), `-fault`, `-from`
/// and `-lasts` (minutes, empty: for ever). A post carries `if-draft` (`policy:{slug}`,
/// `schedule:{slug}`, `service:{slug}`, `maintenance:{id}`, `silence:{id}`; new ones without a slug
/// or id) and the fields of that form.
#[derive(Clone, Debug, Template)]
#[template(path = "simulate/page.html")]
pub struct SimulatePage {
    pub frame: Frame,
    pub form: Form,
    /// What is tried, e.g. `policy Checkout, as it stands in the form`.
    pub draft: Option<Draft>,
    pub services: Vec<Choice>,
    pub integrations: Vec<Choice>,
    pub severities: Vec<Choice>,
    pub people: Vec<Choice>,
    pub acts: Vec<Choice>,
    pub channels: Vec<Choice>,
    pub faults: Vec<Choice>,
    pub answers: Vec<AnswerRow>,
    pub outages: Vec<OutageRow>,
    pub course: Option<CourseShown>,
    /// Channels without a provider: their messages are made but go nowhere.
    pub without_provider: Vec<ContactKind>,
}

/// A change that is not saved, carried along.
#[derive(Clone, Debug)]
pub struct Draft {
    /// A sentence about what is tried.
    pub text: String,
    /// Where that form posts to: asked for a preview there, it stands as it was typed.
    pub back: String,
    /// Fields of the form it came from.
    pub fields: Vec<(String, String)>,
}

/// One answer as typed; an empty one at the end is there to be filled in.
#[derive(Clone, Debug, Default)]
pub struct AnswerRow {
    pub user: String,
    pub message: String,
    pub after: String,
    pub act: String,
}

#[derive(Clone, Debug, Default)]
pub struct OutageRow {
    pub channel: String,
    pub fault: String,
    pub from: String,
    pub lasts: String,
}

/// What would happen.
#[derive(Clone, Debug)]
pub struct CourseShown {
    pub service: Link,
    pub policy: Option<Link>,
    pub started_at: Timestamp,
    /// Who gets the first message, by what and when; `None`: nobody ever.
    pub first: Option<String>,
    pub pages: usize,
    pub messages: usize,
    /// How it ends, as a sentence.
    pub end: String,
    /// The policy reached nobody.
    pub unreachable: bool,
    pub instants: Vec<Instant>,
}

/// Everything that happens at one instant.
#[derive(Clone, Debug)]
pub struct Instant {
    pub at: Timestamp,
    /// After the alert.
    pub after: Span,
    /// `CEST`, when the clock changes on the way.
    pub clock: Option<String>,
    pub events: Vec<EventShown>,
}

#[derive(Clone, Debug)]
pub struct EventShown {
    pub icon: &'static str,
    /// Class of its colour.
    pub tone: &'static str,
    pub text: String,
    /// Why, where it is more than the sentence says.
    pub why: Option<String>,
}

impl SimulatePage {
    /// What is wrong with a row's field.
    pub fn error_of(&self, name: &str) -> super::frame::Markup {
        self.form.complaint(name)
    }

    /// `if-answer-0-user`.
    fn name(&self, what: &str, n: &usize, field: &str) -> String {
        format!("{what}-{n}-{field}")
    }

    /// Without something that is tried or an integration there is nothing to choose a service by.
    fn no_service(&self) -> &'static str {
        let tried = self.draft.is_some() || self.form.text("if-policy").is_some();
        match tried || self.form.text("if-integration").is_some() {
            true => "One that is concerned",
            false => "Choose a service",
        }
    }

    fn zone_hint(&self) -> String {
        format!("In {}; now when empty.", self.frame.zone_name())
    }

    /// What the clock does to the time that was typed, on the night it changes; else empty.
    fn clock_note(&self) -> String {
        let typed = self.form.text("if-at").unwrap_or_default();
        // An instant means one thing on any clock.
        if Timestamp::parse(typed).is_some() {
            return String::new();
        }
        let Some(at) = parse_time(typed, &self.frame.zone) else {
            return String::new();
        };
        let (shown, zone) = (self.frame.local_input(&at), self.frame.zone_name());
        let hour = typed.get(11..16).unwrap_or(typed);
        if !typed.starts_with(&shown) {
            let instead = shown.get(11..).unwrap_or(&shown);
            return format!(
                "The clock of {zone} skips {hour} that night: the alert comes at {instead}."
            );
        }
        if self.frame.local_input(&(at + Span::from_hours(1))) == shown {
            return format!(
                "The clock of {zone} shows {hour} twice that night: this is the first time."
            );
        }
        String::new()
    }

    /// Something is said of the alert besides its severity.
    fn says_more(&self) -> bool {
        let names = ["if-labels", "if-integration"];
        let said =
            |name: &&str| self.form.text(name).is_some() || !self.form.error(name).is_empty();
        names.iter().any(said)
    }

    fn is_now(&self) -> bool {
        self.form.text("if-at").is_none()
    }

    fn method(&self) -> &'static str {
        if self.draft.is_some() { "post" } else { "get" }
    }
}
