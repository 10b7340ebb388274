//! Who can be reached through what, at an instant (PAGING.md §5.1, §5.2).

use std::collections::BTreeSet;

use domain::Timestamp;

use super::wall_clock::{holds, instant_of, minute_at};
use crate::setup::{Hours, Person, Schedule, Setup, Target, Who};

/// Minutes from the epoch to the begin of every rotation, 2026-03-01 00:00 on its wall clock.
const ROTATIONS_BEGIN: i64 = 20_513 * 24 * 60;

/// The configuration as it stands, with the history that schedules keep.
#[derive(Clone, Debug)]
pub struct House {
    pub setup: Setup,
    /// For each schedule what it was, and from when.
    versions: Vec<Vec<(Timestamp, Schedule)>>,
    overrides: Vec<Vec<Override>>,
}

/// Others than the rotation's, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pub start: Timestamp,
    pub end: Timestamp,
    /// Empty: nobody.
    pub users: Vec<Who>,
}

impl House {
    pub fn new(setup: Setup, now: Timestamp) -> House {
        let versions = setup
            .schedules
            .iter()
            .map(|one| vec![(now, one.clone())])
            .collect();
        let overrides = vec![vec![]; setup.schedules.len()];
        House {
            setup,
            versions,
            overrides,
        }
    }

    /// Edits of a schedule hold from `now` on.
    pub fn edit_schedule(&mut self, index: usize, to: Schedule, now: Timestamp) {
        self.versions[index].push((now, to.clone()));
        self.setup.schedules[index] = to;
    }

    pub fn add_override(&mut self, schedule: usize, new: Override) {
        self.overrides[schedule].push(new);
    }

    pub fn person(&self, who: Who) -> &Person {
        &self.setup.people[who]
    }

    fn reachable(&self, people: &[Who]) -> BTreeSet<Who> {
        people
            .iter()
            .copied()
            .filter(|who| self.person(*who).reachable())
            .collect()
    }

    /// Whom a target comes to, as far as a page reaches them.
    pub fn reached(&self, target: Target, at: Timestamp) -> BTreeSet<Who> {
        match target {
            Target::Person(who) => self.reachable(&[who]),
            Target::Team(index) => self.reachable(&self.setup.teams[index]),
            Target::Schedule(index) => self.reachable(&self.on_call(index, at)),
        }
    }

    pub fn reached_by_all(&self, targets: &[Target], at: Timestamp) -> BTreeSet<Who> {
        targets
            .iter()
            .flat_map(|target| self.reached(*target, at))
            .collect()
    }

    /// Those of the people for whom it is not too early or too late on their own clocks.
    pub fn in_own_hours(
        &self,
        people: BTreeSet<Who>,
        hours: Option<&Hours>,
        at: Timestamp,
    ) -> BTreeSet<Who> {
        match hours {
            Some(hours) if hours.zone.is_none() => people
                .into_iter()
                .filter(|who| holds(hours, self.person(*who).zone, at))
                .collect(),
            _ => people,
        }
    }

    /// Whether a step as a whole is out of its hours.
    pub fn is_closed(&self, hours: Option<&Hours>, at: Timestamp) -> bool {
        hours.is_some_and(|hours| hours.zone.is_some_and(|zone| !holds(hours, zone, at)))
    }

    pub fn on_call(&self, index: usize, at: Timestamp) -> Vec<Who> {
        let mut people = self
            .version(index, at)
            .map(|schedule| turn(schedule, at))
            .unwrap_or_default();
        for one in &self.overrides[index] {
            if one.start <= at && at < one.end {
                people.clone_from(&one.users);
            }
        }
        people
    }

    fn version(&self, index: usize, at: Timestamp) -> Option<&Schedule> {
        // Of two that begin at once the later edit holds.
        let mut holds: Option<&(Timestamp, Schedule)> = None;
        for version in &self.versions[index] {
            if version.0 <= at && holds.is_none_or(|known| known.0 <= version.0) {
                holds = Some(version);
            }
        }
        holds.map(|(_, schedule)| schedule)
    }

    /// The first instant after `at` at which others may be on call.
    pub fn next_edge(&self, index: usize, at: Timestamp) -> Option<Timestamp> {
        let schedule = self.version(index, at)?;
        let length = schedule.turn * 60;
        let begin = ROTATIONS_BEGIN + schedule.handoff;
        let minute = minute_at(schedule.zone, at);
        let next = begin + ((minute - begin).div_euclid(length) + 1) * length;
        let mut edge = instant_of(schedule.zone, next);
        for one in &self.overrides[index] {
            for end in [one.start, one.end] {
                if end > at {
                    edge = edge.min(end);
                }
            }
        }
        Some(edge)
    }
}

/// The people of the turn in which an instant lies.
fn turn(schedule: &Schedule, at: Timestamp) -> Vec<Who> {
    let since = minute_at(schedule.zone, at) - (ROTATIONS_BEGIN + schedule.handoff);
    if since < 0 {
        return vec![];
    }
    let number = since / (schedule.turn * 60);
    let count = i64::try_from(schedule.turns.len()).unwrap_or(1).max(1);
    let index = usize::try_from(number % count).unwrap_or(0);
    schedule.turns.get(index).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Zone;

    #[test]
    fn rotations_begin_on_the_first_of_march() {
        let begin = Timestamp::from_seconds(ROTATIONS_BEGIN * 60);
        assert_eq!(begin.to_string(), "2026-03-01T00:00:00Z");
        let schedule = Schedule {
            zone: Zone::Kolkata,
            turn: 12,
            handoff: 9 * 60,
            turns: vec![vec![1], vec![2], vec![]],
        };
        let at = |text: &str| turn(&schedule, Timestamp::parse(text).unwrap_or(begin));
        assert_eq!(at("2026-03-01T03:29:59Z"), Vec::<Who>::new());
        assert_eq!(at("2026-03-01T03:30:00Z"), [1]);
        assert_eq!(at("2026-03-01T15:30:00Z"), [2]);
        assert_eq!(at("2026-03-02T03:30:00Z"), Vec::<Who>::new());
        assert_eq!(at("2026-03-02T15:30:00Z"), [1]);
    }
}
