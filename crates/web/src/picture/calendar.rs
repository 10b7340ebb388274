//! The schedule calendar: rows are layers with the final schedule below, columns are days of the
//! schedule's zone; bars carry names, nights are shaded, gaps stand out.

use std::fmt::Write as _;

use domain::{Span, Timestamp, UserId};
use jiff::ToSpan as _;
use jiff::civil::{Date, Time, time};
use jiff::tz::TimeZone;

use super::svg::{escape, percent};
use crate::view::Markup;

/// Height of the head with the days' names, and of one row, in pixels; the style sheet's names
/// beside the picture have the same.
const HEAD: i32 = 48;
const ROW: i32 = 44;
const BAR: i32 = 30;
/// Colours the style sheet has for people.
const COLOURS: usize = 8;
/// Night, as reports count it: 22:00 to 08:00 (PAGING.md §5.6).
const NIGHT_BEGINS: Time = time(22, 0, 0, 0);
const NIGHT_ENDS: Time = time(8, 0, 0, 0);

/// What to draw. Bars may stick out of the span; they are cut.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// The schedule's name.
    pub title: String,
    /// The schedule's zone.
    pub zone: TimeZone,
    /// First day.
    pub from: Date,
    /// 14 for two weeks, the month's length for a month.
    pub days: u16,
    pub now: Timestamp,
    /// When the schedule began; nobody was missing before. `None`: always there.
    pub since: Option<Timestamp>,
    /// From top to bottom: layers from the highest, overrides, then the final schedule.
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub name: String,
    pub kind: RowKind,
    /// In order of time, without overlap.
    pub bars: Vec<Bar>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    Layer,
    Override,
    /// What counts; stretches without a bar are gaps and drawn as such.
    Final,
}

/// Somebody on call from `start` until `end`.
#[derive(Clone, Debug)]
pub struct Bar {
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    pub people: Vec<(UserId, String)>,
    /// Where it comes from, shown on hover: `Override by Ana`.
    pub source: String,
}

/// One drawn piece of a row, in parts of the picture's width.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    pub left: f64,
    pub right: f64,
    pub start: Timestamp,
    pub end: Timestamp,
    /// `None` is a gap.
    pub colour: Option<usize>,
    pub label: String,
    pub source: String,
}

impl Calendar {
    /// The instants at which days begin, and at which the last one ends: `days + 1` of them.
    pub fn midnights(&self) -> Vec<Timestamp> {
        (0..=i64::from(self.days))
            .map(|n| {
                let date = self.from.checked_add(n.days()).unwrap_or(self.from);
                self.instant(date, Time::midnight())
            })
            .collect()
    }

    fn instant(&self, date: Date, time: Time) -> Timestamp {
        match self
            .zone
            .to_ambiguous_zoned(date.to_datetime(time))
            .compatible()
        {
            Ok(zoned) => Timestamp::from_jiff(zoned.timestamp()),
            Err(_) => self.now,
        }
    }

    /// Where an instant lies across, from 0 to 1: every day is equally wide, also one of 23 hours.
    fn place(midnights: &[Timestamp], at: Timestamp) -> f64 {
        let days = midnights.len().saturating_sub(1).max(1);
        let day = midnights.partition_point(|midnight| *midnight <= at);
        let (Some(begins), Some(ends)) = (
            day.checked_sub(1).and_then(|d| midnights.get(d)),
            midnights.get(day),
        ) else {
            return if day == 0 { 0.0 } else { 1.0 };
        };
        let part = at.since(*begins).0 as f64 / ends.since(*begins).0.max(1) as f64;
        ((day - 1) as f64 + part) / days as f64
    }

    /// People in the order of their first appearance in the final schedule, then elsewhere: a
    /// person's place gives the colour.
    fn people(&self) -> Vec<UserId> {
        let mut people = Vec::new();
        let finals = self.rows.iter().filter(|row| row.kind == RowKind::Final);
        let others = self.rows.iter().filter(|row| row.kind != RowKind::Final);
        for bar in finals.chain(others).flat_map(|row| &row.bars) {
            for (id, _) in &bar.people {
                if !people.contains(id) {
                    people.push(*id);
                }
            }
        }
        people
    }

    /// The pieces of a row in order of time. Those of a final row tile the span without gap or
    /// overlap: what nobody covers is a piece of its own.
    pub fn pieces(&self, row: &Row) -> Vec<Piece> {
        let midnights = self.midnights();
        let (Some(begin), Some(end)) = (midnights.first().copied(), midnights.last().copied())
        else {
            return Vec::new();
        };
        let people = self.people();
        let mut pieces = Vec::with_capacity(row.bars.len());
        let mut reached = self.since.map_or(begin, |since| since.clamp(begin, end));
        let piece = |start: Timestamp, end: Timestamp, bar: Option<&Bar>| Piece {
            left: Self::place(&midnights, start),
            right: Self::place(&midnights, end),
            start,
            end,
            colour: bar.and_then(|bar| {
                let (first, _) = bar.people.first()?;
                people
                    .iter()
                    .position(|id| id == first)
                    .map(|n| n % COLOURS)
            }),
            label: bar.map_or_else(|| "Nobody".to_owned(), Bar::names),
            source: bar.map(|bar| bar.source.clone()).unwrap_or_default(),
        };
        for bar in &row.bars {
            let (from, until) = (bar.start.max(reached), bar.end.min(end));
            if from >= until || bar.people.is_empty() {
                continue;
            }
            if from > reached && row.kind == RowKind::Final {
                pieces.push(piece(reached, from, None));
            }
            pieces.push(piece(from, until, Some(bar)));
            reached = until;
        }
        if reached < end && row.kind == RowKind::Final {
            pieces.push(piece(reached, end, None));
        }
        pieces
    }

    /// The picture: names of the rows beside it, then the SVG, then the same as a list of days for
    /// phones and for readers who do not see it.
    pub fn draw(&self) -> Markup {
        let mut out = String::with_capacity(8_192);
        out.push_str("<figure class=\"cal\"><div class=\"cal-wide\"><ul class=\"cal-names\" aria-hidden=\"true\">");
        for row in &self.rows {
            let class = if row.kind == RowKind::Final {
                " class=\"cal-final\""
            } else {
                ""
            };
            let _ = write!(out, "<li{class}>{}</li>", escape(&row.name));
        }
        out.push_str("</ul>");
        self.draw_svg(&mut out);
        out.push_str("</div>");
        self.draw_days(&mut out);
        let _ = write!(
            out,
            "<figcaption>Times are {}. Nights are shaded.</figcaption></figure>",
            escape(self.zone.iana_name().unwrap_or("UTC"))
        );
        Markup(out)
    }

    fn draw_svg(&self, out: &mut String) {
        let midnights = self.midnights();
        let height = HEAD + ROW * i32::try_from(self.rows.len()).unwrap_or(0) + 4;
        let title = format!("Calendar of {}", self.title);
        let _ = write!(
            out,
            "<svg class=\"cal-plot\" width=\"100%\" height=\"{height}\" role=\"img\" aria-label=\"{0}\">\
             <title>{0}</title><desc>{1}</desc>",
            escape(&title),
            escape(&self.describe())
        );
        self.draw_ground(out, &midnights, height);
        let mut top = HEAD;
        for row in &self.rows {
            let _ = write!(
                out,
                "<line class=\"cal-line\" x1=\"0\" x2=\"100%\" y1=\"{top}\" y2=\"{top}\"/>"
            );
            for piece in self.pieces(row) {
                self.draw_piece(out, &piece, row.kind, top + (ROW - BAR) / 2);
            }
            top += ROW;
        }
        if midnights.first().is_some_and(|first| *first <= self.now)
            && midnights.last().is_some_and(|last| self.now < *last)
        {
            let x = percent(Self::place(&midnights, self.now));
            let _ = write!(
                out,
                "<line class=\"cal-now\" x1=\"{x}\" x2=\"{x}\" y1=\"{}\" y2=\"{height}\"/>\
                 <circle class=\"cal-now-dot\" cx=\"{x}\" cy=\"{}\" r=\"4\"/>",
                HEAD - 4,
                HEAD - 4
            );
        }
        out.push_str("</svg>");
    }

    /// Days' names, nights, and the mark of a day on which the clock changes.
    fn draw_ground(&self, out: &mut String, midnights: &[Timestamp], height: i32) {
        let today = self.now.in_zone(&self.zone).date();
        let narrow = self.days > 16;
        for (n, pair) in midnights.windows(2).enumerate() {
            let [begins, ends] = pair else { continue };
            let date = begins.in_zone(&self.zone).date();
            let rect = |from: Timestamp, until: Timestamp| {
                let (left, right) = (Self::place(midnights, from), Self::place(midnights, until));
                format!(
                    "<rect class=\"cal-night\" x=\"{}\" width=\"{}\" y=\"{HEAD}\" height=\"{}\"/>",
                    percent(left),
                    percent(right - left),
                    height - HEAD
                )
            };
            out.push_str(&rect(*begins, self.instant(date, NIGHT_ENDS)));
            out.push_str(&rect(self.instant(date, NIGHT_BEGINS), *ends));
            let x = percent(n as f64 / f64::from(self.days.max(1)));
            let _ = write!(
                out,
                "<line class=\"cal-line\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"{height}\"/>"
            );
            let format = if narrow { "%-d" } else { "%a %-d" };
            let weekend = matches!(
                date.weekday(),
                jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday
            );
            let class = match (date == today, weekend) {
                (true, _) => "cal-day cal-today",
                (_, true) => "cal-day cal-weekend",
                _ => "cal-day",
            };
            let _ = write!(
                out,
                "<svg x=\"{x}\" width=\"{}\" y=\"0\" height=\"{HEAD}\"><text class=\"{class}\" x=\"6\" y=\"18\">{}</text>",
                percent(1.0 / f64::from(self.days.max(1))),
                date.strftime(format)
            );
            let length = ends.since(*begins);
            let change = Span::from_days(1) - length;
            if change != Span::ZERO {
                let forward = change > Span::ZERO;
                let size = Span(change.0.saturating_abs());
                let _ = write!(
                    out,
                    "<text class=\"cal-dst\" x=\"6\" y=\"38\">{}{}<title>The clock goes {} by {size} on this day</title></text>",
                    if forward { "+" } else { "−" },
                    size,
                    if forward { "forward" } else { "back" },
                );
            } else if (n == 0 || date.day() == 1) && !narrow {
                let _ = write!(
                    out,
                    "<text class=\"cal-month\" x=\"6\" y=\"38\">{}</text>",
                    date.strftime("%b")
                );
            }
            out.push_str("</svg>");
        }
    }

    fn draw_piece(&self, out: &mut String, piece: &Piece, kind: RowKind, top: i32) {
        let class = match (piece.colour, kind) {
            (None, _) => "cal-bar cal-gap".to_owned(),
            (Some(colour), RowKind::Final) => format!("cal-bar who-{colour}"),
            (Some(colour), _) => format!("cal-bar cal-quiet who-{colour}"),
        };
        let source = if piece.source.is_empty() {
            String::new()
        } else {
            format!(" · {}", piece.source)
        };
        let _ = write!(
            out,
            "<svg x=\"{}\" width=\"{}\" y=\"{top}\" height=\"{BAR}\"><g class=\"{class}\"><title>{}: {} – {}{}</title>\
             <rect x=\"1\" width=\"100%\" height=\"{BAR}\" rx=\"4\"/><text x=\"8\" y=\"20\">{}</text></g></svg>",
            percent(piece.left),
            percent(piece.right - piece.left),
            escape(&piece.label),
            self.moment(piece.start),
            self.moment(piece.end),
            escape(&source),
            escape(&piece.label),
        );
    }

    fn moment(&self, at: Timestamp) -> String {
        at.in_zone(&self.zone)
            .strftime("%a %-d %b %H:%M")
            .to_string()
    }

    /// The final schedule as text.
    fn describe(&self) -> String {
        let mut text = String::new();
        for row in self.rows.iter().filter(|row| row.kind == RowKind::Final) {
            for piece in self.pieces(row).iter().take(40) {
                let _ = write!(
                    text,
                    "{} from {} until {}. ",
                    piece.label,
                    self.moment(piece.start),
                    self.moment(piece.end)
                );
            }
        }
        text
    }

    /// One entry a day with the final schedule's pieces in it.
    fn draw_days(&self, out: &mut String) {
        let midnights = self.midnights();
        let today = self.now.in_zone(&self.zone).date();
        let pieces: Vec<Piece> = self
            .rows
            .iter()
            .filter(|row| row.kind == RowKind::Final)
            .flat_map(|row| self.pieces(row))
            .collect();
        out.push_str("<ol class=\"cal-days\">");
        for pair in midnights.windows(2) {
            let [begins, ends] = pair else { continue };
            let date = begins.in_zone(&self.zone).date();
            if self.since.is_some_and(|since| *ends <= since) {
                continue;
            }
            let class = if date == today {
                " class=\"cal-today\""
            } else {
                ""
            };
            let _ = write!(out, "<li{class}><h3>{}", date.strftime("%a %-d %b"));
            if date == today {
                out.push_str(" · today");
            }
            if ends.since(*begins) != Span::from_days(1) {
                let _ = write!(out, " · clock change, {} long", ends.since(*begins));
            }
            out.push_str("</h3><ul>");
            for piece in pieces
                .iter()
                .filter(|piece| piece.start < *ends && piece.end > *begins)
            {
                let class = match piece.colour {
                    None => "cal-who cal-gap".to_owned(),
                    Some(colour) => format!("cal-who who-{colour}"),
                };
                let (from, until) = (piece.start.max(*begins), piece.end.min(*ends));
                let clock = |at: Timestamp| at.in_zone(&self.zone).strftime("%H:%M").to_string();
                let hours = if from == *begins && until == *ends {
                    "all day".to_owned()
                } else {
                    let until = if until == *ends {
                        "24:00".to_owned()
                    } else {
                        clock(until)
                    };
                    format!("{}–{until}", clock(from))
                };
                let _ = write!(
                    out,
                    "<li class=\"{class}\"><span class=\"cal-hours\">{hours}</span> <span>{}</span></li>",
                    escape(&piece.label)
                );
            }
            out.push_str("</ul></li>");
        }
        out.push_str("</ol>");
    }
}

impl Bar {
    fn names(&self) -> String {
        self.people
            .iter()
            .map(|(_, name)| name.as_str())
            .collect::<Vec<_>>()
            .join(" + ")
    }
}

#[cfg(test)]
mod tests;
