//! Texts with holes: `{labels.cluster}/{labels.alertname}`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::expression::{Budget, EvaluationError, Expression, ExpressionError, SIGNAL_NAMES};

/// Longest template, and longest text that one makes, in characters.
pub const TEMPLATE_MAX: usize = 2_000;

/// A text in which `{…}` stands for the value of an expression over the signal. `{{` and `}}` are
/// plain braces. A value that is null leaves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(Expression),
}

/// Why a template cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}, at character {position}")]
pub struct TemplateError {
    /// Counted from 1.
    pub position: usize,
    pub message: String,
}

fn wrong(at: usize, message: impl Into<String>) -> TemplateError {
    TemplateError {
        position: at + 1,
        message: message.into(),
    }
}

impl Template {
    /// Reads a template; its expressions may use the names of a signal.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn compile(source: &str) -> Result<Template, TemplateError> {
        let all: Vec<char> = source.chars().collect();
        if all.len() > TEMPLATE_MAX {
            return Err(wrong(
                TEMPLATE_MAX,
                format!("a template has at most {TEMPLATE_MAX} characters"),
            ));
        }
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut at = 0;
        while let Some(&one) = all.get(at) {
            let twice = all.get(at + 1) == Some(&one);
            match one {
                '{' | '}' if twice => {
                    text.push(one);
                    at += 2;
                }
                '{' => {
                    let end = end_of_hole(&all, at + 1).ok_or_else(|| {
                        wrong(at, "this brace is never closed; {{ is a plain one")
                    })?;
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    let inner: String = all[at + 1..end].iter().collect();
                    let expression = Expression::compile_for(&inner, &SIGNAL_NAMES).map_err(
                        |ExpressionError { position, message }| wrong(at + position, message),
                    )?;
                    parts.push(Part::Hole(expression));
                    at = end + 1;
                }
                '}' => return Err(wrong(at, "this brace closes nothing; }} is a plain one")),
                plain => {
                    text.push(plain);
                    at += 1;
                }
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Template {
            source: source.to_owned(),
            parts,
        })
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text for a signal as [`crate::expression::signal_scope`] gives it.
    ///
    /// # Errors
    /// When an expression has no value, or the text gets too long.
    pub fn compose(&self, scope: &Value, budget: &mut Budget) -> Result<String, EvaluationError> {
        let mut made = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => made.push_str(text),
                Part::Hole(expression) => {
                    made.extend(expression.text(scope, budget)?);
                }
            }
            // Four bytes a character at most.
            if made.len() > TEMPLATE_MAX * 4 {
                return Err(EvaluationError::Exhausted);
            }
        }
        Ok(made)
    }
}

/// Where the brace is that closes a hole; those in texts and in maps do not.
fn end_of_hole(all: &[char], from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    let mut at = from;
    while let Some(&one) = all.get(at) {
        match (quote, one) {
            (Some(_), '\\') => at += 1,
            (Some(open), one) if open == one => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(one),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
        at += 1;
    }
    None
}

impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Template::compile(&source).map_err(serde::de::Error::custom)
    }
}
