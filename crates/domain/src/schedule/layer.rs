//! Layers: a rotation of participants, perhaps restricted to some hours.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Restriction, Rotation, TimeOfDay};
use crate::UserId;

/// One place in a rotation: a person, several at once, or nobody (then lower layers answer).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    #[serde(default)]
    pub users: Vec<UserId>,
}

impl From<Vec<UserId>> for Participant {
    fn from(users: Vec<UserId>) -> Self {
        Participant { users }
    }
}

impl From<UserId> for Participant {
    fn from(user: UserId) -> Self {
        Participant { users: vec![user] }
    }
}

/// A rotation of participants. All its times are on the wall clock of the schedule's zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    pub name: String,
    /// In the order of their turns.
    pub participants: Vec<Participant>,
    pub rotation: Rotation,
    /// When turns change, e.g. `09:00`. For hours, when the first turn of `start` begins.
    #[serde(default)]
    pub handoff: TimeOfDay,
    /// The first turn begins on this date at `handoff`; for weeks its weekday is the weekday of
    /// every hand-off, for months its day of the month is (or the last day of a shorter month).
    #[serde(with = "date")]
    pub start: Date,
    /// The layer ends on this date at `handoff`.
    #[serde(
        default,
        with = "optional_date",
        skip_serializing_if = "Option::is_none"
    )]
    pub end: Option<Date>,
    /// Empty means at all hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restrictions: Vec<Restriction>,
}

/// A civil date as `2026-03-29`.
mod date {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(date)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(|_| serde::de::Error::custom("expected a date such as 2026-03-29"))
    }
}

mod optional_date {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
        match date {
            Some(date) => super::date::serialize(date, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Date>, D::Error> {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Written(#[serde(with = "super::date")] Date);
        Ok(Option::<Written>::deserialize(deserializer)?.map(|written| written.0))
    }
}
