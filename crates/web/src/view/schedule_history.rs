//! The history of a schedule.

use askama::Template;
use domain::Timestamp;

use super::frame::{Frame, Person};
use super::schedule::names;

/// `GET /schedules/{slug}/versions`.
#[derive(Clone, Debug, Template)]
#[template(path = "schedule/history.html")]
pub struct HistoryPage {
    pub frame: Frame,
    pub name: String,
    pub slug: String,
    /// Newest first.
    pub rows: Vec<VersionRow>,
}

/// One immutable version.
#[derive(Clone, Debug)]
pub struct VersionRow {
    pub number: i64,
    /// From when it speaks, until the next one does.
    pub from: Timestamp,
    pub saved: Option<Timestamp>,
    /// `None`: the configuration file or a token.
    pub by: Option<String>,
    /// It speaks now.
    pub speaks: bool,
    /// It has yet to begin.
    pub coming: bool,
    /// A sentence each.
    pub changes: Vec<String>,
    /// Where other people are on call than under the version before, in the four weeks after it
    /// begins.
    pub others: Vec<Changed>,
    /// Such stretches that are not listed.
    pub more: usize,
}

#[derive(Clone, Debug)]
pub struct Changed {
    pub start: Timestamp,
    pub end: Timestamp,
    pub before: Vec<Person>,
    pub after: Vec<Person>,
}

impl Changed {
    /// `Ana → Bo`.
    fn words(&self) -> String {
        let who = |people: &[Person]| match people.is_empty() {
            true => "nobody".to_owned(),
            false => names(people),
        };
        format!("{} → {}", who(&self.before), who(&self.after))
    }

    fn is_gap(&self) -> bool {
        self.after.is_empty()
    }
}
