//! How duty was shared, or will be (PAGING.md §5.6).

use askama::Template;
use domain::Span;
use domain::schedule::DutyTime;

use super::form::Form;
use super::frame::{Choice, Frame, Person};
use crate::picture::{LoadChart, load::hours};

/// `GET /on-call/report?schedule=&team=&from=&until=`, and `/on-call/report.csv` with the same.
#[derive(Clone, Debug, Template)]
#[template(path = "on_call/report.html")]
pub struct ReportPage {
    pub frame: Frame,
    /// Most time first.
    pub rows: Vec<ReportRow>,
    pub chart: LoadChart,
    /// By slug.
    pub schedules: Vec<Choice>,
    /// By slug.
    pub teams: Vec<Choice>,
    /// `schedule`, `team`, `from`, `until` (dates; the last one is in it) as typed, and what is
    /// wrong with them.
    pub form: Form,
    /// Addresses of the span before, the span after, and the file.
    pub previous: String,
    pub next: String,
    pub csv: String,
}

#[derive(Clone, Debug)]
pub struct ReportRow {
    pub person: Person,
    pub shifts: usize,
    pub time: DutyTime,
    /// How much more (or less) than an equal share, in per cent.
    pub against_share: i64,
    /// Pauses of less than eleven hours.
    pub short_rests: usize,
    pub pages: i64,
    pub urgent_pages: i64,
}

impl ReportRow {
    fn hours(&self, span: Span) -> String {
        hours(span)
    }

    /// `+12 %`, `−8 %`, `even`.
    fn against_words(&self) -> String {
        match self.against_share {
            0 => "even".to_owned(),
            more @ 1.. => format!("+{more} %"),
            less => format!("−{} %", less.unsigned_abs()),
        }
    }

    /// Far enough from the others to be talked about.
    fn is_uneven(&self) -> bool {
        self.against_share.unsigned_abs() > 25
    }
}
