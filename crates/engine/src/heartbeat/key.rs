//! The key in a heartbeat's own address. It is made from the installation's secret, so that it can
//! be shown whenever somebody needs it and yet is stored nowhere.

use domain::HeartbeatId;
use domain::heartbeat::Heartbeat;

use crate::account::secret;
use crate::link::LinkSecret;

/// What a valid key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub id: HeartbeatId,
    pub version: i64,
}

/// Bytes of the signature kept: 128 bits.
const SIGNATURE: usize = 16;

/// The key of a heartbeat, as it is now.
pub fn of(beat: &Heartbeat, secret: &LinkSecret) -> String {
    write(
        Key {
            id: beat.id,
            version: beat.key_version,
        },
        secret,
    )
}

fn write(key: Key, link_secret: &LinkSecret) -> String {
    let Key { id, version } = key;
    let mac = link_secret.sign("heartbeat", &format!("{id}.{version}"));
    format!("{id}-{version}-{}", secret::to_hex(&mac[..SIGNATURE]))
}

/// What a key stands for; `None` for one that was never ours.
pub fn read(text: &str, link_secret: &LinkSecret) -> Option<Key> {
    let mut parts = text.splitn(3, '-');
    let key = Key {
        id: parts.next()?.parse().ok()?,
        version: parts.next()?.parse().ok()?,
    };
    // Digests, so that the time it takes tells nothing of how much is right.
    let digest = |text: &str| secret::digest(text);
    (digest(&write(key, link_secret)) == digest(text)).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_that_of_one_heartbeat() {
        let secret = LinkSecret::new([7; 32]);
        let key = Key {
            id: HeartbeatId(12),
            version: 3,
        };
        let text = write(key, &secret);
        assert_eq!(read(&text, &secret), Some(key));
        assert_eq!(read(&text, &LinkSecret::new([8; 32])), None);
        let other = text.replacen("12-3-", "12-4-", 1);
        for junk in [
            "",
            "12-3-",
            "-",
            "12-3-00",
            "a-b-c",
            &other,
            &format!("{text}0"),
        ] {
            assert_eq!(read(junk, &secret), None, "{junk}");
        }
    }
}
