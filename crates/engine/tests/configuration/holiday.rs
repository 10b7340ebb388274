//! Holiday calendars.

use domain::{Span, Timestamp};
use engine::Error;
use engine::configuration::holiday::{
    CalendarInput, create_calendar, edit_calendar, remove_calendar,
};
use engine::configuration::schedule::{create_schedule, edit_schedule};

use crate::house::{House, assert_forbidden, fields, later, observer, root};
use crate::watch::{calendar, config, day, input, skipping};

crate::on_both! {
    a_calendar_makes_versions_of_the_schedules_that_use_it
    whole_days_of_a_file_are_added
    a_calendar_in_use_stays
}

async fn a_calendar_makes_versions_of_the_schedules_that_use_it(house: &House) {
    let (bo, eve) = (house.person("Bo").await.id, house.person("Eve").await.id);
    let store = &house.store;
    let unknown = create_schedule(store, &root(), input(skipping(config(&[bo])))).await;
    assert_eq!(fields(unknown), ["layers[0].holidays"]);
    assert_forbidden(create_calendar(store, &observer(), calendar(&[])).await);
    let wrong = create_calendar(store, &root(), calendar(&["2027-01-20", "2027-01-20"])).await;
    assert_eq!(fields(wrong), ["days[1].date"]);
    let id = create_calendar(store, &root(), calendar(&["2027-01-20", "2026-12-25"]))
        .await
        .unwrap();
    let schedule = create_schedule(store, &root(), input(skipping(config(&[bo, eve]))))
        .await
        .unwrap();
    let at = |when: Timestamp| house.directory().schedule(schedule).unwrap().users_at(when);
    assert_eq!(
        (at(day(19)), at(day(20)), at(day(21))),
        (vec![bo], vec![], vec![eve])
    );

    // Saved again without any change: no version.
    edit_schedule(
        store,
        &root(),
        schedule,
        input(skipping(config(&[bo, eve]))),
    )
    .await
    .unwrap();
    let versions = || house.directory().schedule(schedule).unwrap().versions.len();
    assert_eq!(versions(), 1);

    let noon = later(root(), Span::from_days(1));
    edit_calendar(store, &noon, id, calendar(&["2027-01-21"]))
        .await
        .unwrap();
    assert_eq!(
        (at(day(19)), at(day(20)), at(day(21))),
        (vec![bo], vec![eve], vec![])
    );
    let directory = house.directory();
    let dates: Vec<_> = directory.calendars[&id]
        .days
        .iter()
        .map(|day| day.date.to_string())
        .collect();
    assert_eq!(dates, ["2026-12-25", "2027-01-21"], "what has passed stays");
    assert_eq!(directory.calendars[&id].days[0].name, "Day off");
    assert_eq!(versions(), 2);
    edit_calendar(store, &noon, id, calendar(&["2027-01-21"]))
        .await
        .unwrap();
    assert_eq!(versions(), 2);
    assert_eq!(
        fields(edit_calendar(store, &noon, id, calendar(&["2027-01-02"])).await),
        ["days"]
    );
    let renamed = CalendarInput {
        slug: Some("be".into()),
        ..calendar(&[])
    };
    assert_eq!(
        fields(edit_calendar(store, &noon, id, renamed).await),
        ["slug"]
    );
}

async fn whole_days_of_a_file_are_added(house: &House) {
    let store = &house.store;
    let file = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n\
        BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20271225\r\nDTEND;VALUE=DATE:20271227\r\n\
        SUMMARY:Christmas\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20200501\r\nRRULE:FREQ=YEARLY\r\n\
        SUMMARY:Labour Day\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:3\r\nDTSTART:20270601T090000Z\r\nDTEND:20270601T100000Z\r\n\
        SUMMARY:A meeting\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let with = |dates: &[&str], file: &str| CalendarInput {
        file: Some(file.to_owned()),
        ..calendar(dates)
    };
    let id = create_calendar(store, &root(), with(&["2027-12-25"], file))
        .await
        .unwrap();
    let named = |house: &House| -> Vec<String> {
        let directory = house.directory();
        let days = directory.calendars[&id].days.iter();
        days.map(|day| format!("{} {}", day.date, day.name))
            .collect()
    };
    assert_eq!(
        named(house),
        [
            "2027-05-01 Labour Day",
            "2027-12-25 Day off",
            "2027-12-26 Christmas",
            "2028-05-01 Labour Day",
            "2029-05-01 Labour Day",
            "2030-05-01 Labour Day",
            "2031-05-01 Labour Day",
        ]
    );
    // Again, from later on: what has passed is not looked at.
    let later = later(root(), Span::from_days(400));
    edit_calendar(store, &later, id, with(&[], file))
        .await
        .unwrap();
    assert_eq!(named(house).len(), 8, "{:?}", named(house));
    for nothing in [
        "",
        "a page",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n",
    ] {
        let refused = edit_calendar(store, &later, id, with(&[], nothing)).await;
        assert_eq!(fields(refused), ["file"], "{nothing}");
    }
}

async fn a_calendar_in_use_stays(house: &House) {
    let bo = house.person("Bo").await.id;
    let store = &house.store;
    let id = create_calendar(store, &root(), calendar(&["2027-01-20"]))
        .await
        .unwrap();
    let schedule = create_schedule(store, &root(), input(skipping(config(&[bo]))))
        .await
        .unwrap();
    assert_forbidden(remove_calendar(store, &observer(), id).await);
    assert!(matches!(
        remove_calendar(store, &root(), id).await,
        Err(Error::Refused(_))
    ));
    let now = later(root(), Span::from_hours(1));
    edit_schedule(store, &now, schedule, input(config(&[bo])))
        .await
        .unwrap();
    remove_calendar(store, &now, id).await.unwrap();
    let directory = house.directory();
    assert!(directory.calendars.is_empty());
    let old = directory
        .schedule(schedule)
        .unwrap()
        .under_version(1)
        .unwrap();
    assert!(
        old.users_at(day(20)).is_empty(),
        "the version keeps its copy"
    );
    assert!(matches!(
        remove_calendar(store, &now, id).await,
        Err(Error::NotFound("holiday calendar"))
    ));
}
