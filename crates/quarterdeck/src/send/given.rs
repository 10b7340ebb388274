//! What people, shells and monitors give: texts that need not be UTF-8, and variables that may be
//! empty.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use clap::builder::{OsStringValueParser, TypedValueParser};

/// Reads an argument of any bytes.
pub fn text_parser() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().map(|given: OsString| readable(given.as_bytes()))
}

/// A variable; an empty one counts as absent.
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Texts of other charsets are almost always Latin-1; where there is UTF-8 beside it, what is not
/// was damaged on its way.
pub fn readable(bytes: &[u8]) -> String {
    let chunks = || bytes.utf8_chunks();
    let utf8 = chunks().all(|chunk| chunk.invalid().is_empty())
        || chunks().any(|chunk| !chunk.valid().is_ascii());
    if utf8 {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let of = |byte: &u8| match byte {
        0x80..=0x9f => char::REPLACEMENT_CHARACTER,
        other => char::from(*other),
    };
    bytes.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_are_a_text() {
        for (bytes, text) in [
            (&b"plain"[..], "plain"),
            (
                "Zeit\u{fc}berschreitung".as_bytes(),
                "Zeit\u{fc}berschreitung",
            ),
            (b"Zeit\xfcberschreitung", "Zeit\u{fc}berschreitung"),
            (b"\xc4\xd6\xdc", "\u{c4}\u{d6}\u{dc}"),
            (b"5 \x80", "5 \u{fffd}"),
            // Cut in the middle of a character.
            (b"\xc3\xbcber \xc3", "\u{fc}ber \u{fffd}"),
            (b"", ""),
        ] {
            assert_eq!(readable(bytes), text, "{bytes:?}");
        }
    }
}
