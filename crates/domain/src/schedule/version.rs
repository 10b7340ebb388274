//! Versions of a schedule: the one that speaks, one that might, and how two differ.

use super::query::bounded;
use super::timeline::{Piece, same_people};
use super::{Schedule, ScheduleConfig, ScheduleVersion};
use crate::{Timestamp, UserId};

/// A stretch in which other people are on call after a change than before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    /// Empty when nobody.
    pub before: Vec<UserId>,
    /// Empty when nobody.
    pub after: Vec<UserId>,
}

impl Schedule {
    /// The version that speaks at `at`; `None` before the first.
    pub fn version_at(&self, at: Timestamp) -> Option<&ScheduleVersion> {
        self.versions
            .iter()
            .rfind(|version| version.effective_from <= at)
    }

    /// This schedule as if one of its versions had always spoken: "who would have been on call
    /// under version V". `None` when there is no such version.
    pub fn under_version(&self, version: i64) -> Option<Schedule> {
        let chosen = self.versions.iter().find(|one| one.version == version)?;
        Some(Schedule {
            versions: vec![ScheduleVersion {
                effective_from: Timestamp::MIN,
                ..chosen.clone()
            }],
            ..self.clone()
        })
    }

    /// The number of the next version.
    pub fn next_version(&self) -> i64 {
        let highest = self.versions.iter().map(|version| version.version).max();
        highest.unwrap_or(0) + 1
    }

    /// This schedule as it would be with `config` saved to hold from `from` on: until then it is as
    /// before, and a version that was to begin later still will.
    pub fn edited(&self, config: ScheduleConfig, from: Timestamp) -> Schedule {
        let mut edited = self.clone();
        edited.versions.push(ScheduleVersion {
            version: self.next_version(),
            effective_from: from,
            config,
        });
        edited
            .versions
            .sort_by_key(|version| (version.effective_from, version.version));
        edited
    }

    /// Where within `from..until` other people are on call in `after` than in this schedule:
    /// rising, and as long as can be. Why somebody is on call makes no difference, nor do shadows.
    pub fn difference(
        &self,
        after: &Schedule,
        from: Timestamp,
        until: Timestamp,
    ) -> Vec<Difference> {
        let (from, until) = bounded(from, until);
        let mut old = self.final_pieces(from, until).into_iter().peekable();
        let mut new = after.final_pieces(from, until).into_iter().peekable();
        let mut differences: Vec<Difference> = Vec::new();
        let mut at = from;
        while at < until {
            while old.next_if(|piece| piece.end <= at).is_some() {}
            while new.next_if(|piece| piece.end <= at).is_some() {}
            let (before, before_ends) = people_at(old.peek(), at, until);
            let (now, now_ends) = people_at(new.peek(), at, until);
            let end = before_ends.min(now_ends);
            if !same_people(before, now) {
                match differences.last_mut() {
                    Some(last) if last.end == at && last.before == before && last.after == now => {
                        last.end = end;
                    }
                    _ => differences.push(Difference {
                        start: at,
                        end,
                        before: before.to_vec(),
                        after: now.to_vec(),
                    }),
                }
            }
            at = end;
        }
        differences
    }
}

/// Who is on call at `at`, and until when that is certain. `piece` is the first that ends later.
fn people_at<'a>(
    piece: Option<&'a Piece<'_>>,
    at: Timestamp,
    until: Timestamp,
) -> (&'a [UserId], Timestamp) {
    match piece {
        Some(piece) if piece.start <= at => (&piece.users, piece.end),
        Some(piece) => (&[], piece.start),
        None => (&[], until),
    }
}
