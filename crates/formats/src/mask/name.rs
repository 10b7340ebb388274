//! Which names stand beside secrets.

/// Names that hold one of these hold a secret.
const SECRET: [&str; 29] = [
    "routingkey",
    "servicekey",
    "apikey",
    "integrationkey",
    "accesskey",
    "privatekey",
    "secretkey",
    "authkey",
    "signingkey",
    "encryptionkey",
    "licensekey",
    "geniekey",
    "sharedkey",
    "sshkey",
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "authorization",
    "cookie",
    "credential",
    "signature",
    "sessionid",
    "hmac",
    "jwt",
    "bearer",
    "subscribeurl",
];
/// More of those that headers have.
const IN_HEAD: [&str; 6] = ["key", "auth", "session", "sign", "cert", "digest"];
/// Keys that name something instead of opening it.
const HARMLESS: [&str; 9] = [
    "dedupkey",
    "deduplicationkey",
    "incidentkey",
    "groupkey",
    "eventkey",
    "alertkey",
    "problemkey",
    "partitionkey",
    "aggregkey",
];

fn plain(name: &str) -> String {
    // A name may be written with escapes.
    let read: Option<String> = name
        .contains('\\')
        .then(|| serde_json::from_str(&format!("\"{name}\"")).ok())
        .flatten();
    read.as_deref()
        .unwrap_or(name)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn has(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| name.contains(word))
}

/// Of a field of a body.
pub(super) fn in_body(name: &str) -> bool {
    has(&plain(name), &SECRET)
}

/// Of a value of an address.
pub(super) fn in_address(name: &str) -> bool {
    let name = plain(name);
    has(&name, &SECRET) || (has(&name, &IN_HEAD) && !HARMLESS.contains(&name.as_str()))
}

/// Of a header.
pub(super) fn in_head(name: &str) -> bool {
    let name = plain(name);
    has(&name, &SECRET) || has(&name, &IN_HEAD)
}
