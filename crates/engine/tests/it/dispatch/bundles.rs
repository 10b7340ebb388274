//! What follows within 60 s becomes one message (PAGING.md §6.4).

use domain::directory::NotificationRule;
use domain::incident::Command;
use domain::word::{AlertSeverity, ContactKind, NotificationState, Urgency};
use domain::{ContactMethodId, NotificationRuleId};
use store::Change;
use testkit::smtp::{SmtpFault, SmtpStage};

use crate::on_both;
use crate::post::{Gate, Office, Servers, of_incident, outbox};
use crate::world::{self, ANA, BO, NOON, apply, command, minutes, open, request, seconds, trigger};

on_both!(the_first_goes_at_once_and_the_rest_together, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    for n in 0..5 {
        let now = NOON + seconds(n * 10);
        open(store, &format!("k{n}"), now).await;
        office.settle(now).await;
    }
    assert_eq!(
        servers.subjects("ana"),
        ["[INC-0001] Checkout: k0 is broken"]
    );
    office.settle(NOON + seconds(59)).await;
    assert_eq!(servers.subjects("ana").len(), 1);
    office.settle(NOON + seconds(60)).await;
    let subjects = servers.subjects("ana");
    assert_eq!(
        subjects[1..],
        ["[INC-0002] Checkout: k1 is broken and 3 more"]
    );
});

on_both!(a_burst_is_one_message, 0, |house| {
    let store = &house.store;
    world::build_with(store, |settings| settings.storm_limit = None).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let burst = (0..150).map(|n| trigger(&format!("k{n}"))).collect();
    apply(store, vec![request(burst)], NOON).await;
    office.settle(NOON).await;
    assert_eq!(
        servers.subjects("ana"),
        ["[INC-0001] Checkout: k0 is broken and 149 more"]
    );
    // The phone gets its own.
    office.settle(NOON + minutes(1)).await;
    let sms: Vec<String> = servers
        .twilio
        .messages()
        .into_iter()
        .map(|sms| sms.body)
        .collect();
    assert_eq!(sms.len(), 1);
    assert!(sms[0].contains(" and 149 more. Reply "), "{sms:?}");
});

on_both!(a_steady_stream_leaves_every_minute, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let mail = Gate::accepting(ContactKind::Email);
    mail.let_through(10_000);
    let office = Office::new(store, channels::Channels::new(vec![mail.clone()]));
    let mut sent_at = vec![];
    for n in 0..60 {
        let now = NOON + seconds(n * 5);
        open(store, &format!("k{n}"), now).await;
        let before = mail.taken().len();
        office.settle(now).await;
        sent_at.extend((mail.taken().len() > before).then_some(n * 5));
    }
    // Ana's first, then at each full minute: windows do not slide on for ever.
    assert_eq!(sent_at, [0, 60, 120, 180, 240]);
    office.settle(NOON + minutes(5)).await;
    for row in outbox(store).await {
        let told = matches!(
            row.state,
            NotificationState::Accepted | NotificationState::Bundled
        );
        assert!(told || row.channel == ContactKind::Sms, "{row:?}");
    }
});

on_both!(a_message_on_its_way_begins_the_window, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let mail = Gate::accepting(ContactKind::Email);
    let office = Office::new(store, channels::Channels::new(vec![mail.clone()]));
    open(store, "first", NOON).await;
    office.dispatcher.send_due().await.unwrap();
    for n in 0..10 {
        open(store, &format!("k{n}"), NOON).await;
        office.dispatcher.send_due().await.unwrap();
    }
    mail.let_through(100);
    office.settle(NOON).await;
    assert_eq!(
        mail.taken().len(),
        1,
        "a slow provider does not turn a burst into many messages"
    );
    office.settle(NOON + minutes(1)).await;
    assert_eq!(mail.taken().len(), 2);
});

on_both!(high_and_low_are_never_mixed, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let mut signals = vec![];
    for n in 0..4 {
        let mut one = trigger(&format!("k{n}"));
        if n % 2 == 1 {
            one.severity = AlertSeverity::Warning;
        }
        signals.push(one);
    }
    apply(store, vec![request(signals)], NOON).await;
    office.settle(NOON).await;
    let mut subjects = servers.subjects("ana");
    subjects.sort();
    assert_eq!(
        subjects,
        [
            "[INC-0001] Checkout: k0 is broken and 1 more",
            "[INC-0002] Checkout: k1 is broken and 1 more",
        ]
    );
});

on_both!(catching_up_is_one_message_about_one_incident, 0, |house| {
    // §4.6: steps that fell due are merged per person; they speak of one incident, not of many.
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    open(store, "disk", NOON).await;
    let late = NOON + seconds(1_250);
    engine::timer::fire_due(store, late).await.unwrap();
    office.settle(late).await;
    assert_eq!(
        servers.subjects("ana"),
        ["[INC-0001] Checkout: disk is broken"]
    );
    assert_eq!(
        servers.subjects("bo"),
        ["[INC-0001] Checkout: disk is broken"]
    );
});

on_both!(an_answer_to_one_does_not_lose_the_others, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let results = apply(
        store,
        vec![request(vec![trigger("a"), trigger("b"), trigger("c")])],
        NOON,
    )
    .await;
    let first = results[0].as_ref().unwrap().applied[0].incident_id.unwrap();
    let first = store
        .read(move |c| store::incident::fetch(c, first))
        .await
        .unwrap();
    // The bundle's first attempt fails; before the next its leading incident is answered.
    servers.smtp.set_fault(SmtpFault {
        busy_next: 1,
        ..SmtpFault::default()
    });
    office.settle(NOON).await;
    assert!(servers.smtp.mails().is_empty());
    command(store, &first, BO, Command::Acknowledge, NOON + seconds(1))
        .await
        .unwrap();
    office.settle(NOON + seconds(10)).await;
    // Besides the word that Bo has answered the first.
    let mut subjects = servers.subjects("ana");
    subjects.retain(|subject| !subject.starts_with("[INC-0001]"));
    assert_eq!(subjects, ["[INC-0002] Checkout: b is broken and 1 more"]);
});

on_both!(an_answer_wakes_what_travelled_along, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let results = apply(store, vec![request(vec![trigger("a"), trigger("b")])], NOON).await;
    let first = results[0].as_ref().unwrap().applied[0].incident_id.unwrap();
    let first = store
        .read(move |c| store::incident::fetch(c, first))
        .await
        .unwrap();
    servers.smtp.set_fault(SmtpFault {
        busy_next: 100,
        ..SmtpFault::default()
    });
    office.settle(NOON).await;
    // Nobody is told of it but who answers, so that nothing else wakes whoever sends.
    let mut changes = store.changes();
    command(store, &first, ANA, Command::Acknowledge, NOON + seconds(1))
        .await
        .unwrap();
    let mut seen = Vec::new();
    while let Ok(change) = changes.try_recv() {
        seen.push(change);
    }
    assert!(seen.contains(&Change::Outbox), "{seen:?}");
});

on_both!(what_was_called_off_costs_no_second_window, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let results = apply(store, vec![request(vec![trigger("a"), trigger("b")])], NOON).await;
    let first = results[0].as_ref().unwrap().applied[0].incident_id.unwrap();
    let first = store
        .read(move |c| store::incident::fetch(c, first))
        .await
        .unwrap();
    servers.smtp.set_fault(SmtpFault {
        busy_next: 100,
        ..SmtpFault::default()
    });
    office.settle(NOON).await;
    // Another page begins a window of its own, and then the one that carried b is answered.
    open(store, "c", NOON + seconds(61)).await;
    office.settle(NOON + seconds(61)).await;
    command(store, &first, BO, Command::Acknowledge, NOON + seconds(62))
        .await
        .unwrap();
    servers.smtp.set_fault(SmtpFault::default());
    office.settle(NOON + seconds(70)).await;
    let mut subjects = servers.subjects("ana");
    subjects.retain(|subject| !subject.starts_with("[INC-0001]"));
    subjects.sort();
    assert_eq!(
        subjects,
        [
            "[INC-0002] Checkout: b is broken",
            "[INC-0003] Checkout: c is broken"
        ],
        "b has waited for one window already (PAGING.md §6.4)"
    );
});

on_both!(a_server_that_hangs_holds_up_one_attempt_only, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    servers.smtp.set_fault(SmtpFault {
        hang: Some(SmtpStage::Hello),
        ..SmtpFault::default()
    });
    let incident = open(store, "disk", NOON).await;
    // The channel gives up after its own time; the phone is used at once instead.
    office.settle(NOON).await;
    assert_eq!(servers.twilio.messages().len(), 1);
    servers.smtp.set_fault(SmtpFault::default());
    office.settle(NOON + seconds(5)).await;
    assert_eq!(servers.subjects("ana").len(), 1);
    let rows = of_incident(store, &incident).await;
    assert!(rows.iter().all(|row| row.user_id == Some(ANA)));
});

on_both!(an_old_message_tried_again_holds_up_nothing, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let refusal = channels::Failure::Temporary {
        reason: "come back later".into(),
        retry_after: None,
    };
    let unwell = Gate::new(ContactKind::Email, Err(refusal));
    unwell.let_through(1);
    let office = Office::new(store, channels::Channels::new(vec![unwell.clone()]));
    open(store, "k0", NOON).await;
    office.settle(NOON).await;
    assert_eq!(unwell.taken().len(), 1);
    // The provider is well again, and takes the first message at last.
    let mail = Gate::accepting(ContactKind::Email);
    mail.let_through(10);
    let office = Office::new(store, channels::Channels::new(vec![mail.clone()]));
    office.settle(NOON + seconds(50)).await;
    assert_eq!(mail.taken().len(), 1);
    // Its window began when it first went, and is over.
    open(store, "k1", NOON + seconds(61)).await;
    office.settle(NOON + seconds(61)).await;
    assert_eq!(mail.taken().len(), 2, "{:?}", outbox(store).await);
});

on_both!(a_failing_provider_opens_no_second_window, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let refusal = channels::Failure::Temporary {
        reason: "come back later".into(),
        retry_after: Some(minutes(5)),
    };
    let unwell = Gate::new(ContactKind::Email, Err(refusal));
    unwell.let_through(100);
    let office = Office::new(store, channels::Channels::new(vec![unwell.clone()]));
    for n in 0..12 {
        let now = NOON + seconds(n * 10);
        open(store, &format!("k{n}"), now).await;
        office.settle(now).await;
    }
    // The first at once, and what followed it within a minute together; nobody waits longer.
    assert_eq!(unwell.taken().len(), 2, "{:?}", outbox(store).await);
    office.settle(NOON + seconds(120)).await;
    let waiting = |row: &store::notification::Notification| {
        row.channel == ContactKind::Email
            && row.state == NotificationState::Planned
            && row.attempts == 0
    };
    assert!(!outbox(store).await.iter().any(waiting));
});

on_both!(
    what_waits_for_a_message_that_fails_for_good_goes_at_once,
    0,
    |house| {
        // §6.4 with §6.5: the window ends with the message that began it.
        let store = &house.store;
        world::build(store).await;
        let unwell = Gate::new(
            ContactKind::Email,
            Err(channels::Failure::Temporary {
                reason: "come back later".into(),
                retry_after: None,
            }),
        );
        unwell.let_through(1);
        let office = Office::new(store, channels::Channels::new(vec![unwell.clone()]));
        open(store, "k0", NOON).await;
        office.settle(NOON).await;
        open(store, "k1", NOON + seconds(1)).await;
        office.settle(NOON + seconds(1)).await;
        assert_eq!(unwell.taken().len(), 1, "the second waits for the window");
        let refusing = Gate::new(
            ContactKind::Email,
            Err(channels::Failure::Permanent {
                reason: "refused".into(),
                method_broken: false,
            }),
        );
        refusing.let_through(2);
        let office = Office::new(store, channels::Channels::new(vec![refusing.clone()]));
        office.settle(NOON + seconds(4)).await;
        let pages = outbox(store).await;
        let tried = |row: &&store::notification::Notification| {
            row.channel == ContactKind::Email && row.page_id.is_some() && row.attempts > 0
        };
        assert_eq!(pages.iter().filter(tried).count(), 2, "{pages:?}");
    }
);

on_both!(
    what_waits_for_a_message_that_is_called_off_goes_at_once,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let unwell = Gate::new(
            ContactKind::Email,
            Err(channels::Failure::Temporary {
                reason: "come back later".into(),
                retry_after: Some(minutes(5)),
            }),
        );
        unwell.let_through(1);
        let office = Office::new(store, channels::Channels::new(vec![unwell.clone()]));
        let first = open(store, "k0", NOON).await;
        office.settle(NOON).await;
        let second = open(store, "k1", NOON + seconds(1)).await;
        office.settle(NOON + seconds(1)).await;
        command(store, &first, BO, Command::Acknowledge, NOON + seconds(5))
            .await
            .unwrap();
        let mail = Gate::accepting(ContactKind::Email);
        mail.let_through(10);
        let office = Office::new(store, channels::Channels::new(vec![mail.clone()]));
        office.settle(NOON + seconds(5)).await;
        let rows = of_incident(store, &second).await;
        let left = |row: &store::notification::Notification| {
            row.channel == ContactKind::Email && row.state == NotificationState::Accepted
        };
        assert!(rows.iter().any(left), "{rows:?}");
    }
);

on_both!(
    the_wait_of_one_that_is_cancelled_counts_in_the_same_claim,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        // Mail at once, the phone half a minute later.
        let rule = |id, method, delay| NotificationRule {
            id: NotificationRuleId(id),
            urgency: Urgency::High,
            method_id: ContactMethodId(method),
            delay: seconds(delay),
        };
        let rules = [rule(8, 10, 0), rule(9, 11, 30)];
        store
            .write(move |tx| store::people::replace_rules(tx, ANA, &rules))
            .await
            .unwrap();
        let servers = Servers::start().await;
        let office = Office::new(store, servers.channels());
        open(store, "k0", NOON).await;
        office.settle(NOON).await;
        // Its mail waits for the window of the first.
        let second = open(store, "k1", NOON + seconds(1)).await;
        office.settle(NOON + seconds(1)).await;
        office.settle(NOON + seconds(30)).await;
        assert_eq!(servers.twilio.messages().len(), 1);
        // Then the mailbox is gone. When that is seen the SMS is due as well.
        store
            .write(|tx| store::people::mark_broken(tx, ContactMethodId(10), "no such mailbox"))
            .await
            .unwrap();
        office.settle(NOON + seconds(60)).await;
        office.settle(NOON + seconds(61)).await;
        let rows = of_incident(store, &second).await;
        let left = |row: &store::notification::Notification| {
            row.channel == ContactKind::Sms && row.state == NotificationState::Accepted
        };
        assert!(
            rows.iter().any(left),
            "a minute after it began to wait (PAGING.md §6.4): {rows:?}"
        );
    }
);
