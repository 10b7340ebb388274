//! Schedules: who is on call, the calendar, overrides, and editing with a preview.

use askama::Template;
use domain::schedule::{OverrideKind, RotationUnit, Weekday};
use domain::{OverrideId, Timestamp};
use jiff::ToSpan as _;

use super::badge::icon;
use super::form::Form;
use super::frame::{Choice, Frame, Link, Markup, Person};
pub use super::schedule_form::{HoursRow, LayerRow, ScheduleForm};
use crate::picture::Calendar;

/// `GET /schedules`: one row a schedule.
#[derive(Clone, Debug, Template)]
#[template(path = "schedule/list.html")]
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

/// `GET /schedules/{slug}?from=2026-11-16&view=fortnight|month&zone=mine`.
#[derive(Clone, Debug, Template)]
#[template(path = "schedule/page.html")]
pub struct SchedulePage {
    pub frame: Frame,
    pub row: OnCallRow,
    pub description: String,
    /// In the schedule's zone, or with `zone=mine` in the viewer's.
    pub calendar: Calendar,
    /// `false`: the two-week view.
    pub month: bool,
    /// Addresses of the span before, of today, after, and of the other view.
    pub previous: String,
    pub today: String,
    pub next: String,
    pub other_view: String,
    /// The same days in the viewer's zone, or back in the schedule's; `None` when they are one.
    pub other_zone: Option<Link>,
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
#[derive(Clone, Debug, Template)]
#[template(path = "schedule/form.html")]
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

/// Names as a sentence lists them.
fn names(people: &[Person]) -> String {
    people
        .iter()
        .map(|person| person.name.as_str())
        .collect::<Vec<_>>()
        .join(" and ")
}

impl OnCallRow {
    pub fn names(&self) -> String {
        names(&self.now)
    }

    pub fn next_names(&self) -> String {
        match &self.next {
            Some((people, _)) if people.is_empty() => "nobody".to_owned(),
            Some((people, _)) => names(people),
            None => String::new(),
        }
    }
}

impl ShiftRow {
    pub fn names(&self) -> String {
        names(&self.people)
    }
}

impl SchedulePage {
    /// Which days the calendar shows: `November 2026`, `16 – 29 Nov 2026`.
    fn span_words(&self) -> String {
        let first = self.calendar.from;
        if self.month {
            return first.strftime("%B %Y").to_string();
        }
        let days = i64::from(self.calendar.days) - 1;
        let last = first.checked_add(days.days()).unwrap_or(first);
        let begins = match (first.year() == last.year(), first.month() == last.month()) {
            (true, true) => first.strftime("%-d"),
            (true, false) => first.strftime("%-d %b"),
            (false, _) => first.strftime("%-d %b %Y"),
        };
        format!("{begins} – {}", last.strftime("%-d %b %Y"))
    }

    fn zone_hint(&self) -> String {
        if self.row.zone == self.frame.zone_name() {
            format!("Times are {}.", self.row.zone)
        } else {
            format!(
                "Times are yours, {}; the schedule is in {}.",
                self.frame.zone_name(),
                self.row.zone
            )
        }
    }
}

impl ScheduleFormPage {
    fn action(&self) -> String {
        match &self.slug {
            Some(slug) => format!("/schedules/{slug}"),
            None => "/schedules".to_owned(),
        }
    }

    fn effect_hint(&self) -> String {
        format!(
            "In {}. Empty: at once. The past stays as it was.",
            self.frame.zone_name()
        )
    }

    fn units(&self) -> &'static [RotationUnit] {
        RotationUnit::ALL
    }

    fn days(&self) -> &'static [Weekday] {
        Weekday::ALL
    }

    fn short_day(&self, day: &Weekday) -> &'static str {
        match day {
            Weekday::Monday => "Mon",
            Weekday::Tuesday => "Tue",
            Weekday::Wednesday => "Wed",
            Weekday::Thursday => "Thu",
            Weekday::Friday => "Fri",
            Weekday::Saturday => "Sat",
            Weekday::Sunday => "Sun",
        }
    }

    fn hours_field(&self, m: &usize) -> String {
        format!("hours-{m}-from")
    }
}

impl Frame {
    /// What stands where nobody is on call.
    pub fn gap(&self) -> Markup {
        Markup(format!(
            "<span class=\"state tone-alarm\">{}Nobody</span>",
            icon("alert-triangle")
        ))
    }

    /// `Bo instead`, `Bo too`, `Not Bo`.
    pub fn override_words(&self, entry: &OverrideRow) -> String {
        let who = names(&entry.people);
        match (entry.kind, who.is_empty()) {
            (_, true) => "Nobody on call".to_owned(),
            (OverrideKind::Replace | OverrideKind::Swap, _) => format!("{who} instead"),
            (OverrideKind::Add, _) => format!("{who} too"),
            (OverrideKind::Remove, _) => format!("Not {who}"),
        }
    }

    /// One turn of a layer: the people, nobody, or what a file has put together.
    pub fn turn_select(&self, layer: &usize, people: &[Choice], turn: &str) -> Markup {
        let mut choices = vec![Choice::new("nobody", "Nobody")];
        choices.extend(people.iter().cloned());
        if turn.contains(['+', '/']) {
            let names = |ids: &str| {
                let names = ids.split('+').map(|id| {
                    let known = people.iter().find(|person| person.value == id);
                    known.map_or(id, |person| person.label.as_str())
                });
                names.collect::<Vec<_>>().join(" + ")
            };
            let label = match turn.split_once('/') {
                Some((users, shadows)) => {
                    format!("{} (shadow: {})", names(users), names(shadows))
                }
                None => names(turn),
            };
            choices.push(Choice::new(turn, label));
        }
        let empty = if turn.is_empty() {
            "Add a person"
        } else {
            "Remove"
        };
        self.row_select(
            &format!("layer-{layer}-turn"),
            "Turn",
            &choices,
            turn,
            empty,
        )
    }
}
