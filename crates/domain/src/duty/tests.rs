use jiff::civil::date;

use super::*;
use crate::schedule::{
    Layer, Override, OverrideKind, Participant, Rotation, RotationUnit, ScheduleConfig,
    ScheduleVersion, TimeOfDay,
};
use crate::{OverrideId, Span};

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A weekly rotation from Monday 2026-01-05 09:00 in Berlin.
pub(crate) fn weekly(people: &[i64]) -> Schedule {
    let layer = Layer {
        name: "Primary".into(),
        participants: people
            .iter()
            .map(|user| Participant::from(UserId(*user)))
            .collect(),
        rotation: Rotation {
            length: 1,
            unit: RotationUnit::Weeks,
        },
        handoff: "09:00".parse::<TimeOfDay>().unwrap(),
        start: date(2026, 1, 5),
        end: None,
        restrictions: vec![],
        holidays: None,
    };
    Schedule {
        id: ScheduleId(7),
        slug: "shop".into(),
        name: "Shop".into(),
        description: String::new(),
        team_id: None,
        versions: vec![ScheduleVersion {
            version: 1,
            effective_from: at("2026-01-01T00:00:00Z"),
            config: ScheduleConfig {
                zone: "Europe/Berlin".into(),
                layers: vec![layer],
                ..ScheduleConfig::default()
            },
        }],
        overrides: vec![],
        temporaries: vec![],
        imports: vec![],
    }
}

pub(crate) fn replace(id: i64, user: i64, start: &str, end: &str, made: &str) -> Override {
    Override {
        id: OverrideId(id),
        start: at(start),
        end: at(end),
        kind: OverrideKind::Replace,
        users: vec![UserId(user)],
        created_by: None,
        created_at: at(made),
        swap: None,
    }
}

fn shown(schedule: &Schedule, from: &str, until: &str) -> Vec<String> {
    let from = at(from);
    let duties = duties(schedule, from, at(until));
    let names = names(schedule, &duties, from);
    let each = duties.iter().zip(names);
    each.map(|(duty, name)| format!("{name} {} {}", duty.start, duty.end))
        .collect()
}

#[test]
fn names_survive_edits() {
    let mut schedule = weekly(&[1, 2]);
    let before = shown(&schedule, "2026-02-01T00:00:00Z", "2026-02-20T00:00:00Z");
    assert_eq!(
        before,
        [
            "duty-7-2-2026-01-26-1 2026-01-26T08:00:00Z 2026-02-02T08:00:00Z",
            "duty-7-1-2026-02-02-1 2026-02-02T08:00:00Z 2026-02-09T08:00:00Z",
            "duty-7-2-2026-02-09-1 2026-02-09T08:00:00Z 2026-02-16T08:00:00Z",
            "duty-7-1-2026-02-16-1 2026-02-16T08:00:00Z 2026-02-23T08:00:00Z",
        ]
    );
    // Another layer name, another hand-off, somebody who takes over the end of a shift.
    let mut config = schedule.versions[0].config.clone();
    config.layers[0].name = "First".into();
    config.layers[0].handoff = "10:30".parse().unwrap();
    schedule = schedule.edited(config, at("2026-02-03T00:00:00Z"));
    schedule.overrides.push(replace(
        1,
        3,
        "2026-02-14T08:00:00Z",
        "2026-02-15T08:00:00Z",
        "2026-02-03T00:00:00Z",
    ));
    assert_eq!(
        shown(&schedule, "2026-02-01T00:00:00Z", "2026-02-20T00:00:00Z"),
        [
            "duty-7-2-2026-01-26-1 2026-01-26T08:00:00Z 2026-02-02T08:00:00Z",
            "duty-7-1-2026-02-02-1 2026-02-02T08:00:00Z 2026-02-09T09:30:00Z",
            "duty-7-2-2026-02-09-1 2026-02-09T09:30:00Z 2026-02-14T08:00:00Z",
            "duty-7-3-2026-02-14-1 2026-02-14T08:00:00Z 2026-02-15T08:00:00Z",
            "duty-7-2-2026-02-15-1 2026-02-15T08:00:00Z 2026-02-16T09:30:00Z",
            "duty-7-1-2026-02-16-1 2026-02-16T09:30:00Z 2026-02-23T09:30:00Z",
        ]
    );
}

#[test]
fn names_do_not_depend_on_the_span() {
    // Several duties a day: the second keeps its number when the first is out of sight.
    let mut schedule = weekly(&[1, 2]);
    for (id, hour) in [(1, 10), (2, 12), (3, 14)] {
        schedule.overrides.push(replace(
            id,
            3,
            &format!("2026-02-04T{hour}:00:00Z"),
            &format!("2026-02-04T{}:00:00Z", hour + 1),
            "2026-01-01T00:00:00Z",
        ));
    }
    let until = "2026-02-08T00:00:00Z";
    let all = shown(&schedule, "2026-01-20T00:00:00Z", until);
    assert_eq!(
        all.iter()
            .filter(|one| one.starts_with("duty-7-3-"))
            .count(),
        3
    );
    for hours in 0..200 {
        let from = at("2026-02-01T00:00:00Z") + Span::from_minutes(60 * hours + 30);
        for one in shown(&schedule, &from.to_string(), until) {
            assert!(all.contains(&one), "{one} from {from}");
        }
    }
}

#[test]
fn a_duty_is_whole_whatever_it_consists_of() {
    // Ana's week, covered by an override that gives it to Ana again and one that adds Cy.
    let mut schedule = weekly(&[1, 2]);
    schedule.overrides.push(replace(
        1,
        1,
        "2026-02-03T08:00:00Z",
        "2026-02-04T08:00:00Z",
        "2026-01-01T00:00:00Z",
    ));
    schedule.overrides.push(Override {
        kind: OverrideKind::Add,
        ..replace(
            2,
            3,
            "2026-02-05T08:00:00Z",
            "2026-02-12T08:00:00Z",
            "2026-01-01T00:00:00Z",
        )
    });
    let expected = [
        "duty-7-1-2026-02-02-1 2026-02-02T08:00:00Z 2026-02-09T08:00:00Z",
        "duty-7-3-2026-02-05-1 2026-02-05T08:00:00Z 2026-02-12T08:00:00Z",
    ];
    assert_eq!(
        shown(&schedule, "2026-02-06T00:00:00Z", "2026-02-07T00:00:00Z"),
        expected
    );
}

#[test]
fn whoever_is_alone_has_one_duty_without_an_end() {
    let schedule = weekly(&[1]);
    for (from, until) in [("2026-02-06", "2026-02-07"), ("2061-02-06", "2061-02-07")] {
        let (from, until) = (
            at(&format!("{from}T00:00:00Z")),
            at(&format!("{until}T00:00:00Z")),
        );
        let duties = duties(&schedule, from, until);
        assert!(duties[0].open_end);
        let names = names(&schedule, &duties, from);
        assert_eq!(names[0].to_string(), "duty-7-1-2026-01-05-1");
    }
}
