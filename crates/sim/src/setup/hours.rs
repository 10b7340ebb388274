//! Zones, and hours of the week in which a step pages.

use serde_json::{Value, json};

use crate::chance::Draw;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    Utc,
    Kolkata,
    Berlin,
    NewYork,
    LordHowe,
}

impl Zone {
    pub const ALL: [Zone; 5] = [
        Zone::Utc,
        Zone::Kolkata,
        Zone::Berlin,
        Zone::NewYork,
        Zone::LordHowe,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Zone::Utc => "UTC",
            Zone::Kolkata => "Asia/Kolkata",
            Zone::Berlin => "Europe/Berlin",
            Zone::NewYork => "America/New_York",
            Zone::LordHowe => "Australia/Lord_Howe",
        }
    }
}

/// Hours of a step (PAGING.md §4.1): one range, which may cross midnight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// `None`: the paged person's own.
    pub zone: Option<Zone>,
    /// Minutes since midnight.
    pub from: i64,
    pub until: i64,
    /// Beginning on Monday to Friday only.
    pub weekdays: bool,
}

/// None of them lies within an hour that is repeated: whether a clock that shows 02:30 for the
/// second time is within hours until 02:45 is a matter of taste.
const BOUNDS: [i64; 8] = [
    0,
    6 * 60,
    8 * 60,
    9 * 60 + 30,
    12 * 60,
    15 * 60,
    18 * 60,
    22 * 60,
];

impl Hours {
    pub fn draw(draw: &mut Draw) -> Hours {
        let from = draw.below(BOUNDS.len());
        let until = (from + 1 + draw.below(BOUNDS.len() - 1)) % BOUNDS.len();
        Hours {
            zone: draw.percent(50).then(|| *draw.pick(&Zone::ALL)),
            from: BOUNDS[from],
            until: BOUNDS[until],
            weekdays: draw.percent(25),
        }
    }

    pub(super) fn manifest(&self) -> Value {
        let time = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday"];
        let days = if self.weekdays { &days[..] } else { &[] };
        let mut value = json!({
            "ranges": [{ "weekdays": days, "from": time(self.from), "until": time(self.until) }],
        });
        if let Some(zone) = self.zone {
            value["zone"] = json!(zone.name());
        }
        value
    }
}
