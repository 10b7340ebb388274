//! Key moments as people set them.

use domain::Span;
use domain::moment::Warning;
use domain::word::KeyMoment::{Detected, Identified, ImpactEnded, ImpactStarted, Resolved};
use engine::moment;

use crate::house::{ANA, NOON, as_user, invalid};
use crate::on_both;

on_both!(a_persons_value_stands, 1, |house| {
    let store = &house.store;
    let incident = house.incident(|_| {}).await;
    let (id, number) = (incident.id, incident.number);
    let ana = as_user(ANA, NOON + Span::from_hours(1));
    let auto = [(id, Detected, NOON)];
    store
        .write(move |tx| store::incident::fill_moments(tx, &auto))
        .await
        .unwrap();
    let earlier = NOON - Span::from_minutes(4);
    assert_eq!(
        moment::set(store, &ana, number, ImpactStarted, earlier)
            .await
            .unwrap(),
        []
    );
    let view = moment::view(store, &ana, number).await.unwrap();
    assert_eq!(view.durations.ttd, Some(Span::from_minutes(4)));
    assert_eq!(view.moments.len(), domain::word::KeyMoment::ALL.len());
    let started = view.moments[0];
    assert_eq!(started.moment, ImpactStarted);
    assert_eq!(
        (started.at, started.automatic, started.set_by),
        (Some(earlier), false, Some(ANA))
    );
    let auto = [(id, ImpactStarted, NOON)];
    store
        .write(move |tx| store::incident::fill_moments(tx, &auto))
        .await
        .unwrap();
    let view = moment::view(store, &ana, number).await.unwrap();
    assert_eq!(view.moments[0].at, Some(earlier));
    moment::set(store, &ana, number, ImpactStarted, earlier)
        .await
        .unwrap();
    assert_eq!(
        house.kinds(&incident),
        ["key_moment_set"],
        "the same again is nothing"
    );
    moment::clear(store, &ana, number, ImpactStarted)
        .await
        .unwrap();
    let view = moment::view(store, &ana, number).await.unwrap();
    assert_eq!((view.moments[0].at, view.durations.ttd), (None, None));
    assert_eq!(house.kinds(&incident).len(), 2);
});

on_both!(
    impossible_times_are_refused_and_odd_ones_noted,
    1,
    |house| {
        let store = &house.store;
        let number = house.incident(|_| {}).await.number;
        let ana = as_user(ANA, NOON);
        let future = NOON + Span::from_seconds(1);
        assert_eq!(
            invalid(moment::set(store, &ana, number, Detected, future).await),
            "at"
        );
        moment::set(store, &ana, number, ImpactStarted, NOON)
            .await
            .unwrap();
        let before = NOON - Span::from_minutes(1);
        assert_eq!(
            invalid(moment::set(store, &ana, number, Resolved, before).await),
            "at"
        );
        let warnings = moment::set(store, &ana, number, Identified, before)
            .await
            .unwrap();
        assert_eq!(
            warnings,
            [Warning::Inverted {
                earlier: ImpactStarted,
                later: Identified
            }]
        );
        let later = as_user(ANA, NOON + Span::from_hours(1));
        let end = NOON + Span::from_minutes(20);
        moment::set(store, &later, number, ImpactEnded, end)
            .await
            .unwrap();
        let view = moment::view(store, &later, number).await.unwrap();
        assert_eq!(view.durations.impact, Some(Span::from_minutes(20)));
        assert_eq!(view.warnings, warnings);
    }
);
