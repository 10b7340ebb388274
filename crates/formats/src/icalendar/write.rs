//! Writes a calendar that programs subscribe to.

use domain::{Span, Timestamp};

use super::line::{escape, push};

/// A calendar as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// As the program shows it.
    pub name: String,
    pub description: String,
    /// How often a program should fetch it; whole minutes.
    pub refresh: Span,
    pub events: Vec<Event>,
}

/// One event. Instants are written in UTC: nobody has to know our zones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Stays the same for as long as the event is the same one.
    pub uid: String,
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    pub summary: String,
    pub description: String,
    /// A page about it.
    pub url: String,
    pub categories: Vec<String>,
}

impl Calendar {
    /// The file. `stamp` is when the statement was made; the rest depends on the calendar alone.
    pub fn write(&self, stamp: Timestamp) -> String {
        let mut out = String::with_capacity(512 + self.events.len() * 512);
        let minutes = (self.refresh.as_seconds() / 60).max(1);
        for line in [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Quarterdeck//Schedules//EN",
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
        ] {
            push(&mut out, line);
        }
        let (name, description) = (escape(&self.name), escape(&self.description));
        push(&mut out, &format!("NAME:{name}"));
        push(&mut out, &format!("X-WR-CALNAME:{name}"));
        push(&mut out, &format!("DESCRIPTION:{description}"));
        push(&mut out, &format!("X-WR-CALDESC:{description}"));
        let refresh = format!("REFRESH-INTERVAL;VALUE=DURATION:PT{minutes}M");
        push(&mut out, &refresh);
        push(&mut out, &format!("X-PUBLISHED-TTL:PT{minutes}M"));
        for event in &self.events {
            event.write(&mut out, stamp);
        }
        push(&mut out, "END:VCALENDAR");
        out
    }
}

impl Event {
    fn write(&self, out: &mut String, stamp: Timestamp) {
        push(out, "BEGIN:VEVENT");
        push(out, &format!("UID:{}", escape(&self.uid)));
        push(out, &format!("DTSTAMP:{}", utc(stamp)));
        push(out, &format!("DTSTART:{}", utc(self.start)));
        push(out, &format!("DTEND:{}", utc(self.end)));
        push(out, &format!("SUMMARY:{}", escape(&self.summary)));
        if !self.description.is_empty() {
            push(out, &format!("DESCRIPTION:{}", escape(&self.description)));
        }
        if !self.url.is_empty() {
            let url: String = self.url.chars().filter(|c| !c.is_control()).collect();
            push(out, &format!("URL:{url}"));
        }
        if !self.categories.is_empty() {
            let all: Vec<_> = self.categories.iter().map(|one| escape(one)).collect();
            push(out, &format!("CATEGORIES:{}", all.join(",")));
        }
        push(out, "STATUS:CONFIRMED");
        // A week on call must not make the person look busy for a week.
        push(out, "TRANSP:TRANSPARENT");
        push(out, "END:VEVENT");
    }
}

/// `20260329T010000Z`.
fn utc(at: Timestamp) -> String {
    let at = at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC);
    // Whole seconds, and only years that have four digits.
    let date = at.date();
    let year = date.year().clamp(0, 9999);
    format!(
        "{year:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.month(),
        date.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}
