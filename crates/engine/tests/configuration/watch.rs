//! Temporary schedules, swaps, previews and reports.

use domain::schedule::{
    Holiday, HolidayRule, LayerHolidays, ScheduleConfig, ShiftSource, Stretch, SwapState,
    TemporaryShift,
};
use domain::word::AccountRole;
use domain::{ScheduleId, Span, SwapId, TemporaryId, Timestamp, UserId};
use engine::configuration::holiday::{CalendarInput, create_calendar};
use engine::configuration::schedule::{
    OverrideInput, ScheduleInput, add_override, create_schedule, edit_schedule,
};
use engine::configuration::swap::{SwapInput, decline_swap, offer_swap, take_swap, withdraw_swap};
use engine::configuration::temporary::{TemporaryInput, add_temporary, withdraw_temporary};
use engine::schedule::{ReportQuery, on_call_report, preview};
use engine::{Error, OpContext};

use crate::house::{House, NOW, assert_forbidden, context, fields, later, observer, root};

crate::on_both! {
    a_span_is_filled_by_hand
    a_swap_is_offered_and_taken_in_one_piece
    whose_shifts_one_may_offer_and_take
    what_has_changed_meanwhile_is_refused
    a_preview_is_what_saving_makes
    duty_is_reported
}

/// 2027-01-15T08:00Z, a Friday; daily at 00:00 UTC since Monday 2027-01-11.
pub fn config(users: &[UserId]) -> ScheduleConfig {
    let turns: Vec<_> = users
        .iter()
        .map(|id| serde_json::json!({"users": [id]}))
        .collect();
    serde_json::from_value(serde_json::json!({
        "zone": "UTC",
        "layers": [{
            "name": "Daily", "participants": turns, "rotation": {"unit": "days"},
            "start": "2027-01-11",
        }],
    }))
    .unwrap()
}

pub fn input(config: ScheduleConfig) -> ScheduleInput {
    ScheduleInput {
        name: "Platform".into(),
        slug: None,
        description: String::new(),
        team_id: None,
        config,
        effective_from: None,
    }
}

fn responder(user: UserId) -> OpContext {
    context(user, AccountRole::Responder)
}

/// Midnight of a day of January 2027.
pub fn day(day: i64) -> Timestamp {
    Timestamp::parse("2027-01-01T00:00:00Z").unwrap() + Span::from_days(day - 1)
}

pub fn calendar(dates: &[&str]) -> CalendarInput {
    CalendarInput {
        name: "Berlin".into(),
        slug: Some("de-be".into()),
        description: String::new(),
        days: dates
            .iter()
            .map(|date| Holiday {
                date: date.parse().unwrap(),
                name: " Day off ".into(),
            })
            .collect(),
        file: None,
    }
}

pub fn skipping(mut config: ScheduleConfig) -> ScheduleConfig {
    config.layers[0].holidays = Some(LayerHolidays {
        calendar: "de-be".into(),
        when: HolidayRule::Skip,
    });
    config
}

async fn a_span_is_filled_by_hand(house: &House) {
    let (bo, eve) = (house.person("Bo").await.id, house.person("Eve").await.id);
    let store = &house.store;
    let id = create_schedule(store, &root(), input(config(&[bo])))
        .await
        .unwrap();
    let shift = |from, until, users| TemporaryShift {
        start: day(from),
        end: day(until),
        users,
    };
    let filled = TemporaryInput {
        start: day(18),
        end: day(21),
        shifts: vec![shift(20, 21, vec![bo, eve]), shift(18, 19, vec![eve])],
    };
    assert_forbidden(add_temporary(store, &observer(), id, filled.clone()).await);
    let made = add_temporary(store, &responder(bo), id, filled.clone())
        .await
        .unwrap();
    let at = |when| house.directory().schedule(id).unwrap().users_at(day(when));
    assert_eq!((at(17), at(18), at(19)), (vec![bo], vec![eve], vec![]));
    assert_eq!((at(20), at(21)), (vec![bo, eve], vec![bo]));
    let half_way = later(root(), Span::from_days(3) + Span::from_hours(12));
    withdraw_temporary(store, &half_way, id, made)
        .await
        .unwrap();
    assert_eq!((at(18), at(19), at(20)), (vec![eve], vec![bo], vec![bo]));
    let again = withdraw_temporary(store, &half_way, id, made).await;
    assert!(matches!(again, Err(Error::NotFound("temporary schedule"))));
    let gone = withdraw_temporary(store, &root(), id, TemporaryId(-1)).await;
    assert!(matches!(gone, Err(Error::NotFound("temporary schedule"))));

    let wrong = TemporaryInput {
        shifts: vec![shift(18, 19, vec![UserId(-1)]), shift(20, 22, vec![bo])],
        ..filled
    };
    assert_eq!(
        fields(add_temporary(store, &root(), id, wrong).await),
        ["shifts[1]", "shifts[0].users"]
    );
}

fn offer(from: i64, until: i64) -> SwapInput {
    SwapInput {
        giver: None,
        start: day(from),
        end: day(until),
        offered_to: None,
        exchange: None,
        note: " dentist ".into(),
    }
}

/// Bo has odd days, Eve even ones.
async fn rota(house: &House) -> (ScheduleId, UserId, UserId) {
    let (bo, eve) = (house.person("Bo").await.id, house.person("Eve").await.id);
    let id = create_schedule(&house.store, &root(), input(config(&[bo, eve])))
        .await
        .unwrap();
    (id, bo, eve)
}

async fn a_swap_is_offered_and_taken_in_one_piece(house: &House) {
    let (id, bo, eve) = rota(house).await;
    let store = &house.store;
    let wanted = SwapInput {
        offered_to: Some(eve),
        exchange: Some(Stretch {
            start: day(20),
            end: day(21),
        }),
        ..offer(17, 18)
    };
    let made = offer_swap(store, &responder(bo), id, wanted).await.unwrap();
    assert_eq!((made.giver, made.note.as_str()), (bo, "dentist"));
    let at = |when| house.directory().schedule(id).unwrap().users_at(day(when));
    assert_eq!(
        (at(17), at(20)),
        (vec![bo], vec![eve]),
        "nothing happens until it is taken"
    );
    assert_eq!(house.told(eve).await, ["Bo looks for cover: Platform"]);
    let taken = take_swap(store, &responder(eve), made.id, None)
        .await
        .unwrap();
    assert_eq!(house.told(bo).await, ["Eve takes your shifts: Platform"]);
    assert_eq!(house.told(eve).await.len(), 1, "Eve knows what Eve did");
    assert_eq!((taken.state, taken.taken_by), (SwapState::Taken, Some(eve)));
    assert_eq!((at(17), at(18), at(20)), (vec![eve], vec![eve], vec![bo]));
    let directory = house.directory();
    let shift = directory.schedule(id).unwrap().on_call(day(20)).unwrap();
    assert!(matches!(shift.source, ShiftSource::Swap { swap, .. } if swap == made.id));
    let again = take_swap(store, &responder(eve), made.id, None).await;
    assert!(matches!(again, Err(Error::Refused(_))));
    let read = store
        .read(move |conn| store::schedule::swap::get(conn, made.id))
        .await
        .unwrap();
    assert_eq!(read, Some(taken));
}

async fn whose_shifts_one_may_offer_and_take(house: &House) {
    let (id, bo, eve) = rota(house).await;
    let cy = house.person("Cy").await.id;
    let store = &house.store;
    let others = SwapInput {
        giver: Some(bo),
        ..offer(17, 18)
    };
    assert_forbidden(offer_swap(store, &responder(eve), id, others.clone()).await);
    let watcher = context(bo, AccountRole::Observer);
    assert_forbidden(offer_swap(store, &watcher, id, offer(17, 18)).await);
    let token = OpContext::token(AccountRole::Responder, domain::word::Origin::Api, NOW);
    let nobody = offer_swap(store, &token, id, offer(17, 18)).await;
    assert!(matches!(nobody, Err(Error::Refused(_))));

    let mut directed = others.clone();
    directed.offered_to = Some(eve);
    let made = offer_swap(store, &root(), id, directed).await.unwrap().id;
    assert_forbidden(withdraw_swap(store, &responder(eve), made).await);
    assert_forbidden(decline_swap(store, &responder(bo), made).await);
    assert_forbidden(take_swap(store, &responder(cy), made, Some(eve)).await);
    let refused = take_swap(store, &responder(cy), made, None).await;
    assert!(
        matches!(refused, Err(Error::Refused(_))),
        "it is Eve's to take"
    );
    let declined = decline_swap(store, &responder(eve), made).await.unwrap();
    assert_eq!(
        (declined.state, declined.closed_by),
        (SwapState::Declined, Some(eve))
    );

    let open = offer_swap(store, &responder(bo), id, offer(17, 18))
        .await
        .unwrap()
        .id;
    assert!(matches!(
        decline_swap(store, &responder(eve), open).await,
        Err(Error::Refused(_))
    ));
    let withdrawn = withdraw_swap(store, &responder(bo), open).await.unwrap();
    assert_eq!(withdrawn.state, SwapState::Withdrawn);
    assert!(matches!(
        withdraw_swap(store, &responder(bo), open).await,
        Err(Error::Refused(_))
    ));

    let third = offer_swap(store, &responder(bo), id, offer(17, 18))
        .await
        .unwrap()
        .id;
    let taken = take_swap(store, &root(), third, Some(cy)).await.unwrap();
    assert_eq!(taken.taken_by, Some(cy), "administrators take for anybody");
    assert!(matches!(
        take_swap(store, &root(), SwapId(-1), Some(cy)).await,
        Err(Error::NotFound("swap request"))
    ));
    let unknown = SwapInput {
        offered_to: Some(UserId(-1)),
        ..others
    };
    assert_eq!(
        fields(offer_swap(store, &root(), id, unknown).await),
        ["offered_to"]
    );
    assert_eq!(
        fields(offer_swap(store, &responder(bo), id, offer(18, 19)).await),
        ["start"]
    );
}

async fn what_has_changed_meanwhile_is_refused(house: &House) {
    let (id, bo, eve) = rota(house).await;
    let cy = house.person("Cy").await.id;
    let store = &house.store;
    let made = offer_swap(store, &responder(bo), id, offer(17, 18))
        .await
        .unwrap()
        .id;
    let change = OverrideInput {
        kind: domain::schedule::OverrideKind::Replace,
        start: day(17),
        end: day(17) + Span::from_hours(2),
        users: vec![eve],
    };
    add_override(store, &root(), id, change.clone())
        .await
        .unwrap();
    let before = house.directory().schedule(id).unwrap().overrides.len();
    let refused = take_swap(store, &responder(cy), made, None).await;
    assert!(matches!(refused, Err(Error::Refused(text)) if text.contains("has changed")));
    assert_eq!(
        house.directory().schedule(id).unwrap().overrides.len(),
        before
    );
    let by_hand = OverrideInput {
        kind: domain::schedule::OverrideKind::Swap,
        ..change
    };
    assert_eq!(
        fields(add_override(store, &root(), id, by_hand).await),
        ["kind"]
    );
}

async fn a_preview_is_what_saving_makes(house: &House) {
    let (id, bo, eve) = rota(house).await;
    let store = &house.store;
    create_calendar(store, &root(), calendar(&["2027-01-19"]))
        .await
        .unwrap();
    let edit = skipping(config(&[eve, bo]));
    let directory = house.directory();
    let before = directory.schedule(id).unwrap();
    let would_be = preview(&directory, Some(before), edit.clone(), day(18), NOW).unwrap();
    let saved = ScheduleInput {
        effective_from: Some(day(18)),
        ..input(edit.clone())
    };
    edit_schedule(store, &root(), id, saved).await.unwrap();
    let directory = house.directory();
    assert_eq!(directory.schedule(id).unwrap().versions, would_be.versions);
    let difference = before.difference(&would_be, day(15), day(22));
    assert_eq!(difference.first().unwrap().start, day(18));

    let past = preview(&directory, Some(before), edit, day(1), NOW).err();
    assert!(matches!(past, Some(Error::Invalid(_))));
    let fresh = preview(&directory, None, config(&[bo]), NOW, NOW).unwrap();
    assert_eq!(fresh.users_at(NOW), [bo]);
    let wrong = preview(&directory, None, config(&[UserId(-1)]), NOW, NOW);
    assert_eq!(fields(wrong), ["layers[0].participants[0].users"]);
}

async fn duty_is_reported(house: &House) {
    let (id, bo, eve) = rota(house).await;
    let store = &house.store;
    let off = create_calendar(store, &root(), calendar(&["2027-01-18"]))
        .await
        .unwrap();
    let query = ReportQuery {
        from: day(16),
        until: day(19),
        schedule: None,
        team: None,
        holidays: Some(off),
    };
    let report = on_call_report(store, &observer(), query).await.unwrap();
    let rows: Vec<_> = report
        .people
        .iter()
        .map(|one| {
            (
                one.load.user,
                one.load.time.weekends(),
                one.load.time.holidays(),
            )
        })
        .collect();
    // Saturday and Monday, which is off, are Eve's; Sunday is Bo's.
    let whole = Span::from_days(1);
    assert_eq!(rows, [(eve, whole, whole), (bo, whole, Span::ZERO)]);
    assert_eq!(report.people[0].load.shifts, 2);
    assert_eq!(
        (report.people[0].pages, report.people[0].urgent_pages),
        (0, 0)
    );
    let own = &report.schedules[0];
    let next = own.next.as_ref().unwrap();
    assert_eq!(
        (own.id, next.start, &next.users[..]),
        (id, day(16), &[eve][..])
    );
    assert_eq!((&own.gaps[..], own.uncovered()), (&[][..], Span::ZERO));

    let unknown = ReportQuery {
        schedule: Some(ScheduleId(-1)),
        ..query
    };
    assert!(on_call_report(store, &observer(), unknown).await.is_err());
    let backwards = ReportQuery {
        until: day(16),
        ..query
    };
    assert_eq!(
        fields(on_call_report(store, &observer(), backwards).await),
        ["to"]
    );
    let long = ReportQuery {
        until: day(400),
        ..query
    };
    assert_eq!(
        fields(on_call_report(store, &observer(), long).await),
        ["to"]
    );
}
