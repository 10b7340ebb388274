//! Schedules: made, edited and overridden by forms alone.

use domain::schedule::OverrideKind;

use crate::house::{House, Visitor};
use crate::on_both;

pub fn layer<'a>(turns: &[&'a str]) -> Vec<(&'static str, &'a str)> {
    let mut fields = vec![
        ("layer-0-name", "Weekly"),
        ("layer-0-length", "1"),
        ("layer-0-unit", "weeks"),
        ("layer-0-handoff", "09:00"),
        ("layer-0-start", "2025-01-06"),
        ("layer-0-end", ""),
    ];
    fields.extend(turns.iter().map(|turn| ("layer-0-turn", *turn)));
    fields.push(("layer-0-turn", ""));
    fields
}

fn id(house: &House, name: &str) -> String {
    let directory = house.engine.directory();
    let user = directory.users.values().find(|user| user.name == name);
    user.expect("the person is there").id.to_string()
}

/// Ana and Bo take weekly turns on Platform.
pub async fn platform(house: &House, ana: &Visitor) -> (String, String) {
    let (a, b) = (id(house, "Ana"), id(house, "Bo"));
    let mut fields = vec![
        ("name", "Platform"),
        ("zone", "Europe/Berlin"),
        ("do", "save"),
    ];
    fields.extend(layer(&[&a, &b]));
    ana.fill("/schedules/new", "/schedules", &fields)
        .await
        .shows("The schedule is there.")
        .shows("Platform");
    (a, b)
}

on_both!(a_schedule_is_made_row_by_row, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    let (a, b) = (id(house, "Ana"), id(house, "Bo"));
    let page = ana.get("/schedules/new").await;
    page.shows("New schedule")
        .shows("Shown once the layers hold together.");

    // A preview draws the weeks and stores nothing.
    let mut fields = vec![("name", "Platform"), ("zone", "Europe/Berlin")];
    fields.extend(layer(&[&a, &b]));
    let press = |word| {
        let mut pressed = fields.clone();
        pressed.push(("do", word));
        pressed
    };
    let preview = ana.post(&page, "/schedules", &press("preview")).await;
    assert_eq!(preview.status, 200);
    assert!(preview.body.contains("cal-plot") && preview.text().contains("Bo"));
    let more = ana.post(&page, "/schedules", &press("add-layer")).await;
    assert_eq!(more.status, 200);
    assert!(
        more.body.contains("layer-1-name"),
        "a second layer stands there"
    );
    more.hides("Not saved yet.");
    let hours = ana.post(&page, "/schedules", &press("add-hours-0")).await;
    assert!(hours.body.contains("layer-0-hours-0-from"));
    assert!(house.engine.directory().schedules.is_empty());

    // What is wrong stands beside its field, and what was typed stays.
    let mut wrong = press("save");
    wrong
        .iter_mut()
        .filter(|(name, _)| *name == "layer-0-handoff")
        .for_each(|f| f.1 = "25:00");
    let refused = ana.post(&page, "/schedules", &wrong).await;
    assert_eq!(refused.status, 422);
    refused.shows("Give a time such as 09:00.");
    assert!(refused.body.contains("value=\"25:00\""));

    ana.fill("/schedules/new", "/schedules", &press("save"))
        .await
        .shows("Coming shifts");
    let directory = house.engine.directory();
    let schedule = directory
        .schedule_by_slug("platform")
        .expect("it is stored");
    assert_eq!(schedule.versions.len(), 1);
    ana.get("/on-call")
        .await
        .shows("Platform")
        .shows("until")
        .shows("next:");
});

on_both!(an_edit_takes_effect_when_it_says_so, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    let (a, _) = platform(house, &ana).await;
    let page = ana.get("/schedules/platform/edit").await;
    page.shows("Edit Platform").shows("Takes effect");
    let mut fields = vec![
        ("name", "Platform"),
        ("zone", "Europe/Berlin"),
        ("do", "save"),
    ];
    fields.extend(layer(&[&a]));
    let mut past = fields.clone();
    past.push(("from", "2020-01-01T09:00"));
    let refused = ana.post(&page, "/schedules/platform", &past).await;
    assert_eq!(refused.status, 422);
    refused.shows("who was on call is never rewritten");
    let mut later = fields.clone();
    later.push(("from", "2099-01-05T09:00"));
    ana.fill("/schedules/platform/edit", "/schedules/platform", &later)
        .await
        .shows("it takes effect");
    let directory = house.engine.directory();
    let schedule = directory.schedule_by_slug("platform").unwrap();
    assert_eq!(schedule.versions.len(), 2);
    let last = schedule.versions.last().unwrap();
    assert_eq!(last.effective_from.to_string(), "2099-01-05T08:00:00Z");
    // The edit to come is what the form shows now.
    let page = ana.get("/schedules/platform/edit").await;
    assert!(page.body.contains("2099-01-05T09:00"));
    // The calendar of any month can be looked at.
    for address in [
        "/schedules/platform?view=month",
        "/schedules/platform?from=2099-01-01&view=month",
        "/schedules/platform?from=nonsense&view=nonsense",
    ] {
        assert!(
            ana.get(address).await.body.contains("cal-plot"),
            "{address}"
        );
    }
});

on_both!(somebody_takes_over_and_gives_back, |house| {
    let ana = house.ana().await;
    let bo = house.bo(&ana).await;
    let (a, b) = platform(house, &ana).await;
    let page = bo.get("/schedules/platform").await;
    page.shows("Take over").shows("New override");
    let refused = bo
        .post(
            &page,
            "/schedules/platform/overrides",
            &[("kind", "replace"), ("user", "")],
        )
        .await;
    assert_eq!(refused.status, 422);
    refused
        .shows("Choose who is on call.")
        .shows("Give a date and a time.");

    let now = house.engine.now();
    let (start, end) = (
        now.to_string(),
        (now + domain::Span::from_hours(3)).to_string(),
    );
    for (user, name) in [(&a, "Ana"), (&b, "Bo")] {
        let fields = [
            ("kind", "replace"),
            ("user", user.as_str()),
            ("start", start.as_str()),
            ("end", end.as_str()),
        ];
        let path = "/schedules/platform/overrides";
        let page = bo.fill("/schedules/platform", path, &fields).await;
        page.shows("The override is saved.")
            .shows(&format!("{name} instead"));
        // The later-made wins.
        let on_call = on_call(house);
        assert_eq!(on_call, [user.parse().unwrap()]);
    }
    let directory = house.engine.directory();
    let schedule = directory.schedule_by_slug("platform").unwrap();
    assert!(
        schedule
            .overrides
            .iter()
            .all(|one| one.kind == OverrideKind::Replace)
    );
    let last = schedule
        .overrides
        .iter()
        .max_by_key(|one| one.id)
        .unwrap()
        .id;
    let path = format!("/schedules/platform/overrides/{last}/delete");
    bo.fill("/schedules/platform", &path, &[])
        .await
        .shows("The override is withdrawn.");
    assert_eq!(on_call(house), [a.parse().unwrap()]);
    // Which can be undone.
    let page = bo.get("/schedules/platform").await;
    let fields = [
        ("kind", "replace"),
        ("user", b.as_str()),
        ("start", start.as_str()),
        ("end", end.as_str()),
    ];
    let made = bo
        .post(&page, "/schedules/platform/overrides", &fields)
        .await;
    assert_eq!(made.status, 303);
    let page = bo.get("/schedules/platform").await;
    let newest = {
        let directory = house.engine.directory();
        let schedule = directory.schedule_by_slug("platform").unwrap();
        schedule.overrides.iter().map(|one| one.id).max().unwrap()
    };
    let undo = format!("/schedules/platform/overrides/{newest}/delete");
    assert!(page.offers(&undo), "beside the message too");
    bo.fill("/schedules/platform", &undo, &[])
        .await
        .shows("Undo");
    assert_eq!(on_call(house), [a.parse().unwrap()]);

    // Observers see it and cannot touch it.
    let cem = house.invite(&ana, "Cem", "observer").await;
    let page = cem.get("/schedules/platform").await;
    page.shows("Ana instead")
        .hides("Take over")
        .hides("New override");
    let path = "/schedules/platform/overrides";
    assert_eq!(
        cem.post(&cem.get("/profile").await, path, &[]).await.status,
        403
    );
});

fn on_call(house: &House) -> Vec<domain::UserId> {
    let directory = house.engine.directory();
    directory
        .schedule_by_slug("platform")
        .unwrap()
        .users_at(house.engine.now())
}

on_both!(a_schedule_in_use_is_kept, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    platform(house, &ana).await;
    let schedule = house
        .engine
        .directory()
        .schedule_by_slug("platform")
        .unwrap()
        .id;
    let target = format!("schedule:{schedule}");
    let fields = [
        ("name", "Default"),
        ("repeats", "1"),
        ("step-0-target", target.as_str()),
        ("step-0-wait", "5"),
        ("step-0-wait_unit", "minutes"),
        ("step-0-mode", "all"),
    ];
    ana.fill("/policies/new", "/policies", &fields)
        .await
        .shows("On-call Platform");
    ana.get("/schedules/platform")
        .await
        .shows("Paged by Default");
    let page = ana.get("/schedules/platform/edit").await;
    let refused = ana
        .post(
            &page,
            "/schedules/platform/delete",
            &[("confirm", "platform")],
        )
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("belongs to the record of who was on call");
});

on_both!(who_is_on_call_is_asked_for_any_time, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    ana.get("/on-call")
        .await
        .shows("A schedule says who is on call at any time");
    platform(house, &ana).await;
    let moved = ana.get("/schedules").await;
    assert_eq!((moved.status, moved.leads_to.as_str()), (303, "/on-call"));
    ana.get("/on-call").await.shows("Platform").shows("until");
    ana.get("/on-call?q=nothing")
        .await
        .shows("No schedule matches.");
    ana.get("/on-call?at=2099-01-06T12:00")
        .await
        .shows("Who is on call Tue 6 Jan 2099 12:00");
    ana.get("/on-call?at=tomorrow")
        .await
        .shows("That is no time; this is now.");
    ana.get("/on-call/mine")
        .await
        .shows("My shifts")
        .shows("Platform");
});

on_both!(a_stretch_is_changed_in_two_clicks, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    let (_, bo) = platform(house, &ana).await;
    let page = ana
        .get("/schedules/platform?view=month&from=2099-02-10")
        .await;
    // The first click: on a stretch of the picture or of the list of days.
    let link = page
        .body
        .split("href=\"/schedules/platform/override?start=")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("the calendar leads to the form");
    let path = format!(
        "/schedules/platform/override?start={}",
        link.replace("&amp;", "&")
    );
    let form = ana.get(&path).await;
    form.shows("Who is on call?")
        .shows("Planned so far")
        .shows("Press a name to save it");
    let value = |name: &str| {
        let field = form
            .body
            .split(&format!(" name=\"{name}\""))
            .next()
            .unwrap();
        let value = field.rsplit("value=\"").next().unwrap();
        value.split('"').next().unwrap().to_owned()
    };
    let (start, end) = (value("start"), value("end"));
    // The second: on a name.
    let fields = [
        ("start", start.as_str()),
        ("end", end.as_str()),
        ("kind", "replace"),
        ("user", bo.as_str()),
        ("user", ""),
    ];
    ana.fill(&path, "/schedules/platform/overrides", &fields)
        .await
        .shows("The override is saved.")
        .shows("Bo instead");
    // What was typed is kept when it is refused.
    let fields = [
        ("start", end.as_str()),
        ("end", start.as_str()),
        ("kind", "add"),
        ("user", bo.as_str()),
    ];
    let refused = ana
        .post(&form, "/schedules/platform/overrides", &fields)
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains(&format!("value=\"{end}\"")));
    assert!(refused.body.contains("value=\"add\" selected"));
    let observer = house.invite(&ana, "Cem", "observer").await;
    assert_eq!(observer.get(&path).await.status, 403);
    assert!(
        !observer
            .get("/schedules/platform")
            .await
            .body
            .contains("/override")
    );
});

on_both!(history_and_load_are_told, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    let (a, _) = platform(house, &ana).await;
    let mut fields = vec![
        ("name", "Platform"),
        ("zone", "Europe/Berlin"),
        ("do", "save"),
    ];
    fields.extend(layer(&[&a]));
    ana.fill("/schedules/platform/edit", "/schedules/platform", &fields)
        .await;
    ana.get("/schedules/platform/versions")
        .await
        .shows("Version 2")
        .shows("by Ana")
        .shows("Weekly, turns: Ana, Bo → Ana.")
        .shows("Bo → Ana")
        .shows("The first version.");
    ana.get("/schedules/platform?version=1&view=day&zone=Asia/Kathmandu")
        .await
        .shows("As it would be had version 1 always spoken.")
        .shows("Times are Asia/Kathmandu");
    let query = "from=2099-01-01&until=2099-03-31&schedule=platform";
    ana.get(&format!("/on-call/report?{query}"))
        .await
        .shows("Load and fairness")
        .shows("Ana")
        .shows("an equal share")
        .shows("Gaps and who is next")
        .shows("Somebody throughout");
    let file = ana.get(&format!("/on-call/report.csv?{query}")).await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert!(file.body.starts_with("person,email,shifts,hours"));
    assert!(
        file.body.contains("\"Ana\",\"ana@example.com\",1,2159.00"),
        "{}",
        file.body
    );
    let refused = ana
        .get("/on-call/report?from=2026-05-01&until=2026-04-01")
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("Must be later than");
    let unknown = ana.get("/on-call/report?schedule=gone").await;
    assert_eq!(unknown.status, 422);
    unknown.shows("There is no such schedule.");
});

on_both!(a_shift_is_offered_and_taken, |house| {
    let ana = house.ana().await;
    let bo = house.bo(&ana).await;
    let (_, bo_id) = platform(house, &ana).await;
    let mine = ana.get("/on-call/mine").await;
    let link = mine
        .body
        .split("href=\"/on-call/swaps/new?")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("one's shift can be offered")
        .replace("&amp;", "&");
    let path = format!("/on-call/swaps/new?{link}");
    let form = ana.get(&path).await;
    form.shows("Ask for cover of Platform");
    let value = |name: &str| {
        let field = form
            .body
            .split(&format!(" name=\"{name}\""))
            .next()
            .unwrap();
        let value = field.rsplit("value=\"").next().unwrap();
        value.split('"').next().unwrap().to_owned()
    };
    let (start, end) = (value("start"), value("end"));
    let to = "/schedules/platform/swaps";
    let backwards = [
        ("start", end.as_str()),
        ("end", start.as_str()),
        ("note", "Dentist"),
    ];
    let refused = ana.post(&form, to, &backwards).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("value=\"Dentist\""), "it is kept");
    let fields = [
        ("start", start.as_str()),
        ("end", end.as_str()),
        ("offered_to", bo_id.as_str()),
        ("note", "Dentist"),
    ];
    ana.fill(&path, to, &fields)
        .await
        .shows("The shift stays yours until somebody takes it.")
        .shows("only to Bo");
    let seen = bo.get("/on-call/swaps").await;
    seen.shows("Dentist").shows("Take it");
    let take = seen
        .body
        .split("action=\"/on-call/swaps/")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("it can be taken")
        .to_owned();
    bo.fill("/on-call/swaps", &format!("/on-call/swaps/{take}"), &[])
        .await
        .shows("It is yours now.")
        .shows("taken by Bo");
    bo.get("/on-call/mine").await.shows("Platform");
    // Who comes too late is told why.
    let page = ana.get("/on-call/swaps").await;
    let withdraw = format!("/on-call/swaps/{}", take.replace("take", "withdraw"));
    let late = ana.post(&page, &withdraw, &[]).await;
    assert_eq!(late.leads_to, "/on-call/swaps");
    ana.get("/on-call/swaps").await.shows("closed");
});
