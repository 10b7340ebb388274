//! Overrides: what people change about a span of a schedule by hand.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::SwapPart;
use super::timeline::{Piece, Source, Timeline};
use crate::{OverrideId, Timestamp, UserId};

crate::words! {
    OverrideKind {
        /// Exactly these people are on call; with none, nobody is.
        Replace = "replace",
        /// These people are on call too.
        Add = "add",
        /// These people are not on call. Lower layers do not fill in: if nobody is left it is a
        /// gap, and shown as one.
        Remove = "remove",
        /// These people take the place of another wherever that one is on call. Made by taking a
        /// swap request only.
        Swap = "swap",
    }
}

/// A change to the final schedule for a span. Overrides are applied in the order of `created_at`
/// (then `id`), each to what the earlier ones left, so the later-made wins.
///
/// The past is never rewritten: an override has no effect before it was made, and to withdraw one
/// that has begun is to set its `end` to that instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    pub id: OverrideId,
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    pub kind: OverrideKind,
    pub users: Vec<UserId>,
    /// `None` when the configuration file made it.
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    /// Of kind `swap` only: where it comes from and whose place is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swap: Option<SwapPart>,
}

impl Override {
    /// When it begins to have an effect: never before it was made.
    pub fn effective_start(&self) -> Timestamp {
        self.start.max(self.created_at)
    }

    fn source<'a>(&self) -> Source<'a> {
        match self.swap {
            Some(swap) => Source::Swap(self.id, swap.id),
            None => Source::Override(self.id),
        }
    }

    /// Changes who is on call, and returns whether it did.
    fn apply(&self, users: &mut Cow<'_, [UserId]>) -> bool {
        match self.kind {
            OverrideKind::Replace => {
                *users = Cow::Owned(self.users.clone());
                true
            }
            OverrideKind::Add => {
                let new: Vec<_> = self
                    .users
                    .iter()
                    .filter(|user| !users.contains(user))
                    .copied()
                    .collect();
                if new.is_empty() {
                    return false;
                }
                users.to_mut().extend(new);
                true
            }
            OverrideKind::Remove => {
                if !users.iter().any(|user| self.users.contains(user)) {
                    return false;
                }
                users.to_mut().retain(|user| !self.users.contains(user));
                true
            }
            OverrideKind::Swap => {
                let giver = self.swap.map(|swap| swap.instead_of);
                let Some(place) = users.iter().position(|user| Some(*user) == giver) else {
                    return false;
                };
                let takers: Vec<_> = self
                    .users
                    .iter()
                    .filter(|user| !users.contains(user))
                    .copied()
                    .collect();
                users.to_mut().splice(place..=place, takers);
                true
            }
        }
    }
}

/// The overrides with any effect in a span, in the order in which they are applied.
pub(super) struct Overlays<'a>(Vec<&'a Override>);

impl<'a> Overlays<'a> {
    pub fn between(overrides: &'a [Override], from: Timestamp, until: Timestamp) -> Self {
        let mut active: Vec<_> = overrides
            .iter()
            .filter(|one| {
                let start = one.effective_start();
                start < one.end && start < until && from < one.end
            })
            .collect();
        active.sort_unstable_by_key(|one| (one.created_at, one.id));
        Overlays(active)
    }

    /// What they make of the people of one instant, at which all of them are active.
    pub fn people<'b>(
        &self,
        mut users: Cow<'b, [UserId]>,
        mut source: Source<'b>,
    ) -> (Cow<'b, [UserId]>, Source<'b>) {
        for one in &self.0 {
            if one.apply(&mut users) {
                source = one.source();
            }
        }
        (users, source)
    }

    /// What they make of `below`, which covers `from..until`.
    pub fn over<'b>(&self, below: Timeline<'b>, from: Timestamp, until: Timestamp) -> Timeline<'b> {
        if self.0.is_empty() {
            return below;
        }
        let clip = |at: Timestamp| at.clamp(from, until);
        let spans: Vec<_> = self
            .0
            .iter()
            .map(|one| (clip(one.effective_start()), clip(one.end)))
            .collect();
        // (instant, what begins or ends there), walked once beside the pieces below.
        let mut edges: Vec<(Timestamp, Option<usize>)> = vec![(from, None), (until, None)];
        for (index, &(start, end)) in spans.iter().enumerate() {
            edges.extend([(start, Some(index)), (end, Some(index))]);
        }
        for piece in below.pieces() {
            edges.extend([(piece.start, None), (piece.end, None)]);
        }
        edges.sort_unstable();

        let mut result = Timeline::default();
        let mut active = BTreeSet::new();
        let mut pieces = below.into_pieces().into_iter().peekable();
        for (position, &(start, changed)) in edges.iter().enumerate() {
            if let Some(index) = changed {
                if start < spans[index].1 {
                    active.insert(index);
                } else {
                    active.remove(&index);
                }
            }
            let Some(&(end, _)) = edges.get(position + 1) else {
                break;
            };
            if start == end {
                continue;
            }
            while pieces.next_if(|piece| piece.end <= start).is_some() {}
            let here = pieces.peek().filter(|piece| piece.start <= start);
            let (mut users, shadows, mut source) = match here {
                Some(piece) => (piece.users.clone(), piece.shadows, Some(piece.source)),
                None => (Cow::Borrowed(&[][..]), &[][..], None),
            };
            for &index in &active {
                if self.0[index].apply(&mut users) {
                    source = Some(self.0[index].source());
                }
            }
            if let Some(source) = source {
                result.push(Piece {
                    start,
                    end,
                    users,
                    shadows,
                    source,
                });
            }
        }
        result
    }
}
