//! What a change of a schedule would change for people.

use domain::{Span, Timestamp};

use super::frame::Person;
use super::schedule::names;

/// Who is on call otherwise than before, within a span.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Where it was looked for; `until` is exclusive.
    pub from: Timestamp,
    pub until: Timestamp,
    /// Whoever gains or loses most, first.
    pub people: Vec<PersonChange>,
    /// Rising; only so many as a page can hold.
    pub rows: Vec<Changed>,
    /// Stretches that are not listed.
    pub more: usize,
    /// How long nobody is on call where somebody was.
    pub lost: Span,
}

/// What one person gains and loses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonChange {
    pub person: Person,
    pub gains: Duty,
    pub loses: Duty,
}

/// Time on call, in so many stretches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duty {
    pub time: Span,
    pub stretches: usize,
}

/// A stretch in which other people are on call.
#[derive(Clone, Debug)]
pub struct Changed {
    pub start: Timestamp,
    pub end: Timestamp,
    pub before: Vec<Person>,
    pub after: Vec<Person>,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn loses_cover(&self) -> bool {
        self.lost > Span::ZERO
    }
}

impl Duty {
    pub fn is_some(&self) -> bool {
        self.stretches > 0
    }

    /// `16 h in 2 stretches`.
    pub fn words(&self) -> String {
        match self.stretches {
            1 => format!("{} in one stretch", self.time),
            many => format!("{} in {many} stretches", self.time),
        }
    }
}

impl Changed {
    /// `Ana → Bo`.
    pub fn words(&self) -> String {
        let who = |people: &[Person]| match people.is_empty() {
            true => "nobody".to_owned(),
            false => names(people),
        };
        format!("{} → {}", who(&self.before), who(&self.after))
    }

    pub fn is_gap(&self) -> bool {
        self.after.is_empty()
    }
}
