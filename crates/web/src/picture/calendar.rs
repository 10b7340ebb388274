//! The schedule calendar: rows are layers with the final schedule below, columns are days of a
//! zone; bars carry names, nights are shaded, gaps stand out.

mod days;
mod ground;
mod legend;

use std::fmt::Write as _;

use domain::{Timestamp, UserId};
use jiff::ToSpan as _;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::svg::{escape, percent};
use crate::view::Markup;

/// Height of the head with the days' names, and of one row, in pixels; the style sheet's names
/// beside the picture have the same.
const HEAD: i32 = 48;
const ROW: i32 = 44;
const BAR: i32 = 30;
/// Narrowest piece, as a part of the picture.
const WIDTH_MIN: f64 = 0.004;
/// Colours the style sheet has for people.
const COLOURS: usize = 8;

/// What to draw. Bars may stick out of the span; they are cut.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// The schedule's name.
    pub title: String,
    /// The zone whose days are drawn.
    pub zone: TimeZone,
    /// First day.
    pub from: Date,
    /// 1 for a day, drawn by hours; 14 for two weeks, the month's length for a month.
    pub days: u16,
    /// Whose colours come first; others get theirs in the order of their appearance. So a person
    /// keeps the colour when the days move on.
    pub people: Vec<UserId>,
    /// Days off, by date.
    pub holidays: Vec<(Date, String)>,
    /// What a click on a stretch of the final schedule leads to, before `start=…&end=…`; only
    /// stretches that are not over can be changed.
    pub href: Option<String>,
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
    /// Who follows to learn; shown, never relied on.
    pub shadows: Vec<String>,
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
    /// Of each person, as a place among all people; empty is a gap.
    pub colours: Vec<usize>,
    pub label: String,
    pub source: String,
    /// Where a click leads.
    pub href: Option<String>,
}

impl Piece {
    fn is_gap(&self) -> bool {
        self.colours.is_empty()
    }

    /// The class of the first person's colour.
    fn who(&self) -> String {
        self.colours
            .first()
            .map(|place| colour_class(*place))
            .unwrap_or_default()
    }
}

/// The colour of the person at a place. There are eight; who comes after them gets an edge as well,
/// so that two with one colour can be told apart, and names stand on the bars anyway.
fn colour_class(place: usize) -> String {
    let colour = place % COLOURS;
    match place / COLOURS {
        0 => format!("who-{colour}"),
        1 => format!("who-{colour} who-edge"),
        _ => format!("who-{colour} who-edge who-edge-2"),
    }
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

    /// People whose order is given, then those of the final schedule and of the rest as they
    /// appear: a person's place gives the colour.
    fn people(&self) -> Vec<UserId> {
        let mut people = self.people.clone();
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
            colours: bar.map_or_else(Vec::new, |bar| {
                bar.people
                    .iter()
                    .filter_map(|(one, _)| people.iter().position(|id| id == one))
                    .collect()
            }),
            label: bar.map_or_else(|| "Nobody".to_owned(), Bar::names),
            source: bar.map(|bar| bar.source.clone()).unwrap_or_default(),
            href: match row.kind {
                RowKind::Final => self.href_of(
                    bar.map_or(start, |bar| bar.start),
                    bar.map_or(end, |bar| bar.end),
                ),
                _ => None,
            },
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

    /// Where a click on a stretch leads: what is over cannot be changed, what runs only from now.
    fn href_of(&self, start: Timestamp, end: Timestamp) -> Option<String> {
        let base = self.href.as_ref().filter(|_| self.now < end)?;
        Some(format!(
            "{base}start={}&end={end}",
            start.max(self.minute())
        ))
    }

    /// The running minute: forms have no seconds.
    fn minute(&self) -> Timestamp {
        const MINUTE: i64 = 60;
        Timestamp::from_seconds(self.now.as_seconds().div_euclid(MINUTE) * MINUTE)
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
            let _ = write!(out, "<li{class}><span>{}</span></li>", escape(&row.name));
        }
        out.push_str("</ul>");
        self.draw_svg(&mut out);
        out.push_str("</div>");
        self.draw_legend(&mut out);
        self.draw_days(&mut out);
        let _ = write!(
            out,
            "<figcaption>Times are {}. Nights are shaded.{}{}</figcaption></figure>",
            escape(self.zone.iana_name().unwrap_or("UTC")),
            self.clock_changes(),
            if self.href.is_some() {
                " Choose a stretch of the final schedule to change who is on call in it."
            } else {
                ""
            }
        );
        Markup(out)
    }

    fn draw_svg(&self, out: &mut String) {
        let midnights = self.midnights();
        let height = HEAD + ROW * i32::try_from(self.rows.len()).unwrap_or(0) + 4;
        let title = format!("Calendar of {}", self.title);
        let _ = write!(
            out,
            "<svg class=\"cal-plot\" width=\"100%\" height=\"{height}\" role=\"{2}\" aria-label=\"{0}\">\
             <title>{0}</title><desc>{1}</desc>",
            escape(&title),
            escape(&self.describe()),
            // Of an image nobody could reach the links.
            if self.href.is_some() { "group" } else { "img" },
        );
        self.draw_hatch(out);
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

    /// What gaps are filled with, so that they do not stand out by colour alone.
    fn draw_hatch(&self, out: &mut String) {
        let _ = write!(
            out,
            "<defs><pattern id=\"{}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate(45)\"><line class=\"cal-hatch\" y2=\"8\"/></pattern></defs>",
            self.hatch()
        );
    }

    /// The pattern's name, alike for alike pictures.
    fn hatch(&self) -> String {
        let letters = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let title: String = self.title.chars().map(letters).collect();
        format!("hatch-{title}-{}-{}", self.from, self.days)
    }

    fn draw_piece(&self, out: &mut String, piece: &Piece, kind: RowKind, top: i32) {
        let class = match (piece.is_gap(), kind) {
            (true, _) => "cal-bar cal-gap",
            (false, RowKind::Final) => "cal-bar",
            (false, _) => "cal-bar cal-quiet",
        };
        let source = if piece.source.is_empty() {
            String::new()
        } else {
            format!(" · {}", piece.source)
        };
        let words = format!(
            "{}: {} – {}{source}",
            piece.label,
            self.moment(piece.start),
            self.moment(piece.end),
        );
        let words = escape(&words);
        // An hour of four weeks would be less than a pixel; what follows at once lies over it.
        let width = (piece.right - piece.left).max(WIDTH_MIN);
        let _ = write!(
            out,
            "<svg x=\"{}\" width=\"{}\" y=\"{top}\" height=\"{BAR}\">",
            percent(piece.left),
            percent(width),
        );
        if let Some(href) = &piece.href {
            let _ = write!(
                out,
                "<a href=\"{}\" aria-label=\"Change {words}\">",
                escape(href)
            );
        }
        let _ = write!(out, "<g class=\"{class}\"><title>{words}</title>");
        if piece.is_gap() {
            let _ = write!(
                out,
                "<rect x=\"1\" y=\"1\" width=\"100%\" height=\"{}\" rx=\"4\"/>\
                 <rect class=\"cal-hatched\" x=\"1\" y=\"1\" width=\"100%\" height=\"{}\" fill=\"url(#{})\"/>",
                BAR - 2,
                BAR - 2,
                self.hatch()
            );
        }
        // Several at once share the bar, each with a band.
        let count = i32::try_from(piece.colours.len()).unwrap_or(1).max(1);
        for (n, place) in (0..).zip(piece.colours.iter().take(4)) {
            let (begins, ends) = (BAR * n / count.min(4), BAR * (n + 1) / count.min(4));
            let _ = write!(
                out,
                "<rect class=\"{}\" x=\"1\" y=\"{begins}\" width=\"100%\" height=\"{}\"{}/>",
                colour_class(*place),
                ends - begins,
                if count == 1 { " rx=\"4\"" } else { "" },
            );
            if *place >= COLOURS {
                let _ = write!(
                    out,
                    "<rect class=\"cal-edge{}\" x=\"1\" y=\"{}\" width=\"100%\" height=\"3\"/>",
                    if *place >= 2 * COLOURS {
                        " cal-edge-2"
                    } else {
                        ""
                    },
                    ends - 3,
                );
            }
        }
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"20\">{}</text></g>{}</svg>",
            if width < 0.05 { 4 } else { 8 },
            escape(&fitting(&piece.label, width)),
            if piece.href.is_some() { "</a>" } else { "" },
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
}

impl Bar {
    fn names(&self) -> String {
        let mut names = self
            .people
            .iter()
            .map(|(_, name)| name.as_str())
            .collect::<Vec<_>>()
            .join(" + ");
        if !self.shadows.is_empty() {
            let _ = write!(names, " (shadow: {})", self.shadows.join(", "));
        }
        names
    }
}

/// The first letters of a name's words.
fn initials(name: &str) -> String {
    let words = name.split_whitespace();
    words.filter_map(|word| word.chars().next()).collect()
}

/// As much of a bar's label as there is room for, when the bar takes `width` of the picture: all of it,
/// else initials, else nothing; the title and the list of days say it whole. Half a letter helps
/// nobody.
fn fitting(label: &str, width: f64) -> String {
    /// Of a picture that is 800 pixels wide; wider ones have room to spare.
    const LETTER: f64 = 8.5 / 800.0;
    const EDGE: f64 = 8.0 / 800.0;
    let room = |text: &str| text.chars().count() as f64 * LETTER + EDGE <= width;
    // A long name may run out where most of it is read.
    if room(label) || width >= 10.0 * LETTER {
        return label.to_owned();
    }
    let people = label.split(" (").next().unwrap_or(label).split(" + ");
    let initials: Vec<String> = people.map(initials).collect();
    let initials = initials.join("+");
    match room(&initials) {
        true => initials,
        false => String::new(),
    }
}

#[cfg(test)]
mod tests;
