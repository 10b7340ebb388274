//! Swaps, cover, and how the load is shared.

use domain::Span;
use domain::schedule::SwapState;
use web::view::holiday::*;
use web::view::report::*;
use web::view::swap::*;
use web::view::*;

use super::*;

pub fn add(pages: &mut Vec<Sample>) {
    add_holidays(pages);
    let swap = |id: i64, state: SwapState, mine: bool| SwapRow {
        id: domain::SwapId(id),
        schedule: "Platform".into(),
        slug: "platform".into(),
        giver: person(id),
        held: vec![(ahead(100), ahead(600))],
        offered_to: mine.then(|| person(2)),
        exchange: mine.then(|| (ahead(1_000), ahead(1_600))),
        note: "Dentist on Tuesday".into(),
        state,
        taken_by: (state == SwapState::Taken).then(|| person(4)),
        closed_at: (state == SwapState::Taken).then(|| ago(20)),
        can_take: state == SwapState::Offered && !mine,
        can_decline: state == SwapState::Offered && !mine,
        can_withdraw: state == SwapState::Offered && mine,
    };
    pages.push(draw(
        "/on-call/swaps",
        &SwapsPage {
            frame: frame("Swaps and cover", Nav::OnCall, "/on-call/swaps"),
            offered: vec![swap(2, SwapState::Offered, false)],
            mine: vec![swap(1, SwapState::Offered, true)],
            others: vec![swap(3, SwapState::Taken, false)],
        },
    ));
    pages.push(draw(
        "/on-call/swaps/new",
        &SwapFormPage {
            frame: frame("Ask for cover", Nav::OnCall, "/on-call/swaps/new"),
            name: "Platform".into(),
            slug: "platform".into(),
            form: Form::new().with("start", "2026-11-21T09:00"),
            people: people_choices(),
        },
    ));
    let hours = |day: i64, night: i64| domain::schedule::DutyTime {
        weekday_day: Span::from_hours(day),
        weekday_night: Span::from_hours(night),
        weekend_day: Span::from_hours(20),
        holiday_night: Span::from_hours(5),
        ..domain::schedule::DutyTime::default()
    };
    let row = |id: i64, day: i64, night: i64, against_share: i64| ReportRow {
        person: person(id),
        shifts: 6,
        time: hours(day, night),
        against_share,
        short_rests: usize::from(id == 1),
        pages: 12,
        urgent_pages: 9,
    };
    fn cover(name: &str, gaps: impl Iterator<Item = (Timestamp, Timestamp)>) -> CoverRow {
        let gaps: Vec<_> = gaps.collect();
        CoverRow {
            schedule: Link {
                label: name.into(),
                href: "/schedules/platform".into(),
            },
            uncovered: Span::from_minutes(gaps.len() as i64 * 90),
            next: (!gaps.is_empty()).then(|| (vec![person(2)], ahead(500))),
            gaps,
        }
    }
    let loads = vec![row(1, 200, 150, 31), row(5, 120, 90, -18)];
    pages.push(draw(
        "/on-call/report",
        &ReportPage {
            frame: frame("Load and fairness", Nav::OnCall, "/on-call/report"),
            chart: web::picture::LoadChart {
                title: "Time on call of each person".into(),
                people: loads
                    .iter()
                    .map(|row| (row.person.name.clone(), row.time))
                    .collect(),
            },
            rows: loads,
            covers: vec![
                cover(
                    "Night",
                    (0..5).map(|n| (ahead(n * 1_440), ahead(n * 1_440 + 90))),
                ),
                cover("Platform", std::iter::empty()),
            ],
            more: 3,
            schedules: vec![Choice::new("platform", "Platform")],
            teams: vec![Choice::new("platform", "Platform")],
            form: Form::new()
                .with("from", "2026-10-01")
                .with("until", "2026-12-31"),
            previous: "/on-call/report?from=2026-07-01".into(),
            next: "/on-call/report?from=2027-01-01".into(),
            csv: "/on-call/report.csv".into(),
        },
    ));
}

fn add_holidays(pages: &mut Vec<Sample>) {
    let day = |date: &str, day: &str, after: &str, name: &str| DayShown {
        date: date.parse().unwrap(),
        day: day.into(),
        after: after.into(),
        name: name.into(),
    };
    let christmas = || {
        day(
            "2026-12-25",
            "Fri 25 Dec 2026",
            "in 34 days",
            "Christmas Day",
        )
    };
    let row = |name: &str, slug: &str, used: bool| HolidayRow {
        name: name.into(),
        slug: slug.into(),
        next: used.then(christmas),
        ahead: 2,
        schedules: vec![link("Platform", "/schedules/platform"); usize::from(used)],
    };
    let list = |rows| HolidayListPage {
        frame: frame("Holiday calendars", Nav::OnCall, "/holidays"),
        rows,
    };
    let rows = vec![
        row("Germany, Berlin", "de-be", true),
        row("Old", "old", false),
    ];
    pages.push(draw("/holidays", &list(rows)));
    pages.push(draw("/holidays/none", &list(Vec::new())));
    let used = HolidayPage {
        frame: frame("Germany, Berlin", Nav::OnCall, "/holidays/de-be"),
        row: row("Germany, Berlin", "de-be", true),
        description: "Public holidays of the state".into(),
        coming: vec![
            christmas(),
            day("2027-01-01", "Fri 1 Jan 2027", "in 41 days", ""),
        ],
        passed: vec![day("2026-10-03", "Sat 3 Oct 2026", "", "Unity Day")],
        uses: vec![Use {
            schedule: link("Platform", "/schedules/platform"),
            layer: "Office".into(),
            meaning: "nobody on these days",
        }],
        form: Form::new(),
    };
    pages.push(draw("/holidays/de-be", &used));
    let mut form = Form::new();
    form.refuse("Nothing was deleted: type old to confirm it.");
    let unused = HolidayPage {
        row: row("Old", "old", false),
        coming: Vec::new(),
        passed: Vec::new(),
        uses: Vec::new(),
        form,
        ..used
    };
    pages.push(draw("/holidays/old", &unused));
    let mut form = Form::new().with("days", "2026-12-25 Christmas Day\nsoon");
    form.reject("days", "Line 2: begin it with a date such as 2026-12-25.");
    form.reject("file", "This is no calendar.");
    let edited = |slug: Option<&str>, passed, form| HolidayFormPage {
        frame: frame("Holiday calendar", Nav::OnCall, "/holidays/new"),
        slug: slug.map(str::to_owned),
        passed,
        form,
    };
    pages.push(draw("/holidays/new", &edited(None, 0, form)));
    let form = Form::new().with("name", "Germany, Berlin");
    pages.push(draw(
        "/holidays/de-be/edit",
        &edited(Some("de-be"), 3, form),
    ));
}
