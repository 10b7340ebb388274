//! New Relic: issues of workflows, and incidents of the older channels (WIRE-FORMATS.md §1.8).

use domain::Timestamp;
use domain::word::{Action, AlertSeverity};
use serde_json::Value;

use super::Said;
use crate::draft::{Draft, rest_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::warning::{Warnings, quoted};
use crate::{FormatError, Parsed, read};

const WHO: &str = "New Relic";

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each(WHO, request, settings, now, |item, warnings| {
        if read::text(item, "current_state").is_some() {
            legacy(item, settings, warnings)
        } else {
            issue(item, settings, warnings)
        }
    })
}

fn action_of(state: &str, warnings: &mut Warnings) -> Action {
    match state.to_lowercase().as_str() {
        "created" | "activated" | "open" => Action::Trigger,
        "acknowledged" => Action::Acknowledge,
        "closed" | "deactivated" => Action::Resolve,
        _ => {
            warnings.note(format!(
                "state {} is not one of New Relic's: used \"trigger\"",
                quoted(state)
            ));
            Action::Trigger
        }
    }
}

fn severity_of(word: Option<String>, settings: &Settings) -> AlertSeverity {
    let word = word.unwrap_or_default();
    let scale = settings.scale();
    scale
        .chosen(&word)
        .unwrap_or_else(|| match &*word.to_uppercase() {
            "CRITICAL" => AlertSeverity::Critical,
            "HIGH" => AlertSeverity::Error,
            "MEDIUM" | "WARNING" => AlertSeverity::Warning,
            "LOW" | "INFO" => AlertSeverity::Info,
            _ => scale.fallback(),
        })
}

fn issue<'a>(item: &'a Value, settings: &Settings, warnings: &mut Warnings) -> Said<'a> {
    let Some(id) = read::first(item, &["id", "issueId"]) else {
        return Said::Unknown;
    };
    let state = read::first(item, &["state", "status"]).unwrap_or_else(|| "CREATED".to_owned());
    Draft {
        action: Some(action_of(&state, warnings)),
        key: Some(id),
        title: read::joined(item, "title"),
        source: read::joined(item, "impactedEntities")
            .or_else(|| read::joined(item, "entities"))
            .or_else(|| read::joined(item, "alertPolicyNames")),
        severity: Some(severity_of(read::text(item, "priority"), settings)),
        class: read::joined(item, "alertConditionNames"),
        group: read::joined(item, "alertPolicyNames"),
        links: vec![
            ("Issue", read::first(item, &["issueUrl", "issueLink"])),
            ("Runbook", read::first(item, &["runbookUrl", "runbook_url"])),
        ],
        details: rest_of(item, &["issueUrl", "title"]),
        at: item.get("createdAt"),
        ..Draft::default()
    }
    .into()
}

fn legacy<'a>(item: &'a Value, settings: &Settings, warnings: &mut Warnings) -> Said<'a> {
    let state = read::text(item, "current_state").unwrap_or_default();
    let condition = read::text(item, "condition_name");
    let details = read::text(item, "details");
    let title = match (&condition, &details) {
        (Some(condition), Some(details)) => Some(format!("{condition}: {details}")),
        _ => condition.clone().or(details),
    };
    if title.is_none() && read::text(item, "incident_id").is_none() {
        return Said::Unknown;
    }
    Draft {
        action: Some(action_of(&state, warnings)),
        key: read::text(item, "incident_id"),
        title,
        source: read::first(item, &["targets.0.name", "account_name", "policy_name"]),
        severity: Some(severity_of(read::text(item, "severity"), settings)),
        class: condition,
        group: read::text(item, "policy_name"),
        links: vec![
            ("Incident", read::text(item, "incident_url")),
            ("Runbook", read::text(item, "runbook_url")),
            ("Chart", read::text(item, "violation_chart_url")),
        ],
        details: rest_of(item, &["incident_url", "runbook_url"]),
        at: item.get("timestamp"),
        ..Draft::default()
    }
    .into()
}
