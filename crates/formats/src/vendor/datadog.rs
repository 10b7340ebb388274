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
    super::each(WHO, request, settings, now, |item, warnings| {
        event(item, settings, warnings)
    })
}

fn event<'a>(item: &'a Value, settings: &Settings, warnings: &mut Warnings) -> Said<'a> {
    let sent_title = read::first(item, &["alert_title", "title", "event_title", "event_msg"]);
    let heading = sent_title.as_deref().map(heading).unwrap_or_default();
    let transition = read::first(item, &["transition", "alert_transition"])
        .or_else(|| heading.transition.map(str::to_owned));
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
        key: key.or_else(|| {
            // Each host of a monitor has its own alert, and only this tells which.
            let scope = scope.as_deref().or(heading.scope).unwrap_or_default();
            Some(format!("title:{}|{scope}", heading.title?))
        }),
        title: heading.title.map(str::to_owned),
        source: host
            .or_else(|| scope.clone())
            .or_else(|| heading.scope.map(str::to_owned)),
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

/// What Datadog puts into a title.
#[derive(Default)]
struct Heading<'a> {
    transition: Option<&'a str>,
    /// `host:web-1`
    scope: Option<&'a str>,
    title: Option<&'a str>,
}

/// Reads `[P1] [Triggered on {host:web-1}] CPU is high`.
fn heading(sent: &str) -> Heading<'_> {
    let mut found = Heading {
        title: Some(sent),
        ..Heading::default()
    };
    let mut rest = sent;
    for _ in 0..2 {
        let Some((inner, after)) = rest
            .strip_prefix('[')
            .and_then(|inner| inner.split_once(']'))
            .map(|(inner, after)| (inner, after.trim()))
        else {
            break;
        };
        if after.is_empty() {
            break;
        }
        rest = after;
        let (word, scope) = match inner.split_once(" on ") {
            Some((word, scope)) => (word, Some(scope.trim_matches(['{', '}']))),
            None => (inner, None),
        };
        if action_of(word).is_some() {
            return Heading {
                transition: Some(word),
                scope,
                title: Some(rest),
            };
        }
        let is_priority = matches!(inner.as_bytes(), [b'P', b'1'..=b'5']);
        if !is_priority {
            break;
        }
        found.title = Some(rest);
    }
    found
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
    let priority = read::first(item, &["priority", "alert_priority"]);
    let kind = read::first(item, &["type", "alert_type"]);
    let scale = settings.scale();
    let words = [priority.as_deref(), transition, kind.as_deref()];
    let of_priority = || {
        Some(match priority.as_deref()?.to_uppercase().as_str() {
            "P1" => AlertSeverity::Critical,
            "P2" => AlertSeverity::Error,
            "P3" => AlertSeverity::Warning,
            "P4" | "P5" => AlertSeverity::Info,
            // Of an event, not of a monitor: `normal` and `low` say nothing.
            _ => return None,
        })
    };
    let is_warning = transition.is_some_and(|word| word.to_lowercase().ends_with("warn"))
        || (kind.as_deref()).is_some_and(|word| word.eq_ignore_ascii_case("warning"));
    let of_state = is_warning.then_some(AlertSeverity::Warning);
    (scale.first_chosen(words))
        .or_else(of_priority)
        .or(of_state)
        .unwrap_or_else(|| scale.fallback())
}
