//! What is not saved, and where an integration sends an alert.

use domain::service::{ServiceSettings, UrgencyRule};
use domain::suppression::SuppressionKind;
use domain::what_if::{End, EventKind, ServiceDraft};
use domain::word::{AccountRole, Origin, Urgency};
use engine::configuration::suppression::SuppressionInput;
use engine::what_if::{Question, WindowDraft, tell, tell_in};
use engine::{OpContext, manifest};

use crate::on_both;
use crate::world::{self, ANA, CHECKOUT, CY, MONITOR, NOON, OTHER_POLICY, by, minutes};

on_both!(a_window_and_a_service_are_tried_and_not_saved, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let ctx = by(ANA, NOON);
    let input = SuppressionInput {
        kind: SuppressionKind::Maintenance,
        services: vec![CHECKOUT],
        integrations: vec![],
        matchers: vec![],
        starts_at: NOON,
        ends_at: NOON + minutes(30),
        recurrence: Some("FREQ=DAILY".into()),
        zone: None,
        comment: String::new(),
        author: None,
    };
    let mut question = Question::new(None);
    question.window = Some(WindowDraft { id: None, input });
    // The fourth occurrence.
    question.at = Some(NOON + domain::Span::from_days(3) + minutes(10));
    let told = tell(store, &ctx, question.clone()).await.unwrap();
    assert_eq!(told.scenario.service, CHECKOUT);
    assert!(
        matches!(told.course.events[0].kind, EventKind::Held(Some(until))
        if until == NOON + domain::Span::from_days(3) + minutes(30))
    );
    let wrong = question.window.as_mut().unwrap();
    wrong.input.ends_at = NOON + domain::Span::from_days(40);
    let refused = tell(store, &ctx, question).await.unwrap_err();
    assert!(
        refused.to_string().starts_with("window.ends_at"),
        "{refused}"
    );

    let mut question = Question::new(None);
    question.changed_service = Some(ServiceDraft {
        id: Some(CHECKOUT),
        name: "Checkout".into(),
        policy: Some(OTHER_POLICY),
        settings: ServiceSettings {
            urgency: UrgencyRule::Low,
            ..ServiceSettings::default()
        },
    });
    let told = tell(store, &ctx, question).await.unwrap();
    assert_eq!(told.course.pages[0].user, CY);
    assert_eq!(told.course.incident.unwrap().urgency, Urgency::Low);
    let saved = store.directory();
    assert!(saved.suppressions.is_empty());
    assert_ne!(
        saved.service(CHECKOUT).unwrap().policy_id,
        Some(OTHER_POLICY)
    );
});

on_both!(an_integration_says_where_its_alert_goes, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let ctx = by(ANA, NOON);
    let mut question = Question::new(None);
    let refused = tell(store, &ctx, question.clone()).await.unwrap_err();
    assert!(
        refused.to_string().contains("choose a service"),
        "{refused}"
    );
    question.integration = Some(MONITOR);
    let told = tell(store, &ctx, question).await.unwrap();
    assert_eq!(told.scenario.service, CHECKOUT);
    assert_eq!(told.course.pages[0].user, ANA);
});

/// What is there before, by a file, too.
const COMPANY: &str = r#"
users:
  - email: cy@example.com
    name: Cy
    role: admin
    contact_methods: [{kind: email, address: cy@example.com, verified: true}]
policies:
  - {slug: other, name: Other, steps: [{targets: [{user: cy@example.com}]}]}
"#;
const CHANGE: &str = r#"
services: [{slug: basket, name: Basket, policy: other}]
maintenance_windows:
  - {comment: move, services: [basket], starts_at: 2026-03-15T12:00:00Z, lasts: 1h}
"#;

fn parsed(file: &str) -> manifest::Manifest {
    manifest::parse(file, &|_| None).unwrap()
}

on_both!(a_file_is_tried_before_it_is_applied, 0, |house| {
    let store = &house.store;
    let ctx = OpContext::token(AccountRole::Admin, Origin::Cli, NOON);
    manifest::apply(store, &ctx, parsed(COMPANY), false)
        .await
        .unwrap();
    let before = store.directory().generation;
    let would = manifest::rehearse(store, &ctx, parsed(CHANGE))
        .await
        .unwrap();
    let basket = would.service_by_slug("basket").unwrap().id;
    let told = tell_in(store, &ctx, would.clone(), Question::new(Some(basket)))
        .await
        .unwrap();
    assert!(matches!(
        told.course.events[0].kind,
        EventKind::Held(Some(_))
    ));
    let cy = would.user_by_email("cy@example.com").unwrap().id;
    assert_eq!(told.course.pages[0].user, cy);
    assert_ne!(told.course.end, End::Held);
    // Nothing of it is kept.
    store.refresh().await.unwrap();
    let saved = store.directory();
    assert!(saved.service_by_slug("basket").is_none());
    assert_eq!(saved.generation, before);
    let wrong = parsed("services: [{slug: x, name: X, policy: none}]");
    let refused = manifest::rehearse(store, &ctx, wrong).await.unwrap_err();
    assert!(refused.to_string().contains("none"), "{refused}");
});
