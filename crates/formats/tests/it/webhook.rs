//! What arrives at Alertmanager's webhook besides its own message: `payload` templates may make
//! anything of it, and no alert is lost for that.

use domain::Timestamp;
use domain::word::IntegrationKind as Kind;
use formats::request::Request;
use serde_json::{Value, json};

use crate::vendor::{lines, of_json, of_text, read};

const SOMETHING: &str = "Alertmanager sent something that could not be understood";

#[test]
fn whatever_a_template_makes_is_an_alert() {
    for body in [
        r#"{"foo": "bar"}"#,
        r#"{"alerts": null, "status": "firing", "groupKey": "g"}"#,
        r#"{"alerts": "none"}"#,
        r#"{"status": "firing", "alerts": [{"x": 1}]}"#,
        r#"{"status": "firing", "alerts": [7]}"#,
        "[1]",
        "7",
    ] {
        let parsed = of_text(Kind::Alertmanager, body);
        assert_eq!(parsed.signals.len(), 1, "{body}");
        assert_eq!(parsed.signals[0].summary, SOMETHING, "{body}");
        assert_eq!(parsed.signals[0].action.as_str(), "trigger");
        assert_eq!(parsed.warnings.len(), 1, "{body}");
        assert!(parsed.rejected.is_empty());
        let kept = parsed.signals[0].details["body"].as_str().unwrap();
        assert!(
            body.replace(' ', "").contains(&kept.replace(' ', "")),
            "{kept}"
        );
    }
    for body in ["\"just text\"", "just text", "\n just text\nand more"] {
        let parsed = of_text(Kind::Alertmanager, body);
        assert_eq!(parsed.signals[0].summary, "Alertmanager: just text");
    }
    let of_address = Request {
        query: "token=abc",
        ..Request::default()
    };
    assert!(read(Kind::Alertmanager, &of_address).is_err());
    for nothing in ["", " ", "null", "{}", "[]"] {
        let refused = read(Kind::Alertmanager, &Request::of_body(nothing.as_bytes()));
        assert!(refused.is_err(), "{nothing}");
    }
}

#[test]
fn events_of_a_template_are_read_without_a_word() {
    let parsed = of_json(
        Kind::Alertmanager,
        &json!([{"summary": "a", "labels": {"x": "y"}}, {"title": "b"}]),
    );
    assert_eq!(parsed.signals.len(), 2);
    assert!(parsed.warnings.is_empty() && parsed.rejected.is_empty());
    let listed = json!({"title": "Two are down", "alerts": ["a", "b"]});
    for kind in [Kind::Alertmanager, Kind::Grafana] {
        let parsed = of_json(kind, &listed);
        assert_eq!(parsed.signals.len(), 1, "{kind}");
        assert_eq!(parsed.signals[0].summary, "Two are down");
    }
    let of_group = |status: &str| {
        let group = json!({"status": status, "groupKey": "g", "alerts": [{"title": "Disk"}]});
        of_json(Kind::Alertmanager, &group).signals.remove(0)
    };
    let (firing, over) = (of_group("firing"), of_group("resolved"));
    assert_eq!(over.action.as_str(), "resolve");
    assert_eq!(firing.dedup_key, over.dedup_key);
    let mixed = of_json(Kind::Alertmanager, &json!([{"summary": "a"}, "b is down"]));
    let titles: Vec<&str> = (mixed.signals.iter())
        .map(|signal| &*signal.summary)
        .collect();
    assert_eq!(titles, ["a", "Alertmanager: b is down"]);
}

/// `{{ .Alerts | toJson }}`, or what a Prometheus pushes to the wrong address.
#[test]
fn alerts_without_their_group_are_known_by_their_labels() {
    let labels = json!({"alertname": "Down", "instance": "a:9100", "cluster": "eu"});
    let firing = json!([
        {"status": "firing", "labels": labels, "annotations": {"summary": "a is down"},
            "endsAt": "0001-01-01T00:00:00Z"},
        {"labels": {"alertname": "Up"}, "annotations": {}, "endsAt": "2026-11-21T04:04:00Z"},
        {"x": 1},
    ]);
    for kind in [Kind::Alertmanager, Kind::Grafana, Kind::Generic] {
        let parsed = of_json(kind, &firing);
        assert_eq!(parsed.signals.len(), 3, "{kind}");
        let [down, up, _] = &parsed.signals[..] else {
            panic!("{kind}")
        };
        assert_eq!(down.summary, "a is down", "{kind}");
        assert_eq!(
            down.group_key.as_deref(),
            Some(r#"{alertname="Down", cluster="eu"}"#)
        );
        assert_eq!(down.ends_at, None, "it says itself when it is over");
        assert_eq!(up.ends_at, Timestamp::parse("2026-11-21T04:04:00Z"));
        // The same alert, pushed.
        let pushed = of_json(Kind::Prometheus, &json!([{ "labels": labels }]));
        assert_eq!(down.dedup_key, pushed.signals[0].dedup_key);
        assert_eq!(down.group_key, pushed.signals[0].group_key);
        let over = json!([{"status": "resolved", "labels": labels}]);
        let over = of_json(kind, &over);
        assert_eq!(over.signals[0].action.as_str(), "resolve");
        assert_eq!(over.signals[0].dedup_key, down.dedup_key);
    }
    let alone = of_json(Kind::Alertmanager, &firing[0]);
    assert_eq!(
        lines(&alone),
        lines(&of_json(Kind::Alertmanager, &json!([firing[0]])))
    );
}

#[test]
fn alerts_without_labels_are_known_by_their_annotations() {
    let message = |status: &str, text: &str| {
        json!({"status": status, "groupKey": "g", "alerts": [
            {"status": status, "annotations": {"description": text}}]})
    };
    for kind in [Kind::Alertmanager, Kind::Grafana] {
        let down = of_json(kind, &message("firing", "a is down"));
        assert_eq!(down.signals[0].summary, "a is down");
        assert!(down.rejected.is_empty());
        let over = of_json(kind, &message("resolved", "a is down"));
        assert_eq!(over.signals[0].action.as_str(), "resolve");
        assert_eq!(over.signals[0].dedup_key, down.signals[0].dedup_key);
        let other = of_json(kind, &message("firing", "b is down"));
        assert_ne!(other.signals[0].dedup_key, down.signals[0].dedup_key);
    }
}

#[test]
fn what_has_neither_is_kept_while_it_fires() {
    let message = |status: &str| {
        json!({"status": status, "groupKey": "g", "alerts": [
            {"labels": {"alertname": "A", "severity": "error"}, "status": status}, {"x": 1}]})
    };
    for (kind, who) in [
        (Kind::Alertmanager, "Alertmanager"),
        (Kind::Grafana, "Grafana"),
    ] {
        let parsed = of_json(kind, &message("firing"));
        let title = format!("{who} sent something that could not be understood");
        assert_eq!(parsed.signals[1].summary, title);
        assert!(
            parsed
                .signals
                .iter()
                .all(|signal| signal.group_key.as_deref() == Some("g"))
        );
        let over = of_json(kind, &message("resolved"));
        assert_eq!(over.signals.len(), 1, "{kind}");
        let mut other = message("firing");
        other["groupKey"] = json!("h");
        let other = of_json(kind, &other);
        assert_ne!(other.signals[1].dedup_key, parsed.signals[1].dedup_key);
        assert_eq!(over.rejected[0].item, 1);
        assert_eq!(over.resolve_group.as_deref(), Some("g"));
    }
}

#[test]
fn a_group_without_its_alerts_is_one_alert() {
    let message = |status: &str, alerts: Value| {
        json!({"status": status, "groupKey": "g", "alerts": alerts,
            "commonLabels": {"alertname": "A", "severity": "error"},
            "commonAnnotations": {"summary": "A of all"}})
    };
    for alerts in [json!(null), json!([])] {
        let parsed = of_json(Kind::Alertmanager, &message("firing", alerts.clone()));
        assert_eq!(parsed.signals.len(), 1);
        assert_eq!(parsed.signals[0].summary, "A of all");
        assert_eq!(parsed.signals[0].group_key.as_deref(), Some("g"));
        let over = of_json(Kind::Alertmanager, &message("resolved", alerts));
        assert!(over.signals.is_empty());
        assert_eq!(over.resolve_group.as_deref(), Some("g"));
    }
}
