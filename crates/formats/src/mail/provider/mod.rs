//! How providers of mail hand a mail over by HTTP, one module each; and a mail as it is.

mod mailgun;
mod postmark;
mod sendgrid;
mod ses;

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use serde_json::Value;

use super::{CONTENT_TYPE, ENVELOPE_FROM, ENVELOPE_TO, Envelope, Mail, message};
use crate::request::Request;
use crate::settings::{Secret, Settings};
use crate::severity::Scale;
use crate::sns::Confirmation;
use crate::warning::Warnings;
use crate::{FormatError, Parsed, generic, json, multipart, signature};

/// What a request turned out to hold.
pub(super) enum Given {
    Mail(Box<Mail>),
    /// A topic of SNS wants to be confirmed.
    Confirm(Box<Confirmation>),
    /// It tells something else, which the warnings say.
    Nothing,
    /// JSON of nobody that is known, read by the usual names.
    Generic(Box<Parsed>),
}

impl From<Mail> for Given {
    fn from(mail: Mail) -> Given {
        Given::Mail(Box::new(mail))
    }
}

/// The fields of a form: names and bytes.
struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, [u8]>)>);

impl<'a> Fields<'a> {
    fn bytes(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.iter().find(|(known, _)| known == name)?;
        Some(&*found.1).filter(|bytes| !bytes.is_empty())
    }

    fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.bytes(name).map(String::from_utf8_lossy)
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    fn of(body: &'a [u8]) -> Option<Fields<'a>> {
        if let Some(parts) = multipart::parts(body) {
            let fields = parts
                .into_iter()
                .map(|part| (Cow::Borrowed(part.name), Cow::Borrowed(part.content)));
            return Some(Fields(fields.collect()));
        }
        // A mail has lines; a form has one.
        let is_form = body.contains(&b'=') && !body.trim_ascii().contains(&b'\n');
        is_form.then(|| {
            let fields = url::form_urlencoded::parse(body)
                .take(1_000)
                .map(|(name, value)| {
                    let value = match value {
                        Cow::Borrowed(value) => Cow::Borrowed(value.as_bytes()),
                        Cow::Owned(value) => Cow::Owned(value.into_bytes()),
                    };
                    (name, value)
                });
            Fields(fields.collect())
        })
    }
}

/// Whether the sender says that the body is a mail and nothing else.
pub(super) fn is_mail(request: &Request<'_>) -> bool {
    let named = request.header("Content-Type").unwrap_or_default();
    let word = named.split(';').next().unwrap_or_default();
    word.trim().eq_ignore_ascii_case(CONTENT_TYPE)
}

/// Finds out who sends, and reads the mail.
///
/// # Errors
/// When a secret is set and the sender does not prove that it has it.
pub(super) fn read(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
    warnings: &mut Warnings,
) -> Result<Given, FormatError> {
    let secret = settings.secret.as_ref();
    let body = request
        .body
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(request.body);
    if !is_mail(request) {
        if body.trim_ascii_start().starts_with(b"{")
            && let Ok((value, mended)) = json::read(body)
        {
            proven(request, secret)?;
            if mended {
                warnings.note(json::MENDED);
            }
            return of_json(value, settings.scale(), now, warnings);
        }
        if let Some(fields) = Fields::of(body) {
            if mailgun::is_it(&fields) {
                mailgun::prove(&fields, secret, now)?;
                return Ok(mailgun::read(&fields, warnings).into());
            }
            if sendgrid::is_it(&fields) {
                proven(request, secret)?;
                return Ok(sendgrid::read(&fields, warnings).into());
            }
        }
    }
    proven(request, secret)?;
    let envelope = Envelope {
        from: request.header(ENVELOPE_FROM).map(address),
        to: request.header(ENVELOPE_TO).map(address),
    };
    Ok(message::read(request.body, envelope, warnings).into())
}

fn of_json(
    value: Value,
    scale: Scale<'_>,
    now: Timestamp,
    warnings: &mut Warnings,
) -> Result<Given, FormatError> {
    if value.get("Type").is_some_and(Value::is_string) {
        return ses::read(&value, warnings);
    }
    if postmark::is_it(&value) {
        return Ok(postmark::read(&value).into());
    }
    warnings.note("this is no call of a provider that is known: read as generic JSON");
    generic::of_value(value, scale, now).map(|parsed| Given::Generic(Box::new(parsed)))
}

/// Senders without a signature prove themselves by HTTP's basic authentication: the secret is the
/// password in the address that they are given.
fn proven(request: &Request<'_>, secret: Option<&Secret>) -> Result<(), FormatError> {
    let Some(secret) = secret else {
        return Ok(());
    };
    let sent = request
        .header("Authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok())
        .unwrap_or_default();
    let password = sent
        .splitn(2, |byte| *byte == b':')
        .nth(1)
        .unwrap_or_default();
    match signature::same(password, secret.reveal().as_bytes()) {
        true => Ok(()),
        false => Err(FormatError::BadSignature {
            header: "Authorization".to_owned(),
        }),
    }
}

/// An address without its brackets.
fn address(text: &str) -> String {
    let text = text.trim();
    let inner = text
        .strip_prefix('<')
        .and_then(|text| text.strip_suffix('>'));
    super::storable(inner.unwrap_or(text))
}

/// The first address of a list, `"Ops, all" <a@b>, c@d`; one for the answer to a page before others.
fn first_address(list: &str) -> Option<String> {
    let all = || {
        list.split(['<', '>', ',', ';', ' ', '"'])
            .filter(|piece| piece.contains('@'))
    };
    let answer = all().find(|address| super::token(address).is_some());
    Some(super::storable(answer.or_else(|| all().next())?))
}

/// A header by its name, of pairs.
fn header_of<'a>(headers: &'a [(String, String)], name: &str) -> Option<Cow<'a, str>> {
    headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| Cow::Borrowed(value.as_str()))
}

/// How many headers say that a server passed the mail on.
fn hops(headers: &[(String, String)]) -> usize {
    headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("Received"))
        .count()
}

/// The text that was sent, or that of the HTML.
fn text_or_html(text: Option<Cow<'_, str>>, html: Option<Cow<'_, str>>) -> String {
    let text = text.filter(|text| !text.trim().is_empty());
    match (text, html) {
        (Some(text), _) => {
            let end = text.floor_char_boundary(super::TEXT_MAX * 4);
            super::storable(&text[..end])
        }
        (None, Some(html)) => super::storable(&super::html::to_text(&html)),
        (None, None) => String::new(),
    }
}
