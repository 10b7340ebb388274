//! JSON that is nearly JSON, written the way JSON wants it. Shells, templates and programs that cut
//! texts write it, and no alert is lost for one odd character or number.

use serde_json::{Number, Value};

use super::DEPTH_MAX;

/// Writes line breaks and other control characters inside texts as escapes, half of a surrogate
/// pair as U+FFFD, a backslash that escapes nothing as itself, numbers that JSON does not know
/// (`NaN`, `-Infinity`, `1e400`, `007`) as texts, and what is nested deeper than [`DEPTH_MAX`] as
/// one text, unread. The text is walked once, and what comes out is hardly more than twice as long.
/// What is broken in any other way stays so.
pub(super) fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut level = 0_usize;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => text_into(&mut out, rest),
            '{' | '[' if level == DEPTH_MAX => match nested(rest) {
                Some(length) => {
                    out.push_str(&Value::from(&rest[..length]).to_string());
                    length
                }
                // It breaks off, and the whole with it.
                None => {
                    out.push_str(rest);
                    rest.len()
                }
            },
            first if is_bare(first) => bare_into(&mut out, rest),
            other => {
                match other {
                    '{' | '[' => level += 1,
                    '}' | ']' => level = level.saturating_sub(1),
                    _ => {}
                }
                out.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out
}

/// Writes the text that `rest` begins with; its length there.
fn text_into(out: &mut String, rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut done, mut at) = (0, 1);
    while let Some(byte) = bytes.get(at) {
        let (instead, length) = match byte {
            b'"' => {
                out.push_str(&rest[done..=at]);
                return at + 1;
            }
            b'\\' => match escape(&bytes[at..]) {
                Escape::Good(length) => {
                    at += length;
                    continue;
                }
                Escape::HalfPair => ("\\ufffd", 6),
                Escape::None => ("\\\\", 1),
            },
            b'\n' => ("\\n", 1),
            b'\t' => ("\\t", 1),
            0..0x20 => (" ", 1),
            _ => {
                at += 1;
                continue;
            }
        };
        out.push_str(&rest[done..at]);
        out.push_str(instead);
        at += length;
        done = at;
    }
    out.push_str(&rest[done..]);
    rest.len()
}

enum Escape {
    /// As it should be, of this length.
    Good(usize),
    /// `\ud83d` without its other half, or the other half alone: JavaScript makes them when a text
    /// is cut inside an emoji.
    HalfPair,
    /// The backslash means itself, as in `C:\Windows`.
    None,
}

fn escape(bytes: &[u8]) -> Escape {
    let unit = |from: usize| {
        let digits = std::str::from_utf8(bytes.get(from..from + 6)?.strip_prefix(b"\\u")?).ok()?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u16::from_str_radix(digits, 16).ok())?
    };
    match bytes.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Escape::Good(2),
        Some(b'u') => match (unit(0), unit(6)) {
            (None, _) => Escape::None,
            (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => Escape::Good(12),
            (Some(0xD800..0xE000), _) => Escape::HalfPair,
            _ => Escape::Good(6),
        },
        _ => Escape::None,
    }
}

const fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

/// Writes the word or number that `rest` begins with; its length there.
fn bare_into(out: &mut String, rest: &str) -> usize {
    let length = rest.find(|c| !is_bare(c)).unwrap_or(rest.len());
    let word = &rest[..length];
    let is_odd_number =
        word.parse::<f64>().is_ok() && serde_json::from_str::<Number>(word).is_err();
    if is_odd_number {
        out.push('"');
        out.push_str(word);
        out.push('"');
    } else {
        out.push_str(word);
    }
    length
}

/// The length of the object or array that `rest` begins with; none when it does not end.
fn nested(rest: &str) -> Option<usize> {
    let (mut open, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => open += 1,
            b'}' | b']' if !in_text => {
                open -= 1;
                if open == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Option<Value> {
        serde_json::from_str(&mended(text)).ok()
    }

    #[test]
    fn half_a_pair_is_the_sign_for_a_lost_character() {
        for (text, wanted) in [
            (r#"["Disk full \ud83d"]"#, "Disk full \u{fffd}"),
            (r#"["\ud83d\ud83d\ude00"]"#, "\u{fffd}😀"),
            (r#"["\uDE00 a"]"#, "\u{fffd} a"),
            (r#"["\ud83d\u0041"]"#, "\u{fffd}A"),
            (r#"["\ud83d\\ude00"]"#, "\u{fffd}\\ude00"),
            (
                r#"["\ud83dü\ud83d\"\ud83d"]"#,
                "\u{fffd}ü\u{fffd}\"\u{fffd}",
            ),
            (r#"["\\ud83d \ud83d\ude00 \u00e9"]"#, "\\ud83d 😀 é"),
        ] {
            assert_eq!(read(text), Some(json!([wanted])), "{text}");
        }
        assert_eq!(read(r#"{"\udc00": 1}"#), Some(json!({"\u{fffd}": 1})));
    }

    #[test]
    fn a_backslash_that_escapes_nothing_is_itself() {
        for (text, wanted) in [
            (r#"["C:\Windows\new"]"#, "C:\\Windows\new"),
            (r#"["\x41 \u12 \u+123 \ü"]"#, r"\x41 \u12 \u+123 \ü"),
            ("[\"a\\\nb\"]", "a\\\nb"),
        ] {
            assert_eq!(read(text), Some(json!([wanted])), "{text}");
        }
    }

    #[test]
    fn numbers_that_json_does_not_know_are_texts() {
        let long = format!("1{}", "0".repeat(400));
        for number in [
            "NaN",
            "nan",
            "-NaN",
            "Infinity",
            "-Infinity",
            "+Inf",
            "1e400",
            "-1E+400",
            "007",
            ".5",
            "+1",
            "1.7976931348623159e308",
            &long,
        ] {
            let text = format!("{{\"a\":[{number}, 1],\"b\":{number}\n}}");
            let wanted = json!({"a": [number, 1], "b": number});
            assert_eq!(read(&text), Some(wanted), "{number}");
        }
        // What is a number, or a text already, stays.
        let good = r#"[-0.5e-3, 0, 18446744073709551615, 1e-400, true, null, "NaN, 1e400 [{"]"#;
        assert_eq!(mended(good), good);
        for bad in [
            "[undefined]",
            "[NaN NaN]",
            "[1e]",
            "[--1]",
            "[1.2.3]",
            "[None]",
        ] {
            assert_eq!(mended(bad).replace('"', ""), bad);
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_a_text() {
        let deep = |inner: &str, levels: usize| {
            format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels))
        };
        let innermost = |mut value: &Value| {
            let mut levels = 0;
            while let Some(inner) = value.get(0) {
                value = inner;
                levels += 1;
            }
            (levels, value.clone())
        };
        let at_most = read(&deep("7", DEPTH_MAX)).unwrap();
        assert_eq!(innermost(&at_most), (DEPTH_MAX, json!(7)));
        let inner = r#"{"a": ["]\"", NaN, {}]}"#;
        let beyond = read(&deep(inner, DEPTH_MAX)).unwrap();
        assert_eq!(innermost(&beyond), (DEPTH_MAX, json!(inner)));
        let far = read(&deep("\"\n\\ud83d\"", 100_000)).unwrap();
        let (levels, text) = innermost(&far);
        assert_eq!(levels, DEPTH_MAX);
        let wanted = deep("\"\n\\ud83d\"", 100_000 - DEPTH_MAX);
        assert!(text == wanted.as_str());
        // Fields after it are read as ever.
        let text = format!("{{\"a\": {}, \"b\": Infinity}}", deep("", 500));
        assert_eq!(read(&text).unwrap()["b"], "Infinity");
    }

    #[test]
    fn what_breaks_off_stays_broken() {
        for bad in [
            "{\"a\": NaN",
            "{\"a\": \"\\ud83d",
            "{\"a\": NaN} {}",
            "[NaN}",
            "{\"a\": \"b\\\"}",
            &"[".repeat(100_000),
            &"{\"a\":".repeat(100_000),
            &format!("{}{}", "[".repeat(200), "]".repeat(199)),
            &format!("{}{}", "[".repeat(200), "]".repeat(201)),
        ] {
            assert_eq!(read(bad), None);
        }
    }
}
