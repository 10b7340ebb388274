//! The incident swimlane: lanes impact, signals, pages, roles and updates, with key moments as
//! numbered flags; the same picture goes into the postmortem.

use std::fmt::Write as _;

use domain::{Span, Timestamp};
use jiff::tz::TimeZone;

use super::svg::{escape, percent};
use crate::view::Markup;

const LANE: i32 = 46;
const FLAG: i32 = 26;
const AXIS: i32 = 28;
/// Flags nearer to each other than this part of the width stand in different rows.
const FLAG_ROOM: f64 = 0.045;

/// What to draw.
#[derive(Clone, Debug)]
pub struct Swimlane {
    pub title: String,
    pub start: Timestamp,
    /// The end of the incident, or now.
    pub end: Timestamp,
    /// The viewer's zone.
    pub zone: TimeZone,
    pub lanes: Vec<Lane>,
    /// In order of time.
    pub flags: Vec<Flag>,
}

#[derive(Clone, Debug)]
pub struct Lane {
    pub kind: LaneKind,
    pub marks: Vec<LaneMark>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneKind {
    Impact,
    Signals,
    Pages,
    Roles,
    Updates,
}

impl LaneKind {
    fn label(self) -> &'static str {
        match self {
            LaneKind::Impact => "Impact",
            LaneKind::Signals => "Signals",
            LaneKind::Pages => "Pages",
            LaneKind::Roles => "Roles",
            LaneKind::Updates => "Updates",
        }
    }

    fn class(self) -> &'static str {
        match self {
            LaneKind::Impact => "lane-impact",
            LaneKind::Signals => "lane-signals",
            LaneKind::Pages => "lane-pages",
            LaneKind::Roles => "lane-roles",
            LaneKind::Updates => "lane-updates",
        }
    }
}

/// A moment (`end` is `None`) or a stretch of time in a lane.
#[derive(Clone, Debug)]
pub struct LaneMark {
    pub start: Timestamp,
    pub end: Option<Timestamp>,
    /// Shown on hover, and inside a stretch.
    pub label: String,
}

/// A key moment.
#[derive(Clone, Debug)]
pub struct Flag {
    pub label: String,
    pub at: Timestamp,
}

impl Swimlane {
    fn place(&self, at: Timestamp) -> f64 {
        let whole = self.end.since(self.start).0.max(1) as f64;
        let part = (at.since(self.start).0 as f64 / whole).clamp(0.0, 1.0);
        0.015 + part * 0.97
    }

    /// The row of each flag, so that near ones do not hide each other.
    fn flag_rows(&self) -> Vec<usize> {
        let mut last: Vec<f64> = Vec::new();
        self.flags
            .iter()
            .map(|flag| {
                let x = self.place(flag.at);
                match last.iter().position(|end| x - end >= FLAG_ROOM) {
                    Some(row) => {
                        last[row] = x;
                        row
                    }
                    None => {
                        last.push(x);
                        last.len() - 1
                    }
                }
            })
            .collect()
    }

    pub fn draw(&self) -> Markup {
        let rows = self.flag_rows();
        let flag_rows = rows.iter().max().map_or(0, |row| row + 1);
        let top = FLAG * i32::try_from(flag_rows).unwrap_or(0) + 6;
        let base = top + LANE * i32::try_from(self.lanes.len()).unwrap_or(0);
        let height = base + AXIS;
        let mut out = String::with_capacity(4_096);
        let _ = write!(
            out,
            "<figure class=\"swim\"><svg width=\"100%\" height=\"{height}\" role=\"img\" aria-label=\"{0}\">\
             <title>{0}</title><desc>{1}</desc>",
            escape(&self.title),
            escape(&self.describe())
        );
        for (n, lane) in self.lanes.iter().enumerate() {
            self.draw_lane(&mut out, lane, top + LANE * i32::try_from(n).unwrap_or(0));
        }
        self.draw_axis(&mut out, base);
        for (n, (flag, row)) in self.flags.iter().zip(&rows).enumerate() {
            let x = percent(self.place(flag.at));
            let y = FLAG * i32::try_from(*row).unwrap_or(0) + 13;
            let _ = write!(
                out,
                "<g class=\"flag\"><title>{0}, {1}</title><line x1=\"{x}\" x2=\"{x}\" y1=\"{2}\" y2=\"{base}\"/>\
                 <circle cx=\"{x}\" cy=\"{y}\" r=\"11\"/><text x=\"{x}\" y=\"{3}\" text-anchor=\"middle\">{4}</text></g>",
                escape(&flag.label),
                self.clock(flag.at, true),
                y + 11,
                y + 5,
                n + 1
            );
        }
        out.push_str("</svg>");
        if !self.flags.is_empty() {
            out.push_str("<ol class=\"swim-flags\">");
            for flag in &self.flags {
                let _ = write!(
                    out,
                    "<li>{} <time datetime=\"{}\">{}</time></li>",
                    escape(&flag.label),
                    flag.at.to_seconds_string(),
                    self.clock(flag.at, true)
                );
            }
            out.push_str("</ol>");
        }
        out.push_str("</figure>");
        Markup(out)
    }

    fn draw_lane(&self, out: &mut String, lane: &Lane, top: i32) {
        let _ = write!(
            out,
            "<g class=\"lane {}\"><line class=\"lane-line\" x1=\"0\" x2=\"100%\" y1=\"{top}\" y2=\"{top}\"/>\
             <text class=\"lane-name\" x=\"2\" y=\"{}\">{}</text>",
            lane.kind.class(),
            top + 15,
            lane.kind.label()
        );
        // Each mark stands on its own: stretches may overlap (two holders, two impact windows).
        let y = top + 20;
        for mark in &lane.marks {
            let left = self.place(mark.start);
            let label = escape(&mark.label);
            match mark.end {
                Some(end) => {
                    let width = (self.place(end) - left).max(0.004);
                    let _ = write!(
                        out,
                        "<svg x=\"{}\" width=\"{}\" y=\"{y}\" height=\"22\"><title>{label}: {} – {}</title>\
                         <rect class=\"lane-bar\" width=\"100%\" height=\"22\" rx=\"3\"/><text x=\"6\" y=\"16\">{label}</text></svg>",
                        percent(left),
                        percent(width),
                        self.clock(mark.start, true),
                        self.clock(end, true),
                    );
                }
                None => {
                    let _ = write!(
                        out,
                        "<circle class=\"lane-dot\" cx=\"{}\" cy=\"{}\" r=\"6\"><title>{label}, {}</title></circle>",
                        percent(left),
                        y + 11,
                        self.clock(mark.start, true)
                    );
                }
            }
        }
        out.push_str("</g>");
    }

    fn draw_axis(&self, out: &mut String, base: i32) {
        let _ = write!(
            out,
            "<line class=\"lane-line\" x1=\"0\" x2=\"100%\" y1=\"{base}\" y2=\"{base}\"/>"
        );
        let whole = self.end.since(self.start);
        let seconds = whole < Span::from_minutes(10);
        // Long labels must find room on a phone.
        let long = seconds || whole > Span::from_hours(20);
        let ticks = if long { 2 } else { 4 };
        for n in 0..=ticks {
            let at = self.start + Span(whole.0 / ticks * n);
            let anchor = match n {
                0 => "start",
                n if n == ticks => "end",
                _ => "middle",
            };
            let _ = write!(
                out,
                "<text class=\"lane-tick\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
                percent(self.place(at)),
                base + 20,
                self.clock(at, seconds)
            );
        }
    }

    fn clock(&self, at: Timestamp, seconds: bool) -> String {
        let long = self.end.since(self.start) > Span::from_hours(20);
        let format = match (long, seconds) {
            (true, _) => "%-d %b %H:%M",
            (_, true) => "%H:%M:%S",
            _ => "%H:%M",
        };
        at.in_zone(&self.zone).strftime(format).to_string()
    }

    fn describe(&self) -> String {
        let mut text = String::new();
        for flag in &self.flags {
            let _ = write!(text, "{} at {}. ", flag.label, self.clock(flag.at, true));
        }
        for lane in &self.lanes {
            let _ = write!(
                text,
                "{}: {} entries. ",
                lane.kind.label(),
                lane.marks.len()
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(flags: &[i64]) -> Swimlane {
        let start = Timestamp::from_seconds(1_000_000);
        Swimlane {
            title: "INC-0042".into(),
            start,
            end: start + Span::from_minutes(60),
            zone: TimeZone::UTC,
            lanes: vec![Lane {
                kind: LaneKind::Impact,
                marks: vec![LaneMark {
                    start: start - Span::from_minutes(5),
                    end: Some(start + Span::from_minutes(30)),
                    label: "<checkout>".into(),
                }],
            }],
            flags: flags
                .iter()
                .map(|minute| Flag {
                    label: format!("moment {minute}"),
                    at: start + Span::from_minutes(*minute),
                })
                .collect(),
        }
    }

    #[test]
    fn near_flags_stand_in_different_rows() {
        assert_eq!(lane(&[0, 1, 2, 30, 31]).flag_rows(), [0, 1, 2, 0, 1]);
    }

    #[test]
    fn everything_stays_inside_and_is_escaped() {
        let picture = lane(&[0, 200]).draw().0;
        assert!(
            picture.contains("98.5%"),
            "a moment after the end stands at the end"
        );
        assert!(picture.contains("&lt;checkout&gt;") && !picture.contains("<checkout>"));
        assert!(!picture.contains("style="));
    }
}
