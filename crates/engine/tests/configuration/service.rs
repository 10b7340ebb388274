//! Services and integrations.

use domain::policy::{PolicyConfig, Step, StepMode, Target};
use domain::service::ServiceSettings;
use domain::word::IntegrationKind;
use domain::{PolicyId, ServiceId, Span};
use engine::Error;
use engine::account::secret::digest;
use engine::configuration::integration::{
    create_integration, remove_integration, rename_integration, rotate_key,
};
use engine::configuration::policy::{PolicyInput, create_policy};
use engine::configuration::service::{ServiceInput, create_service, edit_service, remove_service};

use crate::house::{House, assert_forbidden, fields, observer, root};

crate::on_both! {
    services_are_made_edited_and_removed
    moving_to_another_policy_is_told
    keys_are_shown_once_and_open_one_door
    names_of_integrations_are_unique_in_a_service
}

fn service(name: &str) -> ServiceInput {
    ServiceInput {
        name: name.into(),
        ..ServiceInput::default()
    }
}

async fn services_are_made_edited_and_removed(house: &House) {
    let store = &house.store;
    assert_forbidden(create_service(store, &observer(), service("Checkout")).await);
    let id = create_service(store, &root(), service("Checkout"))
        .await
        .unwrap();
    let wrong = ServiceInput {
        slug: Some("new".into()),
        policy_id: Some(PolicyId(-1)),
        settings: ServiceSettings {
            reopen_window: Span::from_days(2),
            ack_timeout_high: Some(Span::ZERO),
            ..ServiceSettings::default()
        },
        ..service(&"x".repeat(101))
    };
    let refused = edit_service(store, &root(), id, wrong).await;
    let expected = [
        "name",
        "policy",
        "slug",
        "reopen_window",
        "ack_timeout_high",
    ];
    assert_eq!(fields(refused), expected);
    let second = create_service(store, &root(), service("Checkout"))
        .await
        .unwrap();
    assert_eq!(
        house.directory().service(second).unwrap().slug,
        "checkout-2"
    );
    let clash = ServiceInput {
        slug: Some("checkout".into()),
        ..service("Other")
    };
    assert_eq!(
        fields(edit_service(store, &root(), second, clash).await),
        ["slug"]
    );
    remove_service(store, &root(), second).await.unwrap();
    let missing = remove_service(store, &root(), ServiceId(-1)).await;
    assert!(matches!(missing, Err(Error::NotFound("service"))));
    assert_eq!(house.directory().services.len(), 1);
}

async fn moving_to_another_policy_is_told(house: &House) {
    let bo = house.person("Bo").await.id;
    let store = &house.store;
    let input = PolicyInput {
        name: "Platform".into(),
        slug: None,
        description: String::new(),
        team_id: None,
        config: PolicyConfig {
            steps: vec![Step {
                targets: vec![Target::User(bo)],
                mode: StepMode::All,
                wait: Span::from_minutes(5),
                urgency: None,
                severity_at_least: None,
                hours: None,
            }],
            repeats: 0,
        },
        anyway: false,
    };
    let policy_id = Some(create_policy(store, &root(), input).await.unwrap().id);
    let id = create_service(store, &root(), service("Checkout"))
        .await
        .unwrap();
    let moved = ServiceInput {
        policy_id,
        ..service("Checkout")
    };
    let saved = edit_service(store, &root(), id, moved.clone())
        .await
        .unwrap();
    assert!(saved.policy_changed);
    let saved = edit_service(store, &root(), id, moved).await.unwrap();
    assert!(!saved.policy_changed);
}

async fn keys_are_shown_once_and_open_one_door(house: &House) {
    let store = &house.store;
    let service = create_service(store, &root(), service("Checkout"))
        .await
        .unwrap();
    let kind = IntegrationKind::PagerDuty;
    let forbidden = create_integration(store, &observer(), service, "Events", kind, false).await;
    assert_forbidden(forbidden);
    let new = create_integration(store, &root(), service, "Events", kind, false)
        .await
        .unwrap();
    assert_eq!(new.key.len(), 32, "the form of a routing key");
    let directory = house.directory();
    let door = directory.integration_by_key(&digest(&new.key)).unwrap();
    assert_eq!(
        (door.id, door.service_id, door.kind),
        (new.id, service, kind)
    );
    assert!(new.key.ends_with(&door.key_hint));

    let rotated = rotate_key(store, &root(), new.id).await.unwrap();
    let directory = house.directory();
    assert!(directory.integration_by_key(&digest(&new.key)).is_none());
    assert_eq!(
        directory
            .integration_by_key(&digest(&rotated.key))
            .unwrap()
            .id,
        new.id
    );

    remove_integration(store, &root(), new.id).await.unwrap();
    assert!(
        house
            .directory()
            .integration_by_key(&digest(&rotated.key))
            .is_none()
    );
    let gone = rotate_key(store, &root(), new.id).await;
    assert!(matches!(
        gone.map(|_| ()),
        Err(Error::NotFound("integration"))
    ));
}

async fn names_of_integrations_are_unique_in_a_service(house: &House) {
    let store = &house.store;
    let one = create_service(store, &root(), service("One"))
        .await
        .unwrap();
    let two = create_service(store, &root(), service("Two"))
        .await
        .unwrap();
    let add = |service, name: &'static str| {
        let store = store.clone();
        async move {
            create_integration(
                &store,
                &root(),
                service,
                name,
                IntegrationKind::Generic,
                false,
            )
            .await
        }
    };
    let first = add(one, "Cron").await.unwrap();
    assert_eq!(fields(add(one, "Cron").await), ["name"]);
    let other = add(one, "Backup").await.unwrap();
    add(two, "Cron").await.unwrap();
    let clash = rename_integration(store, &root(), other.id, "Cron").await;
    assert_eq!(fields(clash), ["name"]);
    rename_integration(store, &root(), first.id, "Cron")
        .await
        .unwrap();
    rename_integration(store, &root(), first.id, "Nightly")
        .await
        .unwrap();
    let directory = house.directory();
    assert_eq!(directory.integration(first.id).unwrap().name, "Nightly");
}
