//! One layer of the form of a schedule: its turns, hours and days off as typed, and the layer they
//! stand for.

use domain::UserId;
use domain::schedule::{
    Layer, LayerHolidays, Participant, Restriction, Rotation, TimeOfDay, Weekday,
};

use super::form::row_numbers;

/// One layer as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerRow {
    pub name: String,
    pub turns: Vec<TurnRow>,
    /// Each turn shows room for several people at once and for shadows.
    pub company: bool,
    pub length: String,
    pub unit: String,
    pub handoff: String,
    pub start: String,
    pub end: String,
    /// `skip:` or `only:` and the slug of a holiday calendar; empty: holidays are like other days.
    pub holidays: String,
    pub hours: Vec<HoursRow>,
}

/// One turn as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TurnRow {
    /// An id, `nobody`, or empty.
    pub user: String,
    /// Who is on call at the same time.
    pub others: Vec<String>,
    /// Who follows to learn.
    pub shadows: Vec<String>,
}

/// The turn in which the layer has nobody.
const NOBODY: &str = "nobody";

/// One restriction as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoursRow {
    pub days: Vec<String>,
    pub from: String,
    pub until: String,
}

/// `Mon`.
pub(super) fn short_day(day: &Weekday) -> &'static str {
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

impl HoursRow {
    /// What is said beside times that cannot be read.
    pub(crate) const UNREADABLE: &'static str = "Give two times such as 22:00 and 06:00.";

    /// The row that shows a restriction.
    pub(crate) fn of(restriction: &Restriction) -> HoursRow {
        HoursRow {
            days: restriction
                .weekdays
                .iter()
                .map(Weekday::to_string)
                .collect(),
            from: restriction.from.to_string(),
            until: restriction.until.to_string(),
        }
    }

    /// The rows `{prefix}-hours-{m}-…` of a body; those without times are left out.
    pub(crate) fn read_all(pairs: &[(String, String)], prefix: &str) -> Vec<HoursRow> {
        let all = |name: String| -> Vec<String> {
            pairs
                .iter()
                .filter(|(have, _)| *have == name)
                .map(|(_, value)| value.trim().to_owned())
                .filter(|value| !value.is_empty())
                .collect()
        };
        let one = |name: String| all(name).into_iter().next().unwrap_or_default();
        row_numbers(pairs, &format!("{prefix}-hours"))
            .into_iter()
            .map(|m| HoursRow {
                days: all(format!("{prefix}-hours-{m}-day")),
                from: one(format!("{prefix}-hours-{m}-from")),
                until: one(format!("{prefix}-hours-{m}-until")),
            })
            .filter(|row| !row.from.is_empty() || !row.until.is_empty())
            .collect()
    }

    /// What the row stands for, unless its times cannot be read.
    pub(crate) fn to_restriction(&self) -> Option<Restriction> {
        Some(Restriction {
            weekdays: self
                .days
                .iter()
                .filter_map(|day| day.parse().ok())
                .collect(),
            from: self.from.parse().ok()?,
            until: self.until.parse().ok()?,
        })
    }

    pub fn has(&self, day: &Weekday) -> bool {
        self.days.iter().any(|have| have == day.as_str())
    }
}

impl LayerRow {
    /// A weekly rotation that starts on `today`.
    pub fn weekly(name: &str, today: jiff::civil::Date) -> LayerRow {
        LayerRow {
            name: name.to_owned(),
            turns: Vec::new(),
            company: false,
            length: "1".to_owned(),
            unit: "weeks".to_owned(),
            handoff: "09:00".to_owned(),
            start: today.to_string(),
            end: String::new(),
            holidays: String::new(),
            hours: Vec::new(),
        }
    }

    pub(super) fn of(layer: &Layer) -> LayerRow {
        let turns: Vec<TurnRow> = layer.participants.iter().map(TurnRow::shown).collect();
        LayerRow {
            name: layer.name.clone(),
            company: turns.iter().any(TurnRow::has_company),
            turns,
            length: layer.rotation.length.to_string(),
            unit: layer.rotation.unit.to_string(),
            handoff: layer.handoff.to_string(),
            start: layer.start.to_string(),
            end: layer.end.map(|date| date.to_string()).unwrap_or_default(),
            holidays: layer
                .holidays
                .as_ref()
                .map(|one| format!("{}:{}", one.when, one.calendar))
                .unwrap_or_default(),
            hours: layer.restrictions.iter().map(HoursRow::of).collect(),
        }
    }
}

impl TurnRow {
    /// Somebody alone, by id; or what a hand wrote in one: `3+7`, `3/9`, `nobody`.
    pub fn of(value: &str) -> TurnRow {
        let (users, shadows) = value.split_once('/').unwrap_or((value, ""));
        let ids = |ids: &str| -> Vec<String> {
            let ids = ids.split('+').map(|id| id.trim().to_owned());
            ids.filter(|id| !id.is_empty()).collect()
        };
        let mut users = ids(users).into_iter();
        TurnRow {
            user: users.next().unwrap_or_default(),
            others: users.collect(),
            shadows: ids(shadows),
        }
    }

    fn shown(participant: &Participant) -> TurnRow {
        let mut users = participant.users.iter().map(UserId::to_string);
        TurnRow {
            user: users.next().unwrap_or_else(|| NOBODY.to_owned()),
            others: users.collect(),
            shadows: participant.shadows.iter().map(UserId::to_string).collect(),
        }
    }

    /// Every id in it.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.user)
            .chain(&self.others)
            .chain(&self.shadows)
            .map(String::as_str)
    }

    fn has_company(&self) -> bool {
        !self.others.is_empty() || !self.shadows.is_empty()
    }

    /// What the turn stands for; what is wrong with it, as a sentence.
    fn to_participant(&self) -> Result<Participant, &'static str> {
        if self.user == NOBODY {
            return match self.has_company() {
                true => Err("A turn of nobody has no one beside it and no shadow."),
                false => Ok(Participant::default()),
            };
        }
        let read = |ids: &mut dyn Iterator<Item = &String>| -> Result<Vec<UserId>, _> {
            ids.map(|id| id.parse())
                .collect::<Result<_, _>>()
                .map_err(|_| "Choose a person from the list.")
        };
        let first = Some(&self.user).filter(|id| !id.is_empty());
        let users = read(&mut first.into_iter().chain(&self.others))?;
        if users.is_empty() {
            return Err("A shadow needs somebody to follow: choose a person for the turn.");
        }
        Ok(Participant {
            users,
            shadows: read(&mut self.shadows.iter())?,
        })
    }
}

pub(super) fn read_layer(pairs: &[(String, String)], n: usize) -> LayerRow {
    let prefix = format!("layer-{n}");
    let all = |name: String| -> Vec<String> {
        pairs
            .iter()
            .filter(|(have, _)| *have == name)
            .map(|(_, value)| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .collect()
    };
    let one = |field: &str| {
        all(format!("{prefix}-{field}"))
            .into_iter()
            .next()
            .unwrap_or_default()
    };
    // The fields beside a turn are numbered by its place among all that were shown.
    let turns: Vec<TurnRow> = pairs
        .iter()
        .filter(|(have, _)| *have == format!("{prefix}-turn"))
        .enumerate()
        .map(|(m, (_, value))| {
            let mut turn = TurnRow::of(value.trim());
            turn.others.extend(all(format!("{prefix}-with-{m}")));
            turn.shadows.extend(all(format!("{prefix}-shadow-{m}")));
            if turn.user.is_empty() && !turn.others.is_empty() {
                turn.user = turn.others.remove(0);
            }
            turn
        })
        .filter(|turn| *turn != TurnRow::default())
        .collect();
    LayerRow {
        name: one("name"),
        company: !one("company").is_empty() || turns.iter().any(TurnRow::has_company),
        turns,
        length: one("length"),
        unit: one("unit"),
        handoff: one("handoff"),
        start: one("start"),
        end: one("end"),
        holidays: one("holidays"),
        hours: HoursRow::read_all(pairs, &prefix),
    }
}

pub(super) fn read_config(
    n: usize,
    row: &LayerRow,
    errors: &mut Vec<(String, String)>,
) -> Option<Layer> {
    let before = errors.len();
    let mut wrong = |field: &str, message: &str| {
        errors.push((format!("layer-{n}-{field}"), message.to_owned()));
    };
    let mut participants = Vec::new();
    for turn in &row.turns {
        match turn.to_participant() {
            Ok(participant) => participants.push(participant),
            Err(message) => wrong("turn", message),
        }
    }
    if row.turns.is_empty() {
        wrong("turn", "Choose who takes part in this layer.");
    }
    let length = row.length.parse().unwrap_or(0);
    if length == 0 {
        wrong("length", "Give a whole number from 1.");
    }
    let unit = row.unit.parse().ok();
    if unit.is_none() {
        wrong("unit", "Choose hours, days, weeks or months.");
    }
    let handoff = row.handoff.parse::<TimeOfDay>().ok();
    if handoff.is_none() {
        wrong("handoff", "Give a time such as 09:00.");
    }
    let start = row.start.parse().ok();
    if start.is_none() {
        wrong("start", "Give a date such as 2026-03-29.");
    }
    let end = if row.end.is_empty() {
        None
    } else {
        row.end.parse().ok()
    };
    if end.is_none() && !row.end.is_empty() {
        wrong("end", "Give a date such as 2026-03-29, or leave it empty.");
    }
    let mut restrictions = Vec::new();
    for (m, hours) in row.hours.iter().enumerate() {
        match hours.to_restriction() {
            Some(restriction) => restrictions.push(restriction),
            None => wrong(&format!("hours-{m}-from"), HoursRow::UNREADABLE),
        }
    }
    let holidays = match row.holidays.split_once(':') {
        Some((when, calendar)) => when.parse().ok().map(|when| LayerHolidays {
            calendar: calendar.to_owned(),
            when,
        }),
        None => None,
    };
    if holidays.is_none() && !row.holidays.is_empty() {
        wrong("holidays", "Choose one from the list.");
    }
    if errors.len() > before {
        return None;
    }
    Some(Layer {
        name: row.name.clone(),
        participants,
        rotation: Rotation {
            length,
            unit: unit?,
        },
        handoff: handoff?,
        start: start?,
        end,
        restrictions,
        holidays,
    })
}
