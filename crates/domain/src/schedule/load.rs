//! How much duty people carry, for fairness and for pay (PAGING.md §5.6).
//!
//! Each person's hours are told apart on the clock of that person's own zone. Whoever is on call
//! for two schedules at once is on call once.

use std::collections::BTreeMap;

use super::query::bounded;
use super::swap::Stretch;
use super::wall_clock::{DAY, WallClock, minute_of_date};
use super::{Holiday, Schedule};
use crate::{ScheduleId, Span, Timestamp, UserId};

/// A shorter pause between two shifts is too little rest.
pub const REST_MIN: Span = Span::from_hours(11);
/// Nights are from 22:00 until 08:00.
const NIGHT_BEGINS: i64 = 22 * 60;
const NIGHT_ENDS: i64 = 8 * 60;

/// Time on call, told apart so that every instant is in exactly one part: a holiday is no weekend,
/// and a weekend is Saturday and Sunday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DutyTime {
    pub weekday_day: Span,
    pub weekday_night: Span,
    pub weekend_day: Span,
    pub weekend_night: Span,
    pub holiday_day: Span,
    pub holiday_night: Span,
}

impl DutyTime {
    pub fn total(&self) -> Span {
        self.weekdays() + self.weekends() + self.holidays()
    }

    pub fn weekdays(&self) -> Span {
        self.weekday_day + self.weekday_night
    }

    pub fn weekends(&self) -> Span {
        self.weekend_day + self.weekend_night
    }

    pub fn holidays(&self) -> Span {
        self.holiday_day + self.holiday_night
    }

    pub fn nights(&self) -> Span {
        self.weekday_night + self.weekend_night + self.holiday_night
    }
}

/// One person's duty in a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonLoad {
    pub user: UserId,
    pub time: DutyTime,
    /// Stretches of being on call for one schedule without a pause.
    pub shifts: usize,
    /// Time on call for each schedule, in the order of their ids. Their sum is more than the total
    /// when somebody was on call for two at once.
    pub schedules: Vec<(ScheduleId, Span)>,
    /// Pauses shorter than [`REST_MIN`] between two shifts of any schedules.
    pub short_rests: Vec<Stretch>,
}

/// The duty of everybody on call for any of `schedules` within `from..until`, most time first.
/// `zone_of` says each person's zone. Holidays are `holidays` where given, else those of the
/// calendars that the layers of a schedule named at the time.
pub fn load<'z>(
    schedules: &[&Schedule],
    zone_of: impl Fn(UserId) -> &'z str,
    holidays: Option<&[Holiday]>,
    from: Timestamp,
    until: Timestamp,
) -> Vec<PersonLoad> {
    let (from, until) = bounded(from, until);
    let mut people: BTreeMap<UserId, Duty<'_>> = BTreeMap::new();
    for schedule in schedules {
        collect(schedule, holidays, from, until, &mut people);
    }
    let mut zones: BTreeMap<&str, Zone> = BTreeMap::new();
    let mut loads: Vec<PersonLoad> = people
        .into_iter()
        .map(|(user, duty)| {
            let name = zone_of(user);
            let zone = zones
                .entry(name)
                .or_insert_with(|| Zone::new(name, from, until));
            duty.measure(user, zone)
        })
        .collect();
    // Stable: people with equal time stay in the order of their ids.
    loads.sort_by_key(|load| std::cmp::Reverse(load.time.total()));
    loads
}

/// What is known of a person before it is measured.
#[derive(Default)]
struct Duty<'a> {
    /// In no order; stretches of one schedule do not touch.
    held: Vec<Stretch>,
    schedules: Vec<(ScheduleId, Span)>,
    shifts: usize,
    /// Parts of what is held, with lists of days that are holidays in them.
    holidays: Vec<(Stretch, Vec<&'a [Holiday]>)>,
}

fn collect<'a>(
    schedule: &'a Schedule,
    holidays: Option<&'a [Holiday]>,
    from: Timestamp,
    until: Timestamp,
    people: &mut BTreeMap<UserId, Duty<'a>>,
) {
    let mut held: BTreeMap<UserId, Vec<Stretch>> = BTreeMap::new();
    for piece in schedule.final_pieces(from, until) {
        for &user in piece.users.iter() {
            let stretches = held.entry(user).or_default();
            match stretches.last_mut() {
                // `>=`: a person may stand in a piece twice.
                Some(last) if last.end >= piece.start => last.end = piece.end,
                _ => stretches.push(Stretch {
                    start: piece.start,
                    end: piece.end,
                }),
            }
        }
    }
    for (user, stretches) in held {
        let duty = people.entry(user).or_default();
        let total = stretches
            .iter()
            .fold(Span::ZERO, |sum, one| sum + one.end.since(one.start));
        duty.schedules.push((schedule.id, total));
        duty.shifts += stretches.len();
        for stretch in &stretches {
            match holidays {
                Some(days) => duty.holidays.push((*stretch, vec![days])),
                None => duty.holidays.extend(named_holidays(schedule, *stretch)),
            }
        }
        duty.held.extend(stretches);
    }
}

/// The parts of a stretch in which versions speak that name holidays.
fn named_holidays(
    schedule: &Schedule,
    stretch: Stretch,
) -> impl Iterator<Item = (Stretch, Vec<&[Holiday]>)> {
    let versions = schedule.versions.iter().enumerate();
    versions.filter_map(move |(index, version)| {
        let next = schedule.versions.get(index + 1);
        let part = Stretch {
            start: stretch.start.max(version.effective_from),
            end: next.map_or(stretch.end, |next| stretch.end.min(next.effective_from)),
        };
        let calendars = version.config.calendars.values();
        let lists: Vec<&[Holiday]> = calendars.map(Vec::as_slice).collect();
        (part.start < part.end && !lists.is_empty()).then_some((part, lists))
    })
}

impl Duty<'_> {
    fn measure(self, user: UserId, zone: &Zone) -> PersonLoad {
        let held = union(self.held);
        let mut off: Vec<Stretch> = Vec::new();
        for (part, lists) in &self.holidays {
            off.extend(lists.iter().flat_map(|days| zone.days_within(*part, days)));
        }
        let all = zone.sum(&held);
        let off = zone.sum(&union(off));
        PersonLoad {
            user,
            time: DutyTime {
                weekday_day: all[0] - off[0],
                weekday_night: all[1] - off[1],
                weekend_day: all[2] - off[2],
                weekend_night: all[3] - off[3],
                holiday_day: off[0] + off[2],
                holiday_night: off[1] + off[3],
            },
            shifts: self.shifts,
            schedules: self.schedules,
            short_rests: held
                .windows(2)
                .map(|two| Stretch {
                    start: two[0].end,
                    end: two[1].start,
                })
                .filter(|rest| rest.end.since(rest.start) < REST_MIN)
                .collect(),
        }
    }
}

/// The same time as rising stretches that do not touch.
fn union(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_unstable_by_key(|stretch| (stretch.start, stretch.end));
    let mut joined: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        match joined.last_mut() {
            Some(last) if stretch.start <= last.end => last.end = last.end.max(stretch.end),
            _ => joined.push(stretch),
        }
    }
    joined
}

/// The days and nights of a zone.
struct Zone {
    clock: WallClock,
    /// Rising instants at which a part begins, and which: an index into sums.
    parts: Vec<(Timestamp, usize)>,
}

impl Zone {
    fn new(name: &str, from: Timestamp, until: Timestamp) -> Zone {
        let clock = WallClock::of(name);
        let first = clock.minute_at(from).div_euclid(DAY);
        let last = clock.minute_at(until).div_euclid(DAY);
        let mut parts = Vec::new();
        for day in first..=last {
            // 1970-01-01 was a Thursday.
            let weekend = if (day + 3).rem_euclid(7) >= 5 { 2 } else { 0 };
            for (minute, night) in [(0, 1), (NIGHT_ENDS, 0), (NIGHT_BEGINS, 1)] {
                parts.push((clock.instant_of(day * DAY + minute), weekend + night));
            }
        }
        Zone { clock, parts }
    }

    /// Time on weekdays by day and by night, on weekends by day and by night.
    fn sum(&self, stretches: &[Stretch]) -> [Span; 4] {
        let mut sums = [Span::ZERO; 4];
        for stretch in stretches {
            let next = self.parts.partition_point(|part| part.0 <= stretch.start);
            let mut index = next.saturating_sub(1);
            let mut reached = stretch.start;
            while reached < stretch.end {
                let Some(&(_, part)) = self.parts.get(index) else {
                    break;
                };
                let ends = self.parts.get(index + 1).map_or(stretch.end, |next| next.0);
                let end = ends.clamp(reached, stretch.end);
                sums[part] = sums[part] + end.since(reached);
                reached = end;
                index += 1;
            }
        }
        sums
    }

    /// The parts of a stretch that lie on the days.
    fn days_within(&self, stretch: Stretch, days: &[Holiday]) -> impl Iterator<Item = Stretch> {
        let first = self.clock.minute_at(stretch.start) - DAY;
        let last = self.clock.minute_at(stretch.end);
        days.iter()
            .map(|day| minute_of_date(day.date))
            .filter(move |midnight| first < *midnight && *midnight <= last)
            .map(move |midnight| Stretch {
                start: self.clock.instant_of(midnight).max(stretch.start),
                end: self.clock.instant_of(midnight + DAY).min(stretch.end),
            })
            .filter(|part| part.start < part.end)
    }
}
