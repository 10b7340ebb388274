//! Something that is constant between change points.

use crate::Timestamp;

/// Values by the instants from which they hold, rising; the first holds since ever, for whoever
/// asks, and the last for ever.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line<T>(Vec<(Timestamp, T)>);

impl<T: PartialEq + Clone> Line<T> {
    pub fn constant(value: T) -> Line<T> {
        Line(vec![(Timestamp::MIN, value)])
    }

    /// From change points in rising order; what does not change anything is left out.
    pub fn from_points(points: impl IntoIterator<Item = (Timestamp, T)>) -> Option<Line<T>> {
        let mut line: Vec<(Timestamp, T)> = Vec::new();
        for (at, value) in points {
            match line.last_mut() {
                Some(last) if last.1 == value => {}
                Some(last) if last.0 == at => last.1 = value,
                _ => line.push((at, value)),
            }
        }
        (!line.is_empty()).then_some(Line(line))
    }

    fn index(&self, at: Timestamp) -> usize {
        self.0
            .partition_point(|(from, _)| *from <= at)
            .saturating_sub(1)
    }

    pub fn points(&self) -> impl Iterator<Item = (Timestamp, &T)> {
        self.0.iter().map(|(at, value)| (*at, value))
    }

    /// The pieces of `from..until`, clipped to it, in order.
    pub fn within(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, Timestamp, &T)> {
        let first = if from < until {
            self.index(from)
        } else {
            self.0.len()
        };
        let rest = self.0.get(first..).unwrap_or_default();
        rest.iter()
            .enumerate()
            .take_while(move |(place, (start, _))| *place == 0 || *start < until)
            .map(move |(place, (start, value))| {
                // The first value holds before its own start, too.
                let start = if place == 0 { from } else { *start };
                let end = rest.get(place + 1).map_or(until, |next| next.0.min(until));
                (start, end, value)
            })
    }

    /// One line of what several lines say together.
    pub fn combined<U: PartialEq + Clone>(
        lines: &[&Line<T>],
        join: impl Fn(&[&T]) -> U,
    ) -> Line<U> {
        if lines.is_empty() {
            return Line::constant(join(&[]));
        }
        let mut points: Vec<Timestamp> = lines
            .iter()
            .flat_map(|line| line.0.iter().map(|(at, _)| *at))
            .collect();
        points.sort_unstable();
        points.dedup();
        let mut places = vec![0; lines.len()];
        let mut made: Vec<(Timestamp, U)> = Vec::new();
        let mut values: Vec<&T> = Vec::with_capacity(lines.len());
        for at in points {
            values.clear();
            for (line, place) in lines.iter().zip(&mut places) {
                while line.0.get(*place + 1).is_some_and(|next| next.0 <= at) {
                    *place += 1;
                }
                values.push(&line.0[*place].1);
            }
            let value = join(&values);
            if made.last().is_none_or(|last| last.1 != value) {
                made.push((at, value));
            }
        }
        Line(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(i64, char)]) -> Line<char> {
        Line::from_points(points.iter().map(|(at, value)| (Timestamp(*at), *value))).unwrap()
    }

    fn drawn(line: &Line<char>, from: i64, until: i64) -> String {
        line.within(Timestamp(from), Timestamp(until))
            .map(|(from, until, value)| format!("{}-{}{value} ", from.0, until.0))
            .collect()
    }

    #[test]
    fn pieces_are_clipped_to_what_is_asked() {
        let line = line(&[(0, 'a'), (10, 'b'), (15, 'b'), (20, 'c')]);
        assert_eq!(drawn(&line, 0, 30), "0-10a 10-20b 20-30c ");
        assert_eq!(drawn(&line, 5, 12), "5-10a 10-12b ");
        assert_eq!(drawn(&line, 10, 20), "10-20b ");
        assert_eq!(drawn(&line, 25, 40), "25-40c ");
        assert_eq!(drawn(&line, 12, 12), "");
        assert_eq!(drawn(&Line::constant('x'), 3, 4), "3-4x ");
    }

    #[test]
    fn lines_are_combined_at_the_change_points_of_each() {
        let one = line(&[(0, 'a'), (10, 'b')]);
        let other = line(&[(0, 'x'), (5, 'y'), (10, 'z'), (20, 'x')]);
        let both = Line::combined(&[&one, &other], |values| {
            values.iter().copied().copied().collect::<String>()
        });
        let text: Vec<String> = both
            .within(Timestamp(0), Timestamp(30))
            .map(|(from, until, value)| format!("{}-{}{value}", from.0, until.0))
            .collect();
        assert_eq!(text, ["0-5ax", "5-10ay", "10-20bz", "20-30bx"]);
    }
}
