//! A second opinion, deliberately naive: it walks through time in quarters of an hour with a clock
//! on the wall and counts hand-offs as they pass. It shares no arithmetic with what it judges.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use proptest::prelude::*;

use super::sample::{QUARTER, sample};
use super::*;

fn wall_time(date: Date, time: TimeOfDay) -> DateTime {
    date.at(0, 0, 0, 0) + (i64::from(time.hour()) * 60 + i64::from(time.minute())).minutes()
}

fn has_hour(layer: &Layer, config: &ScheduleConfig, shown: DateTime) -> bool {
    let holiday = layer.holidays.as_ref().is_none_or(|holidays| {
        let days = config.calendars.get(&holidays.calendar);
        let off = days.is_some_and(|days| days.iter().any(|day| day.date == shown.date()));
        match holidays.when {
            HolidayRule::Skip => !off,
            HolidayRule::Only => off,
        }
    });
    holiday && is_restricted_hour(layer, shown)
}

fn is_restricted_hour(layer: &Layer, shown: DateTime) -> bool {
    if layer.restrictions.is_empty() {
        return true;
    }
    layer.restrictions.iter().any(|hours| {
        [shown.date().yesterday().unwrap(), shown.date()]
            .into_iter()
            .any(|day| {
                let weekday = day.weekday().to_monday_zero_offset() as usize;
                let begins =
                    hours.weekdays.is_empty() || hours.weekdays.contains(&Weekday::ALL[weekday]);
                let end_day = if hours.until <= hours.from {
                    day.tomorrow().unwrap()
                } else {
                    day
                };
                begins
                    && wall_time(day, hours.from) <= shown
                    && shown < wall_time(end_day, hours.until)
            })
    })
}

/// One layer of a version, walked forward.
struct Walker<'a> {
    layer: &'a Layer,
    config: &'a ScheduleConfig,
    tz: &'a TimeZone,
    slot: i64,
    turn: usize,
}

impl<'a> Walker<'a> {
    fn handoff(&self, slot: i64) -> DateTime {
        let date = self.layer.start;
        let count = slot * i64::from(self.layer.rotation.length);
        let whole = |date| wall_time(date, self.layer.handoff);
        match self.layer.rotation.unit {
            RotationUnit::Hours => whole(date) + count.hours(),
            RotationUnit::Days => whole(date + count.days()),
            RotationUnit::Weeks => whole(date + count.weeks()),
            RotationUnit::Months => whole(date + count.months()),
        }
    }

    /// Whether the slot is a turn: always, unless the layer has hours of its own; then when the clock
    /// shows any of them in it.
    fn slot_has_hours(&self) -> bool {
        let days_off = self.layer.holidays.as_ref().is_some_and(|holidays| {
            let days = self.config.calendars.get(&holidays.calendar);
            holidays.when == HolidayRule::Only || days.is_some_and(|days| !days.is_empty())
        });
        if self.layer.restrictions.is_empty() && !days_off {
            return true;
        }
        let (mut shown, end) = (self.handoff(self.slot), self.handoff(self.slot + 1));
        while shown < end {
            let there = !matches!(
                self.tz.to_ambiguous_timestamp(shown).offset(),
                AmbiguousOffset::Gap { .. }
            );
            if there && has_hour(self.layer, self.config, shown) {
                return true;
            }
            shown += 15.minutes();
        }
        false
    }

    /// The clock has reached `shown`.
    fn walk_to(&mut self, shown: DateTime) -> Participant {
        while self.handoff(self.slot + 1) <= shown {
            if self.slot_has_hours() {
                self.turn += 1;
            }
            self.slot += 1;
        }
        let begun = self.handoff(0) <= shown;
        let ended = self
            .layer
            .end
            .is_some_and(|end| wall_time(end, self.layer.handoff) <= shown);
        if !begun || ended || !has_hour(self.layer, self.config, shown) {
            return Participant::default();
        }
        self.layer.participants[self.turn % self.layer.participants.len()].clone()
    }
}

fn overridden(schedule: &Schedule, now: Timestamp, mut people: Vec<UserId>) -> Vec<UserId> {
    let mut all: Vec<_> = schedule.overrides.iter().collect();
    all.sort_by_key(|one| (one.created_at, one.id));
    for one in all {
        if now < one.start || now < one.created_at || one.end <= now {
            continue;
        }
        match one.kind {
            OverrideKind::Replace => people = one.users.clone(),
            OverrideKind::Add => {
                for &user in &one.users {
                    if !people.contains(&user) {
                        people.push(user);
                    }
                }
            }
            OverrideKind::Remove => people.retain(|user| !one.users.contains(user)),
            OverrideKind::Swap => {
                let giver = one.swap.unwrap().instead_of;
                if people.contains(&giver) {
                    let rest: Vec<_> = people.iter().filter(|user| **user != giver).collect();
                    let place = people.iter().position(|user| *user == giver).unwrap();
                    let mut after: Vec<_> = people[..place].to_vec();
                    let taker = one.users.iter().filter(|user| **user != giver);
                    after.extend(taker.filter(|user| !rest.contains(user)));
                    after.extend(&people[place + 1..]);
                    people = after;
                }
            }
        }
    }
    people
}

/// What a temporary schedule says, where one counts.
fn filled(schedule: &Schedule, now: Timestamp) -> Option<Vec<UserId>> {
    let mut all: Vec<_> = schedule.temporaries.iter().collect();
    all.sort_by_key(|one| (one.created_at, one.id));
    let acts = |one: &&&Temporary| one.start <= now && one.created_at <= now && now < one.end;
    let one = all.iter().rfind(acts)?;
    let shift = one
        .shifts
        .iter()
        .find(|shift| shift.start <= now && now < shift.end);
    Some(shift.map(|shift| shift.users.clone()).unwrap_or_default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_naive_walk_through_time_agrees(sample in sample()) {
        let schedule = &sample.schedule;
        let tz = TimeZone::get(&schedule.versions[0].config.zone).unwrap();
        let shifts = schedule.final_shifts(sample.from, sample.until);
        let gaps = schedule.gaps(sample.from, sample.until);
        let mut walkers: Vec<Vec<_>> = schedule
            .versions
            .iter()
            .map(|version| {
                let config = &version.config;
                let walker = |layer| Walker { layer, config, tz: &tz, slot: 0, turn: 0 };
                version.config.layers.iter().map(walker).collect()
            })
            .collect();
        // Begins a day early, so that the clock is not met in the middle of a repeated hour.
        let mut now = sample.from - Span::from_days(1);
        let mut shown = DateTime::MIN;
        while now < sample.until {
            // A clock that is put back stands still instead.
            shown = shown.max(now.in_zone(&tz).datetime());
            let version = schedule.versions.iter().rposition(|one| one.effective_from <= now).unwrap();
            let (mut people, mut shadows) = (Vec::new(), Vec::new());
            for (index, walker) in walkers[version].iter_mut().enumerate() {
                let holder = walker.walk_to(shown);
                let users = holder.users;
                if now >= sample.from && index == 0 {
                    let alone = schedule.layer_shifts(0, now, now + QUARTER);
                    let alone = alone.first().map(|shift| shift.users.clone());
                    prop_assert_eq!(alone.unwrap_or_default(), users.clone(), "layer at {}", now);
                }
                if !users.is_empty() {
                    people = users;
                    shadows = holder.shadows;
                }
            }
            if let Some(by_hand) = filled(schedule, now) {
                (people, shadows) = (by_hand, Vec::new());
            }
            let people = overridden(schedule, now, people);
            shadows.retain(|shadow| !people.contains(shadow) && !people.is_empty());
            if now >= sample.from {
                prop_assert_eq!(&schedule.users_at(now), &people, "at {}", now);
                let shift = shifts.iter().find(|shift| shift.contains(now));
                let listed = shift.map(|shift| shift.users.clone()).unwrap_or_default();
                prop_assert_eq!(&listed, &people, "in the list at {}", now);
                let listed = shift.map(|shift| shift.shadows.clone()).unwrap_or_default();
                prop_assert_eq!(listed, shadows, "shadows at {}", now);
                let in_gap = gaps.iter().any(|gap| gap.0 <= now && now < gap.1);
                prop_assert_eq!(in_gap, people.is_empty(), "gap at {}", now);
            }
            now = now + QUARTER;
        }
    }
}
