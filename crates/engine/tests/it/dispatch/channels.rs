//! Channels are told, by a real receiver on the loopback (PAGING.md §4.1, §6.3, §6.5).

use channels::Channels;
use domain::channel::{Channel, ChannelKind};
use domain::incident::Command;
use domain::policy::{PolicyConfig, PolicyVersion, Step, Target};
use domain::word::{EntryKind, NotificationKind, NotificationState};
use domain::{ChannelId, Timestamp};
use engine::configuration::channel::test_channel;
use engine::message::Sender;
use store::Store;
use store::notification::Notification;
use testkit::receiver::{Answer, Receiver};
use testkit::smtp::SmtpFault;

use crate::on_both;
use crate::post::{Office, Servers, of_incident, outbox, secret};
use crate::world::{
    self, ANA, BO, NOON, POLICY, SECRET, by, channel, command, minutes, open, seconds, step,
};

const OPS: ChannelId = ChannelId(901);
const LIST: ChannelId = ChannelId(902);

/// Ana is paged and Ops is told in step 1; Bo is paged and the list is told in step 2.
async fn build(store: &Store, kind: ChannelKind, receiver: &Receiver) {
    world::build(store).await;
    let url = receiver.url("/hooks/ops");
    let write = store.write(move |tx| {
        store::channel::insert(tx, &channel(OPS, "Ops", kind, &url), NOON)?;
        let list = channel(LIST, "List", ChannelKind::Email, "list@example.com");
        store::channel::insert(tx, &list, NOON)?;
        let directory = tx.directory()?;
        let mut policy = directory.policy(POLICY).unwrap().clone();
        let with = |target, channel| Step {
            targets: vec![target, Target::Channel(channel)],
            ..step(target, minutes(5))
        };
        policy.current = PolicyVersion {
            version: 2,
            created_at: NOON,
            config: PolicyConfig {
                steps: vec![with(Target::User(ANA), OPS), with(Target::User(BO), LIST)],
                repeats: 1,
            },
        };
        store::policy::update(tx, &policy, None)
    });
    write.await.unwrap();
}

fn outlets(servers: &Servers) -> Channels {
    servers.channels().with_private_posts(true)
}

async fn posts(store: &Store) -> Vec<Notification> {
    let rows = outbox(store).await;
    rows.into_iter()
        .filter(|row| row.kind == NotificationKind::Post)
        .collect()
}

fn of(store: &Store, id: ChannelId) -> Channel {
    store.directory().channel(id).unwrap().clone()
}

async fn timeline(
    store: &Store,
    incident: &domain::incident::Incident,
) -> Vec<(EntryKind, String)> {
    let id = incident.id;
    let read = store.read(move |c| store::timeline::latest(c, id, 1_000));
    let entries = read.await.unwrap();
    entries
        .into_iter()
        .map(|one| (one.kind, one.text))
        .collect()
}

on_both!(a_webhook_hears_how_an_incident_goes, 0, |house| {
    let store = &house.store;
    let (servers, receiver) = (Servers::start().await, Receiver::start());
    build(store, ChannelKind::Webhook, &receiver).await;
    let office = Office::new(store, outlets(&servers));
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON).await;
    let first = receiver.received().remove(0);
    let row = posts(store).await.remove(0);
    assert!(first.is_signed_with(SECRET));
    assert_eq!(first.header("webhook-id"), format!("post_{}", row.id));
    assert_eq!(
        first.header("webhook-timestamp"),
        NOON.as_seconds().to_string()
    );
    let body = first.json();
    assert_eq!(body["type"], "incident.triggered");
    assert_eq!(body["data"]["incident"]["number"], incident.number);
    assert_eq!(body["data"]["incident"]["service"], "Checkout");
    assert_eq!(
        body["data"]["escalation"]["paged"],
        serde_json::json!(["Ana"])
    );
    assert_eq!(
        body["data"]["url"],
        format!("https://q.example/incidents/{}", incident.number)
    );
    assert_eq!(
        (row.state, row.channel_id, row.attempts),
        (NotificationState::Accepted, Some(OPS), 1)
    );
    // The row names the place without its path.
    assert!(!row.address.contains("hooks/ops"), "{row:?}");

    let later = NOON + minutes(2);
    command(store, &incident, ANA, Command::Acknowledge, later)
        .await
        .unwrap();
    office.settle(later).await;
    let end = NOON + minutes(9);
    command(store, &incident, ANA, Command::Resolve, end)
        .await
        .unwrap();
    office.settle(end).await;
    let types: Vec<String> = receiver
        .received()
        .iter()
        .map(|one| one.json()["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        types,
        [
            "incident.triggered",
            "incident.acknowledged",
            "incident.resolved"
        ]
    );
    let last = receiver.received().pop().unwrap().json();
    assert_eq!(last["data"]["incident"]["status"], "resolved");
    assert_eq!(last["data"]["description"], "Ana resolved the incident.");
    // The list was told of nothing, since step 2 was never come to.
    assert!(
        posts(store)
            .await
            .iter()
            .all(|row| row.channel_id == Some(OPS))
    );
    let said = timeline(store, &incident).await;
    let told: Vec<&str> = said
        .iter()
        .filter(|(_, text)| text.starts_with("Channel Ops"))
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "Channel Ops was told",
            "Channel Ops was told of the acknowledgement",
            "Channel Ops was told of the end",
        ]
    );
    assert!(said.iter().any(|(kind, text)| {
        *kind == EntryKind::StepExecuted && text.contains("paged Ana and told channel Ops")
    }));
});

on_both!(posts_leave_in_order_whatever_fails, 0, |house| {
    let store = &house.store;
    let (servers, receiver) = (Servers::start().await, Receiver::start());
    build(store, ChannelKind::Webhook, &receiver).await;
    let office = Office::new(store, outlets(&servers));
    receiver.answer([
        Answer::status(500),
        Answer::Status {
            status: 429,
            retry_after: Some("60".into()),
            body: String::new(),
        },
    ]);
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON).await;
    let first = posts(store).await.remove(0);
    assert_eq!(
        (first.state, first.attempts),
        (NotificationState::Planned, 1)
    );
    assert!(first.due_at >= NOON + seconds(2) && first.due_at <= NOON + seconds(3));
    // Acknowledged before it could leave: it is told all the same, and first.
    command(
        store,
        &incident,
        ANA,
        Command::Acknowledge,
        NOON + seconds(1),
    )
    .await
    .unwrap();
    office.settle(NOON + seconds(1)).await;
    assert_eq!(receiver.received().len(), 1, "nothing overtakes it");
    office.settle(NOON + seconds(3)).await;
    let first = posts(store).await.remove(0);
    assert_eq!(
        first.due_at,
        NOON + seconds(63),
        "429 says when to come again"
    );
    office.settle(NOON + seconds(30)).await;
    assert_eq!(receiver.received().len(), 2);
    office.settle(NOON + seconds(63)).await;
    let received = receiver.received();
    let ids: Vec<&str> = received
        .iter()
        .map(|one| one.header("webhook-id"))
        .collect();
    assert_eq!(ids[..3], [ids[0]; 3], "a repeat has the same id");
    assert_eq!(received.len(), 4);
    assert_eq!(received[3].json()["type"], "incident.acknowledged");
    let said = timeline(store, &incident).await;
    assert!(said.iter().any(|(kind, text)| {
        *kind == EntryKind::NotificationFailed
            && text == "Telling channel Ops failed and is tried again: the receiver answers HTTP 500"
    }), "{said:?}");
});

on_both!(a_receiver_that_is_gone_is_switched_off, 0, |house| {
    let store = &house.store;
    let (servers, receiver) = (Servers::start().await, Receiver::start());
    build(store, ChannelKind::Slack, &receiver).await;
    let office = Office::new(store, outlets(&servers));
    receiver.answer([Answer::status(410)]);
    let incident = open(store, "disk", NOON).await;
    office.settle(NOON).await;
    let gone = of(store, OPS);
    assert!(!gone.enabled);
    assert_eq!(
        gone.trouble.as_deref(),
        Some("the receiver answers HTTP 410")
    );
    assert_eq!(posts(store).await[0].state, NotificationState::Failed);
    // The administrators hear of it.
    assert_eq!(servers.subjects("dan"), ["Channel Ops is switched off"]);
    let said = timeline(store, &incident).await;
    assert!(said.iter().any(|(kind, text)| {
        *kind == EntryKind::NotificationFailed
            && text == "Channel Ops could not be told: the receiver answers HTTP 410"
    }));
    // Nothing further is told, not even what became of it.
    command(store, &incident, ANA, Command::Resolve, NOON + seconds(9))
        .await
        .unwrap();
    office.settle(NOON + seconds(9)).await;
    assert_eq!(receiver.received().len(), 1);
    // It may be tried out all the same.
    let sender = Sender {
        public_url: "https://q.example".into(),
        secret: secret(),
        letterbox: None,
    };
    let channels = outlets(&servers);
    let now = NOON + minutes(1);
    let ctx = by(BO, now);
    let tested = test_channel(store, &channels, &sender, &ctx, OPS, || now)
        .await
        .unwrap();
    assert_eq!(tested.failure, None);
    let text = receiver.received().pop().unwrap().json();
    assert!(
        text["text"]
            .as_str()
            .unwrap()
            .contains("Bo tries out channel Ops")
    );
    assert_eq!(of(store, OPS).trouble, None);
    let test = posts(store).await.pop().unwrap();
    assert_eq!(
        (test.id, test.state, test.incident_id),
        (tested.id, NotificationState::Accepted, None)
    );
    receiver.answer([Answer::status(404)]);
    let failed = test_channel(store, &channels, &sender, &ctx, OPS, || now)
        .await
        .unwrap();
    assert_eq!(
        failed.failure.as_deref(),
        Some("the receiver answers HTTP 404")
    );
    assert!(of(store, OPS).trouble.is_some());
});

on_both!(
    a_list_is_told_by_mail_and_given_up_after_ten_minutes,
    0,
    |house| {
        let store = &house.store;
        let (servers, receiver) = (Servers::start().await, Receiver::start());
        build(store, ChannelKind::Slack, &receiver).await;
        let office = Office::new(store, outlets(&servers));
        let incident = open(store, "disk", NOON).await;
        office.settle(NOON).await;
        let text = receiver.received()[0].json();
        assert!(
            text["text"].as_str().unwrap().starts_with(
                "Triggered: <https://q.example/incidents/1|INC-0001> Checkout: disk is broken\n"
            ),
            "{text}"
        );
        assert!(receiver.received()[0].header("webhook-id").is_empty());
        // Step 2 tells the list.
        engine::timer::fire_due(store, NOON + minutes(5))
            .await
            .unwrap();
        office.settle(NOON + minutes(5)).await;
        let mails = servers.smtp.mails();
        let mail = mails
            .iter()
            .find(|mail| mail.to == ["list@example.com"])
            .unwrap();
        assert_eq!(
            mail.header("Subject"),
            Some("[INC-0001] Checkout: disk is broken")
        );
        assert!(
            mail.text.contains("Step 2 of policy Ladder (v2) paged Bo."),
            "{}",
            mail.text
        );
        assert_eq!(mail.header("References"), Some("<incident-1@q.example>"));

        servers.smtp.set_fault(SmtpFault {
            busy_next: 10_000,
            ..SmtpFault::default()
        });
        let begun = NOON + minutes(6);
        command(store, &incident, ANA, Command::Resolve, begun)
            .await
            .unwrap();
        let mut now: Timestamp = begun;
        for _ in 0..40 {
            office.settle(now).await;
            now = now + seconds(30);
        }
        let last = posts(store)
            .await
            .into_iter()
            .rfind(|row| row.channel_id == Some(LIST))
            .unwrap();
        assert_eq!(last.state, NotificationState::Failed);
        assert!(last.attempts > 5);
        let list = of(store, LIST);
        assert!(list.enabled && list.trouble.unwrap().contains("451"));
        let said = timeline(store, &incident).await;
        assert!(
            said.iter().any(|(_, text)| {
                text.starts_with("Channel List could not be told of the end:")
            })
        );
    }
);

on_both!(a_channel_that_is_removed_or_off_is_not_told, 0, |house| {
    let store = &house.store;
    let (servers, receiver) = (Servers::start().await, Receiver::start());
    build(store, ChannelKind::Webhook, &receiver).await;
    let office = Office::new(store, outlets(&servers));
    let incident = open(store, "disk", NOON).await;
    // Switched off before anything could leave.
    let mut off = of(store, OPS);
    off.enabled = false;
    store
        .write(move |tx| store::channel::update(tx, &off))
        .await
        .unwrap();
    office.settle(NOON).await;
    let cancelled = posts(store).await.remove(0);
    assert_eq!(cancelled.state, NotificationState::Cancelled);
    assert!(receiver.received().is_empty());
    // Ana is paged whatever becomes of the channel.
    assert_eq!(servers.subjects("ana").len(), 1);
    // A later run says why the channel hears nothing.
    let second = open(store, "cpu", NOON + minutes(1)).await;
    let said = timeline(store, &second).await;
    assert!(
        said.iter()
            .any(|(_, text)| { text.contains("Not reached: channel Ops is switched off.") }),
        "{said:?}"
    );
    assert!(of_incident(store, &incident).await.iter().any(|row| {
        row.last_error.as_deref() == Some("the channel was switched off before it was sent")
    }));
});
