use domain::{Span, Timestamp};
use jiff::tz::TimeZone;

use crate::icalendar::{Calendar, Event, Window, read};

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(super) fn window(from: &str, until: &str, zone: &str) -> Window {
    Window {
        from: at(from),
        until: at(until),
        zone: TimeZone::get(zone).unwrap(),
    }
}

#[test]
fn what_is_written_is_read_again() {
    let summary = "Müller, Ana; primary \\ \"first\" 🚨 "
        .repeat(5)
        .trim()
        .to_owned();
    let calendar = Calendar {
        name: "On call: Shop, EU".into(),
        description: "Shifts\nof the shop".into(),
        refresh: Span::from_minutes(60),
        events: vec![Event {
            uid: "s1-u2-20260329@quarterdeck".into(),
            start: at("2026-03-29T01:00:00Z"),
            end: at("2026-03-30T07:00:00Z"),
            summary: summary.clone(),
            description: "Layer \"Primary\"".into(),
            url: "https://duty.example.com/schedules/shop".into(),
            categories: vec!["On call".into()],
        }],
    };
    let text = calendar.write(at("2026-03-01T00:00:00Z"));
    assert!(text.contains("\r\nMETHOD:PUBLISH\r\n"));
    assert!(text.contains("\r\nREFRESH-INTERVAL;VALUE=DURATION:PT60M\r\n"));
    assert!(text.contains("\r\nDTSTART:20260329T010000Z\r\n"));
    assert!(text.contains("\r\nDTSTAMP:20260301T000000Z\r\n"));
    assert!(text.lines().all(|line| line.len() <= 75));
    let window = window("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "UTC");
    let reading = read(text.as_bytes(), &window).unwrap();
    assert_eq!(reading.name.as_deref(), Some("On call: Shop, EU"));
    assert_eq!(reading.warnings, [""; 0]);
    let [one] = reading.occurrences.as_slice() else {
        panic!("{reading:?}");
    };
    assert_eq!(one.uid, "s1-u2-20260329@quarterdeck");
    assert_eq!(one.start, at("2026-03-29T01:00:00Z"));
    assert_eq!(one.end, at("2026-03-30T07:00:00Z"));
    assert_eq!(one.whom.summary, summary);
}
