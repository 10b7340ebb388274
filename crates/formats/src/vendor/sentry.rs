//! Sentry: integrations' webhooks (issue alerts, metric alerts, issues, errors) and the older
//! plugin's. The issue's id is the key wherever there is one, so that resolving it in Sentry closes
//! the alert (WIRE-FORMATS.md §1.12).

use domain::Timestamp;
use domain::word::{Action, AlertSeverity};
use serde_json::{Map, Value, json};

use super::Said;
use crate::draft::{Draft, rest_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::{FormatError, Parsed, read, signature};

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    signature::hex_of_body(
        request,
        settings.secret.as_ref(),
        "Sentry-Hook-Signature",
        "",
    )?;
    let resource = request.header("Sentry-Hook-Resource").unwrap_or_default();
    super::each("Sentry", request, settings, now, |item, _| {
        if resource == "installation" || read::object(item, "data.installation").is_some() {
            Said::Nothing("Sentry told of its installation")
        } else if read::object(item, "data.metric_alert").is_some() {
            metric(item, settings)
        } else if let Some(event) = ["data.event", "data.error"]
            .iter()
            .find_map(|path| read::at(item, path).filter(|found| found.is_object()))
        {
            of_event(item, event, settings)
        } else if read::object(item, "data.issue").is_some() {
            issue(item, settings)
        } else if resource == "comment" {
            Said::Nothing("Sentry told of a comment")
        } else if read::object(item, "event").is_some() || read::text(item, "culprit").is_some() {
            plugin(item, settings)
        } else {
            Said::Unknown
        }
    })
}

fn level(value: &Value, path: &str, settings: &Settings) -> AlertSeverity {
    read::text(value, path)
        .and_then(|word| settings.scale().read(&word))
        .unwrap_or_else(|| settings.severity())
}

/// Pairs of name and value, in either of the two forms Sentry has for them.
fn tags(event: &Value) -> Value {
    let tags: Map<String, Value> = read::array(event, "tags")
        .into_iter()
        .flatten()
        .take(100)
        .filter_map(|tag| {
            let name = read::first(tag, &["0", "key"])?;
            Some((name, read::first(tag, &["1", "value"])?.into()))
        })
        .collect();
    Value::Object(tags)
}

/// An event, told by an issue alert or as an error of its own.
fn of_event<'a>(item: &'a Value, event: &'a Value, settings: &Settings) -> Said<'a> {
    let tags = tags(event);
    Draft {
        key: read::first(event, &["issue_id", "groupid", "event_id"])
            .map(|issue| format!("issue:{issue}")),
        title: read::first(event, &["title", "message", "metadata.title", "culprit"]),
        source: read::text(&tags, "server_name")
            .or_else(|| read::first(event, &["project_slug", "project"])),
        severity: Some(level(event, "level", settings)),
        component: read::text(event, "culprit"),
        group: read::first(event, &["environment"]).or_else(|| read::text(&tags, "environment")),
        class: read::text(item, "data.triggered_rule"),
        links: vec![(
            "Sentry",
            read::first(event, &["web_url", "issue_url", "url"]),
        )],
        details: json!({
            "triggered_rule": read::at(item, "data.triggered_rule"),
            "culprit": event.get("culprit"),
            "platform": event.get("platform"),
            "tags": tags,
        }),
        at: event.get("datetime").or_else(|| event.get("timestamp")),
        ..Draft::default()
    }
    .into()
}

fn metric<'a>(item: &'a Value, settings: &Settings) -> Said<'a> {
    let action = read::word(item, "action").unwrap_or_default();
    Draft {
        action: Some(if action == "resolved" {
            Action::Resolve
        } else {
            Action::Trigger
        }),
        key: read::text(item, "data.metric_alert.id").map(|id| format!("metric_alert:{id}")),
        title: read::first(
            item,
            &[
                "data.description_title",
                "data.metric_alert.title",
                "data.metric_alert.alert_rule.name",
            ],
        ),
        source: read::first(
            item,
            &[
                "data.metric_alert.projects.0",
                "data.metric_alert.organization_id",
            ],
        ),
        severity: Some(match (settings.scale().chosen(&action), &*action) {
            (Some(chosen), _) => chosen,
            (None, "critical") => AlertSeverity::Critical,
            (None, "warning") => AlertSeverity::Warning,
            (None, _) => settings.severity(),
        }),
        class: read::text(item, "data.metric_alert.alert_rule.name"),
        links: vec![("Sentry", read::text(item, "data.web_url"))],
        details: json!({ "text": read::text(item, "data.description_text") }),
        at: read::at(item, "data.metric_alert.date_started"),
        ..Draft::default()
    }
    .into()
}

fn issue<'a>(item: &'a Value, settings: &Settings) -> Said<'a> {
    let action = match read::word(item, "action").as_deref() {
        Some("created" | "unresolved") => Action::Trigger,
        Some("resolved" | "archived" | "ignored") => Action::Resolve,
        // Somebody works on it.
        Some("assigned") => Action::Acknowledge,
        _ => return Said::Nothing("Sentry told of an issue, without a state that pages"),
    };
    let Some(issue) = read::at(item, "data.issue") else {
        return Said::Unknown;
    };
    Draft {
        action: Some(action),
        key: read::text(issue, "id").map(|id| format!("issue:{id}")),
        title: read::first(issue, &["title", "metadata.title", "culprit"]),
        source: read::first(issue, &["project.slug", "project.name"]),
        severity: Some(level(issue, "level", settings)),
        component: read::text(issue, "culprit"),
        class: read::text(issue, "type"),
        links: vec![("Sentry", read::first(issue, &["web_url", "permalink"]))],
        details: json!({
            "short_id": issue.get("shortId"),
            "status": issue.get("status"),
            "count": issue.get("count"),
            "assigned_to": read::first(issue, &["assignedTo.name", "assignedTo.email"]),
        }),
        at: issue.get("lastSeen"),
        ..Draft::default()
    }
    .into()
}

fn plugin<'a>(item: &'a Value, settings: &Settings) -> Said<'a> {
    Draft {
        key: read::text(item, "id").map(|id| format!("issue:{id}")),
        title: read::first(
            item,
            &["event.title", "message", "event.metadata.title", "culprit"],
        ),
        source: read::first(item, &["project_slug", "project", "project_name"]),
        severity: Some(level(item, "level", settings)),
        component: read::text(item, "culprit"),
        class: read::joined(item, "triggering_rules"),
        links: vec![("Sentry", read::text(item, "url"))],
        details: rest_of(item, &["event", "url"]),
        at: read::at(item, "event.timestamp"),
        ..Draft::default()
    }
    .into()
}
