//! The morning digest (PAGING.md §3.2): one mail a day about what is open of low urgency.

use domain::digest::DigestTime;
use domain::incident::Command;
use domain::reminder::Reminders;
use domain::service::UrgencyRule;
use domain::suppression::SuppressionKind;
use domain::word::{ContactKind, NotificationKind};
use domain::{Span, Timestamp, UserId};
use engine::configuration::suppression::{SuppressionInput, create_suppression, end_suppression};
use engine::link::LinkSecret;
use engine::message::Sender;
use engine::reminder::{fire_due, set_reminders};
use store::Store;
use store::notification::Notification;

use crate::on_both;
use crate::post::{Office, PATIENCE, Servers};
use crate::world::{
    self, ANA, BO, CHECKOUT, CY, DAN, NOON, OTHER_POLICY, admin, by, command, open,
};

/// 09:00 UTC on the days after the Sunday that tests begin on; everybody lives in UTC.
fn morning(day: i64) -> Timestamp {
    NOON - Span::from_hours(3) + Span::from_days(day)
}

fn sender() -> Sender {
    Sender {
        public_url: "https://q.example".into(),
        secret: LinkSecret::new([7; 32]),
        letterbox: None,
    }
}

async fn wishes(store: &Store, user: UserId, time: &str) {
    let wish = Reminders {
        leads: vec![],
        hand_off: false,
        digest: time.parse::<DigestTime>().unwrap().0,
    };
    set_reminders(store, &admin(NOON), user, wish)
        .await
        .unwrap();
}

/// The world, whose service is of low urgency, and everybody wants a digest.
async fn quiet_world(store: &Store) {
    world::build_with(store, |settings| settings.urgency = UrgencyRule::Low).await;
    for user in [ANA, BO, CY, DAN] {
        wishes(store, user, "09:00").await;
    }
}

async fn all(store: &Store) -> Vec<Notification> {
    let filter = store::notification::Filter::default();
    let mut rows = store
        .read(move |c| store::notification::list(c, &filter, None, 1_000))
        .await
        .unwrap();
    rows.retain(|row| row.kind == NotificationKind::Digest);
    rows.sort_by_key(|row| (row.created_at, row.user_id));
    rows
}

/// Who has been sent digests since `after`.
async fn since(store: &Store, after: Timestamp) -> Vec<UserId> {
    let rows = all(store).await.into_iter();
    rows.filter(|row| row.created_at >= after)
        .filter_map(|row| row.user_id)
        .collect()
}

async fn look(store: &Store, now: Timestamp) -> Timestamp {
    fire_due(store, &sender(), now).await.unwrap()
}

on_both!(one_mail_a_day_whatever_crashes, 0, |house| {
    let store = &house.store;
    quiet_world(store).await;
    open(store, "disk", NOON).await;
    open(store, "fan", NOON + Span::from_hours(1)).await;
    // Sunday's hour was three hours ago: too late.
    assert_eq!(look(store, NOON).await, morning(1));
    assert_eq!(since(store, NOON).await, []);

    let other = Store::open(store.url()).unwrap();
    for store in [store, &other, store] {
        assert_eq!(look(store, morning(1)).await, morning(2));
        look(store, morning(1) + Span::from_minutes(5)).await;
    }
    let rows = all(store).await;
    assert_eq!(rows.len(), 1, "only Ana was told of them: {rows:?}");
    let row = &rows[0];
    assert_eq!(row.user_id, Some(ANA));
    // She has a phone, too.
    assert_eq!(row.channel, ContactKind::Email);
    assert_eq!(row.address, "ana@example.com");
    assert_eq!(row.subject, "Still open: 2 incidents of low urgency");
    let (disk, fan) = (
        row.body.find("INC-0001 disk is broken").unwrap(),
        row.body.find("INC-0002 fan is broken").unwrap(),
    );
    assert!(fan < disk, "the newest first: {}", row.body);
    assert!(row.body.contains("https://q.example/incidents/2\n"));
    assert!(row.body.contains("Checkout · "), "{}", row.body);

    // Two nodes at the same instant.
    let now = morning(2);
    let (one, two) = tokio::join!(look(store, now), look(&other, now));
    assert_eq!((one, two), (morning(3), morning(3)));
    assert_eq!(since(store, now).await, [ANA]);
});

on_both!(whoever_answers_for_it_hears_of_it, 0, |house| {
    let store = &house.store;
    quiet_world(store).await;
    let disk = open(store, "disk", NOON).await;
    command(store, &disk, BO, Command::Acknowledge, NOON)
        .await
        .unwrap();
    look(store, morning(1)).await;
    assert_eq!(since(store, morning(1)).await, [ANA, BO]);
    assert!(all(store).await[0].body.contains("acknowledged by Bo"));

    // Handed to another policy: its people answer for it now.
    let hand = Command::ReassignToPolicy {
        policy: OTHER_POLICY,
    };
    command(store, &disk, BO, hand, morning(1)).await.unwrap();
    engine::timer::fire_due(store, morning(1)).await.unwrap();
    look(store, morning(2)).await;
    assert_eq!(since(store, morning(2)).await, [CY]);

    // Who was asked by name hears of it, until they decline.
    let ask = Command::Page {
        targets: vec![domain::policy::Target::User(DAN)],
        message: "please".into(),
    };
    command(store, &disk, CY, ask, morning(2)).await.unwrap();
    look(store, morning(3)).await;
    assert_eq!(since(store, morning(3)).await, [CY, DAN]);
    let no = Command::Answer {
        accept: false,
        reason: String::new(),
    };
    command(store, &disk, DAN, no, morning(3)).await.unwrap();
    look(store, morning(4)).await;
    assert_eq!(since(store, morning(4)).await, [CY]);

    command(store, &disk, CY, Command::Resolve, morning(4))
        .await
        .unwrap();
    look(store, morning(5)).await;
    assert_eq!(since(store, morning(5)).await, []);
});

on_both!(a_morning_is_seen_to_once, 0, |house| {
    let store = &house.store;
    quiet_world(store).await;
    // Nothing was open at nine; what opens later has told its people by itself.
    look(store, morning(1)).await;
    let later = morning(1) + Span::from_minutes(30);
    let disk = open(store, "disk", later).await;
    look(store, later).await;
    assert_eq!(since(store, NOON).await, []);

    // After an outage of less than three hours it still comes.
    look(store, morning(2) + Span::from_minutes(179)).await;
    assert_eq!(since(store, morning(2)).await, [ANA]);
    look(store, morning(3) + Span::from_hours(3)).await;
    assert_eq!(since(store, morning(3)).await, []);

    // Another hour makes no second one on the same day.
    look(store, morning(4)).await;
    wishes(store, ANA, "10:00").await;
    look(store, morning(4) + Span::from_hours(1)).await;
    assert_eq!(since(store, morning(4)).await, [ANA]);
    let next = look(store, morning(5)).await;
    assert_eq!(next, morning(5) + Span::from_hours(1));
    assert_eq!(since(store, morning(5)).await, []);
    look(store, next).await;
    assert_eq!(since(store, morning(5)).await, [ANA]);

    wishes(store, ANA, "off").await;
    look(store, morning(6) + Span::from_hours(1)).await;
    assert_eq!(since(store, morning(6)).await, []);

    // Snoozed beyond the hour, and not.
    wishes(store, ANA, "09:00").await;
    let until = morning(8) - Span::from_hours(1);
    let snooze = Command::Snooze { until };
    command(store, &disk, ANA, snooze, morning(6))
        .await
        .unwrap();
    look(store, morning(7)).await;
    assert_eq!(since(store, morning(7)).await, []);
    engine::timer::fire_due(store, until).await.unwrap();
    look(store, morning(8)).await;
    assert_eq!(since(store, morning(8)).await, [ANA]);
});

on_both!(what_is_silenced_does_not_stand_in_it, 0, |house| {
    let store = &house.store;
    quiet_world(store).await;
    open(store, "disk", NOON).await;
    let silence = SuppressionInput {
        kind: SuppressionKind::Maintenance,
        services: vec![CHECKOUT],
        integrations: vec![],
        matchers: vec![],
        starts_at: NOON,
        ends_at: morning(3),
        recurrence: None,
        zone: None,
        comment: "The disk is being changed".into(),
        author: None,
    };
    let id = create_suppression(store, &by(ANA, NOON), silence)
        .await
        .unwrap();
    look(store, morning(1)).await;
    assert_eq!(since(store, NOON).await, []);
    end_suppression(store, &by(ANA, morning(1)), id)
        .await
        .unwrap();
    look(store, morning(2)).await;
    assert_eq!(since(store, NOON).await, [ANA]);
});

on_both!(it_leaves_as_a_mail_that_says_where_it_ends, 0, |house| {
    let store = &house.store;
    quiet_world(store).await;
    open(store, "disk", NOON).await;
    look(store, morning(1)).await;
    let servers = Servers::start().await;
    let office = Office::new(store, servers.channels());
    office.settle(morning(1)).await;
    let mails = servers.smtp.wait_for(2, PATIENCE).await;
    let mail = mails
        .iter()
        .find(|mail| mail.header("List-Id").is_some())
        .unwrap();
    assert_eq!(mail.to, ["ana@example.com"]);
    assert_eq!(mail.header("Subject"), Some("Still open: disk is broken"));
    assert_eq!(
        mail.header("List-Unsubscribe"),
        Some("<https://q.example/calendars#reminders>")
    );
    assert_eq!(mail.header("Importance"), None);
    assert!(mail.text.contains("https://q.example/incidents/1"));
    let pages = mails.iter().filter(|one| one.header("List-Id").is_none());
    for page in pages {
        assert_eq!(page.header("List-Unsubscribe"), None);
    }
});
