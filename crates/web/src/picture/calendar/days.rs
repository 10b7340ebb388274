//! The calendar as a list of days, for phones and for readers who do not see the picture.

use std::fmt::Write as _;

use domain::{Span, Timestamp};

use super::{Calendar, Piece, RowKind};
use crate::picture::svg::escape;

impl Calendar {
    /// One entry a day with the final schedule's pieces in it.
    pub(super) fn draw_days(&self, out: &mut String) {
        let midnights = self.midnights();
        let today = self.now.in_zone(&self.zone).date();
        let pieces: Vec<Piece> = self
            .rows
            .iter()
            .filter(|row| row.kind == RowKind::Final)
            .flat_map(|row| self.pieces(row))
            .collect();
        if pieces.is_empty() {
            return;
        }
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
            if let Some(name) = self.holiday(date) {
                let _ = write!(out, " · {}", escape(name));
            }
            out.push_str("</h3><ul>");
            for piece in pieces
                .iter()
                .filter(|piece| piece.start < *ends && piece.end > *begins)
            {
                let class = if piece.is_gap() {
                    "cal-who cal-gap".to_owned()
                } else {
                    format!("cal-who {}", piece.who())
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
                let text = format!(
                    "<span class=\"cal-hours\">{hours}</span> <span>{}</span>",
                    escape(&piece.label)
                );
                let _ = match &piece.href {
                    Some(href) => write!(
                        out,
                        "<li><a class=\"{class}\" href=\"{}\">{text}<span class=\"visually-hidden\">, change</span></a></li>",
                        escape(href)
                    ),
                    None => write!(out, "<li class=\"{class}\">{text}</li>"),
                };
            }
            out.push_str("</ul></li>");
        }
        out.push_str("</ol>");
    }
}
