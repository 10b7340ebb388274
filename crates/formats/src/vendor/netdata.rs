//! netdata: the webhook of its cloud, with the handshake that proves the address is ours, and the
//! JSON of the agent's Opsgenie hook (WIRE-FORMATS.md §1.3, §1.17).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use domain::word::{Action, AlertSeverity};
use serde_json::{Value, json};

use super::Said;
use crate::draft::{Draft, rest_of};
use crate::format::Reply;
use crate::request::Request;
use crate::settings::Settings;
use crate::warning::{Warnings, quoted};
use crate::{FormatError, Parsed, read, signature};

/// netdata's cloud asks, with a GET, for the HMAC of a token under the secret it shows its user.
pub(crate) fn handshake(
    request: &Request<'_>,
    settings: &Settings,
) -> Option<Result<Reply, FormatError>> {
    let token = request.query_value("crc_token")?;
    let Some(secret) = &settings.secret else {
        return Some(Err(FormatError::InvalidEvent {
            reason: "netdata asks for a proof that needs its secret: set the secret of this \
                     integration to the one that netdata shows, and verify again."
                .to_owned(),
        }));
    };
    let mac = signature::hmac_sha256(secret.reveal().as_bytes(), &[token.as_bytes()]);
    Some(Ok(Reply::json(
        200,
        json!({ "response_token": format!("sha256={}", STANDARD.encode(mac)) }),
    )))
}

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("netdata", request, settings, now, |item, warnings| {
        if read::text(item, "alarmId").is_some() || read::text(item, "unique_id").is_some() {
            agent(item, settings, warnings)
        } else if read::object(item, "status").is_some() {
            reachability(item, settings)
        } else if read::text(item, "alert").is_some() {
            cloud(item, settings, warnings)
        } else {
            Said::Unknown
        }
    })
}

fn of_status(
    word: Option<String>,
    settings: &Settings,
    warnings: &mut Warnings,
) -> Option<(Action, AlertSeverity)> {
    let word = word.unwrap_or_default();
    let chosen = settings.scale().chosen(&word);
    let (action, severity) = match &*word.to_uppercase() {
        "CRITICAL" => (Action::Trigger, AlertSeverity::Critical),
        "WARNING" => (Action::Trigger, AlertSeverity::Warning),
        "CLEAR" | "REMOVED" => (Action::Resolve, AlertSeverity::Info),
        "UNINITIALIZED" | "UNDEFINED" => return None,
        _ => {
            if chosen.is_none() {
                warnings.note(format!("status {} is not netdata's", quoted(&word)));
            }
            (Action::Trigger, settings.severity())
        }
    };
    Some((action, chosen.unwrap_or(severity)))
}

fn cloud<'a>(item: &'a Value, settings: &Settings, warnings: &mut Warnings) -> Said<'a> {
    let of = |names: &[&str]| read::first(item, names);
    let Some((action, severity)) = of_status(of(&["severity"]), settings, warnings) else {
        return Said::Nothing("the alarm has no value yet");
    };
    let alert = of(&["alert"]).unwrap_or_default();
    let node = of(&["node", "host", "hostname", "context.node"]);
    // The name of a chart alone is not unique among nodes; where no node is told its address is.
    let key = [
        of(&["space"]),
        node.clone(),
        of(&["chart"]),
        Some(alert.clone()),
    ]
    .map(Option::unwrap_or_default)
    .join("/");
    Draft {
        action: Some(action),
        key: Some(key),
        title: of(&["message", "info"]).or(Some(alert.clone())),
        source: node.or_else(|| of(&["space"])),
        severity: Some(severity),
        component: of(&["chart"]),
        group: of(&["space"]),
        class: Some(alert),
        links: vec![("netdata", of(&["alert_url"]))],
        details: rest_of(item, &["alert_url"]),
        at: item.get("date").or_else(|| item.get("timestamp")),
        ..Draft::default()
    }
    .into()
}

fn reachability<'a>(item: &'a Value, settings: &Settings) -> Said<'a> {
    let Some(reachable) = read::at(item, "status.reachable").and_then(Value::as_bool) else {
        return Said::Unknown;
    };
    let host = read::first(item, &["host", "node", "hostname"]);
    Draft {
        action: Some(if reachable {
            Action::Resolve
        } else {
            Action::Trigger
        }),
        key: Some(format!("reachable/{}", host.clone().unwrap_or_default())),
        title: read::text(item, "message").or_else(|| {
            host.as_ref().map(|host| {
                format!(
                    "{host} is {}",
                    if reachable {
                        "reachable"
                    } else {
                        "unreachable"
                    }
                )
            })
        }),
        source: host,
        severity: Some(reachability_severity(item, settings)),
        class: Some("reachability".to_owned()),
        links: vec![("netdata", read::text(item, "url"))],
        details: rest_of(item, &["url"]),
        ..Draft::default()
    }
    .into()
}

fn reachability_severity(item: &Value, settings: &Settings) -> AlertSeverity {
    let word = read::word(item, "severity").unwrap_or_default();
    let scale = settings.scale();
    let known = (word == "warning").then_some(AlertSeverity::Warning);
    (scale.chosen(&word).or(known)).unwrap_or_else(|| scale.fallback())
}

/// `alarmId` is one of an alarm on its host; `unique_id` differs each time.
fn agent<'a>(item: &'a Value, settings: &Settings, warnings: &mut Warnings) -> Said<'a> {
    let of = |names: &[&str]| read::first(item, names);
    let Some((action, severity)) = of_status(of(&["status"]), settings, warnings) else {
        return Said::Nothing("the alarm has no value yet");
    };
    let host = of(&["host"]);
    let name = of(&["name", "chart"]);
    let key = of(&["alarmId"])
        .map(|alarm| format!("netdata:{}:{alarm}", host.clone().unwrap_or_default()))
        .or_else(|| {
            let chart = of(&["chart"]).unwrap_or_default();
            let host = host.clone().unwrap_or_default();
            Some(format!("netdata:{host}:{chart}:{}", name.clone()?))
        });
    let info = of(&["info"]);
    Draft {
        action: Some(action),
        key,
        title: match (&name, info) {
            (Some(name), Some(info)) => Some(format!("{name}: {info}")),
            (name, info) => name.clone().or(info),
        },
        source: host,
        severity: Some(severity),
        component: of(&["chart"]),
        group: of(&["family"]),
        class: name,
        details: rest_of(item, &[]),
        at: item.get("when"),
        ..Draft::default()
    }
    .into()
}
