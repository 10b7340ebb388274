//! Schedules: who is on call (PAGING.md §5).
//!
//! Who is on call is a pure function of (configuration version, instant): no position of a rotation
//! is stored anywhere, so any instant, past or future, has its answer for ever.
//!
//! How an answer comes about:
//!
//! 1. The version whose `effective_from` is the latest not after the instant speaks; before the
//!    first version nobody is on call.
//! 2. A layer tiles its zone's wall-clock line with turns ([`Rotation`]), cuts them to its
//!    [`Restriction`]s and gives each to a [`Participant`] ([`Layer`]).
//! 3. The highest layer that has someone wins; the **last** layer of the list is the highest.
//!    An [`Import`] lies above all layers, or below them.
//! 4. Inside a [`Temporary`] schedule only its shifts count, instead of the layers.
//! 5. [`Override`]s are applied over all that in the order of their making; a [`SwapRequest`] that
//!    was taken is one.
//!
//! Every hand-off and every edge of a restriction is a wall-clock time. It happens at the first
//! instant at which the clock of the zone shows that time or a later one: inside a skipped hour
//! that is the first instant after it, in a repeated hour its first occurrence (§5.4). Because this
//! map from wall-clock line to instants never runs backwards, whatever tiles the one tiles the
//! other ([`wall_clock`]).

mod check;
mod day;
mod holiday;
mod hours;
pub mod import;
mod layer;
mod load;
mod overrides;
mod query;
mod report;
mod restriction;
mod rotation;
mod swap;
mod temporary;
mod time_of_day;
mod timeline;
mod version;
pub mod wall_clock;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ImportId, OverrideId, ScheduleId, SwapId, TeamId, TemporaryId, Timestamp, UserId};

pub(crate) use check::check_restrictions;
pub use check::{ConfigProblem, validate};
pub use day::{Day, days};
pub use holiday::{
    DAYS_MAX as HOLIDAYS_MAX, Holiday, HolidayCalendar, HolidayRule, LayerHolidays,
    NAME_MAX as HOLIDAY_NAME_MAX, check_days,
};
pub use import::{Import, ImportPlace, ImportedShift};
pub use layer::{Layer, Participant};
pub use load::{DutyTime, PersonLoad, REST_MIN, load};
pub use overrides::{Override, OverrideKind};
pub use query::{OPEN_END_REACH, SEARCH_REACH, SPAN_MAX};
pub use report::{PersonTime, time_per_person};
pub(crate) use restriction::WeekHours;
pub use restriction::{Restriction, Weekday};
pub use rotation::{Rotation, RotationUnit};
pub use swap::{SWAP_MAX, Stretch, SwapPart, SwapProblem, SwapRequest, SwapState};
pub use temporary::{TEMPORARY_MAX, Temporary, TemporaryShift};
pub use time_of_day::{TimeOfDay, TimeOfDayError};
pub use version::Difference;

/// One immutable version of what a schedule is. Kept as JSON in the store and written the same way
/// in the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// IANA name, e.g. `Europe/Berlin`: the wall clock of hand-offs and restrictions.
    pub zone: String,
    /// The days of the holiday calendars that layers name, by slug, as they were when this version
    /// was saved: filled in by the command that saves it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calendars: BTreeMap<String, Vec<Holiday>>,
    /// From lowest to highest: the last one that has someone wins.
    #[serde(default)]
    pub layers: Vec<Layer>,
}

/// A configuration and the instant from which it speaks, until the next version does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleVersion {
    pub version: i64,
    pub effective_from: Timestamp,
    pub config: ScheduleConfig,
}

/// A schedule with its whole history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub id: ScheduleId,
    /// Unique; names the schedule in URLs and in the configuration file.
    pub slug: String,
    pub name: String,
    pub description: String,
    pub team_id: Option<TeamId>,
    /// Ascending by `effective_from`, then `version`.
    pub versions: Vec<ScheduleVersion>,
    /// In any order.
    pub overrides: Vec<Override>,
    /// In any order.
    #[serde(default)]
    pub temporaries: Vec<Temporary>,
    /// In any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<Import>,
}

/// A longest stretch during which the same people are on call for the same reason. There is none
/// where nobody is on call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    /// Never empty, without repetition, in the order of the configuration.
    pub users: Vec<UserId>,
    /// Who follows the shift to learn, is shown and told, and never relied on (PAGING.md §5.9).
    /// None of them is among `users`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadows: Vec<UserId>,
    pub source: ShiftSource,
    /// True when `end` is only as far as was looked ([`OPEN_END_REACH`]), not a hand-off: somebody
    /// who is alone in a rotation never hands over.
    #[serde(default)]
    pub open_end: bool,
}

impl Shift {
    /// Whether `at` lies in the shift; its end does not.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// The part inside `from..until`, if there is any.
    pub fn clipped(&self, from: Timestamp, until: Timestamp) -> Option<Shift> {
        let (start, end) = (self.start.max(from), self.end.min(until));
        (start < end).then(|| Shift {
            start,
            end,
            ..self.clone()
        })
    }

    /// Whether both have the same people, in whatever order.
    pub fn same_people(&self, other: &Shift) -> bool {
        timeline::same_people(&self.users, &other.users)
    }
}

/// Why the people of a shift are on call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShiftSource {
    /// Position in the list of layers, 0 = lowest, and the layer's name.
    Layer { index: usize, name: String },
    /// The last override that changed who is on call.
    Override { id: OverrideId },
    /// A calendar elsewhere gave the shift; its name.
    Import { id: ImportId, name: String },
    /// A temporary schedule fills the span by hand.
    Temporary { id: TemporaryId },
    /// An override again, that came of a swap or cover request.
    Swap { id: OverrideId, swap: SwapId },
}

#[cfg(test)]
mod tests;
