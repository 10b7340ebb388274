//! The narrowest silence that still holds alerts which fire now.

use std::collections::BTreeMap;

use super::{Fields, MATCHERS_MAX, MatchOp, Matcher};
use crate::alert::Alert;

/// Labels that say what is wrong and where, rather than how bad it is or how it was measured.
const TELLING: &[&str] = &[
    "alertname",
    "cluster",
    "namespace",
    "service",
    "job",
    "instance",
    "host",
];
/// Alerts that are named one by one.
const NAMED_MAX: usize = 20;

/// Matchers that hold for all of these alerts and for as little else as their labels allow: the
/// telling labels that all have with equal values, else their keys. Empty when there is nothing
/// that could be said of all.
pub fn about(alerts: &[&Alert]) -> Vec<Matcher> {
    let Some((first, rest)) = alerts.split_first() else {
        return Vec::new();
    };
    let mut shared: BTreeMap<&str, String> = labels(first);
    for alert in rest {
        let fields = Fields::of_alert(alert);
        shared.retain(|name, value| fields.get(name).is_some_and(|other| other == *value));
    }
    // Without the alert's name the rest would silence whatever else is wrong there.
    if shared.contains_key("alertname") {
        return shared
            .into_iter()
            .filter_map(|(name, value)| Matcher::new(name, MatchOp::Equal, value).ok())
            .take(MATCHERS_MAX)
            .collect();
    }
    by_key(alerts).into_iter().collect()
}

/// Their telling labels, by which matchers find them.
fn labels(alert: &Alert) -> BTreeMap<&'static str, String> {
    let labelled = alert
        .text
        .details
        .get("labels")
        .is_some_and(serde_json::Value::is_object);
    if !labelled {
        return BTreeMap::new();
    }
    let fields = Fields::of_alert(alert);
    TELLING
        .iter()
        .filter_map(|name| Some((*name, fields.get(name)?.into_owned())))
        .collect()
}

fn by_key(alerts: &[&Alert]) -> Option<Matcher> {
    match alerts {
        [one] => Matcher::new("dedup_key", MatchOp::Equal, &one.dedup_key).ok(),
        some if some.len() <= NAMED_MAX => {
            let keys: Vec<String> = some
                .iter()
                .map(|alert| regex::escape(&alert.dedup_key))
                .collect();
            Matcher::new("dedup_key", MatchOp::Pattern, keys.join("|")).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::signal::Signal;
    use crate::word::Action;
    use crate::{AlertId, IntegrationId, Timestamp};

    fn alert(key: &str, details: Value) -> Alert {
        let mut signal = Signal::new(Action::Trigger, key, "x");
        signal.details = details;
        Alert::opened(
            AlertId(1),
            IntegrationId(1),
            &signal,
            Timestamp::from_seconds(0),
        )
    }

    fn said(alerts: &[&Alert]) -> Vec<String> {
        about(alerts).iter().map(Matcher::to_string).collect()
    }

    #[test]
    fn labels_that_all_share_are_named() {
        let labels = |host: &str| {
            json!({"labels": {"alertname": "Disk", "instance": host, "severity": "page",
                "cluster": "eu"}})
        };
        let (a, b) = (alert("1", labels("a")), alert("2", labels("b")));
        assert_eq!(
            said(&[&a]),
            ["alertname=\"Disk\"", "cluster=\"eu\"", "instance=\"a\""]
        );
        assert_eq!(said(&[&a, &b]), ["alertname=\"Disk\"", "cluster=\"eu\""]);
        assert!(said(&[]).is_empty());
    }

    #[test]
    fn without_labels_the_keys_are() {
        let (a, b) = (alert("disk(1)", json!({})), alert("b", json!({})));
        assert_eq!(said(&[&a]), ["dedup_key=\"disk(1)\""]);
        let both = about(&[&a, &b]);
        assert_eq!(both[0].op(), MatchOp::Pattern);
        let other = alert("disk1", json!({}));
        assert!(!both[0].matches(&Fields::of_alert(&other)));
        let many: Vec<Alert> = (0..30).map(|n| alert(&n.to_string(), json!({}))).collect();
        assert!(said(&many.iter().collect::<Vec<_>>()).is_empty());
    }

    proptest! {
        /// Whatever is said holds for every one of them.
        #[test]
        fn all_of_them_are_held(
            said in prop::collection::vec(("[a-z(.|]{1,6}", prop::option::of("[ab]"), "[ab]"), 1..6)
        ) {
            let alerts: Vec<Alert> = said
                .iter()
                .map(|(key, name, host)| {
                    let details = match name {
                        Some(name) => json!({"labels": {"alertname": name, "host": host}}),
                        None => json!({}),
                    };
                    alert(key, details)
                })
                .collect();
            let alerts: Vec<&Alert> = alerts.iter().collect();
            for matcher in about(&alerts) {
                for alert in &alerts {
                    prop_assert!(matcher.matches(&Fields::of_alert(alert)), "{matcher}");
                }
            }
        }
    }
}
