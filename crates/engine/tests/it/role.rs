//! Command of an incident: claims, hand-overs and their end.

use domain::incident::Command;
use domain::policy::Target;
use domain::word::{AccountRole, CommandRole, KeyMoment, Origin, Phase};
use domain::{HandoverId, Span};
use engine::{Error, OpContext, role};

use crate::house::{ANA, BO, CY, NOON, as_user, invalid, refusal};
use crate::on_both;
use CommandRole::{Commander, Deputy, Scribe};

on_both!(fifty_claims_have_one_winner, 50, |house| {
    let incident = house.incident(|_| {}).await;
    let number = incident.number;
    let claims: Vec<_> = (1..=50)
        .map(|id| {
            let store = house.store.clone();
            let ctx = as_user(domain::UserId(id), NOON);
            tokio::spawn(async move { role::claim(&store, &ctx, number, Commander, None).await })
        })
        .collect();
    let mut won = 0;
    let mut refused = 0;
    for claim in claims {
        match claim.await.unwrap() {
            Ok(()) => won += 1,
            Err(Error::Refused(reason)) => {
                assert!(
                    reason.starts_with("Incident commander is already held by "),
                    "{reason}"
                );
                refused += 1;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((won, refused), (1, 49));
    assert_eq!(house.kinds(&incident), ["role_assigned"]);
    let history = role::history(&house.store, &as_user(ANA, NOON), number)
        .await
        .unwrap();
    assert_eq!(history.len(), 1);
});

on_both!(the_outgoing_commander_stays_until_the_accept, 3, |house| {
    let store = &house.store;
    let incident = house.incident(|_| {}).await;
    let number = incident.number;
    role::claim(store, &as_user(ANA, NOON), number, Commander, None)
        .await
        .unwrap();
    let later = NOON + Span::from_minutes(10);
    let ana = as_user(ANA, later);
    let brief = "All is known".to_owned();
    let id = role::propose_handover(store, &ana, number, Commander, BO, brief)
        .await
        .unwrap();
    let view = role::view(store, &as_user(CY, later), number)
        .await
        .unwrap();
    assert_eq!(view[0].holder, Some(ANA));
    assert_eq!(view[0].proposal.as_ref().unwrap().brief, "All is known");
    assert!(house.notices(BO)[0].starts_with("Ana asks you to take over as incident commander"));
    let waiting = role::offers(store, &as_user(BO, later)).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].id), (1, id));
    refusal(role::accept(store, &as_user(CY, later), id).await);
    role::accept(store, &as_user(BO, later), id).await.unwrap();
    let view = role::view(store, &as_user(CY, later), number)
        .await
        .unwrap();
    assert_eq!((view[0].holder, view[0].since), (Some(BO), Some(later)));
    assert_eq!(view[0].proposal, None);
    refusal(role::accept(store, &as_user(BO, later), id).await);
    assert_eq!(
        house.kinds(&incident),
        ["role_assigned", "handover_proposed", "handover_accepted"]
    );
    assert_eq!(
        house.read(store::escalation::next_due),
        None,
        "nothing lapses any more"
    );
    let moments = house.read(|conn| store::incident::moments(conn, incident.id));
    assert_eq!(moments.len(), 1);
    assert_eq!(
        (moments[0].moment, moments[0].at),
        (KeyMoment::CommanderAssigned, NOON)
    );
    let history = role::history(store, &as_user(ANA, later), number)
        .await
        .unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(history[0].ended_at, Some(later));
});

on_both!(an_offer_lapses_by_its_timer, 3, |house| {
    let store = &house.store;
    let incident = house.incident(|_| {}).await;
    let number = incident.number;
    let ana = as_user(ANA, NOON);
    role::claim(store, &ana, number, Scribe, None)
        .await
        .unwrap();
    let propose = || role::propose_handover(store, &ana, number, Scribe, BO, String::new());
    let first = propose().await.unwrap();
    refusal(propose().await);
    let due = NOON + Span::from_minutes(5);
    assert_eq!(house.read(store::escalation::next_due), Some(due));
    engine::timer::fire_due(store, NOON + Span::from_minutes(4))
        .await
        .unwrap();
    assert_eq!(house.kinds(&incident).len(), 2);
    engine::timer::fire_due(store, due).await.unwrap();
    engine::timer::fire_due(store, due).await.unwrap();
    assert_eq!(
        house.kinds(&incident),
        ["role_assigned", "handover_proposed", "handover_expired"]
    );
    refusal(role::accept(store, &as_user(BO, due), first).await);
    let view = role::view(store, &ana, number).await.unwrap();
    assert_eq!(
        (view[2].holder, view[2].proposal.clone()),
        (Some(ANA), None)
    );
    let second = propose().await.unwrap();
    role::decline(store, &as_user(BO, NOON), second)
        .await
        .unwrap();
    assert_eq!(house.read(store::escalation::next_due), None);
    let unknown = role::accept(store, &ana, HandoverId(999_999_999)).await;
    assert!(
        matches!(unknown, Err(Error::NotFound("hand-over"))),
        "{unknown:?}"
    );
});

on_both!(taking_over_tells_everybody, 3, |house| {
    let store = &house.store;
    let incident = house.incident(|_| {}).await;
    let number = incident.number;
    role::claim(store, &as_user(ANA, NOON), number, Commander, None)
        .await
        .unwrap();
    role::claim(store, &as_user(CY, NOON), number, Scribe, None)
        .await
        .unwrap();
    let bo = as_user(BO, NOON);
    let taken = refusal(role::claim(store, &bo, number, Commander, None).await);
    assert!(taken.contains("held by Ana"), "{taken}");
    let reason = Some("no answer for 10 min".to_owned());
    role::claim(store, &bo, number, Commander, reason)
        .await
        .unwrap();
    let text = "Bo took over as incident commander from Ana: no answer for 10 min";
    assert_eq!(house.notices(ANA), [text]);
    assert_eq!(house.notices(CY), [text]);
    assert!(house.notices(BO).is_empty());
    refusal(role::claim(store, &bo, number, Deputy, None).await);
});

on_both!(an_active_incident_keeps_its_commander, 3, |house| {
    let store = &house.store;
    let incident = house.incident(|_| {}).await;
    let number = incident.number;
    let ana = as_user(ANA, NOON);
    role::claim(store, &ana, number, Commander, None)
        .await
        .unwrap();
    role::claim(store, &ana, number, Scribe, None)
        .await
        .unwrap();
    refusal(role::release(store, &ana, number, Commander).await);
    role::release(store, &ana, number, Scribe).await.unwrap();
    // A page for a successor is on its way.
    let page = Command::Page {
        targets: vec![Target::User(BO)],
        message: "please take command".into(),
    };
    engine::incident::command(store, &ana, number, page)
        .await
        .unwrap();
    role::release(store, &ana, number, Commander).await.unwrap();
    let view = role::view(store, &ana, number).await.unwrap();
    assert_eq!(view[0].holder, None);
});

on_both!(roles_end_when_the_incident_closes, 2, |house| {
    let store = &house.store;
    let incident = house.resolved().await;
    let number = incident.number;
    let ana = as_user(ANA, NOON);
    role::claim(store, &ana, number, Commander, None)
        .await
        .unwrap();
    role::propose_handover(store, &ana, number, Commander, BO, String::new())
        .await
        .unwrap();
    let close = Command::ChangePhase {
        to: Phase::Closed,
        reason: None,
    };
    engine::incident::command(store, &ana, number, close)
        .await
        .unwrap();
    let view = role::view(store, &ana, number).await.unwrap();
    assert!(
        view.iter()
            .all(|role| role.holder.is_none() && role.proposal.is_none())
    );
    assert_eq!(house.read(store::escalation::next_due), None);
    refusal(role::claim(store, &ana, number, Commander, None).await);
});

on_both!(only_people_who_may_work_incidents_command, 2, |house| {
    let store = &house.store;
    let number = house.incident(|_| {}).await.number;
    let observer = OpContext::user(ANA, AccountRole::Observer, Origin::Web, NOON);
    let claimed = role::claim(store, &observer, number, Commander, None).await;
    assert!(matches!(claimed, Err(Error::Forbidden)), "{claimed:?}");
    let token = OpContext::token(AccountRole::Responder, Origin::Api, NOON);
    refusal(role::claim(store, &token, number, Commander, None).await);
    let unknown = role::claim(store, &as_user(ANA, NOON), 4711, Commander, None).await;
    assert!(
        matches!(unknown, Err(Error::NotFound("incident"))),
        "{unknown:?}"
    );
    let ana = as_user(ANA, NOON);
    role::claim(store, &ana, number, Commander, None)
        .await
        .unwrap();
    let stranger = domain::UserId(77);
    let offered =
        role::propose_handover(store, &ana, number, Commander, stranger, String::new()).await;
    assert_eq!(invalid(offered), "to");
});

on_both!(a_brief_starts_with_what_is_known, 2, |house| {
    let store = &house.store;
    let incident = house.incident(|_| {}).await;
    let number = incident.number;
    let ana = as_user(ANA, NOON);
    role::claim(store, &ana, number, Commander, None)
        .await
        .unwrap();
    let note = Command::Note {
        text: "The database is slow".into(),
    };
    engine::incident::command(store, &ana, number, note)
        .await
        .unwrap();
    let later = as_user(ANA, NOON + Span::from_minutes(30));
    let brief = role::brief(store, &later, number).await.unwrap();
    assert!(brief.contains("Checkout errors"), "{brief}");
    assert!(
        brief.contains("State: SEV2, investigating, open for 30 m"),
        "{brief}"
    );
    assert!(brief.contains("Incident commander: Ana"), "{brief}");
    assert!(brief.contains("The database is slow"), "{brief}");
});
