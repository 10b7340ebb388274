//! Holiday calendars on pages.

use domain::Span;

use crate::house::House;
use crate::on_both;
use crate::schedule::{layer, platform};

/// A date so many days from today.
fn date(house: &House, days: i64) -> String {
    let at = house.engine.now() + Span::from_days(days);
    at.to_string()[..10].to_owned()
}

on_both!(a_calendar_is_made_used_edited_and_deleted, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    let (a, b) = platform(house, &ana).await;
    ana.get("/on-call").await.shows("Holidays");
    ana.get("/holidays").await.shows("No calendar so far");

    // What is wrong stands beside the field, with its line, and what was typed stays.
    let (past, soon, late) = (date(house, -9), date(house, 9), date(house, 40));
    let days = format!("{soon} Founders' Day\nnext week");
    let form = ana.get("/holidays/new").await;
    let refused = ana
        .post(&form, "/holidays", &[("name", "Berlin"), ("days", &days)])
        .await;
    assert_eq!(refused.status, 422);
    refused
        .shows("Line 2: begin it with a date such as 2026-12-25.")
        .shows("next week");
    let twice = format!("{soon}\n\n{soon} again");
    let refused = ana
        .post(&form, "/holidays", &[("name", "Berlin"), ("days", &twice)])
        .await;
    refused.shows("Line 3:").shows("stands here twice");
    let file = format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:{}\n\
         SUMMARY:Moving day\nEND:VEVENT\nEND:VCALENDAR\n",
        late.replace('-', "")
    );
    let days = format!("{past} Long ago\n{soon} Founders' Day\n");
    let fields = [("name", "Berlin"), ("days", &days), ("file", &file)];
    let made = ana.fill("/holidays/new", "/holidays", &fields).await;
    made.shows("The calendar is there.")
        .shows("Founders' Day")
        .shows("in 9 days")
        .shows("Moving day")
        .shows("One day has passed")
        .shows("No layer uses it.")
        .shows("Delete this calendar");

    // A layer takes it; then the calendar says so and cannot be deleted.
    let mut fields = vec![("name", "Platform"), ("zone", "Europe/Berlin")];
    fields.extend(layer(&[&a, &b]));
    fields.extend([("layer-0-holidays", "skip:berlin"), ("do", "save")]);
    ana.fill("/schedules/platform/edit", "/schedules/platform", &fields)
        .await
        .shows("Saved.");
    ana.get("/holidays").await.shows("Used by Platform");
    let used = ana.get("/holidays/berlin").await;
    used.shows("nobody on these days")
        .hides("Delete this calendar");
    let delete = "/holidays/berlin/delete";
    let kept = ana.post(&used, delete, &[("confirm", "berlin")]).await;
    assert_eq!(kept.status, 422);
    kept.shows("The schedule Platform uses this calendar");

    // An edit begins with what is to come, keeps what has been, and schedules follow.
    let form = ana.get("/holidays/berlin/edit").await;
    form.shows("One day that has passed stays as it is.")
        .hides("Long ago");
    let moved = format!("{} Founders' Day\n", date(house, 10));
    let edited = ana
        .fill(
            "/holidays/berlin/edit",
            "/holidays/berlin",
            &[("name", "Berlin"), ("days", &moved)],
        )
        .await;
    edited
        .shows("in 10 days")
        .hides("Moving day")
        .shows("Long ago");
    let directory = house.engine.directory();
    let schedule = directory.schedule_by_slug("platform").unwrap();
    let version = schedule.versions.last().unwrap();
    assert_eq!(version.config.calendars["berlin"].len(), 2);
    let found = ana.get("/search.json?q=berl").await;
    assert!(found.body.contains("/holidays/berlin"), "{}", found.body);

    // Who may only read sees it, without a way to change it.
    let cem = house.invite(&ana, "Cem", "observer").await;
    cem.get("/holidays/berlin")
        .await
        .shows("Founders' Day")
        .hides("Edit");
    assert_eq!(cem.get("/holidays/new").await.status, 403);
    assert_eq!(cem.get("/holidays/nowhere").await.status, 404);

    // Without the layer it goes, once its name is typed.
    let mut without = fields.clone();
    without.retain(|(name, _)| *name != "layer-0-holidays");
    ana.fill("/schedules/platform/edit", "/schedules/platform", &without)
        .await
        .shows("Saved.");
    let page = ana.get("/holidays/berlin").await;
    ana.post(&page, delete, &[("confirm", "x")])
        .await
        .shows("type berlin to confirm it");
    ana.fill("/holidays/berlin", delete, &[("confirm", "berlin")])
        .await
        .shows("Berlin is deleted.");
    assert_eq!(ana.get("/holidays/berlin").await.status, 404);
});
