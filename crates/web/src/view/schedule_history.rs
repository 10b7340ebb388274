//! The history of a schedule.

use askama::Template;
use domain::Timestamp;

use super::frame::Frame;
pub use super::schedule_difference::{Changed, Difference};

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
    pub others: Option<Difference>,
}
