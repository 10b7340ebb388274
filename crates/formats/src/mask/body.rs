//! Secrets inside a body, whatever it is: JSON, also inside its own texts, a form, XML, a mail.
//! The text is walked once and stays as it is but for the masks; nothing is parsed, so that broken
//! bodies are masked as well.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use super::{MASK, learn, name};

/// Longest name beside a secret.
const NAME_MAX: usize = 100;

pub(super) fn mask(text: &str) -> String {
    let begin = text.trim_start_matches('\u{feff}').trim_start();
    let is_json = begin.starts_with(['{', '[', '"']);
    let is_form = !is_json && !begin.contains(['\n', '<', ' ']) && begin.contains('=');
    if is_form {
        return mask_values(&mask_form(text, name::in_body, &mut Vec::new()));
    }
    let text = quoted(text);
    mask_values(&assigned(&text, !is_json))
}

/// Values of a form or a query whose names are of secrets; what they were is learned.
pub(super) fn mask_form(
    form: &str,
    is_secret: fn(&str) -> bool,
    secrets: &mut Vec<String>,
) -> String {
    form.split('&')
        .map(|pair| {
            let Some((name, value)) = pair.split_once('=') else {
                return Cow::Borrowed(pair);
            };
            let read = percent_decode_str(name).decode_utf8_lossy();
            if !value.is_empty() && is_secret(&read) {
                learn(value, secrets);
                return Cow::Owned(format!("{name}={MASK}"));
            }
            // JSON in a field, as some senders of forms have it.
            let inner = form_urlencoded::parse(pair.as_bytes()).next();
            match inner {
                Some((_, inner)) if inner.trim_start().starts_with(['{', '[']) => {
                    let masked = quoted(&inner);
                    match masked == inner {
                        true => Cow::Borrowed(pair),
                        false => {
                            let value: String =
                                form_urlencoded::byte_serialize(masked.as_bytes()).collect();
                            Cow::Owned(format!("{name}={value}"))
                        }
                    }
                }
                _ => Cow::Borrowed(pair),
            }
        })
        .collect::<Vec<_>>()
        .join("&")
}

/// Where a quote with no more than `depth` backslashes before it stands, from `from` on.
fn quote(bytes: &[u8], from: usize, depth: usize) -> Option<usize> {
    let mut slashes = 0;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'\\' => slashes += 1,
            b'"' => {
                let closes = match depth {
                    0 => slashes % 2 == 0,
                    _ => slashes <= depth,
                };
                if closes {
                    return Some(at);
                }
                slashes = 0;
            }
            _ => slashes = 0,
        }
    }
    None
}

fn blanks(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// `"name": value`, at any depth of escaping.
fn quoted(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut done, mut at) = (0, 0);
    while let Some(colon) = text[at..].find(':').map(|found| at + found) {
        at = colon + 1;
        let Some((depth, name)) = name_before(text, colon) else {
            continue;
        };
        if !name::in_body(name) {
            continue;
        }
        let begin = blanks(bytes, colon + 1);
        let end = value_end(bytes, begin, depth);
        if end > begin && begin >= done {
            out.push_str(&text[done..begin]);
            let quote = format!("{}\"", "\\".repeat(depth));
            out.push_str(&format!("{quote}{MASK}{quote}"));
            (done, at) = (end, end);
        }
    }
    out.push_str(&text[done..]);
    out
}

/// The quoted name that ends before a colon, and how many backslashes its quotes have.
fn name_before(text: &str, colon: usize) -> Option<(usize, &str)> {
    let bytes = text.as_bytes();
    let mut end = colon;
    while end > 0 && bytes[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    if end == 0 || bytes[end - 1] != b'"' {
        return None;
    }
    end -= 1;
    let depth = bytes[..end]
        .iter()
        .rev()
        .take_while(|b| **b == b'\\')
        .count();
    let stop = end - depth;
    let from = stop.saturating_sub(NAME_MAX);
    let begin = from + bytes[from..stop].iter().rposition(|byte| *byte == b'"')? + 1;
    Some((depth, text.get(begin..stop)?))
}

/// Where a value ends; the end of the text when it does not.
fn value_end(bytes: &[u8], begin: usize, depth: usize) -> usize {
    let slashes = bytes[begin.min(bytes.len())..]
        .iter()
        .take_while(|byte| **byte == b'\\')
        .count();
    match bytes.get(begin + slashes) {
        None => begin,
        Some(b'"') => {
            quote(bytes, begin + slashes + 1, slashes.max(depth)).map_or(bytes.len(), |end| end + 1)
        }
        Some(b'{' | b'[') if slashes == 0 => nested_end(bytes, begin, depth),
        // A number, `true` or `null`; `null` says nothing.
        Some(_) if bytes[begin..].starts_with(b"null") => begin,
        Some(_) => bytes[begin..]
            .iter()
            .position(|byte| b",}]\r\n\\ ".contains(byte))
            .map_or(bytes.len(), |length| begin + length),
    }
}

/// Where an object or a list ends.
fn nested_end(bytes: &[u8], begin: usize, depth: usize) -> usize {
    let (mut at, mut level) = (begin, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => level += 1,
            b'}' | b']' => {
                level -= 1;
                if level == 0 {
                    return at + 1;
                }
            }
            b'"' => match quote(bytes, at + 1, depth) {
                Some(end) => at = end,
                None => return bytes.len(),
            },
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// `name=value`, `<name>value<`, and outside of JSON `name: value`.
pub(super) fn assigned(text: &str, colons: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut done, mut at) = (0, 0);
    while at < bytes.len() {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let begin = at;
        while bytes.get(at).copied().is_some_and(is_word) {
            at += 1;
        }
        let Some(next) = bytes.get(at).copied() else {
            break;
        };
        // Parts of a multipart body: name="token", two line breaks, the value.
        let is_part = next == b'"' && text[..begin].ends_with("name=\"");
        let separates = match next {
            b'=' | b'>' => true,
            b':' => colons,
            b'"' | b'\'' => is_part,
            _ => false,
        };
        if !separates || at - begin > NAME_MAX || !name::in_body(&text[begin..at]) {
            continue;
        }
        let mut from = at + 1;
        let ends: &[u8] = match next {
            b'>' => b"<",
            b':' => b"\r\n<\"",
            b'"' => b"\r\n",
            _ => b"&\r\n<> \t,;|)\\",
        };
        if is_part || next == b':' {
            from = blanks(bytes, from);
        }
        // A quoted value ends with its quote.
        let quote = bytes
            .get(from)
            .copied()
            .filter(|b| next == b'=' && b"'\"".contains(b));
        let (from, end) = match quote {
            Some(quote) => {
                let end = bytes[from + 1..].iter().position(|byte| *byte == quote);
                (
                    from + 1,
                    end.map_or(bytes.len(), |length| from + 1 + length),
                )
            }
            None => {
                let is_end = |byte: &u8| ends.contains(byte) || (next == b'=' && *byte == b'"');
                let end = bytes[from..].iter().position(is_end);
                (from, end.map_or(bytes.len(), |length| from + length))
            }
        };
        if end > from && !text[from..end].starts_with(MASK) {
            out.push_str(&text[done..from]);
            out.push_str(MASK);
            done = end;
        }
        at = end.max(at + 1);
    }
    out.push_str(&text[done..]);
    out
}

/// What is a secret by its own shape: `Bearer …` and the password of an address.
pub(super) fn mask_values(text: &str) -> String {
    let mut text = Cow::Borrowed(text);
    for word in ["Bearer ", "Basic ", "GenieKey ", "bearer ", "basic "] {
        if text.contains(word) {
            text = Cow::Owned(after_word(&text, word));
        }
    }
    match text.contains("://") {
        true => passwords(&text),
        false => text.into_owned(),
    }
}

fn after_word(text: &str, word: &str) -> String {
    let mut pieces = text.split(word);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let length = piece
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(byte))
            .count();
        out.push_str(word);
        // Shorter ones are words of a sentence.
        if length >= 8
            && piece[..length]
                .bytes()
                .any(|byte| !byte.is_ascii_lowercase())
        {
            out.push_str(MASK);
            out.push_str(&piece[length..]);
        } else {
            out.push_str(piece);
        }
    }
    out
}

fn passwords(text: &str) -> String {
    let mut pieces = text.split("://");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str("://");
        let end = piece
            .find(|c: char| c.is_whitespace() || "/\"'<>?#\\".contains(c))
            .unwrap_or(piece.len());
        match piece[..end].rfind('@') {
            Some(at) if at > 0 => {
                out.push_str(MASK);
                out.push_str(&piece[at..]);
            }
            _ => out.push_str(piece),
        }
    }
    out
}
