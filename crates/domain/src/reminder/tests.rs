use std::sync::Arc;

use super::*;
use crate::ContactMethodId;
use crate::duty::tests::{at, replace, weekly};
use crate::word::AccountRole;

pub(super) fn person(id: i64) -> User {
    User {
        id: UserId(id),
        email: format!("p{id}@example.com"),
        name: format!("Person {id}"),
        role: AccountRole::Responder,
        zone: "Europe/Berlin".into(),
        disabled: false,
        hears_answers: true,
        methods: vec![ContactMethod {
            id: ContactMethodId(id),
            kind: ContactKind::Email,
            address: format!("p{id}@example.com"),
            verified_at: Some(Timestamp(0)),
            broken: None,
        }],
        rules: vec![],
    }
}

pub(super) fn house(schedule: Schedule) -> Directory {
    let mut directory = Directory::default();
    for id in 1..5 {
        directory.users.insert(UserId(id), Arc::new(person(id)));
    }
    directory.schedules.insert(schedule.id, Arc::new(schedule));
    directory
}

fn shown(look: &Look) -> Vec<String> {
    let one = |notice: &ShiftNotice| {
        let key = notice.key;
        format!("{} {} {} {}", key.kind, key.user, key.at, key.lead)
    };
    look.due.iter().map(one).collect()
}

#[test]
fn reminders_come_a_day_and_an_hour_before() {
    let directory = house(weekly(&[1, 2]));
    // The shift of 1 begins on 2 February at 08:00 UTC.
    for (now, expected, next) in [
        ("2026-02-01T07:59:59Z", vec![], "2026-02-01T08:00:00Z"),
        (
            "2026-02-01T08:00:00Z",
            vec!["reminder 1 2026-02-02T08:00:00Z 1 d"],
            "2026-02-02T07:00:00Z",
        ),
        (
            "2026-02-02T07:00:00Z",
            vec!["reminder 1 2026-02-02T08:00:00Z 1 h"],
            "2026-02-02T08:00:00Z",
        ),
        (
            "2026-02-02T08:00:00Z",
            vec![
                "ended 2 2026-02-02T08:00:00Z 0 s",
                "began 1 2026-02-02T08:00:00Z 0 s",
            ],
            "2026-02-03T08:00:00Z",
        ),
        ("2026-02-02T09:00:01Z", vec![], "2026-02-03T09:00:01Z"),
    ] {
        let look = look(&directory, at(now));
        assert_eq!(shown(&look), expected, "{now}");
        assert_eq!(look.next, at(next), "{now}");
    }
}

#[test]
fn what_each_person_wishes() {
    let mut directory = house(weekly(&[1, 2]));
    let wish = Reminders {
        leads: vec![Span::from_days(3), Span::from_minutes(30)],
        hand_off: false,
        digest: None,
    };
    directory
        .reminders
        .insert(UserId(1), wish.checked().unwrap());
    let never = Reminders {
        leads: vec![],
        hand_off: true,
        digest: None,
    };
    directory.reminders.insert(UserId(2), never);
    let of = |now: &str| shown(&look(&directory, at(now)));
    assert_eq!(
        of("2026-01-30T08:00:00Z"),
        ["reminder 1 2026-02-02T08:00:00Z 3 d"]
    );
    assert_eq!(
        of("2026-02-02T07:30:00Z"),
        ["reminder 1 2026-02-02T08:00:00Z 30 m"]
    );
    assert_eq!(
        of("2026-02-02T08:10:00Z"),
        ["ended 2 2026-02-02T08:00:00Z 0 s"]
    );
    assert_eq!(of("2026-02-09T07:59:00Z"), [""; 0]);
    let wrong = |leads: Vec<Span>| {
        let wish = Reminders {
            leads,
            ..Reminders::default()
        };
        wish.checked().is_err()
    };
    assert!(wrong(vec![Span::from_minutes(1)]));
    assert!(wrong(vec![Span::from_days(15)]));
    assert!(wrong((1..8).map(Span::from_hours).collect()));
}

#[test]
fn an_edit_cancels_and_renews() {
    let mut schedule = weekly(&[1, 2]);
    // At 06:00 somebody makes 3 take the shift that 1 was reminded of the day before.
    schedule.overrides.push(replace(
        1,
        3,
        "2026-02-02T08:00:00Z",
        "2026-02-03T08:00:00Z",
        "2026-02-02T06:00:00Z",
    ));
    let directory = house(schedule);
    let of = |now: &str| shown(&look(&directory, at(now)));
    assert_eq!(
        of("2026-02-02T06:00:00Z"),
        ["reminder 3 2026-02-02T08:00:00Z 1 d"]
    );
    assert_eq!(
        of("2026-02-02T07:30:00Z"),
        ["reminder 3 2026-02-02T08:00:00Z 1 h"]
    );
    assert_eq!(
        of("2026-02-02T08:00:00Z"),
        [
            "ended 2 2026-02-02T08:00:00Z 0 s",
            "began 3 2026-02-02T08:00:00Z 0 s",
            "reminder 1 2026-02-03T08:00:00Z 1 d",
        ]
    );
}

#[test]
fn a_new_schedule_is_no_hand_off_and_whoever_left_hears_nothing() {
    let mut directory = house(weekly(&[1, 2]));
    // The first version began on 1 January, in the middle of nobody's shift; the first shift of 1
    // on the 5th is a hand-off from nobody.
    assert_eq!(
        shown(&look(&directory, at("2026-01-01T00:00:00Z"))),
        [""; 0]
    );
    assert_eq!(
        shown(&look(&directory, at("2026-01-05T08:00:00Z"))),
        ["began 1 2026-01-05T08:00:00Z 0 s"]
    );
    let gone = User {
        disabled: true,
        ..person(1)
    };
    directory.users.insert(UserId(1), Arc::new(gone));
    assert_eq!(
        shown(&look(&directory, at("2026-01-05T08:00:00Z"))),
        [""; 0]
    );
}

#[test]
fn what_it_says() {
    let directory = house(weekly(&[1, 2]));
    let say = |now: &str, channel| {
        let now = at(now);
        let look = look(&directory, now);
        let url = "https://q.example/schedules/shop";
        let texts = look.due.iter();
        texts
            .map(|notice| NoticeText::of(notice, &directory, channel, url, now))
            .collect::<Vec<_>>()
    };
    let [text] = &say("2026-02-01T09:00:00Z", ContactKind::Email)[..] else {
        panic!();
    };
    assert_eq!(text.subject, "On call in 23 h: Shop");
    assert!(text.body.starts_with(
        "You are on call for Shop from Mon 2 Feb 2026 09:00 CET (08:00 UTC) until Mon 9 Feb 2026 \
         09:00 CET (08:00 UTC).\n\nhttps://q.example/schedules/shop\n"
    ));
    let [ended, began] = &say("2026-02-02T08:00:00Z", ContactKind::Sms)[..] else {
        panic!();
    };
    assert_eq!(
        ended.body,
        "Your shift for Shop ended at Mon 2 Feb 2026 09:00 CET (08:00 UTC). On call now: Person 1."
    );
    assert!(
        began
            .body
            .starts_with("Since Mon 2 Feb 2026 09:00 CET (08:00 UTC) you are on call")
    );
}

#[test]
fn mail_comes_first() {
    let mut user = person(1);
    let sms = |id| ContactMethod {
        id: ContactMethodId(id),
        kind: ContactKind::Sms,
        ..user.methods[0].clone()
    };
    let (first, second) = (sms(8), sms(9));
    user.methods.insert(0, first);
    let now = Timestamp(0);
    assert_eq!(method_for(&user, now).unwrap().id, ContactMethodId(1));
    user.methods = vec![second];
    assert_eq!(method_for(&user, now).unwrap().id, ContactMethodId(9));
    user.methods.clear();
    assert!(method_for(&user, now).is_none());
}
