//! Dates on which schedules of other products have gone wrong.

use super::RotationUnit::{Days, Hours, Months, Weeks};
use super::*;

#[test]
fn a_week_keeps_its_hand_off_through_the_change_of_the_clock() {
    let berlin = schedule(
        "Europe/Berlin",
        vec![layer("AB", 1, Weeks, "2026-03-16", "09:00")],
    );
    assert_eq!(
        drawn(
            &berlin,
            "Europe/Berlin",
            "2026-03-20T00:00:00Z",
            "2026-04-08T00:00:00Z"
        ),
        [
            "03-20T01:00+01:00 03-23T09:00+01:00 A",
            "03-23T09:00+01:00 03-30T09:00+02:00 B",
            "03-30T09:00+02:00 04-06T09:00+02:00 A",
            "04-06T09:00+02:00 04-08T02:00+02:00 B",
        ]
    );
}

#[test]
fn a_hand_off_in_a_skipped_hour_happens_at_its_end() {
    let berlin = schedule(
        "Europe/Berlin",
        vec![layer("AB", 1, Days, "2026-03-28", "02:30")],
    );
    assert_eq!(
        drawn(
            &berlin,
            "Europe/Berlin",
            "2026-03-28T01:30:00Z",
            "2026-03-30T00:30:00Z"
        ),
        [
            "03-28T02:30+01:00 03-29T03:00+02:00 A",
            "03-29T03:00+02:00 03-30T02:30+02:00 B",
        ]
    );
}

#[test]
fn a_hand_off_in_a_repeated_hour_happens_the_first_time() {
    let new_york = schedule(
        "America/New_York",
        vec![layer("AB", 12, Hours, "2026-10-31", "01:30")],
    );
    assert_eq!(
        drawn(
            &new_york,
            "America/New_York",
            "2026-10-31T17:30:00Z",
            "2026-11-02T06:30:00Z"
        ),
        [
            "10-31T13:30-04:00 11-01T01:30-04:00 B",
            "11-01T01:30-04:00 11-01T13:30-05:00 A",
            "11-01T13:30-05:00 11-02T01:30-05:00 B",
        ]
    );
}

#[test]
fn one_hour_turns_skip_and_stretch_with_the_clock() {
    let spring = schedule(
        "Europe/Berlin",
        vec![layer("ABC", 1, Hours, "2026-03-29", "00:00")],
    );
    assert_eq!(
        drawn(
            &spring,
            "Europe/Berlin",
            "2026-03-28T23:00:00Z",
            "2026-03-29T03:00:00Z"
        ),
        [
            "03-29T00:00+01:00 03-29T01:00+01:00 A",
            "03-29T01:00+01:00 03-29T03:00+02:00 B",
            "03-29T03:00+02:00 03-29T04:00+02:00 A",
            "03-29T04:00+02:00 03-29T05:00+02:00 B",
        ]
    );
    let autumn = schedule(
        "Europe/Berlin",
        vec![layer("ABC", 1, Hours, "2026-10-25", "00:00")],
    );
    assert_eq!(
        drawn(
            &autumn,
            "Europe/Berlin",
            "2026-10-24T23:00:00Z",
            "2026-10-25T03:00:00Z"
        ),
        [
            "10-25T01:00+02:00 10-25T02:00+02:00 B",
            "10-25T02:00+02:00 10-25T03:00+01:00 C",
            "10-25T03:00+01:00 10-25T04:00+01:00 A",
        ]
    );
}

#[test]
fn a_change_by_half_an_hour_is_one() {
    let lord_howe = schedule(
        "Australia/Lord_Howe",
        vec![layer("AB", 1, Days, "2026-10-03", "02:15")],
    );
    assert_eq!(
        drawn(
            &lord_howe,
            "Australia/Lord_Howe",
            "2026-10-02T15:45:00Z",
            "2026-10-04T15:15:00Z"
        ),
        [
            "10-03T02:15+10:30 10-04T02:30+11:00 A",
            "10-04T02:30+11:00 10-05T02:15+11:00 B",
        ]
    );
}

#[test]
fn midnight_may_be_skipped() {
    let sao_paulo = schedule(
        "America/Sao_Paulo",
        vec![layer("AB", 1, Days, "2018-11-03", "00:00")],
    );
    assert_eq!(
        drawn(
            &sao_paulo,
            "America/Sao_Paulo",
            "2018-11-03T03:00:00Z",
            "2018-11-05T02:00:00Z"
        ),
        [
            "11-03T00:00-03:00 11-04T01:00-02:00 A",
            "11-04T01:00-02:00 11-05T00:00-02:00 B",
        ]
    );
}

#[test]
fn a_day_that_never_was_has_no_shift() {
    let apia = schedule(
        "Pacific/Apia",
        vec![layer("ABC", 1, Days, "2011-12-28", "09:00")],
    );
    assert_eq!(
        drawn(
            &apia,
            "Pacific/Apia",
            "2011-12-28T19:00:00Z",
            "2012-01-01T19:00:00Z"
        ),
        [
            "12-28T09:00-10:00 12-29T09:00-10:00 A",
            // The 30th does not exist: its hand-off falls together with the first instant of the
            // 31st, at midnight, and C is on call until nine.
            "12-29T09:00-10:00 12-31T00:00+14:00 B",
            "12-31T00:00+14:00 12-31T09:00+14:00 C",
            "12-31T09:00+14:00 01-01T09:00+14:00 A",
            "01-01T09:00+14:00 01-02T09:00+14:00 B",
        ]
    );
}

#[test]
fn a_zone_off_the_full_hour_keeps_its_time() {
    let kolkata = schedule(
        "Asia/Kolkata",
        vec![layer("AB", 12, Hours, "2026-06-01", "09:00")],
    );
    assert_eq!(
        drawn(
            &kolkata,
            "UTC",
            "2026-06-01T03:30:00Z",
            "2026-06-02T03:30:00Z"
        ),
        [
            "06-01T03:30+00:00 06-01T15:30+00:00 A",
            "06-01T15:30+00:00 06-02T03:30+00:00 B",
        ]
    );
}

#[test]
fn nights_cross_midnight_and_the_change_of_the_clock() {
    let mut nights = layer("AB", 1, Days, "2026-03-27", "12:00");
    nights.restrictions.push(Restriction {
        weekdays: vec![Weekday::Friday, Weekday::Saturday],
        from: time("22:00"),
        until: time("06:00"),
    });
    let berlin = schedule("Europe/Berlin", vec![nights]);
    let (from, until) = ("2026-03-27T00:00:00Z", "2026-04-05T00:00:00Z");
    assert_eq!(
        drawn(&berlin, "Europe/Berlin", from, until),
        [
            "03-27T22:00+01:00 03-28T06:00+01:00 A",
            "03-28T22:00+01:00 03-29T06:00+02:00 B",
            // Nights that are not worked took no turn.
            "04-03T22:00+02:00 04-04T06:00+02:00 A",
            "04-04T22:00+02:00 04-05T02:00+02:00 B",
        ]
    );
    let times = berlin.time_per_person(at(from), at(until));
    assert_eq!(times.len(), 2);
    assert_eq!(
        (times[0].user, times[0].total),
        (users("A")[0], Span::from_hours(16))
    );
    assert_eq!((times[1].total, times[1].shifts), (Span::from_hours(11), 2));
}

#[test]
fn months_that_begin_on_the_31st_come_back_to_it() {
    let utc = schedule("UTC", vec![layer("ABC", 1, Months, "2027-01-31", "09:00")]);
    assert_eq!(
        drawn(&utc, "UTC", "2027-01-31T09:00:00Z", "2027-04-30T09:00:00Z"),
        [
            "01-31T09:00+00:00 02-28T09:00+00:00 A",
            "02-28T09:00+00:00 03-31T09:00+00:00 B",
            "03-31T09:00+00:00 04-30T09:00+00:00 C",
        ]
    );
}

#[test]
fn the_highest_layer_that_has_someone_wins() {
    let mut top = layer("X.", 1, Days, "2026-06-02", "00:00");
    top.end = Some(date("2026-06-05"));
    let two = schedule(
        "UTC",
        vec![layer("AB", 1, Weeks, "2026-06-01", "00:00"), top],
    );
    let (from, until) = ("2026-06-01T00:00:00Z", "2026-06-09T00:00:00Z");
    assert_eq!(
        drawn(&two, "UTC", from, until),
        [
            "06-01T00:00+00:00 06-02T00:00+00:00 A",
            "06-02T00:00+00:00 06-03T00:00+00:00 X",
            "06-03T00:00+00:00 06-04T00:00+00:00 A",
            "06-04T00:00+00:00 06-05T00:00+00:00 X",
            "06-05T00:00+00:00 06-08T00:00+00:00 A",
            "06-08T00:00+00:00 06-09T00:00+00:00 B",
        ]
    );
    let layer_only = two.layer_shifts(0, at(from), at("2026-06-08T00:00:00Z"));
    assert_eq!(layer_only.len(), 1);
    assert_eq!(layer_only[0].end, at("2026-06-08T00:00:00Z"));
    let next = two.next_on_call(at("2026-06-04T12:00:00Z")).unwrap();
    assert_eq!(
        (letters(&next.users).as_str(), next.end),
        ("A", at("2026-06-08T00:00:00Z"))
    );
}

#[test]
fn overrides_lie_above_the_layers_in_the_order_of_their_making() {
    let mut one = schedule("UTC", vec![layer("AB", 1, Days, "2026-06-01", "00:00")]);
    let day = |hour: u32| format!("2026-06-01T{hour:02}:00:00Z");
    one.overrides = vec![
        change(4, OverrideKind::Remove, "AX", &day(16), &day(18)),
        change(1, OverrideKind::Replace, "X", &day(2), &day(8)),
        change(2, OverrideKind::Replace, "Y", &day(4), &day(6)),
        change(3, OverrideKind::Add, "ZA", &day(7), &day(12)),
        change(5, OverrideKind::Replace, "", &day(20), &day(21)),
        change(6, OverrideKind::Remove, "Q", &day(22), &day(23)),
    ];
    assert_eq!(
        drawn(&one, "UTC", &day(0), "2026-06-02T00:00:00Z"),
        [
            "06-01T00:00+00:00 06-01T02:00+00:00 A",
            "06-01T02:00+00:00 06-01T04:00+00:00 X",
            "06-01T04:00+00:00 06-01T06:00+00:00 Y",
            "06-01T06:00+00:00 06-01T07:00+00:00 X",
            "06-01T07:00+00:00 06-01T08:00+00:00 XZA",
            "06-01T08:00+00:00 06-01T12:00+00:00 AZ",
            "06-01T12:00+00:00 06-01T16:00+00:00 A",
            "06-01T18:00+00:00 06-01T20:00+00:00 A",
            "06-01T21:00+00:00 06-02T00:00+00:00 A",
        ]
    );
    assert_eq!(
        one.gaps(at(&day(0)), at("2026-06-02T00:00:00Z")),
        [(at(&day(16)), at(&day(18))), (at(&day(20)), at(&day(21)))]
    );
    assert_eq!(
        one.next_change(at(&day(12)), Span::from_days(1)),
        Some(at(&day(16)))
    );
    assert_eq!(
        one.next_change(at(&day(16)), Span::from_days(1)),
        Some(at(&day(18)))
    );
    assert_eq!(one.next_change(at(&day(12)), Span::from_hours(4)), None);
    let shift = one.on_call(at(&day(5))).unwrap();
    assert_eq!(shift.source, ShiftSource::Override { id: OverrideId(2) });
}

#[test]
fn an_override_does_not_reach_back_before_it_was_made() {
    let mut one = schedule("UTC", vec![layer("A", 1, Days, "2026-06-01", "00:00")]);
    let mut late = change(
        1,
        OverrideKind::Replace,
        "X",
        "2026-06-02T00:00:00Z",
        "2026-06-03T00:00:00Z",
    );
    late.created_at = at("2026-06-02T06:00:00Z");
    one.overrides = vec![late];
    assert_eq!(letters(&one.users_at(at("2026-06-02T05:59:59Z"))), "A");
    assert_eq!(letters(&one.users_at(at("2026-06-02T06:00:00Z"))), "X");
}

#[test]
fn a_new_version_speaks_from_its_instant_on() {
    let mut one = schedule("UTC", vec![layer("A", 1, Days, "2026-06-01", "00:00")]);
    one.versions[0].effective_from = at("2026-06-02T00:00:00Z");
    one.versions.push(ScheduleVersion {
        version: 2,
        effective_from: at("2026-06-03T12:00:00Z"),
        config: ScheduleConfig {
            zone: "Asia/Kolkata".to_owned(),
            calendars: BTreeMap::new(),
            layers: vec![layer("BC", 1, Days, "2026-06-01", "00:00")],
        },
    });
    let (from, until) = ("2026-06-01T00:00:00Z", "2026-06-04T18:30:00Z");
    assert_eq!(
        drawn(&one, "UTC", from, until),
        [
            "06-02T00:00+00:00 06-03T12:00+00:00 A",
            "06-03T12:00+00:00 06-03T18:30+00:00 B",
            "06-03T18:30+00:00 06-04T18:30+00:00 C",
        ]
    );
    let first = one.under_version(1).unwrap();
    assert_eq!(letters(&first.users_at(at("2026-06-04T00:00:00Z"))), "A");
    assert!(one.under_version(3).is_none());
}

#[test]
fn who_never_hands_over_has_an_open_end() {
    let alone = schedule(
        "Europe/Berlin",
        vec![layer("AA", 1, Weeks, "2026-03-02", "09:00")],
    );
    let now = at("2026-03-20T00:00:00Z");
    let shift = alone.on_call(now).unwrap();
    assert_eq!(shift.start, at("2026-03-02T08:00:00Z"));
    assert!(shift.open_end && shift.end > now + Span::from_days(700));
    assert_eq!(alone.next_on_call(now), None);
    assert_eq!(alone.next_change(now, Span::from_days(400)), None);
    // Before the layer begins, its first shift is next.
    let next = alone.next_on_call(at("2026-02-20T00:00:00Z")).unwrap();
    assert_eq!(next.start, shift.start);
}

#[test]
fn absurd_configurations_neither_panic_nor_hang() {
    let absurd_dates = [Date::MIN, Date::MAX, date("0001-01-01"), date("2026-02-28")];
    let instants = [
        Timestamp(i64::MIN),
        Timestamp(0),
        at("2026-03-29T01:00:00Z"),
        Timestamp(i64::MAX),
    ];
    for &unit in RotationUnit::ALL {
        for length in [0, 1, u32::MAX] {
            for start in absurd_dates {
                for end in [None, Some(Date::MIN), Some(Date::MAX)] {
                    let mut odd = layer("AB", length, unit, "2026-01-01", "24:00");
                    odd.restrictions.push(Restriction {
                        weekdays: vec![Weekday::Sunday; 3],
                        from: time("24:00"),
                        until: time("24:00"),
                    });
                    (odd.start, odd.end) = (start, end);
                    let empty = layer("", length, unit, "2026-01-01", "00:00");
                    let one = schedule("Nowhere/At_All", vec![odd, empty]);
                    for from in instants {
                        let _ = one.on_call(from);
                        let _ = one.final_shifts(from, from + Span::from_days(30));
                        let _ = one.next_on_call(from);
                        let _ = one.next_change(from, Span(i64::MAX));
                    }
                }
            }
        }
    }
    let hourly = schedule(
        "Europe/Berlin",
        vec![layer("AB", 1, Hours, "1970-01-01", "00:00")],
    );
    let all = hourly.final_shifts(Timestamp(i64::MIN), Timestamp(i64::MAX));
    assert!(all.is_empty(), "the span is cut at its end");
    let backwards = hourly.final_shifts(at("2026-03-29T01:00:00Z"), at("2026-03-28T01:00:00Z"));
    assert!(backwards.is_empty());
}

/// Linear in the number of shifts: this takes milliseconds when optimised. The bound only fails
/// when something counts from the start of a rotation or squares.
#[test]
fn a_large_schedule_renders_quickly() {
    let people: String = ('A'..='T').collect();
    let mut layers: Vec<_> = (0..5)
        .map(|_| layer(&people, 1, Hours, "1970-01-05", "00:00"))
        .collect();
    for layer in &mut layers[1..] {
        layer.restrictions.push(Restriction {
            weekdays: vec![Weekday::Monday, Weekday::Friday],
            from: time("08:00"),
            until: time("20:00"),
        });
    }
    let mut large = schedule("America/New_York", layers);
    large.overrides = (0..500)
        .map(|id| {
            let start = at("2026-02-01T00:30:00Z") + Span::from_hours(id * 4);
            Override {
                start,
                end: start + Span::from_hours(3),
                ..change(
                    id,
                    OverrideKind::Add,
                    "Z",
                    "2026-02-01T00:00:00Z",
                    "2026-02-01T00:00:00Z",
                )
            }
        })
        .collect();
    let begun = std::time::Instant::now();
    let shifts = large.final_shifts(at("2026-02-01T00:00:00Z"), at("2026-05-01T00:00:00Z"));
    let taken = begun.elapsed();
    assert!(shifts.len() > 2_000);
    assert!(taken.as_millis() < 3_000, "took {taken:?}");
}
