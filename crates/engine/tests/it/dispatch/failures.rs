//! Retries, other methods, broken addresses, and what providers say later (PAGING.md §6.5–6.7).

use domain::NotificationId;
use domain::directory::NotificationRule;
use domain::incident::Incident;
use domain::word::{ContactKind, NotificationKind, NotificationState, Urgency};
use domain::{ContactMethodId, NotificationRuleId, Span, Timestamp};
use engine::reply::{Receipt, receipt};
use store::Store;
use testkit::smtp::SmtpFault;
use testkit::twilio::TwilioFault;

use crate::on_both;
use crate::post::{Office, Servers, of_incident, outbox, states};
use crate::world::{self, ANA, NOON, minutes, open, seconds};

async fn by_channel(
    store: &Store,
    incident: &Incident,
    channel: ContactKind,
) -> store::notification::Notification {
    let rows = of_incident(store, incident).await;
    rows.into_iter()
        .find(|row| row.channel == channel && row.kind == NotificationKind::Page)
        .unwrap()
}

on_both!(
    a_busy_mail_server_is_tried_again_with_the_same_id,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let servers = Servers::start().await;
        let office = Office::new(store, servers.channels());
        servers.smtp.set_fault(SmtpFault {
            busy_next: 2,
            ..SmtpFault::default()
        });
        let incident = open(store, "disk", NOON).await;
        office.settle(NOON).await;
        // The first failure starts the next method at once instead of a minute later.
        assert_eq!(servers.twilio.messages().len(), 1);
        let mail = by_channel(store, &incident, ContactKind::Email).await;
        assert_eq!((mail.state, mail.attempts), (NotificationState::Planned, 1));
        assert!(mail.due_at >= NOON + seconds(2) && mail.due_at <= NOON + seconds(3));
        assert!(
            mail.last_error.as_deref().unwrap().contains("451"),
            "{mail:?}"
        );

        office.settle(NOON + seconds(3)).await;
        assert!(servers.smtp.mails().is_empty());
        office.settle(NOON + seconds(20)).await;
        let arrived = servers.smtp.mails();
        let id = format!("<qd-{}@q.example>", mail.id);
        assert_eq!(arrived.len(), 1);
        assert_eq!(arrived[0].header("Message-ID"), Some(id.as_str()));
        assert_eq!(
            by_channel(store, &incident, ContactKind::Email)
                .await
                .attempts,
            3
        );
    }
);

on_both!(a_mail_server_that_is_down, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let mut servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    servers.smtp.stop();
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON).await;
    assert_eq!(servers.twilio.messages().len(), 1);
    servers.smtp.restart().await;
    office.settle(NOON + seconds(5)).await;
    assert_eq!(servers.subjects("ana").len(), 1);
    let mail = by_channel(store, &incident, ContactKind::Email).await;
    assert_eq!(
        (mail.state, mail.attempts),
        (NotificationState::Accepted, 2)
    );
});

on_both!(a_provider_of_sms_that_fails, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON).await;
    servers.twilio.set_fault(TwilioFault::RateLimited {
        next: 1,
        retry_after_seconds: 30,
    });
    office.settle(NOON + minutes(1)).await;
    let sms = by_channel(store, &incident, ContactKind::Sms).await;
    assert_eq!(sms.state, NotificationState::Planned);
    assert_eq!(
        sms.due_at,
        NOON + seconds(90),
        "429 says when to come again"
    );
    let code = sms.reply_code.clone();
    servers
        .twilio
        .set_fault(TwilioFault::ServerError { next: 1 });
    office.settle(NOON + seconds(90)).await;
    assert!(servers.twilio.messages().is_empty());
    office.settle(NOON + seconds(100)).await;
    let sent = servers.twilio.messages();
    assert_eq!(sent.len(), 1);
    assert!(
        sent[0].body.starts_with(&code.unwrap()),
        "the code stays the same"
    );
});

on_both!(
    a_provider_that_stays_away_is_given_up_after_ten_minutes,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let mut servers = Servers::start().await;
        let office = Office::new(store, servers.channels());
        servers.smtp.stop();
        let incident = open(store, "disk", NOON).await;
        office.settle(NOON).await;
        let mut attempts = 1;
        loop {
            let mail = by_channel(store, &incident, ContactKind::Email).await;
            if mail.state == NotificationState::Failed {
                break;
            }
            assert!(mail.due_at <= NOON + minutes(10));
            office.settle(mail.due_at).await;
            attempts += 1;
            assert!(attempts < 30);
        }
        assert!(attempts >= 8, "{attempts}");
        // The phone has got it meanwhile: nothing else is made up.
        assert_eq!(servers.twilio.messages().len(), 1);
        // The administrator's only method is the one that fails.
        assert_eq!(of_incident(store, &incident).await.len(), 2);
    }
);

on_both!(an_address_that_is_refused_for_good, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    servers.smtp.set_fault(SmtpFault {
        reject_recipients: vec!["ana@example.com".into()],
        ..SmtpFault::default()
    });
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON).await;
    let mail = by_channel(store, &incident, ContactKind::Email).await;
    assert_eq!((mail.state, mail.attempts), (NotificationState::Failed, 1));
    let directory = store.directory();
    let method = directory
        .user(ANA)
        .unwrap()
        .method(ContactMethodId(10))
        .unwrap();
    assert!(
        method.broken.as_deref().unwrap().contains("550"),
        "{method:?}"
    );
    // The page by the phone, and word of the broken mail by the phone as well.
    let bodies: Vec<String> = servers
        .twilio
        .messages()
        .into_iter()
        .map(|sms| sms.body)
        .collect();
    assert_eq!(bodies.len(), 2, "{bodies:?}");
    assert!(
        bodies.iter().any(|body| body.contains("Reply ")),
        "{bodies:?}"
    );
    assert!(
        bodies
            .iter()
            .any(|body| body.contains("Messages to ana@example.com are refused"))
    );
    // And the administrator hears of it.
    assert_eq!(
        servers.subjects("dan"),
        ["Quarterdeck cannot reach Ana by email"]
    );

    // The next page does not try it again.
    let next = open(store, "other", NOON + minutes(2)).await;
    office.settle(NOON + minutes(3)).await;
    let channels: Vec<ContactKind> = of_incident(store, &next)
        .await
        .into_iter()
        .filter_map(|row| row.channel.contact())
        .collect();
    assert_eq!(channels, [ContactKind::Sms]);
    assert_eq!(servers.subjects("dan").len(), 1, "told once");
});

on_both!(a_page_by_a_broken_method_alone_takes_another, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let mail_only = NotificationRule {
        id: NotificationRuleId(9),
        urgency: Urgency::High,
        method_id: ContactMethodId(10),
        delay: Span::ZERO,
    };
    store
        .write(move |tx| store::people::replace_rules(tx, ANA, std::slice::from_ref(&mail_only)))
        .await
        .unwrap();
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    servers.smtp.set_fault(SmtpFault {
        reject_recipients: vec!["ana@example.com".into()],
        ..SmtpFault::default()
    });
    let incident = open(store, "disk", NOON).await;
    assert_eq!(of_incident(store, &incident).await.len(), 1);
    office.settle(NOON).await;
    assert_eq!(
        states(store, ANA, ContactKind::Sms).await,
        [NotificationState::Accepted]
    );
    assert_eq!(of_incident(store, &incident).await.len(), 2);
});

on_both!(
    a_reply_that_is_lost_leads_to_the_same_mail_again,
    0,
    |house| {
        // §6.6.
        let store = &house.store;
        world::build(store).await;
        let servers = Servers::start().await;
        let office = Office::new(store, servers.channels());
        servers.smtp.set_fault(SmtpFault {
            lose_reply_next: 1,
            ..SmtpFault::default()
        });
        open(store, "disk", NOON).await;
        office.settle(NOON).await;
        office.settle(NOON + seconds(5)).await;
        let mails = servers.smtp.mails();
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    }
);

fn said(id: NotificationId, status: &str, evidence: Option<NotificationState>) -> Receipt {
    Receipt {
        notification: Some(id),
        provider_id: "SM1".into(),
        status: status.into(),
        evidence,
        error_code: None,
        error: None,
        method_broken: false,
    }
}

on_both!(receipts_only_move_forward, 0, |house| {
    // §6.7.
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON + minutes(1)).await;
    let sms = by_channel(store, &incident, ContactKind::Sms).await;
    let state = || async { by_channel(store, &incident, ContactKind::Sms).await.state };
    let tell = |one: Receipt| async move {
        receipt(store, one, NOON + minutes(2)).await.unwrap();
    };
    assert_eq!(state().await, NotificationState::Accepted);
    tell(said(sms.id, "sent", Some(NotificationState::Accepted))).await;
    tell(said(
        sms.id,
        "delivered",
        Some(NotificationState::Delivered),
    ))
    .await;
    assert_eq!(state().await, NotificationState::Delivered);
    for late in [
        said(sms.id, "sent", Some(NotificationState::Accepted)),
        said(sms.id, "failed", Some(NotificationState::Failed)),
        said(sms.id, "delivered", Some(NotificationState::Delivered)),
        said(sms.id, "queued", None),
    ] {
        tell(late).await;
        assert_eq!(state().await, NotificationState::Delivered);
    }
    // By the provider's id alone, and about nothing we know.
    let mut by_provider = said(sms.id, "read", Some(NotificationState::Answered));
    by_provider.notification = None;
    by_provider.provider_id = sms.provider_id.clone().unwrap();
    tell(by_provider).await;
    assert_eq!(state().await, NotificationState::Answered);
    let mut stranger = said(NotificationId(999_999), "delivered", None);
    stranger.provider_id = "SM-unknown".into();
    tell(stranger).await;
});

on_both!(
    a_message_that_does_not_arrive_starts_the_next_method,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        // The phone first, mail after ten minutes.
        let rule = |id, method, delay| NotificationRule {
            id: NotificationRuleId(id),
            urgency: Urgency::High,
            method_id: ContactMethodId(method),
            delay,
        };
        let rules = [rule(8, 11, Span::ZERO), rule(9, 10, minutes(10))];
        store
            .write(move |tx| store::people::replace_rules(tx, ANA, &rules))
            .await
            .unwrap();
        let servers = Servers::start().await;
        let office = Office::new(store, servers.channels());
        let incident = open(store, "disk", NOON).await;
        office.settle(NOON).await;
        assert!(servers.smtp.mails().is_empty());
        let sms = by_channel(store, &incident, ContactKind::Sms).await;
        let mut lost = said(sms.id, "undelivered", Some(NotificationState::Failed));
        lost.error = Some("unknown number".into());
        lost.method_broken = true;
        let later: Timestamp = NOON + seconds(20);
        receipt(store, lost, later).await.unwrap();
        office.settle(later).await;
        let to_ana = servers.subjects("ana");
        assert!(
            to_ana
                .iter()
                .any(|subject| subject.starts_with("[INC-0001]")),
            "{to_ana:?}"
        );
        assert!(
            to_ana
                .iter()
                .any(|subject| subject.contains("one of your contact methods"))
        );
        let directory = store.directory();
        let method = directory
            .user(ANA)
            .unwrap()
            .method(ContactMethodId(11))
            .unwrap();
        assert_eq!(method.broken.as_deref(), Some("unknown number"));
        assert_eq!(
            servers.subjects("dan"),
            ["Quarterdeck cannot reach Ana by SMS"]
        );
        assert!(!outbox(store).await.is_empty());
    }
);
