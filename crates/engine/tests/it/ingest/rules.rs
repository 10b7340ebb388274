//! Reopening, groups, and what is written about signals (PAGING.md §1).

use domain::Span;
use domain::Timestamp;
use domain::dedup::SignalDecision;
use domain::signal::Signal;
use domain::word::{Action, AlertStatus, PagingState};
use engine::ingest::Submission;

use super::model::{assert_consistent, outcome};
use crate::on_both;
use crate::world::{self, NOON, apply, minutes, open, request, seconds, signal, trigger};

on_both!(the_reopen_window, 0, |house| {
    // §1.4: less than 5 min after the incident was resolved the same incident comes back.
    world::build(&house.store).await;
    let store = &house.store;
    let first = open(store, "disk", NOON).await;
    let over = |at: Timestamp| {
        apply(
            store,
            vec![request(vec![signal(Action::Resolve, "disk")])],
            at,
        )
    };
    over(NOON + minutes(1)).await;
    let again = open(store, "disk", NOON + minutes(6) - Span(1)).await;
    assert_eq!(again.id, first.id);
    assert_eq!(again.paging, PagingState::Triggered);
    let paged = world::pages(store, &first, NOON).await;
    assert_eq!(
        paged,
        [(0, world::ANA), (359, world::ANA)],
        "it pages from step 1"
    );

    over(NOON + minutes(10)).await;
    let new = open(store, "disk", NOON + minutes(15)).await;
    assert_ne!(new.id, first.id);
    assert_eq!(new.number, first.number + 1);
});

on_both!(a_group_resolves_as_a_whole, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let member = |key: &str| {
        let mut one = trigger(key);
        one.group_key = Some("g".into());
        one
    };
    apply(store, vec![request(vec![member("a"), member("b")])], NOON).await;
    // The message names one of them and resolves all; one more comes in the same batch.
    let over = Submission {
        resolve_group: Some("g".into()),
        ..request(vec![signal(Action::Resolve, "a")])
    };
    let batch = vec![
        request(vec![member("c")]),
        over,
        request(vec![trigger("elsewhere")]),
    ];
    apply(store, batch, NOON + seconds(1)).await;
    let (alerts, incidents) = outcome(store, "");
    let open: Vec<&str> = alerts
        .iter()
        .filter(|alert| alert.1 == AlertStatus::Open)
        .map(|alert| alert.0.as_str())
        .collect();
    assert_eq!(open, ["elsewhere"]);
    assert_eq!(incidents[0].0, PagingState::Resolved);
});

on_both!(
    one_member_resolves_and_another_fires_in_one_message,
    0,
    |house| {
        world::build(&house.store).await;
        let store = &house.store;
        let member = |action, key: &str| {
            let mut one = signal(action, key);
            one.group_key = Some("g".into());
            one
        };
        apply(
            store,
            vec![request(vec![member(Action::Trigger, "a")])],
            NOON,
        )
        .await;
        // The last alert resolves its incident; the next one opens another of the same group.
        let both = request(vec![
            member(Action::Resolve, "a"),
            member(Action::Trigger, "b"),
        ]);
        let results = apply(store, vec![both], NOON + seconds(1)).await;
        assert_eq!(
            results[0].as_ref().unwrap().applied[1].decision,
            SignalDecision::Opened
        );
        assert_eq!(outcome(store, "").1.len(), 2);
        // And back: the first incident comes back while the second resolves.
        let back = request(vec![
            member(Action::Resolve, "b"),
            member(Action::Trigger, "a"),
        ]);
        let results = apply(store, vec![back], NOON + seconds(2)).await;
        assert_eq!(
            results[0].as_ref().unwrap().applied[1].decision,
            SignalDecision::Reopened
        );
        assert_consistent(store);
    }
);

on_both!(an_alert_that_changes_its_group, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let member = |action, key: &str, group: &str| {
        let mut one = signal(action, key);
        one.group_key = Some(group.into());
        one
    };
    let one = |one: Signal, at| apply(store, vec![request(vec![one])], at);
    one(member(Action::Trigger, "a", "g"), NOON).await;
    one(member(Action::Resolve, "a", "g"), NOON + seconds(1)).await;
    one(member(Action::Trigger, "b", "g"), NOON + seconds(2)).await;
    // The incident of a comes back, but its group belongs to that of b by now.
    let results = one(member(Action::Trigger, "a", "h"), NOON + seconds(3)).await;
    assert_eq!(
        results[0].as_ref().unwrap().applied[0].decision,
        SignalDecision::Reopened
    );
    let results = one(member(Action::Trigger, "c", "g"), NOON + seconds(4)).await;
    let joined = results[0].as_ref().unwrap().applied[0];
    assert_eq!(joined.decision, SignalDecision::Joined);
    assert_consistent(store);
});

on_both!(what_is_written_about_signals, 0, |house| {
    world::build(&house.store).await;
    let store = &house.store;
    let mut first = request(vec![trigger("a")]);
    first.warnings = vec!["first".into()];
    let mut repeated = request(vec![trigger("a")]);
    repeated.warnings = vec!["second".into()];
    let mut bad = request(vec![signal(Action::Resolve, "nothing open")]);
    bad.rejected = vec!["item 2 is not an object".into()];
    apply(store, vec![first, repeated, bad], NOON).await;
    let mut rows = store
        .read_blocking(|c| store::alert::recent_signals(c, None, 10))
        .unwrap();
    rows.sort_by_key(|row| row.id);
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.decision, row.warnings.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            (SignalDecision::Opened, Some("first")),
            (SignalDecision::Ignored, None),
            (SignalDecision::Rejected, None),
        ]
    );
    let traffic = store.read_blocking(store::service::traffic).unwrap();
    let traffic = &traffic[0].1;
    assert_eq!(
        (traffic.signals, traffic.ignored, traffic.rejected),
        (3, 1, 1)
    );
    assert_eq!(
        traffic.last_warning.as_deref(),
        Some("item 2 is not an object")
    );
});
