//! Settings: last resort, API tokens, providers.

use crate::on_both;

on_both!(a_token_is_shown_once_and_revoked_for_good, |house| {
    let ana = house.ana().await;
    let page = ana.get("/settings").await;
    page.shows("Last resort")
        .shows("Email (SMTP)")
        .shows("Not configured");
    let refused = ana
        .post(
            &page,
            "/settings/tokens",
            &[("name", ""), ("role", "admin")],
        )
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("A name is needed.");

    let fields = [("name", "Deploys"), ("role", "responder")];
    let shown = ana.post(&page, "/settings/tokens", &fields).await;
    assert_eq!(shown.status, 200);
    let token = shown.body.split("qd_").nth(1).expect("the token is shown");
    let token = format!("qd_{}", token.split(['<', '"']).next().unwrap());
    let page = ana.get("/settings").await;
    page.shows("Deploys").shows("never used");
    assert!(!page.body.contains(&token), "never again");

    let store = house.engine.store();
    let now = house.engine.now();
    let known = engine::account::authenticate(store, &token, now)
        .await
        .unwrap()
        .unwrap();
    let path = format!("/settings/tokens/{}/revoke", known.id);
    ana.fill("/settings", &path, &[])
        .await
        .shows("opens nothing any more")
        .hides("Deploys");
    assert!(
        engine::account::authenticate(store, &token, now)
            .await
            .unwrap()
            .is_none()
    );
});

on_both!(the_last_resort_is_never_empty, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    let page = ana.get("/settings").await;
    for targets in [
        vec![("target", "")],
        vec![("target", "user:x")],
        vec![("target", "user:999")],
    ] {
        let refused = ana.post(&page, "/settings/last-resort", &targets).await;
        assert_eq!(refused.status, 422);
    }
    let directory = house.engine.directory();
    let bo = directory.user_by_email("bo@example.com").unwrap().id;
    let target = format!("user:{bo}");
    let fields = [("target", target.as_str()), ("target", "")];
    ana.fill("/settings", "/settings/last-resort", &fields)
        .await
        .shows("The last resort is saved.");
    let settings = house.engine.directory().settings.clone();
    assert_eq!(settings.last_resort, [domain::policy::Target::User(bo)]);
});
