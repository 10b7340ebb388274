//! Amazon SES: a receipt rule with the action SNS, whose topic sends here. The notification holds
//! the mail whole, in UTF-8 or base64, unless the rule keeps it in S3.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Given, header_of, hops};
use crate::mail::{Envelope, Mail, message, storable};
use crate::warning::Warnings;
use crate::{FormatError, json, read, sns};

/// # Errors
/// When a topic asks for a confirmation that cannot be trusted.
pub(super) fn read(envelope: &Value, warnings: &mut Warnings) -> Result<Given, FormatError> {
    match read::text(envelope, "Type").as_deref() {
        Some("SubscriptionConfirmation") => {
            return sns::confirmation(envelope)
                .map(|asked| Given::Confirm(Box::new(asked)))
                .map_err(|reason| FormatError::InvalidEvent { reason });
        }
        Some("UnsubscribeConfirmation") => {
            warnings.note("the topic no longer sends here: its subscription was ended");
            return Ok(Given::Nothing);
        }
        _ => {}
    }
    let signed = match read::text(envelope, "Type").as_deref() {
        Some("Notification") => sns::of_notification(envelope, warnings)?,
        _ => None,
    };
    let mut mail = of_notification(envelope, warnings);
    mail.signed = signed;
    Ok(mail.into())
}

fn of_notification(envelope: &Value, warnings: &mut Warnings) -> Mail {
    let told = envelope
        .get("Message")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some(receipt) = json::inside(told).filter(Value::is_object) else {
        warnings.note("the notification holds no mail: its own subject and text are shown");
        return Mail {
            subject: read::text(envelope, "Subject"),
            text: storable(told),
            ..Mail::default()
        };
    };
    if receipt.get("mail").is_none() {
        warnings.note("the notification is none of a mail that SES received");
    }
    let sender = receipt
        .get("mail")
        .and_then(|mail| mail.get("source"))
        .and_then(Value::as_str);
    let by_servers = Envelope {
        from: sender.map(super::address),
        to: read::joined(&receipt, "receipt.recipients")
            .or_else(|| read::joined(&receipt, "mail.destination"))
            .and_then(|list| super::first_address(&list)),
    };
    if let Some(content) = receipt.get("content").and_then(Value::as_str) {
        let encoded = read::text(&receipt, "receipt.action.encoding")
            .is_some_and(|word| word.eq_ignore_ascii_case("base64"));
        let raw = match encoded {
            true => STANDARD.decode(content.trim()).ok(),
            false => None,
        };
        let raw = raw.as_deref().unwrap_or(content.as_bytes());
        return message::read(raw, by_servers, warnings);
    }
    warnings.note(
        "the notification does not hold the mail, whose text is therefore unknown: let the receipt \
         rule publish to SNS instead of S3",
    );
    let headers: Vec<(String, String)> = read::array(&receipt, "mail.headers")
        .into_iter()
        .flatten()
        .take(1_000)
        .filter_map(|one| {
            let name = one.get("name")?.as_str()?;
            Some((name.to_owned(), storable(one.get("value")?.as_str()?)))
        })
        .collect();
    let mut mail = Mail {
        envelope: by_servers,
        from: read::first(&receipt, &["mail.commonHeaders.from.0", "mail.source"]),
        subject: read::text(&receipt, "mail.commonHeaders.subject"),
        ..Mail::default()
    };
    mail.heed(|name| header_of(&headers, name), hops(&headers));
    mail
}
