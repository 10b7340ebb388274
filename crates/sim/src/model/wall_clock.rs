//! What the clock on the wall of a zone shows (PAGING.md §5.4), from a table of the year's changes.

use domain::Timestamp;

use crate::setup::{Hours, Zone};

const DAY: i64 = 24 * 60;
/// 1970-01-05 was a Monday.
const MONDAY: i64 = 4;

/// Minutes ahead of UTC: before 2026's first change, and from each change on (in seconds since the
/// epoch).
fn offsets(zone: Zone) -> (i64, &'static [(i64, i64)]) {
    match zone {
        Zone::Utc => (0, &[]),
        Zone::Kolkata => (330, &[]),
        // 2026-03-29 01:00 UTC, 2026-10-25 01:00 UTC.
        Zone::Berlin => (60, &[(1_774_746_000, 120), (1_792_890_000, 60)]),
        // 2026-03-08 07:00 UTC, 2026-11-01 06:00 UTC.
        Zone::NewYork => (-300, &[(1_772_953_200, -240), (1_793_512_800, -300)]),
        // Half an hour: 2026-04-04 15:00 UTC, 2026-10-03 15:30 UTC.
        Zone::LordHowe => (660, &[(1_775_314_800, 630), (1_791_041_400, 660)]),
    }
}

/// Each stretch of the year: from when, until when, and how far ahead of UTC, all in minutes.
fn stretches(zone: Zone) -> Vec<(i64, i64, i64)> {
    let (first, changes) = offsets(zone);
    let mut stretches = vec![(i64::MIN, i64::MAX, first)];
    for (second, offset) in changes {
        if let Some(last) = stretches.last_mut() {
            last.1 = second / 60;
        }
        stretches.push((second / 60, i64::MAX, *offset));
    }
    stretches
}

/// The latest minute that the clock has shown, counted from 1970-01-01 00:00 on the wall. An hour
/// that comes a second time shows nothing new.
pub(super) fn minute_at(zone: Zone, at: Timestamp) -> i64 {
    let now = at.as_seconds().div_euclid(60);
    stretches(zone)
        .into_iter()
        .filter(|(from, ..)| *from <= now)
        .map(|(_, until, offset)| now.min(until - 1) + offset)
        .max()
        .unwrap_or(now)
}

/// The first instant at which the clock shows this minute, or a later one where it is skipped.
pub(super) fn instant_of(zone: Zone, minute: i64) -> Timestamp {
    let first = stretches(zone)
        .into_iter()
        .map(|(from, until, offset)| ((minute - offset).max(from), until))
        .find(|(instant, until)| instant < until);
    Timestamp::from_seconds(first.map_or(minute, |(instant, _)| instant) * 60)
}

/// Whether an instant lies in weekly hours, on the clock of `zone`.
pub(super) fn holds(hours: &Hours, zone: Zone, at: Timestamp) -> bool {
    let minute = minute_at(zone, at);
    let today = minute.div_euclid(DAY);
    // What began yesterday may end today.
    [today - 1, today].into_iter().any(|day| {
        let works = !hours.weekdays || (day - MONDAY).rem_euclid(7) < 5;
        let from = day * DAY + hours.from;
        let until = if hours.until > hours.from {
            day * DAY + hours.until
        } else {
            (day + 1) * DAY + hours.until
        };
        works && from <= minute && minute < until
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a wrong instant fails the test")]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn shown(zone: Zone, text: &str) -> String {
        let minute = minute_at(zone, at(text));
        Timestamp::from_seconds(minute * 60).to_string()
    }

    #[test]
    fn clocks_skip_an_hour_in_spring_and_stand_still_in_autumn() {
        // §5.4.
        let berlin = |text| shown(Zone::Berlin, text);
        assert_eq!(berlin("2026-03-29T00:59:00Z"), "2026-03-29T01:59:00Z");
        assert_eq!(berlin("2026-03-29T01:00:00Z"), "2026-03-29T03:00:00Z");
        assert_eq!(berlin("2026-10-25T00:59:00Z"), "2026-10-25T02:59:00Z");
        assert_eq!(berlin("2026-10-25T01:30:00Z"), "2026-10-25T02:59:00Z");
        assert_eq!(berlin("2026-10-25T02:00:00Z"), "2026-10-25T03:00:00Z");
        let minute = |text| at(text).as_seconds() / 60;
        let first = |zone, text| instant_of(zone, minute(text)).to_string();
        assert_eq!(
            first(Zone::Berlin, "2026-03-29T02:30:00Z"),
            "2026-03-29T01:00:00Z",
            "skipped"
        );
        assert_eq!(
            first(Zone::Berlin, "2026-10-25T02:30:00Z"),
            "2026-10-25T00:30:00Z",
            "the first of two"
        );
        assert_eq!(
            first(Zone::LordHowe, "2026-10-04T02:10:00Z"),
            "2026-10-03T15:30:00Z"
        );
        assert_eq!(
            first(Zone::NewYork, "2026-11-01T02:00:00Z"),
            "2026-11-01T07:00:00Z"
        );
        assert_eq!(
            first(Zone::Kolkata, "2026-11-01T05:30:00Z"),
            "2026-11-01T00:00:00Z"
        );
    }

    #[test]
    fn nights_end_the_next_morning() {
        let nights = Hours {
            zone: None,
            from: 22 * 60,
            until: 6 * 60,
            weekdays: true,
        };
        // Friday 2026-03-20 and what follows.
        let holds = |text| holds(&nights, Zone::Utc, at(text));
        assert!(holds("2026-03-20T23:00:00Z") && holds("2026-03-21T05:59:00Z"));
        assert!(!holds("2026-03-21T06:00:00Z") && !holds("2026-03-21T23:00:00Z"));
        assert!(
            !holds("2026-03-23T05:00:00Z"),
            "Sunday's night is not worked"
        );
        assert!(holds("2026-03-23T22:00:00Z"));
    }
}
