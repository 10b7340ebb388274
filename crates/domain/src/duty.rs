//! A person's time on call on a schedule, unbroken, whatever it consists of: what reminders and
//! calendar feeds speak of. Two shifts that follow each other, or a colleague who joins, are no new
//! duty.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::schedule::{Schedule, ShiftSource};
use crate::{ScheduleId, Span, Timestamp, UserId};

/// Looks back for the true start of a duty; more changes of colleagues than this are not followed.
const STEPS_MAX: usize = 400;

/// One unbroken stretch of one person's duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    pub schedule_id: ScheduleId,
    pub user: UserId,
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    /// `end` is only as far as was looked, not a hand-off.
    pub open_end: bool,
    /// `start` is only as far back as was looked.
    pub open_start: bool,
    /// Follows the shift to learn, and is not relied on (PAGING.md §5.9).
    pub shadow: bool,
    /// Why, at its start.
    pub source: ShiftSource,
}

/// Every duty that overlaps `from..until`, by start and then by person, with its true start and
/// end.
pub fn duties(schedule: &Schedule, from: Timestamp, until: Timestamp) -> Vec<Duty> {
    let mut found = within(schedule, from, until);
    for duty in found.iter_mut().filter(|duty| duty.start <= from) {
        look_back(schedule, duty);
    }
    for duty in found.iter_mut().filter(|duty| duty.end >= until) {
        look_ahead(schedule, duty);
    }
    found.sort_by_key(|duty| (duty.start, duty.user, duty.shadow));
    found
}

/// As far as the shifts that overlap the span tell: one that begins before the span or goes on after
/// it may be longer.
pub(crate) fn within(schedule: &Schedule, from: Timestamp, until: Timestamp) -> Vec<Duty> {
    let mut found: Vec<Duty> = Vec::new();
    // Those that go on, by position in `found`.
    let mut open: Vec<usize> = Vec::new();
    for shift in schedule.final_shifts(from, until) {
        let mut still = Vec::new();
        let users = shift.users.iter().map(|user| (*user, false));
        let shadows = shift.shadows.iter().map(|user| (*user, true));
        for (user, shadow) in users.chain(shadows) {
            let goes_on = open.iter().copied().find(|&index| {
                let one = &found[index];
                (one.user, one.shadow, one.end) == (user, shadow, shift.start)
            });
            let index = goes_on.unwrap_or(found.len());
            match goes_on {
                Some(index) => {
                    found[index].end = shift.end;
                    found[index].open_end = shift.open_end;
                }
                None => found.push(Duty {
                    schedule_id: schedule.id,
                    user,
                    start: shift.start,
                    end: shift.end,
                    open_end: shift.open_end,
                    open_start: false,
                    shadow,
                    source: shift.source.clone(),
                }),
            }
            still.push(index);
        }
        open = still;
    }
    found
}

fn holds(people: &[UserId], shadows: &[UserId], duty: &Duty) -> bool {
    let list = if duty.shadow { shadows } else { people };
    list.contains(&duty.user)
}

fn look_back(schedule: &Schedule, duty: &mut Duty) {
    for _ in 0..STEPS_MAX {
        let before = Timestamp(duty.start.0.saturating_sub(1));
        match schedule.on_call(before) {
            Some(shift) if holds(&shift.users, &shift.shadows, duty) => {
                duty.start = shift.start;
                duty.source = shift.source;
            }
            _ => return,
        }
    }
    duty.open_start = true;
}

/// Finds the true end.
pub(crate) fn look_ahead(schedule: &Schedule, duty: &mut Duty) {
    for _ in 0..STEPS_MAX {
        if duty.open_end {
            return;
        }
        match schedule.on_call(duty.end) {
            Some(shift) if holds(&shift.users, &shift.shadows, duty) => {
                duty.end = shift.end;
                duty.open_end = shift.open_end;
            }
            _ => return,
        }
    }
}

/// What names a duty in calendar programs: schedule, person, the day of its start on the
/// schedule's clock, and which of that person's duties of that day it is. So it stays the same when
/// somebody renames or reorders layers, moves the hand-off by some hours, or takes over the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DutyName {
    pub schedule_id: ScheduleId,
    pub user: UserId,
    pub shadow: bool,
    /// `None` for one that has no start that is worth naming: nobody else has ever been on call.
    pub day: Option<Date>,
    /// From 1.
    pub nth: usize,
}

impl std::fmt::Display for DutyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.shadow { "shadow" } else { "duty" };
        let (schedule, user) = (self.schedule_id, self.user);
        match self.day {
            Some(day) => write!(f, "{kind}-{schedule}-{user}-{day}-{}", self.nth),
            None => write!(f, "{kind}-{schedule}-{user}-always"),
        }
    }
}

/// The names of `duties`, which are all that [`duties`] has found for a span of this schedule.
pub fn names(schedule: &Schedule, duties: &[Duty], from: Timestamp) -> Vec<DutyName> {
    let mut names: Vec<DutyName> = Vec::with_capacity(duties.len());
    let mut seen: BTreeMap<DutyName, usize> = BTreeMap::new();
    for duty in duties {
        let zone = zone_at(schedule, duty.start);
        let day = duty.start.in_zone(&zone).date();
        let like = DutyName {
            schedule_id: duty.schedule_id,
            user: duty.user,
            shadow: duty.shadow,
            day: (!duty.open_start).then_some(day),
            nth: 0,
        };
        let known = seen.entry(like).or_insert(0_usize);
        *known += 1;
        // What ended before the span is not among `duties`.
        let midnight = midnight(day, &zone);
        let unseen = if midnight < from && duty.start > midnight && !duty.open_start {
            within(schedule, midnight, duty.start)
                .iter()
                .filter(|one| {
                    (one.user, one.shadow) == (duty.user, duty.shadow)
                        && midnight <= one.start
                        && one.end <= from
                        && one.end < duty.start
                })
                .count()
        } else {
            0
        };
        names.push(DutyName {
            nth: *known + unseen,
            ..like
        });
    }
    names
}

fn midnight(day: Date, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0))
        .compatible()
        .map_or(Timestamp::MIN, Timestamp::from_jiff)
}

/// The clock of the schedule at an instant, or of its first version before that.
pub fn zone_at(schedule: &Schedule, at: Timestamp) -> TimeZone {
    schedule
        .version_at(at)
        .or(schedule.versions.first())
        .and_then(|version| TimeZone::get(&version.config.zone).ok())
        .unwrap_or(TimeZone::UTC)
}

/// How far back and ahead feeds reach: what has been is worth a month, what comes half a year.
pub const FEED_BACK: Span = Span::from_days(30);
pub const FEED_AHEAD: Span = Span::from_days(180);

#[cfg(test)]
pub(crate) mod tests;
