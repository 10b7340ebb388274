//! Schedules: who is on call, the calendar, overrides, and editing with a preview.

use domain::schedule::OverrideKind;
use domain::{OverrideId, Timestamp};

use super::form::Form;
use super::frame::{Choice, Frame, Link, Person};
pub use super::schedule_form::{HoursRow, LayerRow, ScheduleForm};
use crate::picture::Calendar;

/// `GET /schedules`: one row a schedule.
#[derive(Clone, Debug)]
pub struct ScheduleListPage {
    pub frame: Frame,
    pub rows: Vec<OnCallRow>,
}

/// Who holds the watch of one schedule: now, until when, next.
#[derive(Clone, Debug)]
pub struct OnCallRow {
    pub name: String,
    pub slug: String,
    pub team: Option<Link>,
    /// IANA name.
    pub zone: String,
    /// Empty is a gap, and shown in alarm colour.
    pub now: Vec<Person>,
    /// `None`: for ever, or as far as was looked.
    pub until: Option<Timestamp>,
    /// Who is next and from when.
    pub next: Option<(Vec<Person>, Timestamp)>,
    /// The next gap within 30 days.
    pub next_gap: Option<(Timestamp, Timestamp)>,
    /// The viewer is on call now.
    pub mine: bool,
}

/// `GET /schedules/{slug}?from=2026-11-16&view=fortnight|month`.
#[derive(Clone, Debug)]
pub struct SchedulePage {
    pub frame: Frame,
    pub row: OnCallRow,
    pub description: String,
    /// In the schedule's zone.
    pub calendar: Calendar,
    /// `false`: the two-week view.
    pub month: bool,
    /// Addresses of the span before, of today, after, and of the other view.
    pub previous: String,
    pub today: String,
    pub next: String,
    pub other_view: String,
    /// The coming shifts, at most 10.
    pub shifts: Vec<ShiftRow>,
    /// Overrides that have not ended, soonest first.
    pub overrides: Vec<OverrideRow>,
    /// Form of a new override: `kind` (`replace`, `add`, `remove`), `user` (id, repeated),
    /// `start`, `end` (see [`super::time::parse_time`]; local times are in the viewer's zone).
    pub form: Form,
    /// Everybody who can be on call, by id.
    pub people: Vec<Choice>,
    /// Policies that page this schedule.
    pub used_by: Vec<Link>,
}

#[derive(Clone, Debug)]
pub struct ShiftRow {
    pub people: Vec<Person>,
    pub start: Timestamp,
    pub end: Timestamp,
    /// `Layer Weekdays`, `Override by Ana`.
    pub source: String,
    /// The viewer holds it.
    pub mine: bool,
}

#[derive(Clone, Debug)]
pub struct OverrideRow {
    pub id: OverrideId,
    pub kind: OverrideKind,
    pub people: Vec<Person>,
    pub start: Timestamp,
    pub end: Timestamp,
    /// `None`: the configuration file.
    pub by: Option<String>,
}

/// `GET /schedules/new`, `GET /schedules/{slug}/edit`, and their posts when something is wrong or
/// only a preview was asked for. Fields: see [`ScheduleForm`].
#[derive(Clone, Debug)]
pub struct ScheduleFormPage {
    pub frame: Frame,
    pub form: ScheduleForm,
    /// `None` for a new one.
    pub slug: Option<String>,
    pub zones: Vec<Choice>,
    /// By id.
    pub teams: Vec<Choice>,
    /// By id.
    pub people: Vec<Choice>,
    /// The next weeks as they would be; `None` while the form does not hold together.
    pub preview: Option<Calendar>,
}
