//! What if: asked by address, and with a form that is not saved.

use crate::house::House;
use crate::on_both;

/// A policy that pages Ana, then Bo; Checkout uses it.
async fn ladder(house: &House, ana: &crate::house::Visitor) -> (String, String) {
    house.bo(ana).await;
    let directory = house.engine.directory();
    let id = |email: &str| directory.user_by_email(email).unwrap().id.to_string();
    let (first, second) = (id("ana@example.com"), id("bo@example.com"));
    let steps = [format!("user:{first}"), format!("user:{second}")];
    let fields = [
        ("name", "Default"),
        ("repeats", "0"),
        ("step-0-target", steps[0].as_str()),
        ("step-0-wait", "5"),
        ("step-0-wait_unit", "minutes"),
        ("step-0-mode", "all"),
        ("step-1-target", steps[1].as_str()),
        ("step-1-wait", "5"),
        ("step-1-wait_unit", "minutes"),
        ("step-1-mode", "all"),
        ("save_anyway", "yes"),
        ("do", "save"),
    ];
    ana.fill("/policies/new", "/policies", &fields).await;
    house.checkout(ana).await;
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
    (first, second)
}

on_both!(a_question_is_answered_with_reasons, |house| {
    let ana = house.ana().await;
    let (first, _) = ladder(house, &ana).await;
    ana.get("/simulate")
        .await
        .shows("What if?")
        .hides("What would happen");
    ana.get("/policies/default").await.shows("Try it");

    let page = ana.get("/simulate?if-policy=default").await;
    page.shows("What would happen")
        .shows("T+0 s")
        .shows("Step 1 of policy Default paged Ana.")
        .shows("Step 1 of policy Default (v1) pages Ana by name.")
        .shows("Email to Ana is sent")
        .shows("Step 2 of policy Default paged Bo.")
        .shows("Nobody has answered after 4 h. Paging goes on.");

    let service = house
        .engine
        .directory()
        .service_by_slug("checkout")
        .unwrap()
        .id;
    let asked = format!(
        "/simulate?if-service={service}&if-severity=critical&if-hours=1&if-stop=answered\
         &if-answer-0-user={first}&if-answer-0-act=acknowledge&if-answer-0-after=2&if-answer-0-message=1\
         &if-outage-0-channel=email&if-outage-0-fault=temporary&if-outage-0-from=0&if-outage-0-lasts=1"
    );
    let page = ana.get(&asked).await;
    page.shows("fails (the provider cannot be reached) and is tried again in 2 s")
        .shows("Ana acknowledged.")
        .shows("Ana has acknowledged, and nothing further happens.");
    assert!(
        page.body.contains("if-answer-1-user"),
        "a further row is offered"
    );

    // The nights on which the clock changes; Ana is in Berlin.
    for (at, said) in [
        (
            "2027-03-28T02:30",
            "skips 02:30 that night: the alert comes at 03:30.",
        ),
        (
            "2027-10-31T02:30",
            "shows 02:30 twice that night: this is the first time.",
        ),
    ] {
        ana.get(&format!("/simulate?if-policy=default&if-at={at}"))
            .await
            .shows(said);
    }
    ana.get("/simulate?if-policy=default&if-at=2027-03-28T03:30")
        .await
        .hides("that night");

    let wrong = ana
        .get("/simulate?if-service=1&if-hours=100&if-at=never")
        .await;
    assert_eq!(wrong.status, 422);
    wrong
        .shows("Choose between 1 and 72 hours.")
        .shows("Give a date and a time");
    let unknown = ana.get("/simulate?if-service=999&if-hours=1").await;
    assert_eq!(unknown.status, 422);
    unknown.shows("There is no such service");
    assert!(
        house
            .engine
            .store()
            .read(store::escalation::next_due)
            .await
            .unwrap()
            .is_none()
    );
});

on_both!(a_form_is_tried_before_it_is_saved, |house| {
    let ana = house.ana().await;
    let (first, _) = ladder(house, &ana).await;
    let form = ana.get("/policies/default/edit").await;
    form.shows("Try it");
    let target = format!("user:{first}");
    let mut fields = vec![
        ("if-draft", "policy:default"),
        ("name", "Default"),
        ("repeats", "2"),
        ("step-0-target", target.as_str()),
        ("step-0-wait", "7"),
        ("step-0-wait_unit", "minutes"),
        ("step-0-mode", "all"),
    ];
    let tried = ana.post(&form, "/simulate", &fields).await;
    assert_eq!(tried.status, 200, "{}", tried.text());
    tried
        .shows("Trying the policy “Default” as it stands in the form. It is not saved.")
        .shows("Step 1 of policy Default (v2) pages Ana by name.")
        .shows("T+7 m")
        .shows("Policy Default starts again: round 2 of 3.");
    let saved = house
        .engine
        .directory()
        .policy_by_slug("default")
        .unwrap()
        .current
        .version;
    assert_eq!(saved, 1);
    // Carried along to the next question.
    assert!(tried.body.contains("name=\"step-0-wait\" value=\"7\""));
    fields[4] = ("step-0-wait", "soon");
    let refused = ana.post(&form, "/simulate", &fields).await;
    assert_eq!(refused.status, 422);
    refused.shows("In the form of the policy");

    let form = ana.get("/schedules/new").await;
    let fields = [
        ("if-draft", "schedule:"),
        ("name", "Nights"),
        ("zone", "Europe/Berlin"),
        ("layer-0-name", "Primary"),
        ("layer-0-turn", first.as_str()),
        ("layer-0-length", "1"),
        ("layer-0-unit", "weeks"),
        ("layer-0-handoff", "09:00"),
        ("layer-0-start", "2026-01-05"),
    ];
    let tried = ana.post(&form, "/simulate", &fields).await;
    assert_eq!(tried.status, 200, "{}", tried.text());
    tried.shows("pages the on-call of Nights: layer Primary.");
    assert!(house.engine.directory().schedules.is_empty());
    // The way back keeps what was typed.
    assert!(tried.body.contains("formaction=\"/schedules\""));
    let mut back = fields.to_vec();
    back.push(("do", "preview"));
    let form = ana.post(&tried, "/schedules", &back).await;
    assert_eq!(form.status, 200);
    assert!(form.body.contains("value=\"Nights\"") && form.has_chosen("layer-0-turn", &first));
    assert_eq!(
        ana.post_without_token("/simulate", &fields).await.status,
        403
    );
});

on_both!(what_holds_an_alert_back_is_told_first, |house| {
    let ana = house.ana().await;
    ladder(house, &ana).await;
    let directory = house.engine.directory();
    let service = directory
        .service_by_slug("checkout")
        .unwrap()
        .id
        .to_string();
    let silence = [
        ("comment", "The compaction runs"),
        ("service", service.as_str()),
        ("matcher-0-name", "alertname"),
        ("matcher-0-op", "="),
        ("matcher-0-value", "Disk"),
        ("lasts", "120"),
        ("zone", "UTC"),
        ("repeat", "once"),
    ];
    ana.fill("/silences/new", "/silences", &silence)
        .await
        .shows("The silence is set.");
    let ask = |more: &str| format!("/simulate?if-service={service}{more}");
    ana.get(&ask(""))
        .await
        .hides("suppressed")
        .shows("T+0 s")
        .shows("the alert may join an incident");
    let held = ana.get(&ask("&if-labels=alertname%3DDisk")).await;
    held.shows("The alert is suppressed by the silence “The compaction runs” until")
        .shows("if it still fires then, it pages.")
        .shows("T+2 h")
        .shows("was suppressed by the silence “The compaction runs” and still fires")
        .shows("Step 1 of policy Default paged Ana.");
    let wrong = ana.get(&ask("&if-labels=Disk")).await;
    assert_eq!(wrong.status, 422);
    wrong.shows("“Disk” is no label such as alertname=DiskFull.");
});

on_both!(
    a_window_and_a_service_are_tried_before_they_are_saved,
    |house| {
        let ana = house.ana().await;
        ladder(house, &ana).await;
        let service = house.engine.directory();
        let service = service.service_by_slug("checkout").unwrap().id.to_string();
        let form = ana.get("/maintenance-windows/new").await;
        form.shows("Try it");
        let mut fields = vec![
            ("if-draft", "maintenance:"),
            ("comment", ""),
            ("service", service.as_str()),
            ("start", "2027-06-01T22:00"),
            ("lasts", "60"),
            ("zone", "UTC"),
            ("repeat", "once"),
        ];
        let tried = ana.post(&form, "/simulate", &fields).await;
        assert_eq!(tried.status, 200, "{}", tried.text());
        // It is asked about its beginning; Ana is in Berlin.
        assert!(
            tried.body.contains("value=\"2027-06-02T00:00\""),
            "{}",
            tried.body
        );
        tried
            .shows("Trying the maintenance window as it stands in the form. It is not saved.")
            .shows("The alert is suppressed by the maintenance window “not saved yet” until")
            .shows("T+1 h")
            .shows("Step 1 of policy Default paged Ana.");
        assert!(house.engine.directory().suppressions.is_empty());
        // The way back keeps what was typed.
        assert!(tried.body.contains("formaction=\"/maintenance-windows\""));
        fields.push(("do", "preview"));
        let back = ana.post(&tried, "/maintenance-windows", &fields[1..]).await;
        assert_eq!(back.status, 200);
        assert!(back.body.contains("value=\"2027-06-01T22:00\""));
        fields[3] = ("start", "soon");
        let refused = ana.post(&form, "/simulate", &fields).await;
        assert_eq!(refused.status, 422);
        refused.shows("In the form of the maintenance window");

        let form = ana.get("/services/checkout/edit").await;
        form.shows("Try it");
        let fields = [
            ("if-draft", "service:checkout"),
            ("name", "Checkout"),
            ("policy", ""),
            ("urgency", "by_severity"),
            ("grouping", "none"),
            ("auto_resolve", "yes"),
            ("reopen_window", "5"),
        ];
        let tried = ana.post(&form, "/simulate", &fields).await;
        assert_eq!(tried.status, 200, "{}", tried.text());
        tried
            .shows("Trying the service “Checkout” as it stands in the form.")
            .hides("Step 1 of policy Default");
        let saved = house.engine.directory();
        assert!(
            saved
                .service_by_slug("checkout")
                .unwrap()
                .policy_id
                .is_some()
        );
        let mut back = fields[1..].to_vec();
        back.push(("do", "preview"));
        let form = ana.post(&tried, "/services/checkout", &back).await;
        assert_eq!(form.status, 200);
        form.shows("Edit Checkout");
        let saved = house.engine.directory();
        assert!(
            saved
                .service_by_slug("checkout")
                .unwrap()
                .policy_id
                .is_some()
        );
    }
);
