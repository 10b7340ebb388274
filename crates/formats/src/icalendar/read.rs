//! Reads a calendar and works out the shifts of a span.

use std::collections::BTreeMap;

use domain::Timestamp;
use jiff::tz::TimeZone;

use super::event::Event;
use super::expand::Budget;
use super::line::{self, Line};
use super::value::short;
use super::whom::Whom;
use super::zone::{Described, Zones, offset};
use super::{BYTES_MAX, CalendarError, EVENTS_MAX, OCCURRENCES_MAX, WARNINGS_MAX};

/// What is asked of a calendar.
#[derive(Clone, Debug)]
pub struct Window {
    pub from: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
    /// For times without a zone, and for whole days.
    pub zone: TimeZone,
}

/// One shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    pub uid: String,
    pub whom: Whom,
}

/// What a calendar turned out to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// `X-WR-CALNAME`.
    pub name: Option<String>,
    /// How many events stand in the file, whatever their time.
    pub events: usize,
    /// Those that overlap the window, rising by start; they may overlap each other.
    pub occurrences: Vec<Occurrence>,
    /// Events that could not be used, and why: sentences for whoever made the calendar.
    pub warnings: Vec<String>,
    /// Warnings beyond those that are listed.
    pub more_warnings: usize,
}

impl Reading {
    fn warn(&mut self, what: &str, why: &str) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(format!("{what}: {why}"));
        } else {
            self.more_warnings += 1;
        }
    }
}

/// Reads a calendar.
///
/// # Errors
/// When the file is none, is cut off, or is larger than can be worked out. A single event that is
/// broken is left out and told of in [`Reading::warnings`].
pub fn read(bytes: &[u8], window: &Window) -> Result<Reading, CalendarError> {
    if bytes.len() > BYTES_MAX {
        return Err(CalendarError::TooLarge);
    }
    let lines = line::unfold(bytes);
    let file = File::of(&lines)?;
    let mut reading = Reading {
        name: file.name.clone(),
        events: file.events.len(),
        ..Reading::default()
    };
    let zone_of = |name: &str| file.zones.find(name);
    // By UID: the event itself and what replaces single occurrences of it.
    let mut series: BTreeMap<String, Series> = BTreeMap::new();
    for (index, lines) in file.events.into_iter().enumerate() {
        let title = title(&lines);
        match Event::read(lines.into_iter(), &zone_of) {
            Err(why) => reading.warn(&title, &why),
            Ok(event) => {
                for why in &event.complaints {
                    reading.warn(&title, why);
                }
                // Without a UID an event belongs to no other.
                let uid = event.uid.clone().unwrap_or_else(|| format!("#{index}"));
                series.entry(uid).or_default().add(event);
            }
        }
    }
    let mut budget = Budget::default();
    for (uid, series) in series {
        let mut take = |whom: &Whom, start, end| {
            if reading.occurrences.len() >= OCCURRENCES_MAX {
                return Err(CalendarError::TooManyOccurrences);
            }
            reading.occurrences.push(Occurrence {
                start,
                end,
                uid: uid.clone(),
                whom: whom.clone(),
            });
            Ok(())
        };
        series.work_out(window, &mut budget, &mut take)?;
    }
    let key = |one: &Occurrence| (one.start, one.end, one.uid.clone());
    reading.occurrences.sort_by_cached_key(key);
    Ok(reading)
}

/// An event and what replaces single occurrences of it.
#[derive(Default)]
struct Series {
    main: Option<Event>,
    replacements: Vec<Event>,
}

impl Series {
    /// Of two that say they are the same, the later edition counts.
    fn add(&mut self, event: Event) {
        let slot = match &event.replaces {
            None => self.main.as_mut(),
            Some(id) => {
                let id = (id.is_day(), id.wall(), id.zone(&TimeZone::UTC).clone());
                self.replacements.iter_mut().find(|one| {
                    one.replaces.as_ref().is_some_and(|other| {
                        (other.is_day(), other.wall()) == (id.0, id.1)
                            && *other.zone(&TimeZone::UTC) == id.2
                    })
                })
            }
        };
        match slot {
            Some(known) if known.sequence <= event.sequence => *known = event,
            Some(_) => {}
            None if event.replaces.is_some() => self.replacements.push(event),
            None => self.main = Some(event),
        }
    }

    fn work_out(
        &self,
        window: &Window,
        budget: &mut Budget,
        take: &mut impl FnMut(&Whom, Timestamp, Timestamp) -> Result<(), CalendarError>,
    ) -> Result<(), CalendarError> {
        let span = (window.from, window.until);
        if let Some(main) = &self.main {
            if main.cancelled {
                return Ok(());
            }
            let replaced: Vec<_> = self
                .replacements
                .iter()
                .filter_map(|one| one.replaces.as_ref())
                .collect();
            main.spans(&replaced, span, &window.zone, budget, |start, end| {
                take(&main.whom, start, end)
            })?;
        }
        for one in self.replacements.iter().filter(|one| !one.cancelled) {
            one.spans(&[], span, &window.zone, budget, |start, end| {
                take(&one.whom, start, end)
            })?;
        }
        Ok(())
    }
}

/// How an event is named in a complaint.
fn title(lines: &[Line<'_>]) -> String {
    let of = |name: &str| lines.iter().find(|line| line.name == name);
    let summary =
        of("SUMMARY").map_or_else(String::new, |line| short(line::unescape(line.value).trim()));
    let start = of("DTSTART").map_or_else(String::new, |line| short(line.value));
    match (summary.is_empty(), start.is_empty()) {
        (false, false) => format!("\"{summary}\" of {start}"),
        (false, true) => format!("\"{summary}\""),
        (true, false) => format!("The event of {start}"),
        (true, true) => "An event".to_owned(),
    }
}

/// The parts of a file.
struct File<'a> {
    name: Option<String>,
    zones: Zones,
    events: Vec<Vec<Line<'a>>>,
}

/// Components within components; nothing needs more.
const DEPTH_MAX: usize = 16;

impl<'a> File<'a> {
    fn of(lines: &'a [String]) -> Result<File<'a>, CalendarError> {
        let mut file = File {
            name: None,
            zones: Zones::default(),
            events: Vec::new(),
        };
        let mut open: Vec<String> = Vec::new();
        let (mut zone_name, mut zone) = (None, Described::default());
        for text in lines {
            let Some(line) = line::parse(text) else {
                if open.is_empty() {
                    return Err(CalendarError::NotACalendar);
                }
                continue;
            };
            let value = || line.value.trim().to_ascii_uppercase();
            match (line.name.as_str(), open.as_slice()) {
                ("BEGIN", []) if value() != "VCALENDAR" => {
                    return Err(CalendarError::NotACalendar);
                }
                ("BEGIN", outer) => {
                    if outer.len() >= DEPTH_MAX {
                        return Err(CalendarError::NotACalendar);
                    }
                    let name = value();
                    if outer.len() == 1 && name == "VEVENT" {
                        if file.events.len() >= EVENTS_MAX {
                            return Err(CalendarError::TooManyEvents);
                        }
                        file.events.push(Vec::new());
                    }
                    open.push(name);
                }
                (_, []) => return Err(CalendarError::NotACalendar),
                ("END", _) => {
                    if open.pop().as_deref() == Some("VTIMEZONE")
                        && let Some(name) = zone_name.take()
                    {
                        file.zones.describe(name, std::mem::take(&mut zone));
                    }
                }
                ("X-WR-CALNAME", [_]) => file.name = Some(line::unescape(line.value)),
                (name, [_, component, ..]) if component == "VTIMEZONE" => match name {
                    "TZID" => zone_name = Some(line.value.trim().to_owned()),
                    "X-LIC-LOCATION" => zone.location = Some(line.value.trim().to_owned()),
                    "TZOFFSETTO" => zone.offsets.extend(offset(line.value)),
                    _ => {}
                },
                (_, [_, component]) if component == "VEVENT" => {
                    if let Some(event) = file.events.last_mut() {
                        event.push(line);
                    }
                }
                _ => {}
            }
        }
        match (lines.is_empty(), open.is_empty()) {
            (true, _) => Err(CalendarError::NotACalendar),
            (false, true) => Ok(file),
            (false, false) => Err(CalendarError::Cut),
        }
    }
}
