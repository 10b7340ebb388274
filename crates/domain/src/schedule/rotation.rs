//! Rotations: how long a turn lasts and where on the wall-clock line it lies.

use serde::{Deserialize, Serialize};

crate::words! {
    RotationUnit {
        Hours = "hours",
        Days = "days",
        Weeks = "weeks",
        Months = "months",
    }
}

/// How long one turn lasts: `length` × `unit` on the wall clock.
///
/// Hours count on the wall clock too, so a rotation of 12 hours that hands over at 09:00 and 21:00
/// does so all year round; only the turn in which the clock changes is an hour longer or shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    #[serde(default = "one")]
    pub length: u32,
    pub unit: RotationUnit,
}

fn one() -> u32 {
    1
}
