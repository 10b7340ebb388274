//! Schedules, overrides and policies.

use domain::policy::{PolicyConfig, Step, StepMode, Target};
use domain::schedule::{OverrideKind, ScheduleConfig};
use domain::{ScheduleId, Span, UserId};
use engine::Error;
use engine::configuration::policy::{PolicyInput, create_policy, edit_policy, remove_policy};
use engine::configuration::schedule::{
    OverrideInput, ScheduleInput, add_override, create_schedule, edit_schedule, remove_schedule,
    withdraw_override,
};
use engine::configuration::service::{ServiceInput, create_service};

use crate::house::{
    House, NOW, assert_forbidden, context, fields, later, new_user, observer, root,
};

crate::on_both! {
    an_edited_schedule_keeps_its_past
    a_schedule_names_people_that_exist
    responders_override_and_withdraw
    a_policy_that_reaches_nobody_is_saved_only_by_insisting
    a_save_makes_a_version_only_when_something_changed
    what_is_used_cannot_be_removed
}

fn config(users: &[UserId]) -> ScheduleConfig {
    let turns: Vec<_> = users
        .iter()
        .map(|id| serde_json::json!({"users": [id]}))
        .collect();
    serde_json::from_value(serde_json::json!({
        "zone": "Europe/Berlin",
        "layers": [{
            "name": "Weekly", "participants": turns, "rotation": {"unit": "weeks"},
            "start": "2026-01-05",
        }],
    }))
    .unwrap()
}

fn schedule(users: &[UserId]) -> ScheduleInput {
    ScheduleInput {
        name: "Platform".into(),
        slug: None,
        description: String::new(),
        team_id: None,
        config: config(users),
        effective_from: None,
    }
}

async fn an_edited_schedule_keeps_its_past(house: &House) {
    let (bo, eve) = (house.person("Bo").await.id, house.person("Eve").await.id);
    let ctx = context(bo, domain::word::AccountRole::Responder);
    assert_forbidden(create_schedule(&house.store, &observer(), schedule(&[bo])).await);
    let id = create_schedule(&house.store, &ctx, schedule(&[bo]))
        .await
        .unwrap();

    let change = NOW + Span::from_days(7);
    let edit = ScheduleInput {
        effective_from: Some(change),
        ..schedule(&[eve])
    };
    edit_schedule(&house.store, &ctx, id, edit.clone())
        .await
        .unwrap();
    let directory = house.directory();
    let read = directory.schedule(id).unwrap();
    assert_eq!(read.users_at(change - Span::from_seconds(1)), [bo]);
    assert_eq!(read.users_at(change), [eve]);

    // The same again, with another name: no version.
    let named = ScheduleInput {
        name: "Base".into(),
        ..edit.clone()
    };
    edit_schedule(&house.store, &ctx, id, named).await.unwrap();
    let directory = house.directory();
    let read = directory.schedule(id).unwrap();
    assert_eq!((read.versions.len(), read.name.as_str()), (2, "Base"));

    let past = ScheduleInput {
        effective_from: Some(NOW - Span::from_hours(1)),
        ..edit
    };
    let refused = edit_schedule(&house.store, &ctx, id, past).await;
    assert_eq!(fields(refused), ["effective_from"]);
}

async fn a_schedule_names_people_that_exist(house: &House) {
    let bo = house.person("Bo").await.id;
    let mut input = schedule(&[bo, UserId(-1)]);
    input.config.zone = "Mars".into();
    input.team_id = Some(domain::TeamId(-1));
    input.slug = Some("New Slug".into());
    let refused = create_schedule(&house.store, &root(), input).await;
    let expected = ["team", "slug", "zone", "layers[0].participants[1].users"];
    assert_eq!(fields(refused), expected);
    let missing = edit_schedule(&house.store, &root(), ScheduleId(-1), schedule(&[bo])).await;
    assert!(matches!(missing, Err(Error::NotFound("schedule"))));
}

async fn responders_override_and_withdraw(house: &House) {
    let (bo, eve) = (house.person("Bo").await.id, house.person("Eve").await.id);
    let store = &house.store;
    let id = create_schedule(store, &root(), schedule(&[bo]))
        .await
        .unwrap();
    let ctx = context(eve, domain::word::AccountRole::Responder);
    let hours = |n| NOW + Span::from_hours(n);
    let take = |from, until, users| OverrideInput {
        kind: OverrideKind::Replace,
        start: hours(from),
        end: hours(until),
        users,
    };
    assert_forbidden(add_override(store, &observer(), id, take(1, 2, vec![eve])).await);
    let made = add_override(store, &ctx, id, take(1, 5, vec![eve]))
        .await
        .unwrap();
    assert_eq!(
        house.directory().schedule(id).unwrap().users_at(hours(2)),
        [eve]
    );
    let half_way = later(ctx, Span::from_hours(3));
    withdraw_override(store, &half_way, id, made).await.unwrap();
    let directory = house.directory();
    let read = directory.schedule(id).unwrap();
    assert_eq!(read.users_at(hours(2)), [eve], "what has been stays");
    assert_eq!(read.users_at(hours(4)), [bo]);
    let again = withdraw_override(store, &half_way, id, made).await;
    assert!(matches!(again, Err(Error::NotFound("override"))));

    for (input, field) in [
        (take(5, 1, vec![eve]), "end"),
        (take(-5, 0, vec![eve]), "end"),
        (take(0, 24 * 367, vec![eve]), "end"),
        (take(1, 2, vec![eve, eve]), "users"),
        (take(1, 2, vec![UserId(-1)]), "users"),
    ] {
        assert_eq!(fields(add_override(store, &ctx, id, input).await), [field]);
    }
    let nobody = OverrideInput {
        kind: OverrideKind::Add,
        ..take(1, 2, vec![])
    };
    assert_eq!(
        fields(add_override(store, &ctx, id, nobody).await),
        ["users"]
    );
    add_override(store, &ctx, id, take(1, 2, vec![]))
        .await
        .unwrap();
    assert!(
        house
            .directory()
            .schedule(id)
            .unwrap()
            .users_at(hours(1))
            .is_empty()
    );
}

fn step(target: Target, minutes: i64) -> Step {
    Step {
        targets: vec![target],
        mode: StepMode::All,
        wait: Span::from_minutes(minutes),
        urgency: None,
        severity_at_least: None,
        hours: None,
    }
}

fn policy(target: Target, minutes: i64) -> PolicyInput {
    PolicyInput {
        name: "Platform".into(),
        slug: None,
        description: String::new(),
        team_id: None,
        config: PolicyConfig {
            steps: vec![step(target, minutes)],
            repeats: 2,
        },
        anyway: false,
    }
}

async fn a_policy_that_reaches_nobody_is_saved_only_by_insisting(house: &House) {
    let mut unverified = new_user("Bo");
    unverified.email_verified = false;
    let bo = engine::configuration::user::create_user(&house.store, &root(), unverified)
        .await
        .unwrap();
    let input = policy(Target::User(bo), 5);
    assert_eq!(
        fields(create_policy(&house.store, &root(), input.clone()).await),
        ["anyway"]
    );
    let insisted = PolicyInput {
        anyway: true,
        ..input
    };
    let saved = create_policy(&house.store, &root(), insisted)
        .await
        .unwrap();
    assert!(
        saved
            .warnings
            .iter()
            .any(|warning| warning.needs_confirmation())
    );

    // Nobody from the third week on: found thirty days ahead.
    let eve = house.person("Eve").await.id;
    let mut short = schedule(&[eve]);
    let end = "2027-01-31".parse().unwrap();
    short.config.layers[0].end = Some(end);
    let id = create_schedule(&house.store, &root(), short).await.unwrap();
    let input = policy(Target::Schedule(id), 5);
    assert_eq!(
        fields(create_policy(&house.store, &root(), input).await),
        ["anyway"]
    );
}

async fn a_save_makes_a_version_only_when_something_changed(house: &House) {
    let bo = house.person("Bo").await.id;
    let store = &house.store;
    assert_forbidden(create_policy(store, &observer(), policy(Target::User(bo), 5)).await);
    let id = create_policy(store, &root(), policy(Target::User(bo), 5))
        .await
        .unwrap()
        .id;
    let version = || house.directory().policy(id).unwrap().current.version;
    let renamed = PolicyInput {
        name: "Base".into(),
        ..policy(Target::User(bo), 5)
    };
    edit_policy(store, &root(), id, renamed).await.unwrap();
    assert_eq!(version(), 1);
    edit_policy(store, &root(), id, policy(Target::User(bo), 9))
        .await
        .unwrap();
    assert_eq!(version(), 2);
    let old = store
        .read(move |conn| store::policy::version(conn, id, 1))
        .await
        .unwrap();
    assert_eq!(old.unwrap().config.steps[0].wait, Span::from_minutes(5));

    let mut wrong = policy(Target::User(UserId(-1)), 0);
    wrong.config.repeats = 10;
    wrong.config.steps.push(step(Target::User(bo), 5));
    wrong.config.steps[1].targets.push(Target::User(bo));
    let refused = edit_policy(store, &root(), id, wrong).await;
    let expected = [
        "repeats",
        "steps[0].wait",
        "steps[0].targets[0]",
        "steps[1].targets[1]",
    ];
    assert_eq!(fields(refused), expected);
}

async fn what_is_used_cannot_be_removed(house: &House) {
    let bo = house.person("Bo").await.id;
    let store = &house.store;
    let rota = create_schedule(store, &root(), schedule(&[bo]))
        .await
        .unwrap();
    let id = create_policy(store, &root(), policy(Target::Schedule(rota), 5))
        .await
        .unwrap()
        .id;
    let service = ServiceInput {
        name: "Checkout".into(),
        policy_id: Some(id),
        ..ServiceInput::default()
    };
    create_service(store, &root(), service).await.unwrap();
    let refused = |result: Result<(), Error>| assert!(matches!(result, Err(Error::Refused(_))));
    refused(remove_policy(store, &root(), id).await);
    refused(remove_schedule(store, &root(), rota).await);
    // Also once the policy has moved on: its old version is part of the record.
    edit_policy(store, &root(), id, policy(Target::User(bo), 5))
        .await
        .unwrap();
    refused(remove_schedule(store, &root(), rota).await);

    let spare = create_schedule(store, &root(), schedule(&[bo]))
        .await
        .unwrap();
    assert_forbidden(remove_schedule(store, &observer(), spare).await);
    remove_schedule(store, &root(), spare).await.unwrap();
    let unused = create_policy(store, &root(), policy(Target::User(bo), 5))
        .await
        .unwrap()
        .id;
    remove_policy(store, &root(), unused).await.unwrap();
    assert_eq!(house.directory().policies.len(), 1);
}
