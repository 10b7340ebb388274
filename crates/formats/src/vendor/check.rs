//! Monitors that run a command: Nagios, Naemon, Icinga, Checkmk and Monit. `quarterdeck send` posts
//! generic events of theirs; a curl in the command posts their macros as they are, by form or JSON.
//! Both make the same keys (WIRE-FORMATS.md §1.9, §1.17).

use domain::Timestamp;
use domain::signal::Delivery;
use domain::word::{Action, AlertSeverity};
use serde_json::Value;

use super::Said;
use crate::draft::{Draft, rest_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::warning::{Warnings, quoted};
use crate::{FormatError, Parsed, note, read};

pub(crate) fn nagios(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("Nagios", request, settings, now, |item, warnings| {
        notification(item, settings, nagios_key, warnings)
    })
}

pub(crate) fn icinga(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("Icinga", request, settings, now, |item, warnings| {
        notification(item, settings, nagios_key, warnings)
    })
}

pub(crate) fn checkmk(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("Checkmk", request, settings, now, |item, warnings| {
        notification(item, settings, checkmk_key, warnings)
    })
}

pub(crate) fn monit(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("Monit", request, settings, now, |item, _| {
        monit_event(item, settings)
    })
}

type Key = fn(&str, Option<&str>, Option<&str>) -> String;

fn nagios_key(host: &str, service: Option<&str>, _: Option<&str>) -> String {
    match service {
        Some(service) => format!("event_source=service;host_name={host};service_desc={service}"),
        None => format!("event_source=host;host_name={host}"),
    }
}

fn checkmk_key(host: &str, service: Option<&str>, address: Option<&str>) -> String {
    let key = format!(
        "{}/{host}:{}",
        service.unwrap_or("HOST"),
        address.unwrap_or_default()
    );
    key.replace(' ', "")
}

/// A macro by its name, with any of the prefixes it travels with; `$NAME$` is one nobody filled in.
fn field(item: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        ["", "NAGIOS_", "ICINGA_", "NOTIFY_", "MONIT_"]
            .iter()
            .find_map(|prefix| {
                let found = item.get(format!("{prefix}{name}")).and_then(read::scalar);
                found.or_else(|| {
                    let lower = format!("{prefix}{name}").to_lowercase();
                    item.get(lower).and_then(read::scalar)
                })
            })
            .filter(|text| !(text.len() > 2 && text.starts_with('$') && text.ends_with('$')))
    })
}

fn notification<'a>(
    item: &'a Value,
    settings: &Settings,
    key: Key,
    warnings: &mut Warnings,
) -> Said<'a> {
    let (Some(kind), Some(host)) = (
        field(item, &["NOTIFICATIONTYPE"]),
        field(item, &["HOSTNAME", "HOSTDISPLAYNAME"]),
    ) else {
        return Said::Unknown;
    };
    let of_host = field(item, &["WHAT"]).as_deref() == Some("HOST");
    let service =
        field(item, &["SERVICEDESC", "SERVICENAME", "SERVICEDISPLAYNAME"]).filter(|_| !of_host);
    let address = field(item, &["HOSTADDRESS"]);
    let (state, output) = if service.is_some() {
        (
            field(item, &["SERVICESTATE"]),
            field(item, &["SERVICEOUTPUT"]),
        )
    } else {
        (field(item, &["HOSTSTATE"]), field(item, &["HOSTOUTPUT"]))
    };
    let of = match &service {
        Some(service) => format!("{service} on {host}"),
        None => host.clone(),
    };
    let mut dedup_key = key(&host, service.as_deref(), address.as_deref());
    let scale = settings.scale();
    let known = state.as_deref().and_then(|state| scale.read(state));
    let shown = state.as_deref().unwrap_or("in an unknown state");
    let kind = kind.to_uppercase();
    let told = field(item, &["NOTIFICATIONCOMMENT"]).or_else(|| output.clone());
    let author = field(item, &["NOTIFICATIONAUTHOR", "NOTIFICATIONAUTHORNAME"]);
    if let Some(text) = note::of_notification(&kind, &of, author.as_deref(), told.as_deref()) {
        return noted(item, dedup_key, text, host);
    }
    let (action, title, severity) = match &*kind {
        "PROBLEM" => (Action::Trigger, format!("{of} is {shown}"), known),
        "RECOVERY" => (Action::Resolve, format!("{of} is {shown}"), known),
        "ACKNOWLEDGEMENT" => (
            Action::Acknowledge,
            format!("{of} is acknowledged in the monitor"),
            known,
        ),
        "FLAPPINGSTART" => {
            dedup_key.push_str(";flapping");
            let flapping = scale.chosen(&kind).unwrap_or(AlertSeverity::Warning);
            (Action::Trigger, format!("{of} is flapping"), Some(flapping))
        }
        "FLAPPINGSTOP" | "FLAPPINGEND" | "FLAPPINGDISABLED" => {
            dedup_key.push_str(";flapping");
            let warning = Some(AlertSeverity::Warning);
            (
                Action::Resolve,
                format!("{of} has stopped flapping"),
                warning,
            )
        }
        other => {
            warnings.note(format!(
                "NOTIFICATIONTYPE {} is not known: used PROBLEM",
                quoted(other)
            ));
            (Action::Trigger, format!("{of} is {shown}"), known)
        }
    };
    Draft {
        action: Some(action),
        key: Some(dedup_key),
        title: Some(match output {
            Some(output) => format!("{title}: {output}"),
            None => title,
        }),
        source: Some(host),
        severity: Some(severity.unwrap_or_else(|| scale.fallback())),
        component: service,
        group: field(
            item,
            &["HOSTGROUPNAME", "SERVICEGROUPNAME", "HOSTGROUPNAMES"],
        ),
        links: vec![(
            "Notes",
            field(
                item,
                &["SERVICENOTESURL", "HOSTNOTESURL", "SERVICEURL", "HOSTURL"],
            ),
        )],
        // The pager holds the key of the integration.
        details: rest_of(
            item,
            &["CONTACTPAGER", "NAGIOS_CONTACTPAGER", "PARAMETER_KEY"],
        ),
        at: time_of(item),
        ..Draft::default()
    }
    .into()
}

fn time_of(item: &Value) -> Option<&Value> {
    ["TIMET", "NAGIOS_TIMET", "NOTIFY_MICROTIME", "MICROTIME"]
        .iter()
        .find_map(|name| item.get(*name))
}

/// A note is the same again when it says the same of the same time; without a time each counts.
fn noted<'a>(item: &'a Value, dedup_key: String, text: String, host: String) -> Said<'a> {
    let times = ["TIMET", "MICROTIME", "LONGDATETIME", "SHORTDATETIME"];
    let time = field(item, &times);
    Draft {
        action: Some(Action::Note),
        severity: Some(AlertSeverity::Info),
        delivery: time.map(|time| Delivery::of_note(&dedup_key, &time, &text)),
        key: Some(dedup_key),
        title: Some(text),
        source: Some(host),
        at: time_of(item),
        ..Draft::default()
    }
    .into()
}

fn monit_event<'a>(item: &'a Value, settings: &Settings) -> Said<'a> {
    let Some(service) = field(item, &["SERVICE"]) else {
        return Said::Unknown;
    };
    let event = field(item, &["EVENT"]).unwrap_or_else(|| "Event".to_owned());
    let host = field(item, &["HOST"]).unwrap_or_else(|| "monit".to_owned());
    let lower = event.to_lowercase();
    if lower.starts_with("monit instance") || lower == "action done" {
        return Said::Nothing("an event about Monit itself");
    }
    let good = ["succeeded", "recovery", "recovered", " up", " ok"];
    let over = lower == "exists"
        || lower.ends_with("not changed")
        || good.iter().any(|end| lower.ends_with(end));
    let title = format!("{service} on {host}: {event}");
    Draft {
        action: Some(if over {
            Action::Resolve
        } else {
            Action::Trigger
        }),
        key: Some(format!("monit:{host}:{service}")),
        title: Some(match field(item, &["DESCRIPTION"]) {
            Some(said) => format!("{title} ({said})"),
            None => title,
        }),
        source: Some(host),
        severity: Some(settings.severity()),
        component: Some(service),
        details: rest_of(item, &[]),
        at: item.get("MONIT_DATE").or_else(|| item.get("DATE")),
        ..Draft::default()
    }
    .into()
}
