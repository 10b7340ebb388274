//! Days of a zone, as the calendar picture draws them.

use jiff::civil::Date;

use super::wall_clock::{DAY, WallClock, minute_of_date};
use crate::{Span, Timestamp};

/// One civil day of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub date: Date,
    /// The first instant of the day: where midnight is skipped that is the end of the skip.
    pub start: Timestamp,
    /// Exclusive; the start of the next day.
    pub end: Timestamp,
    /// The clock changes during this day: it does not last 24 hours.
    pub is_dst_change: bool,
}

/// At most this many days are given.
const DAYS_MAX: usize = 3_660;

/// The days of `zone` for `n` dates from `first`. A date that the zone skipped (2011-12-30 in
/// Apia) is left out. An unknown zone counts as UTC.
pub fn days(zone: &str, first: Date, n: usize) -> Vec<Day> {
    let clock = WallClock::of(zone);
    let midnight = minute_of_date(first);
    let mut start = clock.instant_of(midnight);
    first
        .series(jiff::Span::new().days(1))
        .take(n.min(DAYS_MAX))
        .zip(1..)
        .filter_map(|(date, after)| {
            let end = clock.instant_of(midnight + after * DAY);
            let day = Day {
                date,
                start,
                end,
                is_dst_change: end.since(start) != Span::from_days(1),
            };
            start = end;
            (day.start < day.end).then_some(day)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn hours(zone: &str, first: Date, n: usize) -> Vec<(i8, i64, bool)> {
        let days = days(zone, first, n);
        for two in days.windows(2) {
            assert_eq!(two[0].end, two[1].start);
        }
        days.iter()
            .map(|day| {
                let minutes = day.end.since(day.start).as_seconds() / 60;
                (day.date.day(), minutes, day.is_dst_change)
            })
            .collect()
    }

    #[test]
    fn days_are_as_long_as_the_zone_makes_them() {
        assert_eq!(
            hours("Europe/Berlin", date(2026, 3, 28), 3),
            [(28, 1440, false), (29, 1380, true), (30, 1440, false)]
        );
        assert_eq!(
            hours("Australia/Lord_Howe", date(2026, 4, 4), 2),
            [(4, 1440, false), (5, 1470, true)]
        );
        assert_eq!(
            hours("Pacific/Apia", date(2011, 12, 29), 3),
            [(29, 1440, false), (31, 1440, false)]
        );
    }

    #[test]
    fn a_day_without_midnight_begins_after_the_skip() {
        let found = days("America/Sao_Paulo", date(2018, 11, 4), 1);
        assert_eq!(
            found[0].start,
            Timestamp::parse("2018-11-04T03:00:00Z").unwrap()
        );
        assert_eq!(
            found[0].end,
            Timestamp::parse("2018-11-05T02:00:00Z").unwrap()
        );
        assert!(found[0].is_dst_change);
    }

    #[test]
    fn the_end_of_the_calendar_ends_the_days() {
        assert!(days("UTC", Date::MAX, 5).len() <= 1);
        assert_eq!(days("UTC", date(2026, 1, 1), usize::MAX).len(), DAYS_MAX);
        let _ = days("Europe/Berlin", Date::MIN, 5);
    }
}
