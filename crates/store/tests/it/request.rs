//! Requests of monitors: kept once, found by what was decided, repeats as samples.

use domain::dedup::SignalDecision;
use domain::word::{Action, AlertSeverity};
use domain::{RequestId, SignalId, Span, Timestamp};
use store::alert::SignalRecord;
use store::request::{self, Filter, Repeat, Request};
use store::{Store, alert};

use crate::on_both;
use crate::sample::{self, INTEGRATION, NOW};

fn kept(id: i64, at: Timestamp) -> Request {
    Request {
        id: RequestId(id),
        integration_id: INTEGRATION,
        received_at: at,
        format: "generic".into(),
        method: "POST".into(),
        path: "/integrations/•••/events".into(),
        headers: vec![("accept".into(), "*/*".into())],
        body: format!("{{\"n\": \"Body{id}\"}}"),
        size: 10,
        complete: true,
        changed: 1,
        repeated: 0,
        ignored: 0,
        rejected: 0,
        repeats: vec![],
        warnings: vec![],
        problems: vec![],
        replay_of: None,
        is_sample: false,
    }
}

fn record(store: &Store, requests: Vec<Request>) {
    store
        .write_blocking(move |tx| request::record(tx, &requests))
        .unwrap();
}

fn found(store: &Store, filter: Filter) -> Vec<i64> {
    store
        .read_blocking(move |c| request::list(c, &filter, 10))
        .unwrap()
        .iter()
        .map(|one| one.id.0)
        .collect()
}

on_both!(requests_are_found_by_what_was_decided, |backend| {
    let store = backend.store();
    sample::house(&store);
    let mut bad = kept(2, NOW);
    bad.rejected = 1;
    bad.problems = vec!["item 1 is not an object".into()];
    let mut warned = kept(3, NOW + Span::from_seconds(1));
    warned.warnings = vec!["source was missing".into()];
    warned.replay_of = Some(RequestId(1));
    record(&store, vec![kept(1, NOW), bad.clone(), warned]);
    let decided = SignalRecord {
        id: SignalId(1),
        integration_id: INTEGRATION,
        received_at: NOW,
        action: Some(Action::Trigger),
        dedup_key: Some("disk".into()),
        severity: Some(AlertSeverity::Critical),
        summary: "Disk full on Web-1".into(),
        decision: SignalDecision::Opened,
        alert_id: None,
        incident_id: None,
        warnings: None,
        raw: None,
        request_id: Some(RequestId(1)),
        routed: None,
    };
    let one = decided.clone();
    store
        .write_blocking(move |tx| alert::record_signals(tx, std::slice::from_ref(&one)))
        .unwrap();
    assert_eq!(found(&store, Filter::default()), [3, 2, 1]);
    let of = |decision| Filter {
        decision: Some(decision),
        ..Filter::default()
    };
    assert_eq!(found(&store, of(SignalDecision::Opened)), [1]);
    assert_eq!(found(&store, of(SignalDecision::Rejected)), [2]);
    assert_eq!(found(&store, of(SignalDecision::Resolved)), [0; 0]);
    let text = |text: &str| Filter {
        text: text.into(),
        ..Filter::default()
    };
    assert_eq!(found(&store, text("body2")), [2]);
    assert_eq!(
        found(&store, text("web-1 disk")),
        [1],
        "its signals' summary"
    );
    assert_eq!(found(&store, text("100%")), [0; 0]);
    let warned = Filter {
        warned: true,
        ..Filter::default()
    };
    assert_eq!(found(&store, warned), [3]);
    let older = Filter {
        before: Some((NOW, RequestId(2))),
        ..Filter::default()
    };
    assert_eq!(found(&store, older), [1]);
    let nobody = Filter {
        integrations: Some(vec![]),
        ..Filter::default()
    };
    assert_eq!(found(&store, nobody), [0; 0]);
    let (back, signals, replays) = store
        .read_blocking(|c| {
            Ok::<_, store::Error>((
                request::fetch(c, RequestId(2))?,
                request::signals(c, RequestId(1), 5)?,
                request::replays(c, RequestId(1), 5)?,
            ))
        })
        .unwrap();
    assert_eq!(back, bad);
    assert_eq!(signals, [decided]);
    assert_eq!(replays, [RequestId(3)]);
    let gone = store
        .write_blocking(|tx| request::delete_old(tx, NOW + Span::from_seconds(1), 10))
        .unwrap();
    assert_eq!((gone, found(&store, Filter::default())), (2, vec![3]));
});

on_both!(
    of_repeats_one_of_each_second_is_kept_and_not_too_many,
    |backend| {
        let store = backend.store();
        sample::house(&store);
        let sample = |id, seconds| Request {
            is_sample: true,
            changed: 0,
            repeated: 1,
            repeats: vec![Repeat {
                action: Action::Trigger,
                dedup_key: "disk".into(),
                severity: AlertSeverity::Critical,
                summary: "Disk full".into(),
                alert: None,
                incident: None,
            }],
            ..kept(id, NOW + Span::from_seconds(seconds))
        };
        let fresh = |seconds| {
            let now = NOW + Span::from_seconds(seconds);
            store
                .read_blocking(move |c| request::sample_is_fresh(c, INTEGRATION, now))
                .unwrap()
        };
        assert!(!fresh(0));
        record(
            &store,
            vec![sample(1, 0), kept(2, NOW + Span::from_seconds(9))],
        );
        assert!(fresh(0) && !fresh(1));
        let many = request::SAMPLES + 20;
        record(&store, (3..many).map(|id| sample(id, id)).collect());
        let trim = || {
            store
                .write_blocking(|tx| request::delete_samples(tx, INTEGRATION, 15))
                .unwrap()
        };
        assert_eq!([trim(), trim(), trim()], [15, 3, 0]);
        assert_eq!(
            found(&store, Filter::default())[0],
            many - 1,
            "the newest stay"
        );
        let first = |id| {
            store
                .read_blocking(move |c| request::fetch(c, RequestId(id)))
                .is_ok()
        };
        assert!(!first(1) && first(2) && !first(19) && first(20));
    }
);
