//! Takes secrets out of requests before anybody reads or keeps them: keys, passwords, signatures,
//! wherever a sender has put them. In doubt it takes too much.

mod body;
mod name;
#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use crate::request::Request;

/// Stands where a secret stood.
pub const MASK: &str = "•••";
/// Longest body that is kept, in bytes.
pub const BODY_MAX: usize = 64 * 1024;
/// Longest head that is looked at, in bytes.
const HEAD_MAX: usize = 32 * 1024;
/// A body is masked a little beyond what is kept, so that no half of a secret is left at its end.
const MARGIN: usize = 4 * 1024;
/// Pieces of a secret header shorter than this are words such as `Bearer`, not secrets.
const PIECE_MIN: usize = 8;
/// Most distinct secrets that are looked for everywhere.
const SECRETS_MAX: usize = 64;

/// A request without its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masked {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Whether `body` is all that was sent, but for the masks.
    pub complete: bool,
    secrets: Vec<String>,
}

impl Masked {
    /// Takes the secrets of the request out of a text about it.
    pub fn clean(&self, text: &str) -> String {
        without(text.to_owned(), &self.secrets)
    }
}

/// Masks a request. The head is its first line (`POST /path?query`) and then one line
/// `name: value` for each header. `key_hash` is the SHA-256 of the integration's key, which is found
/// whatever the name beside it.
pub fn mask(head: &str, body: &[u8], key_hash: &[u8; 32]) -> Masked {
    let head = cut(head, HEAD_MAX).0;
    let mut lines = head.lines();
    let (method, target) = lines
        .next()
        .unwrap_or_default()
        .split_once(' ')
        .unwrap_or_default();
    let kept = &body[..body.len().min(BODY_MAX + MARGIN)];
    let text = String::from_utf8_lossy(kept);
    let mut secrets = Vec::new();
    keys(head, key_hash, &mut secrets);
    keys(&text, key_hash, &mut secrets);
    let path = path(target, &mut secrets);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), header(name, value.trim(), &mut secrets)))
        .collect();
    let secrets = longest_first(secrets);
    let text = body::mask(&without(text.into_owned(), &secrets)).replace('\0', "\u{fffd}");
    let (shown, all) = cut(&text, BODY_MAX);
    let mut shown = shown.to_owned();
    let complete = all && kept.len() == body.len() && std::str::from_utf8(body).is_ok();
    if !all || kept.len() < body.len() {
        shown.push('…');
    }
    Masked {
        method: method.to_owned(),
        path: body::mask_values(&without(path, &secrets)).replace('\0', "\u{fffd}"),
        headers: headers
            .into_iter()
            .map(|(name, value)| {
                let value = body::mask_values(&without(value, &secrets));
                (name, value.replace('\0', "\u{fffd}"))
            })
            .collect(),
        body: shown,
        complete,
        secrets,
    }
}

/// A text of a request that becomes an alert, and is read by whoever is paged: without the key of
/// its integration, whatever its head proves with, and values written as `token=…`, `Bearer …` or
/// `://user:password@`. What follows a colon stays, unlike in a kept request: “Token: expired” is a
/// sentence, and two of those must not become one condition. What is far beyond what an alert holds
/// is left out, so that no text costs more than that.
pub(crate) fn told(request: &Request<'_>, text: &str) -> String {
    let text = cut(text, BODY_MAX + MARGIN).0;
    let mut secrets = Vec::new();
    keys(text, &request.key_hash.unwrap_or_default(), &mut secrets);
    body::mask_form(request.query, name::in_address, &mut secrets);
    for (name, value) in &request.headers {
        header(name, value.trim(), &mut secrets);
    }
    let text = without(text.to_owned(), &longest_first(secrets));
    body::mask_values(&body::assigned(&text, false))
}

/// A secret may be a part of another one.
fn longest_first(mut secrets: Vec<String>) -> Vec<String> {
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    secrets.truncate(SECRETS_MAX);
    secrets
}

/// The beginning of a text, and whether that is all of it.
fn cut(text: &str, most: usize) -> (&str, bool) {
    if text.len() <= most {
        return (text, true);
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (&text[..end], false)
}

fn without(mut text: String, secrets: &[String]) -> String {
    for secret in secrets {
        if text.contains(secret.as_str()) {
            text = text.replace(secret.as_str(), MASK);
        }
    }
    text
}

/// Everything with the shape of a key whose digest is the integration's, and of an address that a
/// page is answered at.
fn keys(text: &str, key_hash: &[u8; 32], secrets: &mut Vec<String>) {
    let shape = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    for piece in text.split(|c| !shape(c)) {
        let is_key = |piece: &str| Sha256::digest(piece.as_bytes()).as_slice() == key_hash;
        // In an address of mail its case may have been lost.
        let low = || piece.bytes().any(|b| b.is_ascii_uppercase()) && is_key(&piece.to_lowercase());
        if (20..=128).contains(&piece.len())
            && (is_key(piece) || low() || crate::mail::is_token(piece))
            && !secrets.iter().any(|known| known == piece)
        {
            secrets.push(piece.to_owned());
        }
    }
}

fn path(target: &str, secrets: &mut Vec<String>) -> String {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let mut after_door = false;
    let mut out: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        if after_door && !segment.is_empty() {
            learn(segment, secrets);
            out.push(MASK);
        } else {
            out.push(segment);
        }
        after_door = segment == "integrations";
    }
    let mut out = out.join("/");
    if let Some(query) = query {
        out.push('?');
        out.push_str(&body::mask_form(query, name::in_address, secrets));
    }
    out
}

fn header(name: &str, value: &str, secrets: &mut Vec<String>) -> String {
    if !name::in_head(name) {
        return value.to_owned();
    }
    learn(value, secrets);
    for piece in value.split([' ', ',', ';', '"']) {
        learn(piece, secrets);
        for part in piece.split(['=', ':']) {
            learn(part, secrets);
        }
        if let Ok(pair) = STANDARD.decode(piece) {
            for part in String::from_utf8_lossy(&pair).split(':') {
                learn(part, secrets);
            }
        }
    }
    MASK.to_owned()
}

/// Remembers a secret, so that it is masked wherever else it stands.
fn learn(secret: &str, secrets: &mut Vec<String>) {
    if secret.len() < PIECE_MIN || secret.contains('\u{fffd}') {
        return;
    }
    let decoded: String = form_urlencoded::parse(secret.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default();
    for one in [secret, &decoded] {
        if one.len() >= PIECE_MIN && !secrets.iter().any(|known| known == one) {
            secrets.push(one.to_owned());
        }
    }
}
