//! What one may ask a schedule.

use std::borrow::Cow;

use super::import::{self, ImportPlace};
use super::layer::Plan;
use super::overrides::Overlays;
use super::temporary;
use super::timeline::{Piece, Source, Timeline, same_people};
use super::wall_clock::WallClock;
use super::{Schedule, Shift};
use crate::{Span, Timestamp, UserId};

/// How far beyond the asked span the true start and end of its first and last shift are looked for:
/// further than the longest turn that [`super::validate`] lets pass.
pub const OPEN_END_REACH: Span = Span::from_days(750);

/// How far ahead "who is next" looks.
pub const SEARCH_REACH: Span = Span::from_days(60);

/// The longest span that is answered; a longer one is cut at its end.
pub const SPAN_MAX: Span = Span::from_days(3_660);

/// The first look beyond a span, a little more than the usual week; each further one is
/// [`LOOK_GROWTH`] times as long.
const FIRST_LOOK: Span = Span::from_days(8);
const LOOK_GROWTH: i64 = 4;

/// Which part of a schedule is looked at.
#[derive(Clone, Copy)]
enum View {
    Final,
    Layer(usize),
}

impl Schedule {
    /// Every shift that overlaps `from..until`, in order. Starts and ends are the true ones, which
    /// may lie outside the span (by at most [`OPEN_END_REACH`]); see [`Shift::clipped`].
    pub fn final_shifts(&self, from: Timestamp, until: Timestamp) -> Vec<Shift> {
        self.shifts(View::Final, from, until)
    }

    /// The same for one layer alone, without higher layers and overrides. `layer` counts from the
    /// lowest, 0, in whatever version speaks at each instant.
    pub fn layer_shifts(&self, layer: usize, from: Timestamp, until: Timestamp) -> Vec<Shift> {
        self.shifts(View::Layer(layer), from, until)
    }

    /// The shift that runs at `at`, with its true start and end; `None` when nobody is on call.
    pub fn on_call(&self, at: Timestamp) -> Option<Shift> {
        self.shifts(View::Final, at, Timestamp(at.0.saturating_add(1)))
            .into_iter()
            .next()
    }

    /// Who is on call at `at`: [`Schedule::on_call`] without looking for the ends of the shift, for
    /// when many schedules are asked at once. Empty when nobody is.
    pub fn users_at(&self, at: Timestamp) -> Vec<UserId> {
        let at = at.clamp(Timestamp::MIN, Timestamp::MAX);
        let mut found = (Cow::Borrowed(&[][..]), Source::Layer { index: 0, name: "" });
        if let Some(temporary) = self.temporary_at(at) {
            let shift = temporary
                .shifts
                .iter()
                .find(|shift| shift.start <= at && at < shift.end);
            found.0 = Cow::Borrowed(shift.map_or(&[], |shift| &shift.users));
        } else if let Some(users) = self.imported_at(ImportPlace::Above, at) {
            found.0 = Cow::Borrowed(users);
        } else if let Some(users) = self.layered_at(at) {
            found.0 = Cow::Borrowed(users);
        } else if let Some(users) = self.imported_at(ImportPlace::Below, at) {
            found.0 = Cow::Borrowed(users);
        }
        let overlays = Overlays::between(&self.overrides, at, Timestamp(at.0 + 1));
        let (users, source) = overlays.people(found.0, found.1);
        Piece {
            start: at,
            end: at,
            users,
            shadows: &[],
            source,
        }
        .into_shift(false)
        .users
    }

    /// Who the highest layer has that has somebody.
    fn layered_at(&self, at: Timestamp) -> Option<&[UserId]> {
        let version = self.version_at(at)?;
        let clock = WallClock::of(&version.config.zone);
        let minute = clock.minute_at(at);
        let mut layers = version.config.layers.iter().rev();
        let calendars = &version.config.calendars;
        let holder =
            layers.find_map(|layer| Plan::new(layer, calendars, &clock, minute + 1).at(minute))?;
        Some(&holder.users)
    }

    /// The first shift after the one at `after` whose people are others, at most [`SEARCH_REACH`]
    /// ahead. When nobody is on call at `after`, the next shift of anybody.
    pub fn next_on_call(&self, after: Timestamp) -> Option<Shift> {
        let now = self.users_at(after);
        let other = self.look_ahead(after, SEARCH_REACH, |piece| {
            piece.start > after && !same_people(&piece.users, &now)
        })?;
        Some(self.with_true_end(View::Final, other))
    }

    /// The first instant after `after` at which other people are on call, or nobody any more, at
    /// most `horizon` ahead.
    pub fn next_change(&self, after: Timestamp, horizon: Span) -> Option<Timestamp> {
        let now = self.users_at(after);
        let (_, limit) = bounded(after, after + horizon);
        // Until when `now` certainly stays on call; meaningless when nobody is.
        let mut held = after;
        let changed = self.look_ahead(after, horizon, |piece| {
            let goes_on = !now.is_empty() && same_people(&piece.users, &now);
            if goes_on && piece.start <= held.max(after) {
                held = piece.end;
                return false;
            }
            true
        });
        match changed {
            Some(_) if !now.is_empty() => Some(held),
            Some(piece) => Some(piece.start),
            None => (!now.is_empty() && held < limit).then_some(held),
        }
    }

    /// The stretches of `from..until` in which nobody is on call.
    pub fn gaps(&self, from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let (from, until) = bounded(from, until);
        let mut gaps = Vec::new();
        let mut covered = from;
        for piece in self.timeline(View::Final, from, until).pieces() {
            if covered < piece.start {
                gaps.push((covered, piece.start));
            }
            covered = piece.end;
        }
        if covered < until {
            gaps.push((covered, until));
        }
        gaps
    }

    /// Who is on call within `from..until`, clipped to it.
    pub(super) fn final_pieces(&self, from: Timestamp, until: Timestamp) -> Vec<Piece<'_>> {
        let (from, until) = bounded(from, until);
        self.timeline(View::Final, from, until).into_pieces()
    }

    fn shifts(&self, view: View, from: Timestamp, until: Timestamp) -> Vec<Shift> {
        let (from, until) = bounded(from, until);
        let mut pieces = self.timeline(view, from, until).into_pieces();
        if let Some(first) = pieces.first_mut()
            && first.start == from
        {
            self.find_true_start(view, first);
        }
        let last = pieces.pop();
        let mut shifts: Vec<_> = pieces
            .into_iter()
            .map(|piece| piece.into_shift(false))
            .collect();
        shifts.extend(last.map(|last| {
            if last.end == until {
                self.with_true_end(view, last)
            } else {
                last.into_shift(false)
            }
        }));
        shifts
    }

    fn find_true_start<'a>(&'a self, view: View, piece: &mut Piece<'a>) {
        let limit = (piece.start - OPEN_END_REACH).max(Timestamp::MIN);
        let mut look = FIRST_LOOK;
        while piece.start > limit {
            let from = (piece.start - look).max(limit);
            match self.timeline(view, from, piece.start).into_pieces().pop() {
                Some(before) if before.continues_in(piece) => piece.start = before.start,
                _ => return,
            }
            if piece.start > from {
                return;
            }
            look = look * LOOK_GROWTH;
        }
    }

    fn with_true_end<'a>(&'a self, view: View, mut piece: Piece<'a>) -> Shift {
        let limit = (piece.end + OPEN_END_REACH).min(Timestamp::MAX);
        let mut look = FIRST_LOOK;
        while piece.end < limit {
            let until = (piece.end + look).min(limit);
            match self
                .timeline(view, piece.end, until)
                .into_pieces()
                .into_iter()
                .next()
            {
                Some(after) if piece.continues_in(&after) => piece.end = after.end,
                _ => return piece.into_shift(false),
            }
            if piece.end < until {
                return piece.into_shift(false);
            }
            look = look * LOOK_GROWTH;
        }
        piece.into_shift(true)
    }

    /// The first piece for which `wanted` holds, looking ahead in growing strides: the answer is
    /// mostly near. A piece may be seen in several parts.
    fn look_ahead(
        &self,
        after: Timestamp,
        reach: Span,
        mut wanted: impl FnMut(&Piece<'_>) -> bool,
    ) -> Option<Piece<'_>> {
        let (mut from, limit) = bounded(after, after + reach);
        let mut look = FIRST_LOOK;
        while from < limit {
            let until = (from + look).min(limit);
            for piece in self.timeline(View::Final, from, until).into_pieces() {
                if wanted(&piece) {
                    return Some(piece);
                }
            }
            from = until;
            look = look * LOOK_GROWTH;
        }
        None
    }

    /// Who is on call in `from..until`, clipped to it.
    fn timeline(&self, view: View, from: Timestamp, until: Timestamp) -> Timeline<'_> {
        let mut result = Timeline::default();
        for (index, version) in self.versions.iter().enumerate() {
            let next = self.versions.get(index + 1);
            let start = version.effective_from.max(from);
            let end = next.map_or(until, |next| next.effective_from.min(until));
            if start >= end {
                continue;
            }
            let clock = WallClock::of(&version.config.zone);
            let mut below = Timeline::default();
            for (index, layer) in version.config.layers.iter().enumerate() {
                if matches!(view, View::Layer(only) if only != index) {
                    continue;
                }
                let calendars = &version.config.calendars;
                below = Timeline::of_layer(index, layer, calendars, &clock, start, end).over(below);
            }
            result.append(below);
        }
        let whole = match view {
            View::Layer(_) => result,
            View::Final => {
                let result = import::around(&self.imports, result, from, until);
                let result = temporary::fill(&self.temporaries, result, from, until);
                Overlays::between(&self.overrides, from, until).over(result, from, until)
            }
        };
        whole.settled()
    }
}

/// A span that can be answered: within the calendar, and no longer than [`SPAN_MAX`].
pub(super) fn bounded(from: Timestamp, until: Timestamp) -> (Timestamp, Timestamp) {
    let from = from.clamp(Timestamp::MIN, Timestamp::MAX);
    let until = until
        .clamp(Timestamp::MIN, Timestamp::MAX)
        .min(from + SPAN_MAX);
    (from, until)
}
