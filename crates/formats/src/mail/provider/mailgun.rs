//! Mailgun's routes: `forward` to our address sends the mail as fields, or whole as `body-mime` when
//! the address ends in `mime`.
//!
//! It signs `timestamp` and `token` with the account's webhook signing key, and tries for 8 hours.

use domain::{Span, Timestamp};
use serde_json::Value;

use super::{Fields, first_address, header_of, hops, text_or_html};
use crate::mail::{Envelope, LIST_MAX, Mail, message, storable};
use crate::settings::Secret;
use crate::warning::Warnings;
use crate::{FormatError, json, signature};

/// How old a signature may be: Mailgun's last attempt comes after 8 hours.
const AGE_MAX: Span = Span::from_hours(12);

pub(super) fn is_it(fields: &Fields<'_>) -> bool {
    ["body-mime", "body-plain", "message-headers"]
        .into_iter()
        .any(|name| fields.has(name))
}

/// # Errors
/// When a secret is set and the signature is not made with it.
pub(super) fn prove(
    fields: &Fields<'_>,
    secret: Option<&Secret>,
    now: Timestamp,
) -> Result<(), FormatError> {
    let Some(secret) = secret else {
        return Ok(());
    };
    let of = |name: &str| fields.text(name).unwrap_or_default();
    let (timestamp, token, sent) = (of("timestamp"), of("token"), of("signature"));
    let is_recent = timestamp.trim().parse().is_ok_and(|seconds: i64| {
        let then = Timestamp::from_seconds(seconds);
        now.0
            .checked_sub(then.0)
            .and_then(i64::checked_abs)
            .is_some_and(|apart| apart <= AGE_MAX.0)
    });
    let mac = signature::hmac_sha256(
        secret.reveal().as_bytes(),
        &[timestamp.as_bytes(), token.as_bytes()],
    );
    match is_recent && signature::is_hex_of(&sent, &mac) {
        true => Ok(()),
        false => Err(FormatError::BadSignature {
            header: "signature (a field of Mailgun)".to_owned(),
        }),
    }
}

pub(super) fn read(fields: &Fields<'_>, warnings: &mut Warnings) -> Mail {
    let envelope = Envelope {
        from: fields.text("sender").map(|text| super::address(&text)),
        to: fields
            .text("recipient")
            .and_then(|text| first_address(&text)),
    };
    if let Some(raw) = fields.bytes("body-mime") {
        return message::read(raw, envelope, warnings);
    }
    let headers = headers(&fields.text("message-headers").unwrap_or_default());
    let mut mail = Mail {
        envelope,
        from: fields.text("from").map(|text| storable(&text)),
        subject: fields.text("subject").map(|text| storable(&text)),
        text: text_or_html(fields.text("body-plain"), fields.text("body-html")),
        ..Mail::default()
    };
    mail.heed(|name| header_of(&headers, name), hops(&headers));
    let count = fields
        .text("attachment-count")
        .and_then(|text| text.trim().parse().ok());
    mail.attachments = (1..=count.unwrap_or(0_usize).min(LIST_MAX))
        .map(|number| format!("attachment {number}"))
        .collect();
    mail
}

/// `[["Received", "…"], …]`.
fn headers(text: &str) -> Vec<(String, String)> {
    let Some(Value::Array(pairs)) = json::inside(text) else {
        return Vec::new();
    };
    pairs
        .iter()
        .filter_map(|pair| {
            let name = pair.get(0)?.as_str()?;
            Some((name.to_owned(), storable(pair.get(1)?.as_str()?)))
        })
        .take(1_000)
        .collect()
}
