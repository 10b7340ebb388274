//! Recurrence rules as they are written (RFC 5545 §3.3.10).

use jiff::civil::Weekday;

use super::value::{date, date_time, short};
use jiff::civil::{Date, DateTime};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// When the rule stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Never,
    /// After so many occurrences, those that are excluded among them.
    After(u64),
    /// With the end of this day.
    Day(Date),
    /// Inclusive; on the event's own clock.
    Local(DateTime),
    /// Inclusive; in UTC.
    Utc(DateTime),
}

/// `-1FR`: the last Friday. Without an ordinal, every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NthDay {
    pub nth: Option<i16>,
    pub day: Weekday,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub frequency: Frequency,
    /// At least 1.
    pub interval: u32,
    pub stop: Stop,
    pub by_day: Vec<NthDay>,
    pub by_month_day: Vec<i8>,
    pub by_month: Vec<i8>,
    pub by_set_pos: Vec<i32>,
    pub week_start: Weekday,
}

/// No list of a rule has more values.
const LIST_MAX: usize = 400;

pub(super) fn parse(text: &str) -> Result<Rule, String> {
    let mut frequency = None;
    let mut rule = Rule {
        frequency: Frequency::Daily,
        interval: 1,
        stop: Stop::Never,
        by_day: Vec::new(),
        by_month_day: Vec::new(),
        by_month: Vec::new(),
        by_set_pos: Vec::new(),
        week_start: Weekday::Monday,
    };
    for part in text.split(';').filter(|part| !part.trim().is_empty()) {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| format!("the rule has a part without a value: {}", short(part)))?;
        let (name, value) = (name.trim().to_ascii_uppercase(), value.trim());
        let broken = || format!("the rule's {name} is wrong: {}", short(value));
        match name.as_str() {
            "FREQ" => {
                frequency = Some(match value.to_ascii_uppercase().as_str() {
                    "DAILY" => Frequency::Daily,
                    "WEEKLY" => Frequency::Weekly,
                    "MONTHLY" => Frequency::Monthly,
                    "YEARLY" => Frequency::Yearly,
                    _ => return Err(format!("a rule that repeats {} is too often", short(value))),
                });
            }
            "INTERVAL" => {
                let interval: u32 = value.parse().map_err(|_| broken())?;
                rule.interval = Some(interval)
                    .filter(|interval| *interval > 0)
                    .ok_or_else(broken)?;
            }
            "COUNT" => rule.stop = Stop::After(value.parse().map_err(|_| broken())?),
            "UNTIL" => rule.stop = until(value).ok_or_else(broken)?,
            "BYDAY" => rule.by_day = list(value, nth_day).ok_or_else(broken)?,
            "BYMONTHDAY" => {
                rule.by_month_day = numbers(value, 31).ok_or_else(broken)?;
            }
            "BYMONTH" => {
                let months: Vec<i8> = numbers(value, 12).ok_or_else(broken)?;
                if months.iter().any(|month| *month < 1) {
                    return Err(broken());
                }
                rule.by_month = months;
            }
            "BYSETPOS" => rule.by_set_pos = numbers(value, 366).ok_or_else(broken)?,
            "WKST" => rule.week_start = weekday(value).ok_or_else(broken)?,
            // What repeats daily or less often has one time a day, that of its start.
            "BYHOUR" | "BYMINUTE" | "BYSECOND" | "BYYEARDAY" | "BYWEEKNO" => {
                return Err(format!("rules with {name} are not understood"));
            }
            // Extensions, such as RSCALE, change what days are meant.
            _ => return Err(format!("rules with {} are not understood", short(&name))),
        }
    }
    rule.frequency = frequency.ok_or("the rule has no FREQ")?;
    let nth_allowed = matches!(rule.frequency, Frequency::Monthly | Frequency::Yearly);
    if !nth_allowed && rule.by_day.iter().any(|day| day.nth.is_some()) {
        return Err("only monthly and yearly rules may count weekdays".to_owned());
    }
    if rule.frequency == Frequency::Weekly && !rule.by_month_day.is_empty() {
        return Err("weekly rules may not have BYMONTHDAY".to_owned());
    }
    Ok(rule)
}

fn until(value: &str) -> Option<Stop> {
    if let Some(day) = date(value) {
        return Some(Stop::Day(day));
    }
    match value.strip_suffix(['Z', 'z']) {
        Some(wall) => date_time(wall).map(Stop::Utc),
        None => date_time(value).map(Stop::Local),
    }
}

fn list<T>(value: &str, one: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let all: Option<Vec<T>> = value
        .split(',')
        .take(LIST_MAX)
        .map(|part| one(part.trim()))
        .collect();
    all.filter(|all| !all.is_empty())
}

/// Whole numbers from -max to max, without 0.
fn numbers<T: TryFrom<i32>>(value: &str, max: i32) -> Option<Vec<T>> {
    list(value, |part| {
        let number: i32 = part.parse().ok()?;
        let fits = number != 0 && (-max..=max).contains(&number);
        fits.then(|| T::try_from(number).ok()).flatten()
    })
}

fn nth_day(part: &str) -> Option<NthDay> {
    let split = part.len().checked_sub(2)?;
    let day = weekday(part.get(split..)?)?;
    let nth = match part.get(..split)? {
        "" => None,
        number => {
            let nth: i16 = number.parse().ok()?;
            Some(nth).filter(|nth| *nth != 0 && (-53..=53).contains(nth))?;
            Some(nth)
        }
    };
    Some(NthDay { nth, day })
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_comes_apart() {
        let rule = parse("FREQ=MONTHLY;BYDAY=-1FR,2MO;UNTIL=20261231T225959Z;WKST=SU").unwrap();
        assert_eq!(rule.frequency, Frequency::Monthly);
        assert_eq!(rule.by_day.len(), 2);
        assert_eq!(rule.by_day[0].nth, Some(-1));
        assert!(matches!(rule.stop, Stop::Utc(_)));
        assert_eq!(rule.week_start, Weekday::Sunday);
    }

    #[test]
    fn what_cannot_be_kept_exactly_is_refused() {
        for text in [
            "",
            "FREQ=HOURLY",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;BYHOUR=9",
            "FREQ=WEEKLY;BYDAY=1MO",
            "FREQ=WEEKLY;BYDAY=XX",
            "FREQ=MONTHLY;BYMONTHDAY=0",
            "FREQ=YEARLY;BYMONTH=-1",
            "FREQ=DAILY;COUNT=-1",
            "FREQ=DAILY;UNTIL=soon",
            "FREQ=YEARLY;RSCALE=CHINESE",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
