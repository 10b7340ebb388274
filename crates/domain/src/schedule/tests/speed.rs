//! How fast a large company is answered (DESIGN.md §6). Run in release, by itself:
//! `cargo test --release -p domain schedule::tests::speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::RotationUnit::{Days, Hours, Weeks};
use super::*;

const SCHEDULES: usize = 1_247;

fn off_hours() -> Vec<Restriction> {
    vec![
        Restriction {
            weekdays: Weekday::ALL[..5].to_vec(),
            from: time("18:00"),
            until: time("08:00"),
        },
        Restriction {
            weekdays: Weekday::ALL[5..].to_vec(),
            from: time("00:00"),
            until: time("24:00"),
        },
    ]
}

/// Three versions each, two to four layers, nights and weekends, holidays, overrides.
fn company() -> Vec<Schedule> {
    let zones = [
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Sydney",
        "UTC",
    ];
    let holidays: Vec<Holiday> = (0..60)
        .map(|n| Holiday {
            date: date("2024-01-01") + jiff::Span::new().days(n * 23),
            name: String::new(),
        })
        .collect();
    (0..SCHEDULES)
        .map(|n| {
            let mut layers = vec![layer("ABCDEF", 1, Weeks, "2023-01-02", "09:00")];
            let mut nights = layer("GHIJKLMN", 1, Days, "2023-01-02", "08:00");
            nights.restrictions = off_hours();
            nights.name = "Nights".to_owned();
            layers.push(nights);
            if n % 3 == 0 {
                let mut shifts = layer("OPQR", 12, Hours, "2023-06-01", "07:00");
                shifts.name = "Shifts".to_owned();
                shifts.holidays = Some(LayerHolidays {
                    calendar: "de-be".to_owned(),
                    when: HolidayRule::Skip,
                });
                layers.push(shifts);
            }
            if n % 5 == 0 {
                let mut festive = layer("STU", 1, Days, "2023-06-01", "00:00");
                festive.name = "Holidays".to_owned();
                festive.holidays = Some(LayerHolidays {
                    calendar: "de-be".to_owned(),
                    when: HolidayRule::Only,
                });
                layers.push(festive);
            }
            let mut one = schedule(zones[n % zones.len()], layers);
            one.id = ScheduleId(n as i64);
            one.versions[0].config.calendars =
                BTreeMap::from([("de-be".to_owned(), holidays.clone())]);
            for (version, from) in [(2, "2025-03-01T00:00:00Z"), (3, "2026-05-01T00:00:00Z")] {
                let mut next = one.versions[0].clone();
                (next.version, next.effective_from) = (version, at(from));
                one.versions.push(next);
            }
            for week in 0..20 {
                let start = at("2026-03-01T09:00:00Z") + Span::from_days(7 * week);
                one.overrides.push(Override {
                    end: start + Span::from_hours(9),
                    start,
                    ..change(
                        week,
                        OverrideKind::Replace,
                        "Z",
                        "2026-01-01T00:00:00Z",
                        "2026-01-02T00:00:00Z",
                    )
                });
            }
            one
        })
        .collect()
}

/// The best of some rounds, in which nothing else disturbed.
#[allow(clippy::print_stdout, reason = "a measurement is there to be read")]
fn best<T>(what: &str, rounds: usize, mut work: impl FnMut() -> T) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        let begun = Instant::now();
        std::hint::black_box(work());
        best = best.min(begun.elapsed());
    }
    println!("{what}: {:.2} ms", best.as_secs_f64() * 1_000.0);
    best
}

#[test]
#[ignore = "a benchmark: run by make bench"]
fn a_large_company_is_answered_quickly() {
    let company = company();
    let (from, until) = (at("2026-06-11T10:30:00Z"), at("2026-09-09T10:30:00Z"));
    let rendered = best("1,247 schedules, 90 days rendered", 5, || {
        company
            .iter()
            .map(|one| one.final_shifts(from, until).len() + one.gaps(from, until).len())
            .sum::<usize>()
    });
    let layers = best("their layers, one by one", 3, || {
        company
            .iter()
            .flat_map(|one| (0..4).map(move |layer| one.layer_shifts(layer, from, until).len()))
            .sum::<usize>()
    });
    let now = best("who is on call everywhere", 20, || {
        company
            .iter()
            .map(|one| one.users_at(from).len())
            .sum::<usize>()
    });
    let whole = best("the same with true ends", 5, || {
        company.iter().filter_map(|one| one.on_call(from)).count()
    });
    let next = best("who is next everywhere", 5, || {
        company
            .iter()
            .filter_map(|one| one.next_on_call(from))
            .count()
    });
    let schedules: Vec<&Schedule> = company.iter().collect();
    let report = best("duty of everybody in 90 days", 3, || {
        load(&schedules, |_| "Europe/Berlin", None, from, until).len()
    });
    assert!(rendered < Duration::from_secs(1), "{rendered:?}");
    assert!(now < Duration::from_millis(20), "{now:?}");
    assert!(layers < Duration::from_secs(2), "{layers:?}");
    assert!(whole < Duration::from_secs(1), "{whole:?}");
    assert!(next < Duration::from_secs(1), "{next:?}");
    assert!(report < Duration::from_secs(2), "{report:?}");
}
