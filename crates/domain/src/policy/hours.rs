//! Hours in which a step pages (PAGING.md §4.1: time ranges).

use serde::{Deserialize, Serialize};

use super::PolicyProblem;
use crate::directory::User;
use crate::schedule::wall_clock::WallClock;
use crate::schedule::{Restriction, WeekHours, Weekday, check_restrictions};
use crate::{Span, Timestamp};

/// Weekly hours of a step. In a fixed zone they are a condition of the step as a whole; in the
/// paged person's own zone they filter its people one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepHours {
    /// IANA zone; absent: the paged person's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The step pages in the union of them.
    pub ranges: Vec<Restriction>,
}

impl StepHours {
    /// Checks that the zone exists and that the ranges hold together; `path` names the hours.
    pub(crate) fn problems(&self, path: &str) -> Vec<PolicyProblem> {
        let mut problems: Vec<PolicyProblem> = check_restrictions(path, &self.ranges)
            .into_iter()
            .map(|problem| PolicyProblem {
                field: problem.path,
                message: problem.message,
            })
            .collect();
        let mut add = |message: String| {
            problems.push(PolicyProblem {
                field: path.to_owned(),
                message,
            });
        };
        if self.ranges.is_empty() {
            add("hours need at least one range: give from and until, or take them away".into());
        }
        if let Some(zone) = &self.zone
            && jiff::tz::TimeZone::get(zone).is_err()
        {
            add(format!(
                "`{zone}` is not an IANA time zone such as Europe/Berlin"
            ));
        }
        problems
    }

    /// Whether the hours hold at this instant on the clock of `zone`.
    fn hold_in(&self, zone: &str, at: Timestamp) -> bool {
        WeekHours::new(&self.ranges)
            .is_none_or(|hours| hours.contains(WallClock::of(zone).minute_at(at)))
    }

    /// Why the step as a whole is out of its hours. Hours in people's own zones never are.
    pub fn closed(&self, at: Timestamp) -> Option<String> {
        let zone = self.zone.as_deref()?;
        (!self.hold_in(zone, at)).then(|| format!("it is for {} only", self.in_words()))
    }

    /// Why this person is not to be paged by the step at this instant.
    pub fn excludes(&self, user: &User, at: Timestamp) -> Option<String> {
        if self.zone.is_some() || self.hold_in(&user.zone, at) {
            return None;
        }
        let zone = jiff::tz::TimeZone::get(&user.zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let clock = at.in_zone(&zone).strftime("%a %H:%M");
        Some(format!(
            "it is {clock} where {} is, and the step is for {} only",
            user.name,
            self.in_words()
        ))
    }

    /// The zone in which the hours are read for this person.
    pub fn zone_for<'z>(&'z self, user: &'z User) -> &'z str {
        self.zone.as_deref().unwrap_or(&user.zone)
    }

    /// The instants in `from..until` at which the hours begin or end on the clock of `zone`, rising.
    pub fn changes(&self, zone: &str, from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
        let Some(hours) = WeekHours::new(&self.ranges) else {
            return Vec::new();
        };
        let clock = WallClock::of(zone);
        let mut changes: Vec<Timestamp> = Vec::new();
        let (first, last) = (clock.minute_at(from), clock.minute_at(until) + 1);
        hours.within(first, last, |start, end| {
            let (start, end) = (clock.instant_of(start), clock.instant_of(end));
            if start >= end {
                // Inside an hour that the clock skips.
                return;
            }
            match changes.last() {
                // One stretch goes on where another ends, as at the turn of the week.
                Some(last) if *last == start => {
                    changes.pop();
                }
                _ => changes.push(start),
            }
            changes.push(end);
        });
        changes.retain(|at| from < *at && *at < until);
        changes
    }

    /// When hours that hold at `at` end for this person; `None` when that is more than a week away.
    pub fn end(&self, user: &User, at: Timestamp) -> Option<Timestamp> {
        let zone = self.zone_for(user);
        self.changes(zone, at, at + LOOK)
            .into_iter()
            .find(|change| !self.hold_in(zone, *change))
    }

    /// `Mon–Fri 09:00–17:00 (Europe/Berlin)`, `22:00–06:00 (the person's own time)`.
    pub fn in_words(&self) -> String {
        let ranges: Vec<String> = self.ranges.iter().map(range_in_words).collect();
        let zone = self.zone.as_deref().unwrap_or("the person's own time");
        format!("{} ({zone})", ranges.join(", "))
    }
}

/// Hours repeat every week; a day more for the clock's own changes.
const LOOK: Span = Span::from_days(8);

fn range_in_words(range: &Restriction) -> String {
    let times = format!("{}–{}", range.from, range.until);
    match days_in_words(&range.weekdays) {
        days if days.is_empty() => times,
        days => format!("{days} {times}"),
    }
}

/// `Mon–Fri`, `Sat, Sun`; empty for every day.
fn days_in_words(days: &[Weekday]) -> String {
    let short = |day: &Weekday| day.as_str()[..1].to_uppercase() + &day.as_str()[1..3];
    let mut days = days.to_vec();
    days.sort_unstable();
    let run = days
        .windows(2)
        .all(|pair| pair[0] as usize + 1 == pair[1] as usize);
    match days.as_slice() {
        all if all.len() == Weekday::ALL.len() => String::new(),
        [first, .., last] if run && days.len() > 2 => format!("{}–{}", short(first), short(last)),
        some => some.iter().map(short).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escalation::tests::world::{ANA, person};
    use proptest::prelude::*;

    fn range(days: &[Weekday], from: &str, until: &str) -> Restriction {
        Restriction {
            weekdays: days.to_vec(),
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn hours_are_read_on_the_clock_of_their_zone() {
        let office = StepHours {
            zone: Some("Europe/Berlin".into()),
            ranges: vec![range(&Weekday::ALL[..5], "09:00", "17:00")],
        };
        // Monday 2026-03-02, Berlin is one hour ahead of UTC.
        assert_eq!(office.closed(at("2026-03-02T08:00:00Z")), None);
        assert_eq!(
            office.closed(at("2026-03-02T16:00:00Z")).unwrap(),
            "it is for Mon–Fri 09:00–17:00 (Europe/Berlin) only"
        );
        let ana = person(ANA, "Ana", true);
        assert_eq!(office.excludes(&ana, at("2026-03-02T16:00:00Z")), None);
        assert_eq!(
            office.end(&ana, at("2026-03-02T08:00:00Z")),
            Some(at("2026-03-02T16:00:00Z"))
        );
    }

    #[test]
    fn nights_cross_midnight_and_are_the_persons_own() {
        let nights = StepHours {
            zone: None,
            ranges: vec![
                range(&[Weekday::Friday], "22:00", "06:00"),
                range(&[Weekday::Sunday], "12:00", "13:00"),
            ],
        };
        let mut ana = (*person(ANA, "Ana", true)).clone();
        ana.zone = "Asia/Tokyo".into();
        // Friday 2026-03-06 22:30 in Tokyo, then Saturday 05:59 and 06:00.
        assert_eq!(nights.excludes(&ana, at("2026-03-06T13:30:00Z")), None);
        assert_eq!(nights.excludes(&ana, at("2026-03-06T20:59:00Z")), None);
        assert_eq!(
            nights.excludes(&ana, at("2026-03-06T21:00:00Z")).unwrap(),
            "it is Sat 06:00 where Ana is, and the step is for Fri 22:00–06:00, Sun 12:00–13:00 \
             (the person's own time) only"
        );
        assert_eq!(nights.closed(at("2026-03-06T21:00:00Z")), None);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let bad = StepHours {
            zone: Some("Moon/Crater".into()),
            ranges: vec![range(&[], "09:00", "09:00")],
        };
        let fields: Vec<String> = bad.problems("h").into_iter().map(|p| p.field).collect();
        assert_eq!(fields, ["h[0].until", "h"]);
        let none = StepHours {
            zone: None,
            ranges: vec![],
        };
        assert_eq!(none.problems("h").len(), 1);
    }

    proptest! {
        #[test]
        fn hours_change_where_they_say_they_change(
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York",
                "Australia/Lord_Howe", "Asia/Kathmandu"]),
            from in 0_i64..96, length in 1_i64..96, day in 0_usize..7,
            start in 1_767_225_600_i64..1_830_000_000,
        ) {
            let time = |quarter: i64| {
                let minutes = quarter % 96 * 15;
                format!("{:02}:{:02}", minutes / 60, minutes % 60)
            };
            prop_assume!(length % 96 != 0);
            let hours = StepHours {
                zone: Some(zone.into()),
                ranges: vec![range(&[Weekday::ALL[day]], &time(from), &time(from + length))],
            };
            let begin = Timestamp::from_seconds(start);
            let until = begin + Span::from_days(14);
            let changes = hours.changes(zone, begin, until);
            prop_assert!(changes.windows(2).all(|pair| pair[0] < pair[1]));
            let mut holds = hours.hold_in(zone, begin);
            let mut minute = begin;
            let mut left = changes.as_slice();
            while minute < until {
                while let [first, rest @ ..] = left && *first <= minute {
                    holds = !holds;
                    left = rest;
                }
                prop_assert_eq!(hours.hold_in(zone, minute), holds, "{}", minute);
                minute = minute + Span::from_minutes(7);
            }
        }
    }
}
