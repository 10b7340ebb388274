//! Kibana's webhook connector: the body is a template, ours is in docs/monitors.md. Bodies of
//! ElastAlert and Watcher are read as generic JSON (WIRE-FORMATS.md §1.17).

use domain::Timestamp;
use domain::word::Action;
use serde_json::Value;

use super::Said;
use crate::draft::{Draft, rest_of, severity_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::warning::Warnings;
use crate::{FormatError, Parsed, generic, read};

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("Kibana", request, settings, now, |item, warnings| {
        alert(item, settings, warnings)
    })
}

fn alert<'a>(item: &'a Value, settings: &Settings, warnings: &mut Warnings) -> Said<'a> {
    let of = |names: &[&str]| read::first(item, names);
    let rule = of(&["rule_id", "rule.id", "ruleId"]);
    let rule_name = of(&["rule_name", "rule.name", "ruleName"]);
    if rule.is_none() && rule_name.is_none() {
        return Said::Unknown;
    }
    let alert = of(&["alert_id", "alert.id", "alertId"]);
    // The uuid is of one run of an alert from its start to its recovery: both have it.
    let key = of(&["dedup_key", "alert_uuid", "alert.uuid"]).or_else(|| {
        let rule = rule.clone().or_else(|| rule_name.clone())?;
        Some(match &alert {
            Some(alert) => format!("{rule}:{alert}"),
            None => rule,
        })
    });
    let group = of(&["action_group", "alert.actionGroup", "alertActionGroup"]);
    let is_over = group
        .as_deref()
        .is_some_and(|group| group.eq_ignore_ascii_case("recovered"));
    let said = of(&["action", "event_action"]).and_then(|word| generic::action_of(&word));
    let message = of(&["message", "context.message", "reason", "context.reason"]);
    let title = of(&["summary", "title"]).or_else(|| match (&rule_name, &alert) {
        (Some(rule), Some(alert)) if alert != rule => Some(format!("{rule}: {alert}")),
        (Some(rule), _) => Some(rule.clone()),
        (None, _) => message.clone(),
    });
    Draft {
        action: Some(if is_over {
            Action::Resolve
        } else {
            said.unwrap_or(Action::Trigger)
        }),
        key,
        title,
        source: of(&["source", "host", "context.host.name"]).or_else(|| alert.clone()),
        severity: Some(severity_of(of(&["severity"]), settings.scale(), warnings)),
        class: of(&["rule_type", "rule.type"]),
        group: of(&["space_id", "rule.spaceId", "spaceId"]),
        component: rule_name,
        links: vec![
            ("Rule", of(&["rule_url", "rule.url", "ruleUrl"])),
            ("Alert", of(&["alert_url", "context.alertDetailsUrl"])),
        ],
        details: rest_of(item, &["rule_url"]),
        at: item.get("date").or_else(|| item.get("timestamp")),
        ..Draft::default()
    }
    .into()
}
