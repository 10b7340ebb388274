//! Datadog: the body is its user's own template. Ours is in docs/monitors.md; Datadog's default
//! body and other names for the same variables are understood too (WIRE-FORMATS.md §1.7).

use domain::Timestamp;
use domain::word::{Action, AlertSeverity};
use serde_json::Value;

use super::Said;
use crate::draft::{Draft, rest_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::warning::{Warnings, quoted};
use crate::{FormatError, Parsed, read};

const WHO: &str = "Datadog";

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each(WHO, request, now, |item, warnings| {
        event(item, settings, warnings)
    })
}

fn event<'a>(item: &'a Value, settings: &Settings, warnings: &mut Warnings) -> Said<'a> {
    let sent_title = read::first(item, &["alert_title", "title", "event_title", "event_msg"]);
    let (prefix, title) = match &sent_title {
        Some(sent) => without_prefix(sent),
        None => (None, None),
    };
    let transition = read::first(item, &["transition", "alert_transition"])
        .or_else(|| prefix.map(str::to_owned));
    if sent_title.is_none() && transition.is_none() {
        return Said::Unknown;
    }
    let monitor = read::first(item, &["alert_id", "monitor_id"]);
    let scope = read::first(item, &["scope", "alert_scope"]);
    let key = read::first(item, &["cycle_key", "alert_cycle_key"])
        .or_else(|| read::first(item, &["aggreg_key", "aggregation_key"]))
        .or_else(|| {
            let monitor = monitor.as_ref()?;
            Some(format!(
                "{monitor}:{}",
                scope.as_deref().unwrap_or_default()
            ))
        });
    if key.is_none() {
        warnings.note("no cycle_key: alerts are told apart by their title. Use our template");
    }
    let host = read::first(item, &["host", "hostname"]);
    Draft {
        action: Some(action(transition.as_deref(), item, warnings)),
        key: key.or_else(|| title.map(|title| format!("title:{title}"))),
        title: title.map(str::to_owned).or(sent_title.clone()),
        source: host.or(scope),
        severity: Some(severity(item, transition.as_deref(), settings)),
        class: read::first(item, &["metric", "alert_metric", "event_type"]),
        links: vec![
            ("Datadog", read::first(item, &["link", "url"])),
            ("Snapshot", read::text(item, "snapshot")),
        ],
        image: read::text(item, "snapshot"),
        details: rest_of(item, &["link", "snapshot"]),
        at: item.get("date").or_else(|| item.get("last_updated")),
        ..Draft::default()
    }
    .into()
}

/// `[Triggered on {host:web-1}] CPU is high` is a transition and a title.
fn without_prefix(title: &str) -> (Option<&str>, Option<&str>) {
    let cut = title
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .filter(|(prefix, _)| action_of(word_of(prefix)).is_some());
    match cut {
        Some((prefix, rest)) if !rest.trim().is_empty() => {
            (Some(word_of(prefix)), Some(rest.trim()))
        }
        _ => (None, Some(title)),
    }
}

/// `Triggered on {…}` is `Triggered`; `P1] [Triggered` does not occur without a space.
fn word_of(prefix: &str) -> &str {
    prefix.split(" on ").next().unwrap_or(prefix).trim()
}

fn action_of(transition: &str) -> Option<Action> {
    Some(match transition.trim().to_lowercase().as_str() {
        "triggered" | "re-triggered" | "warn" | "re-warn" | "no data" | "re-no data"
        | "renotify" | "renotified" | "alert" | "re-notify" => Action::Trigger,
        "recovered" | "ok" | "resolved" | "muted recovered" => Action::Resolve,
        "acknowledged" => Action::Acknowledge,
        _ => return None,
    })
}

fn action(transition: Option<&str>, item: &Value, warnings: &mut Warnings) -> Action {
    if let Some(transition) = transition {
        return action_of(transition).unwrap_or_else(|| {
            warnings.note(format!(
                "transition {} is not one of Datadog's: used \"trigger\"",
                quoted(transition)
            ));
            Action::Trigger
        });
    }
    match read::first(item, &["alert_type", "type"])
        .map(|word| word.to_lowercase())
        .as_deref()
    {
        Some("success") => Action::Resolve,
        _ => Action::Trigger,
    }
}

fn severity(item: &Value, transition: Option<&str>, settings: &Settings) -> AlertSeverity {
    let of_priority = read::first(item, &["priority", "alert_priority"]).and_then(|word| {
        Some(match word.to_uppercase().as_str() {
            "P1" => AlertSeverity::Critical,
            "P2" => AlertSeverity::Error,
            "P3" => AlertSeverity::Warning,
            "P4" | "P5" => AlertSeverity::Info,
            // Of an event, not of a monitor: `normal` and `low` say nothing.
            _ => return None,
        })
    });
    let is_warning = transition.is_some_and(|word| word.to_lowercase().ends_with("warn"))
        || read::first(item, &["type", "alert_type"])
            .is_some_and(|word| word.eq_ignore_ascii_case("warning"));
    of_priority.unwrap_or(if is_warning {
        AlertSeverity::Warning
    } else {
        settings.severity()
    })
}
