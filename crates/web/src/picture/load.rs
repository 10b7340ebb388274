//! How duty is shared: a bar for each person, told apart by day and night, weekend and holiday,
//! beside what an equal share would be.

use std::fmt::Write as _;

use domain::Span;
use domain::schedule::DutyTime;

use super::svg::{escape, percent};
use crate::view::Markup;

/// Heights in pixels: the name above its bar, the bar, and both with the space below.
const NAME: i32 = 20;
const BAR: i32 = 22;
const ROW: i32 = 54;

/// What to draw, in this order.
#[derive(Clone, Debug, Default)]
pub struct LoadChart {
    pub title: String,
    pub people: Vec<(String, DutyTime)>,
}

/// A part of a bar: its words, and how long it is.
type Part = (&'static str, fn(&DutyTime) -> Span);

const PARTS: [Part; 4] = [
    ("weekdays by day", |time| time.weekday_day),
    ("weekdays by night", |time| time.weekday_night),
    ("weekends", DutyTime::weekends),
    ("holidays", DutyTime::holidays),
];

impl LoadChart {
    /// What each would carry if all carried alike.
    pub fn share(&self) -> Span {
        let count = i64::try_from(self.people.len()).unwrap_or(1).max(1);
        let sum = self
            .people
            .iter()
            .fold(0, |sum: i64, (_, time)| sum.saturating_add(time.total().0));
        Span(sum / count)
    }

    /// The picture with its legend; nothing without people.
    pub fn draw(&self) -> Markup {
        let Some(most) = self.people.iter().map(|(_, time)| time.total().0).max() else {
            return Markup::default();
        };
        let most = most.max(1) as f64;
        let rows = i32::try_from(self.people.len()).unwrap_or(0);
        let mut out = format!(
            "<figure class=\"load\"><svg width=\"100%\" height=\"{}\" role=\"img\" aria-label=\"{1}\"><title>{1}</title>",
            rows * ROW,
            escape(&self.title)
        );
        for (n, (name, time)) in (0..).zip(&self.people) {
            let top = n * ROW;
            let _ = write!(
                out,
                "<text x=\"0\" y=\"{}\" class=\"load-name\">{} <tspan class=\"load-sum\">{}</tspan></text>",
                top + NAME - 5,
                escape(name),
                hours(time.total())
            );
            let mut left = 0.0;
            for (kind, (words, part)) in PARTS.iter().enumerate() {
                let length = part(time);
                if length <= Span::ZERO {
                    continue;
                }
                let width = length.0 as f64 / most;
                let _ = write!(
                    out,
                    "<rect class=\"load-{kind}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{BAR}\"><title>{}: {} {words}</title></rect>",
                    percent(left),
                    top + NAME,
                    percent(width),
                    escape(name),
                    hours(length)
                );
                left += width;
            }
        }
        let x = percent(self.share().0 as f64 / most);
        let _ = write!(
            out,
            "<line class=\"load-share\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"{}\"/></svg><ul class=\"load-key\">",
            rows * ROW
        );
        for (kind, (words, _)) in PARTS.iter().enumerate() {
            let _ = write!(
                out,
                "<li><svg width=\"18\" height=\"18\" aria-hidden=\"true\"><rect class=\"load-{kind}\" width=\"18\" height=\"18\" rx=\"3\"/></svg>{words}</li>"
            );
        }
        let _ = write!(
            out,
            "<li><svg width=\"18\" height=\"18\" aria-hidden=\"true\"><line class=\"load-share\" x1=\"9\" x2=\"9\" y1=\"0\" y2=\"18\"/></svg>an equal share, {}</li></ul></figure>",
            hours(self.share())
        );
        Markup(out)
    }
}

/// Whole hours, and a half where there is one: `112.5 h`.
pub fn hours(span: Span) -> String {
    const HALF: i64 = 30 * 60;
    let halves = (span.as_seconds() + HALF / 2).div_euclid(HALF);
    match halves % 2 {
        0 => format!("{} h", halves / 2),
        _ => format!("{}.5 h", halves / 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_tell_parts_and_the_equal_share() {
        let long = DutyTime {
            weekday_day: Span::from_hours(30),
            weekend_night: Span::from_hours(10),
            ..DutyTime::default()
        };
        let short = DutyTime {
            weekday_day: Span::from_hours(20),
            ..DutyTime::default()
        };
        let chart = LoadChart {
            title: "Duty".into(),
            people: vec![("<Ana>".into(), long), ("Bo".into(), short)],
        };
        assert_eq!(chart.share(), Span::from_hours(30));
        let picture = chart.draw().0;
        assert!(picture.contains("&lt;Ana&gt;") && picture.contains("10 h weekends"));
        assert!(picture.contains("width=\"75%\"") && picture.contains("x1=\"75%\""));
        assert!(picture.contains("an equal share, 30 h"));
        assert!(!picture.contains("0 h holidays"));
        assert_eq!(LoadChart::default().draw().0, "");
        assert_eq!(hours(Span::from_minutes(90)), "1.5 h");
    }
}
