//! Escalations on both databases, driven by an injected clock (PAGING.md §4, §8).

mod nodes;

use domain::Timestamp;
use domain::incident::{Command, Incident};
use domain::policy::{PolicyConfig, Target};
use domain::schedule::OverrideKind;
use domain::word::{EntryKind, PagingState, RunState};
use engine::configuration::policy::{PolicyInput, edit_policy};
use engine::configuration::schedule::{OverrideInput, add_override};
use engine::configuration::service::{ServiceInput, edit_service};
use engine::timer::fire_due;
use store::Store;

use crate::on_both;
use crate::world::{
    self, ANA, BO, CHECKOUT, CY, DAN, NOON, OTHER_POLICY, PLATFORM, POLICY, admin, by, command,
    executions, fresh, minutes, open, pages, seconds, step,
};

fn at(after: i64) -> Timestamp {
    NOON + seconds(after)
}

/// Fires what is due at these instants, in seconds after noon.
async fn run_through(store: &Store, instants: impl IntoIterator<Item = i64>) {
    for instant in instants {
        fire_due(store, at(instant)).await.unwrap();
    }
}

/// Executed positions: (number, cycle, step, due, executed), times in seconds after noon.
async fn steps(store: &Store, incident: &Incident) -> Vec<(i64, i64, Option<i64>, i64, i64)> {
    executions(store, incident)
        .await
        .into_iter()
        .map(|one| {
            let after = |at: Timestamp| at.since(NOON).as_seconds();
            (
                one.number,
                one.cycle,
                one.step,
                after(one.due_at),
                after(one.executed_at),
            )
        })
        .collect()
}

async fn next_timer(store: &Store) -> Option<i64> {
    let due = store.read(store::escalation::next_due).await.unwrap();
    due.map(|due| due.since(NOON).as_seconds())
}

on_both!(steps_at_their_times_and_then_the_last_resort, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let incident = open(store, "disk", NOON).await;
    assert_eq!(pages(store, &incident, NOON).await, [(0, ANA)]);
    assert_eq!(next_timer(store).await, Some(300));
    // Before its time nothing happens; at its time it does.
    run_through(store, [0, 299]).await;
    assert_eq!(pages(store, &incident, NOON).await.len(), 1);
    run_through(store, [300, 899, 900, 1_200, 1_799, 1_800]).await;
    let expected = [
        (0, 0, Some(0), 0, 0),
        (1, 0, Some(1), 300, 300),
        (2, 1, Some(0), 900, 900),
        (3, 1, Some(1), 1_200, 1_200),
        (4, 2, None, 1_800, 1_800),
    ];
    assert_eq!(steps(store, &incident).await, expected);
    // §4.2: again every 30 min until someone acknowledges.
    run_through(store, [3_599, 3_600, 5_400]).await;
    let paged = pages(store, &incident, NOON).await;
    assert_eq!(
        paged,
        [
            (0, ANA),
            (300, BO),
            (900, ANA),
            (1_200, BO),
            (1_800, DAN),
            (3_600, DAN),
            (5_400, DAN)
        ]
    );
    assert!(
        !fresh(store, &incident).await.unreachable,
        "the policy did reach somebody"
    );

    command(store, &incident, DAN, Command::Acknowledge, at(5_500))
        .await
        .unwrap();
    run_through(store, [7_200]).await;
    assert_eq!(pages(store, &incident, NOON).await.len(), 7);
});

on_both!(an_acknowledgement_stops_it_until_it_times_out, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let incident = open(store, "disk", NOON).await;
    run_through(store, [300]).await;
    command(store, &incident, BO, Command::Acknowledge, at(310))
        .await
        .unwrap();
    let id = incident.id;
    let run = store
        .read(move |c| store::escalation::newest_run(c, id))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(run.state, RunState::Stopped);
    assert_eq!(
        next_timer(store).await,
        Some(310 + 1_800),
        "only the ack timeout is left"
    );
    run_through(store, [900, 2_109]).await;
    assert_eq!(pages(store, &incident, NOON).await.len(), 2);
    // §4.7: back to triggered, from step 1, paging the acknowledger too.
    run_through(store, [2_110]).await;
    assert_eq!(fresh(store, &incident).await.paging, PagingState::Triggered);
    let paged = pages(store, &incident, NOON).await;
    assert_eq!(paged[2..], [(2_110, ANA), (2_110, BO)]);
    assert_eq!(next_timer(store).await, Some(2_110 + 300));
});

on_both!(the_end_of_a_snooze_starts_again, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let incident = open(store, "disk", NOON).await;
    let until = at(60 + 7_200);
    command(store, &incident, ANA, Command::Snooze { until }, at(60))
        .await
        .unwrap();
    run_through(store, [300, 7_259]).await;
    assert_eq!(
        pages(store, &incident, NOON).await.len(),
        1,
        "snoozed means silent"
    );
    run_through(store, [7_260]).await;
    assert_eq!(pages(store, &incident, NOON).await[1..], [(7_260, ANA)]);
    assert_eq!(fresh(store, &incident).await.snoozed_until, None);
});

on_both!(
    after_downtime_what_fell_due_is_executed_in_order,
    0,
    |house| {
        // §4.6: in order, at once, and the run goes on from there without drift.
        let store = &house.store;
        world::build(store).await;
        let incident = open(store, "disk", NOON).await;
        run_through(store, [1_250]).await;
        let expected = [
            (0, 0, Some(0), 0, 0),
            (1, 0, Some(1), 300, 1_250),
            (2, 1, Some(0), 900, 1_250),
            (3, 1, Some(1), 1_200, 1_250),
        ];
        assert_eq!(steps(store, &incident).await, expected);
        assert_eq!(next_timer(store).await, Some(1_800));
        // A night of the last resort is one alarm, not one for each half hour.
        run_through(store, [1_800 + 8 * 3_600 + 5]).await;
        let paged = pages(store, &incident, NOON).await;
        assert_eq!(paged[4..], [(1_800 + 8 * 3_600 + 5, DAN)]);
        assert_eq!(next_timer(store).await, Some(1_800 + 8 * 3_600 + 1_800));
    }
);

on_both!(a_clock_set_back_repeats_nothing, 0, |house| {
    // §8.1.
    let store = &house.store;
    world::build(store).await;
    let incident = open(store, "disk", NOON).await;
    run_through(store, [300, -3_600, 0, 299, 300, 301]).await;
    let before = steps(store, &incident).await;
    assert_eq!(before.len(), 2);
    run_through(store, [-86_400, 600]).await;
    assert_eq!(steps(store, &incident).await, before);
    run_through(store, [900]).await;
    assert_eq!(steps(store, &incident).await.len(), 3);
});

on_both!(a_run_keeps_the_version_it_began_with, 0, |house| {
    // §4.3.
    let store = &house.store;
    world::build(store).await;
    let incident = open(store, "disk", NOON).await;
    let input = PolicyInput {
        name: "Ladder".into(),
        slug: None,
        description: String::new(),
        team_id: None,
        config: PolicyConfig {
            steps: vec![
                step(Target::User(CY), minutes(1)),
                step(Target::User(DAN), minutes(1)),
            ],
            repeats: 0,
        },
        anyway: true,
    };
    edit_policy(store, &admin(at(10)), POLICY, input)
        .await
        .unwrap();
    run_through(store, [60, 300, 900]).await;
    assert_eq!(
        pages(store, &incident, NOON).await,
        [(0, ANA), (300, BO), (900, ANA)]
    );
    // The next incident begins with the new one.
    let next = open(store, "other", at(1_000)).await;
    assert_eq!(pages(store, &next, NOON).await, [(1_000, CY)]);
});

on_both!(
    a_service_that_moves_starts_its_escalations_again,
    0,
    |house| {
        // §4.3.
        let store = &house.store;
        world::build(store).await;
        let running = open(store, "running", NOON).await;
        let answered = open(store, "answered", NOON).await;
        command(store, &answered, ANA, Command::Acknowledge, at(5))
            .await
            .unwrap();
        let service = store.directory().service(CHECKOUT).unwrap().clone();
        let input = ServiceInput {
            name: service.name,
            slug: Some(service.slug),
            description: String::new(),
            team_id: None,
            policy_id: Some(OTHER_POLICY),
            settings: service.settings,
        };
        edit_service(store, &admin(at(10)), CHECKOUT, input)
            .await
            .unwrap();
        assert_eq!(pages(store, &running, NOON).await, [(0, ANA), (10, CY)]);
        assert_eq!(pages(store, &answered, NOON).await, [(0, ANA)]);
        run_through(store, [300]).await;
        assert_eq!(
            pages(store, &running, NOON).await.len(),
            2,
            "the old run is over"
        );
        run_through(store, [310]).await;
        assert_eq!(pages(store, &running, NOON).await[2..], [(310, DAN)]);
    }
);

on_both!(a_shift_that_ends_pages_the_next_one, 0, |house| {
    // §4.9: Bo's shift ends at 09:00; step 2 ran at 08:58.
    let store = &house.store;
    world::build(store).await;
    let start = Timestamp::parse("2026-03-16T08:53:00Z").unwrap();
    let incident = open(store, "disk", start).await;
    fire_due(store, start + minutes(5)).await.unwrap();
    assert_eq!(pages(store, &incident, start).await, [(0, ANA), (300, BO)]);
    for _ in 0..3 {
        fire_due(store, start + minutes(7)).await.unwrap();
    }
    let paged = pages(store, &incident, start).await;
    assert_eq!(paged, [(0, ANA), (300, BO), (420, CY)], "once");
    // The ladder goes on as it was due.
    fire_due(store, start + minutes(15)).await.unwrap();
    assert_eq!(executions(store, &incident).await.len(), 3);
});

on_both!(an_override_pages_the_new_one_once, 0, |house| {
    // §4.9, through the running clockwork: the change of the configuration wakes it.
    let store = &house.store;
    world::build(store).await;
    let incident = open(store, "disk", NOON).await;
    fire_due(store, at(300)).await.unwrap();
    let clock = engine::clock::ManualClock::at(at(310));
    let engine = crate::ingest::engine_at(store, clock.clone()).await;
    let over = OverrideInput {
        kind: OverrideKind::Replace,
        start: at(310),
        end: at(10_000),
        users: vec![CY],
    };
    add_override(store, &by(BO, at(310)), PLATFORM, over)
        .await
        .unwrap();
    testkit::eventually(
        crate::ingest::PATIENCE,
        "the new one to be paged",
        || async { pages(store, &incident, NOON).await == [(0, ANA), (300, BO), (310, CY)] },
    )
    .await;
    // The timeline says so.
    let id = incident.id;
    let told = store
        .read(move |c| store::timeline::latest(c, id, 100))
        .await
        .unwrap();
    let told: Vec<String> = told
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Paged && entry.occurred_at == at(310))
        .map(|entry| entry.text)
        .collect();
    assert_eq!(
        told,
        ["Cy has come on call for Platform while nobody had acknowledged, and was paged too."]
    );
    // Another change of anything pages nobody again.
    let (mut seen, generation) = (store.changes(), store.directory().generation);
    store.write(|tx| tx.configured()).await.unwrap();
    assert!(store.directory().generation > generation);
    drop(seen.try_recv());
    fire_due(store, at(311)).await.unwrap();
    assert_eq!(pages(store, &incident, NOON).await.len(), 3);
    drop(engine);
});

on_both!(nobody_to_page_goes_to_the_last_resort_at_once, 0, |house| {
    // §4.5.
    let store = &house.store;
    world::build(store).await;
    store
        .write(|tx| {
            tx.execute("UPDATE users SET disabled_at = 0 WHERE id IN (1, 2, 3)")?;
            tx.configured()
        })
        .await
        .unwrap();
    let incident = open(store, "disk", NOON).await;
    assert_eq!(pages(store, &incident, NOON).await, [(0, DAN)]);
    assert!(fresh(store, &incident).await.unreachable);
    let skipped: Vec<bool> = executions(store, &incident)
        .await
        .iter()
        .map(|one| one.skipped.is_some())
        .collect();
    assert_eq!(skipped, [true, true, false]);
    // It stays marked while only the last resort hears it.
    run_through(store, [1_800, 3_600]).await;
    assert!(fresh(store, &incident).await.unreachable);
    assert_eq!(pages(store, &incident, NOON).await.len(), 3);
});

on_both!(escalate_now_moves_on_and_un_acknowledges, 0, |house| {
    // §4.8.
    let store = &house.store;
    world::build(store).await;
    let incident = open(store, "disk", NOON).await;
    command(store, &incident, ANA, Command::Acknowledge, at(10))
        .await
        .unwrap();
    command(
        store,
        &incident,
        ANA,
        Command::Escalate { to_step: None },
        at(20),
    )
    .await
    .unwrap();
    let now = fresh(store, &incident).await;
    assert_eq!(now.paging, PagingState::Triggered);
    assert_eq!(pages(store, &incident, NOON).await, [(0, ANA), (20, BO)]);
    let numbers: Vec<i64> = executions(store, &incident)
        .await
        .iter()
        .map(|e| e.number)
        .collect();
    assert_eq!(numbers, [0, 1]);
    assert_eq!(next_timer(store).await, Some(620));
});

on_both!(a_resolved_incident_is_left_alone, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let incident = open(store, "disk", NOON).await;
    command(store, &incident, ANA, Command::Resolve, at(10))
        .await
        .unwrap();
    assert_eq!(next_timer(store).await, None);
    run_through(store, [300, 86_400]).await;
    assert_eq!(pages(store, &incident, NOON).await.len(), 1);
});

on_both!(
    a_timer_that_cannot_be_carried_out_is_tried_again,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let (broken, fine) = (
            open(store, "broken", NOON).await,
            open(store, "fine", NOON).await,
        );
        // What no rule writes: a run whose version is gone.
        let id = broken.id;
        store
            .write(move |tx| {
                tx.execute(&format!(
                    "UPDATE escalation_run SET policy_version = 99 WHERE incident_id = {id}"
                ))
            })
            .await
            .unwrap();
        run_through(store, [300]).await;
        assert_eq!(
            pages(store, &fine, NOON).await.len(),
            2,
            "nobody else waits for it"
        );
        assert_eq!(next_timer(store).await, Some(330));
        store
            .write(move |tx| {
                tx.execute(&format!(
                    "UPDATE escalation_run SET policy_version = 1 WHERE incident_id = {id}"
                ))
            })
            .await
            .unwrap();
        run_through(store, [330]).await;
        assert_eq!(pages(store, &broken, NOON).await, [(0, ANA), (330, BO)]);
    }
);

on_both!(a_thousand_timers_due_at_once, 0, |house| {
    let store = &house.store;
    world::build_with(store, |settings| settings.storm_limit = None).await;
    let signals = (0..1_000)
        .map(|n| world::trigger(&format!("k{n}")))
        .collect();
    world::apply(store, vec![world::request(signals)], NOON).await;
    fire_due(store, at(300)).await.unwrap();
    let (due, all) = store
        .read(|c| {
            let due = store::escalation::count_due(c, at(300))?;
            Ok::<_, store::Error>((due, store::escalation::due(c, Timestamp::MAX, 9_999)?.len()))
        })
        .await
        .unwrap();
    assert_eq!((due, all), (0, 1_000));
    assert_eq!(next_timer(store).await, Some(900));
});
