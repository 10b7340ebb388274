//! Zabbix: the body is made by the media type in docs/zabbix-mediatype.yaml; events of Zabbix' own
//! templates for webhooks have the same macros under other names (WIRE-FORMATS.md §1.10).

use domain::Timestamp;
use domain::word::{Action, AlertSeverity};
use serde_json::{Map, Value};

use super::Said;
use crate::draft::{Draft, severity_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::severity::Scale;
use crate::warning::Warnings;
use crate::{FormatError, Parsed, json, read};

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("Zabbix", request, settings, now, |item, warnings| {
        event(item, settings, warnings)
    })
}

fn event<'a>(item: &'a Value, settings: &Settings, warnings: &mut Warnings) -> Said<'a> {
    let Some(id) = read::first(item, &["event_id", "eventid", "event.id"]) else {
        return Said::Unknown;
    };
    let title = read::first(
        item,
        &["event_name", "trigger_name", "subject", "alert_subject"],
    );
    let message = read::first(item, &["message", "alert_message"]);
    let host = read::first(item, &["host_name", "host", "hostname"]);
    Draft {
        action: Some(action(item, title.as_deref(), message.as_deref())),
        key: Some(id),
        title: title.or_else(|| message.clone()),
        source: host.or_else(|| read::text(item, "host_ip")),
        severity: Some(severity(item, settings.scale(), warnings)),
        component: read::text(item, "item_name"),
        group: read::first(item, &["host_group", "trigger_hostgroup_name"]),
        class: read::first(item, &["trigger_id", "triggerid"]),
        links: vec![
            ("Event", read::first(item, &["link", "event_url"])),
            ("Runbook", read::text(item, "trigger_url")),
        ],
        details: details(item, message),
        at: item.get("event_time").or_else(|| item.get("timestamp")),
        ..Draft::default()
    }
    .into()
}

/// `{EVENT.VALUE}` is 0 when the problem is over, `{EVENT.UPDATE.STATUS}` 1 when a person did
/// something to it.
fn action(item: &Value, title: Option<&str>, message: Option<&str>) -> Action {
    let is = |name: &str, wanted: &str| read::text(item, name).is_some_and(|text| text == wanted);
    if is("event_value", "0") {
        return Action::Resolve;
    }
    // Zabbix tells of an escalation that was given up in the text only: the trigger was disabled
    // or deleted, and no recovery will follow.
    let cancelled =
        |text: Option<&str>| text.is_some_and(|text| text.contains("NOTE: Escalation cancel"));
    if cancelled(title) || cancelled(message) {
        return Action::Resolve;
    }
    match read::word(item, "action").as_deref() {
        Some("resolve") => return Action::Resolve,
        Some("acknowledge") => return Action::Acknowledge,
        _ => {}
    }
    let said = read::word(item, "event_update_action").unwrap_or_default();
    // `unacknowledged` holds the word too.
    let acknowledged = said.split(',').any(|word| word.trim() == "acknowledged");
    if is("event_update_status", "1")
        && (acknowledged || (said.is_empty() && is("event_ack_status", "Yes")))
    {
        return Action::Acknowledge;
    }
    Action::Trigger
}

/// By `{EVENT.NSEVERITY}`, as Zabbix itself translates it for PagerDuty, else by the word beside it;
/// its owner may have chosen what either means.
fn severity(item: &Value, scale: Scale<'_>, warnings: &mut Warnings) -> AlertSeverity {
    let number = read::first(item, &["event_nseverity", "nseverity"]);
    let word = read::first(item, &["event_severity", "severity", "trigger_severity"]);
    let of_number = || {
        Some(match number.as_deref()? {
            "5" => AlertSeverity::Critical,
            "4" => AlertSeverity::Error,
            "3" | "2" => AlertSeverity::Warning,
            "1" | "0" => AlertSeverity::Info,
            word => return scale.read(word),
        })
    };
    (scale.first_chosen([number.as_deref(), word.as_deref()]))
        .or_else(of_number)
        .unwrap_or_else(|| severity_of(word, scale, warnings))
}

/// What is filled in, with the tags as an object; macros that Zabbix did not know are left out.
fn details(item: &Value, message: Option<String>) -> Value {
    const SHOWN: [&str; 6] = [
        "link",
        "event_url",
        "event_name",
        "event_tags",
        "message",
        "token",
    ];
    let mut details = Map::new();
    details.extend(message.map(|message| ("message".to_owned(), message.into())));
    for (name, value) in item.as_object().into_iter().flatten() {
        if !SHOWN.contains(&name.as_str())
            && let Some(text) = read::scalar(value)
        {
            details.insert(name.clone(), text.into());
        }
    }
    let tags = match item.get("event_tags") {
        Some(Value::String(text)) => json::inside(text),
        other => other.cloned(),
    };
    if let Some(Value::Array(tags)) = tags {
        let tags: Map<String, Value> = tags
            .iter()
            .take(100)
            .filter_map(|tag| {
                let value = read::text(tag, "value").unwrap_or_default();
                Some((read::text(tag, "tag")?, value.into()))
            })
            .collect();
        details.insert("tags".to_owned(), tags.into());
    }
    Value::Object(details)
}
