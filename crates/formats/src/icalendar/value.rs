//! Dates, times and durations (RFC 5545 §3.3.4–§3.3.6).

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use domain::Timestamp;

use super::line::Line;

/// A date or a date with time, and what clock it is on.
#[derive(Clone, Debug)]
pub(super) enum When {
    /// A whole day, or where one begins.
    Day(Date),
    /// On the clock of whoever reads it.
    Floating(DateTime),
    /// On the clock of a zone; UTC among them.
    Zoned(DateTime, TimeZone),
}

impl When {
    /// On the wall clock it was written in.
    pub fn wall(&self) -> DateTime {
        match self {
            When::Day(date) => date.at(0, 0, 0, 0),
            When::Floating(at) | When::Zoned(at, _) => *at,
        }
    }

    pub fn is_day(&self) -> bool {
        matches!(self, When::Day(_))
    }

    /// The zone whose clock it is on; `floating` for what names none.
    pub fn zone<'a>(&'a self, floating: &'a TimeZone) -> &'a TimeZone {
        match self {
            When::Zoned(_, zone) => zone,
            When::Day(_) | When::Floating(_) => floating,
        }
    }

    pub fn instant(&self, floating: &TimeZone) -> Timestamp {
        instant(self.wall(), self.zone(floating))
    }
}

/// A wall-clock time as an instant. One that is skipped is read with the offset from before the
/// change, one that comes twice is its first (RFC 5545 §3.3.5).
pub(super) fn instant(wall: DateTime, zone: &TimeZone) -> Timestamp {
    let at = zone.to_ambiguous_timestamp(wall).compatible();
    at.map_or(
        if wall.year() < 1970 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        },
        Timestamp::from_jiff,
    )
}

/// A length: calendar days and exact seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Length {
    pub days: i64,
    pub seconds: i64,
}

/// Nothing in a calendar of shifts lasts longer: about 100 years.
const DAYS_MAX: i64 = 36_600;

/// All values of a property that may have several, separated by commas. A period is read as its
/// start. `None` when one of them is broken.
pub(super) fn whens(
    line: &Line<'_>,
    zone_of: &impl Fn(&str) -> Option<TimeZone>,
) -> Result<Vec<When>, String> {
    line.value
        .split(',')
        .map(|value| when_of(line, value, zone_of))
        .collect()
}

/// The value of a property that has one.
pub(super) fn when(
    line: &Line<'_>,
    zone_of: &impl Fn(&str) -> Option<TimeZone>,
) -> Result<When, String> {
    when_of(line, line.value, zone_of)
}

fn when_of(
    line: &Line<'_>,
    value: &str,
    zone_of: &impl Fn(&str) -> Option<TimeZone>,
) -> Result<When, String> {
    let broken = || format!("{} is no time: {}", line.name, short(value));
    let value = value.split('/').next().unwrap_or_default().trim();
    if value.len() == 8 {
        return date(value).map(When::Day).ok_or_else(broken);
    }
    let (wall, utc) = match value.strip_suffix(['Z', 'z']) {
        Some(wall) => (wall, true),
        None => (value, false),
    };
    let at = date_time(wall).ok_or_else(broken)?;
    if utc {
        return Ok(When::Zoned(at, TimeZone::UTC));
    }
    match line.param("TZID") {
        None => Ok(When::Floating(at)),
        Some(name) => match zone_of(name) {
            Some(zone) => Ok(When::Zoned(at, zone)),
            None => Err(format!("the time zone \"{}\" is unknown", short(name))),
        },
    }
}

/// `20260329`.
pub(super) fn date(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let year: i16 = text[..4].parse().ok()?;
    let month: i8 = text[4..6].parse().ok()?;
    let day: i8 = text[6..].parse().ok()?;
    Date::new(year, month, day).ok()
}

/// `20260329T010000`, without a zone.
pub(super) fn date_time(text: &str) -> Option<DateTime> {
    let (day, time) = text.split_once(['T', 't'])?;
    let day = date(day)?;
    if time.len() != 6 || !time.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hour, minute): (i8, i8) = (time[..2].parse().ok()?, time[2..4].parse().ok()?);
    // A leap second is the last one of its minute.
    let second: i8 = time[4..].parse().ok().map(|second: i8| second.min(59))?;
    let time = jiff::civil::Time::new(hour, minute, second, 0).ok()?;
    Some(day.to_datetime(time))
}

/// `P1DT2H`, `PT45M`, `P2W`; negative ones are none.
pub(super) fn length(text: &str) -> Option<Length> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
    let (mut days, mut seconds) = (0_i64, 0_i64);
    let (mut number, mut in_time, mut any) = (None::<i64>, false, false);
    for letter in text.chars() {
        if let Some(digit) = letter.to_digit(10) {
            let so_far = number.unwrap_or(0);
            number = Some(so_far.checked_mul(10)?.checked_add(i64::from(digit))?);
            continue;
        }
        if letter == 'T' && number.is_none() && !in_time {
            in_time = true;
            continue;
        }
        let count = number.take()?;
        let (slot, worth) = match (letter, in_time) {
            ('W', false) => (&mut days, 7),
            ('D', false) => (&mut days, 1),
            ('H', true) => (&mut seconds, 3_600),
            ('M', true) => (&mut seconds, 60),
            ('S', true) => (&mut seconds, 1),
            _ => return None,
        };
        *slot = slot.checked_add(count.checked_mul(worth)?)?;
        any = true;
    }
    let bounded = days <= DAYS_MAX && seconds <= DAYS_MAX * 86_400;
    (any && number.is_none() && bounded).then_some(Length { days, seconds })
}

/// A value as it is quoted in a complaint.
pub(super) fn short(text: &str) -> String {
    let mut short: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        let of = |days, seconds| Some(Length { days, seconds });
        assert_eq!(length("P1W"), of(7, 0));
        assert_eq!(length("P1DT12H30M5S"), of(1, 45_005));
        assert_eq!(length("PT0S"), of(0, 0));
        for broken in [
            "",
            "P",
            "PT",
            "P1",
            "-PT1H",
            "P1H",
            "PT1D",
            "P99999999999999999999D",
        ] {
            assert_eq!(length(broken), None, "{broken}");
        }
    }

    #[test]
    fn dates() {
        assert_eq!(date("20260228"), Some(Date::constant(2026, 2, 28)));
        for broken in ["20260230", "2026022", "202602281", "2026-2-1", "２０２"] {
            assert_eq!(date(broken), None, "{broken}");
        }
        assert!(date_time("20260228T240000").is_none());
        assert!(date_time("20260228T235960").is_some());
    }
}
