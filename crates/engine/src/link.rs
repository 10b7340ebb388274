//! Signed links in mail (PAGING.md §6.8): valid 24 h for one person and one incident. A GET shows a
//! confirmation page, a POST acts, since mail scanners follow links.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{IncidentId, NotificationId, Span, Timestamp, UserId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How long a link acts.
pub const VALID_FOR: Span = Span::from_hours(24);

/// The installation's secret for signing.
#[derive(Clone)]
pub struct LinkSecret([u8; 32]);

impl LinkSecret {
    pub fn new(bytes: [u8; 32]) -> LinkSecret {
        LinkSecret(bytes)
    }

    /// Signs a text for one purpose; a signature for another is worth nothing there.
    pub(crate) fn sign(&self, purpose: &str, text: &str) -> [u8; 32] {
        let mut content = purpose.as_bytes().to_vec();
        content.push(0);
        content.extend_from_slice(text.as_bytes());
        mac(self, PURPOSES, &content).finalize().into_bytes().into()
    }
}

const LINKS: &[u8] = b"quarterdeck answer link v1";
const PURPOSES: &[u8] = b"quarterdeck purpose v1";

impl std::fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkSecret(***)")
    }
}

/// What a link stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub user: UserId,
    pub incident: IncidentId,
    /// The notification it came with, which counts as answered when the link is used.
    pub notification: NotificationId,
    pub expires_at: Timestamp,
}

/// Why a link is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLink {
    #[error("this link is not valid: copy it whole, or open the incident and sign in")]
    Invalid,
    #[error("this link has expired: open the incident and sign in")]
    Expired,
}

const LENGTH: usize = 32;
/// Bytes of the signature kept: 128 bits.
const SIGNATURE: usize = 16;

impl Link {
    /// The token for the URL.
    pub fn sign(&self, secret: &LinkSecret) -> String {
        let mut bytes = Vec::with_capacity(LENGTH + SIGNATURE);
        for part in [
            self.user.0,
            self.incident.0,
            self.notification.0,
            self.expires_at.0,
        ] {
            bytes.extend_from_slice(&part.to_be_bytes());
        }
        let signature = mac(secret, LINKS, &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&signature[..SIGNATURE]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// # Errors
    /// [`BadLink`].
    pub fn verify(token: &str, secret: &LinkSecret, now: Timestamp) -> Result<Link, BadLink> {
        let bytes = URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| BadLink::Invalid)?;
        if bytes.len() != LENGTH + SIGNATURE {
            return Err(BadLink::Invalid);
        }
        let (content, signature) = bytes.split_at(LENGTH);
        mac(secret, LINKS, content)
            .verify_truncated_left(signature)
            .map_err(|_| BadLink::Invalid)?;
        let part = |index: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&content[index * 8..index * 8 + 8]);
            i64::from_be_bytes(number)
        };
        let link = Link {
            user: UserId(part(0)),
            incident: IncidentId(part(1)),
            notification: NotificationId(part(2)),
            expires_at: Timestamp(part(3)),
        };
        if now >= link.expires_at {
            Err(BadLink::Expired)
        } else {
            Ok(link)
        }
    }
}

fn mac(secret: &LinkSecret, what: &[u8], content: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(&secret.0).expect("any key length will do");
    mac.update(what);
    mac.update(content);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_acts_for_one_person_and_incident_for_24_hours() {
        let secret = LinkSecret::new([7; 32]);
        let made = Timestamp::from_seconds(1_000_000);
        let link = Link {
            user: UserId(3),
            incident: IncidentId(42),
            notification: NotificationId(77),
            expires_at: made + VALID_FOR,
        };
        let token = link.sign(&secret);
        assert_eq!(Link::verify(&token, &secret, made), Ok(link));
        let just_before = made + VALID_FOR - Span(1);
        assert_eq!(Link::verify(&token, &secret, just_before), Ok(link));
        assert_eq!(
            Link::verify(&token, &secret, made + VALID_FOR),
            Err(BadLink::Expired)
        );
        let other = LinkSecret::new([8; 32]);
        assert_eq!(Link::verify(&token, &other, made), Err(BadLink::Invalid));
        for index in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(
                Link::verify(&forged, &secret, made),
                Err(BadLink::Invalid),
                "{index}"
            );
        }
        for junk in ["", "x", "====", "ÿÿ"] {
            assert_eq!(Link::verify(junk, &secret, made), Err(BadLink::Invalid));
        }
    }
}
