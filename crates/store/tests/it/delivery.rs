//! Statements that are delivered twice.

use std::collections::BTreeSet;

use domain::signal::Delivery;
use domain::{IntegrationId, Span, Timestamp};
use store::{Store, delivery};

use crate::on_both;
use crate::sample::{self, INTEGRATION, NOW};

const DAY: Span = Span::from_days(1);

fn numbers(of: &[u8]) -> BTreeSet<(IntegrationId, Delivery)> {
    of.iter()
        .map(|number| (INTEGRATION, Delivery([*number; 16])))
        .collect()
}

/// Which of these are new.
fn take(store: &Store, of: &[u8], now: Timestamp) -> BTreeSet<(IntegrationId, Delivery)> {
    let wanted = numbers(of);
    store
        .write_blocking(move |tx| delivery::take(tx, &wanted, now - DAY, now))
        .unwrap()
}

on_both!(deliveries_are_new_once_a_day, |backend| {
    let store = backend.store();
    sample::house(&store);
    assert_eq!(take(&store, &[], NOW), numbers(&[]));
    assert_eq!(take(&store, &[2, 1], NOW), numbers(&[1, 2]));
    assert_eq!(take(&store, &[1, 2, 3], NOW + DAY), numbers(&[3]));
    let later = NOW + DAY + Span::from_seconds(1);
    assert_eq!(take(&store, &[1, 3], later), numbers(&[1]));

    let forget = |before: Timestamp, limit: i64| {
        store
            .write_blocking(move |tx| delivery::forget(tx, before, limit))
            .unwrap()
    };
    assert_eq!(forget(later, 1), 1, "the oldest: 2");
    assert_eq!(forget(later, 9), 1, "3");
    assert_eq!(forget(later, 9), 0);
    assert_eq!(take(&store, &[1, 2, 3], later), numbers(&[2, 3]));
});
