//! Pages reach people: by real mail and SMS servers, bundled, retried and never lost
//! (PAGING.md §6).

mod bundles;
mod channels;
mod claims;
mod failures;

use std::sync::Arc;

use domain::incident::Command;
use domain::word::{ContactKind, EntryKind, NotificationState};
use engine::clock::ManualClock;
use engine::link::Link;
use engine::{Engine, EngineConfig};
use testkit::eventually;

use crate::on_both;
use crate::post::{Office, PATIENCE, Servers, of_incident, outbox, states};
use crate::world::{
    self, ANA, BO, NOON, PHONE, apply, command, fresh, minutes, open, request, seconds, trigger,
};

on_both!(a_page_by_the_running_engine, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let clock = ManualClock::at(NOON);
    let config = EngineConfig {
        public_url: "https://q.example/".into(),
        node_name: "node".into(),
        letterbox: None,
    };
    let engine = Engine::start(
        store.clone(),
        servers.channels(),
        config,
        Arc::new(clock.clone()),
    )
    .await
    .unwrap();
    let mut signal = trigger("disk");
    signal.summary = "disk full on db-1\r\nBcc: eve@example.net".into();
    engine.submit(request(vec![signal])).await.unwrap();

    let mail = servers.smtp.wait_for(1, PATIENCE).await.remove(0);
    let row = outbox(store).await.remove(0);
    assert_eq!(mail.to, ["ana@example.com"]);
    let header = |name| mail.header(name).unwrap_or_default().to_owned();
    assert_eq!(
        header("Subject"),
        "[INC-0001] Checkout: disk full on db-1 Bcc: eve@example.net"
    );
    assert_eq!(header("Message-ID"), format!("<qd-{}@q.example>", row.id));
    assert_eq!(header("References"), "<incident-1@q.example>");
    assert_eq!(header("Importance"), "high");
    assert!(mail.header("Bcc").is_none());
    assert!(
        mail.text.contains("Why you: Step 1 of policy Ladder"),
        "{}",
        mail.text
    );
    assert!(mail.text.contains("https://q.example/incidents/1"));
    // The link in it acknowledges for Ana.
    let token = mail.text.split("https://q.example/a/").nth(1).unwrap();
    let token = token.split_whitespace().next().unwrap();
    assert!(mail.html.as_deref().unwrap_or_default().contains(token));
    let link = Link::verify(token, &engine.sender().secret, NOON).unwrap();
    assert_eq!((link.user, link.notification), (ANA, row.id));

    // A minute later the phone, by her own rule, with a code.
    clock.set(NOON + minutes(1));
    let sms = servers.twilio.wait_for(1, PATIENCE).await.remove(0);
    assert_eq!(sms.to, PHONE);
    let code = sms.body.split(' ').next().unwrap();
    assert!(
        code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit()),
        "{}",
        sms.body
    );
    assert!(
        sms.body.ends_with(&format!("Reply {code} ack")),
        "{}",
        sms.body
    );

    eventually(PATIENCE, "both to be accepted", || async {
        states(store, ANA, ContactKind::Sms).await == [NotificationState::Accepted]
            && states(store, ANA, ContactKind::Email).await == [NotificationState::Accepted]
    })
    .await;
    let id = link.incident;
    let timeline = store
        .read(move |c| store::timeline::latest(c, id, 100))
        .await
        .unwrap();
    let sent = timeline
        .iter()
        .filter(|entry| entry.kind == EntryKind::NotificationSent)
        .count();
    assert_eq!(sent, 2, "the incident shows both");
    drop(engine);
});

on_both!(what_is_answered_is_not_sent, 0, |house| {
    // §6.3.
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON).await;
    command(
        store,
        &incident,
        BO,
        Command::Acknowledge,
        NOON + seconds(30),
    )
    .await
    .unwrap();
    office.settle(NOON + minutes(2)).await;
    assert!(servers.twilio.messages().is_empty());
    assert_eq!(
        states(store, ANA, ContactKind::Sms).await,
        [NotificationState::Cancelled]
    );

    // Acknowledged and triggered again: the old plan is not taken up.
    command(
        store,
        &incident,
        BO,
        Command::Unacknowledge,
        NOON + minutes(3),
    )
    .await
    .unwrap();
    office.settle(NOON + minutes(3)).await;
    assert_eq!(
        states(store, ANA, ContactKind::Sms).await,
        [NotificationState::Cancelled, NotificationState::Planned]
    );
});

on_both!(who_was_paged_hears_who_answered, 0, |house| {
    // §6.9.
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON).await;
    engine::timer::fire_due(store, NOON + minutes(5))
        .await
        .unwrap();
    office.settle(NOON + minutes(5)).await;
    let now = NOON + minutes(6);
    command(store, &incident, BO, Command::Acknowledge, now)
        .await
        .unwrap();
    office.settle(now).await;
    let mails = servers.smtp.mails();
    let notices: Vec<_> = mails
        .iter()
        .filter(|mail| mail.text.contains("Bo acknowledged"))
        .collect();
    let to: Vec<&str> = notices.iter().map(|mail| mail.to[0].as_str()).collect();
    assert_eq!(
        to,
        ["ana@example.com"],
        "Ana, who was paged, and not Bo, who did it"
    );
    assert_eq!(
        notices[0].header("References"),
        Some("<incident-1@q.example>"),
        "in the thread"
    );
});

on_both!(an_acknowledger_hears_of_a_second_failure_once, 0, |house| {
    // §2.3, bundled by §6.4.
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let member = |key: String| {
        let mut one = trigger(&key);
        one.group_key = Some("g".into());
        one
    };
    let opened = apply(store, vec![request(vec![member("a".into())])], NOON).await;
    let id = opened[0].as_ref().unwrap().applied[0].incident_id.unwrap();
    let incident = store
        .read(move |c| store::incident::fetch(c, id))
        .await
        .unwrap();
    command(store, &incident, BO, Command::Acknowledge, NOON)
        .await
        .unwrap();
    for n in 0..50 {
        let now = NOON + seconds(1 + n / 10);
        apply(store, vec![request(vec![member(format!("more {n}"))])], now).await;
        office.settle(now).await;
    }
    assert_eq!(
        servers.subjects("bo").len(),
        1,
        "at once, and then no storm"
    );
    office.settle(NOON + seconds(61)).await;
    let mails = servers.smtp.mails();
    let to_bo: Vec<_> = mails
        .iter()
        .filter(|mail| mail.to == ["bo@example.com"])
        .collect();
    assert_eq!(to_bo.len(), 2);
    let text = &to_bo[1].text;
    assert!(
        text.contains("Another alert: more 1 is broken; Another alert"),
        "{text}"
    );
    assert!(text.contains("and 39 more"), "{text}");
    assert_eq!(fresh(store, &incident).await.open_alerts, 51);
});

on_both!(who_has_left_is_not_paged, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    store
        .write(|tx| {
            tx.execute("UPDATE users SET disabled_at = 1 WHERE id = 1")?;
            tx.configured()
        })
        .await
        .unwrap();
    office.settle(NOON + minutes(2)).await;
    assert!(servers.smtp.mails().is_empty() && servers.twilio.messages().is_empty());
    let rows = of_incident(store, &incident).await;
    assert!(
        rows.iter()
            .all(|row| row.state == NotificationState::Cancelled),
        "{rows:?}"
    );
    assert!(
        rows[0].last_error.as_deref().unwrap().contains("closed"),
        "and it says why"
    );
});

on_both!(a_method_that_is_gone_is_replaced, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON).await;
    // Between planning and sending she removes her phone.
    store
        .write(|tx| store::people::remove_method(tx, domain::ContactMethodId(11)))
        .await
        .unwrap();
    office.settle(NOON + minutes(1)).await;
    assert!(servers.twilio.messages().is_empty());
    assert_eq!(
        states(store, ANA, ContactKind::Sms).await,
        [NotificationState::Cancelled]
    );
    // The mail has left already, so nothing else is needed.
    assert_eq!(of_incident(store, &incident).await.len(), 2);

    // Her mail does not work any more before the next page leaves: her new phone is used although
    // no rule says so.
    let phone = domain::directory::ContactMethod {
        id: domain::ContactMethodId(12),
        kind: ContactKind::Sms,
        address: "+4915100000000".into(),
        verified_at: Some(NOON),
        broken: None,
    };
    store
        .write(move |tx| store::people::insert_method(tx, ANA, &phone, NOON))
        .await
        .unwrap();
    let next = open(store, "other", NOON + minutes(9)).await;
    store
        .write(|tx| store::people::mark_broken(tx, domain::ContactMethodId(10), "no such mailbox"))
        .await
        .unwrap();
    office.settle(NOON + minutes(9)).await;
    assert_eq!(servers.twilio.messages().len(), 1);
    assert_eq!(servers.twilio.messages()[0].to, "+4915100000000");
    assert_eq!(of_incident(store, &next).await.len(), 2);
});
