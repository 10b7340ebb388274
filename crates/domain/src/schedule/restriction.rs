//! Hours to which a layer is restricted.

use serde::{Deserialize, Serialize};

use super::TimeOfDay;

crate::words! {
    Weekday {
        Monday = "monday",
        Tuesday = "tuesday",
        Wednesday = "wednesday",
        Thursday = "thursday",
        Friday = "friday",
        Saturday = "saturday",
        Sunday = "sunday",
    }
}

/// Wall-clock hours during which a layer has anyone. A layer with several restrictions has someone
/// in the union of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restriction {
    /// The days on which the hours begin; empty means every day.
    #[serde(default)]
    pub weekdays: Vec<Weekday>,
    pub from: TimeOfDay,
    /// Exclusive. Not later than `from` means on the next day; `24:00` is the end of the same day.
    pub until: TimeOfDay,
}
