//! The coverage bar: a span of days as one line, with the gaps in alarm colour, hatched and
//! counted, so that colour is never alone.

use std::fmt::Write as _;

use domain::Timestamp;

use super::svg::{escape, percent};
use crate::view::Markup;

const HEIGHT: i32 = 26;
/// A gap is drawn at least this wide, as a part of the whole, so that a minute can be seen.
const LEAST: f64 = 0.004;

/// Who is reached in a span.
#[derive(Clone, Debug)]
pub struct CoverageBar {
    pub from: Timestamp,
    pub until: Timestamp,
    /// What the bar is of.
    pub label: String,
    /// Stretches in which no step reaches anybody.
    pub gaps: Vec<(Timestamp, Timestamp)>,
    /// Of these, those in which nobody at all is reached.
    pub nobody: Vec<(Timestamp, Timestamp)>,
}

impl CoverageBar {
    pub fn draw(&self) -> Markup {
        let words = self.words();
        let mut out = format!(
            "<svg class=\"cover-bar\" width=\"100%\" height=\"{HEIGHT}\" role=\"img\" \
             aria-label=\"{0}: {1}\"><title>{0}</title><desc>{1}</desc>\
             <rect class=\"cover-held\" x=\"0\" y=\"4\" width=\"100%\" height=\"18\" rx=\"3\"/>",
            escape(&self.label),
            escape(&words)
        );
        for (class, spans) in [("cover-gap", &self.gaps), ("cover-none", &self.nobody)] {
            for (from, until) in spans {
                self.stretch(&mut out, class, *from, *until);
            }
        }
        out.push_str("</svg>");
        Markup(out)
    }

    fn stretch(&self, out: &mut String, class: &str, from: Timestamp, until: Timestamp) {
        let (start, end) = (self.place(from), self.place(until));
        let width = (end - start).max(LEAST);
        let start = start.min(1.0 - width);
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{}\" y=\"0\" width=\"{}\" height=\"{HEIGHT}\"/>",
            percent(start),
            percent(width)
        );
        // A line through it: a shape beside the colour.
        let middle = start + width / 2.0;
        let _ = write!(
            out,
            "<line class=\"cover-mark\" x1=\"{0}\" x2=\"{0}\" y1=\"0\" y2=\"{HEIGHT}\"/>",
            percent(middle)
        );
    }

    fn place(&self, at: Timestamp) -> f64 {
        let whole = self.until.since(self.from).0.max(1);
        (at.since(self.from).0 as f64 / whole as f64).clamp(0.0, 1.0)
    }

    fn words(&self) -> String {
        match (self.gaps.len() + self.nobody.len(), self.nobody.is_empty()) {
            (0, _) => "covered all the time".to_owned(),
            (1, true) => "one gap".to_owned(),
            (count, true) => format!("{count} gaps"),
            (count, false) => format!("{count} gaps, some without anybody at all"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(gaps: Vec<(i64, i64)>) -> String {
        let at = Timestamp::from_seconds;
        CoverageBar {
            from: at(0),
            until: at(1_000),
            label: "Checkout <1>".into(),
            gaps: gaps.into_iter().map(|(a, b)| (at(a), at(b))).collect(),
            nobody: vec![],
        }
        .draw()
        .0
    }

    #[test]
    fn gaps_stand_where_they_are_and_can_be_seen() {
        let covered = bar(vec![]);
        assert!(covered.contains("Checkout &lt;1&gt;: covered all the time"));
        assert!(!covered.contains("cover-gap"));
        let drawn = bar(vec![(250, 500), (1_000, 1_000)]);
        assert!(drawn.contains("x=\"25%\" y=\"0\" width=\"25%\""), "{drawn}");
        // However short, and at the very end.
        assert!(
            drawn.contains("x=\"99.6%\" y=\"0\" width=\"0.4%\""),
            "{drawn}"
        );
        assert!(drawn.contains("2 gaps"));
    }
}
