use super::feed::{at, window};
use crate::icalendar::{CalendarError, Reading, read};

fn calendar(body: &str) -> String {
    let body = body.trim().replace('\n', "\r\n");
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}\r\nEND:VCALENDAR\r\n")
}

fn reading(body: &str) -> Reading {
    let window = window(
        "2026-03-01T00:00:00Z",
        "2026-05-01T00:00:00Z",
        "Europe/Berlin",
    );
    read(calendar(body).as_bytes(), &window).unwrap()
}

fn shown(reading: &Reading) -> Vec<String> {
    let shown = |one: &crate::icalendar::Occurrence| {
        format!("{} {} {}", one.start, one.end, one.whom.summary)
    };
    reading.occurrences.iter().map(shown).collect()
}

/// As Google Calendar exports a weekly rota: a rule, a day off, one shift given away and moved, and
/// one called off.
#[test]
fn a_calendar_as_google_exports_it() {
    let reading = reading(
        "METHOD:PUBLISH
X-WR-CALNAME:Rota
X-WR-TIMEZONE:Europe/Berlin
BEGIN:VTIMEZONE
TZID:Europe/Berlin
X-LIC-LOCATION:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID=Europe/Berlin:20260302T090000
DTEND;TZID=Europe/Berlin:20260309T090000
RRULE:FREQ=WEEKLY;WKST=MO;UNTIL=20260419T215959Z;INTERVAL=1;BYDAY=MO
EXDATE;TZID=Europe/Berlin:20260316T090000
DTSTAMP:20260101T000000Z
UID:abc@google.com
SEQUENCE:1
STATUS:CONFIRMED
SUMMARY:Ana Weber
BEGIN:VALARM
ACTION:DISPLAY
SUMMARY:not this
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Europe/Berlin:20260323T100000
DTEND;TZID=Europe/Berlin:20260330T090000
UID:abc@google.com
RECURRENCE-ID;TZID=Europe/Berlin:20260323T090000
SUMMARY:Bo Lind
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Europe/Berlin:20260406T090000
DTEND;TZID=Europe/Berlin:20260413T090000
UID:abc@google.com
RECURRENCE-ID:20260406T070000Z
STATUS:CANCELLED
SUMMARY:Ana Weber
END:VEVENT",
    );
    assert_eq!(reading.name.as_deref(), Some("Rota"));
    assert_eq!(reading.warnings, [""; 0]);
    assert_eq!(
        shown(&reading),
        [
            "2026-03-02T08:00:00Z 2026-03-09T08:00:00Z Ana Weber",
            "2026-03-09T08:00:00Z 2026-03-16T08:00:00Z Ana Weber",
            // The clocks change on 29 March: 09:00 stays 09:00.
            "2026-03-23T09:00:00Z 2026-03-30T07:00:00Z Bo Lind",
            "2026-03-30T07:00:00Z 2026-04-06T07:00:00Z Ana Weber",
            "2026-04-13T07:00:00Z 2026-04-20T07:00:00Z Ana Weber",
        ]
    );
}

#[test]
fn a_repeated_event_keeps_its_length_on_the_wall() {
    let reading = reading(
        "BEGIN:VEVENT
UID:1
DTSTART;TZID=W. Europe Standard Time:20260328T090000
DURATION:P1D
RRULE:FREQ=DAILY;COUNT=3
SUMMARY:Ana
END:VEVENT",
    );
    assert_eq!(
        shown(&reading),
        [
            "2026-03-28T08:00:00Z 2026-03-29T07:00:00Z Ana",
            "2026-03-29T07:00:00Z 2026-03-30T07:00:00Z Ana",
            "2026-03-30T07:00:00Z 2026-03-31T07:00:00Z Ana",
        ]
    );
}

#[test]
fn whole_days_and_floating_times_are_on_the_schedules_clock() {
    let reading = reading(
        "BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20260401
DTEND;VALUE=DATE:20260403
SUMMARY:Ana
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20260405
RDATE;VALUE=DATE:20260407,20260409
EXDATE;VALUE=DATE:20260409
SUMMARY:Bo
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART:20260410T180000
DTEND:20260411T060000
SUMMARY:Cy
END:VEVENT
BEGIN:VEVENT
UID:4
DTSTART;TZID=America/New_York:20260412T120000
DTEND:20260412T180000Z
SUMMARY:Di
END:VEVENT",
    );
    assert_eq!(
        shown(&reading),
        [
            "2026-03-31T22:00:00Z 2026-04-02T22:00:00Z Ana",
            "2026-04-04T22:00:00Z 2026-04-05T22:00:00Z Bo",
            "2026-04-06T22:00:00Z 2026-04-07T22:00:00Z Bo",
            "2026-04-10T16:00:00Z 2026-04-11T04:00:00Z Cy",
            "2026-04-12T16:00:00Z 2026-04-12T18:00:00Z Di",
        ]
    );
}

#[test]
fn whom_an_event_names() {
    let reading = reading(
        "BEGIN:VEVENT
UID:1
DTSTART:20260401T080000Z
DTEND:20260402T080000Z
SUMMARY:On call\\, first
ORGANIZER;CN=Boss:mailto:Boss@Example.com
ATTENDEE;CN=\"Weber, Ana\";PARTSTAT=ACCEPTED:mailto:Ana@Example.com
ATTENDEE;PARTSTAT=DECLINED:mailto:bo@example.com
ATTENDEE;CUTYPE=ROOM:mailto:room@example.com
ATTENDEE:invalid:nobody
END:VEVENT",
    );
    let whom = &reading.occurrences[0].whom;
    assert_eq!(whom.attendees, ["ana@example.com"]);
    assert_eq!(whom.summary, "On call, first");
    assert_eq!(whom.organizer.as_deref(), Some("boss@example.com"));
}

#[test]
fn a_broken_event_is_told_of_and_drags_nothing_down() {
    let reading = reading(
        "BEGIN:VEVENT
UID:1
DTSTART;TZID=Moon/Crater:20260401T080000
SUMMARY:Ana
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART:20260401T080000Z
RRULE:FREQ=MINUTELY
SUMMARY:Bo
END:VEVENT
BEGIN:VEVENT
UID:3
SUMMARY:Cy
END:VEVENT
BEGIN:VEVENT
UID:4
DTSTART:20260401T080000Z
DTEND:20260401T070000Z
END:VEVENT
BEGIN:VEVENT
UID:5
DTSTART:20260401T080000Z
DTEND:20260402T080000Z
SUMMARY:Di
END:VEVENT",
    );
    assert_eq!(
        shown(&reading),
        ["2026-04-01T08:00:00Z 2026-04-02T08:00:00Z Di"]
    );
    assert_eq!(
        reading.warnings,
        [
            "\"Ana\" of 20260401T080000: the time zone \"Moon/Crater\" is unknown",
            "\"Bo\" of 20260401T080000Z: a rule that repeats MINUTELY is too often",
            "\"Cy\": it has no DTSTART",
        ]
    );
}

#[test]
fn what_is_no_calendar_says_so() {
    let window = window("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "UTC");
    for (text, error) in [
        ("", CalendarError::NotACalendar),
        ("<!DOCTYPE html><html>", CalendarError::NotACalendar),
        ("BEGIN:VCARD\r\nEND:VCARD\r\n", CalendarError::NotACalendar),
        (
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1",
            CalendarError::Cut,
        ),
        ("BEGIN:VCALENDAR\r\n", CalendarError::Cut),
    ] {
        assert_eq!(read(text.as_bytes(), &window), Err(error), "{text}");
    }
}

#[test]
fn work_is_bounded() {
    let window = window("2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "UTC");
    let daily = "BEGIN:VEVENT\nDTSTART:00010101T000000Z\nDURATION:PT1H\n\
                 RRULE:FREQ=DAILY;COUNT=4000000000\nEND:VEVENT\n";
    let many = calendar(&daily.repeat(20));
    assert!(matches!(
        read(many.as_bytes(), &window),
        Err(CalendarError::TooManyOccurrences | CalendarError::TooMuchWork)
    ));
    let past = calendar(
        &"BEGIN:VEVENT\nDTSTART:00010101T000000Z\nDURATION:PT1H\n\
          RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\nEND:VEVENT\n"
            .repeat(100),
    );
    assert!(read(past.as_bytes(), &window).is_err());
    let large = vec![b'x'; crate::icalendar::BYTES_MAX + 1];
    assert_eq!(read(&large, &window), Err(CalendarError::TooLarge));
}

#[test]
fn a_rule_far_in_the_past_is_worked_out_at_the_window() {
    let reading = reading(
        "BEGIN:VEVENT
UID:1
DTSTART:19700105T090000Z
DURATION:P1W
RRULE:FREQ=WEEKLY;INTERVAL=5
SUMMARY:Ana
END:VEVENT",
    );
    assert_eq!(reading.occurrences.len(), 2, "{reading:?}");
    let weeks = reading.occurrences[0]
        .start
        .since(at("1970-01-05T09:00:00Z"));
    assert_eq!(weeks.as_seconds() % (5 * 7 * 86_400), 0);
}
