//! Times as monitors write them. A time is never a reason to refuse an event (WIRE-FORMATS.md §0
//! rule 8): whoever reads it falls back to the time of receipt.

use domain::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::Value;

use crate::warning::{Warnings, quoted};

/// What a time field turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    At(Timestamp),
    /// Absent, blank, or a zero that means "not set": year 1 (Go), epoch 0 (several).
    Unset,
    Unreadable,
}

/// Go's zero time ends here; nothing real is older.
const ZERO_YEAR_END: Timestamp = Timestamp::from_seconds(-62_135_510_400);

/// Reads any JSON value as an instant.
pub fn read(value: Option<&Value>) -> Reading {
    let at = match value {
        None | Some(Value::Null) => return Reading::Unset,
        Some(Value::String(text)) => return read_text(text),
        Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => epoch(i128::from(whole), 0),
            (None, Some(float)) if float.is_finite() && float.abs() < 1e19 => {
                // Casting saturates; microseconds are as fine as instants get.
                epoch(float.trunc() as i128, (float.fract() * 1e6).round() as i64)
            }
            _ => None,
        },
        Some(_) => None,
    };
    reading(at)
}

/// Reads a text as an instant.
pub fn read_text(text: &str) -> Reading {
    let text = text.trim();
    if text.is_empty() {
        return Reading::Unset;
    }
    reading(
        epoch_text(text)
            .or_else(|| calendar(text))
            .or_else(|| named_month(text))
            .or_else(|| Timestamp::parse(text)),
    )
}

/// A field's instant; what cannot be read becomes `fallback` (the time of receipt, where known),
/// with a warning.
pub(crate) fn or_receipt(
    value: Option<&Value>,
    name: &str,
    fallback: Option<Timestamp>,
    warnings: &mut Warnings,
) -> Option<Timestamp> {
    match read(value) {
        Reading::At(at) => Some(at),
        Reading::Unset => None,
        Reading::Unreadable => {
            let found = value.map(Value::to_string).unwrap_or_default();
            warnings.note(format!(
                "{name} {} is not a known form of time: used the time of receipt",
                quoted(found.trim_matches('"'))
            ));
            fallback
        }
    }
}

fn reading(at: Option<Timestamp>) -> Reading {
    match at {
        None => Reading::Unreadable,
        Some(at) if at == Timestamp(0) || at < ZERO_YEAR_END => Reading::Unset,
        Some(at) if at > Timestamp::MAX => Reading::Unreadable,
        Some(at) => Reading::At(at),
    }
}

/// Epoch seconds, milliseconds, microseconds or nanoseconds, told apart by size: seconds up to the
/// year 5138 are below 10¹¹, and milliseconds above that are after 1973.
fn epoch(number: i128, fraction_micros: i64) -> Option<Timestamp> {
    let micros = match number.unsigned_abs() {
        0..100_000_000_000 => number * 1_000_000 + i128::from(fraction_micros),
        100_000_000_000..100_000_000_000_000 => number * 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => number,
        100_000_000_000_000_000..10_000_000_000_000_000_000 => number / 1_000,
        _ => return None,
    };
    i64::try_from(micros).ok().map(Timestamp)
}

fn epoch_text(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 20 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let micros: i64 = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(6)
        .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let sign = if digits.len() == text.len() { 1 } else { -1 };
    epoch(
        whole.parse::<i128>().ok()? * i128::from(sign),
        micros * sign,
    )
}

/// A reader of ASCII fields from the left.
struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    /// `min` to `max` digits.
    fn number(&mut self, min: usize, max: usize) -> Option<i32> {
        let digits = self
            .0
            .bytes()
            .take(max)
            .take_while(u8::is_ascii_digit)
            .count();
        if digits < min {
            return None;
        }
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        number.parse().ok()
    }

    /// One of the given characters.
    fn one_of(&mut self, allowed: &[char]) -> Option<char> {
        let found = self.0.chars().next().filter(|c| allowed.contains(c))?;
        self.0 = &self.0[found.len_utf8()..];
        Some(found)
    }

    /// `10:00`, `10:00:00`, `10:00:00.123456789`, `10:00:00,5`.
    fn clock(&mut self) -> Option<Clock> {
        let hour = self.number(1, 2)?;
        self.one_of(&[':'])?;
        let minute = self.number(2, 2)?;
        let mut clock = Clock {
            hour,
            minute,
            second: 0,
            nanos: 0,
        };
        if self.one_of(&[':']).is_some() {
            // A leap second is shown as the second before it.
            clock.second = self.number(2, 2)?.min(59);
            if self.one_of(&['.', ',']).is_some() {
                let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
                let (fraction, rest) = self.0.split_at(digits);
                self.0 = rest;
                clock.nanos = fraction
                    .bytes()
                    .chain(std::iter::repeat(b'0'))
                    .take(9)
                    .fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
            }
        }
        Some(clock)
    }
}

#[derive(Default)]
struct Clock {
    hour: i32,
    minute: i32,
    second: i32,
    nanos: i32,
}

fn instant(year: i32, month: i32, day: i32, clock: &Clock, offset: Offset) -> Option<Timestamp> {
    let small = |number: i32| i8::try_from(number).ok();
    let local = DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(clock.hour)?,
        small(clock.minute)?,
        small(clock.second)?,
        clock.nanos,
    )
    .ok()?;
    offset.to_timestamp(local).ok().map(Timestamp::from_jiff)
}

/// Year first: `2026-01-31T10:00:00.5Z`, `2026-01-31 10:00:00 +0000`, `2026.01.31 10:00:00`,
/// `2026/01/31`. Without a zone it is UTC.
fn calendar(text: &str) -> Option<Timestamp> {
    let mut scan = Scan(text);
    let year = scan.number(4, 4)?;
    let separator = scan.one_of(&['-', '.', '/'])?;
    let month = scan.number(1, 2)?;
    scan.one_of(&[separator])?;
    let day = scan.number(1, 2)?;
    if scan.0.is_empty() {
        return instant(year, month, day, &Clock::default(), Offset::UTC);
    }
    scan.one_of(&['T', 't', ' ', '_'])?;
    scan.0 = scan.0.trim_start();
    let clock = scan.clock()?;
    instant(year, month, day, &clock, zone(scan.0)?)
}

/// Month as a word: `Tue, 14 Nov 2023 22:13:20 +0000` (RFC 822, with or without zone and weekday),
/// `Tue Nov 14 22:13:20 UTC 2023` (date and ctime).
fn named_month(text: &str) -> Option<Timestamp> {
    let (mut year, mut month, mut day, mut clock, mut offset) = (None, None, None, None, None);
    for (position, word) in text
        .split([' ', ',', '\t'])
        .filter(|word| !word.is_empty())
        .enumerate()
    {
        if position > 7 {
            return None;
        }
        if word.contains(':') && !word.starts_with(['+', '-']) {
            let mut scan = Scan(word);
            clock = Some(scan.clock()?);
            if !scan.0.is_empty() {
                offset = Some(zone(scan.0)?);
            }
        } else if let Some(number) = month_number(word) {
            month = Some(number);
        } else if word.bytes().all(|byte| byte.is_ascii_digit()) {
            match word.len() {
                1 | 2 if day.is_none() => day = Some(word.parse().ok()?),
                4 if year.is_none() => year = Some(word.parse().ok()?),
                // RFC 822 years of two digits.
                2 if year.is_none() => year = Some(2000 + word.parse::<i32>().ok()?),
                _ => return None,
            }
        } else if let Some(found) = zone(word) {
            offset = Some(found);
        } else if !is_weekday(word) {
            return None;
        }
    }
    instant(
        year?,
        month?,
        day?,
        &clock.unwrap_or_default(),
        offset.unwrap_or(Offset::UTC),
    )
}

fn month_number(word: &str) -> Option<i32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.trim_end_matches('.').to_ascii_lowercase();
    let found = MONTHS
        .iter()
        .position(|month| word.len() >= 3 && month.starts_with(&word))?;
    i32::try_from(found + 1).ok()
}

fn is_weekday(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.len() >= 3
        && [
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ]
        .iter()
        .any(|day| day.starts_with(&word))
}

/// `Z`, `UTC`, `+01:00`, `+0100`, `-05`, RFC 822's American names; nothing is UTC.
fn zone(text: &str) -> Option<Offset> {
    let text = text.trim();
    let hours = match text.to_ascii_uppercase().as_str() {
        "" | "Z" | "UTC" | "GMT" | "UT" => 0,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        _ => return numeric_zone(text),
    };
    Offset::from_seconds(hours * 3_600).ok()
}

fn numeric_zone(text: &str) -> Option<Offset> {
    let mut scan = Scan(text);
    let sign = match scan.one_of(&['+', '-', '−'])? {
        '+' => 1,
        _ => -1,
    };
    let hours = scan.number(2, 2)?;
    let mut minutes = 0;
    if !scan.0.is_empty() {
        scan.one_of(&[':']);
        minutes = scan.number(2, 2)?;
    }
    if !scan.0.is_empty() || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn at(text: &str) -> Reading {
        Reading::At(Timestamp::parse(text).unwrap())
    }

    #[test]
    fn every_form_seen_on_the_wire() {
        for (text, expected) in [
            ("2023-11-14T22:13:20Z", "2023-11-14T22:13:20Z"),
            (
                "2026-11-21T03:25:55.536765674Z",
                "2026-11-21T03:25:55.536765Z",
            ),
            ("2023-11-14T23:13:20+01:00", "2023-11-14T22:13:20Z"),
            ("2026-03-14T09:06:12.000+0000", "2026-03-14T09:06:12Z"),
            ("2025-05-02 12:30:19 +0000", "2025-05-02T12:30:19Z"),
            ("2023-11-14T22:13:20.000", "2023-11-14T22:13:20Z"),
            (
                "2024-02-29T10:00:00.1234567Z",
                "2024-02-29T10:00:00.123456Z",
            ),
            ("2026.01.31 10:00:00", "2026-01-31T10:00:00Z"),
            ("2026/01/31 10:00", "2026-01-31T10:00:00Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("Tue, 14 Nov 2023 22:13:20", "2023-11-14T22:13:20Z"),
            ("Tue, 14 Nov 2023 22:13:20 GMT", "2023-11-14T22:13:20Z"),
            ("14 Nov 23 17:13 EST", "2023-11-14T22:13:00Z"),
            ("Tue, 14 Nov 2023 23:13:20 +0100", "2023-11-14T22:13:20Z"),
            ("Tue Nov 14 22:13:20 UTC 2023", "2023-11-14T22:13:20Z"),
            ("Tue Nov 14 22:13:20 2023", "2023-11-14T22:13:20Z"),
            ("1700000000", "2023-11-14T22:13:20Z"),
            ("1700000000.25", "2023-11-14T22:13:20.25Z"),
            ("1700000000123", "2023-11-14T22:13:20.123Z"),
            (
                "2026-03-14T10:06:12+01:00[Europe/Berlin]",
                "2026-03-14T09:06:12Z",
            ),
        ] {
            assert_eq!(read_text(text), at(expected), "{text}");
        }
        assert_eq!(
            read(Some(&json!(1_700_000_000))),
            at("2023-11-14T22:13:20Z")
        );
        assert_eq!(
            read(Some(&json!(1_700_000_000_123_i64))),
            at("2023-11-14T22:13:20.123Z")
        );
        assert_eq!(
            read(Some(&json!(1_700_000_000.5))),
            at("2023-11-14T22:13:20.5Z")
        );
        assert_eq!(
            read(Some(&json!(1_700_000_000_123_456_789_i64))),
            at("2023-11-14T22:13:20.123456Z")
        );
    }

    #[test]
    fn zeros_mean_not_set() {
        for value in [
            json!("0001-01-01T00:00:00Z"),
            json!("0001-01-01T00:00:00.000Z"),
            json!("1970-01-01T00:00:00Z"),
            json!(0),
            json!("0"),
            json!(""),
            json!(null),
        ] {
            assert_eq!(read(Some(&value)), Reading::Unset, "{value}");
        }
    }

    #[test]
    fn nonsense_is_unreadable() {
        for value in [
            json!("yesterday"),
            json!("2026-13-40T00:00:00Z"),
            json!("Nov"),
            json!("*UNKNOWN*"),
            json!(1e300),
            json!(u64::MAX),
            json!({"a": 1}),
            json!(true),
            json!("9999-99-99T99:99:99Z"),
            json!("99999999999999999999"),
        ] {
            assert_eq!(read(Some(&value)), Reading::Unreadable, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in any::<String>()) {
            let _ = read_text(&text);
        }

        #[test]
        fn anything_like_a_time_is_read_without_a_panic(text in "[-+0-9TZ:., /a-u]{0,40}") {
            let _ = read_text(&text);
        }

        #[test]
        fn any_number_is_read_without_a_panic(number in any::<f64>(), whole in any::<i64>()) {
            let _ = read(Some(&json!(number)));
            let _ = read(Some(&json!(whole)));
        }

        #[test]
        fn what_we_write_we_read(seconds in 1_i64..250_000_000_000) {
            let at = Timestamp::from_seconds(seconds);
            prop_assert_eq!(read_text(&at.to_string()), Reading::At(at));
        }
    }
}
