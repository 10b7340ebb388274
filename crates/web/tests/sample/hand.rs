//! What people change about a schedule by hand, and what a change would change for people.

use domain::Span;
use web::view::schedule_difference::*;
use web::view::schedule_temporary::*;
use web::view::*;

use super::config::calendar;
use super::*;

pub fn add(pages: &mut Vec<Sample>) {
    pages.push(draw("/schedules/platform/temporary", &temporary()));
}

pub fn difference() -> Difference {
    let duty = |hours: i64, stretches: usize| Duty {
        time: Span::from_hours(hours),
        stretches,
    };
    let changed = |start: i64, before: i64, after: Option<i64>| Changed {
        start: ahead(start),
        end: ahead(start + 500),
        before: vec![person(before)],
        after: after.map(person).into_iter().collect(),
    };
    Difference {
        from: now(),
        until: ahead(40_320),
        people: vec![
            PersonChange {
                person: person(1),
                gains: duty(12, 1),
                loses: duty(168, 14),
            },
            PersonChange {
                person: person(5),
                gains: duty(84, 7),
                loses: duty(0, 0),
            },
        ],
        rows: vec![changed(100, 1, Some(5)), changed(600, 1, None)],
        more: 3,
        lost: Span::from_hours(10),
    }
}

fn temporary() -> TemporaryPage {
    let row = |users: &[&str], start: &str, end: &str| HandRow {
        users: users.iter().map(|user| (*user).to_owned()).collect(),
        start: start.into(),
        end: end.into(),
    };
    let mut fields = Form::new()
        .with("start", "2026-12-21T09:00")
        .with("end", "2027-01-04T09:00");
    fields.reject(
        "shift-1-start",
        "Begins before the one above it ends; put several people into one shift instead.",
    );
    TemporaryPage {
        frame: frame(
            "Fill Platform by hand",
            Nav::OnCall,
            "/schedules/platform/temporary",
        ),
        name: "Platform".into(),
        slug: "platform".into(),
        zone: "Europe/Stockholm".into(),
        form: TemporaryForm {
            fields,
            shifts: vec![
                row(&["1", "3"], "2026-12-21T09:00", "2026-12-28T09:00"),
                row(&["5"], "2026-12-27T09:00", "2027-01-04T09:00"),
            ],
            press: None,
            fill: false,
        },
        people: people_choices(),
        preview: Some(calendar("2026-12-21", 14)),
        difference: Some(difference()),
    }
}
