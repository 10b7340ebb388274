//! Addresses that answers to mails go to: `reply+TOKEN@page.example.com`. A sender's address proves
//! nothing, so that the address which was told to nobody but the person paged is the proof; it is of
//! one message, hence of one person and its incidents, and holds as long as a signed link.

use domain::{NotificationId, Timestamp};

use crate::account::secret;
use crate::link::{LinkSecret, VALID_FOR};

/// Bytes of the signature kept: 128 bits.
const SIGNATURE: usize = 16;
const PURPOSE: &str = "mail answer";

/// Where mails for us arrive: what stands before `+`, and the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letterbox {
    mailbox: String,
    domain: String,
}

/// A letterbox that cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this must be an address such as reply@page.example.com, with at most 10 letters before @")]
pub struct NoLetterbox;

impl std::str::FromStr for Letterbox {
    type Err = NoLetterbox;

    fn from_str(text: &str) -> Result<Letterbox, NoLetterbox> {
        // The part before @ may have 64 characters (RFC 5321 §4.5.3.1.1), and the token has up to 53
        // for the first 17 billion thousand messages, until the year 2106.
        let (mailbox, domain) = text.trim().split_once('@').ok_or(NoLetterbox)?;
        let letters = |text: &str, more: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        if mailbox.len() > 10 || !letters(mailbox, "-_.") || !letters(domain, "-.:[]") {
            return Err(NoLetterbox);
        }
        Ok(Letterbox {
            mailbox: mailbox.to_owned(),
            domain: domain.to_lowercase(),
        })
    }
}

impl Letterbox {
    /// Where the answer to a message goes that is sent now.
    pub fn address(&self, message: NotificationId, secret: &LinkSecret, now: Timestamp) -> String {
        let address = Address {
            notification: message,
            expires_at: now + VALID_FOR,
        };
        let Letterbox { mailbox, domain } = self;
        format!("{mailbox}+{}@{domain}", address.token(secret))
    }
}

/// What an address stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The message that is answered.
    pub notification: NotificationId,
    /// To the second; from then on it acts no more.
    pub expires_at: Timestamp,
}

impl Address {
    /// Lower-case letters, digits and hyphens: servers may change the case.
    fn token(self, link_secret: &LinkSecret) -> String {
        let id = self.notification.0;
        let until = self.expires_at.0.div_euclid(1_000_000);
        let text = format!("{id:x}-{until:x}");
        let mac = link_secret.sign(PURPOSE, &text);
        format!("{text}-{}", secret::to_hex(&mac[..SIGNATURE]))
    }

    /// What a token stands for; `None` for one that was never ours. It may be over.
    pub fn read(token: &str, link_secret: &LinkSecret) -> Option<Address> {
        let token = token.to_ascii_lowercase();
        let mut parts = token.splitn(3, '-');
        let mut number = || i64::from_str_radix(parts.next()?, 16).ok();
        let (id, until) = (number()?, number()?);
        let address = Address {
            notification: NotificationId(id),
            expires_at: Timestamp::from_seconds(until),
        };
        // Digests, so that the time it takes tells nothing of how much is right.
        let right = secret::digest(&address.token(link_secret)) == secret::digest(&token);
        right.then_some(address)
    }
}

#[cfg(test)]
mod tests {
    use domain::Span;

    use super::*;

    #[test]
    fn an_address_is_of_one_message_for_24_hours() {
        let (secret, other) = (LinkSecret::new([7; 32]), LinkSecret::new([8; 32]));
        let letterbox: Letterbox = "reply@Page.example.com".parse().unwrap();
        let now = Timestamp::parse("2026-03-02T09:00:00.5Z").unwrap();
        let made = letterbox.address(NotificationId(4_217), &secret, now);
        let (local, domain) = made.split_once('@').unwrap();
        assert_eq!(domain, "page.example.com");
        let token = local.strip_prefix("reply+").unwrap();
        let read = Address::read(token, &secret).unwrap();
        assert_eq!(read.notification, NotificationId(4_217));
        let day = now + Span::from_days(1);
        assert!(read.expires_at <= day && read.expires_at > day - Span::from_seconds(1));
        // Servers may write it otherwise.
        assert_eq!(Address::read(&token.to_uppercase(), &secret), Some(read));
        assert_eq!(Address::read(token, &other), None);
        for index in 0..token.len() {
            let mut forged = token.to_owned().into_bytes();
            forged[index] = if forged[index] == b'1' { b'2' } else { b'1' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(Address::read(&forged, &secret), None, "{index}");
        }
        let (head, tail) = token.split_once('-').unwrap();
        for junk in [
            "",
            "-",
            "--",
            "x-y-z",
            head,
            tail,
            &format!("+{token}"),
            &format!("0{token}"),
        ] {
            assert_eq!(Address::read(junk, &secret), None, "{junk}");
        }
    }

    #[test]
    fn the_longest_address_is_one() {
        let secret = LinkSecret::new([7; 32]);
        let letterbox: Letterbox = "tenletters@x.org".parse().unwrap();
        let late = Timestamp::parse("2106-01-01T00:00:00Z").unwrap();
        let made = letterbox.address(NotificationId((1 << 44) - 1), &secret, late);
        assert!(made.split_once('@').unwrap().0.len() <= 64, "{made}");
        for wrong in [
            "",
            "reply",
            "@x.org",
            "reply@",
            "elevenletters@x.org",
            "a b@x.org",
            "a@x y",
        ] {
            assert_eq!(wrong.parse::<Letterbox>(), Err(NoLetterbox), "{wrong}");
        }
    }
}
