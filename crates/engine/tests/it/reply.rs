//! Answers by SMS and by mail link (PAGING.md §6.8).

mod mail;
mod named;

use domain::Timestamp;
use domain::word::{ContactKind, NotificationState, Origin, PagingState};
use engine::Error;
use engine::link::{BadLink, Link};
use engine::reply::{InboundSms, Verb, act_on_link, sms, view_link};
use store::Store;

use crate::on_both;
use crate::post::{Office, Servers, secret, states};
use crate::world::{
    self, ANA, NOON, PHONE, apply, executions, fresh, minutes, open, request, seconds, trigger,
};

fn inbound(id: &str, wanted: Option<(Verb, Option<String>)>) -> InboundSms {
    InboundSms {
        provider_id: id.into(),
        from: PHONE.into(),
        wanted,
    }
}

async fn say(store: &Store, id: &str, verb: Verb, code: Option<&str>, now: Timestamp) -> String {
    let wanted = Some((verb, code.map(str::to_owned)));
    sms(store, inbound(id, wanted), now).await.unwrap()
}

/// The code at the beginning of the SMS with this number, counted from 0.
fn code(servers: &Servers, number: usize) -> String {
    let sms = servers.twilio.messages().remove(number);
    sms.body.split(' ').next().unwrap().to_owned()
}

on_both!(a_reply_escalates_to_a_chosen_step, 0, |house| {
    // §4.8.
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    let now = NOON + minutes(1);
    office.settle(now).await;
    let code = code(&servers, 0);
    let answer = say(store, "SM1", Verb::EscalateTo(2), Some(&code), now).await;
    assert_eq!(answer, "INC-0001 escalated.");
    let steps: Vec<Option<i64>> = executions(store, &incident)
        .await
        .into_iter()
        .map(|one| one.step)
        .collect();
    assert_eq!(steps, [Some(0), Some(1)]);
    // The first step again, and one that there is not: the last resort.
    say(
        store,
        "SM2",
        Verb::EscalateTo(1),
        Some(&code),
        now + seconds(5),
    )
    .await;
    say(
        store,
        "SM3",
        Verb::EscalateTo(20),
        Some(&code),
        now + seconds(9),
    )
    .await;
    let steps: Vec<Option<i64>> = executions(store, &incident)
        .await
        .into_iter()
        .map(|one| one.step)
        .collect();
    assert_eq!(steps, [Some(0), Some(1), Some(0), None]);
});

on_both!(a_code_acknowledges_escalates_and_resolves, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    let now = NOON + minutes(1);
    office.settle(now).await;
    let code = code(&servers, 0);

    let answer = say(store, "SM1", Verb::Acknowledge, Some(&code), now).await;
    assert_eq!(answer, "INC-0001 acknowledged.");
    let after = fresh(store, &incident).await;
    assert_eq!(
        (after.paging, after.acknowledged_by),
        (PagingState::Acknowledged, Some(ANA))
    );
    assert_eq!(
        states(store, ANA, ContactKind::Sms).await,
        [NotificationState::Answered]
    );
    let id = incident.id;
    let timeline = store
        .read(move |c| store::timeline::latest(c, id, 100))
        .await
        .unwrap();
    let by_sms = timeline
        .iter()
        .find(|entry| entry.text == "Ana by SMS acknowledged")
        .unwrap();
    assert_eq!((by_sms.actor_id, by_sms.origin), (Some(ANA), Origin::Sms));

    let answer = say(store, "SM2", Verb::Escalate, Some(&code), now + seconds(5)).await;
    assert_eq!(answer, "INC-0001 escalated.");
    assert_eq!(executions(store, &incident).await.len(), 2);

    let answer = say(store, "SM3", Verb::Resolve, Some(&code), now + seconds(9)).await;
    assert_eq!(answer, "INC-0001 resolved.");
    assert_eq!(fresh(store, &incident).await.paging, PagingState::Resolved);
    // A late answer gets a helpful one.
    let answer = say(store, "SM4", Verb::Resolve, Some(&code), now + seconds(20)).await;
    assert_eq!(answer, "INC-0001: the incident is already resolved.");
});

on_both!(a_webhook_that_comes_twice_acts_once, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    let now = NOON + minutes(1);
    office.settle(now).await;
    let code = code(&servers, 0);
    let first = say(store, "SM1", Verb::Escalate, Some(&code), now).await;
    let again = say(store, "SM1", Verb::Escalate, Some(&code), now + seconds(1)).await;
    assert_eq!(first, again);
    assert_eq!(
        executions(store, &incident).await.len(),
        2,
        "one step on, not two"
    );
    // At the same time, too.
    let repeats: Vec<_> = (0..4)
        .map(|_| {
            let (store, code) = (store.clone(), code.clone());
            tokio::spawn(async move {
                let wanted = Some((Verb::Escalate, Some(code)));
                sms(&store, inbound("SM2", wanted), now + seconds(2)).await
            })
        })
        .collect();
    let mut answered = 0;
    for repeat in repeats {
        match repeat.await.unwrap() {
            Ok(answer) => {
                assert_eq!(answer, first);
                answered += 1;
            }
            // The provider sends it again.
            Err(Error::Store(store::Error::Conflict { .. })) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(answered > 0);
    assert_eq!(executions(store, &incident).await.len(), 3);
});

on_both!(a_means_the_latest, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let first = open(store, "first", NOON).await;
    office.settle(NOON + minutes(1)).await;
    let second = open(store, "second", NOON + minutes(3)).await;
    office.settle(NOON + minutes(4)).await;
    assert_eq!(servers.twilio.messages().len(), 2);
    assert_ne!(
        code(&servers, 0),
        code(&servers, 1),
        "codes of one phone differ"
    );
    let now = NOON + minutes(5);
    assert_eq!(
        say(store, "SM1", Verb::Acknowledge, None, now).await,
        "INC-0002 acknowledged."
    );
    assert_eq!(fresh(store, &first).await.paging, PagingState::Triggered);
    assert_eq!(
        say(store, "SM2", Verb::Resolve, None, now).await,
        "INC-0002 resolved."
    );
    // What is over is not the latest to answer.
    assert_eq!(
        say(store, "SM3", Verb::Acknowledge, None, now).await,
        "INC-0001 acknowledged."
    );
    assert_eq!(fresh(store, &second).await.paging, PagingState::Resolved);
});

on_both!(a_bundle_acts_on_all, 0, |house| {
    // §6.4.
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    apply(
        store,
        vec![request((0..5).map(|n| trigger(&n.to_string())).collect())],
        NOON,
    )
    .await;
    let now = NOON + minutes(1);
    office.settle(now).await;
    let code = code(&servers, 0);
    let answer = say(store, "SM1", Verb::Acknowledge, Some(&code), now).await;
    assert_eq!(
        answer,
        "INC-0001, INC-0002, INC-0003, INC-0004, INC-0005 acknowledged."
    );
    let open = store.read(store::incident::open_count).await.unwrap();
    assert_eq!((open.open, open.unacknowledged), (5, 0));
});

on_both!(
    codes_that_nobody_knows_are_answered_five_times,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let servers = Servers::start().await;
        let office = Office::new(store, servers.channels());
        let answer = say(store, "SM0", Verb::Acknowledge, None, NOON).await;
        assert!(
            answer.starts_with("There is no page to this phone to answer."),
            "{answer}"
        );
        for n in 1..5 {
            let answer = say(
                store,
                &format!("SM{n}"),
                Verb::Acknowledge,
                Some("9999"),
                NOON,
            )
            .await;
            assert!(
                answer.contains("has the code 9999") && answer.contains("4217 ack"),
                "{answer}"
            );
        }
        let silent = say(store, "SM5", Verb::Acknowledge, Some("9999"), NOON).await;
        assert_eq!(silent, "");
        assert_eq!(sms(store, inbound("SM6", None), NOON).await.unwrap(), "");
        // Who knows a code is always answered.
        open(store, "disk", NOON).await;
        office.settle(NOON + minutes(1)).await;
        let code = code(&servers, 0);
        let answer = say(
            store,
            "SM7",
            Verb::Acknowledge,
            Some(&code),
            NOON + minutes(2),
        )
        .await;
        assert_eq!(answer, "INC-0001 acknowledged.");
        // Another phone cannot use it.
        let mut stranger = inbound("SM8", Some((Verb::Resolve, Some(code))));
        stranger.from = "+4915199999999".into();
        let answer = sms(store, stranger, NOON + minutes(2)).await.unwrap();
        assert!(answer.starts_with("No page to this phone"), "{answer}");
    }
);

on_both!(a_closed_account_may_not_answer, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON + minutes(1)).await;
    let (code, link) = (code(&servers, 0), link_of(&servers));
    store
        .write(|tx| {
            tx.execute("UPDATE users SET disabled_at = 1 WHERE id = 1")?;
            tx.configured()
        })
        .await
        .unwrap();
    let answer = say(
        store,
        "SM1",
        Verb::Acknowledge,
        Some(&code),
        NOON + minutes(2),
    )
    .await;
    assert_eq!(answer, "INC-0001: your account is closed.");
    let refused = act_on_link(store, link, Verb::Acknowledge, NOON + minutes(2)).await;
    assert!(matches!(&refused, Err(Error::Refused(why)) if why.contains("closed")));
    assert_eq!(fresh(store, &incident).await.paging, PagingState::Triggered);
});

fn token_of(servers: &Servers) -> String {
    let mail = servers.smtp.mails().remove(0);
    let rest = mail
        .text
        .split("https://q.example/a/")
        .nth(1)
        .unwrap()
        .to_owned();
    rest.split_whitespace().next().unwrap().to_owned()
}

fn link_of(servers: &Servers) -> Link {
    Link::verify(&token_of(servers), &secret(), NOON).unwrap()
}

on_both!(a_mail_link_shows_first_and_then_acts, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON).await;
    let token = token_of(&servers);
    let day = NOON + domain::Span::from_days(1);
    assert_eq!(Link::verify(&token, &secret(), day), Err(BadLink::Expired));
    let link = Link::verify(&token, &secret(), NOON + minutes(2)).unwrap();
    // A mail scanner follows it as often as it likes.
    for _ in 0..3 {
        let view = view_link(store, link).await.unwrap();
        assert_eq!((view.incident.number, view.user_name.as_str()), (1, "Ana"));
    }
    assert_eq!(fresh(store, &incident).await.paging, PagingState::Triggered);
    let view = act_on_link(store, link, Verb::Acknowledge, NOON + minutes(2))
        .await
        .unwrap();
    assert_eq!(view.incident.paging, PagingState::Acknowledged);
    assert_eq!(view.incident.acknowledged_by, Some(ANA));
    assert_eq!(
        states(store, ANA, ContactKind::Email).await,
        [NotificationState::Answered]
    );
    // Twice is once.
    act_on_link(store, link, Verb::Acknowledge, NOON + minutes(3))
        .await
        .unwrap();
    let id = incident.id;
    let timeline = store
        .read(move |c| store::timeline::latest(c, id, 100))
        .await
        .unwrap();
    let acknowledged = timeline
        .iter()
        .filter(|entry| entry.text == "Ana by e-mail acknowledged")
        .count();
    assert_eq!(acknowledged, 1);
});

on_both!(a_link_of_a_bundle_acts_on_what_is_left, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let both = apply(store, vec![request(vec![trigger("a"), trigger("b")])], NOON).await;
    office.settle(NOON).await;
    let link = link_of(&servers);
    let first = both[0].as_ref().unwrap().applied[0].incident_id.unwrap();
    let second = both[0].as_ref().unwrap().applied[1].incident_id.unwrap();
    assert_eq!(link.incident, first);
    let over = vec![request(vec![world::signal(
        domain::word::Action::Resolve,
        "a",
    )])];
    apply(store, over, NOON + seconds(5)).await;
    act_on_link(store, link, Verb::Acknowledge, NOON + seconds(9))
        .await
        .unwrap();
    let left = store
        .read(move |c| store::incident::fetch(c, second))
        .await
        .unwrap();
    assert_eq!(left.paging, PagingState::Acknowledged);
    act_on_link(store, link, Verb::Resolve, NOON + seconds(10))
        .await
        .unwrap();
    let refused = act_on_link(store, link, Verb::Resolve, NOON + seconds(11)).await;
    assert!(matches!(refused, Err(Error::Refused(_))));
});
