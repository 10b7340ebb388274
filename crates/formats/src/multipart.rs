//! `multipart/form-data`, as bytes: fields may be in any charset, or hold files.

/// Most parts that are read.
const PARTS_MAX: usize = 1_000;
/// Longest first line that can be a boundary, in bytes (RFC 2046 allows 70 and the two dashes).
const BOUNDARY_MAX: usize = 80;

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) name: &'a str,
    pub(crate) content: &'a [u8],
}

/// The fields in their order; `None` when the body is nothing of the kind. The boundary stands in a
/// header and in the first line alike; the line is always there.
pub(crate) fn parts(body: &[u8]) -> Option<Vec<Part<'_>>> {
    let body = body.trim_ascii_start();
    if !body.starts_with(b"--") {
        return None;
    }
    let line = body.split(|byte| *byte == b'\n').next()?;
    let boundary = line.trim_ascii_end();
    if boundary.len() < 3 || boundary.len() > BOUNDARY_MAX {
        return None;
    }
    let mut parts = Vec::new();
    let mut from = boundary.len();
    while parts.len() < PARTS_MAX && !body[from..].starts_with(b"--") {
        let to = next(body, from, boundary);
        if let Some(part) = part(&body[from..to.unwrap_or(body.len())]) {
            parts.push(part);
        }
        match to {
            Some(at) => from = at + boundary.len(),
            None => break,
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// Where the boundary stands next at the beginning of a line.
fn next(body: &[u8], from: usize, boundary: &[u8]) -> Option<usize> {
    let mut at = from;
    loop {
        at += body.get(at..)?.iter().position(|byte| *byte == b'\n')? + 1;
        if body[at..].starts_with(boundary) {
            return Some(at);
        }
    }
}

fn part(text: &[u8]) -> Option<Part<'_>> {
    let text = strip_break(text);
    let (head, content) = split_head(text);
    let head = std::str::from_utf8(head).ok()?;
    let line = head
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("content-disposition"))?;
    let name = line
        .split(';')
        .map(str::trim)
        .find_map(|piece| piece.strip_prefix("name="))?
        .trim_matches('"');
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    (!name.is_empty()).then_some(Part {
        name,
        content: content.strip_suffix(b"\r").unwrap_or(content),
    })
}

fn strip_break(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_start();
    text.strip_prefix(b"\r\n")
        .or_else(|| text.strip_prefix(b"\n"))
        .unwrap_or(text)
}

/// The headers of a part and what stands behind the empty line.
fn split_head(text: &[u8]) -> (&[u8], &[u8]) {
    let mut from = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            return (&text[..from], &text[from + line.len()..]);
        }
        from += line.len();
    }
    (text, &[])
}
