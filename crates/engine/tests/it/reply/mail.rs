//! Answers by mail to the address that a page names (PAGING.md §6.8).

use domain::Timestamp;
use domain::word::{ContactKind, NotificationKind, NotificationState, Origin, PagingState};
use engine::reply::{Address, InboundMail, Verb, mail};
use store::Store;

use crate::on_both;
use crate::post::{Office, Servers, outbox, secret, states};
use crate::world::{
    self, ANA, BO, NOON, apply, command, fresh, minutes, open, request, seconds, trigger,
};

/// Where the answer to the newest mail to Ana goes.
fn reply_to(servers: &Servers) -> Address {
    let mails = servers.smtp.mails();
    let to_ana = |to: &[String]| to == ["ana@example.com"];
    let newest = mails.iter().rev().find(|mail| to_ana(&mail.to)).unwrap();
    let address = newest.header("Reply-To").unwrap();
    let token = address.strip_prefix("reply+").unwrap();
    let token = token.strip_suffix("@q.example").unwrap();
    Address::read(token, &secret()).unwrap()
}

fn inbound(to: Address, id: &str, wanted: Option<Verb>) -> InboundMail {
    InboundMail {
        to,
        id: id.into(),
        wanted,
        automatic: false,
    }
}

async fn say(store: &Store, to: Address, id: &str, verb: Verb, now: Timestamp) {
    mail(store, inbound(to, id, Some(verb)), now).await.unwrap();
}

/// What Ana was answered, oldest first.
async fn answers(store: &Store) -> Vec<String> {
    let rows = outbox(store).await.into_iter();
    let replies = rows.filter(|row| row.kind == NotificationKind::Reply);
    replies
        .map(|row| {
            assert_eq!(
                (row.user_id, row.address.as_str()),
                (Some(ANA), "ana@example.com")
            );
            row.body
        })
        .collect()
}

on_both!(a_mail_answers_the_page_and_is_answered, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON).await;
    let to = reply_to(&servers);
    let now = NOON + minutes(2);
    say(store, to, "1@x", Verb::Acknowledge, now).await;
    let after = fresh(store, &incident).await;
    assert_eq!(
        (after.paging, after.acknowledged_by),
        (PagingState::Acknowledged, Some(ANA))
    );
    assert_eq!(
        states(store, ANA, ContactKind::Email).await,
        [NotificationState::Answered]
    );
    let id = incident.id;
    let timeline = store
        .read(move |c| store::timeline::latest(c, id, 100))
        .await
        .unwrap();
    let entry = timeline
        .iter()
        .find(|entry| entry.text == "Ana by reply to mail acknowledged")
        .unwrap();
    assert_eq!(
        (entry.actor_id, entry.origin),
        (Some(ANA), Origin::EmailReply)
    );
    // The same mail again, as servers send it.
    say(store, to, "1@x", Verb::Acknowledge, now).await;
    assert_eq!(answers(store).await, ["INC-0001 acknowledged."]);
    office.settle(now).await;
    let mails = servers.smtp.mails();
    let answer = mails.last().unwrap();
    assert_eq!(answer.text.trim(), "INC-0001 acknowledged.");
    assert_eq!(answer.header("Subject"), mails[0].header("Subject"));
    assert_eq!(answer.header("In-Reply-To"), mails[0].header("In-Reply-To"));
    assert_eq!(answer.header("Auto-Submitted"), Some("auto-generated"));
    // Who answers the answer means the page.
    let next = reply_to(&servers);
    assert_ne!(next.notification, to.notification);
    say(store, next, "2@x", Verb::Resolve, now + seconds(9)).await;
    assert_eq!(fresh(store, &incident).await.paging, PagingState::Resolved);
    assert_eq!(answers(store).await[1..], ["INC-0001 resolved."]);
});

on_both!(
    a_mail_acts_on_the_whole_bundle_also_by_the_answer_to_it,
    0,
    |house| {
        // §6.4.
        let store = &house.store;
        world::build(store).await;
        let servers = Servers::start().await;
        let office = Office::new(store, servers.channels());
        apply(
            store,
            vec![request((0..3).map(|n| trigger(&n.to_string())).collect())],
            NOON,
        )
        .await;
        office.settle(NOON).await;
        let now = NOON + minutes(1);
        mail(store, inbound(reply_to(&servers), "1@x", None), now)
            .await
            .unwrap();
        assert!(answers(store).await[0].starts_with("This was not understood"));
        office.settle(now).await;
        say(store, reply_to(&servers), "2@x", Verb::Acknowledge, now).await;
        assert_eq!(
            answers(store).await[1],
            "INC-0001, INC-0002, INC-0003 acknowledged."
        );
    }
);

on_both!(
    a_mail_that_is_late_or_by_a_program_does_nothing,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let servers = Servers::start().await;
        let office = Office::new(store, servers.channels());
        let incident = open(store, "disk", NOON).await;
        office.settle(NOON).await;
        let to = reply_to(&servers);
        let away = InboundMail {
            automatic: true,
            ..inbound(to, "1@x", Some(Verb::Acknowledge))
        };
        mail(store, away, NOON + minutes(1)).await.unwrap();
        assert_eq!(answers(store).await, [""; 0]);
        // §6.8: valid 24 h.
        say(store, to, "2@x", Verb::Acknowledge, to.expires_at).await;
        assert_eq!(fresh(store, &incident).await.paging, PagingState::Triggered);
        assert!(answers(store).await[0].contains("more than 24 hours"));
        // Nobody takes over by a mail that is older than the acknowledgement.
        let acknowledge = domain::incident::Command::Acknowledge;
        command(store, &incident, BO, acknowledge, NOON + minutes(2))
            .await
            .unwrap();
        say(store, to, "3@x", Verb::Acknowledge, NOON + minutes(3)).await;
        assert_eq!(fresh(store, &incident).await.acknowledged_by, Some(BO));
        assert_eq!(
            answers(store).await[1],
            "INC-0001: Bo has acknowledged it already."
        );
    }
);

on_both!(two_programs_cannot_keep_each_other_busy, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    open(store, "disk", NOON).await;
    office.settle(NOON).await;
    let to = reply_to(&servers);
    for n in 0..8 {
        mail(store, inbound(to, &format!("{n}@x"), None), NOON)
            .await
            .unwrap();
    }
    assert_eq!(answers(store).await.len(), 5);
    for n in 0..60 {
        say(store, to, &format!("ack-{n}@x"), Verb::Acknowledge, NOON).await;
    }
    assert_eq!(answers(store).await.len(), 5 + 50 - 8);
    // What we say is nothing that we would act on.
    for answer in answers(store).await {
        assert_eq!(
            formats::reply::parse_mail_first_line(&answer),
            None,
            "{answer}"
        );
    }
});
