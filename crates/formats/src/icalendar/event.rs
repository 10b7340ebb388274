//! One event as it is written: its start, length, rule and exceptions.

use domain::{Span, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::CalendarError;
use super::expand::{self, Budget};
use super::line::{Line, unescape};
use super::rule::{self, Rule};
use super::value::{self, Length, When, instant};
use super::whom::Whom;

/// Dates that one event lists.
const DATES_MAX: usize = 5_000;

#[derive(Clone, Debug)]
enum End {
    At(When),
    After(Length),
    Missing,
}

#[derive(Clone, Debug)]
pub(super) struct Event {
    pub uid: Option<String>,
    pub sequence: i64,
    pub cancelled: bool,
    /// The occurrence of another event that this one replaces.
    pub replaces: Option<When>,
    pub whom: Whom,
    pub complaints: Vec<String>,
    start: When,
    end: End,
    rule: Option<Rule>,
    also: Vec<When>,
    except: Vec<When>,
}

impl Event {
    /// Reads the properties of a VEVENT.
    pub fn read<'l>(
        lines: impl Iterator<Item = Line<'l>>,
        zone_of: &impl Fn(&str) -> Option<TimeZone>,
    ) -> Result<Event, String> {
        let (mut start, mut end, mut uid, mut rule) = (None, End::Missing, None, None);
        let (mut replaces, mut sequence, mut cancelled) = (None, 0, false);
        let (mut also, mut except) = (Vec::new(), Vec::new());
        let mut whom = Whom::default();
        let mut complaints = Vec::new();
        for line in lines {
            match line.name.as_str() {
                "UID" => uid = Some(line.value.trim().to_owned()).filter(|uid| !uid.is_empty()),
                "SEQUENCE" => sequence = line.value.trim().parse().unwrap_or(0),
                "DTSTART" => start = Some(value::when(&line, zone_of)?),
                "DTEND" => end = End::At(value::when(&line, zone_of)?),
                "DURATION" => {
                    let length = value::length(line.value);
                    end = End::After(length.ok_or("its DURATION is wrong")?);
                }
                "RRULE" if rule.is_some() => return Err("it has several rules".to_owned()),
                "RRULE" => rule = Some(rule::parse(line.value)?),
                "EXRULE" => return Err("EXRULE is not understood".to_owned()),
                "RDATE" => also.extend(value::whens(&line, zone_of)?),
                "EXDATE" => except.extend(value::whens(&line, zone_of)?),
                "RECURRENCE-ID" => {
                    if line.param("RANGE").is_some() {
                        complaints.push("changes only one day of what it changes".to_owned());
                    }
                    replaces = Some(value::when(&line, zone_of)?);
                }
                "STATUS" => cancelled = line.value.trim().eq_ignore_ascii_case("CANCELLED"),
                "SUMMARY" => whom.summary = unescape(line.value).trim().to_owned(),
                "ATTENDEE" => whom.attend(&line),
                "ORGANIZER" => whom.organize(&line),
                _ => {}
            }
            if also.len() + except.len() > DATES_MAX {
                return Err("it lists too many dates".to_owned());
            }
        }
        Ok(Event {
            uid,
            sequence,
            cancelled,
            replaces,
            whom,
            complaints,
            start: start.ok_or("it has no DTSTART")?,
            end,
            rule,
            also,
            except,
        })
    }

    /// The span of the occurrence that starts at `wall` on the event's own clock; `None` when it
    /// lasts no time.
    fn span(&self, wall: DateTime, floating: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let zone = self.start.zone(floating);
        let start = instant(wall, zone);
        let end = match &self.end {
            End::At(end) if end.zone(floating) == zone => {
                let length = self.start.wall().duration_until(end.wall());
                instant(wall.checked_add(length).ok()?, zone)
            }
            End::At(end) => {
                let length = end.instant(floating).since(self.start.instant(floating));
                start + length
            }
            End::After(length) => {
                let days = jiff::Span::new().try_days(length.days).ok()?;
                instant(wall.checked_add(days).ok()?, zone) + Span::from_seconds(length.seconds)
            }
            End::Missing if self.start.is_day() => {
                instant(wall.checked_add(jiff::Span::new().days(1)).ok()?, zone)
            }
            End::Missing => start,
        };
        (start < end).then_some((start, end))
    }

    /// Whether `day_or_time` of another line means the occurrence that starts at `wall`.
    fn means(&self, other: &When, wall: DateTime, floating: &TimeZone) -> bool {
        let zone = self.start.zone(floating);
        if other.is_day() {
            return other.wall().date() == wall.date();
        }
        let at = other.instant(floating);
        if self.start.is_day() {
            return at.in_zone(zone).date() == wall.date();
        }
        at == instant(wall, zone)
    }

    /// Gives `take` the spans of the occurrences that overlap `from..until`, without those in
    /// `replaced`.
    pub fn spans(
        &self,
        replaced: &[&When],
        (from, until): (Timestamp, Timestamp),
        floating: &TimeZone,
        budget: &mut Budget,
        mut take: impl FnMut(Timestamp, Timestamp) -> Result<(), CalendarError>,
    ) -> Result<(), CalendarError> {
        let zone = self.start.zone(floating);
        let first = self.start.wall();
        let mut starts = Vec::new();
        match &self.rule {
            None => starts.push(first),
            Some(rule) => {
                let length = self
                    .span(first, floating)
                    .map_or(Span::ZERO, |(start, end)| end.since(start));
                let day = Span::from_days(1);
                let reach = (
                    (from - length - day).in_zone(zone).datetime(),
                    (until + day).in_zone(zone).datetime(),
                );
                expand::starts(rule, first, zone, reach, budget, |start| starts.push(start))?;
            }
        }
        starts.extend(self.also.iter().map(|when| match when {
            When::Day(date) => date.to_datetime(first.time()),
            other => other.instant(floating).in_zone(zone).datetime(),
        }));
        starts.sort_unstable();
        starts.dedup();
        for wall in starts {
            let Some((start, end)) = self.span(wall, floating) else {
                continue;
            };
            if start >= until || end <= from {
                continue;
            }
            let mut out = self.except.iter().chain(replaced.iter().copied());
            if !out.any(|other| self.means(other, wall, floating)) {
                take(start, end)?;
            }
        }
        Ok(())
    }
}
