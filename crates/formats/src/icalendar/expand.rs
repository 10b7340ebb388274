//! The days on which a rule has an occurrence.

use jiff::Span as Days;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;

use super::rule::{Frequency, NthDay, Rule, Stop};
use super::value::instant;
use super::{CalendarError, STEPS_MAX};

/// What the rules of one file may still cost.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Default for Budget {
    fn default() -> Self {
        Budget(STEPS_MAX)
    }
}

impl Budget {
    fn spend(&mut self, steps: u64) -> Result<(), CalendarError> {
        self.0 = self
            .0
            .checked_sub(steps)
            .ok_or(CalendarError::TooMuchWork)?;
        Ok(())
    }
}

/// Gives `take` the starts of the occurrences from the first on, in order, as times on the event's
/// own clock; those that end before `from` may be left out. Ends with the first that is later than
/// `until`, or with the rule.
pub(super) fn starts(
    rule: &Rule,
    first: DateTime,
    zone: &TimeZone,
    (from, until): (DateTime, DateTime),
    budget: &mut Budget,
    mut take: impl FnMut(DateTime),
) -> Result<(), CalendarError> {
    let last = match rule.stop {
        Stop::Utc(at) => Some(instant(at, &TimeZone::UTC)),
        _ => None,
    };
    // Occurrences that are counted must all be looked at; others may be skipped.
    let mut period = match rule.stop {
        Stop::After(_) => 0,
        _ => periods_before(rule, first.date(), from.date()),
    };
    let mut counted = 0_u64;
    let mut days: Vec<Date> = Vec::new();
    loop {
        days.clear();
        let Some(begins) = days_of_period(rule, first.date(), period, &mut days) else {
            return Ok(());
        };
        budget.spend(1 + days.len() as u64)?;
        if begins > until.date() {
            return Ok(());
        }
        for day in &days {
            let start = day.to_datetime(first.time());
            if start < first {
                continue;
            }
            let over = start > until
                || match rule.stop {
                    Stop::Never => false,
                    Stop::After(count) => counted >= count,
                    Stop::Day(last) => *day > last,
                    Stop::Local(last) => start > last,
                    Stop::Utc(_) => last.is_some_and(|last| instant(start, zone) > last),
                };
            if over {
                return Ok(());
            }
            counted += 1;
            take(start);
        }
        period += 1;
    }
}

/// How many periods lie certainly before `from`.
fn periods_before(rule: &Rule, first: Date, from: Date) -> i64 {
    if from <= first {
        return 0;
    }
    let days = first
        .until(from)
        .map_or(0, |span| i64::from(span.get_days()));
    let longest = match rule.frequency {
        Frequency::Daily => 1,
        Frequency::Weekly => 7,
        Frequency::Monthly => 31,
        Frequency::Yearly => 366,
    };
    (days / longest / i64::from(rule.interval) - 2).max(0)
}

/// Puts the days of a period into `days`, rising, and returns where the period begins; `None` when
/// it lies beyond the calendar.
fn days_of_period(rule: &Rule, first: Date, period: i64, days: &mut Vec<Date>) -> Option<Date> {
    let step = period.checked_mul(i64::from(rule.interval))?;
    let begins = match rule.frequency {
        Frequency::Daily => {
            let day = plus_days(first, step)?;
            if in_months(rule, day) && in_month_days(rule, day) && on_weekdays(rule, day) {
                days.push(day);
            }
            day
        }
        Frequency::Weekly => {
            let back = days_since(rule.week_start, first.weekday());
            let week = plus_days(plus_days(first, -back)?, step.checked_mul(7)?)?;
            for offset in 0..7 {
                let Some(day) = plus_days(week, offset) else {
                    break;
                };
                let wanted = if rule.by_day.is_empty() {
                    day.weekday() == first.weekday()
                } else {
                    on_weekdays(rule, day)
                };
                if wanted && in_months(rule, day) {
                    days.push(day);
                }
            }
            week
        }
        Frequency::Monthly => {
            let months = i64::from(first.year()) * 12 + i64::from(first.month()) - 1 + step;
            let month = month_at(months)?;
            if in_months(rule, month) {
                days_of_month(rule, first, month, days);
            }
            month
        }
        Frequency::Yearly => {
            let year = i16::try_from(i64::from(first.year()).checked_add(step)?).ok()?;
            let begins = Date::new(year, 1, 1).ok()?;
            days_of_year(rule, first, begins, days);
            begins
        }
    };
    days.sort_unstable();
    days.dedup();
    if !rule.by_set_pos.is_empty() {
        let all = std::mem::take(days);
        let count = all.len() as i64;
        for position in &rule.by_set_pos {
            let position = i64::from(*position);
            let index = if position > 0 {
                position - 1
            } else {
                count + position
            };
            if let Some(day) = usize::try_from(index).ok().and_then(|index| all.get(index)) {
                days.push(*day);
            }
        }
        days.sort_unstable();
        days.dedup();
    }
    Some(begins)
}

/// What a monthly rule, or a yearly one with BYMONTH, makes of a month that begins with `month`.
fn days_of_month(rule: &Rule, first: Date, month: Date, days: &mut Vec<Date>) {
    let length = month.days_in_month();
    if !rule.by_month_day.is_empty() {
        for number in &rule.by_month_day {
            let day = if *number > 0 {
                *number
            } else {
                length + 1 + *number
            };
            let day = Date::new(month.year(), month.month(), day).ok();
            // With both, a weekday only limits (RFC 5545 §3.3.10, table).
            days.extend(day.filter(|day| on_weekdays(rule, *day)));
        }
    } else if !rule.by_day.is_empty() {
        nth_days(&rule.by_day, month, i64::from(length), days);
    } else {
        days.extend(Date::new(month.year(), month.month(), first.day()).ok());
    }
}

fn days_of_year(rule: &Rule, first: Date, year: Date, days: &mut Vec<Date>) {
    let by_months = |days: &mut Vec<Date>, wanted: &dyn Fn(i8) -> bool| {
        for month in (1..=12).filter(|month| wanted(*month)) {
            if let Ok(month) = Date::new(year.year(), month, 1) {
                days_of_month(rule, first, month, days);
            }
        }
    };
    if !rule.by_month.is_empty() {
        by_months(days, &|month| rule.by_month.contains(&month));
    } else if !rule.by_month_day.is_empty() {
        by_months(days, &|_| true);
    } else if !rule.by_day.is_empty() {
        nth_days(&rule.by_day, year, i64::from(year.days_in_year()), days);
    } else {
        days.extend(Date::new(year.year(), first.month(), first.day()).ok());
    }
}

/// The weekdays within `length` days from `begins`; counted ones from its start or end.
fn nth_days(wanted: &[NthDay], begins: Date, length: i64, days: &mut Vec<Date>) {
    for one in wanted {
        let offset = days_since(begins.weekday(), one.day);
        let count = (length - offset + 6) / 7;
        let push = |index: i64, days: &mut Vec<Date>| {
            if (0..count).contains(&index) {
                days.extend(plus_days(begins, offset + 7 * index));
            }
        };
        match one.nth.map(i64::from) {
            None => (0..count).for_each(|index| push(index, days)),
            Some(nth) if nth > 0 => push(nth - 1, days),
            Some(nth) => push(count + nth, days),
        }
    }
}

fn in_months(rule: &Rule, day: Date) -> bool {
    rule.by_month.is_empty() || rule.by_month.contains(&day.month())
}

fn in_month_days(rule: &Rule, day: Date) -> bool {
    let from_end = day.day() - day.days_in_month() - 1;
    rule.by_month_day.is_empty()
        || rule.by_month_day.contains(&day.day())
        || rule.by_month_day.contains(&from_end)
}

fn on_weekdays(rule: &Rule, day: Date) -> bool {
    rule.by_day.is_empty() || rule.by_day.iter().any(|one| one.day == day.weekday())
}

/// Days from one weekday to the next other, 0 – 6.
fn days_since(from: Weekday, to: Weekday) -> i64 {
    let number = |day: Weekday| i64::from(day.to_monday_zero_offset());
    (number(to) - number(from)).rem_euclid(7)
}

fn plus_days(date: Date, days: i64) -> Option<Date> {
    date.checked_add(Days::new().try_days(days).ok()?).ok()
}

fn month_at(months: i64) -> Option<Date> {
    let year = i16::try_from(months.div_euclid(12)).ok()?;
    let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
    Date::new(year, month, 1).ok()
}
