//! Status updates and the promise of the next one.

use domain::word::{KeyMoment, PagingState, Phase};
use domain::{Span, Timestamp};
use engine::update;

use crate::house::{ANA, House, NOON, as_user, invalid};
use crate::on_both;

fn due(house: &House, number: i64) -> Option<Timestamp> {
    house
        .read(|conn| store::incident::by_number(conn, number))
        .next_update_due
}

on_both!(an_update_promises_the_next_one, 1, |house| {
    let store = &house.store;
    let incident = house.incident(|_| {}).await;
    let number = incident.number;
    let at = |minutes| as_user(ANA, NOON + Span::from_minutes(minutes));
    let text = " We look into it. ".to_owned();
    let first = update::publish(store, &at(3), number, text, None)
        .await
        .unwrap();
    assert_eq!(first.text, "We look into it.");
    assert_eq!(
        first.next_due_at,
        Some(NOON + Span::from_minutes(33)),
        "SEV2: 30 min"
    );
    assert_eq!(due(house, number), first.next_due_at);
    update::publish(store, &at(10), number, "Found it.".into(), Some(45))
        .await
        .unwrap();
    assert_eq!(due(house, number), Some(NOON + Span::from_minutes(55)));
    let list = update::list(store, &at(10), number).await.unwrap();
    let texts: Vec<_> = list.iter().map(|update| update.text.as_str()).collect();
    assert_eq!(texts, ["Found it.", "We look into it."]);
    assert_eq!(house.kinds(&incident), ["status_update", "status_update"]);
    let moments = house.read(|conn| store::incident::moments(conn, incident.id));
    assert_eq!(moments.len(), 1);
    assert_eq!(moments[0].moment, KeyMoment::FirstUpdate);
    assert_eq!(
        moments[0].at,
        NOON + Span::from_minutes(3),
        "the first counts"
    );
});

on_both!(what_is_not_ready_is_not_published, 1, |house| {
    let store = &house.store;
    let number = house.incident(|_| {}).await.number;
    let ana = as_user(ANA, NOON);
    let draft = update::draft(store, &ana, number).await.unwrap();
    assert!(draft.contains("Next update by"), "{draft}");
    assert_eq!(
        invalid(update::publish(store, &ana, number, draft, None).await),
        "text"
    );
    assert_eq!(
        invalid(update::publish(store, &ana, number, "  ".into(), None).await),
        "text"
    );
    let never = update::publish(store, &ana, number, "x".into(), Some(0)).await;
    assert_eq!(invalid(never), "next_due");
    assert!(update::list(store, &ana, number).await.unwrap().is_empty());
});

on_both!(a_resolved_incident_promises_nothing, 1, |house| {
    let store = &house.store;
    let number = house
        .incident(|incident| {
            incident.phase = Phase::Resolved;
            incident.paging = PagingState::Resolved;
            incident.next_update_due = Some(NOON);
        })
        .await
        .number;
    let ana = as_user(ANA, NOON);
    let last = update::publish(store, &ana, number, "All is well.".into(), Some(30));
    assert_eq!(last.await.unwrap().next_due_at, None);
    assert_eq!(due(house, number), None);
});
