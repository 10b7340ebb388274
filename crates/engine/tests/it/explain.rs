//! Why somebody was paged, and why somebody was not, from what the engine has recorded.

use domain::UserId;
use domain::explain::{Account, PointKind, Source};
use domain::incident::{Command, Incident};
use engine::explain::why;
use engine::timer::fire_due;
use jiff::tz::TimeZone;
use store::Store;

use crate::on_both;
use crate::post::{Office, Servers};
use crate::world::{self, ANA, BO, CY, DAN, NOON, PLATFORM, POLICY, by, command, minutes, open};

async fn asked(store: &Store, incident: &Incident, user: UserId) -> Account {
    let ctx = by(DAN, NOON + minutes(60));
    why(store, &ctx, incident.number, user, TimeZone::UTC)
        .await
        .unwrap()
        .account
}

on_both!(the_record_answers_for_anybody, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON).await;
    office.settle(NOON + minutes(1)).await;
    fire_due(store, NOON + minutes(5)).await.unwrap();
    office.settle(NOON + minutes(5)).await;
    command(
        store,
        &incident,
        BO,
        Command::Acknowledge,
        NOON + minutes(7),
    )
    .await
    .unwrap();

    let ana = asked(store, &incident, ANA).await;
    assert!(ana.paged);
    assert_eq!(
        ana.verdict,
        "Ana was paged once, first at Sun 15 Mar 12:00."
    );
    let texts: Vec<&str> = ana.points.iter().map(|point| point.text.as_str()).collect();
    assert_eq!(texts[0], "Step 1 of policy Ladder (v1) pages Ana by name.");
    assert_eq!(
        texts[1..3],
        [
            "Email was sent at Sun 15 Mar 12:00 (rule 1 of Ana: email at once).",
            "SMS was sent at Sun 15 Mar 12:01 (rule 2 of Ana: SMS after 1 m)."
        ]
    );
    // The second step paged the on-call instead.
    assert!(texts[3].contains("On call for Platform was Bo, by layer Primary of version 1"));

    let bo = asked(store, &incident, BO).await;
    let paged = bo
        .points
        .iter()
        .find(|point| point.kind == PointKind::Paged)
        .unwrap();
    assert!(
        paged
            .text
            .starts_with("Step 2 of policy Ladder (v1) pages the on-call of Platform")
    );
    let expected = [
        Source::Policy {
            id: POLICY,
            version: 1,
            step: Some(2),
        },
        Source::Layer {
            schedule: PLATFORM,
            version: 1,
            name: "Primary".into(),
            at: NOON + minutes(5),
        },
    ];
    assert_eq!(paged.sources, expected);

    let cy = asked(store, &incident, CY).await;
    assert!(!cy.paged);
    assert!(
        cy.verdict.contains("was Bo") && cy.verdict.contains("not Cy"),
        "{}",
        cy.verdict
    );
    assert!(
        cy.verdict
            .contains("The next shift of Cy there begins at Mon 16 Mar 09:00."),
        "{}",
        cy.verdict
    );

    let ctx = by(DAN, NOON);
    let unknown = why(store, &ctx, incident.number, UserId(99), TimeZone::UTC).await;
    assert!(matches!(unknown, Err(engine::Error::NotFound("person"))));
    let unknown = why(store, &ctx, 99, ANA, TimeZone::UTC).await;
    assert!(matches!(unknown, Err(engine::Error::NotFound("incident"))));
});

on_both!(an_answer_that_came_before_the_step, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let incident = open(store, "disk", NOON).await;
    command(
        store,
        &incident,
        ANA,
        Command::Acknowledge,
        NOON + minutes(2),
    )
    .await
    .unwrap();
    let bo = asked(store, &incident, BO).await;
    assert_eq!(
        bo.verdict,
        "Bo was not paged. Step 2 of policy Ladder (v1), which leads to Bo, was not come to: it was \
         due at Sun 15 Mar 12:05, and Ana acknowledged at Sun 15 Mar 12:02."
    );
    let ana = asked(store, &incident, ANA).await;
    let late = ana
        .points
        .iter()
        .find(|point| point.text.starts_with("SMS"))
        .unwrap();
    assert_eq!(
        late.text,
        "SMS was not sent: it was to wait 1 m and Ana acknowledged at Sun 15 Mar 12:02 (rule 2 of \
         Ana: SMS after 1 m)."
    );
});
