//! The request that creates an alert.

use domain::signal::{SUMMARY_MAX, Signal};
use domain::word::{Action, AlertSeverity};
use serde_json::{Map, Value};

use super::reply::Refusal;
use super::text::{tags, texts};
use super::{Party, body};
use crate::severity::Scale;
use crate::text::{self, FIELD_MAX};
use crate::warning::Warnings;
use crate::{Parsed, json, key};

/// Longest description, in characters.
const DESCRIPTION_MAX: usize = 15_000;

/// What the body of a creation says.
#[derive(Clone, Debug, PartialEq)]
pub struct Creation {
    /// Holds exactly one signal.
    pub parsed: Parsed,
    /// A first note, with its author.
    pub note: Option<String>,
}

/// Reads the body, and its priority by `scale`. Refused are only a missing message and a priority
/// that is none.
///
/// # Errors
/// The refusal to answer with.
pub fn create(bytes: &[u8], scale: Scale<'_>) -> Result<Creation, Refusal> {
    let (mut fields, mended) = body(bytes)?;
    let mut warnings = Warnings::of_body(mended);
    let Some(message) = text::line(fields.get("message"), "message", SUMMARY_MAX, &mut warnings)
    else {
        return Err(Refusal::invalid("message", "can not be empty"));
    };
    let sent = sent_priority(fields.get("priority"))?;
    let (priority, severity) = weighed(sent, scale);
    let entity = text::line(fields.get("entity"), "entity", FIELD_MAX, &mut warnings);
    let source = text::line(fields.get("source"), "source", FIELD_MAX, &mut warnings);
    let alias = text::lenient(fields.get("alias"), "alias", &mut warnings);
    let dedup_key = match &alias {
        Some(alias) => key::bounded(alias),
        None => key::of_identity(&[
            &message,
            entity.as_deref().unwrap_or_default(),
            source.as_deref().unwrap_or_default(),
        ]),
    };
    let mut signal = Signal::new(Action::Trigger, dedup_key, message);
    signal.severity = severity;
    signal.source = source.or_else(|| entity.clone()).unwrap_or_default();
    signal.component = entity;
    let author = author(&fields);
    let note = note(&fields, author.as_deref(), &mut warnings);
    signal.details = json::shallow(details(&mut fields, priority, author, alias, &mut warnings));
    Ok(Creation {
        parsed: Parsed {
            signals: vec![signal],
            warnings: warnings.finish(),
            ..Parsed::default()
        },
        note,
    })
}

/// What has no field of its own on an alert, under the names that it has on the wire.
fn details(
    fields: &mut Map<String, Value>,
    priority: &str,
    user: Option<String>,
    alias: Option<String>,
    warnings: &mut Warnings,
) -> Value {
    let mut kept = Map::new();
    kept.insert("priority".into(), priority.into());
    let description = text::lenient(fields.get("description"), "description", warnings);
    if let Some(description) = description {
        kept.insert(
            "description".into(),
            cut(&description, "description", DESCRIPTION_MAX, warnings).into(),
        );
    }
    let tags = tags(fields.get("tags"), warnings);
    if !tags.is_empty() {
        kept.insert("tags".into(), tags.into());
    }
    // Jira Service Management calls them so.
    let extra = fields.remove("extraProperties");
    if let Some(details) = fields
        .remove("details")
        .or(extra)
        .filter(|value| !value.is_null())
    {
        kept.insert("details".into(), details);
    }
    let actions = texts(fields.get("actions"));
    if !actions.is_empty() {
        warnings.note("actions cannot be executed here: kept in the details");
        kept.insert("actions".into(), actions.into());
    }
    for name in ["responders", "teams", "visibleTo"] {
        let Some(list) = fields
            .remove(name)
            .filter(|value| value.as_array().is_some_and(|list| !list.is_empty()))
        else {
            continue;
        };
        warnings.note(match name {
            "visibleTo" => "visibleTo has no counterpart here: kept in the details",
            _ => {
                "the policy of the integration's service decides who is paged: responders are kept \
                 in the details"
            }
        });
        kept.insert(name.into(), list);
    }
    if let Some(user) = user {
        kept.insert("user".into(), user.into());
    }
    // A long one is stored shortened, and answered as it was sent.
    if let Some(alias) = alias.filter(|alias| key::bounded(alias) != *alias) {
        warnings.note(key::CUT_WARNING);
        kept.insert("alias".into(), text::cut(&alias, 512).into());
    }
    Value::Object(kept)
}

fn cut(text: &str, name: &str, max: usize, warnings: &mut Warnings) -> String {
    let short = text::cut(text, max);
    if short.len() != text.len() {
        warnings.note(format!("{name} was longer than {max} characters: cut"));
    }
    short
}

/// The priority of an alert, and its severity: what was sent, else what its owner has chosen for
/// that, else `P3`.
fn weighed(sent: Option<&'static str>, scale: Scale<'_>) -> (&'static str, AlertSeverity) {
    match (sent, scale.chosen_default()) {
        (None, Some(severity)) => (priority_of(severity), severity),
        (sent, _) => {
            let priority = sent.unwrap_or(USUAL);
            (priority, severity_of(priority, scale))
        }
    }
}

/// The priority of what says none.
const USUAL: &str = "P3";

/// `P1` to `P5`; `P3` when absent.
pub(super) fn priority(value: Option<&Value>) -> Result<&'static str, Refusal> {
    Ok(sent_priority(value)?.unwrap_or(USUAL))
}

fn sent_priority(value: Option<&Value>) -> Result<Option<&'static str>, Refusal> {
    let sent = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim().to_uppercase(),
        Some(_) => String::new(),
    };
    ["P1", "P2", "P3", "P4", "P5"]
        .into_iter()
        .find(|known| *known == sent)
        .map(Some)
        .ok_or_else(|| Refusal::invalid("priority", "should be one of [ P1, P2, P3, P4, P5 ]"))
}

/// WIRE-FORMATS.md §0, severity mapping, unless its owner has chosen otherwise.
pub(super) fn severity_of(priority: &str, scale: Scale<'_>) -> AlertSeverity {
    scale.chosen(priority).unwrap_or(match priority {
        "P1" => AlertSeverity::Critical,
        "P2" => AlertSeverity::Error,
        "P5" => AlertSeverity::Info,
        _ => AlertSeverity::Warning,
    })
}

/// The priority of an alert that has none of its own.
pub(super) fn priority_of(severity: AlertSeverity) -> &'static str {
    match severity {
        AlertSeverity::Critical => "P1",
        AlertSeverity::Error => "P2",
        AlertSeverity::Warning => "P3",
        AlertSeverity::Info => "P5",
    }
}

/// Who acts, as the client says.
pub(super) fn author(fields: &Map<String, Value>) -> Option<String> {
    let user = fields.get("user")?;
    let name = match user {
        Value::String(name) => name.clone(),
        other => Party::read(other, "user")?.name,
    };
    let name = text::cut(&text::one_line(&name), FIELD_MAX);
    (!name.is_empty()).then_some(name)
}

/// The note of a body, with its author.
pub(super) fn note(
    fields: &Map<String, Value>,
    author: Option<&str>,
    warnings: &mut Warnings,
) -> Option<String> {
    let note = text::lenient(fields.get("note"), "note", warnings)?;
    let note = text::cut(note.trim(), DESCRIPTION_MAX);
    Some(match author {
        Some(author) => format!("{author}: {note}"),
        None => note,
    })
}
