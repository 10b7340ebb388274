//! Escalation policies: the ladder, warnings and "save anyway".

use crate::house::House;
use crate::on_both;

fn step<'a>(target: &'a str, wait: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("repeats", "1"),
        ("step-0-target", target),
        ("step-0-target", ""),
        ("step-0-wait", wait),
        ("step-0-wait_unit", "minutes"),
        ("step-0-mode", "all"),
        ("step-0-urgency", ""),
        ("step-0-severity", ""),
    ]
}

fn with<'a>(
    mut fields: Vec<(&'static str, &'a str)>,
    more: &[(&'static str, &'a str)],
) -> Vec<(&'static str, &'a str)> {
    fields.extend_from_slice(more);
    fields
}

/// Takes the person's contact methods away, so that no page reaches them.
async fn silence(house: &House, name: &str) -> String {
    let directory = house.engine.directory();
    let user = directory
        .users
        .values()
        .find(|user| user.name == name)
        .unwrap();
    let (id, methods) = (user.id, user.methods.clone());
    let ctx = engine::OpContext::token(
        domain::word::AccountRole::Admin,
        domain::word::Origin::Cli,
        house.engine.now(),
    );
    for method in methods {
        let store = house.engine.store();
        engine::configuration::contact::remove_method(store, &ctx, id, method.id)
            .await
            .unwrap();
    }
    format!("user:{id}")
}

on_both!(a_ladder_says_whom_it_reaches, |house| {
    let ana = house.ana().await;
    let directory = house.engine.directory();
    let target = format!("user:{}", directory.users.keys().next().unwrap());
    let page = ana.get("/policies/new").await;
    let pressed = with(
        step(&target, "5"),
        &[("name", "Default"), ("do", "add-step")],
    );
    let more = ana.post(&page, "/policies", &pressed).await;
    assert_eq!(more.status, 200);
    more.shows("Step 2").hides("Not saved yet.");
    let pressed = with(
        step(&target, "5"),
        &[("name", "Default"), ("do", "preview")],
    );
    let preview = ana.post(&page, "/policies", &pressed).await;
    preview.shows("T+0").shows("by email").shows("Last resort");
    assert!(
        house.engine.directory().policies.is_empty(),
        "a preview stores nothing"
    );

    let wrong = with(step(&target, "0"), &[("name", ""), ("do", "save")]);
    let refused = ana.post(&page, "/policies", &wrong).await;
    assert_eq!(refused.status, 422);
    refused
        .shows("A name is needed.")
        .shows("10 seconds to 24 hours");

    let right = with(step(&target, "5"), &[("name", "Default"), ("do", "save")]);
    let shown = ana.fill("/policies/new", "/policies", &right).await;
    shown
        .shows("The policy is there.")
        .shows("Waits 5 m.")
        .shows("T+10 m");
    ana.get("/policies")
        .await
        .shows("Default")
        .shows("first: Ana")
        .shows("1 step");

    // An edit makes a version, an unchanged one none.
    let edited = with(step(&target, "7"), &[("name", "Default"), ("do", "save")]);
    ana.fill("/policies/default/edit", "/policies/default", &edited)
        .await
        .shows("Version 2");
    ana.fill("/policies/default/edit", "/policies/default", &edited)
        .await
        .shows("Version 2");

    let gone = [("confirm", "default")];
    ana.fill("/policies/default/edit", "/policies/default/delete", &gone)
        .await
        .shows("Default is deleted.");
});

on_both!(
    a_policy_that_reaches_nobody_is_saved_on_demand_only,
    |house| {
        let ana = house.ana().await;
        drop(house.bo(&ana).await);
        let target = silence(house, "Bo").await;
        let page = ana.get("/policies/new").await;
        let fields = with(step(&target, "5"), &[("name", "Nights"), ("do", "save")]);
        let refused = ana.post(&page, "/policies", &fields).await;
        assert_eq!(refused.status, 422);
        refused
            .shows("The policy reaches nobody now")
            .shows("Save anyway");
        refused.shows("Bo has no verified contact method");
        assert!(house.engine.directory().policies.is_empty());

        let insisted = with(fields, &[("save_anyway", "yes")]);
        let shown = ana.fill("/policies/new", "/policies", &insisted).await;
        shown.shows("The policy reaches nobody now");
        ana.get("/policies").await.shows("reaches nobody first");
    }
);
