//! What stands below the bars: whose colour is whose, and where the clock changes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::Span;

use super::{Calendar, RowKind, colour_class, initials};
use crate::picture::svg::escape;

/// With more people than this the names would take more room than the picture.
const NAMED_MAX: usize = 30;

impl Calendar {
    /// Everybody who is to be seen, in the order of their colours: bars of a few hours have no room
    /// for a name. Readers who do not see it have the list of days.
    pub(super) fn draw_legend(&self, out: &mut String) {
        let midnights = self.midnights();
        let (Some(&begin), Some(&end)) = (midnights.first(), midnights.last()) else {
            return;
        };
        // Of one person's own shifts the colours say nothing.
        if !self.rows.iter().any(|row| row.kind == RowKind::Final) {
            return;
        }
        let order = self.people();
        let mut names: BTreeMap<usize, &str> = BTreeMap::new();
        for bar in self.rows.iter().flat_map(|row| &row.bars) {
            if bar.end <= begin || end <= bar.start {
                continue;
            }
            for (id, name) in &bar.people {
                if let Some(place) = order.iter().position(|one| one == id) {
                    names.insert(place, name);
                }
            }
        }
        if names.is_empty() || names.len() > NAMED_MAX {
            return;
        }
        out.push_str("<ul class=\"cal-legend\" aria-hidden=\"true\">");
        for (place, name) in names {
            let _ = write!(
                out,
                "<li><span class=\"cal-key {}\">{}</span>{}</li>",
                colour_class(place),
                escape(&initials(name)),
                escape(name)
            );
        }
        let finals = self.rows.iter().filter(|row| row.kind == RowKind::Final);
        if finals
            .flat_map(|row| self.pieces(row))
            .any(|one| one.is_gap())
        {
            out.push_str("<li><span class=\"cal-key cal-key-gap\"></span>nobody</li>");
        }
        out.push_str("</ul>");
    }

    /// ` On Sun 28 Mar the clock goes forward by 1 h.` for each day that is not 24 hours long.
    pub(super) fn clock_changes(&self) -> String {
        let mut text = String::new();
        for pair in self.midnights().windows(2) {
            let [begins, ends] = pair else { continue };
            let change = Span::from_days(1) - ends.since(*begins);
            if change != Span::ZERO {
                let _ = write!(
                    text,
                    " On {} the clock goes {} by {}.",
                    begins.in_zone(&self.zone).strftime("%a %-d %b"),
                    if change > Span::ZERO {
                        "forward"
                    } else {
                        "back"
                    },
                    Span(change.0.saturating_abs())
                );
            }
        }
        text
    }
}
