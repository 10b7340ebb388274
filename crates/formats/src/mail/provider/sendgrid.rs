//! SendGrid's Inbound Parse: a multipart form with the mail as fields, each in the charset that
//! `charsets` names, or whole as `email` when "POST the raw, full MIME message" is chosen.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;
use serde_json::Value;

use super::{Fields, first_address, header_of, hops, text_or_html};
use crate::mail::{Envelope, LIST_MAX, Mail, message, storable};
use crate::warning::Warnings;
use crate::{json, read};

pub(super) fn is_it(fields: &Fields<'_>) -> bool {
    ["email", "envelope", "charsets", "headers"]
        .into_iter()
        .filter(|name| fields.has(name))
        .count()
        >= 2
}

pub(super) fn read(fields: &Fields<'_>, warnings: &mut Warnings) -> Mail {
    let object = |name: &str| {
        let text = fields.text(name)?;
        json::inside(&text)
    };
    // `{"to": ["a@b"], "from": "c@d"}`
    let given = object("envelope").unwrap_or_default();
    let envelope = Envelope {
        from: given
            .get("from")
            .and_then(Value::as_str)
            .map(super::address),
        to: read::joined(&given, "to")
            .or_else(|| fields.text("to").map(Cow::into_owned))
            .and_then(|list| first_address(&list)),
    };
    if let Some(raw) = fields.bytes("email") {
        return message::read(raw, envelope, warnings);
    }
    let charsets = object("charsets").unwrap_or_default();
    let text = |name: &str| {
        let bytes = fields.bytes(name)?;
        let charset = charsets.get(name).and_then(Value::as_str);
        // What is UTF-8 is that, whatever it says.
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Some(Cow::Borrowed(text));
        }
        let decode = charset.and_then(|name| charset_decoder(name.as_bytes()));
        Some(match decode {
            Some(decode) => Cow::Owned(decode(bytes)),
            None => String::from_utf8_lossy(bytes),
        })
    };
    let headers: Vec<(String, String)> = unfolded(&text("headers").unwrap_or_default());
    let mut mail = Mail {
        envelope,
        from: text("from").map(|text| storable(&text)),
        subject: text("subject").map(|text| storable(&text)),
        text: text_or_html(text("text"), text("html")),
        ..Mail::default()
    };
    mail.heed(|name| header_of(&headers, name), hops(&headers));
    if let Some(Value::Object(attached)) = object("attachment-info") {
        mail.attachments = attached
            .values()
            .filter_map(|one| read::first(one, &["filename", "name"]))
            .take(LIST_MAX)
            .collect();
    }
    mail
}

/// Headers as they stand in a mail.
fn unfolded(text: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in text.lines().take(2_000) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    headers
}
