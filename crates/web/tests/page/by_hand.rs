//! Schedules: a span filled by hand, who shadows whom, days off, and what an edit changes for whom.

use domain::word::{AccountRole, Origin};
use domain::{Span, Timestamp};
use engine::OpContext;

use crate::house::House;
use crate::on_both;
use crate::schedule::{layer, platform};

fn on_call(house: &House, in_hours: i64) -> Vec<domain::UserId> {
    let directory = house.engine.directory();
    let schedule = directory.schedule_by_slug("platform").unwrap();
    schedule.users_at(house.engine.now() + Span::from_hours(in_hours))
}

on_both!(a_span_is_filled_by_hand_and_given_back, |house| {
    let ana = house.ana().await;
    let bo = house.bo(&ana).await;
    let (a, b) = platform(house, &ana).await;
    let page = bo.get("/schedules/platform").await;
    page.shows("Fill a span by hand");

    // The form begins with what is planned.
    // Fields hold minutes.
    let minute = Timestamp::from_seconds(house.engine.now().as_seconds() / 60 * 60);
    let at = |hours: i64| (minute + Span::from_hours(hours)).to_string();
    let (start, middle, end) = (at(1), at(5), at(9));
    let form = bo
        .get(&format!(
            "/schedules/platform/temporary?start={start}&end={end}"
        ))
        .await;
    form.shows("Fill a span by hand")
        .shows("Shift 1")
        .shows("the same people are on call as planned so far");
    assert!(form.body.contains("cal-plot"));

    // A preview says who gains and loses, and stores nothing.
    let to = "/schedules/platform/temporaries";
    let mut fields = vec![
        ("start", start.as_str()),
        ("end", end.as_str()),
        ("shift-0-user", a.as_str()),
        ("shift-0-user", b.as_str()),
        ("shift-0-user", ""),
        ("shift-0-start", start.as_str()),
        ("shift-0-end", middle.as_str()),
        ("do", "preview"),
    ];
    let preview = bo.post(&form, to, &fields).await;
    assert_eq!(preview.status, 200);
    preview
        .shows("Takes on")
        .shows("It would leave 4 h with nobody on call");
    assert_eq!(on_call(house, 6).len(), 1);
    // Rows come and go without anything being said or stored.
    *fields.last_mut().unwrap() = ("do", "add-shift");
    let more = bo.post(&form, to, &fields).await;
    more.shows("Shift 2").hides("Not saved yet.");
    *fields.last_mut().unwrap() = ("do", "remove-shift-0");
    let none = bo.post(&form, to, &fields).await;
    none.shows("Without a shift nobody is on call in the whole span.");
    *fields.last_mut().unwrap() = ("do", "fill");
    let again = bo.post(&form, to, &fields).await;
    again.shows("the same people are on call as planned so far");

    // What is wrong stands beside its row, and what was typed stays.
    *fields.last_mut().unwrap() = ("do", "save");
    let mut wrong = fields.clone();
    wrong.push(("shift-1-user", a.as_str()));
    wrong.push(("shift-1-start", start.as_str()));
    wrong.push(("shift-1-end", "2099-01-01T00:00"));
    let refused = bo.post(&form, to, &wrong).await;
    assert_eq!(refused.status, 422);
    refused.shows("Lies outside the temporary schedule.");
    assert!(refused.body.contains("value=\"2099-01-01T00:00\""));

    let page = bo.fill("/schedules/platform", to, &fields).await;
    page.shows("The span is filled by hand.")
        .shows("Undo")
        .shows("Ana and Bo")
        .shows("Temporary schedule")
        .shows("Changed by hand");
    assert_eq!(on_call(house, 2).len(), 2);
    assert!(on_call(house, 6).is_empty());
    assert_eq!(on_call(house, 10).len(), 1);
    page.shows("Nobody is on call from");

    let id = {
        let directory = house.engine.directory();
        let schedule = directory.schedule_by_slug("platform").unwrap();
        schedule.temporaries[0].id
    };
    let delete = format!("/schedules/platform/temporaries/{id}/delete");
    assert!(page.offers(&delete));
    let back = bo.fill("/schedules/platform", &delete, &[]).await;
    back.shows("The layers count again.").shows("Undo");
    assert_eq!(on_call(house, 6).len(), 1);

    let cem = house.invite(&ana, "Cem", "observer").await;
    cem.get("/schedules/platform")
        .await
        .hides("Fill a span by hand");
    assert_eq!(cem.get("/schedules/platform/temporary").await.status, 403);
    let refused = cem.post(&cem.get("/profile").await, to, &fields).await;
    assert_eq!(refused.status, 403);
    let refused = cem.post(&cem.get("/profile").await, &delete, &[]).await;
    assert_eq!(refused.status, 403);
});

on_both!(every_setting_of_a_layer_is_chosen_in_the_form, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    let (a, b) = platform(house, &ana).await;
    let before = ana.get("/schedules/platform/edit").await;
    before.shows("holiday calendar yet");
    let ctx = OpContext::token(AccountRole::Admin, Origin::Api, house.engine.now());
    let input = engine::configuration::holiday::CalendarInput {
        name: "Berlin".to_owned(),
        slug: None,
        description: String::new(),
        days: vec![domain::schedule::Holiday {
            date: "2099-12-25".parse().unwrap(),
            name: "Christmas".to_owned(),
        }],
        file: None,
    };
    engine::configuration::holiday::create_calendar(house.engine.store(), &ctx, input)
        .await
        .unwrap();

    let page = ana.get("/schedules/platform/edit").await;
    page.shows("Berlin: nobody on these days")
        .shows("Several at once, or shadows")
        .shows("the same people are on call as planned so far");
    let mut fields = vec![("name", "Platform"), ("zone", "Europe/Berlin")];
    fields.extend(layer(&[&a, &b]));
    fields.push(("do", "add-company-0"));
    let roomy = ana.post(&page, "/schedules/platform", &fields).await;
    roomy.shows("Together with").shows("Shadowed by");
    assert!(roomy.body.contains("name=\"layer-0-shadow-1\""));

    *fields.last_mut().unwrap() = ("layer-0-company", "yes");
    fields.extend([
        ("layer-0-shadow-0", b.as_str()),
        ("layer-0-shadow-0", ""),
        ("layer-0-with-1", a.as_str()),
        ("layer-0-holidays", "skip:berlin"),
    ]);
    // A refused save keeps all of it.
    let mut wrong = fields.clone();
    let handoff = wrong.iter_mut().find(|one| one.0 == "layer-0-handoff");
    handoff.unwrap().1 = "late";
    let refused = ana.post(&page, "/schedules/platform", &wrong).await;
    assert_eq!(refused.status, 422);
    for (name, value) in [
        ("layer-0-shadow-0", b.as_str()),
        ("layer-0-with-1", a.as_str()),
        ("layer-0-holidays", "skip:berlin"),
    ] {
        assert!(refused.has_chosen(name, value), "{name}");
    }
    // So does what is read back after a save.
    ana.fill("/schedules/platform/edit", "/schedules/platform", &fields)
        .await
        .shows("Saved.");
    let page = ana.get("/schedules/platform/edit").await;
    assert!(page.has_chosen("layer-0-shadow-0", &b));
    assert!(page.has_chosen("layer-0-with-1", &a));
    assert!(page.has_chosen("layer-0-holidays", "skip:berlin"));
    let directory = house.engine.directory();
    let schedule = directory.schedule_by_slug("platform").unwrap();
    let saved = &schedule.versions.last().unwrap().config;
    assert_eq!(saved.layers[0].participants[0].shadows.len(), 1);
    assert_eq!(saved.layers[0].participants[1].users.len(), 2);
    assert_eq!(saved.calendars["berlin"].len(), 1);
});

on_both!(an_edit_shows_the_difference_before_it_is_saved, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    let (_, b) = platform(house, &ana).await;
    let page = ana.get("/schedules/platform/edit").await;
    let mut fields = vec![("name", "Platform"), ("zone", "Europe/Berlin")];
    fields.extend(layer(&[&b]));
    fields.push(("do", "preview"));
    let preview = ana.post(&page, "/schedules/platform", &fields).await;
    preview
        .shows("What would change for whom")
        .shows("Takes on")
        .shows("Ana → Bo")
        .hides("with nobody on call where somebody is planned");
    // Without anybody for some hours the loss of cover is said.
    fields.extend([
        ("layer-0-hours-0-from", "09:00"),
        ("layer-0-hours-0-until", "17:00"),
    ]);
    let preview = ana.post(&page, "/schedules/platform", &fields).await;
    preview.shows("with nobody on call where somebody is planned so far");
    let directory = house.engine.directory();
    let schedule = directory.schedule_by_slug("platform").unwrap();
    assert_eq!(schedule.versions.len(), 1, "nothing is saved");
});

on_both!(a_time_that_the_clocks_skip_is_told, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    let (a, _) = platform(house, &ana).await;
    let told = "02:30 does not exist on 29 March 2099 in Europe/Berlin";
    let (start, end) = ("2099-03-29T02:30", "2099-03-29T09:00");
    let form = format!("/schedules/platform/override?start={start}&end={end}");
    let form = ana.get(&form).await;
    form.shows(told);
    assert!(form.body.contains("value=\"2099-03-29T03:30\""));
    let to = "/schedules/platform/overrides";
    let fields = [
        ("kind", "add"),
        ("user", ""),
        ("start", start),
        ("end", end),
    ];
    let refused = ana.post(&form, to, &fields).await;
    assert_eq!(refused.status, 422);
    refused.shows("Choose who is on call.").shows(told);
    let fields = [
        ("kind", "add"),
        ("user", a.as_str()),
        ("start", start),
        ("end", end),
    ];
    ana.fill("/schedules/platform", to, &fields)
        .await
        .shows("The override is saved.")
        .shows(told);
    // Windows are read by the same reader, also where they are only tried.
    let window = [
        ("zone", "Europe/Berlin"),
        ("start", start),
        ("end", end),
        ("comment", "Move"),
        ("do", "preview"),
    ];
    let form = ana.get("/maintenance-windows/new").await;
    ana.post(&form, "/maintenance-windows", &window)
        .await
        .shows(told);
    ana.get(&format!("/on-call?at={start}")).await.shows(told);
});
