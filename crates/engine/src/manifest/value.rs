//! The values of the file: durations, turns, targets, and anything with its place.

use std::fmt;
use std::str::FromStr;

use channels::Secret;
use domain::Span;
use domain::word::ContactKind;
use serde::de::{self, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Line and column in the file, from 1; 0 where there is no file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: u64,
    pub column: u64,
}

/// A value that knows where it stands. Two are equal when their values are.
#[derive(Clone)]
pub struct Located<T> {
    pub value: T,
    pub at: Place,
}

impl<T> From<T> for Located<T> {
    fn from(value: T) -> Self {
        Located {
            value,
            at: Place::default(),
        }
    }
}

impl<T> std::ops::Deref for Located<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: Serialize> Serialize for Located<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        Ok(Located {
            value: spanned.value,
            at: Place {
                line: spanned.referenced.line(),
                column: spanned.referenced.column(),
            },
        })
    }
}

/// For fields whose absence differs from `null`: absent stays, `null` takes away.
pub(super) fn mentioned<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// For secrets that an export holds when it is asked to.
pub(super) fn revealed<S: Serializer>(
    secret: &Option<Option<Located<Secret>>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let text = secret.as_ref().and_then(Option::as_ref);
    text.map(|secret| secret.value.reveal())
        .serialize(serializer)
}

/// As [`revealed`], for those that cannot be taken away.
pub(super) fn revealed_one<S: Serializer>(
    secret: &Option<Located<Secret>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let text = secret.as_ref().map(|secret| secret.value.reveal());
    text.serialize(serializer)
}

/// A length of time as people write it: `90`, `30s`, `5m`, `2h`, `1d`, `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration(pub Span);

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || format!("`{text}` is not a duration: write seconds, or 30s, 5m, 2h, 1d, 1h30m");
        let mut seconds: i64 = 0;
        let mut number = String::new();
        let mut longest = i64::MAX;
        for character in text.trim().chars() {
            if character.is_ascii_digit() {
                number.push(character);
                continue;
            }
            let unit = match character {
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => 86_400,
                _ => return Err(wrong()),
            };
            // Larger units first, each once.
            if unit >= longest {
                return Err(wrong());
            }
            longest = unit;
            let count: i64 = number.parse().map_err(|_| wrong())?;
            number.clear();
            seconds = count
                .checked_mul(unit)
                .and_then(|more| seconds.checked_add(more))
                .ok_or_else(wrong)?;
        }
        if !number.is_empty() {
            // A bare number is seconds; behind a unit it would be a guess.
            if longest != i64::MAX {
                return Err(wrong());
            }
            seconds = number.parse().map_err(|_| wrong())?;
        } else if longest == i64::MAX {
            return Err(wrong());
        }
        // A thousand years is beyond every limit, and far from overflowing microseconds.
        if seconds > 1_000 * 366 * 86_400 {
            return Err(wrong());
        }
        Ok(Duration(Span::from_seconds(seconds)))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.as_seconds();
        if left == 0 {
            return f.write_str("0s");
        }
        for (unit, name) in [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')] {
            if left >= unit {
                write!(f, "{}{name}", left / unit)?;
                left %= unit;
            }
        }
        Ok(())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// A duration, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout(pub Option<Span>);

impl Serialize for Timeout {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(span) => Duration(span).serialize(serializer),
            None => serializer.serialize_str("off"),
        }
    }
}

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim() == "off" {
            return Ok(Timeout(None));
        }
        text.parse::<Duration>()
            .map(|duration| Timeout(Some(duration.0)))
            .map_err(|message| de::Error::custom(format!("{message}, or off")))
    }
}

/// A date as `2026-03-29`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(pub jiff::civil::Date);

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.trim()
            .parse()
            .map(Day)
            .map_err(|_| de::Error::custom(format!("`{text}` is not a date such as 2026-03-29")))
    }
}

/// One turn of a rotation: a person, `[several, persons]` at once, `[]` for nobody, or
/// `{users: [a person], shadows: [another]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    pub users: Vec<String>,
    pub shadows: Vec<String>,
}

/// A turn with its parts named.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedTurn {
    users: Vec<String>,
    #[serde(default)]
    shadows: Vec<String>,
}

impl Serialize for Turn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.shadows.is_empty() {
            let (users, shadows) = (self.users.clone(), self.shadows.clone());
            return NamedTurn { users, shadows }.serialize(serializer);
        }
        if let [one] = &self.users[..] {
            return serializer.serialize_str(one);
        }
        let mut list = serializer.serialize_seq(Some(self.users.len()))?;
        for person in &self.users {
            list.serialize_element(person)?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Turn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl<'de> Visitor<'de> for Forms {
            type Value = Turn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an e-mail address, a list of them, or `users` and `shadows`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Turn, E> {
                Ok(Turn {
                    users: vec![text.to_owned()],
                    shadows: vec![],
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Turn, A::Error> {
                let mut turn = Turn::default();
                while let Some(person) = list.next_element()? {
                    turn.users.push(person);
                }
                Ok(turn)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Turn, A::Error> {
                let named = NamedTurn::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Turn {
                    users: named.users,
                    shadows: named.shadows,
                })
            }
        }

        deserializer.deserialize_any(Forms)
    }
}

/// Whom a step or the last resort pages or tells: `{user: address}`, `{schedule: slug}`, `{team:
/// slug}` or `{channel: slug}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetRef {
    User(String),
    Schedule(String),
    Team(String),
    Channel(String),
}

/// How a message names a kind of contact method.
pub(super) fn kind_in_words(kind: ContactKind) -> &'static str {
    match kind {
        ContactKind::Email => "e-mail",
        ContactKind::Sms => "SMS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("90", 90),
            ("0", 0),
            ("0s", 0),
            ("30s", 30),
            ("5m", 300),
            ("2h", 7_200),
            ("1d", 86_400),
            ("1h30m", 5_400),
            (" 1d2h3m4s ", 93_784),
        ] {
            let read: Duration = text.parse().unwrap();
            assert_eq!(read.0.as_seconds(), seconds, "{text}");
        }
        for text in [
            "",
            "s",
            "-5m",
            "5 m",
            "5min",
            "1m1h",
            "1h1h",
            "1h30",
            "5x",
            "1.5h",
            "99999999999999d",
            "9223372036854775807",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_duration_is_read_as_it_is_written(seconds in 0_i64..100_000_000) {
            let written = Duration(Span::from_seconds(seconds)).to_string();
            prop_assert_eq!(written.parse::<Duration>().unwrap().0.as_seconds(), seconds);
        }
    }
}
