//! Generic JSON, signed by Standard Webhooks when a secret is set (WIRE-FORMATS.md §1.19).

use domain::Timestamp;
use domain::word::AlertSeverity;
use serde_json::Value;

use crate::request::Request;
use crate::settings::Settings;
use crate::{FormatError, Parsed, generic, json, mapping, read, signature};

pub(crate) fn signed(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    signature::standard(request, settings.secret.as_ref(), now)?;
    plain(request, settings, now)
}

/// Any method and encoding: JSON, a form, or the address alone.
pub(crate) fn plain(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    if let Some(mapping) = settings.mapping() {
        return mapping
            .map_err(mapping::faulty)
            .and_then(|mapping| mapping.apply(request, now));
    }
    let value = match json::parse(request.body) {
        Ok(value) => value,
        Err(error) => {
            let (value, _) = request.fields();
            if !value.is_object() && !value.is_array() {
                return Err(FormatError::NotJson {
                    reason: error.to_string(),
                });
            }
            value
        }
    };
    generic::of_value(with_severity(value, settings.severity), now)
}

/// Says how bad it is where the sender does not.
fn with_severity(mut value: Value, severity: Option<AlertSeverity>) -> Value {
    let Some(severity) = severity else {
        return value;
    };
    let items = match &mut value {
        Value::Array(items) => &mut items[..],
        one => std::slice::from_mut(one),
    };
    for fields in items.iter_mut().filter_map(Value::as_object_mut) {
        let sent = fields.get("severity").and_then(read::scalar);
        if sent.is_none_or(|word| word.trim().is_empty()) {
            fields.insert("severity".to_owned(), severity.as_str().into());
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_says_how_bad_it_is_where_the_sender_does_not() {
        let settings = Settings {
            severity: Some(Info),
            ..Settings::default()
        };
        let body = br#"[{"summary": "a"}, {"summary": "b", "severity": ""},
            {"summary": "c", "severity": "error"}, {"summary": "d", "severity": null}]"#;
        let request = Request::of_body(body);
        let parsed = plain(&request, &settings, Timestamp(0)).unwrap();
        let severities: Vec<AlertSeverity> = parsed
            .signals
            .iter()
            .map(|signal| signal.severity)
            .collect();
        use AlertSeverity::{Error, Info};
        assert_eq!(severities, [Info, Info, Error, Info]);
        let parsed = plain(&request, &Settings::default(), Timestamp(0)).unwrap();
        assert_eq!(parsed.signals[0].severity, AlertSeverity::Critical);
    }
}
