//! Calendars: a feed just made, an import in trouble.

use domain::{FeedId, ImportId};
use web::view::calendar::{CalendarsPage, Chosen, FeedRow, ImportRow};
use web::view::*;

use super::*;

pub fn add(pages: &mut Vec<Sample>) {
    let feed = |id: i64, title: &str, hint: &str, fetched| FeedRow {
        id: FeedId(id),
        title: title.into(),
        hint: hint.into(),
        by: (id == 2).then(|| "Bo Lindqvist".to_owned()),
        created_at: ago(9_000),
        fetched_at: fetched,
    };
    let import = |id: i64, name: &str| ImportRow {
        id: ImportId(id),
        schedule: link("Platform", "/schedules/platform"),
        slug: "platform".into(),
        name: name.into(),
        place: "Above all layers",
        host: Some("calendar.google.com".into()),
        good_at: Some(ago(200)),
        tried_at: Some(ago(12)),
        failure: None,
        warnings: vec![],
    };
    let troubled = ImportRow {
        failure: Some("the server answered 404; is the address still right?".into()),
        warnings: vec!["Nobody here is known as \"eve@example.com\"".into()],
        ..import(2, "Nights and weekends")
    };
    let token = "q3Zk0nQ8mJb1x7cYwV5tR2uE9sLfHdKaPgNoIiMjTz4";
    pages.push(draw(
        "/calendars",
        &CalendarsPage {
            frame: frame("Calendars and reminders", Nav::OnCall, "/calendars"),
            fresh: Some(format!("https://duty.example.com/calendar/{token}.ics")),
            feeds: vec![
                feed(1, "My shifts", "jTz4", None),
                feed(2, "Schedule Platform", "k81x", Some(ago(40))),
            ],
            subjects: vec![
                Choice::new("person", "My shifts"),
                Choice::new("schedule:1", "Schedule Platform"),
            ],
            imports: vec![import(1, "Holiday cover"), troubled],
            schedules: vec![Choice::new("platform", "Platform")],
            places: vec![
                Choice::new("above", "Above all layers"),
                Choice::new("below", "Below all layers"),
            ],
            form: Form::new(),
            chosen: Chosen {
                leads: "24h, 1h".into(),
                hand_off: true,
                digest: true,
                digest_at: "09:00".into(),
                ..Chosen::default()
            },
        },
    ));
}
