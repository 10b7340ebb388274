//! What must hold after every event, by name.

use std::fmt;

/// A promise of PAGING.md or DESIGN.md that the simulator watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    NothingAcceptedIsLost,
    StepsExecuteOnce,
    TheLadderIsFollowed,
    PagedInTime,
    QuietAfterTheAnswer,
    NeverSilent,
    PagesLeave,
    NotDoubledWithoutNeed,
    NothingUnasked,
    EndsAsUndisturbed,
    NoFailureInside,
}

impl Invariant {
    pub const ALL: [Invariant; 11] = [
        Invariant::NothingAcceptedIsLost,
        Invariant::StepsExecuteOnce,
        Invariant::TheLadderIsFollowed,
        Invariant::PagedInTime,
        Invariant::QuietAfterTheAnswer,
        Invariant::NeverSilent,
        Invariant::PagesLeave,
        Invariant::NotDoubledWithoutNeed,
        Invariant::NothingUnasked,
        Invariant::EndsAsUndisturbed,
        Invariant::NoFailureInside,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Invariant::NothingAcceptedIsLost => "nothing-accepted-is-lost",
            Invariant::StepsExecuteOnce => "steps-execute-once",
            Invariant::TheLadderIsFollowed => "the-ladder-is-followed",
            Invariant::PagedInTime => "paged-in-time",
            Invariant::QuietAfterTheAnswer => "quiet-after-the-answer",
            Invariant::NeverSilent => "never-silent",
            Invariant::PagesLeave => "pages-leave",
            Invariant::NotDoubledWithoutNeed => "not-doubled-without-need",
            Invariant::NothingUnasked => "nothing-unasked",
            Invariant::EndsAsUndisturbed => "ends-as-undisturbed",
            Invariant::NoFailureInside => "no-failure-inside",
        }
    }

    /// Where it is promised.
    pub fn promised(self) -> &'static str {
        match self {
            Invariant::NothingAcceptedIsLost => "PAGING.md §1.7, DESIGN.md P1",
            Invariant::StepsExecuteOnce => "PAGING.md §4.11, DESIGN.md P2",
            Invariant::TheLadderIsFollowed => "PAGING.md §4.1–4.9",
            Invariant::PagedInTime => "PAGING.md §4.4, §4.6, §4.7",
            Invariant::QuietAfterTheAnswer => "PAGING.md §4.7, §6.3",
            Invariant::NeverSilent => "PAGING.md §4.2, §4.5, DESIGN.md P3",
            Invariant::PagesLeave => "PAGING.md §6.3–6.6, DESIGN.md P2",
            Invariant::NotDoubledWithoutNeed => "PAGING.md §6.6, DESIGN.md P2",
            Invariant::NothingUnasked => "PAGING.md §1.3, §4.7, §4.8",
            Invariant::EndsAsUndisturbed => "DESIGN.md P1, P2",
            Invariant::NoFailureInside => "ARCHITECTURE.md, Invariants",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub invariant: Invariant,
    /// Wall time of the world, for people.
    pub at: String,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation {
            invariant,
            at,
            what,
        } = self;
        write!(
            f,
            "{invariant} ({}) broken at {at}: {what}",
            invariant.promised()
        )
    }
}
