//! People are told of their shifts, once; and shifts come from calendars elsewhere.

use std::sync::{Arc, Mutex};

use channels::calendar::CalendarClient;
use domain::channel::{ChannelKind, Post};
use domain::reminder::Reminders;
use domain::schedule::{ImportPlace, OverrideKind};
use domain::word::{AccountRole, NotificationKind, Origin};
use domain::{ChannelId, Span, Timestamp, UserId};
use engine::clock::ManualClock;
use engine::configuration::channel::{remove_channel, set_hand_offs};
use engine::configuration::schedule::{OverrideInput, add_override};
use engine::import::{ImportInput, ImportSource, add_import, imports, refresh_due, remove_import};
use engine::link::LinkSecret;
use engine::message::Sender;
use engine::reminder::{fire_due, set_reminders};
use engine::{Error, OpContext};
use store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::house::House;
use crate::on_both;
use crate::world::{self, ANA, BO, CY, NOON, PLATFORM};

/// Monday 09:00 UTC, when Cy follows Bo.
fn monday() -> Timestamp {
    NOON + Span::from_hours(21)
}

fn sender() -> Sender {
    Sender {
        public_url: "https://q.example".into(),
        secret: LinkSecret::new([7; 32]),
        letterbox: None,
    }
}

fn admin(now: Timestamp) -> OpContext {
    OpContext::token(AccountRole::Admin, Origin::Cli, now)
}

/// Everybody wants to be told what is usual.
async fn open_ears(store: &Store) {
    for user in [ANA, BO, CY] {
        set_reminders(store, &admin(NOON), user, Reminders::default())
            .await
            .unwrap();
    }
}

async fn told(store: &Store) -> Vec<(UserId, String)> {
    let mut rows = store
        .read(|c| store::notification::take_due(c, Timestamp::MAX, 1_000))
        .await
        .unwrap();
    rows.retain(|row| row.kind == NotificationKind::Notice);
    rows.sort_by_key(|row| row.id);
    let subject = |row: store::notification::Notification| (row.user_id.unwrap(), row.subject);
    rows.into_iter().map(subject).collect()
}

on_both!(everybody_is_told_once_whatever_crashes, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    open_ears(store).await;
    let sender = sender();
    // 21 h before Cy's shift: the reminder of the day before is late, and comes at once.
    let next = fire_due(store, &sender, NOON).await.unwrap();
    assert_eq!(next, monday() - Span::from_hours(1));
    let mut expected = vec![(CY, "On call in 21 h: Platform".to_owned())];
    assert_eq!(told(store).await, expected);
    // Again, and by a process that knows nothing of the first.
    fire_due(store, &sender, NOON).await.unwrap();
    let other = Store::open(store.url()).unwrap();
    fire_due(&other, &sender, NOON + Span::from_minutes(5))
        .await
        .unwrap();
    assert_eq!(told(store).await, expected);

    let now = next;
    assert_eq!(
        fire_due(store, &sender, now).await.unwrap(),
        monday() - Span::ZERO
    );
    expected.push((CY, "On call in 1 h: Platform".to_owned()));
    assert_eq!(told(store).await, expected);

    // Nobody ran at the hand-off; half an hour later it is still news, and Bo's next shift is near.
    fire_due(store, &sender, monday() + Span::from_minutes(30))
        .await
        .unwrap();
    let late: Vec<_> = told(store).await.split_off(2);
    assert_eq!(
        late,
        [
            (BO, "Your shift has ended: Platform".to_owned()),
            (CY, "You are on call now: Platform".to_owned()),
            (BO, "On call in 23 h 30 m: Platform".to_owned()),
        ]
    );
});

on_both!(a_channel_is_told_of_hand_offs_once, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let ops = ChannelId(901);
    let write = store.write(move |tx| {
        let url = "https://hooks.example/x";
        let room = world::channel(ops, "Ops", ChannelKind::Slack, url);
        store::channel::insert(tx, &room, NOON)
    });
    write.await.unwrap();
    let by = admin(NOON);
    let unknown = set_hand_offs(store, &by, PLATFORM, Some(ChannelId(-1))).await;
    assert!(matches!(unknown, Err(Error::Invalid(_))), "{unknown:?}");
    set_hand_offs(store, &by, PLATFORM, Some(ops))
        .await
        .unwrap();
    let sender = sender();
    let next = fire_due(store, &sender, NOON).await.unwrap();
    assert_eq!(next, monday());
    let other = Store::open(store.url()).unwrap();
    for store in [store, &other, store] {
        fire_due(store, &sender, monday()).await.unwrap();
    }
    let posts = || async {
        let read = store.read(move |c| store::channel::posts(c, ops, 10));
        let rows = read.await.unwrap();
        let read = |row: &store::notification::Notification| {
            let post: Post = serde_json::from_str(&row.body).unwrap();
            post.what
        };
        rows.iter().map(read).collect::<Vec<_>>()
    };
    assert_eq!(posts().await, ["On call for Platform now: Cy; before: Bo"]);
    // While it is told, it stays.
    let refused = remove_channel(store, &by, ops).await;
    let Err(Error::Refused(why)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        why.contains("the schedule Platform still tells Ops"),
        "{why}"
    );
    set_hand_offs(store, &by, PLATFORM, None).await.unwrap();
    fire_due(store, &sender, monday() + Span::from_days(1))
        .await
        .unwrap();
    assert_eq!(posts().await.len(), 1);
    remove_channel(store, &by, ops).await.unwrap();
});

on_both!(an_edit_renews_what_is_said, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    open_ears(store).await;
    let sender = sender();
    fire_due(store, &sender, NOON).await.unwrap();
    let input = OverrideInput {
        kind: OverrideKind::Replace,
        start: monday(),
        end: monday() + Span::from_hours(2),
        users: vec![ANA],
    };
    let now = NOON + Span::from_hours(1);
    add_override(store, &admin(now), PLATFORM, input)
        .await
        .unwrap();
    fire_due(store, &sender, now).await.unwrap();
    let renewed = told(store).await.split_off(1);
    assert_eq!(
        renewed,
        [
            (ANA, "On call in 20 h: Platform".to_owned()),
            (CY, "On call in 22 h: Platform".to_owned()),
        ]
    );
});

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_say_it_once() {
    let house = House::on_postgres();
    world::build(&house.store).await;
    open_ears(&house.store).await;
    let other = Store::open(house.store.url()).unwrap();
    let sender = sender();
    for hours in [0, 20, 21, 44, 45] {
        let now = NOON + Span::from_hours(hours);
        let (one, two) = tokio::join!(
            fire_due(&house.store, &sender, now),
            fire_due(&other, &sender, now)
        );
        assert_eq!(one.unwrap(), two.unwrap());
    }
    let told = told(&house.store).await;
    // Cy's shift and the next one of Bo, a day and an hour before each, both ends of both hand-offs,
    // and Cy's one after that, a day before.
    assert_eq!(told.len(), 9, "{told:?}");
    let mut once = told.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), 9, "{told:?}");
}

on_both!(
    the_configuration_file_says_what_people_are_told,
    1,
    |house| {
        let store = &house.store;
        let apply = async |leads: &str| {
            let text = format!(
                "users: [{{email: ana@example.com, reminders: {{leads: [{leads}], hand_off: false}}}}]"
            );
            let parsed = engine::manifest::parse(&text, &|_| None).unwrap();
            engine::manifest::apply(store, &admin(NOON), parsed, false).await
        };
        apply("30m, 2h").await.unwrap();
        let stored = store.directory().reminders[&ANA].clone();
        assert_eq!(stored.leads, [Span::from_hours(2), Span::from_minutes(30)]);
        assert!(!stored.hand_off);
        let again = apply("2h, 30m").await.unwrap();
        assert!(!again.to_string().contains("reminders"), "{again}");
        let Err(error) = apply("1m").await else {
            panic!("a minute is too short");
        };
        assert!(error.to_string().contains("reminders:"), "{error}");
    }
);

/// A web server with one calendar on it.
struct Web {
    url: String,
    answer: Arc<Mutex<(u16, String)>>,
}

impl Web {
    async fn start(text: &str) -> Web {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/rota.ics", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new((200, text.to_owned())));
        let shared = answer.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = [0; 4096];
                let read = stream.read(&mut head).await.unwrap();
                assert!(read > 0);
                let (status, body) = shared.lock().unwrap().clone();
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                drop(stream.write_all(answer.as_bytes()).await);
            }
        });
        Web { url, answer }
    }

    fn says(&self, status: u16, text: &str) {
        *self.answer.lock().unwrap() = (status, text.to_owned());
    }
}

/// Weekdays from 16 March, 12:00–14:00 UTC, by one person each.
fn rota(people: &[(&str, &str)]) -> String {
    let mut text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n".to_owned();
    for (day, person) in people {
        text += &format!(
            "BEGIN:VEVENT\r\nUID:{day}\r\nDTSTART:{day}T120000Z\r\nDURATION:PT2H\r\n\
             SUMMARY:Lunch\r\nATTENDEE:mailto:{person}@example.com\r\nEND:VEVENT\r\n"
        );
    }
    text + "END:VCALENDAR\r\n"
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

on_both!(shifts_follow_a_calendar_elsewhere, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let client = CalendarClient::new(true);
    let web = Web::start(&rota(&[("20260316", "ana"), ("20260317", "dan")])).await;
    let input = |source| ImportInput {
        name: "Lunch".into(),
        place: ImportPlace::Above,
        source,
    };
    // Addresses of this machine only where the settings allow them.
    let careful = CalendarClient::new(false);
    let source = ImportSource::Url(web.url.clone());
    let refused = add_import(store, &careful, &admin(NOON), PLATFORM, input(source)).await;
    assert!(matches!(refused, Err(Error::Invalid(problems)) if problems[0].field == "url"));

    let source = ImportSource::Url(web.url.clone());
    let id = add_import(store, &client, &admin(NOON), PLATFORM, input(source))
        .await
        .unwrap();
    let on_call = |text: &str| {
        let directory = store.directory();
        directory.schedule(PLATFORM).unwrap().users_at(at(text))
    };
    assert_eq!(on_call("2026-03-16T13:00:00Z"), [ANA]);
    assert_eq!(on_call("2026-03-16T14:00:00Z"), [CY]);
    assert_eq!(on_call("2026-03-17T13:00:00Z"), [world::DAN]);

    // Nothing is fetched before it is due.
    let clock = ManualClock::at(NOON + Span::from_minutes(59));
    let next = refresh_due(store, &client, &clock).await.unwrap();
    assert_eq!(next, Some(NOON + Span::from_hours(1)));

    // In the middle of Ana's shift the calendar gives it to Bo, and drops the one after.
    web.says(200, &rota(&[("20260316", "bo"), ("20260318", "ana")]));
    clock.set(at("2026-03-16T13:00:00Z"));
    let next = refresh_due(store, &client, &clock).await.unwrap();
    assert_eq!(next, Some(at("2026-03-16T14:00:00Z")));
    assert_eq!(on_call("2026-03-16T12:59:59Z"), [ANA], "the past stays");
    assert_eq!(on_call("2026-03-16T13:00:00Z"), [BO]);
    assert_eq!(on_call("2026-03-17T13:00:00Z"), [BO], "the rotation's");
    assert_eq!(on_call("2026-03-18T13:00:00Z"), [ANA]);

    // Failures are seen, tried again soon, and change nothing.
    let row = async || {
        imports(store, &admin(NOON), PLATFORM)
            .await
            .unwrap()
            .remove(0)
    };
    let generation = store.directory().generation;
    for (status, body, said, minutes) in [
        (500, "", "answered 500", 2),
        (200, "<html>", "no calendar", 4),
        (
            200,
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT",
            "stops in the middle",
            8,
        ),
        (200, "BEGIN:VCALENDAR\r\nEND:VCALENDAR", "no events", 16),
    ] {
        web.says(status, body);
        let due = row().await.due_at.unwrap();
        clock.set(due);
        refresh_due(store, &client, &clock).await.unwrap();
        let row = row().await;
        assert!(row.failure.as_deref().unwrap().contains(said), "{row:?}");
        assert_eq!(row.due_at, Some(due + Span::from_minutes(minutes)));
        assert_eq!(on_call("2026-03-18T13:00:00Z"), [ANA]);
    }
    assert_eq!(store.directory().generation, generation);

    // A stranger is told of, and the rest counts.
    web.says(200, &rota(&[("20260318", "ana"), ("20260319", "eve")]));
    clock.set(row().await.due_at.unwrap());
    refresh_due(store, &client, &clock).await.unwrap();
    let good = row().await;
    assert_eq!((good.failure, good.version), (None, 2));
    assert_eq!(
        good.warnings,
        ["Nobody here is known as \"eve@example.com\""]
    );

    // Removed: what has been stays, what would have been is gone, also for who starts anew.
    let now = clock_now(&clock);
    remove_import(store, &admin(now), PLATFORM, id)
        .await
        .unwrap();
    let fresh = Store::open(store.url()).unwrap();
    let directory = fresh.directory();
    let schedule = directory.schedule(PLATFORM).unwrap();
    assert_eq!(schedule.users_at(at("2026-03-16T12:30:00Z")), [ANA]);
    assert_eq!(schedule.users_at(at("2026-03-18T13:00:00Z")), [CY]);
    assert_eq!(refresh_due(store, &client, &clock).await.unwrap(), None);
});

fn clock_now(clock: &ManualClock) -> Timestamp {
    use engine::clock::Clock;
    clock.now()
}

on_both!(a_file_is_refused_with_its_reason, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let client = CalendarClient::new(false);
    for (text, said) in [
        ("", "give an address"),
        ("hello", "no calendar"),
        (&rota(&[("20260316", "eve")]), "None of the people"),
    ] {
        let input = ImportInput {
            name: "Lunch".into(),
            place: ImportPlace::Below,
            source: ImportSource::Text(text.to_owned()),
        };
        let refused = add_import(store, &client, &admin(NOON), PLATFORM, input).await;
        match refused {
            Err(Error::Invalid(problems)) => {
                assert!(problems[0].message.contains(said), "{problems:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(
        imports(store, &admin(NOON), PLATFORM)
            .await
            .unwrap()
            .is_empty()
    );
});
