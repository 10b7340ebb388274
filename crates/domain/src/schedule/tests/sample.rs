//! Random schedules whose every time is a multiple of a quarter of an hour, around a change of the
//! clock where the zone has one.

use jiff::civil::Date;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

pub const QUARTER: Span = Span::from_minutes(15);

/// A schedule and the span in which to look at it.
#[derive(Clone, Debug)]
pub struct Sample {
    pub schedule: Schedule,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// A moment of 2020 to 2040 shortly before a change of the clock of `zone`, if it has one then.
fn moment(zone: &str, year: i16, second: bool) -> Timestamp {
    let start = Date::constant(year, 1, 1).in_tz(zone).unwrap();
    let change = start
        .time_zone()
        .following(start.timestamp())
        .nth(usize::from(second))
        .map(|change| Timestamp::from_jiff(change.timestamp()))
        .filter(|change| *change < at("2040-12-31T00:00:00Z"))
        .unwrap_or_else(|| Timestamp::from_jiff(start.timestamp()));
    // Down to a quarter of an hour.
    Timestamp(change.0 - change.0.rem_euclid(QUARTER.0)) - Span::from_days(5)
}

fn quarter_of_day(last: u16) -> impl Strategy<Value = TimeOfDay> {
    // Mostly in the small hours, where clocks change.
    prop_oneof![0..16u16, 0..=last]
        .prop_map(|quarter| TimeOfDay::new((quarter / 4) as u8, (quarter % 4 * 15) as u8).unwrap())
}

fn restriction() -> impl Strategy<Value = Restriction> {
    (
        subsequence(Weekday::ALL.to_vec(), 0..=7),
        quarter_of_day(95),
        quarter_of_day(96),
    )
        .prop_map(|(weekdays, from, until)| Restriction {
            weekdays,
            from,
            until,
        })
}

fn rotation() -> impl Strategy<Value = Rotation> {
    let of = |unit, longest: u32| (1..=longest).prop_map(move |length| Rotation { length, unit });
    prop_oneof![
        of(RotationUnit::Hours, 50),
        of(RotationUnit::Days, 9),
        of(RotationUnit::Weeks, 3),
        of(RotationUnit::Months, 2),
    ]
}

fn people() -> impl Strategy<Value = Vec<UserId>> {
    prop_oneof![
        6 => select(vec!["A", "B", "C", "D"]).prop_map(users),
        1 => Just(users("BC")),
        1 => Just(users("")),
    ]
}

fn turn() -> impl Strategy<Value = Participant> {
    (
        people(),
        option::weighted(0.3, select(vec!["A", "D", "E", "EA"])),
    )
        .prop_map(|(people, shadows)| Participant {
            users: people,
            shadows: shadows.map(users).unwrap_or_default(),
        })
}

/// One calendar of days around `day`, and mostly in groups.
fn calendars(day: Date) -> impl Strategy<Value = BTreeMap<String, Vec<Holiday>>> {
    subsequence((-20..15i32).collect::<Vec<_>>(), 0..12).prop_map(move |days| {
        let days = days.into_iter().map(|after| Holiday {
            date: day + jiff::Span::new().days(after),
            name: String::new(),
        });
        BTreeMap::from([("days-off".to_owned(), days.collect())])
    })
}

fn holidays() -> impl Strategy<Value = Option<LayerHolidays>> {
    let rule = prop_oneof![3 => Just(HolidayRule::Skip), 1 => Just(HolidayRule::Only)];
    // Sometimes of a calendar that does not exist.
    let calendar = prop_oneof![9 => Just("days-off"), 1 => Just("none")];
    let one = (calendar, rule).prop_map(|(calendar, when)| LayerHolidays {
        calendar: calendar.to_owned(),
        when,
    });
    option::weighted(0.4, one)
}

fn layer_near(day: Date) -> impl Strategy<Value = Layer> {
    (
        vec(turn(), 1..5),
        rotation(),
        quarter_of_day(95),
        -40..8i32,
        option::weighted(0.2, 1..40i32),
        vec(restriction(), 0..3),
        holidays(),
    )
        .prop_map(
            move |(participants, rotation, handoff, start, lasts, restrictions, holidays)| {
                let days = |from: Date, days: i32| from + jiff::Span::new().days(days);
                let start = days(day, start);
                Layer {
                    name: "layer".to_owned(),
                    participants,
                    rotation,
                    handoff,
                    start,
                    end: lasts.map(|lasts| days(start, lasts)),
                    restrictions,
                    holidays,
                }
            },
        )
}

fn overrides(from: Timestamp) -> impl Strategy<Value = Vec<Override>> {
    let one = (
        select(OverrideKind::ALL),
        people(),
        0..900i64,
        1..200i64,
        -100..900i64,
    );
    vec(one, 0..5).prop_map(move |list| {
        (1..)
            .zip(list)
            .map(|(id, (kind, people, start, lasts, made))| Override {
                id: OverrideId(id),
                start: from + QUARTER * start,
                end: from + QUARTER * (start + lasts),
                kind,
                users: people,
                created_by: None,
                created_at: from + QUARTER * made,
                swap: (kind == OverrideKind::Swap).then(|| SwapPart {
                    id: SwapId(id),
                    instead_of: users(["A", "B", "C"][id as usize % 3])[0],
                }),
            })
            .collect()
    })
}

fn temporaries(from: Timestamp) -> impl Strategy<Value = Vec<Temporary>> {
    let shift = (0..20i64, 1..60i64, select(vec!["A", "E", "FB"]));
    let one = (0..900i64, 1..200i64, -100..900i64, vec(shift, 0..4));
    vec(one, 0..3).prop_map(move |list| {
        (1..)
            .zip(list)
            .map(|(id, (start, lasts, made, shifts))| {
                let (start, end) = (from + QUARTER * start, from + QUARTER * (start + lasts));
                let mut reached = start;
                let mut rising = Vec::new();
                for (pause, lasts, people) in shifts {
                    let begin = reached + QUARTER * pause;
                    reached = (begin + QUARTER * lasts).min(end);
                    if begin < reached {
                        rising.push(TemporaryShift {
                            start: begin,
                            end: reached,
                            users: users(people),
                        });
                    }
                }
                Temporary {
                    id: TemporaryId(id),
                    start,
                    end,
                    shifts: rising,
                    created_by: None,
                    created_at: from + QUARTER * made,
                }
            })
            .collect()
    })
}

/// Any schedule, looked at for ten days.
pub fn sample() -> impl Strategy<Value = Sample> {
    (select(zones()), 2020..2040i16, any::<bool>())
        .prop_flat_map(|(zone, year, second)| {
            let from = moment(&zone, year, second);
            let day = from
                .in_zone(&jiff::tz::TimeZone::get(&zone).unwrap())
                .date();
            let layers = || vec(layer_near(day), 1..4);
            (
                Just((zone, from)),
                layers(),
                option::weighted(0.3, (0..900i64, layers())),
                (overrides(from), temporaries(from)),
                calendars(day),
            )
        })
        .prop_map(
            |((zone, from), layers, edit, (overrides, temporaries), calendars)| {
                let mut schedule = schedule(&zone, layers);
                schedule.overrides = overrides;
                schedule.temporaries = temporaries;
                schedule.versions[0].config.calendars = calendars.clone();
                if let Some((quarters, layers)) = edit {
                    schedule.versions.push(ScheduleVersion {
                        version: 2,
                        effective_from: from + QUARTER * quarters,
                        config: ScheduleConfig {
                            zone,
                            calendars,
                            layers,
                        },
                    });
                }
                Sample {
                    schedule,
                    from,
                    until: from + Span::from_days(10),
                }
            },
        )
}
