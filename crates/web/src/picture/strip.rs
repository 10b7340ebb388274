//! The rule strip: thirty minutes of one page to one person, a mark for each method.

use std::fmt::Write as _;

use domain::Span;
use domain::word::{ContactKind, Urgency};

use super::svg::{escape, percent};
use crate::view::Markup;

/// How much of a page's life is drawn.
const SHOWN: Span = Span::from_minutes(30);
const LANE: i32 = 30;
const AXIS: i32 = 30;

/// One person's rules for one urgency.
#[derive(Clone, Debug)]
pub struct RuleStrip {
    pub urgency: Urgency,
    /// In any order.
    pub marks: Vec<StripMark>,
}

#[derive(Clone, Debug)]
pub struct StripMark {
    /// After the page was made.
    pub delay: Span,
    pub kind: ContactKind,
    pub address: String,
    /// `false`: the method is not verified or broken, the message will not go out.
    pub usable: bool,
}

impl StripMark {
    fn label(&self) -> String {
        let kind = match self.kind {
            ContactKind::Email => "Email",
            ContactKind::Sms => "SMS",
        };
        let delay = match self.delay {
            Span::ZERO => "at once".to_owned(),
            delay => format!("after {delay}"),
        };
        let unusable = if self.usable {
            ""
        } else {
            " (not verified, will not be sent)"
        };
        format!("{kind} {} {delay}{unusable}", self.address)
    }
}

impl RuleStrip {
    pub fn draw(&self) -> Markup {
        let mut marks: Vec<&StripMark> = self.marks.iter().collect();
        marks.sort_by_key(|mark| mark.delay);
        let base = marks
            .iter()
            .map(|mark| lane_height(mark))
            .sum::<i32>()
            .max(LANE);
        let height = base + AXIS;
        let title = format!("Thirty minutes of a page of {} urgency", self.urgency);
        let text = if marks.is_empty() {
            "Nobody is told.".to_owned()
        } else {
            marks
                .iter()
                .map(|mark| mark.label())
                .collect::<Vec<_>>()
                .join("; ")
        };
        let mut out = format!(
            "<svg class=\"strip\" width=\"100%\" height=\"{height}\" role=\"img\" aria-label=\"{0}: {1}\">\
             <title>{0}</title><desc>{1}</desc>",
            escape(&title),
            escape(&text)
        );
        for minute in (0..=30).step_by(5) {
            let x = percent(place(Span::from_minutes(minute)));
            let anchor = match minute {
                0 => "start",
                30 => "end",
                _ => "middle",
            };
            let _ = write!(
                out,
                "<line class=\"strip-tick\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"{base}\"/>\
                 <text class=\"strip-axis{}\" x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\">{minute}{}</text>",
                if minute % 10 == 5 { " strip-odd" } else { "" },
                base + 20,
                if minute == 30 { " min" } else { "" }
            );
        }
        let mut top = 0;
        for mark in &marks {
            draw_mark(&mut out, mark, top);
            top += lane_height(mark);
        }
        out.push_str("</svg>");
        Markup(out)
    }
}

/// Where a delay lies across, leaving room for the dots at both ends; later ones stand at the end.
fn place(delay: Span) -> f64 {
    let part = delay.0 as f64 / SHOWN.0 as f64;
    0.02 + part.clamp(0.0, 1.0) * 0.96
}

/// Whether a mark stands where beside it is too little room for words on a phone; they then stand
/// above it.
fn is_middle(mark: &StripMark) -> bool {
    (0.3..0.7).contains(&place(mark.delay))
}

fn lane_height(mark: &StripMark) -> i32 {
    if is_middle(mark) { LANE + 18 } else { LANE }
}

fn draw_mark(out: &mut String, mark: &StripMark, top: i32) {
    let at = place(mark.delay);
    let x = percent(at);
    let class = if mark.usable {
        "strip-mark"
    } else {
        "strip-mark strip-off"
    };
    let y = top + lane_height(mark) - LANE / 2;
    let (anchor, shift, words) = if is_middle(mark) {
        ("middle", 0, y - 13)
    } else if at > 0.5 {
        ("end", -14, y + 5)
    } else {
        ("start", 14, y + 5)
    };
    let _ = write!(
        out,
        "<g class=\"{class}\"><circle cx=\"{x}\" cy=\"{y}\" r=\"7\"/>\
         <text x=\"{x}\" y=\"{words}\" dx=\"{shift}\" text-anchor=\"{anchor}\">{}</text></g>",
        escape(&mark.label())
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_where_their_time_is() {
        let mark = |minutes, usable| StripMark {
            delay: Span::from_minutes(minutes),
            kind: ContactKind::Sms,
            address: "+49 <1>".into(),
            usable,
        };
        let strip = RuleStrip {
            urgency: Urgency::High,
            marks: vec![mark(60, true), mark(0, true), mark(15, false)],
        };
        let picture = strip.draw().0;
        assert!(picture.contains("cx=\"2%\"") && picture.contains("cx=\"50%\""));
        assert!(
            picture.contains("cx=\"98%\""),
            "later than shown stands at the end"
        );
        assert!(picture.contains("not verified") && picture.contains("&lt;1&gt;"));
    }
}
