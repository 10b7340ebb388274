//! Who hears that a maintenance window or silence ends (PAGING.md §3.3).

use domain::directory::NotificationRule;
use domain::suppression::{Matcher, SuppressionKind};
use domain::word::{AccountRole, NotificationKind, Origin, Urgency};
use domain::{NotificationRuleId, Span, Timestamp, UserId};
use engine::OpContext;
use engine::configuration::suppression::{SuppressionInput, create_suppression};
use engine::link::LinkSecret;
use engine::message::Sender;
use engine::reminder::fire_due;
use store::Store;
use store::notification::Notification;

use crate::on_both;
use crate::world::{self, ANA, BO, CHECKOUT, DAN, MONITOR, NOON, by};

fn hours(hours: i64) -> Timestamp {
    NOON + Span::from_hours(hours)
}

/// For three hours.
fn silence() -> SuppressionInput {
    SuppressionInput {
        kind: SuppressionKind::Silence,
        services: vec![CHECKOUT],
        integrations: vec![],
        matchers: vec![],
        starts_at: NOON,
        ends_at: hours(3),
        recurrence: None,
        zone: None,
        comment: "Known noise".into(),
        author: None,
    }
}

fn token() -> OpContext {
    OpContext::token(AccountRole::Responder, Origin::Api, NOON)
}

async fn told(store: &Store) -> Vec<Notification> {
    let sender = Sender {
        public_url: "https://q.example".into(),
        secret: LinkSecret::new([7; 32]),
        letterbox: None,
    };
    for at in [NOON, hours(2), hours(2) + Span::from_minutes(1)] {
        fire_due(store, &sender, at).await.unwrap();
    }
    let rows = store.read(|c| store::notification::take_due(c, Timestamp::MAX, 1_000));
    let mut rows = rows.await.unwrap();
    rows.retain(|row| row.kind == NotificationKind::Notice);
    rows.sort_by_key(|row| row.user_id);
    rows
}

fn people(told: &[Notification]) -> Vec<UserId> {
    told.iter().filter_map(|row| row.user_id).collect()
}

on_both!(whoever_made_it_hears_whatever_the_rules_wait, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let user = store.directory().user(BO).cloned().unwrap();
    let late = NotificationRule {
        id: NotificationRuleId(50),
        urgency: Urgency::Low,
        method_id: user.methods[0].id,
        delay: Span::from_hours(2),
    };
    store
        .write(move |tx| store::people::replace_rules(tx, BO, std::slice::from_ref(&late)))
        .await
        .unwrap();
    create_suppression(store, &by(BO, NOON), silence())
        .await
        .unwrap();
    let told = told(store).await;
    assert_eq!(people(&told), [BO]);
    assert_eq!(
        (told[0].address.as_str(), told[0].due_at),
        ("bo@example.com", hours(2))
    );
    assert_eq!(
        told[0].subject,
        "Ends at Sun 15:00 UTC: the silence “Known noise”"
    );
    assert!(!told[0].body.contains("made by"), "{}", told[0].body);
});

on_both!(
    of_what_nobody_made_those_hear_who_are_paged_first,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let by_key = SuppressionInput {
            services: vec![],
            integrations: vec![MONITOR],
            author: Some("amtool".into()),
            ..silence()
        };
        create_suppression(store, &token(), by_key).await.unwrap();
        let told = told(store).await;
        assert_eq!(people(&told), [ANA]);
        assert!(told[0].body.contains("made by amtool"), "{}", told[0].body);
    }
);

on_both!(
    of_what_is_about_no_service_the_administrators_hear,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let everywhere = SuppressionInput {
            services: vec![],
            matchers: vec![Matcher::parse("env=test").unwrap()],
            ..silence()
        };
        create_suppression(store, &token(), everywhere)
            .await
            .unwrap();
        assert_eq!(people(&told(store).await), [DAN]);
    }
);

on_both!(
    of_what_lasts_no_longer_than_an_hour_nobody_hears,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let short = SuppressionInput {
            starts_at: hours(2),
            ..silence()
        };
        create_suppression(store, &by(BO, NOON), short)
            .await
            .unwrap();
        assert_eq!(people(&told(store).await), []);
        let directory = store.directory();
        let mut all = directory.suppressions.values();
        assert!(!all.next().unwrap().is_told_of());
    }
);
