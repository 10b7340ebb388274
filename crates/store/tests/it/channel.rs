//! Channels and their posts: what was told of an incident, and in what order it leaves.

use domain::channel::{Channel, ChannelKind, Secret};
use domain::word::{NotificationKind, NotificationState, Urgency};
use domain::{ChannelId, IncidentId, NotificationId, Timestamp};
use store::notification::{self, Notification};
use store::{Error, Store, channel};

use crate::on_both;
use crate::sample::{self, NOW};

const OPS: ChannelId = ChannelId(501);
const LIST: ChannelId = ChannelId(502);

fn ops() -> Channel {
    Channel {
        id: OPS,
        slug: "ops".into(),
        name: "Ops – größer".into(),
        description: "Who\nruns it".into(),
        team_id: None,
        kind: ChannelKind::Webhook,
        address: Secret::new("https://hooks.example/x"),
        secret: Some(Secret::new("whsec_new")),
        old_secret: Some((Secret::new("whsec_old"), NOW)),
        enabled: true,
        trouble: None,
    }
}

fn seeded(backend: &crate::backend::Backend) -> Store {
    let store = backend.store();
    sample::house(&store);
    store
        .write_blocking(|tx| {
            store::incident::insert(
                tx,
                vec![sample::incident(1, Some("g")), sample::incident(2, None)],
            )?;
            channel::insert(tx, &ops(), NOW)
        })
        .unwrap();
    store
}

fn post(id: i64, to: ChannelId, incident: i64) -> Notification {
    let mut row = Notification::planned(
        NotificationId(id),
        NotificationKind::Post,
        ChannelKind::Webhook,
        "https://hooks.example".into(),
        Urgency::High,
        NOW,
    );
    row.channel_id = Some(to);
    row.incident_id = Some(IncidentId(incident));
    row
}

on_both!(a_channel_comes_back_as_it_was_stored, |backend| {
    let store = seeded(backend);
    assert_eq!(store.directory().channel(OPS), Some(&ops()));
    let edited = Channel {
        kind: ChannelKind::Slack,
        secret: None,
        old_secret: None,
        enabled: false,
        trouble: Some("HTTP 410".into()),
        ..ops()
    };
    let written = edited.clone();
    store
        .write_blocking(move |tx| channel::update(tx, &written))
        .unwrap();
    assert_eq!(store.directory().channel(OPS), Some(&edited));
    let again = store.write_blocking(|tx| {
        let other = Channel { id: LIST, ..ops() };
        channel::insert(tx, &other, NOW)
    });
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
    let unknown = store.write_blocking(|tx| {
        let other = Channel {
            id: LIST,
            slug: "list".into(),
            ..ops()
        };
        channel::update(tx, &other)
    });
    assert!(matches!(unknown, Err(Error::NotFound)), "{unknown:?}");
    store.write_blocking(|tx| channel::remove(tx, OPS)).unwrap();
    assert!(store.directory().channels.is_empty());
});

on_both!(posts_of_an_incident_leave_one_after_the_other, |backend| {
    let store = seeded(backend);
    let rows = vec![
        post(11, OPS, 1),
        post(12, OPS, 1),
        post(13, LIST, 1),
        post(14, OPS, 2),
    ];
    let written = rows.clone();
    store
        .write_blocking(move |tx| notification::insert(tx, &written))
        .unwrap();
    let before = |id: usize| {
        let row = rows[id].clone();
        let found = store.read_blocking(move |c| channel::before(c, &row));
        found.unwrap().map(|row| row.id.0)
    };
    assert_eq!(
        [before(0), before(1), before(2), before(3)],
        [None, Some(11), None, None]
    );
    let told = store.read_blocking(|c| channel::told_of(c, IncidentId(1)));
    assert_eq!(told.unwrap(), [OPS, LIST]);
    // The second waits; the end of the first lets it go.
    let later = NOW + domain::Span::from_minutes(5);
    let first = rows[0].clone();
    let released = store
        .write_blocking(move |tx| {
            notification::put_off(tx, &[NotificationId(12)], later)?;
            notification::set_state(tx, first.id, NotificationState::Failed, NOW, Some("no"))?;
            channel::release_next(tx, &first, NOW)
        })
        .unwrap();
    assert!(released);
    let due: Timestamp = store
        .read_blocking(|c| notification::fetch(c, NotificationId(12)))
        .unwrap()
        .due_at;
    assert_eq!((due, before(1)), (NOW, None));
    let last = rows[1].clone();
    let released = store.write_blocking(move |tx| channel::release_next(tx, &last, NOW));
    assert!(!released.unwrap(), "nothing is behind the last");
    // What a channel was told outlives it, newest first.
    store.write_blocking(|tx| channel::remove(tx, OPS)).unwrap();
    let posts = store.read_blocking(|c| channel::posts(c, OPS, 2)).unwrap();
    let ids: Vec<i64> = posts.iter().map(|row| row.id.0).collect();
    assert_eq!(ids, [14, 12]);
    assert_eq!(posts[0], rows[3], "read as it was written");
});
