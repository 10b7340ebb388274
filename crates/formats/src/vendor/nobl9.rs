//! Nobl9's webhook, with its default variables and with ours (docs/monitors.md).

use domain::Timestamp;
use domain::word::Action;
use serde_json::Value;

use super::Said;
use crate::draft::{Draft, rest_of, severity_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::warning::Warnings;
use crate::{FormatError, Parsed, read};

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("Nobl9", request, settings, now, |item, warnings| {
        alert(item, settings, warnings)
    })
}

fn alert<'a>(item: &'a Value, settings: &Settings, warnings: &mut Warnings) -> Said<'a> {
    let of = |names: &[&str]| read::first(item, names);
    let slo = of(&["slo_name", "slo"]);
    let policy = of(&["alert_policy_name", "alert_policy"]);
    if slo.is_none() && policy.is_none() {
        return Said::Unknown;
    }
    // The event's id is the same when it is over; without it, policy, project, SLO and objective
    // name the condition.
    let key = of(&["alert_id", "event_id"]).unwrap_or_else(|| {
        [
            of(&["project_name", "project"]),
            slo.clone(),
            of(&["objective_name", "objective"]),
            policy.clone(),
        ]
        .map(Option::unwrap_or_default)
        .join("/")
    });
    let is_over = of(&["alert_status", "status"]).is_some_and(|word| {
        ["resolved", "solved", "closed", "cancelled", "canceled"].contains(&&*word.to_lowercase())
    }) || of(&["resolved_time", "cleared_time"]).is_some();
    let title = match (&policy, &slo) {
        (Some(policy), Some(slo)) => Some(format!("{policy}: {slo}")),
        (policy, slo) => policy.clone().or_else(|| slo.clone()),
    };
    Draft {
        action: Some(if is_over {
            Action::Resolve
        } else {
            Action::Trigger
        }),
        key: Some(key),
        title,
        source: of(&["service_name", "service"]),
        severity: Some(severity_of(of(&["severity"]), settings.scale(), warnings)),
        component: slo,
        group: of(&["project_name", "project"]),
        class: policy,
        links: vec![
            ("SLO", of(&["slo_details_link", "nobl9_link"])),
            ("Runbook", of(&["runbook", "runbook_url"])),
        ],
        details: rest_of(item, &["slo_details_link"]),
        at: item.get("timestamp").or_else(|| item.get("iso_timestamp")),
        ..Draft::default()
    }
    .into()
}
