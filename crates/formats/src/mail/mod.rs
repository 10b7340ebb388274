//! Mail as a monitor: a message as it came by SMTP, or as a provider's webhook hands it over, and the
//! owner's rules, in; a signal out (WIRE-FORMATS.md §1.18).
//!
//! Whoever can write a mail can send anything at all, so that what is read of it is bounded, and what
//! cannot be understood becomes an alert all the same.

mod alert;
mod answer;
mod html;
mod message;
mod provider;
mod rules;
mod subject;
mod unwanted;

use std::borrow::Cow;

use domain::Timestamp;

use crate::request::Request;
use crate::settings::Settings;
use crate::warning::Warnings;
use crate::{FormatError, Parsed, sns};

pub(crate) use answer::is_token;
pub use answer::{MailAnswer, answer, token};
pub(crate) use html::to_text;
pub(crate) use rules::ReadRules;
pub use rules::{MailDedup, MailRules, USUAL_RECOVERY, UnknownDedup};
pub use unwanted::HOPS_MAX;

/// Headers of a request that hold the envelope of the mail in its body.
pub const ENVELOPE_FROM: &str = "X-Envelope-From";
pub const ENVELOPE_TO: &str = "X-Envelope-To";
/// The type of a body that is a mail.
pub const CONTENT_TYPE: &str = "message/rfc822";

/// Longest text kept of a mail, in characters.
const TEXT_MAX: usize = 16_384;
/// Most attachments that are named, and ids of a thread that are looked at.
const LIST_MAX: usize = 20;

/// Who sent a mail to whom, as the servers said it to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Empty for bounces; `None` when it is not known.
    pub from: Option<String>,
    /// The address of the integration.
    pub to: Option<String>,
}

impl Envelope {
    /// The key, or whatever stands in its place: the address up to `+` or `@`.
    fn mailbox(&self) -> Option<&str> {
        let address = parts(self.to.as_deref()?);
        Some(address.mailbox).filter(|mailbox| !mailbox.is_empty())
    }

    /// What stands behind `+`.
    fn detail(&self) -> Option<&str> {
        parts(self.to.as_deref()?).detail
    }
}

/// The pieces of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The key of an integration.
    pub mailbox: &'a str,
    /// What stands behind `+`: a dedup key.
    pub detail: Option<&'a str>,
    pub domain: &'a str,
}

/// Takes an address to pieces: `<key>+<dedup key>@<domain>`.
pub fn parts(address: &str) -> Parts<'_> {
    let address = address.trim().trim_start_matches('<').trim_end_matches('>');
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let local = local.trim_matches('"');
    let (mailbox, detail) = match local.split_once('+') {
        Some((mailbox, detail)) => (mailbox, Some(detail)),
        None => (local, None),
    };
    Parts {
        mailbox,
        detail: detail.filter(|detail| !detail.is_empty()),
        domain,
    }
}

/// A mail, however it came.
#[derive(Debug, Default)]
struct Mail {
    envelope: Envelope,
    /// As people read it: `Monitor <monitor@example.com>`.
    from: Option<String>,
    subject: Option<String>,
    /// Plain; made of its HTML when there is no other.
    text: String,
    message_id: Option<String>,
    /// What it answers, the first of the thread first.
    thread: Vec<String>,
    date: Option<String>,
    attachments: Vec<String>,
    signs: Signs,
    /// What proves that it came by a topic of SNS.
    signed: Option<sns::Signed>,
}

/// Headers that tell machines from monitors.
#[derive(Debug, Default)]
struct Signs {
    /// In lower case, without parameters.
    auto_submitted: Option<String>,
    /// In lower case.
    precedence: Option<String>,
    /// Headers that only robots set that answer.
    answers_itself: bool,
    /// The kind of a report about another mail.
    report: Option<String>,
    /// Servers that passed it on.
    hops: usize,
}

impl Mail {
    /// Takes over what headers say, given how to find one by name.
    fn heed<'h>(&mut self, header: impl Fn(&str) -> Option<Cow<'h, str>>, hops: usize) {
        let word = |name: &str| {
            let value = header(name)?;
            let word = value
                .split([';', ' ', '\t', '\r', '\n'])
                .find(|word| !word.is_empty())?;
            Some(word.to_ascii_lowercase())
        };
        let ids = |name: &str| header(name).map(|value| ids(&value)).unwrap_or_default();
        self.message_id = ids("Message-ID").into_iter().next();
        self.thread = ids("References");
        self.thread.extend(ids("In-Reply-To"));
        self.date = header("Date").map(|date| {
            let date = date.split('(').next().unwrap_or_default();
            date.trim().to_owned()
        });
        let content_type = header("Content-Type")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let reports = ["delivery-status", "disposition-notification"];
        self.signs = Signs {
            auto_submitted: word("Auto-Submitted"),
            precedence: word("Precedence"),
            answers_itself: ["X-Autoreply", "X-Autorespond", "X-Auto-Reply"]
                .into_iter()
                .any(|name| word(name).is_some_and(|word| word != "no")),
            report: reports
                .into_iter()
                .find(|kind| {
                    content_type.trim_start().starts_with("multipart/report")
                        && content_type.contains(kind)
                })
                .map(str::to_owned),
            hops,
        };
    }
}

/// The ids in a header, without their brackets.
fn ids(header: &str) -> Vec<String> {
    header
        .split('<')
        .skip(1)
        .filter_map(|piece| piece.split_once('>'))
        .map(|(id, _)| id.trim())
        .filter(|id| !id.is_empty() && !id.contains(char::is_whitespace))
        .take(LIST_MAX)
        .map(str::to_owned)
        .collect()
}

/// U+0000 cannot be stored.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Reads a request: a mail as it is, or the call of a provider.
///
/// # Errors
/// When there is nothing in it, or its signature is wrong.
pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    // A mail may be empty; a call may not.
    if request.body.trim_ascii().is_empty() && !provider::is_mail(request) {
        return Err(FormatError::InvalidEvent {
            reason: "The request is empty. Send a mail as its body.".to_owned(),
        });
    }
    let rules = settings.mail_rules().map_err(|faults| {
        let told: Vec<String> = faults
            .iter()
            .map(|fault| format!("{}: {}", fault.field, fault.reason))
            .collect();
        FormatError::InvalidEvent {
            reason: format!("The rules for mail do not work. {}", told.join("; ")),
        }
    })?;
    let mut warnings = Warnings::default();
    let mut parsed = Parsed::default();
    let mail = match provider::read(request, settings, now, &mut warnings)? {
        provider::Given::Mail(mut mail) => {
            parsed.signed = mail.signed.take();
            *mail
        }
        provider::Given::Confirm(asked) => {
            parsed.confirm = Some(*asked);
            return Ok(parsed);
        }
        provider::Given::Generic(read) => {
            read.warnings.iter().for_each(|text| warnings.note(text));
            parsed = *read;
            parsed.warnings = warnings.finish();
            return Ok(parsed);
        }
        provider::Given::Nothing => {
            parsed.warnings = warnings.finish();
            return Ok(parsed);
        }
    };
    parsed.answer = answer::of(&mail);
    match unwanted::reason(&mail) {
        Some(reason) => warnings.note(format!("this mail became no alert: {reason}")),
        None => {
            let signal = alert::of(&mail, rules, settings.severity(), now, &mut warnings);
            parsed.signals.push(signal);
        }
    }
    parsed.warnings = warnings.finish();
    Ok(parsed)
}

/// How many servers a mail has passed, by its headers: for refusing loops before they are stored.
pub fn hops(raw: &[u8]) -> usize {
    message::hops(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_pieces() {
        let of = |address| {
            let Parts {
                mailbox,
                detail,
                domain,
            } = parts(address);
            (mailbox, detail, domain)
        };
        assert_eq!(of("<key+db1@x.org>"), ("key", Some("db1"), "x.org"));
        assert_eq!(of("key@x.org"), ("key", None, "x.org"));
        assert_eq!(of("key+@x.org"), ("key", None, "x.org"));
        assert_eq!(of("\"key+a@b\"@x.org"), ("key", Some("a@b"), "x.org"));
        assert_eq!(of("key+a+b@x"), ("key", Some("a+b"), "x"));
        assert_eq!(of(""), ("", None, ""));
        assert_eq!(of("@"), ("", None, ""));
    }

    #[test]
    fn ids_of_a_thread() {
        assert_eq!(ids("<a@b>\r\n <c@d> junk <e f> <>"), ["a@b", "c@d"]);
        assert_eq!(ids("no id"), [""; 0]);
    }
}
