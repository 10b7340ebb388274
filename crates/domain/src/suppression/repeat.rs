//! How a maintenance window recurs, as people choose it and read it; the rule itself is an RRULE
//! (RFC 5545), which may say more than this.

use jiff::civil::Date;

use crate::schedule::Weekday;
use crate::words;

/// Longest interval that can be chosen.
pub const EVERY_MAX: u32 = 99;

words! {
    /// What is chosen first.
    RepeatKind {
        Once = "once",
        Daily = "daily",
        Weekly = "weekly",
        Monthly = "monthly",
        /// An RRULE as it was typed.
        Rule = "rule",
    }

    /// Which day of the month, as the first occurrence has it.
    MonthlyBy {
        /// The same number: the 14th.
        Day = "day",
        /// The same weekday from the front: the second Tuesday.
        Weekday = "weekday",
        /// The same weekday of the last week of the month: the last Tuesday.
        Last = "last",
    }
}

/// How something recurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeat {
    Once,
    Regular(Regular),
    /// An RRULE that says more than can be chosen.
    Rule(String),
}

/// What recurs regularly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regular {
    pub pattern: Pattern,
    /// Every second, third … day, week or month; from 1.
    pub every: u32,
    /// No occurrence begins after this day.
    pub until: Option<Date>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    Daily,
    /// On these days; none: on that of the first occurrence.
    Weekly(Vec<Weekday>),
    /// On the day of this number.
    MonthDay(i8),
    /// On the first to fourth of a weekday, or the last (-1).
    MonthWeekday(i8, Weekday),
}

impl Pattern {
    /// A monthly pattern with the day of the first occurrence.
    pub fn monthly(by: MonthlyBy, first: Date) -> Pattern {
        let weekday = weekday_of(first);
        match by {
            MonthlyBy::Day => Pattern::MonthDay(first.day()),
            MonthlyBy::Last => Pattern::MonthWeekday(-1, weekday),
            MonthlyBy::Weekday => match (first.day() - 1) / 7 + 1 {
                nth @ 1..=4 => Pattern::MonthWeekday(nth, weekday),
                _ => Pattern::MonthWeekday(-1, weekday),
            },
        }
    }

    pub const fn kind(&self) -> RepeatKind {
        match self {
            Pattern::Daily => RepeatKind::Daily,
            Pattern::Weekly(_) => RepeatKind::Weekly,
            Pattern::MonthDay(_) | Pattern::MonthWeekday(..) => RepeatKind::Monthly,
        }
    }
}

impl Repeat {
    /// Reads a rule; what cannot be chosen stays as it is.
    pub fn of(rule: Option<&str>) -> Repeat {
        match rule.map(str::trim).filter(|rule| !rule.is_empty()) {
            None => Repeat::Once,
            Some(rule) => {
                Regular::read(rule).map_or_else(|| Repeat::Rule(rule.to_owned()), Repeat::Regular)
            }
        }
    }

    /// The RRULE; `None`: once.
    pub fn rule(&self) -> Option<String> {
        match self {
            Repeat::Once => None,
            Repeat::Regular(regular) => Some(regular.rule()),
            Repeat::Rule(rule) => Some(rule.clone()),
        }
    }

    pub const fn kind(&self) -> RepeatKind {
        match self {
            Repeat::Once => RepeatKind::Once,
            Repeat::Regular(regular) => regular.pattern.kind(),
            Repeat::Rule(_) => RepeatKind::Rule,
        }
    }

    /// `once`, `every week on Sunday`, `every month on the last Friday, until 2026-12-31`.
    pub fn in_words(&self) -> String {
        match self {
            Repeat::Once => "once".to_owned(),
            Repeat::Regular(regular) => regular.in_words(),
            Repeat::Rule(rule) => format!("by the rule {rule}"),
        }
    }
}

impl Regular {
    fn rule(&self) -> String {
        let mut rule = match &self.pattern {
            Pattern::Daily => "FREQ=DAILY".to_owned(),
            Pattern::Weekly(days) if days.is_empty() => "FREQ=WEEKLY".to_owned(),
            Pattern::Weekly(days) => {
                let days: Vec<&str> = days.iter().map(|day| short(*day)).collect();
                format!("FREQ=WEEKLY;BYDAY={}", days.join(","))
            }
            Pattern::MonthDay(day) => format!("FREQ=MONTHLY;BYMONTHDAY={day}"),
            Pattern::MonthWeekday(nth, day) => format!("FREQ=MONTHLY;BYDAY={nth}{}", short(*day)),
        };
        if self.every > 1 {
            rule.push_str(&format!(";INTERVAL={}", self.every));
        }
        if let Some(until) = self.until {
            rule.push_str(&until.strftime(";UNTIL=%Y%m%d").to_string());
        }
        rule
    }

    fn read(rule: &str) -> Option<Regular> {
        let rule = rule.strip_prefix("RRULE:").unwrap_or(rule);
        let (mut frequency, mut every, mut until) = (None, 1, None);
        let (mut by_day, mut by_month_day) = (None, None);
        for part in rule.split(';') {
            let (name, value) = part.split_once('=')?;
            match name {
                "FREQ" => frequency = Some(value),
                "INTERVAL" => every = value.parse().ok().filter(|n| (1..=EVERY_MAX).contains(n))?,
                "UNTIL" => until = Some(Date::strptime("%Y%m%d", value).ok()?),
                "BYDAY" => by_day = Some(value),
                "BYMONTHDAY" => by_month_day = Some(value),
                _ => return None,
            }
        }
        let pattern = match (frequency?, by_day, by_month_day) {
            ("DAILY", None, None) => Pattern::Daily,
            ("WEEKLY", None, None) => Pattern::Weekly(Vec::new()),
            ("WEEKLY", Some(days), None) => {
                let days: Option<Vec<Weekday>> = days.split(',').map(from_short).collect();
                Pattern::Weekly(days?)
            }
            ("MONTHLY", None, Some(day)) => {
                Pattern::MonthDay(day.parse().ok().filter(|day| (1..=31).contains(day))?)
            }
            ("MONTHLY", Some(day), None) => {
                let split = day.len().checked_sub(2)?;
                let nth: i8 = day.get(..split)?.parse().ok()?;
                if !matches!(nth, -1 | 1..=4) {
                    return None;
                }
                Pattern::MonthWeekday(nth, from_short(day.get(split..)?)?)
            }
            _ => return None,
        };
        Some(Regular {
            pattern,
            every,
            until,
        })
    }

    fn in_words(&self) -> String {
        let often = |unit: &str| match self.every {
            1 => format!("every {unit}"),
            n => format!("every {n} {unit}s"),
        };
        let mut words = match &self.pattern {
            Pattern::Daily => often("day"),
            Pattern::Weekly(days) if days.is_empty() => often("week"),
            Pattern::Weekly(days) => {
                let names: Vec<String> = days.iter().map(|day| named(*day)).collect();
                format!("{} on {}", often("week"), names.join(", "))
            }
            Pattern::MonthDay(day) => format!("{} on day {day}", often("month")),
            Pattern::MonthWeekday(nth, day) => {
                let nth = match nth {
                    1 => "first",
                    2 => "second",
                    3 => "third",
                    4 => "fourth",
                    _ => "last",
                };
                format!("{} on the {nth} {}", often("month"), named(*day))
            }
        };
        if let Some(until) = self.until {
            words.push_str(&format!(", until {until}"));
        }
        words
    }
}

/// The day's word, written as a name.
fn named(day: Weekday) -> String {
    let (first, rest) = day.as_str().split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// As RFC 5545 has it: the first two letters.
fn short(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "MO",
        Weekday::Tuesday => "TU",
        Weekday::Wednesday => "WE",
        Weekday::Thursday => "TH",
        Weekday::Friday => "FR",
        Weekday::Saturday => "SA",
        Weekday::Sunday => "SU",
    }
}

fn from_short(text: &str) -> Option<Weekday> {
    Weekday::ALL.iter().copied().find(|day| short(*day) == text)
}

/// The day of the week of a date.
pub fn weekday_of(date: Date) -> Weekday {
    match date.weekday() {
        jiff::civil::Weekday::Monday => Weekday::Monday,
        jiff::civil::Weekday::Tuesday => Weekday::Tuesday,
        jiff::civil::Weekday::Wednesday => Weekday::Wednesday,
        jiff::civil::Weekday::Thursday => Weekday::Thursday,
        jiff::civil::Weekday::Friday => Weekday::Friday,
        jiff::civil::Weekday::Saturday => Weekday::Saturday,
        jiff::civil::Weekday::Sunday => Weekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rules_are_said_in_words() {
        for (rule, words) in [
            ("FREQ=DAILY", "every day"),
            ("FREQ=WEEKLY;BYDAY=SU", "every week on Sunday"),
            (
                "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE",
                "every 2 weeks on Monday, Wednesday",
            ),
            ("FREQ=MONTHLY;BYMONTHDAY=14", "every month on day 14"),
            (
                "FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20261231",
                "every month on the last Friday, until 2026-12-31",
            ),
            (
                "FREQ=YEARLY;BYMONTH=12",
                "by the rule FREQ=YEARLY;BYMONTH=12",
            ),
            ("FREQ=DAILY;COUNT=3", "by the rule FREQ=DAILY;COUNT=3"),
            ("nonsense", "by the rule nonsense"),
        ] {
            assert_eq!(Repeat::of(Some(rule)).in_words(), words);
        }
        assert_eq!(Repeat::of(None).in_words(), "once");
        assert_eq!(Repeat::of(Some("  ")), Repeat::Once);
    }

    #[test]
    fn a_month_is_counted_from_the_first_occurrence() {
        let tuesday = date(2026, 3, 10);
        for (by, pattern) in [
            (MonthlyBy::Day, Pattern::MonthDay(10)),
            (
                MonthlyBy::Weekday,
                Pattern::MonthWeekday(2, Weekday::Tuesday),
            ),
            (MonthlyBy::Last, Pattern::MonthWeekday(-1, Weekday::Tuesday)),
        ] {
            assert_eq!(Pattern::monthly(by, tuesday), pattern);
        }
        // Not every month has a fifth one.
        assert_eq!(
            Pattern::monthly(MonthlyBy::Weekday, date(2026, 3, 31)),
            Pattern::MonthWeekday(-1, Weekday::Tuesday)
        );
    }

    fn regular() -> impl Strategy<Value = Regular> {
        let day = prop::sample::select(Weekday::ALL);
        let pattern = prop_oneof![
            Just(Pattern::Daily),
            prop::collection::vec(day.clone(), 0..4).prop_map(Pattern::Weekly),
            (1..=31_i8).prop_map(Pattern::MonthDay),
            (prop::sample::select(&[-1_i8, 1, 2, 3, 4][..]), day)
                .prop_map(|(nth, day)| Pattern::MonthWeekday(nth, day)),
        ];
        let until = prop::option::of((2_000..2_100_i16, 1..=12_i8, 1..=28_i8))
            .prop_map(|day| day.map(|(y, m, d)| date(y, m, d)));
        (pattern, 1..=EVERY_MAX, until).prop_map(|(pattern, every, until)| Regular {
            pattern,
            every,
            until,
        })
    }

    proptest! {
        #[test]
        fn what_is_chosen_is_read_again(regular in regular()) {
            let repeat = Repeat::Regular(regular);
            prop_assert_eq!(Repeat::of(repeat.rule().as_deref()), repeat);
        }

        #[test]
        fn any_text_is_a_rule_of_some_kind(text in ".{0,60}") {
            let repeat = Repeat::of(Some(&text));
            prop_assert!(!repeat.in_words().is_empty());
        }
    }
}
