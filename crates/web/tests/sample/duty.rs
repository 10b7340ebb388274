//! Swaps, cover, and how the load is shared.

use domain::Span;
use domain::schedule::SwapState;
use web::view::report::*;
use web::view::swap::*;
use web::view::*;

use super::*;

pub fn add(pages: &mut Vec<Sample>) {
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
