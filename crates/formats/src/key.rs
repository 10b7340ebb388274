//! Keys that tell conditions apart.

use std::borrow::Cow;
use std::fmt::Write;

use domain::signal::DEDUP_KEY_MAX;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Characters of a long key that stay readable; with `…` and 64 hex digits that makes
/// [`DEDUP_KEY_MAX`].
const READABLE: usize = DEDUP_KEY_MAX - 65;

/// Told when [`bounded`] shortened a dedup key.
pub(crate) const CUT_WARNING: &str =
    "dedup_key was longer than 255 characters: its end was replaced by a hash";

/// A key of at most [`DEDUP_KEY_MAX`] characters. Cutting alone would merge different conditions,
/// so a long key ends in the SHA-256 of the whole: distinct keys stay distinct, and a resolve finds
/// the alert its trigger opened.
pub(crate) fn bounded(key: &str) -> String {
    if key.chars().nth(DEDUP_KEY_MAX).is_none() {
        return key.to_owned();
    }
    let mut short: String = key.chars().take(READABLE).collect();
    short.push('…');
    short.push_str(&hex(&Sha256::digest(key.as_bytes())));
    short
}

/// SHA-256 over fields that identify a condition, as hex. Lengths are hashed too, so that text
/// cannot move from one field to the next unnoticed.
pub(crate) fn of_identity(fields: &[&str]) -> String {
    let mut hash = Sha256::new();
    for field in fields {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field.as_bytes());
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Prometheus' fingerprint of a label set: FNV-1a 64 over sorted name, 0xFF, value, 0xFF
/// (WIRE-FORMATS.md §1.5). Labels with an empty value do not count.
pub(crate) fn fingerprint(labels: &Map<String, Value>) -> String {
    let mut sorted: Vec<(&str, Cow<'_, str>)> = labels
        .iter()
        .map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string().into(), Cow::Borrowed);
            (name.as_str(), text)
        })
        .filter(|(_, value)| !value.is_empty())
        .collect();
    sorted.sort_unstable();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for (name, value) in &sorted {
        for part in [name.as_bytes(), &[0xFF], value.as_bytes(), &[0xFF]] {
            for byte in part {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_keys_are_kept_as_they_are() {
        let longest = "ä".repeat(DEDUP_KEY_MAX);
        assert_eq!(bounded(&longest), longest);
        let long = format!("{longest}x");
        let short = bounded(&long);
        assert_eq!(short.chars().count(), DEDUP_KEY_MAX);
        assert!(short.starts_with(&"ä".repeat(READABLE)));
    }

    #[test]
    fn identity_fields_do_not_run_into_each_other() {
        assert_ne!(of_identity(&["ab", "c"]), of_identity(&["a", "bc"]));
        assert_eq!(of_identity(&["", "c"]).len(), 64);
    }

    proptest! {
        #[test]
        fn distinct_long_keys_stay_distinct(head in ".{255,300}", a in ".{0,40}", b in ".{0,40}") {
            let (left, right) = (format!("{head}{a}"), format!("{head}{b}"));
            prop_assert_eq!(left == right, bounded(&left) == bounded(&right));
            prop_assert!(bounded(&left).chars().count() <= DEDUP_KEY_MAX);
        }
    }
}
