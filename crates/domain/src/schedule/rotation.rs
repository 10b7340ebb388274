//! Rotations: how long a turn lasts and where on the wall-clock line it lies.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::TimeOfDay;
use super::wall_clock::{DAY, WEEK, days_from_date, minute_of_date, month_of_day};

crate::words! {
    RotationUnit {
        Hours = "hours",
        Days = "days",
        Weeks = "weeks",
        Months = "months",
    }
}

/// How long one turn lasts: `length` × `unit` on the wall clock.
///
/// Hours count on the wall clock too, so a rotation of 12 hours that hands over at 09:00 and 21:00
/// does so all year round; only the turn in which the clock changes is an hour longer or shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    #[serde(default = "one")]
    pub length: u32,
    pub unit: RotationUnit,
}

fn one() -> u32 {
    1
}

/// Where the slots of a rotation lie on the wall-clock line. Slot 0 begins at the start of the
/// layer; slots tile the line in both directions.
#[derive(Clone, Copy, Debug)]
pub(super) enum Grid {
    /// Slots of equal length in wall minutes.
    Even { start: i64, length: i64 },
    /// Slots of `months` months. Each is counted from the first, so that one which begins on the
    /// 31st comes back to the 31st after shorter months.
    Monthly {
        /// Months since January of the year 0.
        first: i64,
        day: i64,
        /// Minutes since midnight.
        handoff: i64,
        months: i64,
    },
}

impl Grid {
    /// A length of 0 counts as 1.
    pub fn new(rotation: Rotation, start: Date, handoff: TimeOfDay) -> Grid {
        let length = i64::from(rotation.length.max(1));
        let unit = match rotation.unit {
            RotationUnit::Hours => 60,
            RotationUnit::Days => DAY,
            RotationUnit::Weeks => WEEK,
            RotationUnit::Months => {
                return Grid::Monthly {
                    first: i64::from(start.year()) * 12 + i64::from(start.month()) - 1,
                    day: start.day().into(),
                    handoff: handoff.minutes(),
                    months: length,
                };
            }
        };
        Grid::Even {
            start: minute_of_date(start) + handoff.minutes(),
            length: length * unit,
        }
    }

    /// The slot in which a wall minute lies.
    pub fn slot_at(&self, minute: i64) -> i64 {
        match *self {
            Grid::Even { start, length } => (minute - start).div_euclid(length),
            Grid::Monthly {
                first,
                handoff,
                months,
                ..
            } => {
                let month = month_of_day((minute - handoff).div_euclid(DAY));
                // The slot that begins within this month, if any, may begin after `minute`.
                let slot = (month - first).div_euclid(months);
                if self.start_of(slot) > minute {
                    slot - 1
                } else {
                    slot
                }
            }
        }
    }

    /// The wall minute at which a slot begins.
    pub fn start_of(&self, slot: i64) -> i64 {
        match *self {
            Grid::Even { start, length } => start.saturating_add(slot.saturating_mul(length)),
            Grid::Monthly {
                first,
                day,
                handoff,
                months,
            } => {
                let month = first + slot * months;
                let begin_of =
                    |month: i64| days_from_date(month.div_euclid(12), month.rem_euclid(12) + 1, 1);
                let length = begin_of(month + 1) - begin_of(month);
                (begin_of(month) + day.min(length) - 1) * DAY + handoff
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::*;

    fn starts(length: u32, unit: RotationUnit, start: Date, slots: std::ops::Range<i64>) -> String {
        let grid = Grid::new(Rotation { length, unit }, start, "09:00".parse().unwrap());
        slots
            .map(|slot| {
                let minute = grid.start_of(slot);
                assert_eq!(grid.slot_at(minute), slot);
                assert_eq!(grid.slot_at(minute - 1), slot - 1);
                let text = crate::Timestamp::from_seconds(minute * 60).to_string();
                text.replace(":00:00Z", "h")
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn months_clamp_to_their_end_without_drifting() {
        assert_eq!(
            starts(1, RotationUnit::Months, date(2027, 12, 31), -1..5),
            "2027-11-30T09h 2027-12-31T09h 2028-01-31T09h 2028-02-29T09h 2028-03-31T09h \
             2028-04-30T09h"
        );
        assert_eq!(
            starts(6, RotationUnit::Months, date(2026, 8, 31), 0..4),
            "2026-08-31T09h 2027-02-28T09h 2027-08-31T09h 2028-02-29T09h"
        );
    }

    #[test]
    fn even_slots_keep_their_time_of_day() {
        assert_eq!(
            starts(2, RotationUnit::Weeks, date(2026, 3, 16), -1..2),
            "2026-03-02T09h 2026-03-16T09h 2026-03-30T09h"
        );
        assert_eq!(
            starts(36, RotationUnit::Hours, date(2026, 3, 28), 0..3),
            "2026-03-28T09h 2026-03-29T21h 2026-03-31T09h"
        );
    }

    #[test]
    fn the_longest_rotations_do_not_overflow() {
        for &unit in RotationUnit::ALL {
            for start in [Date::MIN, Date::MAX] {
                let rotation = Rotation {
                    length: u32::MAX,
                    unit,
                };
                let grid = Grid::new(rotation, start, TimeOfDay::END_OF_DAY);
                for minute in [-6_000_000_000, 0, 6_000_000_000] {
                    let slot = grid.slot_at(minute);
                    assert!(grid.start_of(slot) <= minute && minute < grid.start_of(slot + 1));
                }
            }
        }
    }
}
