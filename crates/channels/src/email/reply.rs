//! What a failed step means for the retry rule.

use super::connection::{Server, Stage, Trouble};
use crate::{Failure, reason};

/// Classifies a failed step:
///
/// | what | failure |
/// |---|---|
/// | network, timeout, 4xx, 421 | temporary |
/// | 550, 551, 553 for the recipient, or any reply with enhanced code 5.1.x about it | permanent, method broken |
/// | refused relaying (5.7.x), refused sender or sign-in, no STARTTLS, untrusted certificate | misconfigured |
/// | any other 5xx | permanent |
pub(super) fn classify(trouble: &Trouble, server: &Server) -> Failure {
    let address = server.address();
    let say = |text: &str| reason::tidy(&format!("{address}: {text}"), server.password());
    let Some(code) = trouble.code() else {
        return without_reply(trouble, say);
    };
    let text = std::error::Error::source(&trouble.error)
        .map(ToString::to_string)
        .unwrap_or_default();
    let reason = say(&format!("{code} {text}"));
    if code < 500 {
        return Failure::temporary(reason);
    }
    match trouble.stage {
        Stage::Connect | Stage::StartTls | Stage::Auth | Stage::Sender => {
            Failure::Misconfigured { reason }
        }
        Stage::Recipient => match (code, enhanced(&text)) {
            (530 | 535, _) | (_, Some((5, 7))) => Failure::Misconfigured { reason },
            (550 | 551 | 553, _) | (_, Some((5, 1))) => Failure::Permanent {
                reason,
                method_broken: true,
            },
            _ => Failure::Permanent {
                reason,
                method_broken: false,
            },
        },
        Stage::Content | Stage::Sent => Failure::Permanent {
            // Some servers look the recipient up only here.
            method_broken: enhanced(&text) == Some((5, 1)),
            reason,
        },
    }
}

/// The server said nothing that is a reply.
fn without_reply(trouble: &Trouble, say: impl Fn(&str) -> String) -> Failure {
    let text = say(&reason::chain(&trouble.error));
    if is_distrust(&trouble.error) {
        return Failure::Misconfigured { reason: text };
    }
    // The client's own refusals: no STARTTLS, no common sign-in mechanism.
    let own_refusal = trouble.error.is_client() || trouble.error.is_tls();
    match trouble.stage {
        Stage::Connect | Stage::StartTls | Stage::Auth if own_refusal => {
            Failure::Misconfigured { reason: text }
        }
        _ => Failure::temporary(text),
    }
}

/// Whether TLS failed because of what the two sides are rather than because of the line between
/// them: an untrusted or expired certificate, another host's, no TLS on that port.
fn is_distrust(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // An `io::Error` does not count what it wraps as its source.
        let wrapped = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(tls) = wrapped.or_else(|| error.downcast_ref::<rustls::Error>()) {
            return matches!(
                tls,
                rustls::Error::InvalidCertificate(_)
                    | rustls::Error::NoCertificatesPresented
                    | rustls::Error::UnsupportedNameType
                    | rustls::Error::InvalidMessage(_)
                    | rustls::Error::PeerIncompatible(_)
            );
        }
        cause = error.source();
    }
    false
}

/// Class and subject of an enhanced status code (RFC 3463) at the start of a reply's text.
fn enhanced(text: &str) -> Option<(u8, u8)> {
    let mut parts = text.split_whitespace().next()?.splitn(3, '.');
    let class = parts.next()?.parse().ok()?;
    let subject = parts.next()?.parse().ok()?;
    let _detail: u16 = parts.next()?.parse().ok()?;
    Some((class, subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enhanced_codes_are_read_from_the_front_only() {
        assert_eq!(enhanced("5.1.1 no such user"), Some((5, 1)));
        assert_eq!(enhanced("5.7.26 unauthenticated"), Some((5, 7)));
        assert_eq!(enhanced("user 5.1.1 unknown"), None);
        assert_eq!(enhanced("5.1"), None);
        assert_eq!(enhanced(""), None);
    }
}
