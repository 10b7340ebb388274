//! Watchers of websites and jobs from outside: Uptime Kuma, UptimeRobot, Pingdom, Healthchecks,
//! StatusCake and updown.io (WIRE-FORMATS.md §1.16).

use domain::Timestamp;
use domain::word::{Action, AlertSeverity};
use serde_json::{Value, json};

use super::Said;
use crate::draft::{Draft, rest_of};
use crate::request::{Encoding, Request};
use crate::settings::Settings;
use crate::{FormatError, Parsed, generic, json, read};

/// Uptime Kuma: JSON, a form field `data`, or its parts as JSON in the address.
pub(crate) fn kuma(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    let (value, encoding) = request.fields();
    // A part that is a text of JSON is what it says.
    let unpacked = match &value {
        Value::Object(fields) if encoding != Encoding::Json => {
            match fields.get("data").and_then(Value::as_str) {
                Some(data) => json::inside(data),
                None => Some(
                    fields
                        .iter()
                        .map(|(name, value)| {
                            let inner = value
                                .as_str()
                                .filter(|_| name != "msg")
                                .and_then(json::inside);
                            (name.clone(), inner.unwrap_or_else(|| value.clone()))
                        })
                        .collect(),
                ),
            }
        }
        _ => None,
    };
    let fields = (unpacked.unwrap_or(value), encoding);
    super::each_of("Uptime Kuma", request, fields, settings, now, |item, _| {
        kuma_beat(item, settings)
    })
}

fn kuma_beat<'a>(item: &'a Value, settings: &Settings) -> Said<'a> {
    let message = read::text(item, "msg");
    let name = read::first(item, &["monitor.name", "monitor.pathName", "monitorName"]);
    let id = read::first(
        item,
        &["monitor.id", "heartbeat.monitorID", "heartbeat.monitor_id"],
    );
    if message.is_none() && name.is_none() && id.is_none() {
        return Said::Unknown;
    }
    let beat = item.get("heartbeat").filter(|beat| beat.is_object());
    if let (None, None, None, Some(message)) = (beat, &id, &name, &message) {
        return kuma_notice(item, message, settings);
    }
    let address = read::text(item, "monitor.url").filter(|url| url.len() > "https://".len());
    let title = match (&name, read::text(item, "heartbeat.msg")) {
        (Some(name), Some(message)) => Some(format!("{name}: {message}")),
        (name, _) => message.clone().or_else(|| name.clone()),
    };
    let (action, severity) = match read::text(item, "heartbeat.status").as_deref() {
        Some("0") => (Action::Trigger, settings.severity()),
        Some("1") => (Action::Resolve, settings.severity()),
        Some("2") => return Said::Nothing("the monitor is pending"),
        Some("3") => return Said::Nothing("the monitor is in maintenance"),
        // A certificate that expires soon.
        _ => (Action::Trigger, AlertSeverity::Info),
    };
    let key = id.map(|id| match beat {
        Some(_) => format!("monitor:{id}"),
        None => format!("monitor:{id}:notice"),
    });
    Draft {
        action: Some(action),
        key,
        title,
        source: read::text(item, "monitor.hostname")
            .or_else(|| address.clone())
            .or_else(|| name.clone()),
        severity: Some(severity),
        component: name,
        class: read::text(item, "monitor.type"),
        links: vec![("Monitored address", address)],
        details: json!({
            "heartbeat": beat,
            "message": message,
            "tags": read::at(item, "monitor.tags"),
            "description": read::at(item, "monitor.description"),
        }),
        at: read::at(item, "heartbeat.time"),
        ..Draft::default()
    }
    .into()
}

/// What is about no heartbeat: a test, or `[name][address] server certificate … will expire in 7
/// days`, which names its monitor in the message only.
fn kuma_notice<'a>(item: &'a Value, message: &str, settings: &Settings) -> Said<'a> {
    // `NAME Testing`, by the name of the notification; a monitor may be called anything.
    if message.ends_with("Testing") {
        return Said::Nothing("a test of Uptime Kuma arrived: all is well");
    }
    let about = message.strip_prefix('[').and_then(|rest| {
        let (name, rest) = rest.split_once("][")?;
        Some((name, rest.split_once("] ")?.0))
    });
    let key = match about {
        Some((name, address)) => format!("notice:{name}|{address}"),
        // The days that are left differ each time.
        None => format!(
            "notice:{}",
            message.replace(|c: char| c.is_ascii_digit(), "")
        ),
    };
    let is_null = |name: &str| item.get(name).is_some_and(Value::is_null);
    Draft {
        key: Some(key),
        title: Some(message.to_owned()),
        source: about.map(|(name, _)| name.to_owned()),
        // A body of its user's own may hold the message alone, and that of a monitor that is down.
        severity: Some(match is_null("heartbeat") && is_null("monitor") {
            true => AlertSeverity::Info,
            false => settings.severity(),
        }),
        component: about.map(|(name, _)| name.to_owned()),
        links: vec![(
            "Monitored address",
            about.map(|(_, address)| address.to_owned()),
        )],
        details: rest_of(item, &[]),
        ..Draft::default()
    }
    .into()
}

pub(crate) fn robot(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    // The fields may stand in the address although there is a body.
    let (mut fields, mut encoding) = request.fields();
    if read::text(&fields, "alertType").is_none() && request.query.contains("alertType") {
        (fields, encoding) = (Value::Object(request.query_fields()), Encoding::Query);
    }
    super::each_of(
        "UptimeRobot",
        request,
        (fields, encoding),
        settings,
        now,
        |item, _| {
            let of = |names: &[&str]| read::first(item, names);
            let Some(kind) = of(&["alertType", "alert_type"]) else {
                return Said::Unknown;
            };
            let word = of(&["alertTypeFriendlyName"])
                .unwrap_or_default()
                .to_lowercase();
            let (action, severity, suffix) = match (&*kind, &*word) {
                ("2", _) | (_, "up") => (Action::Resolve, settings.severity(), ""),
                ("3", _) => (Action::Trigger, AlertSeverity::Warning, ":ssl"),
                _ => (Action::Trigger, settings.severity(), ""),
            };
            let chosen = settings.scale().first_chosen([Some(&*kind), Some(&*word)]);
            let name = of(&["monitorFriendlyName", "monitorURL"]);
            let details = of(&["alertDetails"]);
            Draft {
                action: Some(action),
                key: of(&["monitorID", "monitorURL", "monitorFriendlyName"])
                    .map(|id| format!("monitor:{id}{suffix}")),
                title: match (&name, &details) {
                    (Some(name), Some(details)) => Some(format!("{name}: {details}")),
                    _ => name.clone().or(details),
                },
                source: of(&["monitorURL"]).or_else(|| name.clone()),
                severity: Some(chosen.unwrap_or(severity)),
                component: name,
                links: vec![("Monitored address", of(&["monitorURL"]))],
                details: rest_of(item, &["apiKey"]),
                at: item.get("alertDateTime"),
                ..Draft::default()
            }
            .into()
        },
    )
}

pub(crate) fn pingdom(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("Pingdom", request, settings, now, |item, _| {
        let of = |names: &[&str]| read::first(item, names);
        let (Some(id), Some(state)) = (of(&["check_id"]), of(&["current_state"])) else {
            return Said::Unknown;
        };
        let name = of(&["check_name"]);
        let told = of(&["description", "long_description"]);
        Draft {
            action: Some(match &*state.to_uppercase() {
                "UP" | "SUCCESS" | "OK" => Action::Resolve,
                _ => Action::Trigger,
            }),
            key: Some(format!("check:{id}")),
            title: match (&name, told) {
                (Some(name), Some(told)) => Some(format!("{name} is {state}: {told}")),
                (Some(name), None) => Some(format!("{name} is {state}")),
                (None, told) => told,
            },
            source: of(&["check_params.hostname", "check_params.full_url"])
                .or_else(|| name.clone()),
            severity: Some(importance(of(&["importance_level"]), settings)),
            component: name,
            class: of(&["check_type"]),
            links: vec![
                ("Monitored address", of(&["check_params.full_url"])),
                (
                    "Pingdom",
                    id.parse::<u64>()
                        .ok()
                        .map(|id| format!("https://my.pingdom.com/reports/uptime#check={id}")),
                ),
            ],
            details: rest_of(item, &[]),
            at: item
                .get("state_changed_timestamp")
                .or_else(|| item.get("state_changed_utc_time")),
            ..Draft::default()
        }
        .into()
    })
}

fn importance(level: Option<String>, settings: &Settings) -> AlertSeverity {
    let level = level.unwrap_or_default();
    let scale = settings.scale();
    scale.chosen(&level).unwrap_or_else(|| match &*level {
        "HIGH" => AlertSeverity::Critical,
        "LOW" => AlertSeverity::Warning,
        _ => scale.fallback(),
    })
}

/// Healthchecks: every field is its user's template; ours is in docs/monitors.md.
pub(crate) fn healthchecks(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    // The down and the up request often differ in the address only.
    let mut fields = request.fields();
    if let Value::Object(fields) = &mut fields.0 {
        for (name, value) in request.query_fields() {
            fields.entry(name).or_insert(value);
        }
    }
    super::each_of("Healthchecks", request, fields, settings, now, |item, _| {
        let of = |names: &[&str]| read::first(item, names);
        let Some(status) = of(&["status", "action"]) else {
            return Said::Unknown;
        };
        let Some(id) = of(&["code", "uuid", "unique_key", "slug", "name"]) else {
            return Said::Unknown;
        };
        let action = match &*status.to_lowercase() {
            "up" => Action::Resolve,
            "new" | "paused" | "started" => return Said::Nothing("the check is not down"),
            other => generic::action_of(other).unwrap_or(Action::Trigger),
        };
        let name = of(&["name", "slug"]);
        Draft {
            action: Some(action),
            key: Some(format!("check:{id}")),
            title: Some(format!(
                "{} is {}",
                name.clone().unwrap_or_else(|| id.clone()),
                status.to_lowercase()
            )),
            source: name.clone().or(Some(id)),
            severity: Some(settings.severity()),
            component: name,
            group: of(&["project", "tags"]),
            links: vec![("Check", of(&["url", "link"]))],
            details: rest_of(item, &["url"]),
            at: item.get("now").or_else(|| item.get("timestamp")),
            ..Draft::default()
        }
        .into()
    })
}

pub(crate) fn statuscake(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("StatusCake", request, settings, now, |item, _| {
        let of = |names: &[&str]| read::first(item, names);
        let Some(status) = of(&["Status", "status"]) else {
            return Said::Unknown;
        };
        let (name, url) = (of(&["Name", "name"]), of(&["URL", "url"]));
        let key = match of(&["TestID", "test_id", "ID"]) {
            Some(id) => format!("test:{id}"),
            None if name.is_none() && url.is_none() => return Said::Unknown,
            None => format!(
                "{}|{}",
                name.clone().unwrap_or_default(),
                url.clone().unwrap_or_default()
            ),
        };
        let shown = name.clone().or_else(|| url.clone()).unwrap_or_default();
        Draft {
            action: Some(if status.eq_ignore_ascii_case("up") {
                Action::Resolve
            } else {
                Action::Trigger
            }),
            key: Some(key),
            title: Some(match of(&["StatusCode"]) {
                Some(code) if code != "0" => {
                    format!("{shown} is {} ({code})", status.to_lowercase())
                }
                _ => format!("{shown} is {}", status.to_lowercase()),
            }),
            source: url.clone().or_else(|| of(&["IP"])),
            severity: Some(settings.severity()),
            component: name,
            group: of(&["Tags"]),
            links: vec![("Monitored address", url)],
            // The token is a digest of the account's key.
            details: rest_of(item, &["Token"]),
            ..Draft::default()
        }
        .into()
    })
}

pub(crate) fn updown(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("updown.io", request, settings, now, |item, _| {
        let of = |names: &[&str]| read::first(item, names);
        let (Some(event), Some(token)) = (of(&["event"]), of(&["check.token", "check.url"])) else {
            return Said::Unknown;
        };
        let (action, severity, suffix) = match &*event {
            "check.down" | "check.still_down" => (Action::Trigger, settings.severity(), ""),
            "check.up" => (Action::Resolve, settings.severity(), ""),
            "check.ssl_valid" | "check.ssl_renewed" => {
                (Action::Resolve, AlertSeverity::Warning, ":ssl")
            }
            "check.performance_drop" => (Action::Trigger, AlertSeverity::Warning, ":performance"),
            other if other.starts_with("check.ssl_") => {
                (Action::Trigger, AlertSeverity::Warning, ":ssl")
            }
            _ => (Action::Trigger, settings.severity(), ""),
        };
        let severity = settings.scale().chosen(&event).unwrap_or(severity);
        let name = of(&["check.alias", "check.url"]);
        let told = of(&["description", "downtime.error", "ssl.error"]);
        Draft {
            action: Some(action),
            key: Some(format!("check:{token}{suffix}")),
            title: told
                .map(|told| match &name {
                    Some(name) if !told.contains(name.as_str()) => format!("{name}: {told}"),
                    _ => told,
                })
                .or_else(|| Some(format!("{}: {event}", name.clone().unwrap_or_default()))),
            source: of(&["check.url"]),
            severity: Some(severity),
            component: name,
            class: Some(event),
            links: vec![
                ("Monitored address", of(&["check.url"])),
                (
                    "updown.io",
                    of(&["check.token"])
                        .filter(|token| token.bytes().all(|byte| byte.is_ascii_alphanumeric()))
                        .map(|token| format!("https://updown.io/{token}")),
                ),
            ],
            details: json!({
                "downtime": item.get("downtime"),
                "ssl": item.get("ssl"),
                "description": item.get("description"),
            }),
            at: item
                .get("time")
                .or_else(|| read::at(item, "downtime.started_at")),
            ..Draft::default()
        }
        .into()
    })
}
