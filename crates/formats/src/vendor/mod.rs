//! Monitors with a shape of their own, one module each. A module says what stands where; what it
//! does not recognise still becomes an alert, since nobody loses an alert for an odd field.

pub(crate) mod azure;
pub(crate) mod check;
pub(crate) mod cloudevents;
pub(crate) mod cloudwatch;
pub(crate) mod datadog;
pub(crate) mod elastic;
pub(crate) mod google_cloud;
pub(crate) mod grafana;
pub(crate) mod netdata;
pub(crate) mod network;
pub(crate) mod newrelic;
pub(crate) mod nobl9;
pub(crate) mod sentry;
pub(crate) mod splunk;
pub(crate) mod standard;
pub(crate) mod uptime;
pub(crate) mod zabbix;

use domain::Timestamp;
use serde_json::Value;

use crate::draft::Draft;
use crate::request::{Encoding, Request};
use crate::settings::Settings;
use crate::severity::Scale;
use crate::warning::Warnings;
use crate::{FormatError, ITEMS_MAX, Parsed, generic, json, key, mask, text};

/// Longest text of an unreadable request kept in its alert, in characters.
const RAW_MAX: usize = 16_384;

/// What a module makes of one item of a request.
pub(crate) enum Said<'a> {
    Signal(Box<Draft<'a>>),
    /// It asks for nothing, for this reason: a test, a state that pages nobody.
    Nothing(&'static str),
    /// It has not the vendor's shape.
    Unknown,
}

impl<'a> From<Draft<'a>> for Said<'a> {
    fn from(draft: Draft<'a>) -> Self {
        Said::Signal(Box::new(draft))
    }
}

/// Reads each item of a request by `read`; an object is one item, an array many.
///
/// # Errors
/// When there is nothing in the request, or more than [`ITEMS_MAX`] items.
pub(crate) fn each(
    who: &'static str,
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
    read: impl for<'a> Fn(&'a Value, &mut Warnings) -> Said<'a>,
) -> Result<Parsed, FormatError> {
    each_of(who, request, request.fields(), settings, now, read)
}

/// As [`each`], of fields that were read from the request already.
pub(crate) fn each_of(
    who: &'static str,
    request: &Request<'_>,
    (mut value, encoding): (Value, Encoding),
    settings: &Settings,
    now: Timestamp,
    read: impl for<'a> Fn(&'a Value, &mut Warnings) -> Said<'a>,
) -> Result<Parsed, FormatError> {
    // A text of no known shape is kept as it came, but for secrets.
    if let Value::String(text) = &mut value {
        *text = mask::told(request, text);
    }
    let mut warnings = Warnings::default();
    told(encoding, &mut warnings);
    let mut parsed = Parsed::default();
    match &value {
        Value::Array(items) if items.len() > ITEMS_MAX => {
            return Err(FormatError::TooMany { found: items.len() });
        }
        Value::Array(items) if items.is_empty() => return Err(FormatError::Empty),
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                warnings.place = format!("item {position}: ");
                one(who, item, settings, now, &read, &mut parsed, &mut warnings);
            }
        }
        other if is_empty(other) => {
            return Err(FormatError::InvalidEvent {
                reason: format!("The request is empty. {who} sends its alert in the body."),
            });
        }
        other => one(who, other, settings, now, &read, &mut parsed, &mut warnings),
    }
    parsed.warnings.splice(0..0, warnings.finish());
    Ok(parsed)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Tells the owner that a body had to be mended.
pub(crate) fn told(encoding: Encoding, warnings: &mut Warnings) {
    if encoding == Encoding::MendedJson {
        warnings.note(json::MENDED);
    }
}

fn one(
    who: &'static str,
    item: &Value,
    settings: &Settings,
    now: Timestamp,
    read: impl for<'a> Fn(&'a Value, &mut Warnings) -> Said<'a>,
    parsed: &mut Parsed,
    warnings: &mut Warnings,
) {
    match read(item, warnings) {
        Said::Signal(draft) => parsed.signals.push(draft.finish(who, now, warnings)),
        Said::Nothing(reason) => warnings.note(reason),
        Said::Unknown => fallback(who, item, settings.scale(), now, parsed, warnings),
    }
}

/// An alert out of what has not the shape we know: read as generic JSON, or kept whole.
pub(crate) fn fallback(
    who: &'static str,
    item: &Value,
    scale: Scale<'_>,
    now: Timestamp,
    parsed: &mut Parsed,
    warnings: &mut Warnings,
) {
    if item.is_object()
        && let Ok(generic) = generic::of_value(item.clone(), scale, now)
    {
        warnings.note(format!("not a shape {who} sends: read as generic JSON"));
        generic.warnings.iter().for_each(|text| warnings.note(text));
        parsed.signals.extend(generic.signals);
        return;
    }
    warnings.note(format!("not a shape {who} sends: kept as it came"));
    let raw = match item {
        Value::String(raw) => raw.clone(),
        other => other.to_string(),
    };
    let headline = item
        .as_str()
        .and_then(|raw| raw.lines().map(str::trim).find(|line| !line.is_empty()))
        .map(|line| text::cut(line, 200));
    let draft = Draft {
        key: Some(key::of_identity(&[
            who,
            headline.as_deref().unwrap_or_default(),
        ])),
        title: Some(match headline {
            Some(line) => format!("{who}: {line}"),
            None => format!("{who} sent something that could not be understood"),
        }),
        severity: Some(scale.fallback()),
        details: serde_json::json!({ "body": text::cut(&raw, RAW_MAX) }),
        ..Draft::default()
    };
    parsed.signals.push(draft.finish(who, now, warnings));
}
