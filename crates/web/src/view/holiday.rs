//! Holiday calendars: their list, one with its days and who uses it, and its form.

use askama::Template;
use jiff::civil::Date;

use super::form::Form;
use super::frame::{Frame, Link};

/// `GET /holidays`.
#[derive(Clone, Debug, Template)]
#[template(path = "holiday/list.html")]
pub struct HolidayListPage {
    pub frame: Frame,
    /// By name.
    pub rows: Vec<HolidayRow>,
}

#[derive(Clone, Debug)]
pub struct HolidayRow {
    pub name: String,
    pub slug: String,
    /// The next of its days, today among them.
    pub next: Option<DayShown>,
    /// Days from today on.
    pub ahead: usize,
    /// Schedules with a layer that uses it.
    pub schedules: Vec<Link>,
}

/// One day off as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayShown {
    pub date: Date,
    /// `Fri 25 Dec 2026`.
    pub day: String,
    /// `in 34 days`; empty for days that have passed.
    pub after: String,
    pub name: String,
}

/// A layer that uses a calendar.
#[derive(Clone, Debug)]
pub struct Use {
    pub schedule: Link,
    pub layer: String,
    /// What the days mean to it: `nobody on these days`.
    pub meaning: &'static str,
}

/// `GET /holidays/{slug}`.
#[derive(Clone, Debug, Template)]
#[template(path = "holiday/page.html")]
pub struct HolidayPage {
    pub frame: Frame,
    pub row: HolidayRow,
    pub description: String,
    /// From today on.
    pub coming: Vec<DayShown>,
    /// The newest first.
    pub passed: Vec<DayShown>,
    pub uses: Vec<Use>,
    /// Of its removal: `confirm`.
    pub form: Form,
}

/// `GET /holidays/new`, `GET /holidays/{slug}/edit`. Form: `name`, `slug` (of a new one),
/// `description`, `days` (lines of a date and a name; of a calendar that exists those from today
/// on), `file` (text of an iCalendar file whose whole days are added).
#[derive(Clone, Debug, Template)]
#[template(path = "holiday/form.html")]
pub struct HolidayFormPage {
    pub frame: Frame,
    /// Of one that is edited.
    pub slug: Option<String>,
    /// Days that have passed, and stay.
    pub passed: usize,
    pub form: Form,
}

impl HolidayFormPage {
    fn action(&self) -> String {
        match &self.slug {
            Some(slug) => format!("/holidays/{slug}"),
            None => "/holidays".to_owned(),
        }
    }

    fn days_hint(&self) -> String {
        let how = "One a line: the date, then what it is called.";
        match self.passed {
            0 => how.to_owned(),
            1 => format!("{how} One day that has passed stays as it is."),
            n => format!("{how} {n} days that have passed stay as they are."),
        }
    }
}
