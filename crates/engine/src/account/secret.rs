//! Random secrets and the digests under which they are stored. All of them are drawn with at least
//! 160 bits from a cryptographic generator, so that a plain SHA-256 keeps them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What is stored instead of a secret.
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The last four characters, to tell secrets apart.
pub fn hint(secret: &str) -> String {
    let from = secret.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    secret.get(from..).unwrap_or_default().to_owned()
}

/// 32 random bytes as base64url.
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// The key of an integration: 32 lower-case letters and digits, the form that clients of
/// PagerDuty's Events API expect of a routing key.
pub fn integration_key() -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..32)
        .map(|_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())]))
        .collect()
}

/// Lower-case hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest written by [`to_hex`].
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    // `from_str_radix` would take a sign.
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_lower_case_letters_and_digits_and_never_the_same() {
        let key = integration_key();
        assert_eq!(key.len(), 32);
        assert!(
            key.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        );
        assert_ne!(key, integration_key());
        assert_eq!(token().len(), 43);
    }

    #[test]
    fn hints_are_the_end_whatever_the_alphabet() {
        assert_eq!(hint("qd_abcdef"), "cdef");
        assert_eq!(hint("äöü"), "äöü");
        assert_eq!(hint("xäöüß"), "äöüß");
        assert_eq!(hint(""), "");
    }

    #[test]
    fn hexadecimal_there_and_back() {
        let sum = digest("demo");
        assert_eq!(from_hex(&to_hex(&sum)), Some(sum));
        assert_eq!(from_hex("zz"), None);
        assert_eq!(from_hex(&"g".repeat(64)), None);
        assert_eq!(from_hex(&"+1".repeat(32)), None);
    }
}
