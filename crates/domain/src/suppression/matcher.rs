//! Matchers as Alertmanager writes them: `alertname=~"Disk.*"`, `env!="prod"`.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::Fields;
use crate::words;

/// Longest name and value of a matcher, in bytes.
pub const NAME_MAX: usize = 256;
pub const VALUE_MAX: usize = 1_024;
/// Most matchers of one rule.
pub const MATCHERS_MAX: usize = 20;
/// Most memory that one compiled pattern takes, in bytes. The engine never backtracks, so its time
/// is bounded by the length of what it looks at.
const PATTERN_SIZE: usize = 256 * 1024;

words! {
    /// How a matcher compares.
    MatchOp {
        Equal = "=",
        NotEqual = "!=",
        /// The whole value matches the pattern.
        Pattern = "=~",
        NotPattern = "!~",
    }
}

/// A condition on one field. A missing field counts as empty.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Matcher {
    name: String,
    op: MatchOp,
    value: String,
    /// Of the patterns.
    pattern: Option<Arc<Regex>>,
}

/// A matcher as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    op: MatchOp,
    value: String,
}

impl TryFrom<Written> for Matcher {
    type Error = MatcherError;
    fn try_from(written: Written) -> Result<Matcher, MatcherError> {
        Matcher::new(written.name, written.op, written.value)
    }
}

impl From<Matcher> for Written {
    fn from(matcher: Matcher) -> Written {
        Written {
            name: matcher.name,
            op: matcher.op,
            value: matcher.value,
        }
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Matcher) -> bool {
        (&self.name, self.op, &self.value) == (&other.name, other.op, &other.value)
    }
}

impl Eq for Matcher {}

/// Why a matcher cannot be used; a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    #[error("a matcher is a name, one of = != =~ !~, and a value, such as alertname=\"DiskFull\"")]
    Form,
    #[error("a matcher's name has 1 to {NAME_MAX} characters and its value at most {VALUE_MAX}")]
    Length,
    #[error("the pattern {0} cannot be understood, or is too large")]
    Pattern(String),
}

impl Matcher {
    /// # Errors
    /// [`MatcherError`].
    pub fn new(
        name: impl Into<String>,
        op: MatchOp,
        value: impl Into<String>,
    ) -> Result<Matcher, MatcherError> {
        let (name, value) = (name.into(), value.into());
        if name.is_empty() || name.len() > NAME_MAX || value.len() > VALUE_MAX {
            return Err(MatcherError::Length);
        }
        // PostgreSQL's text cannot hold NUL.
        if name.contains('\0') || value.contains('\0') {
            return Err(MatcherError::Form);
        }
        let pattern = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Pattern | MatchOp::NotPattern => {
                // By itself first, so that no bracket of it closes ours.
                let refused = |_| MatcherError::Pattern(value.clone());
                build(&value).map_err(refused)?;
                let whole = format!("^(?:{value})$");
                Some(Arc::new(build(&whole).map_err(refused)?))
            }
        };
        Ok(Matcher {
            name,
            op,
            value,
            pattern,
        })
    }

    /// Reads `name=value`, `name!="value"`, `name=~"pattern"`, `name!~pattern`.
    ///
    /// # Errors
    /// [`MatcherError`].
    pub fn parse(text: &str) -> Result<Matcher, MatcherError> {
        let text = text.trim();
        let at = text.find(['=', '!']).ok_or(MatcherError::Form)?;
        let (name, rest) = text.split_at(at);
        let (op, value) = [
            MatchOp::Pattern,
            MatchOp::NotPattern,
            MatchOp::NotEqual,
            MatchOp::Equal,
        ]
        .into_iter()
        .find_map(|op| Some((op, rest.strip_prefix(op.as_str())?)))
        .ok_or(MatcherError::Form)?;
        let value = unquoted(value.trim()).ok_or(MatcherError::Form)?;
        Matcher::new(name.trim(), op, value)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn op(&self) -> MatchOp {
        self.op
    }

    pub fn value(&self) -> &str {
        &self.value
    }

    pub fn matches(&self, fields: &Fields<'_>) -> bool {
        let found = fields.get(&self.name).unwrap_or_default();
        self.holds_for(&found)
    }

    /// Whether it would also match an alert without the field: alone it would match nearly
    /// everything.
    pub fn matches_nothing_said(&self) -> bool {
        self.holds_for("")
    }

    fn holds_for(&self, found: &str) -> bool {
        let by_pattern = || {
            self.pattern
                .as_ref()
                .is_some_and(|pattern| pattern.is_match(found))
        };
        match self.op {
            MatchOp::Equal => found == self.value,
            MatchOp::NotEqual => found != self.value,
            MatchOp::Pattern => by_pattern(),
            MatchOp::NotPattern => !by_pattern(),
        }
    }
}

impl std::fmt::Display for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = self.value.replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "{}{}\"{value}\"", self.name, self.op)
    }
}

fn build(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .size_limit(PATTERN_SIZE)
        .dfa_size_limit(PATTERN_SIZE)
        .nest_limit(50)
        .dot_matches_new_line(true)
        .build()
}

/// The value without its quotes; `None` when they do not fit together.
fn unquoted(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else {
        return (!text.contains('"')).then(|| text.to_owned());
    };
    let mut value = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    loop {
        match rest.next()? {
            '"' => return rest.next().is_none().then_some(value),
            '\\' => match rest.next()? {
                'n' => value.push('\n'),
                plain @ ('"' | '\\') => value.push(plain),
                other => value.extend(['\\', other]),
            },
            plain => value.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::signal::Signal;
    use crate::word::Action;

    fn said(text: &str, value: &str) -> bool {
        let mut signal = Signal::new(Action::Trigger, "k", "x");
        signal.details = json!({"labels": {"env": value}});
        Matcher::parse(text)
            .unwrap()
            .matches(&Fields::of_signal(&signal))
    }

    #[test]
    fn the_four_ways_to_compare() {
        assert!(said("env=prod", "prod") && !said("env=\"prod\"", "prod2"));
        assert!(said("env != prod", "test") && !said("env!=prod", "prod"));
        assert!(
            said("env=~\"pro.*\"", "prod") && !said("env=~pro", "prod"),
            "anchored"
        );
        assert!(said("env!~\"a|b\"", "ab") && !said("env!~\"a|b\"", "b"));
        assert!(
            said("other=\"\"", "x") && said("other!=y", "x"),
            "missing is empty"
        );
    }

    #[test]
    fn what_is_odd_is_refused() {
        for odd in [
            "",
            "env",
            "=x",
            "env=\"a",
            "env=a\"b",
            "env~x",
            "env=\"a\"b",
        ] {
            assert!(Matcher::parse(odd).is_err(), "{odd}");
        }
        for odd in ["(", "a)(b", "(?:a{1000}){1000}", "a{4294967296}"] {
            let refused = Matcher::new("env", MatchOp::Pattern, odd);
            assert!(matches!(refused, Err(MatcherError::Pattern(_))), "{odd}");
        }
    }

    #[test]
    fn it_is_stored_as_it_is_written() {
        let matcher = Matcher::parse("env=~\"a|b\"").unwrap();
        let text = serde_json::to_string(&matcher).unwrap();
        assert_eq!(text, r#"{"name":"env","op":"=~","value":"a|b"}"#);
        let read: Matcher = serde_json::from_str(&text).unwrap();
        assert_eq!(read, matcher);
        assert!(read.matches_nothing_said() == matcher.matches_nothing_said());
        let broken = r#"{"name":"env","op":"=~","value":"("}"#;
        assert!(serde_json::from_str::<Matcher>(broken).is_err());
    }

    proptest! {
        /// What is shown can be read again.
        #[test]
        fn shown_and_read_again(name in "[a-z_.]{1,9}", op in prop::sample::select(&[MatchOp::Equal, MatchOp::NotEqual]), value in ".{0,20}") {
            let matcher = Matcher::new(name, op, value.replace('\0', "")).unwrap();
            prop_assert_eq!(Matcher::parse(&matcher.to_string()).unwrap(), matcher);
        }

        /// Whatever is typed, nothing panics.
        #[test]
        fn anything_may_be_typed(text in ".{0,60}") {
            if let Ok(matcher) = Matcher::parse(&text) {
                matcher.matches_nothing_said();
            }
        }
    }
}
