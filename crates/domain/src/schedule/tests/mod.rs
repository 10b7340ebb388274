//! Schedules against real dates, against an oracle, and against their own laws.

mod by_hand;
mod import;
mod load;
mod oracle;
mod properties;
mod real_dates;
mod sample;
mod skipped;
mod speed;

use jiff::civil::Date;

use super::*;
use crate::Span;

/// The zones of the time zone database.
pub(super) fn zones() -> Vec<String> {
    let zones: Vec<_> = jiff::tz::TimeZoneDatabase::bundled()
        .available()
        .map(|name| name.to_string())
        .filter(|name| jiff::tz::TimeZone::get(name).is_ok())
        .collect();
    assert!(zones.len() > 400, "only {} zones", zones.len());
    zones
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn time(text: &str) -> TimeOfDay {
    text.parse().unwrap()
}

/// A layer that hands over between the people named by single letters; `.` is nobody.
fn layer(people: &str, length: u32, unit: RotationUnit, start: &str, handoff: &str) -> Layer {
    Layer {
        name: people.to_owned(),
        participants: people
            .chars()
            .map(|letter| users(&letter.to_string()).into())
            .collect(),
        rotation: Rotation { length, unit },
        handoff: time(handoff),
        start: date(start),
        end: None,
        restrictions: Vec::new(),
        holidays: None,
    }
}

fn users(letters: &str) -> Vec<UserId> {
    letters
        .bytes()
        .filter(|letter| *letter != b'.')
        .map(|letter| UserId(i64::from(letter)))
        .collect()
}

fn letters(users: &[UserId]) -> String {
    users.iter().map(|user| char::from(user.0 as u8)).collect()
}

fn schedule(zone: &str, layers: Vec<Layer>) -> Schedule {
    Schedule {
        id: ScheduleId(1),
        slug: "platform".to_owned(),
        name: "Platform".to_owned(),
        description: String::new(),
        team_id: None,
        versions: vec![ScheduleVersion {
            version: 1,
            effective_from: Timestamp::MIN,
            config: ScheduleConfig {
                zone: zone.to_owned(),
                calendars: BTreeMap::new(),
                layers,
            },
        }],
        overrides: Vec::new(),
        temporaries: Vec::new(),
        imports: Vec::new(),
    }
}

/// An override made long before it begins.
fn change(id: i64, kind: OverrideKind, people: &str, start: &str, end: &str) -> Override {
    Override {
        id: OverrideId(id),
        start: at(start),
        end: at(end),
        kind,
        users: users(people),
        created_by: None,
        created_at: Timestamp(id),
        swap: None,
    }
}

/// Shifts as `from until people` in the wall clock of `zone`, each clipped to the asked span.
fn drawn(schedule: &Schedule, zone: &str, from: &str, until: &str) -> Vec<String> {
    let (from, until) = (at(from), at(until));
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    let show = |at: Timestamp| at.in_zone(&zone).strftime("%m-%dT%H:%M%:z").to_string();
    schedule
        .final_shifts(from, until)
        .iter()
        .filter_map(|shift| shift.clipped(from, until))
        .map(|shift| {
            let people = letters(&shift.users);
            format!("{} {} {people}", show(shift.start), show(shift.end))
        })
        .collect()
}
