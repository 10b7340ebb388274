//! Calendars: feeds, imports and reminders by forms alone.

use crate::house::PUBLIC_URL;
use crate::on_both;
use crate::schedule::platform;

on_both!(a_feed_is_shown_once_and_revoked, |house| {
    let ana = house.ana().await;
    let bo = house.bo(&ana).await;
    platform(house, &ana).await;
    let page = bo.get("/calendars?schedule=platform").await;
    page.shows("Calendars and reminders").shows("My shifts");
    assert!(
        page.body.contains("selected>Schedule Platform"),
        "{}",
        page.body
    );

    let made = bo
        .post(&page, "/calendars/feeds", &[("subject", "person")])
        .await;
    assert_eq!(made.status, 200);
    made.shows("The address of your new feed");
    let start = made.body.find(&format!("{PUBLIC_URL}/calendar/")).unwrap();
    let path = &made.body[start + PUBLIC_URL.len()..];
    let path = path.split('<').next().unwrap().trim();
    let feed = house.visitor().get(path).await;
    assert_eq!(feed.status, 200);
    assert!(
        feed.body.starts_with("BEGIN:VCALENDAR\r\n"),
        "{}",
        feed.body
    );
    assert!(
        feed.body.contains("SUMMARY:On call: Platform"),
        "{}",
        feed.body
    );

    // Not shown again, and Ana sees whose it is.
    let page = bo.get("/calendars").await;
    assert!(!page.body.contains("/calendar/") && page.text().contains("last fetched"));
    ana.get("/calendars").await.shows("Shifts of Bo");
    let action = page
        .body
        .split("action=\"/calendars/feeds/")
        .nth(1)
        .unwrap();
    let action = format!("/calendars/feeds/{}", action.split('"').next().unwrap());
    let after = bo.post(&page, &action, &[]).await;
    assert_eq!(after.status, 303);
    assert_eq!(house.visitor().get(path).await.status, 404);
});

on_both!(reminders_and_imports_are_set, |house| {
    let ana = house.ana().await;
    drop(house.bo(&ana).await);
    platform(house, &ana).await;
    let page = ana.get("/calendars").await;
    assert!(page.body.contains("value=\"24h, 1h\"") && page.body.contains("checked"));
    let refused = ana
        .post(
            &page,
            "/calendars/reminders",
            &[("leads", "soon"), ("hand_off", "yes")],
        )
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("Write times such as 24h, 1h or 30m.");
    assert!(refused.body.contains("value=\"soon\""));
    ana.fill(
        "/calendars",
        "/calendars/reminders",
        &[("leads", "2d, 90m")],
    )
    .await
    .shows("Saved.");
    let page = ana.get("/calendars").await;
    assert!(page.body.contains("value=\"2d, 90m\"") && !page.body.contains(" checked"));

    // The digest was not ticked; it is, at an hour of one's own.
    let refused = ana
        .post(
            &page,
            "/calendars/reminders",
            &[("leads", "24h"), ("digest", "yes"), ("digest_at", "noon")],
        )
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("Choose a time such as 09:00.");
    ana.fill(
        "/calendars",
        "/calendars/reminders",
        &[("leads", "24h"), ("digest", "yes"), ("digest_at", "07:30")],
    )
    .await
    .shows("Saved.");
    let page = ana.get("/calendars").await;
    page.shows("Mail me a morning digest");
    assert!(page.body.contains("value=\"07:30\"") && page.body.contains(" checked"));

    let text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20200101T000000Z\nDURATION:P1D\n\
                RRULE:FREQ=DAILY\nSUMMARY:Bo\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\n\
                DTSTART:20990101T000000Z\nRRULE:FREQ=HOURLY\nEND:VEVENT\nEND:VCALENDAR";
    let fields = |text| {
        vec![
            ("schedule", "platform"),
            ("name", "Elsewhere"),
            ("place", "above"),
            ("url", ""),
            ("text", text),
        ]
    };
    let refused = ana
        .post(&page, "/calendars/imports", &fields("hello"))
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("This is no calendar");
    ana.fill("/calendars", "/calendars/imports", &fields(text))
        .await
        .shows("The calendar is imported")
        .shows("Elsewhere")
        .shows("Above all layers")
        .shows("a rule that repeats HOURLY is too often");
    ana.get("/schedules/platform")
        .await
        .shows("Calendar Elsewhere");
});
