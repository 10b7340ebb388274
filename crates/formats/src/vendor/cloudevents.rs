//! CloudEvents 1.0 over HTTP: structured, binary and batch, with the handshake of its web hooks.
//! Events of CDEvents ride on them and are changes (WIRE-FORMATS.md §1.19).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use domain::change_event::{ChangeKind, ChangeStatus};
use domain::signal::Delivery;
use domain::word::Action;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::Said;
use crate::change::Change;
use crate::draft::{Draft, severity_of};
use crate::format::Reply;
use crate::request::{Encoding, Request};
use crate::settings::Settings;
use crate::warning::Warnings;
use crate::{FormatError, ITEMS_MAX, Parsed, generic, json, read, signature};

const WHO: &str = "CloudEvents";

/// A sender asks whether it may send, and how often.
pub(crate) fn handshake(request: &Request<'_>) -> Option<Reply> {
    if request.method != "OPTIONS" {
        return None;
    }
    let origin = request.header("WebHook-Request-Origin")?;
    Some(Reply {
        status: 200,
        headers: vec![
            ("WebHook-Allowed-Origin", origin.to_owned()),
            ("WebHook-Allowed-Rate", "6000".to_owned()),
            ("Allow", "POST, OPTIONS".to_owned()),
        ],
        body: None,
    })
}

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    signature::standard(request, settings.secret.as_ref(), now)?;
    let (value, encoding) = binary(request).unwrap_or_else(|| request.fields());
    let items = match value {
        Value::Array(items) if items.len() > ITEMS_MAX => {
            return Err(FormatError::TooMany { found: items.len() });
        }
        // A batch may be empty.
        Value::Array(items) => items,
        Value::Null => return Err(FormatError::Empty),
        Value::Object(fields) if fields.is_empty() => return Err(FormatError::Empty),
        other => vec![other],
    };
    let mut parsed = Parsed::default();
    let mut warnings = Warnings::default();
    super::told(encoding, &mut warnings);
    let many = items.len() > 1;
    for (position, mut item) in items.into_iter().enumerate() {
        if many {
            warnings.place = format!("item {position}: ");
        }
        decode(&mut item);
        let kind = read::text(&item, "type").unwrap_or_default();
        if let Some(rest) = kind.strip_prefix("dev.cdevents.") {
            let change = cd_event(&item, rest).finish(WHO, now, &mut warnings);
            parsed.changes.push(change);
            continue;
        }
        match event(&item, settings, &mut warnings) {
            Said::Signal(draft) => {
                let mut signal = draft.finish(WHO, now, &mut warnings);
                signal.delivery = delivery(&item);
                parsed.signals.push(signal);
            }
            Said::Nothing(reason) => warnings.note(reason),
            Said::Unknown => {
                super::fallback(
                    WHO,
                    &item,
                    settings.scale(),
                    now,
                    &mut parsed,
                    &mut warnings,
                );
            }
        }
    }
    parsed.warnings = warnings.finish();
    Ok(parsed)
}

/// Attributes in `ce-` headers, the body is the data.
fn binary(request: &Request<'_>) -> Option<(Value, Encoding)> {
    request.header("ce-type")?;
    let mut event = Map::new();
    for (name, value) in &request.headers {
        let name = name.to_ascii_lowercase();
        if let Some(attribute) = name.strip_prefix("ce-") {
            let text = percent_decode_str(value.trim())
                .decode_utf8_lossy()
                .replace('\0', "\u{FFFD}");
            event.insert(attribute.to_owned(), text.into());
        }
    }
    let (data, encoding) = Request {
        query: "",
        ..request.clone()
    }
    .fields();
    event.insert("data".to_owned(), data);
    Some((Value::Object(event), encoding))
}

/// Data that travels as base64 is put where data belongs.
fn decode(event: &mut Value) {
    let Some(fields) = event.as_object_mut() else {
        return;
    };
    let Some(Value::String(encoded)) = fields.remove("data_base64") else {
        return;
    };
    let Ok(bytes) = STANDARD.decode(encoded.trim()) else {
        fields.insert("data".to_owned(), encoded.into());
        return;
    };
    let data = json::read(&bytes).map_or_else(
        |_| {
            let text = String::from_utf8_lossy(&bytes);
            text.replace('\0', "\u{FFFD}").into()
        },
        |(data, _)| data,
    );
    fields.insert("data".to_owned(), data);
}

fn event<'a>(item: &'a Value, settings: &Settings, warnings: &mut Warnings) -> Said<'a> {
    let (Some(kind), Some(source)) = (read::text(item, "type"), read::text(item, "source")) else {
        return Said::Unknown;
    };
    let of = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| read::text(item, &format!("data.{name}")))
    };
    let subject = read::text(item, "subject");
    let said = of(&["action", "event_action", "status", "state"])
        .and_then(|word| generic::action_of(&word))
        // `com.example.alert.resolved` says it in its type.
        .or_else(|| generic::action_of(kind.rsplit('.').next().unwrap_or_default()));
    let title = of(&["summary", "title", "message", "name", "subject", "text"]).or_else(|| {
        Some(match &subject {
            Some(subject) => format!("{kind}: {subject}"),
            None => kind.clone(),
        })
    });
    // The id is one of the delivery; what it is about is source and subject. Types differ between
    // the beginning and the end of a thing.
    let key = of(&["dedup_key"]).or_else(|| {
        Some(match &subject {
            Some(subject) => format!("{source}|{subject}"),
            None => format!("{source}|{kind}"),
        })
    });
    Draft {
        action: Some(said.unwrap_or(Action::Trigger)),
        key,
        title,
        source: Some(source),
        severity: Some(severity_of(
            of(&["severity"]).or_else(|| read::text(item, "severity")),
            settings.scale(),
            warnings,
        )),
        component: of(&["component"]).or(subject),
        class: Some(kind),
        group: of(&["group"]),
        group_key: of(&["group_key"]),
        links: vec![("Event", of(&["link", "url"]))],
        details: item.clone(),
        at: item.get("time"),
        ..Draft::default()
    }
    .into()
}

/// Source and id tell events apart: a second one of both is the first once more. Headers come in
/// any order.
fn delivery(item: &Value) -> Option<Delivery> {
    let (source, id) = (read::text(item, "source")?, read::text(item, "id")?);
    let fields: BTreeMap<&String, &Value> = item.as_object()?.iter().collect();
    let said = serde_json::to_vec(&fields).ok()?;
    Some(Delivery::of(&[&source, &id], &said))
}

/// `dev.cdevents.service.deployed.0.1.0`: a subject and what happened to it.
fn cd_event(item: &Value, rest: &str) -> Change {
    let mut words = rest.split('.');
    let (subject, happened) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let content = |name: &str| read::text(item, &format!("data.subject.content.{name}"));
    let id = read::first(item, &["data.subject.id", "subject"]);
    let source = read::first(item, &["data.context.source", "source"]);
    let kind = match subject {
        "service" => ChangeKind::Deployment,
        "environment" => ChangeKind::Configuration,
        "artifact" => ChangeKind::Release,
        "pipelinerun" | "taskrun" | "build" | "testsuiterun" | "testcaserun" => {
            ChangeKind::Pipeline
        }
        "branch" | "change" | "repository" => ChangeKind::Push,
        _ => ChangeKind::Other,
    };
    let status = match (happened, content("outcome").as_deref()) {
        (_, Some("failure" | "fail" | "error")) => Some(ChangeStatus::Failed),
        (_, Some("cancel")) => Some(ChangeStatus::Cancelled),
        ("queued", _) => Some(ChangeStatus::Pending),
        ("started", _) => Some(ChangeStatus::Running),
        ("finished" | "deployed" | "upgraded" | "rolledback" | "published" | "merged", _) => {
            Some(ChangeStatus::Succeeded)
        }
        _ => None,
    };
    let shown = content("pipelineName")
        .or_else(|| content("taskName"))
        .or_else(|| id.clone())
        .unwrap_or_else(|| subject.to_owned());
    Change {
        kind: Some(kind),
        status,
        summary: Some(format!("{subject} {shown} {happened}")),
        source: source.clone(),
        key: read::first(item, &["data.context.id", "id"])
            .map(|event| format!("{}|{event}", source.unwrap_or_default())),
        change_key: id.clone(),
        service: id.filter(|_| subject == "service"),
        links: vec![("Run", content("url"))],
        at: read::at(item, "data.context.timestamp")
            .or_else(|| item.get("time"))
            .cloned(),
        details: item.get("data").cloned().unwrap_or_default(),
        ..Change::default()
    }
}
