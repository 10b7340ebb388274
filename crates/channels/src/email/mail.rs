//! A message as a mail: headers, body and the addresses of the envelope.

use lettre::{
    Address,
    address::Envelope,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};

use crate::{Failure, Message, reason};

/// Who sends, and the domain of message ids (already in ASCII).
pub(super) struct Sender {
    pub from: Mailbox,
    pub domain: String,
}

/// A mail ready for the wire.
pub(super) struct Mail {
    pub from: Address,
    pub to: Address,
    pub bytes: Vec<u8>,
    /// With its angle brackets.
    pub message_id: String,
}

/// Renders `message`. The same message always gets the same `Message-ID`.
///
/// # Errors
/// When the recipient's address is not one: permanent, and the method is broken.
pub(super) fn render(sender: &Sender, message: &Message) -> Result<Mail, Failure> {
    let to = recipient(&message.to).ok_or_else(|| Failure::Permanent {
        reason: reason::tidy(&format!("`{}` is not a mail address", message.to), []),
        method_broken: true,
    })?;
    let message_id = format!("<qd-{}@{}>", message.notification_id, sender.domain);
    let mut builder = lettre::Message::builder()
        .from(sender.from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(one_line(&message.subject))
        .message_id(Some(message_id.clone()))
        .date_now()
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"));
    if let Some(thread) = &message.thread {
        // A root that is never sent: every mail of the thread answers it, so that their order of
        // arrival does not matter (WIRE-FORMATS.md §3.4).
        let root = format!("<{}@{}>", id_left(thread), sender.domain);
        builder = builder.in_reply_to(root.clone()).references(root);
    }
    if message.critical {
        builder = builder
            .raw_header(header("Importance", "high"))
            .raw_header(header("X-Priority", "1"));
    }
    if let Some(list) = &message.list {
        // No `List-Unsubscribe-Post`: the page asks who it is that wants to end it.
        let url: String = one_line(&list.settings_url)
            .chars()
            .filter(|c| c.is_ascii() && !matches!(c, '<' | '>' | ' '))
            .collect();
        let id = format!("<{}.{}>", id_left(list.id), sender.domain);
        builder = builder
            .raw_header(header("List-Id", &id))
            .raw_header(header("List-Unsubscribe", &format!("<{url}>")));
    }
    if let Some(reply_to) = &message.reply_to {
        match one_line(reply_to).parse() {
            Ok(mailbox) => builder = builder.reply_to(mailbox),
            // The page matters more than a convenient answer to it.
            Err(_) => tracing::warn!(
                notification = %message.notification_id,
                "a reply address that is none was left out"
            ),
        }
    }
    let envelope = Envelope::new(Some(sender.from.email.clone()), vec![to.clone()]);
    let built = envelope.and_then(|envelope| {
        let builder = builder.envelope(envelope);
        match &message.html {
            Some(html) => builder.multipart(MultiPart::alternative_plain_html(
                message.text.clone(),
                html.clone(),
            )),
            None => builder.singlepart(SinglePart::plain(message.text.clone())),
        }
    });
    let mail = built.map_err(|error| Failure::Permanent {
        reason: reason::tidy(&format!("the mail cannot be written: {error}"), []),
        method_broken: false,
    })?;
    Ok(Mail {
        from: sender.from.email.clone(),
        to,
        bytes: mail.formatted(),
        message_id,
    })
}

/// An address with its domain in ASCII, as every mail server understands it. `None` for anything
/// else, in particular for text with line breaks.
fn recipient(text: &str) -> Option<Address> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let address: Address = text.trim().parse().ok()?;
    if address.domain().is_ascii() {
        return Some(address);
    }
    let domain = ascii_domain(address.domain())?;
    Address::new(address.user(), domain).ok()
}

/// A domain name in ASCII (punycode where needed).
pub(super) fn ascii_domain(domain: &str) -> Option<String> {
    match url::Host::parse(domain).ok()? {
        url::Host::Domain(name) => Some(name),
        url::Host::Ipv4(_) | url::Host::Ipv6(_) => None,
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Text for a header: whatever could end the line becomes a space.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Left side of a message id: letters, digits, `.`, `_`, `-`.
fn id_left(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' => c,
            _ => '-',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::NotificationId;
    use proptest::prelude::*;

    use super::*;

    fn sender() -> Sender {
        Sender {
            from: "Quarterdeck <pager@example.com>".parse().unwrap(),
            domain: "example.com".to_owned(),
        }
    }

    fn message() -> Message {
        Message {
            notification_id: NotificationId(7),
            to: "ann@example.org".to_owned(),
            subject: "INC-0042 disk full".to_owned(),
            text: "text".to_owned(),
            html: None,
            thread: None,
            critical: false,
            reply_to: None,
            list: None,
        }
    }

    /// Names of the headers in front of the first empty line.
    fn header_names(mail: &Mail) -> Vec<String> {
        let text = String::from_utf8_lossy(&mail.bytes).into_owned();
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        head.split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| {
                line.split(':')
                    .next()
                    .unwrap_or_default()
                    .to_ascii_lowercase()
            })
            .collect()
    }

    #[test]
    fn domains_become_ascii_and_addresses_are_not_domains() {
        assert_eq!(
            ascii_domain("bücher.example").as_deref(),
            Some("xn--bcher-kva.example")
        );
        assert_eq!(ascii_domain("127.0.0.1"), None);
        assert_eq!(ascii_domain("a b"), None);
        assert_eq!(
            recipient("ann@bücher.example").unwrap().to_string(),
            "ann@xn--bcher-kva.example"
        );
    }

    proptest! {
        /// Nothing that a monitor or a person writes can add a header.
        #[test]
        fn no_text_adds_a_header(
            subject in any::<String>(),
            thread in any::<String>(),
            reply_to in "[a-z]{1,5}@[a-z]{1,5}(\r?\n[A-Z][a-z]+: [a-z@.]+)?",
            settings_url in any::<String>(),
        ) {
            let message = Message {
                subject,
                thread: Some(thread),
                reply_to: Some(reply_to),
                critical: true,
                list: Some(crate::MailingList { id: "digest", settings_url }),
                ..message()
            };
            let mail = render(&sender(), &message).unwrap();
            const KNOWN: &[&str] = &[
                "from", "to", "subject", "message-id", "date", "auto-submitted",
                "x-auto-response-suppress", "in-reply-to", "references", "importance",
                "x-priority", "reply-to", "mime-version", "content-type",
                "content-transfer-encoding", "list-id", "list-unsubscribe",
            ];
            let mut names = header_names(&mail);
            for name in &names {
                prop_assert!(KNOWN.contains(&name.as_str()), "{name}");
            }
            names.sort();
            let count = names.len();
            names.dedup();
            prop_assert_eq!(names.len(), count, "a header was doubled");
            prop_assert!(mail.bytes.is_ascii());
        }

        /// Whatever is said to be an address is either one or refused.
        #[test]
        fn no_recipient_adds_a_command(to in any::<String>()) {
            if let Ok(mail) = render(&sender(), &Message { to, ..message() }) {
                prop_assert!(!mail.to.to_string().contains(char::is_control));
            }
        }
    }
}
