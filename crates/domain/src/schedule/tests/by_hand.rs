//! Holidays, shadows, temporary schedules and swaps on real dates.

use super::RotationUnit::{Days, Weeks};
use super::*;

fn off(dates: &[&str]) -> BTreeMap<String, Vec<Holiday>> {
    let days = dates.iter().map(|text| Holiday {
        date: date(text),
        name: (*text).to_owned(),
    });
    BTreeMap::from([("de-be".to_owned(), days.collect())])
}

fn with_holidays(mut one: Schedule, when: HolidayRule, dates: &[&str]) -> Schedule {
    let config = &mut one.versions[0].config;
    config.calendars = off(dates);
    for layer in &mut config.layers {
        layer.holidays = Some(LayerHolidays {
            calendar: "de-be".to_owned(),
            when,
        });
    }
    one
}

#[test]
fn a_day_off_leaves_the_turn_to_whoever_would_have_had_it() {
    let daily = schedule(
        "Europe/Berlin",
        vec![layer("ABC", 1, Days, "2026-12-23", "00:00")],
    );
    let skipping = with_holidays(daily, HolidayRule::Skip, &["2026-12-25", "2026-12-26"]);
    assert_eq!(
        drawn(
            &skipping,
            "Europe/Berlin",
            "2026-12-22T23:00:00Z",
            "2026-12-28T23:00:00Z"
        ),
        [
            "12-23T00:00+01:00 12-24T00:00+01:00 A",
            "12-24T00:00+01:00 12-25T00:00+01:00 B",
            "12-27T00:00+01:00 12-28T00:00+01:00 C",
            "12-28T00:00+01:00 12-29T00:00+01:00 A",
        ]
    );
}

#[test]
fn an_edited_calendar_changes_what_is_to_come() {
    let daily = layer("AB", 1, Days, "2026-12-01", "00:00");
    let mut one = with_holidays(
        schedule("UTC", vec![daily]),
        HolidayRule::Skip,
        &["2026-12-04", "2026-12-24"],
    );
    let now = at("2026-12-10T00:00:00Z");
    one = one.edited(one.versions[0].config.clone(), at("2026-12-20T00:00:00Z"));
    let mut config = one.versions[0].config.clone();
    config.layers[0].holidays = None;
    config.calendars.clear();
    one = one.edited(config, at("2026-12-30T00:00:00Z"));
    let days = off(&["2026-12-04", "2026-12-25"])["de-be"].clone();
    let new = one.with_calendar("de-be", &days, now);
    let seen: Vec<_> = new
        .iter()
        .map(|one| (one.version, one.effective_from))
        .collect();
    assert_eq!(seen, [(4, now), (5, at("2026-12-20T00:00:00Z"))]);
    let mut edited = one.clone();
    edited.versions.extend(new);
    edited
        .versions
        .sort_by_key(|one| (one.effective_from, one.version));
    let difference = one.difference(
        &edited,
        at("2026-12-01T00:00:00Z"),
        at("2027-01-10T00:00:00Z"),
    );
    assert_eq!(difference.len(), 2, "the 24th and the 25th: {difference:?}");
    assert!(
        edited.with_calendar("de-be", &days, now).is_empty(),
        "nothing is left to change"
    );
    assert!(edited.uses_calendar("de-be", now));
    assert!(!edited.uses_calendar("de-be", at("2026-12-31T00:00:00Z")));
    assert!(!edited.uses_calendar("other", now));
}

#[test]
fn a_layer_for_holidays_lies_over_the_usual_one() {
    let usual = layer("A", 1, Weeks, "2026-12-21", "09:00");
    let mut festive = layer("XY", 1, Days, "2026-12-01", "00:00");
    festive.holidays = Some(LayerHolidays {
        calendar: "de-be".to_owned(),
        when: HolidayRule::Only,
    });
    let mut both = schedule("Europe/Berlin", vec![usual, festive]);
    both.versions[0].config.calendars = off(&["2026-12-25", "2026-12-26", "2027-01-01"]);
    assert_eq!(
        drawn(
            &both,
            "Europe/Berlin",
            "2026-12-24T11:00:00Z",
            "2027-01-02T11:00:00Z"
        ),
        [
            "12-24T12:00+01:00 12-25T00:00+01:00 A",
            "12-25T00:00+01:00 12-26T00:00+01:00 X",
            "12-26T00:00+01:00 12-27T00:00+01:00 Y",
            "12-27T00:00+01:00 01-01T00:00+01:00 A",
            "01-01T00:00+01:00 01-02T00:00+01:00 X",
            "01-02T00:00+01:00 01-02T12:00+01:00 A",
        ]
    );
}

#[test]
fn a_holiday_is_as_long_as_its_zone_makes_it() {
    // The clock changes on Sunday 2026-03-29, and Apia had no 2011-12-30 at all.
    let berlin = schedule(
        "Europe/Berlin",
        vec![layer("A", 1, Days, "2026-03-01", "00:00")],
    );
    let berlin = with_holidays(berlin, HolidayRule::Only, &["2026-03-29"]);
    let found = berlin.final_shifts(at("2026-03-20T00:00:00Z"), at("2026-04-01T00:00:00Z"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].end.since(found[0].start), Span::from_hours(23));
    let apia = schedule(
        "Pacific/Apia",
        vec![layer("A", 1, Days, "2011-12-01", "00:00")],
    );
    let apia = with_holidays(apia, HolidayRule::Only, &["2011-12-30"]);
    assert_eq!(
        apia.final_shifts(at("2011-12-20T00:00:00Z"), at("2012-01-05T00:00:00Z")),
        []
    );
}

#[test]
fn shadows_are_shown_and_never_counted() {
    let mut primary = layer("A.", 1, Days, "2026-06-01", "00:00");
    primary.participants[0].shadows = users("EA");
    primary.participants[1].shadows = users("F");
    let one = schedule("UTC", vec![primary]);
    let (from, until) = (at("2026-06-01T00:00:00Z"), at("2026-06-03T00:00:00Z"));
    let shifts = one.final_shifts(from, until);
    assert_eq!(shifts.len(), 1);
    assert_eq!(
        (letters(&shifts[0].users), letters(&shifts[0].shadows)),
        ("A".into(), "E".into())
    );
    assert_eq!(one.users_at(from), users("A"));
    // Whom nobody on call accompanies is no coverage.
    assert_eq!(one.gaps(from, until), [(at("2026-06-02T00:00:00Z"), until)]);
    let mut covered = one.clone();
    covered.overrides = vec![change(
        1,
        OverrideKind::Replace,
        "E",
        "2026-06-01T06:00:00Z",
        "2026-06-01T12:00:00Z",
    )];
    let shifts = covered.final_shifts(from, until);
    let shown: Vec<_> = shifts
        .iter()
        .map(|shift| format!("{}/{}", letters(&shift.users), letters(&shift.shadows)))
        .collect();
    assert_eq!(shown, ["A/E", "E/A", "A/E"]);
}

fn by_hand(id: i64, start: &str, end: &str, shifts: &[(&str, &str, &str)]) -> Temporary {
    Temporary {
        id: TemporaryId(id),
        start: at(start),
        end: at(end),
        shifts: shifts
            .iter()
            .map(|(start, end, people)| TemporaryShift {
                start: at(start),
                end: at(end),
                users: users(people),
            })
            .collect(),
        created_by: None,
        created_at: Timestamp(id),
    }
}

#[test]
fn a_temporary_schedule_counts_alone_within_its_span() {
    let mut one = schedule("UTC", vec![layer("AB", 1, Days, "2026-06-01", "00:00")]);
    one.temporaries = vec![by_hand(
        1,
        "2026-06-02T12:00:00Z",
        "2026-06-04T12:00:00Z",
        &[
            ("2026-06-02T12:00:00Z", "2026-06-03T06:00:00Z", "XY"),
            ("2026-06-03T18:00:00Z", "2026-06-04T12:00:00Z", "A"),
        ],
    )];
    one.overrides = vec![change(
        2,
        OverrideKind::Add,
        "Z",
        "2026-06-03T05:00:00Z",
        "2026-06-03T07:00:00Z",
    )];
    let (from, until) = ("2026-06-02T00:00:00Z", "2026-06-05T00:00:00Z");
    assert_eq!(
        drawn(&one, "UTC", from, until),
        [
            "06-02T00:00+00:00 06-02T12:00+00:00 B",
            "06-02T12:00+00:00 06-03T05:00+00:00 XY",
            "06-03T05:00+00:00 06-03T06:00+00:00 XYZ",
            "06-03T06:00+00:00 06-03T07:00+00:00 Z",
            "06-03T18:00+00:00 06-04T12:00+00:00 A",
            "06-04T12:00+00:00 06-05T00:00+00:00 B",
        ]
    );
    let shift = one.on_call(at("2026-06-02T13:00:00Z")).unwrap();
    assert_eq!(shift.source, ShiftSource::Temporary { id: TemporaryId(1) });
    assert_eq!(
        one.gaps(at(from), at(until)),
        [(at("2026-06-03T07:00:00Z"), at("2026-06-03T18:00:00Z"))]
    );
}

#[test]
fn of_two_temporary_schedules_the_later_made_counts() {
    let mut one = schedule("UTC", vec![layer("A", 1, Days, "2026-06-01", "00:00")]);
    let (noon, midnight) = ("2026-06-02T12:00:00Z", "2026-06-03T00:00:00Z");
    let whole = by_hand(
        1,
        "2026-06-02T00:00:00Z",
        midnight,
        &[("2026-06-02T00:00:00Z", midnight, "X")],
    );
    let mut late = by_hand(2, "2026-06-02T06:00:00Z", noon, &[]);
    late.created_at = at("2026-06-02T08:00:00Z");
    one.temporaries = vec![late, whole];
    assert_eq!(
        drawn(&one, "UTC", "2026-06-01T12:00:00Z", "2026-06-03T12:00:00Z"),
        [
            "06-01T12:00+00:00 06-02T00:00+00:00 A",
            // What was made at 08:00 has no effect before.
            "06-02T00:00+00:00 06-02T08:00+00:00 X",
            "06-02T12:00+00:00 06-03T00:00+00:00 X",
            "06-03T00:00+00:00 06-03T12:00+00:00 A",
        ]
    );
}

fn request(start: &str, end: &str) -> SwapRequest {
    SwapRequest {
        id: SwapId(7),
        schedule_id: ScheduleId(1),
        giver: users("A")[0],
        start: at(start),
        end: at(end),
        held: Vec::new(),
        offered_to: None,
        exchange: None,
        note: String::new(),
        state: SwapState::Offered,
        taken_by: None,
        created_by: None,
        created_at: Timestamp(0),
        closed_at: None,
        closed_by: None,
    }
}

const BEFORE: &str = "2026-05-20T00:00:00Z";

/// A and B daily, with C beside B.
fn pairs() -> Schedule {
    let mut daily = layer("AB", 1, Days, "2026-06-01", "00:00");
    daily.participants[1] = users("BC").into();
    schedule("UTC", vec![daily])
}

#[test]
fn a_swap_taken_puts_each_in_the_others_place() {
    let mut one = pairs();
    let mut offer = request("2026-06-03T00:00:00Z", "2026-06-05T12:00:00Z");
    offer.exchange = Some(Stretch {
        start: at("2026-06-06T00:00:00Z"),
        end: at("2026-06-07T00:00:00Z"),
    });
    let offer = offer.offer(&one, at(BEFORE)).unwrap();
    assert_eq!(offer.held.len(), 2, "the 3rd, and the 5th until noon");
    let b = users("B")[0];
    // Nothing happens until it is taken.
    assert_eq!(one.users_at(at("2026-06-03T06:00:00Z")), users("A"));
    one.overrides = offer.take(&one, b, Some(b), at(BEFORE)).unwrap();
    assert_eq!(
        drawn(&one, "UTC", "2026-06-02T00:00:00Z", "2026-06-07T00:00:00Z"),
        [
            "06-02T00:00+00:00 06-03T00:00+00:00 BC",
            "06-03T00:00+00:00 06-04T00:00+00:00 B",
            "06-04T00:00+00:00 06-05T00:00+00:00 BC",
            "06-05T00:00+00:00 06-05T12:00+00:00 B",
            "06-05T12:00+00:00 06-06T00:00+00:00 A",
            "06-06T00:00+00:00 06-07T00:00+00:00 AC",
        ]
    );
    let source = one.on_call(at("2026-06-03T06:00:00Z")).unwrap().source;
    assert!(matches!(
        source,
        ShiftSource::Swap {
            swap: SwapId(7),
            ..
        }
    ));
}

#[test]
fn an_offer_must_be_of_something() {
    let one = pairs();
    let now = at("2026-06-03T12:00:00Z");
    let refused = |request: SwapRequest| request.offer(&one, now).err();
    let (third, fourth, fifth) = (
        "2026-06-03T00:00:00Z",
        "2026-06-04T00:00:00Z",
        "2026-06-05T00:00:00Z",
    );
    assert_eq!(
        refused(request(fourth, third)),
        Some(SwapProblem::Backwards)
    );
    assert_eq!(
        refused(request("2026-06-01T00:00:00Z", third)),
        Some(SwapProblem::Past)
    );
    assert_eq!(
        refused(request(fourth, "2027-06-06T00:00:00Z")),
        Some(SwapProblem::TooLong)
    );
    assert_eq!(
        refused(request(fourth, fifth)),
        Some(SwapProblem::NotOnCall)
    );
    let mut own = request(third, fourth);
    own.offered_to = Some(own.giver);
    assert_eq!(refused(own), Some(SwapProblem::ToOneself));
    let mut bargain = request(third, fourth);
    bargain.offered_to = Some(users("B")[0]);
    bargain.exchange = Some(Stretch {
        start: at(fifth),
        end: at("2026-06-06T00:00:00Z"),
    });
    assert_eq!(
        refused(bargain.clone()),
        Some(SwapProblem::NothingInExchange)
    );
    bargain.exchange = Some(Stretch {
        start: now,
        end: at(fifth),
    });
    assert_eq!(refused(bargain), Some(SwapProblem::SpansOverlap));
    // Half of the third has been; the rest can be offered.
    let rest = request(third, fifth).offer(&one, now).unwrap();
    assert_eq!(
        rest.held,
        [Stretch {
            start: now,
            end: at(fourth)
        }]
    );
}

#[test]
fn what_has_changed_meanwhile_is_refused() {
    let one = pairs();
    let offer = request("2026-06-03T00:00:00Z", "2026-06-06T00:00:00Z")
        .offer(&one, at(BEFORE))
        .unwrap();
    let take = |schedule: &Schedule, offer: &SwapRequest, who: &str, now: &str| {
        offer.take(schedule, users(who)[0], None, at(now)).err()
    };
    assert_eq!(take(&one, &offer, "X", BEFORE), None);
    assert_eq!(
        take(&one, &offer, "A", BEFORE),
        Some(SwapProblem::ToOneself)
    );
    assert_eq!(
        take(&one, &offer, "X", "2026-06-06T00:00:00Z"),
        Some(SwapProblem::Over)
    );
    // In the middle of it the rest can still be taken.
    assert_eq!(take(&one, &offer, "X", "2026-06-05T06:00:00Z"), None);
    let mut taken = offer.clone();
    taken.state = SwapState::Taken;
    assert_eq!(take(&one, &taken, "X", BEFORE), Some(SwapProblem::Closed));
    let mut directed = offer.clone();
    directed.offered_to = Some(users("Y")[0]);
    assert_eq!(
        take(&one, &directed, "X", BEFORE),
        Some(SwapProblem::ForSomebodyElse)
    );
    let mut changed = one.clone();
    changed.overrides = vec![change(
        1,
        OverrideKind::Replace,
        "Y",
        "2026-06-03T00:00:00Z",
        "2026-06-03T01:00:00Z",
    )];
    assert_eq!(
        take(&changed, &offer, "X", BEFORE),
        Some(SwapProblem::Changed)
    );
    let mut beside = one.clone();
    beside.overrides = vec![change(
        1,
        OverrideKind::Add,
        "X",
        "2026-06-03T00:00:00Z",
        "2026-06-03T01:00:00Z",
    )];
    assert_eq!(
        take(&beside, &offer, "X", BEFORE),
        Some(SwapProblem::OnCallAlready)
    );
}
