//! Content lines: folding, parameters, escaping (RFC 5545 §3.1, §3.3.11).

/// Longest physical line, without its line break.
const OCTETS: usize = 75;

/// One property: `NAME;PARAM=value:value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// In upper case.
    pub name: String,
    /// Names in upper case.
    pub params: Vec<(String, String)>,
    pub value: &'a str,
}

impl Line<'_> {
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(known, _)| known == name)?;
        Some(&found.1)
    }
}

/// Joins folded lines. Folding counts octets, so that a letter may be split: bytes are joined
/// before they are read as UTF-8. What is no UTF-8 is replaced.
pub(super) fn unfold(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for physical in bytes.split(|byte| *byte == b'\n') {
        let physical = physical.strip_suffix(b"\r").unwrap_or(physical);
        match (physical.first(), lines.last_mut()) {
            (Some(b' ' | b'\t'), Some(last)) => last.extend_from_slice(&physical[1..]),
            (Some(_), _) => lines.push(physical.to_vec()),
            (None, _) => {}
        }
    }
    let text = |line: Vec<u8>| String::from_utf8_lossy(&line).into_owned();
    lines.into_iter().map(text).collect()
}

/// Takes a line apart; `None` when it is none.
pub(super) fn parse(line: &str) -> Option<Line<'_>> {
    let name_end = line.find([';', ':'])?;
    let name = line[..name_end].trim().to_ascii_uppercase();
    // `group.NAME`, as some exporters write.
    let name = name.rsplit('.').next().unwrap_or_default().to_owned();
    if name.is_empty() {
        return None;
    }
    let mut params = Vec::new();
    let mut rest = &line[name_end..];
    while let Some(after) = rest.strip_prefix(';') {
        let equals = after.find(['=', ':', ';'])?;
        let key = after[..equals].trim().to_ascii_uppercase();
        let Some(mut value_rest) = after[equals..].strip_prefix('=') else {
            // A parameter without a value.
            rest = &after[equals..];
            continue;
        };
        let mut value = String::new();
        loop {
            if let Some(quoted) = value_rest.strip_prefix('"') {
                let end = quoted.find('"')?;
                value.push_str(&quoted[..end]);
                value_rest = &quoted[end + 1..];
            }
            let end = value_rest.find([',', ';', ':'])?;
            value.push_str(&value_rest[..end]);
            value_rest = &value_rest[end..];
            match value_rest.strip_prefix(',') {
                Some(more) => {
                    value.push(',');
                    value_rest = more;
                }
                None => break,
            }
        }
        params.push((key, value));
        rest = value_rest;
    }
    let value = rest.strip_prefix(':')?;
    Some(Line {
        name,
        params,
        value,
    })
}

/// TEXT as it was before it was escaped.
pub(super) fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('n' | 'N') => text.push('\n'),
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

/// TEXT as it stands in a file; control characters are left out.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.replace("\r\n", "\n").chars() {
        match letter {
            '\n' | '\r' => escaped.push_str("\\n"),
            '\\' | ';' | ',' => escaped.extend(['\\', letter]),
            _ if letter.is_control() => {}
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// Adds a line, folded between letters.
pub(super) fn push(out: &mut String, line: &str) {
    let mut room = OCTETS;
    for letter in line.chars() {
        if letter.len_utf8() > room {
            out.push_str("\r\n ");
            room = OCTETS - 1;
        }
        room -= letter.len_utf8();
        out.push(letter);
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_apart() {
        let line = parse("ATTENDEE;CN=\"Weber; Ana\";PARTSTAT=ACCEPTED:mailto:ana@x.org").unwrap();
        assert_eq!(line.name, "ATTENDEE");
        assert_eq!(line.param("CN"), Some("Weber; Ana"));
        assert_eq!(line.param("PARTSTAT"), Some("ACCEPTED"));
        assert_eq!(line.value, "mailto:ana@x.org");
        assert_eq!(
            parse("a.dtstart;TZID=\"A\",B:1").unwrap().param("TZID"),
            Some("A,B")
        );
        for broken in ["", "no value", ";X=1:2", "A;B=\"x:1", "A;B"] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn folding_splits_no_letter_and_comes_back() {
        let text = "SUMMARY:".to_owned() + &"Bereitschaft für Müller 🚨 ".repeat(12);
        let mut out = String::new();
        push(&mut out, &text);
        for physical in out.split("\r\n") {
            assert!(physical.len() <= OCTETS);
        }
        assert_eq!(unfold(out.as_bytes()), [text]);
        // Others fold in the middle of a letter.
        assert_eq!(unfold(b"\xEF\xBB\xBFX:\xC3\n \xBCber\r\n\r\n"), ["X:über"]);
    }

    #[test]
    fn escaping_comes_back() {
        let text = "a, b; c\\d\ne";
        assert_eq!(escape(text), "a\\, b\\; c\\\\d\\ne");
        assert_eq!(unescape(&escape(text)), text);
        assert_eq!(escape("a\r\nb\u{7}"), "a\\nb");
        assert_eq!(unescape("end\\"), "end");
    }
}
