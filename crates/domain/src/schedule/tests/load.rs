//! Load against dates, and against counting in quarters of an hour.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::RotationUnit::{Days, Weeks};
use super::sample::{QUARTER, sample};
use super::*;

fn hours(span: Span) -> i64 {
    span.as_seconds() / 3_600
}

#[test]
fn hours_are_told_apart_on_the_persons_own_clock() {
    // A has Monday 09:00 to Monday 09:00 in Berlin, with Christmas on Friday.
    let mut one = schedule(
        "Europe/Berlin",
        vec![layer("AB", 1, Weeks, "2026-12-21", "09:00")],
    );
    let christmas = Holiday {
        date: date("2026-12-25"),
        name: "Christmas".to_owned(),
    };
    one.versions[0].config.calendars = BTreeMap::from([("de".to_owned(), vec![christmas.clone()])]);
    let (from, until) = (at("2026-12-21T08:00:00Z"), at("2026-12-28T08:00:00Z"));
    let of = |zone: &'static str, holidays: Option<&[Holiday]>| {
        let loads = load(&[&one], |_| zone, holidays, from, until);
        assert_eq!(loads.len(), 1);
        assert_eq!(loads[0].time.total(), Span::from_days(7));
        assert_eq!(loads[0].schedules, [(ScheduleId(1), Span::from_days(7))]);
        let time = loads[0].time;
        [
            time.weekday_day,
            time.weekday_night,
            time.weekend_day,
            time.weekend_night,
            time.holiday_day,
            time.holiday_night,
        ]
        .map(hours)
    };
    // Monday 09:00 to 24:00, three days, Friday off, Saturday and Sunday, Monday until 09:00.
    let berlin = [13 + 3 * 14 + 1, 2 + 3 * 10 + 8, 28, 20, 14, 10];
    assert_eq!(of("Europe/Berlin", None), berlin);
    // Without a holiday Friday is a weekday.
    assert_eq!(of("Europe/Berlin", Some(&[])), [70, 50, 28, 20, 0, 0]);
    // In Tokyo the week begins at 17:00.
    assert_eq!(
        of("Asia/Tokyo", Some(&[christmas])),
        [5 + 3 * 14 + 9, 2 + 3 * 10 + 8, 28, 20, 14, 10]
    );
}

#[test]
fn two_schedules_at_once_are_one_duty() {
    let one = schedule("UTC", vec![layer("A", 1, Days, "2026-06-01", "00:00")]);
    let mut other = schedule("UTC", vec![layer("A.", 1, Days, "2026-06-01", "00:00")]);
    other.id = ScheduleId(2);
    let loads = load(
        &[&one, &other],
        |_| "UTC",
        None,
        at("2026-06-01T00:00:00Z"),
        at("2026-06-05T00:00:00Z"),
    );
    assert_eq!(hours(loads[0].time.total()), 96);
    assert_eq!(loads[0].shifts, 3);
    let each: Vec<_> = loads[0].schedules.iter().map(|one| hours(one.1)).collect();
    assert_eq!(each, [96, 48]);
}

#[test]
fn a_pause_of_less_than_eleven_hours_is_no_rest() {
    let mut day = layer("A", 1, Days, "2026-06-01", "00:00");
    let hours = |from: &str, until: &str| Restriction {
        weekdays: vec![],
        from: time(from),
        until: time(until),
    };
    day.restrictions = vec![hours("06:00", "07:00"), hours("17:59", "18:00")];
    let one = schedule("UTC", vec![day]);
    let (from, until) = (at("2026-06-01T00:00:00Z"), at("2026-06-02T06:30:00Z"));
    let loads = load(&[&one], |_| "UTC", None, from, until);
    assert_eq!(
        loads[0].short_rests,
        [Stretch {
            start: at("2026-06-01T07:00:00Z"),
            end: at("2026-06-01T17:59:00Z")
        }]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn counting_quarters_agrees(
        one in sample(),
        two in sample(),
        zones in prop::collection::vec(prop::sample::select(zones()), 26),
        named in any::<bool>(),
    ) {
        let first = one.schedule;
        let mut second = two.schedule;
        second.id = ScheduleId(2);
        // The other sample lies in another year: only its rotation is of interest.
        second.overrides.clear();
        second.temporaries.clear();
        second.versions.truncate(1);
        let zone_of = |user: UserId| zones[(user.0 - 65) as usize].as_str();
        let given = named.then(|| first.versions[0].config.calendars["days-off"].clone());
        let loads = load(&[&first, &second], zone_of, given.as_deref(), one.from, one.until);
        let mut seen = 0;
        for person in &loads {
            let zone = TimeZone::get(zone_of(person.user)).unwrap();
            let mut time = DutyTime::default();
            let mut shown = DateTime::MIN;
            let mut now = one.from - Span::from_days(1);
            while now < one.until {
                // A clock that is put back stands still instead.
                shown = shown.max(now.in_zone(&zone).datetime());
                let on: Vec<_> = [&first, &second]
                    .into_iter()
                    .filter(|schedule| schedule.users_at(now).contains(&person.user))
                    .collect();
                if now >= one.from && !on.is_empty() {
                    let date = shown.date();
                    let off = |days: &Vec<Holiday>| days.iter().any(|day| day.date == date);
                    let holiday = match &given {
                        Some(days) => off(days),
                        None => on.iter().any(|schedule| {
                            schedule.version_at(now).unwrap().config.calendars.values().any(off)
                        }),
                    };
                    let weekend = date.weekday().to_monday_zero_offset() >= 5;
                    let night = shown.hour() < 8 || shown.hour() >= 22;
                    let slot = match (holiday, weekend, night) {
                        (true, _, false) => &mut time.holiday_day,
                        (true, _, true) => &mut time.holiday_night,
                        (false, true, false) => &mut time.weekend_day,
                        (false, true, true) => &mut time.weekend_night,
                        (false, false, false) => &mut time.weekday_day,
                        (false, false, true) => &mut time.weekday_night,
                    };
                    *slot = *slot + QUARTER;
                    seen += 1;
                }
                now = now + QUARTER;
            }
            prop_assert_eq!(person.time, time, "{} in {}", person.user, zone_of(person.user));
        }
        prop_assert!(loads.is_empty() || seen > 0);
    }
}
