use proptest::prelude::*;

use super::super::import::{KnownShift, Named, People, edition, lay_out};
use super::super::{Import, ImportPlace, ImportedShift, ShiftSource};
use super::{OverrideKind, change, schedule};
use crate::directory::{ContactMethod, User};
use crate::word::{AccountRole, ContactKind};
use crate::{ContactMethodId, ImportId, ImportedShiftId, Timestamp, UserId};

fn shift(start: i64, end: i64, users: &[i64]) -> ImportedShift {
    ImportedShift {
        start: Timestamp(start),
        end: Timestamp(end),
        users: users.iter().copied().map(UserId).collect(),
    }
}

fn import(id: i64, place: ImportPlace, shifts: Vec<ImportedShift>) -> Import {
    Import {
        id: ImportId(id),
        name: format!("calendar {id}"),
        place,
        shifts,
    }
}

#[test]
fn above_wins_below_fills_and_later_made_is_higher() {
    let mut schedule = schedule("UTC", vec![]);
    schedule.imports = vec![
        import(1, ImportPlace::Below, vec![shift(0, 100, &[1])]),
        import(2, ImportPlace::Above, vec![shift(20, 40, &[2])]),
        import(3, ImportPlace::Above, vec![shift(30, 50, &[3])]),
    ];
    let shown: Vec<_> = schedule
        .final_shifts(Timestamp(0), Timestamp(120))
        .into_iter()
        .map(|shift| (shift.start.0, shift.end.0, shift.users[0].0))
        .collect();
    assert_eq!(shown, [(0, 20, 1), (20, 30, 2), (30, 50, 3), (50, 100, 1)]);
    let on_call = schedule.on_call(Timestamp(30)).unwrap();
    assert_eq!(
        on_call.source,
        ShiftSource::Import {
            id: ImportId(3),
            name: "calendar 3".into()
        }
    );
    // An override lies above all of them.
    let mut over = change(
        9,
        OverrideKind::Replace,
        "z",
        "2026-01-01T00:00Z",
        "2026-01-02T00:00Z",
    );
    (over.start, over.end) = (Timestamp(35), Timestamp(60));
    schedule.overrides.push(over);
    assert_eq!(schedule.users_at(Timestamp(35)), [UserId(i64::from(b'z'))]);
}

fn person(id: i64, name: &str, email: &str) -> User {
    User {
        id: UserId(id),
        email: email.into(),
        name: name.into(),
        role: AccountRole::Responder,
        zone: "UTC".into(),
        disabled: false,
        hears_answers: true,
        methods: vec![ContactMethod {
            id: ContactMethodId(id),
            kind: ContactKind::Email,
            address: format!("private-{id}@example.org"),
            verified_at: Some(Timestamp(0)),
            broken: None,
        }],
        rules: vec![],
    }
}

#[test]
fn people_are_known_by_address_handle_and_whole_name() {
    let users = [
        person(1, "Ana Weber", "ana@example.com"),
        person(2, "Bo Lind", "bo@example.com"),
        person(3, "Zoë D'Arc-Müller", "zoe@example.com"),
        person(4, "Bo Lind", "lind@example.com"),
        User {
            disabled: true,
            ..person(5, "Eve Gone", "eve@example.com")
        },
    ];
    let people = People::new(users.iter());
    let find = |attendees: &[&str], summary: &str, organizer: Option<&str>| -> Vec<i64> {
        let attendees: Vec<String> = attendees.iter().map(|one| (*one).to_owned()).collect();
        let named = Named {
            attendees: &attendees,
            summary,
            organizer,
        };
        people.find(&named).into_iter().map(|user| user.0).collect()
    };
    for (summary, expected) in [
        ("Ana Weber", vec![1]),
        ("On call: ANA  weber (primary)", vec![1]),
        ("on-call ana@example.com, private-3@example.org", vec![1, 3]),
        ("@ana + @zoe", vec![1, 3]),
        ("zoë d'arc-müller – nights", vec![3]),
        ("ana", vec![1]),
        ("Ana", vec![1]),
        // No part of a name or word, no name that two have, nobody who has left.
        ("Ana Weberson", vec![]),
        ("Banana Weber", vec![]),
        ("ask ana", vec![]),
        ("Bo Lind", vec![]),
        ("Eve Gone", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(find(&[], summary, None), expected, "{summary}");
    }
    // Attendees first, the organizer last.
    let (bo, ana) = ("BO@example.com", "ana@example.com");
    assert_eq!(find(&[bo], "Ana Weber", None), [2]);
    assert_eq!(find(&["x@example.com"], "Ana Weber", Some(bo)), [1]);
    assert_eq!(find(&[], "Duty", Some(ana)), [1]);
}

#[test]
fn shifts_that_overlap_are_shared() {
    let laid = lay_out(&[
        shift(0, 10, &[1]),
        shift(5, 15, &[2]),
        shift(8, 12, &[1]),
        shift(20, 20, &[3]),
        shift(15, 18, &[2]),
    ]);
    assert_eq!(
        laid,
        [
            shift(0, 5, &[1]),
            shift(5, 8, &[1, 2]),
            shift(8, 10, &[1, 2]),
            shift(10, 12, &[1, 2]),
            shift(12, 15, &[2]),
            shift(15, 18, &[2]),
        ]
    );
}

/// The shifts that count after an edition, as the store keeps them.
fn applied(known: &[KnownShift], fresh: Vec<ImportedShift>, now: Timestamp) -> Vec<KnownShift> {
    let edition = edition(known, fresh, now);
    let mut kept: Vec<KnownShift> = known
        .iter()
        .cloned()
        .map(|mut one| {
            if edition.withdraw.contains(&one.id) {
                one.shift.end = one.shift.end.min(now);
            }
            one
        })
        .filter(|one| one.shift.start < one.shift.end)
        .collect();
    let next = kept.iter().map(|one| one.id.0).max().unwrap_or(0) + 1;
    let added = edition.add.into_iter().zip(next..);
    kept.extend(added.map(|(shift, id)| KnownShift {
        id: ImportedShiftId(id),
        shift,
    }));
    kept.sort_by_key(|one| one.shift.start);
    kept
}

fn shifts() -> impl Strategy<Value = Vec<ImportedShift>> {
    let one = (0_i64..100, 1_i64..30, prop::collection::vec(1_i64..5, 0..3));
    prop::collection::vec(one, 0..12).prop_map(|all| {
        let all: Vec<_> = all
            .into_iter()
            .map(|(start, length, users)| shift(start, start + length, &users))
            .collect();
        lay_out(&all)
    })
}

fn at(shifts: &[KnownShift], at: i64) -> Vec<UserId> {
    let found = shifts
        .iter()
        .find(|one| one.shift.start.0 <= at && at < one.shift.end.0);
    found.map(|one| one.shift.users.clone()).unwrap_or_default()
}

proptest! {
    #[test]
    fn an_edition_changes_nothing_before_it_and_everything_after(
        editions in prop::collection::vec((shifts(), 0_i64..130), 1..5),
    ) {
        let mut editions = editions;
        editions.sort_by_key(|(_, now)| *now);
        let mut known = Vec::new();
        for (fresh, now) in editions {
            let before = known.clone();
            known = applied(&known, fresh.clone(), Timestamp(now));
            // Rising and without overlap.
            for two in known.windows(2) {
                prop_assert!(two[0].shift.end <= two[1].shift.start);
            }
            for instant in 0..140 {
                let expected = if instant < now {
                    at(&before, instant)
                } else {
                    let fresh: Vec<_> = fresh
                        .iter()
                        .map(|shift| KnownShift { id: ImportedShiftId(0), shift: shift.clone() })
                        .collect();
                    at(&fresh, instant)
                };
                prop_assert_eq!(at(&known, instant), expected, "at {}", instant);
            }
            // The same edition again changes nothing.
            prop_assert!(edition(&known, fresh, Timestamp(now)).is_empty());
        }
    }

    #[test]
    fn the_point_query_equals_the_span_query(above in shifts(), below in shifts()) {
        let mut schedule = schedule("UTC", vec![]);
        schedule.imports = vec![
            import(1, ImportPlace::Above, above),
            import(2, ImportPlace::Below, below),
        ];
        let shifts = schedule.final_shifts(Timestamp(0), Timestamp(140));
        for instant in 0..140 {
            let at = Timestamp(instant);
            let spanning = shifts.iter().find(|shift| shift.contains(at));
            let spanning = spanning.map(|shift| shift.users.clone()).unwrap_or_default();
            prop_assert_eq!(schedule.users_at(at), spanning, "at {}", instant);
        }
    }
}
