//! Postmark's inbound webhook: the mail as JSON.

use std::borrow::Cow;

use serde_json::Value;

use super::{first_address, header_of, hops, text_or_html};
use crate::mail::{Envelope, LIST_MAX, Mail, storable};
use crate::read;

pub(super) fn is_it(value: &Value) -> bool {
    ["FromFull", "TextBody", "HtmlBody", "MessageStream"]
        .into_iter()
        .any(|name| value.get(name).is_some())
}

pub(super) fn read(value: &Value) -> Mail {
    let headers: Vec<(String, String)> = read::array(value, "Headers")
        .into_iter()
        .flatten()
        .take(1_000)
        .filter_map(|one| {
            let name = one.get("Name")?.as_str()?;
            Some((name.to_owned(), storable(one.get("Value")?.as_str()?)))
        })
        .collect();
    let to = read::first(value, &["OriginalRecipient", "To"]);
    let address = read::first(value, &["FromFull.Email", "From"]);
    let text = |name: &str| value.get(name)?.as_str().map(Cow::Borrowed);
    let mut mail = Mail {
        envelope: Envelope {
            from: read::text(value, "FromFull.Email"),
            // What stands behind the plus is also told apart.
            to: to.and_then(|list| first_address(&list)).or_else(|| {
                let detail = read::text(value, "MailboxHash")?;
                Some(format!("+{detail}@"))
            }),
        },
        from: match read::text(value, "FromName") {
            Some(name) => address.map(|address| format!("{name} <{address}>")),
            None => address,
        },
        subject: read::text(value, "Subject").map(|text| storable(&text)),
        text: text_or_html(text("TextBody"), text("HtmlBody")),
        ..Mail::default()
    };
    mail.heed(|name| header_of(&headers, name), hops(&headers));
    // Postmark's own id stands in `MessageID`, that of the mail in its headers.
    if mail.message_id.is_none() {
        mail.message_id = read::text(value, "MessageID");
    }
    // The envelope is not told; a bounce has an empty Return-Path.
    if header_of(&headers, "Return-Path").is_some_and(|path| path.trim() == "<>") {
        mail.envelope.from = Some(String::new());
    }
    if mail.date.is_none() {
        mail.date = read::text(value, "Date");
    }
    mail.attachments = read::array(value, "Attachments")
        .into_iter()
        .flatten()
        .filter_map(|one| read::text(one, "Name"))
        .take(LIST_MAX)
        .collect();
    mail
}
