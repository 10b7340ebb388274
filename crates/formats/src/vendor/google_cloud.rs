//! Google Cloud Monitoring, version 1.2 of its webhook and the older ones (WIRE-FORMATS.md §1.15).

use domain::Timestamp;
use domain::word::Action;
use serde_json::Value;

use super::Said;
use crate::draft::{Draft, rest_of, severity_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::severity::Scale;
use crate::warning::Warnings;
use crate::{FormatError, Parsed, read};

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each(
        "Google Cloud Monitoring",
        request,
        settings,
        now,
        |item, warnings| incident(item, settings.scale(), warnings),
    )
}

fn incident<'a>(item: &'a Value, scale: Scale<'_>, warnings: &mut Warnings) -> Said<'a> {
    let Some(incident) = item.get("incident").filter(|incident| incident.is_object()) else {
        return Said::Unknown;
    };
    let of = |names: &[&str]| read::first(incident, names);
    let action = match read::word(incident, "state").as_deref() {
        Some("closed") => Action::Resolve,
        Some("acknowledged") => Action::Acknowledge,
        _ => Action::Trigger,
    };
    Draft {
        action: Some(action),
        key: of(&["incident_id"]),
        title: of(&[
            "documentation.subject",
            "summary",
            "condition_name",
            "policy_name",
        ]),
        source: of(&[
            "resource_name",
            "resource_display_name",
            "resource_id",
            "scoping_project_id",
        ]),
        severity: Some(severity_of(of(&["severity"]), scale, warnings)),
        component: of(&["resource.type", "resource_type_display_name"]),
        class: of(&["metric.type", "condition_name"]),
        group: of(&["policy_name"]),
        links: vec![
            ("Google Cloud", of(&["url"])),
            ("Runbook", of(&["documentation.links.0.url"])),
        ],
        details: rest_of(incident, &["url", "incident_id"]),
        at: incident
            .get("ended_at")
            .filter(|_| action == Action::Resolve)
            .or_else(|| incident.get("started_at")),
        ..Draft::default()
    }
    .into()
}
