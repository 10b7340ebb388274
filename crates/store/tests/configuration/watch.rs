//! Holiday calendars, temporary schedules, swap requests and the history of versions.

use domain::schedule::{
    Holiday, HolidayCalendar, Override, OverrideKind, ShiftSource, Stretch, SwapPart, SwapRequest,
    SwapState, Temporary, TemporaryShift,
};
use domain::{HolidayCalendarId, OverrideId, ScheduleId, Span, SwapId, TemporaryId, UserId};
use store::schedule::{history, load, swap, temporary};
use store::{Error, Tx, holiday, schedule};

use crate::house::{House, NOW};
use crate::on_call::new_schedule;

crate::on_both! {
    calendars_are_written_read_and_removed
    a_withdrawn_temporary_schedule_keeps_the_part_that_has_been
    a_request_is_closed_once
    requests_are_found_by_what_they_concern
    overrides_remember_the_swap_they_came_of
    versions_know_who_made_them
    nobody_was_paged_yet
}

fn days(dates: &[&str]) -> Vec<Holiday> {
    let day = |date: &&str| Holiday {
        date: date.parse().unwrap(),
        name: "Ångström's day".into(),
    };
    dates.iter().map(day).collect()
}

fn calendars_are_written_read_and_removed(house: &House) {
    let mut calendar = HolidayCalendar {
        id: HolidayCalendarId(0),
        slug: "de-be".into(),
        name: "Berlin".into(),
        description: String::new(),
        days: days(&["2027-01-01", "2027-03-08"]),
    };
    let new = calendar.clone();
    calendar.id = house
        .write(move |tx| {
            let id = tx.id(HolidayCalendarId)?;
            holiday::insert(tx, &HolidayCalendar { id, ..new.clone() }, NOW)?;
            Ok(id)
        })
        .unwrap();
    assert_eq!(house.directory().calendar_by_slug("de-be"), Some(&calendar));
    let same_slug = calendar.clone();
    let again = house.write(move |tx| {
        let id = tx.id(HolidayCalendarId)?;
        holiday::insert(
            tx,
            &HolidayCalendar {
                id,
                ..same_slug.clone()
            },
            NOW,
        )
    });
    assert!(matches!(again, Err(Error::Conflict { .. })));

    calendar.days = days(&["2027-12-25"]);
    calendar.name = "Berlin and around".into();
    let edited = calendar.clone();
    house.write(move |tx| holiday::update(tx, &edited)).unwrap();
    let directory = house.directory();
    assert_eq!(
        directory.calendars.get(&calendar.id).map(AsRef::as_ref),
        Some(&calendar)
    );
    let id = calendar.id;
    house.write(move |tx| holiday::remove(tx, id)).unwrap();
    assert!(house.directory().calendars.is_empty());
    assert_eq!(
        house.write(move |tx| holiday::remove(tx, id)),
        Err(Error::NotFound)
    );
    assert_eq!(
        house.write(move |tx| holiday::update(tx, &calendar)),
        Err(Error::NotFound)
    );
}

fn a_withdrawn_temporary_schedule_keeps_the_part_that_has_been(house: &House) {
    let (ana, bo) = (house.person("Ana").id, house.person("Bo").id);
    let hours = |n| NOW + Span::from_hours(n);
    let (id, made) = house
        .write(move |tx| {
            let id = new_schedule(tx, ana)?;
            let new = Temporary {
                id: tx.id(TemporaryId)?,
                start: hours(1),
                end: hours(9),
                shifts: vec![TemporaryShift {
                    start: hours(2),
                    end: hours(9),
                    users: vec![bo],
                }],
                created_by: Some(bo),
                created_at: NOW,
            };
            temporary::insert(tx, id, &new)?;
            Ok((id, new.id))
        })
        .unwrap();
    let at = |hour| {
        house
            .directory()
            .schedule(id)
            .unwrap()
            .users_at(hours(hour))
    };
    assert_eq!((at(0), at(1), at(2)), (vec![ana], vec![], vec![bo]));
    let withdraw = move |tx: &mut Tx<'_>| temporary::withdraw(tx, id, made, Some(bo), hours(4));
    house.write(withdraw).unwrap();
    assert_eq!((at(1), at(3), at(4)), (vec![], vec![bo], vec![ana]));
    assert_eq!(house.write(withdraw), Err(Error::NotFound));
}

fn request(tx: &mut Tx<'_>, schedule_id: ScheduleId, giver: UserId) -> Result<SwapRequest, Error> {
    let hours = |n| NOW + Span::from_hours(n);
    Ok(SwapRequest {
        id: tx.id(SwapId)?,
        schedule_id,
        giver,
        start: hours(1),
        end: hours(5),
        held: vec![Stretch {
            start: hours(2),
            end: hours(5),
        }],
        offered_to: None,
        exchange: Some(Stretch {
            start: hours(50),
            end: hours(60),
        }),
        note: "dentist".into(),
        state: SwapState::Offered,
        taken_by: None,
        created_by: Some(giver),
        created_at: NOW,
        closed_at: None,
        closed_by: None,
    })
}

fn a_request_is_closed_once(house: &House) {
    let (ana, bo) = (house.person("Ana").id, house.person("Bo").id);
    let made = house
        .write(move |tx| {
            let id = new_schedule(tx, ana)?;
            let new = request(tx, id, ana)?;
            swap::insert(tx, &new)?;
            Ok(new)
        })
        .unwrap();
    let id = made.id;
    let read = || {
        house
            .store
            .read_blocking(move |conn| swap::get(conn, id))
            .unwrap()
    };
    assert_eq!(read(), Some(made.clone()));
    let later = NOW + Span::from_minutes(3);
    let close =
        move |tx: &mut Tx<'_>| swap::close(tx, id, SwapState::Taken, Some(bo), Some(bo), later);
    house.write(close).unwrap();
    let taken = SwapRequest {
        state: SwapState::Taken,
        taken_by: Some(bo),
        closed_by: Some(bo),
        closed_at: Some(later),
        ..made
    };
    assert_eq!(read(), Some(taken));
    assert_eq!(house.write(close), Err(Error::NotFound));
}

fn requests_are_found_by_what_they_concern(house: &House) {
    let (ana, bo, cy) = (
        house.person("Ana").id,
        house.person("Bo").id,
        house.person("Cy").id,
    );
    let ids = house
        .write(move |tx| {
            let id = new_schedule(tx, ana)?;
            let open = request(tx, id, ana)?;
            let mut directed = request(tx, id, ana)?;
            directed.offered_to = Some(bo);
            let mut long = request(tx, id, bo)?;
            (long.end, long.exchange, long.offered_to) = (NOW + Span::from_days(9), None, Some(cy));
            for one in [&open, &directed, &long] {
                swap::insert(tx, one)?;
            }
            swap::close(tx, long.id, SwapState::Declined, None, Some(cy), NOW)?;
            Ok([open.id, directed.id, long.id])
        })
        .unwrap();
    let find = |filter: swap::Filter, before, limit| -> Vec<usize> {
        let found = house
            .store
            .read_blocking(move |conn| swap::list(conn, filter, before, limit))
            .unwrap();
        let place = |one: &SwapRequest| ids.iter().position(|id| *id == one.id).unwrap();
        found.iter().map(place).collect()
    };
    let all = swap::Filter::default();
    assert_eq!(find(all, None, 10), [2, 1, 0]);
    assert_eq!(find(all, None, 2), [2, 1]);
    assert_eq!(find(all, Some(ids[1]), 2), [0]);
    let of = |person| swap::Filter {
        person: Some(person),
        ..all
    };
    assert_eq!(find(of(ana), None, 10), [1, 0]);
    assert_eq!(find(of(bo), None, 10), [2, 1, 0]);
    assert_eq!(find(of(cy), None, 10), [2, 0]);
    let offered = swap::Filter {
        state: Some(SwapState::Offered),
        ..all
    };
    assert_eq!(find(offered, None, 10), [1, 0]);
    let late = swap::Filter {
        ends_after: Some(NOW + Span::from_days(1)),
        ..all
    };
    assert_eq!(find(late, None, 10), [2]);
    let elsewhere = swap::Filter {
        schedule: Some(ScheduleId(-1)),
        ..all
    };
    assert!(find(elsewhere, None, 10).is_empty());
}

fn overrides_remember_the_swap_they_came_of(house: &House) {
    let (ana, bo) = (house.person("Ana").id, house.person("Bo").id);
    let id = house
        .write(move |tx| {
            let id = new_schedule(tx, ana)?;
            let new = Override {
                id: tx.id(OverrideId)?,
                start: NOW,
                end: NOW + Span::from_hours(3),
                kind: OverrideKind::Swap,
                users: vec![bo],
                created_by: Some(bo),
                created_at: NOW,
                swap: Some(SwapPart {
                    id: SwapId(7),
                    instead_of: ana,
                }),
            };
            schedule::insert_override(tx, id, &new)?;
            Ok(id)
        })
        .unwrap();
    let shift = house
        .directory()
        .schedule(id)
        .unwrap()
        .on_call(NOW)
        .unwrap();
    assert_eq!(shift.users, [bo]);
    assert!(matches!(
        shift.source,
        ShiftSource::Swap {
            swap: SwapId(7),
            ..
        }
    ));
}

fn versions_know_who_made_them(house: &House) {
    let ana = house.person("Ana").id;
    let id = house.write(move |tx| new_schedule(tx, ana)).unwrap();
    let found = house
        .store
        .read_blocking(move |conn| history::versions(conn, id))
        .unwrap();
    let info = history::VersionInfo {
        version: 1,
        effective_from: NOW,
        created_by: Some(ana),
        created_at: NOW,
    };
    assert_eq!(found, [info]);
}

fn nobody_was_paged_yet(house: &House) {
    let until = NOW + Span::from_days(1);
    let pages = house
        .store
        .read_blocking(move |conn| load::pages(conn, NOW, until));
    assert_eq!(pages, Ok::<_, Error>(vec![]));
}
