//! Label matchers as Alertmanager writes them: `alertname="Down"`, `job=~"api|web"`.

use std::collections::BTreeMap;

use regex_lite::Regex;

/// Longest pattern, in bytes: a pattern's cost grows with its length.
const PATTERN_MAX: usize = 1_000;

/// One condition on one label.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: String,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Equal(String),
    NotEqual(String),
    Like(Regex),
    NotLike(Regex),
}

impl Matcher {
    /// Reads `name="value"`, with `=`, `!=`, `=~` or `!~`; quotes may be left out.
    ///
    /// # Errors
    /// What is wrong, in a sentence.
    pub fn parse(text: &str) -> Result<Matcher, String> {
        let bad = || format!("bad matcher format: {text}");
        let at = text.find(['=', '!']).ok_or_else(bad)?;
        let name = text[..at].trim().trim_matches('"');
        let rest = &text[at..];
        let operator = ["=~", "!~", "!=", "="]
            .into_iter()
            .find(|operator| rest.starts_with(operator))
            .ok_or_else(bad)?;
        if name.is_empty() {
            return Err(bad());
        }
        let value = unquoted(rest[operator.len()..].trim()).ok_or_else(bad)?;
        let test = match operator {
            "=" => Test::Equal(value),
            "!=" => Test::NotEqual(value),
            "=~" => Test::Like(pattern(&value)?),
            _ => Test::NotLike(pattern(&value)?),
        };
        Ok(Matcher {
            name: name.to_owned(),
            test,
        })
    }

    /// Whether labels fulfil it; a label that is not there counts as empty.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.name).map_or("", String::as_str);
        match &self.test {
            Test::Equal(wanted) => value == wanted,
            Test::NotEqual(other) => value != other,
            Test::Like(pattern) => pattern.is_match(value),
            Test::NotLike(pattern) => !pattern.is_match(value),
        }
    }
}

/// A pattern that must fit the whole value.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn pattern(text: &str) -> Result<Regex, String> {
    if text.len() > PATTERN_MAX {
        return Err(format!("the pattern is longer than {PATTERN_MAX} bytes"));
    }
    Regex::new(&format!("^(?:{text})$")).map_err(|error| format!("bad pattern {text}: {error}"))
}

/// The text between double quotes with its escapes resolved, or the bare text.
fn unquoted(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else {
        return (!text.contains('"')).then(|| text.to_owned());
    };
    let inner = inner.strip_suffix('"')?;
    let mut value = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(c) = letters.next() {
        match c {
            '"' => return None,
            '\\' => match letters.next()? {
                'n' => value.push('\n'),
                escaped @ ('"' | '\\') => value.push(escaped),
                other => {
                    value.push('\\');
                    value.push(other);
                }
            },
            other => value.push(other),
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(matcher: &str) -> bool {
        let labels = [("alertname", "Down"), ("job", "api \"x\"")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        Matcher::parse(matcher).unwrap().matches(&labels)
    }

    #[test]
    fn all_four_operators() {
        for matcher in [
            "alertname=\"Down\"",
            "alertname=Down",
            "alertname = \"Down\"",
            "alertname!=\"Up\"",
            "alertname=~\"Do.*|Up\"",
            "alertname!~\"D\"",
            "job=\"api \\\"x\\\"\"",
            "absent=\"\"",
            "absent!=\"x\"",
        ] {
            assert!(holds(matcher), "{matcher}");
        }
        for matcher in ["alertname=\"Do\"", "alertname=~\"Do\"", "alertname!=Down"] {
            assert!(!holds(matcher), "{matcher}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let long = format!("a=~\"{}\"", "x".repeat(2_000));
        for bad in ["", "a", "=x", "a=\"", "a=\"b\"c\"", "a=~\"(\"", "a!", &long] {
            assert!(Matcher::parse(bad).is_err(), "{bad}");
        }
    }
}
