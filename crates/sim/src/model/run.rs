//! What a run of a policy does next (PAGING.md §4.1–4.9).

use std::collections::BTreeSet;

use domain::{Span, Timestamp};

use super::House;
use crate::setup::{Hours, Policy, Step, Target, Who};

const LAST_RESORT_EVERY: Span = Span::from_minutes(30);

/// Where on the ladder an execution stands; without a step it is the last resort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub cycle: i64,
    pub step: Option<i64>,
}

/// An execution as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub number: i64,
    pub position: Position,
    pub due: Timestamp,
    pub skipped: bool,
    pub paged: BTreeSet<Who>,
}

#[derive(Clone, Debug)]
pub struct Run {
    /// The policy as it was when the run began (§4.3).
    policy: Option<Policy>,
    turn: i64,
    also: Vec<Who>,
    high: bool,
    cycle: i64,
    next: usize,
    executions: i64,
    last_resort: bool,
    pub due: Timestamp,
    /// Low urgency has told somebody (§3.2).
    pub ended: bool,
    /// Schedules through which the last execution paged (§4.9).
    watched: Vec<usize>,
    told: BTreeSet<Who>,
    /// Of the step that was executed last.
    hours: Option<Hours>,
    /// The step that is next waits until `due`, since the alert flaps (§1.10).
    rests: bool,
}

impl Run {
    /// `turn` counts the runs of a policy with round robin; `also` are people paged besides (§4.7).
    pub fn start(
        policy: Option<Policy>,
        turn: i64,
        also: Vec<Who>,
        high: bool,
        now: Timestamp,
    ) -> Run {
        let last_resort = policy.as_ref().is_none_or(|policy| policy.steps.is_empty());
        Run {
            policy,
            turn,
            also,
            high,
            cycle: 0,
            next: 0,
            executions: 0,
            last_resort,
            due: now,
            ended: false,
            watched: vec![],
            told: BTreeSet::new(),
            hours: None,
            rests: false,
        }
    }

    fn steps(&self) -> &[Step] {
        self.policy.as_ref().map_or(&[], |policy| &policy.steps)
    }

    fn last_cycle(&self) -> i64 {
        match &self.policy {
            Some(policy) if !policy.steps.is_empty() => policy.repeats,
            _ => -1,
        }
    }

    fn reach_last_resort(&mut self) {
        self.cycle = self.cycle.max(self.last_cycle() + 1);
        self.next = 0;
        self.last_resort = true;
    }

    /// §4.8: the next step now, or the one chosen.
    pub fn escalate(&mut self, to: Option<usize>, now: Timestamp) {
        self.due = now;
        self.ended = false;
        self.rests = false;
        match to {
            Some(step) if step < self.steps().len() => {
                if step < self.next {
                    self.cycle += 1;
                }
                self.next = step;
                self.last_resort = false;
            }
            Some(_) => self.reach_last_resort(),
            None if self.next == 0 && self.cycle > self.last_cycle() => self.reach_last_resort(),
            None => self.last_resort = false,
        }
    }

    /// §1.10, §3.3: somebody was paged, and what is due by `now` waits until then.
    pub fn rest(&mut self, until: Timestamp, now: Timestamp) {
        if self.executions > 0 && self.due <= now && now < until {
            self.due = until;
            self.rests = true;
        }
    }

    /// Conditions of steps are looked at when they are executed.
    pub fn has_urgency(&mut self, high: bool) {
        self.high = high;
    }

    /// Executes what is next at this instant.
    pub fn execute(&mut self, house: &House, at: Timestamp) -> Expected {
        if std::mem::take(&mut self.rests) {
            // It goes on from here.
            self.due = at;
        }
        let number = self.executions;
        self.executions += 1;
        let step = self
            .steps()
            .get(self.next)
            .filter(|_| !self.last_resort)
            .cloned();
        match step {
            Some(step) => self.execute_step(number, &step, house, at),
            None => self.execute_last_resort(number, house, at),
        }
    }

    fn execute_step(&mut self, number: i64, step: &Step, house: &House, at: Timestamp) -> Expected {
        let due = self.due;
        let position = Position {
            cycle: self.cycle,
            step: i64::try_from(self.next).ok(),
        };
        let (mut paged, watched) = self.chosen(step, house, at);
        self.next += 1;
        let wrapped = self.next == self.steps().len();
        if wrapped {
            self.next = 0;
            self.cycle += 1;
            self.last_resort = self.cycle > self.last_cycle();
        }
        let skipped = paged.is_empty();
        if skipped {
            // §4.5: at once to the next; when none reaches anybody, to the last resort.
            let hope = self
                .steps()
                .iter()
                .any(|step| !self.chosen(step, house, at).0.is_empty());
            if wrapped && !hope {
                self.reach_last_resort();
            }
        } else {
            paged.extend(self.besides(house, at));
            self.watched = watched;
            self.hours.clone_from(&step.hours);
            self.told.clone_from(&paged);
            // §4.6: from the due time, so that nothing drifts.
            self.due = due + Span::from_seconds(step.wait);
            self.ended = !self.high;
        }
        Expected {
            number,
            position,
            due,
            skipped,
            paged,
        }
    }

    fn besides(&mut self, house: &House, at: Timestamp) -> BTreeSet<Who> {
        let also = std::mem::take(&mut self.also);
        also.iter()
            .flat_map(|who| house.reached(Target::Person(*who), at))
            .collect()
    }

    /// Whom a step pages, and the schedules asked for it.
    fn chosen(&self, step: &Step, house: &House, at: Timestamp) -> (BTreeSet<Who>, Vec<usize>) {
        let hours = step.hours.as_ref();
        if (step.high_only && !self.high) || house.is_closed(hours, at) {
            return (BTreeSet::new(), vec![]);
        }
        if !step.round_robin {
            let people = house.reached_by_all(&step.targets, at);
            let people = house.in_own_hours(people, hours, at);
            return (people, schedules(&step.targets));
        }
        let count = step.targets.len();
        let begin = (self.turn + self.cycle).rem_euclid(i64::try_from(count).unwrap_or(1));
        let begin = usize::try_from(begin).unwrap_or(0);
        for offset in 0..count {
            let target = step.targets[(begin + offset) % count];
            let people = house.in_own_hours(house.reached(target, at), hours, at);
            if !people.is_empty() {
                return (people, schedules(&[target]));
            }
        }
        (BTreeSet::new(), vec![])
    }

    fn execute_last_resort(&mut self, number: i64, house: &House, at: Timestamp) -> Expected {
        let due = self.due;
        self.last_resort = true;
        let position = Position {
            cycle: self.cycle,
            step: None,
        };
        let mut targets = house.setup.last_resort.clone();
        let mut paged = house.reached_by_all(&targets, at);
        if paged.is_empty() {
            let all = self.steps().iter().flat_map(|step| step.targets.clone());
            targets.extend(all);
            paged = house.reached_by_all(&targets, at);
        }
        paged.extend(self.besides(house, at));
        // Repeats missed while nobody ran are one alarm.
        let missed = at.since(due).0.max(0) / LAST_RESORT_EVERY.0 + 1;
        self.cycle += missed;
        self.next = 0;
        self.due = due + Span(LAST_RESORT_EVERY.0 * missed);
        self.watched = schedules(&targets);
        self.hours = None;
        self.told.clone_from(&paged);
        self.ended = !self.high && !paged.is_empty();
        Expected {
            number,
            position,
            due,
            skipped: paged.is_empty(),
            paged,
        }
    }

    /// §4.9: who is on call now for a watched schedule and has not been told.
    pub fn newcomers(&self, house: &House, at: Timestamp) -> BTreeSet<Who> {
        let mut people: BTreeSet<Who> = BTreeSet::new();
        for index in &self.watched {
            people.extend(house.reached(Target::Schedule(*index), at));
        }
        let people = house.in_own_hours(people, self.hours.as_ref(), at);
        people.difference(&self.told).copied().collect()
    }

    /// Of those the ones who have come on call at `edge`. Whoever had the watch before, outside the
    /// hours of the step, is not paged when the hours begin.
    pub fn came(&self, house: &House, edge: Timestamp, at: Timestamp) -> BTreeSet<Who> {
        let before: BTreeSet<Who> = match &self.hours {
            Some(hours) if hours.zone.is_none() => self
                .watched
                .iter()
                .flat_map(|index| house.on_call(*index, edge - Span(1)))
                .collect(),
            _ => BTreeSet::new(),
        };
        let mut new = self.newcomers(house, at);
        new.retain(|who| !before.contains(who));
        new
    }

    pub fn tell(&mut self, who: Who) {
        self.told.insert(who);
    }

    pub fn next_edge(&self, house: &House, at: Timestamp) -> Option<Timestamp> {
        self.watched
            .iter()
            .filter_map(|index| house.next_edge(*index, at))
            .min()
    }

    pub fn stop(&mut self) {
        self.watched.clear();
        self.told.clear();
    }
}

fn schedules(targets: &[Target]) -> Vec<usize> {
    let index = |target: &Target| match target {
        Target::Schedule(index) => Some(*index),
        Target::Person(_) | Target::Team(_) => None,
    };
    targets.iter().filter_map(index).collect()
}
