//! The proof of coverage: what is wrong, worst first, and each service's days as a bar.

use askama::Template;
use domain::Timestamp;
use domain::coverage::{DAYS_DEFAULT, Level};

use super::frame::{Choice, Frame, Link, Pager};
use crate::picture::CoverageBar;

/// `GET /coverage?days=&team=&service=&level=&page=`.
#[derive(Clone, Debug, Template)]
#[template(path = "coverage/page.html")]
pub struct CoveragePage {
    pub frame: Frame,
    pub filter: CoverageFilter,
    pub from: Timestamp,
    pub until: Timestamp,
    /// Teams by slug.
    pub teams: Vec<Choice>,
    /// Services by slug.
    pub choices: Vec<Choice>,
    /// How many findings there are of each level, worst first.
    pub counts: Vec<(Level, usize)>,
    pub groups: Vec<FindingGroup>,
    pub services: Vec<ServiceRow>,
    pub pager: Pager,
}

/// Findings of one kind.
#[derive(Clone, Debug)]
pub struct FindingGroup {
    pub level: Level,
    pub title: &'static str,
    /// Those shown at once, and those behind a click.
    pub first: Vec<FindingRow>,
    pub rest: Vec<FindingRow>,
    /// Not listed at all, so that the page stays light.
    pub unlisted: usize,
}

impl FindingGroup {
    fn count(&self) -> usize {
        self.first.len() + self.rest.len() + self.unlisted
    }
}

#[derive(Clone, Debug)]
pub struct FindingRow {
    pub text: String,
    /// The first few.
    pub spans: Vec<(Timestamp, Timestamp)>,
    pub more_spans: usize,
    /// Where it is mended; at least one.
    pub mends: Vec<Link>,
    /// What if an alert came then: the address that asks.
    pub try_it: Option<String>,
}

#[derive(Clone, Debug)]
pub struct ServiceRow {
    pub service: Link,
    pub policy: Option<Link>,
    pub bar: CoverageBar,
    /// `first message at once`, `within 5 m`.
    pub within: String,
    /// `covered`, or how long it is not.
    pub gap: Option<String>,
    pub try_it: String,
}

/// What of it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageFilter {
    pub days: u32,
    /// Slugs; empty: all.
    pub team: String,
    pub service: String,
    /// Findings at least this bad.
    pub level: Level,
    /// From 1.
    pub page: usize,
}

impl CoverageFilter {
    /// Reads the query of an address; what it does not understand it leaves out.
    pub fn from_query(query: &str) -> CoverageFilter {
        let mut filter = CoverageFilter {
            days: DAYS_DEFAULT,
            team: String::new(),
            service: String::new(),
            level: Level::Note,
            page: 1,
        };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "days" => filter.days = value.parse().unwrap_or(DAYS_DEFAULT),
                "team" => filter.team = value.trim().to_owned(),
                "service" => filter.service = value.trim().to_owned(),
                "level" => filter.level = value.parse().unwrap_or(Level::Note),
                "page" => filter.page = value.parse().unwrap_or(1).max(1),
                _ => {}
            }
        }
        filter.days = filter.days.clamp(1, domain::coverage::DAYS_MAX);
        filter
    }

    /// The address with this filter and page.
    pub fn href(&self, page: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if self.days != DAYS_DEFAULT {
            query.append_pair("days", &self.days.to_string());
        }
        for (name, value) in [("team", &self.team), ("service", &self.service)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if self.level != Level::Note {
            query.append_pair("level", self.level.as_str());
        }
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        match query.finish() {
            query if query.is_empty() => "/coverage".to_owned(),
            query => format!("/coverage?{query}"),
        }
    }

    fn narrows(&self) -> bool {
        !self.team.is_empty() || !self.service.is_empty() || self.level != Level::Note
    }
}

impl CoveragePage {
    fn days(&self) -> [u32; 5] {
        [7, 14, 30, 90, 180]
    }

    fn level_icon(&self, level: &Level) -> &'static str {
        match level {
            Level::Alarm => "urgent",
            Level::Warning => "alert-triangle",
            Level::Note => "info-circle",
        }
    }

    fn level_tone(&self, level: &Level) -> &'static str {
        match level {
            Level::Alarm => "find-alarm",
            Level::Warning => "find-warning",
            Level::Note => "find-note",
        }
    }

    /// `2 alarms`, `1 note`.
    fn counted(&self, level: &Level, count: &usize) -> String {
        let plural = if *count == 1 { "" } else { "s" };
        format!("{count} {level}{plural}")
    }

    fn alarms(&self) -> usize {
        self.counts
            .iter()
            .filter(|(level, _)| *level == Level::Alarm)
            .map(|(_, count)| count)
            .sum()
    }

    /// `Thu 5 Mar 22:00 to 23:30`.
    fn spell(&self, span: &(Timestamp, Timestamp)) -> String {
        let (from, until) = span;
        let (start, end) = (
            from.in_zone(&self.frame.zone),
            until.in_zone(&self.frame.zone),
        );
        let to = match start.date() == end.date() {
            true => end.strftime("%H:%M").to_string(),
            false => end.strftime("%a %-d %b %H:%M").to_string(),
        };
        format!("{} to {to}", start.strftime("%a %-d %b %H:%M"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_survives_its_address() {
        let filter = CoverageFilter::from_query("days=30&team=a%26b&level=alarm&page=2&x=y");
        assert_eq!((filter.days, filter.team.as_str()), (30, "a&b"));
        let href = filter.href(2);
        let query = href.split_once('?').unwrap().1;
        assert_eq!(CoverageFilter::from_query(query), filter);
        assert_eq!(CoverageFilter::from_query("").href(1), "/coverage");
        assert_eq!(CoverageFilter::from_query("days=9999").days, 366);
    }
}
