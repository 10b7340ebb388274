//! Timelines: who is on call over a span, and how a higher layer lies over a lower one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::layer::Plan;
use super::wall_clock::WallClock;
use super::{Holiday, Layer, Shift, ShiftSource};
use crate::{ImportId, OverrideId, SwapId, TemporaryId, Timestamp, UserId};

/// [`ShiftSource`] that borrows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source<'a> {
    Layer { index: usize, name: &'a str },
    Import(ImportId, &'a str),
    Temporary(TemporaryId),
    Override(OverrideId),
    Swap(OverrideId, SwapId),
}

/// The same people for the same reason from `start` until `end`.
#[derive(Clone, Debug)]
pub(super) struct Piece<'a> {
    pub start: Timestamp,
    pub end: Timestamp,
    pub users: Cow<'a, [UserId]>,
    /// As the layer names them; who is on call too is left out of the shift.
    pub shadows: &'a [UserId],
    pub source: Source<'a>,
}

impl Piece<'_> {
    /// Whether `next` only goes on with what this piece is.
    pub fn continues_in(&self, next: &Piece<'_>) -> bool {
        self.end == next.start
            && self.source == next.source
            && self.users == next.users
            && (self.shadows == next.shadows || self.followers().eq(next.followers()))
    }

    /// Shadows who are not on call themselves.
    fn followers(&self) -> impl Iterator<Item = &UserId> {
        let shadows = self.shadows.iter();
        shadows.filter(|shadow| !self.users.contains(shadow))
    }

    pub fn into_shift(self, open_end: bool) -> Shift {
        let mut users = Vec::with_capacity(self.users.len());
        for &user in self.users.iter() {
            if !users.contains(&user) {
                users.push(user);
            }
        }
        let mut shadows = Vec::new();
        for &shadow in self.followers() {
            if !shadows.contains(&shadow) {
                shadows.push(shadow);
            }
        }
        Shift {
            start: self.start,
            end: self.end,
            users,
            shadows,
            source: match self.source {
                Source::Layer { index, name } => ShiftSource::Layer {
                    index,
                    name: name.to_owned(),
                },
                Source::Import(id, name) => ShiftSource::Import {
                    id,
                    name: name.to_owned(),
                },
                Source::Temporary(id) => ShiftSource::Temporary { id },
                Source::Override(id) => ShiftSource::Override { id },
                Source::Swap(id, swap) => ShiftSource::Swap { id, swap },
            },
            open_end,
        }
    }
}

/// Rising pieces that do not overlap; each has someone, and is as long as it can be.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline<'a>(Vec<Piece<'a>>);

impl<'a> Timeline<'a> {
    /// What one layer says about `from..until`.
    pub fn of_layer(
        index: usize,
        layer: &'a Layer,
        calendars: &BTreeMap<String, Vec<Holiday>>,
        clock: &WallClock,
        from: Timestamp,
        until: Timestamp,
    ) -> Timeline<'a> {
        let mut timeline = Timeline::default();
        if from >= until {
            return timeline;
        }
        let source = Source::Layer {
            index,
            name: &layer.name,
        };
        // The last instant of the span is one microsecond before its end.
        let last = clock.minute_at(Timestamp(until.0 - 1));
        // Neighbouring stretches share an edge; its instant is worked out once.
        let mut edge = (i64::MIN, Timestamp::MIN);
        let plan = Plan::new(layer, calendars, clock, last + 1);
        plan.within(clock.minute_at(from), last + 1, |start, end, holder| {
            let begin = if edge.0 == start {
                edge.1
            } else {
                clock.instant_of(start)
            };
            edge = (end, clock.instant_of(end));
            timeline.push(Piece {
                start: begin.max(from),
                end: edge.1.min(until),
                users: Cow::Borrowed(&holder.users),
                shadows: &holder.shadows,
                source,
            });
        });
        timeline
    }

    pub fn pieces(&self) -> &[Piece<'a>] {
        &self.0
    }

    pub fn into_pieces(self) -> Vec<Piece<'a>> {
        self.0
    }

    /// Adds a piece that begins no earlier than the last one ends; an empty one is dropped (a turn
    /// that lies wholly in skipped hours), one that only goes on is joined to the last.
    pub fn push(&mut self, piece: Piece<'a>) {
        if piece.start >= piece.end || piece.users.is_empty() {
            return;
        }
        match self.0.last_mut() {
            // The shadows as they are named: an override may yet put others in the place of those
            // who are on call, and then it matters who follows.
            Some(last) if last.shadows == piece.shadows && last.continues_in(&piece) => {
                last.end = piece.end;
            }
            _ => self.0.push(piece),
        }
    }

    /// When nothing is laid over it any more: joins what differs only by shadows who are on call
    /// themselves.
    pub fn settled(mut self) -> Timeline<'a> {
        self.0.dedup_by(|next, last| {
            let goes_on = last.continues_in(next);
            if goes_on {
                last.end = next.end;
            }
            goes_on
        });
        self
    }

    pub fn append(&mut self, later: Timeline<'a>) {
        for piece in later.0 {
            self.push(piece);
        }
    }

    /// This timeline where it has someone, `lower` elsewhere.
    pub fn over(self, lower: Timeline<'a>) -> Timeline<'a> {
        if lower.0.is_empty() {
            return self;
        }
        let mut result = Timeline(Vec::with_capacity(self.0.len() + lower.0.len()));
        let mut covered = Timestamp::MIN;
        let mut higher = self.0.into_iter().peekable();
        for mut low in lower.0 {
            low.start = low.start.max(covered);
            while let Some(top) = higher.next_if(|top| top.start < low.end) {
                result.push(Piece {
                    end: low.end.min(top.start),
                    ..low.clone()
                });
                covered = top.end;
                low.start = low.start.max(covered);
                result.push(top);
            }
            result.push(low);
        }
        for top in higher {
            result.push(top);
        }
        result
    }
}

/// Whether both lists name the same people, in whatever order and however often.
pub(super) fn same_people(one: &[UserId], other: &[UserId]) -> bool {
    one.iter().all(|user| other.contains(user)) && other.iter().all(|user| one.contains(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(text: &str, index: usize) -> Timeline<'static> {
        let mut timeline = Timeline::default();
        for (position, letter) in text.bytes().enumerate() {
            if letter != b'.' {
                timeline.push(Piece {
                    start: Timestamp(position as i64),
                    end: Timestamp(position as i64 + 1),
                    users: Cow::Owned(vec![UserId(i64::from(letter))]),
                    shadows: &[],
                    source: Source::Layer { index, name: "" },
                });
            }
        }
        timeline
    }

    fn drawn(timeline: &Timeline<'_>, length: usize) -> String {
        let mut text = vec![b'.'; length];
        for piece in timeline.pieces() {
            for position in piece.start.0..piece.end.0 {
                assert_eq!(text[position as usize], b'.', "pieces overlap");
                text[position as usize] = piece.users[0].0 as u8;
            }
        }
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_higher_layer_wins_where_it_has_someone() {
        for (higher, lower, expected) in [
            ("..xx..", "aabbcc", "aaxxcc"),
            ("xxxxxx", "a.b.c.", "xxxxxx"),
            ("......", "aa..bb", "aa..bb"),
            ("x.x.xx", "aaaa..", "xaxaxx"),
            ("xyyz..", ".a.abb", "xyyzbb"),
            ("....xx", "a.....", "a...xx"),
        ] {
            let over = timeline(higher, 1).over(timeline(lower, 0));
            assert_eq!(drawn(&over, 6), expected, "{higher} over {lower}");
        }
    }

    #[test]
    fn pieces_are_as_long_as_they_can_be() {
        assert_eq!(timeline("aaabb.b", 0).pieces().len(), 3);
    }
}
