//! Hours that the clock skips take nobody's turn (PAGING.md §5.3).

use super::RotationUnit::{Days, Hours, Months, Weeks};
use super::*;

fn only(weekdays: &[Weekday], from: &str, until: &str) -> Restriction {
    Restriction {
        weekdays: weekdays.to_vec(),
        from: time(from),
        until: time(until),
    }
}

/// Who is on call at these instants, one letter each; `.` is nobody.
fn at_each(one: &Schedule, instants: &[&str]) -> String {
    instants
        .iter()
        .map(|text| {
            let found = letters(&one.users_at(at(text)));
            // The span query sees the same.
            let shift = one.on_call(at(text));
            let listed = shift.map(|shift| letters(&shift.users)).unwrap_or_default();
            assert_eq!(found, listed, "{text}");
            if found.is_empty() {
                ".".to_owned()
            } else {
                found
            }
        })
        .collect()
}

#[test]
fn a_night_hour_that_is_skipped_is_no_turn() {
    let mut layer = layer("ABC", 1, Days, "2026-03-27", "00:00");
    layer.restrictions = vec![only(&[], "02:00", "03:00")];
    let berlin = schedule("Europe/Berlin", vec![layer]);
    let days = [
        "2026-03-27T01:30:00Z",
        "2026-03-28T01:30:00Z",
        // 02:00 is 03:00 on the 29th.
        "2026-03-29T01:00:00Z",
        "2026-03-30T00:30:00Z",
        "2026-03-31T00:30:00Z",
    ];
    assert_eq!(at_each(&berlin, &days), "AB.CA");
    // A year and two changes of the clock later, everybody has had the same number of turns: 364
    // nights of 365 took one.
    assert_eq!(at_each(&berlin, &["2027-03-27T01:30:00Z"]), "B");
    assert_eq!(
        at_each(&berlin, &["2027-03-29T00:30:00Z"]),
        "C",
        "364 and 1 of the nights since"
    );
}

#[test]
fn a_week_whose_only_hours_are_skipped_is_no_turn() {
    let mut layer = layer("AB", 1, Weeks, "2026-03-16", "09:00");
    layer.restrictions = vec![only(&[Weekday::Sunday], "02:00", "02:45")];
    let berlin = schedule("Europe/Berlin", vec![layer]);
    let sundays = [
        "2026-03-22T01:30:00Z",
        "2026-03-29T01:00:00Z",
        "2026-04-05T00:30:00Z",
        "2026-04-12T00:30:00Z",
    ];
    assert_eq!(at_each(&berlin, &sundays), "A.BA");
}

#[test]
fn a_skipped_hour_beside_one_that_is_worked_costs_nobody_anything() {
    let mut layer = layer("AB", 1, Days, "2026-03-28", "00:00");
    layer.restrictions = vec![only(&[], "02:00", "03:15")];
    let berlin = schedule("Europe/Berlin", vec![layer]);
    let days = [
        "2026-03-28T01:30:00Z",
        "2026-03-29T01:10:00Z",
        "2026-03-30T00:30:00Z",
    ];
    assert_eq!(at_each(&berlin, &days), "ABA");
}

#[test]
fn a_day_that_never_was_takes_no_turn_of_those_who_work_in_hours() {
    let days = [
        "2011-12-29T20:00:00Z",
        // The 31st and on: there was no 30th.
        "2011-12-30T20:00:00Z",
        "2011-12-31T20:00:00Z",
    ];
    let mut office = layer("ABC", 1, Days, "2011-12-28", "00:00");
    office.restrictions = vec![only(&[], "09:00", "17:00")];
    let apia = schedule("Pacific/Apia", vec![office]);
    assert_eq!(at_each(&apia, &days), "BCA");
    // The only Friday of the week is the one that is missing.
    let mut fridays = layer("AB", 1, Weeks, "2011-12-19", "00:00");
    fridays.restrictions = vec![only(&[Weekday::Friday], "09:00", "17:00")];
    let apia = schedule("Pacific/Apia", vec![fridays]);
    let weeks = ["2011-12-23T20:00:00Z", "2012-01-05T20:00:00Z"];
    assert_eq!(at_each(&apia, &weeks), "AB");
    // Hourly turns: eight of them are missing, and nobody's ninth is.
    let mut hourly = layer("ABC", 1, Hours, "2011-12-29", "09:00");
    hourly.restrictions = vec![only(&[], "09:00", "17:00")];
    let apia = schedule("Pacific/Apia", vec![hourly]);
    let hours = ["2011-12-30T02:30:00Z", "2011-12-30T19:30:00Z"];
    assert_eq!(at_each(&apia, &hours), "BC");
}

#[test]
fn days_off_and_skipped_hours_together_are_counted_once() {
    let day = |text: &str| Holiday {
        date: date(text),
        name: String::new(),
    };
    let mut skip = layer("ABC", 1, Days, "2026-03-27", "00:00");
    skip.restrictions = vec![only(&[], "02:00", "03:00")];
    skip.holidays = Some(LayerHolidays {
        calendar: "off".to_owned(),
        when: HolidayRule::Skip,
    });
    let mut one = schedule("Europe/Berlin", vec![skip.clone()]);
    let days = vec![day("2026-03-28"), day("2026-03-29")];
    one.versions[0]
        .config
        .calendars
        .insert("off".to_owned(), days);
    let nights = [
        "2026-03-27T01:30:00Z",
        "2026-03-30T00:30:00Z",
        "2026-03-31T00:30:00Z",
    ];
    assert_eq!(at_each(&one, &nights), "ABC");
    // Only on the day whose hours are skipped: never.
    let mut months = layer("AB", 1, Months, "2026-03-01", "00:00");
    months.restrictions = vec![only(&[], "02:00", "03:00")];
    months.holidays = Some(LayerHolidays {
        calendar: "off".to_owned(),
        when: HolidayRule::Only,
    });
    let mut one = schedule("Europe/Berlin", vec![months]);
    let days = vec![day("2026-03-29"), day("2026-04-03"), day("2026-05-01")];
    one.versions[0]
        .config
        .calendars
        .insert("off".to_owned(), days);
    let nights = ["2026-04-03T00:30:00Z", "2026-05-01T00:30:00Z"];
    assert_eq!(at_each(&one, &nights), "AB");
}

#[test]
fn without_hours_of_its_own_a_rotation_keeps_to_the_clock() {
    let hourly = layer("AB", 1, Hours, "2026-03-28", "00:00");
    let berlin = schedule("Europe/Berlin", vec![hourly]);
    // Who has the even hours has them after the change, too.
    let hours = ["2026-03-28T03:30:00Z", "2026-03-30T02:30:00Z"];
    assert_eq!(at_each(&berlin, &hours), "AA");
}
