//! Answers that name somebody, and who may give them (PAGING.md §4.8).

use domain::word::{AccountRole, PagingState};
use engine::reply::Verb;
use store::Store;

use super::{code, inbound, say, sms};
use crate::on_both;
use crate::post::{Office, Servers};
use crate::world::{self, BO, NOON, OTHER_POLICY, executions, fresh, minutes, open, seconds};

fn reassign(to: &str) -> Verb {
    Verb::Reassign { to: to.into() }
}

async fn become_observer(store: &Store, user: i64) {
    let role = AccountRole::Observer;
    store
        .write(move |tx| {
            tx.execute(&format!(
                "UPDATE users SET role = '{role}' WHERE id = {user}"
            ))?;
            tx.configured()
        })
        .await
        .unwrap();
}

on_both!(
    a_reply_hands_the_incident_to_a_person_or_policy,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let servers = Servers::start().await;
        let office = Office::new(store, servers.channels());
        let incident = open(store, "disk", NOON).await;
        let now = NOON + minutes(1);
        office.settle(now).await;
        let code = code(&servers, 0);
        say(store, "SM1", Verb::Acknowledge, Some(&code), now).await;
        let answer = say(store, "SM2", reassign("@Bo"), Some(&code), now).await;
        assert_eq!(answer, "INC-0001 reassigned to Bo.");
        assert_eq!(fresh(store, &incident).await.paging, PagingState::Triggered);
        let id = incident.id;
        let timeline = store
            .read(move |c| store::timeline::latest(c, id, 100))
            .await
            .unwrap();
        let told = "Ana by SMS reassigned the incident to Bo";
        assert!(
            timeline.iter().any(|entry| entry.text == told),
            "{timeline:?}"
        );
        let mine = store
            .read(move |c| store::escalation::pages(c, id))
            .await
            .unwrap();
        assert!(mine.iter().any(|page| page.user_id == BO));

        let before = executions(store, &incident).await.len();
        let answer = say(
            store,
            "SM3",
            reassign("policy other"),
            Some(&code),
            now + seconds(5),
        )
        .await;
        assert!(answer.starts_with("INC-0001 reassigned to "), "{answer}");
        assert_eq!(fresh(store, &incident).await.policy_id, Some(OTHER_POLICY));
        assert_eq!(executions(store, &incident).await.len(), before + 1);
    }
);

on_both!(
    a_reply_asks_for_help_and_the_one_asked_answers_by_reply,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let servers = Servers::start().await;
        let office = Office::new(store, servers.channels());
        let incident = open(store, "disk", NOON).await;
        let now = NOON + minutes(1);
        office.settle(now).await;
        let own = code(&servers, 0);
        let add = Verb::Add {
            whom: "schedule platform".into(),
            message: "the disk again".into(),
        };
        let answer = say(store, "SM1", add.clone(), Some(&own), now).await;
        assert_eq!(answer, "INC-0001: Platform was asked to help.");
        let id = incident.id;
        let asked = store
            .read(move |c| store::responder::of_incident(c, id))
            .await
            .unwrap();
        assert_eq!((asked.len(), asked[0].user), (1, BO));
        assert_eq!(asked[0].message, "the disk again");
        // Again: refused, with the reason.
        let answer = say(store, "SM2", add, Some(&own), now).await;
        assert!(answer.contains("Bo has been asked already"), "{answer}");
        // Who was not asked cannot say yes.
        let accept = Verb::Accept {
            reason: String::new(),
        };
        let answer = say(store, "SM3", accept, Some(&own), now).await;
        assert!(answer.contains("no request for help is open"), "{answer}");
    }
);

on_both!(an_unclear_name_is_a_helpful_answer_of_the_few, 0, |house| {
    // §6.8: at most 5 times.
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    let now = NOON + minutes(1);
    office.settle(now).await;
    let code = code(&servers, 0);
    let answer = say(store, "SM0", reassign("danny"), Some(&code), now).await;
    assert!(
        answer.starts_with("there is no person or policy \"danny\""),
        "{answer}"
    );
    assert!(
        answer.ends_with(&format!("such as: {code} reassign to @handle")),
        "{answer}"
    );
    for n in 1..5 {
        let answer = say(
            store,
            &format!("SM{n}"),
            reassign("nobody"),
            Some(&code),
            now,
        )
        .await;
        assert!(!answer.is_empty());
    }
    assert_eq!(
        say(store, "SM5", reassign("nobody"), Some(&code), now).await,
        ""
    );
    assert_eq!(fresh(store, &incident).await.paging, PagingState::Triggered);
    // What makes sense is always answered.
    let answer = say(store, "SM6", Verb::Acknowledge, Some(&code), now).await;
    assert_eq!(answer, "INC-0001 acknowledged.");
    let answer = say(store, "SM7", Verb::Unacknowledge, Some(&code), now).await;
    assert_eq!(
        answer,
        "INC-0001 no longer acknowledged: paging starts again."
    );
    let snooze = Verb::Snooze(minutes(30));
    let answer = say(store, "SM8", snooze, Some(&code), now).await;
    assert_eq!(answer, "INC-0001 snoozed for 30 m.");
    let answer = say(store, "SM9", Verb::Snooze(seconds(5)), Some(&code), now).await;
    assert_eq!(
        answer,
        "INC-0001: a snooze lasts between 1 minute and 7 days."
    );
});

on_both!(an_observer_answers_a_page_and_does_no_more, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    let now = NOON + minutes(1);
    office.settle(now).await;
    let code = code(&servers, 0);
    become_observer(store, 1).await;
    let more = [
        reassign("bo"),
        // Names are not told to whoever may do nothing with them.
        reassign("danny"),
        Verb::Snooze(minutes(30)),
        Verb::Unacknowledge,
    ];
    for (n, verb) in more.into_iter().enumerate() {
        let wanted = Some((verb, Some(code.clone())));
        let answer = sms(store, inbound(&format!("SM{n}"), wanted), now)
            .await
            .unwrap();
        assert!(answer.contains("your role may answer a page"), "{answer}");
        assert!(!answer.contains("Dan"), "{answer}");
    }
    let answer = say(store, "SM9", Verb::Acknowledge, Some(&code), now).await;
    assert_eq!(answer, "INC-0001 acknowledged.");
    assert_eq!(
        fresh(store, &incident).await.paging,
        PagingState::Acknowledged
    );
});
