//! Texts of fixed length, cut between characters and never inside one.

use std::borrow::Cow;

use serde_json::Value;

use crate::warning::{Warnings, quoted};

/// Longest source, component, group and class, in characters.
pub(crate) const FIELD_MAX: usize = 255;

/// The first `max` characters; the last of them is `…` when something was left out.
pub(crate) fn cut(text: &str, max: usize) -> String {
    // No character is shorter than a byte.
    if text.len() <= max || text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(max.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

/// Line breaks and other control characters become single spaces: titles and names are one line.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if !trimmed.contains(char::is_control) {
        return Cow::Borrowed(trimmed);
    }
    let mut line = String::with_capacity(text.len());
    for part in text
        .split(char::is_control)
        .filter(|part| !part.trim().is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(part.trim());
    }
    Cow::Owned(line)
}

/// A value as text: blank and null are absent, everything else that is not a text is written as
/// JSON, so that a monitor with a wrong type still pages.
pub(crate) fn lenient(
    value: Option<&Value>,
    name: &str,
    warnings: &mut Warnings,
) -> Option<String> {
    read(value, name, warnings).map(Cow::into_owned)
}

fn read<'v>(value: Option<&'v Value>, name: &str, warnings: &mut Warnings) -> Option<Cow<'v, str>> {
    match value? {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(Cow::Borrowed(text)),
        other => {
            let text = other.to_string();
            warnings.note(format!("{name} was not a text: used {}", quoted(&text)));
            Some(Cow::Owned(text))
        }
    }
}

/// As [`lenient`], on one line and at most `max` characters long.
pub(crate) fn line(
    value: Option<&Value>,
    name: &str,
    max: usize,
    warnings: &mut Warnings,
) -> Option<String> {
    let text = read(value, name, warnings)?;
    shortened_line(&text, name, max, warnings)
}

/// One line of at most `max` characters, telling when it was cut. `None` when nothing visible is left.
pub(crate) fn shortened_line(
    text: &str,
    name: &str,
    max: usize,
    warnings: &mut Warnings,
) -> Option<String> {
    let text = one_line(text);
    let short = cut(&text, max);
    if short.len() != text.len() {
        warnings.note(format!("{name} was longer than {max} characters: cut"));
    }
    (!short.is_empty()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
        assert_eq!(cut("", 0), "");
    }

    #[test]
    fn titles_are_one_line() {
        assert_eq!(one_line(" Disk full\r\n\tdb-1 \n"), "Disk full db-1");
        assert_eq!(one_line("\n\n"), "");
    }
}
