//! Temporary schedules: a span filled by hand, in which the layers do not count (PAGING.md §5.5).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::timeline::{Piece, Source, Timeline};
use super::{ConfigProblem, Schedule};
use crate::{Span, TemporaryId, Timestamp, UserId};

/// Longest temporary schedule.
pub const TEMPORARY_MAX: Span = Span::from_days(366);
const SHIFTS_MAX: usize = 500;
const USERS_MAX: usize = 100;

/// A span in which only shifts made by hand count: where it has none, nobody is on call. The layers
/// resume at its end; overrides apply above it. Of two that overlap the later-made counts.
///
/// The past is never rewritten: it has no effect before it was made, and to withdraw one that has
/// begun is to set its `end` to that instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Temporary {
    pub id: TemporaryId,
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    /// Rising, without overlap, within the span.
    pub shifts: Vec<TemporaryShift>,
    /// `None` when the command line or a token made it.
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
}

/// One shift of a temporary schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemporaryShift {
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    pub users: Vec<UserId>,
}

impl Temporary {
    /// When it begins to have an effect: never before it was made.
    pub fn effective_start(&self) -> Timestamp {
        self.start.max(self.created_at)
    }

    fn acts_in(&self, from: Timestamp, until: Timestamp) -> bool {
        let start = self.effective_start();
        start < self.end && start < until && from < self.end
    }

    /// Everything wrong with it, as seen at `now`; paths such as `shifts[2].end`.
    pub fn problems(&self, now: Timestamp) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let mut add = |path: String, message: &str| {
            let message = message.to_owned();
            problems.push(ConfigProblem { path, message });
        };
        if self.end <= self.start {
            add("end".to_owned(), "must be later than the start");
        } else if self.end <= now {
            let message = "lies in the past: who was on call is never rewritten";
            add("end".to_owned(), message);
        } else if self.end.since(self.start) > TEMPORARY_MAX {
            let message = "at most a year is possible: for longer, edit the schedule";
            add("end".to_owned(), message);
        }
        if self.shifts.len() > SHIFTS_MAX {
            add("shifts".to_owned(), "at most 500 shifts are possible");
        }
        let mut reached = self.start;
        for (index, shift) in self.shifts.iter().enumerate() {
            let path = format!("shifts[{index}]");
            if shift.end <= shift.start {
                add(format!("{path}.end"), "must be later than the start");
            }
            if shift.start < self.start || shift.end > self.end {
                add(path.clone(), "lies outside the temporary schedule");
            } else if shift.start < reached {
                let message = "begins before the one above it ends; put several people into one \
                               shift instead";
                add(format!("{path}.start"), message);
            }
            reached = reached.max(shift.end);
            let distinct: std::collections::HashSet<_> = shift.users.iter().collect();
            if shift.users.is_empty() {
                add(format!("{path}.users"), "choose somebody");
            } else if shift.users.len() > USERS_MAX {
                add(format!("{path}.users"), "at most 100 people are possible");
            } else if distinct.len() < shift.users.len() {
                add(format!("{path}.users"), "the same person stands here twice");
            }
        }
        problems
    }

    /// Its shifts in `from..until`, clipped to it and to what has an effect.
    fn pieces(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = Piece<'_>> {
        let (from, until) = (self.effective_start().max(from), self.end.min(until));
        let mut reached = from;
        self.shifts.iter().filter_map(move |shift| {
            let (start, end) = (shift.start.max(reached), shift.end.min(until));
            reached = reached.max(end);
            (start < end).then_some(Piece {
                start,
                end,
                users: Cow::Borrowed(&shift.users),
                shadows: &[],
                source: Source::Temporary(self.id),
            })
        })
    }
}

/// The layers' timeline with the spans of temporary schedules filled by hand.
pub(super) fn fill<'a>(
    temporaries: &'a [Temporary],
    mut below: Timeline<'a>,
    from: Timestamp,
    until: Timestamp,
) -> Timeline<'a> {
    let mut acting: Vec<_> = temporaries
        .iter()
        .filter(|one| one.acts_in(from, until))
        .collect();
    acting.sort_unstable_by_key(|one| (one.created_at, one.id));
    for one in acting {
        let (start, end) = (one.effective_start().max(from), one.end.min(until));
        let mut filled = Timeline::default();
        let pieces = below.into_pieces();
        for piece in pieces.iter().filter(|piece| piece.start < start) {
            filled.push(Piece {
                end: piece.end.min(start),
                ..piece.clone()
            });
        }
        for piece in one.pieces(from, until) {
            filled.push(piece);
        }
        for piece in pieces.into_iter().filter(|piece| piece.end > end) {
            filled.push(Piece {
                start: piece.start.max(end),
                ..piece
            });
        }
        below = filled;
    }
    below
}

impl Schedule {
    /// The temporary schedule that counts at `at`, if any.
    pub fn temporary_at(&self, at: Timestamp) -> Option<&Temporary> {
        self.temporaries
            .iter()
            .filter(|one| one.effective_start() <= at && at < one.end)
            .max_by_key(|one| (one.created_at, one.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary(span: (i64, i64), shifts: &[(i64, i64, &[i64])]) -> Temporary {
        Temporary {
            id: TemporaryId(1),
            start: Timestamp(span.0),
            end: Timestamp(span.1),
            shifts: shifts
                .iter()
                .map(|&(start, end, users)| TemporaryShift {
                    start: Timestamp(start),
                    end: Timestamp(end),
                    users: users.iter().copied().map(UserId).collect(),
                })
                .collect(),
            created_by: None,
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn every_problem_is_named_with_its_place() {
        let paths = |one: Temporary| -> Vec<String> {
            let problems = one.problems(Timestamp(5)).into_iter();
            problems.map(|problem| problem.path).collect()
        };
        assert_eq!(
            paths(temporary((10, 20), &[(10, 12, &[1]), (15, 20, &[1, 2])])),
            [""; 0]
        );
        assert_eq!(paths(temporary((10, 10), &[])), ["end"]);
        assert_eq!(paths(temporary((1, 4), &[])), ["end"]);
        let wrong: &[(i64, i64, &[i64])] = &[
            (9, 12, &[1]),
            (11, 13, &[1]),
            (14, 14, &[]),
            (15, 16, &[2, 2]),
        ];
        assert_eq!(
            paths(temporary((10, 20), wrong)),
            [
                "shifts[0]",
                "shifts[1].start",
                "shifts[2].end",
                "shifts[2].users",
                "shifts[3].users"
            ]
        );
    }
}
