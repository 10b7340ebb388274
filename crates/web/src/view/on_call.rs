//! Who is on call: for everything at any time, and one person's own shifts.

use askama::Template;
use domain::{Span, Timestamp};

use super::frame::{Choice, Frame, Person};
use super::schedule::{OnCallRow, names};
use crate::picture::Calendar;

/// `GET /on-call?q=&team=&at=`: one row a schedule, on one page.
#[derive(Clone, Debug, Template)]
#[template(path = "on_call/list.html")]
pub struct OnCallPage {
    pub frame: Frame,
    /// Gaps first, then by name.
    pub rows: Vec<OnCallRow>,
    /// Schedules there are in all.
    pub total: usize,
    /// How many of the rows have nobody.
    pub gaps: usize,
    pub q: String,
    /// By slug.
    pub teams: Vec<Choice>,
    pub team: String,
    /// The moment that is shown, as it was typed; empty for now.
    pub at: String,
    /// The moment that is shown.
    pub moment: Timestamp,
    /// What was typed is no time.
    pub misread: bool,
    /// A sentence, where the clocks skip what was typed.
    pub moved: Option<String>,
}

impl OnCallPage {
    fn is_narrow(&self) -> bool {
        !self.q.is_empty() || !self.team.is_empty()
    }
}

/// `GET /on-call/mine`: the viewer's shifts of the next four weeks in all schedules.
#[derive(Clone, Debug, Template)]
#[template(path = "on_call/mine.html")]
pub struct MyShiftsPage {
    pub frame: Frame,
    /// One row a schedule.
    pub calendar: Calendar,
    pub shifts: Vec<MyShift>,
    /// Time on call in these weeks; twice at once counts once.
    pub total: Span,
    /// Of it, between 22:00 and 08:00.
    pub nights: Span,
}

/// A shift of the viewer.
#[derive(Clone, Debug)]
pub struct MyShift {
    pub schedule: String,
    pub slug: String,
    pub start: Timestamp,
    pub end: Timestamp,
    /// It runs now.
    pub now: bool,
    /// Others on call with the viewer.
    pub with: Vec<Person>,
    /// A pause shorter than the rest one should have lies before it.
    pub short_rest: Option<Span>,
}

impl MyShift {
    fn with_words(&self) -> String {
        match self.with.is_empty() {
            true => String::new(),
            false => format!("with {}", names(&self.with)),
        }
    }
}
