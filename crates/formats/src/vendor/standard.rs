//! Generic JSON, signed by Standard Webhooks when a secret is set (WIRE-FORMATS.md §1.19).

use domain::Timestamp;
use serde_json::Value;

use super::RAW_MAX;
use crate::mail::to_text;
use crate::request::Request;
use crate::settings::Settings;
use crate::text::cut;
use crate::warning::Warnings;
use crate::{
    FormatError, Parsed, alertmanager, generic, json, mapping, mask, opsgenie, pagerduty, read,
    signature,
};

pub(crate) fn signed(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    signature::standard(request, settings.secret.as_ref(), now)?;
    let mut parsed = plain(request, settings, now)?;
    if let Some(number) = request.header("webhook-id") {
        parsed.delivered(&[number.trim()], request.body);
    }
    Ok(parsed)
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
            .and_then(|mapping| mapping.apply(request, settings.scale(), now));
    }
    let mut warnings = Warnings::default();
    let value = match json::read(request.body) {
        Ok((value, mended)) => {
            warnings = Warnings::of_body(mended);
            value
        }
        Err(error) => match request.fields() {
            (Value::String(text), _) if let Some(read) = of_text(request, &text) => {
                warnings.note("the body was a text: its first line is the title");
                if std::str::from_utf8(request.body).is_err() {
                    warnings.note("the text was no UTF-8: its charset was guessed");
                }
                read
            }
            (Value::String(_) | Value::Null, _) => {
                return Err(FormatError::NotJson {
                    reason: error.to_string(),
                });
            }
            (value, _) => value,
        },
    };
    let mut parsed = match of_client(&value) {
        Some(read) => read(request.body, settings, now)?,
        None => generic::of_value(value, settings.scale(), now)?,
    };
    parsed.warnings.splice(0..0, warnings.finish());
    Ok(parsed)
}

/// What a script says without any form (`curl -d 'disk full on db1'`), or in XML: no alert is lost
/// for that, nor for a shell that writes the charset of its own country. JSON that breaks off is
/// none of it, nor are bytes that are no text in any: their sender learns of the mistake.
fn of_text(request: &Request<'_>, text: &str) -> Option<Value> {
    if std::str::from_utf8(request.body).is_err() && !is_guessed(&json::decoded(request.body)) {
        return None;
    }
    let text = mask::told(request, text.trim());
    let text = text.as_str();
    if text.starts_with(['{', '[', '"']) || !text.contains(char::is_alphabetic) {
        return None;
    }
    let said = match text.starts_with('<') {
        true => to_text(text),
        false => text.to_owned(),
    };
    let title = said.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(serde_json::json!({ "summary": title, "details": { "body": cut(text, RAW_MAX) } }))
}

/// Whether a text whose charset was guessed looks like one: at most one character of it was cut.
fn is_guessed(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_alphabetic())
        && !text.contains(|c: char| c.is_control() && !c.is_whitespace())
        && text.matches('\u{fffd}').count() <= 1
}

type Read = fn(&[u8], &Settings, Timestamp) -> Result<Parsed, FormatError>;

/// Who reads an event of a client that was given this address instead of its own.
fn of_client(value: &Value) -> Option<Read> {
    let has = |name: &str| value.get(name).is_some();
    if has("event_action") && (has("payload") || has("routing_key")) {
        return Some(|body, settings, _| {
            pagerduty::at_any_address(|key, fresh| {
                pagerduty::parse(body, key, fresh, |_| settings.scale())
            })
        });
    }
    if has("event_type") && has("service_key") {
        return Some(|body, settings, _| {
            pagerduty::at_any_address(|key, fresh| {
                pagerduty::v1::parse(body, key, fresh, |_| settings.scale())
            })
        });
    }
    let of_a_group = |alerts: &Vec<Value>| alerts.iter().any(|alert| alert.get("labels").is_some());
    let alone = |alerts: &Vec<Value>| alerts.iter().any(alertmanager::is_alert);
    (read::array(value, "alerts").is_some_and(of_a_group) || value.as_array().is_some_and(alone))
        .then_some(alertmanager::parse as Read)
}

/// Events of Opsgenie's clients, and anything else.
pub(crate) fn opsgenie(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    match json::read(request.body) {
        Ok((Value::Object(fields), _)) if fields.contains_key("message") => {
            let made = opsgenie::create::create(request.body, settings.scale());
            made.map(|made| made.parsed)
                .map_err(|refusal| FormatError::InvalidEvent {
                    reason: refusal.to_string(),
                })
        }
        _ => plain(request, settings, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::word::{Action, AlertSeverity};
    use serde_json::json;

    fn signal(
        body: &Value,
        read: fn(&Request<'_>, &Settings, Timestamp) -> Result<Parsed, FormatError>,
    ) -> domain::signal::Signal {
        let body = body.to_string();
        let request = Request::of_body(body.as_bytes());
        let mut parsed = read(&request, &Settings::default(), Timestamp(0)).unwrap();
        assert_eq!(parsed.signals.len(), 1, "{body}");
        parsed.signals.remove(0)
    }

    #[test]
    fn clients_that_were_given_this_address_are_understood() {
        let event = json!({"routing_key": "short", "event_action": "trigger", "dedup_key": "k",
            "payload": {"summary": "Disk full", "source": "db1", "severity": "error"}});
        let read = signal(&event, plain);
        assert_eq!((&*read.summary, &*read.dedup_key), ("Disk full", "k"));
        assert_eq!(read.severity, AlertSeverity::Error);
        // Nobody waits for a fresh key here, so that the same condition is one alert.
        let keyless =
            json!({"event_action": "trigger", "payload": {"summary": "x", "source": "a"}});
        assert_eq!(
            signal(&keyless, plain).dedup_key,
            signal(&keyless, plain).dedup_key
        );
        let other = json!({"event_action": "trigger", "payload": {"summary": "x", "source": "b"}});
        assert_ne!(
            signal(&keyless, plain).dedup_key,
            signal(&other, plain).dedup_key
        );
        let first = json!({"service_key": "k", "event_type": "resolve", "incident_key": "i"});
        let read = signal(&first, plain);
        assert_eq!((&*read.dedup_key, read.action), ("i", Action::Resolve));
        let group = json!({"groupKey": "g", "status": "firing", "alerts": [
            {"status": "firing", "labels": {"alertname": "A"}}]});
        assert_eq!(signal(&group, plain).class.as_deref(), Some("A"));
        // Alerts that are none of Alertmanager's.
        let odd = json!({"summary": "x", "alerts": [1, 2]});
        assert_eq!(signal(&odd, plain).summary, "x");
        let made = json!({"message": "Queue is stuck", "alias": "q", "priority": "P5"});
        let read = signal(&made, opsgenie);
        assert_eq!((&*read.summary, &*read.dedup_key), ("Queue is stuck", "q"));
        assert_eq!(read.severity, AlertSeverity::Info);
        let none = br#"{"event_action": "trigger", "payload": {}}"#;
        let refused = plain(&Request::of_body(none), &Settings::default(), Timestamp(0));
        let reason = refused.unwrap_err().to_string();
        assert!(reason.contains("'payload.summary' is missing"), "{reason}");
    }

    #[test]
    fn a_plain_text_is_an_alert() {
        let read = |body: &str| {
            plain(
                &Request::of_body(body.as_bytes()),
                &Settings::default(),
                Timestamp(0),
            )
        };
        let parsed = read("disk full on db1\nused: 99 %\n").unwrap();
        let signal = &parsed.signals[0];
        assert_eq!(signal.summary, "disk full on db1");
        assert_eq!(
            signal.details,
            json!({"body": "disk full on db1\nused: 99 %"})
        );
        assert_eq!(
            parsed.warnings,
            ["the body was a text: its first line is the title"]
        );
        // The same first line is the same condition.
        let later = read("disk full on db1\nused: 100 %").unwrap();
        assert_eq!(later.signals[0].dedup_key, signal.dedup_key);
        let xml = "<?xml version=\"1.0\"?>\n<alert><host>db1</host><text>Disk full</text></alert>";
        let parsed = read(xml).unwrap();
        assert!(parsed.signals[0].summary.contains("Disk full"));
        assert_eq!(parsed.signals[0].details, json!({"body": xml}));
        for broken in ["{\"summary\": \"x", "[1, ", "\"x", "", " \n", "?!", "<>"] {
            let error = read(broken).unwrap_err();
            assert_eq!(error.code(), "not_json", "{broken}");
        }
    }

    #[test]
    fn a_text_of_another_charset_is_an_alert_and_bytes_are_none() {
        let read = |body: &[u8]| plain(&Request::of_body(body), &Settings::default(), Timestamp(0));
        let utf16: Vec<u8> = "\u{feff}Gerät aus"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for (body, title) in [
            (&b"M\xfcnchen is down"[..], "München is down"),
            (&utf16, "Gerät aus"),
            (
                "the disk of Zoë is full: 10 €".as_bytes(),
                "the disk of Zoë is full: 10 €",
            ),
            (
                &"the disk of Zoë is full: 10 €".as_bytes()[..31],
                "the disk of Zoë is full: 10 \u{fffd}",
            ),
        ] {
            let parsed = read(body).unwrap();
            assert_eq!(parsed.signals[0].summary, title);
            let guessed = parsed
                .warnings
                .contains(&"the text was no UTF-8: its charset was guessed".to_owned());
            assert_eq!(guessed, std::str::from_utf8(body).is_err(), "{title}");
        }
        for bytes in [
            &b"\xff\xfe{}"[..],
            b"\xff\xff",
            b"a\0b\x80",
            b"\x89PNG\r\n\x1a\n\x01",
        ] {
            let error = read(bytes).unwrap_err();
            assert_eq!(error.code(), "not_json", "{bytes:?}");
        }
    }

    #[test]
    fn whoever_is_paged_reads_no_secret_of_the_sender() {
        use sha2::{Digest, Sha256};
        const KEY: &str = "f00dfacef00dfacef00dfacef00dface";
        let body = format!("Token: lost on db1\n{KEY} hunter2-hunter2 abc-abc-abc token=xyz");
        let request = Request {
            key_hash: Some(Sha256::digest(KEY).into()),
            headers: vec![("Authorization", "Bearer hunter2-hunter2")],
            query: "key=abc-abc-abc",
            ..Request::of_body(body.as_bytes())
        };
        let parsed = plain(&request, &Settings::default(), Timestamp(0)).unwrap();
        let signal = &parsed.signals[0];
        assert_eq!(signal.summary, "Token: lost on db1");
        let masked = "Token: lost on db1\n••• ••• ••• token=•••";
        assert_eq!(signal.details, json!({ "body": masked }));
        // What a vendor's format does not know is kept as it came, but for those.
        let vendor = crate::format::of(domain::word::IntegrationKind::Datadog);
        let kept = vendor.parse(&request, &Settings::default(), Timestamp(0));
        assert_eq!(kept.unwrap().signals[0].details, json!({ "body": masked }));
    }

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
