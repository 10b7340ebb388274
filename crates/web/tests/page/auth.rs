//! Set-up, signing in and out, and the choice of colours.

use crate::house::House;
use crate::on_both;

const SETUP: [(&str, &str); 4] = [
    ("name", "Ana"),
    ("email", "ana@example.com"),
    ("password", "correct horse battery"),
    ("zone", "Europe/Berlin"),
];

on_both!(of_two_first_people_one_becomes_the_administrator, |house| {
    let (first, second) = (house.visitor(), house.visitor());
    let (a, b) = (first.get("/setup").await, second.get("/setup").await);
    a.shows("Create the first administrator");
    let mut other = SETUP;
    other[0].1 = "Eve";
    other[1].1 = "eve@example.com";
    let (one, two) = tokio::join!(
        first.post(&a, "/setup", &SETUP),
        second.post(&b, "/setup", &other)
    );
    let mut ways = [one.leads_to.as_str(), two.leads_to.as_str()];
    ways.sort_unstable();
    assert_eq!(ways, ["/", "/sign-in"], "{} {}", one.body, two.body);
    assert_eq!(house.engine.directory().users.len(), 1);
    assert_eq!(house.engine.directory().settings.last_resort.len(), 1);
    // From now on there is nothing to set up.
    assert_eq!(house.visitor().get("/setup").await.leads_to, "/sign-in");
});

on_both!(a_refused_set_up_keeps_what_was_typed, |house| {
    let ana = house.visitor();
    let page = ana.get("/setup").await;
    let fields = [
        ("name", "Ana"),
        ("email", "ana"),
        ("password", "s3cr3t"),
        ("zone", "Mars/Base"),
    ];
    let refused = ana.post(&page, "/setup", &fields).await;
    assert_eq!(refused.status, 422);
    refused
        .shows("Not saved yet.")
        .shows("is not an IANA time zone");
    assert!(refused.body.contains("value=\"Ana\"") && !refused.body.contains("s3cr3t"));
    assert!(house.engine.directory().users.is_empty());
});

on_both!(who_guesses_passwords_is_slowed_down, |house| {
    drop(house.ana().await);
    let eve = house.visitor();
    let page = eve.get("/sign-in?next=/schedules").await;
    let guess = [
        ("email", "ana@example.com"),
        ("password", "letmein"),
        ("next", "/schedules"),
    ];
    for _ in 0..5 {
        let wrong = eve.post(&page, "/sign-in", &guess).await;
        assert_eq!(wrong.status, 422);
        wrong.shows("The e-mail address or the password is not right.");
        assert!(
            wrong.body.contains("value=\"ana@example.com\""),
            "the address stays"
        );
    }
    let slowed = eve.post(&page, "/sign-in", &guess).await;
    assert_eq!(slowed.status, 429);
    slowed.shows("Too many attempts. Try again in");
    assert!(slowed.headers.contains_key("retry-after"));
    // The right password does not open either, else guessing could go on.
    let right = [("email", "ana@example.com"), ("password", SETUP[2].1)];
    assert_eq!(eve.post(&page, "/sign-in", &right).await.status, 429);
});

on_both!(signing_in_leads_where_one_wanted_to_go, |house| {
    let ana = house.ana().await;
    let page = ana.get("/profile").await;
    assert_eq!(ana.post(&page, "/sign-out", &[]).await.leads_to, "/sign-in");
    let visitor = house.visitor();
    let page = visitor.get("/sign-in?next=%2Fschedules%3Fa%3D1").await;
    let mut fields = vec![("email", "ana@example.com"), ("password", SETUP[2].1)];
    fields.push(("next", "/schedules?a=1"));
    assert_eq!(
        visitor.post(&page, "/sign-in", &fields).await.leads_to,
        "/schedules?a=1"
    );
    let elsewhere = house.visitor();
    let page = elsewhere.get("/sign-in").await;
    fields[2].1 = "//evil.example/";
    assert_eq!(
        elsewhere.post(&page, "/sign-in", &fields).await.leads_to,
        "/"
    );
    // Signed out, the session is over.
    let page = elsewhere.get("/profile").await;
    page.shows("Your profile");
    elsewhere.post(&page, "/sign-out", &[]).await;
    assert_ne!(elsewhere.get("/profile").await.status, 200);
});

on_both!(colours_are_remembered_and_previews_do_no_harm, |house| {
    let ana = house.ana().await;
    let page = ana.get("/services").await;
    let fields = [("theme", "dark"), ("next", "/services?q=a")];
    assert_eq!(
        ana.post(&page, "/theme", &fields).await.leads_to,
        "/services?q=a"
    );
    assert!(
        ana.get("/services")
            .await
            .body
            .contains("data-bs-theme=\"dark\"")
    );
    let typed = [("body", "**bold** <script>alert(1)</script>")];
    let shown = ana.post(&page, "/preview", &typed).await;
    assert!(shown.body.contains("<strong>bold</strong>") && !shown.body.contains("<script"));
    assert_eq!(ana.post_without_token("/preview", &typed).await.status, 403);
});

#[actix_web::test]
async fn whoever_signs_out_is_told() {
    let house = House::on_sqlite().await;
    let ana = house.ana().await;
    let page = ana.get("/").await;
    let out = ana.post(&page, "/sign-out", &[]).await;
    assert_eq!(out.leads_to, "/sign-in");
    ana.get("/sign-in").await.shows("You are signed out.");
    ana.get("/sign-in").await.hides("You are signed out.");
}
