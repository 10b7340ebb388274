//! The proof of coverage: findings, where they are mended, and the days of each service.

use crate::on_both;
use crate::schedule::{layer, platform};

on_both!(findings_lead_to_where_they_are_mended, |house| {
    let ana = house.ana().await;
    ana.get("/coverage").await.shows("There is no service yet.");
    house.checkout(&ana).await;
    let page = ana.get("/coverage").await;
    page.shows("Only the last resort is left")
        .shows("Checkout has no policy: only the last resort is paged.")
        .shows("Service Checkout")
        .shows("Ana can be reached by email only")
        .shows("90 d in 1 gap")
        .hides("is covered until");
    assert!(page.body.contains("/services/checkout/edit"));
    assert!(page.body.contains("class=\"cover-gap\""));
    ana.get("/coverage?level=alarm&days=7")
        .await
        .shows("7 d in 1 gap")
        .hides("Ana can be reached by email only");
    ana.get("/coverage?service=other")
        .await
        .shows("No service is like that.");

    // A policy that pages Ana closes it.
    let id = house
        .engine
        .directory()
        .users
        .keys()
        .next()
        .unwrap()
        .to_string();
    let target = format!("user:{id}");
    let fields = [
        ("name", "Default"),
        ("repeats", "0"),
        ("step-0-target", target.as_str()),
        ("step-0-wait", "5"),
        ("step-0-wait_unit", "minutes"),
        ("step-0-mode", "all"),
        ("do", "save"),
    ];
    ana.fill("/policies/new", "/policies", &fields).await;
    let policy = house
        .engine
        .directory()
        .policy_by_slug("default")
        .unwrap()
        .id
        .to_string();
    let fields = [
        ("name", "Checkout"),
        ("policy", policy.as_str()),
        ("urgency", "by_severity"),
        ("grouping", "none"),
        ("auto_resolve", "yes"),
        ("reopen_window", "5"),
    ];
    ana.fill("/services/checkout/edit", "/services/checkout", &fields)
        .await;
    ana.get("/coverage")
        .await
        .shows("Every service is covered until")
        .shows("first message at once")
        .hides("Only the last resort is left");
});

on_both!(a_gap_that_is_closed_is_gone_at_once, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    let (a, _) = platform(house, &ana).await;
    let edit = |end: &'static str| {
        let mut fields = vec![
            ("name", "Platform"),
            ("zone", "Europe/Berlin"),
            ("do", "save"),
        ];
        fields.extend(layer(&[&a]));
        let ends = fields.iter_mut().find(|one| one.0 == "layer-0-end");
        ends.unwrap().1 = end;
        fields
    };
    let (form, to) = ("/schedules/platform/edit", "/schedules/platform");
    ana.fill(form, to, &edit("2025-02-01")).await;
    let schedule = house
        .engine
        .directory()
        .schedule_by_slug("platform")
        .unwrap()
        .id;
    let target = format!("schedule:{schedule}");
    let fields = [
        ("name", "Default"),
        ("repeats", "0"),
        ("step-0-target", target.as_str()),
        ("step-0-wait", "5"),
        ("step-0-wait_unit", "minutes"),
        ("step-0-mode", "all"),
        ("save_anyway", "yes"),
    ];
    ana.fill("/policies/new", "/policies", &fields).await;
    house.checkout(&ana).await;
    let policy = house
        .engine
        .directory()
        .policy_by_slug("default")
        .unwrap()
        .id
        .to_string();
    let fields = [
        ("name", "Checkout"),
        ("policy", policy.as_str()),
        ("urgency", "by_severity"),
        ("grouping", "none"),
        ("auto_resolve", "yes"),
        ("reopen_window", "5"),
    ];
    ana.fill("/services/checkout/edit", "/services/checkout", &fields)
        .await;
    ana.get("/coverage")
        .await
        .shows("Only the last resort is left");
    ana.fill(form, to, &edit("")).await;
    ana.get("/coverage")
        .await
        .shows("Every service is covered until")
        .hides("Only the last resort is left");
});

on_both!(what_two_schedules_bring_about_leads_to_both, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    let (a, _) = platform(house, &ana).await;
    house.checkout(&ana).await;
    let mut fields = vec![
        ("name", "Payments"),
        ("zone", "Europe/Berlin"),
        ("do", "save"),
    ];
    fields.extend(layer(&[&a]));
    ana.fill("/schedules/new", "/schedules", &fields).await;
    ana.get("/coverage")
        .await
        .shows("Schedules that no policy pages by")
        .shows("No policy pages by schedule Payments: whoever is on call for it");
    let directory = house.engine.directory();
    let target = |slug: &str| format!("schedule:{}", directory.schedule_by_slug(slug).unwrap().id);
    let (platform, payments) = (target("platform"), target("payments"));
    let fields = [
        ("name", "Default"),
        ("repeats", "0"),
        ("step-0-target", platform.as_str()),
        ("step-0-target", payments.as_str()),
        ("step-0-wait", "5"),
        ("step-0-wait_unit", "minutes"),
        ("step-0-mode", "all"),
        ("save_anyway", "yes"),
    ];
    ana.fill("/policies/new", "/policies", &fields).await;
    let directory = house.engine.directory();
    let policy = directory.policy_by_slug("default").unwrap().id.to_string();
    let fields = [
        ("name", "Checkout"),
        ("policy", policy.as_str()),
        ("urgency", "by_severity"),
        ("grouping", "none"),
        ("auto_resolve", "yes"),
        ("reopen_window", "5"),
    ];
    ana.fill("/services/checkout/edit", "/services/checkout", &fields)
        .await;
    let page = ana.get("/coverage").await;
    page.shows("On call for two schedules at once")
        .shows("On-call Platform")
        .shows("On-call Payments")
        .hides("Schedules that no policy pages by");
});
