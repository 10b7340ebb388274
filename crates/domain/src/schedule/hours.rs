//! When a layer has anyone at all, and which slots of its rotation are turns because of that.

use super::holiday::{DaysOff, Holiday, HolidayRule};
use super::restriction::{Restriction, WeekHours};
use super::rotation::Grid;
use super::wall_clock::{Skip, WEEK, is_skipped};

/// The hours of a layer: those of the week it is restricted to, without (or only on) holidays.
#[derive(Clone, Debug)]
pub(super) struct Hours {
    week: Option<WeekHours>,
    days: Option<DaysOff>,
}

impl Hours {
    /// `None` when nothing is restricted.
    pub fn new(
        restrictions: &[Restriction],
        holidays: Option<(&[Holiday], HolidayRule)>,
    ) -> Option<Hours> {
        let week = WeekHours::new(restrictions);
        // Without a day off there is nothing to skip.
        let days = holidays
            .filter(|(days, rule)| *rule == HolidayRule::Only || !days.is_empty())
            .map(|(days, rule)| DaysOff::new(days, rule));
        (week.is_some() || days.is_some()).then_some(Hours { week, days })
    }

    pub fn contains(&self, minute: i64) -> bool {
        self.week.as_ref().is_none_or(|week| week.contains(minute))
            && self.days.as_ref().is_none_or(|days| days.admit(minute))
    }

    /// Gives `take` the parts of `from..until` that lie in these hours, in order.
    pub fn within(&self, from: i64, until: i64, mut take: impl FnMut(i64, i64)) {
        match (&self.week, &self.days) {
            (None, None) => take(from, until),
            (Some(week), None) => week.within(from, until, take),
            (None, Some(days)) => days.within(from, until, take),
            (Some(week), Some(days)) => days.within(from, until, |from, until| {
                week.within(from, until, &mut take);
            }),
        }
    }

    fn touch(&self, from: i64, until: i64) -> bool {
        let mut touched = false;
        match (&self.week, &self.days) {
            (Some(week), Some(days)) => days.within(from, until, |from, until| {
                touched = touched || week.touch(from, until);
            }),
            _ => self.within(from, until, |_, _| touched = true),
        }
        touched
    }
}

/// Which turn a slot of a rotation is. Only slots with any of the layer's hours take a turn, so that
/// nobody loses one to hours that are never worked (PAGING.md §5.3): to nights, to days off, or to
/// hours that the clock skips. A layer without hours of its own keeps to the rotation's time.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    /// How many slots took a turn before each of one period after which the pattern of slots and
    /// weeks repeats, and in the whole period. Empty when every slot takes one.
    before: Vec<i64>,
    holidays: HolidaySlots,
    /// Slots that would be turns, if the clock did not skip all of their hours; they rise, and none
    /// is negative.
    skipped: Vec<i64>,
}

/// What holidays change about the turns. Slots rise; none is negative.
#[derive(Clone, Debug)]
enum HolidaySlots {
    None,
    /// Slots that would be turns, if all of their hours did not lie on days off.
    Lost(Vec<i64>),
    /// The only slots that are turns.
    Held(Vec<i64>),
}

impl Turns {
    pub fn new(grid: &Grid, hours: Option<&Hours>) -> Turns {
        Turns {
            before: hours
                .and_then(|hours| hours.week.as_ref())
                .map_or_else(Vec::new, |week| weekly(grid, week)),
            holidays: hours.map_or(HolidaySlots::None, |hours| holiday_slots(grid, hours)),
            skipped: Vec::new(),
        }
    }

    /// The same where the clock skips some of the line; as far as slots begin before `reach`.
    pub fn without(mut self, skips: &[Skip], grid: &Grid, hours: &Hours, reach: i64) -> Turns {
        self.skipped = skipped_slots(skips, grid, hours, reach);
        self
    }

    /// Turns taken before `slot`, which is not negative.
    pub fn before(&self, slot: i64) -> i64 {
        let skipped = self.skipped.partition_point(|&one| one < slot) as i64;
        self.on_the_line_before(slot) - skipped
    }

    fn on_the_line_before(&self, slot: i64) -> i64 {
        match &self.holidays {
            HolidaySlots::None => self.weekly_before(slot),
            HolidaySlots::Lost(lost) => {
                self.weekly_before(slot) - lost.partition_point(|&one| one < slot) as i64
            }
            HolidaySlots::Held(held) => held.partition_point(|&one| one < slot) as i64,
        }
    }

    fn weekly_before(&self, slot: i64) -> i64 {
        let Some((&whole, parts)) = self.before.split_last() else {
            return slot;
        };
        let period = parts.len() as i64;
        slot.div_euclid(period) * whole + parts[slot.rem_euclid(period) as usize]
    }
}

fn weekly(grid: &Grid, hours: &WeekHours) -> Vec<i64> {
    let &Grid::Even { length, .. } = grid else {
        // A month has every weekday, hence always some of the hours.
        return Vec::new();
    };
    if length >= WEEK {
        return Vec::new();
    }
    // At most 168: slots last whole hours.
    let period = WEEK / greatest_common_divisor(length, WEEK);
    let mut before = vec![0];
    let mut count = 0;
    for slot in 0..period {
        count += i64::from(hours.touch(grid.start_of(slot), grid.start_of(slot + 1)));
        before.push(count);
    }
    before
}

fn holiday_slots(grid: &Grid, hours: &Hours) -> HolidaySlots {
    let Some(days) = &hours.days else {
        return HolidaySlots::None;
    };
    let begin = grid.start_of(0);
    let mut found: Vec<i64> = Vec::new();
    let mut looked_at = -1;
    for &(start, end) in days.stretches.iter().filter(|stretch| stretch.1 > begin) {
        let first = grid.slot_at(start.max(begin)).max(looked_at + 1);
        looked_at = grid.slot_at(end - 1).max(looked_at);
        for slot in first..=looked_at {
            let (from, until) = (grid.start_of(slot), grid.start_of(slot + 1));
            let touched = hours.touch(from, until);
            let counts = match days.rule {
                HolidayRule::Only => touched,
                HolidayRule::Skip => {
                    let week = hours.week.as_ref();
                    !touched && week.is_none_or(|week| week.touch(from, until))
                }
            };
            if counts {
                found.push(slot);
            }
        }
    }
    match days.rule {
        HolidayRule::Only => HolidaySlots::Held(found),
        HolidayRule::Skip => HolidaySlots::Lost(found),
    }
}

fn skipped_slots(skips: &[Skip], grid: &Grid, hours: &Hours, reach: i64) -> Vec<i64> {
    let begin = grid.start_of(0);
    let mut found = Vec::new();
    let mut looked_at = -1;
    let first = skips.partition_point(|&(_, end)| end <= begin);
    for &(start, end) in skips[first..].iter().take_while(|skip| skip.0 < reach) {
        let next = grid.slot_at(start.max(begin)).max(looked_at + 1);
        looked_at = grid.slot_at(end - 1).max(looked_at);
        for slot in next..=looked_at {
            let (from, until) = (grid.start_of(slot), grid.start_of(slot + 1));
            // Hours of the week come twice in it, and the clock does not skip both.
            if hours.days.is_none() && until - from >= 2 * WEEK {
                continue;
            }
            let (mut any, mut worked) = (false, false);
            hours.within(from, until, |from, until| {
                any = true;
                worked = worked || !is_skipped(skips, from, until);
            });
            if any && !worked {
                found.push(slot);
            }
        }
    }
    found
}

fn greatest_common_divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::super::{Rotation, RotationUnit, Weekday};
    use super::*;

    /// One-day slots from Friday 2026-03-06, 09:00.
    fn daily() -> Grid {
        let rotation = Rotation {
            length: 1,
            unit: RotationUnit::Days,
        };
        let start = jiff::civil::date(2026, 3, 6);
        Grid::new(rotation, start, "09:00".parse().unwrap())
    }

    fn office() -> Vec<Restriction> {
        vec![Restriction {
            weekdays: Weekday::ALL[..5].to_vec(),
            from: "09:00".parse().unwrap(),
            until: "17:00".parse().unwrap(),
        }]
    }

    fn days(dates: &[&str]) -> Vec<Holiday> {
        dates
            .iter()
            .map(|date| Holiday {
                date: date.parse().unwrap(),
                name: String::new(),
            })
            .collect()
    }

    fn taken(
        restrictions: &[Restriction],
        holidays: Option<(&[Holiday], HolidayRule)>,
    ) -> Vec<i64> {
        let grid = daily();
        let hours = Hours::new(restrictions, holidays);
        let turns = Turns::new(&grid, hours.as_ref());
        (0..10).map(|slot| turns.before(slot)).collect()
    }

    #[test]
    fn days_that_are_never_worked_take_no_turn() {
        // Friday, Saturday, Sunday, Monday …
        assert_eq!(taken(&office(), None), [0, 1, 1, 1, 2, 3, 4, 5, 6, 6]);
    }

    #[test]
    fn days_off_take_no_turn_either() {
        // Monday the 9th and Tuesday the 10th; Saturday takes none anyway.
        let off = days(&["2026-03-09", "2026-03-07", "2026-03-10"]);
        let skip = Some((&off[..], HolidayRule::Skip));
        assert_eq!(taken(&office(), skip), [0, 1, 1, 1, 1, 1, 2, 3, 4, 4]);
        // At all hours a slot from 09:00 to 09:00 is lost only when both of its days are off.
        let without_hours = taken(&[], skip);
        assert_eq!(without_hours, [0, 1, 2, 3, 3, 4, 5, 6, 7, 8]);
        let only = Some((&off[..], HolidayRule::Only));
        assert_eq!(taken(&office(), only), [0, 0, 0, 0, 1, 2, 2, 2, 2, 2]);
        // Friday's slot reaches into Saturday, and so on.
        assert_eq!(taken(&[], only), [0, 1, 2, 3, 4, 5, 5, 5, 5, 5]);
    }

    #[test]
    fn a_calendar_without_days_skips_nothing_and_admits_nothing() {
        assert!(Hours::new(&[], Some((&[], HolidayRule::Skip))).is_none());
        let only = Hours::new(&[], Some((&[], HolidayRule::Only))).unwrap();
        assert!(!only.contains(0));
    }
}
