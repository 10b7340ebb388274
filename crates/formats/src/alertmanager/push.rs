//! Alertmanager's API v2 (WIRE-FORMATS.md §1.5), which Prometheus, vmalert and the rulers of Loki,
//! Mimir and Thanos push to. There is neither fingerprint nor status on the wire: the label set is
//! the identity unless its owner has chosen some of them, and an end that has passed means resolved.

use std::borrow::Cow;

use domain::signal::Signal;
use domain::word::Action;
use domain::{Span, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::alert::{Alert, Group, text_of};
use crate::settings::Settings;
use crate::time::{self, Reading};
use crate::warning::Warnings;
use crate::{FormatError, ITEMS_MAX, Parsed, Rejected, json, key};

/// An alert without an end is taken to end after this time unless it is heard of again;
/// Alertmanager's default.
pub const RESOLVE_TIMEOUT: Span = Span::from_minutes(5);
/// Labels that tell groups apart, besides the alert's name (PAGING.md §2.2).
const GROUP_LABELS: [&str; 3] = ["cluster", "namespace", "service"];

/// Reads a request: an array of alerts.
///
/// # Errors
/// When the body is no array. An array with some bad alerts is no error: see
/// [`Parsed::rejected`]; Alertmanager stores the good ones and answers 400 all the same.
pub fn parse(
    body: &[u8],
    settings: &Settings,
    received_at: Timestamp,
) -> Result<Parsed, FormatError> {
    let (alerts, mended) = read(body)?;
    if alerts.len() > ITEMS_MAX {
        return Err(FormatError::TooMany {
            found: alerts.len(),
        });
    }
    let mut warnings = Warnings::of_body(mended);
    let mut parsed = Parsed::default();
    for (item, alert) in alerts.into_iter().enumerate() {
        warnings.place.clear();
        match alert.and_then(|alert| pushed(alert, settings, received_at, &mut warnings)) {
            Ok(signal) => parsed.signals.push(signal),
            Err(reason) => parsed.rejected.push(Rejected { item, reason }),
        }
    }
    parsed.warnings = warnings.finish();
    super::firing_wins(&mut parsed, settings);
    Ok(parsed)
}

/// What is read of an alert. Neither `fingerprint` nor `status` are part of this format: whoever
/// sends them means the webhook's.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Pushed {
    labels: Value,
    annotations: Value,
    starts_at: Value,
    ends_at: Value,
    #[serde(rename = "generatorURL")]
    generator_url: Value,
}

#[derive(Deserialize)]
struct Item(#[serde(deserialize_with = "json::from_object")] Pushed);

/// The alerts of a body, and whether it had to be mended. Nearly all bodies have the shape they
/// should have: their fields are found without making maps of them.
fn read(body: &[u8]) -> Result<(Vec<Result<Pushed, String>>, bool), FormatError> {
    match json::plain::<Vec<Item>>(body) {
        Some(items) => Ok((
            items.into_iter().map(|Item(alert)| Ok(alert)).collect(),
            false,
        )),
        None => read_odd(body),
    }
}

/// As [`read`], of anything.
fn read_odd(body: &[u8]) -> Result<(Vec<Result<Pushed, String>>, bool), FormatError> {
    let (value, mended) = json::read(body).map_err(|error| FormatError::NotJson {
        reason: error.to_string(),
    })?;
    let Value::Array(alerts) = value else {
        return Err(FormatError::InvalidEvent {
            reason: format!(
                "The body is {}. Send an array of alerts with `labels`; the webhook of an \
                 Alertmanager has another address.",
                json::kind(&value)
            ),
        });
    };
    let alerts = alerts.into_iter().map(|alert| match alert {
        Value::Object(mut fields) => {
            let mut field = |name: &str| fields.remove(name).unwrap_or_default();
            Ok(Pushed {
                labels: field("labels"),
                annotations: field("annotations"),
                starts_at: field("startsAt"),
                ends_at: field("endsAt"),
                generator_url: field("generatorURL"),
            })
        }
        other => Err(format!(
            "The alert is {}. Each must be an object with `labels`.",
            json::kind(&other)
        )),
    });
    Ok((alerts.collect(), mended))
}

fn pushed(
    alert: Pushed,
    settings: &Settings,
    received_at: Timestamp,
    warnings: &mut Warnings,
) -> Result<Signal, String> {
    let Value::Object(mut labels) = alert.labels else {
        return Err("at least one label pair required: send `labels`".to_owned());
    };
    labels.retain(|_, value| !matches!(value, Value::Null) && value.as_str() != Some(""));
    if labels.is_empty() {
        return Err("at least one label pair required".to_owned());
    }
    let annotations = match alert.annotations {
        Value::Object(annotations) => annotations,
        _ => Map::new(),
    };
    let ends = time::read(Some(&alert.ends_at));
    let group = Group {
        key: group_of(&labels),
        is_resolved: false,
        external_url: "",
        label_values: Vec::new(),
        identity: &settings.identity_labels,
        scale: settings.scale(),
        received_at,
    };
    let alert = Alert {
        labels: Cow::Owned(labels),
        annotations: Cow::Owned(annotations),
        status: "",
        fingerprint: "",
        generator_url: text_of(&alert.generator_url),
        starts_at: Some(&alert.starts_at),
        ends,
    };
    let mut signal = group.signal(alert, warnings);
    let ends_at = match ends {
        Reading::At(end) => Some(end),
        Reading::Unset => None,
        Reading::Unreadable => {
            warnings.note("endsAt is not a known form of time: used the resolve timeout");
            None
        }
    };
    // Without a beginning the end is the only time there is.
    signal.monitor_time = signal.monitor_time.or(ends_at).or(Some(received_at));
    if signal.action == Action::Trigger {
        signal.ends_at = Some(ends_at.unwrap_or(received_at + RESOLVE_TIMEOUT));
    }
    Ok(signal)
}

/// The group of labels without a group key on the wire (PAGING.md §2.2): by the alert's name with
/// cluster, namespace and service, where there are any. Without a name there is none.
pub fn group_of(labels: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| {
        labels
            .get(name)
            .and_then(Value::as_str)
            .filter(|value| !value.is_empty())
    };
    let name = text("alertname")?;
    let mut key = format!("{{alertname={name:?}");
    for label in GROUP_LABELS {
        if let Some(value) = text(label) {
            key.push_str(&format!(", {label}={value:?}"));
        }
    }
    key.push('}');
    Some(key::bounded(&key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-21T04:00:00Z").unwrap()
    }

    fn read(value: &Value) -> Parsed {
        parse(value.to_string().as_bytes(), &Settings::default(), now()).unwrap()
    }

    fn alert(ends_at: &str) -> Value {
        json!([{
            "labels": {"alertname": "Down", "instance": "a:9100", "cluster": "eu", "empty": ""},
            "annotations": {"summary": "a is down"},
            "startsAt": "2026-11-21T03:59:00Z", "endsAt": ends_at,
            "generatorURL": "http://prometheus:9090/graph",
        }])
    }

    #[test]
    fn the_end_tells_firing_from_resolved() {
        for (end, action, ends_at) in [
            (
                "0001-01-01T00:00:00.000Z",
                Action::Trigger,
                Some("2026-11-21T04:05:00Z"),
            ),
            (
                "2026-11-21T04:04:00Z",
                Action::Trigger,
                Some("2026-11-21T04:04:00Z"),
            ),
            ("2026-11-21T04:00:00Z", Action::Resolve, None),
            ("2026-11-21T03:59:59Z", Action::Resolve, None),
        ] {
            let signal = read(&alert(end)).signals.remove(0);
            assert_eq!(signal.action, action, "{end}");
            assert_eq!(signal.ends_at, ends_at.and_then(Timestamp::parse), "{end}");
            assert_eq!(
                signal.monitor_time,
                Timestamp::parse("2026-11-21T03:59:00Z")
            );
        }
    }

    #[test]
    fn labels_are_the_identity_and_empty_ones_do_not_count() {
        let one = read(&alert("")).signals.remove(0);
        let mut other = alert("");
        other[0]["labels"].as_object_mut().unwrap().remove("empty");
        other[0]["annotations"] = json!({});
        other[0]["fingerprint"] = json!("ffff");
        let other = read(&other).signals.remove(0);
        assert_eq!(one.dedup_key, other.dedup_key);
        assert_eq!(one.dedup_key.len(), 16);
        assert_eq!(one.details["labels"].get("empty"), None);
        assert_eq!(
            one.group_key.as_deref(),
            Some(r#"{alertname="Down", cluster="eu"}"#)
        );
        assert_eq!(one.summary, "a is down");
        assert_eq!(one.source, "a:9100");
        let nameless = read(&json!([{"labels": {"job": "x"}}])).signals.remove(0);
        assert_eq!(nameless.group_key, None);
    }

    /// As LibreNMS' transport for Alertmanager makes them: `severity` is `ok` on recovery, and there
    /// is only one time.
    #[test]
    fn chosen_labels_are_the_identity_where_others_change() {
        let of_librenms = |time: &str, severity: &str, instance: &str| {
            json!([{
                time: "2026-11-21T03:59:00+00:00",
                "generatorURL": "https://librenms.example.com/device/17",
                "annotations": {"summary": "Port utilisation", "title": "Alert for sw1",
                    "description": "Port 7 is at 97 %"},
                "labels": {"alertname": "Port utilisation", "severity": severity,
                    "instance": instance, "source": "librenms"},
            }])
        };
        let keys = |identity: &[&str], values: [Value; 3]| {
            let settings = Settings {
                identity_labels: identity.iter().copied().map(str::to_owned).collect(),
                ..Settings::default()
            };
            values.map(|value| {
                let mut parsed = parse(value.to_string().as_bytes(), &settings, now()).unwrap();
                let signal = parsed.signals.remove(0);
                (signal.dedup_key, signal.action, signal.group_key)
            })
        };
        let sent = || {
            [
                of_librenms("startsAt", "critical", "sw1"),
                of_librenms("endsAt", "ok", "sw1"),
                of_librenms("startsAt", "critical", "sw2"),
            ]
        };
        let [fires, ends, other] = keys(&["alertname", "instance"], sent());
        assert_eq!((fires.1, ends.1), (Action::Trigger, Action::Resolve));
        assert_eq!(fires.0, ends.0, "its recovery finds it");
        assert_ne!(fires.0, other.0);
        assert_eq!(fires.2, other.2, "the group stays as it is");
        let [fires, ends, _] = keys(&[], sent());
        assert_ne!(fires.0, ends.0, "by all labels it would stay open");
        let [whole, ..] = keys(&["job", "region"], sent());
        assert_eq!(whole.0, fires.0, "it has none of them");
        let both = json!([
            {"labels": {"alertname": "A", "severity": "critical"}},
            {"labels": {"alertname": "A", "severity": "warning"}, "endsAt": "2026-11-21T03:00:00Z"},
        ]);
        let settings = Settings {
            identity_labels: vec!["alertname".to_owned()],
            ..Settings::default()
        };
        let parsed = parse(both.to_string().as_bytes(), &settings, now()).unwrap();
        let actions: Vec<Action> = parsed.signals.iter().map(|one| one.action).collect();
        assert_eq!(actions, [Action::Trigger], "it still fires");
        let [part, gone, _] = keys(&["instance", "region"], sent());
        assert_eq!(part.0, gone.0, "as far as it has them");
    }

    #[test]
    fn bad_alerts_leave_the_good_ones() {
        let parsed =
            read(&json!([7, {"labels": {}}, {"labels": {"a": ""}}, {"labels": {"a": "b"}}, {}]));
        assert_eq!(parsed.signals.len(), 1);
        let items: Vec<usize> = parsed.rejected.iter().map(|one| one.item).collect();
        assert_eq!(items, [0, 1, 2, 4]);
        assert!(read(&json!([])).signals.is_empty());
        for body in ["{}", "7", "{\"alerts\": []}", "["] {
            assert!(
                parse(body.as_bytes(), &Settings::default(), now()).is_err(),
                "{body}"
            );
        }
    }

    #[test]
    fn without_a_beginning_the_end_is_taken() {
        let ended = json!([{"labels": {"a": "b"}, "endsAt": "2026-11-21T03:00:00Z"}]);
        let signal = read(&ended).signals.remove(0);
        assert_eq!(signal.action, Action::Resolve);
        assert_eq!(
            signal.monitor_time,
            Timestamp::parse("2026-11-21T03:00:00Z")
        );
        let bare = read(&json!([{"labels": {"a": "b"}}])).signals.remove(0);
        assert_eq!(bare.monitor_time, Some(now()));
    }

    proptest! {
        /// Both ways find the same.
        #[test]
        fn the_short_way_finds_what_the_long_one_does(
            names in proptest::collection::vec(
                prop::sample::select(vec![
                    "labels", "annotations", "startsAt", "endsAt", "generatorURL", "status",
                    "fingerprint", "starts_at",
                ]), 0..6),
            values in proptest::collection::vec(
                prop::sample::select(vec![
                    "null", "7", "\"a\"", "\"\\u0000\"", "[1, \"x\"]", "{}", "{\"a\": \"b\", \"c\": 7}",
                    "{\"a\": \"\", \"a\": \"b\"}", "\"2026-11-21T03:00:00Z\"",
                ]), 6),
            beside in prop::sample::select(vec!["", ", 7", ", []", ", [{}]", ", {}"]),
        ) {
            let fields: Vec<String> = names
                .iter()
                .zip(&values)
                .map(|(name, value)| format!("\"{name}\": {value}"))
                .collect();
            let body = format!("[{{{}}}{beside}]", fields.join(", "));
            prop_assert_eq!(
                super::read(body.as_bytes()).unwrap(),
                read_odd(body.as_bytes()).unwrap()
            );
        }
    }
}
