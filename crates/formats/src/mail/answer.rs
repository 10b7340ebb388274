//! A mail that answers a page: it came to an address that was made for its answer.

use domain::reply::Verb;

use super::{Envelope, Mail, message, parts, unwanted};
use crate::key;
use crate::reply::parse_mail_first_line;
use crate::warning::Warnings;

/// Bytes of the signature at the end of a token, in hexadecimal digits.
const SIGNATURE: usize = 32;

/// What a mail says that came to an address with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAnswer {
    /// What stands behind `+`; whether it is ours, whoever has made it must say.
    pub token: String,
    /// The same for a mail that comes twice.
    pub id: String,
    /// What the first line of one's own says; `None` when it is not clear.
    pub verb: Option<Verb>,
    /// A program has written it, which may neither act nor be answered.
    pub automatic: bool,
}

/// Reads a mail as it came by SMTP to an address with a token.
pub fn answer(raw: &[u8], from: &str, to: &str) -> Option<MailAnswer> {
    let envelope = Envelope {
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
    };
    of(&message::read(raw, envelope, &mut Warnings::default()))
}

/// The token of an address, where it has what may be one.
pub fn token(address: &str) -> Option<&str> {
    parts(address).detail.filter(|detail| is_token(detail))
}

/// Whether a text has the shape of a token: `1a-2b-` and 32 hexadecimal digits.
pub(crate) fn is_token(text: &str) -> bool {
    let is_number = |text: &str| {
        (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let mut parts = text.splitn(3, '-');
    let (Some(id), Some(until), Some(signature)) = (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    is_number(id)
        && is_number(until)
        && signature.len() == SIGNATURE
        && signature.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn of(mail: &Mail) -> Option<MailAnswer> {
    let token = token(mail.envelope.to.as_deref()?)?;
    let text = |of: &Option<String>| of.clone().unwrap_or_default();
    let id = mail.message_id.clone().unwrap_or_else(|| {
        let subject = text(&mail.subject);
        key::of_identity(&[
            "answer",
            &text(&mail.from),
            &text(&mail.date),
            &subject,
            &mail.text,
        ])
    });
    Some(MailAnswer {
        token: token.to_owned(),
        id,
        verb: parse_mail_first_line(&mail.text),
        automatic: is_automatic(mail),
    })
}

/// Stricter than for monitors, whose mails programs write: whatever may come from one is no answer
/// of a person (RFC 3834 §2).
fn is_automatic(mail: &Mail) -> bool {
    let signs = &mail.signs;
    let by_program = signs
        .auto_submitted
        .as_deref()
        .is_some_and(|word| word != "no");
    let in_bulk = matches!(signs.precedence.as_deref(), Some("bulk" | "list" | "junk"));
    by_program || in_bulk || unwanted::reason(mail).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TO: &str = "reply+1a-69a5f0-00112233445566778899aabbccddeeff@page.example.com";

    fn read(head: &str, from: &str, text: &str) -> MailAnswer {
        let raw = format!("From: Ana <ana@example.com>\r\n{head}\r\n{text}");
        answer(raw.as_bytes(), from, TO).unwrap()
    }

    #[test]
    fn an_answer_and_its_token() {
        let mail = read(
            "Message-ID: <1@example.com>\r\nAuto-Submitted: no\r\n",
            "ana@example.com",
            "\r\nAck, on my way\r\n\r\n> INC-0001\r\n",
        );
        assert_eq!(mail.verb, Some(Verb::Acknowledge));
        assert_eq!(mail.token, "1a-69a5f0-00112233445566778899aabbccddeeff");
        assert_eq!((mail.id.as_str(), mail.automatic), ("1@example.com", false));
        let unnamed = read("", "ana@example.com", "ack");
        assert_eq!(unnamed.id, read("", "ana@example.com", "ack").id);
        assert_ne!(unnamed.id, read("", "ana@example.com", "resolve").id);
        let html = "Content-Type: text/html\r\n";
        let html = read(
            html,
            "ana@example.com",
            "<div>resolve</div><blockquote>x</blockquote>",
        );
        assert_eq!(html.verb, Some(Verb::Resolve));
        for other in [
            "key@x",
            "key+disk-db1@x",
            "key+1a-2b-00@x",
            "key+-1a-00112233445566778899aabbccddeeff@x",
        ] {
            assert_eq!(token(other), None, "{other}");
        }
    }

    #[test]
    fn what_programs_write_is_no_answer() {
        // §6.8, and loops must not be.
        for (head, from) in [
            ("", ""),
            ("Auto-Submitted: auto-replied\r\n", "ana@example.com"),
            (
                "Auto-Submitted: auto-generated; owner\r\n",
                "ana@example.com",
            ),
            ("Precedence: bulk\r\n", "ana@example.com"),
            ("Precedence: junk\r\n", "ana@example.com"),
            ("X-Autoreply: yes\r\n", "ana@example.com"),
            ("Message-ID: <qd-7@page.example.com>\r\n", "ana@example.com"),
            (
                "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n",
                "ana@example.com",
            ),
        ] {
            assert!(read(head, from, "ack").automatic, "{head}{from}");
        }
    }
}
