//! Whoever follows a shift is told when it is paged, and nothing waits for them (PAGING.md §5.9).

use domain::UserId;
use domain::policy::{PolicyConfig, Target};
use domain::word::{AccountRole, Action, NotificationKind, Origin};
use engine::OpContext;
use engine::configuration::policy::{PolicyInput, edit_policy};
use engine::configuration::schedule::{ScheduleInput, edit_schedule};
use engine::timer::fire_due;
use store::Store;
use store::notification::Notification;

use crate::on_both;
use crate::world::{
    self, ANA, BO, DAN, NOON, PLATFORM, POLICY, apply, minutes, open, pages, request, signal, step,
};

fn admin() -> OpContext {
    OpContext::user(DAN, AccountRole::Admin, Origin::Web, NOON)
}

/// Dan follows Bo's turns.
async fn follow(store: &Store) {
    let schedule = store.directory().schedule(PLATFORM).unwrap().clone();
    let mut config = schedule.versions[0].config.clone();
    for turn in &mut config.layers[0].participants {
        if turn.users == [BO] {
            turn.shadows = vec![DAN];
        }
    }
    let input = ScheduleInput {
        name: schedule.name,
        slug: None,
        description: String::new(),
        team_id: None,
        config,
        effective_from: None,
    };
    edit_schedule(store, &admin(), PLATFORM, input)
        .await
        .unwrap();
}

async fn to(store: &Store, user: UserId) -> Vec<Notification> {
    let filter = store::notification::Filter::default();
    let mut rows = store
        .read(move |c| store::notification::list(c, &filter, None, 500))
        .await
        .unwrap();
    rows.retain(|row| row.user_id == Some(user));
    rows
}

on_both!(a_shadow_is_told_once_and_not_relied_on, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    follow(store).await;
    let incident = open(store, "disk", NOON).await;
    // Step 1 names Ana, so that nobody is followed.
    assert!(to(store, DAN).await.is_empty());
    fire_due(store, NOON + minutes(5)).await.unwrap();
    assert_eq!(pages(store, &incident, NOON).await, [(0, ANA), (300, BO)]);
    let told = to(store, DAN).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].kind, NotificationKind::Notice);
    assert_eq!(
        told[0].body,
        "Bo is paged, on call for Platform. You follow the shift; nothing is asked of you."
    );
    // The second round pages Bo again.
    for minute in [15, 20] {
        fire_due(store, NOON + minutes(minute)).await.unwrap();
    }
    assert_eq!(pages(store, &incident, NOON).await.len(), 4);
    assert_eq!(to(store, DAN).await.len(), 1);
});

on_both!(
    what_is_over_before_it_was_sent_is_told_to_no_shadow,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        follow(store).await;
        let first = PolicyInput {
            name: "Checkout".into(),
            slug: None,
            description: String::new(),
            team_id: None,
            config: PolicyConfig {
                steps: vec![step(Target::Schedule(PLATFORM), minutes(5))],
                repeats: 1,
            },
            anyway: true,
        };
        edit_policy(store, &admin(), POLICY, first).await.unwrap();
        let at_once = vec![
            signal(Action::Trigger, "disk"),
            signal(Action::Resolve, "disk"),
        ];
        apply(store, vec![request(at_once)], NOON).await;
        let waits = |rows: Vec<Notification>| {
            let planned =
                |row: &Notification| row.state == domain::word::NotificationState::Planned;
            rows.iter().any(planned)
        };
        assert!(!waits(to(store, BO).await));
        assert!(!waits(to(store, DAN).await));
        // One that stays is told.
        apply(
            store,
            vec![request(vec![signal(Action::Trigger, "cpu")])],
            NOON,
        )
        .await;
        assert!(waits(to(store, BO).await) && waits(to(store, DAN).await));
    }
);
