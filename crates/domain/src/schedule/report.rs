//! How the load of a schedule is shared.

use std::collections::BTreeMap;

use super::{Schedule, Shift};
use crate::{Span, Timestamp, UserId};

/// One person's time on call in a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonTime {
    pub user: UserId,
    /// Time on call within the span.
    pub total: Span,
    /// Shifts of which any part lies in the span.
    pub shifts: usize,
}

/// Time on call for each person of `shifts` within `from..until`, most first. Shifts must not
/// overlap, as those of one schedule never do.
pub fn time_per_person(shifts: &[Shift], from: Timestamp, until: Timestamp) -> Vec<PersonTime> {
    let mut by_person: BTreeMap<UserId, PersonTime> = BTreeMap::new();
    for shift in shifts {
        let (start, end) = (shift.start.max(from), shift.end.min(until));
        if start >= end {
            continue;
        }
        for &user in &shift.users {
            let person = by_person.entry(user).or_insert(PersonTime {
                user,
                total: Span::ZERO,
                shifts: 0,
            });
            person.total = person.total + end.since(start);
            person.shifts += 1;
        }
    }
    let mut people: Vec<_> = by_person.into_values().collect();
    // Stable: people with equal time stay in the order of their ids.
    people.sort_by_key(|person| std::cmp::Reverse(person.total));
    people
}

impl Schedule {
    /// [`time_per_person`] of the final schedule.
    pub fn time_per_person(&self, from: Timestamp, until: Timestamp) -> Vec<PersonTime> {
        time_per_person(&self.final_shifts(from, until), from, until)
    }

    /// When nobody is on call within `from..until`, for a report (PAGING.md §5.6): as
    /// [`Schedule::gaps`], but from the first version on, since before it there was nothing to cover.
    pub fn uncovered(&self, from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let begins = self.versions.first().map(|first| first.effective_from);
        match begins.map(|begins| from.max(begins)) {
            Some(from) if from < until => self.gaps(from, until),
            _ => Vec::new(),
        }
    }
}
