//! Channels: made, tried out, named by a policy, given another secret and deleted.

use testkit::receiver::{Answer, Receiver};

use crate::on_both;

on_both!(a_channel_is_made_tried_and_told, |house| {
    let ana = house.ana().await;
    let receiver = Receiver::start();
    ana.get("/channels").await.shows("No channel so far");
    let new = ana.get("/channels/new").await;
    let url = receiver.url("/hooks/T0/hush");
    let fields = [
        ("kind", "slack"),
        ("name", "Ops room"),
        ("address", "hooks.example"),
        ("slug", ""),
        ("team", ""),
        ("description", "Everybody reads along."),
        ("enabled", "yes"),
    ];
    let refused = ana.post(&new, "/channels", &fields).await;
    assert_eq!(refused.status, 422);
    refused.shows("The address must begin with https:// or http:// and name a host.");
    let mut good = fields;
    good[2].1 = &url;
    let page = ana.fill("/channels/new", "/channels", &good).await;
    page.shows("The channel is there.")
        .shows("Ops room")
        .shows("Everybody reads along.")
        .hides("hush");
    // Whoever knows the address can post, so that it is not filled in again.
    ana.get("/channels/ops-room/edit").await.hides("hush");
    assert!(
        !ana.get("/channels/ops-room/edit")
            .await
            .body
            .contains("hush")
    );

    let path = "/channels/ops-room";
    let test = "/channels/ops-room/test";
    ana.fill(path, test, &[])
        .await
        .shows("The test was taken by http://127.0.0.1");
    receiver.answer([Answer::status(404)]);
    ana.fill(path, test, &[])
        .await
        .shows("The test failed. The receiver answers HTTP 404.")
        .shows("The last post was given up")
        .shows("Ana tries out channel Ops room");
    ana.get("/channels").await.shows("last post failed");
    ana.get("/outbox?kind=post")
        .await
        .shows("Channel Ops room")
        .hides("hush");

    // A policy names it, and an incident tells it.
    let form = ana.get("/policies/new").await;
    let channel = house
        .engine
        .directory()
        .channel_by_slug("ops-room")
        .unwrap()
        .id;
    let person = house
        .engine
        .directory()
        .user_by_email("ana@example.com")
        .unwrap()
        .id;
    let (channel, person) = (format!("channel:{channel}"), format!("user:{person}"));
    let policy = [
        ("name", "Told"),
        ("repeats", "1"),
        ("step-0-target", person.as_str()),
        ("step-0-target", channel.as_str()),
        ("step-0-wait", "5"),
        ("step-0-wait_unit", "minutes"),
        ("step-0-mode", "all"),
        ("step-0-urgency", ""),
        ("step-0-severity", ""),
        ("do", "save"),
    ];
    ana.post(&form, "/policies", &policy).await;
    let ladder = ana.get("/policies/told").await;
    ladder.shows("Channel Ops room is told");
    ana.get(path).await.shows("Told");
    ana.get("/policies/told/edit")
        .await
        .shows("Channel Ops room");

    // While it is used it stays.
    let page = ana.get(path).await;
    let confirm = [("confirm", "ops-room")];
    let gone = ana.post(&page, "/channels/ops-room/delete", &confirm).await;
    assert_eq!(gone.status, 422);
    gone.shows("The policy Told still tells Ops room: change that first.");
    let observer = house.invite(&ana, "Cem", "observer").await;
    let seen = observer.get(path).await;
    seen.shows("Ops room").hides("Send a test");
    assert_eq!(observer.get("/channels/new").await.status, 403);
    assert_eq!(observer.get("/channels/nowhere").await.status, 404);
});

on_both!(a_webhook_shows_its_secret_once, |house| {
    let ana = house.ana().await;
    let receiver = Receiver::start();
    let url = receiver.url("/in");
    let fields = [
        ("kind", "webhook"),
        ("name", "Bridge"),
        ("address", url.as_str()),
        ("enabled", "yes"),
    ];
    let new = ana.get("/channels/new").await;
    let page = ana.post(&new, "/channels", &fields).await;
    assert_eq!(page.status, 200);
    let secret = |text: &str| -> String {
        let at = text.find("whsec_").unwrap();
        let rest = &text[at..];
        rest.split([' ', '<', '"']).next().unwrap().to_owned()
    };
    let first = secret(&page.text());
    ana.get("/channels/bridge").await.hides("whsec_");
    ana.fill("/channels/bridge", "/channels/bridge/test", &[])
        .await;
    assert!(receiver.received()[0].is_signed_with(&first));
    let bridge = ana.get("/channels/bridge").await;
    let rotated = ana.post(&bridge, "/channels/bridge/rotate", &[]).await;
    let second = secret(&rotated.text());
    assert_ne!(first, second);
    rotated.shows("Signed with the former secret as well until");
    ana.fill("/channels/bridge", "/channels/bridge/test", &[])
        .await;
    let last = receiver.received().pop().unwrap();
    assert!(last.is_signed_with(&first) && last.is_signed_with(&second));
    // Its address may be seen by those who may change it.
    let edit = ana.get("/channels/bridge/edit").await;
    assert!(edit.body.contains(&url));
    let saved = [("name", "Bridge 2"), ("address", url.as_str())];
    ana.fill("/channels/bridge/edit", "/channels/bridge", &saved)
        .await
        .shows("Saved.")
        .shows("switched off");
    ana.fill(
        "/channels/bridge",
        "/channels/bridge/delete",
        &[("confirm", "bridge")],
    )
    .await
    .shows("Bridge 2 is deleted.");
    assert_eq!(ana.get("/channels/bridge").await.status, 404);
});
