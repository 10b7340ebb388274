//! Swap and cover requests: a person offers shifts, another takes them (PAGING.md §5.5).
//!
//! A request changes nothing until it is taken: the one who offers stays on call. Taking it makes
//! overrides of kind [`OverrideKind::Swap`], which put the one person in the other's place wherever
//! that other is on call in the span.

use serde::{Deserialize, Serialize};

use super::{Override, OverrideKind, Schedule};
use crate::{OverrideId, ScheduleId, Span, SwapId, Timestamp, UserId};

/// Longest span of a request.
pub const SWAP_MAX: Span = Span::from_days(366);

crate::words! {
    SwapState {
        /// Waits for somebody to take it.
        Offered = "offered",
        Taken = "taken",
        /// By the person who had offered it.
        Withdrawn = "withdrawn",
        /// By the person whom it was offered to.
        Declined = "declined",
    }
}

/// Where an override of kind swap comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapPart {
    pub id: SwapId,
    /// Whose place is taken.
    pub instead_of: UserId,
}

/// A stretch of time; its end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    pub start: Timestamp,
    pub end: Timestamp,
}

/// "Who takes my shifts from … until …?" With `exchange` it is a swap: the one who takes them is
/// relieved in another span; without, it asks for cover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapRequest {
    pub id: SwapId,
    pub schedule_id: ScheduleId,
    /// Whose shifts are offered.
    pub giver: UserId,
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    /// When the giver was on call in the span, as it was offered.
    pub held: Vec<Stretch>,
    /// The only person who may take it; anybody when absent.
    pub offered_to: Option<UserId>,
    /// The giver takes the taker's shifts in this span.
    pub exchange: Option<Stretch>,
    pub note: String,
    pub state: SwapState,
    pub taken_by: Option<UserId>,
    /// Who made the request: the giver, or an administrator.
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    /// When it was taken, withdrawn or declined, and by whom.
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<UserId>,
}

/// Why a request cannot be made or taken. The words are for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwapProblem {
    #[error("the end must be later than the start")]
    Backwards,
    #[error("the span lies in the past")]
    Past,
    #[error("at most a year is possible")]
    TooLong,
    #[error("this person is not on call for the schedule in that span")]
    NotOnCall,
    #[error("a request cannot be offered to the person who makes it")]
    ToOneself,
    #[error("the person who would take it is not on call in the span given in exchange")]
    NothingInExchange,
    #[error("the two spans overlap")]
    SpansOverlap,
    #[error("the request is closed: it was taken, withdrawn or declined")]
    Closed,
    #[error("the span is over")]
    Over,
    #[error("this request was offered to somebody else")]
    ForSomebodyElse,
    #[error("the schedule has changed since this was offered: ask for a new offer")]
    Changed,
    #[error("this person is on call for the schedule at that time already")]
    OnCallAlready,
}

impl SwapRequest {
    /// Whether it waits for an answer at `now`: one whose span is over does not any more.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == SwapState::Offered && now < self.end
    }

    /// What is wrong with the request as it is made at `now`. Fills in [`SwapRequest::held`].
    ///
    /// # Errors
    /// The first problem found.
    pub fn offer(mut self, schedule: &Schedule, now: Timestamp) -> Result<Self, SwapProblem> {
        check_span(self.start, self.end, now)?;
        if self.offered_to == Some(self.giver) {
            return Err(SwapProblem::ToOneself);
        }
        self.held = schedule.held_by(self.giver, self.start.max(now), self.end);
        if self.held.is_empty() {
            return Err(SwapProblem::NotOnCall);
        }
        if let Some(exchange) = self.exchange {
            check_span(exchange.start, exchange.end, now)?;
            if exchange.start < self.end && self.start < exchange.end {
                return Err(SwapProblem::SpansOverlap);
            }
        }
        if let Some(taker) = self.offered_to {
            self.check_taker(schedule, taker, now)?;
        }
        Ok(self)
    }

    /// The overrides that come of `taker` taking the request at `now`; their ids are 0.
    ///
    /// # Errors
    /// Why it cannot be taken, what has changed meanwhile among it.
    pub fn take(
        &self,
        schedule: &Schedule,
        taker: UserId,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Result<Vec<Override>, SwapProblem> {
        if self.state != SwapState::Offered {
            return Err(SwapProblem::Closed);
        }
        if self.end <= now {
            return Err(SwapProblem::Over);
        }
        if taker == self.giver {
            return Err(SwapProblem::ToOneself);
        }
        if self.offered_to.is_some_and(|person| person != taker) {
            return Err(SwapProblem::ForSomebodyElse);
        }
        // What was offered and has not passed must still be what the giver holds.
        let offered: Vec<Stretch> = self
            .held
            .iter()
            .filter(|part| now < part.end)
            .map(|part| Stretch {
                start: part.start.max(now),
                ..*part
            })
            .collect();
        if offered.is_empty() {
            return Err(SwapProblem::Over);
        }
        if schedule.held_by(self.giver, self.start.max(now), self.end) != offered {
            return Err(SwapProblem::Changed);
        }
        self.check_taker(schedule, taker, now)?;
        let part = |from: UserId, to: UserId, start: Timestamp, end: Timestamp| Override {
            id: OverrideId(0),
            start: start.max(now),
            end,
            kind: OverrideKind::Swap,
            users: vec![to],
            created_by: by,
            created_at: now,
            swap: Some(SwapPart {
                id: self.id,
                instead_of: from,
            }),
        };
        let mut overrides = vec![part(self.giver, taker, self.start, self.end)];
        if let Some(exchange) = self.exchange {
            overrides.push(part(taker, self.giver, exchange.start, exchange.end));
        }
        Ok(overrides)
    }

    fn check_taker(
        &self,
        schedule: &Schedule,
        taker: UserId,
        now: Timestamp,
    ) -> Result<(), SwapProblem> {
        if overlap(
            &schedule.held_by(taker, self.start.max(now), self.end),
            &self.held,
        ) {
            return Err(SwapProblem::OnCallAlready);
        }
        let Some(exchange) = self.exchange else {
            return Ok(());
        };
        let (start, end) = (exchange.start.max(now), exchange.end);
        let given = if start < end {
            schedule.held_by(taker, start, end)
        } else {
            Vec::new()
        };
        if given.is_empty() {
            return Err(SwapProblem::NothingInExchange);
        }
        if overlap(&schedule.held_by(self.giver, start, end), &given) {
            return Err(SwapProblem::OnCallAlready);
        }
        Ok(())
    }
}

fn check_span(start: Timestamp, end: Timestamp, now: Timestamp) -> Result<(), SwapProblem> {
    if end <= start {
        Err(SwapProblem::Backwards)
    } else if end <= now {
        Err(SwapProblem::Past)
    } else if end.since(start) > SWAP_MAX {
        Err(SwapProblem::TooLong)
    } else {
        Ok(())
    }
}

fn overlap(one: &[Stretch], other: &[Stretch]) -> bool {
    one.iter().any(|one| {
        other
            .iter()
            .any(|other| one.start < other.end && other.start < one.end)
    })
}

impl Schedule {
    /// When a person is on call within `from..until`: rising stretches that do not touch, clipped
    /// to the span.
    pub fn held_by(&self, user: UserId, from: Timestamp, until: Timestamp) -> Vec<Stretch> {
        let mut held: Vec<Stretch> = Vec::new();
        for piece in self.final_pieces(from, until) {
            if !piece.users.contains(&user) {
                continue;
            }
            match held.last_mut() {
                Some(last) if last.end == piece.start => last.end = piece.end,
                _ => held.push(Stretch {
                    start: piece.start,
                    end: piece.end,
                }),
            }
        }
        held
    }
}
