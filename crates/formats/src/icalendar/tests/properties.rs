use domain::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::icalendar::{Window, read};

fn zone() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

/// Lines that are nearly right, in any order.
fn line() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("DTSTART"),
        Just("DTEND"),
        Just("DURATION"),
        Just("RRULE"),
        Just("EXDATE"),
        Just("RDATE"),
        Just("RECURRENCE-ID"),
        Just("UID"),
        Just("BEGIN"),
        Just("END"),
        Just("SUMMARY"),
        Just("ATTENDEE"),
        Just("STATUS"),
        Just("TZID"),
        Just("TZOFFSETTO"),
    ];
    let param = prop_oneof![
        Just(""),
        Just(";TZID=Europe/Berlin"),
        Just(";TZID=\"Pacific/Apia\""),
        Just(";VALUE=DATE"),
        Just(";TZID="),
        Just(";X"),
    ];
    let value = prop_oneof![
        "[0-9]{8}",
        "[0-9]{8}T[0-9]{6}Z?",
        "[12]0[0-9]{2}(0[1-9]|1[0-2])[0-2][0-9]T0[0-9]0000Z?",
        "P[0-9]{1,3}[WD]",
        "VEVENT|VCALENDAR|VTIMEZONE|VALARM",
        "FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY);(COUNT|INTERVAL)=[0-9]{1,6}",
        "FREQ=(MONTHLY|YEARLY);BYDAY=-?[1-5](MO|SU);BYSETPOS=-?[1-9];UNTIL=[0-9]{8}",
        "FREQ=YEARLY;BYMONTH=[1-9];BYMONTHDAY=-?[1-9]",
        ".{0,40}",
    ];
    (name, param, value).prop_map(|(name, param, value)| format!("{name}{param}:{value}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..400), from in any::<i64>()) {
        let window = Window { from: Timestamp(from), until: Timestamp::MAX, zone: zone() };
        drop(read(&bytes, &window));
    }

    #[test]
    fn nothing_that_looks_right_panics(
        lines in prop::collection::vec(line(), 0..30),
        days in 0_i64..4_000,
        start in -1_000_i64..60_000,
    ) {
        let body = format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20200101T090000Z\r\n{}\r\nEND:VEVENT\r\n\
             END:VCALENDAR\r\n",
            lines.join("\r\n")
        );
        let from = Timestamp::from_seconds(start * 86_400);
        let until = Timestamp::from_seconds((start + days) * 86_400);
        if let Ok(reading) = read(body.as_bytes(), &Window { from, until, zone: zone() }) {
            for one in reading.occurrences {
                prop_assert!(one.start < one.end && one.start < until && from < one.end);
            }
        }
    }

    /// What a smaller window shows is what the larger one shows of it.
    #[test]
    fn a_window_shows_a_part(
        rule in "FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY);INTERVAL=[1-4];COUNT=[1-9][0-9]{0,2}",
        bounded in any::<bool>(),
        start in 0_i64..3_000,
        length in 1_i64..90,
    ) {
        let rule = if bounded { rule } else { rule.split(";COUNT").next().unwrap().to_owned() };
        let body = format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:20200131T090000\r\n\
             DURATION:P3D\r\nRRULE:{rule}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let base = Timestamp::parse("2020-01-01T00:00:00Z").unwrap();
        let day = domain::Span::from_days(1);
        let (from, until) = (base + day * start, base + day * (start + length));
        let all = Window { from: base, until: base + day * 4_000, zone: zone() };
        let part = Window { from, until, zone: zone() };
        let all = read(body.as_bytes(), &all).unwrap().occurrences;
        let part = read(body.as_bytes(), &part).unwrap().occurrences;
        let expected: Vec<_> = all
            .into_iter()
            .filter(|one| one.start < until && from < one.end)
            .collect();
        prop_assert_eq!(part, expected);
    }
}
