//! What lies under the bars: days or hours with their names, nights, days off, and the mark of a
//! day on which the clock changes.

use std::fmt::Write as _;

use domain::{Span, Timestamp};
use jiff::civil::{Date, Time, Weekday, time};

use super::{Calendar, HEAD};
use crate::picture::svg::{escape, percent};

/// Night, as reports count it: 22:00 to 08:00 (PAGING.md §5.6).
const NIGHT_BEGINS: Time = time(22, 0, 0, 0);
const NIGHT_ENDS: Time = time(8, 0, 0, 0);
/// With more days than this their names are short.
const ROOMY: u16 = 16;
/// Hours between two that are named.
const NAMED_HOURS: i64 = 2;

impl Calendar {
    /// The day off that a date is.
    pub(super) fn holiday(&self, date: Date) -> Option<&str> {
        let found = self.holidays.iter().find(|(day, _)| *day == date);
        found.map(|(_, name)| match name.as_str() {
            "" => "Holiday",
            name => name,
        })
    }

    pub(super) fn draw_ground(&self, out: &mut String, midnights: &[Timestamp], height: i32) {
        for (n, pair) in midnights.windows(2).enumerate() {
            let [begins, ends] = pair else { continue };
            let date = begins.in_zone(&self.zone).date();
            let mut shade = |class: &str, from: Timestamp, until: Timestamp| {
                let (left, right) = (Self::place(midnights, from), Self::place(midnights, until));
                let _ = write!(
                    out,
                    "<rect class=\"{class}\" x=\"{}\" width=\"{}\" y=\"{HEAD}\" height=\"{}\"/>",
                    percent(left),
                    percent(right - left),
                    height - HEAD
                );
            };
            if self.holiday(date).is_some() {
                shade("cal-off", *begins, *ends);
            }
            shade("cal-night", *begins, self.instant(date, NIGHT_ENDS));
            shade("cal-night", self.instant(date, NIGHT_BEGINS), *ends);
            if self.days == 1 {
                self.draw_hours(out, midnights, height);
            }
            self.draw_head(out, n, (*begins, *ends), height);
        }
    }

    fn draw_head(
        &self,
        out: &mut String,
        n: usize,
        (begins, ends): (Timestamp, Timestamp),
        height: i32,
    ) {
        let date = begins.in_zone(&self.zone).date();
        let days = f64::from(self.days.max(1));
        let x = percent(n as f64 / days);
        let _ = write!(
            out,
            "<line class=\"cal-line\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"{height}\"/>"
        );
        let narrow = self.days > ROOMY;
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let class = match (date == self.now.in_zone(&self.zone).date(), weekend) {
            (true, _) => "cal-day cal-today",
            (_, true) => "cal-day cal-weekend",
            _ => "cal-day",
        };
        let format = match (narrow, self.days) {
            (true, _) => "%-d",
            (_, 1) => "%A, %-d %B %Y",
            _ => "%a %-d",
        };
        let _ = write!(
            out,
            "<svg x=\"{x}\" width=\"{}\" y=\"0\" height=\"{HEAD}\"><text class=\"{class}\" x=\"6\" y=\"18\">{}</text>",
            percent(1.0 / days),
            date.strftime(format)
        );
        let change = Span::from_days(1) - ends.since(begins);
        if change != Span::ZERO {
            let forward = change > Span::ZERO;
            let size = Span(change.0.saturating_abs());
            // Beside the date where hours stand below it.
            let (at, line) = if self.days == 1 { (260, 18) } else { (6, 38) };
            let words = match narrow {
                true => size.to_string().replace(' ', ""),
                false => size.to_string(),
            };
            let _ = write!(
                out,
                "<text class=\"cal-dst\" x=\"{at}\" y=\"{line}\">{}{}<title>The clock goes {} by {size} on this day</title></text>",
                if forward { "+" } else { "−" },
                words,
                if forward { "forward" } else { "back" },
            );
        } else if let Some(name) = self.holiday(date).filter(|_| self.days > 1) {
            let _ = write!(
                out,
                "<text class=\"cal-holiday\" x=\"6\" y=\"38\">{0}<title>{0}</title></text>",
                escape(name)
            );
        } else if narrow {
            let name = date.strftime("%a").to_string();
            let short: String = name.chars().take(2).collect();
            let _ = write!(
                out,
                "<text class=\"cal-month\" x=\"6\" y=\"38\">{short}</text>"
            );
        } else if (n == 0 || date.day() == 1) && self.days > 1 {
            let _ = write!(
                out,
                "<text class=\"cal-month\" x=\"6\" y=\"38\">{}</text>",
                date.strftime("%b")
            );
        }
        out.push_str("</svg>");
    }

    /// The hours of a single day, as its clock shows them: a repeated hour stands there twice, a
    /// skipped one is missing.
    fn draw_hours(&self, out: &mut String, midnights: &[Timestamp], height: i32) {
        let [begins, ends] = midnights else { return };
        let hours = ends.since(*begins).as_seconds() / 3_600;
        for hour in 1..=hours {
            let at = *begins + Span::from_hours(hour);
            if at >= *ends {
                break;
            }
            let x = percent(Self::place(midnights, at));
            let _ = write!(
                out,
                "<line class=\"cal-line\" x1=\"{x}\" x2=\"{x}\" y1=\"{HEAD}\" y2=\"{height}\"/>"
            );
            if hour % NAMED_HOURS == 0 {
                let _ = write!(
                    out,
                    "<text class=\"cal-month\" x=\"{x}\" y=\"40\" text-anchor=\"middle\">{}</text>",
                    at.in_zone(&self.zone).strftime("%H:%M")
                );
            }
        }
    }
}
