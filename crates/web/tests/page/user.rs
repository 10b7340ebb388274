//! People and teams.

use crate::on_both;

on_both!(people_are_invited_edited_and_disabled, |house| {
    let ana = house.ana().await;
    let page = ana.get("/users/new").await;
    let fields = [
        ("name", ""),
        ("email", "ana@example.com"),
        ("role", "king"),
        ("zone", "UTC"),
    ];
    let refused = ana.post(&page, "/users", &fields).await;
    assert_eq!(refused.status, 422);
    refused.shows("Choose a role.");
    let bo = house.bo(&ana).await;
    ana.get("/users").await.shows("Bo").shows("bo@example.com");
    ana.get("/users?q=ANA")
        .await
        .shows("ana@example.com")
        .hides("bo@example.com");
    ana.get("/users?q=nobody")
        .await
        .shows("Nobody is called so.");

    let directory = house.engine.directory();
    let id = directory.user_by_email("bo@example.com").unwrap().id;
    let path = format!("/users/{id}");
    // Others see shortened addresses, administrators whole ones.
    let cem = house.invite(&ana, "Cem", "observer").await;
    cem.get(&path)
        .await
        .shows("b•••@example.com")
        .hides("New password");
    ana.get(&path).await.shows("New password");

    let password = format!("{path}/password");
    let refused = ana
        .post(&ana.get(&path).await, &password, &[("password", "short")])
        .await;
    assert_eq!(refused.status, 422);
    let fields = [("password", "a whole new password")];
    ana.fill(&path, &password, &fields)
        .await
        .shows("has a new password");
    assert_ne!(
        bo.get("/profile").await.status,
        200,
        "Bo's session has ended"
    );

    let fields = [
        ("name", "Bo B."),
        ("role", "observer"),
        ("zone", "UTC"),
        ("disabled", "yes"),
    ];
    ana.fill(&path, &path, &fields)
        .await
        .shows("Saved.")
        .shows("Bo B.")
        .shows("disabled");
    let bo = house.visitor();
    let page = bo.get("/sign-in").await;
    let fields = [
        ("email", "bo@example.com"),
        ("password", "a whole new password"),
    ];
    assert_eq!(bo.post(&page, "/sign-in", &fields).await.status, 422);

    // The last administrator stays one.
    let me = directory.user_by_email("ana@example.com").unwrap().id;
    let path = format!("/users/{me}");
    let fields = [("name", "Ana"), ("role", "responder"), ("zone", "UTC")];
    let refused = ana.post(&ana.get(&path).await, &path, &fields).await;
    assert_eq!(refused.status, 422);
    refused.shows("This is the last administrator");
    assert_eq!(ana.get("/users/999999").await.status, 404);
    assert_eq!(ana.get("/users/x").await.status, 404);
});

on_both!(teams_have_members_and_own_things, |house| {
    let ana = house.ana().await;
    ana.get("/teams").await.shows("can be paged as a whole");
    let page = ana.get("/teams").await;
    let refused = ana.post(&page, "/teams", &[("name", " ")]).await;
    assert_eq!(refused.status, 422);
    refused.shows("A name is needed.");
    ana.fill("/teams", "/teams", &[("name", "Payments")])
        .await
        .shows("Choose its members.");
    let id = house
        .engine
        .directory()
        .users
        .keys()
        .next()
        .unwrap()
        .to_string();
    let fields = [("name", "Payments and more"), ("member", id.as_str())];
    ana.fill("/teams/payments", "/teams/payments", &fields)
        .await
        .shows("Saved.")
        .shows("Payments and more");
    assert_eq!(
        house
            .engine
            .directory()
            .team_by_slug("payments")
            .unwrap()
            .members
            .len(),
        1
    );
    let refused = ana
        .post(
            &page,
            "/teams/payments",
            &[("name", "Payments"), ("member", "999999")],
        )
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("There is no such person.");
    assert_eq!(ana.get("/teams/other").await.status, 404);
});

on_both!(a_team_is_removed_once_nothing_needs_it, |house| {
    let ana = house.ana().await;
    ana.fill("/teams", "/teams", &[("name", "Platform")])
        .await
        .shows("The team is there.");
    let team = house
        .engine
        .directory()
        .team_by_slug("platform")
        .unwrap()
        .id;
    let page = ana.get("/services/new").await;
    let id = team.to_string();
    let fields = [
        ("name", "Checkout"),
        ("team", id.as_str()),
        ("urgency", "by_severity"),
        ("grouping", "none"),
        ("reopen_window", "5"),
    ];
    assert_eq!(ana.post(&page, "/services", &fields).await.status, 303);
    let page = ana.get("/teams/platform").await;
    let path = "/teams/platform/delete";
    let refused = ana.post(&page, path, &[("confirm", "plattform")]).await;
    assert_eq!(refused.status, 422);
    refused.shows("Nothing was deleted: type platform to confirm it.");
    let refused = ana.post(&page, path, &[("confirm", "platform")]).await;
    assert_eq!(refused.status, 422);
    refused.shows("The service Checkout still uses Platform");
    let fields = [("confirm", "checkout")];
    ana.fill(
        "/services/checkout/edit",
        "/services/checkout/delete",
        &fields,
    )
    .await;
    ana.fill("/teams/platform", path, &[("confirm", "platform")])
        .await
        .shows("Platform is deleted.")
        .shows("A team");
    // Observers are not offered what they may not do.
    ana.fill("/teams", "/teams", &[("name", "Platform")]).await;
    let cem = house.invite(&ana, "Cem", "observer").await;
    assert!(!cem.get("/teams/platform").await.offers(path));
});
