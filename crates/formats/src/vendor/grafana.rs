//! Grafana: the webhook of its unified alerting, which is Alertmanager's with additions, and the
//! one of its dashboards before version 9 (WIRE-FORMATS.md §1.6).

use domain::Timestamp;
use domain::signal::Signal;
use domain::word::{Action, AlertSeverity};
use serde_json::Value;

use super::Said;
use crate::draft::{Draft, rest_of, severity_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::warning::Warnings;
use crate::{FormatError, Parsed, alertmanager, link, read, signature};

const WHO: &str = "Grafana";

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    signature::grafana(request, settings.secret.as_ref(), now)?;
    let (value, encoding) = request.fields();
    match alertmanager::of_value(WHO, &value, encoding, settings, now) {
        Some(parsed) => Ok(unified(&value, parsed?, settings)),
        None => super::each_of(
            WHO,
            request,
            (value, encoding),
            settings,
            now,
            |item, warnings| legacy(item, settings, warnings),
        ),
    }
}

fn unified(value: &Value, mut parsed: Parsed, settings: &Settings) -> Parsed {
    let bad: Vec<usize> = parsed.rejected.iter().map(|item| item.item).collect();
    let mut bad = bad.into_iter().peekable();
    let alerts = match value.get("alerts").unwrap_or(value) {
        Value::Array(alerts) => &alerts[..],
        one => std::slice::from_ref(one),
    };
    let good = alerts
        .iter()
        .enumerate()
        .filter(|(item, _)| bad.next_if_eq(item).is_none());
    let mut warnings = Warnings::default();
    for (signal, (_, alert)) in parsed.signals.iter_mut().zip(good) {
        add(signal, alert, &mut warnings);
    }
    parsed.warnings.extend(warnings.finish());
    alertmanager::firing_wins(&mut parsed, settings);
    parsed
}

/// What Grafana sends besides Alertmanager's fields.
fn add(signal: &mut Signal, alert: &Value, warnings: &mut Warnings) {
    for known in &mut signal.links {
        if known.text == "Alertmanager" {
            known.text = WHO.to_owned();
        }
    }
    let has_dashboard = signal.links.iter().any(|link| link.text == "Dashboard");
    for (label, field) in [
        ("Panel", "panelURL"),
        ("Dashboard", "dashboardURL"),
        ("Silence", "silenceURL"),
    ] {
        if label == "Dashboard" && has_dashboard {
            continue;
        }
        let address = read::text(alert, field).unwrap_or_default();
        signal
            .links
            .extend(link::labelled(&address, label, warnings));
    }
    let image = read::text(alert, "imageURL").filter(|address| link::is_safe(address));
    signal.images.extend(image.map(|src| domain::signal::Image {
        src,
        href: None,
        alt: None,
    }));
    for field in ["values", "valueString"] {
        if let (Some(value), Some(details)) = (
            alert.get(field).filter(|value| !value.is_null()),
            signal.details.as_object_mut(),
        ) {
            details.insert(field.to_owned(), value.clone());
        }
    }
    // The name of these alerts is the fault, and the rule stands in a label.
    let name = read::text(alert, "labels.alertname").unwrap_or_default();
    if let ("DatasourceNoData" | "DatasourceError", Some(rule)) =
        (&*name, read::text(alert, "labels.rulename"))
        && !signal.summary.contains(&rule)
    {
        signal.summary = crate::text::cut(
            &format!("{}: {rule}", signal.summary),
            domain::signal::SUMMARY_MAX,
        );
    }
}

fn legacy<'a>(item: &'a Value, settings: &Settings, warnings: &mut Warnings) -> Said<'a> {
    let Some(state) = read::word(item, "state") else {
        return Said::Unknown;
    };
    if read::first(item, &["ruleId", "ruleName"]).is_none() {
        return Said::Unknown;
    }
    let action = match &*state {
        "ok" => Action::Resolve,
        "paused" => return Said::Nothing("the rule was paused"),
        "pending" => return Said::Nothing("the rule is pending"),
        _ => Action::Trigger,
    };
    // Where the rule's tags do not say it, its state may.
    let mut scale = settings.scale();
    let of_state = (state == "no_data").then_some(AlertSeverity::Error);
    if let Some(absent) = scale.chosen(&state).or(of_state) {
        scale = scale.with_default(absent);
    }
    Draft {
        action: Some(action),
        key: read::text(item, "ruleId")
            .map(|rule| match read::text(item, "orgId") {
                Some(org) => format!("org:{org}:rule:{rule}"),
                None => format!("rule:{rule}"),
            })
            .or_else(|| read::text(item, "ruleName")),
        title: read::first(item, &["ruleName", "title", "message"]),
        severity: Some(severity_of(
            read::text(item, "tags.severity"),
            scale,
            warnings,
        )),
        component: read::text(item, "tags.service"),
        links: vec![("Rule", read::text(item, "ruleUrl"))],
        image: read::text(item, "imageUrl"),
        details: rest_of(item, &["ruleUrl", "imageUrl", "ruleName"]),
        ..Draft::default()
    }
    .into()
}
