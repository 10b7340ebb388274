//! Hours to which a layer is restricted.

use serde::{Deserialize, Serialize};

use super::TimeOfDay;
use super::wall_clock::{DAY, WEEK};

crate::words! {
    Weekday {
        Monday = "monday",
        Tuesday = "tuesday",
        Wednesday = "wednesday",
        Thursday = "thursday",
        Friday = "friday",
        Saturday = "saturday",
        Sunday = "sunday",
    }
}

/// Wall-clock hours during which a layer has anyone. A layer with several restrictions has someone
/// in the union of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restriction {
    /// The days on which the hours begin; empty means every day.
    #[serde(default)]
    pub weekdays: Vec<Weekday>,
    pub from: TimeOfDay,
    /// Exclusive. Not later than `from` means on the next day; `24:00` is the end of the same day.
    pub until: TimeOfDay,
}

/// 1970-01-01 was a Thursday: wall minute 0 lies three days into its week.
const MONDAY: i64 = -3 * DAY;

/// The union of restrictions: disjoint, rising stretches of a week that begins on Monday at 00:00,
/// in minutes.
#[derive(Clone, Debug)]
pub(crate) struct WeekHours {
    stretches: Vec<(i64, i64)>,
}

impl WeekHours {
    /// `None` when nothing is restricted.
    pub fn new(restrictions: &[Restriction]) -> Option<WeekHours> {
        if restrictions.is_empty() {
            return None;
        }
        let mut parts = Vec::new();
        for restriction in restrictions {
            let days = if restriction.weekdays.is_empty() {
                Weekday::ALL
            } else {
                &restriction.weekdays
            };
            let from = restriction.from.minutes();
            let mut until = restriction.until.minutes();
            if until <= from {
                until += DAY;
            }
            for &day in days {
                let start = day as i64 * DAY + from;
                let end = day as i64 * DAY + until;
                // What runs past Sunday midnight comes round to Monday.
                parts.push((start.min(WEEK), end.min(WEEK)));
                parts.push(((start - WEEK).max(0), (end - WEEK).max(0)));
            }
        }
        parts.retain(|(start, end)| start < end);
        parts.sort_unstable();
        let mut stretches: Vec<(i64, i64)> = Vec::with_capacity(parts.len());
        for (start, end) in parts {
            match stretches.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => stretches.push((start, end)),
            }
        }
        Some(WeekHours { stretches })
    }

    pub fn contains(&self, minute: i64) -> bool {
        let minute = (minute - MONDAY).rem_euclid(WEEK);
        let following = self
            .stretches
            .partition_point(|&(start, _)| start <= minute);
        following > 0 && minute < self.stretches[following - 1].1
    }

    /// Gives `take` the parts of `from..until` that lie in these hours, in order.
    pub fn within(&self, from: i64, until: i64, mut take: impl FnMut(i64, i64)) {
        let mut week = from - (from - MONDAY).rem_euclid(WEEK);
        while week < until {
            let first = self
                .stretches
                .partition_point(|&(_, end)| week + end <= from);
            for &(start, end) in &self.stretches[first..] {
                let (start, end) = ((week + start).max(from), (week + end).min(until));
                if start >= end {
                    return;
                }
                take(start, end);
            }
            week += WEEK;
        }
    }

    /// Whether any of `from..until` lies in these hours.
    pub fn touch(&self, from: i64, until: i64) -> bool {
        if until - from >= WEEK {
            return true;
        }
        let mut touched = false;
        self.within(from, until, |_, _| touched = true);
        touched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(list: &[(&[Weekday], &str, &str)]) -> WeekHours {
        let restrictions: Vec<_> = list
            .iter()
            .map(|(weekdays, from, until)| Restriction {
                weekdays: weekdays.to_vec(),
                from: from.parse().unwrap(),
                until: until.parse().unwrap(),
            })
            .collect();
        WeekHours::new(&restrictions).unwrap()
    }

    #[test]
    fn hours_wrap_round_midnight_and_round_the_week() {
        let nights = hours(&[(&[Weekday::Sunday, Weekday::Friday], "22:00", "06:00")]);
        assert_eq!(
            nights.stretches,
            [
                (0, 6 * 60),
                (4 * DAY + 22 * 60, 5 * DAY + 6 * 60),
                (6 * DAY + 22 * 60, WEEK)
            ]
        );
    }

    #[test]
    fn overlapping_hours_are_joined() {
        let joined = hours(&[
            (&[Weekday::Monday], "09:00", "12:00"),
            (&[Weekday::Monday], "12:00", "13:00"),
            (&[Weekday::Monday], "10:00", "11:00"),
        ]);
        assert_eq!(joined.stretches, [(9 * 60, 13 * 60)]);
        let always = hours(&[(&[], "00:00", "24:00")]);
        assert_eq!(always.stretches, [(0, WEEK)]);
    }

    #[test]
    fn one_minute_and_a_span_answer_alike() {
        let odd = hours(&[
            (&[Weekday::Sunday], "23:00", "01:00"),
            (&[Weekday::Wednesday], "08:30", "17:15"),
        ]);
        for (from, until) in [(-WEEK - 5, 2 * WEEK + 77), (0, 40), (510, 511)] {
            let mut inside = vec![false; (until - from) as usize];
            odd.within(from, until, |start, end| {
                for minute in start..end {
                    inside[(minute - from) as usize] = true;
                }
            });
            for minute in from..until {
                assert_eq!(inside[(minute - from) as usize], odd.contains(minute));
            }
        }
    }
}
