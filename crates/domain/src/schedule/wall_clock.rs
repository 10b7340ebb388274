//! The wall clock of a zone as a line that only moves forward.
//!
//! A *wall minute* counts minutes from 1970-01-01T00:00 as the zone's clock shows them. On that line
//! every day has 1,440 minutes, so turns and hours are plain arithmetic. Two functions tie it to
//! instants, and one is the inverse of the other:
//! `minute_at(t) >= m` exactly when `t >= instant_of(m)`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::Timestamp;

pub(super) const DAY: i64 = 24 * 60;
pub(super) const WEEK: i64 = 7 * DAY;

const SECOND_MICROS: i64 = 1_000_000;
const SECONDS_MIN: i64 = Timestamp::MIN.0 / SECOND_MICROS;
const SECONDS_MAX: i64 = Timestamp::MAX.0 / SECOND_MICROS;

/// The clock on the wall of a zone.
#[derive(Clone, Debug)]
pub struct WallClock {
    zone: TimeZone,
}

impl WallClock {
    /// UTC when there is no such zone: configurations are checked before they are kept, so this
    /// only happens when a zone has vanished from the time zone database, and then somebody must
    /// still be on call.
    pub fn of(zone: &str) -> Self {
        WallClock {
            zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC),
        }
    }

    /// The latest wall minute that the clock has reached by `at`. While a repeated hour runs for
    /// the second time the line stands still at its end.
    pub fn minute_at(&self, at: Timestamp) -> i64 {
        let second =
            at.0.div_euclid(SECOND_MICROS)
                .clamp(SECONDS_MIN, SECONDS_MAX);
        let offset = self.offset_at(second);
        let wall = second + seconds(offset);
        match self.readings(wall) {
            AmbiguousOffset::Fold { before, after } if after == offset => {
                let change = self.change_between(wall - seconds(before), second, after);
                // The last minute that begins before the end of the repeated hour.
                (change + seconds(before) - 1).div_euclid(60)
            }
            _ => wall.div_euclid(60),
        }
    }

    /// The first instant at which the clock shows `minute` or a later one: in a skipped hour the
    /// end of the skip, in a repeated hour the first occurrence.
    pub fn instant_of(&self, minute: i64) -> Timestamp {
        let wall = minute.saturating_mul(60).clamp(SECONDS_MIN, SECONDS_MAX);
        let second = match self.readings(wall) {
            AmbiguousOffset::Unambiguous { offset } => wall - seconds(offset),
            AmbiguousOffset::Fold { before, .. } => wall - seconds(before),
            AmbiguousOffset::Gap { before, after } => {
                self.change_between(wall - seconds(after), wall - seconds(before), after)
            }
        };
        Timestamp::from_seconds(second.clamp(SECONDS_MIN, SECONDS_MAX))
    }

    /// The stretches of the line that the clock skips, as far as whole minutes of it begin before
    /// `reach`: rising, and not touching each other.
    pub fn skips(&self, reach: i64) -> Arc<[Skip]> {
        let known = self.skips_to_2100();
        if reach <= SKIPS_KNOWN / 60 {
            return known;
        }
        let mut skips = known.to_vec();
        self.look_for_skips(SKIPS_KNOWN, reach.saturating_mul(60), &mut skips);
        skips.into()
    }

    /// Asked for with every query of a schedule, so that each zone is looked through once.
    fn skips_to_2100(&self) -> Arc<[Skip]> {
        static KNOWN: LazyLock<RwLock<HashMap<String, Arc<[Skip]>>>> =
            LazyLock::new(RwLock::default);
        // Without a name it is UTC, or does not change.
        let name = self.zone.iana_name().unwrap_or_default();
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(skips) = known.get(name) {
            return skips.clone();
        }
        drop(known);
        let mut skips = Vec::new();
        if !name.is_empty() {
            self.look_for_skips(SECONDS_MIN, SKIPS_KNOWN, &mut skips);
        }
        let skips: Arc<[Skip]> = skips.into();
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(name.to_owned(), skips.clone());
        skips
    }

    /// Adds what is skipped by changes after the second `from` and before `until`.
    fn look_for_skips(&self, from: i64, until: i64, skips: &mut Vec<Skip>) {
        let until = until.clamp(SECONDS_MIN, SECONDS_MAX);
        let mut before = self.offset_at(from);
        for change in self.zone.following(Timestamp::from_seconds(from).to_jiff()) {
            let at = change.timestamp().as_second();
            if at >= until {
                break;
            }
            let (old, new) = (at + seconds(before), at + seconds(change.offset()));
            before = change.offset();
            // Of a minute that is skipped in part, some is there.
            let skip = ((old + 59).div_euclid(60), new.div_euclid(60));
            if skip.0 >= skip.1 {
                continue;
            }
            match skips.last_mut() {
                Some(last) if skip.0 <= last.1 => last.1 = last.1.max(skip.1),
                _ => skips.push(skip),
            }
        }
    }

    fn offset_at(&self, second: i64) -> Offset {
        self.zone
            .to_offset(Timestamp::from_seconds(second).to_jiff())
    }

    /// What instants a wall second may stand for.
    fn readings(&self, wall: i64) -> AmbiguousOffset {
        // Read as if it were UTC, the wall clock's date and time are those of this instant.
        let civil = Offset::UTC.to_datetime(Timestamp::from_seconds(wall).to_jiff());
        self.zone.to_ambiguous_timestamp(civil).offset()
    }

    /// The first second in `low + 1 ..= high` at which `offset` holds, where it does not hold at
    /// `low` and does at `high`.
    fn change_between(&self, mut low: i64, mut high: i64, offset: Offset) -> i64 {
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if self.offset_at(middle) == offset {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }
}

/// A stretch of the line that is skipped: its first minute, and the first that is there again.
pub(super) type Skip = (i64, i64);

/// 2100-01-01T00:00:00Z, until when skips are remembered.
const SKIPS_KNOWN: i64 = 4_102_444_800;

/// Whether all of `from..until` is skipped.
pub(super) fn is_skipped(skips: &[Skip], from: i64, until: i64) -> bool {
    let following = skips.partition_point(|&(start, _)| start <= from);
    following > 0 && until <= skips[following - 1].1
}

fn seconds(offset: Offset) -> i64 {
    i64::from(offset.seconds())
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar, for any year.
///
/// Counts in years that begin in March, so that the leap day is a year's last, and in eras of 400
/// years, which have 146,097 days each.
pub(super) fn days_from_date(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - DAYS_TO_1970
}

/// The month in which a day lies, as months since January of the year 0.
pub(super) fn month_of_day(days: i64) -> i64 {
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    // March is the third month: two months after January.
    (era * 400 + year_of_era) * 12 + month_from_march + 2
}

/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;

/// The wall minute at which a date begins.
pub(super) fn minute_of_date(date: jiff::civil::Date) -> i64 {
    days_from_date(date.year().into(), date.month().into(), date.day().into()) * DAY
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn minute(text: &str) -> i64 {
        at(&format!("{text}:00Z")).as_seconds() / 60
    }

    #[test]
    fn a_skipped_time_is_the_end_of_the_skip() {
        let berlin = WallClock::of("Europe/Berlin");
        let end = at("2026-03-29T01:00:00Z");
        for skipped in ["2026-03-29T02:00", "2026-03-29T02:30", "2026-03-29T03:00"] {
            assert_eq!(berlin.instant_of(minute(skipped)), end, "{skipped}");
        }
        assert_eq!(berlin.minute_at(end), minute("2026-03-29T03:00"));
        assert_eq!(
            berlin.minute_at(Timestamp(end.0 - 1)),
            minute("2026-03-29T01:59")
        );
    }

    #[test]
    fn what_is_skipped_is_found_far_ahead_too() {
        let berlin = WallClock::of("Europe/Berlin");
        let until = minute("2026-12-01T00:00");
        let all = berlin.skips(until);
        let skip = (minute("2026-03-29T02:00"), minute("2026-03-29T03:00"));
        assert!(all.contains(&skip));
        assert!(is_skipped(&all, skip.0, skip.1));
        assert!(!is_skipped(&all, skip.0 - 1, skip.1) && !is_skipped(&all, skip.0, skip.1 + 1));
        let far = berlin.skips(minute("2150-12-01T00:00"));
        assert!(far.contains(&(minute("2150-03-29T02:00"), minute("2150-03-29T03:00"))));
        assert!(far.is_sorted_by(|one, next| one.1 < next.0));
        let apia = WallClock::of("Pacific/Apia").skips(until);
        assert!(apia.contains(&(minute("2011-12-30T00:00"), minute("2011-12-31T00:00"))));
        assert!(WallClock::of("UTC").skips(i64::MAX).is_empty());
    }

    #[test]
    fn a_repeated_time_is_its_first_occurrence() {
        let new_york = WallClock::of("America/New_York");
        assert_eq!(
            new_york.instant_of(minute("2026-11-01T01:30")),
            at("2026-11-01T05:30:00Z")
        );
        // 01:10 for the second time: the line stands at the end of the repeated hour.
        assert_eq!(
            new_york.minute_at(at("2026-11-01T06:10:00Z")),
            minute("2026-11-01T01:59")
        );
        assert_eq!(
            new_york.instant_of(minute("2026-11-01T02:00")),
            at("2026-11-01T07:00:00Z")
        );
    }

    #[test]
    fn half_hour_changes_and_a_skipped_day_are_known() {
        let lord_howe = WallClock::of("Australia/Lord_Howe");
        // 02:00 becomes 02:30 on the first Sunday of October.
        assert_eq!(
            lord_howe.instant_of(minute("2026-10-04T02:10")),
            at("2026-10-03T15:30:00Z")
        );
        let apia = WallClock::of("Pacific/Apia");
        assert_eq!(
            apia.instant_of(minute("2011-12-30T12:00")),
            at("2011-12-30T10:00:00Z")
        );
    }

    #[test]
    fn dates_are_counted_as_jiff_counts_them() {
        for (first, step) in [(date(-4000, 1, 1), 997), (date(1995, 1, 1), 1)] {
            let mut day = first;
            for _ in 0..4_000 {
                let days = minute_of_date(day) / DAY;
                let epoch = date(1970, 1, 1);
                assert_eq!(days, i64::from((day - epoch).get_days()), "{day}");
                assert_eq!(
                    month_of_day(days),
                    i64::from(day.year()) * 12 + i64::from(day.month()) - 1,
                    "{day}"
                );
                day = day.saturating_add(jiff::Span::new().days(step));
            }
        }
    }

    #[test]
    fn absurd_times_are_clamped() {
        let clock = WallClock::of("Europe/Berlin");
        for absurd in [i64::MIN, -1 << 50, 1 << 50, i64::MAX] {
            let _ = clock.minute_at(Timestamp(absurd));
            let _ = clock.instant_of(absurd);
        }
        assert_eq!(WallClock::of("Moon/Crater").minute_at(Timestamp(0)), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn both_directions_agree_in_every_zone(
            zone in prop::sample::select(crate::schedule::tests::zones()),
            // Any microsecond of 2020 to 2040, and the two around the nearest change of the clock.
            micros in 1_577_836_800_000_000i64..2_240_524_800_000_000,
        ) {
            let clock = WallClock::of(&zone);
            let tz = TimeZone::get(&zone).unwrap();
            let near = tz
                .following(Timestamp(micros).to_jiff())
                .next()
                .map_or(micros, |change| change.timestamp().as_microsecond());
            for at in [micros, near - 1, near, near + 1_799_999_999, near + 3_599_999_999] {
                let minute = clock.minute_at(Timestamp(at));
                prop_assert!(clock.instant_of(minute) <= Timestamp(at));
                prop_assert!(clock.instant_of(minute + 1) > Timestamp(at));
                for minute in minute - 90..minute + 90 {
                    let instant = clock.instant_of(minute);
                    prop_assert!(clock.minute_at(instant) >= minute);
                    prop_assert!(clock.minute_at(Timestamp(instant.0 - 1)) < minute);
                }
            }
        }
    }
}
