//! What is recorded without paging, and what pages after all: maintenance windows, silences and
//! inhibition (PAGING.md §3.3–3.4), storms (§2.4), flapping (§1.10), support hours (§3.1), expiry
//! (WIRE-FORMATS.md §1.5).

use domain::alert::Alert;
use domain::dedup::SignalDecision;
use domain::incident::{Command, Incident};
use domain::policy::StepHours;
use domain::schedule::Restriction;
use domain::service::{HoursUrgency, SupportHours, UrgencyRule};
use domain::signal::Signal;
use domain::suppression::{Matcher, SuppressionKind};
use domain::word::{Action, AlertStatus, EntryKind, PagingState, Urgency};
use domain::{Span, SuppressionId, Timestamp};
use engine::configuration::inhibition::{InhibitionInput, create_inhibition, remove_inhibition};
use engine::configuration::suppression::{
    SuppressionInput, create_suppression, edit_suppression, end_suppression,
};
use engine::timer::fire_due;
use store::Store;

use crate::on_both;
use crate::world::{
    self, ANA, BO, CHECKOUT, NOON, admin, apply, command, executions, fresh, minutes, open, pages,
    request, seconds, signal, trigger,
};

fn at(after: i64) -> Timestamp {
    NOON + seconds(after)
}

fn matcher(text: &str) -> Matcher {
    Matcher::parse(text).unwrap()
}

fn window(from: i64, until: i64) -> SuppressionInput {
    SuppressionInput {
        kind: SuppressionKind::Maintenance,
        services: vec![CHECKOUT],
        integrations: vec![],
        matchers: vec![],
        starts_at: at(from),
        ends_at: at(until),
        recurrence: None,
        zone: None,
        comment: "Kernel updates".into(),
        author: None,
    }
}

async fn hold(store: &Store, input: SuppressionInput, now: Timestamp) -> SuppressionId {
    create_suppression(store, &admin(now), input).await.unwrap()
}

async fn send(store: &Store, signal: Signal, now: Timestamp) -> SignalDecision {
    let sent = apply(store, vec![request(vec![signal])], now).await;
    sent[0].as_ref().unwrap().applied[0].decision
}

fn alerts(store: &Store) -> Vec<Alert> {
    let filter = store::alert::Filter::default();
    store
        .read_blocking(move |c| store::alert::list(c, &filter, None, 100_000))
        .unwrap()
}

fn incidents(store: &Store) -> Vec<Incident> {
    let filter = store::incident::Filter::default();
    store
        .read_blocking(move |c| store::incident::list(c, &filter, None, 100_000))
        .unwrap()
}

fn kinds(store: &Store, incident: &Incident) -> Vec<EntryKind> {
    let id = incident.id;
    let entries = store.read_blocking(move |c| store::timeline::latest(c, id, 1_000));
    entries
        .unwrap()
        .into_iter()
        .map(|entry| entry.kind)
        .collect()
}

on_both!(what_still_fires_pages_when_the_window_ends, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    hold(store, window(60, 600), NOON).await;
    assert_eq!(
        send(store, trigger("disk"), at(60)).await,
        SignalDecision::Suppressed
    );
    assert_eq!(
        send(store, trigger("fan"), at(61)).await,
        SignalDecision::Suppressed
    );
    assert_eq!(
        send(store, trigger("disk"), at(90)).await,
        SignalDecision::Repeated
    );
    let fan = signal(Action::Resolve, "fan");
    assert_eq!(send(store, fan, at(95)).await, SignalDecision::Resolved);
    fire_due(store, at(599)).await.unwrap();
    assert!(incidents(store).is_empty());
    let held = alerts(store)
        .into_iter()
        .find(|alert| alert.dedup_key == "disk")
        .unwrap();
    assert_eq!((held.status, held.incident_id), (AlertStatus::Open, None));
    assert_eq!(held.suppressed.unwrap().until, Some(at(600)));
    fire_due(store, at(600)).await.unwrap();
    let all = incidents(store);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(pages(store, &all[0], NOON).await, [(600, ANA)]);
    let disk = alerts(store)
        .into_iter()
        .find(|alert| alert.dedup_key == "disk")
        .unwrap();
    assert_eq!((disk.incident_id, disk.count), (Some(all[0].id), 2));
    assert!(disk.suppressed.is_none() && disk.check_at.is_none());
    assert!(kinds(store, &all[0]).contains(&EntryKind::SuppressionEnded));
});

on_both!(
    a_window_that_is_shortened_or_ended_lets_go_at_once,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let one = hold(store, window(0, 6_000), NOON).await;
        send(store, trigger("disk"), at(10)).await;
        // Longer, it holds on; shorter, it lets go at its new end.
        edit_suppression(store, &admin(at(20)), one, window(0, 9_000))
            .await
            .unwrap();
        fire_due(store, at(6_000)).await.unwrap();
        assert!(incidents(store).is_empty());
        edit_suppression(store, &admin(at(6_001)), one, window(0, 6_100))
            .await
            .unwrap();
        fire_due(store, at(6_099)).await.unwrap();
        assert!(incidents(store).is_empty());
        fire_due(store, at(6_100)).await.unwrap();
        assert_eq!(incidents(store).len(), 1);
        let other = hold(store, window(6_200, 9_000), at(6_200)).await;
        send(store, trigger("fan"), at(6_210)).await;
        end_suppression(store, &admin(at(6_220)), other)
            .await
            .unwrap();
        fire_due(store, at(6_220)).await.unwrap();
        assert_eq!(incidents(store).len(), 2);
    }
);

on_both!(a_running_escalation_rests_and_goes_on, 0, |house| {
    // §3.3. Ana at once, whoever is on call for Platform after 5 min.
    let store = &house.store;
    world::build(store).await;
    let incident = open(store, "disk", NOON).await;
    hold(store, window(60, 3_600), at(60)).await;
    for now in [300, 900, 3_599] {
        fire_due(store, at(now)).await.unwrap();
    }
    assert_eq!(pages(store, &incident, NOON).await, [(0, ANA)]);
    let rests = |all: Vec<EntryKind>| {
        let rests = all.iter().filter(|kind| **kind == EntryKind::PagingPaused);
        rests.count()
    };
    assert_eq!(rests(kinds(store, &incident)), 1);
    fire_due(store, at(3_600)).await.unwrap();
    assert_eq!(pages(store, &incident, NOON).await, [(0, ANA), (3_600, BO)]);
    // The wait after it is as long as ever.
    fire_due(store, at(4_199)).await.unwrap();
    assert_eq!(executions(store, &incident).await.len(), 2);
    fire_due(store, at(4_200)).await.unwrap();
    assert_eq!(executions(store, &incident).await.len(), 3);
});

on_both!(
    an_incident_with_an_alert_that_is_not_silenced_does_not_rest,
    0,
    |house| {
        let store = &house.store;
        world::build(store).await;
        let grouped = |key: &str| Signal {
            group_key: Some("g".into()),
            ..trigger(key)
        };
        apply(store, vec![request(vec![grouped("a"), grouped("b")])], NOON).await;
        let only_a = SuppressionInput {
            kind: SuppressionKind::Silence,
            services: vec![],
            matchers: vec![matcher("dedup_key=a")],
            ..window(60, 3_600)
        };
        hold(store, only_a, at(60)).await;
        fire_due(store, at(300)).await.unwrap();
        let incident = incidents(store).remove(0);
        assert_eq!(pages(store, &incident, NOON).await.len(), 2);
    }
);

on_both!(windows_recur, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let daily = SuppressionInput {
        recurrence: Some("FREQ=DAILY".into()),
        ..window(0, 600)
    };
    hold(store, daily, NOON).await;
    let day = 24 * 3_600;
    assert_eq!(
        send(store, trigger("a"), at(day + 599)).await,
        SignalDecision::Suppressed
    );
    assert_eq!(
        send(store, trigger("b"), at(day + 600)).await,
        SignalDecision::Opened
    );
    assert_eq!(
        send(store, trigger("c"), at(200 * day + 1)).await,
        SignalDecision::Suppressed
    );
});

on_both!(what_is_odd_is_refused, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let odd = [
        (
            "comment",
            SuppressionInput {
                comment: " ".into(),
                ..window(0, 60)
            },
        ),
        ("ends_at", window(60, 60)),
        // §3.3: at most 30 days per occurrence.
        ("ends_at", window(0, 30 * 24 * 3_600 + 1)),
        (
            "services",
            SuppressionInput {
                services: vec![],
                ..window(0, 60)
            },
        ),
        (
            "recurrence",
            SuppressionInput {
                recurrence: Some("SOMETIMES".into()),
                ..window(0, 60)
            },
        ),
        (
            "zone",
            SuppressionInput {
                zone: Some("Mars".into()),
                ..window(0, 60)
            },
        ),
        (
            "matchers",
            SuppressionInput {
                kind: SuppressionKind::Silence,
                services: vec![],
                matchers: vec![matcher("env!=prod")],
                ..window(0, 60)
            },
        ),
    ];
    for (field, input) in odd {
        let refused = create_suppression(store, &admin(NOON), input).await;
        let text = format!("{refused:?}");
        assert!(text.contains(&format!("\"{field}\"")), "{field}: {text}");
    }
    let most = window(0, 30 * 24 * 3_600);
    create_suppression(store, &admin(NOON), most).await.unwrap();
});

on_both!(what_is_inhibited_pages_when_its_cause_is_over, 0, |house| {
    // §3.4.
    let store = &house.store;
    world::build(store).await;
    let rule = InhibitionInput {
        name: "A host that is down explains its services".into(),
        team_id: None,
        source: vec![matcher("class=host")],
        target: vec![matcher("class=service")],
        equal: vec!["source".into()],
    };
    let rule = create_inhibition(store, &admin(NOON), rule).await.unwrap();
    let of = |key: &str, class: &str, source: &str| Signal {
        class: Some(class.into()),
        source: source.into(),
        ..trigger(key)
    };
    for (key, class, source, decision) in [
        ("h1", "host", "h1", SignalDecision::Opened),
        ("w1", "service", "h1", SignalDecision::Suppressed),
        ("w2", "service", "h2", SignalDecision::Opened),
        ("x1", "service", "h1", SignalDecision::Suppressed),
    ] {
        assert_eq!(
            send(store, of(key, class, source), at(1)).await,
            decision,
            "{key}"
        );
    }
    send(store, signal(Action::Resolve, "x1"), at(2)).await;
    // A person resolves the incident of the host: that ends its alert, too.
    let host = incidents(store)
        .into_iter()
        .find(|one| one.title.starts_with("h1"))
        .unwrap();
    command(store, &host, ANA, Command::Resolve, at(10))
        .await
        .unwrap();
    fire_due(store, at(10)).await.unwrap();
    let open: Vec<String> = incidents(store)
        .into_iter()
        .filter(Incident::is_open)
        .map(|one| one.title)
        .collect();
    assert_eq!(open, ["w1 is broken", "w2 is broken"]);
    // And by the monitor, with a rule that is taken away.
    for (key, class) in [("h3", "host"), ("w3", "service")] {
        send(store, of(key, class, "h3"), at(20)).await;
    }
    remove_inhibition(store, &admin(at(30)), rule)
        .await
        .unwrap();
    fire_due(store, at(30)).await.unwrap();
    assert!(
        incidents(store)
            .iter()
            .any(|one| one.title.starts_with("w3"))
    );
});

on_both!(what_is_not_heard_of_again_expires, 0, |house| {
    let store = &house.store;
    world::build(store).await;
    let until = |key: &str, end: i64| Signal {
        ends_at: Some(at(end)),
        ..trigger(key)
    };
    send(store, until("up", 240), NOON).await;
    send(store, until("gone", 240), NOON).await;
    send(store, until("up", 300), at(60)).await;
    fire_due(store, at(240)).await.unwrap();
    let state = |key: &str| {
        let all = alerts(store);
        all.into_iter()
            .find(|alert| alert.dedup_key == key)
            .unwrap()
            .status
    };
    assert_eq!(
        (state("up"), state("gone")),
        (AlertStatus::Open, AlertStatus::Resolved)
    );
    fire_due(store, at(300)).await.unwrap();
    assert_eq!(state("up"), AlertStatus::Resolved);
    for incident in incidents(store) {
        assert_eq!(incident.paging, PagingState::Resolved);
        let id = incident.id;
        let entries = store.read_blocking(move |c| store::timeline::latest(c, id, 1_000));
        assert!(
            entries
                .unwrap()
                .iter()
                .any(|one| one.text.starts_with("Expired: "))
        );
    }
});

on_both!(a_storm_is_durable_and_pages_once, 0, |house| {
    // §2.4.
    let store = &house.store;
    world::build(store).await;
    for batch in 0..10 {
        let signals = (0..300)
            .map(|n| trigger(&format!("k{batch}/{n}")))
            .collect();
        apply(store, vec![request(signals)], at(batch)).await;
    }
    assert_eq!(alerts(store).len(), 3_000);
    let all = incidents(store);
    assert_eq!(all.len(), 21, "20, and the storm");
    let storm = all.iter().find(|one| one.is_storm()).unwrap();
    assert_eq!(storm.open_alerts, 2_980);
    assert_eq!(pages(store, storm, NOON).await, [(0, ANA)]);
    let entries = kinds(store, storm).len();
    assert!(entries < 25, "a batch is one entry: {entries}");
});

on_both!(
    flapping_pages_once_and_then_is_silent_until_stable,
    0,
    |house| {
        // §1.10.
        let store = &house.store;
        world::build(store).await;
        for n in 0..21 {
            let action = if n % 2 == 0 {
                Action::Trigger
            } else {
                Action::Resolve
            };
            send(store, signal(action, "k"), at(n * 60)).await;
            fire_due(store, at(n * 60)).await.unwrap();
        }
        let incident = incidents(store).remove(0);
        let paged = pages(store, &incident, NOON).await;
        // Opened, and reopened at 120 s and 240 s, with which it flaps.
        assert_eq!(paged, [(0, ANA), (120, ANA), (240, ANA)]);
        fire_due(store, at(1_200 + 599)).await.unwrap();
        assert_eq!(pages(store, &incident, NOON).await.len(), 3);
        fire_due(store, at(1_200 + 600)).await.unwrap();
        let paged = pages(store, &incident, NOON).await;
        assert_eq!(
            paged.last(),
            Some(&(1_800, BO)),
            "still open: paging goes on"
        );
        // Resolved for good, it resolves when it has been stable.
        send(store, signal(Action::Resolve, "k"), at(1_900)).await;
        fire_due(store, at(2_600)).await.unwrap();
        assert_eq!(fresh(store, &incident).await.paging, PagingState::Resolved);
    }
);

on_both!(support_hours_raise_what_is_open, 0, |house| {
    // §3.1. Noon is a Sunday.
    let store = &house.store;
    world::build_with(store, |settings| {
        settings.urgency = UrgencyRule::SupportHours;
        settings.support_hours = Some(SupportHours {
            hours: StepHours {
                zone: Some("UTC".into()),
                ranges: vec![Restriction {
                    weekdays: vec![domain::schedule::Weekday::Monday],
                    from: "09:00".parse().unwrap(),
                    until: "17:00".parse().unwrap(),
                }],
            },
            inside: HoursUrgency::BySeverity,
            outside: HoursUrgency::Low,
            raise: true,
        });
    })
    .await;
    let incident = open(store, "disk", NOON).await;
    assert_eq!(incident.urgency, Urgency::Low);
    let monday = NOON + Span::from_hours(21);
    fire_due(store, monday - seconds(1)).await.unwrap();
    assert_eq!(fresh(store, &incident).await.urgency, Urgency::Low);
    fire_due(store, monday).await.unwrap();
    assert_eq!(fresh(store, &incident).await.urgency, Urgency::High);
    assert!(pages(store, &incident, monday).await.contains(&(0, ANA)));
    let inside = open(store, "fan", monday + minutes(1)).await;
    assert_eq!(inside.urgency, Urgency::High);
});
