//! Makes every text of a request one that both databases can store, whatever a format let through,
//! so that one odd request never spoils a batch for others.

use domain::signal::Signal;
use sha2::{Digest, Sha256};

use super::Submission;

/// Longest group key that is stored as it is, in bytes: indexes of PostgreSQL hold about 2,700.
const GROUP_KEY_MAX: usize = 1_024;

/// Replaces NUL, which PostgreSQL's text cannot hold, and shortens group keys that no index takes.
pub(crate) fn storable(mut submission: Submission) -> Submission {
    for signal in &mut submission.signals {
        clean(signal);
    }
    for text in submission
        .warnings
        .iter_mut()
        .chain(&mut submission.rejected)
    {
        replace_nul(text);
    }
    if let Some(group) = &mut submission.resolve_group {
        replace_nul(group);
        shorten(group);
    }
    submission
}

fn clean(signal: &mut Signal) {
    let optional = [&mut signal.component, &mut signal.group, &mut signal.class];
    for text in optional.into_iter().flatten() {
        replace_nul(text);
    }
    for text in [
        &mut signal.dedup_key,
        &mut signal.summary,
        &mut signal.source,
    ] {
        replace_nul(text);
    }
    if let Some(group) = &mut signal.group_key {
        replace_nul(group);
        shorten(group);
    }
    // Details, links and images are stored as JSON, where NUL is written as an escape.
}

/// PostgreSQL stores no NUL.
pub(crate) fn replace_nul(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
}

/// Keeps the beginning readable and ends in a digest of the whole, so that keys stay distinct.
fn shorten(key: &mut String) {
    if key.len() <= GROUP_KEY_MAX {
        return;
    }
    let mut end = GROUP_KEY_MAX - 128;
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    let digest = Sha256::digest(key.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    key.truncate(end);
    key.push('…');
    key.push_str(&hex);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_group_keys_stay_distinct_and_short() {
        let mut one = "ключ".repeat(1_000);
        let mut other = format!("{one}x");
        shorten(&mut one);
        shorten(&mut other);
        assert!(one.len() <= GROUP_KEY_MAX && other.len() <= GROUP_KEY_MAX);
        assert_ne!(one, other);
        let mut short = "{}:{alertname=\"x\"}".to_owned();
        shorten(&mut short);
        assert_eq!(short, "{}:{alertname=\"x\"}");
    }
}
