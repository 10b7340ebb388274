//! Signatures of senders, checked over the bytes as they came and in constant time.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use domain::{Span, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::FormatError;
use crate::request::Request;
use crate::settings::Secret;

/// How far the time of a signed request may be from ours (Standard Webhooks' recommendation).
const TOLERANCE: Span = Span::from_seconds(300);
/// Signatures tried of one request: senders send two while they change their secret.
const SIGNATURES_MAX: usize = 10;
/// Headers tried that may hold the time of a request; proxies add one or two of their own.
const TIMES_MAX: usize = 5;

/// HMAC-SHA256 over pieces put together.
pub fn hmac_sha256(key: &[u8], pieces: &[&[u8]]) -> [u8; 32] {
    // A key of any length is a key.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    for piece in pieces {
        mac.update(piece);
    }
    mac.finalize().into_bytes().into()
}

/// Compares in a time that tells nothing about where they differ.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Whether `text` is `expected` in hex, of either case.
pub(crate) fn is_hex_of(text: &str, expected: &[u8; 32]) -> bool {
    let text = text.trim().as_bytes();
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return false;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16);
        match (digit(pair[0]), digit(pair[1])) {
            (Some(high), Some(low)) => *byte = (high * 16 + low) as u8,
            _ => return false,
        }
    }
    same(&bytes, expected)
}

/// A refusal that says which header is wrong, and nothing else.
fn refused(header: &str) -> FormatError {
    FormatError::BadSignature {
        header: header.to_owned(),
    }
}

/// Hex HMAC-SHA256 of the body in a header, after a prefix such as `sha256=`; several may be
/// listed with commas. Without a secret there is nothing to check.
///
/// # Errors
/// [`FormatError::BadSignature`] when a secret is set and the header is absent or wrong.
pub(crate) fn hex_of_body(
    request: &Request<'_>,
    secret: Option<&Secret>,
    header: &str,
    prefix: &str,
) -> Result<(), FormatError> {
    let Some(secret) = secret else {
        return Ok(());
    };
    let expected = hmac_sha256(secret.reveal().as_bytes(), &[request.body]);
    let good = request.header(header).is_some_and(|sent| {
        sent.split(',')
            .take(SIGNATURES_MAX)
            .filter_map(|one| one.trim().strip_prefix(prefix))
            .any(|hex| is_hex_of(hex, &expected))
    });
    good.then_some(()).ok_or_else(|| refused(header))
}

/// A header that must be the secret itself.
///
/// # Errors
/// As [`hex_of_body`].
pub(crate) fn plain(
    request: &Request<'_>,
    secret: Option<&Secret>,
    header: &str,
) -> Result<(), FormatError> {
    let Some(secret) = secret else {
        return Ok(());
    };
    request
        .header(header)
        .is_some_and(|sent| same(sent.as_bytes(), secret.reveal().as_bytes()))
        .then_some(())
        .ok_or_else(|| refused(header))
}

/// Grafana's signature: of the body, or of `timestamp:body` when it is set up with a header for the
/// time. That header's name is free: whatever holds the time of these minutes may be it.
///
/// # Errors
/// As [`hex_of_body`].
pub(crate) fn grafana(
    request: &Request<'_>,
    secret: Option<&Secret>,
    now: Timestamp,
) -> Result<(), FormatError> {
    const HEADER: &str = "X-Grafana-Alerting-Signature";
    let Some(secret) = secret else {
        return Ok(());
    };
    let sent = request.header(HEADER).ok_or_else(|| refused(HEADER))?;
    let key = secret.reveal().as_bytes();
    let mut times = request
        .headers
        .iter()
        .map(|(_, value)| value.trim())
        .filter(|value| is_recent(value, now).is_some())
        .take(TIMES_MAX);
    let good = is_hex_of(sent, &hmac_sha256(key, &[request.body]))
        || times.any(|time| {
            is_hex_of(
                sent,
                &hmac_sha256(key, &[time.as_bytes(), b":", request.body]),
            )
        });
    good.then_some(()).ok_or_else(|| refused(HEADER))
}

fn is_recent(seconds: &str, now: Timestamp) -> Option<()> {
    let seconds: i64 = seconds.trim().parse().ok()?;
    let then = Timestamp(seconds.checked_mul(1_000_000)?);
    let apart = now.0.checked_sub(then.0)?.checked_abs()?;
    (apart <= TOLERANCE.0).then_some(())
}

/// The key of a Standard Webhooks secret: base64 behind `whsec_`. A secret that is no base64 is
/// used as it is, as some senders do.
fn standard_key(secret: &str) -> Vec<u8> {
    let Some(encoded) = secret.strip_prefix("whsec_") else {
        return secret.as_bytes().to_vec();
    };
    STANDARD_NO_PAD
        .decode(encoded.trim_end_matches('='))
        .unwrap_or_else(|_| secret.as_bytes().to_vec())
}

/// The value of `webhook-signature` for a message (Standard Webhooks 1.0).
pub fn sign_standard(secret: &str, id: &str, at: Timestamp, body: &[u8]) -> String {
    let seconds = at.0.div_euclid(1_000_000).to_string();
    let mac = hmac_sha256(
        &standard_key(secret),
        &[id.as_bytes(), b".", seconds.as_bytes(), b".", body],
    );
    format!("v1,{}", STANDARD.encode(mac))
}

/// Whether a request carries headers of Standard Webhooks.
pub(crate) fn is_standard(request: &Request<'_>) -> bool {
    request.header("webhook-signature").is_some() || request.header("svix-signature").is_some()
}

/// A public key of Standard Webhooks is 32 bytes in base64 behind this, a private one stands behind
/// the other.
const PUBLIC: &str = "whpk_";
const PRIVATE: &str = "whsk_";

fn public_key(encoded: &str) -> Option<[u8; 32]> {
    let bytes = STANDARD_NO_PAD.decode(encoded.trim().trim_end_matches('='));
    bytes.ok()?.try_into().ok()
}

/// What is wrong with a secret that messages of Standard Webhooks are to be checked with.
pub(crate) fn standard_fault(secret: &str) -> Option<&'static str> {
    if secret.starts_with(PRIVATE) {
        return Some("this is the sender's private key: its public one is needed (`whpk_…`)");
    }
    let encoded = secret.strip_prefix(PUBLIC)?;
    public_key(encoded)
        .is_none()
        .then_some("a public key is `whpk_` and 32 bytes in base64")
}

/// Checks a message signed by Standard Webhooks, within 5 minutes of our clock: by a secret that
/// both share (`v1`), or by the sender's private key where we know the public one (`v1a`).
///
/// # Errors
/// As [`hex_of_body`].
pub(crate) fn standard(
    request: &Request<'_>,
    secret: Option<&Secret>,
    now: Timestamp,
) -> Result<(), FormatError> {
    let Some(secret) = secret else {
        return Ok(());
    };
    let of = |name: &str| {
        request
            .header(&format!("webhook-{name}"))
            .or_else(|| request.header(&format!("svix-{name}")))
            .ok_or_else(|| refused(&format!("webhook-{name}")))
    };
    let (id, time, signatures) = (of("id")?, of("timestamp")?, of("signature")?);
    is_recent(time, now).ok_or_else(|| refused("webhook-timestamp"))?;
    let signed = [id.as_bytes(), b".", time.as_bytes(), b".", request.body];
    let sent = |version: &'static str| {
        signatures
            .split_ascii_whitespace()
            .take(SIGNATURES_MAX)
            .filter_map(move |one| one.strip_prefix(version)?.strip_prefix(','))
            .filter_map(|encoded| STANDARD_NO_PAD.decode(encoded.trim_end_matches('=')).ok())
    };
    let good = match secret.reveal().strip_prefix(PUBLIC) {
        // Everybody may know a public key: as a shared secret it would prove nothing.
        Some(encoded) => public_key(encoded).is_some_and(|key| {
            let key = UnparsedPublicKey::new(&ED25519, key);
            let signed = signed.concat();
            sent("v1a").any(|signature| key.verify(&signed, &signature).is_ok())
        }),
        None => {
            let expected = hmac_sha256(&standard_key(secret.reveal()), &signed);
            sent("v1").any(|signature| same(&signature, &expected))
        }
    };
    good.then_some(())
        .ok_or_else(|| refused("webhook-signature"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Option<Secret> {
        Secret::new(text)
    }

    #[test]
    fn githubs_documented_example() {
        // From GitHub's page on validating deliveries.
        let mut request = Request::of_body(b"Hello, World!");
        request.headers = vec![(
            "x-hub-signature-256",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        )];
        let key = secret("It's a Secret to Everybody");
        let check = |request: &Request<'_>, key: Option<&Secret>| {
            hex_of_body(request, key, "X-Hub-Signature-256", "sha256=")
        };
        assert_eq!(check(&request, key.as_ref()), Ok(()));
        assert_eq!(check(&request, None), Ok(()));
        assert!(check(&request, secret("other").as_ref()).is_err());
        request.body = b"Hello, World?";
        assert!(check(&request, key.as_ref()).is_err());
        request.headers.clear();
        assert_eq!(
            check(&request, key.as_ref()).unwrap_err().to_string(),
            "The signature in header `X-Hub-Signature-256` is missing or wrong. Give the sender \
             the secret of this integration."
        );
    }

    #[test]
    fn standard_webhooks_documented_example() {
        // From the reference implementation's tests.
        let body = br#"{"test": 2432232314}"#;
        let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let at = Timestamp::from_seconds(1_614_265_330);
        let signature = sign_standard(key, id, at, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = format!("v1,AAAA v1a,xyz {signature}");
        let mut request = Request::of_body(body);
        request.headers = vec![
            ("webhook-id", id),
            ("Webhook-Timestamp", "1614265330"),
            ("webhook-signature", &both),
        ];
        let check = |seconds: i64| {
            standard(
                &request,
                secret(key).as_ref(),
                Timestamp::from_seconds(seconds),
            )
        };
        assert_eq!(check(1_614_265_630), Ok(()));
        assert!(check(1_614_265_631).is_err(), "too old");
        assert!(check(1_614_265_029).is_err(), "from the future");
        request.headers[0].1 = "msg_other";
        let other = standard(&request, secret(key).as_ref(), at);
        assert!(other.is_err());
    }

    #[test]
    fn a_public_key_checks_what_its_private_one_signed() {
        // From the tests of the reference implementation; made again with Python's `cryptography`.
        const KEY: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
        const OTHER: &str = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
        let signature = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXw\
                         VLPo3mNl8EM+m7TBAg==";
        let (id, time) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330");
        let at = Timestamp::from_seconds(1_614_265_330);
        let body = br#"{"test": 2432232314}"#;
        let check = |key: &str, id: &str, body: &[u8], signature: &str, at: Timestamp| {
            let mut request = Request::of_body(body);
            request.headers = vec![
                ("webhook-id", id),
                ("webhook-timestamp", time),
                ("webhook-signature", signature),
            ];
            standard(&request, secret(key).as_ref(), at).is_ok()
        };
        assert!(check(KEY, id, body, signature, at));
        let several = format!("v1,AAAA v1a,AAAA {signature}");
        assert!(check(KEY, id, body, &several, at));
        assert!(!check(KEY, "msg_other", body, signature, at));
        assert!(!check(KEY, id, b"{}", signature, at));
        assert!(!check(OTHER, id, body, signature, at));
        assert!(!check(
            KEY,
            id,
            body,
            signature,
            at + Span::from_seconds(301)
        ));
        for wrong in ["", "v1a,", "v1a,AAAA", &signature.replace("v1a,", "v1,")] {
            assert!(!check(KEY, id, body, wrong, at), "{wrong}");
        }
        // Whoever knows the public key cannot sign with it, nor by what is no key.
        for key in [KEY, OTHER, "whpk_", "whpk_AAAA", "whpk_???"] {
            let forged = sign_standard(key, id, at, body);
            assert!(!check(key, id, body, &forged, at), "{key}");
            assert!(!check(key, id, body, &forged.replace("v1,", "v1a,"), at));
        }
        assert_eq!(standard_fault(KEY), None);
        assert_eq!(standard_fault("whsec_AAAA"), None);
        assert_eq!(standard_fault("any text"), None);
        for odd in ["whpk_", "whpk_AAAA", "whsk_AAAA"] {
            assert!(standard_fault(odd).is_some(), "{odd}");
        }
    }

    #[test]
    fn grafanas_time_is_part_of_what_is_signed_whatever_its_header_is_called() {
        let key = secret("k");
        let hex = |pieces: &[&[u8]]| -> String {
            let mac = hmac_sha256(b"k", pieces);
            mac.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let (timed, plain) = (hex(&[b"1700000000:{}"]), hex(&[b"{}"]));
        let mut request = Request::of_body(b"{}");
        let at = Timestamp::from_seconds;
        for name in ["X-Grafana-Alerting-Timestamp", "X-Our-Time"] {
            request.headers = vec![
                ("X-Request-Start", "1700000001"),
                ("X-Grafana-Alerting-Signature", &timed),
                (name, "1700000000"),
            ];
            assert_eq!(grafana(&request, key.as_ref(), at(1_700_000_010)), Ok(()));
            assert!(grafana(&request, key.as_ref(), at(1_700_000_301)).is_err());
            assert!(grafana(&request, key.as_ref(), at(1_800_000_000)).is_err());
        }
        request.headers.pop();
        assert!(grafana(&request, key.as_ref(), at(1_700_000_010)).is_err());
        // Without a header for the time, beside one that only looks like it.
        request.headers[1].1 = &plain;
        assert_eq!(grafana(&request, key.as_ref(), at(1_700_000_010)), Ok(()));
        assert_eq!(grafana(&request, None, at(1_700_000_010)), Ok(()));
        request.headers.pop();
        assert!(grafana(&request, key.as_ref(), at(1_700_000_010)).is_err());
    }
}
