//! Azure Monitor: the common alert schema, and the older ones of metric alerts and classic alerts
//! (WIRE-FORMATS.md §1.14).

use domain::Timestamp;
use domain::word::{Action, AlertSeverity};
use serde_json::{Value, json};

use super::Said;
use crate::draft::Draft;
use crate::request::Request;
use crate::settings::Settings;
use crate::{FormatError, Parsed, read};

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("Azure Monitor", request, settings, now, |item, _| {
        if read::object(item, "data.essentials").is_some() {
            common(item, settings)
        } else if read::object(item, "data.context").is_some() {
            older(item, "data", settings)
        } else if read::object(item, "context").is_some() {
            older(item, "", settings)
        } else {
            Said::Unknown
        }
    })
}

fn severity_of(word: Option<String>, settings: &Settings) -> AlertSeverity {
    let scale = settings.scale();
    word.and_then(|word| {
        // Bare digits stand on Azure's own scale here.
        let of_scale = match word.parse::<u8>() {
            Ok(number) => format!("sev{number}"),
            Err(_) => word.clone(),
        };
        scale.chosen(&word).or_else(|| scale.read(&of_scale))
    })
    .unwrap_or_else(|| scale.fallback())
}

fn action_of(state: Option<String>) -> Action {
    match state.as_deref() {
        Some("resolved" | "deactivated") => Action::Resolve,
        _ => Action::Trigger,
    }
}

fn common<'a>(item: &'a Value, settings: &Settings) -> Said<'a> {
    let Some(essentials) = read::at(item, "data.essentials") else {
        return Said::Unknown;
    };
    let target = read::first(essentials, &["configurationItems.0", "alertTargetIDs.0"]);
    let resource = target.as_deref().map(|target| last_part(target).to_owned());
    Draft {
        action: Some(action_of(read::word(essentials, "monitorCondition"))),
        key: read::first(essentials, &["alertId", "originAlertId"]),
        title: match (read::text(essentials, "alertRule"), &resource) {
            (Some(rule), Some(resource)) => Some(format!("{rule}: {resource}")),
            (rule, _) => rule.or_else(|| read::text(essentials, "description")),
        },
        source: resource,
        severity: Some(severity_of(read::text(essentials, "severity"), settings)),
        class: read::text(essentials, "signalType"),
        group: read::text(essentials, "targetResourceGroup"),
        component: read::text(essentials, "monitoringService"),
        links: vec![
            ("Azure", read::text(essentials, "investigationLink")),
            (
                "Results",
                read::first(
                    item,
                    &[
                        "data.alertContext.condition.allOf.0.linkToSearchResultsUI",
                        "data.alertContext.LinkToSearchResults",
                    ],
                ),
            ),
        ],
        details: json!({
            "essentials": essentials,
            "context": read::at(item, "data.alertContext"),
            "custom": read::at(item, "data.customProperties"),
        }),
        at: essentials
            .get("resolvedDateTime")
            .filter(|at| at.as_str().is_some_and(|text| !text.is_empty()))
            .or_else(|| essentials.get("firedDateTime")),
        ..Draft::default()
    }
    .into()
}

/// `AzureMonitorMetricAlert` has `status` and `context` in `data`, classic alerts have both on top.
fn older<'a>(item: &'a Value, inside: &str, settings: &Settings) -> Said<'a> {
    let body = if inside.is_empty() {
        item
    } else {
        item.get(inside).unwrap_or(item)
    };
    let Some(context) = body.get("context") else {
        return Said::Unknown;
    };
    let activity = read::object(context, "activityLog").is_some();
    Draft {
        action: Some(action_of(read::word(body, "status").filter(|_| !activity))),
        key: read::first(context, &["id", "activityLog.correlationId"]),
        title: read::first(
            context,
            &[
                "name",
                "activityLog.properties.title",
                "activityLog.operationName",
                "description",
            ],
        ),
        source: read::first(
            context,
            &["resourceName", "activityLog.resourceId", "resourceId"],
        )
        .map(|id| last_part(&id).to_owned()),
        severity: Some(severity_of(read::text(context, "severity"), settings)),
        class: read::first(context, &["conditionType", "condition.metricName"]),
        group: read::first(
            context,
            &["resourceGroupName", "activityLog.resourceGroupName"],
        ),
        links: vec![("Azure", read::text(context, "portalLink"))],
        details: context.clone(),
        at: context.get("timestamp"),
        ..Draft::default()
    }
    .into()
}

fn last_part(resource: &str) -> &str {
    resource
        .rsplit('/')
        .find(|part| !part.is_empty())
        .unwrap_or(resource)
}
