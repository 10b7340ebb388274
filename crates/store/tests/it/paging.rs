//! Runs and notifications: what the database refuses, and what it keeps.

use domain::word::{NotificationState, PagingState, TimerKind};
use domain::{IncidentId, NotificationId, Span, TimerId, Timestamp};
use store::escalation::Timer;
use store::notification::{self, AttemptEnd, Finish};
use store::{Error, Store, escalation, incident, reply};

use crate::on_both;
use crate::sample::{self, NOW};

pub fn seconds(seconds: i64) -> Span {
    Span::from_seconds(seconds)
}

pub fn seeded(backend: &crate::backend::Backend) -> Store {
    let store = backend.store();
    sample::house(&store);
    store
        .write_blocking(|tx| {
            incident::insert(
                tx,
                vec![sample::incident(1, Some("g")), sample::incident(2, None)],
            )
        })
        .unwrap();
    store
}

on_both!(one_open_incident_of_a_group, |backend| {
    let store = seeded(backend);
    let rival =
        store.write_blocking(|tx| incident::insert(tx, vec![sample::incident(3, Some("g"))]));
    assert!(matches!(rival, Err(Error::Conflict { .. })), "{rival:?}");
    store
        .write_blocking(|tx| {
            let mut over = sample::incident(1, Some("g"));
            over.paging = PagingState::Resolved;
            incident::update(tx, over)?;
            incident::insert(tx, vec![sample::incident(3, Some("g"))])
        })
        .unwrap();
});

on_both!(a_timer_is_set_moved_and_removed, |backend| {
    let store = seeded(backend);
    let arm = |id, at| {
        let set = Timer {
            id: TimerId(id),
            kind: TimerKind::Escalation,
            incident_id: IncidentId(1),
            subject_id: 5,
            due_at: at,
        };
        store
            .write_blocking(move |tx| escalation::arm(tx, set))
            .unwrap();
    };
    arm(1, NOW + seconds(60));
    arm(2, NOW + seconds(30));
    assert_eq!(
        store.read_blocking(escalation::next_due),
        Ok(Some(NOW + seconds(30)))
    );
    let due = |at: Timestamp| {
        store
            .read_blocking(move |c| escalation::due(c, at, 9))
            .unwrap()
    };
    assert!(due(NOW + seconds(29)).is_empty());
    assert_eq!(due(NOW + seconds(30)).len(), 1);
    store
        .write_blocking(|tx| escalation::disarm(tx, TimerKind::Escalation, 5))
        .unwrap();
    assert_eq!(store.read_blocking(escalation::next_due), Ok(None));
});

fn claimed(store: &Store, id: i64, now: Timestamp) -> notification::Notification {
    store
        .write_blocking(move |tx| {
            let mut row = notification::fetch(tx, NotificationId(id))?;
            row.fence += 1;
            row.attempts += 1;
            row.claimed_by = Some("node".into());
            row.lease_until = Some(now + seconds(4));
            row.first_attempt_at.get_or_insert(now);
            notification::claim(tx, &row)?;
            Ok::<_, Error>(row)
        })
        .unwrap()
}

pub fn plan(store: &Store, id: i64, incident: i64) {
    store
        .write_blocking(move |tx| {
            notification::insert(tx, &[sample::page(id, Some(IncidentId(incident)))])
        })
        .unwrap();
}

pub fn state(store: &Store, id: i64) -> NotificationState {
    store
        .read_blocking(move |c| notification::fetch(c, NotificationId(id)))
        .unwrap()
        .state
}

fn end(state: NotificationState) -> AttemptEnd {
    AttemptEnd {
        state,
        due_at: NOW,
        provider_id: (state == NotificationState::Accepted).then(|| "SM1".into()),
        error: None,
        accepted_at: (state == NotificationState::Accepted).then_some(NOW),
    }
}

fn finish(store: &Store, row: &notification::Notification, to: NotificationState) -> Finish {
    let (id, fence) = (row.id, row.fence);
    store
        .write_blocking(move |tx| notification::finish_attempt(tx, id, fence, &end(to)))
        .unwrap()
}

on_both!(an_old_claim_writes_nothing, |backend| {
    let store = seeded(backend);
    plan(&store, 100, 1);
    let old = claimed(&store, 100, NOW);
    let later = NOW + seconds(5);
    let back = store.write_blocking(move |tx| notification::reclaim_expired(tx, &[], later));
    assert_eq!(back, Ok(1));
    let new = claimed(&store, 100, later);
    assert_eq!(
        finish(&store, &old, NotificationState::Failed),
        Finish::Refused
    );
    assert_eq!(
        finish(&store, &old, NotificationState::Accepted),
        Finish::Refused
    );
    assert_eq!(state(&store, 100), NotificationState::Sending);
    assert_eq!(
        finish(&store, &new, NotificationState::Accepted),
        Finish::Written
    );
    assert_eq!(
        finish(&store, &new, NotificationState::Failed),
        Finish::Refused
    );
    assert_eq!(state(&store, 100), NotificationState::Accepted);
});

on_both!(
    a_lease_that_ran_out_is_forgiven_while_nobody_took_over,
    |backend| {
        let store = seeded(backend);
        plan(&store, 100, 1);
        let row = claimed(&store, 100, NOW);
        let later = NOW + seconds(5);
        let own = [row.id];
        let kept = store.write_blocking(move |tx| notification::reclaim_expired(tx, &own, later));
        assert_eq!(kept, Ok(0), "one's own is not taken away");
        assert_eq!(
            store.read_blocking(move |c| notification::next_lease_end(c, &own)),
            Ok(None)
        );
        store
            .write_blocking(move |tx| notification::reclaim_expired(tx, &[], later))
            .unwrap();
        assert_eq!(state(&store, 100), NotificationState::Planned);
        assert_eq!(
            finish(&store, &row, NotificationState::Accepted),
            Finish::Written
        );
        assert_eq!(state(&store, 100), NotificationState::Accepted);
    }
);

on_both!(a_receipt_may_come_before_the_reply, |backend| {
    let store = seeded(backend);
    plan(&store, 100, 1);
    let row = claimed(&store, 100, NOW);
    store
        .write_blocking(|tx| {
            let id = NotificationId(100);
            notification::set_state(tx, id, NotificationState::Delivered, NOW, None)
        })
        .unwrap();
    assert_eq!(
        finish(&store, &row, NotificationState::Accepted),
        Finish::Overtaken
    );
    let after = store
        .read_blocking(|c| notification::fetch(c, NotificationId(100)))
        .unwrap();
    assert_eq!(after.state, NotificationState::Delivered);
    assert_eq!(
        after.provider_id.as_deref(),
        Some("SM1"),
        "later receipts are found by it"
    );
    assert_eq!(after.accepted_at, Some(NOW));
});

on_both!(a_cancelled_bundle_lets_the_others_go, |backend| {
    let store = seeded(backend);
    for (id, incident) in [(100, 1), (101, 2), (102, 2)] {
        plan(&store, id, incident);
    }
    store
        .write_blocking(|tx| {
            notification::bundle_into(
                tx,
                &[NotificationId(101), NotificationId(102)],
                NotificationId(100),
                NOW,
            )
        })
        .unwrap();
    let cancelled =
        store.write_blocking(|tx| notification::cancel_pages_of(tx, IncidentId(1), &[], "acked"));
    assert_eq!(
        cancelled.map(|tried| tried.len()),
        Ok(0),
        "none had been tried"
    );
    assert_eq!(state(&store, 100), NotificationState::Cancelled);
    assert_eq!(state(&store, 101), NotificationState::Planned);
    let due = store
        .write_blocking(|tx| notification::take_due(tx, NOW, 10))
        .unwrap();
    assert_eq!(due.len(), 2, "the pages of the other incident are not lost");
});

on_both!(what_travels_in_something_travels_on_with_it, |backend| {
    let store = seeded(backend);
    for (id, incident) in [(100, 1), (101, 2), (102, 2)] {
        plan(&store, id, incident);
    }
    let later = NOW + Span::from_seconds(5);
    store
        .write_blocking(move |tx| {
            notification::bundle_into(tx, &[NotificationId(102)], NotificationId(101), NOW)?;
            notification::bundle_into(tx, &[NotificationId(101)], NotificationId(100), later)
        })
        .unwrap();
    let carried = store
        .read_blocking(|c| notification::bundled_in(c, NotificationId(100)))
        .unwrap();
    let carried: Vec<_> = carried
        .iter()
        .map(|row| (row.id.0, row.waits_since))
        .collect();
    assert_eq!(carried, [(101, Some(later)), (102, Some(NOW))]);
});

on_both!(whoever_waits_longest_counts, |backend| {
    let store = seeded(backend);
    plan(&store, 100, 1);
    let waits = |since: Timestamp| {
        store
            .write_blocking(move |tx| notification::waits(tx, &[NotificationId(100)], since))
            .unwrap();
        let row = store.read_blocking(|c| notification::fetch(c, NotificationId(100)));
        row.unwrap().waits_since
    };
    assert_eq!(waits(NOW), Some(NOW));
    assert_eq!(waits(NOW + seconds(5)), Some(NOW));
    // It goes instead of one that has waited for longer.
    assert_eq!(waits(NOW - seconds(30)), Some(NOW - seconds(30)));
});

on_both!(who_was_told_in_a_bundle_was_told, |backend| {
    let store = seeded(backend);
    plan(&store, 100, 1);
    store
        .write_blocking(|tx| {
            let mut other = sample::page(101, Some(IncidentId(2)));
            other.method_id = Some(domain::ContactMethodId(7));
            notification::insert(tx, &[other])?;
            notification::bundle_into(tx, &[NotificationId(101)], NotificationId(100), NOW)
        })
        .unwrap();
    let sent = store
        .read_blocking(|c| notification::sent_methods(c, IncidentId(2)))
        .unwrap();
    assert_eq!(sent.len(), 1);
});

on_both!(codes_are_per_phone_and_reused_only_once_closed, |backend| {
    let store = seeded(backend);
    plan(&store, 100, 1);
    plan(&store, 101, 2);
    let phone = "+4915112345678";
    let code = |id, address: &'static str| {
        store.write_blocking(move |tx| {
            reply::insert_code(tx, NotificationId(id), address, "4217", NOW)
        })
    };
    code(100, phone).unwrap();
    assert!(matches!(code(101, phone), Err(Error::Conflict { .. })));
    let used = store
        .write_blocking(move |tx| reply::codes_in_use(tx, phone, NOW))
        .unwrap();
    assert_eq!(used, ["4217"]);
    let by_code = |code: Option<&'static str>| {
        let found = store
            .write_blocking(move |tx| reply::by_code(tx, phone, code, NOW))
            .unwrap();
        found.map(|row| row.id.0)
    };
    assert_eq!(by_code(Some("4217")), Some(100));
    assert_eq!(by_code(Some("9999")), None);
    assert_eq!(by_code(None), Some(100));

    // A bundle keeps its code while any of its incidents is open.
    store
        .write_blocking(|tx| {
            notification::bundle_into(tx, &[NotificationId(101)], NotificationId(100), NOW)?;
            let mut over = sample::incident(1, Some("g"));
            over.paging = PagingState::Resolved;
            incident::update(tx, over)
        })
        .unwrap();
    let used = store
        .write_blocking(move |tx| reply::codes_in_use(tx, phone, NOW))
        .unwrap();
    assert_eq!(used, ["4217"]);
    store
        .write_blocking(|tx| {
            let mut over = sample::incident(2, None);
            over.paging = PagingState::Resolved;
            incident::update(tx, over)
        })
        .unwrap();
    let used = store
        .write_blocking(move |tx| reply::codes_in_use(tx, phone, NOW))
        .unwrap();
    assert!(used.is_empty());
    assert_eq!(
        by_code(Some("4217")),
        Some(100),
        "a late answer still gets a helpful reply"
    );
    store
        .write_blocking(|tx| incident::insert(tx, vec![sample::incident(3, None)]))
        .unwrap();
    plan(&store, 102, 3);
    code(102, phone).unwrap();
    assert_eq!(by_code(Some("4217")), Some(102));
});

on_both!(unknown_codes_are_counted_a_day_long, |backend| {
    let store = seeded(backend);
    let day = Span::from_days(1);
    let count = |at: Timestamp| {
        store
            .write_blocking(move |tx| reply::count_unknown_reply(tx, "+49", at, day))
            .unwrap()
    };
    let counted: Vec<i64> = (0..4).map(|n| count(NOW + seconds(n))).collect();
    assert_eq!(counted, [1, 2, 3, 4]);
    assert_eq!(count(NOW + day + seconds(3)), 1);
});

on_both!(answers_are_forgotten_in_time, |backend| {
    let store = seeded(backend);
    store
        .write_blocking(|tx| {
            for (id, at) in [("old", NOW), ("young", NOW + seconds(60))] {
                reply::insert_inbound(tx, id, "OK", at)?;
                reply::count_unknown_reply(tx, id, at, Span::from_days(1))?;
            }
            Ok::<_, Error>(())
        })
        .unwrap();
    let forget = || {
        store
            .write_blocking(|tx| reply::forget(tx, NOW + seconds(60), 10))
            .unwrap()
    };
    assert_eq!((forget(), forget()), (2, 0));
    let seen = |id: &'static str| {
        store
            .read_blocking(move |c| reply::inbound_seen(c, id))
            .unwrap()
    };
    assert_eq!((seen("old"), seen("young").as_deref()), (None, Some("OK")));
});
