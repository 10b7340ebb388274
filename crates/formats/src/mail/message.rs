//! A message as it came: headers, charsets and parts, read by `mail_parser` within bounds of ours.

use std::borrow::Cow;
use std::sync::LazyLock;

use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::{
    Encoding, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};

use super::{Envelope, LIST_MAX, Mail, TEXT_MAX, html, storable};
use crate::text;
use crate::warning::Warnings;

/// How much of a mail is read, in bytes; attachments may go on behind it.
const READ_MAX: usize = 1024 * 1024;
/// How much of a mail its headers may be.
const HEAD_MAX: usize = 256 * 1024;
/// Parts of a mail that are read. Each may make the parser look through the whole mail, and parts in
/// parts are let go of recursively.
const PARTS_MAX: usize = 100;
/// What each part with a type of its own must say.
const PART: &[u8] = b"content-type";

/// Only what is used is read.
static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .with_mime_headers()
        .header_text(HeaderName::Subject)
        .header_address(HeaderName::From)
});

/// The beginning of a mail that can be read at a bounded cost.
fn bounded(raw: &[u8]) -> &[u8] {
    let raw = &raw[..raw.len().min(READ_MAX)];
    let mut parts = 0;
    for (at, window) in raw.windows(PART.len()).enumerate() {
        if (window[0] | 0x20) == b'c' && window.eq_ignore_ascii_case(PART) {
            parts += 1;
            if parts > PARTS_MAX {
                return &raw[..at];
            }
        }
    }
    raw
}

/// With an empty line between a soft line break and what may be a boundary: the parser would take a
/// character too much away before it.
fn mended(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let (mut done, mut at, mut soft) = (0, 0, false);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if soft && line.starts_with(b"--") {
            out.extend_from_slice(&raw[done..at]);
            out.extend_from_slice(b"\r\n");
            done = at;
        }
        soft = line.trim_ascii_end().ends_with(b"=");
        at += line.len();
    }
    if done == 0 {
        return Cow::Borrowed(raw);
    }
    out.extend_from_slice(&raw[done..]);
    Cow::Owned(out)
}

/// Where the headers of a mail end.
fn head(raw: &[u8]) -> &[u8] {
    let raw = &raw[..raw.len().min(HEAD_MAX)];
    let mut begin = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            return &raw[..begin];
        }
        begin += line.len();
    }
    raw
}

/// The raw values of a header, unfolded.
fn values<'a>(head: &'a str, name: &str) -> impl Iterator<Item = Cow<'a, str>> {
    let mut lines = head.lines().peekable();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            let found = line
                .split_once(':')
                .filter(|(found, _)| found.trim_end().eq_ignore_ascii_case(name));
            let Some((_, first)) = found else {
                continue;
            };
            let mut value = Cow::Borrowed(first.trim());
            while let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
                let value = value.to_mut();
                value.push(' ');
                value.push_str(more.trim());
            }
            return Some(value);
        }
    })
}

/// Whether the first line is one of a mail; mailboxes put a line of their own before it.
fn begins_with_header(head: &str) -> bool {
    let mut lines = head.lines().skip_while(|line| line.starts_with("From "));
    lines
        .next()
        .and_then(|line| line.split_once(':'))
        .is_some_and(|(name, _)| {
            let name = name.trim_end();
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !name.is_empty() && name.bytes().all(allowed)
        })
}

pub(super) fn hops(raw: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head(raw));
    values(&head, "Received").count()
}

/// Reads a message.
pub(super) fn read(raw: &[u8], envelope: Envelope, warnings: &mut Warnings) -> Mail {
    let seen = bounded(raw);
    let cut_off = seen.len() < raw.len();
    let mut mail = Mail {
        envelope,
        ..Mail::default()
    };
    let head = String::from_utf8_lossy(head(seen));
    mail.heed(
        |name| values(&head, name).next(),
        values(&head, "Received").count(),
    );
    let seen = &*mended(seen);
    // The parser is another's and reads what strangers write: where it gives up, so do we.
    let message = std::panic::catch_unwind(|| PARSER.parse(seen))
        .ok()
        .flatten();
    let message = message.filter(|message| begins_with_header(&head) && !message.parts.is_empty());
    let Some(message) = message else {
        warnings.note("this cannot be read as a mail: it is shown as it came");
        mail.text = text::cut(&storable(&String::from_utf8_lossy(seen)), TEXT_MAX);
        return mail;
    };
    mail.subject = message.subject().map(storable);
    mail.from = message.from().and_then(|from| from.first()).map(|from| {
        let address = from.address().unwrap_or_default();
        storable(&match from.name().map(str::trim) {
            Some(name) if !name.is_empty() => format!("{name} <{address}>"),
            _ => address.to_owned(),
        })
    });
    mail.text = body(&message, warnings);
    if mail.text.trim().is_empty() {
        mail.text = as_it_came(&message, seen, warnings);
        if mail.text.trim().is_empty() && mail.subject.is_none() {
            warnings.note("the mail has neither subject nor text: it is shown as it came");
            mail.text = text::cut(&storable(&String::from_utf8_lossy(seen)), TEXT_MAX);
        }
    } else if cut_off {
        warnings.note("the mail is large: attachments at its end were not looked at");
    }
    mail.attachments = message
        .attachments()
        .filter_map(MimeHeaders::attachment_name)
        .take(LIST_MAX)
        .map(|name| text::cut(&text::one_line(&storable(name)), text::FIELD_MAX))
        .collect();
    mail
}

/// The plain texts, or what HTML says.
fn body(message: &Message<'_>, warnings: &mut Warnings) -> String {
    let mut plain = String::new();
    for part in message.text_bodies() {
        let text = match &part.body {
            PartType::Text(text) => decoded(part, text, message.raw_message()),
            PartType::Html(text) => Cow::Owned(html::to_text(text)),
            _ => continue,
        };
        if part.is_encoding_problem {
            warnings.note(
                "a part of the mail has no end, or is not in the encoding that it names: shown as \
                 it came",
            );
        }
        add(&mut plain, &text);
        if plain.len() > TEXT_MAX * 4 {
            break;
        }
    }
    // Some programs send an empty text beside their HTML.
    if plain.trim().is_empty() {
        for part in message.html_bodies() {
            if let PartType::Html(text) = &part.body {
                add(&mut plain, &html::to_text(text));
            }
            if plain.len() > TEXT_MAX * 4 {
                break;
            }
        }
    }
    storable(&plain)
}

fn add(to: &mut String, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    if !to.is_empty() {
        to.push_str("\n\n");
    }
    to.push_str(&text[..text.floor_char_boundary(TEXT_MAX * 4)]);
}

/// The text of a part. What is not UTF-8 and names no charset is most likely of a Western Windows.
fn decoded<'a>(part: &'a MessagePart<'_>, text: &'a str, raw: &[u8]) -> Cow<'a, str> {
    let charset = part.content_type().and_then(|of| of.attribute("charset"));
    let known = charset.is_some_and(|name| charset_decoder(name.as_bytes()).is_some());
    if known || part.encoding != Encoding::None || !text.contains('\u{fffd}') {
        return Cow::Borrowed(text);
    }
    let bytes = raw.get(part.offset_body as usize..part.offset_end as usize);
    match (bytes, charset_decoder(b"windows-1252")) {
        (Some(bytes), Some(decode)) if std::str::from_utf8(bytes).is_err() => {
            Cow::Owned(decode(bytes))
        }
        _ => Cow::Borrowed(text),
    }
}

/// A mail whose parts are not where it says, or that has no text of any kind.
fn as_it_came(message: &Message<'_>, seen: &[u8], warnings: &mut Warnings) -> String {
    let root = message.root_part();
    let is_multipart = root
        .content_type()
        .is_some_and(|of| of.ctype() == "multipart");
    match &root.body {
        PartType::Text(text) if !text.trim().is_empty() => {
            if is_multipart {
                warnings
                    .note("the parts of the mail are not separated as it says: shown as it came");
            }
            text::cut(&storable(text), TEXT_MAX)
        }
        PartType::Multipart(parts) if parts.is_empty() => {
            let from = (root.offset_body as usize).min(seen.len());
            warnings.note("the parts of the mail are not separated as it says: shown as it came");
            text::cut(&storable(&String::from_utf8_lossy(&seen[from..])), TEXT_MAX)
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_unfolded_and_counted() {
        let raw = b"Received: a\r\n by b\r\nReceived: c\r\nSubject: x\r\n\r\nReceived: body\r\n";
        assert_eq!(hops(raw), 2);
        let head = String::from_utf8_lossy(head(raw)).into_owned();
        assert_eq!(values(&head, "received").next().unwrap(), "a by b");
        assert_eq!(values(&head, "nope").next(), None);
    }

    #[test]
    fn a_soft_break_before_a_boundary_takes_nothing_away() {
        let raw = b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
            Content-Transfer-Encoding: quoted-printable\n\nwhole=\n--b\n\
            Content-Transfer-Encoding: quoted-printable\n\n=\n--b--\n";
        let mut warnings = Warnings::default();
        let mail = read(raw, Envelope::default(), &mut warnings);
        assert_eq!(mail.text.trim_end(), "whole");
        assert_eq!(mended(b"a=\r\n--b"), &b"a=\r\n\r\n--b"[..]);
        assert!(matches!(mended(b"a=\nb--\n--c"), Cow::Borrowed(_)));
    }

    #[test]
    fn parts_in_parts_are_cut() {
        let nested = b"Content-Type: message/rfc822\n\n".repeat(30_000);
        let mut warnings = Warnings::default();
        let _ = read(&nested, Envelope::default(), &mut warnings);
        assert!(bounded(&nested).len() < 4_000);
        assert_eq!(bounded(b"abc"), b"abc");
        assert_eq!(bounded(&vec![b'x'; 2 * READ_MAX]).len(), READ_MAX);
    }
}
