//! Holidays: named lists of days, and what they mean to a layer.
//!
//! A calendar is kept once for the installation. What a schedule's version uses of it is copied
//! into the version ([`super::ScheduleConfig::calendars`]), so that a version says for ever who was
//! on call, whatever becomes of the calendar. A holiday is a wall-clock day of the schedule's zone.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::ConfigProblem;
use super::wall_clock::{DAY, minute_of_date};
use crate::HolidayCalendarId;

/// Days of one calendar.
pub const DAYS_MAX: usize = 2_000;
/// Longest name of a day, in characters.
pub const NAME_MAX: usize = 100;
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

/// One day off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    #[serde(with = "super::layer::date")]
    pub date: Date,
    /// E.g. `Labour Day`.
    #[serde(default)]
    pub name: String,
}

/// A named list of days off, kept for the installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayCalendar {
    pub id: HolidayCalendarId,
    /// Unique and never changed: layers name the calendar by it.
    pub slug: String,
    pub name: String,
    pub description: String,
    /// Rising by date, each date once.
    pub days: Vec<Holiday>,
}

crate::words! {
    HolidayRule {
        /// The layer has nobody on these days.
        Skip = "skip",
        /// The layer has somebody on these days only.
        Only = "only",
    }
}

/// What the days of a calendar mean to a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerHolidays {
    /// Slug of the calendar.
    pub calendar: String,
    pub when: HolidayRule,
}

/// Everything wrong with the days of a calendar; paths such as `days[3].date`.
pub fn check_days(days: &[Holiday]) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    let mut add = |path: String, message: String| problems.push(ConfigProblem { path, message });
    if days.len() > DAYS_MAX {
        let message = format!("at most {DAYS_MAX} are possible, not {}", days.len());
        add("days".to_owned(), message);
    }
    let mut seen = std::collections::HashSet::new();
    for (index, day) in days.iter().enumerate() {
        if !YEARS.contains(&day.date.year()) {
            let message = format!("must be from {} to {}", YEARS.start(), YEARS.end());
            add(format!("days[{index}].date"), message);
        }
        if !seen.insert(day.date) {
            let message = format!("{} stands here twice", day.date);
            add(format!("days[{index}].date"), message);
        }
        if day.name.chars().count() > NAME_MAX || day.name.chars().any(char::is_control) {
            let message = format!("a name is one line of at most {NAME_MAX} characters");
            add(format!("days[{index}].name"), message);
        }
    }
    problems
}

impl HolidayCalendar {
    /// The days after an edit. Those before `today` are kept whatever the edit says: turns are
    /// counted over them, so that leaving them out would move everybody's next turn.
    ///
    /// # Errors
    /// The first day before `today` that is new.
    pub fn edited(&self, mut wanted: Vec<Holiday>, today: Date) -> Result<Vec<Holiday>, Date> {
        let had = |date: Date| self.days.iter().any(|day| day.date == date);
        if let Some(new) = wanted.iter().find(|day| day.date < today && !had(day.date)) {
            return Err(new.date);
        }
        for day in self.days.iter().filter(|day| day.date < today) {
            if !wanted.iter().any(|one| one.date == day.date) {
                wanted.push(day.clone());
            }
        }
        wanted.sort();
        Ok(wanted)
    }
}

/// Days off as rising stretches of the wall-minute line that do not touch, and what they mean.
#[derive(Clone, Debug)]
pub(super) struct DaysOff {
    pub stretches: Vec<(i64, i64)>,
    pub rule: HolidayRule,
}

impl DaysOff {
    pub fn new(days: &[Holiday], rule: HolidayRule) -> DaysOff {
        let mut starts: Vec<i64> = days.iter().map(|day| minute_of_date(day.date)).collect();
        if !starts.is_sorted() {
            starts.sort_unstable();
        }
        let mut stretches: Vec<(i64, i64)> = Vec::with_capacity(starts.len());
        for start in starts {
            match stretches.last_mut() {
                Some(last) if start <= last.1 => last.1 = start + DAY,
                _ => stretches.push((start, start + DAY)),
            }
        }
        DaysOff { stretches, rule }
    }

    /// Whether the layer may have somebody at a wall minute.
    pub fn admit(&self, minute: i64) -> bool {
        let following = self
            .stretches
            .partition_point(|&(start, _)| start <= minute);
        let off = following > 0 && minute < self.stretches[following - 1].1;
        off == (self.rule == HolidayRule::Only)
    }

    /// Gives `take` the admitted parts of `from..until`, in order.
    pub fn within(&self, from: i64, until: i64, mut take: impl FnMut(i64, i64)) {
        let first = self.stretches.partition_point(|&(_, end)| end <= from);
        let off = self.stretches[first..]
            .iter()
            .take_while(|&&(start, _)| start < until);
        let mut reached = from;
        for &(start, end) in off {
            let (start, end) = (start.max(from), end.min(until));
            match self.rule {
                HolidayRule::Only => take(start, end),
                HolidayRule::Skip if reached < start => take(reached, start),
                HolidayRule::Skip => {}
            }
            reached = end;
        }
        if self.rule == HolidayRule::Skip && reached < until {
            take(reached, until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(dates: &[&str]) -> Vec<Holiday> {
        dates
            .iter()
            .map(|date| Holiday {
                date: date.parse().unwrap(),
                name: (*date).to_owned(),
            })
            .collect()
    }

    #[test]
    fn parts_and_minutes_answer_alike() {
        let list = days(&["1970-01-03", "1970-01-02", "1970-01-05"]);
        for rule in [HolidayRule::Skip, HolidayRule::Only] {
            let off = DaysOff::new(&list, rule);
            for (from, until) in [
                (0, 10 * DAY),
                (DAY + 7, DAY + 9),
                (3 * DAY, 4 * DAY),
                (-5, 5),
            ] {
                let mut inside = vec![false; (until - from) as usize];
                off.within(from, until, |start, end| {
                    assert!(start < end);
                    for minute in start..end {
                        inside[(minute - from) as usize] = true;
                    }
                });
                for minute in from..until {
                    assert_eq!(
                        inside[(minute - from) as usize],
                        off.admit(minute),
                        "{minute}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_edit_keeps_the_days_that_have_been() {
        let calendar = HolidayCalendar {
            id: HolidayCalendarId(1),
            slug: "de".to_owned(),
            name: "Germany".to_owned(),
            description: String::new(),
            days: days(&["2026-01-01", "2026-12-25", "2027-01-01"]),
        };
        let today = "2026-06-01".parse().unwrap();
        let edited = calendar.edited(days(&["2027-05-01", "2026-12-25"]), today);
        assert_eq!(
            edited,
            Ok(days(&["2026-01-01", "2026-12-25", "2027-05-01"]))
        );
        assert_eq!(
            calendar.edited(calendar.days.clone(), today),
            Ok(calendar.days.clone())
        );
        let new = calendar.edited(days(&["2026-05-31"]), today);
        assert_eq!(new, Err("2026-05-31".parse().unwrap()));
    }

    #[test]
    fn every_problem_of_the_days_is_named() {
        let mut list = days(&["2026-01-01", "2026-01-01", "1800-01-01"]);
        list[0].name = "x".repeat(101);
        let paths: Vec<_> = check_days(&list).into_iter().map(|one| one.path).collect();
        assert_eq!(paths, ["days[0].name", "days[1].date", "days[2].date"]);
        assert!(check_days(&days(&["2026-01-01"])).is_empty());
    }
}
