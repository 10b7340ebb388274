//! How duty was shared, or will be (PAGING.md §5.6).

use askama::Template;
use domain::schedule::DutyTime;
use domain::{Span, Timestamp};

use super::form::Form;
use super::frame::{Choice, Frame, Link, Person};
use super::schedule::names;
use crate::picture::{LoadChart, load::hours};

/// `GET /on-call/report?schedule=&team=&from=&until=`, and `/on-call/report.csv` with the same.
#[derive(Clone, Debug, Template)]
#[template(path = "on_call/report.html")]
pub struct ReportPage {
    pub frame: Frame,
    /// Most time first.
    pub rows: Vec<ReportRow>,
    pub chart: LoadChart,
    /// The schedules of the report: gaps first, the longest on top.
    pub covers: Vec<CoverRow>,
    /// How many schedules are not listed.
    pub more: usize,
    /// By slug.
    pub schedules: Vec<Choice>,
    /// By slug.
    pub teams: Vec<Choice>,
    /// `schedule`, `team`, `from`, `until` (dates; the last one is in it) as typed, and what is
    /// wrong with them.
    pub form: Form,
    /// Addresses of the span before, the span after, and the file.
    pub previous: String,
    pub next: String,
    pub csv: String,
}

#[derive(Clone, Debug)]
pub struct ReportRow {
    pub person: Person,
    pub shifts: usize,
    pub time: DutyTime,
    /// How much more (or less) than an equal share, in per cent.
    pub against_share: i64,
    /// Pauses of less than eleven hours.
    pub short_rests: usize,
    pub pages: i64,
    pub urgent_pages: i64,
}

/// Gaps of one schedule in the span, and who is next.
#[derive(Clone, Debug)]
pub struct CoverRow {
    pub schedule: Link,
    /// All gaps together.
    pub uncovered: Span,
    pub gaps: Vec<(Timestamp, Timestamp)>,
    /// Who takes over, and when.
    pub next: Option<(Vec<Person>, Timestamp)>,
}

impl CoverRow {
    /// Gaps that are listed at once, and at all.
    const FIRST: usize = 3;
    const MOST: usize = 60;

    /// `12 h in 3 gaps`.
    fn gap_words(&self) -> String {
        let count = self.gaps.len();
        let gaps = if count == 1 { "gap" } else { "gaps" };
        format!("{} in {count} {gaps}", hours(self.uncovered))
    }

    /// Whether a gap is still to come, or is now.
    fn is_ahead(&self, now: &Timestamp) -> bool {
        self.gaps.iter().any(|(_, end)| end > now)
    }

    /// What is listed at once: what is still to come before what is over.
    fn first(&self, now: &Timestamp) -> &[(Timestamp, Timestamp)] {
        let from = self.begin(now);
        &self.gaps[from..self.gaps.len().min(from + Self::FIRST)]
    }

    fn begin(&self, now: &Timestamp) -> usize {
        let over = self.gaps.iter().take_while(|(_, end)| end <= now).count();
        over.min(self.gaps.len().saturating_sub(Self::FIRST))
    }

    /// The others, in order of time.
    fn rest(&self, now: &Timestamp) -> Vec<&(Timestamp, Timestamp)> {
        let from = self.begin(now);
        let shown = from..from + Self::FIRST;
        let others = self.gaps.iter().enumerate();
        others
            .filter(|(at, _)| !shown.contains(at))
            .map(|(_, gap)| gap)
            .take(Self::MOST)
            .collect()
    }

    /// How many gaps are only counted.
    fn untold(&self) -> usize {
        self.gaps.len().saturating_sub(Self::FIRST + Self::MOST)
    }

    fn next_names(&self) -> String {
        self.next
            .as_ref()
            .map_or_else(String::new, |(people, _)| names(people))
    }
}

impl ReportRow {
    fn hours(&self, span: Span) -> String {
        hours(span)
    }

    /// `+12 %`, `−8 %`, `even`.
    fn against_words(&self) -> String {
        match self.against_share {
            0 => "even".to_owned(),
            more @ 1.. => format!("+{more} %"),
            less => format!("−{} %", less.unsigned_abs()),
        }
    }

    /// Far enough from the others to be talked about.
    fn is_uneven(&self) -> bool {
        self.against_share.unsigned_abs() > 25
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_to_come_stand_before_those_that_are_over() {
        let at = |hour: i64| Timestamp::from_seconds(hour * 3_600);
        let mut row = CoverRow {
            schedule: Link {
                label: "Platform".into(),
                href: "/schedules/platform".into(),
            },
            uncovered: Span::from_hours(5),
            gaps: (0..5).map(|n| (at(n * 10), at(n * 10 + 1))).collect(),
            next: None,
        };
        let starts = |gaps: &[(Timestamp, Timestamp)]| -> Vec<Timestamp> {
            gaps.iter().map(|gap| gap.0).collect()
        };
        assert_eq!(row.gap_words(), "5 h in 5 gaps");
        for (now, first, rest) in [(0, [0, 10, 20], [30, 40]), (15, [20, 30, 40], [0, 10])] {
            assert_eq!(starts(row.first(&at(now))), first.map(at));
            let others: Vec<Timestamp> = row.rest(&at(now)).iter().map(|gap| gap.0).collect();
            assert_eq!(others, rest.map(at));
            assert!(row.is_ahead(&at(now)));
        }
        assert!(!row.is_ahead(&at(41)) && row.untold() == 0);
        row.gaps.truncate(1);
        assert_eq!(starts(row.first(&at(50))), [at(0)]);
        assert!(row.rest(&at(50)).is_empty());
    }
}
