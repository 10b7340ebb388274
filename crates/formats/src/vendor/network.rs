//! Monitors of networks: PRTG and LibreNMS, both by templates of their users; ours are in
//! docs/monitors.md (WIRE-FORMATS.md §1.17).

use domain::Timestamp;
use domain::word::{Action, AlertSeverity};
use serde_json::Value;

use super::Said;
use crate::draft::{Draft, rest_of, severity_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::severity::Scale;
use crate::warning::Warnings;
use crate::{FormatError, Parsed, read};

pub(crate) fn prtg(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("PRTG", request, settings, now, |item, _| {
        let of = |names: &[&str]| read::first(item, names);
        let Some(status) = of(&["status", "state"]) else {
            return Said::Unknown;
        };
        let Some(sensor) = of(&["sensorid", "sensor_id", "id"]) else {
            return Said::Unknown;
        };
        let (action, severity) = prtg_state(&status, settings);
        let name = of(&["name", "sensor"]);
        let device = of(&["device", "host"]);
        let of_what = [device.clone(), name.clone()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(": ");
        let of_what = if of_what.is_empty() {
            format!("Sensor {sensor}")
        } else {
            of_what
        };
        Draft {
            action: Some(action),
            key: Some(format!("sensor:{sensor}")),
            title: Some(match of(&["msg", "message"]) {
                Some(message) => format!("{of_what} is {status} ({message})"),
                None => format!("{of_what} is {status}"),
            }),
            source: device.or(Some(of_what)),
            severity: Some(severity),
            component: name,
            group: of(&["group", "probe"]),
            class: of(&["sensortype"]),
            links: vec![("Sensor", of(&["link", "linksensor"]))],
            details: rest_of(item, &["link"]),
            at: item.get("dt").or_else(|| item.get("datetime")),
            ..Draft::default()
        }
        .into()
    })
}

/// What follows `(now: ` in any of the languages, where a state has ended.
fn prtg_now(lower: &str) -> Option<&str> {
    ["now", "jetzt", "maintenant", "ahora"]
        .iter()
        .find_map(|word| {
            let (_, rest) = lower.split_once(&format!("({word}"))?;
            let state = rest.trim_start().strip_prefix(':')?.trim();
            let state = state.strip_suffix(')').unwrap_or(state).trim_end();
            (!state.is_empty()).then_some(state)
        })
}

/// PRTG writes its states in the language of its server, with what was before in front of them:
/// `Down ended (now: Up)`, `Down (Acknowledged)`, `Fehler`. What is now counts alone: a warning may
/// have ended because the sensor is down.
fn prtg_state(status: &str, settings: &Settings) -> (Action, AlertSeverity) {
    let lower = status.to_lowercase();
    let lower = prtg_now(&lower).unwrap_or(&lower);
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let starts = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    if has(&["acknowledged", "bestätigt", "reconnu", "confirmad"]) {
        return (Action::Acknowledge, settings.severity());
    }
    if has(&["ended", "beendet"])
        || starts(&["up", "ok", "disponible", "operacional"])
        || starts(&["paused", "pausiert"])
    {
        return (Action::Resolve, settings.severity());
    }
    // `Down (Partial)`: whole, or by what it begins with.
    let of_owner = [
        Some(lower),
        lower.split('(').next(),
        lower.split_whitespace().next(),
    ];
    let severity = if let Some(chosen) = settings.scale().first_chosen(of_owner) {
        chosen
    } else if starts(&["warning", "warnung", "avertissement", "advertencia"]) {
        AlertSeverity::Warning
    } else if starts(&["unusual", "ungewöhnlich", "inhabituel", "inusual"]) {
        AlertSeverity::Info
    } else if starts(&["down", "fehler", "panne", "error"]) {
        AlertSeverity::Critical
    } else {
        settings.severity()
    };
    (Action::Trigger, severity)
}

pub(crate) fn librenms(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("LibreNMS", request, settings, now, |item, warnings| {
        librenms_alert(item, settings.scale(), warnings)
    })
}

fn librenms_alert<'a>(item: &'a Value, scale: Scale<'_>, warnings: &mut Warnings) -> Said<'a> {
    let of = |names: &[&str]| read::first(item, names);
    let state = of(&["state"]);
    let Some(key) = of(&["alert_id", "id", "uid"]) else {
        return Said::Unknown;
    };
    let sent = of(&["severity"]);
    let is_ok = sent
        .as_deref()
        .is_some_and(|word| word.eq_ignore_ascii_case("ok"));
    let action = match state.as_deref() {
        // Numbers come as texts; 3 is worse, 4 better, 5 changed: it still burns.
        Some("0") => Action::Resolve,
        Some("2") => Action::Acknowledge,
        None if is_ok => Action::Resolve,
        _ => Action::Trigger,
    };
    let rule = of(&["rule", "name"]);
    let host = of(&["hostname", "sysName", "display"]);
    let title = of(&["title"]).or_else(|| match (&host, &rule) {
        (Some(host), Some(rule)) => Some(format!("{rule} on {host}")),
        (host, rule) => rule.clone().or_else(|| host.clone()),
    });
    Draft {
        action: Some(action),
        key: Some(key),
        title,
        source: host,
        severity: Some(severity_of(sent.filter(|_| !is_ok), scale, warnings)),
        component: of(&["os", "hardware"]),
        group: of(&["location"]),
        class: rule,
        links: vec![("Alert", of(&["link", "url"])), ("Runbook", of(&["proc"]))],
        details: rest_of(item, &["alert_id"]),
        at: item.get("timestamp"),
        ..Draft::default()
    }
    .into()
}
