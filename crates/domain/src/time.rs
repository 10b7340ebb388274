//! Time as the rules see it: UTC microseconds, passed in, never read.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MICROS: i64 = 1_000_000;

/// An instant: microseconds since 1970-01-01T00:00:00Z. Stored as `BIGINT`, so that it is exact
/// and ordered alike in both databases. In JSON it is RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "sql",
    derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)
)]
#[cfg_attr(feature = "sql", diesel(sql_type = diesel::sql_types::BigInt))]
pub struct Timestamp(pub i64);

#[cfg(feature = "sql")]
crate::sql_as_i64!(Timestamp);

impl Timestamp {
    /// Earliest and latest instants that have a calendar date (years −9999 to 9999), a little
    /// inside what `jiff` can hold so that zone arithmetic near the ends cannot overflow.
    pub const MIN: Timestamp = Timestamp(-377_000_000_000 * MICROS);
    pub const MAX: Timestamp = Timestamp(253_000_000_000 * MICROS);

    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS))
    }

    pub const fn as_micros(self) -> i64 {
        self.0
    }

    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// The same instant for calendar arithmetic. Clamped to [`Timestamp::MIN`]..=[`Timestamp::MAX`].
    pub fn to_jiff(self) -> jiff::Timestamp {
        let clamped = self.0.clamp(Self::MIN.0, Self::MAX.0);
        jiff::Timestamp::from_microsecond(clamped).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    pub fn from_jiff(at: jiff::Timestamp) -> Self {
        Self(at.as_microsecond())
    }

    pub fn in_zone(self, zone: &jiff::tz::TimeZone) -> jiff::Zoned {
        self.to_jiff().to_zoned(zone.clone())
    }

    /// RFC 3339, e.g. `2026-03-14T09:06:12Z`; fractions only when there are any.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(Self::from_jiff)
    }

    /// RFC 3339 in UTC with whole seconds, as exports write it.
    pub fn to_seconds_string(self) -> String {
        Self::from_seconds(self.as_seconds()).to_string()
    }

    /// Time since `earlier`; negative when `earlier` is later.
    pub const fn since(self, earlier: Timestamp) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_jiff().fmt(f)
    }
}

impl std::fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("expected an RFC 3339 time such as 2026-03-14T09:06:12Z")
        })
    }
}

/// A length of time in microseconds. In JSON and configuration it is a number of whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(
    feature = "sql",
    derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)
)]
#[cfg_attr(feature = "sql", diesel(sql_type = diesel::sql_types::BigInt))]
pub struct Span(pub i64);

#[cfg(feature = "sql")]
crate::sql_as_i64!(Span);

impl Span {
    pub const ZERO: Span = Span(0);

    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS))
    }

    pub const fn from_minutes(minutes: i64) -> Self {
        Self::from_seconds(minutes.saturating_mul(60))
    }

    pub const fn from_hours(hours: i64) -> Self {
        Self::from_minutes(hours.saturating_mul(60))
    }

    pub const fn from_days(days: i64) -> Self {
        Self::from_hours(days.saturating_mul(24))
    }

    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// As a standard duration; negative spans become zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_micros(self.0.max(0).unsigned_abs())
    }
}

/// `4 m 12 s`, `1 h 5 m`, `2 d 3 h`: the two largest units, as pages show durations.
impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let total = self.0.unsigned_abs() / MICROS.unsigned_abs();
        let (days, hours, minutes, seconds) = (
            total / 86_400,
            total / 3_600 % 24,
            total / 60 % 60,
            total % 60,
        );
        if self.0 < 0 {
            f.write_str("−")?;
        }
        let (large, small) = if days > 0 {
            ((days, "d"), (hours, "h"))
        } else if hours > 0 {
            ((hours, "h"), (minutes, "m"))
        } else if minutes > 0 {
            ((minutes, "m"), (seconds, "s"))
        } else {
            return write!(f, "{seconds} s");
        };
        write!(f, "{} {}", large.0, large.1)?;
        if small.0 > 0 {
            write!(f, " {} {}", small.0, small.1)
        } else {
            Ok(())
        }
    }
}

impl std::fmt::Debug for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.as_seconds())
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Span::from_seconds)
    }
}

impl std::ops::Add<Span> for Timestamp {
    type Output = Timestamp;
    fn add(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
}

impl std::ops::Sub<Span> for Timestamp {
    type Output = Timestamp;
    fn sub(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }
}

impl std::ops::Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Mul<i64> for Span {
    type Output = Span;
    fn mul(self, by: i64) -> Span {
        Span(self.0.saturating_mul(by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_rfc_3339_in_json() {
        let at = Timestamp::parse("2026-03-14T09:06:12.5Z").unwrap();
        assert_eq!(
            serde_json::to_string(&at).unwrap(),
            "\"2026-03-14T09:06:12.5Z\""
        );
        assert_eq!(
            serde_json::from_str::<Timestamp>("\"2026-03-14T10:06:12.5+01:00\"").unwrap(),
            at
        );
        assert_eq!(at.to_seconds_string(), "2026-03-14T09:06:12Z");
    }

    #[test]
    fn durations_read_as_the_two_largest_units() {
        assert_eq!(Span::from_seconds(252).to_string(), "4 m 12 s");
        assert_eq!(Span::from_minutes(60).to_string(), "1 h");
        assert_eq!(Span::from_hours(51).to_string(), "2 d 3 h");
        assert_eq!(Span::from_seconds(-5).to_string(), "−5 s");
        assert_eq!(Span::ZERO.to_string(), "0 s");
    }

    #[test]
    fn absurd_instants_are_clamped_not_fatal() {
        let _ = Timestamp(i64::MAX).to_jiff();
        let _ = Timestamp(i64::MIN).to_string();
    }
}
