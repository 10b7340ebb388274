//! People who are asked to help accept or decline (PAGING.md §4.8, §6.3).

use domain::incident::{Command, Incident};
use domain::policy::Target;
use domain::word::{
    AccountRole, ContactKind, NotificationKind, NotificationState, Origin, PagingState,
    ResponderState, Urgency,
};
use domain::{Span, Timestamp, UserId};
use engine::incident::NewIncident;
use engine::timer::fire_due;
use engine::{Error, OpContext};
use store::Store;
use store::notification::Notification;

use crate::on_both;
use crate::world::{
    self, ANA, BO, CHECKOUT, CY, DAN, NOON, PLATFORM, by, command, fresh, minutes, open, pages,
    seconds,
};

fn ask(targets: &[Target]) -> Command {
    Command::Page {
        targets: targets.to_vec(),
        message: "look at the database".into(),
    }
}

fn answer(accept: bool) -> Command {
    Command::Answer {
        accept,
        reason: if accept { "" } else { "on a train" }.into(),
    }
}

async fn said(store: &Store, incident: &Incident) -> Vec<(UserId, ResponderState)> {
    let id = incident.id;
    let rows = store
        .read(move |c| store::responder::of_incident(c, id))
        .await
        .unwrap();
    rows.into_iter().map(|one| (one.user, one.state)).collect()
}

/// Messages to a person about an incident, oldest first.
async fn messages(store: &Store, incident: &Incident, user: UserId) -> Vec<Notification> {
    let filter = store::notification::Filter {
        incident: Some(incident.id),
        ..store::notification::Filter::default()
    };
    let mut rows = store
        .read(move |c| store::notification::list(c, &filter, None, 500))
        .await
        .unwrap();
    rows.retain(|row| row.user_id == Some(user));
    rows.sort_by_key(|row| row.id);
    rows
}

async fn states(store: &Store, incident: &Incident, user: UserId) -> Vec<NotificationState> {
    let rows = messages(store, incident, user).await;
    rows.iter().map(|row| row.state).collect()
}

on_both!(
    an_acknowledgement_by_another_does_not_end_a_request,
    0,
    |house| {
        use NotificationState::{Cancelled, Planned};
        let store = &house.store;
        world::build(store).await;
        let incident = open(store, "disk", NOON).await;
        // Ana was paged by step 1: mail at once, SMS a minute later. Bo asks Cy to help.
        command(store, &incident, BO, ask(&[Target::User(CY)]), NOON)
            .await
            .unwrap();
        assert_eq!(said(store, &incident).await, [(CY, ResponderState::Asked)]);
        assert_eq!(pages(store, &incident, NOON).await, [(0, ANA), (0, CY)]);
        let again = command(store, &incident, BO, ask(&[Target::User(CY)]), NOON).await;
        assert!(
            matches!(&again, Err(Error::Refused(why)) if why.contains("Cy has been asked already")),
            "{again:?}"
        );
        command(
            store,
            &incident,
            BO,
            Command::Acknowledge,
            NOON + seconds(1),
        )
        .await
        .unwrap();
        assert_eq!(states(store, &incident, ANA).await, [Cancelled, Cancelled]);
        assert_eq!(states(store, &incident, CY).await, [Planned]);
        // Only the person's own answer ends it; whoever asked hears of a no.
        command(store, &incident, CY, answer(false), NOON + seconds(2))
            .await
            .unwrap();
        assert_eq!(states(store, &incident, CY).await, [Cancelled]);
        assert_eq!(
            said(store, &incident).await,
            [(CY, ResponderState::Declined)]
        );
        let told = messages(store, &incident, BO).await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].body, "Cy declined to help: on a train");
        // Nothing is open any more, so there is nothing to answer.
        let late = command(store, &incident, CY, answer(true), NOON + seconds(3)).await;
        assert!(matches!(late, Err(Error::Refused(_))), "{late:?}");
        // Who declined may be asked again, and has accepted who sets to work.
        command(
            store,
            &incident,
            BO,
            ask(&[Target::User(CY)]),
            NOON + seconds(4),
        )
        .await
        .unwrap();
        command(
            store,
            &incident,
            CY,
            Command::Acknowledge,
            NOON + seconds(5),
        )
        .await
        .unwrap();
        assert_eq!(
            said(store, &incident).await.last(),
            Some(&(CY, ResponderState::Accepted))
        );
        assert_eq!(states(store, &incident, CY).await, [Cancelled, Cancelled]);
    }
);

on_both!(the_end_of_the_incident_ends_the_requests, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let incident = open(store, "disk", NOON).await;
    command(store, &incident, BO, ask(&[Target::User(CY)]), NOON)
        .await
        .unwrap();
    command(store, &incident, BO, Command::Resolve, NOON + seconds(9))
        .await
        .unwrap();
    assert_eq!(said(store, &incident).await, [(CY, ResponderState::Ended)]);
    assert_eq!(
        states(store, &incident, CY).await[0],
        NotificationState::Cancelled
    );
    let late = command(store, &incident, CY, answer(true), NOON + seconds(10)).await;
    assert!(matches!(late, Err(Error::Refused(_))));
});

on_both!(nobody_is_paged_twice_for_a_request_and_a_step, 0, |house| {
    use NotificationState::{Bundled, Cancelled, Planned};
    let store = &house.store;
    world::build(store).await;
    let incident = open(store, "disk", NOON).await;
    // Step 1 has planned Ana's mail and SMS; the request goes with them (§4.8: nobody twice).
    command(store, &incident, BO, ask(&[Target::User(ANA)]), NOON)
        .await
        .unwrap();
    assert_eq!(
        states(store, &incident, ANA).await,
        [Bundled, Bundled, Planned, Planned]
    );
    // They stay wanted when Bo acknowledges, until Ana says something herself.
    command(
        store,
        &incident,
        BO,
        Command::Acknowledge,
        NOON + seconds(1),
    )
    .await
    .unwrap();
    assert_eq!(
        states(store, &incident, ANA).await[..4],
        [Bundled, Bundled, Planned, Planned]
    );
    command(store, &incident, ANA, answer(true), NOON + seconds(2))
        .await
        .unwrap();
    let after = states(store, &incident, ANA).await;
    assert_eq!(after[..2], [Cancelled, Cancelled], "{after:?}");
    // All but the notice that Bo acknowledged.
    let mut left = messages(store, &incident, ANA).await;
    left.retain(|row| row.kind == NotificationKind::Page);
    assert!(!left.iter().any(|row| row.state == Planned), "{left:?}");
});

on_both!(a_schedule_is_paged_without_any_alert, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let new = |service| NewIncident {
        title: "look at the database".into(),
        service,
        urgency: Urgency::High,
        severity: None,
        drill: false,
        note: String::new(),
        page: vec![Target::Schedule(PLATFORM)],
        message: "look at the database".into(),
    };
    // By a person without a service: it is theirs, and whoever is on call is paged.
    let incident = engine::incident::create(store, &by(ANA, NOON), new(None))
        .await
        .unwrap();
    assert_eq!(
        (incident.paging, incident.acknowledged_by),
        (PagingState::Acknowledged, Some(ANA))
    );
    let asked = said(store, &incident).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(pages(store, &incident, NOON).await, [(0, asked[0].0)]);
    // With a service its policy is paged, too.
    let with = engine::incident::create(store, &by(CY, NOON), new(Some(CHECKOUT)))
        .await
        .unwrap();
    assert_eq!(with.paging, PagingState::Triggered);
    assert_eq!(pages(store, &with, NOON).await.len(), 2);

    // A token waits for nobody: without an answer the last resort hears of it (§4.2: never silent).
    let token = OpContext::token(AccountRole::Responder, Origin::Api, NOON);
    let incident = engine::incident::create(store, &token, new(None))
        .await
        .unwrap();
    fire_due(store, NOON + minutes(30)).await.unwrap();
    assert_eq!(fresh(store, &incident).await.paging, PagingState::Triggered);
    let paged = pages(store, &incident, NOON).await;
    assert_eq!(paged.last(), Some(&(1_800, DAN)));
    // Whoever accepts holds it.
    let incident = engine::incident::create(store, &token, new(None))
        .await
        .unwrap();
    let who = said(store, &incident).await[0].0;
    let after = command(store, &incident, who, answer(true), NOON + seconds(9))
        .await
        .unwrap();
    assert_eq!(after.acknowledged_by, Some(who));
});

on_both!(who_does_not_want_to_hear_of_answers_does_not, 0, |house| {
    // §6.9: who was paged hears when another acknowledges or resolves (opt-out).
    let store = &house.store;
    world::build(store).await;
    let heard = |opted_out: bool| async move {
        let at = NOON + Span::from_hours(i64::from(opted_out));
        let incident = open(store, if opted_out { "k1" } else { "k0" }, at).await;
        let id = messages(store, &incident, ANA).await[0].id;
        store
            .write(move |tx| {
                let mut row = store::notification::lock(tx, id)?;
                row.attempts = 1;
                row.state = NotificationState::Sending;
                store::notification::claim(tx, &row)
            })
            .await
            .unwrap();
        command(store, &incident, BO, Command::Acknowledge, at + seconds(5))
            .await
            .unwrap();
        let rows = messages(store, &incident, ANA).await;
        rows.iter()
            .filter(|row| row.body == "Bo acknowledged" && row.channel == ContactKind::Email)
            .count()
    };
    assert_eq!(heard(false).await, 1);
    store
        .write(|tx| {
            let mut ana = tx.directory()?.user(ANA).cloned().unwrap();
            ana.hears_answers = false;
            store::people::update(tx, &ana, Timestamp(NOON.0))
        })
        .await
        .unwrap();
    assert_eq!(heard(true).await, 0);
});
