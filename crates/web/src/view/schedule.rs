//! Schedules: who is on call, the calendar, overrides, and editing with a preview.

use askama::Template;
use domain::schedule::{OverrideKind, RotationUnit, Weekday};
use domain::{OverrideId, TemporaryId, Timestamp};
use jiff::ToSpan as _;

use super::badge::icon;
use super::form::Form;
use super::frame::{Choice, Frame, Link, Markup, Person};
use super::schedule_difference::Difference;
pub use super::schedule_form::{HoursRow, LayerRow, ScheduleForm, TurnRow};
use crate::picture::Calendar;

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

/// How many days a calendar shows at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    Day,
    #[default]
    Fortnight,
    Month,
}

impl View {
    pub const ALL: [View; 3] = [View::Day, View::Fortnight, View::Month];

    /// Reads `?view=`; what cannot be read is two weeks.
    pub fn parse(word: &str) -> View {
        let known = View::ALL.into_iter().find(|view| view.as_str() == word);
        known.unwrap_or_default()
    }

    pub fn as_str(self) -> &'static str {
        match self {
            View::Day => "day",
            View::Fortnight => "fortnight",
            View::Month => "month",
        }
    }

    fn label(self) -> &'static str {
        match self {
            View::Day => "Day",
            View::Fortnight => "Two weeks",
            View::Month => "Month",
        }
    }
}

/// `GET /schedules/{slug}?from=2026-11-16&view=day|fortnight|month&zone=&version=`: `zone` is
/// `mine`, an IANA name, or the schedule's when it is absent.
#[derive(Clone, Debug, Template)]
#[template(path = "schedule/page.html")]
pub struct SchedulePage {
    pub frame: Frame,
    pub row: OnCallRow,
    pub description: String,
    pub calendar: Calendar,
    pub view: View,
    /// The first day as `?from=` names it; empty while the page moves on with the days.
    pub from: String,
    /// The zone as `?zone=` names it; empty for the schedule's.
    pub zone: String,
    /// Every zone, the schedule's and the viewer's first.
    pub zones: Vec<Choice>,
    /// Addresses of the span before, of today and after.
    pub previous: String,
    pub today: String,
    pub next: String,
    /// The same days in every view.
    pub views: Vec<(View, String)>,
    /// The calendar shows who would be on call had this version always spoken.
    pub version: Option<i64>,
    /// The coming shifts, at most 10.
    pub shifts: Vec<ShiftRow>,
    /// Overrides that have not ended, soonest first.
    pub overrides: Vec<OverrideRow>,
    /// Spans filled by hand that have not ended, soonest first.
    pub temporaries: Vec<TemporaryRow>,
    /// Imported calendars that cannot be read at present: name and why.
    pub unread: Vec<(String, String)>,
    /// Policies that page this schedule.
    pub used_by: Vec<Link>,
    /// The channel that is told of hand-offs.
    pub hand_offs: Option<Link>,
    /// Form of it: `channel` (id or empty).
    pub hand_off_form: Form,
    /// Channels by id.
    pub channels: Vec<Choice>,
}

/// `GET /schedules/{slug}/override?start=&end=&kind=`, and its post when it is refused: a stretch of
/// the calendar, and who is to be on call in it.
#[derive(Clone, Debug, Template)]
#[template(path = "schedule/override.html")]
pub struct OverridePage {
    pub frame: Frame,
    pub name: String,
    pub slug: String,
    /// The schedule's zone.
    pub zone: String,
    /// `kind` (`replace`, `add`, `remove`), `user` (id, repeated), `start`, `end` (see
    /// [`super::time::parse_time`]; local times are in the viewer's zone).
    pub form: Form,
    /// Who is planned in the stretch as it is.
    pub planned: Vec<ShiftRow>,
    /// Stretches of it in which nobody is.
    pub gaps: Vec<(Timestamp, Timestamp)>,
    /// The people of the schedule, the viewer first: one press is enough.
    pub near: Vec<Choice>,
    /// Everybody who can be on call, by id.
    pub people: Vec<Choice>,
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
    /// Who follows to learn; never relied on.
    pub shadows: Vec<Person>,
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

/// A span filled by hand.
#[derive(Clone, Debug)]
pub struct TemporaryRow {
    pub id: TemporaryId,
    /// Everybody in it, in the order in which their shifts begin.
    pub people: Vec<Person>,
    pub start: Timestamp,
    pub end: Timestamp,
    /// `None`: the command line or a token.
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
    /// What holidays can mean to a layer: `skip:{slug}` and `only:{slug}` of each calendar.
    pub holidays: Vec<Choice>,
    /// The next weeks as they would be; `None` while the form does not hold together.
    pub preview: Option<Calendar>,
    /// Whom saving would put on call otherwise than the version in force does; `None` as above, and
    /// for a new schedule.
    pub difference: Option<Difference>,
}

/// Names as a sentence lists them.
pub(super) fn names(people: &[Person]) -> String {
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

    /// Nobody is on call between now's people and the next.
    pub fn pauses(&self) -> bool {
        self.until != self.next.as_ref().map(|(_, at)| *at)
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

    /// `shadow: Cem`, or the empty text.
    pub fn shadow_words(&self) -> String {
        match self.shadows.is_empty() {
            true => String::new(),
            false => format!("shadow: {}", names(&self.shadows)),
        }
    }
}

impl SchedulePage {
    /// Which days the calendar shows: `November 2026`, `16 – 29 Nov 2026`.
    fn span_words(&self) -> String {
        let first = self.calendar.from;
        match self.view {
            View::Month => return first.strftime("%B %Y").to_string(),
            View::Day => return first.strftime("%a %-d %b %Y").to_string(),
            View::Fortnight => {}
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

    fn is_shown(&self, view: &View) -> bool {
        self.view == *view
    }

    /// The first day, for the field that chooses another.
    fn first_day(&self) -> String {
        self.calendar.from.to_string()
    }
}

impl OverridePage {
    fn zone_hint(&self) -> String {
        zone_hint(&self.zone, &self.frame)
    }
}

/// In whose zone typed times are.
pub(super) fn zone_hint(zone: &str, frame: &Frame) -> String {
    if zone == frame.zone_name() {
        format!("Times are {zone}.")
    } else {
        let mine = frame.zone_name();
        format!("Times are yours, {mine}; the schedule is in {zone}.")
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
        super::schedule_layer::short_day(day)
    }

    /// The list of people is short enough to be there some times more.
    fn is_short(&self) -> bool {
        self.people.len() <= 200
    }

    /// The turn at the end that is there to be filled in.
    fn spare(&self) -> &'static TurnRow {
        static EMPTY: TurnRow = TurnRow {
            user: String::new(),
            others: Vec::new(),
            shadows: Vec::new(),
        };
        &EMPTY
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

    /// `Ana and Bo`, or that the span is left empty.
    pub fn hand_words(&self, entry: &TemporaryRow) -> String {
        match entry.people.is_empty() {
            true => "Nobody on call".to_owned(),
            false => names(&entry.people),
        }
    }

    /// Who has a turn of a layer, or nobody.
    pub fn turn_select(&self, layer: &usize, people: &[Choice], turn: &str) -> Markup {
        let mut choices = vec![Choice::new("nobody", "Nobody")];
        choices.extend(people.iter().cloned());
        let empty = adds(turn);
        self.row_select(
            &format!("layer-{layer}-turn"),
            "Turn",
            &choices,
            turn,
            empty,
        )
    }

    /// Who has the turn in place `m` too, and who follows it to learn; each with one to add.
    pub fn turn_company(
        &self,
        layer: &usize,
        m: &usize,
        people: &[Choice],
        turn: &TurnRow,
    ) -> Markup {
        let list = |field: &str, label: &str, ids: &[String]| {
            let name = format!("layer-{layer}-{field}-{m}");
            let select = |id: &str| self.row_select(&name, label, people, id, adds(id)).0;
            let have: String = ids.iter().map(|id| select(id)).collect();
            format!(
                "<div class=\"turn-with\"><span>{label}</span>{have}<span class=\"turn-spare\" \
                 data-spare>{}</span></div>",
                select("")
            )
        };
        Markup(format!(
            "{}{}",
            list("with", "Together with", &turn.others),
            list("shadow", "Shadowed by", &turn.shadows)
        ))
    }
}

/// What the choice of nobody does in a row of a form.
fn adds(chosen: &str) -> &'static str {
    match chosen {
        "" => "Add a person",
        _ => "Remove",
    }
}
