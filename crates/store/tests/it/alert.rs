//! Alerts: what the database refuses, and what it keeps.

use domain::alert::Identity;
use domain::dedup::{Count, TextDigest};
use domain::word::AlertStatus;
use domain::{IncidentId, Span};
use store::{Conn, Error, Store, alert};

use crate::on_both;
use crate::paging::{seconds, seeded};
use crate::sample::{self, INTEGRATION, NOW};

on_both!(one_open_alert_of_an_identity, |backend| {
    let store = seeded(backend);
    let one = sample::alert(10, "disk", IncidentId(1));
    let stored = one.clone();
    store
        .write_blocking(move |tx| alert::insert(tx, vec![stored.clone()]))
        .unwrap();
    let again = store
        .write_blocking(|tx| alert::insert(tx, vec![sample::alert(11, "disk", IncidentId(1))]));
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");

    let keys = [
        Identity::of(INTEGRATION, "disk"),
        Identity::of(INTEGRATION, "other"),
    ];
    let found = store
        .read_blocking(move |c| alert::lock_open(c, &keys))
        .unwrap();
    assert_eq!(
        found,
        std::slice::from_ref(&one),
        "it comes back as it was stored, NUL in JSON and all"
    );

    // Resolved, and opened again in the same transaction.
    let mut over = one;
    over.status = AlertStatus::Resolved;
    over.resolved_at = Some(NOW);
    over.count = 3;
    let written = over.clone();
    store
        .write_blocking(move |tx| {
            alert::update(tx, vec![written.clone()])?;
            alert::insert(tx, vec![sample::alert(11, "disk", IncidentId(1))])
        })
        .unwrap();
    let last = store
        .read_blocking(move |c| alert::last_resolved(c, &keys, NOW - seconds(1)))
        .unwrap();
    assert_eq!(last, [over]);
});

on_both!(repeats_move_only_the_count_and_the_times, |backend| {
    let store = seeded(backend);
    let known: Vec<_> = (0..3)
        .map(|n| sample::alert(10 + n, &format!("k{n}"), IncidentId(1)))
        .collect();
    let stored = known.clone();
    store
        .write_blocking(move |tx| alert::insert(tx, stored.clone()))
        .unwrap();
    let mut counted = known.clone();
    for (alert, more) in counted.iter_mut().zip(1..) {
        alert.count += more;
        alert.last_seen = NOW + seconds(more);
        alert.monitor_time = (more != 2).then_some(NOW - seconds(more));
    }
    let sent: Vec<Count> = counted[..2].iter().map(Count::of).collect();
    store
        .write_blocking(move |tx| alert::count(tx, &sent))
        .unwrap();
    let keys: Vec<_> = known.iter().map(|alert| alert.identity).collect();
    let mut found = store
        .read_blocking(move |c| alert::lock_open(c, &keys))
        .unwrap();
    found.sort_by_key(|alert| alert.id);
    let expected = [counted[0].clone(), counted[1].clone(), known[2].clone()];
    assert_eq!(found, expected);
});

on_both!(a_tally_is_of_the_alert_as_it_is, |backend| {
    let store = seeded(backend);
    let mut one = sample::alert(10, "disk", IncidentId(1));
    one.ends_at = Some(NOW + seconds(300));
    one.check_at = Some(NOW + seconds(60));
    let identity = one.identity;
    let tally = move |store: &Store| {
        let read = move |c: &mut Conn| alert::lock_tallies(c, &[identity]);
        store.read_blocking(read).unwrap().pop().unwrap()
    };
    let stored = one.clone();
    store
        .write_blocking(move |tx| alert::insert(tx, vec![stored.clone()]))
        .unwrap();
    let first = tally(&store);
    assert_eq!(first.count, Count::of(&one));
    assert_eq!(first.text, TextDigest::of_text(&one.text));
    assert_eq!(
        (first.incident_id, first.check_at),
        (one.incident_id, one.check_at)
    );
    assert!(!first.is_suppressed);

    // Whoever rewrites it rewrites the digest.
    one.text.summary = "worse".into();
    one.count = 7;
    let stored = one.clone();
    store
        .write_blocking(move |tx| alert::update(tx, vec![stored.clone()]))
        .unwrap();
    let then = tally(&store);
    assert_ne!(then.text, first.text);
    assert_eq!(then.text, TextDigest::of_text(&one.text));
    assert_eq!(then.count, Count::of(&one));

    // One of before there were digests is read whole.
    store
        .write_blocking(|tx| tx.execute("UPDATE alert SET text_digest = NULL"))
        .unwrap();
    let old = tally(&store);
    assert_eq!(old.text, None);
    let whole = store
        .read_blocking(move |c| alert::of_tallies(c, std::slice::from_ref(&old)))
        .unwrap();
    assert_eq!(whole, [one]);
});

on_both!(the_alert_that_resolved_last_counts, |backend| {
    let store = seeded(backend);
    store
        .write_blocking(|tx| {
            let alerts = (0..20).map(|n| {
                let mut one = sample::alert(100 + (n * 7) % 20, "flaps", IncidentId(1));
                one.status = AlertStatus::Resolved;
                one.resolved_at = Some(NOW + seconds(n));
                one
            });
            alert::insert(tx, alerts.collect())
        })
        .unwrap();
    let key = [Identity::of(INTEGRATION, "flaps")];
    let last = store
        .read_blocking(move |c| alert::last_resolved(c, &key, NOW))
        .unwrap();
    let times: Vec<_> = last.iter().map(|one| one.resolved_at).collect();
    assert_eq!(times, [Some(NOW + seconds(19))]);
    let none = store.read_blocking(move |c| alert::last_resolved(c, &key, NOW + seconds(19)));
    assert_eq!(none, Ok(vec![]));
});

on_both!(old_alerts_go_and_their_incidents_stay, |backend| {
    let store = seeded(backend);
    store
        .write_blocking(|tx| {
            let alerts = (0..30).map(|n| {
                let mut one = sample::alert(100 + n, &format!("k{n}"), IncidentId(1));
                one.first_seen = NOW - Span::from_days(500);
                if n % 3 != 0 {
                    one.status = AlertStatus::Resolved;
                    let day = if n % 3 == 1 { 450 } else { 10 };
                    one.resolved_at = Some(NOW - Span::from_days(day));
                }
                one
            });
            alert::insert(tx, alerts.collect())
        })
        .unwrap();
    let before = NOW - Span::from_days(400);
    let mut deleted = vec![];
    for _ in 0..3 {
        deleted.push(
            store
                .write_blocking(move |tx| alert::delete_resolved(tx, before, 6))
                .unwrap(),
        );
    }
    assert_eq!(deleted, [6, 4, 0], "in small batches");
    let left = store
        .read_blocking(|c| alert::of_incident(c, IncidentId(1), 0, 100))
        .unwrap();
    assert_eq!(left.len(), 20, "what is open or resolved lately stays");
});

on_both!(traffic_is_added_up_and_its_last_warning_stays, |backend| {
    let store = seeded(backend);
    let count = |signals: i64, warning: Option<&str>, at: i64| {
        let traffic = alert::Traffic {
            signals,
            ignored: signals - 1,
            rejected: 1,
            warning: warning.map(str::to_owned),
        };
        let now = NOW + seconds(at);
        store
            .write_blocking(move |tx| alert::count_traffic(tx, INTEGRATION, &traffic, now))
            .unwrap();
    };
    count(2, None, 0);
    count(3, Some("odd severity"), 1);
    count(4, None, 2);
    let rows = store.read_blocking(store::service::traffic).unwrap();
    let (_, known) = rows.iter().find(|(id, _)| *id == INTEGRATION).unwrap();
    assert_eq!((known.signals, known.ignored, known.rejected), (9, 6, 3));
    assert_eq!(known.last_signal_at, Some(NOW + seconds(2)));
    assert_eq!(known.last_warning.as_deref(), Some("odd severity"));
    assert_eq!(known.last_warning_at, Some(NOW + seconds(1)));
});
