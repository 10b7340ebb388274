//! Layers: a rotation of participants, perhaps restricted to some hours.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::holiday::{Holiday, LayerHolidays};
use super::hours::{Hours, Turns};
use super::rotation::Grid;
use super::wall_clock::{WallClock, minute_of_date};
use super::{Restriction, Rotation, TimeOfDay};
use crate::UserId;

/// One place in a rotation: a person, several at once, or nobody (then lower layers answer).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    #[serde(default)]
    pub users: Vec<UserId>,
    /// Who follows the turn to learn: shown and told, never paged, and no coverage
    /// (PAGING.md §5.9).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadows: Vec<UserId>,
}

impl From<Vec<UserId>> for Participant {
    fn from(users: Vec<UserId>) -> Self {
        Participant {
            users,
            shadows: Vec::new(),
        }
    }
}

impl From<UserId> for Participant {
    fn from(user: UserId) -> Self {
        Participant::from(vec![user])
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
    /// Days off that count for this layer, if any do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holidays: Option<LayerHolidays>,
}

/// A layer ready to answer: everything that does not depend on the instant is worked out.
pub(super) struct Plan<'a> {
    participants: &'a [Participant],
    grid: Grid,
    hours: Option<Hours>,
    turns: Turns,
    /// Wall minutes between which the layer exists.
    from: i64,
    until: i64,
    /// All turns fall to the same people, so that slots need not be told apart.
    constant: bool,
}

impl<'a> Plan<'a> {
    /// For wall minutes before `reach`. A calendar that `calendars` does not have is one without
    /// days.
    pub fn new(
        layer: &'a Layer,
        calendars: &BTreeMap<String, Vec<Holiday>>,
        clock: &WallClock,
        reach: i64,
    ) -> Plan<'a> {
        let grid = Grid::new(layer.rotation, layer.start, layer.handoff);
        let holidays = layer.holidays.as_ref().map(|holidays| {
            let days = calendars.get(&holidays.calendar);
            (days.map_or(&[][..], Vec::as_slice), holidays.when)
        });
        let hours = Hours::new(&layer.restrictions, holidays);
        let mut turns = Turns::new(&grid, hours.as_ref());
        let constant = layer.participants.windows(2).all(|two| two[0] == two[1]);
        if let Some(hours) = hours.as_ref().filter(|_| !constant) {
            turns = turns.without(&clock.skips(reach), &grid, hours, reach);
        }
        Plan {
            participants: &layer.participants,
            from: grid.start_of(0),
            until: layer.end.map_or(i64::MAX, |end| {
                minute_of_date(end) + layer.handoff.minutes()
            }),
            constant,
            grid,
            hours,
            turns,
        }
    }

    /// Who the layer has at a wall minute, if anybody.
    pub fn at(&self, minute: i64) -> Option<&'a Participant> {
        let exists = self.from <= minute && minute < self.until;
        if exists
            && self
                .hours
                .as_ref()
                .is_none_or(|hours| hours.contains(minute))
        {
            self.holder_of(self.grid.slot_at(minute))
        } else {
            None
        }
    }

    /// Gives `take` the stretches of `from..until` in which the layer has someone, in order.
    pub fn within(&self, from: i64, until: i64, mut take: impl FnMut(i64, i64, &'a Participant)) {
        let (mut from, until) = (from.max(self.from), until.min(self.until));
        while from < until {
            let slot = self.grid.slot_at(from);
            let end = if self.constant {
                until
            } else {
                self.grid.start_of(slot + 1).min(until)
            };
            if let Some(holder) = self.holder_of(slot) {
                match &self.hours {
                    None => take(from, end, holder),
                    Some(hours) => hours.within(from, end, |from, end| take(from, end, holder)),
                }
            }
            from = end;
        }
    }

    /// Whose turn a slot is; `None` when nobody's.
    fn holder_of(&self, slot: i64) -> Option<&'a Participant> {
        if self.participants.is_empty() {
            return None;
        }
        let turn = self
            .turns
            .before(slot)
            .rem_euclid(self.participants.len() as i64);
        self.participants
            .get(turn as usize)
            .filter(|one| !one.users.is_empty())
    }
}

/// A civil date as `2026-03-29`.
pub(super) mod date {
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
