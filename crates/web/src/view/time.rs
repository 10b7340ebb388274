//! How times are shown and typed: relative and absolute together, in the viewer's zone with UTC on
//! hover or tap (FACE.md rule 5).

use domain::{Span, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::frame::{Frame, Markup};

impl Frame {
    /// `4 min ago · 03:12 CET`.
    pub fn when(&self, at: &Timestamp) -> Markup {
        self.time_element(
            at,
            &format!(
                "<span data-rel>{}</span> · {}",
                relative(*at, self.now),
                self.local_clock(at)
            ),
        )
    }

    /// `03:12 CET`, with the date when it is another day.
    pub fn clock(&self, at: &Timestamp) -> Markup {
        let text = self.local_clock(at);
        self.time_element(at, &text)
    }

    /// `4 min ago`.
    pub fn ago(&self, at: &Timestamp) -> Markup {
        self.time_element(
            at,
            &format!("<span data-rel>{}</span>", relative(*at, self.now)),
        )
    }

    /// `Mon 23 Nov 09:00`, within six days `Mon 09:00`, for hand-offs and plans.
    pub fn day(&self, at: &Timestamp) -> Markup {
        let text = self.local_day(at);
        self.time_element(at, &text)
    }

    /// The end of a span: on the day on which it begins the time alone, else as [`Frame::day`].
    pub fn day_end(&self, start: &Timestamp, end: &Timestamp) -> Markup {
        let local = end.in_zone(&self.zone);
        let text = if start.in_zone(&self.zone).date() == local.date() {
            local.strftime("%H:%M").to_string()
        } else {
            self.local_day(end)
        };
        self.time_element(end, &text)
    }

    /// [`Frame::day`] as plain text, for attributes.
    pub fn plain_day(&self, at: &Timestamp) -> String {
        self.local_day(at)
    }

    /// `03:12:07` with the date when it is another day, for timelines.
    pub fn second(&self, at: &Timestamp) -> Markup {
        let local = at.in_zone(&self.zone);
        let today = self.now.in_zone(&self.zone).date();
        let format = if local.date() == today {
            "%H:%M:%S"
        } else {
            "%-d %b %H:%M:%S"
        };
        self.time_element(at, &local.strftime(format).to_string())
    }

    /// How long something has lasted, counted on by script: `4 m 12 s`.
    pub fn age(&self, since: &Timestamp) -> Markup {
        self.time_element(
            since,
            &format!("<span data-age>{}</span>", self.now.since(*since)),
        )
    }

    /// Time left until something is due, counted down by script: `in 12 m 4 s`, `4 m 10 s overdue`.
    pub fn countdown(&self, due: &Timestamp) -> Markup {
        let left = due.since(self.now);
        let text = if left < Span::ZERO {
            format!("{} overdue", Span(left.0.saturating_neg()))
        } else {
            format!("in {left}")
        };
        self.time_element(due, &format!("<span data-countdown>{text}</span>"))
    }

    /// Time from one instant to another.
    pub fn between(&self, from: &Timestamp, until: &Timestamp) -> Span {
        until.since(*from)
    }

    pub fn is_past(&self, at: &Timestamp) -> bool {
        *at <= self.now
    }

    /// The value of an `<input type="datetime-local">` in the viewer's zone.
    pub fn local_input(&self, at: &Timestamp) -> String {
        at.in_zone(&self.zone)
            .strftime("%Y-%m-%dT%H:%M")
            .to_string()
    }

    fn local_clock(&self, at: &Timestamp) -> String {
        let local = at.in_zone(&self.zone);
        let today = self.now.in_zone(&self.zone).date();
        let format = if local.date() == today {
            "%H:%M %Z"
        } else if local.year() == today.year() {
            "%-d %b %H:%M %Z"
        } else {
            "%-d %b %Y %H:%M %Z"
        };
        local.strftime(format).to_string()
    }

    fn local_day(&self, at: &Timestamp) -> String {
        let local = at.in_zone(&self.zone);
        let now = self.now.in_zone(&self.zone);
        let away = at.since(self.now);
        let format = if local.date() == now.date() {
            "today %H:%M"
        } else if away > Span::ZERO && away < Span::from_days(6) {
            "%a %H:%M"
        } else if local.year() == now.year() {
            "%a %-d %b %H:%M"
        } else {
            "%a %-d %b %Y %H:%M"
        };
        local.strftime(format).to_string()
    }

    fn time_element(&self, at: &Timestamp, inner: &str) -> Markup {
        let utc = at.to_jiff().strftime("%Y-%m-%d %H:%M:%S UTC");
        Markup(format!(
            "<time datetime=\"{}\" title=\"{utc}\">{inner}</time>",
            at.to_seconds_string()
        ))
    }
}

/// `just now`, `34 s ago`, `4 min ago`, `in 2 h`, `3 d ago`.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let away = now.since(at).as_seconds();
    let size = away.unsigned_abs();
    let (count, unit) = match size {
        0..5 => return "just now".to_owned(),
        5..60 => (size, "s"),
        60..3_600 => (size / 60, "min"),
        3_600..86_400 => (size / 3_600, "h"),
        _ => (size / 86_400, "d"),
    };
    if away >= 0 {
        format!("{count} {unit} ago")
    } else {
        format!("in {count} {unit}")
    }
}

/// A typed time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    pub at: Timestamp,
    /// A sentence, where the clocks skip what was typed.
    pub moved: Option<String>,
}

/// Reads what a time field sends: RFC 3339 (`2026-03-14T09:06:12Z`), or the value of a
/// `datetime-local` input read in `zone`. In a repeated hour the first occurrence is meant; a time
/// inside a gap is moved on by the length of the gap.
pub fn read_time(text: &str, zone: &TimeZone) -> Option<Typed> {
    let text = text.trim();
    if let Some(at) = Timestamp::parse(text) {
        return Some(Typed { at, moved: None });
    }
    let local: DateTime = text.parse().ok()?;
    let zoned = zone.to_ambiguous_zoned(local).compatible().ok()?;
    let taken = zoned.datetime();
    Some(Typed {
        at: Timestamp::from_jiff(zoned.timestamp()),
        moved: (taken != local).then(|| moved(local, taken, zone)),
    })
}

/// [`read_time`] where nobody is to be told that the clocks skip it.
pub fn parse_time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    read_time(text, zone).map(|read| read.at)
}

fn moved(typed: DateTime, taken: DateTime, zone: &TimeZone) -> String {
    let format = match typed.date() == taken.date() {
        true => "%H:%M",
        false => "%H:%M on %-d %B",
    };
    format!(
        "{} does not exist on {} in {}, where the clocks skip it; {} is taken.",
        typed.strftime("%H:%M"),
        typed.strftime("%-d %B %Y"),
        zone.iana_name().unwrap_or("this zone"),
        taken.strftime(format)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn frame() -> Frame {
        let mut frame = Frame::signed_out("x", "c", at("2026-11-21T02:16:00Z"));
        frame.zone = TimeZone::get("Europe/Berlin").unwrap();
        frame
    }

    #[test]
    fn times_are_relative_and_absolute_with_utc_beside() {
        let html = frame().when(&at("2026-11-21T02:12:00Z")).0;
        assert_eq!(
            html,
            "<time datetime=\"2026-11-21T02:12:00Z\" title=\"2026-11-21 02:12:00 UTC\">\
             <span data-rel>4 min ago</span> · 03:12 CET</time>"
        );
        assert!(
            frame()
                .when(&at("2026-11-19T02:12:00Z"))
                .0
                .contains("2 d ago</span> · 19 Nov 03:12")
        );
        assert!(
            frame()
                .countdown(&at("2026-11-21T02:15:00Z"))
                .0
                .contains("1 m overdue")
        );
    }

    #[test]
    fn a_span_of_one_day_names_it_once() {
        let (start, end) = (at("2026-11-28T06:00:00Z"), at("2026-11-28T17:00:00Z"));
        assert!(frame().day_end(&start, &end).0.contains(">18:00<"));
        // At midnight in Berlin the next day begins.
        let midnight = at("2026-11-28T23:00:00Z");
        let shown = frame().day_end(&start, &midnight).0;
        assert_eq!(shown, frame().day(&midnight).0);
    }

    #[test]
    fn typed_times_are_read_in_the_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(
            parse_time("2026-07-01T09:00", &berlin),
            Some(at("2026-07-01T07:00:00Z"))
        );
        assert_eq!(
            parse_time("2026-07-01T09:00:00Z", &berlin),
            Some(at("2026-07-01T09:00:00Z"))
        );
        // the repeated hour means its first occurrence; a missing one moves on by the gap
        assert_eq!(
            parse_time("2026-10-25T02:30", &berlin),
            Some(at("2026-10-25T00:30:00Z"))
        );
        assert_eq!(
            parse_time("2026-03-29T02:30", &berlin),
            Some(at("2026-03-29T01:30:00Z"))
        );
        assert_eq!(parse_time("yesterday", &berlin), None);
        let told = |text: &str, zone: &str| {
            let zone = TimeZone::get(zone).unwrap();
            read_time(text, &zone).unwrap().moved.unwrap_or_default()
        };
        assert_eq!(
            told("2026-03-29T02:30", "Europe/Berlin"),
            "02:30 does not exist on 29 March 2026 in Europe/Berlin, where the clocks skip it; \
             03:30 is taken."
        );
        assert!(
            told("2011-12-30T12:00", "Pacific/Apia").ends_with("12:00 on 31 December is taken.")
        );
        for exists in [
            "2026-10-25T02:30",
            "2026-03-29T03:00",
            "2026-03-29T02:30:00Z",
        ] {
            assert_eq!(told(exists, "Europe/Berlin"), "");
        }
    }
}
